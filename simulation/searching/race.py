"""Racing: few trials for all plans, more for those that may still be among the best.

A rung is a number of trials. In each, what another plan beats beyond doubt is out. For whom others were let go is
let go only for what is as good without any resolution: so a race loses the resolution once, not at each rung. Not here:
which plans there are (``candidates``, ``tree``), when one beats another (``front``, ``scores``).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from simulation.arguments import Workers
from simulation.searching import scores, shapes
from simulation.searching.front import front, spread
from simulation.searching.packed import Packing
from simulation.searching.scores import (
    Flags,
    Floats,
    Scores,
    Terms,
    Vectors,
    against,
    no_scores,
)
from simulation.searching.shapes import Shapes, in_order, joined, none
from simulation.searching.tree import Tree

RUNGS = (1024, 2048, 4096, 8192, 16_384)  # trials
SURE = 4.0  # standard errors of a difference from which on it is beyond doubt
LIKELY = 1.0  # the same, where not all there are is looked at: other bakes of single waves, and a population
RIVALS = 128  # plans that all others are held against, at most: the front so far

Told = Callable[[int, int, Floats], None]  # rollouts more, plans in the race, the figures of the front so far


class Held(NamedTuple):
    """What is still in a race, and its figures in the last rung it ran, shape (plans, figures).

    One thing, so that an interruption never comes between the two.
    """

    shapes: Shapes
    value: Floats


def _nothing(_: "Race") -> None:
    """Keep nothing."""


@dataclass
class Race:
    """How far a race is: what is still in it, and what that has cost.

    Attributes
    ----------
    held
        What is still in it.
    tree
        All groupings, as far as they have run the first rung; None where a population is varied.
    rung
        The trials of the last rung that all of them have run; 0 before the first is done.
    looked_at, rollouts
        How many plans ever were in it, and how many rollouts that took.
    scored
        By trials, the rivals of that rung by their keys, with their figures and vectors.
    firm
        The keys of those for whom others were let go, or may have been.
    tried
        The keys of what was tried beside the tree.
    settled
        What to do each time that it has come so far that it can be gone on with from here.
    """

    terms: Terms
    packing: Packing
    workers: Workers
    told: Told
    held: Held
    tree: Tree | None = None
    rung: int = 0
    looked_at: int = 0
    rollouts: int = 0
    scored: dict[int, dict[bytes, tuple[Floats, Vectors]]] = field(default_factory=dict)
    firm: frozenset[bytes] = frozenset()
    tried: frozenset[bytes] = frozenset()
    settled: "Callable[[Race], None]" = _nothing

    @property
    def shapes(self) -> Shapes:
        """The plans that are still in it."""
        return self.held.shapes

    @property
    def value(self) -> Floats:
        """Their figures."""
        return self.held.value

    @property
    def front(self) -> Held:
        """The front, in the order of the last figure."""
        on = front(self.value, self.terms.resolution)
        return Held(self.shapes.of(on), self.value[on])

    @property
    def best(self) -> Shapes:
        """The plans on it."""
        return self.front.shapes

    def through(self, tree: Tree) -> None:
        """Run the first rung with all plans of a tree, from where it was left; what is in the race are the rivals."""
        self.tree = tree
        heat, aside = _Field(self, RUNGS[0], self.best), set(self.shapes.keys)
        while not tree.ended:
            plans = tree.candidates.keeping(tree.next)
            left, value = heat.run(plans)
            fresh = np.array([key not in aside for key in left.keys], dtype=np.bool_)
            self._add(left.of(fresh), value[fresh])
            self.looked_at += sum(key not in self.tried for key in plans.keys)  # some of the tree were tried before
            tree.took()
            self.settled(self)
        self.rung = RUNGS[0]

    def anew(self) -> None:
        """Let go of all that is in it, as if it began; what it has cost stays."""
        self.held, self.tried, self.firm, self.looked_at = self._nobody(), frozenset(), frozenset(), 0
        self.scored.clear()

    def again(self) -> "Race":
        """Return a race that goes on from here by itself: this one stays where it is, and can be gone on with again."""
        return replace(self, tree=self.tree and self.tree.again(), scored=dict(self.scored), settled=_nothing)

    def enter(self, plans: Shapes, rungs: Sequence[int], sure: float = SURE, firm: bool = True) -> None:
        """Run new plans against the front so far, rung by rung; that front, and what it does not beat, make the race.

        Where that does not come to its end, the race is as it was before.
        """
        best, left = self.front, plans
        stay = [best, self._firm_beside(best.shapes)] if firm else [best]
        for trials in rungs:
            left, value = _Field(self, trials, best.shapes, sure).run(in_order(left))
        stay.append(Held(left, value))
        self.held = Held(joined([each.shapes for each in stay]), np.concatenate([each.value for each in stay]))
        self.looked_at += len(plans)
        self.settled(self)

    def finish(self, sure: float = SURE) -> None:
        """Run the rungs that are left with what is left."""
        for trials in RUNGS:
            if trials > self.rung and len(self.shapes):
                field = _Field(self, trials, self.best, sure)
                rivals, first = field.shapes, field.rivals.value
                left, value = field.run(in_order(shapes.without(self.shapes, set(rivals.keys))))
                self.held, self.rung = Held(joined([rivals, left]), np.concatenate([first, value])), trials
                self.settled(self)

    def _firm_beside(self, best: Shapes) -> Held:
        """Return those for whom others were let go, without some of them."""
        own = set(best.keys)
        which = np.array([key in self.firm and key not in own for key in self.shapes.keys], dtype=np.bool_)
        return Held(self.shapes.of(which), self.value[which])

    def _nobody(self) -> Held:
        return Held(none(self.shapes.wave.shape[1]), self.value[:0])

    def _add(self, plans: Shapes, value: Floats) -> None:
        self.held = Held(joined([self.shapes, plans]), np.concatenate([self.value, value]))


class _Field:
    """The rivals of one rung: some of a front, by which others are beaten; those of them that are on it join."""

    def __init__(self, race: Race, trials: int, best: Shapes, sure: float = SURE) -> None:
        self.race, self.trials, self.sure = race, range(trials), sure
        self.shapes, self.rivals = best.of(spread(len(best), RIVALS)), no_scores(race.terms, self.trials)
        known, keys = race.scored.get(trials, {}), self.shapes.keys
        fresh = self._scored(self.shapes.of(np.array([key not in known for key in keys], dtype=np.bool_)))
        rows = iter(zip(*fresh, strict=True))
        own = [known[key] if key in known else next(rows) for key in keys]
        if own:
            self.rivals = Scores(*map(np.stack, zip(*own, strict=True)))
        race.firm |= set(keys)

    def run(self, plans: Shapes) -> tuple[Shapes, Floats]:
        """Return the plans that no rival beats, and their figures; those on the front are rivals from then on."""
        stays, values = [none(plans.wave.shape[1])], [self.rivals.value[:0]]
        for some, alive, found in self._against(plans, self.rivals):
            stays.append(some.of(alive))
            values.append(found.value)
            self.shapes, self.rivals = joined([self.shapes, stays[-1]]), scores.joined([self.rivals, found])
            self._thin()
            self.race.told(len(some) * len(self.trials), len(self.race.shapes), self.rivals.value)
        rows = zip(*self.rivals, strict=True)
        self.race.scored[len(self.trials)] = dict(zip(self.shapes.keys, rows, strict=True))
        return joined(stays), np.concatenate(values)

    def _scored(self, plans: Shapes) -> Scores:
        none = no_scores(self.race.terms, self.trials)
        return scores.joined([none, *(found for _, _, found in self._against(plans, none))])

    def _against(self, plans: Shapes, rivals: Scores) -> Iterator[tuple[Shapes, Flags, Scores]]:
        race = self.race
        firm = np.array([key in race.firm for key in plans.keys], dtype=np.bool_)
        for found in against(plans, firm, rivals, race.packing, race.terms, self.trials, race.workers, self.sure):
            race.rollouts += len(found[0]) * len(self.trials)
            yield found

    def _thin(self) -> None:
        best = front(self.rivals.value, self.race.terms.resolution)
        best = best[spread(len(best), RIVALS)]
        self.shapes, self.rivals = self.shapes.of(best), self.rivals.of(best)
        self.race.firm |= set(self.shapes.keys)
