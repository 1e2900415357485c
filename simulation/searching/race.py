"""Racing: few trials for all plans, more for those that may still be among the best.

A rung is a number of trials. In each, what another plan beats beyond doubt is out. Not here: which plans there are
(``candidates``), when one beats another (``front``).
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from simulation.searching.front import front, surely_beaten
from simulation.searching.scores import Floats, Scores, Worlds, joined, score, scored
from waves import Plan

RUNGS = (2048, 8192, 32_768)  # trials
RIVALS = 64  # plans that all others are held against, at most: the front so far

Told = Callable[[int, int, int], None]  # rollouts more, plans in the race, plans on the front so far


@dataclass
class Race:
    """How far a race is: what is still in it, and what that has cost.

    Attributes
    ----------
    plans, value
        What is still in it, and its figures in the last rung it ran, shape (plans, figures).
    aside
        The digests of those that were rivals from the start.
    begun
        How many of all others have run the first rung.
    looked_at
        How many plans ever were in it.
    rung
        The trials of the last rung that all of `plans` have run; 0 before the first is done.
    rollouts
        How many were run in all.
    """

    worlds: Worlds
    resolution: float
    told: Told
    plans: list[Plan] = field(default_factory=list)
    value: Floats = field(default_factory=lambda: np.zeros((0, 1)))
    aside: frozenset[str] = frozenset()
    begun: int = 0
    looked_at: int = 0
    rung: int = 0
    rollouts: int = 0

    def start(self, plans: Iterable[Plan], rivals: Sequence[Plan]) -> None:
        """Run the first rung with all plans, from where it was left; some are held against all from the start."""
        if not self.begun:
            self.plans, self.value = [], np.zeros((0, 1))
            self.aside, self.looked_at = frozenset(plan.digest for plan in rivals), len(rivals)
        best = {plan.digest: plan for plan in self.best()} if self.begun else {plan.digest: plan for plan in rivals}
        before = [(plan, row) for plan, row in zip(self.plans, self.value, strict=True) if plan.digest not in best]
        self.plans, self.value = [plan for plan, _ in before], np.array([row for _, row in before])
        field = _Field(self, range(RUNGS[0]), list(best.values()))
        left = itertools.islice((plan for plan in plans if plan.digest not in self.aside), self.begun, None)
        for batch, found in score(left, self.worlds, field.trials):
            field.take(batch, found)
            self.begun += len(batch)
            self.looked_at += len(batch)
        self.rung = RUNGS[0]

    def finish(self) -> None:
        """Run the rungs that are left with what is left."""
        for trials in RUNGS:
            if trials > self.rung and self.plans:
                best = set(front(self.value, self.resolution).tolist())
                rivals = [plan for at, plan in enumerate(self.plans) if at in best]
                others = [plan for at, plan in enumerate(self.plans) if at not in best]
                self.enter(others, rivals, trials)
                self.rung = trials

    def enter(self, plans: Sequence[Plan], rivals: Sequence[Plan], trials: int) -> None:
        """Run some plans, and rivals of theirs, in so many trials: those and what they do not beat make the race anew.

        Where that does not come to its end, the race is as it was before.
        """
        before, self.plans, self.value = (self.plans, self.value), [], np.zeros((0, 1))
        try:
            field = _Field(self, range(trials), rivals)
            for batch, found in score(plans, self.worlds, field.trials):
                field.take(batch, found)
        except BaseException:
            self.plans, self.value = before
            raise

    def best(self) -> list[Plan]:
        """Return the front, in the order of the last figure."""
        return [self.plans[at] for at in front(self.value, self.resolution).tolist()]


class _Field:
    """The rivals of one rung: the front so far, with their vectors, by which others are beaten."""

    def __init__(self, race: Race, trials: range, rivals: Sequence[Plan]) -> None:
        self.race, self.trials = race, trials
        self.scores = scored(rivals, race.worlds, trials)
        self._add(list(rivals), self.scores)
        self._thin()

    def take(self, plans: list[Plan], found: Scores) -> None:
        """Take in what no rival beats, and make rivals of those on the front."""
        alive = ~surely_beaten(found, self.scores, self.race.resolution)
        self._add([plan for plan, lives in zip(plans, alive.tolist(), strict=True) if lives], found.of(alive))
        self.race.rollouts += (len(plans) - int(alive.sum())) * len(self.trials)
        self.scores = joined([self.scores, found.of(alive)], self.race.worlds, self.trials)
        self._thin()
        self.race.told(len(plans) * len(self.trials), len(self.race.plans), len(self.scores.value))

    def _add(self, plans: list[Plan], found: Scores) -> None:
        race = self.race
        race.value = np.concatenate([race.value.reshape(len(race.plans), found.value.shape[1]), found.value])
        race.plans += plans
        race.rollouts += len(plans) * len(self.trials)

    def _thin(self) -> None:
        best = front(self.scores.value, self.race.resolution)
        if len(best) > RIVALS:
            best = best[np.linspace(0, len(best) - 1, RIVALS).round().astype(np.int64)]
        self.scores = self.scores.of(best)
