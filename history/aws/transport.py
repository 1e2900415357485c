"""One client's way to AWS: a pacer, a deadline, a count of requests, and whole answers or none.

Not here: credentials (`history.aws.clients`), and what an answer must hold (`history.sources`).
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from botocore.httpsession import URLLib3Session
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError
from urllib3.exceptions import ReadTimeoutError as Urllib3ReadTimeout

from history.instants import micros

CHUNK = 1 << 16
LARGEST_BYTES = 64 << 20


class DeadlineReached(Exception):
    """The unit has had its time."""


class Stopped(Exception):
    """Somebody stopped the run."""


@dataclass
class Clock:
    """What a service's own clock said in some answers: first and last, microseconds since 1970; None: nothing yet."""

    first: int | None = None
    last: int | None = None

    def note(self, when: int) -> None:
        """Take note of one answer's date."""
        self.first = when if self.first is None else min(self.first, when)
        self.last = when if self.last is None else max(self.last, when)


class Pacer:
    """Lets requests through one by one, so many a second.

    Parameters
    ----------
    per_second : float or None
        None lets everything through.
    """

    def __init__(self, per_second: float | None) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self, deadline: float, stop: threading.Event) -> None:
        """Wait until it is this request's turn, or somebody stops the run.

        Raises
        ------
        DeadlineReached
            At once, where the turn comes no sooner than the deadline.
        """
        if not self._gap:
            return
        with self._lock:
            turn = max(self._next, time.monotonic())
            if turn >= deadline:
                raise DeadlineReached
            self._next = turn + self._gap
        stop.wait(max(0.0, turn - time.monotonic()))


class Wire(URLLib3Session):
    """Sends the requests of one client and reads each answer to its end, within the unit's deadline.

    botocore's timeout is per read: an answer that drips byte by byte passes it for ever. It does not compare the
    length of a body with its header either, so that half an answer looks like an empty one.

    Parameters
    ----------
    pacer : Pacer
        Its turns are kept.
    stop : threading.Event
        Set to send nothing more.
    results : bool
        Whether each good answer is XML with an element named after its operation, as STS has it.

    Attributes
    ----------
    sent, throttled : int
        Requests sent, and how many were answered with a call for patience.
    server_time : int or None
        The latest `Date` of an answer, microseconds since 1970.
    """

    def __init__(self, *, pacer: Pacer, stop: threading.Event, results: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._results = results
        self._pacer = pacer
        self._stop = stop
        self._deadline = float("inf")
        self._lock = threading.Lock()
        self.sent = 0
        self.throttled = 0
        self.server_time: int | None = None
        self._clocks: list[Clock] = []

    def start(self, seconds: float) -> None:
        """Set the deadline, so many seconds from now."""
        self._deadline = time.monotonic() + seconds

    @contextmanager
    def timed(self) -> Iterator[Clock]:
        """Note the dates of the answers that come meanwhile."""
        clock = Clock()
        with self._lock:
            self._clocks.append(clock)
        try:
            yield clock
        finally:
            with self._lock:
                self._clocks = [each for each in self._clocks if each is not clock]

    def check(self) -> None:
        """Raise where there is no time left, or somebody stopped the run."""
        if self._stop.is_set():
            raise Stopped
        if time.monotonic() >= self._deadline:
            raise DeadlineReached

    def on_sending(self, request: Any, event_name: str = "", **_: Any) -> AWSResponse:
        """Take the place of botocore's own sending: a handler of its event ``before-send``."""
        self.check()
        self._pacer.wait(self._deadline, self._stop)
        self.check()
        with self._lock:
            self.sent += 1
        request.stream_output = True  # so that the body is read here and not in one go
        response = self.send(request)
        body = self._whole(request, response)
        self._note(response, body)
        if response.status_code == 200:
            self._refuse_page(body, event_name.rpartition(".")[2])
        return AWSResponse(response.url, response.status_code, response.headers, _Body(body))

    def _whole(self, request: Any, response: AWSResponse) -> bytes:
        parts: list[bytes] = []
        size = 0
        try:
            while part := response.raw.read1(CHUNK):
                parts.append(part)
                size += len(part)
                self.check()
                if size > LARGEST_BYTES:
                    raise ConnectionClosedError(endpoint_url=request.url, request=request, error="answer too large")
        except Urllib3ReadTimeout as error:
            raise ReadTimeoutError(endpoint_url=request.url, error=error) from None
        except (HTTPError, OSError) as error:
            raise ConnectionClosedError(endpoint_url=request.url, request=request, error=error) from None
        except (DeadlineReached, Stopped):
            response.raw.close()
            raise
        response.raw.release_conn()
        expected = response.headers.get("Content-Length", "")
        if expected.isdigit() and int(expected) != size:
            raise ConnectionClosedError(endpoint_url=request.url, request=request, error="half an answer")
        return b"".join(parts)

    def _refuse_page(self, body: bytes, operation: str) -> None:
        """Raise where somebody else answered: botocore's parser of XML would only miss a key of its own."""
        if body.lstrip()[:9].lower().startswith((b"<!doctype", b"<html")):
            raise ResponseParserError("a web page came instead of an answer; a proxy or a login page stands in between")
        if self._results and f"<{operation}Result>".encode() not in body:
            raise ResponseParserError("an answer without its content came; does a proxy stand in between?")

    def _note(self, response: AWSResponse, body: bytes) -> None:
        slow_down = response.status_code == 429 or (response.status_code >= 400 and b"hrottl" in body[:2000])
        when = _server_time(response.headers.get("Date"))
        with self._lock:
            self.throttled += slow_down
            if when is not None:
                self.server_time = max(when, self.server_time or when)
                for clock in self._clocks:
                    clock.note(when)


class _Body:
    """The body of an answer that was read already."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


def _server_time(text: str | None) -> int | None:
    try:
        return micros(parsedate_to_datetime(text)) if text else None
    except ValueError:  # not a date, or one without a zone
        return None
