"""What the pictures of many rollouts share: estimates as dots with whiskers, axes for shares, minutes and harm, keys.

Not here: which figures a picture shows (``_compare``, ``_distributions``).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator, MultipleLocator

from simulation.plots.style import INK, MARGIN, SERIES, SMALL, TEXT, WIDTH, Picture
from simulation.plots.timescale import STEPS
from simulation.plots.words import fit, number, percent, width_of
from simulation.results.outcomes import Outcomes

WIDE = 100.0  # from the least to the greatest, beyond which an axis is logarithmic


def colour(i: int) -> str:
    """Return the colour of a plan, by its place among the plans."""
    return str(SERIES[i % len(SERIES)][0])


def marker(i: int) -> str:
    """Return the marker of a plan, by its place; where colours come again, it differs."""
    return str(SERIES[(i + i // len(SERIES)) % len(SERIES)][1])


def line(i: int) -> Any:
    """Return the line style of a plan, by its place; where colours come again, it differs."""
    return SERIES[(i + i // len(SERIES)) % len(SERIES)][2]


def finite(values: Iterable[float]) -> list[float]:
    """Return the values that are numbers, and not infinite."""
    return [float(value) for value in values if math.isfinite(value)]


def dot(axes: Axes, y: float, estimate: Sequence[float], marker: str, ink: str, size: float = 6.0) -> None:
    """Draw an estimate (value, low, high) as a dot with whiskers; hollow where an end is unknown, ∞ at the edge."""
    value, low, high = (float(part) for part in estimate)
    if math.isinf(value):
        axes.annotate("∞", (1, y), (-2, 0), xycoords=axes.get_yaxis_transform(), textcoords="offset points", size=11,
                      ha="right", va="center_baseline", color=ink, weight="bold")  # fmt: skip
        return
    if math.isnan(value):
        return
    known = math.isfinite(low) and math.isfinite(high)
    ends = [low if math.isfinite(low) else value, high if math.isfinite(high) else value]
    axes.plot(ends, [y, y], color=ink, linewidth=1.5, solid_capstyle="butt", zorder=3)
    axes.plot([value], [y], marker=marker, color=ink, markerfacecolor=ink if known else "white", markersize=size,
              markeredgewidth=1.2, zorder=4, clip_on=False)  # fmt: skip


def hollow(table: Iterable[Sequence[float]]) -> bool:
    """Return whether any of the estimates lacks an end of its interval."""
    return any(math.isfinite(v) and not (math.isfinite(a) and math.isfinite(b)) for v, a, b in table)


def share_axis(axis: Axis, values: Iterable[float], *, whole: bool = False) -> None:
    """Give an axis percentages, from 0 to the greatest value, or to 100 %."""
    high = 1.0 if whole else max(finite(values), default=0.0) * 1.08 or 1.0
    _limits(axis, 0, min(high, 1.0) if not whole else 1.0)
    axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(lambda value, _: percent(value))


def duration_axis(axis: Axis, values: Iterable[float], *, start: float = 0.0) -> str:
    """Give an axis minutes, hours or days; return which."""
    if not (known := finite(values)):
        axis.set_ticks([])
        return "minutes"
    high = max(known) * 1.05 or 1.0
    start = min(start, high)
    step = next((s for s in STEPS if (high - start) / s <= 5), STEPS[-1])
    unit, name = (1, "minutes") if high <= 180 else (60, "hours") if high <= 6000 else (1440, "days")
    if step >= 1:
        axis.set_major_locator(MultipleLocator(max(step, unit / 2)))
    axis.set_major_formatter(lambda value, _: number(value / unit))
    _limits(axis, start, high)
    return name


def amount_axis(axis: Axis, values: Iterable[float]) -> str:
    """Give an axis amounts from 0, logarithmic where they are wide apart; return what to add to its label."""
    if not (known := finite(values)):
        axis.set_ticks([])
        return ""
    positive = [value for value in known if value > 0]
    high = max(positive, default=1.0)
    axis.set_major_formatter(lambda value, _: number(value))
    if not positive or high / min(positive) <= WIDE:
        _limits(axis, 0, high * 1.08)
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
        return ""
    least = 10.0 ** math.floor(math.log10(max(min(positive), high / 1e4)))
    scale = axis.axes.set_xscale if isinstance(axis, XAxis) else axis.axes.set_yscale
    scale("symlog", linthresh=least, linscale=0.4)
    top = math.ceil(math.log10(high * 1.01))
    exponents = range(round(math.log10(least)), top + 1)
    every = max(1, math.ceil(len(exponents) / 4))
    axis.set_major_locator(
        FixedLocator([0.0, *(10.0**k for k in exponents[max(every, 1 + (len(exponents) > 4)) - 1 :: every])])
    )
    axis.set_major_formatter(lambda value, _: number(value))
    axis.set_minor_locator(FixedLocator([]))
    _limits(axis, 0, high * 1.3)
    return " (logarithmic)"


def _limits(axis: Axis, low: float, high: float) -> None:
    setter = axis.axes.set_xlim if isinstance(axis, XAxis) else axis.axes.set_ylim
    setter(low, high)


def name_rows(axes: Axes, names: Sequence[str], inches: float) -> None:
    """Write the names of rows 0, 1, … to the left of the axes, each within so many inches."""
    for row, name in enumerate(names):
        axes.annotate(fit(name, inches, TEXT), (0, row), (-8, 0), xycoords=axes.get_yaxis_transform(), size=TEXT,
                      textcoords="offset points", ha="right", va="center_baseline", color=INK)  # fmt: skip


def rule_rows(axes: Axes, count: int) -> None:
    """Set the rows' limits, and rule between them."""
    axes.set_ylim(count - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    for row in range(1, count):
        axes.axhline(row - 0.5, color="#EEF1F4", linewidth=0.8, zorder=0)
    axes.grid(True, axis="x")


def key_height(names: Iterable[str]) -> float:
    """Return how many inches a key takes."""
    return 0.22 * (1 + max((line for _, line, _ in _flow(names)), default=0)) + 0.06


def draw_key(picture: Picture, marks: Mapping[str, Line2D], top: float) -> None:
    """Write a key in lines over the whole width: each name with its mark."""
    tall = picture.get_figheight()
    for (left, line, text), mark in zip(_flow(marks), marks.values(), strict=True):
        y = (tall - picture.head - top - 0.11 - 0.22 * line) / tall
        mark.set_data([(left + 0.0) / WIDTH, (left + 0.15) / WIDTH, (left + 0.3) / WIDTH], [y, y, y])
        mark.set_markevery([1])
        mark.set_transform(picture.transFigure)
        picture.add_artist(mark)
        picture.text((left + 0.37) / WIDTH, y, text, size=SMALL, va="center_baseline")


def _flow(names: Iterable[str]) -> list[tuple[float, int, str]]:
    """Return for each name its left edge, its line, and its text."""
    placed, left, line = [], MARGIN, 0
    for name in names:
        text = fit(name, 3.6, SMALL)
        wide = 0.37 + width_of(text, SMALL) + 0.25
        if left > MARGIN and left + wide > WIDTH - MARGIN:
            left, line = MARGIN, line + 1
        placed.append((left, line, text))
        left += wide
    return placed


def spread(outcomes: Mapping[str, Any]) -> np.ndarray[Any, Any]:
    """Return how far from its row's middle each plan is drawn, so that several fit into one row."""
    count = len(outcomes)
    return (np.arange(count) - (count - 1) / 2) * min(0.22, 0.72 / count)


def origin(outcomes: Mapping[str, Outcomes]) -> str:
    """Say what the numbers come from: trials, scenario, seed."""
    first = next(iter(outcomes.values()))
    scenario = f"scenario {first.scenario.name} ({first.scenario.digest})"
    return f"{len(first.trials):,} rollouts a plan, {first.sampling} sampling, {scenario}, seed {first.seed}"
