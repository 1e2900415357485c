"""How bad it can get, in tables: exposure, the worst trials with their causes, what went wrong, the error budget.

Not here: how any of it is worked out (``results``), the main figures (``tables``).
"""

from simulation.analysis.compare import Comparison
from simulation.report.html import Html, element, paragraph, table
from simulation.results.figures import OF_SERVICE, estimated, odds
from simulation.results.numerals import number, percent

LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)
WORST = 10
DIGITS = 3  # as in a terminal


def exposure(comparison: Comparison) -> Html:
    """Return how likely a change exposes at least so much of the traffic, by plan."""
    found = [each.exposure(LEVELS, comparison.confidence) for each in comparison.outcomes.values()]
    rows = []
    for share in LEVELS:
        cells = []
        for each in found:
            value, low, high = (float(each[column][share]) for column in ("probability", "low", "high"))
            interval = element("small", f"{odds(low)} to {odds(high)}")
            cells.append(element("span", odds(value)) + Html("<br>") + interval)
        rows.append((percent(share), *cells))
    what = "How many changes expose at least so much of the traffic to a defect, with the interval of each."
    return paragraph(what) + table(("exposed, at least", *comparison.outcomes), rows)


def worst(comparison: Comparison) -> Html:
    """Return the worst trials of the first plan, with their cause."""
    each = comparison.outcomes[comparison.baseline]
    found = each.worst(WORST)
    if found.empty:
        return paragraph(f"No trial of {comparison.baseline} hurt anybody.")
    numbers = found[["impact_minutes", "share_exposed", "one_in"]].to_numpy(dtype=float).tolist()
    rows = [
        (trial, number(impact, DIGITS), percent(share), odds(1 / one_in), cause)
        for trial, (impact, share, one_in), cause in zip(found.index, numbers, found["cause"], strict=True)
    ]
    how = "" if comparison.sampling == "stratified" else f", sampling={comparison.sampling!r}"
    again = f"simulation.trace(plan, scenario, seed={comparison.seed}, trial={found.index[0]}{how})"
    what = (
        f"The worst trials of {comparison.baseline} among these, and how many changes are as bad or worse. "
        "To see one event by event: "
    )
    heads = ("trial", "fleet-minutes", "exposed", "as bad or worse", "cause")
    return paragraph(what, element("code", again)) + table(heads, rows)


def strata(comparison: Comparison) -> Html:
    """Return what went wrong how often under the first plan, and what came of it."""
    each = comparison.outcomes[comparison.baseline]
    found = each.strata
    found = found[found["part_of_impact"] > 0]
    if found.empty:
        return Html("")
    numbers = found[["probability", "exposes_half", "impact_minutes_mean", "part_of_impact"]].to_numpy(dtype=float)
    rows = [
        (what, odds(chance), percent(half), number(mean, DIGITS), percent(part))
        for what, (chance, half, mean, part) in zip(found["what_went_wrong"], numbers.tolist(), strict=True)
    ]
    top, _, half, _, part = rows[0]
    what = (
        f"What goes wrong, how often, and what comes of it under {comparison.baseline}: {top} reaches half the traffic "
        f"in {half} of cases, and makes {part} of the impact of all changes."
    )
    heads = ("", "how often", "reaches half the traffic", "fleet-minutes, mean", "of all impact")
    return paragraph(what) + table(heads, rows)


def budget(comparison: Comparison) -> Html:
    """Return what of the error budget goes, by plan; nothing where no objective was given."""
    service = comparison.service
    if service is None:
        return Html("")
    rows = []
    for name in service.figures:
        cells = []
        for each in comparison.outcomes.values():
            (value, low, high), unit = each.estimate(name, comparison.confidence, service)
            estimate, interval = estimated(value, low, high, unit, DIGITS)
            cells.append(element("span", estimate) + Html("<br>") + element("small", interval))
        rows.append((OF_SERVICE[name], *cells))
    what = (
        f"An objective of {service.objective:.15g} over {service.window_days:g} days leaves a budget of "
        f"{number(service.budget, DIGITS)} fleet-minutes."
    )
    return paragraph(what) + table(("", *comparison.outcomes), rows)
