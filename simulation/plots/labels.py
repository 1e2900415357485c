"""Names beside points, placed so that they cover neither points nor each other.

Not here: what the points mean.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from simulation.plots.style import INK, MUTED, SMALL
from simulation.plots.words import width_of

HIGH, REACH, DOT = 0.16, 0.11, 0.06  # inches: a line of text, from a point to its name, half a point
BESIDE = 2  # places of a name that are right beside its point
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Spot:
    """A point, in the axes' units, with its name."""

    x: float
    y: float
    text: str


def label_points(axes: Axes, lines: Sequence[Box], spots: Sequence[Spot], anywhere: int | None = None) -> list[Spot]:
    """Write each point's name beside it; where there is no room, further off with a line between, or not at all.

    A name stands over no point, no other name, and within the axes.

    Parameters
    ----------
    axes
        With its limits set.
    lines
        (from x, until x, from y, until y) of lines that names shall not cross if they can; NaN where there is none.
    spots
        The points, those whose names matter most first.
    anywhere
        How many of them, from the first on, may have their name further off; left out: all.

    Returns
    -------
    list of Spot
        The points that have no room for their name.
    """
    dpi = axes.figure.dpi
    extent = axes.get_window_extent()
    wide, tall = extent.width / dpi, extent.height / dpi

    def inches(x: float, y: float) -> tuple[float, float]:
        right, up = axes.transData.transform((x, y))
        return (right - extent.x0) / dpi, (up - extent.y0) / dpi

    points = [inches(spot.x, spot.y) for spot in spots]
    ends = [(*inches(a, c), *inches(b, d)) for a, b, c, d in lines if all(map(math.isfinite, (a, b, c, d)))]
    thin: list[Box] = [(a - 0.02, b - 0.02, c + 0.02, d + 0.02) for a, b, c, d in ends]
    taken: list[Box] = [(x - DOT, y - DOT, x + DOT, y + DOT) for x, y in points]
    unnamed, near = [], 0.35 if anywhere is None else 0.14  # inches; among many points a name needs its line sooner
    names, links = list[Box](), list[Box]()
    for n, (spot, (x, y)) in enumerate(zip(spots, points, strict=True)):
        places = _around(x, y, width_of(spot.text, SMALL))
        free = [
            box
            for box in (places if anywhere is None or n < anywhere else itertools.islice(places, BESIDE))
            if _outside(box, wide, tall) <= 0
            and not any(_overlap(box, other) > 0 for other in taken)
            and not any(_overlap(dash, name) > 0 for dash in _to(x, y, box) for name in names)
        ]
        free = [box for box in free if not any(_overlap(a, b) > 0 for a in _to(x, y, box) for b in links)] or free
        if not free:
            unnamed.append(spot)
            continue
        costs = [sum(_overlap(box, other) for other in thin) for box in free]
        pick = min(range(len(free)), key=lambda i: (round(costs[i], 6), i))
        left, low, right, high = free[pick]
        taken.append((left - DOT, low, right + DOT, high))  # numbers side by side would read as one
        far = math.hypot((left + right) / 2 - x, (low + high) / 2 - y) > (right - left) / 2 + near
        names.append(free[pick])
        if far:  # no later name over the line
            links += _to(x, y, free[pick])
            taken += _to(x, y, free[pick])
        link = {"arrowstyle": "-", "color": MUTED, "linewidth": 0.7, "shrinkA": 1, "shrinkB": 4} if far else None
        shift = (left - x) * 72, ((low + high) / 2 - y) * 72
        axes.annotate(spot.text, (spot.x, spot.y), shift, textcoords="offset points", color=INK, size=SMALL,
                      va="center_baseline", arrowprops=link, zorder=5)  # fmt: skip
    return unnamed


def _around(x: float, y: float, wide: float) -> Iterator[Box]:
    """Yield places for a name, the best first: right, left, above, below, then further and further off."""
    for rise in (0.0, 0.17, -0.17):
        for left in (x + REACH, x - REACH - wide):
            yield left, y + rise - HIGH / 2, left + wide, y + rise + HIGH / 2
    for n in range(1, 9):
        for rise in (0.17 * n, -0.17 * n):
            for left in (x - wide / 2, x + REACH + 0.15, x - REACH - 0.15 - wide):
                yield left, y + rise - HIGH / 2, left + wide, y + rise + HIGH / 2


def _to(x: float, y: float, name: Box) -> Iterator[Box]:
    """Yield small boxes along the line from a point to the middle of its name."""
    right, up = (name[0] + name[2]) / 2, (name[1] + name[3]) / 2
    for n in range(1, 20):
        a, b = x + (right - x) * n / 20, y + (up - y) * n / 20
        yield a - 0.02, b - 0.02, a + 0.02, b + 0.02


def _overlap(a: Box, b: Box) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _outside(box: Box, wide: float, tall: float) -> float:
    return max(0.0, -box[0]) + max(0.0, box[2] - wide) + max(0.0, 0.02 - box[1]) + max(0.0, box[3] - tall)
