"""Local times as instants, from the `tzdata` package alone: whatever the system has, a setting is the same everywhere.

Instants are whole seconds since 1970, UTC. Not here: windows and freezes (``calendar``).
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import tzdata

from waves.files.findings import shown

EPOCH = datetime(1970, 1, 1)
MINUTE, DAY = 60, 86_400
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
_OFFSET = re.compile(r"[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:?\d\d)$")


def tzdata_version() -> str:
    """Return the version of the time zone database that local times come from, such as `2026f`."""
    return str(tzdata.IANA_VERSION)


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all time zones that there are."""
    return frozenset(resources.files(tzdata).joinpath("zones").read_text(encoding="utf-8").split())


@cache
def zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name.

    Raises
    ------
    ValueError
        Where there is none of that name.
    """
    if name not in zone_names():
        raise ValueError(f"{shown(name)} is not a time zone; give one such as Europe/Berlin, America/New_York or UTC")
    # By default `zoneinfo` reads the system's files first, which may be years old.
    with resources.files(tzdata).joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def clock(text: Any) -> int:
    """Return the minutes since midnight of a time such as "10:00".

    Raises
    ------
    ValueError
        For what is no quoted time from "00:00" to "24:00".
    """
    if not isinstance(text, str):
        raise ValueError(
            f'{shown(text)} is not a time; quote it, such as "10:00": YAML may read an unquoted 10:00 as the number 600'
        )
    if not _CLOCK.fullmatch(text):
        raise ValueError(f'{shown(text)} is not a time; give one from "00:00" to "24:00", such as "09:30"')
    return int(text[:2]) * 60 + int(text[3:])


def wall(value: Any) -> datetime:
    """Return a local date, which is its midnight, or a local date and time.

    Raises
    ------
    ValueError
        For what is neither, or has an offset of its own.
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    found = value
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            found = None
    if not isinstance(found, datetime):
        raise ValueError(f"{shown(value)} is not a date; give one such as 2026-12-19, or 2026-12-19 18:00")
    if found.tzinfo is not None:
        raise ValueError(f"{shown(value)} has an offset of its own; leave that out: the field `zone` says which it is")
    if not 1970 <= found.year <= 2200:
        raise ValueError(f"{shown(value)} is outside the years 1970 to 2200; give a nearer date")
    return found.replace(microsecond=0)


def seconds(local: datetime) -> int:
    """Return the seconds from the beginning of 1970 to a date and time, both taken as they stand."""
    return (local - EPOCH) // timedelta(seconds=1)


def _seconds(offset: timedelta | None) -> int:
    return (offset or timedelta()) // timedelta(seconds=1)


def _offset(where: ZoneInfo, instant: int) -> int:
    return _seconds(datetime.fromtimestamp(instant, UTC).astimezone(where).utcoffset())


def instant_of(local: datetime, zone_name: str) -> int:
    """Return the instant of a local time: of two the first, and for one that is skipped that of the change.

    Parameters
    ----------
    local
        A date and time without an offset.
    zone_name
        The IANA name of its time zone.
    """
    where, stands = zone(zone_name), seconds(local)
    first, second = (stands - _seconds(local.replace(tzinfo=where, fold=fold).utcoffset()) for fold in (0, 1))
    if first <= second:
        return first
    # In a gap the two readings lie on either side of the change: halve the span until it is found.
    before, after = second, first
    old = _offset(where, before)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if _offset(where, middle) == old else (before, middle)
    return after


def instant(text: Any) -> int:
    """Return the instant of a date and time that says where: with an offset, or followed by the name of a zone.

    Raises
    ------
    ValueError
        For what is no such text.
    """
    if isinstance(text, datetime) and text.tzinfo is not None:
        text = text.isoformat()
    if not isinstance(text, str):
        raise ValueError(f"{shown(text)} is not an instant; give one such as 2026-11-24 10:00 Europe/Berlin")
    if _OFFSET.search(text):
        try:
            return int(datetime.fromisoformat(text).timestamp())
        except ValueError:
            raise ValueError(f"{shown(text)} is not an instant; give one such as 2026-11-24T10:00+01:00") from None
    local, _, name = text.rpartition(" ")
    if not local or "/" not in name and name not in zone_names():
        raise ValueError(
            f"{shown(text)} does not say where; add an offset or a time zone, such as 2026-11-24 10:00 Europe/Berlin"
        )
    zone(name)
    return instant_of(wall(local), name)
