"""Pictures of five hundred regions: no taller than a few screens, and they say what they leave out."""

import re

import pytest

import simulation
import waves
from simulation import plots
from simulation.plots._plans import FIRST, LAST, MANY, drawn_regions
from simulation.plots.lanes import MOST, chosen
from tests.simulation.plots.pictures import written

COUNT = 500
FAULT = {"name": "bad", "probability": 0.5, "severity": 0.3, "onset": 2.0}


@pytest.fixture(scope="module")
def found():
    regions = [{"name": f"site-{i:03d}", "traffic": 1.0 + (i * 37) % COUNT} for i in range(COUNT)]
    world = simulation.Scenario.model_validate(
        {"fleet": {"regions": regions}, "deploy": 5.0, "faults": [FAULT], "evidence": {"exponential": {"mean": 900}},
         "lag": {"exponential": {"mean": 3}}, "reaction": 2.0, "rollback": 4.0}
    )  # fmt: skip
    plans = {"once": waves.all_at_once(world.fleet), "each": waves.one_at_a_time(world.fleet, bake_minutes=1.0)}
    return simulation.compare(plans, world, trials=30, seed=7)


def names(figure):
    return set(re.findall(r"site-\d{3}", "\n".join(written(figure))))


def test_regions_are_those_that_cost_most(found):
    picture = plots.regions(found.outcomes)
    cost = found.outcomes["once"].regions["impact_minutes_mean"]
    most = set(cost.sort_values(ascending=False).index[:10])
    assert len(names(picture)) <= 41 and most <= names(picture)
    assert picture.get_figheight() < 25
    assert "Drawn are the 40 of 500 regions that cost most under any plan." in picture.caption


def test_lanes_are_those_of_which_there_is_most_to_see(found):
    plan = found.outcomes["once"].plan
    trial = simulation.typical_defect(found.outcomes["once"])
    one = simulation.trace(plan, found.scenario, seed=7, trial=trial)
    other = simulation.trace(found.outcomes["each"].plan, found.scenario, seed=7, trial=trial)
    drawn = chosen(one, other)
    assert len(drawn) == MOST
    assert {s.region for t in (one, other) for s in t.regions if s.alarm_minute is not None} <= drawn
    for picture, those in ((one.plot(), chosen(one)), (simulation.Duel(one, other).plot(), drawn)):
        assert names(picture) <= those and picture.get_figheight() < 25
        assert f"{MOST} of 500 regions are drawn" in picture.caption
    few = simulation.trace(waves.sizes(waves.Fleet(regions=found.scenario.fleet.regions[:3]), [1, 2]), found.scenario)
    assert len(chosen(few)) == 3 and "are drawn" not in few.plot().caption


def test_of_a_large_wave_the_greatest_have_a_box_and_of_many_waves_the_ends(found):
    fleet = found.scenario.fleet
    plans = {name: each.plan for name, each in found.outcomes.items()}
    picture = plots.plans(plans, fleet)
    seen = written(picture)
    assert picture.get_figheight() < 15
    greatest = sorted(fleet.names, key=lambda name: -fleet.shares[name])[: MANY - 1]
    assert set(greatest) == set(drawn_regions(plans["once"].waves[0], fleet)) <= names(picture)
    assert f"and {COUNT - MANY + 1} more" in seen
    assert f"waves {FIRST + 1} to {COUNT - LAST}" in seen and f"{COUNT - FIRST - LAST} regions" in seen
    assert {f"site-{i:03d}" for i in (0, FIRST - 1, COUNT - LAST, COUNT - 1)} <= names(picture)
    assert "those with most traffic have a box" in picture.caption and "the first 8 and the last 3" in picture.caption
