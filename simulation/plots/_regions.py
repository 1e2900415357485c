"""Region by region: how often each is hit, what that costs the fleet, and how long it hurts, by plan.

Not here: figures of the whole fleet (``_compare``).
"""

import math
from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from simulation.plots.charts import (
    amount_axis,
    colour,
    dot,
    draw_key,
    duration_axis,
    key_height,
    marker,
    name_rows,
    origin,
    rule_rows,
    share_axis,
    spread,
)  # fmt: skip
from simulation.plots.style import MARGIN, WIDTH, Picture, styled
from simulation.plots.words import number, percent, several, span, titled
from simulation.results.outcomes import Outcomes

LEFT, BETWEEN = 2.1, 0.3  # inches
PANEL = (WIDTH - LEFT - 2 * BETWEEN - 0.3) / 3
HEAD, FOOT = 0.36, 0.55
MOST = 40  # regions; of more, those that cost most are drawn


def regions(outcomes: Mapping[str, Outcomes]) -> Picture:
    """Draw, region by region and plan by plan, how often a region is hit, what that costs, and how long it hurts.

    Parameters
    ----------
    outcomes
        By the plan's name.

    Returns
    -------
    Picture
        A matplotlib figure; one row a region, in fleet order.

    Raises
    ------
    ValueError
        Where there are no outcomes.
    """
    if not outcomes:
        raise ValueError("there are no outcomes to draw; give those of at least one plan")
    with styled():
        tables = {name: each.regions for name, each in outcomes.items()}
        fleet = next(iter(outcomes.values())).scenario.fleet
        every = [name for name in fleet.names if any(name in table.index for table in tables.values())]
        names = _dearest(tables, every, fleet.shares)
        row = max(0.26, 0.1 + (0.13 if len(names) <= 12 else 0.075) * len(tables))
        key, tall = key_height(tables), row * len(names)
        picture = Picture(_title(tables, every), _caption(outcomes, len(names), len(every)), key + HEAD + tall + FOOT)
        marks = {name: Line2D([], [], color=colour(i), marker=marker(i), markersize=5.5)
                 for i, name in enumerate(tables)}  # fmt: skip
        draw_key(picture, marks, 0.0)
        for i, (title, column, unit) in enumerate(PANELS):
            axes = picture.place(LEFT + i * (PANEL + BETWEEN), key + HEAD, PANEL, tall)
            rule_rows(axes, len(names))
            _panel(axes, tables, names, column, unit)
            axes.text(0, 1 + 0.1 / tall, title, transform=axes.transAxes, weight="bold")
            if i == 0:
                labels = [f"{name} · {percent(fleet.shares[name])}" for name in names]
                name_rows(axes, labels, LEFT - MARGIN - 0.12)
    return picture


def _dearest(tables: Mapping[str, pd.DataFrame], names: list[str], shares: Mapping[str, float]) -> list[str]:
    """Return the regions that are drawn, in fleet order: of many those that cost most under any plan."""
    cost = pd.concat([table["impact_minutes_mean"] for table in tables.values()]).groupby(level=0).max()
    first = sorted(names, key=lambda name: (float(cost[name]), shares[name]), reverse=True)[:MOST]
    return [name for name in names if name in set(first)]


PANELS = (
    ("How often it is hit", "exposed_probability", "probability a change"),
    ("What that costs", "impact_minutes_mean", "fleet-minutes a change"),
    ("How long it hurts, if hit", "hurt_minutes_given_exposed", "on average"),
)


def _panel(axes: Axes, tables: Mapping[str, pd.DataFrame], names: list[str], column: str, unit: str) -> None:
    values = [float(value) for table in tables.values() for value in table[column]]
    if column == "exposed_probability":
        share_axis(axes.xaxis, [float(value) for table in tables.values() for value in table["exposed_high"]])
    elif column == "impact_minutes_mean":
        unit += amount_axis(axes.xaxis, values)
    else:
        unit = f"{duration_axis(axes.xaxis, values)} {unit}"
    axes.set_xlabel(unit, loc="left")
    ends = ["exposed_low", "exposed_high"] if column == "exposed_probability" else [column, column]
    size = 5.5 if len(names) <= 12 else 4.5
    rows = {name: row for row, name in enumerate(names)}
    for i, (table, shift) in enumerate(zip(tables.values(), spread(tables), strict=True)):
        drawn = table[[column, *ends]].to_numpy(dtype=float)
        for name, estimate in zip(table.index, drawn, strict=True):
            if name in rows:
                dot(axes, rows[name] + float(shift), estimate.tolist(), marker(i), colour(i), size)


def _title(tables: Mapping[str, pd.DataFrame], names: list[str]) -> str:
    chance = {(plan, name): float(table["exposed_probability"][name])
              for plan, table in tables.items() for name in names if name in table.index}  # fmt: skip
    high, low = max(chance, key=lambda pair: chance[pair]), min(chance, key=lambda pair: chance[pair])
    if chance[high] == 0:
        return f"No plan exposed any of {several(len(names), 'region')} to a defect"
    cost = {(plan, name): float(tables[plan]["impact_minutes_mean"][name]) for plan, name in chance}
    dear = max(cost, key=lambda pair: cost[pair])
    by = f" under {titled(dear[0])}" if len(tables) > 1 else ""
    costs = "without bound" if math.isinf(cost[dear]) else f"{number(cost[dear])} fleet-minutes a change"
    spans = f"is hit by {span(chance[low], chance[high])} of the changes"
    return f"A region {spans}; {titled(dear[1])} costs most, {costs}{by}"


def _caption(outcomes: Mapping[str, Outcomes], drawn: int, count: int) -> str:
    left_out = f"Drawn are the {drawn} of {count:,} regions that cost most under any plan. " if drawn < count else ""
    confidence = "Whiskers: 95 % intervals of the probability; the other two are means without one."
    return f"{left_out}{origin(outcomes)}. {confidence} After the name: its share of the fleet's traffic."
