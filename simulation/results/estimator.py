"""The one estimator: means, chances, quantiles and ratios of trials that come in strata, with intervals.

Every figure of ours, of rows or of sums, is one of these. A crude sample is one stratum, and its intervals are those of
Student, of Clopper and Pearson, and of order statistics. With several, each stratum has its own such interval; the
distances of their ends from the estimate add up as squares, each side for itself (Zou and Donner 2008, *Construction of
confidence limits about effect measures*). What is known of a stratum without sampling adds nothing. Not here: quantiles
(``quantiles``), which figures there are (``figures``), what they are estimated from (``outcomes``, ``tally``).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from simulation.results.statistics import FEW, NOTHING, Estimate

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Numbers = Floats | Counts
MISSED = 8.0  # how much more the side of a long tail is lengthened, times its part of the half-width
ENDLESS = np.errstate(invalid="ignore", over="ignore")  # an endless horizon gives infinite impacts
LONG = 1.5  # the skewness that a tail should give an estimate which is told, at most; what values show is held closer
BEGINNING = 10.0  # times as many trials, where nothing says how many it takes
ROUNDING = 1e-12  # a variance below this part of the mean's square is of last digits; sums leave about 1e-15
TINY = 1e-9  # hits where there are none, for a function that takes no zero


class Sample(NamedTuple):
    """How likely each stratum is, and how many trials it has; each of shape (strata,)."""

    probabilities: Floats
    trials: Counts


class Bounds(NamedTuple):
    """The least and the greatest that a figure's number can be in each stratum; each of shape (strata,)."""

    low: Floats
    high: Floats

    @property
    def known(self) -> NDArray[np.bool_]:
        """In which strata nothing is left to sample."""
        return self.low == self.high


@dataclass(frozen=True)
class Moments:
    """What the values in each stratum come to; each array of shape (strata,).

    Attributes
    ----------
    count, nonzero
        How many trials have a value, and how many have one other than zero.
    mean, squares, cubes
        Their mean, and the sums of squares and of cubes about it.
    least
        The least value of all.
    """

    count: Counts
    nonzero: Counts
    mean: Floats
    squares: Floats
    cubes: Floats
    least: float

    @property
    def size(self) -> float:
        """How large values other than zero are: the greatest root mean square of a stratum's."""
        return float(np.sqrt(_over(self.squares + self.count * self.mean**2, self.nonzero)).max(initial=0.0))

    def even(self) -> "Moments":
        """Return the same as if there were no skewness: of differences between ratios nobody keeps it."""
        return replace(self, cubes=np.zeros(len(self.cubes)))

    @classmethod
    @ENDLESS
    def of_sums(cls, sums: Floats, least: float = 0.0) -> "Moments":
        """Return the moments of values of which there are sums.

        Parameters
        ----------
        sums
            By stratum: how many values there are, how many are not zero, their sum, sum of squares and of cubes; shape
            (5, strata).
        least
            The least value there can be.
        """
        count, nonzero, total, squares, cubes = sums
        mean = _over(total, count)
        about = np.maximum(squares - total * mean, 0.0)
        third = cubes - 3 * mean * squares + 2 * count * mean**3
        return cls(np.rint(count).astype(np.int64), np.rint(nonzero).astype(np.int64), mean, about, third, least)

    @classmethod
    @ENDLESS
    def of_values(cls, values: Floats, codes: Counts, strata: int) -> "Moments":
        """Return the moments of values.

        Parameters
        ----------
        values, codes
            The values, and the stratum of each; shape (n,).
        strata
            How many there are.
        """
        count = np.bincount(codes, minlength=strata)
        nonzero = np.bincount(codes, weights=values != 0, minlength=strata).astype(np.int64)
        if strata == 1:  # NumPy's own mean: a crude one is what anybody else's is, to the bit
            mean = np.array([np.mean(values) if len(values) else 0.0])
        else:
            mean = _over(np.bincount(codes, weights=values, minlength=strata).astype(np.float64), count)
        apart = values - mean[codes]
        squares = np.bincount(codes, weights=apart * apart, minlength=strata).astype(np.float64)
        cubes = np.bincount(codes, weights=apart * apart * apart, minlength=strata).astype(np.float64)
        return cls(count, nonzero, mean, squares, cubes, float(values.min(initial=0.0)))


class Tail(NamedTuple):
    """What is rare and long in values, as it should be: the sums of its squares and cubes in each stratum's trials."""

    squares: Floats
    cubes: Floats


def _over(above: Floats, below: Numbers) -> Floats:
    return np.divide(above, below, out=np.zeros(len(above)), where=below > 0)


def chance(sample: Sample, hits: Counts, confidence: float, bounds: Bounds | None = None) -> Estimate:
    """Estimate a probability from how often it was so in each stratum."""
    return share(sample, hits, sample.trials, confidence, bounds)


def share(sample: Sample, hits: Numbers, count: Numbers, confidence: float, bounds: Bounds | None = None) -> Estimate:
    """Estimate the probability of something among the trials of which there are `count` in each stratum."""
    domain = domain_of(sample, count, bounds)
    if domain is None:
        return NOTHING
    found = Share(domain, hits, count, confidence, bounds)
    return Estimate(found.value, found.low, found.high)


class Share:
    """A probability in a domain, its ends worked out where they are asked for: they cost more than all else."""

    def __init__(
        self, domain: "Domain", hits: Numbers, count: Numbers, confidence: float, bounds: Bounds | None = None
    ) -> None:
        self.domain, self.hits, self.count, self.bounds = domain, hits, count, bounds
        self.tail = (1 - confidence) / 2
        self.own = _over(hits.astype(np.float64), count.astype(np.float64))
        if bounds is not None:
            self.own = np.where(bounds.known, bounds.low, self.own)
        self.value = float(np.clip((domain.omega * self.own).sum(), 0.0, 1.0))
        self.moved = domain.moved(self.own, self.value, confidence)

    @property
    def low(self) -> float:
        """The lower end."""
        return max(self.value - self._apart(exact_low(self.hits, self.count, self.tail)), 0.0)

    @property
    def high(self) -> float:
        """The upper end."""
        return min(self.value + self._apart(exact_high(self.hits, self.count, self.tail)), 1.0)

    def _apart(self, end: Floats) -> float:
        """Return how far the strata's ends are from the value, together."""
        if self.bounds is not None:
            end = np.where(self.bounds.known, self.bounds.low, np.clip(end, self.bounds.low, self.bounds.high))
        return math.sqrt(((self.domain.reach * (end - self.own)) ** 2).sum() + self.moved)


@dataclass(frozen=True)
class Domain:
    """How much each stratum counts among the trials that have a value: `omega`, and what that is uncertain by."""

    sample: Sample
    part: Floats
    total: float
    unseen: NDArray[np.bool_]

    @property
    def omega(self) -> Floats:
        """How much each stratum counts, shape (strata,)."""
        return self.sample.probabilities * self.part / self.total

    @property
    def reach(self) -> Floats:
        """As `omega`; where nothing was seen, as if all of the stratum had a value."""
        return np.where(self.unseen, self.sample.probabilities / self.total, self.omega)

    def moved(self, own: Floats, value: float, confidence: float) -> float:
        """Return the square of what the strata's shares of the domain, where estimated, add to half the width."""
        z = float(special.ndtri((1 + confidence) / 2))
        weights = self.sample.probabilities * (own - value) / self.total
        return float((weights**2 * self.part * (1 - self.part) / np.maximum(self.sample.trials, 1)).sum()) * z * z


def domain_of(sample: Sample, count: Numbers, bounds: Bounds | None) -> Domain | None:
    """Return the trials that have a value, of which there are `count` in each stratum; None where there are none."""
    part = _over(count.astype(np.float64), sample.trials.astype(np.float64))
    unseen = sample.trials == 0
    if bounds is not None:
        part, unseen = np.where(bounds.known & unseen, 1.0, part), unseen & ~bounds.known
    total = float((sample.probabilities * part).sum())
    return Domain(sample, part, total, unseen) if total > 0 else None


def clopper_pearson(hits: Numbers, trials: Numbers, confidence: float) -> tuple[Floats, Floats]:
    """Return the ends of the exact interval of each of some probabilities; 0 and 1 of no trials."""
    tail = (1 - confidence) / 2
    return exact_low(hits, trials, tail), exact_high(hits, trials, tail)


def exact_low(hits: Numbers, trials: Numbers, tail: float) -> Floats:
    """Return the exact lower ends of some probabilities; 0 of no hits."""
    return np.where(hits > 0, special.betaincinv(np.maximum(hits, TINY), trials - hits + 1, tail), 0.0)


def exact_high(hits: Numbers, trials: Numbers, tail: float) -> Floats:
    """Return the exact upper ends of some probabilities; 1 where there is no miss."""
    misses = trials - hits
    return np.where(misses > 0, special.betaincinv(hits + 1, np.maximum(misses, TINY), 1 - tail), 1.0)


def between(found: Moments, bounds: Bounds, confidence: float) -> Floats:
    """Return how far the mean of each stratum may be from its estimate, whatever its values are between their bounds.

    The empirical Bernstein bound (Maurer and Pontil 2009, *Empirical Bernstein bounds*, theorem 4); endless without
    bounds, or of fewer than two values.
    """
    sure, rest = math.log(4 / (1 - confidence)), np.maximum(found.count - 1.0, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        usual = np.sqrt(2 * sure * found.squares / rest / found.count)
        return np.where(rest > 0, usual + 7 * sure * (bounds.high - bounds.low) / (3 * rest), np.inf)


@ENDLESS
def mean(
    sample: Sample, found: Moments, confidence: float, bounds: Bounds | None = None, apart: Floats | None = None,
    tails: Sequence[Tail] = (),
) -> Estimate:  # fmt: skip
    """Estimate the mean of the trials that have a value; `apart` is the variance of differences between other worlds.

    The ends are NaN where the trials do not suffice for an honest interval (`times`): fewer than 10 values other than
    zero, a stratum without a trial, or values so skewed that as few as 10 of them would make as much of the error, by
    what they show or by what `tails` say.
    """
    domain = domain_of(sample, found.count, bounds)
    if domain is None:
        return NOTHING
    known = np.zeros(len(sample.trials), dtype=np.bool_) if bounds is None else bounds.known
    own = found.mean if bounds is None else np.where(known, bounds.low, found.mean)
    value = float((domain.omega * own).sum())
    if known.all():
        return Estimate(value, value, value)
    skewness = _Skewness(domain, found, known)
    if not math.isfinite(value) or domain.unseen.any() or _times(found, known, skewness, tails) > 1:
        return Estimate(value, math.nan, math.nan)
    below, above = _sides(domain, found, known, confidence, bounds, apart)
    moved = domain.moved(own, value, confidence)
    lean = skewness.lean(confidence)
    least = 0.0 if found.least >= 0 else -math.inf  # what cannot be negative has no mean below zero
    low, high = math.sqrt(below + moved), math.sqrt(above + moved)
    low, high = low + _longer(-lean, low), high + _longer(lean, high)
    return Estimate(value, max(value - low, least), value + high)


def _longer(lean: float, half: float) -> float:
    """Return by how much the side of a long tail is longer: Edgeworth's first term, and more where that is large.

    The more skewed values are, the more of their skewness a sample misses: with lognormal ones of σ up to 2, means of
    100 to 5,000 have intervals of 95 % with this, and of 82 to 94 % with the first term alone.
    """
    return lean * (1 + MISSED * lean / half) if lean > 0 and half > 0 else 0.0


def _sides(
    domain: Domain, found: Moments, known: NDArray[np.bool_], confidence: float, bounds: Bounds | None,
    apart: Floats | None,
) -> tuple[float, float]:  # fmt: skip
    """Return the squares of the distances to both ends, strata together."""
    count = np.maximum(found.count, 1)
    variance = _over(found.squares, count - 1.0)
    few = (found.count < FEW) & ~known & (found.count > 0)
    if few.any():  # too few for a variance of their own: that of all of those together, about their common mean
        rows, common = found.count[few], np.average(found.mean[few], weights=found.count[few])
        within = found.squares[few] + rows * (found.mean[few] - common) ** 2
        variance = np.where(few, within.sum() / max(int(rows.sum()) - 1, 1), variance)
    t = special.stdtrit(np.where(few, max(int(found.count[few].sum()) - 1, 1), count - 1.0), (1 + confidence) / 2)
    squares = np.where(known | (found.count == 0), 0.0, (domain.omega * t) ** 2 * variance / count)
    if bounds is None:
        return float(squares.sum()), float(squares.sum())
    # What is rarely other than zero may be so where that was hardly seen, and as large as elsewhere.
    sparse = (found.nonzero < FEW) & ~known & (found.count > 0) & (len(known) > 1)
    _, high = clopper_pearson(found.nonzero, found.count, confidence)
    most = np.minimum(bounds.high, found.size)
    missed = np.where(sparse, (domain.omega * high * most) ** 2, 0.0)
    if apart is not None:  # what two plans differ by is no wider than both of them together
        most = np.multiply((domain.omega * t) ** 2 / count, apart, out=np.full(len(t), np.inf), where=apart < np.inf)
        missed = np.minimum(missed, most)
    below = squares if (bounds.low >= 0).all() else np.maximum(squares, missed)
    return float(below.sum()), float(np.maximum(squares, missed).sum())


class _Skewness:
    """How skewed the estimate of a mean is, as far as its values show."""

    def __init__(self, domain: Domain, found: Moments, known: NDArray[np.bool_]) -> None:
        use = ~known & (found.count > 0)
        # Of values that are all the same but for their last digits, a shape would be made of rounding.
        use &= found.squares > ROUNDING * found.count * found.mean**2
        n = found.count[use].astype(np.float64)
        self.reach = np.zeros(len(known))  # what a value adds to the mean
        self.reach[use] = domain.omega[use] / n
        self.variance = float((domain.omega[use] ** 2 * found.squares[use] / n**2).sum())
        third = float((domain.omega[use] ** 3 * found.cubes[use] / n**3).sum())
        self.third = third if len(known) > 1 else 0.0  # crude samples have the interval that everybody knows

    @property
    def own(self) -> float:
        """Skewness: where m equal values make all of the error, it is one over the root of m."""
        return self.third / self.variance**1.5 if self.variance > 0 else 0.0

    def of(self, tail: Tail) -> float:
        """Return the skewness that a tail should give; where it should vary more than all does, as if it were rarer."""
        square, cube = (tail.squares * self.reach**2).sum(), (tail.cubes * self.reach**3).sum()
        if square <= 0 or self.variance <= 0 or len(self.reach) == 1:
            return 0.0
        return float(cube * min(1.0, self.variance / square) / self.variance**1.5)

    def lean(self, confidence: float) -> float:
        """Return by how much Student's interval sits too low.

        The first term of Edgeworth's series (Hall 1992, *On the removal of skewness by transformation*): with the
        estimate's variance V and third cumulant K, K / (6 V) · (1 + 2 z²).
        """
        z = float(special.ndtri((1 + confidence) / 2))
        return self.third / (6 * self.variance) * (1 + 2 * z * z) if self.variance > 0 else 0.0


def _times(found: Moments, known: NDArray[np.bool_], skewness: _Skewness, tails: Sequence[Tail]) -> float:
    often = int(found.nonzero[~known].sum())
    return max(
        FEW / often if often else BEGINNING,
        FEW * skewness.own**2,
        *((skewness.of(each) / LONG) ** 2 for each in tails),
    )


@ENDLESS
def times(sample: Sample, found: Moments, bounds: Bounds | None = None, tails: Sequence[Tail] = ()) -> float:
    """Return about how many times as many trials it takes to know a mean's interval; up to 1 where they suffice."""
    domain = domain_of(sample, found.count, bounds)
    if domain is None or domain.unseen.any():
        return BEGINNING
    known = np.zeros(len(sample.trials), dtype=np.bool_) if bounds is None else bounds.known
    needed = _times(found, known, _Skewness(domain, found, known), tails)
    return needed if math.isfinite(needed) else BEGINNING
