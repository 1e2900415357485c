"""Rule 5: what comes first at one instant; ranks stand in brackets, as regions have letters too.

Regions a, b, c, d serve 10, 20, 30, 40 requests a minute; deployments are blue/green and take 4 minutes unless said
otherwise; roll-backs are instant unless said otherwise.
"""

import pytest

from tests.builders import plan, wave
from tests.simulation.worlds import bad

HURT_A = {"regions_exposed": 1, "share_exposed": 0.1, "peak_share": 0.1}


def caught(at: float, **more: object) -> dict[str, object]:
    return HURT_A | {"outcome": "caught", "end_minutes": at, "detected_minutes": at, "recovered_minutes": at} | more


def test_an_alarm_beats_the_completion(check):
    """(b) < (e): complete at 14, 100 requests at 14. Impact .1 · 10."""
    check(plan("a", bake=10), caught(14, deployed_minutes=4, impact_minutes=1.0), defects={"a": bad()}, evidence=100.0)


def test_an_alarm_beats_a_bake_end_and_so_the_next_start(check):
    """(b) < (e): a is baked at 14, its alarm comes at 14: b, rolling, gets nothing, though roll-backs start only at 20.

    Impact .1 · 16; mixed from 4 to 20.
    """
    expected = caught(14, recovered_minutes=20, impact_minutes=1.6, mixed_minutes=16)
    both = {"a": bad(), "b": bad()}
    check(
        plan("a", "b", bake=10, strategies={"b": "rolling"}),
        expected,
        defects=both,
        evidence={"a": 100.0},
        reaction=6.0,
        rollback={"b": 50.0},
    )


def test_an_alarm_beats_a_start_in_a_freed_slot(check):
    """(b) < (e): one slot: a 0→4, b 4→8, c's turn at 8, when a's alarm comes. Back at 10: .1 · 6; mixed 4 to 10."""
    check(
        plan(wave("a b c", 5, max_parallel=1), strategies={"c": "rolling"}),
        caught(8, recovered_minutes=10, impact_minutes=0.6, mixed_minutes=6),
        defects={"a": bad(), "c": bad()},
        evidence={"a": 40.0},
        rollback={"a": 2.0, "b": 2.0, "c": 50.0},
    )


def test_a_deployment_that_ends_at_the_halt_is_exposed(check):
    """(a) < (b): b ends at 10, a's alarm comes at 10; both go back at 12. Impact .1 · 8 + .2 · 2."""
    expected = {
        "outcome": "caught", "deployed_minutes": 10, "end_minutes": 10, "detected_minutes": 10, "recovered_minutes": 12,
        "regions_exposed": 2, "share_exposed": 0.3, "peak_share": 0.3, "impact_minutes": 1.2, "mixed_minutes": 6,
    }  # fmt: skip
    check(
        plan("a b", bake=5),
        expected,
        deploy={"a": 4.0, "b": 10.0},
        defects={"a": bad(), "b": bad()},
        evidence={"a": 60.0},
        reaction=2.0,
    )


def test_exposed_at_the_halt_and_back_at_once_it_did_not_hurt(check):
    """(a) < (b): as before, with an instant roll-back: b was exposed at an instant, which sums up to nothing."""
    expected = {
        "outcome": "caught", "deployed_minutes": 10, "end_minutes": 10, "detected_minutes": 10, "recovered_minutes": 10,
        "regions_exposed": 2, "share_exposed": 0.3, "peak_share": 0.1, "impact_minutes": 0.6, "mixed_minutes": 6,
    }  # fmt: skip
    check(
        plan("a b", bake=5),
        expected,
        deploy={"a": 4.0, "b": 10.0},
        defects={"a": bad(), "b": bad()},
        evidence={"a": 60.0},
        regions={"b": (True, 0.0, 0.0)},
    )


def test_a_step_at_the_halt_has_been_taken(check):
    """(a) < (b): 10 % from 4, 50 % from 9; 5 requests at 9; back at 11 from 50 %. Impact .1 · (.1 · 5 + .5 · 2)."""
    expected = caught(9, recovered_minutes=11, share_exposed=0.05, peak_share=0.05, impact_minutes=0.15) | {
        "mixed_minutes": 7
    }
    steps = plan("a", strategy={"steps": [[10.0, 5.0], [50.0, 5.0]]})
    check(steps, expected, defects={"a": bad()}, evidence=5.0, rollback=2.0)


def test_a_deployment_that_ends_at_a_false_alarm_is_up(check):
    """(a) < (c): b is up at 9, when a's clock rings: both go back, at 12. Mixed from 4 to 9."""
    expected = {
        "outcome": "false_alarm", "deployed_minutes": 9, "end_minutes": 9, "recovered_minutes": 12, "mixed_minutes": 5,
    }  # fmt: skip
    check(plan("a b", bake=20), expected, deploy={"a": 4.0, "b": 9.0}, false_alarm={"a": 5.0}, rollback=3.0)


def test_a_deployment_that_ends_at_a_failure_is_rolled_back_with_the_rest(check):
    """(a) < (d): a is up at 4, when b, before it in the plan, fails and halts everything: a goes back, at 7."""
    expected = {
        "outcome": "deploy_failed", "regions_failed": 1, "end_minutes": 4, "recovered_minutes": 7, "mixed_minutes": 3,
    }  # fmt: skip
    check(plan("b a", on_deploy_failure="rollback_all"), expected, refuses="b", rollback=3.0)


def test_harm_that_begins_at_the_halt_hurts_until_the_rollback(check):
    """(a) < (b): b is served at 4 and hurts from 10, the halt, to 12. Impact .1 · 8 + .2 · 2."""
    expected = {
        "outcome": "caught", "deployed_minutes": 4, "end_minutes": 10, "detected_minutes": 10, "recovered_minutes": 12,
        "regions_exposed": 2, "share_exposed": 0.3, "peak_share": 0.3, "impact_minutes": 1.2,
    }  # fmt: skip
    check(
        plan("a b", bake=50),
        expected,
        defects={"a": bad(), "b": bad(onset=6.0)},
        evidence={"a": 60.0},
        rollback=2.0,
    )


def test_harm_that_begins_as_a_deployment_ends_is_seen_by_the_check(check):
    """(a) < (b): 10 % from 4, onset 5, the end and the check at 9."""
    expected = caught(9, deployed_minutes=9, recovered_minutes=11, impact_minutes=0.2, mixed_minutes=5)
    steps = plan("a", bake=5, strategy={"steps": [[10.0, 5.0]]})
    check(steps, expected, defects={"a": bad(onset=5.0, check=True)}, rollback=2.0)


def test_a_true_alarm_beats_a_false_one(check):
    """(b) < (c): both at 10. Impact .1 · 6."""
    expected = caught(10, deployed_minutes=4, impact_minutes=0.6)
    check(plan("a", bake=50), expected, defects={"a": bad()}, evidence=60.0, false_alarm=6.0)


def test_a_true_alarm_beats_a_false_one_of_a_region_earlier_in_the_plan(check):
    """(b) < (c): a's clock rings at 10, as b's true alarm comes: rank counts before the plan's order. Impact .2 · 6."""
    expected = {
        "outcome": "caught", "deployed_minutes": 4, "end_minutes": 10, "detected_minutes": 10, "recovered_minutes": 10,
        "regions_exposed": 1, "share_exposed": 0.2, "peak_share": 0.2, "impact_minutes": 1.2,
    }  # fmt: skip
    check(plan("a b", bake=50), expected, defects={"b": bad()}, evidence=120.0, false_alarm={"a": 6.0})


def test_a_customers_report_is_a_true_alarm(check):
    """(b) < (c): report and false alarm at 10."""
    expected = caught(10, deployed_minutes=4, impact_minutes=0.6)
    check(plan("a", bake=50), expected, defects={"a": bad(alarms=False)}, report=6.0, false_alarm=6.0)


def test_the_reviewers_alarm_is_a_true_one(check):
    """(b) < (c): a clock rings at 16, when the decision falls: asked at 9. Impact .1 · 12."""
    check(
        plan(wave("a", 5), wave("b", approval=True)),
        caught(16, impact_minutes=1.2, mixed_minutes=12),
        defects={"a": bad(alarms=False, review=True)},
        approval_wait=7.0,
        false_alarm=12.0,
    )


@pytest.mark.parametrize("clock, outcome", [(5.0, "false_alarm"), (5.5, "caught")])
def test_a_decision_that_falls_as_it_is_asked_for_comes_after_what_was_due_then(check, clock, outcome):
    """(c) < (e): baked, asked and decided at 9: the reviewer's alarm is made then, behind a clock that rings at 9.

    Impact .1 · 5, from 4 to 9.
    """
    expected = HURT_A | {
        "outcome": outcome, "end_minutes": 9, "detected_minutes": 9 if outcome == "caught" else float("nan"),
        "recovered_minutes": 9, "impact_minutes": 0.5, "mixed_minutes": 5,
    }  # fmt: skip
    check(
        plan(wave("a", 5), wave("b", approval=True)),
        expected,
        defects={"a": bad(alarms=False, review=True)},
        false_alarm=clock,
    )


def test_an_alarm_of_a_region_comes_before_the_customers(check):
    """Within (b): a's 100 requests and the report, 10 after the first harm, at 14: by machine goes a, not b's wave.

    a back at 15, b, up at 13, by hand at 20. Impact .1 · 11; mixed from 4 to 13 and from 15 to 20.
    """
    check(
        plan("a", "b", bake=(5, 50), on_alarm="rollback_region"),
        caught(14, deployed_minutes=13, recovered_minutes=20, impact_minutes=1.1, mixed_minutes=14),
        defects={"a": bad()},
        evidence={"a": 100.0},
        report=10.0,
        rollback=1.0,
        manual_recovery=6.0,
    )


@pytest.mark.parametrize("order, minutes", [("a b", 14), ("b a", 7)])
def test_of_two_false_alarms_the_first_in_the_plan_counts(check, order, minutes):
    """Within (c): both clocks ring at 9. The first goes back by machine, at 10, the other by hand, at 17.

    Only b is bad, and hurts from 4 on, so for 13 minutes or for 6.
    """
    expected = {
        "outcome": "false_alarm", "deployed_minutes": 4, "end_minutes": 9, "recovered_minutes": 17,
        "regions_exposed": 1, "share_exposed": 0.2, "peak_share": 0.2, "impact_minutes": 0.2 * (minutes - 1),
        "mixed_minutes": 7,
    }  # fmt: skip
    check(
        plan(order, bake=20, on_alarm="rollback_region"),
        expected,
        defects={"b": bad(alarms=False)},
        false_alarm=5.0,
        rollback=1.0,
        manual_recovery=8.0,
    )


def test_a_true_alarm_beats_a_failure(check):
    """(b) < (d): a's alarm and b's failure at 10, in either order of the plan; b then has not failed. Impact .1 · 6."""
    for order in ("a b", "b a"):
        check(
            plan(order, bake=50),
            caught(10, impact_minutes=0.6, mixed_minutes=6),
            refuses="b",
            deploy={"a": 4.0, "b": 10.0},
            defects={"a": bad()},
            evidence=60.0,
        )


@pytest.mark.parametrize("on_deploy_failure", ["stop", "rollback_all"])
def test_a_false_alarm_beats_a_failure(check, on_deploy_failure):
    """(c) < (d): a's clock rings at 10, b fails at 10; a goes back at 13, as a false alarm would have it."""
    expected = {"outcome": "false_alarm", "end_minutes": 10, "recovered_minutes": 13, "mixed_minutes": 9}
    check(
        plan("b a", bake=50, on_deploy_failure=on_deploy_failure),
        expected,
        refuses="b",
        deploy={"a": 4.0, "b": 10.0},
        false_alarm={"a": 6.0},
        rollback=3.0,
    )


def test_a_false_alarm_beats_a_start_and_so_the_report_of_its_harm(check):
    """(c) < (e): a's clock rings at 4, when c, bad, would start in a's slot and be reported at once; b is at 4/6."""
    expected = {"outcome": "false_alarm", "end_minutes": 4, "recovered_minutes": 4, "mixed_minutes": 4}
    check(
        plan(wave("a b c", bake=9, max_parallel=2), strategy="rolling"),
        expected,
        defects={"c": bad(alarms=False)},
        deploy={"a": 4.0, "b": 6.0, "c": 4.0},
        report=0.0,
        false_alarm={"a": 4.0},
    )


def test_a_false_alarm_beats_the_completion(check):
    """(c) < (e): both at 14."""
    expected = {"outcome": "false_alarm", "deployed_minutes": 4, "end_minutes": 14, "recovered_minutes": 14}
    check(plan("a", bake=10), expected, false_alarm=10.0)


def test_alarms_beat_a_rejection(check):
    """(b) < (e), (c) < (e): a 0→4, baked 9, rejected at 16: a false alarm at 16; then a true one with it.

    Impact .1 · 12.
    """
    gated = plan(wave("a", 5), wave("b", 5, approval=True))
    expected = {"outcome": "false_alarm", "end_minutes": 16, "recovered_minutes": 16, "mixed_minutes": 12}
    check(gated, expected, approval_wait=7.0, rejection=True, false_alarm=12.0)
    check(
        gated,
        caught(16, impact_minutes=1.2, mixed_minutes=12),
        approval_wait=7.0,
        rejection=True,
        false_alarm=12.0,
        defects={"a": bad()},
        evidence=120.0,
    )


def test_an_alarm_beats_a_retry(check):
    """(b) < (e): b's attempt fails at 10, to be tried again, rolling, at that instant; the roll-back starts only at 20.

    a hurts from 4 to 20: .1 · 16.
    """
    check(
        plan("b a", retries=3, strategies={"b": "rolling"}),
        caught(10, recovered_minutes=20, impact_minutes=1.6, mixed_minutes=16),
        deploy={"a": 4.0, "b": 10.0},
        deploy_failure={("b", 0): True},
        defects={"a": bad(), "b": bad()},
        evidence={"a": 60.0},
        reaction=10.0,
    )


def test_a_failure_beats_a_retry_of_a_region_earlier_in_the_plan(check):
    """(d) < (e): b's first attempt and a's last both fail at 8: b is not tried again, and never exposed."""
    check(
        plan("b a", retries=1),
        {"outcome": "deploy_failed", "regions_failed": 2, "end_minutes": 8},
        deploy={"a": 4.0, ("b", 0): 8.0, ("b", 1): 2.0},
        deploy_failure={"a": True, ("b", 0): True},
        defects={"b": bad()},
    )


def test_a_failure_beats_a_start_in_a_slot_freed_with_it(check):
    """(d) < (e): b (sound) ends and a fails at 4: c does not take b's slot. Nothing is mixed up to the end at 4."""
    check(
        plan(wave("b a c", max_parallel=2)),
        {"outcome": "deploy_failed", "regions_failed": 1, "end_minutes": 4},
        refuses="a",
        defects={"c": bad()},
    )


def test_a_deployment_that_ends_at_a_failure_is_up(check):
    """(b) < (d): a is up at 4 and bad, as b fails; the check sees it; back at 6: .1 · 2. An alarm beats failures."""
    check(
        plan("b a"),
        caught(4, recovered_minutes=6, impact_minutes=0.2, mixed_minutes=2),
        refuses="b",
        defects={"a": bad(check=True)},
        rollback=2.0,
    )


def test_two_alarms_at_once_are_one(check):
    """Within (b): a's 60 and b's 120 requests at 10. Impact .3 · 6."""
    expected = {
        "outcome": "caught", "deployed_minutes": 4, "end_minutes": 10, "detected_minutes": 10, "recovered_minutes": 10,
        "regions_exposed": 2, "share_exposed": 0.3, "peak_share": 0.3, "impact_minutes": 1.8,
    }  # fmt: skip
    check(plan("a b", bake=50), expected, defects={"a": bad(), "b": bad()}, evidence={"a": 60.0, "b": 120.0})


@pytest.mark.parametrize("draws", [{"report": 0.3}, {"evidence": 3.0}, {"false_alarm": 0.3}])
def test_instants_are_sums_of_the_same_delays_in_the_same_order(check, draws):
    """Up at (.1 + .2), complete at (.1 + .2) + .3, an alarm .3 after serving: a tie, though .1 + (.2 + .3) is less."""
    end = (0.1 + 0.2) + 0.3
    assert end != 0.1 + (0.2 + 0.3)
    expected = caught(end, deployed_minutes=0.1 + 0.2, impact_minutes=0.03)
    if "false_alarm" in draws:
        expected |= {"outcome": "false_alarm", "detected_minutes": float("nan")}
    check(plan("a", bake=0.3), expected, build=0.1, deploy=0.2, defects={"a": bad()}, **draws)


def test_a_lag_is_added_to_the_instant_at_which_the_evidence_was_in(check):
    """Up at 2, the evidence in at 2 + .1, the alarm at (2 + .1) + .2: later than the completion at 2 + .3."""
    late = (2 + 0.1) + 0.2
    assert late > 2 + 0.3
    expected = caught(late, outcome="escaped", deployed_minutes=2, end_minutes=2 + 0.3, impact_minutes=0.03)
    check(plan("a", bake=0.3), expected, deploy=2.0, defects={"a": bad()}, evidence=1.0, lag=0.2)


def test_the_report_of_harm_beside_a_retry_beats_a_failure_and_the_retry(check):
    """(b) < (d): at 4 d, served from 0 on, hurts and is reported; c would start anew and hurt; b fails for good.

    The report is of d's harm, which does not begin with a start: it comes as an alarm does, before the failure.
    """
    expected = {
        "outcome": "caught", "end_minutes": 4, "detected_minutes": 4, "recovered_minutes": 4, "regions_exposed": 1,
        "share_exposed": 0.4, "mixed_minutes": 4,
    }  # fmt: skip
    check(
        plan("c d b", strategy="rolling", retries=1),
        expected,
        defects={"c": bad(alarms=False), "d": bad(onset=4.0, alarms=False)},
        refuses="b",
        deploy={"b": 2.0},
        deploy_failure={("c", 0): True},
        report=0.0,
    )
