"""The desk: a request goes in, a reply comes out, and the log knows of it. Not here: sockets (`server`)."""

import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from tests.aws_stand_in import check, faults, odd, protocols
from tests.aws_stand_in.errors import ApiError
from tests.aws_stand_in.faults import Call, Fault, Script
from tests.aws_stand_in.history import History
from tests.aws_stand_in.operations import SERVED, Question
from tests.aws_stand_in.paging import Page, read_token, scope
from tests.aws_stand_in.sessions import Caller, Sessions
from tests.aws_stand_in.things import MINUTE

LONGEST_LOG = 500_000
BAD_TOKEN = {
    "ecs": "InvalidParameterException",
    "cloudwatch": "InvalidNextToken",
    "codepipeline": "InvalidNextTokenException",
}
BROKEN = 599  # the stand-in itself is wrong; no client retries it


@dataclass
class Reply:
    """What goes back, and which fault of the wire strikes it."""

    status: int
    headers: dict[str, str]
    body: bytes
    wire: Fault | None = None


@dataclass
class Ask:
    """One request on its way through the desk."""

    identity: str
    request: protocols.Request | None = None
    caller: Caller = Caller("", "", "")
    parameters: dict[str, Any] = field(default_factory=dict)
    strikes: list[Fault] = field(default_factory=list)
    outcome: str = "ok"


class Desk:
    """Answers requests about a history, faults included.

    Attributes
    ----------
    calls
        The log, oldest first.
    problems
        What the stand-in itself did wrong: answers that do not fit their shapes, operations it does not serve.
    """

    def __init__(self, history: History, script: Script, *, largest: int | None, session: float | None) -> None:
        self.history, self.script, self.largest = history, script, largest
        self.sessions = Sessions(seconds=session)
        self.calls: deque[Call] = deque(maxlen=LONGEST_LOG)
        self.problems: list[str] = []
        self.lock = threading.Lock()

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        """Answer one request; the names of `headers` are in lower case."""
        ask = Ask(uuid.uuid4().hex)
        arrived = time.monotonic()
        try:
            reply = self._answer(ask, method, target, headers, body)
        except ApiError as error:
            ask.outcome = error.code if ask.outcome == "ok" else ask.outcome
            status, extra, text = protocols.fault(ask.request, error, ask.identity)
            reply = Reply(status, extra, text)
        if ask.request and ask.request.protocol == protocols.CBOR:
            reply.headers["smithy-protocol"] = "rpc-v2-cbor"
        skew = next((fault.seconds for fault in ask.strikes if fault.kind == "skew"), 0.0)
        # The clock of the story: whoever takes the machine's would believe to know what is yet to come.
        reply.headers["Date"] = formatdate(self.history.clock(ask.caller.region) // 1000 + skew, usegmt=True)
        reply.headers["x-amzn-RequestId"] = ask.identity
        service, operation = (ask.request.service, ask.request.operation) if ask.request else ("", "")
        call = Call(operation, ask.caller.account, ask.caller.region, arrived, ask.outcome, service, ask.parameters)
        with self.lock:
            self.calls.append(call)
        return reply

    def _answer(self, ask: Ask, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        ask.request = request = protocols.route(method, target, headers, body)
        service, operation = request.service, request.operation
        ask.caller = self.sessions.caller(headers, service, self.history.accounts)
        ask.strikes = self.script.strikes(service, operation, ask.caller.account, ask.caller.region)
        for fault in ask.strikes:
            if error := faults.error(fault, service, operation, ask.caller.arn):
                ask.outcome = fault.kind
                raise error
        wire = next((fault for fault in ask.strikes if fault.kind in (*faults.WIRE, "short_body")), None)
        if ask.strikes:
            ask.outcome = ask.strikes[0].kind
        ask.parameters = protocols.parameters(request)
        if wrong := check.faults(service, operation, ask.parameters, answer=False):
            raise ApiError("ValidationException", wrong)
        value, key = self._value(ask, request)
        if wrong := check.faults(service, operation, value, strange=self._strange()):
            return self._broken(f"{service} {operation}: {wrong}")
        for fault in ask.strikes:
            if fault.kind == "missing":
                odd.hide(value, key, fault.seed, fault.share)
        if any(fault.kind == "missing_key" for fault in ask.strikes):
            value.pop(key, None)
        text = protocols.answer(request, value, ask.identity, self._twist(ask, request, key))
        kind = protocols.content_type(request.protocol, service)
        for fault in ask.strikes:
            text, other = faults.body(fault, text, key)
            kind = other or kind
        return Reply(200, {"Content-Type": kind}, text, wire)

    def _twist(self, ask: Ask, request: protocols.Request, key: str) -> Callable[[Any], Any] | None:
        """What makes the items of the answer odd, if a fault does."""
        fault = next((fault for fault in ask.strikes if fault.kind == "odd_values"), None)
        if fault is None:
            return None
        binary = request.protocol == protocols.CBOR
        return lambda tree: odd.oddly(tree, key, fault.seed, fault.share, binary=binary)

    def _strange(self) -> bool:
        return self.history.unknown > 0 or bool(self.history.changed)

    def _broken(self, text: str) -> Reply:
        self.problems.append(text)
        return Reply(BROKEN, {"Content-Type": "text/plain"}, text.encode())

    def _value(self, ask: Ask, request: protocols.Request) -> tuple[dict[str, Any], str]:
        """The answer before any fault of the body, and under which key its list stands."""
        service, operation = request.service, request.operation
        serve = SERVED.get((service, operation))
        if serve is None:
            self.problems.append(f"{service} {operation} is not served")
            raise ApiError("UnknownOperationException", f"the stand-in does not serve {operation}", 404)
        token = ask.parameters.get("nextToken") or ask.parameters.get("NextToken")
        about = scope(operation, ask.caller.account, ask.caller.region, ask.parameters)
        asked = read_token(token, about, BAD_TOKEN.get(service, "ValidationException")) if token else {}
        question = Question(
            history=self.history,
            account=ask.caller.account,
            region=ask.caller.region,
            parameters=ask.parameters,
            start=asked.get("p"),
            largest=self.largest,
            caller=ask.caller.arn,
            sessions=self.sessions,
        )
        found = serve(question)
        if isinstance(found, dict):
            return found, next(iter(found), "")
        return self._page(found, about, asked, ask), found.key

    def _page(self, page: Page, about: str, asked: dict[str, Any], ask: Ask) -> dict[str, Any]:
        kinds = {fault.kind for fault in ask.strikes}
        value = {page.key: page.items, **(page.rest or {})}
        token = faults.token(kinds, page, about, asked)
        if token is not None:
            value[page.token_name] = token
        for fault in ask.strikes:
            if fault.kind == "changing_between_pages" and page.following is not None:
                with self.lock:
                    self.history.now += round(fault.minutes * MINUTE)
        return value
