"""Digests of code: of all that decides an answer, and of what the compiled code is made from.

Machines that share work must all have the same edition. What was compiled once is used again only while everything
that it was made from is as it was. Not here: the work (``running``, ``rare_events``), where compiled code is kept
(``cache``).
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]  # of the packages
IMPORTS = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+)?import\b[ \t]*(\([^)]*\)|.*)", re.MULTILINE)


@cache
def edition() -> str:
    """Return a digest of all code that may decide an answer: every file of `waves` and of `simulation`."""
    return _digest(path for package in ("waves", "simulation") for path in (ROOT / package).rglob("*.py"))


def check_edition(theirs: str) -> None:
    """Refuse work that comes from another edition.

    Raises
    ------
    RuntimeError
        Naming both editions: this machine's answers would not be those of the others.
    """
    ours = edition()
    if theirs != ours:
        raise RuntimeError(
            f"this worker has edition {ours} of the engine, the work comes from edition {theirs}; "
            "install the same version of the kit on all machines"
        )


@cache
def stamp() -> str:
    """Return a digest of all files that compiled code is made from."""
    return _digest(compiled_from())


def compiled_from() -> set[Path]:
    """Return the files of this room that are compiled, and those that they import, and so on."""
    waiting = [path for path in HERE.glob("*.py") if path != Path(__file__) and _compiles(path)]
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported(path)
    return found


def _compiles(path: Path) -> bool:
    return HERE / "jit.py" in _imported(path)


@cache
def _imported(path: Path) -> tuple[Path, ...]:
    """Return the files of the kit that a file imports, wherever in it.

    Found by its text, as every process that imports the engine asks: to parse it all takes ten times as long.
    """
    found = IMPORTS.findall(path.read_text(encoding="utf-8"))
    return tuple(file for module, names in found for name in _names(module, names) for file in _files(name))


def _names(module: str, names: str) -> Iterator[str]:
    """Yield what a statement imports; what it calls that here is no name of a file."""
    for name in re.findall(r"[\w.]+", re.sub(r"#.*|\bas\s+\w+", "", names)):
        yield f"{module}.{name}" if module else name


def _files(name: str) -> Iterator[Path]:
    """Yield the file of a module, or of the one that a name comes from."""
    for dotted in (name, name.rpartition(".")[0]):
        path = ROOT.joinpath(*dotted.split("."))
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                yield file
                return


def _digest(paths: Iterable[Path]) -> str:
    """Return a digest of files' names and contents, in whatever order they come."""
    total = hashlib.sha256()
    for path in sorted(paths):
        content = path.read_bytes()
        total.update(f"{path.relative_to(ROOT).as_posix()} {len(content)}\n".encode() + content)
    return total.hexdigest()[:12]
