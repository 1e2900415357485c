"""A population of plans, for fleets of too many groupings to try: the best are varied from generation to generation.

Not here: how a plan is varied (``candidates``), who is held against whom (``race``).
"""

import numpy as np

from simulation.searching import shapes
from simulation.searching.candidates import Candidates
from simulation.searching.race import LIKELY, RUNGS, Race
from simulation.searching.shapes import Shapes

PARENTS, CHILDREN = 64, 8  # in a generation, at most; of each
PATIENCE, LONGEST = 6, 60  # generations without a better plan; in all


def vary(race: Race, candidates: Candidates, seeds: Shapes) -> None:
    """Vary the best plans until nothing better comes: each generation races in the first rung against the best."""
    random, still = np.random.default_rng(race.terms.seed), 0
    tried = set(race.shapes.keys)
    race.enter(shapes.without(seeds, tried), RUNGS[:1], LIKELY, firm=False)
    for _ in range(LONGEST):
        best = race.best
        if not len(best):
            return
        some = np.unique(np.linspace(0, len(best) - 1, PARENTS).round().astype(np.int64))
        parents = best.of(np.repeat(some, CHILDREN))
        fresh = shapes.without(candidates.keeping(candidates.varied(parents, random)), tried)
        race.enter(fresh, RUNGS[:1], LIKELY, firm=False)
        still = still + 1 if race.best.keys == best.keys else 0
        if still == PATIENCE:
            break
    race.rung = RUNGS[0]
