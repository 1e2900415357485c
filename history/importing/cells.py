"""What a cell of a table may hold: times, names, regions, notes; what is wrong with it, in words.

Not here: which column holds what (`history.importing.tables`), the files (`history.importing.table_file`).
"""

import datetime as dt
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, Strict, ValidationInfo

from history.instants import MINUTE, SECOND, instant, iso, micros
from waves.files.documents import shown

EARLIEST, LATEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
CLOCKS_DIFFER = 60 * MINUTE  # by so much a time may lie after that of the import
_NO_NAMES = {"nan", "nat", "<na>", "null", "none", "n/a", "#n/a"}  # what programs write where they have nothing
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_NOTES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_NO_REGION = re.compile(r'[,;\[\]{}"]')


def _when(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, str):
        value = _read_time(value.strip())
    if not isinstance(value, dt.datetime):
        raise ValueError(f"{shown(value)} must be a time with a zone, such as 2026-01-31T08:00:00Z")
    at = micros(value)
    if not _FROM <= at < _UNTIL:
        raise ValueError(f"{value.isoformat()} does not lie between 2000 and 2100; correct it")
    now = info.context["now"] if info.context else None
    if now is not None and at > now + CLOCKS_DIFFER:
        raise ValueError(
            f"{iso(at)} lies in the future: it is {iso(now // SECOND * SECOND)}; correct it, or this machine's clock"
        )
    return instant(at)


def _read_time(text: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError as error:
        if "isoformat" not in str(error):
            raise ValueError(f"{shown(text)} does not exist: {error}; correct it") from None
    raise ValueError(f"{shown(text)} must be ISO 8601 with a zone, such as 2026-01-31T08:00:00Z")


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _name(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    value = value.strip()
    if value.lower() in _NO_NAMES:
        raise ValueError(f"{shown(value)} is what programs write for nothing; leave the cell empty, or name it")
    return _clean(value, _CONTROL)


def _note(value: Any) -> Any:
    return _clean(value.strip(), _CONTROL_IN_NOTES) if isinstance(value, str) else value


def _clean(value: str, forbidden: re.Pattern[str]) -> str:
    if not value.isprintable() and (found := forbidden.search(value)):
        raise ValueError(f"{shown(value)} holds the control character U+{ord(found[0]):04X}; take it out")
    return value


def _region(value: Any) -> Any:
    value = _name(value)
    if isinstance(value, str) and _NO_REGION.search(value):
        raise ValueError(f"{shown(value)} is no region's name; name one region")
    return value


def _regions(value: Any) -> Any:
    if isinstance(value, str):
        names = [name.strip() for name in value.split(";") if name.strip()]
        if not names:
            raise ValueError(f"{shown(value)} names no region; leave the cell empty where they are not known")
    elif isinstance(value, list | tuple):
        names = [_stripped(name) for name in value]
    else:
        return value
    for number, name in enumerate(names):
        if not isinstance(name, str) or not _name(name) or _NO_REGION.search(name):
            text = "separate regions by semicolons, such as eu-north-1;us-west-2"
            raise ValueError(f"{shown(name)} is no region's name; {text}")
        if name in names[:number]:
            raise ValueError(f"{name} stands there twice; name each region once")
    return tuple(names)


_FROM, _UNTIL = micros(EARLIEST), micros(LATEST)
_TEXT = (Strict(), Field(min_length=1, max_length=200))
When = Annotated[dt.datetime, BeforeValidator(_when)]
Name = Annotated[str, *_TEXT, BeforeValidator(_name)]
RegionName = Annotated[str, *_TEXT, BeforeValidator(_region)]
Note = Annotated[str, *_TEXT, BeforeValidator(_note)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_regions)]
Trimmed = BeforeValidator(_stripped)
