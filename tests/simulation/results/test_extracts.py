"""What people ask for besides figures: exposure, worst trials with causes, strata, error budgets, limits on them."""

import math
from typing import Any

import numpy as np
import pytest

import simulation
from simulation import Service, run, sample
from simulation.analysis.cause import cause
from simulation.analysis.limits import Judgement, Limit
from simulation.results.figures import called, odds
from tests.builders import fleet, plan, sample_plan, scenario

LEAK = {"name": "slow leak", "probability": 1.0, "severity": 0.5, "detection_probability": 0.0}
QUIET: dict[str, Any] = {"deploy": 4.0, "reaction": 1.0, "rollback": 5.0}


@pytest.fixture(scope="module")
def outcomes() -> simulation.Outcomes:
    return run(sample_plan("six-region-three-wave"), sample("storefront"), trials=8192, seed=3)


def test_a_cause_is_the_fault_how_it_hid_and_who_found_it():
    """Blind, hurting from its first traffic at 0; customers report after 9 hours."""
    scene = scenario(faults=[LEAK], report=540.0, **QUIET)
    assert cause(simulation.trace(plan("a"), scene)) == "slow leak, blind, found by customers after 9 h"


def test_a_cause_that_nobody_finds_or_that_hurts_nobody_says_so():
    assert cause(simulation.trace(plan("a"), scenario(faults=[LEAK], **QUIET))) == "slow leak, blind, never found"
    late = scenario(faults=[{**LEAK, "onset": 99_999.0}], **QUIET)
    assert cause(simulation.trace(plan("a"), late)) == "slow leak, blind; escaped, nobody hurt"
    assert cause(simulation.trace(plan("a"), scenario(faults=[], **QUIET))) == "no defect; completed, nobody hurt"


def test_the_worst_trials_come_worst_first_and_say_how_rare_they_are(outcomes):
    found = outcomes.worst(5)
    impact = outcomes.frame["impact_minutes"]
    assert list(found["impact_minutes"]) == sorted(impact, reverse=True)[:5]
    for trial in found.index:
        assert impact[trial] == found["impact_minutes"][trial]
        beyond = outcomes.shares[(impact >= impact[trial]).to_numpy()].sum()
        assert found["one_in"][trial] == pytest.approx(1 / beyond)
        again = simulation.trace(outcomes.plan, outcomes.scenario, seed=3, trial=trial)
        assert again.row.impact_minutes == pytest.approx(impact[trial]) and found["cause"][trial] == cause(again)


def test_where_nobody_was_hurt_there_is_no_worst():
    assert run(plan("a"), scenario(faults=[]), trials=50).worst().empty
    with pytest.raises(ValueError, match="no worst by 'mixed_minutes'"):
        run(plan("a"), scenario(), trials=5).worst(by="mixed_minutes")


def test_exposure_is_the_chance_to_expose_so_much_or_more():
    """Blind and certain, over 100 and 300 requests a minute: always all of the traffic."""
    found = run(plan("a", "b"), scenario(fleet({"a": 100.0, "b": 300.0}), faults=[LEAK], **QUIET), trials=500)
    table = found.exposure([0.25, 0.26, 1.0])
    assert list(table["probability"]) == [1, 1, 1] and list(table["one_in"]) == [1, 1, 1]
    with pytest.raises(ValueError, match="a share of traffic is 50; .* perhaps 0.5"):
        found.exposure([50])


def test_exposure_falls_and_its_interval_holds_it(outcomes):
    table = outcomes.exposure()
    assert (np.diff(table["probability"]) <= 1e-15).all()
    assert (table["low"] <= table["probability"]).all() and (table["probability"] <= table["high"]).all()
    assert table["probability"][0.5] == outcomes.estimate("probability_share_exposed_at_least_0.5")[0].value


def test_strata_add_up_to_the_whole(outcomes):
    table, summary = outcomes.strata, outcomes.summary()["estimate"]
    assert table["probability"].sum() == pytest.approx(1) and table["trials"].sum() == 8192
    mean = (table["probability"] * table["impact_minutes_mean"]).sum()
    assert mean == pytest.approx(summary["impact_minutes_mean"]) and table["part_of_impact"].sum() == pytest.approx(1)
    assert (table["probability"] * table["shipped"]).sum() == pytest.approx(summary["probability_shipped"])


def test_an_error_budget_is_spent_in_proportion(outcomes):
    """0.999 over 30 days leaves 43.2 fleet-minutes; 40 changes a month spend 40 times one's."""
    service = Service(0.999, 30, changes_a_month=40)
    assert service.budget == pytest.approx(43.2)
    mean = outcomes.summary().loc["impact_minutes_mean"]
    one, month = (outcomes.estimate(f"error_budget{each}_mean", service=service)[0] for each in ("", "_per_month"))
    assert one == pytest.approx(tuple(mean[["estimate", "low", "high"]] / 43.2))
    assert month == pytest.approx(tuple(40 * x for x in one))
    with pytest.raises(ValueError, match="needs changes_a_month"):
        outcomes.estimate("error_budget_per_month_mean", service=Service())


@pytest.mark.parametrize("fields, fault", [
    ({"objective": 99.9}, "objective is 99.9"), ({"window_days": 0}, "window_days is 0"),
    ({"changes_a_month": -1}, "changes_a_month is -1"), ({"window_days": 40_000}, "up to 36,500"),
])  # fmt: skip
def test_a_service_that_cannot_be_is_refused(fields, fault):
    with pytest.raises(ValueError, match=fault):
        Service(**fields)


def test_limits_name_what_is_asked_for():
    wanted = {"probability_share_exposed_at_least_0.5": {"at_most": 1 / 1200}, "error_budget_mean": {"at_most": 2}}
    assert len(simulation.parse_limits(wanted, simulation.FIGURES)) == 2
    with pytest.raises(ValueError, match=r"perhaps 0\.5"):
        simulation.parse_limits({"probability_share_exposed_at_least_50": {"at_most": 0.1}}, simulation.FIGURES)
    assert called("probability_share_exposed_at_least_0.5").startswith("chance that 50")
    assert odds(1 / 1200) == "1 in 1,200"


def test_what_is_undecided_says_how_many_trials_it_takes():
    """The interval reaches 0.04 beyond 1, and there is room for 0.02: four times the trials bring it there.

    But the estimate moves, too: in nine of ten runs by less than 1.28 standard errors, of which the interval is 1.96.
    So the room must be (1 + 1.28 / 1.96) times the interval, which takes 2.73 times as many again.
    """
    limit = Limit("impact_minutes_mean", "at_most", 1.02)
    undecided = Judgement(limit, 1.0, 0.96, 1.04, "fleet-minutes", "undecided", 20_000)
    assert undecided.takes == 220_000 and "run about 220,000 trials" in str(undecided)
    near = Judgement(Limit("impact_minutes_mean", "at_most", 1.001), 1.0, 0.96, 1.04, "x", "undecided", 20_000)
    assert near.takes == 88_000_000 and "more than a report takes" in str(near)
    assert Judgement(limit, 1.0, 0.99, 1.01, "fleet-minutes", "holds", 20_000).takes is None
    assert Judgement(limit, 1.0, math.nan, math.nan, "fleet-minutes", "undecided", 20_000).takes == 200_000
