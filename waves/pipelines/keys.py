"""What a pipeline's file may hold, as tables, and the check of keys and types against them.

Each system has its tables in its `schema`; nothing here knows what a key means.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from waves.files.documents import Document, Finding, Where, closest, did_you_mean, shown
from waves.pipelines.trees import text_of

NEAR = 0.8
_WANTED = {"map": "a mapping", "list": "a list", "text": "a text", "whole": "a whole number"}


@dataclass(frozen=True)
class Key:
    """What stands behind one key.

    Attributes
    ----------
    kind : {"text", "whole", "map", "list", "any"}
        Texts are scalars of any type; a whole number may be quoted.
    required : bool or "seen missing"
        The latter for what the guide requires and AWS's own pipelines leave out.
    keys : mapping or None
        The known keys of a map, or None where anything goes.
    item : Key or None
        What each item of a list is.
    most : int or None
        The most items of a list.
    choices, tolerated : tuple of str
        The documented values (for a map: nothing), and what is accepted with a warning: values, or keys.
    listed : bool
        Whether a map may also stand as a list of maps, one key each.
    """

    kind: Literal["text", "whole", "map", "list", "any"] = "text"
    required: bool | Literal["seen missing"] = False
    keys: "Mapping[str, Key] | None" = None
    item: "Key | None" = None
    most: int | None = None
    choices: tuple[str, ...] = ()
    tolerated: tuple[str, ...] = ()
    listed: bool = False


class Report:
    """The findings of one document, gathered.

    Parameters
    ----------
    document
        The file.
    whole
        What the file is called in a sentence.
    guide
        Where its keys are documented.
    """

    def __init__(self, document: Document, whole: str = "the workflow", guide: str = "the user guide") -> None:
        self.document, self.whole, self.guide = document, whole, guide
        self.findings: list[Finding] = list(document.warnings)

    def error(self, where: Where, message: str, rule: str) -> None:
        """Note an error at `where`."""
        self.findings.append(self.document.finding(where, message, rule))

    def warn(self, where: Where, message: str, rule: str) -> None:
        """Note a warning at `where`."""
        self.findings.append(self.document.finding(where, message, rule, "warning"))


def check_value(report: Report, where: Where, value: Any, key: Key) -> None:
    """Check one value, and all that is below it, against what the key allows."""
    if value is None or key.kind == "any":
        return
    if key.kind == "map" and key.listed and isinstance(value, list):
        _check_listed(report, where, value, key)
    elif key.kind == "map":
        check_map(report, where, value, key)
    elif key.kind == "list":
        _check_list(report, where, value, key)
    elif isinstance(value, (dict, list)):
        _wrong_type(report, where, value, key)
    elif key.kind == "whole":
        _check_whole(report, where, value)
    elif key.choices:
        _check_choice(report, where, text_of(value), key)


def check_map(report: Report, where: Where, value: Any, key: Key) -> None:
    """Check a mapping: unknown keys, missing keys, and each value."""
    if not isinstance(value, dict):
        _wrong_type(report, where, value, key)
        return
    if key.keys is None:
        return
    meant = {name: closest(name, key.keys, NEAR) for name in value if name not in key.keys}
    for name, near in meant.items():
        _unknown_key(report, (*where, name), name, None if name in key.tolerated else near, key)
    for name, below in key.keys.items():
        if below.required and value.get(name) in (None, "") and name not in meant.values():
            tell = report.warn if below.required == "seen missing" else report.error
            tell((*where, name), f"{_name(report, where)} lacks the required key {name!r}", "missing-key")
        elif name in value:
            check_value(report, (*where, name), value[name], below)


def _check_listed(report: Report, where: Where, value: list[Any], key: Key) -> None:
    """Check a map that stands as a list of maps: each by itself, and what is required of them together."""
    known = key.keys or {}
    optional = {name: replace(below, required=False) for name, below in known.items()}
    for i, item in enumerate(value):
        check_map(report, (*where, i), item, replace(key, keys=optional))
    there = {name for item in value if isinstance(item, dict) for name in item if not missing(item, name)}
    meant = {closest(name, known, NEAR) for name in there}
    for name, below in known.items():
        if below.required and name not in there | meant:
            report.error(where, f"{_name(report, where)} lacks the required key {name!r}", "missing-key")


def _unknown_key(report: Report, where: Where, name: str, near: str | None, key: Key) -> None:
    if name in key.tolerated:
        report.warn(where, f"the key {name!r} is not in {report.guide}", "unknown-key")
    elif near:
        report.error(where, f"unknown key {shown(name)}; did you mean {near!r}?", "unknown-key")
    else:
        known = ", ".join(sorted(key.keys or {}))
        report.warn(where, f"unknown key {shown(name)}; known here: {known}", "unknown-key")


def _check_list(report: Report, where: Where, value: Any, key: Key) -> None:
    if not isinstance(value, list):
        if isinstance(value, dict) or (key.item and key.item.kind != "text"):
            _wrong_type(report, where, value, key)
        else:
            report.warn(where, f"write a list: '- {one_word(value)}'", "scalar-for-list")
        return
    if key.most is not None and len(value) > key.most:
        what = f"{_name(report, where)} has {len(value)} items; at most {key.most} are allowed"
        report.error(where, what, "too-many")
    for i, item in enumerate(value[: key.most or len(value)]):
        if item is None:
            report.error((*where, i), f"item {i + 1} of {_name(report, where)} is empty", "wrong-type")
        elif key.item:
            check_value(report, (*where, i), item, key.item)


def _check_whole(report: Report, where: Where, value: Any) -> None:
    text = text_of(value)
    if not (text.isascii() and text.isdigit()):
        report.error(where, f"{_name(report, where)} is {shown(value)}; write a whole number", "wrong-type")


def _check_choice(report: Report, where: Where, text: str, key: Key) -> None:
    if text in key.choices or "${" in text:
        return
    same = next((choice for choice in key.choices if choice.lower() == text.lower()), None)
    if same:
        report.warn(where, f"{_name(report, where)} is {text!r}; {report.guide} writes {same!r}", "letter-case")
    elif text.upper() in key.tolerated:
        report.warn(where, f"{_name(report, where)} is {shown(text)}, which is not in {report.guide}", "unknown-value")
    else:
        hint = did_you_mean(text, key.choices) or f"; it is one of {', '.join(key.choices)}"
        report.error(where, f"{_name(report, where)} is {shown(text)}{hint}", "unknown-value")


def _wrong_type(report: Report, where: Where, value: Any, key: Key) -> None:
    what = f"{_name(report, where)} is {shown(value)}, but must be {_WANTED[key.kind]}"
    report.error(where, what, "wrong-type")


def _name(report: Report, where: Where) -> str:
    """Name a place by its last keys: ``Deploy.Configuration``, ``Triggers[0]``, or the file itself."""
    parts = [part for part in where if part != "Actions"][-3:]
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".") or ("Actions" if where else report.whole)


def one_word(value: Any) -> str:
    """Return a scalar for use inside a message."""
    return shown(value).strip("'\"")


def missing(body: Mapping[str, Any], key: str) -> bool:
    """Return whether a key is absent or empty."""
    return body.get(key) in (None, "", [], {})
