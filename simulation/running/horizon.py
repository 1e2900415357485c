"""The horizon's warning where only sums are kept: from a first look at rows of one plan.

Not here: what the horizon carries, and how that is said (``results.horizon``).
"""

import math
import warnings
from collections.abc import Mapping
from functools import lru_cache

from simulation.arguments import outside
from simulation.results.horizon import carried_under
from simulation.scenario import Scenario
from waves import Plan

LOOKED_AT = 4096  # rollouts: a block, with strata of what is rare


def mind_the_horizon(plans: Mapping[str, Plan], scenario: Scenario, seed: int) -> None:
    """Warn where the horizon carries a tenth or more of a figure of the first plan.

    The others meet the same worlds, so what nobody notices under one of them stays unnoticed under all.
    """
    if not scenario.faults or not math.isfinite(scenario.horizon_minutes):
        return
    if text := _carried(*next(iter(plans.items())), scenario, seed):
        warnings.warn(text.replace("\u00a0", " "), stacklevel=outside())


@lru_cache(maxsize=256)  # who sweeps again and again does so with the same first plan
def _carried(name: str, plan: Plan, scenario: Scenario, seed: int) -> str:
    """Say what the horizon carries under a plan; nothing where it carries little."""
    from simulation.running.run import run_named  # which sweeps where it is asked for a precision

    found = run_named(
        {name: plan}, scenario, trials=LOOKED_AT, seed=seed, first=0, engine="compiled", sampling="stratified",
        precision=None, workers=1, progress=False,
    )  # fmt: skip
    return carried_under({name: found[0]})
