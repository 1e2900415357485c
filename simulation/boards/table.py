"""Every grouping of up to six regions, with what it comes to: the table behind the board that needs no kernel.

Each grouping in each order bakes as today's first, later and last waves do, all of them times one factor: 0, ½, 1 or 2.
Not here: how it is written into a page (``encoding``), the plans of larger fleets (``nearby``).
"""

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulation.boards.arrangement import grouping_like
from simulation.boards.figures import FIGURES, HALF, LEAST, QUANTILES
from simulation.boards.many import Ends, Ladder, Moments, Strata, means, shares, unpaired
from simulation.engine import layout
from simulation.engine.packing import pack_plans, pack_worlds
from simulation.engine.worker import Desk
from simulation.rare_events.known import Known
from simulation.rare_events.sampling import Sampling, sampling_of
from simulation.results.estimator import Bounds, Floats
from simulation.results.extracts import SLACK
from simulation.results.statistics import FEW
from simulation.scenario import Scenario
from simulation.setting import setting
from waves import Plan, Wave
from waves.by_name import counterpart

FACTORS = (0.0, 0.5, 1.0, 2.0)  # times today's bakes
TRIALS = 2048  # of each plan
TOGETHER = 256  # plans: their rows are some tens of megabytes
LARGEST = 6  # regions: 4,683 groupings; seven have 47,293
NAMES = tuple(figure.name for figure in FIGURES)
PARTS = ("value", "low", "high", "less", "more")  # the estimate, its ends, and those of its difference from today's

Grouping = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class Table:
    """What many plans come to in the same worlds, today's beside them.

    Attributes
    ----------
    scenario, today
        Whose.
    regions
        The plan's regions, in the fleet's order.
    waves
        The wave of each region in each grouping, from 0; shape (groupings, regions).
    numbers
        By figure, factor and grouping the estimate, its ends, and the ends of the difference from today's; shape
        (figures, parts, factors, groupings); NaN where there is none.
    base
        The same of today's plan; shape (figures, 3).
    trials, seed, confidence
        As for `compare`.
    whole
        Whether these are all groupings there are.
    """

    scenario: Scenario
    today: Plan
    regions: tuple[str, ...]
    waves: NDArray[np.uint16]
    numbers: Floats
    base: Floats
    trials: int
    seed: int
    confidence: float
    whole: bool

    def groups(self, grouping: int) -> list[tuple[str, ...]]:
        """Return the regions of each wave of a grouping."""
        own = self.waves[grouping]
        return [tuple(n for n, w in zip(self.regions, own, strict=True) if w == wave) for wave in range(own.max() + 1)]

    def plan(self, grouping: int, factor: float) -> Plan:
        """Return the plan of a grouping whose bakes are today's times a factor."""
        return grouping_like(self.today, self.groups(grouping), factor)

    def plans(self, some: Sequence[int]) -> list[Plan]:
        """Return the plans of some groupings as `plan` does with a factor of 1, fast: put together of checked waves."""
        same = {name: getattr(self.today, name) for name in type(self.today).model_fields}
        return [Plan.model_construct(**same | {"waves": self._waves(self.groups(each))}) for each in some]

    def _waves(self, groups: Sequence[tuple[str, ...]]) -> tuple[Wave, ...]:
        alike = (counterpart(number, len(groups), len(self.today.waves)) for number in range(len(groups)))
        return tuple(self._wave(like, group) for like, group in zip(alike, groups, strict=True))

    def _wave(self, like: int, group: tuple[str, ...]) -> Wave:
        if (like, group) not in self._checked:
            self._checked[like, group] = self.today.waves[like].replace(name=None, regions=group)
        return self._checked[like, group]

    @cached_property
    def _checked(self) -> dict[tuple[int, tuple[str, ...]], Wave]:
        return {}


def groupings(regions: int) -> NDArray[np.uint16]:
    """Return the wave of each region in every grouping, in every order: 4,683 of six; shape (groupings, regions).

    Those that begin alike follow each other: the engine works out what their first waves decide once.
    """

    def rest(left: int) -> Iterator[tuple[int, ...]]:
        """Yield sets of regions that follow each other, as bits."""
        if not left:
            yield ()
        first = left
        while first:
            yield from ((first, *others) for others in rest(left & ~first))
            first = (first - 1) & left

    waves = [[next(w for w, s in enumerate(sets) if s >> r & 1) for r in range(regions)]
             for sets in rest((1 << regions) - 1)]  # fmt: skip
    return np.array(waves, dtype=np.uint16)


def table(
    scenario: Scenario,
    today: Plan,
    waves: NDArray[np.uint16],
    *,
    whole: bool,
    trials: int = TRIALS,
    seed: int = 0,
    confidence: float = 0.95,
    workers: int = 2,
) -> Table:
    """Roll out some groupings with every factor, and hold them against today's plan in the same worlds.

    Parameters
    ----------
    scenario, today
        Whose regions are grouped.
    waves, whole
        As in `Table`.
    trials, seed, confidence
        As for `compare`.
    workers
        How many threads.
    """
    regions = tuple(sorted(today.regions, key=scenario.fleet.positions.__getitem__))
    design = sampling_of(scenario, "stratified")
    worlds = _Worlds.of(scenario, design, trials, seed, Known(setting(today, scenario), design))
    base = worlds.rows([today])
    baseline = _Rows(worlds, base, base, confidence)
    own = np.array([[part[0] for part in baseline.of(name)[0]] for name in NAMES])
    numbers = np.empty((len(FIGURES), len(PARTS), len(FACTORS), len(waves)))
    empty = Table(scenario, today, regions, waves, numbers, own, trials, seed, confidence, whole)

    def work(at: int) -> None:
        some = range(at, min(at + TOGETHER, len(waves)))
        plans = empty.plans(some)
        for factor, found in enumerate(worlds.by_factor(plans)):
            rows = _Rows(worlds, found, base, confidence)
            for n, name in enumerate(NAMES):
                numbers[n, :, factor, some.start : some.stop] = rows.parts(name)

    with ThreadPoolExecutor(workers) as executor:
        for _ in executor.map(work, range(0, len(waves), TOGETHER)):
            pass
    return empty


class _Worlds(NamedTuple):
    """The worlds that all plans meet: trials in the order of their strata."""

    scenario: Scenario
    packed: layout.Worlds
    numbers: NDArray[np.uint64]
    given: layout.Given | None
    strata: Strata
    exposed: Bounds
    impact: Bounds

    @classmethod
    def of(cls, scenario: Scenario, design: Sampling, trials: int, seed: int, known: Known) -> "_Worlds":
        numbers, codes = np.arange(trials, dtype=np.uint64), design.codes(range(trials))
        order = np.argsort(codes, kind="stable")
        given = design.given(seed, range(trials))
        sorted_given = given and layout.Given._make(np.ascontiguousarray(each[..., order]) for each in given)
        strata = Strata(design.probabilities, np.bincount(codes, minlength=len(design.strata)))
        exposed, impact = known.column("share_exposed"), known.column("impact_minutes")
        assert exposed is not None and impact is not None
        return cls(scenario, pack_worlds(scenario, seed), numbers[order], sorted_given, strata, exposed, impact)

    def rows(self, plans: Sequence[Plan]) -> Floats:
        return self._run(pack_plans([setting(plan, self.scenario) for plan in plans]))

    def by_factor(self, plans: Sequence[Plan]) -> Iterator[Floats]:
        """Yield the rows of some plans with their bakes times each factor."""
        packed = pack_plans([setting(plan, self.scenario) for plan in plans])
        for factor in FACTORS:
            bakes = {name: getattr(packed, name) * factor for name in ("bake_minutes", "bake_requests")}
            yield self._run(packed._replace(**bakes))

    def _run(self, packed: layout.Plans) -> Floats:
        out = np.zeros((len(packed.waves), layout.COLUMNS, len(self.numbers)))
        Desk(self.packed, packed).frames(self.numbers, out, 0, self.given)
        return out


class _Rows:
    """The rows of some plans, and those of today's in the same trials."""

    def __init__(self, worlds: _Worlds, rows: Floats, base: Floats, confidence: float) -> None:
        self.worlds, self.strata, self.confidence = worlds, worlds.strata, confidence
        self.rows, self.base = rows, base
        self.shipped, self.base_shipped = (x[:, layout.C_OUTCOME] <= layout.ESCAPED for x in (rows, base))
        self.end, self.base_end = (
            np.where(s, x[:, layout.C_END], 0.0) for s, x in ((self.shipped, rows), (self.base_shipped, base))
        )
        self.half, self.base_half = (x[:, layout.C_SHARE] >= LEAST - SLACK for x in (rows, base))
        self._ladders: dict[bool, Ladder] = {}

    def parts(self, name: str) -> Floats:
        """Return the five parts of a figure, shape (parts, plans)."""
        own, apart = self.of(name)
        return np.stack([*own, apart.low, apart.high])

    def of(self, name: str) -> tuple[Ends, Ends]:
        """Return a figure and its difference from today's."""
        if name in QUANTILES:
            return self._quantile(QUANTILES[name])
        if name == HALF:
            return self._half()
        if name == "end_minutes_given_shipped_mean":
            return self._mean_end()
        column, bounds = (
            (layout.C_IMPACT, self.worlds.impact) if name == "impact_minutes_mean"
            else (layout.C_SHARE, self.worlds.exposed)
        )  # fmt: skip
        x = self.rows[:, column]
        one, other = (self.strata.moments(each[:, column]) for each in (self.rows, self.base))
        with np.errstate(invalid="ignore"):  # an endless horizon gives infinite impacts
            apart = np.where(x == self.base[:, column], 0.0, x - self.base[:, column])
        differ = self._mean(self.strata.moments(apart), _either_way(bounds), unpaired(one, other))
        return self._mean(one, bounds), differ

    def _mean(self, moments: Moments, bounds: Bounds | None = None, apart: Floats | None = None) -> Ends:
        return means(self.strata, moments, self.confidence, bounds, apart)

    def _half(self) -> tuple[Ends, Ends]:
        high = (self.worlds.exposed.high >= LEAST - SLACK).astype(np.float64)
        reach = Bounds(np.zeros(len(high)), high)
        hits = self.strata.sums(self.half)
        own = shares(self.strata, hits, self.strata.trials[None], self.confidence, reach)
        apart = self.half.astype(np.float64) - self.base_half
        return own, self._mean(self.strata.moments(apart), _either_way(reach))

    def _mean_end(self) -> tuple[Ends, Ends]:
        own = self._mean(self.strata.moments(self.end, self.shipped))
        errors = [self._errors(self.end, self.shipped), self._errors(self.base_end, self.base_shipped)]
        differ = (self.end != self.base_end) | (self.shipped != self.base_shipped)
        found = self.strata.moments(errors[0][1] - errors[1][1])
        found = replace(found, cubes=np.zeros(found.cubes.shape), nonzero=self.strata.sums(differ))
        zero, value = self._mean(found), errors[0][0] - errors[1][0]
        few = np.minimum(self.shipped.sum(axis=1), self.base_shipped.sum(axis=1)) < FEW
        ends = (np.where(few, np.nan, value + end - zero.value) for end in (zero.low, zero.high))
        return own, Ends(value, *ends)

    def _errors(self, end: Floats, shipped: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """Return the mean end of what ships, and what each trial adds to its error."""
        above, below = (self.strata.sums(x) @ self.strata.own for x in (end, shipped))
        some = below > 0
        value = np.divide(above, below, out=np.full(len(above), np.nan), where=some)
        known = np.where(some, value, 0.0)[:, None]
        return value, (end - known * shipped) / np.where(some, below, 1.0)[:, None]

    def _quantile(self, p: float) -> tuple[Ends, Ends]:
        doubt = (1 + self.confidence) / 2
        own = self._ladder(False).quantile(p, self.confidence)
        wide, base = (self._ladder(side).quantile(p, doubt) for side in (False, True))
        same = (self.end == self.base_end).all(axis=1) & (self.shipped == self.base_shipped).all(axis=1)
        less, more = (np.where(same, 0.0, end) for end in (wide.low - base.high, wide.high - base.low))
        return own, Ends(np.where(same, 0.0, wide.value - base.value), less, more)

    def _ladder(self, base: bool) -> Ladder:
        if base not in self._ladders:
            pair = (self.base_end, self.base_shipped) if base else (self.end, self.shipped)
            self._ladders[base] = Ladder(self.strata, *pair)
        return self._ladders[base]


def _either_way(bounds: Bounds) -> Bounds:
    return Bounds(-bounds.high, bounds.high)


def all_groupings(scenario: Scenario, today: Plan, **options: int | float) -> Table:
    """Return the table of all groupings of a plan's regions, up to six of them; for the options see `table`."""
    count = len(today.regions)
    assert count <= LARGEST
    return table(scenario, today, groupings(count), whole=True, **options)  # type: ignore[arg-type]


def neighbours(waves: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return the groupings that one region's move makes of some: into another wave, or into one of its own."""
    found: dict[bytes, NDArray[np.uint16]] = {}
    for row in waves:
        count = int(row.max()) + 1
        for region, place in itertools.product(range(len(row)), range(2 * count + 1)):
            other = 2 * row.astype(np.int64) + 1  # odd places are waves, even ones the gaps between them
            other[region] = place
            made = np.unique(other, return_inverse=True)[1].astype(np.uint16)
            found.setdefault(made.tobytes(), made)
    return np.array(list(found.values()))
