"""The sums that an answer is made of, rollout by rollout, in memory that does not grow with them.

Every rollout counts in each of some hundred replicates as often as chance has it (a Poisson bootstrap), and a replicate
takes one of the worlds throughout: what replicates differ by is both which rollouts there were and what is not known of
each. Plans share replicates, so differences are paired. Not here: the rollouts (`replay`), tables (`result`).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
REPLICATES = 400  # at least
DUST = 1e-9  # what sums of the same numbers in another order differ by is no difference
FIGURES = {
    "share_exposed": "share of the fleet's traffic",
    "end_minutes": "minutes",
    "shipped": "probability",
    "regions_exposed": "regions",
    "mixed_minutes": "minutes",
    "impact_minutes": "fleet-minutes",
}


@dataclass
class Sums:
    """Sums over the rollouts of one group: all, a service, a month.

    Attributes
    ----------
    rollouts, bad
        How many, and with how many of them something was recorded to be wrong.
    totals : (P, Q)
        By plan and figure, over all worlds of all rollouts.
    weights : (B,)
        How many rollouts each replicate has.
    replicates : (B, P, Q)
        The sums of each.
    """

    rollouts: int
    bad: int
    totals: Floats
    weights: Floats
    replicates: Floats


@dataclass
class Answer:
    """Sums by group, filled chunk by chunk.

    Attributes
    ----------
    plans
        How many, that which was really used the first.
    worlds, seed
        How many worlds of each rollout; the seed of the bootstrap.
    groups
        By kind and name, such as (`service`, `shop`); (`all`, ``) for all of them.
    """

    plans: int
    worlds: int
    seed: int
    groups: dict[tuple[str, str], Sums] = field(default_factory=dict)

    @property
    def replicates(self) -> int:
        """How many replicates there are: as many of each world."""
        return -(-REPLICATES // self.worlds) * self.worlds

    def add(self, first: int, values: Floats, bad: NDArray[np.bool_], labels: dict[str, NDArray[np.object_]]) -> None:
        """Add rollouts.

        Parameters
        ----------
        first
            The number of the first.
        values
            By world, plan, figure and rollout, (M, P, Q, n).
        bad
            By rollout, (n,).
        labels
            By kind of group, the group of each rollout, (n,).
        """
        rng = np.random.Generator(np.random.Philox(key=[self.seed % 2**64, (3 << 60) + first]))
        times = rng.poisson(1.0, (self.replicates, values.shape[-1])).astype(np.float64)
        self._add("all", "", values, times, bad)
        for kind, own in labels.items():
            for name in sorted(set(own)):
                here = own == name
                self._add(kind, name, values[..., here], times[:, here], bad[here])

    def _add(self, kind: str, name: str, values: Floats, times: Floats, bad: NDArray[np.bool_]) -> None:
        shape = self.plans, len(FIGURES)
        empty = Sums(0, 0, np.zeros(shape), np.zeros(self.replicates), np.zeros((self.replicates, *shape)))
        sums = self.groups.setdefault((kind, name), empty)
        sums.rollouts += len(bad)
        sums.bad += int(bad.sum())
        sums.totals += values.sum(axis=(0, -1))
        sums.weights += times.sum(axis=1)
        for world in range(self.worlds):
            sums.replicates[world :: self.worlds] += np.einsum(
                "bn,pqn->bpq", times[world :: self.worlds], values[world]
            )

    def difference(
        self, group: tuple[str, str], plan: int, base: int, figure: int
    ) -> tuple[float, float, float, float]:
        """Return the mean difference of two plans, its 95 % interval, and its standard error."""
        sums = self.groups[group]
        mean = (sums.totals[plan, figure] - sums.totals[base, figure]) / (sums.rollouts * self.worlds)
        some = sums.weights > 0
        apart = (sums.replicates[some, plan, figure] - sums.replicates[some, base, figure]) / sums.weights[some]
        apart[np.abs(apart) < DUST] = 0.0
        low, high = np.quantile(apart, [0.025, 0.975]) if len(apart) else (np.nan, np.nan)
        error = float(np.std(apart, ddof=1)) if len(apart) > 1 else float("nan")
        return float(mean), float(min(low, mean)), float(max(high, mean)), error

    def mean(self, group: tuple[str, str], plan: int, figure: int) -> float:
        """Return a plan's mean of a figure."""
        sums = self.groups[group]
        return float(sums.totals[plan, figure] / (sums.rollouts * self.worlds))
