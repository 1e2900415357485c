"""Assumptions turned, against rollouts worked out by hand: one defect, two regions of equal traffic, no other chance.

Either plan deploys in 10 minutes and halts 5 minutes after the first harm; 5 minutes later all is rolled back. In two
waves the first region hurts for 10 minutes, 5 fleet-minutes, and what ships takes 10 + 60 + 10 minutes; all at once
both hurt, 10 fleet-minutes, and it takes 10 + 30. With a defect of probability p the plans differ by 5 p fleet-minutes
and, as a halted attempt costs both the same, by 40 minutes: a fleet-minute is worth 8 / p minutes of waiting.
"""

import math
from types import SimpleNamespace
from typing import Any

import pytest

from simulation import Estimate, Scenario, sensitivity, waves_or_minutes
from simulation.analysis.levers import levers
from simulation.analysis.turning import Path
from tests import builders
from waves import Fleet, Plan

FLEET = Fleet(regions=({"name": "a", "traffic": 100}, {"name": "b", "traffic": 100}))


def plan(*waves: tuple[str, float]) -> Plan:
    parts = tuple({"regions": tuple(names), "bake_minutes": bake} for names, bake in waves)
    return Plan(name=f"waves of {len(parts)}", waves=parts, strategy="blue_green")


TWO, ONE = plan(("a", 60.0), ("b", 0.0)), plan(("ab", 30.0))
PLANS = {"two waves": TWO, "at once": ONE}


def scenario(**changes: object) -> Scenario:
    fault = {"name": "bad", "probability": 0.1, "detection_probability": 1.0}
    own = {"deploy": 10, "evidence": 1e-9, "lag": 5, "rollback": 5, "faults": (fault,), **changes}
    return Scenario(fleet=FLEET, **own)


def test_the_price_at_which_plans_cost_the_same_is_that_worked_by_hand():
    found = sensitivity(PLANS, scenario(), trials=4096)
    assert found.worth["price"]["at once"] == pytest.approx(80)
    row = found.moved("at once", "worth").loc["bad: probability"]
    assert (row.at_low, row.at_high) == (pytest.approx(160), pytest.approx(40))
    row = found.moved("at once", "impact_minutes_mean").loc["lag"]
    assert (row.at_low, row.at_high, row.swing) == (
        pytest.approx(0.05 * 7.5), pytest.approx(0.05 * 15), pytest.approx(0.05 * 7.5)
    )  # fmt: skip


def test_break_evens_are_those_worked_by_hand():
    """At 50 minutes a fleet-minute p is 0.16; at 100, half an impact of p × (lag + 5) is 0.4 where the lag is 3."""
    breaks = sensitivity(PLANS, scenario(), price=50, trials=4096).breaks
    (found,) = [b for b in breaks if b.lever.name == "bad: probability"]
    assert (found.figure, found.first_is_better, found.within) == ("cost", False, True)
    assert found.size == pytest.approx(0.16, rel=5e-3) and found.low <= found.factor <= found.high
    assert found.sentence("two waves").startswith(
        "at once beats two waves in cost until bad: probability exceeds 16\u00a0%"
    )
    every = {b.lever.name: b for b in sensitivity(PLANS, scenario(), price=100, trials=4096).breaks}
    assert every["lag"].size == pytest.approx(3, rel=5e-3)
    assert (
        every["lag"]
        .sentence("two waves")
        .startswith("two waves beats at once in cost until lag falls below 3\u00a0min")
    )


def test_break_evens_far_beyond_an_assumption_s_range_are_found_too():
    """At 10 minutes a fleet-minute p is 0.8, eight times what it is; at 700 a seventh of what it is."""
    for price, chance in ((10, 0.8), (700, 8 / 700)):
        every = {b.lever.name: b for b in sensitivity(PLANS, scenario(), price=price, trials=4096).breaks}
        found = every["bad: probability"]
        assert found.size == pytest.approx(chance, rel=5e-3) and not found.within


def test_an_end_that_is_not_known_on_the_way_to_nought_leaves_the_break_even_open(monkeypatch):
    """The difference is nought at 1.5; its upper end at 0.7, and its lower one at 3, near which it is not known."""

    def at(_, factor):
        value = math.log(factor / 1.5)
        low = math.nan if 2 < factor < 4 else math.log(factor / 3)
        return {(1, "impact_minutes_mean"): Estimate(value, low, math.log(factor / 0.7))}

    monkeypatch.setattr(Path, "at", at)
    monkeypatch.setattr(Path, "_may_turn", lambda *_: True)
    worlds: Any = SimpleNamespace(price=None, scenario=scenario())
    search: Any = SimpleNamespace(worlds=worlds, base=None, names=["a", "b"], differences=lambda _: {},
                             pairs=[(1, "impact_minutes_mean")])  # fmt: skip
    (found,) = Path(search, next(each for each in levers(scenario()) if each.name == "lag")).breaks()
    assert (found.factor, found.low, found.high) == pytest.approx((1.5, 0.7, math.inf), 0.01)


def test_the_regret_of_a_choice_is_what_another_would_save():
    """At 100 minutes a fleet-minute, at once costs 50 − 40 more.

    Where half of the defects are blind, they hurt b for another 70 minutes: (0.05 × 5 + 0.05 × 35) × 100 − 40.
    """
    found = sensitivity(PLANS, scenario(), price=100, trials=4096).regret
    assert found.loc[("at once", "cost"), "regret"] == pytest.approx(10)
    assert found.loc[("at once", "cost"), "worst"] == pytest.approx(160)
    assert found.loc[("at once", "cost"), "worst_assumption"] == "bad: detection_probability, low"
    assert found.loc[("two waves", "cost"), "regret"] == 0
    assert found.loc[("two waves", "minutes_to_ship"), "regret"] == pytest.approx(40)


def test_what_changes_nothing_and_what_is_not_known_is_said():
    """A build takes both plans as long; where every change is bad, nothing ever ships, and time has no difference."""
    found = sensitivity(PLANS, scenario(build=5), trials=512)
    assert "build" in found.idle and not {"lag", "deploy", "bad: probability"} & set(found.idle)
    assert found.untold == () and found.silent == [
        f"Turned either way, {' or '.join(found.idle)} changes no difference between the plans"
    ]
    fault = {"name": "bad", "probability": 0.6, "detection_probability": 1.0}
    sure = sensitivity(PLANS, scenario(faults=(fault,)), trials=512)
    assert "bad: probability, high" in sure.untold and "a plan never ships then" in sure.silent[-1]


def test_a_source_with_an_interval_says_how_far_and_probabilities_end_at_one():
    sources = {"lag": {"source": "40 alarms", "estimate": 5, "low": 4, "high": 8}}
    sources["bad"] = {"source": "two in 20", "estimate": 0.1, "low": 0.02, "high": 0.3}
    found = {each.name: each for each in levers(scenario(sources=sources))}
    assert (found["lag"].low, found["lag"].high, found["lag"].source) == (0.8, 1.6, "40 alarms")
    assert found["bad: probability"].low == pytest.approx(0.2) and found["bad: probability"].high == pytest.approx(3)
    sure = scenario(rejection_probability=0.8)
    own = {each.name: each for each in levers(sure)}["rejection_probability"]
    assert own.high == pytest.approx(1.25) and own.at(sure, 5.0).rejection_probability == 1.0


def test_every_assumption_is_turned_once_and_those_that_are_nought_never():
    names = [each.name for each in levers(scenario())]
    assert len(set(names)) == len(names)
    assert {"deploy", "evidence", "lag", "rollback", "bad: probability", "bad: severity"} <= set(names)
    assert not {"build", "onset", "horizon_minutes", "reaction", "false_alarms_per_region_day"} & set(names)


def test_values_of_single_regions_turn_with_the_scenarios():
    own = scenario(regions={"a": {"lag": 7}})
    turned = {each.name: each for each in levers(own)}["lag"].at(own, 2.0)
    assert (turned.lag.mean, turned.of(0, "lag").mean) == (10, 14)


def test_a_plan_that_is_better_in_both_has_no_price():
    found = sensitivity({"two waves": TWO, "slower": plan(("a", 60.0), ("b", 60.0))}, scenario(), trials=512)
    assert math.isnan(found.worth["price"]["slower"])


@pytest.mark.parametrize(
    ("plans", "options", "words"),
    [
        ({"one": TWO}, {}, "give at least two"),
        (PLANS, {"price": 0}, "above 0"),
        (PLANS, {"price": math.nan}, "price is nan"),
        (PLANS, {"trials": 0}, "trials"),
    ],
)
def test_what_cannot_be_is_refused(plans, options, words):
    with pytest.raises(ValueError, match=words):
        sensitivity(plans, scenario(), **options)


def test_a_difference_is_taken_apart_as_worked_by_hand():
    """80 minutes; in one wave 70; with half the bake 50; both 40: grouping makes −10, bake −30, grouping all harm."""
    found = waves_or_minutes(TWO, ONE, scenario(), trials=4096)
    assert found.parts == ("grouping", "bake")
    table = found.table["difference"]
    assert table[("minutes_to_ship", "grouping")] == pytest.approx(-10)
    assert table[("minutes_to_ship", "bake")] == pytest.approx(-30)
    assert table[("impact_minutes_mean", "grouping")] == pytest.approx(0.5)
    assert table[("impact_minutes_mean", "bake")] == pytest.approx(0, abs=1e-12)
    assert found.sentence == (
        "Against waves of 2, waves of 1 saves 40 min (bake −30 min, grouping −10 min); costs another 0.5 fleet-minutes "
        "(grouping +0.5, bake +0)"
    ).replace(" min", "\u00a0min")


def test_the_parts_of_a_difference_sum_to_it_and_order_is_one():
    """With three parts and a rest; c has the defect's label alone, so that who comes first matters."""
    regions = [{"name": n, "traffic": t, "labels": ["x"] * (n == "c")} for n, t in zip("abc", (1, 2, 4), strict=True)]
    fleet = Fleet(regions=regions)
    world = Scenario(
        fleet=fleet, deploy={"lognormal": {"median": 10, "p95": 20}}, approval_wait=30, lag=5, rollback=5,
        evidence=1e-9, faults=({"name": "bad", "probability": 0.2, "where": {"label": "x"}},),
    )  # fmt: skip
    first = plan(("a", 60.0), ("b", 20.0), ("c", 0.0))
    last = plan(("c", 20.0), ("ab", 10.0))
    last = last.replace(waves=(last.waves[0], last.waves[1].replace(approval=True)))
    found = waves_or_minutes(first, last, world, trials=4096)
    assert found.parts == ("grouping", "order", "bake", "rest")
    for figure in ("minutes_to_ship", "impact_minutes_mean"):
        own = found.table.loc[figure]
        assert own["difference"][:-1].sum() == pytest.approx(own["difference"]["whole"])
        assert (own["least"] <= own["difference"] + 1e-9).all() and (own["difference"] <= own["most"] + 1e-9).all()
    assert waves_or_minutes(first, first, world, trials=512).sentence.endswith("takes as long; costs as much")
    with pytest.raises(ValueError, match="c is in one of the plans only"):
        waves_or_minutes(first, plan(("ab", 1.0)), world)


def test_what_a_region_alone_has_is_turned_without_a_size():
    """A failed deployment that takes longer in one region: there is no one number to say where it flips."""
    scene = builders.scenario(regions={"a": {"failed_deploy": 30.0}}, deploy_failure_probability=0.2)
    [lever] = [each for each in levers(scene) if each.fields == ("failed_deploy",)]
    assert math.isnan(lever.size(scene, 2.0))
    assert lever.at(scene, 2.0).of(0, "failed_deploy").mean == 60.0
