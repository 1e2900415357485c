"""What changes when a file changes: the edition that workers must share, and the compiled code that is kept on disk."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

QUANTILE = (
    "import numpy as np\n"
    "from numba import njit\n"
    "from simulation.engine import numbers, worker\n"
    "from simulation.arithmetic import normal_quantile\n"
    "print(njit(lambda u: numbers.normal_quantile(u))(0.3), repr(float(normal_quantile(np.array([0.3]))[0])))\n"
)
COMPILES = "compiling the engine"


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """The code that computes, free to be changed."""
    for package in ("simulation", "waves"):
        shutil.copytree(root / package, tmp_path / "copy" / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "copy"


def ask(copy: Path, code: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=True)


@pytest.fixture
def fingerprint(copy: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """The module, pointed at the copy."""
    from simulation.engine import fingerprint as module

    monkeypatch.setattr(module, "ROOT", copy)
    monkeypatch.setattr(module, "HERE", copy / "simulation" / "engine")
    yield module
    forget(module)


def forget(module: object) -> None:
    for name in ("edition", "stamp", "_imported"):
        getattr(module, name).cache_clear()


def changes(module, path: Path) -> tuple[bool, bool]:
    """Whether a comment at a file's end changes the edition, and the stamp."""
    forget(module)
    before, text = (module.edition(), module.stamp()), path.read_text(encoding="utf-8")
    path.write_text(text + "# another\n", encoding="utf-8")
    forget(module)
    after = (module.edition(), module.stamp())
    path.write_text(text, encoding="utf-8")
    return before[0] != after[0], before[1] != after[1]


def test_any_file_of_the_model_changes_the_edition(fingerprint, copy, tmp_path, monkeypatch):
    """No list is kept by hand: one had lost the files that order events at one instant, and fill in the defaults.

    Each file stands alone at its place, as nothing else has a say in whether it is found.
    """
    files = [path for package in ("waves", "simulation") for path in (copy / package).rglob("*.py")]
    assert len(files) > 50 and changes(fingerprint, files[0])[0]
    monkeypatch.setattr(fingerprint, "ROOT", tmp_path / "alone")
    for path in files:
        place = tmp_path / "alone" / path.relative_to(copy)
        place.parent.mkdir(parents=True, exist_ok=True)
        editions = set()
        for text in ("# one", "# two"):
            place.write_text(text, encoding="utf-8")
            forget(fingerprint)
            editions.add(fingerprint.edition())
        place.unlink()
        forget(fingerprint)
        assert len(editions | {fingerprint.edition()}) == 3, path


def test_a_file_added_renamed_or_moved_changes_the_edition(fingerprint, copy):
    """Names count, too."""
    found = set()
    for name in ("engine/kernel.py", "engine/kernel2.py", "kernel.py"):
        (copy / "simulation" / "engine" / "kernel.py").replace(copy / "simulation" / "engine" / "moving")
        (copy / "simulation" / "engine" / "moving").replace(copy / "simulation" / name)
        forget(fingerprint)
        found.add(fingerprint.edition())
        (copy / "simulation" / name).replace(copy / "simulation" / "engine" / "kernel.py")
    assert len(found) == 3


def test_compiled_code_is_made_from_what_it_imports_and_from_no_more(fingerprint, copy):
    """Editing the scenario or a plot compiles nothing anew; editing a coefficient does."""
    made = {path.relative_to(copy / "simulation").as_posix() for path in fingerprint.compiled_from()}
    assert {"arithmetic.py", "engine/kernel.py", "engine/jit.py"} <= made
    assert not {"scenario.py", "engine/packing.py", "engine/worker.py", "_run.py"} & made
    assert all(changes(fingerprint, copy / "simulation" / name)[1] for name in made)
    assert not changes(fingerprint, copy / "simulation" / "scenario.py")[1]


def test_imports_are_found_by_the_text_as_they_are_by_the_grammar(root):
    """Whatever a file of the kit imports, in parentheses or inside a function, and under whatever name."""
    from simulation.engine import fingerprint

    def by_the_grammar(path: Path) -> Iterator[str]:
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                module = getattr(node, "module", None)
                yield from (f"{module}.{alias.name}" if module else alias.name for alias in node.names)

    files = [path for package in ("waves", "simulation") for path in (root / package).rglob("*.py")]
    for path in files:
        expected = {file for name in by_the_grammar(path) for file in fingerprint._files(name)}
        assert set(fingerprint._imported(path)) == expected, path
    assert len(files) > 50


def test_another_coefficient_and_another_line_that_is_inlined_are_compiled_anew(copy):
    """A coefficient of Python's arithmetic is one of the machine code's: neither is ever left beside the other's.

    Numba looks only at the file that a function stands in, and inlines those of others.
    """
    first, again = (ask(copy, QUANTILE) for _ in range(2))
    assert COMPILES in first.stderr and COMPILES not in again.stderr
    kernel = copy / "simulation" / "engine" / "kernel.py"
    kernel.write_text(kernel.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert COMPILES in ask(copy, QUANTILE).stderr
    path = copy / "simulation" / "arithmetic.py"
    text = path.read_text(encoding="utf-8")
    number = "3.3871328727963666080e0"  # of the middle, the first
    assert number in text
    path.write_text(text.replace(number, "3.4e0"), encoding="utf-8")
    changed = ask(copy, QUANTILE)
    assert COMPILES in changed.stderr
    (before, plain), (after, changed_plain) = (map(float, each.stdout.split()) for each in (first, changed))
    assert before == plain != after == changed_plain
