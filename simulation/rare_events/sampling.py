"""How worlds are sampled: which stratum a trial belongs to, what that weighs, and what goes wrong in it.

All of it hangs on (scenario, seed, trial) alone, never on a plan, so that plans meet the same worlds and any trial can
be run again by its number. Strata are made by the worst thing that goes wrong; each block of 4,096 trials has the same
number of every stratum, mixed so that any first part of it has about its share. Not here: what can go wrong
(``factors``), what rows add up to (``results``), strata for one figure to a precision (``rare``).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from simulation.draws import PURPOSES, uniform
from simulation.engine import layout
from simulation.rare_events.factors import Factor, factors, nothing
from simulation.rare_events.grades import put
from simulation.rare_events.pilot import Pilot
from simulation.rare_events.strata import CELLS, Stratum, anything
from simulation.scenario import Scenario
from simulation.setting import setting
from waves import Plan, all_at_once

Method = Literal["stratified", "crude"]
BLOCK = 4096  # trials that have every stratum in its share
LEVELS = 10  # things that have strata of their own, at most
FLOOR = 32  # trials of each stratum in a block, at the least
NEYMAN, EVEN = 0.5, 0.1  # of a block, divided by what the impact varies by, and evenly; the rest by weight
ALONE = np.ones(1)  # the share of a stratum's only combination; sent to workers once
UNITS = 2**30  # of the greatest weight, where weights are whole numbers
Levels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sampling:
    """How the trials of one scenario are drawn.

    Attributes
    ----------
    method
        `stratified`, or `crude`: then there is one stratum, in which everything is drawn as it comes.
    factors
        What can go wrong.
    strata
        By what went wrong, each with its exact weight; they sum to 1.
    counts
        How many trials of each a block has, shape (strata,).
    shape
        The numbers of faults and regions.
    """

    method: Method
    factors: tuple[Factor, ...]
    strata: tuple[Stratum, ...]
    counts: NDArray[np.int64]
    shape: tuple[int, int]

    @property
    def places(self) -> NDArray[np.uint8]:
        """The stratum of each place in a block, shape (4096,); never sent to a worker, who can tell by the counts."""
        return _places(tuple(self.counts.tolist()))

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """The exact probability of each stratum, shape (strata,)."""
        return np.array([each.weight for each in self.strata])

    @property
    def weights(self) -> NDArray[np.float64]:
        """What a trial of each stratum weighs: 1 where it is drawn as often as it comes, shape (strata,)."""
        return self.probabilities * BLOCK / self.counts

    @property
    def units(self) -> NDArray[np.int64]:
        """What a trial of each stratum weighs in whole numbers, which add up to the same in any order."""
        if len(self.strata) == 1:
            return np.ones(1, dtype=np.int64)
        return np.rint(self.weights / self.weights.max() * UNITS).astype(np.int64)

    def codes(self, trials: range) -> NDArray[np.int64]:
        """Return the stratum of each trial, shape (n,)."""
        return self.places[np.arange(trials.start, trials.stop) % BLOCK].astype(np.int64)

    def given(self, seed: int, trials: range) -> layout.Given | None:
        """Draw what goes wrong in some trials; None where that is drawn as it comes."""
        if self.method == "crude":
            return None
        return self._pattern(seed, _numbered(trials), self.codes(trials))

    def _pattern(self, seed: int, numbers: NDArray[np.uint64], codes: Levels) -> layout.Given:
        """Draw what goes wrong in some trials, by their numbers and strata."""
        given = nothing(len(numbers), *self.shape, noise=False)

        def own(thing: int, some: Any) -> NDArray[np.float64]:
            return uniform(seed, numbers[some], PURPOSES["stratum_pattern"], 0, thing)

        for part, levels in zip(self.factors, self._levels(seed, numbers, codes).T, strict=True):
            part.put(given, levels, own)
        put([each.grade for each in self.strata], codes, given, own)
        return given

    def parted(self, seed: int, trials: range) -> Iterator["Parted"]:
        """Part trials by stratum."""
        codes = self.codes(trials)
        order = np.argsort(codes.astype(np.uint8), kind="stable")
        numbers, codes = _numbered(trials)[order], codes[order]
        given, at = None if self.method == "crude" else self._pattern(seed, numbers, codes), 0
        for stratum, count in enumerate(np.bincount(codes, minlength=len(self.strata)).tolist()):
            if count:
                yield Parted(stratum, slice(at, at + count), numbers[at : at + count], given)
            at += count

    def _levels(self, seed: int, numbers: NDArray[np.uint64], codes: Levels) -> Levels:
        """Return how much of each factor happens in each trial, shape (n, factors)."""
        found = np.zeros((len(numbers), len(self.factors)), dtype=np.int64)
        for code in np.unique(codes):
            own, stratum = np.flatnonzero(codes == code), self.strata[code]
            choice = np.zeros(len(own), dtype=np.int64)
            if len(stratum.cells) > 1:
                u = uniform(seed, numbers[own], PURPOSES["stratum_cell"], 0, 0)
                choice = np.searchsorted(np.cumsum(stratum.shares), u, side="right")
            found[own] = stratum.cells[np.minimum(choice, len(stratum.cells) - 1)]
        return found


class Parted(NamedTuple):
    """The trials of one stratum: which it is, their place in the order of strata, their numbers.

    `given` is what goes wrong in the trials of all strata, in that order.
    """

    stratum: int
    place: slice
    numbers: NDArray[np.uint64]
    given: layout.Given | None


def _numbered(trials: range) -> NDArray[np.uint64]:
    return np.arange(trials.start, trials.stop, dtype=np.uint64)


@lru_cache(maxsize=64)
def sampling_of(scenario: Scenario, method: Method = "stratified") -> Sampling:
    """Return how the trials of a scenario are drawn.

    Raises
    ------
    ValueError
        For a method that there is not.
    """
    check_method(method)
    shape = len(scenario.faults), len(scenario.fleet.regions)
    if method == "crude":
        return Sampling(method, (), (_whole(),), np.array([BLOCK]), shape)
    plan = all_at_once(scenario.fleet)
    parts, cells, weights = cells_of(scenario, plan)
    pilot = Pilot(scenario, plan, parts)
    strata = tuple(pilot.cut(_strata(parts, cells, weights, pilot)))
    counts = _counts(np.array([each.weight for each in strata]), np.array([pilot.error(each) for each in strata]))
    return Sampling(method, tuple(parts), strata, counts, shape)


def check_method(method: str) -> None:
    """Refuse a way to sample that there is not."""
    if method not in get_args(Method):
        raise ValueError(f"sampling is {method!r}; use one of {', '.join(get_args(Method))}")


def _whole() -> Stratum:
    return anything("whatever comes", 1.0, np.zeros((1, 0), dtype=np.int64), np.ones(1))


def cells_of(scenario: Scenario, plan: Plan) -> tuple[list[Factor], Levels, NDArray[np.float64]]:
    """Return what can go wrong over the fleet's regions, every combination of it, and how likely that is."""
    own = [setting(plan, scenario)]
    for regions, pooled in ((3, False), (1, False), (3, True), (1, True)):
        parts = factors(scenario, own, regions, pooled, noise=False)
        chances = [part.weights for part in parts]
        levels = [len(each) for each in chances]
        if math.prod(levels) <= CELLS:
            break
    cells = np.indices(levels).reshape(len(parts), math.prod(levels)).T
    weights = np.ones(len(cells))
    for each, level in zip(chances, cells.T, strict=True):
        weights = weights * each[level]
    return parts, cells[weights > 0], weights[weights > 0]


def _strata(parts: list[Factor], cells: Levels, weights: NDArray[np.float64], pilot: Pilot) -> list[Stratum]:
    """Put combinations together by their worst thing, alone or with others; what matters least goes together."""
    ranks, several = pilot.ranks(cells), (cells > 0).sum(axis=1) > 1
    if len(pilot.order) > LEVELS:
        matter = [float(weights[ranks == n].sum()) * math.sqrt(pilot.square[t]) for n, t in enumerate(pilot.order, 1)]
        least = sorted(range(len(matter)), key=lambda n: matter[n])[: len(matter) - LEVELS]
    else:
        least = []
    found = []
    for rank in range(len(pilot.order) + 1):
        if rank - 1 in least:
            continue
        own = ranks == rank
        ends = rank > 0 and parts[pilot.order[rank - 1][0]].kind == "build"
        for mask in [own] if ends or rank == 0 else [own & ~several, own & several]:
            if mask.any():
                found.append((_what(parts, pilot, rank, bool(several[mask].any()) and not ends), mask))
    mild = np.isin(ranks - 1, least)
    if mild.any():
        found.append(("something milder or rarer", mild))
    strata = []
    for what, mask in found:
        weight = math.fsum(weights[mask])
        shares = weights[mask] / weight if mask.sum() > 1 else ALONE
        strata.append(anything(what, weight, cells[mask].astype(np.int8), shares))
    return strata


def _what(parts: list[Factor], pilot: Pilot, rank: int, several: bool) -> str:
    if rank == 0:
        return "nothing"
    factor, level = pilot.order[rank - 1]
    return parts[factor].words(level) + (", and something milder" if several else "")


def _counts(weights: NDArray[np.float64], error: NDArray[np.float64]) -> NDArray[np.int64]:
    """Divide a block among the strata: by what each adds to the error, by its weight, and evenly."""
    neyman = error / error.sum() if error.sum() > 0 else weights
    share = NEYMAN * neyman + EVEN / len(weights) + (1 - NEYMAN - EVEN) * weights
    counts = np.maximum((share * BLOCK).astype(np.int64), FLOOR)
    while (over := int(counts.sum()) - BLOCK) != 0:  # what rounding and the floor leave goes to or from the largest
        largest = int(np.argmax(counts))
        counts[largest] -= over if over < 0 else min(over, max(int(counts[largest]) // 8, 1))
    return counts


@lru_cache(maxsize=64)
def _places(counts: tuple[int, ...]) -> NDArray[np.uint8]:
    """Mix the strata of a block so that each comes as evenly as it can."""
    codes = np.repeat(np.arange(len(counts), dtype=np.uint8), counts)  # 128 strata of 32 trials are a block
    when = np.concatenate([(np.arange(n) + 0.5) / n for n in counts])
    return codes[np.argsort(when, kind="stable")]
