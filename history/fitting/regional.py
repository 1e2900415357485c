"""Durations that differ by region: each region's median, shrunk towards those of the others as far as they agree.

The regions' medians are taken as lognormal about a common one; how far they lie apart, and whether at all, is found
with them. Not here: one lognormal for all (`durations`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from history.fitting.durations import SIGMA, Lasted, Sums, centre
from history.fitting.grids import Floats, even
from history.fitting.prior import Prior
from simulation.distributions import Family

ROUNDS, STEPS, NODES = 3, 30, 400
EACH = 10  # that are over, by region in the mean, from which on regions are told apart


@dataclass(frozen=True, eq=False)
class Apart:
    """Regions that differ.

    Attributes
    ----------
    odds
        How likely they differ at all.
    common : (D, 2)
        Draws of the median of a region that is not among them, and of its sigma, how far regions lie apart included.
    own : (D, R)
        Draws of each region's median.
    sigma : (D,)
        Draws of the sigma within a region.
    """

    odds: float
    common: Floats
    own: Floats
    sigma: Floats


def apart(
    parts: Sequence[Lasted], base: Family | None, prior: Prior, count: int, rng: np.random.Generator
) -> Apart | None:
    """Return how regions differ; None where there are not two, or too little is over to tell."""
    if len(parts) < 2 or sum(int(each.done.sum()) for each in parts) < EACH * len(parts):
        return None
    sums = [Sums.of(each) for each in parts]
    log_sigmas = np.linspace(math.log(SIGMA[0]), math.log(SIGMA[1]), NODES)
    sigma = math.sqrt(max(sum(s.squares for s in sums) / sum(s.n for s in sums), SIGMA[0] ** 2))
    for _ in range(ROUNDS):
        peaks = [_peak(each, sigma) for each in sums]
        means, spread = np.array([m for m, _ in peaks]), np.array([v for _, v in peaks])
        weights = _sigmas(sums, means, log_sigmas, prior)
        sigma = float(np.exp((weights * log_sigmas).sum()))
    drawn = np.exp(np.interp(even(count, rng), np.cumsum(weights), log_sigmas))
    taus = np.concatenate([[0.0], prior.apart * np.linspace(0.005, 4.0, NODES)])
    m0 = centre(base)
    logs = _marginal(means - m0, spread, taus, prior)
    half = np.exp(-0.5 * (taus[1:] / prior.apart) ** 2)
    own = np.exp(logs - logs.max()) * np.concatenate([[0.5], 0.5 * half / half.sum()])
    odds = 1.0 - own[0] / own.sum()
    tau = np.interp(even(count, rng), np.cumsum(own[1:]) / own[1:].sum(), taus[1:])
    mu, medians = _medians(means, spread[None, :] * (drawn[:, None] / sigma) ** 2, tau, m0, prior, rng)
    return Apart(odds, np.exp(np.column_stack([mu, 0.5 * np.log(drawn**2 + tau**2)])), np.exp(medians), drawn)


def _peak(sums: Sums, sigma: float) -> tuple[float, float]:
    """Return where the likelihood of a region's log median is greatest, and its variance there, sigma given."""
    m, bend = sums.mean, sums.n / sigma**2
    for _ in range(STEPS):
        z = (m - sums.cut) / sigma
        mills = np.exp(-0.5 * z * z - special.log_ndtr(z)) / math.sqrt(2.0 * math.pi)
        slope = sums.n * (sums.mean - m) / sigma**2 + float(sums.weights @ mills) / sigma
        bend = sums.n / sigma**2 + float(sums.weights @ (mills * (mills + z))) / sigma**2
        m += slope / bend
    return m, 1.0 / bend


def _sigmas(sums: Sequence[Sums], means: Floats, log_sigmas: Floats, prior: Prior) -> Floats:
    """Return how likely each sigma is, the regions' medians integrated out."""
    logs = -0.5 * ((log_sigmas - math.log(prior.sigma[0])) / prior.sigma[1]) ** 2 + len(sums) * log_sigmas
    for each, m in zip(sums, means, strict=True):
        logs = logs + each.likelihood(np.full_like(log_sigmas, m), log_sigmas)
    found: Floats = np.exp(logs - logs.max())
    return found / found.sum()


def _marginal(off: Floats, spread: Floats, taus: Floats, prior: Prior) -> Floats:
    """Return the log likelihood of each of how far regions lie apart, all medians integrated out.

    The regions' log medians less the prior's, `off`, have the covariance diag(spread + tau²) + factor², whose inverse
    and determinant are those of Sherman and Morrison (1950).
    """
    precision = 1.0 / (spread + taus[:, None] ** 2)
    shared = prior.factor**-2 + precision.sum(axis=1)
    square = (precision * off**2).sum(axis=1) - (precision @ off) ** 2 / shared
    found: Floats = -0.5 * (np.log(shared) - np.log(precision).sum(axis=1) + square)
    return found


def _medians(
    means: Floats, spread: Floats, tau: Floats, m0: float, prior: Prior, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Draw the common log median, (D,), and those of the regions, (D, R)."""
    precision = 1.0 / (spread + tau[:, None] ** 2)
    total = precision.sum(axis=1) + prior.factor**-2
    mu = (precision @ means + m0 * prior.factor**-2) / total + rng.standard_normal(len(tau)) / np.sqrt(total)
    own = 1.0 / spread + tau[:, None] ** -2
    middle = (means / spread + mu[:, None] * tau[:, None] ** -2) / own
    return mu, middle + rng.standard_normal(middle.shape) / np.sqrt(own)
