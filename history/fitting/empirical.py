"""Values as they were, where a lognormal fits them worse on what it was not fitted to.

Not here: the lognormal (`durations`).
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from history.fitting.durations import Lasted, Sums
from history.fitting.grids import Floats

ENOUGH = 100  # durations that are over, from which on values as they were are considered
MOST = 2_000  # rows that are compared, and groups that are drawn from
Bools = NDArray[np.bool_]
VALUES = 200  # how many of them a scenario holds
FOLDS = 5


def fits_better(lasted: Lasted, rng: np.random.Generator) -> bool:
    """Return whether values as they were fit what was held out better than a lognormal, beyond chance.

    Both are fitted to four fifths and tried on the rest, five times: by log density where a duration is over, by the
    log chance to last longer where it was cut short. Values get a density by a normal kernel on their logarithms.
    """
    if lasted.done.sum() < ENOUGH or survivors(lasted)[1] > 1.0 / VALUES:
        return False  # the tail beyond the longest is not known: only a law can say
    order = rng.permutation(len(lasted))[:MOST]
    logs, done = np.log(lasted.minutes[order]), lasted.done[order]
    gains = []
    for fold in range(FOLDS):
        out = np.arange(len(order)) % FOLDS == fold
        gains.append(_kernel(logs[~out], done[~out], logs[out], done[out]) - _normal(logs, done, out))
    gain = np.concatenate(gains)
    return bool(gain.mean() > 2.0 * gain.std() / math.sqrt(len(gain)))


def survivors(lasted: Lasted) -> tuple[Floats, float]:
    """Return the weight of each duration by Kaplan and Meier, in rising order, and what is left beyond the last."""
    order = np.lexsort((~lasted.done, lasted.minutes))
    done, n = lasted.done[order], len(lasted)
    stays = 1.0 - done / (n - np.arange(n))
    left = np.cumprod(stays)
    weights = np.concatenate([[1.0], left[:-1]]) - left
    found = np.zeros(n)
    found[order] = weights
    return found, float(left[-1]) if n else 1.0


def _normal(logs: Floats, done: Bools, out: Bools) -> Floats:
    """Return what a lognormal that was fitted to the others says of those left out."""
    mean, sigma = Sums.of(Lasted(np.exp(logs[~out]), done[~out])).peak()
    z = (logs[out] - mean) / sigma
    dense = -0.5 * z * z - math.log(sigma * math.sqrt(2 * math.pi))
    return np.where(done[out], dense, special.log_ndtr(-z))


def _kernel(logs: Floats, done: Bools, at: Floats, over: Bools) -> Floats:
    weights, _ = survivors(Lasted(np.exp(logs), done))
    weights = weights / weights.sum()
    spread = math.sqrt(max(float(weights @ logs**2 - (weights @ logs) ** 2), 1e-12))
    width = max(0.9 * spread * len(logs) ** -0.2, 1e-3)
    z = (at[:, None] - logs[None, :]) / width
    dense = np.exp(-0.5 * z * z) @ weights / (width * math.sqrt(2 * math.pi))
    longer = special.ndtr(-z) @ weights
    found: Floats = np.log(np.maximum(np.where(over, dense, longer), 1e-12))
    return found


def draws(lasted: Lasted, count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the values of the scenario, (VALUES,), and draws of them, (count, VALUES).

    Values are quantiles by Kaplan and Meier at the middles of 200 equal parts; draws are Bayesian bootstraps, in which
    each duration counts as often as an exponential number says.
    """
    minutes, done, many = _grouped(lasted)
    at = (np.arange(VALUES) + 0.5) / VALUES
    middle = _quantiles(minutes, done, many[None, :], at)[0]
    found = np.empty((count, VALUES))
    size = max(1, 2**21 // len(minutes))
    for first in range(0, count, size):
        rows = min(size, count - first)
        found[first : first + rows] = _quantiles(minutes, done, rng.standard_gamma(many, (rows, len(many))), at)
    return middle, found


def _grouped(lasted: Lasted) -> tuple[Floats, Bools, Floats]:
    """Return minutes, whether over, and how many, in rising order; neighbours as one where there are many."""
    order = np.lexsort((~lasted.done, lasted.minutes))
    minutes, done = lasted.minutes[order], lasted.done[order]
    if len(minutes) <= MOST:
        return minutes, done, np.ones(len(minutes))
    group = np.arange(len(minutes)) * (MOST // 2) // len(minutes) * 2 + ~done
    keys, at, many = np.unique(group, return_index=True, return_counts=True)
    means = np.bincount(group, minutes)[keys] / many
    back = np.lexsort((~done[at], means))
    return means[back], done[at][back], many[back].astype(np.float64)


def _quantiles(minutes: Floats, done: Bools, weights: Floats, at: Floats) -> Floats:
    """Return the quantiles of weighted durations, (rows, len(at)), by Kaplan and Meier."""
    risk = np.cumsum(weights[:, ::-1], axis=1)[:, ::-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        left = np.cumprod(np.where(done, 1.0 - weights / risk, 1.0), axis=1)
    left = np.maximum(left, 0.0)
    over = minutes[done]
    own = 1.0 - left[:, done]
    found = np.empty((len(weights), len(at)))
    for row in range(len(weights)):
        found[row] = over[np.minimum(np.searchsorted(own[row], at), len(over) - 1)]
    return found
