"""Durations, some of which were cut short: lognormal by a grid, its regions shrunk towards each other.

What is cut short counts with the chance to last longer; leaving it out makes everything look quicker. Not here: whether
values as they were fit better (`empirical`), which durations (`attempts`, `waits`, `recoveries`).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from history.fitting.grids import Box, Floats, surface
from history.fitting.prior import Prior
from simulation.distributions import Family

SECOND = 1.0 / 60.0  # minutes: how exactly records tell the time
USUAL = 5.0  # minutes, where the base says none
NODES = 256  # so many groups of what was cut short
SIGMA = (0.004, 8.0)
STEPS = 60


def usable(minutes: Floats, done: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which durations say something: over, and not before they began, or going on for a second at least."""
    with np.errstate(invalid="ignore"):
        return np.where(done, minutes > -SECOND, minutes > SECOND)


@dataclass(frozen=True, eq=False)
class Lasted:
    """Durations.

    Attributes
    ----------
    minutes : (n,)
        How long each lasted, or had lasted when it was last seen.
    done : bool, (n,)
        Whether it was over by then.
    """

    minutes: Floats
    done: NDArray[np.bool_]

    @classmethod
    def of(cls, minutes: Floats, done: NDArray[np.bool_]) -> "Lasted":
        """Return those that say something: over, or going on for a second at least."""
        kept = usable(minutes, done)
        return cls(np.maximum(minutes[kept], SECOND), done[kept])

    def __len__(self) -> int:
        return len(self.minutes)

    def part(self, which: NDArray[np.bool_]) -> "Lasted":
        """Return some of them."""
        return Lasted(self.minutes[which], self.done[which])


@dataclass(frozen=True, eq=False)
class Sums:
    """What of durations a lognormal needs: of those that are over, their number, and of their logarithms the mean and
    the squares about it; of those cut short, values and how many of each.
    """

    n: int
    mean: float
    squares: float
    cut: Floats
    weights: Floats

    @classmethod
    def of(cls, lasted: Lasted) -> "Sums":
        """Sum up; what was cut short is grouped where there are many."""
        logs = np.log(lasted.minutes)
        own, cut = logs[lasted.done], logs[~lasted.done]
        mean = float(own.mean()) if len(own) else 0.0
        squares = float(((own - mean) ** 2).sum())
        if len(cut) <= NODES:
            return cls(len(own), mean, squares, cut, np.ones(len(cut)))
        nodes = np.linspace(cut.min(), cut.max(), NODES)
        at = (cut - nodes[0]) / (nodes[1] - nodes[0])
        low = np.minimum(at.astype(np.int64), NODES - 2)
        weights = np.bincount(low, 1.0 - (at - low), NODES) + np.bincount(low + 1, at - low, NODES)
        return cls(len(own), mean, squares, nodes, weights.astype(np.float64))

    def likelihood(self, m: Floats, log_sigma: Floats) -> Floats:
        """Return the log likelihood of a log median and the logarithm of sigma, in their common shape."""
        sigma = np.exp(log_sigma)
        found = -self.n * log_sigma - (self.squares + self.n * (self.mean - m) ** 2) / (2.0 * sigma**2)
        if len(self.cut):
            beyond = special.log_ndtr((m[..., None] - self.cut) / sigma[..., None])
            found = found + beyond @ self.weights
        return found

    def peak(self) -> tuple[float, float]:
        """Return about the most likely log median and sigma: what was cut short lasts as it says (EM)."""
        total = self.n + float(self.weights.sum())
        all_ = self.n * self.mean + float(self.weights @ self.cut)
        m, sigma = all_ / total, max(math.sqrt(self.squares / max(self.n, 1)), 0.05)
        for _ in range(STEPS if len(self.cut) else 1):
            z = (self.cut - m) / sigma
            mills = np.exp(-0.5 * z * z - special.log_ndtr(-z)) / math.sqrt(2.0 * math.pi)
            first = self.weights @ (m + sigma * mills)
            second = self.weights @ (m**2 + sigma**2 + sigma * (self.cut + m) * mills)
            m = (self.n * self.mean + float(first)) / total
            square = (self.squares + self.n * self.mean**2 + float(second)) / total - m**2
            sigma = min(max(math.sqrt(max(square, 0.0)), SIGMA[0]), SIGMA[1])
        return m, sigma


def centre(base: Family | None) -> float:
    """Return the logarithm of the base's median, or of 5 minutes where it has none."""
    middle = float(base.quantile(np.array([0.5]))[0]) if base is not None else 0.0
    return math.log(middle) if middle > 0 else math.log(USUAL)


def _box(sums: Sums, m0: float, prior: Prior) -> Box:
    """Return where the posterior is looked for: about what is likely, where two or more are over, else all there is."""
    wide = (m0 - 5.0 * prior.factor, m0 + 5.0 * prior.factor)
    ends = (math.log(SIGMA[0]), math.log(SIGMA[1]))
    if sums.n < 2:
        values = [*wide, sums.mean if sums.n else m0, *sums.cut]
        return (min(values), max(values)), ends
    m, sigma = sums.peak()
    reach, fold = 30.0 * sigma / math.sqrt(sums.n), 16.0 / math.sqrt(2.0 * sums.n)
    log_sigma = math.log(sigma)
    return (m - reach, m + reach), (max(log_sigma - fold, ends[0] - 1.0), min(log_sigma + fold, ends[1]))


def lognormal(lasted: Lasted, base: Family | None, prior: Prior, count: int, rng: np.random.Generator) -> Floats:
    """Return draws of median and sigma, (count, 2).

    Parameters
    ----------
    lasted
        The durations; of none of them what is drawn is the prior.
    base
        Around whose median the prior lies.
    prior, count, rng
        See `shares.share`.
    """
    sums, m0 = Sums.of(lasted), centre(base)

    def posterior(m: Floats, log_sigma: Floats) -> Floats:
        found = -0.5 * ((m - m0) / prior.factor) ** 2
        found = found - 0.5 * ((log_sigma - math.log(prior.sigma[0])) / prior.sigma[1]) ** 2
        return found + sums.likelihood(*np.broadcast_arrays(m, log_sigma))

    found = surface(posterior, _box(sums, m0, prior))
    drawn: Floats = np.exp(found.draws(count, rng))
    return drawn
