"""The small interface behind which every source stands, and the checks that every answer passes.

A source is pure: calls in, typed records out. It knows no store, no clock and no retries.
"""

import abc
import hashlib
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, ClassVar, NamedTuple, Self

from history.aws.answers import Malformed
from history.aws.clients import Client
from history.aws.transport import Clock
from history.instants import DAY
from history.keepable import keepable, legible, unkept
from history.privacy import Private, written
from history.records import MalformedRecord, Record
from history.sources._answers import need, next_token, raw
from history.units import Sign, Unit

Known = Callable[[type[Record], Sequence[str]], set[str]]

# What botocore's parsers raise at bodies of another shape than the service's model; its own errors are none of these.
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, struct.error)
# By so much an instant in an answer may lie after the service's own clock: more, and it is no instant of the past.
CLOCKS_DIFFER = DAY
NEVER = 2**62


def understood(operation: str, call: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    """Make a call of a client.

    Raises
    ------
    Malformed
        Where the client's own parser stumbles over the answer.
    """
    try:
        answer: dict[str, Any] = call(**arguments)
    except _UNREADABLE as error:
        raise Malformed(f"{operation}: the answer cannot be read: {type(error).__name__}") from error
    return answer


class Calls:
    """What a source may do with AWS: one call, several at once, or all pages of one.

    Parameters
    ----------
    client : Client
        The client; at most `client.threads` calls are under way at once.
    unit : Unit
        For whom.
    """

    def __init__(self, client: Client, unit: Unit) -> None:
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

    def timed(self) -> AbstractContextManager[Clock]:
        """Note what the service's clock says in the answers that come meanwhile."""
        return self._client.wire.timed()

    @property
    def throttled(self) -> bool:
        """Whether AWS has asked for patience."""
        return self._client.wire.throttled > 0

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Make one call, such as ``call("list_clusters", maxResults=100)``."""
        self._client.wire.check()
        return understood(operation, getattr(self._client.boto, operation), **arguments)

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
    titles : dict of str to str
        What people call a part, where its name is an id.
    """

    names: list[str]
    records: list[Record] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes
    ----------
    records : list of Record
        What stands on it.
    starts : list of int
        When its records began, in the order in which they came, microseconds.
    token : str or None
        That of the next page.
    signs : list of Sign
        What it tells of records that stand elsewhere.
    """

    records: list[Record]
    starts: list[int]
    token: str | None
    signs: list[Sign] = field(default_factory=list)


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
    settles : int
        So long after an instant the service may still change what it says of it, microseconds: that is not yet known.
    private : dict
        Members of its answers in which others' secrets may stand, as `history.privacy.private` gives them: hand them to
        `read` and `raw`, so that they are never stored.
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
    settles: ClassVar[int] = 0
    private: ClassVar[Private] = {}

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
        """Return what began in a window (microseconds; None: up to now), a little more at its ends."""


class Deployed(NamedTuple):
    """One deployment that the store knows of: from when to when (None: it goes on), UTC microseconds."""

    service: str
    cluster: str | None
    start: int
    end: int | None


class Around(Windowed):
    """A windowed source that is asked only for the time around deployments; its units come after all others."""

    @abc.abstractmethod
    def around(self, part: str, deployed: Iterable[Deployed]) -> list[tuple[int, int]]:
        """Return from when to when a part is of interest, microseconds; intervals may overlap."""


class Paged(Source):
    """A source that knows no filter of time: it is read page by page."""

    def pending(self, part: str) -> tuple[type[Record], dict[str, str]] | None:
        """Return the kind of a part's records, and where they are, if unfinished ones can only be found by paging."""
        return None

    @abc.abstractmethod
    def page(self, calls: Calls, part: str, token: str | None) -> Page:
        """Return one page."""


@dataclass(frozen=True)
class Again:
    """What came of asking again: records, and the keys that AWS no longer knows."""

    records: list[Record]
    lost: list[tuple[str, ...]]


def read(
    calls: Calls,
    kind: type[Record],
    item: Any,
    build: Callable[[dict[str, Any]], Iterable[Record]],
    *,
    key: Sequence[Any],
    private: Private | None = None,
    ended: bool = False,
) -> list[Record]:
    """Return the records of one item of an answer; where one cannot be kept as a row, the item as a malformed record.

    Parameters
    ----------
    calls : Calls
        Whose answer it is.
    kind : type of Record
        What the item would be.
    item
        As the client understood it.
    build : callable
        Makes the records; raises `Malformed` where the item does not hold what it must.
    key : sequence
        What the item says of its own key, in the order of `kind.KEY`.
    private : dict, optional
        Which of its members are never stored, as `history.privacy.private` gives them.
    ended : bool
        Whether the thing will change no more, so that nobody need ask for it again.
    """
    try:
        if not isinstance(item, dict):
            raise Malformed(f"{kind.TABLE}: an item is {'nothing' if item is None else type(item).__name__}")
        records = list(build(item))
        for record in records:
            if fault := unkept(record, _latest(calls)):
                raise Malformed(f"{record.TABLE}: {fault}")
    except Malformed as error:
        return [misread(calls, kind.TABLE, item, str(error), key=key, private=private, ended=ended)]
    return records


def misread(
    calls: Calls,
    in_table: str,
    item: Any,
    reason: str,
    *,
    key: Sequence[Any] = (None,),
    private: Private | None = None,
    ended: bool = True,
) -> MalformedRecord:
    """Keep raw what an answer says of one thing, with the reason for which it cannot be kept otherwise.

    Parameters
    ----------
    calls : Calls
        Whose answer it is.
    in_table : str
        What kind of thing it is.
    item
        As the client understood it.
    reason : str
        What is wrong with it.
    key, private, ended
        As for `read`; left out, it cannot be asked for again.
    """
    text = raw(item, private)
    known = all(type(value) is str and value and keepable(value) for value in key)
    return MalformedRecord(
        account=calls.unit.account,
        region=calls.unit.region,
        stream=calls.unit.stream,
        in_table=in_table,
        id=written(list(key)) if known else f"sha256:{hashlib.sha256(text.encode()).hexdigest()}",
        reason=legible(reason),
        version=calls.server_time or 0,
        finished=ended or not known,
        raw=text,
    )


def _latest(calls: Calls) -> int:
    """Return the latest instant that an answer can hold, by the service's own clock, microseconds."""
    return calls.server_time + CLOCKS_DIFFER if calls.server_time is not None else NEVER
