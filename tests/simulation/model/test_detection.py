"""Rules 13 to 16: alarms on rates, checks after a deployment, customers, and false alarms.

Regions a, b, c, d serve 10, 20, 30, 40 requests a minute; deployments are blue/green and take 4 minutes unless said
otherwise; roll-backs are instant unless said otherwise.
"""

import pytest

from tests.builders import plan, scenario, wave
from tests.simulation.worlds import bad

CAUGHT_A = {"outcome": "caught", "deployed_minutes": 4, "regions_exposed": 1, "share_exposed": 0.1, "peak_share": 0.1}
ESCAPED_A = {**CAUGHT_A, "outcome": "escaped"}


def test_the_alarm_comes_a_lag_after_enough_failed_requests(check):
    """Rules 13, 17, 18: a is bad from 4; 50 requests at 9; lag 2: 11; reaction 3, roll-back 4: 18. Impact .1 · 14."""
    expected = CAUGHT_A | {"end_minutes": 11, "detected_minutes": 11, "recovered_minutes": 18, "impact_minutes": 1.4}
    check(
        plan("a", bake=20),
        expected,
        defects={"a": bad()},
        evidence=50.0,
        lag=2.0,
        reaction=3.0,
        rollback=4.0,
        regions={"a": (True, 14.0, 1.4)},
    )


def test_the_rollout_goes_on_during_the_lag(check):
    """Rule 13: a's 60 requests are in at 10, the lag ends at 15; b, baked for since 10, is up at 14. Back at 19.

    Impact .1 · 15 + .2 · 5; both at once from 14: peak .3; mixed from 4 to 14.
    """
    expected = {
        "outcome": "caught", "deployed_minutes": 14, "end_minutes": 15, "detected_minutes": 15, "recovered_minutes": 19,
        "regions_exposed": 2, "share_exposed": 0.3, "peak_share": 0.3, "impact_minutes": 2.5, "mixed_minutes": 10,
    }  # fmt: skip
    check(
        plan("a", "b", bake=6),
        expected,
        defects={"a": bad(), "b": bad()},
        evidence={"a": 60.0},
        lag=5.0,
        rollback=4.0,
    )


def test_milder_defects_give_less_evidence_and_less_impact(check):
    """Rule 13: 20 % of 10 requests: 50 take 25 minutes, to 29. Impact .1 · .2 · 25; the peak is not weighted."""
    expected = CAUGHT_A | {"end_minutes": 29, "detected_minutes": 29, "recovered_minutes": 29, "impact_minutes": 0.5}
    check(plan("a", bake=50), expected, defects={"a": bad(severity=0.2)}, evidence=50.0)


def test_evidence_gathers_from_the_first_harm(check):
    """Rules 11, 13: served at 4, hurting from 10, 50 requests at 15: impact .1 · 5."""
    expected = CAUGHT_A | {"end_minutes": 15, "detected_minutes": 15, "recovered_minutes": 15, "impact_minutes": 0.5}
    check(plan("a", bake=50), expected, defects={"a": bad(onset=6.0)}, evidence=50.0, regions={"a": (True, 5.0, 0.5)})


def test_alarms_are_regional_and_the_first_counts(check):
    """Rule 13: a has its 100 at 14, b (20 a minute) its 100 at 9, though both together had 100 at 7 1/3."""
    expected = {
        "outcome": "caught", "deployed_minutes": 4, "end_minutes": 9, "detected_minutes": 9, "recovered_minutes": 9,
        "regions_exposed": 2, "share_exposed": 0.3, "peak_share": 0.3, "impact_minutes": 1.5,
    }  # fmt: skip
    check(plan("a b", bake=20), expected, defects={"a": bad(), "b": bad()}, evidence=100.0)


def test_blind_instances_raise_no_alarm(check):
    """Rules 4, 13: a hurts from 4 to the horizon of 100."""
    expected = ESCAPED_A | {"end_minutes": 24, "impact_minutes": 9.6}
    check(
        plan("a", bake=20),
        expected,
        defects={"a": bad(alarms=False)},
        evidence=1.0,
        scenario=scenario(horizon_minutes=100.0),
    )


STEPS = {"steps": [[5.0, 10.0], [50.0, 10.0]]}


def test_below_the_threshold_nothing_gathers(check):
    """Rule 13: 20 % of 5 % is 1 %, under 2 %; from 14 on, at 50 %, 1 request a minute fails: 6 of them by 20.

    Impact .1 · .2 · (.05 · 10 + .5 · 6) = .02 · 3.5; mixed from 4.
    """
    expected = {
        "outcome": "caught", "end_minutes": 20, "detected_minutes": 20, "recovered_minutes": 20, "regions_exposed": 1,
        "share_exposed": 0.05, "peak_share": 0.05, "impact_minutes": 0.07, "mixed_minutes": 16,
    }  # fmt: skip
    check(
        plan("a", bake=20, strategy=STEPS),
        expected,
        defects={"a": bad(severity=0.2)},
        evidence=6.0,
        scenario=scenario(alarm_threshold=0.02),
    )


@pytest.mark.parametrize(
    "percent, severity, threshold, evidence, harm",
    [
        (5.0, 0.2, 0.01, 0.5, 0.01),  # .1 a minute fail
        (10.0, 0.7, 0.07, 3.5, 0.07),  # .7 a minute; and here .07 / .7 comes out above .1
    ],
)
def test_at_the_threshold_failed_requests_gather(check, percent, severity, threshold, evidence, harm):
    """Rule 13: percent times severity is the threshold; the evidence is in after 5 minutes: impact .1 · harm · 5."""
    expected = {
        "outcome": "caught", "end_minutes": 9, "detected_minutes": 9, "recovered_minutes": 9, "regions_exposed": 1,
        "share_exposed": percent / 1000, "peak_share": percent / 1000, "impact_minutes": 0.1 * harm * 5,
        "mixed_minutes": 5,
    }  # fmt: skip
    check(
        plan("a", bake=20, strategy={"steps": [[percent, 10.0]]}),
        expected,
        defects={"a": bad(severity=severity)},
        evidence=evidence,
        scenario=scenario(alarm_threshold=threshold),
    )


def test_on_a_ramp_evidence_gathers_from_where_it_crosses_the_threshold(check):
    """Rule 13: 8 minutes of ramp cross 1/2 at 4; ∫ 10 t/8 dt from 4 to 6 is 12.5. There x = 3/4; impact .1 · 36/16."""
    expected = {
        "outcome": "caught", "end_minutes": 6, "detected_minutes": 6, "recovered_minutes": 6, "regions_exposed": 1,
        "share_exposed": 0.075, "peak_share": 0.075, "impact_minutes": 0.225, "mixed_minutes": 6,
    }  # fmt: skip
    check(
        plan("a", bake=20, strategy="rolling"),
        expected,
        deploy=8.0,
        defects={"a": bad()},
        evidence=12.5,
        scenario=scenario(alarm_threshold=0.5),
    )


def test_evidence_goes_on_gathering_after_a_ramp(check):
    """Rule 13: 30 of 50 requests from 4 to 8, the other 20 by 10. Impact .1 · (4 + 2); mixed to 8."""
    expected = CAUGHT_A | {
        "deployed_minutes": 8, "end_minutes": 10, "detected_minutes": 10, "recovered_minutes": 10,
        "impact_minutes": 0.6, "mixed_minutes": 8,
    }  # fmt: skip
    check(
        plan("a", bake=20, strategy="rolling"),
        expected,
        deploy=8.0,
        defects={"a": bad()},
        evidence=50.0,
        scenario=scenario(alarm_threshold=0.5),
    )


def test_harm_that_begins_on_a_ramp_counts_from_there(check):
    """Rules 11, 13: onset 4 of an 8-minute ramp: 12.5 requests from 4 to 6, impact .1 · (36 − 16)/16."""
    expected = {
        "outcome": "caught", "end_minutes": 6, "detected_minutes": 6, "recovered_minutes": 6, "regions_exposed": 1,
        "share_exposed": 0.075, "peak_share": 0.075, "impact_minutes": 0.125, "mixed_minutes": 6,
    }  # fmt: skip
    rolling = plan("a", bake=20, strategy="rolling")
    check(rolling, expected, deploy=8.0, defects={"a": bad(onset=4.0)}, evidence=12.5)


def test_a_defect_milder_than_the_threshold_is_never_seen(check):
    """Rule 13: 20 % never reach 30 %. Impact .1 · .2 · 96."""
    expected = ESCAPED_A | {"end_minutes": 24, "impact_minutes": 1.92}
    check(
        plan("a", bake=20),
        expected,
        defects={"a": bad(severity=0.2)},
        evidence=1.0,
        scenario=scenario(alarm_threshold=0.3, horizon_minutes=100.0),
    )


def test_thresholds_may_differ_by_region(check):
    """Rule 13: a never sees 20 %, b does: 4 a minute, 20 by 9. Impact .3 · .2 · 5."""
    expected = {
        "outcome": "caught", "deployed_minutes": 4, "end_minutes": 9, "detected_minutes": 9, "recovered_minutes": 9,
        "regions_exposed": 2, "share_exposed": 0.3, "peak_share": 0.3, "impact_minutes": 0.3,
    }  # fmt: skip
    check(
        plan("a b", bake=20),
        expected,
        defects={"a": bad(severity=0.2), "b": bad(severity=0.2)},
        evidence={"a": 1.0, "b": 20.0},
        scenario=scenario(thresholds={"a": 0.3, "b": 0.1}),
    )


def test_the_check_after_a_deployment_raises_an_alarm_at_once(check):
    """Rule 14: a hurts at its end at 4, though alarms are blind to it; b, due at 10, is stopped. Reaction 2: .1 · 2."""
    expected = {
        "outcome": "caught", "end_minutes": 4, "detected_minutes": 4, "recovered_minutes": 6, "regions_exposed": 1,
        "share_exposed": 0.1, "peak_share": 0.1, "impact_minutes": 0.2, "mixed_minutes": 2,
    }  # fmt: skip
    both = {name: bad(alarms=False, check=True) for name in "ab"}
    check(plan("a b", bake=20), expected, deploy={"a": 4.0, "b": 10.0}, defects=both, reaction=2.0)


def test_the_check_sees_nothing_before_the_onset(check):
    """Rule 14: the deployment ends at 4, the harm begins at 7, and lasts to the horizon of 100."""
    expected = ESCAPED_A | {"end_minutes": 24, "impact_minutes": 9.3}
    check(
        plan("a", bake=20),
        expected,
        defects={"a": bad(onset=3.0, alarms=False, check=True)},
        scenario=scenario(horizon_minutes=100.0),
    )


@pytest.mark.parametrize("onset, seen", [(3.0, True), (4.0, True), (5.0, False)])
def test_the_check_after_a_ramp_sees_what_began_by_its_end(check, onset, seen):
    """Rule 14: the ramp ends at 4. Seen, at x = 1: impact .1 · ∫ t/4 dt from the onset to 4. Unseen: .1 · (20 − 5)."""
    if seen:
        impact = 0.1 * (16 - onset**2) / 8
        peak = 0.1 if onset < 4 else 0.0  # at 4 the harm begins and is over
        expected = CAUGHT_A | {
            "end_minutes": 4, "detected_minutes": 4, "recovered_minutes": 4, "peak_share": peak,
            "impact_minutes": impact, "mixed_minutes": 4,
        }  # fmt: skip
    else:
        expected = ESCAPED_A | {"end_minutes": 14, "impact_minutes": 1.5, "mixed_minutes": 4}
    check(
        plan("a", bake=10, strategy="rolling"),
        expected,
        defects={"a": bad(onset=onset, alarms=False, check=True)},
        scenario=scenario(horizon_minutes=20.0),
    )


def test_the_check_comes_at_the_end_of_the_steps(check):
    """Rule 14: bad from 4 at 10 %, checked at 9, reaction 1: impact .1 · (.1 · 5 + 1)."""
    expected = CAUGHT_A | {
        "deployed_minutes": 9, "end_minutes": 9, "detected_minutes": 9, "recovered_minutes": 10,
        "impact_minutes": 0.15, "mixed_minutes": 5,
    }  # fmt: skip
    steps = plan("a", strategy={"steps": [[10.0, 5.0]]})
    check(steps, expected, defects={"a": bad(alarms=False, check=True)}, reaction=1.0)


def test_a_deployment_that_finishes_after_a_failure_is_checked_too(check):
    """Rules 14, 19, 20: a fails at 4; b ends at 10, is checked, and goes back by 12. Impact .2 · 2."""
    expected = {
        "outcome": "deploy_failed", "regions_failed": 1, "end_minutes": 4, "detected_minutes": 10,
        "recovered_minutes": 12,
        "regions_exposed": 1, "share_exposed": 0.2, "peak_share": 0.2, "impact_minutes": 0.4, "mixed_minutes": 2,
    }  # fmt: skip
    check(
        plan("a b"),
        expected,
        refuses="a",
        deploy={"a": 4.0, "b": 10.0},
        defects={"b": bad(alarms=False, check=True)},
        rollback=2.0,
    )


def test_customers_report_what_alarms_cannot_see(check):
    """Rule 15: harm from 4, the report at 11. Impact .1 · 7."""
    expected = CAUGHT_A | {"end_minutes": 11, "detected_minutes": 11, "recovered_minutes": 11, "impact_minutes": 0.7}
    check(plan("a", bake=20), expected, defects={"a": bad(alarms=False)}, report=7.0)


def test_customers_report_after_the_first_harm_anywhere(check):
    """Rule 15: b, up at 4, hurts from 9; a, up at 6, from 8: the report comes at 8 + 7. Impact .1 · 7 + .2 · 6."""
    expected = {
        "outcome": "caught", "deployed_minutes": 6, "end_minutes": 15, "detected_minutes": 15, "recovered_minutes": 15,
        "regions_exposed": 2, "share_exposed": 0.3, "peak_share": 0.3, "impact_minutes": 1.9, "mixed_minutes": 2,
    }  # fmt: skip
    check(
        plan("a b", bake=20),
        expected,
        deploy={"a": 6.0, "b": 4.0},
        defects={"a": bad(onset=2.0, alarms=False), "b": bad(onset=5.0, alarms=False)},
        report=7.0,
    )


def test_customers_report_after_the_pipeline_too(check):
    """Rules 15, 20: complete at 4, reported at 24. Impact .1 · 20."""
    expected = ESCAPED_A | {"end_minutes": 4, "detected_minutes": 24, "recovered_minutes": 24, "impact_minutes": 2.0}
    check(plan("a"), expected, defects={"a": bad(alarms=False)}, report=20.0)


@pytest.mark.parametrize(
    "strategy, expected",
    [
        ("blue_green", {"deployed_minutes": 4, "end_minutes": 7, "recovered_minutes": 10}),  # x = 1
        ("rolling", {"end_minutes": 3, "recovered_minutes": 6, "mixed_minutes": 6}),  # x = 3/4
        ({"steps": [[25.0, 5.0]]}, {"end_minutes": 7, "recovered_minutes": 10, "mixed_minutes": 6}),  # x = 1/4
    ],
)
def test_false_alarms_count_from_the_first_traffic(check, strategy, expected):
    """Rules 11, 16: 3 minutes after it, which is at 4, or at 0 where rolling.

    The region goes back, sound as it is, after reaction 1 and roll-back 2; until then, where 0 < x < 1, it is mixed.
    """
    expected = {"outcome": "false_alarm", **expected}
    check(plan("a", bake=20, strategy=strategy), expected, false_alarm=3.0, reaction=1.0, rollback=2.0)


def test_false_alarms_end_with_the_pipeline(check):
    """Rule 16: complete at 14, the clock would ring at 24."""
    expected = {"outcome": "completed", "deployed_minutes": 4, "end_minutes": 14}
    check(plan("a", bake=10), expected, false_alarm=20.0)


def test_false_alarms_end_with_a_failure(check):
    """Rule 16: a is up at 4, b fails at 8, a's clock would ring at 9. Mixed to the end."""
    expected = {"outcome": "deploy_failed", "regions_failed": 1, "end_minutes": 8, "mixed_minutes": 4}
    check(plan("a", "b"), expected, refuses="b", false_alarm=5.0)


def test_a_region_that_never_served_raises_no_false_alarm(check):
    """Rule 16: b's deployment fails at 8; its clock never started."""
    expected = {"outcome": "deploy_failed", "regions_failed": 1, "end_minutes": 8}
    check(plan(wave("b", 5), retries=1), expected, refuses="b", false_alarm=0.5)


@pytest.mark.parametrize("horizon, seen", [(4.0, True), (3.5, False)])
def test_a_check_at_the_horizon_counts_and_none_after_it(check, horizon, seen):
    """Rules 14 and 21: the deployment ends at 4. No harm comes before the horizon."""
    exposed = {"deployed_minutes": 4, "regions_exposed": 1, "share_exposed": 0.1}
    caught = {"outcome": "caught", "end_minutes": 4, "detected_minutes": 4, "recovered_minutes": 4}
    check(
        plan("a", bake=10),
        exposed | (caught if seen else {"outcome": "escaped", "end_minutes": 14}),
        defects={"a": bad(alarms=False, check=True)},
        scenario=scenario(horizon_minutes=horizon),
    )


@pytest.mark.parametrize("horizon, heard", [(10.0, True), (9.5, False)])
def test_a_false_alarm_at_the_horizon_counts_and_none_after_it(check, horizon, heard):
    """Rules 16 and 21: it comes at 10, 6 minutes after the first traffic."""
    halted = {"outcome": "false_alarm", "end_minutes": 10, "recovered_minutes": 10}
    expected = {"deployed_minutes": 4} | (halted if heard else {"outcome": "completed", "end_minutes": 14})
    check(plan("a", bake=10), expected, false_alarm=6.0, scenario=scenario(horizon_minutes=horizon))
