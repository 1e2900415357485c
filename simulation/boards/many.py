"""The estimator's means, chances and quantiles for thousands of plans at once, as arrays.

What is estimated, and how its interval is made, stands in ``results.estimator``; this is the same arithmetic with plans
as the first axis, and a test holds it to that, plan by plan. Not here: which figures (``table``).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from simulation.results.estimator import BEGINNING, ENDLESS, MISSED, Bounds, Floats, exact_high, exact_low
from simulation.results.statistics import FEW


class Ends(NamedTuple):
    """Estimates of many plans with their ends; each of shape (plans,)."""

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Moments:
    """What values come to in each stratum, as ``estimator.Moments``: shape (plans, strata); `least` (plans,)."""

    count: Floats
    nonzero: Floats
    mean: Floats
    squares: Floats
    cubes: Floats
    least: Floats


class Strata:
    """The strata of some trials that stand in their order, and what an interval takes of the exact ones.

    Parameters
    ----------
    probabilities, trials
        Of each stratum, and how many trials it has; shape (strata,).
    """

    def __init__(self, probabilities: Floats, trials: NDArray[np.int64]) -> None:
        self.probabilities, self.trials = probabilities, trials.astype(np.float64)
        self.starts = np.concatenate([[0], np.cumsum(trials)[:-1]])
        self.own = probabilities / self.trials  # what a trial weighs
        self._exact: dict[tuple[str, float], Floats] = {}

    def sums(self, x: NDArray[np.generic]) -> Floats:
        """Add a number a trial up by stratum: from shape (plans, trials) to (plans, strata)."""
        return np.add.reduceat(x, self.starts, axis=1, dtype=np.float64)

    @ENDLESS
    def moments(self, x: Floats, which: NDArray[np.bool_] | None = None) -> Moments:
        """Return the moments of a number a trial, or of those trials that are meant; x is zero in all others."""
        shape = len(x), len(self.trials)
        count = np.broadcast_to(self.trials, shape) if which is None else self.sums(which)
        total, square = self.sums(x), x * x
        squares, cubes = self.sums(square), self.sums(square * x)
        mean = _over(total, count)
        third = cubes - 3 * mean * squares + 2 * count * mean**3
        return Moments(count, self.sums(x != 0), mean, np.maximum(squares - total * mean, 0.0), third,
                       x.min(axis=1, initial=0.0))  # fmt: skip

    def exact(self, side: str, tail: float, hits: Floats, count: Floats) -> Floats:
        """Return exact ends of probabilities, `low` or `high`, each looked up where it was worked out before."""
        sizes = self.trials.astype(np.int64) + 1
        ends = np.cumsum(sizes**2)
        if (side, tail) not in self._exact:
            self._exact[side, tail] = np.full(ends[-1], np.nan)
        known = self._exact[side, tail]
        at = (ends - sizes**2 + hits * sizes + count).astype(np.int64)
        found: Floats = known[at]
        if np.isnan(found).any():
            new = np.unique(at[np.isnan(found)])
            stratum = np.searchsorted(ends, new, side="right")
            h, n = np.divmod(new - (ends - sizes**2)[stratum], sizes[stratum])
            known[new] = (exact_low if side == "low" else exact_high)(h, n, tail)
            found = known[at]
        return found


def _over(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.zeros(np.broadcast_shapes(above.shape, below.shape)), where=below > 0)


class _Domain:
    """As the estimator's: how much each stratum counts among the trials that have a value, shape (plans, strata)."""

    def __init__(self, strata: Strata, count: Floats) -> None:
        self.strata, self.part = strata, count / strata.trials
        self.total = (strata.probabilities * self.part).sum(axis=1, keepdims=True)
        self.omega = _over(strata.probabilities * self.part, self.total)

    def moved(self, own: Floats, value: Floats, confidence: float) -> Floats:
        z = float(special.ndtri((1 + confidence) / 2))
        weights = _over(self.strata.probabilities * (own - value[:, None]), self.total)
        return (weights**2 * self.part * (1 - self.part) / self.strata.trials).sum(axis=1) * z * z


@ENDLESS
def means(
    strata: Strata, found: Moments, confidence: float, bounds: Bounds | None = None, apart: Floats | None = None
) -> Ends:
    """Estimate means, as ``estimator.mean``."""
    domain = _Domain(strata, found.count)
    known = np.zeros(len(strata.trials), dtype=np.bool_) if bounds is None else bounds.known
    own = found.mean if bounds is None else np.where(known, bounds.low, found.mean)
    value = np.where(domain.total[:, 0] > 0, (domain.omega * own).sum(axis=1), np.nan)
    if known.all():
        return Ends(value, value, value)
    use, n = ~known & (found.count > 0), np.maximum(found.count, 1.0)
    variance = np.where(use, domain.omega**2 * found.squares / n**2, 0.0).sum(axis=1)
    third = np.where(use, domain.omega**3 * found.cubes / n**3, 0.0).sum(axis=1) * (len(known) > 1)
    squares = _squares(domain, found, known, confidence)
    below, above = squares.sum(axis=1), squares.sum(axis=1)
    if bounds is not None:
        missed = _missed(domain, found, known, confidence, bounds)
        if apart is not None:
            one, none = _t(found, confidence) * domain.omega, np.full(missed.shape, np.inf)
            missed = np.minimum(missed, np.multiply(one**2 / n, apart, out=none, where=apart < np.inf))
        most = np.maximum(squares, missed).sum(axis=1)
        below, above = below if (bounds.low >= 0).all() else most, most
    moved = domain.moved(own, value, confidence)
    low, high = np.sqrt(below + moved), np.sqrt(above + moved)
    z = float(special.ndtri((1 + confidence) / 2))
    lean = _over(third, 6 * variance) * (1 + 2 * z * z)
    low, high = low + _longer(-lean, low), high + _longer(lean, high)
    least = np.where(found.least >= 0, 0.0, -np.inf)
    often, skewness = (found.nonzero * ~known).sum(axis=1), _over(third, variance**1.5)
    times = np.maximum(np.where(often > 0, FEW / np.maximum(often, 1), BEGINNING), FEW * skewness**2)
    surely = np.isfinite(value) & ~(times > 1)
    ends = np.maximum(value - low, least), value + high
    return Ends(value, *(np.where(surely, end, np.nan) for end in ends))


def _longer(lean: Floats, half: Floats) -> Floats:
    return np.where((lean > 0) & (half > 0), lean * (1 + MISSED * _over(lean, half)), 0.0)


def unpaired(one: Moments, other: Moments) -> Floats:
    """Return the variances of differences if they were not of the same worlds, as ``summary`` does."""
    enough = np.minimum(one.nonzero, other.nonzero) >= FEW
    return np.where(enough, _over(one.squares, one.count - 1.0) + _over(other.squares, other.count - 1.0), np.inf)


def _t(found: Moments, confidence: float) -> Floats:
    """Return Student's quantile of each stratum that has 10 trials."""
    degrees = np.maximum(found.count - 1.0, 1.0).astype(np.int64)
    return np.asarray(special.stdtrit(np.arange(1.0, degrees.max() + 1.0), (1 + confidence) / 2)[degrees - 1])


def _squares(domain: _Domain, found: Moments, known: NDArray[np.bool_], confidence: float) -> Floats:
    """Return the squares of what each stratum adds to half the width."""
    variance, n = _over(found.squares, found.count - 1.0), np.maximum(found.count, 1.0)
    few = (found.count < FEW) & ~known & (found.count > 0)
    rows = np.where(few, found.count, 0.0)
    all_rows = rows.sum(axis=1, keepdims=True)
    common = _over((rows * found.mean).sum(axis=1, keepdims=True), all_rows)
    within = np.where(few, found.squares + rows * (found.mean - common) ** 2, 0.0).sum(axis=1, keepdims=True)
    freedom = np.maximum(all_rows - 1, 1)
    variance = np.where(few, within / freedom, variance)
    degrees = np.where(few, freedom, found.count - 1.0).astype(np.int64)
    student = special.stdtrit(np.arange(1.0, int(degrees.max(initial=1)) + 1.0), (1 + confidence) / 2)
    t = np.where(degrees > 0, student[np.maximum(degrees, 1) - 1], 0.0)
    return np.where(known | (found.count == 0), 0.0, (domain.omega * t) ** 2 * variance / n)


def _missed(domain: _Domain, found: Moments, known: NDArray[np.bool_], confidence: float, bounds: Bounds) -> Floats:
    sparse = (found.nonzero < FEW) & ~known & (found.count > 0) & (len(known) > 1)
    high = domain.strata.exact("high", (1 - confidence) / 2, np.minimum(found.nonzero, FEW), found.count)
    size = np.sqrt(_over(found.squares + found.count * found.mean**2, found.nonzero)).max(axis=1, keepdims=True)
    return np.where(sparse, (domain.omega * high * np.minimum(bounds.high, size)) ** 2, 0.0)


def shares(
    strata: Strata, hits: Floats, count: Floats, confidence: float, bounds: Bounds | None = None,
    sides: tuple[str, ...] = ("low", "high"),
) -> Ends:  # fmt: skip
    """Estimate probabilities among the trials of which there are `count` in each stratum, as ``estimator.share``."""
    domain = _Domain(strata, np.broadcast_to(count, hits.shape))
    own, tail = _over(hits, count), (1 - confidence) / 2
    if bounds is not None:
        own = np.where(bounds.known, bounds.low, own)
    value = np.clip((domain.omega * own).sum(axis=1), 0.0, 1.0)
    moved = domain.moved(own, value, confidence)
    ends = []
    for side, sign in (("low", -1.0), ("high", 1.0)):
        if side not in sides:
            ends.append(value)
            continue
        end = strata.exact(side, tail, hits, count)
        if bounds is not None:
            end = np.where(bounds.known, bounds.low, np.clip(end, bounds.low, bounds.high))
        apart = np.sqrt(((domain.omega * (end - own)) ** 2).sum(axis=1) + moved)
        ends.append(np.clip(value + sign * apart, 0.0, 1.0))
    return Ends(value, *ends)


class Ladder:
    """The values of those trials that are meant, in order, plan by plan, and how likely it is to be up to each.

    Parameters
    ----------
    strata
        Of the trials.
    x
        A value a trial, shape (plans, trials), above zero.
    which
        The trials that are meant.
    """

    def __init__(self, strata: Strata, x: Floats, which: NDArray[np.bool_]) -> None:
        self.strata, self.x, self.count = strata, np.where(which, x, np.inf), strata.sums(which)
        # The last bits of a value say which stratum it is of: so one sort of plain numbers keeps both together.
        bits = self.bits = len(strata.trials).bit_length()
        codes = np.repeat(np.arange(len(strata.trials)), strata.trials.astype(np.int64))
        keys = np.sort(np.where(which, (x.view(np.int64) >> bits << bits) | codes, np.iinfo(np.int64).max), axis=1)
        weights = np.append(strata.own, np.zeros((1 << bits) - len(strata.own)))  # what is not meant comes last
        along = np.cumsum(weights[keys & ((1 << bits) - 1)], axis=1)
        self.values = keys >> bits << bits
        self.none = along[:, -1] <= 0
        self.along = along / np.where(self.none, 1.0, along[:, -1])[:, None]
        self.last = np.maximum(self.count.sum(axis=1).astype(np.int64) - 1, 0)
        self.flat = (self.along + 2.0 * np.arange(len(x))[:, None]).reshape(-1)

    def quantile(self, p: float, confidence: float) -> Ends:
        """Estimate a quantile: as ``estimator.quantile``."""
        value = self._first(np.full(len(self.x), p - 1e-12))
        ends = [self._end(value, p, confidence, side) for side in ("high", "low")]  # of the probability: crosswise
        low, high = ends
        none = self._nothing(p, confidence)
        top = (
            self._up_to(self.last, confidence, "low", np.arange(len(self.x))).low < p
        )  # no value is surely beyond the quantile
        return Ends(
            np.where(self.none, np.nan, self._at(value)),
            np.where(self.none | ((low == 0) & none), np.nan, self._at(low)),
            np.where(self.none | top, np.nan, self._at(high)),
        )

    def _first(self, target: Floats) -> NDArray[np.int64]:
        """Return the first place of each plan up to which the probability is as wanted."""
        rows = np.arange(len(self.x))
        found = np.searchsorted(self.flat, np.clip(target, 0.0, 1.0) + 2.0 * rows, side="left")
        return np.clip(found - rows * self.along.shape[1], 0, self.last)

    def _at(self, place: NDArray[np.int64]) -> Floats:
        return self.values[np.arange(len(place)), place].view(np.float64)

    def _end(self, value: NDArray[np.int64], p: float, confidence: float, side: str) -> NDArray[np.int64]:
        """Return the first place at which an end of the probability reaches p, near that of the quantile itself."""
        rows = np.arange(len(self.x))
        found = self._up_to(value, confidence, side, rows)
        place = self._first(p - (getattr(found, side) - found.value))  # ends hardly move from place to place
        below, reaches, step = np.full(len(place), -1), self.last.copy(), np.ones(len(place), dtype=np.int64)
        seen = np.zeros((2, len(place)), dtype=np.bool_)  # whether a place below was looked at, and one that reaches p
        while len(rows):
            here = getattr(self._up_to(place[rows], confidence, side, rows), side) >= p - 1e-12
            reaches[rows[here]], below[rows[~here]] = place[rows[here]], place[rows[~here]]
            seen[0, rows[~here]], seen[1, rows[here]] = True, True
            rows = rows[reaches[rows] - below[rows] > 1]
            # Strides as long as it is on one side, then halves: where many trials have one value, ends stay for long.
            near = np.where(seen[1, rows], reaches[rows] - step[rows], below[rows] + step[rows])
            both = seen[:, rows].all(axis=0)
            next_ = np.where(both, (below[rows] + reaches[rows]) // 2, near)
            place[rows] = np.clip(next_, below[rows] + 1, np.maximum(reaches[rows] - seen[1, rows], below[rows] + 1))
            step[rows] *= 2
        return reaches

    def _up_to(self, place: NDArray[np.int64], confidence: float, side: str, rows: NDArray[np.int64]) -> Ends:
        # A value of the ladder lacks its last bits: what is up to the next one of those is meant.
        upper = (self.values[rows, place] + (1 << self.bits)).view(np.float64)[:, None]
        whole = len(rows) == len(self.x)
        hits = self.strata.sums((self.x if whole else self.x[rows]) < upper)
        return shares(self.strata, hits, self.count[rows], confidence, sides=(side,))

    def _nothing(self, p: float, confidence: float) -> NDArray[np.bool_]:
        """Return where even below all values the probability may be p: then the lower end is not among them."""
        return np.asarray(shares(self.strata, np.zeros(self.count.shape), self.count, confidence).high >= p)
