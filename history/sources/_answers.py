"""What an answer must hold, what it may hold, and how it is written down. Not here: who is asked (`_source.py`)."""

import datetime as dt
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from history.aws.answers import Malformed
from history.instants import micros
from history.keepable import keepable
from history.privacy import Private, public, without_signatures, written

Value = TypeVar("Value")


def has_ended(item: Any, terminal: Container[str]) -> bool:
    """Return whether an item says that its thing will change no more."""
    status = item.get("status") if isinstance(item, dict) else None
    return isinstance(status, str) and status in terminal


_WORDS = {str: "a text", int: "a whole number", list: "a list", dict: "an object", dt.datetime: "a time"}


def need(item: Any, key: str, kind: type[Value], what: str) -> Value:
    """Return what an answer must hold, or raise `Malformed`."""
    value = item.get(key) if isinstance(item, dict) else None
    if not isinstance(value, kind) or (kind is int and type(value) is not int):
        found = "nothing" if value is None else str(value) if isinstance(value, bool | float) else _word(type(value))
        raise Malformed(f"{what}: {key} should be {_word(kind)}, and is {found}")
    return value


def _word(kind: type) -> str:
    return _WORDS.get(kind, f"a {kind.__name__}")


def maybe(item: dict[str, Any], key: str, kind: type[Value], what: str) -> Value | None:
    """Return what an answer may hold, or None; raise `Malformed` where it is of another type."""
    return None if item.get(key) is None else need(item, key, kind, what)


def next_token(answer: dict[str, Any], key: str, what: str) -> str | None:
    """Return the token of the next page, or None after the last one."""
    token = maybe(answer, key, str, what) or None
    if token and not keepable(token):
        raise Malformed(f"{what}: the token of the next page holds half a character, and cannot be kept")
    return token


def when(item: dict[str, Any], key: str, what: str) -> int:
    """Return an instant that an answer must hold, microseconds since 1970 UTC."""
    return micros(need(item, key, dt.datetime, what))


def perhaps_when(item: dict[str, Any], key: str, what: str) -> int | None:
    """Return an instant that an answer may hold, microseconds since 1970 UTC."""
    value = maybe(item, key, dt.datetime, what)
    return None if value is None else micros(value)


def latest(*instants: int | None) -> int:
    """Return the latest of some instants of which at least one is known."""
    return max(each for each in instants if each is not None)


def raw(item: Any, dropped: Private | None = None) -> str:
    """Write an answer as JSON, keys sorted, times in UTC, without what is private in it.

    Parameters
    ----------
    item
        As the client understood it.
    dropped : dict, optional
        Which of its members are never stored, as `history.privacy.private` gives them.
    """
    return without_signatures(written(public(item, dropped)))


def batches(items: Sequence[Value], size: int) -> Iterator[Sequence[Value]]:
    """Cut a sequence into pieces."""
    return (items[start : start + size] for start in range(0, len(items), size))


def unique(items: Iterable[str | None]) -> list[str]:
    """Return each text once, in the order in which they came first."""
    return list(dict.fromkeys(item for item in items if item))
