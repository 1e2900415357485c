"""The figures of a summary in words: what each is called, and how its numbers are written.

Not here: how they are estimated (``outcomes``, ``statistics``), how numbers are rounded (``numerals``).
"""

from simulation.results.numerals import apart, minutes_of, number, percent

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


def called(figure: str) -> str:
    """Return what a figure is called: `chance that 50 % of the traffic or more is exposed to a defect`.

    Parameters
    ----------
    figure
        Its name; one that there is not is called by it.
    """
    if figure in FIGURES or figure in OF_SERVICE:
        return (FIGURES | OF_SERVICE)[figure]
    column, reaches, least = figure.removeprefix("probability_").partition("_at_least_")
    if not reaches or column not in REACHED:
        return figure
    words, unit = REACHED[column]
    return f"chance that {words.format(number(float(least)) if unit == 'regions' else amount(float(least), unit))}"


def amount(value: float, unit: str) -> str:
    """Write a figure's value with its unit: `25 %`, `3 h 48 min`, `0.14 fleet-minutes`.

    Parameters
    ----------
    value
        As the summary has it; NaN reads `unknown`.
    unit
        As the summary has it.
    """
    if unit in ("probability", "share of traffic"):
        return percent(value)
    if unit == "share of the budget":
        return f"{percent(value)} of the budget"
    if unit == "minutes":
        return minutes_of(value)
    return f"{number(value)} {unit}"


def odds(value: float) -> str:
    """Write a small probability as people say it: `1 in 1,200`; from one in a hundred on, `25 %`."""
    if not 0 < value < 0.01:
        return percent(value)
    return f"1 in {float(f'{1 / value:.3g}'):,.0f}"


def between(low: float, high: float, unit: str) -> str:
    """Write an interval: `2.1 % to 2.9 %`; the unit once where both ends share it."""
    if unit in ("probability", "share of traffic"):
        return apart(low, high, percent)
    if unit == "share of the budget":
        return f"{apart(low, high, percent)} of the budget"
    if unit == "minutes":
        return apart(low, high, minutes_of)
    return f"{apart(low, high)} {unit}"
