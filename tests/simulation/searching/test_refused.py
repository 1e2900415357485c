"""What a search refuses: arguments that cannot be, rules that no plan can keep."""

import numpy as np
import pytest

import waves
from simulation import NoPlan, search
from simulation.searching import race
from simulation.searching.candidates import Candidates
from simulation.searching.unkept import grouping_to_begin_with, why_none
from tests import builders
from tests.simulation.searching.test_search import BAKES, few, scene, walked  # noqa: F401

COUNTS = ("max_waves", "max_regions_per_wave")
pytestmark = pytest.mark.usefixtures("few")


def test_where_no_plan_keeps_the_rules_it_says_so():
    rules = waves.Rules.model_validate({"rules": {"max_regions_per_wave": 1, "max_waves": 2}})
    with pytest.raises(NoPlan, match="no plan keeps the rules"):
        search(scene(3), rules=rules, bake_minutes=(0.0,), seed=1)


@pytest.mark.parametrize(
    ("asked", "today", "text"),
    [
        ({"min_bake_minutes": 90}, None, "the longest of the bakes .* is 40 minutes; add one of 90 or more"),
        ({"approval_before": [2]}, None, "today's plan, of which there is none; give one with `approval"),
        (
            {"approval_before": [2]},
            "a b c d",
            "before wave 2, and .* that plan `approval: true` at its wave$",
        ),
        ({"approval_before": [2], "max_regions_per_wave": 2}, "all d", None),
        (
            {"approval_before": [2], "max_regions_per_wave": 1},
            "all d",
            "that plan `approval: true` from its wave 2 on$",
        ),
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


def test_it_is_told_at_once_just_where_no_plan_keeps_the_rules():
    """Against every plan there is held against the rules; approvals, pins, sizes and bakes by chance."""
    random, none = np.random.default_rng(7), 0
    for _ in range(250):
        asked = {
            "approval_before": random.choice(4, size=random.integers(3), replace=False) + 1,
            "first": random.choice(list("abcd"), size=random.integers(2)),
            "last": random.choice(list("abcd"), size=random.integers(2)),
            "min_bake_minutes": float(random.choice((0.0, 30.0, 50.0), p=(0.5, 0.4, 0.1))),
            **{key: int(random.integers(1, 5)) for key in COUNTS if random.random() < 0.4},
        }
        asked = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in asked.items()}
        cut = ("a b c d", "a b|c d", "a|b c|d", "a|b|c|d")[random.integers(4)].split("|")
        today = builders.plan(*(builders.wave(each, 5.0, approval=bool(random.random() < 0.6)) for each in cut))
        rules = waves.Rules.model_validate({"rules": asked})
        candidates = Candidates(scene(), today, BAKES, rules)
        kept = len(candidates.keeping(walked(candidates)))
        assert (why_none(candidates) is None) == (kept > 0), (asked, cut)
        if kept:  # there is one to begin with, too
            groups = grouping_to_begin_with(candidates).groups
            assert groups and len(candidates.keeping(candidates.shape(groups, 1))), (asked, cut)
        none += not kept
    assert 50 < none < 200


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
