"""The front of a search: time against the first objective, a point a plan, with the plan of today marked.

Not here: what is on it (``simulation.searching``).
"""

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from simulation.plots.charts import amount_axis, colour, duration_axis, share_axis
from simulation.plots.labels import Spot, label_points
from simulation.plots.style import INK, MARGIN, MUTED, SMALL, VERMILION, WIDTH, Picture, styled
from simulation.plots.words import fit
from simulation.results.figures import UNITS, called
from simulation.results.statistics import Estimate
from waves.showing import counted

if TYPE_CHECKING:
    from simulation.searching.distance import Distance
    from simulation.searching.found import PlanFront

TALL = 3.6  # inches
FEW = 15  # plans, up to which a name may stand off its point with a line between
TODAY = "today"
BOUND = "; line: what no plan can be below, by proof, while points are estimates"
POINTS, LEAST = 100, "_least"  # of a curve; the label of the line, which no legend has
PROVED = "share_exposed_mean"  # the figure whose least is known where anything is provable


def front(found: "PlanFront") -> Picture:
    """Draw the plans that a search found worth discussing.

    Parameters
    ----------
    found
        The search. Its last objective is the time, its first is what it costs.

    Returns
    -------
    Picture
        A matplotlib figure: time to the right, the first objective upwards, with intervals; the plan of today hollow,
        plans of one's own as squares; those and the ones to look at first are named.
    """
    risk, time = found.objectives[0], found.objectives[-1]
    short = [name for name in found.short if name in found.known]
    rows = {name: (known[time], known[risk]) for name, known in found.known.items()}
    proved = found.distance if risk == PROVED and not found.distance.missing else None
    how = "of all there are" if found.every else "the best known" if found.finished else "the best known so far"
    with styled():
        picture = Picture(
            f"{counted(sum(name != TODAY and name not in found.own for name in rows), 'plan')} worth discussing, {how}",
            f"{found.looked_at:,} plans looked at, {found.rollouts:,} rollouts; what is drawn comes from "
            f"{found.told.trials:,} more of each, with {found.told.confidence * 100:g} % intervals"
            f"{_marks(rows, found.own)}{BOUND if proved else ''}{_undrawn(found.objectives[1:-1])}",
            TALL + 0.7,
        )
        axes = picture.place(0.95, 0.1, WIDTH - 0.95 - MARGIN - 0.1, TALL)
        _draw(axes, rows, (risk, time), short, found.own, proved)
    return picture


def _undrawn(figures: Sequence[str]) -> str:
    """Say by what plans were kept, too."""
    return f"; not drawn: {', '.join(map(called, figures))}" if figures else ""


def _marks(rows: Collection[str], own: Collection[str]) -> str:
    """Say what stands for the plan of today, and for those that people asked about."""
    said = ["diamond: the plan of today"] * (TODAY in rows) + ["squares: plans that were asked for"] * bool(own)
    return "".join(f"; {each}" for each in said)


def _draw(
    axes: Axes,
    rows: dict[str, tuple[Estimate, Estimate]],
    figures: tuple[str, str],
    short: Sequence[str],
    own: Sequence[str],
    proved: "Distance | None",
) -> None:
    """Draw a point a plan, and the line that none is below, where there is one.

    Those to look at first have their name at any price, the others where there is room.
    """
    risk, time = figures
    hours = duration_axis(axes.xaxis, [part for times, _ in rows.values() for part in times])
    costs = [part for _, values in rows.values() for part in values]
    if "share" in risk or risk.startswith("probability"):
        share_axis(axes.yaxis, costs)
        log = ""
    else:
        log = amount_axis(axes.yaxis, costs)
    axes.set_xlabel(f"{called(time)}, {hours}", loc="left")
    unit = UNITS.get(risk.removesuffix("_mean"), "")
    axes.set_ylabel(f"{called(risk)}{f', {unit}' if unit and 'share' not in unit else ''}{log}")
    axes.grid(True)
    axes.text(1, 1.03, "better: down and left", transform=axes.transAxes, size=7.5, color=MUTED, ha="right")
    whiskers, spots = _below(axes, proved) if proved else [], []
    for name, ((x, left, right), (y, low, high)) in rows.items():
        if not (math.isfinite(x) and math.isfinite(y)):
            continue  # what never ships has no place; sentences tell of it
        ink = INK if name == TODAY else VERMILION if name in own else colour(0)
        for ends in (([left, right], [y, y]), ([x, x], [low, high])):
            if all(map(math.isfinite, (*ends[0], *ends[1]))):
                axes.plot(*ends, color=ink, linewidth=1.2, zorder=3)
        mark = "D" if name == TODAY else "s" if name in own else "o"
        size = 6.5 if name in short else 4.5 if len(rows) > FEW else 6.0
        axes.plot([x], [y], mark, color=ink, markersize=size, clip_on=False, zorder=4 + (name in short),
                  markerfacecolor="white" if name == TODAY else ink)  # fmt: skip
        whiskers += [(left, right, y, y), (x, x, low, high)]
        text = name if name in short else name.removeprefix("front ")
        spots.append((name, Spot(x, y, fit(text, 1.5, SMALL))))
    spots.sort(key=lambda pair: short.index(pair[0]) if pair[0] in short else len(short))
    most = len(short) if len(rows) > FEW else None
    if label_points(axes, whiskers, [spot for _, spot in spots], most):
        few = "names where there is room; the table has all"
        axes.text(0, 1.03, few, transform=axes.transAxes, size=7.5, color=MUTED)


def _below(axes: Axes, proved: "Distance") -> list[tuple[float, float, float, float]]:
    """Draw what no plan can be below; return where the line runs, as left, right, low and high."""
    left, right = axes.get_xlim()
    first = float(proved.table["minutes"].min())
    if proved.front is not None:
        steps = proved.front.minutes
        x = np.repeat([*steps[(steps >= first) & (steps < right)], right], 2)[1:]
    else:
        x = np.linspace(first, right, POINTS)
    y = proved.least(x) * proved.probability
    if proved.front is not None:  # down where the next one is possible, not before
        y[1::2] = y[:-1:2]
    axes.plot(x, y, color=MUTED, linewidth=0.8, alpha=0.7, zorder=2, label=LEAST)
    axes.set_xlim(left, right)
    parts = zip(x[:-1], y[:-1], x[1:], y[1:], strict=True)
    return [(float(x), float(to), float(low), float(high)) for x, high, to, low in parts]
