"""What a search refuses: arguments that cannot be, rules that no plan can keep."""

import pytest

import waves
from simulation import NoPlan, search
from simulation.searching import race
from tests import builders
from tests.simulation.searching.test_search import BAKES, few, scene  # noqa: F401

pytestmark = pytest.mark.usefixtures("few")


def test_where_no_plan_keeps_the_rules_it_says_so():
    rules = waves.Rules.model_validate({"rules": {"max_regions_per_wave": 1, "max_waves": 2}})
    with pytest.raises(NoPlan, match="no plan keeps the rules"):
        search(scene(3), rules=rules, bake_minutes=(0.0,), seed=1)


@pytest.mark.parametrize(
    ("asked", "today", "text"),
    [
        ({"min_bake_minutes": 90}, None, "the longest of the bakes .* is 40 minutes; add one of 90 or more"),
        ({"approval_before": [2]}, None, "today's plan, of which there is none; give one with `approval: true`"),
        ({"approval_before": [2]}, "a b c d", "before wave 2, and .* give that plan `approval: true` at its wave 2"),
        ({"approval_before": [2], "max_regions_per_wave": 2}, "all d", None),
        ({"approval_before": [2], "max_regions_per_wave": 1}, "all d", "give that plan `approval: true` at its wave 2"),
    ],
)
def test_bakes_and_approvals_that_no_plan_can_have_are_told_at_once(monkeypatch, asked, today, text):
    """Of two waves, the last approved, plans of two have the approval and plans of four have none at the second."""
    last = builders.wave("d", 5.0, approval=True)
    like = {"all d": builders.plan(builders.wave("a b c", 5.0), last)}.get(today, today and builders.plan(today))
    rules = waves.Rules.model_validate({"rules": asked})
    if text is None:
        found = search(scene(), today=like, rules=rules, bake_minutes=BAKES, seed=1)
        assert {len(plan.waves) for name, plan in found.plans.items() if name != "today"} == {2}
        return
    monkeypatch.setattr(race.Race, "enter", None)
    with pytest.raises(NoPlan, match=f"no plan keeps the rules: .*{text}"):
        search(scene(), today=like, rules=rules, bake_minutes=BAKES)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"bake_minutes": ()}, "bake_minutes is empty"),
        ({"bake_minutes": (3.0, -2.0)}, "bake_minutes has -2.0"),
        ({"objectives": ("impact_minutes_mean", "minutes_to_shp")}, "did you mean 'minutes_to_ship'"),
        ({"objectives": ("minutes_to_ship", "impact_minutes_mean")}, "the last one of"),
        ({"resolution": 1.0}, "resolution is 1.0"),
        ({"seed": -1}, "seed"),
        ({"bake_minutes": 5}, "bake_minutes is 5; give the bakes"),
        ({"bake_minutes": None}, "bake_minutes is None; give the bakes"),
        ({"bake_minutes": "0,30"}, "bake_minutes is '0,30'; give the bakes"),
        ({"bake_minutes": (0.0, 1e300)}, r"bake_minutes has 1e\+300; give minutes from 0 to 1,000,000,000"),
        ({"objectives": None}, "objectives is None; give two or more"),
        ({"objectives": (["a"], "minutes_to_ship")}, "is not a figure to search by"),
        (
            {"rules": waves.Rules.model_validate({"rules": {"last": ["bb"]}})},
            "'bb' is not in the fleet; it has a, b",
        ),
        ({"objectives": "impact_minutes_mean"}, "objectives is 'impact_minutes_mean'; give two or more"),
        ({"rules": {}}, "rules is dict; give a Rules"),
        ({"resume": 3}, "resume is int; give a PlanFront, or"),
        ({"today": waves.Plan(waves=(waves.Wave(regions=("zz",)),))}, "'zz' is not in the fleet"),
    ],
)
def test_what_cannot_be_is_refused(wrong, text):
    with pytest.raises(ValueError, match=text):
        search(scene(2), **wrong)
