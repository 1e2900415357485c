"""Faults: what goes wrong, with which requests. Each is scripted and seeded, so that a red test is red again.

Not here: what an answer without faults says (`operations`), sockets (`server`).
"""

import fnmatch
import random
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.aws_stand_in.errors import ApiError, refusal
from tests.aws_stand_in.paging import Page, write_token

ERRORS = ("http500", "http503", "expired_token", "skew", "denied", "region_not_opted_in")
THROTTLES = ("throttle_bucket", "throttle_random")
BODIES = ("truncated", "short_body", "html", "empty200", "xml_for_json", "missing_key", "odd_values", "missing")
WIRE = ("reset", "slow_drip", "hang")
PAGES = ("duplicate_page", "token_cycle", "token_stuck", "changing_between_pages")
KINDS = (*ERRORS, *THROTTLES, *BODIES, *WIRE, *PAGES)


class Call(NamedTuple):
    """One request, as the log keeps it.

    `time` is in seconds of the monotonic clock; `outcome` is `ok`, the kind of the fault, or the code of the error.
    """

    operation: str
    account: str
    region: str
    time: float
    outcome: str
    service: str
    parameters: dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Parameters
    ----------
    kind
        One of `KINDS`: `throttle_bucket` (a token bucket an account and region), `throttle_random`, `http500`,
        `http503`, `expired_token`, `skew` (the client's clock is said to be wrong), `denied`, `region_not_opted_in`,
        `reset` (the connection), `truncated` (half the body, and a length to match), `short_body` (half the body of
        the length that was promised), `html`, `empty200`, `xml_for_json`, `missing_key` (the list is not in the
        answer), `odd_values` (one value of a `share` of the items is none that the service's model knows),
        `missing` (a `share` of the deployments and revisions that are asked for is said not to be there), `slow_drip`,
        `hang` (no answer at all for so many seconds), `duplicate_page` (each page comes twice, under two tokens),
        `token_cycle` (A, B, A, B …), `token_stuck` (always the same), `changing_between_pages` (AWS's clock goes on by
        `minutes` after each page, so that records appear and change).
    operation, service, account, region
        Patterns (`*` and `?`) that the request must match; account and region are empty for CodeCatalyst.
    nth
        Which of the matching requests, counted from 1; None for all of them.
    after, first
        Not the first `after` of them; at most `first` of the rest.
    probability, seed
        Of those, a seeded share, counted apart for each operation, account and region: other threads change nothing.
    rate, burst
        Of the bucket: requests a second, and at once.
    seconds
        How long a slow answer takes in all, or how wrong the clock is.
    minutes
        By how much AWS's clock goes on between pages.
    share
        Of the items of an answer, how many are odd.
    """

    kind: str
    operation: str = "*"
    service: str = "*"
    account: str = "*"
    region: str = "*"
    nth: int | Iterable[int] | None = None
    after: int = 0
    first: int | None = None
    probability: float = 1.0
    seed: int = 0
    rate: float = 20.0
    burst: float = 20.0
    seconds: float = 2.0
    minutes: float = 30.0
    share: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no kind of fault; use one of {', '.join(KINDS)}")
        if isinstance(self.nth, Iterable):
            object.__setattr__(self, "nth", tuple(self.nth))

    def matches(self, service: str, operation: str, account: str, region: str) -> bool:
        """Whether a request is of the kind that this goes wrong with."""
        pairs = ((service, self.service), (operation, self.operation), (account, self.account), (region, self.region))
        return all(fnmatch.fnmatchcase(value, pattern) for value, pattern in pairs)


@dataclass
class Bucket:
    """A token bucket."""

    level: float
    since: float

    def take(self, fault: Fault, now: float) -> bool:
        """Take a token, where there is one."""
        self.level = min(fault.burst, self.level + (now - self.since) * fault.rate)
        self.since = now
        if self.level < 1:
            return False
        self.level -= 1
        return True


@dataclass
class Script:
    """The faults of a stand-in, and how often each was asked."""

    faults: list[Fault] = field(default_factory=list)
    counts: Counter[Any] = field(default_factory=Counter)
    buckets: dict[Any, Bucket] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def strikes(self, service: str, operation: str, account: str, region: str) -> list[Fault]:
        """The faults that strike this request; each call counts."""
        with self.lock:
            return [
                fault
                for number, fault in enumerate(self.faults)
                if fault.matches(service, operation, account, region)
                and self._strikes(number, fault, (service, operation, account, region))
            ]

    def _strikes(self, number: int, fault: Fault, who: tuple[str, str, str, str]) -> bool:
        self.counts[number] += 1
        count = self.counts[number]
        if fault.nth is not None:
            wanted = fault.nth if isinstance(fault.nth, tuple) else (fault.nth,)
            if count not in wanted:
                return False
        if count <= fault.after or (fault.first is not None and count > fault.after + fault.first):
            return False
        if fault.kind == "throttle_bucket":
            now = time.monotonic()
            bucket = self.buckets.setdefault((number, who[2:]), Bucket(fault.burst, now))
            return not bucket.take(fault, now)
        self.counts[number, who] += 1
        address = f"{fault.seed}/{number}/{'/'.join(who)}/{self.counts[number, who]}"
        return fault.probability >= 1 or random.Random(address).random() < fault.probability


def error(fault: Fault, service: str, operation: str, caller: str) -> ApiError | None:
    """The error that a fault answers with, if it is one of that kind."""
    if fault.kind in THROTTLES:
        return refusal("throttle", service, "Rate exceeded")
    if fault.kind not in ERRORS:
        return None
    late = time.time() - fault.seconds
    stamps = [time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(instant)) for instant in (late, time.time())]
    texts = {
        "http500": "The request processing has failed because of an unknown error, exception or failure.",
        "http503": "Service is unavailable",
        "expired_token": "The security token included in the request is expired",
        "skew": f"Signature expired: {stamps[0]} is now earlier than {stamps[1]} (5 min.)",
        "denied": f"User: {caller} is not authorized to perform: {service}:{operation} on resource: *",
        "region_not_opted_in": "The security token included in the request is invalid.",
    }
    return refusal(fault.kind, service, texts[fault.kind])


HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in to the network</h1></body></html>"
XML = b'<?xml version="1.0"?><Response><Result><member>not what was asked for</member></Result></Response>'


def body(fault: Fault, body: bytes, key: str) -> tuple[bytes, str | None]:
    """What a fault makes of a body, and its content type where that changes too."""
    if fault.kind == "truncated":
        return body[: len(body) // 2], None
    if fault.kind == "html":
        return HTML, "text/html"
    if fault.kind == "xml_for_json":
        return XML, "text/xml"
    if fault.kind == "empty200":
        return b"", None
    return body, None


def token(kinds: set[str], page: Page, scope: str, asked: dict[str, Any]) -> str | None:
    """The token of the next page, as faults would have it; None for none.

    Parameters
    ----------
    kinds
        The faults that strike.
    page
        The page that is answered.
    scope
        What was asked for.
    asked
        The token that was sent, taken apart; empty for none.
    """
    following = page.following
    if "token_stuck" in kinds:
        return write_token(scope, page.start)
    if "token_cycle" in kinds:
        return _cycle(page, scope, asked)
    if "duplicate_page" in kinds and not asked.get("again"):
        return write_token(scope, page.start, again=True)
    return None if following is None else write_token(scope, following)


def _cycle(page: Page, scope: str, asked: dict[str, Any]) -> str:
    following = page.start if page.following is None else page.following
    if asked.get("turn") == "A":
        return write_token(scope, following, turn="B", back=asked["p"])
    return write_token(scope, asked.get("back", following), turn="A")
