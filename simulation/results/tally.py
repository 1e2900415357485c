"""Tallies: what adds up over the rollouts of one plan, so that memory does not grow with trials.

Sums give means and their intervals, products with a baseline give paired differences, and histograms give quantiles to
a stated relative error. Tallies of blocks of trials merge by addition, in the order of the blocks. Not here: the
counting itself (``engine``), tables of single rollouts (``outcomes``), which figures there are (``summary``).
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulation.arguments import check_confidence
from simulation.columns import OUTCOMES
from simulation.engine import layout
from simulation.rare_events.known import Known
from simulation.rare_events.sampling import BLOCK, Method, sampling_of
from simulation.results.bars import Bars
from simulation.results.estimator import ENDLESS, Counts, Floats, Moments, Sample
from simulation.results.quantiles import quantile
from simulation.results.statistics import NOTHING, Estimate
from simulation.results.summary import RATIOS, summed_up
from simulation.scenario import Scenario
from simulation.setting import setting
from waves import Plan

LEAST, OCTAVES = -30, 64  # histograms reach from 2⁻³⁰, a thousand-millionth, to 2³⁴
COLUMNS = {
    "failover_hit": layout.C_FAILOVER,
    "share_exposed": layout.C_SHARE,
    "peak_share": layout.C_PEAK,
    "impact_minutes": layout.C_IMPACT,
    "regions_exposed": layout.C_REGIONS,
    "mixed_minutes": layout.C_MIXED,
    "end_minutes": layout.C_END,
    "detected_minutes": layout.C_DETECTED,
    "recovered_minutes": layout.C_RECOVERED,
}
DATES = ("detected_minutes", "recovered_minutes")


@dataclass(frozen=True)
class Bins:
    """The bins of the histograms: each power of two is cut into 2^bits equal parts."""

    bits: int = 8

    @property
    def error(self) -> float:
        """The greatest relative error of a quantile: half a bin."""
        return 0.5 / 2**self.bits

    @property
    def octaves(self) -> int:
        """How many bins there are where a whole octave is one."""
        return OCTAVES + 2

    def octave(self, index: NDArray[np.int64], column: int) -> NDArray[np.int64]:
        """Return the octave of each bin of a column; 0 for the bin of zero. Regions have a bin each."""
        if column == layout.C_REGIONS:
            return np.minimum(index, self.octaves - 1)
        return np.where(index == 0, 0, ((index - 1) >> self.bits) + 1)

    def by_octave(self, counts: Bars) -> NDArray[np.int64]:
        """Return histograms with a bin an octave, shape (shapes, octaves)."""
        found = np.zeros((len(layout.SHAPES), self.octaves), dtype=np.int64)
        for shape, column in enumerate(layout.SHAPES):
            row = counts[shape]
            filled = np.flatnonzero(row)
            np.add.at(found[shape], self.octave(filled, column), row[filled])
        return found

    @property
    def count(self) -> int:
        """How many bins there are, the one for zero included."""
        return (OCTAVES << self.bits) + 2

    @property
    def address(self) -> NDArray[np.int64]:
        """What the compiled code needs to find a bin: shift and floor."""
        return np.array([52 - self.bits, ((1023 + LEAST) << self.bits) - 1], dtype=np.int64)

    def edges(self, index: int) -> tuple[float, float]:
        """Return the least and the greatest value of a bin."""
        if index == 0:
            return 0.0, 0.0
        if index == self.count - 1:  # it holds all that is greater, too
            return 2.0 ** (LEAST + OCTAVES), math.inf
        shift, floor = self.address
        pair = np.array([(index + floor) << shift, (index + floor + 1) << shift], dtype=np.int64).view(np.float64)
        return float(pair[0]), float(pair[1])


@dataclass(frozen=True, eq=False)
class Tally:
    """What adds up over many rollouts of one plan.

    Attributes
    ----------
    plan, scenario, seed, sampling
        What was run, and how worlds were sampled.
    trials
        How many rollouts.
    sums, cross
        By stratum, laid out as ``layout`` numbers them; shapes (strata, SUMS) and (strata, CROSS).
    regional
        Exposures, minutes of harm and fleet-minutes, by stratum and position in the plan; shape (strata, 3, regions).
    counts
        Histograms, one row for each of ``layout.SHAPES``: how many changes, in units of the least weight there is.
    by_stratum
        Histograms by stratum with a bin an octave: how many trials; shape (strata, shapes, octaves). None where there
        is one stratum: `counts` are its.
    bins
        Their bins.
    """

    plan: Plan
    scenario: Scenario
    seed: int
    sampling: Method
    trials: int
    sums: Floats
    cross: Floats
    regional: Floats
    counts: Bars
    by_stratum: Bars | None
    bins: Bins

    @cached_property
    def sample(self) -> Sample:
        """The strata, and how many trials each has."""
        design = sampling_of(self.scenario, self.sampling)
        rest = design.codes(range(self.trials // BLOCK * BLOCK, self.trials))
        whole = design.counts * (self.trials // BLOCK)
        return Sample(design.probabilities, whole + np.bincount(rest, minlength=len(whole)))

    @property
    def octaves(self) -> NDArray[np.int64]:
        """Histograms by stratum with a bin an octave, of trials; shape (strata, shapes, octaves)."""
        return self._alone if self.by_stratum is None else np.asarray(self.by_stratum)

    @cached_property
    def _alone(self) -> NDArray[np.int64]:
        return self.bins.by_octave(self.counts)[None]

    @cached_property
    def known(self) -> Known:
        """What is known of the plan in each stratum."""
        return Known(setting(self.plan, self.scenario), sampling_of(self.scenario, self.sampling))

    @property
    def exposed(self) -> Floats:
        """In how many trials of each stratum each region of the plan is exposed, in its order; (strata, regions)."""
        return self.regional[:, 0, : len(self.plan.regions)]

    def hits(self, event: str) -> Counts:
        """Return in how many trials of each stratum something was so."""
        if event == "failover_hit":
            return np.rint(self._five(event)[1]).astype(np.int64)
        at = layout.S_SHIPPED if event == "shipped" else layout.S_OUTCOME + OUTCOMES.index(event)
        return np.rint(self.sums[:, at]).astype(np.int64)

    @ENDLESS
    def _five(self, column: str) -> Floats:
        """Return count, nonzero, sum, sum of squares and of cubes of a column by stratum, shape (5, strata)."""
        s = self.sums.T
        if column in DATES:
            at = layout.S_DETECTED + layout.POWERS * DATES.index(column)
            return np.array([s[at], s[at], s[at + 1], s[at + 2], s[at + 3]])
        n = self.sample.trials.astype(np.float64)
        if column == "mixed_minutes":
            total, squares = s[layout.S_MIXED], s[layout.S_MIXED2]
            return np.array([n, n - self._zeros(layout.C_MIXED, n), total, squares, s[layout.S_MIXED3]])
        at = layout.S_SPARSE + layout.POWERS * layout.SPARSE.index(COLUMNS[column])
        return np.array([n, s[at], s[at + 1], s[at + 2], s[at + 3]])

    def _zeros(self, column: int, n: Floats) -> Floats:
        own = self.octaves[:, layout.SHAPES.index(column)]
        return n - own.sum(axis=1) + own[:, 0]

    def moments(self, column: str, which: str) -> Moments:
        """Return what a column comes to in the trials that are `all`, `defective`, `shipped` or `dated`."""
        if which == "shipped":
            ends = (layout.S_SHIPPED, layout.S_SHIPPED, layout.S_ENDS, layout.S_ENDS2, layout.S_ENDS3)
            five = np.array([self.sums[:, at] for at in ends])
        else:
            five = self._five(column)
        if which == "defective":
            five[0] = self.sums[:, layout.S_DEFECTIVE]
        return Moments.of_sums(five)

    def quantile(self, column: str, which: str, p: float, confidence: float) -> Estimate:
        """Estimate a quantile to within `bins.error`, with the bins' ends as those of its interval."""
        shape = COLUMNS[column]
        count = self._having(column, which)
        if not count.any():
            return NOTHING
        ladder = Steps(self, layout.SHAPES.index(shape), count)
        value, low, high = quantile(self.sample, ladder.along, ladder.at, count, p, confidence)
        ends = [
            self._value(ladder.filled[place], shape, side) if 0 <= place < len(ladder.filled) else math.nan
            for side, place in enumerate((low, high))
        ]
        return Estimate(self._value(ladder.filled[value], shape, None), *ends)

    def _having(self, column: str, which: str) -> Floats:
        if which == "dated":
            return self._five(column)[0]
        return {
            "all": self.sample.trials.astype(np.float64),
            "defective": self.sums[:, layout.S_DEFECTIVE],
            "shipped": self.sums[:, layout.S_SHIPPED],
        }[which]

    def _value(self, index: int, shape: int, side: int | None) -> float:
        if shape == layout.C_REGIONS:
            return float(index)
        low, high = self.bins.edges(int(index))
        if shape in (layout.C_SHARE, layout.C_PEAK):
            high = min(high, max(1.0, low))
        return (low + high) / 2 if side is None else (low, high)[side]

    def over_shipped(self, figure: str) -> tuple[float, Moments]:
        """Return a figure over what ships, and what the trials add to its error."""
        found = Ratio(self, figure)
        return found.value, found.moments()

    def summary(self, confidence: float = 0.95) -> pd.DataFrame:
        """Sum the rollouts up: the figures of `Outcomes.summary`, quantiles to within `bins.error` of their value."""
        return summed_up(self, check_confidence(confidence))


def _about(count: Floats, total: Floats, squares: Floats) -> Floats:
    """Return the sum of cubes of values without skewness, where nobody kept the cubes."""
    mean = np.divide(total, count, out=np.zeros(len(count)), where=count > 0)
    return 3 * mean * squares - 2 * count * mean**3


class Steps:
    """The bins of a histogram that are not empty, in order, and how likely values are to be up to each."""

    def __init__(self, tally: Tally, shape: int, count: Floats) -> None:
        self.tally, self.count = tally, count
        row, octaves = tally.counts[shape], tally.octaves[:, shape]
        self.missing = count - octaves.sum(axis=1)  # what is not counted is zero
        own = tally.sample.probabilities / np.maximum(tally.sample.trials, 1)
        filled = np.flatnonzero(row)
        if self.missing.any() and not (len(filled) and filled[0] == 0):
            filled = np.insert(filled, 0, 0)
        self.filled = filled
        self.octave = tally.bins.octave(filled, layout.SHAPES[shape])
        # Within an octave every stratum is taken to be spread as all are together.
        along = np.cumsum(row[filled].astype(np.float64))
        starts = np.searchsorted(self.octave, self.octave, side="left")
        ends = np.searchsorted(self.octave, self.octave, side="right") - 1
        before = np.where(starts > 0, along[starts - 1], 0.0)
        whole = along[ends] - before
        self.part = np.divide(along - before, whole, out=np.ones(len(along)), where=whole > 0)
        self.below = np.cumsum(octaves, axis=1) - octaves
        self.octaves = octaves
        along = own @ self.missing + (own @ self.below)[self.octave] + self.part * (own @ octaves)[self.octave]
        self.along = along / (own @ count)

    def at(self, place: int) -> Floats:
        """Return about how many values of each stratum are up to a place."""
        octave = self.octave[place]
        return self.missing + self.below[:, octave] + self.part[place] * self.octaves[:, octave]


class Ratio:
    """A figure over what ships, from sums: its value, and by stratum what its trials add to the error."""

    def __init__(self, tally: Tally, figure: str) -> None:
        s, self.n = tally.sums.T, tally.sample.trials.astype(np.float64)
        self.own = tally.sample.probabilities / np.maximum(self.n, 1)
        ends = figure == "end_minutes_given_shipped_mean"
        self.above, self.above2 = (s[layout.S_ENDS], s[layout.S_ENDS2]) if ends else (s[layout.S_END], s[layout.S_END2])
        self.above3 = s[layout.S_ENDS3] if ends else s[layout.S_END3]
        self.product, self.product2, self.below = s[layout.S_ENDS], s[layout.S_ENDS2], s[layout.S_SHIPPED]
        self.mean_below = float((self.own * self.below).sum() / (self.own * self.n).sum())
        never = math.nan if ends else math.inf
        self.value = never
        if self.mean_below > 0:
            self.value = float((self.own * self.above).sum() / (self.own * self.below).sum())

    @ENDLESS
    def moments(self) -> Moments:
        """Return the moments of (a − r b) / mean of b."""
        if not math.isfinite(self.value):
            return Moments.of_sums(np.zeros((5, len(self.n))), -math.inf)
        r, b = self.value, self.mean_below
        total = (self.above - r * self.below) / b
        squares = (self.above2 - 2 * r * self.product + r * r * self.below) / b**2
        cubes = self.above3 - 3 * r * self.product2 + 3 * r * r * self.product - r**3 * self.below
        return Moments.of_sums(np.array([self.n, self.n, total, squares, cubes / b**3]), -math.inf)


class SumPair:
    """The sums of two plans in the same worlds; the first is the baseline."""

    def __init__(self, base: Tally, other: Tally) -> None:
        self.base, self.other = base, other

    @ENDLESS
    def moments(self, figure: str) -> Moments:
        """Return what trials add to the error of a difference; `nonzero` counts those that differ."""
        five = self._ratio(figure) if figure in RATIOS else self._column(figure)
        return Moments.of_sums(five, -math.inf)

    def _column(self, figure: str) -> Floats:
        x, n = self.other.cross.T, self.other.sample.trials.astype(np.float64)
        if figure == "probability_shipped":
            both, ours, theirs = x[layout.X_SHIPPED], self.other.sums[:, 0], self.base.sums[:, 0]
            differ = ours + theirs - 2 * both
            return np.array([n, differ, ours - theirs, differ, ours - theirs])
        column = figure.removeprefix("probability_").removesuffix("_mean")
        _, _, total, squares, _ = self.other._five(column)
        _, often0, total0, squares0, cubes0 = self.base._five(column)
        if column == "mixed_minutes":
            squares = squares + squares0 - 2 * x[layout.X_MIXED]
            return np.array([n, x[layout.X_MIXED_DIFFER], total - total0, squares, x[layout.X_MIXED_CUBES]])
        at = layout.X_SPARSE + layout.PAIRED * layout.SPARSE.index(COLUMNS[column])
        squares = squares + squares0 - 2 * x[at]
        return np.array([n, often0 + x[at + 1], total - total0, squares, x[at + 2] - cubes0])

    def _ratio(self, figure: str) -> Floats:
        a, b, x = Ratio(self.other, figure), Ratio(self.base, figure), self.other.cross.T
        if figure == "minutes_to_ship":
            own = layout.X_END, layout.X_END_SHIPPED, layout.X_SHIPPED_END, layout.X_SHIPPED, layout.X_END_DIFFER
        else:
            own = layout.X_ENDS, layout.X_ENDS_SHIPPED, layout.X_SHIPPED_ENDS, layout.X_SHIPPED, layout.X_ENDS_DIFFER
        above2, above_below, below_above, below2, differ = (x[at] for at in own)
        cross = above2 - b.value * above_below - a.value * below_above + a.value * b.value * below2
        one, two = a.moments(), b.moments()
        total = one.mean * a.n - two.mean * b.n
        squares = sum(each.squares + each.count * each.mean**2 for each in (one, two))
        squares = squares - 2 * cross / a.mean_below / b.mean_below
        return np.array([a.n, differ, total, squares, _about(a.n, total, squares)])
