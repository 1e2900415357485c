"""The work on one unit: its parts, step by step, each step committed before the next one is asked for.

Not here: who works on which unit (`history.collecting.fetch`), what is asked (`history.sources`), the SQL
(`history.keeping.store`).
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from history.aws.answers import Malformed
from history.aws.errors import BAD_TOKEN, FAILURES, GONE, HOPELESS, UNSUPPORTED, WORST_FIRST, Fate, code, fate_of
from history.aws.transport import Clock
from history.instants import DAY, MINUTE, iso
from history.keepable import keepable, legible
from history.keeping.statements import merge
from history.keeping.store import Store
from history.records import MalformedRecord, Record, key_of, read_key
from history.sources import Around, Calls, Paged, Source, Windowed
from history.units import Scan, Sign, Step, Unit

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
    malformed : int
        Answers about single things that could not be kept as rows; their raw answers were.
    """

    def __init__(
        self, store: Store, run: int, calls: Calls, source: Source, *, now: int, since: int, overlap: int
    ) -> None:
        self._store = store
        self._run = run
        self._calls = calls
        self._source = source
        self._now = now
        self._until: int | None = None  # how far this run can know: never past the service's own clock
        self._since = since
        self._overlap = overlap
        self._titles: Mapping[str, str] = {}
        self._met: set[tuple[str, tuple[str, ...]]] = set()  # table and key of what was seen unfinished in this run
        self._forgotten: list[str] = []  # how far back the service remembers, where a first run meets that
        self._reasons: list[str] = []
        self._reopened: list[Sign] = []
        self.new = self.changed = self.seen = self.malformed = 0

    @property
    def _unit(self) -> Unit:
        return self._calls.unit

    def do(self) -> Fate:
        """Collect all parts, and whatever was unfinished; return the unit's outcome."""
        found: list[Fate] = []
        try:
            parts = self._source.parts(self._calls)
            if self._calls.server_time is not None:
                self._until = min(self._now, self._calls.server_time)
            self._commit(Step("", parts.records))
        except FAILURES as error:
            return self._fate(error)
        self.seen, self._titles = 0, parts.titles  # what there is to collect is not yet something that happened
        # In another order at every run, so that what ends runs early does not always end them before the same parts.
        for part in random.Random(self._run).sample(parts.names, len(parts.names)):
            found.append(self._part(part))
            if found[-1].outcome in HOPELESS:
                break
        else:
            found += [self._part(part) for part in parts.names if self._goes_on(part)]
            found.append(self._again())
        return self._summary(found, [*parts.notes, *self._forgotten])

    def _goes_on(self, part: str) -> bool:
        """Return whether something of a part that was read goes on after all, and can only be found by paging."""
        pending = self._source.pending(part) if isinstance(self._source, Paged) else None
        if pending is None or not self._reopened:
            return False
        keys = self._unfinished(pending[0], self._place(pending[1]))
        return any(sign.kind is pending[0] and sign.key in keys for sign in self._reopened)

    def _place(self, where: Mapping[str, str]) -> dict[str, str]:
        return {"account": self._unit.account, "region": self._unit.region, **where}

    def _title(self, part: str) -> str:
        return legible(self._titles.get(part, part))

    def _fate(self, error: BaseException) -> Fate:
        return fate_of(error, throttled=self._calls.throttled, codecatalyst=self._source.stream == "codecatalyst")

    def _summary(self, found: list[Fate], notes: list[str]) -> Fate:
        outcome = min((each.outcome for each in found), key=WORST_FIRST.index)
        if outcome in ("ok", "empty"):
            outcome = "ok" if self.seen else "empty"
        if self._reasons and outcome in ("ok", "empty"):
            outcome = "malformed"
        details = [each.detail for each in found if each.detail] + self._remarks() + notes
        shown = "; ".join(details[:3])
        more = f"; and {len(details) - 3} more" if len(details) > 3 else ""
        return Fate(outcome, shown + more, any(each.ambiguous for each in found))

    def _remarks(self) -> list[str]:
        """Return what there is to say of answers that could not be kept as rows."""
        if not self.malformed:
            return []
        what = f"{self.malformed} malformed record{'s' * (self.malformed != 1)}, kept raw"
        return [f"{what}: {legible(self._reasons[0])}" if self._reasons else f"{what} by an earlier run"]

    def _part(self, part: str) -> Fate:
        steps_before = self._steps
        if not keepable(part):
            return Fate("malformed", f"{legible(part)}: its name holds half a character, and cannot be kept")
        try:
            if isinstance(self._source, Windowed):
                self._windows(self._source, part)
            elif isinstance(self._source, Paged):
                self._pages(self._source, part)
        except FAILURES as error:
            if code(error) in GONE:
                return Fate("empty", f"{self._title(part)} was deleted meanwhile")
            if code(error) == UNSUPPORTED:
                text = (
                    "ECS keeps no deployments of it; exclude it with a pattern that begins with !, and import a table"
                )
                return Fate("denied", f"{self._title(part)}: {text}")
            found = self._fate(error)
            if isinstance(self._source, Windowed) and found.outcome in HOPELESS and self._steps == steps_before:
                self._narrow(part)
            return replace(found, detail=f"{self._title(part)}: {found.detail}")
        return Fate("ok", "")

    _steps = 0

    def _commit(self, step: Step) -> None:
        malformed = [each for each in step.records if isinstance(each, MalformedRecord)]
        if malformed:
            self.malformed += len(malformed)
            self._reasons += [each.reason for each in self._store.unheard(malformed)]
        self._met.update(_named(each) for each in step.records if not each.finished)
        counts = self._store.commit(self._run, self._unit, step, observed_at=self._now)
        self.new += counts.new
        self.changed += counts.changed
        self._reopened += counts.reopened
        self.seen += len(step.records)
        self._steps += 1

    def _again(self) -> Fate:
        """Ask again for all that is unfinished and was not seen in this run, of parts long gone, too."""
        place = ("space", "project") if self._source.stream == "codecatalyst" else ("account", "region")
        where = dict(zip(place, (self._unit.account, self._unit.region), strict=True))
        try:
            for kind in self._source.kinds:
                keys = self._unfinished(kind, where)
                for step in self._source.again(self._calls, kind, keys) if keys else ():
                    self._commit(Step("", step.records))
                    self._lose(kind, step.lost)
        except FAILURES as error:
            return self._fate(error)
        return Fate("ok", "")

    def _unfinished(self, kind: type[Record], where: Mapping[str, str]) -> list[tuple[str, ...]]:
        """Return the keys of what is unfinished in the store and was not met in this run."""
        keys = [*self._store.unfinished(kind, **where), *self._unreadable(kind, where)]
        return [key for key in dict.fromkeys(keys) if (kind.TABLE, key) not in self._met]

    def _unreadable(self, kind: type[Record], where: Mapping[str, str]) -> list[tuple[str, ...]]:
        """Return the keys of things of which there are only malformed answers so far."""
        places = [(kind.KEY.index(name), value) for name, value in where.items() if name in kind.KEY]
        keys = self._store.unreadable(self._unit, kind)
        return [key for key in keys if all(key[index] == value for index, value in places)]

    def _lose(self, kind: type[Record], keys: Sequence[tuple[str, ...]]) -> None:
        """Believe that AWS no longer knows these, where they were last seen longer ago than its lists may be wrong."""
        if keys:
            self._store.mark_lost(self._unit, kind, keys, unseen_since=self._now - self._overlap)

    # Windows of time

    def _windows(self, source: Windowed, part: str) -> None:
        width = self._store.width(self._unit, part) or FIRST_WIDTH
        if self._until is None:
            # Nobody has said yet what time it is there: the first window is planned by this machine's clock.
            todo = self._todo(part, self._now)
            if not todo:
                return
            start, end = todo[0]
            self._until = min(self._now, self._window(source, part, start, min(start + width, end), closed=True)[1])
        for start, end in self._todo(part, self._until):
            while True:
                following = min(start + width, end)
                last = following >= end
                count, _ = self._window(source, part, start, following, closed=not last or end < self._until)
                if last:
                    break
                start, width = following, _next_width(width, count)

    def _window(self, source: Windowed, part: str, start: int, end: int, *, closed: bool) -> tuple[int, int]:
        """Ask for a window and commit it; give how many records came, and what time it was there by its first answer.

        Known is what lies before the service's own clock in this very window, and not before what it still remembers.
        """
        with self._calls.timed() as clock:
            records = source.window(self._calls, part, start, end if closed else None)
        first, last = _told(clock)
        until = min(end, first - source.settles)
        known = (max(start, last - source.retention) if source.retention else start, until)
        self._commit(Step(part, records, covered=known if known[0] < known[1] else None))
        return len(records), first

    def _todo(self, part: str, until: int) -> list[tuple[int, int]]:
        """Return what is not known yet, and the overlap before the last run's start; never nothing.

        Of a source that is asked around deployments only, what of this lies there: that may be nothing.
        """
        todo = self._unknown(part, until)
        if not isinstance(self._source, Around):
            return todo
        own = self._source.around(part, self._store.deployed(self._unit.account))
        return [piece for wanted in merge(own) for piece in within(wanted, todo)]

    def _unknown(self, part: str, until: int) -> list[tuple[int, int]]:
        earliest = max(self._since, until - self._source.retention if self._source.retention else 0)
        known = self._store.covered(self._unit, part)
        missing = subtract((earliest, until), known)
        if not known:
            if self._until is not None and self._source.retention and earliest > self._since and not self._forgotten:
                days = self._source.retention // DAY
                self._forgotten.append(f"known from {iso(earliest)[:10]} on, as AWS keeps {days} days")
            return missing or [(until, until)]
        # Where the clock was set back, what came before the cursor is asked for all the same, with an open end.
        tail = max(earliest, known[-1][1] - self._overlap)
        return merge([*missing, (tail, max(tail, until))])

    def _narrow(self, part: str) -> None:
        """Halve a window that could not be finished in its time, for the next run, so that some day it can."""
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
            self._lose(kind, self._unfinished(kind, self._place(where)))

    _ended_at_last_page = False

    def _fresh(self, source: Paged, part: str) -> Scan:
        """Begin a scan from the first page, down to what is known and what is unfinished."""
        left = self._store.scan(self._unit, part)
        known = self._store.covered(self._unit, part)
        if not known or left is None:
            return Scan("", self._now, None, None, 0)
        horizon: int | None = max(known[-1][0], known[-1][1] - self._overlap)
        pending = source.pending(part)
        if pending:
            kind, where = pending
            place = self._place(where)
            if self._unreadable(kind, place):
                horizon = None  # it may stand on any page
            oldest = self._store.oldest_unfinished(kind, **place)
            horizon = horizon if oldest is None or horizon is None else min(horizon, oldest)
        return Scan("", self._now, horizon, None, left.disorder)

    def _scan(self, source: Paged, part: str, scan: Scan) -> None:
        seen = {scan.token}
        while True:
            try:
                with self._calls.timed() as clock:
                    page = source.page(self._calls, part, scan.token or None)
                first, last = _told(clock)
                token = page.token or ""
                if token and token in seen:
                    raise Malformed("the token of the next page came a second time; paging would never end")
            except Malformed:
                self._store.forget_scan(self._unit, part)
                raise
            seen.add(token)
            if not scan.token:
                scan = replace(scan, begun_at=min(scan.begun_at, first))
            scan = _read_order(scan, page.starts)
            self._ended_at_last_page = not token
            scan = replace(scan, token="" if self._passed(scan, page.starts) else token)
            covered = None if scan.token else self._reach(scan, token, last)
            self._commit(Step(part, page.records, covered=covered, scan=scan, signs=page.signs))
            if not scan.token:
                return

    def _passed(self, scan: Scan, starts: list[int]) -> bool:
        """Return whether nothing new can follow a page: no service promises an order; we go by the disorder seen."""
        if scan.horizon_at is None or not starts:
            return False
        return max(starts) < scan.horizon_at - max(self._overlap, 2 * scan.disorder)

    def _reach(self, scan: Scan, token: str, ended_at: int) -> tuple[int, int]:
        """Return from when to when a part is known once its scan has ended, at an instant of the service's clock."""
        if self._source.retention:
            whole = ended_at - self._source.retention
        else:
            whole = scan.begun_at if scan.oldest_at is None else scan.oldest_at
        if scan.horizon_at is None:
            start = whole
        else:
            start = scan.horizon_at if token else min(whole, scan.horizon_at)
        return min(start, scan.begun_at), scan.begun_at


def _named(record: Record) -> tuple[str, tuple[str, ...]]:
    """Return the table and the key of what a record is about."""
    if isinstance(record, MalformedRecord):
        return record.in_table, read_key(record.id)
    return record.TABLE, key_of(record)


def _told(clock: Clock) -> tuple[int, int]:
    """Return the first and the last instant that the service's own clock showed."""
    if clock.first is None or clock.last is None:
        raise Malformed("the answer says no time of its own (no Date): nothing would bound what is known")
    return clock.first, clock.last


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


def within(wanted: tuple[int, int], pieces: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what of some intervals, in order, lies inside one."""
    cut = [(max(start, wanted[0]), min(end, wanted[1])) for start, end in pieces]
    return [(start, end) for start, end in cut if start < end]


def subtract(wanted: tuple[int, int], known: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what of an interval is in none of the known ones, in order."""
    start, end = wanted
    missing: list[tuple[int, int]] = []
    for known_from, known_until in merge(known):
        if known_from > start and start < end:
            missing.append((start, min(known_from, end)))
        start = max(start, known_until)
    if start < end:
        missing.append((start, end))
    return missing
