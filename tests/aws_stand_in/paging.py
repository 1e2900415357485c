"""Pages: a walk along an ordered list, and tokens that say where to go on.

A token names a place in the list, not a number of items seen, so that new records never shift what follows. Not
here: what is in the lists (`operations`), tokens that lie (`faults`).
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.aws_stand_in.errors import ApiError


@dataclass
class Page:
    """One page: under which key its items stand, where it began, and where the next one does."""

    key: str
    items: list[Any]
    start: int
    following: int | None
    token_name: str = "nextToken"
    rest: dict[str, Any] | None = None  # further keys of the answer


def walk(
    things: Sequence[Any],
    show: Callable[[Any], dict[str, Any] | str | None],
    *,
    key: str,
    size: int,
    start: int | None,
    newest_first: bool = False,
    low: int = 0,
    high: int | None = None,
    token_name: str = "nextToken",
) -> Page:
    """Take the next page.

    Parameters
    ----------
    things
        The whole list, oldest first.
    show
        What a thing looks like in the answer; None where it is not to be seen.
    key, token_name
        Where items and token stand in the answer.
    size
        How many items a page has at most.
    start
        The place that the token named; None for the beginning.
    newest_first
        Whether to walk from `high` down to `low`.
    low, high
        The half-open stretch of the list that is asked for.
    """
    high = len(things) if high is None else high
    step, first, beyond = (-1, high - 1, low - 1) if newest_first else (1, low, high)
    # Never outside the stretch: the clock may have moved it since the token was given.
    place = start = first if start is None else (min(start, first) if newest_first else max(start, first))
    items: list[Any] = []
    while place != beyond and (place > beyond if newest_first else place < beyond):
        seen = show(things[place])
        if seen is not None:
            if len(items) == size:
                return Page(key, items, start, place, token_name)
            items.append(seen)
        place += step
    return Page(key, items, start, None, token_name)


def pick(size: Any, default: int, most: int, error: str, largest: int | None) -> int:
    """Return the size of a page: what was asked for, refused outside 1 to `most`, cut to what the stand-in gives."""
    if size is not None and not 1 <= size <= most:
        raise ApiError(error, f"maximum results is {size}; it must be between 1 and {most}")
    return min(size or default, largest or most)


def scope(operation: str, account: str, region: str, parameters: dict[str, Any]) -> str:
    """A digest of what is asked for: a token serves the same question only."""
    asked = {k: v for k, v in parameters.items() if k.lower() not in ("nexttoken", "maxresults", "maxrecords")}
    text = json.dumps([operation, account, region, asked], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def write_token(scope: str, place: int, **marks: Any) -> str:
    """Write a token; `marks` are what faults put into it."""
    text = json.dumps({"s": scope, "p": place, **marks})
    return base64.urlsafe_b64encode(text.encode()).decode()


def read_token(token: str, scope: str, error: str) -> dict[str, Any]:
    """Read a token.

    Raises
    ------
    ApiError
        Where it is not one of ours, or belongs to another question.
    """
    try:
        found = json.loads(base64.urlsafe_b64decode(token.encode()))
        if found["s"] == scope:
            return dict(found)
    except (ValueError, KeyError, TypeError, binascii.Error):
        pass
    raise ApiError(error, "the token is invalid, or belongs to another request")
