"""How much traffic a first region needs, by hand and against rollouts."""

import pytest

from simulation import Scenario, least_traffic, run
from waves import Fleet, all_at_once

FLEET = Fleet(regions=({"name": "a", "traffic": 100},))


def scenario(*, fleet: Fleet = FLEET, **changes: object) -> Scenario:
    fault = {"name": "bad", "probability": 0.1, "severity": 0.2, "onset": 4.0, **changes}
    return Scenario(fleet=fleet, deploy=1, evidence={"exponential": {"mean": 300}}, lag=6, faults=(fault,))


def test_the_traffic_that_it_takes_is_that_worked_by_hand():
    """A median of 300 × ln 2 failed requests, of a fifth of the requests, in 30 − 4 − 6 minutes: 52 a minute."""
    assert least_traffic(scenario(), 30) == pytest.approx(300 * 0.6931 / (0.2 * 20), rel=2e-3)
    assert least_traffic(scenario(), 9) == float("inf")


def test_so_many_defects_are_seen_in_the_bake():
    """A region of that traffic, rolled out: three quarters of the defects halt the pipeline before its bake ends."""
    traffic = least_traffic(scenario(), 30, chance=0.75)
    world = scenario(fleet=Fleet(regions=({"name": "a", "traffic": traffic},)), probability=1.0)
    plan = all_at_once(world.fleet, bake_minutes=30, strategy="blue_green")
    found = run(plan, world, trials=20_000, seed=5, sampling="crude")
    seen = float((found.frame["outcome"] == "caught").mean())
    assert seen == pytest.approx(0.75, abs=4.892 * (0.75 * 0.25 / 20_000) ** 0.5)


@pytest.mark.parametrize(
    ("changes", "bake", "chance", "words"),
    [
        ({}, 0, 0.5, "bake_minutes is 0"),
        ({}, float("nan"), 0.5, "bake_minutes is nan"),
        ({}, 30, 1.0, "chance is 1.0"),
        ({"detection_probability": 0.0}, 30, 0.5, "no defect that an alarm can see"),
    ],
)
def test_what_cannot_be_worked_out_is_refused(changes, bake, chance, words):
    with pytest.raises(ValueError, match=words):
        least_traffic(scenario(**changes), bake, chance=chance)
