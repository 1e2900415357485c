"""What a search says beside its gains."""

import pytest

import waves
from simulation import search
from tests.simulation.searching.test_search import few, scene  # noqa: F401

pytestmark = pytest.mark.usefixtures("few")


def test_what_figures_leave_out_is_said():
    """A horizon before any deployment ends, a plan of today that breaks the rules, and a world without harm."""
    scenario = scene(3)
    today = waves.one_at_a_time(scenario.fleet, bake_minutes=0.0)
    rules = waves.Rules.model_validate({"rules": {"max_waves": 2}})
    kept = search(scenario, today=today, rules=rules, bake_minutes=(0.0,), seed=1).sentences
    assert any(each.startswith("The plan of today breaks the rules, with 1 error of") for each in kept)
    short = search(scenario.replace(horizon_minutes=1.0), today=today, bake_minutes=(0.0,), seed=1).sentences
    cut = next(each for each in short if " cuts off " in each)
    assert cut.startswith("The horizon of 1\xa0min") and "a tenth or more under" in cut
    unseen = scenario.replace(report=None, faults=[{"name": "bad", "probability": 0.2, "detection_probability": 0.0}])
    assert any(
        "carries 100\xa0% of the mean impact under" in each for each in search(unseen, today=today, seed=1).sentences
    )
    calm = search(scenario.replace(faults=[]), today=today, bake_minutes=(0.0,), seed=1).sentences
    assert calm[1] == "Nobody was exposed to anything in any rollout of these plans: only their time tells them apart."
    assert len(calm) == 2
