"""Instants as the store keeps them: whole microseconds since 1970-01-01 UTC. Not here: what the instants mean."""

import datetime as dt
from typing import Annotated

# Marks a column: an integer that is an instant, exported as a UTC timestamp.
Instant = Annotated[int, "instant"]

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE


def micros(when: dt.datetime) -> int:
    """Turn an aware datetime, in whatever zone, into microseconds since 1970 UTC.

    Raises
    ------
    ValueError
        Where the datetime does not say its zone.
    """
    if when.tzinfo is None:
        raise ValueError(f"{when} does not say its zone; write it with Z or an offset such as +02:00")
    return (when - EPOCH) // MICROSECOND


def instant(us: int) -> dt.datetime:
    """Turn microseconds since 1970 into an aware UTC datetime."""
    return EPOCH + us * MICROSECOND


def iso(us: int) -> str:
    """Write an instant as ISO 8601 in UTC; fractions only where there are some."""
    return instant(us).isoformat().replace("+00:00", "Z")


def now() -> int:
    """Read this machine's clock."""
    return micros(dt.datetime.now(dt.UTC))
