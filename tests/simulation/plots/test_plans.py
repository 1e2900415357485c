"""The pictures of plans: every wave, region, bake and approval, and failover partners marked."""

import pytest

import waves
from simulation import plots
from tests.simulation.plots.pictures import ODD, check, plain, scenario, written


def test_plans_show_every_region_once_a_plan_with_waves_bakes_and_approvals():
    fleet = scenario(6, pairs=True).fleet
    shapes = {"all": [6], "three": [1, 2, 3], "one": [1] * 6}
    chosen = {n: waves.sizes(fleet, s, bake_minutes=45.0, approval=True) for n, s in shapes.items()}
    picture = plots.plans(chosen, fleet)
    check(picture)
    seen = written(picture)
    assert [seen.count(name) for name in fleet.names] == [3] * 6
    assert seen.count("45 min") == 1 + 3 + 6
    assert seen.count("◆ approval") == 0 + 2 + 5
    assert sum(text.startswith("wave ") for text in seen) == 1 + 3 + 6
    assert set(shapes) <= set(seen)


def test_a_plan_says_when_its_deployments_start():
    """Days in a row as a span; where waves differ, how many have windows."""
    plan = waves.sizes(scenario(3).fleet, [1, 2])
    week, two = (
        {"days": days, "hours": ("10:00", "16:00"), "zone": "UTC"} for days in (["mon", "tue", "wed"], ["fri"])
    )
    one = [plan.waves[0], {**plan.waves[1].model_dump(exclude_none=True), "calendar": two}]
    chosen = {"office": plan.replace(calendar=week), "late": plan.replace(waves=one)}
    said = " ".join(written(plots.plans(chosen, scenario(3).fleet)))
    assert "mon–wed 10:00–16:00" in said and "1 wave in windows" in said


def test_failover_partners_in_one_wave_are_marked_and_counted_in_the_title():
    """Partners are 1–2, 3–4, 5–6. Waves of 1, 2, 3 (1 | 2 3 | 4 5 6) hold the pair 5–6 only."""
    fleet = scenario(6, pairs=True).fleet
    picture = plots.plans({"three": waves.sizes(fleet, [1, 2, 3]), "one": waves.one_at_a_time(fleet)}, fleet)
    assert written(picture).count("⇄") == 2
    assert "1 puts failover partners into one wave" in picture.title


def test_the_title_of_plans_tells_the_first_waves_share():
    """Region i has i of 21 parts of the traffic: the first 5 %, the first three 29 %."""
    fleet = scenario(6).fleet
    picture = plots.plans({"a": waves.sizes(fleet, [1, 5]), "b": waves.sizes(fleet, [3, 3])}, fleet)
    assert plain(picture.title) == "2 plans for 6 regions: the first wave carries 4.8 % to 29 % of the traffic"


@pytest.mark.parametrize("count", [1, 2, 6, 12, 30])
def test_plans_of_any_size_are_legible(count):
    fleet = scenario(count, pairs=True).fleet
    options = {"bake_minutes": 1234.0, "bake_requests": 123456.0, "max_parallel": 1, "approval": True}
    makers = (waves.all_at_once, waves.one_at_a_time, waves.doubling)
    check(plots.plans({make.__name__: make(fleet, **options) for make in makers}, fleet))


def test_plans_with_odd_names_are_legible_and_foreign_regions_refused():
    fleet = scenario(6, names=ODD, pairs=True).fleet
    check(plots.plans({"$plan$ " * 40: waves.sizes(fleet, [1, 2, 3], bake_minutes=1.0)}, fleet))
    with pytest.raises(waves.InputError, match="not in the fleet"):
        plots.plans({"other": waves.all_at_once(scenario(2).fleet)}, fleet)
