"""Every grouping of a fleet with each of some bakes, level by level: those of k waves are divided into those of k + 1.

A bound on all that begin alike would cut branches off; docs/search.md says what was measured, and why it is not here.
Nor is how a wave is divided (``shapes``), who is held against whom (``race``).
"""

from copy import copy

from simulation.searching.candidates import Candidates
from simulation.searching.shapes import Shapes, Waves, uniform

ROUND = 16_384  # plans at a time, all held against the same rivals


class Tree:
    """Where a walk through all groupings is: it can be left, and gone on with.

    Parameters
    ----------
    candidates
        Which plans.
    """

    def __init__(self, candidates: Candidates) -> None:
        self.candidates = candidates
        self._level: list[Waves] = [candidates.divisions.whole for _ in candidates.bakes]
        self._bake = self._at = 0

    @property
    def ended(self) -> bool:
        """Whether all are done with."""
        return not any(map(len, self._level))

    @property
    def next(self) -> Shapes:
        """The plans that are next, those that break a rule included."""
        return uniform(self._level[self._bake][self._at : self._at + ROUND], self._bake)

    def again(self) -> "Tree":
        """Return a walk that goes on from here by itself: this one stays where it is."""
        other = copy(self)
        other._level = list(self._level)
        return other

    def took(self) -> None:
        """Go on: those are done with."""
        self._at += ROUND
        if self._at >= len(self._level[self._bake]):
            self._level[self._bake] = self.candidates.divisions.of(self._level[self._bake])
            self._at, self._bake = 0, (self._bake + 1) % len(self._level)
