"""Rules 17, 18, 20 and 21: the halt, the roll-back, the watch after the pipeline, and the horizon.

Regions a, b, c, d serve 10, 20, 30, 40 requests a minute; deployments are blue/green and take 4 minutes unless said
otherwise; roll-backs are instant unless said otherwise.
"""

import math

from tests.builders import plan, scenario, wave
from tests.simulation.worlds import bad

BAD_A = {"regions_exposed": 1, "share_exposed": 0.1, "peak_share": 0.1}


def test_the_halt_freezes_traffic_and_the_rollback_drops_it(check):
    """Rules 17, 18: a is bad from 4, seen at 6; b, rolling over 12 minutes, stops at x = 1/2. Reaction 2; a 11, b 13.

    Impact: a .1 · 7; b .2 · (∫ t/12 dt to 6 = 1.5, 2 · .5, and 5 · .5/2 on the way down). From 4 on both hurt: peak
    .1 + .2/2.
    """
    expected = {
        "outcome": "caught", "end_minutes": 6, "detected_minutes": 6, "recovered_minutes": 13, "regions_exposed": 2,
        "share_exposed": 0.2, "peak_share": 0.2, "impact_minutes": 1.45, "mixed_minutes": 13,
    }  # fmt: skip
    check(
        plan("a b", bake=20, strategies={"b": "rolling"}),
        expected,
        deploy={"a": 4.0, "b": 12.0},
        defects={"a": bad(), "b": bad()},
        evidence={"a": 20.0},
        reaction=2.0,
        rollback={"a": 3.0, "b": 5.0},
        regions={"a": (True, 7.0, 0.7), "b": (True, 13.0, 0.75)},
    )


def test_what_has_no_traffic_at_the_halt_is_not_rolled_back_and_never_hurts(check):
    """Rules 11, 17, 18: b is in flight, blue/green, at the halt at 6: not exposed, and its 50 minutes don't count."""
    expected = BAD_A | {
        "outcome": "caught", "end_minutes": 6, "detected_minutes": 6, "recovered_minutes": 9, "impact_minutes": 0.5,
        "mixed_minutes": 5,
    }  # fmt: skip
    check(
        plan("a b", bake=20),
        expected,
        deploy={"a": 4.0, "b": 12.0},
        defects={"a": bad(), "b": bad()},
        evidence={"a": 20.0},
        rollback={"a": 3.0, "b": 50.0},
        regions={"b": (False, 0.0, 0.0)},
    )


def test_an_attempt_that_would_fail_has_no_traffic_to_freeze(check):
    """Rules 9, 17: b's rolling attempt would fail at 12; at the halt at 6 it has x = 0."""
    expected = BAD_A | {
        "outcome": "caught", "end_minutes": 6, "detected_minutes": 6, "recovered_minutes": 9, "impact_minutes": 0.5,
        "mixed_minutes": 5,
    }  # fmt: skip
    check(
        plan("a b", bake=20, strategies={"b": "rolling"}),
        expected,
        deploy={"a": 4.0, "b": 12.0},
        deploy_failure={"b": True},
        defects={"a": bad(), "b": bad()},
        evidence={"a": 20.0},
        rollback={"a": 3.0, "b": 50.0},
    )


def test_nothing_starts_after_the_halt(check):
    """Rule 17: halted at 6 while a bakes, b never starts, and its region is never mixed with a's."""
    expected = BAD_A | {
        "outcome": "caught", "end_minutes": 6, "detected_minutes": 6, "recovered_minutes": 16, "impact_minutes": 1.2,
        "mixed_minutes": 12,
    }  # fmt: skip
    check(plan("a", "b", bake=3), expected, defects={"a": bad(), "b": bad()}, evidence=20.0, rollback=10.0)


def test_steps_freeze_where_they_are(check):
    """Rules 10, 17, 18: 10 % from 4, 1 a minute, seen at 6; reaction 7 and roll-back 1 find it at 10 % still: 14."""
    expected = {
        "outcome": "caught", "end_minutes": 6, "detected_minutes": 6, "recovered_minutes": 14, "regions_exposed": 1,
        "share_exposed": 0.01, "peak_share": 0.01, "impact_minutes": 0.1, "mixed_minutes": 10,
    }  # fmt: skip
    check(
        plan("a", strategy={"steps": [[10.0, 5.0], [50.0, 5.0]]}),
        expected,
        defects={"a": bad()},
        evidence=2.0,
        reaction=7.0,
        rollback=1.0,
    )


def test_where_a_rollback_fails_people_recover_the_region(check):
    """Rule 18: halt 6, reaction 2; a by hand after 60 minutes *instead*: 68; b's roll-back of 3 ends at 11.

    Impact .1 · 64 + .2 · 7; a alone is new from 11 to 68.
    """
    expected = {
        "outcome": "caught", "deployed_minutes": 4, "end_minutes": 6, "detected_minutes": 6, "recovered_minutes": 68,
        "regions_exposed": 2, "share_exposed": 0.3, "peak_share": 0.3, "impact_minutes": 7.8, "mixed_minutes": 57,
    }  # fmt: skip
    check(
        plan("a b", bake=20),
        expected,
        defects={"a": bad(), "b": bad()},
        evidence={"a": 20.0},
        reaction=2.0,
        rollback=3.0,
        rollback_failure={"a": True},
        manual_recovery={"a": 60.0, "b": 99.0},
    )


def test_a_false_alarm_rolls_back_sound_regions(check):
    """Rules 16, 17, 18: a 0→4, b 4→8; a's clock rings at 9; reaction 1; a back at 12, b at 15.

    Mixed from 4 to 8 and from 12 to 15. Nothing was detected.
    """
    expected = {
        "outcome": "false_alarm", "deployed_minutes": 8, "end_minutes": 9, "recovered_minutes": 15, "mixed_minutes": 7,
    }  # fmt: skip
    check(plan("a", "b", bake=(0, 20)), expected, false_alarm={"a": 5.0}, reaction=1.0, rollback={"a": 2.0, "b": 5.0})


def test_after_a_false_alarm_no_true_one_counts_and_harm_may_still_begin(check):
    """Rules 11, 17, 22: false alarm at 7; a goes back at 7 + 5 + 6 = 18, hurting from 14; its alarm, at 15, is late."""
    expected = BAD_A | {
        "outcome": "false_alarm", "deployed_minutes": 4, "end_minutes": 7, "recovered_minutes": 18,
        "impact_minutes": 0.4,
    }  # fmt: skip
    check(
        plan("a", bake=20),
        expected,
        defects={"a": bad(onset=10.0)},
        evidence=10.0,
        false_alarm=3.0,
        reaction=5.0,
        rollback=6.0,
    )


def test_harm_that_would_begin_after_the_rollback_never_does(check):
    """Rules 11, 23: rolled back at 10, it would hurt from 14: exposed, but no impact."""
    expected = {
        "outcome": "false_alarm", "deployed_minutes": 4, "end_minutes": 7, "recovered_minutes": 10,
        "regions_exposed": 1, "share_exposed": 0.1,
    }  # fmt: skip
    check(
        plan("a", bake=20),
        expected,
        defects={"a": bad(onset=10.0)},
        false_alarm=3.0,
        rollback=3.0,
        regions={"a": (True, 0.0, 0.0)},
    )


def test_an_alarm_after_completion_rolls_back_but_does_not_change_the_outcome(check):
    """Rule 20: complete at 14; a's 200 requests are in at 24; reaction 1; a back at 27, the sound b at 33.

    Impact .1 · 23; b alone is new from 27 to 33, after the end and yet mixed.
    """
    expected = BAD_A | {
        "outcome": "escaped", "deployed_minutes": 4, "end_minutes": 14, "detected_minutes": 24, "recovered_minutes": 33,
        "impact_minutes": 2.3, "mixed_minutes": 6,
    }  # fmt: skip
    check(
        plan("a b", bake=10),
        expected,
        defects={"a": bad()},
        evidence=200.0,
        reaction=1.0,
        rollback={"a": 2.0, "b": 8.0},
    )


def test_an_alarm_after_a_rejection_rolls_back_but_does_not_change_the_outcome(check):
    """Rule 20: a 0→4, baked 9, rejected at 16; 150 requests at 19; back at 21. Impact .1 · 17; mixed from 4 to 21."""
    expected = BAD_A | {
        "outcome": "rejected", "end_minutes": 16, "detected_minutes": 19, "recovered_minutes": 21,
        "impact_minutes": 1.7, "mixed_minutes": 17,
    }  # fmt: skip
    check(
        plan(wave("a", 5), wave("b", 5, approval=True)),
        expected,
        defects={"a": bad()},
        approval_wait=7.0,
        rejection=True,
        evidence=150.0,
        rollback=2.0,
    )


def test_an_alarm_during_the_approval_catches(check):
    """Rule 7: the wait is watched like a bake. Baked at 9, decision due at 29, alarm at 19: impact .1 · 15."""
    expected = BAD_A | {
        "outcome": "caught", "end_minutes": 19, "detected_minutes": 19, "recovered_minutes": 19,
        "impact_minutes": 1.5, "mixed_minutes": 15,
    }  # fmt: skip
    check(
        plan(wave("a", 5), wave("b", 5, approval=True)),
        expected,
        defects={"a": bad()},
        approval_wait=20.0,
        evidence=150.0,
    )


def test_an_alarm_during_the_handover_catches(check):
    """Rule 7: baked at 9, handed over at 29, alarm at 19."""
    expected = BAD_A | {
        "outcome": "caught", "end_minutes": 19, "detected_minutes": 19, "recovered_minutes": 19,
        "impact_minutes": 1.5, "mixed_minutes": 15,
    }  # fmt: skip
    check(plan("a", "b", bake=5), expected, defects={"a": bad()}, handover=20.0, evidence=150.0)


def test_an_alarm_after_a_failure_stops_what_is_in_flight(check):
    """Rules 19, 20: a is up and bad at 2, b fails at 4, a's alarm at 7 stops the rolling c (10 minutes) at x = .7.

    Roll-back 3: 10. Impact .1 · 8 + .3 · (∫ t/10 dt to 7 = 2.45, then 3 · .7/2 = 1.05). Mixed from 0 to 10.
    """
    expected = {
        "outcome": "deploy_failed", "regions_failed": 1, "end_minutes": 4, "detected_minutes": 7,
        "recovered_minutes": 10,
        "regions_exposed": 2, "share_exposed": 0.31, "peak_share": 0.31, "impact_minutes": 1.85, "mixed_minutes": 10,
    }  # fmt: skip
    check(
        plan("a b c", strategies={"c": "rolling"}),
        expected,
        refuses="b",
        deploy={"a": 2.0, "b": 4.0, "c": 10.0},
        defects={"a": bad(), "c": bad()},
        evidence={"a": 50.0},
        rollback=3.0,
    )


def test_only_the_first_true_alarm_after_the_end_counts(check):
    """Rule 20: a's alarm at 24 rolls back a and b; b's own, at 44, never comes. Impact .1 · 20 + .2 · 20."""
    expected = {
        "outcome": "escaped", "deployed_minutes": 4, "end_minutes": 14, "detected_minutes": 24, "recovered_minutes": 24,
        "regions_exposed": 2, "share_exposed": 0.3, "peak_share": 0.3, "impact_minutes": 6.0,
    }  # fmt: skip
    check(
        plan("a b", bake=10),
        expected,
        defects={"a": bad(), "b": bad()},
        evidence={"a": 200.0, "b": 800.0},
    )


def test_the_book_closes_at_the_horizon(check):
    """Rules 21, 23: an unseen defect hurts from 4 to 20: impact .1 · 16."""
    expected = BAD_A | {"outcome": "escaped", "deployed_minutes": 4, "end_minutes": 14, "impact_minutes": 1.6}
    check(
        plan("a", bake=10),
        expected,
        defects={"a": bad()},
        scenario=scenario(horizon_minutes=20.0),
        regions={"a": (True, 16.0, 1.6)},
    )


def test_without_a_horizon_what_nobody_sees_has_no_end(check):
    """Rules 21, 24: the impact is infinite."""
    expected = BAD_A | {"outcome": "escaped", "deployed_minutes": 4, "end_minutes": 14, "impact_minutes": math.inf}
    check(plan("a", bake=10), expected, defects={"a": bad()}, scenario=scenario(horizon_minutes=math.inf))


def test_an_alarm_at_the_horizon_counts_and_recovery_is_not_cut(check):
    """Rule 21: 160 requests at 20, the horizon; recovered at 30, but impact is .1 · 16."""
    expected = BAD_A | {
        "outcome": "escaped", "deployed_minutes": 4, "end_minutes": 14, "detected_minutes": 20, "recovered_minutes": 30,
        "impact_minutes": 1.6,
    }  # fmt: skip
    check(
        plan("a", bake=10),
        expected,
        defects={"a": bad()},
        evidence=160.0,
        rollback=10.0,
        scenario=scenario(horizon_minutes=20.0),
    )


def test_an_alarm_after_the_horizon_never_comes(check):
    """Rule 21: 165 requests only at 20.5."""
    expected = BAD_A | {"outcome": "escaped", "deployed_minutes": 4, "end_minutes": 14, "impact_minutes": 1.6}
    check(plan("a", bake=10), expected, defects={"a": bad()}, evidence=165.0, scenario=scenario(horizon_minutes=20.0))


def test_neither_checks_nor_customers_nor_false_alarms_come_after_the_horizon(check):
    """Rule 21: the book closes at 3, before a is up at 4; it then counts as exposed, and its harm not at all."""
    expected = {
        "outcome": "escaped", "deployed_minutes": 4, "end_minutes": 14, "regions_exposed": 1, "share_exposed": 0.1,
    }  # fmt: skip
    check(
        plan("a", bake=10),
        expected,
        defects={"a": bad(check=True)},
        evidence=10.0,
        report=2.0,
        false_alarm=1.0,
        scenario=scenario(horizon_minutes=3.0),
        regions={"a": (True, 0.0, 0.0)},
    )


def test_rollback_all_after_the_horizon_still_halts(check):
    """Rules 19, 21: a failure is no alarm: b's at 8 rolls a back at 10, though the book closed at 6. Impact .1 · 2."""
    expected = BAD_A | {
        "outcome": "deploy_failed", "regions_failed": 1, "end_minutes": 8, "recovered_minutes": 10,
        "impact_minutes": 0.2,
        "mixed_minutes": 6,
    }  # fmt: skip
    check(
        plan("a", "b", on_deploy_failure="rollback_all"),
        expected,
        refuses="b",
        defects={"a": bad()},
        rollback=2.0,
        scenario=scenario(horizon_minutes=6.0),
    )
