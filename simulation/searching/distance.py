"""How far plans are from what is provably best, where anything is provable: by time and exposed share.

Not here: the front that is provably best (``provable``), what is said of it (``gains``).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

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
        its closed form; `least`, what no plan can be below in that time; `above`, by what part of that it is.
    front
        The best of all plans with these bakes; None where there are too many to go through.
    rate
        λ, alarms a minute where the whole fleet hurts; NaN without a proof.
    probability
        Of a bad change; NaN without a proof.
    missing
        What is not as a proof needs it, each with what was found; empty where there is one.
    """

    table: pd.DataFrame
    front: ExactFront | None = None
    rate: float = math.nan
    probability: float = math.nan
    missing: tuple[str, ...] = ()

    def least(self, minutes: Floats) -> Floats:
        """Return the share that no plan can be below in so many minutes; nothing is shown in less than any plan takes.

        That of the best of all plans; or, with any bakes and waves cut however finely, 4 / (4 + λT): with V the share
        that serves and λV alarms a minute, the best way through T minutes exposes that much on average.
        """
        if self.front is None:
            return 4 / (4 + self.rate * minutes)
        at = np.searchsorted(self.front.minutes, minutes + SLACK, side="right")
        return np.concatenate([[math.nan], self.front.shares])[at]


def distance(plans: Mapping[str, Plan], scenario: Scenario) -> Distance:
    """Return how far plans are from what is provably best.

    Parameters
    ----------
    plans
        By name. Nothing is said of those that leave regions out.
    scenario
        With the fleet.
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
    found = Distance(table, _front(plans, scenario), course.rate, any_["share_exposed_mean"] / any_[SHARE])
    least = found.least(table["minutes"].to_numpy())
    return replace(found, table=table.assign(least=least, above=table[SHARE] / least - 1))


def _missing(known: Exact) -> dict[str, str]:
    """Return what is not as the closed forms need it, by the assumption; nothing where all is."""
    if known.setup != "common_defect":
        return {"common_defect": "there is no defect that is the same in all regions and that alarms can see"}
    failing = {name for figure in NEEDS for name in known.refused.get(figure, ())}
    rows = known.assumptions[known.assumptions["name"].isin(failing)]
    return {
        name: why.partition("; it would have to be")[0] for name, why in zip(rows["name"], rows["why"], strict=True)
    }


def _front(plans: Mapping[str, Plan], scenario: Scenario) -> ExactFront | None:
    """Return the front of all plans with the bakes of some; what a lag adds to their shares is left out."""
    bakes = {wave.bake_minutes for plan in plans.values() for wave in plan.waves}
    if len(bakes) > BAKES:
        return None
    try:
        return front_within(scenario.replace(lag=0.0), sorted(bakes), QUICK)
    except ValueError:
        return None
