"""Where the minutes of a rollout go, for the naive model: from the page's words on `time_spent` alone, span by span.

Not here: the model (``naive``), of which this takes when regions deploy and when the pipeline ends.
"""

import math
from collections.abc import Iterator
from typing import Any

from tests.naive import FAILURE, Course, first_halt, gathered, undisturbed

Phase = tuple[str, float, float]


def naive_spent(plan: Any, scenario: Any, world: Any) -> dict[str, float]:
    """Return the minutes of a rollout's pipeline by part, none of them after its end."""
    courses, end, outcome, decisions = undisturbed(plan, scenario, world)
    halt, rank, _ = first_halt(plan, scenario, world, courses, end, outcome, decisions)
    if halt <= end and rank != FAILURE:
        end = halt
    minutes = dict.fromkeys(("build", "handover", "approval", "closed_window", "deploy", "bake"), 0.0)
    decided = {wave: falls for _, falls, wave in decisions}
    for part, begin, until in phases(plan, world, courses, decided, outcome):
        minutes[part] += max(0.0, min(until, end) - begin)
    return minutes


def phases(plan: Any, world: Any, courses: list[Course], decided: dict[int, float], outcome: str) -> Iterator[Phase]:
    """Yield what the pipeline does, from when until when, were it never cut short."""
    now = world.draw("build")
    yield "build", 0.0, now
    for w, wave in enumerate(plan.waves if outcome != "build_failed" else ()):
        if w > 0:
            yield "handover", now, now + world.draw("handover", w)
            now = now + world.draw("handover", w)
        if w in decided:
            yield "approval", now, decided[w]
            now = decided[w]
        busy = [span(c) for c in courses if c.wave == w and c.attempts]
        if not busy:
            return
        last = max(until for _, until in busy)
        yield from parted(busy, now, last)
        well = [c for c in courses if c.wave == w and c.failed == math.inf]
        now = max([last + wave.bake_minutes] + [gathered(c, 0.0, wave.bake_requests, c.traffic, 0.0) for c in well])
        yield "bake", last, now


def span(c: Course) -> tuple[float, float]:
    """Return from when until when a region deploys, retries and steps included."""
    return c.attempts[0][0], min(c.ended, c.failed) if min(c.ended, c.failed) < math.inf else c.attempts[-1][1]


def parted(busy: list[tuple[float, float]], begin: float, last: float) -> Iterator[Phase]:
    """Yield the time of a wave between any two moments: `deploy` where a region deploys, else `closed_window`."""
    moments = sorted({begin, last, *(t for each in busy for t in each)})
    for a, b in zip(moments, moments[1:], strict=False):
        yield "deploy" if any(start <= a and b <= until for start, until in busy) else "closed_window", a, b
