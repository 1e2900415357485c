"""What a search comes to in words: the fastest plan near today's risk, the safest near today's speed, people's own.

Not here: the search (``search``), how numbers are rounded (``numerals``).
"""

import math
from typing import TYPE_CHECKING

from simulation.results.figures import PAIRED, amount, between, called
from simulation.results.numerals import percent
from simulation.results.statistics import Estimate
from simulation.searching.front import NOTHING, TODAY
from simulation.searching.remarks import from_best, from_least, remarks
from waves import Plan
from waves.showing import counted

if TYPE_CHECKING:
    from simulation.searching.found import PlanFront

OPEN = 0.3  # of a figure, from where on intervals leave so much open that no gain is denied


def sentences(found: "PlanFront") -> list[str]:
    """Return what is to be said of a search, sentence by sentence."""
    said = [_kept(found), *_interrupted(found)]
    *risks, time = found.objectives
    known, today = found.known, found.known.get(TODAY)
    if not any(math.isfinite(each[time].value) for each in known.values()):
        said.append(
            "No change ships in any rollout of these plans: how long they take is not known, and only other figures "
            "tell them apart."
        )
    elif not any(each[risk].value for each in known.values() for risk in risks):
        said.append("Nobody was exposed to anything in any rollout of these plans: only their time tells them apart.")
    elif today is not None and not math.isfinite(today[time].value):
        said.append("Under the plan of today no change ships in any rollout; under each of the others some do.")
    elif today is not None:
        said += [f"Risk means here: {'; '.join(map(called, risks))}."] * (len(risks) > 1)
        said += [_fastest(found, risks, time), *_safest(found, risks, time)]
    said += [*remarks(found), *from_best(found)]
    for name in found.own:
        said += [_of_own(found, name), *from_least(found, name)]
    return said


def _kept(found: "PlanFront") -> str:
    known = "Of all plans with one bake for all waves, and others near them" if found.every else "Of the plans tried"
    within = f", but for about {percent(found.lost)} of it" if found.lost > NOTHING else ""
    return f"{known}, these are worth discussing: for any other, one of these is as good in each figure{within}."


def _interrupted(found: "PlanFront") -> list[str]:
    if found.untold:
        front = counted(len(found.plans) - len(found.own) - (TODAY in found.plans) + found.untold, "plan")
        return [
            f"It was interrupted while the front was rolled out once more: of its {front}, {found.untold} are left out."
        ]
    return [] if found.finished else ["The search was interrupted: better plans may be missing."]


def short(found: "PlanFront") -> dict[str, str]:
    """Return the plans that people want to look at first, each with why: today's, their own, the fastest, the safest.

    Where nothing that is about as safe or as fast gains, the fastest of those stands for it: today's is never alone.
    """
    listed = {TODAY: f"the plan of today: {found.plans[TODAY].name}"} if TODAY in found.plans else {}
    listed |= dict.fromkeys(found.own, "asked for")
    for name, why in picked(found).items():
        listed[name] = why
    return listed


def picked(found: "PlanFront") -> dict[str, str]:
    """Return the fastest plan near today's risk, and the safest near its time, each with what it is."""
    if TODAY not in found.plans:
        return {}
    *risks, time = found.objectives
    near = _near(found)
    fast, (safe, _) = _least(found, time, risks), _safer(found, risks, time)
    if fast is None and safe is None:
        fast = best(found, time, risks)
    listed = {fast: f"the fastest {near} risk"} if fast is not None else {}
    if safe is not None:
        listed[safe] = f"{listed[safe]}, and the safest {near} time" if safe in listed else f"the safest {near} time"
    return listed


def _near(found: "PlanFront") -> str:
    return f"within {percent(found.resolution)} of today's" if found.resolution else "at today's"


def _fastest(found: "PlanFront", risks: list[str], time: str) -> str:
    name = _least(found, time, risks)
    if name is not None:
        beside = _gain(found, name, risks[0])
        return f"The fastest plan {_near(found)} risk is {name}: {_gain(found, name, time)}; {beside}."
    return _nothing(found, time, risks, "about as safe as today's", "faster")


def _safest(found: "PlanFront", risks: list[str], time: str) -> list[str]:
    """Say what gains most in the first risk at today's time; where nothing does, also what does in another one."""
    name, risk = _safer(found, risks, time)
    said = []
    if risk != risks[0]:
        others = [*risks[1:], time]
        said.append(_nothing(found, risks[0], others, "about as fast as today's", f"better in {called(risks[0])}"))
    if name is not None:
        beside = _gain(found, name, time)
        said.append(f"The safest plan {_near(found)} time is {name}: {_gain(found, name, risk)}; {beside}.")
    return said


def _safer(found: "PlanFront", risks: list[str], time: str) -> tuple[str | None, str]:
    """Return the plan that gains most in the first risk in which any does at today's time, and that risk; else none."""
    for risk in risks:
        name = _least(found, risk, [each for each in (*risks, time) if each != risk])
        if name is not None:
            return name, risk
    return None, ""


def _of_own(found: "PlanFront", name: str) -> str:
    """Say which plan is better than one of people's own in all figures, if any is, by what is estimated."""
    own = found.known[name]
    if not math.isfinite(own[found.objectives[-1]].value):
        return f"Under {name} no change ships in any rollout."
    better = [
        other for other, row in found.known.items()
        if other != TODAY and other not in found.own and all(row[each].value <= own[each].value for each in row)
        and any(row[each].value < own[each].value for each in row)
    ]  # fmt: skip
    if not better:
        return f"No plan that was found is better than {name} in every figure."
    by = min(better, key=lambda other: found.known[other][found.objectives[0]].value)

    def written(each: str) -> str:
        theirs, ours = (amount(row[each].value, PAIRED.get(each, "probability")) for row in (found.known[by], own))
        return f"{called(each)} {theirs} rather than {ours}"

    of = map(written, (found.objectives[-1], found.objectives[0]))
    return f"By what is estimated, {by} is at least as good as {name} in every figure: {'; '.join(of)}."


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
        if name != TODAY
        and name not in found.own
        and all(row[other].value <= today[other].value * little for other in others)
    }
    return min(kept, key=kept.__getitem__, default=None)


def _nothing(found: "PlanFront", figure: str, others: list[str], alike: str, better: str) -> str:
    looked = "Nothing that was looked at" if found.every else "Nothing that was tried"
    most = most_gained(found, figure, others)
    if math.isnan(most):
        return f"Whether a plan {alike} can be {better} is not known: too few rollouts differ."
    if most > OPEN:
        return f"{looked} is surely {alike} and {better}; what intervals leave open is a gain of up to {percent(most)}."
    return f"{looked} is {alike} and {f'more than {percent(most)} ' if most > NOTHING else ''}{better}."


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
    for name in (each for each in found.plans if each not in found.own):
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
    if max(abs(apart.low), abs(apart.high)) < NOTHING:
        return f"{called(figure)} {own}, as today's"
    return f"{gain}, {_apart(apart, unit)}"


def _apart(apart: Estimate, unit: str) -> str:
    """Write how far a figure is from today's: `2 h to 3 h less`, `0.0061 to 0.0097 fleet-minutes more`."""
    if apart.low <= 0 <= apart.high:
        return "no sure difference"
    less = apart.value < 0
    low, high = (-apart.high, -apart.low) if less else (apart.low, apart.high)
    return f"{between(low, high, unit)} {'less' if less else 'more'}"
