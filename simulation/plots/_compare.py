"""Plans side by side: blast radius and time with intervals, the trade-off between them, and paired differences.

Not here: whole distributions, outcomes and single regions (``_distributions``, ``_outcome_shares``, ``_regions``).
"""

import math
from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes

from simulation.plots.charts import (
    amount_axis,
    colour,
    dot,
    duration_axis,
    finite,
    hollow,
    name_rows,
    origin,
    rule_rows,
    share_axis,
)  # fmt: skip
from simulation.plots.labels import Spot, label_points
from simulation.plots.style import MARGIN, MUTED, SMALL, WIDTH, Picture, styled
from simulation.plots.words import fit, minutes_of, number, percent, titled
from simulation.results.outcomes import Outcomes

LEFT, PANEL, BETWEEN = 1.95, 3.14, 0.48  # inches
HEAD, FOOT = 0.42, 0.55  # inches above and below each row of panels
TRADE = 2.9  # the height of the trade-off
MARKS = {"mean": "o", "p50": "D", "p95": "^", "p99": "s", "to ship": "v", "probability": "o"}
Estimates = list[tuple[float, float, float]]


def compare(outcomes: Mapping[str, Outcomes], *, confidence: float = 0.95) -> Picture:
    """Draw blast radius and time of each plan side by side, and the trade-off between the two.

    Parameters
    ----------
    outcomes
        By the plan's name.
    confidence
        Of the intervals, such as 0.95.

    Returns
    -------
    Picture
        A matplotlib figure: traffic exposed, impact, time to completion and chance of shipping with intervals, and
        below them one point a plan, time against impact.

    Raises
    ------
    ValueError
        Where there are no outcomes.
    """
    if not outcomes:
        raise ValueError("there are no outcomes to draw; give those of at least one plan")
    with styled():
        tables = {name: each.summary(confidence) for name, each in outcomes.items()}
        tall = max(0.34 * len(tables), 0.5) if len(tables) > 8 else max(0.46 * len(tables), 0.6)
        body = 2 * (HEAD + tall + FOOT) + HEAD + TRADE + FOOT
        picture = Picture(_title(tables, outcomes), _caption(tables, outcomes, confidence), body)
        panels = (
            ("Traffic exposed", "share of the fleet's traffic", "share", _figures("share_exposed")),
            ("Impact", "fleet-minutes", "amount", _figures("impact_minutes")),
            ("Time until it is complete", "since the push", "duration", TIMES),
            ("Chance of shipping", "probability that it completes", "chance", {"probability": "probability_shipped"}),
        )  # fmt: skip
        for i, (title, unit, kind, figures) in enumerate(panels):
            line, column = divmod(i, 2)
            top = HEAD + line * (HEAD + tall + FOOT)
            axes = picture.place(LEFT + column * (PANEL + BETWEEN), top, PANEL, tall)
            _panel(axes, tables, figures, kind, unit)
            _head(axes, title, figures, tall)
            if column == 0:
                name_rows(axes, list(tables), LEFT - MARGIN - 0.12)
        below = picture.place(0.95, 2 * (HEAD + tall + FOOT) + HEAD - 0.1, WIDTH - 0.95 - MARGIN - 0.1, TRADE)
        _trade_off(below, tables)
    return picture


TIMES = {"p50": "end_minutes_given_shipped_p50", "p95": "end_minutes_given_shipped_p95", "to ship": "minutes_to_ship"}


def _figures(column: str) -> dict[str, str]:
    return {statistic: f"{column}_{statistic}" for statistic in ("mean", "p95", "p99")}


def estimates(tables: Mapping[str, pd.DataFrame], figure: str) -> Estimates:
    """Return a figure's estimate, low and high, one plan after the other."""
    return [tuple(float(table[part][figure]) for part in ("estimate", "low", "high")) for table in tables.values()]  # type: ignore[misc]


def _panel(axes: Axes, tables: Mapping[str, pd.DataFrame], figures: Mapping[str, str], kind: str, unit: str) -> None:
    rule_rows(axes, len(tables))
    found = {statistic: estimates(tables, figure) for statistic, figure in figures.items()}
    values = [part for rows in found.values() for row in rows for part in row]
    if kind == "share":
        share_axis(axes.xaxis, values)
    elif kind == "chance":
        share_axis(axes.xaxis, values, whole=True)
    elif kind == "amount":
        unit += amount_axis(axes.xaxis, values)
    else:
        unit = f"{duration_axis(axes.xaxis, values)} {unit}"
    axes.set_xlabel(unit, loc="left")
    step = 0.24 if len(found) > 1 else 0.0
    for n, (statistic, rows) in enumerate(found.items()):
        for row, estimate in enumerate(rows):
            dot(axes, row + (n - (len(found) - 1) / 2) * step, estimate, MARKS[statistic], colour(row), 5.5)


SIGNS = {"mean": "● mean", "p50": "◆ p50", "p95": "▲ p95", "p99": "■ p99", "to ship": "▼ to ship"}


def _head(axes: Axes, title: str, figures: Mapping[str, str], tall: float) -> None:
    axes.text(0, 1 + 0.1 / tall, title, transform=axes.transAxes, weight="bold")
    if len(figures) > 1:
        text = "   ".join(SIGNS[statistic] for statistic in figures)
        axes.text(1, 1 + 0.1 / tall, text, transform=axes.transAxes, size=7.5, color=MUTED, ha="right")


def _trade_off(axes: Axes, tables: Mapping[str, pd.DataFrame]) -> None:
    """Draw one point a plan: how long it takes to ship against what a change costs."""
    times, costs = estimates(tables, "minutes_to_ship"), estimates(tables, "impact_minutes_mean")
    shown = [i for i in range(len(tables)) if math.isfinite(times[i][0]) and math.isfinite(costs[i][0])]
    hours = duration_axis(axes.xaxis, [part for row in times for part in row])
    log = amount_axis(axes.yaxis, [part for row in costs for part in row])
    axes.set_xlabel(f"{hours} to ship on average, halted rollouts repeated", loc="left")
    axes.set_ylabel(f"fleet-minutes a change{log}")
    axes.grid(True)
    axes.text(0, 1 + 0.1 / TRADE, "The trade-off: time against impact", transform=axes.transAxes, weight="bold")
    axes.text(1, 1 + 0.1 / TRADE, "better: down and left", transform=axes.transAxes, size=7.5, color=MUTED, ha="right")
    names = list(tables)
    for i in shown:
        (x, left, right), (y, low, high) = times[i], costs[i]
        if math.isfinite(left) and math.isfinite(right):
            axes.plot([left, right], [y, y], color=colour(i), linewidth=1.5, zorder=3)
        if math.isfinite(low) and math.isfinite(high):
            axes.plot([x, x], [low, high], color=colour(i), linewidth=1.5, zorder=3)
        axes.plot([x], [y], "o", color=colour(i), markersize=7, zorder=4, clip_on=False)
    whiskers = [box for i in shown for box in ((*times[i][1:], *costs[i][:1] * 2), (*times[i][:1] * 2, *costs[i][1:]))]
    spots = [Spot(times[i][0], costs[i][0], fit(names[i], 2.2, SMALL)) for i in _front_first(shown, times, costs)]
    unnamed = label_points(axes, whiskers, spots)
    lost = [names[i] for i in range(len(names)) if i not in shown]
    notes = [f"no room for the names of {len(unnamed)} of {len(spots)}"] * bool(unnamed)
    notes += [f"not here, as they never ship or never end to hurt: {', '.join(lost)}"] * bool(lost)
    if notes:
        text = fit("; ".join(notes), 4.4, 7.5)
        axes.annotate(text, (1, 0), (0, -24), xycoords="axes fraction", textcoords="offset points", size=7.5,
                      color=MUTED, ha="right", va="top")  # fmt: skip
    if not shown:
        axes.text(0.5, 0.5, "no plan has a point here", transform=axes.transAxes, color=MUTED, ha="center")


def _front_first(shown: list[int], times: Estimates, costs: Estimates) -> list[int]:
    """Order points by how much their names matter: first those that none is better than in both, then the others."""
    best, front = math.inf, []
    for i in sorted(shown, key=lambda i: (times[i][0], costs[i][0])):
        if costs[i][0] < best:
            best = costs[i][0]
            front.append(i)
    return front + [i for i in shown if i not in front]


def _title(tables: Mapping[str, pd.DataFrame], outcomes: Mapping[str, Outcomes]) -> str:
    value = {name: {figure: float(t["estimate"][figure]) for figure in HEADLINE} for name, t in tables.items()}
    names = list(value)
    trials = len(next(iter(outcomes.values())).trials)
    calm = min(names, key=lambda name: value[name]["impact_minutes_mean"])
    fast = min(names, key=lambda name: value[name]["minutes_to_ship"])
    cost, time = value[calm]["impact_minutes_mean"], minutes_of(value[fast]["minutes_to_ship"])
    if math.isinf(value[fast]["minutes_to_ship"]):
        return f"None of {trials:,} rollouts{' a plan' if len(names) > 1 else ''} shipped"
    if len(names) == 1:
        chance = percent(value[calm]["probability_shipped"])
        costs = f"costs {number(cost)} fleet-minutes on average" if math.isfinite(cost) else "can hurt without end"
        return f"{titled(calm)}: a change {costs}, and {chance} of the rollouts ship"
    if math.isinf(cost):
        return f"Under every plan a change can hurt without end; {titled(fast)} is the fastest, {time} to ship"
    if all(value[name]["impact_minutes_mean"] == 0 for name in names):
        return f"No plan lost anything in {trials:,} rollouts; {titled(fast)} is the fastest, {time} to ship"
    least = f"{titled(calm)} costs least on average, {number(cost)} fleet-minutes a change"
    if calm == fast:
        return f"{least}, and is the fastest too, {time} to ship"
    own, other = minutes_of(value[calm]["minutes_to_ship"]), number(value[fast]["impact_minutes_mean"])
    slow = "never ships" if own == "∞" else f"takes {own} to ship"
    return f"{least}, and {slow}; {titled(fast)} takes {time}, and costs {other}"


HEADLINE = ("impact_minutes_mean", "minutes_to_ship", "probability_shipped")


def _caption(tables: Mapping[str, pd.DataFrame], outcomes: Mapping[str, Outcomes], confidence: float) -> str:
    figures = [*_figures("share_exposed").values(), *_figures("impact_minutes").values(), *TIMES.values()]
    parts = [f"{origin(outcomes)}. Whiskers: {confidence * 100:g} % intervals."]
    parts.append("To ship: the mean time until one ships, those that halt repeated.")
    rows = [row for figure in figures for row in estimates(tables, figure)]
    if hollow(row for row in rows):
        parts.append("Hollow: too few trials for an interval.")
    if any(math.isinf(row[0]) for row in rows):
        parts.append("∞: without bound.")
    if not finite(row[0] for row in estimates(tables, TIMES["p50"])):
        parts.append("No rollout shipped.")
    return " ".join(parts)
