"""The report's first answers: the first plan against each alternative, what makes the difference, what would turn it.

Not here: how any of it is worked out (``analysis``), the pictures (``plots``).
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulation.analysis.compare import Comparison
from simulation.analysis.parts import Parts, waves_or_minutes
from simulation.analysis.sensitivity import Sensitivity, sensitivity
from simulation.analysis.turning import CALLED, BreakEven
from simulation.analysis.variants import IMPACT, of_comparison
from simulation.report.html import Html, bullets, cards, element, paragraph
from simulation.results.figures import amount, estimated, odds
from simulation.results.numerals import alike, minutes_of, number
from simulation.results.statistics import ROUNDING, Estimate, without_rounding
from simulation.running.beside import Begun, begin
from simulation.scenario import Scenario
from waves import Plan

HALF = "probability_share_exposed_at_least_0.5"
TURNS = 4096  # trials of each plan at each turn of an assumption, in a report
SENTENCES = 8

Turned = tuple[Sensitivity, Parts | None]  # every assumption turned, and the first two plans taken apart


def answers(comparison: Comparison, changes_a_month: float | None = None) -> Html:
    """Return each alternative against the first plan: time saved, harm added, odds, a month, the price it is worth.

    Parameters
    ----------
    comparison
        The first plan is the one that alternatives are held against.
    changes_a_month
        How many changes go out; without it nothing is said of a month.
    """
    names = list(comparison.outcomes)
    if len(names) < 2:
        return paragraph("There is one plan: give a second one to hold it against.")
    turned = of_comparison(comparison)
    heads = [f"against {names[0]}", "time to ship", "harm of a change", "half the traffic exposed"]
    heads += ["in a month"] * (changes_a_month is not None) + ["worth it while a fleet-minute costs"]
    rows = []
    for n, name in enumerate(names[1:], start=1):
        time, harm = (_difference(comparison, name, figure) for figure in ("minutes_to_ship", "impact_minutes_mean"))
        cells = [name, _time(time), _harm(harm), _odds(comparison, name)]
        cells += [_month(time, harm, changes_a_month)] if changes_a_month is not None else []
        rows.append((*cells, _worth(turned.worth(n, 0), time, harm)))
    return cards(heads, rows)


def _difference(comparison: Comparison, name: str, figure: str) -> Estimate:
    found = comparison.differences
    return without_rounding(
        Estimate(*(float(found[column][(name, figure)]) for column in ("difference", "low", "high")))
    )


def _time(found: Estimate) -> Html:
    return _cell(found, "saves", "takes another", "minutes")


def _harm(found: Estimate) -> Html:
    return _cell(found, "spares", "adds", "fleet-minutes")


def _cell(found: Estimate, less: str, more: str, unit: str) -> Html:
    if not math.isfinite(found.value):
        return element("span", "unknown" if math.isnan(found.value) else f"{more} without end")
    if found.value == 0.0 and not found.high > 0:
        return element("span", "the same")
    word, sign = (less, -1.0) if found.value < 0 else (more, 1.0)
    low, high = sorted((sign * found.low, sign * found.high))
    size, interval = estimated(abs(found.value), low, high, unit)
    interval = "too few differ to tell" if math.isnan(found.low) else interval
    return element("span", f"{word} {size}") + Html("<br>") + element("small", interval)


def _odds(comparison: Comparison, name: str) -> str:
    """Say how often half the traffic is exposed, here and under the first plan."""
    values = [
        comparison.outcomes[each].estimate(HALF, comparison.confidence)[0] for each in (name, comparison.baseline)
    ]
    ours, theirs = (odds(each.value) if each.value > 0 else f"less than {odds(each.high)}" for each in values)
    return f"{ours} against {theirs}"


def _month(time: Estimate, harm: Estimate, changes: float) -> str:
    if not (math.isfinite(time.value) and math.isfinite(harm.value)):
        return "unknown"
    if time.value == harm.value == 0.0:
        return "the same"
    hours = f"{'saves' if time.value < 0 else 'takes another'} {minutes_of(abs(time.value) * changes)}"
    return f"{hours}, {'spares' if harm.value < 0 else 'adds'} {number(abs(harm.value) * changes)} fleet-minutes"


def _worth(found: Estimate, time: Estimate, harm: Estimate) -> Html:
    if time.value == harm.value == 0.0:
        return element("span", "the same")
    if math.isnan(found.value):
        both = "always: better in both" if time.value <= 0 and harm.value <= 0 else "never: worse in both"
        return element("span", both if math.isfinite(time.value) else "unknown")
    less = "less" if harm.value > 0 else "more"
    price, interval = estimated(found.value, found.low, found.high, "minutes")
    ends = "unknown" if math.isnan(found.low) else interval
    words = f"{less} than {price} of waiting"
    return element("span", words) + Html("<br>") + element("small", ends)


def begin_turns(
    plans: Mapping[str, Plan],
    scenario: Scenario,
    *,
    seed: int = 0,
    confidence: float = 0.95,
    price: float | None = None,
    wanted: bool = True,
) -> Begun[Turned] | None:
    """Begin to turn every assumption, beside whatever comes next; nothing where nobody wants it, or of one plan.

    The difference between the first two plans is taken apart, too.

    Parameters
    ----------
    plans, scenario, seed, confidence, price
        As for `sensitivity`.
    wanted
        Whether to turn them at all: it takes some seconds of a core.
    """
    if not wanted or len(plans) < 2:
        return None
    own = {"plans": dict(plans), "scenario": scenario, "seed": seed, "confidence": confidence, "price": price}
    return begin(_turned, **own)


def _turned(plans: Mapping[str, Plan], scenario: Scenario, price: float | None, **own: Any) -> Turned:
    found = sensitivity(plans, scenario, price=price, trials=TURNS, **own)
    first, second = (plan.replace(name=name) for name, plan in list(plans.items())[:2])
    if set(first.regions) != set(second.regions):
        return found, None
    return found, waves_or_minutes(first, second, scenario, trials=2 * TURNS, **own)


def picture_of_parts(begun: Begun[Turned] | None):  # type: ignore[no-untyped-def]
    """Draw what makes the difference between the first two plans, or nothing."""
    parts = begun.result()[1] if begun else None
    return parts.plot() if parts else Html("")


def picture_of_turns(begun: Begun[Turned] | None):  # type: ignore[no-untyped-def]
    """Draw what each assumption does to the second plan against the first, or nothing."""
    found = begun.result()[0] if begun else None
    return found.plot() if found and found.levers else Html("")


def flips(begun: Begun[Turned] | None) -> Html:
    """Say which assumption would turn an answer, and where; which change nothing; and what a wrong choice costs."""
    if begun is None:
        return paragraph("Nobody asked what would turn the answers: there is one plan, or it was left out.")
    return turning(begun.result()[0])


def turning(own: Sensitivity) -> Html:
    """Say the same of a sensitivity."""
    silent = paragraph(*(f"{each}. " for each in own.silent)) if own.silent else Html("")
    return _turning(own) + silent + _regrets(own)


def _turning(own: Sensitivity) -> Html:
    count = f"{len(own.levers)} assumptions, each turned by itself up to ten times either way"
    if not own.breaks:
        figures = "harm, time to ship or cost" if own.price else "harm or time to ship"
        return paragraph(f"Of {count}, none makes another plan as good as {own.baseline} in {figures}, or the reverse.")
    breaks = in_turn([each for each in own.breaks if sure(_base(own, each.plan, each.figure))])
    said = [f"{each.sentence(own.baseline)}{'' if each.within else ' (beyond its range)'}." for each in breaks]
    more = len(said) - SENTENCES
    rest = paragraph(f"And {more} more, farther away.") if more > 0 else Html("")
    told = {each.plan for each in breaks}
    firm = [name for name in list(own.plans)[1:] if name not in told and _apart(own, name)]
    none = paragraph(f"None turns how {own.baseline} compares with {', '.join(firm)}.") if firm else Html("")
    open_ = [name for name in list(own.plans)[1:] if not _apart(own, name)]
    alike_ = f"Between {own.baseline} and {', '.join(open_)} there is no sure difference to turn."
    last = paragraph(alike_) if open_ else Html("")
    head = f"Of {count}, these turn an answer:" if said else f"There are {count}."
    return paragraph(head) + none + (bullets(said[:SENTENCES]) if said else Html("")) + rest + last


def _base(own: Sensitivity, name: str, figure: str) -> Estimate:
    return without_rounding(own.base.difference(list(own.plans).index(name), 0, figure))


def _apart(own: Sensitivity, name: str) -> bool:
    """Whether a plan surely differs from the first in anything: what is not so has no answer to turn."""
    return any(sure(_base(own, name, figure)) for figure in own.figures)


def sure(found: Estimate) -> bool:
    """Return whether a difference is not nought, by its interval."""
    return math.isinf(found.value) or not (math.isnan(found.low) or found.low <= 0 <= found.high)


def in_turn(breaks: Sequence[BreakEven]) -> list[BreakEven]:
    """Return break-evens so that each plan's nearest is told before the second of any."""
    told: Counter[str] = Counter()
    turns = []
    for each in breaks:
        turns.append(told[each.plan])
        told[each.plan] += 1
    return [breaks[n] for n in sorted(range(len(breaks)), key=turns.__getitem__)]


def _regrets(own: Sensitivity) -> Html:
    """Return what each plan costs over the best one, by objective: as the scenario is, and at the worst turn."""
    heads = ("what a choice costs over the best one", *(CALLED[each] for each in own.figures))
    harms = own.regret.xs(IMPACT, level="figure")[["regret", "low", "high"]].to_numpy(dtype=float)
    write = alike(harms[:, 0].tolist())
    rows = [(name, *(_regret(own, name, figure, write) for figure in own.figures)) for name in own.plans]
    return cards(heads, rows)


def _best(own: Sensitivity, name: str, figure: str) -> str:
    """Say that a plan is the best, or beside which others nobody can tell."""
    plans = list(own.plans)
    against = {
        each: own.base.difference(plans.index(each), plans.index(name), figure) for each in plans if each != name
    }
    against = {each: without_rounding(found) for each, found in against.items()}
    same = [each for each, found in against.items() if found.value == 0.0 and not found.high > 0]
    unsure = [each for each, found in against.items() if each not in same and not sure(found)]
    if unsure:
        return f"nothing, but there is no sure difference from {', '.join(unsure)}"
    return f"nothing: as good as {', '.join(same)}" if same else "nothing: it is the best"


def _regret(own: Sensitivity, name: str, figure: str, write: Callable[..., str]) -> Html:
    value, low, high, worst = (
        float(own.regret[column][(name, figure)]) for column in ("regret", "low", "high", "worst")
    )
    value, low, high = without_rounding(Estimate(value, low, high))
    where, unit = (str(own.regret[column][(name, figure)]) for column in ("worst_assumption", "unit"))
    words = _best(own, name, figure)
    if value != 0.0 or high > 0:
        size, interval = estimated(value, low, high, unit)
        if figure == IMPACT:
            size, interval = (f"{each} {unit}" for each in (write(value), f"{write(low)} to {write(high)}"))
        words = f"{size} ({'too few differ to tell' if math.isnan(low) else interval})"
    most = amount(worst, unit) if math.isfinite(worst) else "without end"
    at = "" if not worst > max(value, 0.0) + ROUNDING else f"at worst {most}: {where}"
    return element("span", words) + (Html("<br>") + element("small", at) if at else Html(""))
