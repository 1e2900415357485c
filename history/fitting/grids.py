"""A density of two numbers on a grid that moves to where it is: exact to the grid, the same every time, no iterations.

Not here: any density (`durations`, `shares`, `failures`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Box = tuple[tuple[float, float], tuple[float, float]]
DEEP = 18.0  # what is e^-18 as likely as the most likely is left out
PASSES = 12


@dataclass(frozen=True, eq=False)
class Surface:
    """A density on a grid.

    Attributes
    ----------
    x, y : (A,), (B,)
        The centres of its cells.
    p : (A, B)
        How likely each is; their sum is 1.
    """

    x: Floats
    y: Floats
    p: Floats

    def draws(self, count: int, rng: np.random.Generator) -> Floats:
        """Return (count, 2) draws: evenly through the cells, anywhere within each, in a random order."""
        along = np.cumsum(self.p.ravel())
        at = np.searchsorted(along, (np.arange(count) + rng.random(count)) / count * along[-1])
        i, j = np.divmod(np.minimum(at, self.p.size - 1), len(self.y))
        x = self.x[i] + (rng.random(count) - 0.5) * _step(self.x)
        y = self.y[j] + (rng.random(count) - 0.5) * _step(self.y)
        found: Floats = rng.permutation(np.column_stack([x, y]))
        return found


def surface(density: Callable[[Floats, Floats], Floats], box: Box, *, shape: tuple[int, int] = (64, 40)) -> Surface:
    """Return a density on a grid around where it is.

    Parameters
    ----------
    density
        From x (A, 1) and y (1, B) to the logarithm of the density, (A, B), up to a constant.
    box
        Where to look first: (least, most) of x and of y.
    shape
        A and B.
    """
    for _ in range(PASSES):
        x, y = (_centres(*ends, count) for ends, count in zip(box, shape, strict=True))
        logs = density(x[:, None], y[None, :])
        logs = logs - logs.max()
        smaller = (_ends(x, logs.max(axis=1), box[0]), _ends(y, logs.max(axis=0), box[1]))
        if all(new[1] - new[0] > 0.7 * (old[1] - old[0]) for new, old in zip(smaller, box, strict=True)):
            break
        box = smaller
    p: Floats = np.exp(logs)
    return Surface(x, y, p / p.sum())


def _centres(low: float, high: float, count: int) -> Floats:
    return np.asarray(low + (np.arange(count) + 0.5) * ((high - low) / count), dtype=np.float64)


def _step(centres: Floats) -> float:
    return float(centres[1] - centres[0])


def _ends(centres: Floats, best: Floats, ends: tuple[float, float]) -> tuple[float, float]:
    """Return from where to where it is likely, a cell more on both sides; never beyond what was looked at first."""
    kept = np.flatnonzero(best > -DEEP)
    step = _step(centres)
    return max(centres[kept[0]] - 1.5 * step, ends[0]), min(centres[kept[-1]] + 1.5 * step, ends[1])


def even(count: int, rng: np.random.Generator) -> Floats:
    """Return uniform numbers, one in each of `count` equal parts of (0, 1), in a random order."""
    found: Floats = rng.permutation((np.arange(count) + rng.random(count)) / count)
    return found
