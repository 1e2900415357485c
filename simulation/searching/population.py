"""A population of plans: the best are varied from generation to generation.

For fleets of too many groupings to try; elsewhere a short-lived one, to have rivals that all others are held against.
Not here: how a plan is varied (``candidates``), who is held against whom (``race``).
"""

import numpy as np

from simulation.searching import shapes
from simulation.searching.candidates import Candidates
from simulation.searching.front import covered, spread
from simulation.searching.race import LIKELY, Race
from simulation.searching.shapes import Shapes

PARENTS, CHILDREN = 64, 8  # in a generation, at most; of each
PATIENCE, LONGEST = 6, 60  # generations in which little comes of it; in all
HASTE = 2  # generations in which little comes of it, where all there are are looked at afterwards
LITTLE = 1 / 20  # of a front


def vary(race: Race, candidates: Candidates, seeds: Shapes, trials: int, patience: int) -> None:
    """Vary the best plans until little comes of it for some generations: each races in a rung against the best.

    What comes of it is plans on the front which none before were as good as, but for the resolution.
    """
    random, still = np.random.default_rng(race.terms.seed), 0
    race.tried |= set(race.shapes.keys)
    _enter(race, shapes.without(seeds, set(race.tried)), trials)
    for _ in range(LONGEST):
        best = race.front
        if not len(best.shapes):
            return
        parents = best.shapes.of(np.repeat(spread(len(best.shapes), PARENTS), CHILDREN))
        _enter(race, shapes.without(candidates.keeping(candidates.varied(parents, random)), set(race.tried)), trials)
        better = ~covered(race.front.value, best.value, race.terms.resolution)
        still = still + 1 if better.mean() < LITTLE else 0
        if still == patience:
            return


def _enter(race: Race, fresh: Shapes, trials: int) -> None:
    race.enter(fresh, (trials,), LIKELY, firm=False)
    race.tried |= set(fresh.keys)
