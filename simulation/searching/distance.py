"""How far plans are from what is provably best, where anything is provable: by time and exposed share.

Not here: the front that is provably best (``provable``), what is said of it (``remarks``).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulation.closed_forms.exact import Exact, exact
from simulation.closed_forms.quantities import Course
from simulation.scenario import Scenario
from simulation.searching.provable import NEEDS, QUICK, ExactFront, front_within
from simulation.setting import setting
from waves import Plan

Floats = NDArray[np.float64]
SHARE, MINUTES = NEEDS
SLACK = 1e-6  # minutes, by which a plan may be slower than it is said to be
BAKES = 6  # different ones, up to which all plans are gone through


@dataclass(frozen=True, eq=False)
class Distance:
    """What some plans expose of the traffic to a bad change, and what none can be below in their time.

    Attributes
    ----------
    table
        One row a plan of which it is known: `minutes`, those of a clean rollout; `share_exposed_given_defect_mean`, of
        its closed form; `least`, what no plan can be below in that time, with the bakes of the search and this plan's
        own; `above`, by what part of that it is.
    front
        The best of all plans with the bakes of the search; None where there are too many to go through.
    rate
        λ, alarms a minute where the whole fleet hurts; NaN without a proof.
    deploy
        The minutes that every region deploys; NaN without a proof.
    probability
        Of a bad change; NaN without a proof.
    missing
        What is not as a proof needs it, each with what was found; empty where there is one.
    """

    table: pd.DataFrame
    front: ExactFront | None = None
    rate: float = math.nan
    deploy: float = math.nan
    probability: float = math.nan
    missing: tuple[str, ...] = ()

    def least(self, minutes: Floats) -> Floats:
        """Return the share that no plan can be below in so many minutes; NaN in less than any plan takes.

        With the bakes of the search, that of the best of all plans. Where those are too many, with any bakes and waves
        cut however finely, 4 / (4 + λ(T − d)): with V the share that serves and λV alarms a minute, the best way from
        the first region that serves to the last exposes that much on average.
        """
        return _least(self.front, self.rate, self.deploy, minutes)


def distance(plans: Mapping[str, Plan], scenario: Scenario, bakes: Sequence[float]) -> Distance:
    """Return how far plans are from what is provably best.

    Parameters
    ----------
    plans
        By name. Nothing is said of those that leave regions out.
    scenario
        With the fleet.
    bakes
        Those of the search, minutes.
    """
    known = {name: exact(plan, scenario) for name, plan in plans.items()}
    missing = {name: _missing(each) for name, each in known.items()}
    whole = {name for name, plan in plans.items() if set(plan.regions) == set(scenario.fleet.names)}
    held = [name for name in plans if name in whole and not missing[name]]
    rows = [(known[name][MINUTES], known[name][SHARE]) for name in held]
    table = pd.DataFrame(rows, columns=["minutes", SHARE], index=pd.Index(held, name="plan"), dtype=float)
    if not held:
        every = {assumption: why for each in missing.values() for assumption, why in each.items()}
        return Distance(table.assign(least=[], above=[]), missing=tuple(every.values()))
    course, any_ = Course(setting(plans[held[0]], scenario)), known[held[0]]
    fronts = {own: _front(scenario, own) for own in {_bakes(plans[name], bakes) for name in held} | {frozenset(bakes)}}
    at = ((fronts[_bakes(plans[name], bakes)], minutes) for name, (minutes, _) in zip(held, rows, strict=True))
    least = [float(_least(own, course.rate, course.deploy, np.array([minutes]))[0]) for own, minutes in at]
    above = (table[SHARE] / least - 1).clip(lower=0.0)
    probability = any_["share_exposed_mean"] / any_[SHARE]
    return Distance(
        table.assign(least=least, above=above), fronts[frozenset(bakes)], course.rate, course.deploy, probability
    )


def _least(front: ExactFront | None, rate: float, deploy: float, minutes: Floats) -> Floats:
    if front is None:
        return 4 / (4 + rate * np.maximum(minutes - deploy, 0.0))
    at = np.searchsorted(front.minutes, minutes + SLACK, side="right")
    return np.concatenate([[math.nan], front.shares])[at]


def _bakes(plan: Plan, bakes: Sequence[float]) -> frozenset[float]:
    return frozenset([*bakes, *(wave.bake_minutes for wave in plan.waves)])


def _missing(known: Exact) -> dict[str, str]:
    """Return what is not as the closed forms need it, by the assumption; nothing where all is."""
    if known.setup != "common_defect":
        return {"common_defect": "there is no defect that is the same in all regions and that alarms can see"}
    failing = {name for figure in NEEDS for name in known.refused.get(figure, ())}
    rows = known.assumptions[known.assumptions["name"].isin(failing)]
    return {
        name: why.partition("; it would have to be")[0] for name, why in zip(rows["name"], rows["why"], strict=True)
    }


def _front(scenario: Scenario, bakes: Iterable[float]) -> ExactFront | None:
    """Return the best of all plans with some bakes; what a lag adds is left out, and that a book may close on them."""
    own = sorted(bakes)
    if len(own) > BAKES:
        return None
    try:
        return front_within(scenario.replace(lag=0.0, horizon_minutes=math.inf), own, QUICK)
    except ValueError:
        return None
