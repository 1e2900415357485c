"""What a reader of files reports: a finding, the error that carries findings, and a document with its places.

How YAML is read and written lives in `waves.files.yaml_reader`, how a document becomes a model in
`waves.files.documents`. Everything here is imported from `waves.files.documents`.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from waves.showing import SaysItAll

Severity = Literal["error", "warning"]
Where = tuple[str | int, ...]
Place = tuple[int, int]


@dataclass(frozen=True, order=True)
class Finding:
    """One fault of one file, at one place.

    Attributes
    ----------
    path : str
        The file, as the caller named it.
    line, column : int
        Counted from 1, in characters; 0 where there is no file.
    severity : {"error", "warning"}
        Whether the file can still be used.
    message : str
        Names the thing, its value, its unit and the remedy.
    rule : str
        The rule's id, in kebab-case.
    """

    path: str
    line: int
    column: int
    severity: Severity
    message: str
    rule: str

    def __str__(self) -> str:
        """Return the finding as one line: ``path:line:col: error: message [rule]``."""
        place = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        return one_line(f"{place}: {self.severity}: {self.message} [{self.rule}]")

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as plain values, for JSON."""
        return asdict(self)


class InputError(SaysItAll, ValueError):
    """Input that cannot be used; `str()` gives all findings, one a line, in the order of the file.

    Attributes
    ----------
    findings : tuple of Finding
        Sorted by path, line and column, without repetitions.
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings: tuple[Finding, ...] = tuple(sorted(set(findings)))
        super().__init__(self.findings)

    def __str__(self) -> str:
        """Return all findings, one a line."""
        return "\n".join(str(finding) for finding in self.findings)


@dataclass(frozen=True)
class Document:
    """One YAML document as plain values, with the place of each of them.

    Attributes
    ----------
    path : str
        The file, as the caller named it.
    value : dict, list, str, int, float, bool or None
        The tree. Keys are always strings. Not to be changed: aliases share their values.
    places : dict of tuple to (int, int)
        From a path in the tree, such as ``("waves", 0, "regions")``, to line and column, counted from 1. For
        an entry of a mapping it is the place of the key.
    warnings : tuple of Finding
        What was odd, but could be read.
    plain : dict of tuple to str
        The text of each scalar written without quotes, as it stands in the file.
    """

    path: str
    value: Any
    places: Mapping[Where, Place]
    warnings: tuple[Finding, ...] = ()
    plain: Mapping[Where, str] = field(default_factory=dict)

    @classmethod
    def of_code(cls, name: str, value: Any) -> "Document":
        """Return what code has put together, so that a fault of it names the field and no line."""
        return cls(name, value, dict.fromkeys(_paths(value, ()), (0, 0)))

    def finding(self, where: Where, message: str, rule: str, severity: Severity = "error") -> Finding:
        """Make a finding at the nearest known place to `where`.

        Parts of `where` that the document doesn't have, such as a missing key, are passed over.
        """
        line, column = self.places.get(self.nearest(where), (1, 1))
        return Finding(self.path, line, column, severity, message, rule)

    def nearest(self, where: Where) -> Where:
        """Return the longest path that the document has, made from the parts of `where` in their order."""
        known: Where = ()
        for part in where:
            if (*known, part) in self.places:
                known = (*known, part)
        return known


def _paths(value: Any, here: Where) -> Iterator[Where]:
    yield here
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    for part, below in entries:
        yield from _paths(below, (*here, part))


def one_line(text: str) -> str:
    """Escape what is not printable, so that a text stays one harmless line in a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def shown(value: Any, length: int = 60) -> str:
    """Return a value as a message shows it: as YAML has it, short."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = repr(value) if isinstance(value, (str, int, float)) and _is_short(value) else str(value)[:length]
    return text if len(text) <= length else text[: length - 3] + "..."


def _is_short(value: str | int | float) -> bool:
    # Python refuses to write out integers of more than 4,300 digits.
    return not isinstance(value, int) or value.bit_length() < 1000


def closest(word: str, known: Iterable[str], cutoff: float = 0.7) -> str | None:
    """Find the known word that `word` most likely stands for, whatever the case and the dashes, or None."""
    names = {_folded(name): name for name in sorted(known, reverse=True)}
    matches = difflib.get_close_matches(_folded(word[:200]), names, n=1, cutoff=cutoff)
    return names[matches[0]] if matches else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"``, or nothing where no known word is near."""
    match = closest(word, known)
    return f"; did you mean {match!r}?" if match else ""


def _folded(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")
