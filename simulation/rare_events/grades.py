"""Grades: how bad a bad change is, by its severity and by whether a roll-back fails; strata are cut further by them.

What alarms see costs its severity times the minutes until it is rolled back: severe cases, and those in which a
roll-back fails, make most of what such changes differ by. Both are drawn apart from what goes wrong, so a grade's
weight is exact. Not here: what goes wrong (``factors``), which strata are cut and how many trials they get
(``sampling``).
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulation.distributions import Constant
from simulation.engine import layout
from simulation.rare_events.factors import Factor, Uniform
from simulation.scenario import Scenario

ANY = -1
NOWHERE = np.zeros((0, 0), dtype=np.bool_)  # no region's traffic hangs on it; sent to workers once


@dataclass(frozen=True, slots=True)
class Grade:
    """Some of the cases of one fault.

    Attributes
    ----------
    fault
        Its number in the scenario.
    part
        Of ``layout.SEVERITIES``, in which the severity lies; −1 where severities are not told apart.
    stuck
        Failing roll-backs in the regions that it reaches: none, or at least one; None where they are not told apart.
    level
        Which of the two.
    """

    fault: int
    part: int
    stuck: Factor | None
    level: int

    @property
    def weight(self) -> float:
        """How likely it is, where the fault strikes."""
        low, high = layout.SEVERITIES[self.part : self.part + 2] if self.part >= 0 else (0.0, 1.0)
        return (high - low) * (float(self.stuck.weights[self.level]) if self.stuck else 1.0)

    def under(self, scenario: Scenario) -> "Grade":
        """Return the same grade where roll-backs fail as often as another scenario says."""
        if self.stuck is None:
            return self
        chances = [scenario.of(region, "rollback_failure_probability") for _, region in self.stuck.where]
        return replace(self, stuck=replace(self.stuck, chances=np.array(chances, dtype=np.float64)))


def grades(scenario: Scenario, factor: Factor, level: int, first: int) -> list[Grade]:
    """Return the grades of a factor at a level; none where it has but one, or where several things may happen at once.

    Parameters
    ----------
    scenario, factor, level
        What goes wrong.
    first
        The number that the draws of failing roll-backs begin with, as `Factor.first`.
    """
    if factor.kind != "defect" or len({index[0] for _, *index in factor.where}) > 1:
        return []
    (name, number, *_), alone = factor.where[0], factor.draws == 1
    if not (alone or (name == "own_hits" and level == 1 < factor.top)):
        return []
    varied = not isinstance(scenario.faults[number].severity, Constant)
    parts: Sequence[int] = range(len(layout.SEVERITIES) - 1) if varied else [ANY]
    stuck = _stuck(scenario, np.flatnonzero(factor.covers[0]).tolist(), first) if alone else None
    found = [Grade(number, part, stuck, n) for part, n in itertools.product(parts, (0, 1) if stuck else (0,))]
    return found if len(found) > 1 else []


def put(found: Sequence[Grade | None], codes: NDArray[np.int64], given: layout.Given, uniform: Uniform) -> None:
    """Write grades into the pattern of some trials.

    Parameters
    ----------
    found, codes
        The grade of each stratum, and the stratum of each trial.
    given
        The pattern.
    uniform
        As for a factor.
    """
    for fault in {grade.fault for grade in found if grade}:
        own = [grade if grade and grade.fault == fault else None for grade in found]
        given.severe[fault] = np.array([grade.part if grade else ANY for grade in own])[codes]
        stuck = next(grade.stuck for grade in own if grade)
        if stuck is None:
            continue
        levels = np.array([grade.level if grade else ANY for grade in own])[codes]
        for _, region in stuck.where:
            given.stuck[region, levels >= 0] = 0
        stuck.put(given, np.maximum(levels, 0), uniform)


def _stuck(scenario: Scenario, regions: Sequence[int], first: int) -> Factor | None:
    chances = {region: scenario.of(region, "rollback_failure_probability") for region in regions}
    kept = [region for region, chance in chances.items() if chance > 0]
    none = math.prod(1 - chances[region] for region in kept)
    if not 0 < none < 1:
        return None
    own = np.array([chances[region] for region in kept], dtype=np.float64)
    return Factor("stuck", "a roll-back fails", own, tuple(("stuck", r) for r in kept), NOWHERE, 1, first)
