"""The picture of a replay: each plan minus what was, with intervals and the zero line."""

import math
from typing import TYPE_CHECKING

from simulation.plots.charts import dot, finite, name_rows, rule_rows
from simulation.plots.style import BLUE, INK, MARGIN, MUTED, VERMILION, Picture, styled
from simulation.plots.words import several, signed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from history.replaying.result import Replay

LEFT, PANEL, BETWEEN, HEAD, FOOT = 1.95, 3.14, 0.48, 0.42, 0.52  # inches
SHOWN = {  # what it says, whether less is better, its unit, how many of that make one of the table's
    "share_exposed": ("Traffic exposed, mean", True, "points of traffic share, %", 100.0),
    "end_minutes": ("Time to the end of the pipeline, mean", True, "minutes", 1.0),
    "shipped": ("Changes that ship", False, "points of probability, %", 100.0),
    "impact_minutes": ("Impact of a change, mean", True, "fleet-minutes", 1.0),
}


def differences(replay: "Replay") -> Picture:
    """Draw how recorded rollouts would have gone under other plans."""
    return panels(list(replay.plans), replay.differences, _title(replay), _caption(replay))


def panels(names: list[str], table: "pd.DataFrame", title: str, caption: str) -> Picture:
    """Draw differences by plan and figure, a panel a figure."""
    with styled():
        tall = max(0.34 * len(names), 0.4)
        picture = Picture(title, caption, math.ceil(len(SHOWN) / 2) * (HEAD + tall + FOOT) + 0.05)
        for i, figure in enumerate(SHOWN):
            row, column = divmod(i, 2)
            axes = picture.place(LEFT + column * (PANEL + BETWEEN), HEAD + row * (HEAD + tall + FOOT), PANEL, tall)
            _panel(axes, table, figure, names, tall)
            if column == 0:
                name_rows(axes, names, LEFT - MARGIN - 0.12)
    return picture


def _panel(axes: "Axes", table: "pd.DataFrame", figure: str, names: list[str], tall: float) -> None:
    label, less, unit, factor = SHOWN[figure]
    own = table[table["figure"] == figure].set_index("plan")
    numbers = own[["difference", "low", "high"]].astype(float) * factor
    rows: list[list[float]] = [list(map(float, row)) for row in numbers.reindex(names).to_numpy()] if len(own) else []
    rule_rows(axes, len(names))
    known = finite(part for row in rows for part in row)
    low, high = min([0.0, *known]), max([0.0, *known])
    room = (high - low) * 0.08 or 1.0
    axes.set_xlim(low - room, high + room)
    axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter(lambda value, _: signed(value))
    axes.axvline(0, color=INK, linewidth=1.1, zorder=2)
    axes.set_xlabel(unit, loc="left")
    axes.text(0, 1 + 0.1 / tall, label, transform=axes.transAxes, weight="bold")
    for place, row in enumerate(rows):
        open_ = not (row[1] > 0 or row[2] < 0)
        better = (row[2] < 0) == less
        mark, ink = ("D", MUTED) if open_ else ("o", BLUE) if better else ("s", VERMILION)
        dot(axes, place, row, mark, ink)


def _title(replay: "Replay") -> str:
    many = several(replay.replayed, "recorded rollout")
    if not replay.replayed:
        return "No recorded rollout is possible under the scenario"
    table = replay.differences
    impact = table[table["figure"] == "impact_minutes"]
    better = int((impact["high"] < 0).sum())
    if len(impact) == 1:
        said = "less impact" if better else "more impact" if (impact["low"] > 0).any() else "impact undecided"
        minutes = float(table.loc[table["figure"] == "end_minutes", "difference"].iloc[0])
        return f"{many} under {next(iter(replay.plans))}: {said}, {signed(minutes)} minutes each"
    undecided = int(((impact["low"] <= 0) & (impact["high"] >= 0)).sum())
    return (
        f"{many} under {several(len(impact), 'other plan')}: {better or 'none'} with less impact, {undecided} undecided"
    )


def _caption(replay: "Replay") -> str:
    return (
        f"Each plan minus what was, {several(replay.worlds, 'world')} of each rollout that give what was recorded; "
        f"{several(replay.bad, 'bad change')} among them. Scenario {replay.scenario.name} ({replay.scenario.digest}), "
        f"seed {replay.seed}. Whiskers: 95 % intervals over worlds and rollouts. Blue circle: better; red square: "
        "worse; grey diamond: the interval holds zero. Impact rests on the scenario's severity."
    )
