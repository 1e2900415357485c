"""The model a second time, from its rules alone: lay out what nothing disturbs, find what stops it first, cut there.

A slow referee for the engines. It shares no code with them: of the kit it knows the plan, the scenario and the draws.
Not here: a clock, a queue, or anything that makes a million rollouts bearable.

A region's traffic on the new version is a list of pieces (from, x, until, x), each linear, in order of time. As nothing
that a rollout does before its halt depends on the alarms, three steps give the whole of it: the pipeline as it runs if
no alarm ever comes; every alarm that would come on that course, of which the first in (instant, rank) is the halt; and
the course cut at the halt, then rolled back. Moments of rank (a) at the halt still happen, those of rank (e) don't.
"""

import math
from dataclasses import dataclass, field
from typing import Any

Piece = tuple[float, float, float, float]
TRUE, FALSE, FAILURE = 1, 2, 3  # the ranks (b), (c), (d)
LATE = 5  # a true alarm that a start of rank (e) brings about at its own instant, so after all others


@dataclass
class Course:
    """What becomes of one region of the plan."""

    name: str
    region: int
    traffic: float
    share: float
    failed: float = math.inf  # when its deployment failed for good
    pieces: list[Piece] = field(default_factory=list)
    served: float = math.inf
    ended: float = math.inf
    defect: Any = None
    recovered: float = math.inf

    @property
    def harm(self) -> float:
        return self.served + self.defect.onset if self.defect else math.inf


def naive(plan: Any, scenario: Any, world: Any) -> dict[str, Any]:
    """Return the columns of one rollout by name, and under `regions` each region's (exposed, hurt minutes, impact)."""
    courses, end, outcome = undisturbed(plan, scenario, world)
    halt, rank = first_halt(plan, scenario, world, courses, end, outcome)
    if halt <= end and rank in (TRUE, FALSE):
        end, outcome = halt, "caught" if rank == TRUE else "false_alarm"
    deployed = max(c.ended for c in courses)
    cut(courses, halt, world)
    return {
        "outcome": outcome,
        "deployed_minutes": deployed if deployed <= halt and math.isfinite(deployed) else math.nan,
        "end_minutes": end,
        "detected_minutes": halt if rank == TRUE else math.nan,
        **harm_columns(scenario, courses),
        "mixed_minutes": mixed(courses, end),
    }


def undisturbed(plan: Any, scenario: Any, world: Any) -> tuple[list[Course], float, str]:
    """Run the pipeline as if no alarm ever came; return the courses, when it ends, and how."""
    fleet = scenario.fleet
    courses = {
        name: Course(name, at, fleet.regions[at].traffic, fleet.regions[at].traffic / fleet.traffic)
        for name, at in ((name, fleet.names.index(name)) for wave in plan.waves for name in wave.regions)
    }
    everyone = list(courses.values())
    now = world.draw("build")
    if world.draw("build_failure"):
        return everyone, now, "build_failed"
    for w, wave in enumerate(plan.waves):
        if w > 0:
            now = now + world.draw("handover", w)
        if wave.approval:
            now = now + world.draw("approval_wait", w)
            if world.draw("rejection", w):
                return everyone, now, "rejected"
        here = [courses[name] for name in wave.regions]
        attempts = schedule(plan, wave, here, world, now)
        failure = min(c.failed for c in here)
        for c in here:
            launch(plan, world, c, attempts[c.name], failure)
        if failure < math.inf:
            return everyone, failure, "deploy_failed"
        last = max(c.ended for c in here)
        now = max([last + wave.bake_minutes] + [gathered(c, 0.0, wave.bake_requests, c.traffic, 0.0) for c in here])
    return everyone, now, "escaped" if any(c.defect for c in everyone) else "completed"


def schedule(plan: Any, wave: Any, here: list[Course], world: Any, now: float) -> dict[str, list[tuple[float, float]]]:
    """Give every region of a wave its attempts (start, minutes), the last of them good unless `failed` is set."""
    free = [now] * (wave.max_parallel or len(here))  # when each slot is free again
    attempts: dict[str, list[tuple[float, float]]] = {}
    for c in here:
        slot = free.index(min(free))
        start = free[slot]
        made: list[tuple[float, float]] = []
        while True:
            minutes = world.draw("deploy", c.region, len(made))
            bad = world.deploy_fails(c.region) or world.draw("deploy_failure", c.region, len(made))
            made.append((start, minutes))
            if not bad or len(made) > plan.retries:
                break
            start = start + minutes
        attempts[c.name] = made
        if bad:
            c.failed = free[slot] = start + minutes
        else:
            c.ended = free[slot] = traffic_moves(plan, c.name, start, minutes)[-1][0]
    return attempts


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


def launch(plan: Any, world: Any, c: Course, attempts: list[tuple[float, float]], failure: float) -> None:
    """Let the good attempt happen, if it starts before the wave's first failure: at that instant it is too late."""
    start, minutes = attempts[-1]
    c.defect = world.defect(c.region)
    if c.failed < math.inf or start >= failure:
        c.ended = math.inf
        return
    c.pieces = traffic_moves(plan, c.name, start, minutes)
    c.served, c.ended = c.pieces[0][0], c.pieces[-1][0]


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


def first_halt(
    plan: Any, scenario: Any, world: Any, courses: list[Course], end: float, outcome: str
) -> tuple[float, int]:
    """Collect whatever would halt, and return the first in (instant, rank); infinity where nothing does."""
    found = []
    first_harm = min(c.harm for c in courses)
    if first_harm < math.inf:
        report = first_harm + world.draw("report")
        hurting = [c for c in courses if c.harm == first_harm]
        begun = report == first_harm and all(c.pieces[0][:2] == (first_harm, 0.0) for c in hurting)
        found.append((report, LATE if begun else TRUE))
    for c in courses:
        if c.served == math.inf:
            continue
        false_alarm = c.served + world.draw("false_alarm", c.region)
        if false_alarm <= end:
            found.append((false_alarm, FALSE))
        if c.defect and c.defect.seen_by_check and c.harm <= c.ended:
            found.append((c.ended, TRUE))
        if c.defect and c.defect.seen_by_alarms:
            level = scenario.of(c.region, "alarm_threshold") / c.defect.severity - 1e-12
            rate = c.traffic * c.defect.severity
            enough = gathered(c, c.harm, world.draw("evidence", c.region), rate, level)
            found.append((enough + world.draw("lag", c.region), TRUE))
    found = [(instant, rank) for instant, rank in found if instant < math.inf and instant <= scenario.horizon_minutes]
    if outcome == "deploy_failed" and plan.on_deploy_failure == "rollback_all":
        found.append((end, FAILURE))
    halt, rank = min(found, default=(math.inf, FAILURE))
    return halt, TRUE if rank == LATE else rank


def cut(courses: list[Course], halt: float, world: Any) -> None:
    """Freeze the traffic at the halt, and drop it to nothing when the region's roll-back ends."""
    if halt == math.inf:
        return
    back = halt + world.draw("reaction")
    for c in courses:
        x = at(c, halt)
        before = [(t, x0, min(until, halt), at(c, halt) if until > halt else y) for t, x0, until, y in c.pieces]
        c.pieces = [piece for piece in before if piece[0] < piece[2]]
        if x > 0:
            failed = world.draw("rollback_failure", c.region)
            c.recovered = back + world.draw("manual_recovery" if failed else "rollback", c.region)
            c.pieces.append((halt, x, c.recovered, x))
        else:
            c.pieces = []


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
        "share_exposed": sum(c.share for c in courses if exposed[c.name]),
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
