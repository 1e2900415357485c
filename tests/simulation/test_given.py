"""What a stratum gives is what a rollout meets, whatever would have been drawn.

Not here: sums over strata (``test_rare``).
"""

import numpy as np
import pytest

from simulation import OUTCOMES, Scenario, kernel, setting
from simulation.compiled import Desk
from simulation.packing import pack_plans, pack_worlds
from tests.simulation.worlds import fleet, plan

ONE = fleet({"a": 10.0})
CHANCE = {"probability": 0.5, "detection_probability": 0.5}
SCENE = Scenario.model_validate(
    {"fleet": ONE, "deploy": 4.0, "evidence": 10.0, "faults": [{"name": "x", **CHANCE}, {"name": "y", **CHANCE}]}
)


@pytest.mark.parametrize("fault", [0, 1])
@pytest.mark.parametrize("seen, outcome", [(0, "escaped"), (1, "caught")])
def test_a_fault_that_is_given_is_seen_or_not_as_given(fault, seen, outcome):
    """40 rollouts with one fault: alarms that can see it go off after one minute of a bake of 20."""
    desk = Desk(pack_worlds(SCENE, 3), pack_plans([setting(plan("a", bake=20), SCENE)]))
    for run, (block, scratch, u, v) in desk.runs(range(40)):
        n = len(run)
        given = kernel.Given(
            build=np.zeros(n, bool), hits=np.zeros((2, n), bool), own_hits=np.zeros((2, 1, n), bool),
            failing=np.zeros((1, n), bool), rejected=np.zeros((1, n), bool), seen=np.full((2, n), -1, np.int8),
            low=np.zeros((1, n)), high=np.ones((1, n)),
        )  # fmt: skip
        given.hits[fault], given.seen[fault] = True, seen
        rows, regional = np.empty((1, kernel.COLUMNS, n)), np.zeros(desk.shape)
        kernel.run_stratum(
            desk.worlds, desk.plans, block, scratch, u, v, run.start, desk.approvals, given, rows, 0, regional
        )
        assert {OUTCOMES[int(code)] for code in rows[0, kernel.C_OUTCOME]} == {outcome}
