"""The trace of one rollout worked out by hand: its events, and what happened in each region."""

import math
from typing import Any

import pytest

from simulation import Scenario, run, trace
from tests.builders import fleet, plan, scenario
from waves import InputError, Plan

TWO = fleet({"a": 10.0, "b": 20.0})


def total(**fields: Any) -> Scenario:
    """A total defect everywhere: 50 failed requests make an alarm a minute later; back after 2 and 3 minutes."""
    standard: dict[str, Any] = {
        "faults": [{"name": "bad release", "probability": 1.0}],
        "build": 2.0, "handover": 1.0, "deploy": 4.0, "evidence": 50.0, "lag": 1.0, "reaction": 2.0, "rollback": 3.0,
    }  # fmt: skip
    return scenario(TWO, **{**standard, **fields})


def rows(plan: Plan, scenario: Scenario) -> list[tuple[Any, ...]]:
    events = trace(plan, scenario, sampling="crude").events
    assert list(events.columns) == ["minute", "event", "region", "wave", "remark"]
    assert events["minute"].is_monotonic_increasing
    return sorted(events.fillna({"wave": 0}).itertuples(index=False, name=None))


def test_a_halted_rollout_event_by_event():
    """Built at 2; a is up at 6 and hurts; bakes to 9, hand-over to 10; 50 requests at 11, the alarm at 12 halts b,
    which would have been up at 14; the roll-back starts at 14 and a is well at 17."""
    assert rows(plan("a", "b", bake=(3, 10)), total()) == sorted(
        [
            (2.0, "built", "", 0, ""),
            (2.0, "wave starts", "", 1, ""),
            (2.0, "deployment starts", "a", 1, ""),
            (6.0, "traffic moves", "a", 1, "100%"),
            (6.0, "deployment ends", "a", 1, ""),
            (6.0, "harm begins", "a", 1, "bad release"),
            (6.0, "bake starts", "", 1, ""),
            (9.0, "bake ends", "", 1, ""),
            (10.0, "wave starts", "", 2, ""),
            (10.0, "deployment starts", "b", 2, ""),
            (12.0, "alarm", "a", 1, "evidence"),
            (12.0, "caught", "a", 1, ""),
            (14.0, "roll-back starts", "a", 1, ""),
            (17.0, "rolled back", "a", 1, ""),
        ]
    )


def test_a_deployment_in_flight_ends_at_the_halt():
    """Impact: a third of the traffic for the 11 minutes from 6 to 17."""
    found = trace(plan("a", "b", bake=(3, 10)), total(), sampling="crude")
    a, b = found.regions
    assert (a.region, a.wave, a.position, b.region, b.wave, b.position) == ("a", 1, 0, "b", 2, 1)
    assert a.attempts == [(2, 6, True)] and b.attempts == [(10, 12, False)]
    assert (a.bake, a.harm, a.severity, a.alarm_minute, a.rollback) == ((6, 9), (6, 17), 1, 12, (14, 17))
    assert (b.bake, b.harm, b.severity, b.alarm_minute, b.rollback, b.pieces) == (None, None, 0, None, None, [])
    assert (found.end, found.halt) == (12, 12)
    assert found.row.impact_minutes == pytest.approx(11 / 3)
    assert found.sentence == "plan: caught, ended after 12 minutes and cost 3.67 fleet-minutes"


def test_rolling_traffic_in_flight_stays_where_the_halt_finds_it():
    """b moves from 10 to 14 and the halt at 12.5 finds five eighths; a, rolling from 2, hurts at once, by severity 1.

    With x = (t − 2) / 4 up to 6, a fails 10 · 2 = 20 requests by 6 and 60 by 10; b then adds its own, but each region's
    alarms count their own: a's 75 are in at 11.5, and the lag ends at 12.5. All is back at 12.5 + 2 + 3 = 17.5.
    """
    found = trace(plan("a", "b", bake=(3, 10), strategy="rolling"), total(evidence=75.0), sampling="crude")
    a, b = found.regions
    assert found.halt == 12.5 and a.alarm_minute == 12.5
    assert b.attempts == [(10, 12.5, False)]
    x, until = b.pieces[0][3], b.pieces[0][2]
    assert (b.pieces[0][0], b.pieces[0][1], until, x) == pytest.approx((10, 0, 12.5, 0.625))
    assert b.pieces[-2][2:] == pytest.approx((14.5, 0.625))  # so it stays through the reaction, and then falls
    assert b.pieces[-1][2:] == pytest.approx((17.5, 0.0))
    assert (a.harm, b.harm) == ((2, 17.5), (10, 17.5)) and b.rollback == (14.5, 17.5)
    # a: 1/3 · (2 + 8.5, and 3 · 1/2 on the way down); b: 2/3 · (2.5 · .3125 + 2 · .625, and 3 · .625/2)
    down = 3 / 2
    b_hurt = 2.5 * 0.3125 + (2 + down) * 0.625
    assert found.row.impact_minutes == pytest.approx((2 + 8.5 + down) / 3 + 2 / 3 * b_hurt)


def test_attempts_that_fail_are_told_one_by_one():
    """Refused everywhere: 2 to 6, and the retry 6 to 10, end the rollout without any harm."""
    refused = total(faults=[{"name": "registry", "probability": 1.0, "effect": "deploy_fails"}])
    found = trace(plan("a", "b", retries=1), refused, sampling="crude")
    a, b = found.regions
    assert a.attempts == [(2, 6, False), (6, 10, False)] and b.attempts == []
    assert (a.harm, a.rollback, a.pieces) == (None, None, [])
    assert (found.row.outcome, found.end, found.halt) == ("deploy_failed", 10, math.inf)


def test_harm_that_nobody_rolls_back_goes_on_to_the_horizon():
    """The alarm would come at 12, after the book closes at 8: 2 of the rollout's minutes hurt."""
    a, _ = trace(plan("a", "b", bake=3), total(horizon_minutes=8.0), sampling="crude").regions
    assert (a.harm, a.rollback, a.alarm_minute) == ((6, 8), None, None)


def test_a_failed_build_has_no_stories():
    found = trace(plan("a"), total(build_failure_probability=1.0), sampling="crude")
    assert found.regions[0].attempts == [] and found.regions[0].bake is None
    assert found.sentence == "plan: build failed, built after 2 minutes"


@pytest.mark.parametrize("sampling", ["stratified", "crude"])
def test_a_trace_is_its_row_in_a_run(sampling):
    scene = total(deploy={"lognormal": {"median": 4.0, "p95": 9.0}}, evidence={"exponential": {"mean": 50.0}})
    rollouts = run(plan("a", "b", bake=3), scene, trials=20, seed=5, sampling=sampling).frame
    for trial in (0, 7, 19):
        row = trace(plan("a", "b", bake=3), scene, seed=5, trial=trial, sampling=sampling).row
        assert row.outcome == rollouts["outcome"][trial]
        assert row[1:] == pytest.approx(tuple(rollouts.loc[trial])[1:-1], nan_ok=True)


def test_a_trial_out_of_range_and_a_stranger_are_refused():
    with pytest.raises(ValueError, match="trial"):
        trace(plan("a"), total(), trial=-1, sampling="crude")
    with pytest.raises(ValueError, match="seed"):
        trace(plan("a"), total(), seed=-1, sampling="crude")
    with pytest.raises(InputError, match="'z' is not in the fleet"):
        trace(plan("z"), total(), sampling="crude")
