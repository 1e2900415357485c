"""Tallies: what adds up over the rollouts of one plan, so that memory does not grow with trials.

Sums give means and their intervals, products with a baseline give paired differences, and histograms give quantiles to
a stated relative error. Tallies of blocks of trials merge by addition, in the order of the blocks. Not here: the
counting itself (``kernel``), tables of single rollouts (``outcomes``).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulation.arguments import check_confidence
from simulation.columns import OUTCOMES
from simulation.engine import layout
from simulation.results.statistics import NOTHING, Estimate, from_sums, proportion, ranks, ratio_from_sums
from simulation.scenario import Scenario
from waves import Plan

LEAST, OCTAVES = -14, 34  # histograms reach from 2⁻¹⁴ to 2²⁰
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True)
class Bins:
    """The bins of the histograms: each power of two is cut into 2^bits equal parts."""

    bits: int = 8

    @property
    def error(self) -> float:
        """The greatest relative error of a quantile: half a bin."""
        return 0.5 / 2**self.bits

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
    plan, scenario, seed
        What was run.
    trials
        How many rollouts.
    sums, cross
        Laid out as ``layout`` numbers them.
    regional
        Exposures, minutes of harm and fleet-minutes, by position in the plan; shape (3, regions).
    counts
        Histograms, one row for each of ``layout.SHAPES``.
    bins
        Their bins.
    """

    plan: Plan
    scenario: Scenario
    seed: int
    trials: int
    sums: NDArray[np.float64]
    cross: NDArray[np.float64]
    regional: NDArray[np.float64]
    counts: NDArray[np.integer[Any]]
    bins: Bins

    def sparse(self, column: int) -> tuple[float, float, float]:
        """Return how often a column of ``layout.SPARSE`` was not zero, its sum and its sum of squares."""
        at = layout.S_SPARSE + layout.POWERS * layout.SPARSE.index(column)
        return self.sums[at], self.sums[at + 1], self.sums[at + 2]

    def quantile(self, shape: int, p: float, total: float, confidence: float) -> Estimate:
        """Estimate a quantile among `total` values, of which those not counted are zero.

        The interval is that of order statistics, its ends those of the bins they fall into.
        """
        n = int(total)
        if n == 0:
            return NOTHING
        row = self.counts[layout.SHAPES.index(shape)]
        missing = n - int(row.sum())
        ladder = np.cumsum(row) + missing
        least, most = ranks(n, p, confidence)
        low = self._value(ladder, least, shape, 0) if least else math.nan
        high = self._value(ladder, most, shape, 1) if most else math.nan
        return Estimate(self._value(ladder, max(math.ceil(p * n), 1), shape, None), low, high)

    def _value(self, ladder: NDArray[np.int64], rank: int, shape: int, side: int | None) -> float:
        index = int(np.searchsorted(ladder, rank))
        if shape == layout.C_REGIONS:
            return float(index)
        low, high = self.bins.edges(index)
        if shape in (layout.C_SHARE, layout.C_PEAK):
            high = min(high, max(1.0, low))
        return (low + high) / 2 if side is None else (low, high)[side]

    def figures(self, confidence: float) -> Iterator[tuple[str, Estimate, str]]:
        """Yield every figure of a summary: its name, estimate and unit."""
        n, s = self.trials, self.sums
        shipped, defective = s[layout.S_SHIPPED], s[layout.S_DEFECTIVE]
        yield "probability_shipped", proportion(int(shipped), n, confidence), "probability"
        for i, outcome in enumerate(OUTCOMES):
            yield f"probability_{outcome}", proportion(int(s[layout.S_OUTCOME + i]), n, confidence), "probability"
        hits = int(self.sparse(layout.C_FAILOVER)[0])
        yield "probability_failover_hit", proportion(hits, n, confidence), "probability"
        for name, column, unit in (
            ("share_exposed", layout.C_SHARE, "share of traffic"),
            ("peak_share", layout.C_PEAK, "share of traffic"),
            ("impact_minutes", layout.C_IMPACT, "fleet-minutes"),
            ("regions_exposed", layout.C_REGIONS, "regions"),
        ):
            yield from self._spread(name, column, n, self.sparse(column), unit, confidence)
        mixed = (n - self.counts[0, 0], s[layout.S_MIXED], s[layout.S_MIXED2])
        yield from self._spread("mixed_minutes", layout.C_MIXED, n, mixed, "minutes", confidence)
        impact = self.sparse(layout.C_IMPACT)
        traffic = self.scenario.fleet.traffic
        failed = Estimate(*(traffic * x for x in from_sums(n, *impact, confidence)))
        yield "failed_requests_mean", failed, "requests"
        yield from self._spread(
            "impact_minutes_given_defect", layout.C_IMPACT, defective, impact, "fleet-minutes", confidence
        )
        end = (shipped, s[layout.S_ENDS], s[layout.S_ENDS2])
        yield from self._spread("end_minutes_given_shipped", layout.C_END, shipped, end, "minutes", confidence)
        squares = (s[layout.S_END2], s[layout.S_ENDS], shipped)
        yield "minutes_to_ship", ratio_from_sums(n, s[layout.S_END], shipped, *squares, confidence), "minutes"
        for i, (name, column) in enumerate(
            (("detected_minutes", layout.C_DETECTED), ("recovered_minutes", layout.C_RECOVERED))
        ):
            count, total, squares2 = s[layout.S_DETECTED + layout.POWERS * i :][:3]
            yield from self._spread(name, column, count, (count, total, squares2), "minutes", confidence)

    def _spread(
        self, name: str, column: int, n: float, sums: tuple[float, float, float], unit: str, confidence: float
    ) -> Iterator[tuple[str, Estimate, str]]:
        yield f"{name}_mean", from_sums(n, *sums, confidence), unit
        for label, p in QUANTILES.items():
            yield f"{name}_{label}", self.quantile(column, p, n, confidence), unit

    def summary(self, confidence: float = 0.95) -> pd.DataFrame:
        """Sum the rollouts up: the figures of `Outcomes.summary`, quantiles to within `bins.error` of their value."""
        confidence = check_confidence(confidence)
        rows = {name: (*estimate, unit) for name, estimate, unit in self.figures(confidence)}
        table = pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "low", "high", "unit"])
        return table.rename_axis("figure")
