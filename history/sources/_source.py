"""The small interface behind which every source stands, and the checks that every answer passes.

A source is pure: calls in, typed records out. It knows no store, no clock and no retries.
"""

import abc
import datetime as dt
import json
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from history.instants import micros
from history.records import Record
from history.units import Unit

if TYPE_CHECKING:
    from history.aws.clients import Client

Value = TypeVar("Value")
Known = Callable[[type[Record], Sequence[str]], set[str]]

# What botocore's parsers raise at bodies of another shape than the service's model; its own errors are none of these.
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, struct.error)


class Malformed(Exception):
    """An answer that does not hold what it must: never to be taken for "nothing happened"."""


class Calls:
    """What a source may do with AWS: one call, several at once, or all pages of one.

    Parameters
    ----------
    client : Client
        The client; at most `client.threads` calls are under way at once.
    unit : Unit
        For whom.
    """

    def __init__(self, client: "Client", unit: Unit) -> None:
        self.unit = unit
        self._client = client
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._pool:
            self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def server_time(self) -> int | None:
        """What AWS's clock said last, microseconds since 1970 UTC."""
        return self._client.wire.server_time

    @property
    def throttled(self) -> bool:
        """Whether AWS has asked for patience."""
        return self._client.wire.throttled > 0

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Make one call, such as ``call("list_clusters", maxResults=100)``."""
        self._client.wire.check()
        try:
            answer: dict[str, Any] = getattr(self._client.boto, operation)(**arguments)
        except _UNREADABLE as error:
            raise Malformed(f"{operation}: the answer cannot be read: {type(error).__name__}") from error
        return answer

    def many(self, operation: str, each: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Make several calls of one operation, some at once; the answers come in the order of the arguments."""
        if self._client.threads == 1 or len(each) < 2:
            yield from (self.call(operation, **arguments) for arguments in each)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._client.threads, thread_name_prefix=str(self.unit))
        futures = [self._pool.submit(self.call, operation, **arguments) for arguments in each]
        try:
            for future in futures:
                yield future.result()
        finally:
            for future in futures:
                future.cancel()

    def pages(self, operation: str, key: str, *, token: str = "nextToken", **arguments: Any) -> Iterator[list[Any]]:
        """Go through all pages of a call, each checked to hold a list under its key.

        Raises
        ------
        Malformed
            Where a page lacks its key, or a token comes a second time.
        """
        seen: set[str] = set()
        following: str | None = None
        while True:
            more = {token: following} if following else {}
            answer = self.call(operation, **arguments, **more)
            yield need(answer, key, list, operation)
            following = next_token(answer, token, operation)
            if following is None:
                return
            if following in seen:
                raise Malformed(f"{operation}: the token of the next page came a second time; paging would never end")
            seen.add(following)


@dataclass(frozen=True)
class Parts:
    """What a unit consists of.

    Attributes
    ----------
    names : list of str
        Each is collected and has a cursor by itself.
    records : list of Record
        What was learned on the way.
    notes : list of str
        What people should know, such as a pattern that matched nothing.
    """

    names: list[str]
    records: list[Record] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    """One page: its records, their starts in the order in which they came (microseconds), and the next token."""

    records: list[Record]
    starts: list[int]
    token: str | None


class Source(abc.ABC):
    """One stream of one unit. A file in this folder with such a class in it is all that a further source needs.

    Parameters
    ----------
    wanted
        What the config says under the source's key.
    known : callable
        Which keys of a kind of records the store has: `Store.known`.

    Attributes
    ----------
    key : str
        Its key in an account of the config; empty for those that are not in accounts.
    wanted : type
        What may stand there, as pydantic has it.
    about : str
        What stands there, in a sentence, for the docs.
    stream, service : str
        The stream's name, and boto3's name of the service.
    operations : tuple of str
        Every call that may be made, as IAM names them.
    retention : int or None
        For how long the service remembers, microseconds; None where nobody says.
    kinds : tuple of type of Record
        Records that start unfinished.
    tables : tuple of type of Record
        Its own tables, where no migration makes them: the store does, from their columns.
    earliest : int
        The service has nothing that is older, microseconds.
    """

    key: ClassVar[str] = ""
    wanted: ClassVar[Any] = None
    about: ClassVar[str] = ""
    stream: ClassVar[str]
    service: ClassVar[str]
    operations: ClassVar[tuple[str, ...]]
    retention: ClassVar[int | None]
    kinds: ClassVar[tuple[type[Record], ...]] = ()
    tables: ClassVar[tuple[type[Record], ...]] = ()
    earliest: ClassVar[int] = 0

    @abc.abstractmethod
    def __init__(self, wanted: Any, known: Known) -> None:
        """Take what the config says."""

    @abc.abstractmethod
    def parts(self, calls: Calls) -> Parts:
        """Find out what there is to collect."""

    def again(self, calls: Calls, kind: type[Record], keys: Sequence[tuple[str, ...]]) -> Iterator["Again"]:
        """Ask again for unfinished records, in bounded steps; a source that finds them by paging does nothing."""
        yield from ()


class Windowed(Source):
    """A source that can be asked for a window of time."""

    @abc.abstractmethod
    def window(self, calls: Calls, part: str, after: int, before: int | None) -> list[Record]:
        """Give what began in a window (microseconds; None: up to now), a little more at its ends."""


class Paged(Source):
    """A source that knows no filter of time: it is read page by page."""

    def pending(self, part: str) -> tuple[type[Record], dict[str, str]] | None:
        """Give the kind of a part's records, and where they are, if unfinished ones can only be found by paging."""
        return None

    @abc.abstractmethod
    def page(self, calls: Calls, part: str, token: str | None) -> Page:
        """Give one page."""


@dataclass(frozen=True)
class Again:
    """What came of asking again: records, and the keys that AWS no longer knows."""

    records: list[Record]
    lost: list[tuple[str, ...]]


def need(item: Any, key: str, kind: type[Value], what: str) -> Value:
    """Give what an answer must hold, or raise `Malformed`."""
    value = item.get(key) if isinstance(item, dict) else None
    if not isinstance(value, kind):
        found = "nothing" if value is None else f"a {type(value).__name__}"
        raise Malformed(f"{what}: {key} should be a {kind.__name__}, and is {found}")
    return value


def maybe(item: dict[str, Any], key: str, kind: type[Value], what: str) -> Value | None:
    """Give what an answer may hold, or None; raise `Malformed` where it is of another type."""
    return None if item.get(key) is None else need(item, key, kind, what)


def next_token(answer: dict[str, Any], key: str, what: str) -> str | None:
    """Give the token of the next page, or None after the last one."""
    return maybe(answer, key, str, what) or None


def when(item: dict[str, Any], key: str, what: str) -> int:
    """Give an instant that an answer must hold, microseconds since 1970 UTC."""
    return micros(need(item, key, dt.datetime, what))


def perhaps_when(item: dict[str, Any], key: str, what: str) -> int | None:
    """Give an instant that an answer may hold, microseconds since 1970 UTC."""
    value = maybe(item, key, dt.datetime, what)
    return None if value is None else micros(value)


def latest(*instants: int | None) -> int:
    """Give the latest of some instants of which at least one is known."""
    return max(each for each in instants if each is not None)


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"{type(value).__name__} in an answer of AWS")


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)


def raw(item: Any) -> str:
    """Write an answer as JSON: keys sorted, times in UTC."""
    return _ENCODER.encode(item)


def batches(items: Sequence[Value], size: int) -> Iterator[Sequence[Value]]:
    """Cut a sequence into pieces."""
    return (items[start : start + size] for start in range(0, len(items), size))


def unique(items: Iterable[str | None]) -> list[str]:
    """Give each text once, in the order in which they came first."""
    return list(dict.fromkeys(item for item in items if item))
