"""What a stratum gives is what a rollout meets, whatever would have been drawn.

Not here: sums over strata (``test_rare``).
"""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simulation import OUTCOMES, Scenario, setting
from simulation.engine import layout
from simulation.engine.packing import pack_plans, pack_worlds
from simulation.engine.worker import Desk, numbered
from tests.builders import fleet, plan
from waves import Plan

ONE = fleet({"a": 10.0})
CHANCE = {"probability": 0.5, "detection_probability": 0.5}
SCENE = Scenario.model_validate(
    {"fleet": ONE, "deploy": 4.0, "evidence": 10.0, "faults": [{"name": "x", **CHANCE}, {"name": "y", **CHANCE}]}
)


def rollouts(scene: Scenario, waves: Plan, trials: int, **fields: Any) -> NDArray[np.float64]:
    """Columns of some rollouts in which nothing goes wrong but what is given."""
    desk = Desk(pack_worlds(scene, 3), pack_plans([setting(waves, scene)]))
    rows, faults, n = np.zeros((1, layout.COLUMNS, trials)), len(scene.faults), trials
    given = layout.Given(
        build=np.zeros(n, bool), hits=np.zeros((faults, n), bool), own_hits=np.zeros((faults, 1, n), bool),
        failing=np.zeros((1, n), bool), rejected=np.zeros((1, n), bool), seen=np.full((faults, n), -1, np.int8),
        low=np.zeros((1, n)), high=np.ones((1, n)),
    )  # fmt: skip
    for name, (at, value) in fields.items():
        getattr(given, name)[at] = value
    desk.frames(numbered(range(trials)), rows, given=given, noise=True)
    return rows[0]


@pytest.mark.parametrize("fault", [0, 1])
@pytest.mark.parametrize("seen, outcome", [(0, "escaped"), (1, "caught")])
def test_a_fault_that_is_given_is_seen_or_not_as_given(fault, seen, outcome):
    """40 rollouts with one fault: alarms that can see it go off after one minute of a bake of 20."""
    found = rollouts(SCENE, plan("a", bake=20), 40, hits=(fault, True), seen=(fault, seen))
    assert {OUTCOMES[int(code)] for code in found[layout.C_OUTCOME]} == {outcome}


@pytest.mark.parametrize("low, high", [(0.25, 0.5), (0.5, 0.75), (0.0, 1.0), (1.0, 1.0)])
def test_a_false_alarm_comes_between_the_quantiles_that_are_given(low, high):
    """10 minutes after traffic comes at 4, in the mean: u = 1 is the greatest number below it, whose clock ends."""
    scene = Scenario.model_validate(
        {"fleet": ONE, "deploy": 4.0, "reaction": 0.0, "false_alarms_per_region_day": 144.0}
    )
    found = rollouts(scene, plan("a", bake=1000), 300, low=(0, low), high=(0, high))
    assert {OUTCOMES[int(code)] for code in found[layout.C_OUTCOME]} == {"false_alarm"}
    u = 1 - np.exp((4 - found[layout.C_END]) / 10)
    least, most = min(low, 1 - 2**-53), min(high, 1 - 2**-53)
    assert (u > least - 1e-9).all() and (u < most + 1e-9).all()
    for third in np.array_split(np.linspace(least, most, 7), 3):
        assert low == high or ((u > third[0]) & (u < third[-1])).any()
