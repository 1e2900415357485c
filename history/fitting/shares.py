"""Probabilities from counts: of one or two services a beta, of more a beta-binomial over services.

Not here: which counts (`failures`, `defects`, `waits`).
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from history.fitting.grids import Box, Floats, even, surface
from history.fitting.prior import Prior

POOLED = 3  # services, from which on they are told apart


def share(bad: Floats, tried: Floats, prior: Prior, count: int, rng: np.random.Generator) -> Floats:
    """Return draws of a probability.

    Parameters
    ----------
    bad, tried
        By service: how often it happened, and how often it could have.
    prior
        Beta(½, ½) unless said otherwise; from three services on that of their mean.
    count
        How many draws.
    rng
        Whence.

    Returns
    -------
    ndarray, (count,)
        With one or two services of all of them together; with more, of the mean over services: each has its own, from
        one beta distribution.
    """
    used = tried > 0
    bad, tried = bad[used], tried[used]
    a, b = prior.share
    if used.sum() < POOLED:
        found: Floats = special.betaincinv(a + bad.sum(), b + (tried - bad).sum(), even(count, rng))
        return np.clip(found, 1e-12, 1.0 - 1e-12)
    pairs, weights = np.unique(np.column_stack([bad, tried]), axis=0, return_counts=True)
    together = (float(bad.sum()) + a) / (float(tried.sum()) + a + b)
    pooled = math.log(together / (1.0 - together))
    drawn = surface(
        lambda x, y: _posterior(x, y, pairs, weights, prior), _box(pooled, pairs, weights, prior), shape=(160, 48)
    )
    return special.expit(drawn.draws(count, rng)[:, 0])


def _box(pooled: float, pairs: Floats, weights: NDArray[np.int64], prior: Prior) -> Box:
    """Return where to look: far about the most likely mean, so that its cells are as fine as it is sharp."""

    def minus(at: Floats) -> float:
        return -float(_posterior(np.array([[at[0]]]), np.array([[at[1]]]), pairs, weights, prior)[0, 0])

    starts = [np.array([pooled, worth]) for worth in (0.0, 3.4, 8.0)]
    found = min((optimize.minimize(minus, start, method="Nelder-Mead") for start in starts), key=lambda best: best.fun)
    m, worth = (float(each) for each in found.x)
    k, n = (float(pairs[:, column] @ weights) for column in (0, 1))
    apart = max(k, 0.5) ** -0.5 + max(n - k, 0.5) ** -0.5
    varied = 1.0 + math.exp(min(worth, 10.0)) / (1.0 + math.exp(min(abs(m), 600.0)))
    reach = 12.0 * (apart + 2.0 / math.sqrt(float(weights.sum()) * varied))
    return (m - reach, m + reach), (-3.0, 12.0)


def _posterior(x: Floats, y: Floats, pairs: Floats, weights: NDArray[np.int64], prior: Prior) -> Floats:
    """Return the log density of the mean's logit and of the logarithm of what services are worth to each other."""
    mean, worth = special.expit(x), np.exp(y)
    a, b = mean * worth, special.expit(-x) * worth
    found = prior.share[0] * special.log_expit(x) + prior.share[1] * special.log_expit(-x)
    found = found - 0.5 * ((y - np.log(prior.services[0])) / prior.services[1]) ** 2
    own = special.betaln(a, b)
    for (k, n), many in zip(pairs, weights, strict=True):
        found = found + many * (special.betaln(a + k, b + n - k) - own)
    return found


def by_service(codes: NDArray[np.int64], bad: Floats, tried: Floats) -> tuple[Floats, Floats]:
    """Return the sums of counts by service."""
    size = int(codes.max(initial=-1)) + 1
    k, n = (np.bincount(codes, each, size).astype(np.float64) for each in (bad, tried))
    return k, n


def said(services: int, prior: Prior) -> str:
    """Say what was done."""
    beta = "Jeffreys" if prior.share == (0.5, 0.5) else f"Beta({prior.share[0]:g}, {prior.share[1]:g})"
    if services < POOLED:
        return f"beta-binomial, prior {beta}"
    return f"beta-binomial over {services} services, prior {beta} of their mean"
