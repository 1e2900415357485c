"""Paired differences of plans against the baseline, with intervals and the zero line.

Not here: the estimates themselves (``_compare``).
"""

import math
from collections.abc import Iterable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from simulation.analysis.compare import Comparison
from simulation.plots.charts import dot, finite, hollow, name_rows, origin, rule_rows
from simulation.plots.style import BLUE, INK, MARGIN, MUTED, VERMILION, Picture, styled
from simulation.plots.words import minutes_of, several, signed, titled

LEFT, PANEL, BETWEEN = 1.95, 3.14, 0.48  # inches
HEAD, FOOT = 0.42, 0.52
SHOWN = {  # figure: what it says, whether less of it is better, its unit, and how many of that make one of the table's
    "impact_minutes_mean": ("Impact of a change, mean", True, "fleet-minutes", 1.0),
    "share_exposed_mean": ("Traffic exposed, mean", True, "points of traffic share, %", 100.0),
    "end_minutes_given_shipped_mean": ("Time until complete, mean", True, "minutes", 1.0),
    "minutes_to_ship": ("Time to ship, halted ones repeated", True, "minutes", 1.0),
    "probability_shipped": ("Chance of shipping", False, "points of probability, %", 100.0),
    "probability_failover_hit": ("Chance of both failover partners hurt", True, "points of probability, %", 100.0),
}


def differences(comparison: Comparison) -> Picture:
    """Draw how plans differ from the baseline in the same worlds: paired differences with intervals, and the zero line.

    Parameters
    ----------
    comparison
        From `simulation.compare`.

    Returns
    -------
    Picture
        A matplotlib figure; one panel a figure, one row a plan.
    """
    with styled():
        table = comparison.differences
        names = [name for name in comparison.outcomes if name != comparison.baseline]
        figures = [figure for figure in SHOWN if names and (names[0], figure) in table.index]
        tall = max(0.34 * len(names), 0.4)
        lines = math.ceil(len(figures) / 2)
        picture = Picture(
            _title(comparison, names), _caption(comparison, names, figures), lines * (HEAD + tall + FOOT) + 0.05
        )
        for i, figure in enumerate(figures):
            line, column = divmod(i, 2)
            top = HEAD + line * (HEAD + tall + FOOT)
            axes = picture.place(LEFT + column * (PANEL + BETWEEN), top, PANEL, tall)
            _panel(axes, figure, [paired(table, name, figure) for name in names], tall)
            if column == 0:
                name_rows(axes, names, LEFT - MARGIN - 0.12)
    return picture


def paired(table: pd.DataFrame, name: str, figure: str) -> tuple[float, float, float]:
    """Return a plan's difference from the baseline in a figure, with its interval."""
    row = table.index.get_loc((name, figure))
    value, low, high = table[["difference", "low", "high"]].to_numpy(dtype=float)[row]
    return float(value), float(low), float(high)


def leaning(estimate: tuple[float, float, float], less_is_better: bool) -> str:
    """Say whether a difference is `better`, `worse`, or `open` (its interval holds zero, or is unknown)."""
    value, low, high = estimate
    if math.isinf(value):
        return "better" if (value < 0) == less_is_better else "worse"
    if not (low > 0 or high < 0):
        return "open"
    return "better" if (high < 0) == less_is_better else "worse"


INKS = {"better": BLUE, "worse": VERMILION, "open": MUTED}
MARKS = {"better": "o", "worse": "s", "open": "D"}


def _panel(axes: Axes, figure: str, rows: list[tuple[float, float, float]], tall: float) -> None:
    label, less, unit, factor = SHOWN[figure]
    rule_rows(axes, len(rows))
    scaled = [(value * factor, low * factor, high * factor) for value, low, high in rows]
    known = finite(part for row in scaled for part in row)
    low, high = min([0.0, *known]), max([0.0, *known])
    room = (high - low) * 0.08 or 1.0
    axes.set_xlim(low - room, high + room)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(lambda value, _: signed(value))
    if not known:
        axes.set_xticks([])
        axes.text(0.5, 0.5, "no difference to tell", transform=axes.transAxes, color=MUTED, ha="center",
                  va="center_baseline", backgroundcolor="white", zorder=5)  # fmt: skip
    axes.axvline(0, color=INK, linewidth=1.1, zorder=2)
    axes.set_xlabel(unit, loc="left")
    axes.text(0, 1 + 0.1 / tall, label, transform=axes.transAxes, weight="bold")
    for row, (estimate, drawn) in enumerate(zip(rows, scaled, strict=True)):
        said = leaning(estimate, less)
        dot(axes, row, drawn, MARKS[said], INKS[said])


def _title(comparison: Comparison, names: list[str]) -> str:
    if not names:
        return f"{titled(comparison.baseline)} stands alone: give a second plan to compare it with"
    table, base = comparison.differences, titled(comparison.baseline)
    if len(names) == 1:
        return f"{titled(names[0])} against {base}: {_change(table, names[0])}"
    words = []
    for figure, better in (("impact_minutes_mean", "cost less"), ("minutes_to_ship", "ship sooner")):
        said = [leaning(paired(table, name, figure), True) for name in names]
        words.append(
            f"{said.count('better') or 'none'} {better}" + f" ({said.count('open')} undecided)" * ("open" in said)
        )
    return f"Of {several(len(names), 'plan')} against {base}, {' and '.join(words)}"


def _change(table: pd.DataFrame, name: str) -> str:
    cost, time = (paired(table, name, figure)[0] for figure in ("impact_minutes_mean", "minutes_to_ship"))
    if not math.isfinite(cost):
        return "harm without end leaves no difference to tell"
    saved = "no difference in impact" if cost == 0 else f"{signed(cost)} fleet-minutes a change"
    if not math.isfinite(time):
        return f"{saved}, not both ever ship"
    ships = f"ships {minutes_of(abs(time))} {'sooner' if time < 0 else 'later'}" if time else "ships as soon"
    return f"{saved}, {ships}"


def _caption(comparison: Comparison, names: list[str], figures: Iterable[str]) -> str:
    parts = [
        f"{origin(comparison.outcomes)}. Each plan minus {comparison.baseline}, trial by trial in the same worlds."
    ]
    rows = [paired(comparison.differences, name, figure) for name in names for figure in figures]
    parts.append(f"Whiskers: {comparison.confidence * 100:g} % intervals.")
    parts.append("Blue circle: better; red square: worse; grey diamond: the interval holds zero, or there is none.")
    if hollow(rows):
        parts.append("Hollow: too few trials differ for an interval.")
    return " ".join(parts)
