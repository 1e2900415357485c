"""What can be kept as a row: each value of the type of its column, and no instant that cannot be.

The door between answers and the store. Not here: the tables (`history.records`), what an answer must hold
(`history.sources`).
"""

import datetime as dt
import math
from typing import Any

from history.instants import iso, micros
from history.records import Column, Record, columns

_STORES_OWN = frozenset(("lost", "observed_at", "raw"))
_WORDS = {
    "text": "a text",
    "integer": "a whole number",
    "instant": "a time",
    "number": "a number",
    "boolean": "true or false",
}
_LEAST, _MOST = -(2**63), 2**63 - 1
_EARLIEST, _LATEST = (micros(dt.datetime(year, 1, 1, tzinfo=dt.UTC)) for year in (2000, 2100))
_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "instant": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def unkept(record: Record, latest: int = _LATEST) -> str:
    """Say why a record cannot be kept as a row; nothing where it can.

    Parameters
    ----------
    record : Record
        As a source made it from an answer.
    latest : int
        No instant in it can be later, UTC microseconds.
    """
    for column in columns(type(record)):
        if column.name in _STORES_OWN:
            continue
        value = getattr(record, column.name)
        if value is None and column.optional:
            continue
        if value == "" and column.name in record.KEY:
            return f"{column.name} is empty"
        if fault := _unkept(value, column, latest):
            return f"{column.name} is {fault}"
    return ""


def fits(value: Any, kind: str) -> bool:
    """Return whether a column of a kind can keep a value."""
    return not _unkept(value, Column("", kind, optional=True), _LATEST)


def _unkept(value: Any, column: Column, latest: int) -> str:
    if type(value) not in _TYPES[column.kind]:
        return f"{_brief(value)}, and should be {_WORDS[column.kind]}"
    if column.kind == "text":
        return "" if value.isascii() or keepable(value) else f"{_brief(value)}, which holds half a character"
    if column.kind == "instant":
        # Of some things nobody knows when they changed last: their version is 0.
        inside = (0 if column.name == "version" else _EARLIEST) <= value <= min(latest, _LATEST)
        return "" if inside else f"{_year(value)}, which cannot be"
    if column.kind == "number":
        return "" if math.isfinite(value) else f"{value}, which is no number"
    return "" if _LEAST <= value <= _MOST else f"{_brief(value)}, more than 64 bits hold"


def keepable(text: str) -> bool:
    """Return whether a text can be written down: half of a pair that stands for one character cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def legible(text: str) -> str:
    """Write a text so that a terminal shows all of it: what cannot be printed stands as an escape."""
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape", "surrogatepass").decode("ascii")


def _brief(value: Any) -> str:
    if type(value) is int and value.bit_length() > 1000:
        return f"a number of {value.bit_length():,} bits"
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _year(value: int) -> str:
    try:
        return iso(value)
    except OverflowError:
        return f"{value} microseconds since 1970"
