"""Every grouping of a fleet with each of some bakes, level by level: those of k waves are divided into those of k + 1.

A bound on all that begin alike would cut branches off; docs/search.md says what was measured, and why it is not here.
Nor is how a wave is divided (``shapes``), who is held against whom (``race``).
"""

from copy import copy
from typing import NamedTuple

from simulation.searching.candidates import Candidates
from simulation.searching.shapes import Shapes, uniform

ROUND = 16_384  # plans at a time, all held against the same rivals


class Place(NamedTuple):
    """How far a walk is: of plans of so many waves, at which of the bakes, at which grouping."""

    waves: int
    bake: int
    at: int


START = Place(1, 0, 0)


class Tree:
    """Where a walk through all groupings is: it can be left, and gone on with.

    Parameters
    ----------
    candidates
        Which plans.
    place
        Where to begin.
    """

    def __init__(self, candidates: Candidates, place: Place = START) -> None:
        self.candidates = candidates
        level = candidates.divisions.whole
        for _ in range(1, place.waves):
            level = candidates.divisions.of(level)
        self._here = place, level

    @property
    def place(self) -> Place:
        """How far it is."""
        return self._here[0]

    @property
    def ended(self) -> bool:
        """Whether all are done with."""
        return not len(self._here[1])

    @property
    def next(self) -> Shapes:
        """The plans that are next, those that break a rule included."""
        place, level = self._here
        return uniform(level[place.at : place.at + ROUND], place.bake)

    def again(self) -> "Tree":
        """Return a walk that goes on from here by itself: this one stays where it is."""
        return copy(self)

    def took(self) -> None:
        """Go on: those are done with. Interrupted, it is where it was."""
        (waves, bake, at), level = self._here
        at += ROUND
        if at >= len(level):
            bake, at = bake + 1, 0
        if bake == len(self.candidates.bakes):
            waves, bake, level = waves + 1, 0, self.candidates.divisions.of(level)
        self._here = Place(waves, bake, at), level
