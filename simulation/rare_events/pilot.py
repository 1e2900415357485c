"""What each thing that can go wrong comes to alone: by it strata are ordered, cut further, and given their trials.

A few rollouts of the plan that ships all regions at once, on trial numbers that nobody uses, so that no other plan has
a part in how worlds are sampled. Not here: the strata (``sampling``), what can go wrong (``factors``, ``grades``).
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulation.engine.packing import pack_plans, pack_worlds
from simulation.engine.worker import Desk
from simulation.rare_events.factors import Factor, Shared
from simulation.rare_events.grades import Grade, grades
from simulation.rare_events.strata import Stratum, anything, sampled
from simulation.rare_events.targets import target_of
from simulation.scenario import Scenario
from simulation.setting import setting
from waves import Plan

EACH, OF_GRADE, FIRST = 256, 64, 2**32 - 2**20  # trials of each thing, or of each of its grades; the first's number
MOST = 1e150  # of a standard deviation, where an endless horizon leaves none
MATTERS, HELPS = 0.08, 0.8  # a stratum is cut that makes so much of the error, if so much or less of its own is left
Levels = NDArray[np.int64]


class Pilot:
    """Some rollouts of each thing alone, where all regions get the change at once."""

    def __init__(self, scenario: Scenario, plan: Plan, parts: list[Factor]) -> None:
        self.scenario, self.parts = scenario, parts
        self.things = [
            (f, level)
            for f, part in enumerate(parts)
            for level in range(1, len(part.weights))
            if part.weights[level] > 0
        ]
        self._desk = Desk(pack_worlds(scenario, 0), pack_plans([setting(plan, scenario)]))
        first = max((part.first + part.draws for part in parts), default=0)
        self.grades, self.spreads = {}, {}
        self.mean, self.square = {}, {}
        for thing in self.things:
            own = grades(scenario, parts[thing[0]], thing[1], first)
            found = np.array([self._rolled(thing, grade) for grade in own] or [self._rolled(thing, None)])
            shares = np.array([each.weight for each in own] or [1.0])
            self.grades[thing], self.spreads[thing] = own, [_spread(*each) for each in found.tolist()]
            self.mean[thing], self.square[thing] = (_rounded(float((shares * each).sum())) for each in found.T)
        build = {thing for thing in self.things if parts[thing[0]].kind == "build"}
        # A failed build ends all.
        self.order = sorted(self.things, key=lambda thing: (thing in build, self.mean[thing]))

    def _rolled(self, thing: tuple[int, int], grade: Grade | None) -> tuple[float, float]:
        """Return the mean and the mean square of the impact of a thing alone, or of one of its grades."""
        cell = np.zeros((1, len(self.parts)), dtype=np.int64)
        cell[0, thing[0]] = thing[1]
        trials = OF_GRADE if grade else EACH
        alone, numbers = anything("", 1.0, cell, np.ones(1), grade), range(FIRST, FIRST + trials)
        impact = [target_of("impact_minutes_mean")]
        found = sampled(self._desk, self.parts, alone, impact, 0, numbers, noise=False)[0, 0]
        return _rounded(found[1] / trials), _rounded(found[2] / trials)

    def ranks(self, cells: Levels) -> Levels:
        """Return the place in the order of the worst thing of each combination, from 1; 0 where nothing happens."""
        worst = np.zeros(len(cells), dtype=np.int64)
        for rank, (f, level) in enumerate(self.order, start=1):
            worst = np.where(cells[:, f] == level, np.maximum(worst, rank), worst)
        return worst

    def error(self, stratum: Stratum) -> float:
        """Guess what a stratum adds to the error: its weight times the standard deviation of its worst thing alone.

        By what alarms see, plans differ; what they do not see hurts under all of them alike. So the first counts twice.
        """
        rank = int(self.ranks(stratum.cells).max(initial=0))
        if rank == 0:
            return 0.0
        thing = self.order[rank - 1]
        spread = _spread(self.mean[thing], self.square[thing])
        if stratum.grade:
            own = [(each.part, each.level) for each in self.grades[thing]]
            spread = self.spreads[thing][own.index((stratum.grade.part, stratum.grade.level))]
        return stratum.weight * min(spread, MOST) * (1 + self._seen(thing))

    def _seen(self, thing: tuple[int, int]) -> float:
        """Return how likely alarms see a thing."""
        part = self.parts[thing[0]]
        if isinstance(part, Shared):
            return 2.0 - thing[1]
        if part.kind != "defect":
            return 0.0
        return float(np.mean([self.scenario.faults[index[0]].detection_probability for _, *index in part.where]))

    def cut(self, strata: list[Stratum]) -> Iterator[Stratum]:
        """Cut those strata by grade that make much of the error, where less of it is left then."""
        errors = [self.error(each) for each in strata]
        for stratum, error in zip(strata, errors, strict=True):
            parts = self._graded(stratum)
            left = sum(self.error(each) for each in parts)
            if parts and error > MATTERS * sum(errors) and left < HELPS * error:
                yield from parts
            else:
                yield stratum

    def _graded(self, stratum: Stratum) -> list[Stratum]:
        happens = np.flatnonzero(stratum.cells[0])
        if len(stratum.cells) > 1 or len(happens) != 1:
            return []
        own = self.grades[int(happens[0]), int(stratum.cells[0, happens[0]])]
        return [replace(stratum, weight=stratum.weight * each.weight, grade=each) for each in own]


def _spread(mean: float, square: float) -> float:
    return math.sqrt(max(square - mean**2, 0.0))


def _rounded(value: float) -> float:
    """Round to a few digits, so that no machine's last bit decides how many trials a stratum has."""
    return float(f"{value:.6g}") if math.isfinite(value) else 1e100
