"""What can go wrong with a rollout, cut into independent factors with a few levels each: exact weights, exact patterns.

A factor is, say, "in how many regions the bad host strikes". A level's weight is its exact probability; within a level,
which of the things go wrong is drawn from its exact conditional distribution. Not here: which levels belong together in
a stratum (``strata``), what a figure can be there (``targets``).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.draws import MINUTES_A_DAY
from simulation.engine import layout
from simulation.scenario import Fault, Label, Scenario
from simulation.setting import Setting, Site

Floats = NDArray[np.float64]
Masks = NDArray[np.bool_]
Thing = tuple[
    Fault, tuple[Any, ...], list[int]
]  # a fault, the row that says whether it strikes, the regions it reaches
Uniform = Callable[[int, Any], Floats]  # from the number of a thing and an index of trials to its uniforms in those
LONG = 0.999  # the quantile at which durations are put together to a pipeline that is long, for its kind


def tails(chances: Floats) -> tuple[Floats, Floats]:
    """Return P(exactly c) and P(at least c) of the things from the j-th on happen; each of shape (m + 1, m + 2).

    The Poisson-binomial distribution, by its recursion from the last thing back; all terms are positive, so tiny
    probabilities keep their digits.

    Parameters
    ----------
    chances
        The probability of each thing, shape (m,).
    """
    m = len(chances)
    exactly, least = np.zeros((m + 1, m + 2)), np.zeros((m + 1, m + 2))
    exactly[m, 0] = 1.0
    least[:, 0] = 1.0
    for j in range(m - 1, -1, -1):
        p = chances[j]
        exactly[j] = exactly[j + 1] * (1 - p)
        exactly[j, 1:] += exactly[j + 1, :-1] * p
        least[j, 1:] = least[j + 1, 1:] * (1 - p) + least[j + 1, :-1] * p
    return exactly, least


@dataclass(frozen=True)
class Factor:
    """Some independent things that may go wrong, and how many of them do.

    Attributes
    ----------
    kind
        `build`, `rejected`, `failing`, `false`, `defect` or `breaks`.
    label
        What it is called; for level c, its words are `words(c)`.
    chances
        Of each thing, shape (m,).
    where
        For each thing, the row of ``layout.Given`` that says whether it happens: the array's name and indices.
    covers
        For each thing, the regions it touches, shape (m, R).
    top
        Levels 0 … top − 1 mean exactly so many things, level top means top or more.
    first
        The number of the first thing among all factors': its place in the address of the draw.
    """

    kind: str
    label: str
    chances: Floats
    where: tuple[tuple[Any, ...], ...]
    covers: Masks
    top: int
    first: int = 0

    @property
    def draws(self) -> int:
        """How many numbers of things the factor takes."""
        return len(self.chances)

    @property
    def weights(self) -> Floats:
        """The exact probability of each level, shape (top + 1,)."""
        exactly, least = tails(self.chances)
        return np.append(exactly[0, : self.top], least[0, self.top])

    def most(self, level: int) -> int:
        """Return how many things happen at a level, at most."""
        return level if level < self.top else self.draws

    def matters(self, levels: NDArray[np.int64]) -> Masks:
        """Return whether what happens at each of some levels can make a difference."""
        return levels > 0

    def words(self, level: int) -> str:
        """Word a level; empty where nothing happens."""
        if level == 0:
            return ""
        if self.draws == 1:
            return self.label
        return f"{self.label} × {level}" + (" or more" if self.most(level) > level else "")

    def put(self, given: layout.Given, levels: NDArray[np.int64], uniform: Uniform) -> None:
        """Draw which things happen, given each trial's level, and write it into the pattern."""
        some = np.flatnonzero(levels)
        if not len(some):
            return
        exactly, least = tails(self.chances)
        need, free = levels[some], levels[some] == self.top
        for j, (name, *index) in enumerate(self.where):
            here, after = np.maximum(need, 0), np.maximum(need - 1, 0)
            above = np.where(free, least[j + 1, after], np.where(need > 0, exactly[j + 1, after], 0.0))
            below = np.where(free, least[j, here], exactly[j, here])
            chance = np.divide(self.chances[j] * above, below, out=np.zeros_like(above), where=below > 0)
            hit = uniform(self.first + j, some) < chance
            getattr(given, name)[tuple(index)][some] = hit
            need = need - hit


@dataclass(frozen=True)
class Shared(Factor):
    """One defect that all its regions share, and whether alarms can see it: levels no, seen, blind."""

    seen: float = 1.0

    @property
    def weights(self) -> Floats:
        """The exact probability of each level, shape (3,)."""
        p = self.chances[0]
        return np.array([1 - p, p * self.seen, p * (1 - self.seen)])

    def most(self, level: int) -> int:
        """Return 1 for a hit."""
        return min(level, 1)

    def words(self, level: int) -> str:
        """Word a level."""
        return ("", f"{self.label}, seen", f"{self.label}, blind")[level]

    def put(self, given: layout.Given, levels: NDArray[np.int64], uniform: Uniform) -> None:
        """Write each trial's level into the pattern; nothing is left to draw."""
        name, fault = self.where[0]
        getattr(given, name)[fault] = levels > 0
        given.seen[fault] = np.where(levels > 0, 2 - levels, -1)


@dataclass(frozen=True)
class Clocks(Factor):
    """The regions' false-alarm clocks: the first goes off after the horizon, before it but late, or soon.

    `chances` are those of going off soon, `ever` those of going off by the horizon; `late` says whether any pipeline
    can last beyond soon.
    """

    ever: Floats = field(default_factory=lambda: np.zeros(0))
    late: bool = True

    @property
    def _late(self) -> Floats:
        quiet = 1 - self.chances
        return np.divide(self.ever - self.chances, quiet, out=np.zeros_like(quiet), where=quiet > 0)

    @property
    def weights(self) -> Floats:
        """The exact probability of each level, shape (3,)."""
        late, soon = tails(self._late)[1][0, 1], tails(self.chances)[1][0, 1]
        return np.array([np.prod(1 - self.ever), np.prod(1 - self.chances) * late, soon])

    def most(self, level: int) -> int:
        """Return how many clocks go off, at most."""
        return self.draws if level else 0

    def matters(self, levels: NDArray[np.int64]) -> Masks:
        """Return whether an alarm can come before the pipeline's end."""
        return levels > (0 if self.late else 1)

    def words(self, level: int) -> str:
        """Word a level."""
        return ("", "a false alarm, late", "a false alarm, soon")[level]

    def put(self, given: layout.Given, levels: NDArray[np.int64], uniform: Uniform) -> None:
        """Draw which clocks go off, and write between which numbers each clock's uniform lies."""
        early, late = tails(self.chances)[1], tails(self._late)[1]
        soon, need = levels == 2, np.minimum(levels, 1)
        for j, (_, region) in enumerate(self.where):
            own = np.where(soon, self.chances[j], self._late[j])
            left = np.where(need > 0, np.where(soon, early[j, 1], late[j, 1]), 1.0)
            hit = (levels > 0) & (
                uniform(self.first + j, ...) < np.divide(own, left, out=np.ones_like(left), where=left > 0)
            )
            need = np.where(hit, 0, need)
            q, h = self.chances[j], self.ever[j]
            given.low[region] = np.where(soon, np.where(hit, 0.0, q), np.where(hit, q, h))
            given.high[region] = np.where(hit, np.where(soon, q, h), 1.0)


def nothing(n: int, faults: int, regions: int, waves: int = 0, *, noise: bool = True) -> layout.Given:
    """Return the pattern of so many trials in which nothing goes wrong; without noise, false alarms are as drawn."""
    return layout.Given(
        build=np.zeros(n, dtype=np.bool_),
        hits=np.zeros((faults, n), dtype=np.bool_),
        own_hits=np.zeros((faults, regions, n), dtype=np.bool_),
        failing=np.zeros((regions, n), dtype=np.bool_),
        seen=np.full((faults, n), -1, dtype=np.int8),
        severe=np.full((faults, n), -1, dtype=np.int8),
        stuck=np.full((regions, n), -1, dtype=np.int8),
        rejected=np.zeros((waves, n), dtype=np.bool_),
        low=np.zeros((regions if noise else 0, n)),
        high=np.ones((regions if noise else 0, n)),
    )


def factors(scenario: Scenario, settings: Sequence[Setting], most: int, pooled: bool, noise: bool) -> list[Factor]:
    """Cut what can go wrong into factors.

    Parameters
    ----------
    scenario, settings
        The plans, laid over the scenario: what touches none of their regions is left out.
    most
        How many regions hit by one factor are told apart.
    pooled
        Whether to take many faults together, so that there are few levels.
    noise
        Whether false alarms are among them; if not, their clocks are drawn as ever.
    """
    regions = sorted({site.region for s in settings for site in s.sites})
    size = len(scenario.fleet.regions)
    found = [_make("build", "the build fails", [scenario.build_failure_probability], [("build",)], size)]
    found += _faults(scenario, regions, most, pooled)
    failing = [scenario.of(r, "deploy_failure_probability") for r in regions]
    where = [("failing", r) for r in regions]
    found.append(_make("failing", "a first deployment fails", failing, where, size, 2))
    gates = sorted({g for s in settings for g, (wave, _) in enumerate(s.waves) if wave.approval})
    refused = [scenario.rejection_probability] * len(gates)
    found.append(_make("rejected", "an approval is refused", refused, [("rejected", g) for g in gates], size, 1))
    numbered, first = [], 0
    for factor in (*found, _clocks(scenario, settings, regions if noise else [], size)):
        if factor.draws:
            numbered.append(replace(factor, first=first))
            first += factor.draws
    return numbered


def _make(
    kind: str, label: str, chances: Sequence[float], where: Sequence[tuple[Any, ...]], size: int, top: int = 99,
    covers: Sequence[Sequence[int]] | None = None,
) -> Factor:  # fmt: skip
    """Return a factor of those things that can happen at all."""
    kept = [j for j, chance in enumerate(chances) if chance > 0]
    mask = np.zeros((len(kept), size), dtype=np.bool_)
    for row, j in enumerate(kept):
        mask[row, list(covers[j]) if covers else []] = True
    own = np.array([chances[j] for j in kept], dtype=np.float64)
    return Factor(kind, label, own, tuple(where[j] for j in kept), mask, min(top, len(kept)))


def _faults(scenario: Scenario, regions: list[int], most: int, pooled: bool) -> list[Factor]:
    """Return a factor for each fault, for those of one region each together, and, pooled, for all of a kind."""
    size = len(scenario.fleet.regions)
    single: list[Thing] = []
    lone: list[Thing] = []
    groups: list[list[Thing]] = []
    for number, fault in enumerate(scenario.faults):
        reach = [r for r in regions if scenario.hits(fault, r)]
        if fault.where == "each_region":
            groups.append([(fault, ("own_hits", number, r), [r]) for r in reach])
        elif len(reach) == 1 and isinstance(fault.where, Label):
            single.append((fault, ("hits", number), reach))
        elif reach:
            lone.append((fault, ("hits", number), reach))
    if len(single) > 1:
        groups.append(single)
    else:
        lone += single
    if pooled:
        groups = [[thing for group in groups for thing in group], lone]
        lone = []
    found = [_shared(*each, size) for each in lone]
    for group in groups:
        for kind in ("defect", "breaks"):
            things = [thing for thing in group if _kind(thing[0]) == kind]
            names = {fault.name for fault, _, _ in things}
            label = names.pop() if len(names) == 1 else "defects" if kind == "defect" else "broken deployments"
            chances, where = [f.probability for f, _, _ in things], [place for _, place, _ in things]
            found.append(_make(kind, label, chances, where, size, most + 1, [reach for _, _, reach in things]))
    return found


def _kind(fault: Fault) -> str:
    return "breaks" if fault.effect == "deploy_fails" else "defect"


def _shared(fault: Fault, where: tuple[Any, ...], reach: list[int], size: int) -> Factor:
    plain = _make(_kind(fault), fault.name, [fault.probability], [where], size, covers=[reach])
    if plain.kind == "breaks" or not plain.draws or fault.detection_probability in (0, 1):
        return plain
    return Shared(**vars(plain) | {"top": 2}, seen=fault.detection_probability)


def _clocks(scenario: Scenario, settings: Sequence[Setting], regions: list[int], size: int) -> Factor:
    """Return the factor of false alarms; soon is within what a long pipeline of these plans takes."""
    rates = {r: scenario.of(r, "false_alarms_per_region_day") / MINUTES_A_DAY for r in regions}
    noisy = [r for r in regions if rates[r] > 0]
    longest = [_long(s) for s in settings]
    soon = min(max(minutes for minutes, _ in longest), scenario.horizon_minutes)
    plain = _make("false", "a false alarm", [1.0] * len(noisy), [("low", r) for r in noisy], size)
    each = np.array([rates[r] for r in noisy], dtype=np.float64)
    chances, ever = -np.expm1(-each * soon), -np.expm1(-each * scenario.horizon_minutes)
    late = not all(most for _, most in longest)
    return Clocks(**vars(plain) | {"chances": chances, "top": 2}, ever=ever, late=late)


def _long(s: Setting) -> tuple[float, bool]:
    """Return how long a plan takes where everything takes long, and whether no rollout can take longer."""
    # Nobody knows how long a window or people keep it waiting.
    bounded = s.staffed is None and not any(s.plan.calendars)

    def long(rule: Any) -> float:
        nonlocal bounded
        most = float(rule.support[1])
        bounded = bounded and math.isfinite(most)
        return most if math.isfinite(most) else float(rule.quantile(np.array([LONG]))[0])

    def attempt(site: Site) -> float:
        rules = (s.scenario.of(site.region, field) for field in ("deploy", "failed_deploy"))
        return max(long(rule) for rule in rules if rule is not None)

    total = long(s.scenario.build)
    for g, (wave, sites) in enumerate(s.waves):
        total += long(s.scenario.handover) if g else 0.0
        total += long(s.scenario.approval_wait) if wave.approval else 0.0
        # A deployment starts when no slot is free before, so the others fill all slots until then.
        turns = 1 + (len(sites) - 1) / wave.at_once if wave.max_parallel else 1.0
        steps = [site.strategy.steps for site in sites if not isinstance(site.strategy, str)]
        held = max((sum(minutes for _, minutes in each) for each in steps), default=0.0)
        attempts = s.plan.retries + 1
        total += turns * (attempts * max(map(attempt, sites)) + held)
        total += max(wave.bake_minutes, *(wave.bake_requests / site.traffic for site in sites))
    return total * (1 + 1e-9), bounded
