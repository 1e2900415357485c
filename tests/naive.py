"""The model a second time, from its rules alone: lay out what nothing disturbs, find what stops it first, cut there.

A slow referee for the engines. It shares no code with them: of the kit it knows the plan, the scenario and the draws,
and the spans in which windows are open, as instants.
Not here: a clock, a queue, or anything that makes a million rollouts bearable.

A region's traffic on the new version is a list of pieces (from, x, until, x), each linear, in order of time. As nothing
that a rollout does before its halt depends on the alarms, three steps give the whole of it: the pipeline as it runs if
no alarm ever comes; every alarm that would come on that course, of which the first in (instant, rank) is the halt; and
the course cut at the halt, then rolled back. Moments of rank (a) at the halt still happen, those of rank (e) don't.
"""

import math
import re
from dataclasses import dataclass, field
from typing import Any

from tests.naive_time import after_work, staffed, windows

Piece = tuple[float, float, float, float]
Decision = tuple[float, float, int]  # when it is asked for, when it falls, the wave it is about
TRUE, FALSE, FAILURE = 1, 2, 3  # the ranks (b), (c), (d)
LATE = 5  # a true alarm that something of rank (e) brings about at its own instant, so after all others
NOBODY, REVIEWER, CUSTOMERS = -1, 10**6, 10**6 + 1  # places of alarms of no region, behind all regions


@dataclass
class Course:
    """What becomes of one region of the plan."""

    name: str
    position: int
    wave: int
    region: int
    traffic: float
    share: float
    attempts: list[tuple[float, float, bool]] = field(default_factory=list)  # start, end, whether it is good
    failed: float = math.inf  # when its deployment failed for good
    tolerated: bool = False
    pieces: list[Piece] = field(default_factory=list)
    served: float = math.inf
    ended: float = math.inf
    defect: Any = None
    recovered: float = math.inf
    open: list[tuple[float, float]] | None = None  # its windows, in minutes since the push

    @property
    def harm(self) -> float:
        return self.served + self.defect.onset if self.defect else math.inf


def naive(plan: Any, scenario: Any, world: Any) -> dict[str, Any]:
    """Return the columns of one rollout by name, and under `regions` each region's (exposed, hurt minutes, impact)."""
    courses, end, outcome, decisions = undisturbed(plan, scenario, world)
    halt, rank, place = first_halt(plan, scenario, world, courses, end, outcome, decisions)
    if halt <= end and rank != FAILURE:
        end, outcome = halt, "false_alarm" if rank == FALSE else "caught"
    failed = [c for c in courses if has_failed(c, halt, rank, place)]
    counted = [c.ended for c in courses if not (c.tolerated and c in failed)]
    deployed = max(counted, default=math.inf)
    cut(plan, scenario, courses, halt, rank, place, world)
    return {
        "outcome": outcome,
        "deployed_minutes": deployed if deployed <= halt and math.isfinite(deployed) else math.nan,
        "end_minutes": end,
        "detected_minutes": halt if rank in (TRUE, LATE) else math.nan,
        **harm_columns(scenario, courses),
        "mixed_minutes": mixed(courses, end),
        "regions_failed": len(failed),
    }


def has_failed(c: Course, halt: float, rank: int, place: int) -> bool:
    """Whether a region's last attempt failed and was not stopped; the failure that halts everything has failed."""
    if not c.attempts or c.attempts[-1][2]:
        return False
    if c.attempts[-1][1] < halt:
        return True
    # Its last failure (rank d) may come before what halts, or be that; one that is followed by a retry (rank e) can't.
    return c.failed == halt and (rank == LATE or (rank == FAILURE and c.position <= place))


def part_of(value: Any, number: int) -> int:
    """Return a number that may be written as a percentage of another."""
    found = re.fullmatch(r"(\d+)%", str(value))
    return number * int(found[1]) // 100 if found else int(value)


def undisturbed(
    plan: Any, scenario: Any, world: Any
) -> tuple[list[Course], float, str, list[tuple[float, float, int]]]:
    """Run the pipeline as if no alarm ever came; return the courses, when it ends, how, and the decisions' instants.

    A decision comes as (when it was asked for, when it falls, the wave it is about).
    """
    fleet = scenario.fleet
    courses: dict[str, Course] = {}
    for w, wave in enumerate(plan.waves):
        for name in wave.regions:
            at, traffic = fleet.names.index(name), fleet.regions[fleet.names.index(name)].traffic
            courses[name] = Course(name, len(courses), w, at, traffic, traffic / fleet.traffic)
            courses[name].open = windows(plan, scenario, world, w, at)
    everyone = list(courses.values())
    decisions: list[Decision] = []
    now = world.draw("build")
    if world.draw("build_failure"):
        return everyone, now, "build_failed", decisions
    failed: list[tuple[float, int]] = []
    tolerated = part_of(plan.max_failed_regions, len(everyone))
    for w, wave in enumerate(plan.waves):
        if w > 0:
            now = now + world.draw("handover", w)
        if wave.approval:
            asked, now = now, after_work(scenario, world, now, world.draw("approval_wait", w))
            decisions.append((asked, now, w))
            if world.draw("rejection", w):
                return everyone, now, "rejected", decisions
        here = [courses[name] for name in wave.regions]
        schedule(plan, wave, here, world, now)
        failed += sorted((c.failed, c.position) for c in here if c.failed < math.inf)
        too_many, worst = failed[tolerated] if len(failed) > tolerated else (math.inf, -1)
        for c in here:
            c.tolerated = (c.failed, c.position) in failed[:tolerated]
            launch(world, c, too_many, c.position == worst)
        if too_many < math.inf:
            return everyone, too_many, "deploy_failed", decisions
        last = max(c.ended if c.failed == math.inf else c.failed for c in here)
        well = [c for c in here if c.failed == math.inf]
        now = max([last + wave.bake_minutes] + [gathered(c, 0.0, wave.bake_requests, c.traffic, 0.0) for c in well])
    bad = any(c.defect for c in everyone if c.failed == math.inf)
    return everyone, now, "escaped" if bad else "completed", decisions


def opens(c: Course, now: float) -> float:
    """Return the first instant from now on at which a region's window is open."""
    if c.open is None:
        return now
    begin = next(begin for begin, end in c.open if end > now)
    return begin if begin > now else now


def schedule(plan: Any, wave: Any, here: list[Course], world: Any, now: float) -> None:
    """Give every region of a wave its attempts, the last of them good unless `failed` is set."""
    slots = len(here) if wave.max_parallel is None else max(part_of(wave.max_parallel, len(here)), 1)
    free = [now] * slots  # when each slot is free again
    queue = sorted(here, key=lambda c: (opens(c, now), c.position))
    while queue:
        asked = min(free)
        start = min(opens(c, asked) for c in queue)
        c = next(c for c in queue if opens(c, asked) == start)
        queue.remove(c)
        free[free.index(asked)] = attempt(plan, c, world, start)


def attempt(plan: Any, c: Course, world: Any, start: float) -> float:
    """Try to deploy until it succeeds or there is no retry left; return when the slot is free again."""
    timeout = math.inf if plan.deploy_timeout_minutes is None else plan.deploy_timeout_minutes
    while True:
        k = len(c.attempts)
        bad = world.deploy_fails(c.region) or world.draw("deploy_failure", c.region, k)
        minutes = world.draw("failed_deploy" if bad else "deploy", c.region, k)
        if minutes > timeout:
            bad, minutes = True, timeout
        c.attempts.append((start, start + minutes, not bad))
        if not bad:
            c.pieces = traffic_moves(plan, c.name, start, minutes)
            c.served, c.ended = c.pieces[0][0], c.pieces[-1][0]
            return c.ended
        start = start + minutes
        if k == plan.retries:
            c.failed = start
            return start


def traffic_moves(plan: Any, name: str, start: float, minutes: float) -> list[Piece]:
    strategy = plan.strategies.get(name, plan.strategy)
    done = start + minutes
    if strategy == "rolling":
        return [(start, 0.0, done, 1.0), (done, 1.0, math.inf, 1.0)]
    pieces = []
    for percent, held in () if strategy == "blue_green" else strategy.steps:
        pieces.append((done, percent / 100, done + held, percent / 100))
        done = done + held
    return [*pieces, (done, 1.0, math.inf, 1.0)]


def launch(world: Any, c: Course, too_late: float, is_it: bool) -> None:
    """Keep of a region's attempts those that start before the pipeline fails: at that instant it is too late.

    But not for the attempt by which it fails, however short that is.
    """
    c.defect = world.defect(c.region)
    c.attempts = [made for made in c.attempts if made[0] < too_late or is_it]
    if not (c.attempts and c.attempts[-1][2]):
        c.pieces, c.served, c.ended = [], math.inf, math.inf


def gathered(c: Course, since: float, need: float, rate: float, level: float) -> float:
    """Return when ∫ rate · x dt, taken from `since` on while x ≥ level, reaches what is needed."""
    for t, x, until, y in c.pieces:
        begin = max(t, since)
        if begin >= until or y < level:
            continue
        if x == y:
            if begin + need / (rate * x) <= until:
                return begin + need / (rate * x)
            need -= rate * x * (until - begin)
        else:
            low = max((begin - t) / (until - t), level)
            most = rate * (until - t) * (1.0 - low * low) / 2
            if need <= most:
                return t + (until - t) * math.sqrt(low * low + 2 * need / (rate * (until - t)))
            need -= most
    return math.inf


def borne(courses: list[Course], complaint: float) -> float:
    """Return when the failed requests of all regions together reach what customers bear, were nothing ever halted."""
    ill = [c for c in courses if c.harm < math.inf]
    first = min((c.harm for c in ill), default=math.inf)
    if complaint == 0 or first == math.inf:
        return first
    moments = sorted({first, math.inf} | {m for c in ill for m in (c.harm, *(p[0] for p in c.pieces)) if m > first})
    for begin, end in zip(moments, moments[1:], strict=False):
        rate = slope = 0.0
        for c in ill:
            for t, x, until, y in c.pieces:
                if c.harm <= begin and t <= begin < until:
                    failing = c.traffic * c.defect.severity
                    rate += failing * (x if x == y else x + (y - x) * ((begin - t) / (until - t)))
                    slope += failing * (y - x) / (until - t) if x != y else 0.0
        if rate == slope == 0.0:
            continue
        takes = complaint / rate if slope == 0 else 2 * complaint / (rate + math.sqrt(rate**2 + 2 * slope * complaint))
        if begin + takes <= end:
            return begin + takes
        complaint -= (rate + slope * (end - begin) / 2) * (end - begin)
    return math.inf


def first_halt(
    plan: Any, scenario: Any, world: Any, courses: list[Course], end: float, outcome: str,
    decisions: list[Decision],
) -> tuple[float, int, int]:  # fmt: skip
    """Collect whatever would halt, and return the first in (instant, rank, place); infinity where nothing does."""
    found = []
    first_harm = min(c.harm for c in courses)
    if first_harm < math.inf:
        report = borne(courses, world.draw("complaint")) + world.draw("report")
        hurting = [c for c in courses if c.harm == first_harm]
        begun = report == first_harm and all(c.pieces[0][:2] == (first_harm, 0.0) for c in hurting)
        found.append((report, LATE if begun else TRUE, CUSTOMERS))
    for asked, decision, wave in decisions:
        before = [c for c in courses if c.wave < wave and c.defect and c.defect.seen_by_reviewer]
        if any(c.harm <= decision for c in before):
            found.append((decision, LATE if asked == decision else TRUE, REVIEWER))
    for c in courses:
        if c.served == math.inf:
            continue
        false_alarm = c.served + world.draw("false_alarm", c.region)
        if false_alarm <= end:
            found.append((false_alarm, FALSE, c.position))
        if c.defect and c.defect.seen_by_check and c.harm <= c.ended:
            found.append((c.ended, TRUE, c.position))
        if c.defect and c.defect.seen_by_alarms:
            level = scenario.of(c.region, "alarm_threshold") / c.defect.severity - 1e-12
            rate = c.traffic * c.defect.severity
            enough = gathered(c, c.harm, world.draw("evidence", c.region), rate, level)
            found.append((enough + world.draw("lag", c.region), TRUE, c.position))
    found = [each for each in found if each[0] < math.inf and each[0] <= scenario.horizon_minutes]
    if outcome == "deploy_failed" and plan.on_deploy_failure == "rollback_all":
        tolerated = part_of(plan.max_failed_regions, len(courses))
        found.append(
            (end, FAILURE, sorted((c.failed, c.position) for c in courses if c.failed < math.inf)[tolerated][1])
        )
    halt, rank, place = min(found, default=(math.inf, FAILURE, NOBODY))
    return halt, rank, place


def cut(
    plan: Any, scenario: Any, courses: list[Course], halt: float, rank: int, place: int, world: Any
) -> None:  # fmt: skip
    """Freeze the traffic at the halt, and take it back: by machine where that is asked for and works, else by hand."""
    if halt == math.inf:
        return
    by_day = any(begin <= halt < end for begin, end in staffed(scenario, world))
    people = halt + world.draw("reaction" if by_day else "reaction_off_hours")
    machine = halt + world.draw("reaction")
    late = rank == LATE and place == CUSTOMERS  # a start of this very instant brought it about
    starts = [(c.attempts[0][0], c.wave) for c in courses if c.attempts]
    latest = max((w for start, w in starts if start < halt or (start == halt and late)), default=-1)
    for c in courses:
        scope = "rollback_all" if rank == FAILURE else plan.on_alarm
        if scope == "rollback_region" and place in (REVIEWER, CUSTOMERS):
            scope = "rollback_wave"
        mine = {"rollback_wave": c.wave == latest, "rollback_region": c.position == place, "halt": False}.get(
            scope, True
        )
        x = at(c, halt)
        before = [(t, x0, min(until, halt), at(c, halt) if until > halt else y) for t, x0, until, y in c.pieces]
        c.pieces = [piece for piece in before if piece[0] < piece[2]]
        if x == 0:
            c.pieces = []
        elif not mine or world.draw("rollback_failure", c.region):
            c.recovered = people + world.draw("manual_recovery", c.region)
            c.pieces.append((halt, x, c.recovered, x))
        else:
            c.recovered = machine + world.draw("rollback", c.region)
            if plan.strategies.get(c.name, plan.strategy) == "rolling":
                c.pieces += [(halt, x, machine, x), (machine, x, c.recovered, 0.0)]
            else:
                c.pieces.append((halt, x, c.recovered, x))


def at(c: Course, instant: float) -> float:
    """Return x at an instant, moves at that very instant included."""
    now = [(t, x, until, y) for t, x, until, y in c.pieces if t <= instant]
    if not now:
        return 0.0
    t, x, until, y = now[-1]
    return x if x == y else (instant - t) / (until - t)


def harm_columns(scenario: Any, courses: list[Course]) -> dict[str, Any]:
    """Measure what the defects did, until the book closes."""
    horizon = scenario.horizon_minutes
    hurting: dict[str, list[Piece]] = {}
    for c in courses:
        clipped = [clip(piece, c.harm, horizon) for piece in c.pieces]
        hurting[c.name] = [piece for piece in clipped if piece[0] < piece[2]]
    exposed = {c.name: bool(c.defect and c.pieces) for c in courses}
    impact = {
        c.name: sum(c.share * c.defect.severity * (until - t) * (x + y) / 2 for t, x, until, y in hurting[c.name])
        for c in courses
    }
    recovered = [c.recovered for c in courses if c.recovered < math.inf]
    return {
        "recovered_minutes": max(recovered, default=math.nan),
        "regions_exposed": sum(exposed.values()),
        "share_exposed": sum(c.share * max(max(p[1], p[3]) for p in c.pieces) for c in courses if exposed[c.name]),
        "peak_share": peak([(c.share, piece) for c in courses for piece in hurting[c.name]]),
        "impact_minutes": sum(impact.values()),
        "failover_hit": any(
            max(hurting[r.name][0][0], hurting[r.failover][0][0])
            < min(hurting[r.name][-1][2], hurting[r.failover][-1][2])
            for r in scenario.fleet.regions
            if hurting.get(r.name) and hurting.get(r.failover)
        ),
        "regions": {
            c.name: (exposed[c.name], sum(p[2] - p[0] for p in hurting[c.name]), impact[c.name]) for c in courses
        },
    }


def clip(piece: Piece, since: float, horizon: float) -> Piece:
    t, x, until, y = piece
    a, b = max(t, since), min(until, horizon)
    if x == y or a >= b:
        return a, x, b, y
    slope = (y - x) / (until - t)
    return a, x + slope * (a - t), b, x + slope * (b - t)


def peak(parts: list[tuple[float, Piece]]) -> float:
    """Return the supremum of Σ share · x: sums are linear between moments: look just after and just before each."""
    moments = sorted({moment for _, piece in parts for moment in (piece[0], piece[2])})
    highest = 0.0
    for a, b in zip(moments, moments[1:], strict=False):
        inside = [(share, clip(piece, a, b)) for share, piece in parts if piece[0] <= a and b <= piece[2]]
        highest = max(highest, sum(share * p[1] for share, p in inside), sum(share * p[3] for share, p in inside))
    return highest


def mixed(courses: list[Course], end: float) -> float:
    """Return the minutes in which the plan's regions are neither all on the old version nor all on the new one."""
    until = max([end] + [c.recovered for c in courses if c.recovered < math.inf])
    moments = {0.0, until} | {m for c in courses for p in c.pieces for m in (p[0], p[2])}
    within = sorted(m for m in moments if m <= until)
    total = 0.0
    for a, b in zip(within, within[1:], strict=False):
        middle = (a + b) / 2
        now = [sum(clip(p, middle, p[2])[1] for p in c.pieces if p[0] <= middle < p[2]) for c in courses]
        if not (all(x == 0 for x in now) or all(x == 1 for x in now)):
            total += b - a
    return total
