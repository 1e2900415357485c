"""The plans that a search looks at: every grouping of a fleet, and what lies next to a plan.

Regions that nothing tells apart are interchangeable: of the groupings that differ only in which of them is where, there
is one. In a fleet of very many, those of the same labels go together. Not here: what a plan is worth (``scores``),
which are kept (``front``), how plans are held by the million (``shapes``).
"""

from collections.abc import Iterable, Sequence

import numpy as np

from simulation.arguments import is_number
from simulation.scenario import Scenario
from simulation.searching import shapes
from simulation.searching.shapes import Divisions, Shapes, Waves
from waves import Plan, Rules, grouped_like, rule_findings
from waves.rules.written import PlanRules, broken

Groups = tuple[tuple[str, ...], ...]
MANY = 64  # regions, beyond which those of the same labels go together
LARGEST = 1 / 24  # of the fleet's traffic, in which such a unit is cut at the most
FIRST = (0.0, 1 / 16, 1 / 4)  # of that, the smallest units of a kind: a region by itself, then few
LONGEST = 1e9  # minutes of a bake to choose from, as on the command line


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

    Attributes
    ----------
    kinds
        The units of regions that go together, by what tells them apart.
    """

    def __init__(
        self, scenario: Scenario, like: Plan | None, bakes: Sequence[float], rules: Rules | None = None
    ) -> None:
        self.fleet, self.like, self.bakes, self.rules = scenario.fleet, like, tuple(bakes), rules
        pinned = (*rules.rules.first, *rules.rules.last) if rules else ()
        if len(self.fleet.regions) <= MANY:
            self.kinds: list[list[tuple[str, ...]]] = [
                [(name,) for name in names] for names in kinds(scenario, pinned, like)
            ]
        else:
            self.kinds = _merged(scenario, pinned, like, rules)
        self.units = [unit for units in self.kinds for unit in units]
        self.divisions = Divisions([len(units) for units in self.kinds])
        self._of_waves = dict[int, list[bool]]()

    @property
    def single(self) -> bool:
        """Whether each region is a unit by itself."""
        return len(self.units) == len(self.fleet.regions)

    @property
    def count(self) -> int:
        """How many plans there are with one bake for all waves, whatever the rules."""
        return shapes.groupings([len(units) for units in self.kinds]) * len(self.bakes)

    def keeping(self, of: Shapes) -> Shapes:
        """Return the plans that keep the rules."""
        if self.rules is None or not len(of):
            return of
        bakes = np.array([self._bakes_kept(waves) for waves in of.waves.tolist()])
        within = np.arange(of.bake.shape[1]) < of.waves[:, None]
        kept = np.all(np.take_along_axis(bakes, of.bake.astype(np.int64), axis=1) | ~within, axis=1)
        rest, asked = of.of(kept), self.rules.rules
        return rest.of(
            np.array(
                [next(broken(self._groups(w), asked, self.fleet), None) is None for w in rest.wave], dtype=np.bool_
            )
        )

    def _bakes_kept(self, waves: int) -> list[bool]:
        """Return with which of the bakes in all waves a plan of so many keeps the rules on bakes and approvals."""
        if waves not in self._of_waves:
            asked = self.rules.rules  # type: ignore[union-attr]
            own = PlanRules(approval_before=asked.approval_before, min_bake_minutes=asked.min_bake_minutes)
            rules = Rules(rules=own)
            grouping = np.minimum(np.arange(len(self.units)), waves - 1).astype(np.uint16)
            plans = (self._plan(grouping, [bake] * waves) for bake in self.bakes)
            self._of_waves[waves] = [not rule_findings(plan, rules, self.fleet) for plan in plans]
        return self._of_waves[waves]

    def plans(self, of: Shapes) -> list[Plan]:
        """Return plans that people read."""
        return [
            self._plan(wave, [self.bakes[bake] for bake in row[: int(wave.max()) + 1].tolist()])
            for wave, row in zip(of.wave, of.bake, strict=True)
        ]

    def shape(self, groups: Iterable[Iterable[str]], bakes: int | Sequence[float]) -> Shapes:
        """Return groups of regions as a search holds them, with the bake of a place among those to choose, or with own.

        A unit is where its first region is. Of interchangeable ones, those first in the fleet are in the first waves.
        """
        home = {name: w for w, names in enumerate(groups) for name in names}
        _, wave = np.unique([home[unit[0]] for unit in self.units], return_inverse=True)
        found = shapes.uniform(self._canonical(wave.reshape(1, -1).astype(np.uint16)), 0)
        for n in range(int(found.waves[0])):
            found.bake[0, n] = bakes if isinstance(bakes, int) else self.bakes.index(bakes[n])
        return found

    def other_bakes(self, of: Shapes) -> Shapes:
        """Return the plans in which one wave bakes a step longer or shorter."""
        found = [shapes.none(len(self.units))]
        for wave in range(of.bake.shape[1]):
            for step in (-1, 1):
                bake = of.bake[:, wave].astype(np.int64) + step
                some = (of.waves > wave) & (bake >= 0) & (bake < len(self.bakes))
                other = of.of(some)
                other.bake[:, wave] = bake[some]
                found.append(other)
        return shapes.joined(found)

    def varied(self, of: Shapes, random: np.random.Generator) -> Shapes:
        """Return for each plan one with a change: two waves made one, one two, units elsewhere, or a bake."""
        rows = [
            self._changed(wave.tolist(), bake.tolist(), random) for wave, bake in zip(of.wave, of.bake, strict=True)
        ]
        wave, bake = (np.array(each, dtype=np.uint16).reshape(-1, len(self.units)) for each in zip(*rows, strict=True))
        return Shapes(self._canonical(wave), bake)

    def _groups(self, wave: Waves) -> Groups:
        found: list[list[str]] = [[] for _ in range(int(wave.max()) + 1)]
        for unit, home in zip(self.units, wave.tolist(), strict=True):
            found[home] += unit
        return tuple(map(tuple, found))

    def _plan(self, wave: Waves, bakes: Sequence[float]) -> Plan:
        return grouped_like(self._groups(wave), like=self.like, bake_minutes=bakes)

    def _canonical(self, wave: Waves) -> Waves:
        parts = np.split(wave, np.cumsum(self.divisions.sizes)[:-1], axis=1)
        return np.concatenate([np.sort(part, axis=1) for part in parts], axis=1)

    def _changed(self, home: list[int], bake: list[int], random: np.random.Generator) -> tuple[list[int], list[int]]:
        change = (self._merge, self._split, self._move, self._exchange, self._bake)[random.integers(5)]
        bakes = bake[: max(home) + 1]
        change(home, bakes, random)
        left = sorted(set(home))
        place = {wave: n for n, wave in enumerate(left)}
        kept = [bakes[wave] for wave in left]
        return [place[wave] for wave in home], kept + [0] * (len(home) - len(kept))

    def _merge(self, home: list[int], bakes: list[int], random: np.random.Generator) -> None:
        if len(bakes) > 1:
            at = int(random.integers(len(bakes) - 1))
            home[:] = [wave - (wave > at) for wave in home]
            del bakes[at]

    def _split(self, home: list[int], bakes: list[int], random: np.random.Generator) -> None:
        at = int(random.integers(len(bakes)))
        own = [unit for unit, wave in enumerate(home) if wave == at]
        if len(own) > 1:
            late = set(random.permutation(own)[: int(random.integers(1, len(own)))].tolist())
            home[:] = [wave + (wave > at or unit in late) for unit, wave in enumerate(home)]
            bakes.insert(at, bakes[at])

    def _move(self, home: list[int], bakes: list[int], random: np.random.Generator) -> None:
        home[int(random.integers(len(home)))] = int(random.integers(len(bakes)))

    def _exchange(self, home: list[int], bakes: list[int], random: np.random.Generator) -> None:
        one, other = (int(each) for each in random.integers(len(home), size=2))
        home[one], home[other] = home[other], home[one]

    def _bake(self, home: list[int], bakes: list[int], random: np.random.Generator) -> None:
        bakes[int(random.integers(len(bakes)))] = int(random.integers(len(self.bakes)))


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
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise ValueError(f"bake_minutes is {given!r}; give the bakes to choose from, such as [0, 30, 60]")
    bakes = list(given)
    for each in bakes:
        if not is_number(each) or not 0 <= each <= LONGEST:
            raise ValueError(f"bake_minutes has {each!r}; give minutes from 0 to {LONGEST:,.0f}")
    if not bakes:
        raise ValueError("bake_minutes is empty; give the bakes to choose from, such as [0, 30, 60]")
    return sorted({float(each) for each in bakes})


def _merged(
    scenario: Scenario, pinned: Iterable[str], like: Plan | None, rules: Rules | None
) -> list[list[tuple[str, ...]]]:
    """Return units of regions that have the same labels and zone, the smallest first; of each such kind together.

    A unit has a small part of the traffic, the first ones a very small one: a wave to begin with should hurt few. They
    keep what the rules ask of a wave, if single regions do; of failover partners one is with others of its side.
    """
    fleet, asked = scenario.fleet, rules.rules if rules else PlanRules()
    side = {name: n for pair in fleet.pairs for n, name in enumerate(pair)}
    most = min(LARGEST, asked.max_share_per_wave or 1.0, asked.max_first_wave_share or 1.0)
    alone, groups = set(pinned), dict[object, list[str]]()
    for region in sorted(fleet.regions, key=lambda region: region.traffic):
        strategy = str(like.strategy_of(region.name)) if like else ""
        own = region.name if region.name in alone else None
        key = (tuple(sorted(region.labels)), region.local_zone, strategy, side.get(region.name), own)
        groups.setdefault(key, []).append(region.name)
    found = []
    for names in groups.values():
        units, unit = list[tuple[str, ...]](), list[str]()
        for name in names:
            part = most * FIRST[len(units)] if len(units) < len(FIRST) else most
            full = len(unit) == asked.max_regions_per_wave or sum(fleet.shares[n] for n in (*unit, name)) > part
            if unit and full:
                units.append(tuple(unit))
                unit = []
            unit.append(name)
        found.append([*units, tuple(unit)])
    return found
