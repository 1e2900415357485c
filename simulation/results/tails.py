"""What the scenario's laws say of tails that the trials may not have met.

Where one trial in a thousand takes what people need to recover a region, and they may need days, a sample either met
such a tail, and shows that it is skewed, or did not, and looks sure. So that the same luck does not decide whether a
figure is told, its skewness counts as no less than what so many draws from those laws usually show. Not here: what
follows from skewness (``estimator``), what strata already see to (``rare_events``): which faults strike, how severely.
"""

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import special

from simulation.distributions import Family
from simulation.engine import layout
from simulation.rare_events.known import Known
from simulation.rare_events.strata import Stratum
from simulation.results.estimator import Counts, Floats, Tail
from simulation.results.statistics import FEW

PARTS = 600  # of a severity's quantiles
STEP, REACH = 0.01, 8.2  # of integrals over a law, along a standard normal; beyond lies no number that is drawn


class Draws(NamedTuple):
    """How often trials of each stratum draw from a law, shape (strata,), and what a minute is in the figure's unit.

    Where that varies, `square` and `cube` are the means of its powers, by stratum.
    """

    law: Family
    often: Floats
    square: Floats | float = 1.0
    cube: Floats | float = 1.0


def after_halts(known: Known, halted: Counts) -> list[Tail]:
    """Return what comes after a halt: until people react, and until regions are rolled back or recovered.

    Parameters
    ----------
    known
        The plan, the scenario and the strata.
    halted
        In how many trials of each stratum it comes; shape (strata,).
    """
    scenario, by_hand, often = known.setting.scenario, _by_hand(known), halted.astype(np.float64)
    found = [Draws(scenario.reaction, often)]
    if scenario.reaction_off_hours is not None:
        found.append(Draws(scenario.reaction_off_hours, often * np.minimum(by_hand.sum(axis=1), 1.0)))
    for site, chance in zip(known.setting.sites, by_hand.T, strict=True):
        found.append(Draws(scenario.of(site.region, "rollback"), often))
        found.append(Draws(scenario.of(site.region, "manual_recovery"), often * chance))
    return _together(found, math.inf)


def in_harm(known: Known, exposed: Floats) -> list[Tail]:
    """Return what people's recoveries add to the impact, in fleet-minutes.

    Parameters
    ----------
    known
        The plan, the scenario and the strata.
    exposed
        In how many trials of each stratum each region of the plan is exposed; shape (strata, regions).
    """
    scenario = known.setting.scenario
    square, cube = np.array([_severity(known, each) for each in known.sampling.strata]).T
    found = [
        Draws(scenario.of(site.region, "manual_recovery"), often * chance, site.share**2 * square, site.share**3 * cube)
        for site, often, chance in zip(known.setting.sites, exposed.T, _by_hand(known).T, strict=True)
    ]
    return _together(found, scenario.horizon_minutes)


def _by_hand(known: Known) -> Floats:
    """Return how likely people recover each region after a halt, shape (strata, regions of the plan).

    They do where no machine does, or its roll-back fails, of which some strata know more.
    """
    strata, regions = known.sampling.strata, [site.region for site in known.setting.sites]
    if known.setting.plan.on_alarm != "rollback_all":
        return np.ones((len(strata), len(regions)))
    own = [known.setting.scenario.of(region, "rollback_failure_probability") for region in regions]
    found = np.tile(np.array(own), (len(strata), 1))
    for row, stratum in zip(found, strata, strict=True):
        stuck = stratum.grade.stuck if stratum.grade else None
        if stratum.grade and stuck:
            seen = np.isin(regions, [region for _, region in stuck.where])
            row[seen] *= stratum.grade.level / stuck.weights[1]
    return found


def _severity(known: Known, stratum: Stratum) -> tuple[float, float]:
    """Return the mean square and the mean cube of how severe a stratum's faults are, of several the greatest."""
    faults, grade = known.setting.scenario.faults, stratum.grade
    if grade:
        low, high = layout.SEVERITIES[grade.part : grade.part + 2] if grade.part >= 0 else (0.0, 1.0)
        return _part(faults[grade.fault].severity, low, high)
    own = {
        index[0]
        for part, levels in zip(known.sampling.factors, stratum.cells.T, strict=True)
        if part.kind == "defect" and (levels > 0).any()
        for _, *index in part.where
    }
    found = [_part(faults[fault].severity, 0.0, 1.0) for fault in own]
    return max((each[0] for each in found), default=0.0), max((each[1] for each in found), default=0.0)


def _together(found: Iterable[Draws], most: float) -> list[Tail]:
    """Put the draws from each law together, those beyond the most cut to it."""
    laws: dict[Family, list[Draws]] = {}
    for each in found:
        laws.setdefault(each.law, []).append(each)
    tails = []
    for law, own in laws.items():
        square, cube = usually(law, float(f"{sum(each.often.sum() for each in own):.1g}"), most)
        squares = sum((each.often * each.square for each in own), np.zeros(1))
        cubes = sum((each.often * each.cube for each in own), np.zeros(1))
        tails.append(Tail(squares * square, cubes * cube))
    return tails


@lru_cache(maxsize=1024)
def _part(law: Family, low: float, high: float) -> tuple[float, float]:
    """Return the mean square and the mean cube of a part of a law."""
    values = law.quantile(low + (np.arange(PARTS) + 0.5) / PARTS * (high - low))
    return float((values**2).mean()), float((values**3).mean())


@lru_cache(maxsize=1024)
def usually(law: Family, draws: float, most: float = math.inf) -> tuple[float, float]:
    """Return the mean square and the mean cube that so many draws from a law usually show, those beyond `most` cut.

    They are those of the law up to the value that no draw exceeds in nine samples of ten.
    """
    end = special.ndtri(1 - 1 / max(FEW * draws, 2.0))
    z = np.arange(-REACH, min(end, REACH), STEP)
    values = np.minimum(law.quantile(np.clip(special.ndtr(z), 2.0**-53, 1 - 2.0**-53)), most)
    density = np.exp(-z * z / 2) * STEP / math.sqrt(2 * math.pi)
    return float((values**2 * density).sum()), float((values**3 * density).sum())
