"""Rules 7 to 9, 12, 19 and 22: reviews, parts of a wave, timeouts, and failures that are tolerated.

Regions a, b, c, d serve 10, 20, 30, 40 requests a minute; deployments are blue/green and take 4 minutes unless said
otherwise; roll-backs and recoveries are instant unless said otherwise.
"""

import pytest

from tests.builders import plan, scenario, wave
from tests.simulation.worlds import bad

BAD_A = {"regions_exposed": 1, "share_exposed": 0.1, "peak_share": 0.1}
BAD_AB = {"regions_exposed": 2, "share_exposed": 0.3, "peak_share": 0.3}


def test_a_reviewer_sees_what_hurts_and_nobody_decides(check):
    """Rule 7: a hurts from 4; asked at 9, the decision would be a refusal at 16. Impact .1 · 12."""
    expected = BAD_A | {
        "outcome": "caught", "end_minutes": 16, "detected_minutes": 16, "recovered_minutes": 16, "impact_minutes": 1.2,
        "mixed_minutes": 12,
    }  # fmt: skip
    check(
        plan(wave("a", 5), wave("b", approval=True)),
        expected,
        defects={"a": bad(alarms=False, review=True)},
        approval_wait=7.0,
        rejection=True,
    )


def test_harm_that_begins_at_the_decision_is_seen(check):
    """Rules 5, 7, (a) < (b): up at 4, onset 12, decided at 16: harm of no minute at all, but an alarm."""
    expected = {
        "outcome": "caught", "end_minutes": 16, "detected_minutes": 16, "recovered_minutes": 16, "regions_exposed": 1,
        "share_exposed": 0.1, "mixed_minutes": 12,
    }  # fmt: skip
    check(
        plan(wave("a", 5), wave("b", approval=True)),
        expected,
        defects={"a": bad(onset=12.0, alarms=False, review=True)},
        approval_wait=7.0,
    )


def test_what_does_not_hurt_yet_is_not_reviewed(check):
    """Rule 7: onset 12.5: the reviewer sees nothing at 16, so b follows at 16 and is up at 20, when the pipeline ends.

    a hurts from 16.5 to the horizon at 26.5.
    """
    expected = BAD_A | {
        "outcome": "escaped", "deployed_minutes": 20, "end_minutes": 20, "impact_minutes": 1.0, "mixed_minutes": 16,
    }  # fmt: skip
    check(
        plan(wave("a", 5), wave("b", approval=True)),
        expected,
        defects={"a": bad(onset=12.5, alarms=False, review=True)},
        approval_wait=7.0,
        scenario=scenario(horizon_minutes=26.5),
    )


def test_nobody_reviews_after_the_horizon(check):
    """Rules 7, 21: the decision at 16 comes after the book closed at 15; it is no. Impact .1 · 11."""
    expected = BAD_A | {"outcome": "rejected", "end_minutes": 16, "impact_minutes": 1.1, "mixed_minutes": 12}
    check(
        plan(wave("a", 5), wave("b", approval=True)),
        expected,
        defects={"a": bad(alarms=False, review=True)},
        approval_wait=7.0,
        rejection=True,
        scenario=scenario(horizon_minutes=15.0),
    )


def test_an_alarm_of_a_region_comes_before_the_reviewers(check):
    """Rules 5, 7, 17, within (b): a's alarm and the decision at 16; a's own is first: the machine takes a back, at 17.

    b, up at 4 too, is recovered by hand, by 22. Both hurt: .1 · 13 + .2 · 18.
    """
    expected = BAD_AB | {
        "outcome": "caught", "end_minutes": 16, "detected_minutes": 16, "recovered_minutes": 22,
        "impact_minutes": 1.3 + 3.6, "mixed_minutes": 18,
    }  # fmt: skip
    check(
        plan(wave("a b", 5), wave("c", approval=True), on_alarm="rollback_region"),
        expected,
        defects={"a": bad(review=True), "b": bad(alarms=False, review=True)},
        evidence={"a": 120.0},
        approval_wait=7.0,
        rollback=1.0,
        manual_recovery=6.0,
    )


def test_the_reviewers_alarm_belongs_to_no_region(check):
    """Rules 7, 17: a up at 4, b at 13, baked at 18, decided at 25: under `rollback_region` the machine takes b's wave.

    b is back at 26, a, which the reviewer sees, by hand at 31. Impact .1 · 27; c stays old: mixed from 4 on.
    """
    expected = BAD_A | {
        "outcome": "caught", "end_minutes": 25, "detected_minutes": 25, "recovered_minutes": 31, "impact_minutes": 2.7,
        "mixed_minutes": 27,
    }  # fmt: skip
    check(
        plan(wave("a", 5), wave("b", 5), wave("c", approval=True), on_alarm="rollback_region"),
        expected,
        defects={"a": bad(alarms=False, review=True)},
        approval_wait=7.0,
        rollback=1.0,
        manual_recovery=6.0,
    )


def test_a_reviewer_does_not_see_what_hurts_unseen(check):
    """Rules 4, 7: a hurts unseen; b's defect could be seen and does not hurt at 16: c follows, and is up at 20.

    a hurts from 4 to the horizon at 24.
    """
    expected = BAD_AB | {
        "outcome": "escaped", "deployed_minutes": 20, "end_minutes": 20, "peak_share": 0.1, "impact_minutes": 2.0,
        "mixed_minutes": 16,
    }  # fmt: skip
    check(
        plan(wave("a b", 5), wave("c", approval=True)),
        expected,
        defects={"a": bad(alarms=False), "b": bad(onset=50.0, alarms=False, review=True)},
        approval_wait=7.0,
        scenario=scenario(horizon_minutes=24.0),
    )


@pytest.mark.parametrize("most, ends", [("50%", 8), ("49%", 16), ("1%", 16), ("100%", 4), (3, 8)])
def test_a_percentage_of_the_wave_is_rounded_down(check, most, ends):
    """Rule 8: of 4 regions, 50 % are 2, so 8 minutes; 49 % and 1 % are 1; 3 at once take 8 minutes, too."""
    expected = {"outcome": "completed", "deployed_minutes": ends, "end_minutes": ends, "mixed_minutes": ends - 4}
    check(plan(wave("a b c d", max_parallel=most)), expected)


def test_a_failing_attempt_takes_its_own_time(check):
    """Rule 9: a's first attempt fails after 9 minutes, not 4; the second is good at 13."""
    expected = {"outcome": "completed", "deployed_minutes": 13, "end_minutes": 13, "mixed_minutes": 0}
    check(plan("a", retries=1), expected, deploy_failure={("a", 0): True}, failed_deploy=9.0)


def test_a_good_attempt_that_takes_too_long_fails_at_the_timeout(check):
    """Rule 9: 8 minutes are more than 5: failed at 5, and again, in 4, good at 9."""
    expected = {"outcome": "completed", "deployed_minutes": 9, "end_minutes": 9}
    check(plan("a", retries=1, deploy_timeout_minutes=5.0), expected, deploy={("a", 0): 8.0, ("a", 1): 4.0})


def test_an_attempt_of_just_the_timeout_succeeds(check):
    """Rule 9: only *more* than the timeout fails; and the 10 minutes of the step are none of the attempt's."""
    expected = {"outcome": "completed", "deployed_minutes": 14, "end_minutes": 14, "mixed_minutes": 10}
    check(plan("a", deploy_timeout_minutes=4.0, strategy={"steps": [[10.0, 10.0]]}), expected)


def test_a_retry_of_just_the_timeout_succeeds(check):
    """Rule 9: 8 minutes are given up at 4; the retry takes just those 4, and is good at 8."""
    expected = {"outcome": "completed", "deployed_minutes": 8, "end_minutes": 8, "regions_failed": 0}
    check(plan("a", retries=1, deploy_timeout_minutes=4.0), expected, deploy={("a", 0): 8.0, ("a", 1): 4.0})


def test_a_failing_attempt_is_cut_at_the_timeout(check):
    """Rules 9, 22: a failing attempt of 30 minutes ends at the timeout, at 5."""
    expected = {"outcome": "deploy_failed", "end_minutes": 5, "regions_failed": 1}
    check(plan("a", deploy_timeout_minutes=5.0), expected, refuses="a", failed_deploy=30.0)


def test_a_tolerated_failure_leaves_its_region_out(check):
    """Rules 12, 19, 22: b fails at 6; the bake starts then, and c follows at 11. Up: a 4, c 15. b is left out.

    From 4 on some are new and b is old: mixed to the end at 20.
    """
    expected = {
        "outcome": "completed", "deployed_minutes": 15, "end_minutes": 20, "mixed_minutes": 16, "regions_failed": 1,
    }  # fmt: skip
    check(plan("a b", "c", bake=5, max_failed_regions=1), expected, refuses="b", deploy={"b": 6.0})


def test_the_failure_that_exceeds_what_is_tolerated_ends_the_pipeline(check):
    """Rule 19: a fails at 4, tolerated; b, in the next wave, at 8: one too many."""
    expected = {"outcome": "deploy_failed", "end_minutes": 8, "regions_failed": 2}
    check(plan("a", "b", "c", max_failed_regions=1), expected, refuses="a b")


@pytest.mark.parametrize("tolerated, outcome", [("49%", "deploy_failed"), ("50%", "completed")])
def test_a_tolerated_share_of_the_plan_is_rounded_down(check, tolerated, outcome):
    """Rule 19: 50 % of two regions are 1, 49 % are none. Where a fails at 4 and is tolerated, b is up at 8."""
    gone = {"deploy_failed": {"end_minutes": 4}, "completed": {"end_minutes": 8, "deployed_minutes": 8}}
    expected = {"outcome": outcome, "regions_failed": 1, **gone[outcome]}
    check(plan("a", "b", max_failed_regions=tolerated), expected, refuses="a")


def test_a_wave_in_which_all_failed_bakes_its_minutes(check):
    """Rules 12, 22: a fails at 4; no region is left to serve 500 requests; complete at 9, but nothing was deployed."""
    expected = {"outcome": "completed", "end_minutes": 9, "regions_failed": 1}
    check(plan(wave("a", 5, bake_requests=500.0), max_failed_regions=1), expected, refuses="a")


def test_a_bake_waits_for_the_requests_of_those_that_did_not_fail(check):
    """Rules 12, 19: a fails at 4; b serves 20 a minute from 4 on, 400 by 24, when a, at 10, would have half of them."""
    expected = {
        "outcome": "completed", "deployed_minutes": 4, "end_minutes": 24, "mixed_minutes": 20, "regions_failed": 1,
    }  # fmt: skip
    check(plan(wave("a b", 5, bake_requests=400.0), max_failed_regions=1), expected, refuses="a")


def test_a_failed_region_with_a_defect_has_not_escaped(check):
    """Rule 22: the bad a failed, and the sound b is up at 4."""
    expected = {
        "outcome": "completed", "deployed_minutes": 4, "end_minutes": 4, "regions_failed": 1,
    }  # fmt: skip
    check(plan("a b", max_failed_regions=1), expected, refuses="a", defects={"a": bad()})


def test_a_defect_beside_a_tolerated_failure_escapes(check):
    """Rule 22: a failed, and the bad b is up at 4, hurting to the horizon at 24."""
    expected = {
        "outcome": "escaped", "deployed_minutes": 4, "end_minutes": 4, "regions_failed": 1, "regions_exposed": 1,
        "share_exposed": 0.2, "peak_share": 0.2, "impact_minutes": 4.0,
    }  # fmt: skip
    check(
        plan("a b", max_failed_regions=1),
        expected,
        refuses="a",
        defects={"b": bad(alarms=False)},
        scenario=scenario(horizon_minutes=24.0),
    )


def test_a_slot_that_a_tolerated_failure_frees_is_used(check):
    """Rules 8, 19: a fails at 6 and frees the slot: b from 6 to 10."""
    expected = {"outcome": "completed", "deployed_minutes": 10, "end_minutes": 10, "regions_failed": 1}
    check(plan(wave("a b", max_parallel=1), max_failed_regions=1), expected, refuses="a", deploy={"a": 6.0})


def test_an_attempt_that_a_halt_stops_has_not_failed(check):
    """Rule 22: b would fail at 12; a's 20 requests halt at 6. c's failure at 5 was tolerated."""
    expected = BAD_A | {
        "outcome": "caught", "end_minutes": 6, "detected_minutes": 6, "recovered_minutes": 6, "impact_minutes": 0.2,
        "mixed_minutes": 2, "regions_failed": 1,
    }  # fmt: skip
    check(
        plan("a b c", bake=20, max_failed_regions=3),
        expected,
        deploy={"a": 4.0, "b": 12.0, "c": 5.0},
        refuses="b c",
        defects={"a": bad()},
        evidence=20.0,
    )


def test_a_failure_at_the_instant_of_the_halt_has_been_stopped(check):
    """Rules 5, 22, (b) < (d): a's alarm, at 6, comes before b's failure at 6."""
    expected = BAD_A | {
        "outcome": "caught", "end_minutes": 6, "detected_minutes": 6, "recovered_minutes": 6, "impact_minutes": 0.2,
        "mixed_minutes": 2,
    }  # fmt: skip
    check(
        plan("a b", bake=20, max_failed_regions=1),
        expected,
        deploy={"a": 4.0, "b": 6.0},
        refuses="b",
        defects={"a": bad()},
        evidence=20.0,
    )


def test_of_failures_at_one_instant_the_later_in_the_plan_exceeds(check):
    """Rules 5, 19, 22, within (d): a, b and c fail at 4. a's is tolerated, b's halts everything, so c's is stopped."""
    expected = {"outcome": "deploy_failed", "end_minutes": 4, "regions_failed": 2}
    check(plan("a b c", max_failed_regions=1, on_deploy_failure="rollback_all"), expected, refuses="a b c")


def test_what_fails_in_flight_after_the_end_counts_until_a_halt(check):
    """Rules 19, 20, 22: b fails at 4 and ends it; c fails at 6, retries left or not; a's alarm at 8 stops d.

    a hurts from 2 to 8.
    """
    expected = BAD_A | {
        "outcome": "deploy_failed", "end_minutes": 4, "detected_minutes": 8, "recovered_minutes": 8,
        "impact_minutes": 0.6, "mixed_minutes": 6, "regions_failed": 2,
    }  # fmt: skip
    check(
        plan("a b c d", retries=1),
        expected,
        deploy={
            ("a", 0): 2.0,
            ("b", 0): 2.0,
            ("b", 1): 2.0,
            ("c", 0): 6.0,
            ("c", 1): 6.0,
            ("d", 0): 8.0,
            ("d", 1): 8.0,
        },
        refuses="b c d",
        defects={"a": bad()},
        evidence=60.0,
    )


def test_a_failure_too_short_to_change_the_clock_counts(check):
    """Rules 9 and 22: b starts at 4, when its slot is free, and has failed before the clock moves."""
    expected = {"outcome": "deploy_failed", "end_minutes": 4, "regions_failed": 1}
    one_by_one = plan(wave("a b", max_parallel=1))
    check(one_by_one, expected, deploy={"a": 4.0, "b": 1e-20}, deploy_failure={"b": True})
