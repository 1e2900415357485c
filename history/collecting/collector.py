"""The work on one unit: its parts, step by step, each step committed before the next one is asked for.

Not here: who works on which unit (`history.collecting.fetch`), what is asked (`history.sources`), the SQL
(`history.keeping.store`).
"""

import random
from dataclasses import replace

from history.aws.errors import BAD_TOKEN, FAILURES, GONE, HOPELESS, UNSUPPORTED, WORST_FIRST, Verdict, code, verdict
from history.instants import DAY, MINUTE
from history.keeping.statements import merge
from history.keeping.store import Store
from history.sources import Again, Calls, Malformed, Paged, Source, Windowed
from history.units import Scan, Step, Unit

FIRST_WIDTH = DAY
NARROWEST = 10 * MINUTE
WIDEST = 90 * DAY
MANY, FEW = 2000, 500  # records of a step: with more the next window is narrower, with less it is wider


class UnitWork:
    """Collects one unit into a store.

    Parameters
    ----------
    store : Store
        Where to.
    run : int
        The number of the run.
    calls : Calls
        The way to AWS.
    source : Source
        What to ask.
    now : int
        The start of the run, microseconds.
    since : int
        Nothing older is asked for, microseconds.
    overlap : int
        How much is asked for again, microseconds.

    Attributes
    ----------
    new, changed, seen : int
        Rows that were new, that replaced an older answer, and records that came at all.
    """

    def __init__(
        self, store: Store, run: int, calls: Calls, source: Source, *, now: int, since: int, overlap: int
    ) -> None:
        self._store = store
        self._run = run
        self._calls = calls
        self._source = source
        self._now = now
        self._until = now
        self._since = since
        self._overlap = overlap
        self.new = self.changed = self.seen = 0

    @property
    def _unit(self) -> Unit:
        return self._calls.unit

    def do(self) -> Verdict:
        """Collect all parts, and whatever was unfinished; return the unit's outcome."""
        found: list[Verdict] = []
        try:
            parts = self._source.parts(self._calls)
            # A clock that runs ahead must not move a cursor past what happened: AWS's own clock bounds it.
            self._until = min(self._now, self._calls.server_time or self._now)
            self._commit(Step("", parts.records))
        except FAILURES as error:
            return self._verdict(error)
        self.seen = 0  # what there is to collect is not yet something that happened
        # In another order at every run, so that what ends runs early does not always end them before the same parts.
        for part in random.Random(self._run).sample(parts.names, len(parts.names)):
            found.append(self._part(part))
            if found[-1].outcome in HOPELESS:
                break
        else:
            found.append(self._again())
        return self._summary(found, parts.notes)

    def _verdict(self, error: BaseException) -> Verdict:
        return verdict(error, throttled=self._calls.throttled, codecatalyst=self._source.stream == "codecatalyst")

    def _summary(self, found: list[Verdict], notes: list[str]) -> Verdict:
        outcome = min((each.outcome for each in found), key=WORST_FIRST.index)
        if outcome in ("ok", "empty"):
            outcome = "ok" if self.seen else "empty"
        details = [each.detail for each in found if each.detail] + notes
        shown = "; ".join(details[:3])
        more = f"; and {len(details) - 3} more" if len(details) > 3 else ""
        return Verdict(outcome, shown + more, any(each.ambiguous for each in found))

    def _part(self, part: str) -> Verdict:
        steps_before = self._steps
        try:
            if isinstance(self._source, Windowed):
                self._windows(self._source, part)
            elif isinstance(self._source, Paged):
                self._pages(self._source, part)
        except FAILURES as error:
            if code(error) in GONE:
                return Verdict("empty", f"{part} was deleted meanwhile")
            if code(error) == UNSUPPORTED:
                text = (
                    "ECS keeps no deployments of it; exclude it with a pattern that begins with !, and import a table"
                )
                return Verdict("denied", f"{part}: {text}")
            found = self._verdict(error)
            if isinstance(self._source, Windowed) and found.outcome in HOPELESS and self._steps == steps_before:
                self._narrow(part)
            return replace(found, detail=f"{part}: {found.detail}")
        return Verdict("ok", "")

    _steps = 0

    def _commit(self, step: Step) -> None:
        new, changed = self._store.commit(self._run, self._unit, step, observed_at=self._now)
        self.new += new
        self.changed += changed
        self.seen += len(step.records)
        self._steps += 1

    def _again(self) -> Verdict:
        """Ask again for all that is unfinished and was not seen in this run, of parts long gone, too."""
        place = ("space", "project") if self._source.stream == "codecatalyst" else ("account", "region")
        where = dict(zip(place, (self._unit.account, self._unit.region), strict=True))
        try:
            for kind in self._source.kinds:
                keys = self._store.unfinished(kind, self._now, **where)
                for step in self._source.again(self._calls, kind, keys) if keys else ():
                    self._take(kind, step)
        except FAILURES as error:
            return self._verdict(error)
        return Verdict("ok", "")

    def _take(self, kind: type, step: Again) -> None:
        self._commit(Step("", step.records))
        if step.lost:
            self._store.mark_lost(kind, step.lost)

    # Windows of time

    def _windows(self, source: Windowed, part: str) -> None:
        width = self._store.width(self._unit, part) or FIRST_WIDTH
        for start, end in self._todo(part):
            while True:
                following = min(start + width, end)
                last = following >= end
                open_end = last and end >= self._until
                records = source.window(self._calls, part, start, None if open_end else following)
                self._commit(Step(part, records, covered=(start, following) if following > start else None))
                if last:
                    break
                start, width = following, _next_width(width, len(records))

    def _todo(self, part: str) -> list[tuple[int, int]]:
        """What is not known yet, and the overlap before the last run's start; never nothing."""
        earliest = max(self._since, self._until - (self._source.retention or 0))
        known = self._store.covered(self._unit, part)
        missing = subtract((earliest, self._until), known)
        if not known:
            return missing or [(self._until, self._until)]
        # Where the clock was set back, what came before the cursor is asked for all the same, with an open end.
        tail = max(earliest, known[-1][1] - self._overlap)
        return merge([*missing, (tail, max(tail, self._until))])

    def _narrow(self, part: str) -> None:
        """A window that could not be finished in its time is halved for the next run, so that some day it can."""
        width = self._store.width(self._unit, part) or FIRST_WIDTH
        self._store.narrow(self._unit, part, max(NARROWEST, width // 2))

    # Pages

    def _pages(self, source: Paged, part: str) -> None:
        left = self._store.scan(self._unit, part)
        if left and left.token:
            try:
                self._scan(source, part, left)
            except FAILURES as error:
                if code(error) not in BAD_TOKEN:
                    raise
                self._store.forget_scan(self._unit, part)
        self._scan(source, part, self._fresh(source, part))
        pending = source.pending(part)
        if pending and self._ended_at_last_page:
            kind, where = pending
            place = {"account": self._unit.account, "region": self._unit.region, **where}
            self._store.mark_lost(kind, self._store.unfinished(kind, self._now, **place))

    _ended_at_last_page = False

    def _fresh(self, source: Paged, part: str) -> Scan:
        """A scan from the first page, down to what is known and what is unfinished."""
        left = self._store.scan(self._unit, part)
        known = self._store.covered(self._unit, part)
        if not known or left is None:
            return Scan("", self._until, None, None, 0)
        horizon = max(known[-1][0], known[-1][1] - self._overlap)
        pending = source.pending(part)
        if pending:
            kind, where = pending
            place = {"account": self._unit.account, "region": self._unit.region, **where}
            oldest = self._store.oldest_unfinished(kind, **place)
            horizon = horizon if oldest is None else min(horizon, oldest)
        return Scan("", self._until, horizon, None, left.disorder)

    def _scan(self, source: Paged, part: str, scan: Scan) -> None:
        seen = {scan.token}
        while True:
            try:
                page = source.page(self._calls, part, scan.token or None)
                token = page.token or ""
                if token and token in seen:
                    raise Malformed("the token of the next page came a second time; paging would never end")
            except Malformed:
                self._store.forget_scan(self._unit, part)
                raise
            seen.add(token)
            scan = _read_order(scan, page.starts)
            self._ended_at_last_page = not token
            scan = replace(scan, token="" if self._passed(scan, page.starts) else token)
            self._commit(Step(part, page.records, covered=None if scan.token else self._reach(scan, token), scan=scan))
            if not scan.token:
                return

    def _passed(self, scan: Scan, starts: list[int]) -> bool:
        """Whether nothing new can follow a page: no service promises an order, so that we go by the disorder seen."""
        if scan.horizon_at is None or not starts:
            return False
        return max(starts) < scan.horizon_at - max(self._overlap, 2 * scan.disorder)

    def _reach(self, scan: Scan, token: str) -> tuple[int, int]:
        """From when to when a part is known once its scan has ended."""
        if self._source.retention:
            whole = scan.begun_at - self._source.retention
        else:
            whole = scan.begun_at if scan.oldest_at is None else scan.oldest_at
        if scan.horizon_at is None:
            start = whole
        else:
            start = scan.horizon_at if token else min(whole, scan.horizon_at)
        return min(start, scan.begun_at), scan.begun_at


def _next_width(width: int, found: int) -> int:
    if found > MANY:
        return max(NARROWEST, width // 2)
    factor = 4 if found < FEW // 5 else 2 if found < FEW else 1
    return min(WIDEST, width * factor)


def _read_order(scan: Scan, starts: list[int]) -> Scan:
    oldest, disorder = scan.oldest_at, scan.disorder
    for start in starts:
        oldest = start if oldest is None else oldest
        disorder = max(disorder, start - oldest)
        oldest = min(oldest, start)
    return replace(scan, oldest_at=oldest, disorder=disorder)


def subtract(wanted: tuple[int, int], known: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give what of an interval is in none of the known ones, in order."""
    start, end = wanted
    missing: list[tuple[int, int]] = []
    for known_from, known_until in merge(known):
        if known_from > start and start < end:
            missing.append((start, min(known_from, end)))
        start = max(start, known_until)
    if start < end:
        missing.append((start, end))
    return missing
