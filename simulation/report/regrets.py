"""What choosing a plan costs over the best one, and what would make somebody regret it.

Not here: how assumptions are turned (``simulation.analysis.sensitivity``), the tornado (``simulation.plots``).
"""

import math
from collections.abc import Callable

from simulation.analysis.parts import waves_or_minutes
from simulation.analysis.sensitivity import Sensitivity
from simulation.analysis.variants import IMPACT, TIME
from simulation.report.choosing import sure, turning
from simulation.report.html import Html, bullets, element, paragraph
from simulation.results.figures import estimated
from simulation.results.numerals import alike, minutes_of
from simulation.results.statistics import Estimate

STEPS = (60.0, 240.0, 1440.0, 2880.0, 10080.0, 43200.0)  # prices of an example, minutes: an hour to a month
SAID = ("an hour", "four hours", "a day", "two days", "a week", "a month")


def regrets(turned: Sensitivity) -> Html:
    """Say what each plan gains and costs against the first, what would turn that, and what choosing it may cost.

    Parameters
    ----------
    turned
        Of two plans or more; the first is today's.
    """
    places = range(1, len(turned.plans))
    write = alike(part for n in places for part in turned.base.difference(n, 0, IMPACT)[:1])
    said = bullets(Html(f"{_worth(turned, n, write)}{_example(turned, n, write)}{_apart(turned, n)}") for n in places)
    what = (
        "Regret is what a choice costs over the best of these plans: as the scenario is, and at the worst turn of any"
    )
    return (
        paragraph("Time is the time to ship here: until a change is out, with halted attempts repeated.")
        + said
        + element("p", element("strong", "What would turn it, and what you may regret"))
        + paragraph(f"{what} one assumption.")
        + turning(turned)
    )


def _worth(turned: Sensitivity, place: int, write: Callable[..., str]) -> Html:
    """Say what a plan saves and adds against the first, and at which price of a fleet-minute that is worth it."""
    name, first = list(turned.plans)[place], turned.baseline
    time, harm = (turned.base.difference(place, 0, figure) for figure in (TIME, IMPACT))
    head = element("strong", name) + f" instead of {first} "
    if not sure(time) and not sure(harm):
        return head + "makes no sure difference, neither in time nor in harm."
    hurts = _way(harm, "spares", "adds", "fleet-minutes", write)
    gains = f"{_way(time, 'saves', 'takes another', 'minutes')} and {hurts}"
    price = turned.base.worth(place, 0)
    if math.isnan(price.value):
        return head + f"{gains}: {_in_both(time, harm)}."
    less = "less" if harm.value > 0 else "more"
    size, interval = estimated(price.value, price.low, price.high, "minutes")
    known = f" ({interval})" if math.isfinite(price.low) else ""
    return head + f"{gains}: worth it while a fleet-minute costs {less} than {size} of waiting{known}."


def _in_both(time: Estimate, harm: Estimate) -> str:
    """Say what two differences come to that no price decides between."""
    known = [each.value for each in (time, harm) if sure(each)]
    word = "better" if all(value <= 0 for value in known) else "worse" if min(known) >= 0 else "not better"
    return f"{word} in both" if len(known) == 2 else f"{word} in one, and in the other perhaps the same"


def _example(turned: Sensitivity, place: int, write: Callable[..., str]) -> Html:
    """Reckon once with a price, where price decides: what the harm comes to in waiting, beside the time."""
    time, harm, price = (*(turned.base.difference(place, 0, f) for f in (TIME, IMPACT)), turned.base.worth(place, 0))
    if not (math.isfinite(price.value) and sure(time) and sure(harm)):
        return Html("")
    if harm.value > 0:
        n = max((n for n, step in enumerate(STEPS) if step <= price.value / 2), default=0)
    else:
        n = min((n for n, step in enumerate(STEPS) if step >= price.value * 2), default=len(STEPS) - 1)
    cost, said = (turned.price, minutes_of(turned.price)) if turned.price else (STEPS[n], SAID[n])
    waits, gains = abs(harm.value) * cost, abs(time.value)
    worth = (waits < gains) == (harm.value > 0)
    size = f"{write(abs(harm.value))} fleet-minutes {'more' if harm.value > 0 else 'less'}"
    saved = f"{minutes_of(gains)} {'less' if time.value < 0 else 'more'}"
    end = f"{'worth it' if worth else 'not worth it'}, by {minutes_of(abs(gains - waits))} a change."
    return Html(
        f" Reckoned once: if a fleet-minute is worth {said} of waiting to you, {size} count as {minutes_of(waits)}, "
        f"beside {saved} to ship: {end}"
    )


def _apart(turned: Sensitivity, place: int) -> Html:
    """Say how much of the difference is grouping, order and bake: fewer waves often save time as they bake less."""
    names = list(turned.plans)
    first, second = (turned.plans[name].replace(name=name) for name in (names[0], names[place]))
    if set(first.regions) != set(second.regions):
        return Html("")
    if not any(sure(turned.base.difference(place, 0, figure)) for figure in (TIME, IMPACT)):
        return Html("")
    found = waves_or_minutes(first, second, turned.scenario, trials=turned.trials, seed=turned.seed)
    return Html("<br>") + element("small", f"Waves or minutes? {found.sentence}.")


def _way(found: Estimate, less: str, more: str, unit: str, write: Callable[..., str] | None = None) -> str:
    if not math.isfinite(found.value):
        return "takes nobody knows how long" if unit == "minutes" else f"{more} nobody knows how much"
    if not sure(found):
        return f"makes no sure difference in {'time' if unit == 'minutes' else 'harm'}"
    low, high = sorted((abs(found.low), abs(found.high)))
    size, interval = estimated(abs(found.value), low, high, unit)
    if write is not None:
        size, interval = (f"{each} {unit}" for each in (write(abs(found.value)), f"{write(low)} to {write(high)}"))
    return f"{less if found.value < 0 else more} {size} a change ({interval})"
