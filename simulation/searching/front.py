"""Which plans are worth discussing: those that no other beats, up to a difference that nobody would care about.

Not here: what a plan is worth (``scores``).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LITTLE = 1e-12  # below which a figure is nothing
NOTHING = 1e-9  # below which a difference is rounding
TODAY = "today"  # what the plan to compare with is called beside a front


def front(value: Floats, resolution: float) -> NDArray[np.int64]:
    """Return the plans that none beats: for every plan left out, one kept is as good in each figure, or nearly so.

    Figures are cut into steps of `resolution`, as a part of themselves, and steps are compared (Laumanns and others
    2002, *Combining convergence and diversity in evolutionary multiobjective optimization*); of the plans in the same
    steps the one with the least product of figures is kept. So a plan left out is beaten by one that is kept but for
    that part in any figure.

    Parameters
    ----------
    value
        Figures of which less is better, not below 0; shape (plans, figures). What never ships, whose time has no end or
        is not known, is on the front only where nothing ships.
    resolution
        Such as 0.01. With 0, the front of the figures as they are.

    Returns
    -------
    numpy.ndarray
        Their places, in the order of the last figure.
    """
    ships = np.flatnonzero(np.isfinite(value[:, -1]))
    if 0 < len(ships) < len(value):
        return ships[front(value[ships], resolution)]
    if not len(value):
        return np.zeros(0, dtype=np.int64)
    value = np.where(np.isnan(value), np.inf, value)
    logs = np.log(np.maximum(value, LITTLE))
    steps = np.floor(logs / np.log1p(resolution)) if resolution > 0 else value
    order = np.lexsort((logs.sum(axis=1), *steps.T[::-1]))
    kept, seen = list[int](), np.empty((0, value.shape[1]))
    for at in order.tolist():  # in the order of the first figure's steps: none that follows can beat one that is kept
        if not (seen <= steps[at]).all(axis=1).any():
            kept.append(at)
            seen = np.vstack([seen, steps[at]])
    found = np.array(kept, dtype=np.int64)
    return found[np.argsort(value[found, -1], kind="stable")]


def covered(value: Floats, by: Floats, resolution: float) -> NDArray[np.bool_]:
    """Return which plans some other is as good as in each figure, but for a part of it; shapes (plans, figures)."""
    return np.array([(by <= row * (1 + resolution)).all(axis=1).any() for row in value], dtype=np.bool_)


def spread(count: int, most: int) -> NDArray[np.int64]:
    """Return at most so many places of a front, one as far from the next as the other."""
    return np.unique(np.linspace(0, count - 1, most).round().astype(np.int64)) if count else np.arange(0)
