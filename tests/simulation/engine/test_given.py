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
from simulation.rare_events.factors import nothing
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
    given = nothing(n, faults, 1, 1)
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


PARTS = {0: {0.1, 0.2}, 1: {0.3, 0.4}, 2: {0.5}, 3: {0.6}, -1: {0.1, 0.2, 0.3, 0.4, 0.5, 0.6}}


@pytest.mark.parametrize("part, severities", PARTS.items())
@pytest.mark.parametrize("where", ["everywhere", "each_region"])
def test_a_severity_comes_from_the_part_that_is_given(part, severities, where):
    """A blind defect hurts from 4 to 104 minutes: its impact is 100 times its severity, all of which are met."""
    fault = {"name": "x", "probability": 0.5, "detection_probability": 0.0, "where": where,
             "severity": {"empirical": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]}}  # fmt: skip
    scene = Scenario.model_validate({"fleet": ONE, "deploy": 4.0, "faults": [fault], "horizon_minutes": 104})
    own = {"hits": (0, True)} if where == "everywhere" else {"own_hits": ((0, 0), True)}
    found = rollouts(scene, plan("a", bake=1, strategy="blue_green"), 200, severe=(0, part), **own)
    assert {round(float(impact), 9) for impact in found[layout.C_IMPACT] / 100} == severities


@pytest.mark.parametrize("stuck, minutes", [(0, 5.0), (1, 50.0)])
def test_a_roll_back_fails_or_not_as_given(stuck, minutes):
    """A roll-back takes 5 minutes; where it fails, people take 50 (rule 18)."""
    fields = {"rollback": 5.0, "manual_recovery": 50.0, "rollback_failure_probability": 0.5, "reaction": 0.0}
    scene = Scenario.model_validate(SCENE.model_dump() | fields)
    found = rollouts(scene, plan("a", bake=20), 40, hits=(0, True), seen=(0, 1), stuck=(0, stuck))
    assert found[layout.C_RECOVERED] - found[layout.C_END] == pytest.approx(np.full(40, minutes))
