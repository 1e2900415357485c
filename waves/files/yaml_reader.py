"""Read YAML with places, safely: nothing here knows what a plan or a workflow is.

Works on parser events, so that no object is ever built from a file's tags and each value keeps its line and
column. Writing is in `waves.files.yaml_writer`.
Everything public is imported from `waves.files.documents`.
"""

import math
import os
import re
import stat
from collections.abc import Iterator
from typing import Any, Literal, NoReturn

import yaml
from yaml import events as yaml_events

from waves.files.findings import Document, Finding, InputError, Place, Severity, Where

Dialect = Literal["ours", "workflow", "github", "template"]

# CloudFormation takes templates of 1 MB, and a pipeline's JSON is never near that; GitHub publishes no size.
MAX_BYTES: dict[str, int] = {
    "ours": 4 * 1024 * 1024,
    "workflow": 256 * 1024,
    "github": 1024 * 1024,
    "template": 1024 * 1024,
}
MAX_DEPTH = 64
MAX_NODES = 200_000
MAX_FAULTS = 20

_WORDS = {"": None, "~": None} | {
    variant: value
    for word, value in (("null", None), ("true", True), ("false", False))
    for variant in (word, word.capitalize(), word.upper())
}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,99})")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_ALIASES = {
    "workflow": "that CodeCatalyst reads anchors and aliases is not documented",
    "template": "CloudFormation reads no anchors and aliases",
}
# CloudFormation user guide, "Intrinsic function reference": the short forms.
_FUNCTIONS = {
    f"!{name}": name if name in ("Ref", "Condition") else f"Fn::{name}"
    for name in [
        "Ref",
        "Condition",
        "Base64",
        "Cidr",
        "FindInMap",
        "GetAtt",
        "GetAZs",
        "If",
        "ImportValue",
        "Join",
        "Select",
        "Split",
        "Sub",
        "Transform",
        "And",
        "Equals",
        "Not",
        "Or",
        "Length",
        "ToJsonString",
    ]
}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_REMEDIES = {
    "could not find expected ':'": "this line is no 'key: value'; write the colon, or quote the text",
    "mapping values are not allowed": "a second ': ' on the line; quote the value, or check the indentation",
    "did not find expected key": "the indentation changed, or a bracket or quote was left open above",
    "did not find expected '-' indicator": "the list's indentation changed, or a '-' is missing",
    "did not find expected ',' or ']'": "close the list with ']'",
    "did not find expected ',' or '}'": "close the mapping with '}'",
    "cannot start any token": "indent with spaces, never tabs; quote text that begins with @, ` or %",
    "found a tab": "indent with spaces, not tabs",
}


def read_yaml(path: str | os.PathLike[str], *, dialect: Dialect = "ours") -> Document:
    """Read one YAML file into plain values with their places.

    Parameters
    ----------
    path : path-like
        A regular file in UTF-8.
    dialect : {"ours", "workflow", "github", "template"}
        For our own files (at most 4 MiB) anchors, aliases and a second document are errors. For CodeCatalyst
        workflows (at most 256 KiB) they are warnings: aliases are expanded, what follows ``---`` is left out.
        GitHub workflows (at most 1 MiB) may have anchors. In CloudFormation templates, which may be JSON (at most
        1 MiB), ``!Ref x`` and its like become ``{"Ref": "x"}``.

    Returns
    -------
    Document
        Scalars without quotes are null, true, false, integers or floats as in YAML 1.2; everything else,
        such as ``no``, ``22:30`` or a number with a leading zero, stays a string. Keys are always strings.

    Raises
    ------
    InputError
        If the file cannot be read, isn't YAML, or holds what is refused: tags, duplicate keys, more than 64
        levels or 200,000 values.
    """
    name = os.fspath(path)
    text = _text(name, MAX_BYTES[dialect])
    return _Reader(name, text, dialect).document()


def parse_yaml(text: str, path: str = "<text>", *, dialect: Dialect = "ours") -> Document:
    """Read a text as `read_yaml` reads a file.

    Parameters
    ----------
    text : str
        The YAML.
    path : str
        What findings call it.
    dialect : {"ours", "workflow", "github", "template"}
        As for `read_yaml`.

    Raises
    ------
    InputError
        As for `read_yaml`.
    """
    return _Reader(path, _decoded(path, text.encode("utf-8", "surrogateescape")), dialect).document()


def _fail(path: str, message: str, rule: str, place: Place = (1, 1)) -> NoReturn:
    raise InputError([Finding(path, *place, "error", message, rule)])


def _text(path: str, limit: int) -> str:
    if "\0" in path:
        _fail(path, "a path cannot hold the character U+0000", "cannot-read")
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            kind = "a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            _fail(path, f"this is {kind}; name a YAML file", "not-a-file")
        size = status.st_size
        with open(path, "rb") as file:
            data = file.read(limit + 1) if size <= limit else b""
    except FileNotFoundError:
        _fail(path, "no such file; check the path", "cannot-read")
    except OSError as error:
        _fail(path, f"cannot be read: {error.strerror}", "cannot-read")
    size = max(size, len(data))
    if size > limit:
        message = f"the file has {size:,} bytes; at most {limit:,} ({limit // 1024} KiB) are allowed"
        _fail(path, message, "too-large")
    return _decoded(path, data)


def _decoded(path: str, data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        message = f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        _fail(path, message, "not-utf8", _place_after(before))
    text = text.removeprefix("\ufeff")
    if match := _CONTROL.search(text):
        message = f"the character U+{ord(match.group()):04X} is not allowed in YAML; remove it"
        _fail(path, message, "control-character", _place_after(text[: match.start()]))
    return text


def _place_after(text: str) -> Place:
    return text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1


def scalar(text: str) -> str | int | float | bool | None:
    """Return the value of a scalar without quotes: the YAML 1.2 core schema, without octal and hexadecimal."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    if _SPECIAL.fullmatch(text):
        return float(text.lower().replace(".", "", 1))
    return text


class _Reader:
    """One pass over the events of one file."""

    def __init__(self, path: str, text: str, dialect: Dialect) -> None:
        self.path, self.text, self.dialect = path, text, dialect
        self.faults: list[Finding] = []
        self.warnings: list[Finding] = []
        self.places: dict[Where, Place] = {}
        self.plain: dict[Where, str] = {}
        self.order: list[Where] = []
        self.nodes = 0
        self.anchors: dict[str, tuple[Any, Where, int, int]] = {}
        self.open_anchors: set[str] = set()
        self.saw_alias = False
        self.repeated: set[Where] = set()
        self.events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self.ahead: Any = None

    def document(self) -> Document:
        value = None
        try:
            self._next()
            if isinstance(self._next(), yaml_events.DocumentStartEvent):
                value = self._value((), 1)
                self._next()
                self._rest()
        except yaml.YAMLError as error:
            self._syntax(error)
        if value is None and not self.faults:
            self._stop("the file is empty; write at least one key", "empty-file", (1, 1))
        if self.faults:
            raise InputError(self.faults)
        return Document(self.path, value, self.places, tuple(self.warnings), self.plain)

    def _next(self) -> Any:
        event, self.ahead = self.ahead, None
        return event if event is not None else next(self.events)

    def _rest(self) -> None:
        """Look at what follows the first document; in a workflow it is ignored, valid or not."""
        try:
            event = self._next()
        except yaml.MarkedYAMLError as error:
            if self.dialect == "ours":
                raise
            event = error.problem_mark and yaml_events.DocumentStartEvent(error.problem_mark)
        if not isinstance(event, yaml_events.DocumentStartEvent):
            return
        if self.dialect != "ours":
            message = "everything after the document separator '---' is ignored; remove it"
            self._report(message, "second-document", event, "warning")
        else:
            self._report("a second document begins here; one file holds one", "second-document", event)

    def _value(self, where: Where, depth: int, *, keyed: bool = False) -> Any:
        event = self._next()
        if not keyed:
            self._put(where, _place(event))
        self._count(1, depth, event)
        if isinstance(event, yaml_events.AliasEvent):
            return self._alias(event, where, depth)
        self._look(event)
        start = len(self.order)
        if isinstance(event, yaml_events.ScalarEvent):
            value = self._scalar(event, where)
        elif isinstance(event, yaml_events.SequenceStartEvent):
            value = self._sequence(where, depth)
        else:
            value = self._mapping(where, depth)
        if event.tag is not None and self.dialect == "template":
            value = _called(event.tag, value)
        if event.anchor and self.dialect != "ours":
            self.open_anchors.discard(event.anchor)
            self.anchors[event.anchor] = (value, where, start, len(self.order))
        return value

    def _put(self, where: Where, place: Place) -> None:
        self.places[where] = place
        self.order.append(where)

    def _count(self, nodes: int, depth: int, event: Any) -> None:
        self.nodes += nodes
        if depth > MAX_DEPTH:
            self._stop(f"nested more than {MAX_DEPTH} levels deep", "too-deep", _place(event))
        if self.nodes > MAX_NODES:
            self._stop(f"more than {MAX_NODES:,} values, aliases expanded", "too-many-nodes", _place(event))

    def _look(self, event: Any) -> None:
        if event.tag is not None and not (self.dialect == "template" and event.tag in _FUNCTIONS):
            self._report("a tag (what begins with !) is not allowed; remove it", "tag", event)
        if event.anchor:
            self.open_anchors.add(event.anchor)
            self._report_alias(event, "an anchor (&)")

    def _scalar(self, event: Any, where: Where) -> Any:
        if event.style:
            return event.value
        self.plain[where] = event.value
        return scalar(event.value)

    def _sequence(self, where: Where, depth: int) -> list[Any]:
        items: list[Any] = []
        while not self._ended(yaml_events.SequenceEndEvent):
            items.append(self._value((*where, len(items)), depth + 1))
        return items

    def _mapping(self, where: Where, depth: int) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not self._ended(yaml_events.MappingEndEvent):
            key = self._key(where, entries)
            entries[key] = self._value((*where, key), depth + 1, keyed=True)
        return entries

    def _ended(self, kind: type) -> bool:
        """Take the end of a collection, or leave the event for the next call."""
        event = self._next()
        if isinstance(event, kind):
            return True
        self.ahead = event
        return False

    def _key(self, where: Where, entries: dict[str, Any]) -> str:
        event = self._next()
        place = _place(event)
        self._count(1, 0, event)
        if not isinstance(event, yaml_events.ScalarEvent):
            self._stop(
                self._templated("a key must be a plain word, not a list, a mapping or an alias", place),
                "complex-key",
                place,
            )
        self._look(event)
        key: str = event.value
        if key in entries and (*where, key) not in self.repeated:
            self.repeated.add((*where, key))
            first = self.places[(*where, key)][0]
            message = f"a key stands here again, first on line {first}; keep one"
            self._report(message, "duplicate-key", event)
        elif key not in entries:
            self._put((*where, key), place)
        return key

    def _alias(self, event: Any, where: Where, depth: int) -> Any:
        name = event.anchor
        self._report_alias(event, "an alias (*)")
        if self.dialect == "ours":
            return None
        if name not in self.anchors:
            reason = "stands inside its own anchor" if name in self.open_anchors else "has no anchor before it"
            self._stop(f"an alias {reason}", "alias", _place(event))
        value, origin, start, end = self.anchors[name]
        for path in self.order[start:end]:
            self._count(1, depth + len(path) - len(origin), event)
            copy = (*where, *path[len(origin) :])
            self._put(copy, self.places[path])
        for path in [origin, *self.order[start:end]]:
            if path in self.plain:
                self.plain[(*where, *path[len(origin) :])] = self.plain[path]
        return value

    def _report_alias(self, event: Any, what: str) -> None:
        if self.saw_alias:
            return
        self.saw_alias = True
        if self.dialect == "ours":
            self._report(f"{what} is not allowed; write the value out", "alias", event)
        elif self.dialect in _ALIASES:
            self._report(f"{what}: {_ALIASES[self.dialect]}; write the value out", "alias", event, "warning")

    def _report(self, message: str, rule: str, event: Any, severity: Severity = "error") -> None:
        finding = Finding(self.path, *_place(event), severity, message, rule)
        (self.warnings if severity == "warning" else self.faults).append(finding)
        if len(self.faults) >= MAX_FAULTS:
            raise InputError(self.faults)

    def _stop(self, message: str, rule: str, place: Place) -> NoReturn:
        raise InputError([*self.faults, Finding(self.path, *place, "error", message, rule)])

    def _syntax(self, error: yaml.YAMLError) -> NoReturn:
        if not isinstance(error, yaml.MarkedYAMLError):
            self._stop(f"this is not YAML: {str(error).splitlines()[0]}", "yaml-syntax", (1, 1))
        problem, context = error.problem or "it cannot be parsed", error.context or ""
        mark = error.problem_mark or error.context_mark
        if "scalar" in context and "end of stream" in problem:
            problem, mark = "the quote that opens here is never closed", error.context_mark or mark
        elif "could not find expected ':'" in problem:
            mark = error.context_mark or mark
        remedy = next((text for part, text in _REMEDIES.items() if part in problem), "")
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = f"this is not YAML: {problem}" + (f" ({remedy})" if remedy else "")
        self._stop(self._templated(what, place), "yaml-syntax", place)

    def _templated(self, message: str, place: Place) -> str:
        """Say so where what cannot be read is a place of a template that nobody has filled in."""
        lines = self.text.splitlines()[max(place[0] - 2, 0) : place[0]]
        mark = next((mark for mark in ("{{", "{%", "<%") for line in lines if mark in line), None)
        if mark is None:
            return message
        return f"this is a template, {mark} and what follows it is still to be filled in; check the file that it makes"


def _called(tag: str, value: Any) -> Any:
    """Return a short form in its long one; a text with a tag is a text, whatever it looks like."""
    return {_FUNCTIONS[tag]: value} if tag in _FUNCTIONS else value


def _place(event: Any) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1
