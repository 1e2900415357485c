"""Mutants of a file: copies with one small change each, made by mutmut's operators on libcst's syntax tree.

mutmut itself leaves decorated functions alone, and every function of the kernel is decorated; so only its operators
are used. Here is also what is never changed, as no test could tell. Not here: whether a test can tell (``trial``).
"""

import hashlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation import mutators

# What is left out, with all that stands below it. Triple-quoted strings are left out by mutmut.
NO_CODE = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom)
MESSAGES = (cst.Raise, cst.Assert)  # the words of errors; that there is one is decided elsewhere
CALLS = {
    "len", "isinstance",  # mutmut's own rule: any change is a TypeError
    "njit",  # how to compile, not what
    "tqdm",  # how progress looks
}  # fmt: skip
ALIASES = {"NDArray", "Generator", "tuple"}  # `Words = NDArray[np.uint64]` is for mypy
# Something becomes None or is left out: as good as always an error at the first call. The table says what they make up.
BLUNT = {"assignment", "arg_removal"}


@dataclass(frozen=True)
class Mutant:
    """One change.

    Attributes
    ----------
    file
        Path in the checkout.
    number
        Its place among the file's mutants, from 0.
    function
        The function, with its class, or nothing at the top of the file.
    operator
        What mutmut calls the kind of change.
    line
        Where it is.
    """

    file: str
    number: int
    function: str
    operator: str
    line: int
    old: cst.CSTNode = field(repr=False, compare=False)
    new: cst.CSTNode = field(repr=False, compare=False)

    @property
    def blunt(self) -> bool:
        """Whether something is replaced by None or left out."""
        return self.operator in BLUNT


class Source:
    """A file and its mutants.

    Parameters
    ----------
    root, file
        The checkout and the file's path in it.
    """

    def __init__(self, root: Path, file: str) -> None:
        self.path, self.file = root / file, file
        self.text = self.path.read_text(encoding="utf-8")
        # Another text, and another version of the operators, number their mutants in another way.
        self.digest = hashlib.sha256((self.text + inspect.getsource(mutators)).encode()).hexdigest()[:16]
        tree = MetadataWrapper(cst.parse_module(self.text))
        finder = _Finder(file)
        tree.visit(finder)
        self.tree, self.mutants = tree.module, finder.found

    @property
    def module(self) -> str:
        """The name that the file is imported by."""
        return self.file.removesuffix(".py").replace("/", ".")

    def mutated(self, mutant: Mutant) -> str:
        """Return the file's text with the change."""
        changed = self.tree.deep_replace(mutant.old, mutant.new)
        assert isinstance(changed, cst.Module)
        return changed.code

    def change(self, mutated: str) -> tuple[str, str]:
        """Return the first line that a change alters, before and after it, without indentation."""
        old, new = self.text.splitlines(), mutated.splitlines()
        at = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)) - 1)
        return old[at].strip(), new[at].strip()


class _Finder(cst.CSTVisitor):
    """Applies every operator wherever it applies."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, file: str) -> None:
        super().__init__()
        self.file = file
        self.found: list[Mutant] = []
        self.names: list[str] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if _left_out(node) or (not self.names and _is_alias(node)):
            return False
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self.names.append(node.name.value)
        self.found += self._changes(node)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self.names.pop()

    def _changes(self, node: cst.CSTNode) -> Iterator[Mutant]:
        fitting = [operator for kind, operator in mutators.mutation_operators if isinstance(node, kind)]
        applied = [(operator, new) for operator in fitting for new in operator(node)]
        for number, (operator, new) in enumerate(applied, start=len(self.found)):
            line = self.get_metadata(PositionProvider, node).start.line
            name = operator.__name__.removeprefix("operator_")
            yield Mutant(self.file, number, ".".join(self.names), name, line, node, new)


def _left_out(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.Call):
        return isinstance(node.func, cst.Name) and node.func.value in CALLS
    return isinstance(node, NO_CODE + MESSAGES)


def _is_alias(node: cst.CSTNode) -> bool:
    value = node.value if isinstance(node, cst.Assign) else None
    return isinstance(value, cst.Subscript) and isinstance(value.value, cst.Name) and value.value.value in ALIASES
