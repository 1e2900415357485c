"""Rules 9 to 11 and 19: attempts, retries and failures of a deployment, and how its traffic moves.

Regions a, b, c, d carry shares of .1, .2, .3, .4; deployments are blue/green and take 4 minutes unless said otherwise.
"""

import pytest

from tests.builders import plan, wave
from tests.simulation.worlds import bad


def test_rolling_moves_traffic_all_through_the_attempt(check):
    """Rule 10: one region alone is mixed while x is between 0 and 1, from 0 to 4."""
    expected = {"outcome": "completed", "deployed_minutes": 4, "end_minutes": 9, "mixed_minutes": 4}
    check(plan("a", bake=5, strategy="rolling"), expected)


def test_rolling_moves_traffic_linearly(check):
    """Rule 10: hurting from 0; the alarm (20 failed requests of ∫ 10 t/8 dt) comes at √32, with x = √32 / 8 = √.5.

    Recovered at √32 + 2: impact .1 · (∫ t/8 dt to √32 = 2, then 2 · √.5).
    """
    expected = {
        "outcome": "caught", "end_minutes": 32**0.5, "detected_minutes": 32**0.5, "recovered_minutes": 32**0.5 + 2,
        "regions_exposed": 1, "share_exposed": 0.1 * 0.5**0.5, "peak_share": 0.1 * 0.5**0.5,
        "impact_minutes": 0.1 * (2 + 2 * 0.5**0.5), "mixed_minutes": 32**0.5 + 2,
    }  # fmt: skip
    check(
        plan("a", bake=5, strategy="rolling"),
        expected,
        deploy=8.0,
        defects={"a": bad()},
        evidence=20.0,
        reaction=2.0,
    )


def test_blue_green_moves_traffic_at_the_end_of_the_attempt(check):
    """Rule 10: up at 4; 20 failed requests after 2 minutes, at 6; recovered at 8: impact .1 · 4."""
    expected = {
        "outcome": "caught", "deployed_minutes": 4, "end_minutes": 6, "detected_minutes": 6, "recovered_minutes": 8,
        "regions_exposed": 1, "share_exposed": 0.1, "peak_share": 0.1, "impact_minutes": 0.4,
    }  # fmt: skip
    check(plan("a", bake=5), expected, defects={"a": bad()}, evidence=20.0, reaction=2.0)


def test_steps_hold_each_percentage_for_its_minutes(check):
    """Rule 10: 10 % at 4, 50 % at 9, all at 19, where the deployment ends and the bake starts."""
    expected = {"outcome": "completed", "deployed_minutes": 19, "end_minutes": 24, "mixed_minutes": 15}
    check(plan("a", bake=5, strategy={"steps": [[10.0, 5.0], [50.0, 10.0]]}), expected)


def test_traffic_in_steps_gathers_evidence_at_each_step(check):
    """Rules 10, 13: 1 a minute from 4 to 9, then 5 a minute: 30 failed requests at 9 + 25 / 5 = 14.

    Impact .1 · (.1 · 5 + .5 · 5); the roll-back is instant.
    """
    expected = {
        "outcome": "caught", "end_minutes": 14, "detected_minutes": 14, "recovered_minutes": 14, "regions_exposed": 1,
        "share_exposed": 0.05, "peak_share": 0.05, "impact_minutes": 0.3, "mixed_minutes": 10,
    }  # fmt: skip
    steps = plan("a", bake=5, strategy={"steps": [[10.0, 5.0], [50.0, 10.0]]})
    check(steps, expected, defects={"a": bad()}, evidence=30.0)


def test_a_step_may_be_held_for_no_time(check):
    """Rule 10: 10 % and all at 4."""
    expected = {"outcome": "completed", "deployed_minutes": 4, "end_minutes": 9}
    check(plan("a", bake=5, strategy={"steps": [[10.0, 0.0]]}), expected)


def test_a_region_may_have_its_own_strategy(check):
    """Rule 10: a is up at 4; b rolls from 0 to 6; c has 10 % at 4 and all at 9. Mixed from 0 to 9."""
    expected = {"outcome": "completed", "deployed_minutes": 9, "end_minutes": 9, "mixed_minutes": 9}
    own = plan("a b c", strategies={"b": "rolling", "c": {"steps": [[10.0, 5.0]]}})
    check(own, expected, deploy={"a": 4.0, "b": 6.0, "c": 4.0})


def test_a_failed_attempt_takes_its_whole_time_and_gets_no_traffic(check):
    """Rule 9: fails at 4 and at 10; the third attempt rolls from 10 to 15, and only then is anything mixed."""
    expected = {"outcome": "completed", "deployed_minutes": 15, "end_minutes": 20, "mixed_minutes": 5}
    check(
        plan("a", bake=5, retries=2, strategy="rolling"),
        expected,
        deploy={("a", 0): 4.0, ("a", 1): 6.0, ("a", 2): 5.0},
        deploy_failure={("a", 0): True, ("a", 1): True},
    )


def test_a_deployment_fails_when_its_retries_are_used_up(check):
    """Rule 9: one retry: 0→4 and 4→10 fail."""
    expected = {"outcome": "deploy_failed", "regions_failed": 1, "end_minutes": 10}
    check(
        plan("a", "b", retries=1),
        expected,
        deploy={("a", 0): 4.0, ("a", 1): 6.0},
        deploy_failure={"a": True},
    )


def test_where_a_fault_refuses_deployments_every_attempt_fails(check):
    """Rules 3, 9: 0→4 and 4→8, though neither fails of itself."""
    check(plan("a", retries=1), {"outcome": "deploy_failed", "regions_failed": 1, "end_minutes": 8}, refuses="a")


def test_a_failed_deployment_starts_nothing_more(check):
    """Rule 19: a is up at 4, b fails at 8; c of the next wave never starts. Mixed from 4 to 8."""
    expected = {"outcome": "deploy_failed", "regions_failed": 1, "end_minutes": 8, "mixed_minutes": 4}
    check(plan("a", "b", "c"), expected, refuses="b", defects={"c": bad()})


def test_after_a_failure_there_are_no_retries_elsewhere(check):
    """Rule 19: a fails for good at 8; b's first attempt fails at 10 and is not tried again, so b is never exposed."""
    expected = {"outcome": "deploy_failed", "regions_failed": 2, "end_minutes": 8}
    check(
        plan("b a", retries=1),
        expected,
        deploy={"a": 4.0, "b": 10.0},
        deploy_failure={"a": True, ("b", 0): True},
        defects={"b": bad()},
    )


def test_a_retry_under_way_at_a_failure_finishes(check):
    """Rule 19: b retries at 6, before a fails at 8; up and bad at 11, it is seen after 40 / 20 minutes, back at 16.

    Impact .2 · 5. Mixed, up to the roll-back's end, from 11 to 16.
    """
    expected = {
        "outcome": "deploy_failed", "regions_failed": 1, "end_minutes": 8, "detected_minutes": 13,
        "recovered_minutes": 16,
        "regions_exposed": 1, "share_exposed": 0.2, "peak_share": 0.2, "impact_minutes": 1.0, "mixed_minutes": 5,
    }  # fmt: skip
    check(
        plan("b a", retries=1),
        expected,
        deploy={"a": 4.0, ("b", 0): 6.0, ("b", 1): 5.0},
        deploy_failure={"a": True, ("b", 0): True},
        defects={"b": bad()},
        evidence=40.0,
        reaction=3.0,
    )


def test_a_second_failure_changes_nothing(check):
    """Rule 19: a fails at 4, b at 6."""
    expected = {"outcome": "deploy_failed", "regions_failed": 2, "end_minutes": 4}
    check(plan("a b"), expected, refuses="a b", deploy={"a": 4.0, "b": 6.0})


def test_a_deployment_in_flight_at_a_failure_finishes_and_is_watched(check):
    """Rules 19, 20: a fails at 4; b is up and bad at 10, 100 failed requests at 15; reaction 2, roll-back 3: 20.

    Impact .2 · 10. b differs from a from 10 to 20.
    """
    expected = {
        "outcome": "deploy_failed", "regions_failed": 1, "end_minutes": 4, "detected_minutes": 15,
        "recovered_minutes": 20,
        "regions_exposed": 1, "share_exposed": 0.2, "peak_share": 0.2, "impact_minutes": 2.0, "mixed_minutes": 10,
    }  # fmt: skip
    check(
        plan("a b", bake=50),
        expected,
        refuses="a",
        deploy={"a": 4.0, "b": 10.0},
        defects={"b": bad()},
        evidence=100.0,
        reaction=2.0,
        rollback=3.0,
    )


def test_steps_in_flight_at_a_failure_go_on(check):
    """Rules 10, 19: a fails at 4; b has 10 % from 2 and all from 12. 10 · 2 requests by 12, 40 more by 14.

    Impact .2 · (.1 · 10 + 2). Mixed up to 14 from 2.
    """
    expected = {
        "outcome": "deploy_failed", "regions_failed": 1, "end_minutes": 4, "detected_minutes": 14,
        "recovered_minutes": 14,
        "regions_exposed": 1, "share_exposed": 0.2, "peak_share": 0.2, "impact_minutes": 0.6, "mixed_minutes": 12,
    }  # fmt: skip
    check(
        plan("a b", strategies={"b": {"steps": [[10.0, 10.0]]}}),
        expected,
        refuses="a",
        deploy={"a": 4.0, "b": 2.0},
        defects={"b": bad()},
        evidence=60.0,
    )


def test_what_carries_the_version_at_a_failure_keeps_it(check):
    """Rule 19: a is sound and up at 4, b fails at 8, nobody rolls back: mixed counts to the end."""
    expected = {"outcome": "deploy_failed", "regions_failed": 1, "end_minutes": 8, "mixed_minutes": 4}
    check(plan("a", "b"), expected, refuses="b", rollback=7.0)


NOT_YET_UP = {
    "outcome": "deploy_failed", "end_minutes": 6, "recovered_minutes": 10, "regions_exposed": 1, "share_exposed": 0.1,
    "peak_share": 0.1, "impact_minutes": 0.8, "mixed_minutes": 8, "regions_failed": 1,
}  # fmt: skip
HALF_WAY = {
    "outcome": "deploy_failed", "end_minutes": 6, "recovered_minutes": 12, "regions_exposed": 2, "share_exposed": 0.28,
    "peak_share": 0.1 + 0.3 * 0.6, "impact_minutes": 0.8 + 0.3 * 3.9, "mixed_minutes": 12, "regions_failed": 1,
}  # fmt: skip


@pytest.mark.parametrize("strategy, expected", [("blue_green", NOT_YET_UP), ("rolling", HALF_WAY)])
def test_rollback_all_makes_a_failure_act_like_an_alarm(check, strategy, expected):
    """Rule 19: a is up at 2, b fails at 6 while c (10 minutes) is in flight; reaction 1, roll-backs 3 (a) and 5 (c).

    Blue/green, c has nothing to lose: a hurts, and is the only new one, from 2 to 10. Rolling, c stops at x = .6 and is
    back at 12: it hurts for ∫ t/10 dt to 6 = 1.8, .6, and, falling, 5 · .6/2, at a share of .3; all is mixed from 0.
    """
    check(
        plan("a b c", on_deploy_failure="rollback_all", strategies={"c": strategy}),
        expected,
        deploy={"a": 2.0, "b": 6.0, "c": 10.0},
        refuses="b",
        defects={"a": bad(), "c": bad()},
        reaction=1.0,
        rollback={"a": 3.0, "c": 5.0},
    )


def test_after_rollback_all_no_alarm_is_the_first(check):
    """Rules 19, 22: a's alarm would come at 9, between the failure at 8 and a's recovery at 14: NaN. Impact .1 · 10."""
    expected = {
        "outcome": "deploy_failed", "regions_failed": 1, "end_minutes": 8, "recovered_minutes": 14,
        "regions_exposed": 1,
        "share_exposed": 0.1, "peak_share": 0.1, "impact_minutes": 1.0, "mixed_minutes": 10,
    }  # fmt: skip
    check(
        plan("a", "b", on_deploy_failure="rollback_all"),
        expected,
        refuses="b",
        defects={"a": bad()},
        evidence=50.0,
        reaction=6.0,
    )


def test_an_alarm_before_a_failure_is_the_halt(check):
    """Rules 17, 19: a's alarm at 7 stops b's attempt, which would fail at 8. Impact .1 · 3."""
    expected = {
        "outcome": "caught", "end_minutes": 7, "detected_minutes": 7, "recovered_minutes": 7, "regions_exposed": 1,
        "share_exposed": 0.1, "peak_share": 0.1, "impact_minutes": 0.3, "mixed_minutes": 3,
    }  # fmt: skip
    check(plan("a", "b"), expected, refuses="b", defects={"a": bad()}, evidence=30.0)


def test_a_region_whose_deployment_fails_is_not_exposed(check):
    """Rules 3, 9, 23: a defect and a refusal in the same region: the refusal holds, the defect never serves."""
    check(
        plan(wave("a", 5)),
        {"outcome": "deploy_failed", "regions_failed": 1, "end_minutes": 4},
        refuses="a",
        defects={"a": bad()},
    )
