"""When windows are open and people are there, for the naive model: from rule 25 alone, with spans of instants as given.

Not here: the model (``naive``).
"""

import math
from typing import Any


def since_push(scenario: Any, world: Any, spans: list[tuple[int, int]], end: int) -> list[tuple[float, float]]:
    """Return spans of seconds since 1970 in minutes since the push, open for ever from the layout's end on."""
    epoch, push = scenario.pushes.allowed[0][0], world.draw("push")
    minutes = [((a - epoch) / 60, (b - epoch) / 60) for a, b in spans if a < end]
    last = (end - epoch) / 60
    if minutes and minutes[-1][1] >= last:
        last = minutes.pop()[0]
    return [(a - push, b - push) for a, b in [*minutes, (last, math.inf)]]


def layout(scenario: Any) -> tuple[int, int]:
    """Return from when to when calendars are laid out, in seconds since 1970."""
    allowed = scenario.pushes.allowed
    horizon = scenario.horizon_minutes if scenario.horizon_minutes < math.inf else 0.0
    return allowed[0][0], allowed[-1][1] + math.ceil(horizon * 60) + 730 * 86_400


LAID_OUT: dict[Any, list[tuple[int, int]]] = {}  # two years of windows take a while: each once


def spans(window: Any, start: int, end: int, zone: str) -> list[tuple[int, int]]:
    """Return when a window, or a calendar without its freezes, is open."""
    key = (repr(window), start, end, zone)
    if key not in LAID_OUT:
        LAID_OUT[key] = (window.open if hasattr(window, "open") else window.spans)(start, end, zone)
    return LAID_OUT[key]


def windows(plan: Any, scenario: Any, world: Any, w: int, region: int) -> list[tuple[float, float]] | None:
    """Return when a region's deployment may start, in minutes since the push; None for always."""
    calendar = plan.waves[w].calendar or plan.calendar
    if calendar is None or calendar == "none":
        return None
    zone = scenario.fleet.regions[region].local_zone if calendar.zone == "region" else calendar.zone
    start, end = layout(scenario)
    return since_push(scenario, world, spans(calendar, start, end, zone), end)


def staffed(scenario: Any, world: Any) -> list[tuple[float, float]]:
    if scenario.staffed is None:
        return [(-math.inf, math.inf)]
    start, end = layout(scenario)
    return since_push(scenario, world, spans(scenario.staffed, start, end, scenario.staffed.zone), end)


def after_work(scenario: Any, world: Any, now: float, wait: float) -> float:
    """Return the first instant by which so many staffed minutes have gone."""
    if wait == 0:
        return now
    for begin, end in staffed(scenario, world):
        if end > now:
            begin = max(begin, now)
            if begin + wait <= end:
                return begin + wait
            wait = wait - (end - begin)
    raise AssertionError("the last span has no end")
