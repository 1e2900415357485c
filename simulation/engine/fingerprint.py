"""Digests of code: of all that decides an answer, and of what the compiled code is made from.

Machines that share work must all have the same edition. What was compiled once is used again only while everything
that it was made from is as it was. Not here: the work (``running``, ``rare_events``), where compiled code is kept
(``cache``).
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]  # of the packages


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
    """Return the files of the kit that a file imports, wherever in it."""
    tree = ast.parse(path.read_bytes())
    return tuple(file for node in ast.walk(tree) for name in _names(node) for file in _files(name))


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


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
