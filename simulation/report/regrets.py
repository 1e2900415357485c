"""What choosing a plan costs over the best one, and what would make somebody regret it.

Not here: how assumptions are turned (``simulation.analysis.sensitivity``), the tornado (``simulation.plots``).
"""

import math

from simulation.analysis.parts import waves_or_minutes
from simulation.analysis.sensitivity import Sensitivity
from simulation.analysis.variants import IMPACT, TIME
from simulation.report.choosing import flips
from simulation.report.html import Html, bullets, element, paragraph
from simulation.results.figures import estimated
from simulation.results.statistics import Estimate


def regrets(turned: Sensitivity) -> Html:
    """Say what each plan gains and costs against the first, what would turn that, and what choosing it may cost.

    Parameters
    ----------
    turned
        Of two plans or more; the first is today's.
    """
    said = bullets(f"{_worth(turned, n)} {_apart(turned, n)}" for n in range(1, len(turned.plans)))
    what = (
        "Regret is what a choice costs over the best of these plans: as the scenario is, and at the worst turn of any"
    )
    return (
        said
        + element("p", element("strong", "What would turn it, and what you may regret"))
        + paragraph(f"{what} one assumption.")
        + flips((turned, None))
    )


def _worth(turned: Sensitivity, place: int) -> str:
    """Say what a plan saves and adds against the first, and at which price of a fleet-minute that is worth it."""
    name, first = list(turned.plans)[place], turned.baseline
    time, harm = (turned.base.difference(place, 0, figure) for figure in (TIME, IMPACT))
    gains = f"{_way(time, 'saves', 'takes another', 'minutes')} and {_way(harm, 'spares', 'adds', 'fleet-minutes')}"
    price = turned.base.worth(place, 0)
    if math.isnan(price.value):
        best = time.value <= 0 and harm.value <= 0
        return f"{name} instead of {first} {gains}: {'better' if best else 'not better'} in both."
    less = "less" if harm.value > 0 else "more"
    size, interval = estimated(price.value, price.low, price.high, "minutes")
    known = f" ({interval})" if math.isfinite(price.low) else ""
    return (
        f"{name} instead of {first} {gains}: worth it while a fleet-minute costs {less} than {size} of waiting{known}."
    )


def _apart(turned: Sensitivity, place: int) -> str:
    """Say how much of the difference is grouping, order and bake: fewer waves often save time as they bake less."""
    names = list(turned.plans)
    first, second = (turned.plans[name].replace(name=name) for name in (names[0], names[place]))
    if set(first.regions) != set(second.regions):
        return ""
    found = waves_or_minutes(first, second, turned.scenario, trials=turned.trials, seed=turned.seed)
    return f"Waves or minutes? {found.sentence}."


def _way(found: Estimate, less: str, more: str, unit: str) -> str:
    if not math.isfinite(found.value):
        return f"{more} nobody knows how much"
    if math.isnan(found.low) or found.low <= 0 <= found.high:
        return f"makes no sure difference in {'time' if unit == 'minutes' else 'harm'}"
    low, high = sorted((abs(found.low), abs(found.high)))
    size, interval = estimated(abs(found.value), low, high, unit)
    return f"{less if found.value < 0 else more} {size} a change ({interval})"
