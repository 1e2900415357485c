"""The plans that a search looks at: every grouping of a fleet, and what lies next to a plan.

Regions that nothing tells apart are interchangeable: of the groupings that differ only in which of them is where, there
is one. Not here: what a plan is worth (``scores``), which are kept (``front``).
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from simulation.arguments import is_number
from simulation.scenario import Scenario
from waves import Plan, Rules, grouped_like, rule_findings

Groups = tuple[tuple[str, ...], ...]


class Candidates:
    """The plans of one fleet that differ in waves, their order and their bakes.

    All regions of a wave deploy at once, and waves bake for minutes alone, whatever the plan they are like does.

    Parameters
    ----------
    scenario
        With the fleet.
    like
        The plan to take all else from: deployment strategies, approvals, calendar; None for the defaults.
    bakes
        The bakes to choose from, minutes, in order.
    rules
        What every plan must keep to; None for anything.
    """

    def __init__(
        self, scenario: Scenario, like: Plan | None, bakes: Sequence[float], rules: Rules | None = None
    ) -> None:
        self.fleet, self.like, self.bakes, self.rules = scenario.fleet, like, tuple(bakes), rules
        pinned = (*rules.rules.first, *rules.rules.last) if rules else ()
        self.kinds = kinds(scenario, pinned, like)
        self.kind = {name: number for number, names in enumerate(self.kinds) for name in names}

    @property
    def count(self) -> int:
        """How many plans there are with one bake for all waves, whatever the rules."""
        return groupings([len(names) for names in self.kinds]) * len(self.bakes)

    def uniform(self) -> Iterator[Plan]:
        """Yield every grouping with each of the bakes after all waves; plans that begin alike follow each other."""
        for groups in self._ordered(tuple(len(names) for names in self.kinds)):
            yield from self.allowed(self.plan(groups, [bake] * len(groups)) for bake in self.bakes)

    def allowed(self, plans: Iterable[Plan]) -> Iterator[Plan]:
        """Yield the plans that keep the rules."""
        for plan in plans:
            if self.rules is None or not rule_findings(plan, self.rules, self.fleet):
                yield plan

    def plan(self, groups: Groups, bakes: Sequence[float]) -> Plan:
        """Return the plan of some groups, which bake so long."""
        return grouped_like(groups, like=self.like, bake_minutes=bakes)

    def canonical(self, plan: Plan) -> Plan:
        """Return the plan that differs only in which of the interchangeable regions is where: in the fleet's order."""
        left = [list(names) for names in self.kinds]
        groups = tuple(tuple(left[k].pop(0) for k in sorted(map(self.kind.__getitem__, w.regions))) for w in plan.waves)
        return self.plan(groups, [wave.bake_minutes for wave in plan.waves])

    def other_bakes(self, plan: Plan) -> Iterator[Plan]:
        """Yield the plans in which one wave bakes a step longer or shorter."""
        groups, bakes = _groups(plan), [wave.bake_minutes for wave in plan.waves]
        for wave, bake in enumerate(bakes):
            shorter = [each for each in self.bakes if each < bake][-1:]
            longer = [each for each in self.bakes if each > bake][:1]
            for other in (*shorter, *longer):
                yield self.plan(groups, [*bakes[:wave], other, *bakes[wave + 1 :]])

    def varied(self, plan: Plan, random: np.random.Generator) -> Plan:
        """Return a plan with one change: two waves made one, one two, a region elsewhere, two exchanged, or a bake."""
        groups, bakes = [list(group) for group in _groups(plan)], [wave.bake_minutes for wave in plan.waves]
        change = (self._merge, self._split, self._move, self._exchange, self._bake)[random.integers(5)]
        change(groups, bakes, random)
        kept = [(group, bake) for group, bake in zip(groups, bakes, strict=True) if group]
        return self.canonical(self.plan(tuple(tuple(group) for group, _ in kept), [bake for _, bake in kept]))

    def _ordered(self, left: tuple[int, ...]) -> Iterator[Groups]:
        if not any(left):
            yield ()
        for first in itertools.product(*(range(count + 1) for count in left)):
            if any(first):
                rest = tuple(count - taken for count, taken in zip(left, first, strict=True))
                taken = zip(self.kinds, left, rest, strict=True)
                wave = tuple(name for names, had, has in taken for name in names[len(names) - had : len(names) - has])
                yield from ((wave, *others) for others in self._ordered(rest))

    def _merge(self, groups: list[list[str]], bakes: list[float], random: np.random.Generator) -> None:
        if len(groups) > 1:
            at = int(random.integers(len(groups) - 1))
            groups[at] += groups.pop(at + 1)
            del bakes[at]

    def _split(self, groups: list[list[str]], bakes: list[float], random: np.random.Generator) -> None:
        at = int(random.integers(len(groups)))
        if len(groups[at]) > 1:
            mixed = random.permutation(groups[at]).tolist()
            cut = int(random.integers(1, len(mixed)))
            groups[at : at + 1] = [mixed[:cut], mixed[cut:]]
            bakes.insert(at, bakes[at])

    def _move(self, groups: list[list[str]], bakes: list[float], random: np.random.Generator) -> None:
        source, target = (int(each) for each in random.integers(len(groups), size=2))
        groups[target].append(groups[source].pop(int(random.integers(len(groups[source])))))

    def _exchange(self, groups: list[list[str]], bakes: list[float], random: np.random.Generator) -> None:
        one, other = (int(each) for each in random.integers(len(groups), size=2))
        i, j = int(random.integers(len(groups[one]))), int(random.integers(len(groups[other])))
        groups[one][i], groups[other][j] = groups[other][j], groups[one][i]

    def _bake(self, groups: list[list[str]], bakes: list[float], random: np.random.Generator) -> None:
        bakes[int(random.integers(len(bakes)))] = self.bakes[int(random.integers(len(self.bakes)))]


def _groups(plan: Plan) -> Groups:
    return tuple(wave.regions for wave in plan.waves)


def kinds(scenario: Scenario, pinned: Iterable[str] = (), like: Plan | None = None) -> list[list[str]]:
    """Return the regions by what tells them apart; failover partners and pinned ones are by themselves.

    That is traffic, labels, zone, values of their own in the scenario, and the deployment strategy of the plan.
    """
    fleet, found = scenario.fleet, dict[object, list[str]]()
    partners = {name for pair in fleet.pairs for name in pair} | set(pinned)
    for region in fleet.regions:
        own = scenario.regions.get(region.name)
        alone = region.name if region.name in partners else None
        strategy = str(like.strategy_of(region.name)) if like else ""
        labels, values = tuple(sorted(region.labels)), own and own.model_dump_json()
        key = (region.traffic, labels, region.local_zone, values, strategy, alone)
        found.setdefault(key, []).append(region.name)
    return list(found.values())


def bakes_of(given: Sequence[float]) -> list[float]:
    """Return bakes to choose from, in order, each once.

    Raises
    ------
    ValueError
        For none, and for what is no minutes.
    """
    wrong = next((each for each in given if not is_number(each) or not 0 <= each < math.inf), None)
    if wrong is not None:
        raise ValueError(f"bake_minutes has {wrong!r}; give minutes, 0 or more")
    if not len(given):
        raise ValueError("bake_minutes is empty; give the bakes to choose from, such as [0, 30, 60]")
    return sorted({float(each) for each in given})


def groupings(sizes: Sequence[int]) -> int:
    """Return how many ordered groupings there are of so many regions of each kind: 4,683 of six that all differ.

    By inclusion and exclusion over waves that stay empty: Σ_k Σ_j (−1)^j C(k, j) Π C(n + k − j − 1, n).
    """
    total = 0
    for waves in range(1, sum(sizes) + 1):
        total += sum(
            (-1) ** empty * math.comb(waves, empty) * math.prod(math.comb(n + waves - empty - 1, n) for n in sizes)
            for empty in range(waves)
        )
    return total
