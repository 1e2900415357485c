"""Plans of people's own beside a front: told as the front is, and not taken for what was found."""

import re

import pytest

import waves
from simulation import compare, search
from simulation.searching.search import USUAL
from tests.simulation.searching.test_search import BAKES, few, scene  # noqa: F401

pytestmark = pytest.mark.usefixtures("few")


def test_ones_own_plan_is_told_as_compare_tells_it_and_by_what_is_better():
    """In the worlds after those of the choice. Nobody is safer for a bake after the last wave."""
    scenario = scene(3, faults=[{"name": "bad", "probability": 0.2, "detection_probability": 0.0}])
    today = waves.all_at_once(scenario.fleet, bake_minutes=5.0)
    found = search(scenario, today=today, bake_minutes=BAKES, seed=1)
    mine = waves.all_at_once(scenario.fleet, bake_minutes=500.0)
    both = found.beside({"mine": mine})
    assert list(both.plans)[:3] == ["today", "mine", "front 1"] and list(both.short)[:2] == ["today", "mine"]
    assert repr(both) == repr(found) and both.sentences[: len(found.sentences)] == found.sentences
    again = compare({"today": today, "mine": mine}, scenario, trials=both.told.trials, seed=2)
    for figure in USUAL:
        assert both.known["mine"][figure] == again.outcomes["mine"].estimate(figure)[0]
    (better,) = re.findall(
        r"^By what is estimated, (front \d) is at least as good as mine in every figure", both.sentences[-1]
    )
    assert all(both.known[better][figure].value <= both.known["mine"][figure].value for figure in USUAL)
    assert "No plan that was found is better than bold" in found.beside({"bold": found.plan(1)}).sentences[-1]
    with pytest.raises(ValueError, match="there is a plan 'front 1' already"):
        both.beside({"front 1": mine})


def test_a_plan_of_ones_own_that_never_ships_is_said_to_and_takes_no_name_from_the_others():
    scenario = scene(3)
    today = waves.all_at_once(scenario.fleet, bake_minutes=5.0)
    never = today.replace(deploy_timeout_minutes=0.5, name="never")
    found = search(scenario, today=today, bake_minutes=(0.0,), seed=1).beside({"never": never})
    assert found.sentences[-1] == "Under never no change ships in any rollout."
    written = {text.get_text() for text in found.plot().axes[0].texts}
    assert {"today", "front 1"} <= written and "never" not in written
