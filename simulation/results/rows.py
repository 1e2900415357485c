"""Rows as a source of figures: values of single trials, parted by stratum.

Not here: which figures there are (``summary``), the rows themselves (``outcomes``).
"""

import math
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulation.rare_events.known import Known
from simulation.rare_events.sampling import sampling_of
from simulation.results.estimator import ENDLESS, Counts, Floats, Moments, Sample
from simulation.results.quantiles import quantile
from simulation.results.statistics import NOTHING, Estimate
from simulation.results.summary import RATIOS
from simulation.setting import setting

if TYPE_CHECKING:
    from simulation.results.outcomes import Outcomes


class Rows:
    """The rows of one plan, as `summary` wants them."""

    def __init__(self, outcomes: "Outcomes") -> None:
        self.outcomes, self.scenario = outcomes, outcomes.scenario
        self.design = sampling_of(outcomes.scenario, outcomes.sampling)
        self.codes = self.design.codes(outcomes.trials)
        self.counts = np.bincount(self.codes, minlength=len(self.design.strata))
        self.sample = Sample(self.design.probabilities, self.counts)
        self._order = np.argsort(self.codes, kind="stable")
        self._cuts = np.cumsum(self.counts)[:-1]

    @cached_property
    def known(self) -> Known:
        """What is known of the plan in each stratum."""
        return Known(setting(self.outcomes.plan, self.scenario), self.design)

    @property
    def exposed(self) -> Floats:
        """In how many trials of each stratum each region of the plan is exposed, in its order; (strata, regions)."""
        return self.outcomes.regional.reshape(len(self.counts), 3, -1)[:, 0, : len(self.outcomes.plan.regions)]

    def parts(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """Part one value a trial by stratum."""
        return np.split(values[self._order], self._cuts)

    @cached_property
    def shares(self) -> Floats:
        """How much each trial counts, shape (n,); the sum is 1."""
        own = self.sample.probabilities / np.maximum(self.counts, 1)
        found = own[self.codes]
        return found / found.sum() if len(found) else found

    def column(self, name: str) -> Floats:
        """Return a column as numbers, shape (n,)."""
        return self.outcomes.frame[name].to_numpy(dtype=float)

    def _which(self, column: str, which: str) -> NDArray[np.bool_]:
        if which == "dated":
            return ~np.isnan(self.column(column))
        own = {"defective": self.outcomes.defective, "shipped": self.outcomes.shipped}
        return own.get(which, np.ones(len(self.codes), dtype=np.bool_))

    def counted(self, so: NDArray[np.bool_]) -> Counts:
        """Return in how many trials of each stratum something is so, given trial by trial."""
        return np.bincount(self.codes, weights=so, minlength=len(self.counts)).astype(np.int64)

    def event(self, event: str) -> NDArray[np.bool_]:
        """Return by trial whether something was so."""
        if event == "shipped":
            return self.outcomes.shipped
        if event == "failover_hit":
            return self.outcomes.frame[event].to_numpy(dtype=bool)
        return (self.outcomes.frame["outcome"] == event).to_numpy()

    def hits(self, event: str) -> Counts:
        """Return in how many trials of each stratum something was so."""
        return self.counted(self.event(event))

    def _values(self, column: str, which: str) -> list[Floats]:
        pairs = zip(self.parts(self.column(column)), self.parts(self._which(column, which)), strict=True)
        return [values[own] for values, own in pairs]

    def moments(self, column: str, which: str) -> Moments:
        """Return what a column comes to in each stratum."""
        own = self._which(column, which)
        return Moments.of_values(self.column(column)[own], self.codes[own], len(self.counts))

    def quantile(self, column: str, which: str, p: float, confidence: float) -> Estimate:
        """Estimate a quantile of a column."""
        if (column, which) not in self._ladders:
            self._ladders[column, which] = Ladder(self.sample, self._values(column, which))
        return self._ladders[column, which].quantile(p, confidence)

    @cached_property
    def _ladders(self) -> dict[tuple[str, str], "Ladder"]:
        return {}

    def average(self, values: Floats) -> float:
        """Return the mean of one value a trial; a crude one is NumPy's, to the bit."""
        if len(self.counts) == 1:
            return float(np.mean(values))
        return float((self.shares * values).sum())  # not @: BLAS would start threads for a sum of microseconds

    def influence(self, figure: str) -> tuple[float, Floats]:
        """Return a figure, and what each trial adds to its error, shape (n,)."""
        if figure not in self._influences:
            self._influences[figure] = self._influence(figure)
        return self._influences[figure]

    @cached_property
    def _influences(self) -> dict[str, tuple[float, Floats]]:
        return {}

    @ENDLESS
    def _influence(self, figure: str) -> tuple[float, Floats]:
        if figure in RATIOS:
            return self._over(*self.over(figure), math.inf if figure == "minutes_to_ship" else math.nan)
        if figure.startswith("probability_"):
            values = self.event(figure.removeprefix("probability_")).astype(float)
        else:
            values = self.column(figure.removesuffix("_mean"))
        return self.average(values), values

    def over(self, figure: str) -> tuple[Floats, Floats]:
        """Return what is above and what is below the line of one of `RATIOS`, by trial."""
        ships = self.outcomes.shipped.astype(float)
        return (self.outcomes.spent if figure == "minutes_to_ship" else self.column("end_minutes") * ships), ships

    def _over(self, above: Floats, below: Floats, never: float) -> tuple[float, Floats]:
        """Divide one mean by another; by the delta method, each trial adds (a − r b) / mean of b."""
        if not below.any():
            return never, np.zeros(len(above))
        value = self.average(above) / self.average(below)
        return value, (above - value * below) / self.average(below)

    def over_shipped(self, figure: str) -> tuple[float, Moments]:
        """Return a figure over what ships, and what the trials add to its error."""
        value, each = self.influence(figure)
        return value, Moments.of_values(each, self.codes, len(self.counts))


class Ladder:
    """The different values of a column, in order, and how likely it is to be up to each."""

    def __init__(self, sample: Sample, parts: list[Floats]) -> None:
        self.sample, self.ranked = sample, [np.sort(part) for part in parts]
        self.count = np.array([len(part) for part in parts], dtype=np.int64)
        own = np.concatenate(self.ranked)
        each = np.repeat(sample.probabilities / np.maximum(sample.trials, 1), self.count)
        order = np.argsort(own, kind="stable")
        last = np.append(np.flatnonzero(own[order][1:] != own[order][:-1]), len(own) - 1)[: len(own)]
        self.values = own[order][last]
        along = np.cumsum(each[order])
        self.along = along[last] / along[-1] if len(own) else along

    def at(self, place: int) -> Floats:
        """Return how many values of each stratum are up to a place."""
        return np.array([np.searchsorted(part, self.values[place], side="right") for part in self.ranked], dtype=float)

    def quantile(self, p: float, confidence: float) -> Estimate:
        """Estimate a quantile."""
        if not len(self.values):
            return NOTHING
        value, low, high = quantile(self.sample, self.along, self.at, self.count, p, confidence)
        ends = [float(self.values[place]) if 0 <= place < len(self.values) else math.nan for place in (low, high)]
        return Estimate(float(self.values[value]), *ends)


class RowPair:
    """The rows of two plans in the same worlds."""

    def __init__(self, base: Rows, other: Rows) -> None:
        self.base, self.other = base, other

    @ENDLESS
    def moments(self, figure: str) -> Moments:
        """Return what trials add to the error of a difference."""
        codes, strata = self.base.codes, len(self.base.counts)
        apart = self.other.influence(figure)[1] - self.base.influence(figure)[1]
        found = Moments.of_values(apart, codes, strata)
        if figure not in RATIOS:
            return found
        # Where two ratios differ, what any trial adds to them does: what counts is in which trials the plans differ.
        ours, theirs = (each.over(figure) for each in (self.other, self.base))
        differ = (ours[0] != theirs[0]) | (ours[1] != theirs[1])
        return replace(found.even(), nonzero=self.base.counted(differ))
