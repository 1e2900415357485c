"""What a search comes to in words: the fastest plan at today's risk, the safest at today's speed, and what is in it.

Not here: the search (``search``), how numbers are rounded (``numerals``).
"""

import math
from typing import TYPE_CHECKING

from simulation.results.figures import PAIRED, amount, between, called
from simulation.results.numerals import percent
from waves import Plan

if TYPE_CHECKING:
    from simulation.searching.found import PlanFront

TODAY = "today"


def sentences(found: "PlanFront") -> list[str]:
    """Return what is to be said of a search, sentence by sentence."""
    known = "Of all plans with one bake for all waves, and others near them" if found.every else "Of the plans tried"
    how = f"dropped was what another is as good as in each figure, or within about {percent(found.lost)} of it"
    said = [f"{known}, these are worth discussing: {how}."]
    if not found.finished:
        said.append("The search was interrupted: better plans may be missing.")
    *risks, time = found.objectives
    if not any(math.isfinite(known[time].value) for known in found.known.values()):
        said.append(
            "No change ships in any rollout of these plans: how long they take is not known, and only other figures "
            "tell them apart."
        )
    elif TODAY in found.plans and not math.isfinite(found.known[TODAY][time].value):
        said.append("Under the plan of today no change ships in any rollout; under each of the others some do.")
    elif TODAY in found.plans:
        said.append(_fastest(found, risks, time))
        said.append(_safest(found, risks, time))
    return said


def _fastest(found: "PlanFront", risks: list[str], time: str) -> str:
    name = _least(found, time, risks)
    if name is not None:
        return f"The fastest plan at today's risk is {name}: {_gain(found, name, time)}."
    return _nothing(found, time, risks, "as safe as today's", "faster")


def _safest(found: "PlanFront", risks: list[str], time: str) -> str:
    others = [*risks[1:], time]
    name = _least(found, risks[0], others)
    if name is not None:
        return f"The safest plan at today's speed is {name}: {_gain(found, name, risks[0])}."
    return _nothing(found, risks[0], others, "as fast as today's", f"better in {called(risks[0])}")


def _least(found: "PlanFront", figure: str, others: list[str]) -> str | None:
    """Return which plan is best in a figure of those as good as today's in others; None where it gains little."""
    name, little = best(found, figure, others), 1 + found.resolution
    gains = name is not None and found.known[name][figure].value * little < found.known[TODAY][figure].value
    return name if gains else None


def best(found: "PlanFront", figure: str, others: list[str]) -> str | None:
    """Return which plan beside today's is best in a figure of those as good in others; None where none is."""
    little, today = 1 + found.resolution, found.known[TODAY]
    kept = {
        name: row[figure].value
        for name, row in found.known.items()
        if name != TODAY and all(row[other].value <= today[other].value * little for other in others)
    }
    return min(kept, key=kept.__getitem__, default=None)


def _nothing(found: "PlanFront", figure: str, others: list[str], alike: str, better: str) -> str:
    looked = "Nothing that was looked at" if found.every else "Nothing that was tried"
    most = most_gained(found, figure, others)
    if math.isnan(most):
        return f"Whether a plan {alike} can be {better} is not known: too few rollouts differ."
    return f"{looked} is {alike} and more than {percent(most)} {better}."


def most_gained(found: "PlanFront", figure: str, others: list[str]) -> float:
    """Return which part of a figure of today's plan any plan that was looked at can gain at the most.

    It is in no other figure worse than today's. Each was let go for a kept one that is as good but for the resolution,
    once in the race and once when that was thinned out; so no kept one that may be as good but for that, by the ends of
    the intervals, gains more than that less.

    Returns
    -------
    float
        From 0 to 1; NaN where a difference that counts has no interval.
    """
    little, today = 1 + found.lost, found.known[TODAY][figure].value
    gains = [0.0]
    for name in found.plans:
        ends = {other: _end(found, name, other) for other in (figure, *others)}
        may = name != TODAY and not any(ends[o] > found.known[TODAY][o].value * little for o in others)
        if may:
            gains.append(math.nan if math.isnan(ends[figure]) else 1 - ends[figure] / little / today if today else 0.0)
    return math.nan if any(map(math.isnan, gains)) else max(gains)


def _end(found: "PlanFront", name: str, figure: str) -> float:
    """Return the least that a plan's figure can be if today's is what it is estimated to be.

    By their difference trial by trial, where that has an interval; else by both plans' own.
    """
    own, today = found.known[name][figure], found.known[TODAY][figure]
    if _decided(found.plans[name]) == _decided(found.plans[TODAY]):
        return today.value
    apart = found.told.apart.get((name, figure))
    if apart is not None and not math.isnan(apart.low):
        return max(today.value + apart.low, 0.0)
    return max(own.low - (today.high - today.value), 0.0)


def _decided(plan: Plan) -> Plan:
    """Return a plan without its names."""
    return plan.replace(name="plan", waves=tuple(wave.replace(name=None) for wave in plan.waves))


def _gain(found: "PlanFront", name: str, figure: str) -> str:
    unit = PAIRED.get(figure, "probability")
    own, today = (amount(found.known[each][figure].value, unit) for each in (name, TODAY))
    gain = f"{called(figure)} {own} rather than {today}"
    apart = found.told.apart.get((name, figure))
    if apart is None or math.isnan(apart.low):
        return gain
    return f"{gain}, {between(-apart.high, -apart.low, unit)} less"
