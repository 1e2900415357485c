"""What papermill puts below a notebook's parameters: read before any of it runs, and refused unless it is declared.

An extension of IPython (`%load_ext wavecast.reporting.guard`), as no cell can be trusted with this: whatever is
assigned to `globals` or `__builtins__` stands before the names that a cell calls. Not here: which values a parameter
may have (``parameters``).
"""

import ast
import contextlib
import gc
import math
import re
from collections.abc import Iterator
from typing import Any

from IPython.core.error import InputRejected

from wavecast.reporting.earlier import take_away
from wavecast.reporting.parameters import refusal, stranger
from waves.showing import SaysItAll

SELDOM = 50_000, 20, 20  # objects more before it is looked for garbage: a tenth of the time that imports take
BEGIN = "from wavecast import begin_report\nbegin_report(globals())"
LINE = re.compile(r"^([^=#\n]+?) = (.*)$", re.MULTILINE)  # as papermill writes each parameter
BELOW = "a cell between the parameters and the report's beginning may only set parameters; put it further down"


def load_ipython_extension(shell: Any) -> None:
    """Watch over a shell until its report has begun.

    Parameters
    ----------
    shell
        IPython's, of which each cell is read before it runs.
    """
    gc.set_threshold(*SELDOM)
    guard = Guard()
    shell.events.register("pre_run_cell", guard.read)
    shell.ast_transformers.append(guard)


class Refused(SaysItAll, InputRejected):
    """That a cell may not run; one line a fault."""


class Guard:
    """Reads cells: the parameters, what is injected below them, the report's beginning; then it is done.

    Attributes
    ----------
    types
        Of the parameters by name, once their cell was read; None before, and after the report has begun.
    values
        The parameters' values, as far as they were read.
    faults
        Why no cell may run; a new run of the parameters' cell clears them.
    begun
        Whether a report has begun in this kernel: papermill begins one, and who runs cells again is a person.
    """

    def __init__(self) -> None:
        self.types: dict[str, str] | None = None
        self.values: dict[str, Any] = {}
        self.faults: list[str] = []
        self.begun = False

    def read(self, info: Any) -> None:
        """Read a cell before it runs; what is wrong with it is raised in `visit`, as IPython swallows it here."""
        source = str(info.raw_cell)
        tree = _parsed(source)
        if tree is not None and any(isinstance(node, ast.AnnAssign) for node in tree.body):
            self._declared(tree)
        elif self.types is not None and not self.faults:
            if tree is not None and ast.dump(tree) == ast.dump(ast.parse(BEGIN)):
                take_away([self.values.get("out")])
                self.types, self.begun = None, True
            elif self.begun:
                self.types = None
            elif tree is None or tree.body:
                self._injected(source, tree)

    def visit(self, tree: ast.Module) -> ast.Module:
        """Return a cell as it is, or refuse it."""
        if self.faults:
            raise Refused("\n".join(self.faults))
        return tree

    def _declared(self, tree: ast.Module) -> None:
        declared = [each for each in tree.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)]
        self.types = {each.target.id: _kind(each.annotation) for each in declared}  # type: ignore[union-attr]
        self.values, self.faults = {}, []
        for each in declared:
            with contextlib.suppress(ValueError):
                self.values[each.target.id] = _literal(each.value)  # type: ignore[union-attr]

    def _injected(self, source: str, tree: ast.Module | None) -> None:
        """Hold each line against what is declared. A refused run leaves no verdict where it might have left one."""
        assert self.types is not None
        pairs = _by_line(source) if tree is None else _by_statement(tree)
        for name, value in pairs:
            if name not in self.types:
                self.faults.append(stranger(name, self.types) if name else BELOW)
                take_away([value])
            elif isinstance(value, ValueError):
                self.faults.append(f"-p {name}: {value}")
            else:
                self.values[name] = value
                self.faults += refusal(name, value, self.types[name])
        if tree is None and not self.faults:
            self.faults.append(BELOW)
        take_away([self.values.get("out")])


def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _kind(annotation: ast.expr) -> str:
    return str(annotation.value) if isinstance(annotation, ast.Constant) else ast.unparse(annotation)


def _by_statement(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    """Return what is assigned to each name, or a ValueError that says why not; no name where nothing is assigned."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        for target in targets:
            try:
                yield ast.unparse(target), _literal(node.value)  # type: ignore[attr-defined]
            except ValueError as error:
                yield ast.unparse(target), error
        if not targets:
            yield "", None


def _by_line(source: str) -> Iterator[tuple[str, Any]]:
    """Return the same of a cell that is no Python, as where a name is none."""
    for name, text in LINE.findall(source):
        found = _parsed(text)
        node = found.body[0] if found and len(found.body) == 1 else None
        try:
            yield name, _literal(node.value if isinstance(node, ast.Expr) else None)
        except ValueError as error:
            yield name, error


def _literal(node: ast.expr | None) -> Any:
    """Return a plain value; papermill writes what is not finite as `float('nan')`.

    Raises
    ------
    ValueError
        Where it is none.
    """
    match node:
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str(text))], keywords=[]):
            return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}.get(text, text)
        case ast.expr():
            with contextlib.suppress(ValueError, TypeError, MemoryError, RecursionError):
                return ast.literal_eval(node)
    raise ValueError("give a plain value")
