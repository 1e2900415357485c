"""The figures of a summary in words: what each is called, and how its numbers are written.

Not here: how they are estimated (``outcomes``, ``statistics``), how numbers are rounded (``numerals``).
"""

import math
from collections.abc import Callable
from functools import partial

from simulation.results.numerals import apart, digits_of, minutes_of, number, percent

_SPREADS = {
    "share_exposed": "traffic exposed to a defect",
    "peak_share": "traffic hurt at one instant",
    "impact_minutes": "impact of a change",
    "regions_exposed": "regions exposed to a defect",
    "mixed_minutes": "time with two versions in service",
    "impact_minutes_given_defect": "impact of a bad change",
    "end_minutes_given_shipped": "time until complete, of those that ship",
    "detected_minutes": "time of the first true alarm",
    "recovered_minutes": "time of the last recovery",
}
_STATISTICS = {"mean": "mean", "p50": "median", "p95": "95th percentile", "p99": "99th percentile"}
_SINGLE = {
    "probability_shipped": "chance of shipping",
    "probability_completed": "chance of completing without a defect",
    "probability_escaped": "chance that a defect escapes",
    "probability_caught": "chance that a true alarm halts it",
    "probability_false_alarm": "chance that a false alarm halts it",
    "probability_deploy_failed": "chance that a deployment fails",
    "probability_rejected": "chance that it is rejected",
    "probability_build_failed": "chance that the build fails",
    "probability_failover_hit": "chance that failover partners hurt at once",
    "failed_requests_mean": "failed requests of a change, mean",
    "minutes_to_ship": "time to ship, halted attempts repeated",
}
FIGURES = _SINGLE | {
    f"{column}_{short}": f"{words}, {long}" for column, words in _SPREADS.items() for short, long in _STATISTICS.items()
}
OF_SERVICE = {  # those that an objective and a number of changes a month add
    "error_budget_mean": "error budget spent by a change, mean",
    "error_budget_p95": "error budget spent by a change, 95th percentile",
    "error_budget_p99": "error budget spent by a change, 99th percentile",
    "error_budget_per_month_mean": "error budget spent in a month, mean",
    "impact_minutes_per_month_mean": "impact of a month's changes, mean",
    "failed_requests_per_month_mean": "failed requests of a month's changes, mean",
}
REACHED = {
    "regions_exposed": ("{} regions or more are exposed to a defect", "regions"),
    "share_exposed": ("{} of the traffic or more is exposed to a defect", "share of traffic"),
    "peak_share": ("{} of the traffic or more hurts at one instant", "share of traffic"),
    "impact_minutes": ("a change costs {} or more", "fleet-minutes"),
}
UNITS = {  # of the columns of which a summary has the mean and quantiles, over all trials
    "share_exposed": "share of traffic",
    "peak_share": "share of traffic",
    "impact_minutes": "fleet-minutes",
    "regions_exposed": "regions",
    "mixed_minutes": "minutes",
}
PAIRED = {  # figures of which there are differences between plans, trial by trial, with their units
    "probability_shipped": "probability",
    "probability_failover_hit": "probability",
    **{f"{column}_mean": unit for column, unit in UNITS.items()},
    "end_minutes_given_shipped_mean": "minutes",
    "minutes_to_ship": "minutes",
}

EXACT = 6  # digits of what a person gave
RARE = 0.01  # from here on a chance is not told as odds
REACHES = "_at_least_"
WRITERS: dict[str, Callable[..., str]] = {
    "probability": percent,
    "share of traffic": percent,
    "share of the budget": percent,
    "minutes": minutes_of,
}


def called(figure: str) -> str:
    """Return what a figure is called: `chance that 50 % of the traffic or more is exposed to a defect`.

    Parameters
    ----------
    figure
        Its name; one that there is not is called by it.
    """
    if figure in FIGURES or figure in OF_SERVICE:
        return (FIGURES | OF_SERVICE)[figure]
    column, reaches, least = figure.removeprefix("probability_").partition(REACHES)
    if not reaches or column not in REACHED:
        return figure
    words, unit = REACHED[column]
    return f"chance that {words.format(number(float(least)) if unit == 'regions' else amount(float(least), unit))}"


def amount(value: float, unit: str, digits: int = 2) -> str:
    """Write a figure's value with its unit: `25 %`, `3 h 48 min`, `0.14 fleet-minutes`.

    Parameters
    ----------
    value
        As the summary has it; NaN reads `unknown`.
    unit
        As the summary has it.
    digits
        About how many count; `EXACT` for what a person gave, such as a limit. What stands beside its interval is
        written by `estimated`.
    """
    return f"{WRITERS.get(unit, number)(value, digits)}{'' if math.isnan(value) else _after(unit)}"


def odds(value: float, digits: int = 3) -> str:
    """Write a small probability as people say it: `1 in 1,200`; from one in a hundred on, `25 %`."""
    if not 0 < value < RARE:
        return percent(value)
    return f"1 in {float(f'{1 / value:.{digits}g}'):,.0f}"


def between(low: float, high: float, unit: str, least: int = 2) -> str:
    """Write an interval: `2.1 % to 2.9 %`; the unit once where both ends share it."""
    unknown = math.isnan(low) and math.isnan(high)
    return f"{apart(low, high, WRITERS.get(unit, number), least)}{'' if unknown else _after(unit)}"


def estimated(value: float, low: float, high: float, unit: str, least: int = 2) -> tuple[str, str]:
    """Write an estimate and its interval with the same digits: `0.382 %`, and `0.378 % to 0.387 %`.

    Rounded more coarsely than its interval, an estimate would stand outside of it.

    Parameters
    ----------
    value, low, high, unit
        As the summary has them.
    least
        So many digits at least.
    """
    digits = max(least, digits_of(low, high, WRITERS.get(unit, number)))
    return amount(value, unit, digits), between(low, high, unit, least)


def held_against(limit: float, figure: str, found: tuple[float, float, float], unit: str) -> tuple[str, str, str]:
    """Write a limit, and what it is held against: `1 in 1,200`, `1 in 214`, and `1 in 226 to 1 in 197`.

    With three digits, as in a terminal, and with more where a number would read like the limit and is another. A chance
    to reach something is written as odds where all of its numbers are small.
    """
    value, low, high = found
    known = [each for each in found if not math.isnan(each)]
    as_odds = REACHES in figure and all(each < RARE for each in (limit, *known))
    for digits in range(3, EXACT + 1):
        write = partial(odds, digits=digits) if as_odds else partial(amount, unit=unit, digits=digits)
        said = write(limit) if as_odds else amount(limit, unit, EXACT)
        if all(write(each) != said or each == limit for each in known):
            break
    if as_odds:
        ends = tuple(dict.fromkeys((write(low), write(high))))
        return said, write(value), " to ".join(ends)
    return said, *estimated(value, low, high, unit, digits)


def _after(unit: str) -> str:
    return " of the budget" if unit == "share of the budget" else "" if unit in WRITERS else f" {unit}"
