"""Rules 15, 17, 18 and 23: customers in proportion, what a machine takes back and what people, and the way back.

Regions a, b, c, d serve 10, 20, 30, 40 requests a minute; deployments are blue/green and take 4 minutes unless said
otherwise; roll-backs and recoveries are instant unless said otherwise.
"""

import math

import pytest

from tests.builders import plan, scenario
from tests.simulation.worlds import bad

BAD_A = {"regions_exposed": 1, "share_exposed": 0.1, "peak_share": 0.1}
BAD_AB = {"regions_exposed": 2, "share_exposed": 0.3, "peak_share": 0.3}


def test_customers_bear_some_failed_requests(check):
    """Rule 15: a fails 10 a minute from 4, b 10 (half of 20) from 8: 40 by 8, 80 more by 12. Reported at 15.

    Impact .1 · 11 + .2 · .5 · 7.
    """
    expected = BAD_AB | {
        "outcome": "caught", "deployed_minutes": 8, "end_minutes": 15, "detected_minutes": 15, "recovered_minutes": 15,
        "impact_minutes": 1.1 + 0.7, "mixed_minutes": 4,
    }  # fmt: skip
    check(
        plan("a b", bake=50),
        expected,
        deploy={"a": 4.0, "b": 8.0},
        defects={"a": bad(alarms=False), "b": bad(0.5, alarms=False)},
        complaint=120.0,
        report=3.0,
    )


def test_customers_notice_a_canary_later(check):
    """Rule 15: 5 % of 10 a minute from 4 to 14, so 5 failed requests; then all: 15 more by 15.5. Impact .1 · 2."""
    expected = BAD_A | {
        "outcome": "caught", "deployed_minutes": 14, "end_minutes": 15.5, "detected_minutes": 15.5,
        "recovered_minutes": 15.5, "impact_minutes": 0.1 * (0.5 + 1.5), "mixed_minutes": 10,
    }  # fmt: skip
    check(
        plan("a", bake=50, strategy={"steps": [[5.0, 10.0]]}),
        expected,
        defects={"a": bad(alarms=False)},
        complaint=20.0,
        report=0.0,
    )


def test_on_a_ramp_customers_notice_with_the_square_of_time(check):
    """Rule 15: b rolls over 8 minutes: 20 · t²/16 failed by t, a the same from 0 over 8: 10 · t²/16. 30 by 4, x = 1/2.

    Impact (.1 + .2) · 1; the way back is instant.
    """
    expected = {
        "outcome": "caught", "end_minutes": 4, "detected_minutes": 4, "recovered_minutes": 4, "regions_exposed": 2,
        "share_exposed": 0.15, "peak_share": 0.15, "impact_minutes": 0.3, "mixed_minutes": 4,
    }  # fmt: skip
    check(
        plan("a b", bake=50, strategy="rolling"),
        expected,
        deploy=8.0,
        defects={"a": bad(alarms=False), "b": bad(alarms=False)},
        complaint=30.0,
        report=0.0,
    )


def test_harm_that_begins_on_a_ramp_adds_up_from_there(check):
    """Rule 15: a rolls over 8 minutes and hurts from 4 on: 5 a minute, then more: 5 · 4 + 20/16 · 16/2 = 30 by 8."""
    expected = BAD_A | {
        "outcome": "caught", "deployed_minutes": 8, "end_minutes": 8, "detected_minutes": 8, "recovered_minutes": 8,
        "impact_minutes": 0.3, "mixed_minutes": 8,
    }  # fmt: skip
    check(
        plan("a", bake=50, strategy="rolling"),
        expected,
        deploy=8.0,
        defects={"a": bad(onset=4.0, alarms=False)},
        complaint=30.0,
        report=0.0,
    )


def test_customers_notice_below_the_threshold_of_alarms(check):
    """Rules 13, 15: 5 % with total harm are below a's threshold of 10 %; 2 requests have failed at 8, reported at 9."""
    expected = {
        "outcome": "caught", "end_minutes": 9, "detected_minutes": 9, "recovered_minutes": 9, "regions_exposed": 1,
        "share_exposed": 0.005, "peak_share": 0.005, "impact_minutes": 0.025, "mixed_minutes": 5,
    }  # fmt: skip
    check(
        plan("a", strategy={"steps": [[5.0, 50.0]]}),
        expected,
        defects={"a": bad()},
        evidence=1.0,
        complaint=2.0,
        report=1.0,
        scenario=scenario(thresholds={"a": 0.1}),
    )


def test_what_starts_later_makes_customers_notice_sooner(check):
    """Rule 15: alone a would take until 24; b, up at 13, brings it to 90 by 13, 110 more (30 a minute) by 16 2/3."""
    end = 13 + 110 / 30
    expected = BAD_AB | {
        "outcome": "caught", "deployed_minutes": 13, "end_minutes": end, "detected_minutes": end,
        "recovered_minutes": end, "impact_minutes": 0.1 * (end - 4) + 0.2 * (end - 13), "mixed_minutes": 9,
    }  # fmt: skip
    check(
        plan("a", "b", bake=(5, 50)),
        expected,
        defects={"a": bad(alarms=False), "b": bad(alarms=False)},
        complaint=200.0,
        report=0.0,
    )


def test_what_starts_when_enough_has_failed_changes_nothing(check):
    """Rule 15: 20 requests have failed at 6, so the report comes at 16; b, bad from 13 on, is no matter."""
    expected = BAD_AB | {
        "outcome": "caught", "deployed_minutes": 13, "end_minutes": 16, "detected_minutes": 16,
        "recovered_minutes": 16, "impact_minutes": 0.1 * 12 + 0.2 * 3, "mixed_minutes": 9,
    }  # fmt: skip
    blind = bad(alarms=False)
    check(plan("a", "b", bake=(5, 50)), expected, defects={"a": blind, "b": blind}, complaint=20.0, report=10.0)


def test_customers_alarm_belongs_to_no_region(check):
    """Rules 15, 17: a up at 4, b at 13 in the next wave; the report comes at 14. `rollback_region` then means the wave.

    b goes back by machine, by 15; a by hand, by 20.
    """
    expected = BAD_AB | {
        "outcome": "caught", "deployed_minutes": 13, "end_minutes": 14, "detected_minutes": 14, "recovered_minutes": 20,
        "impact_minutes": 1.6 + 0.4, "mixed_minutes": 14,
    }  # fmt: skip
    check(
        plan("a", "b", bake=(5, 50), on_alarm="rollback_region"),
        expected,
        defects={"a": bad(alarms=False), "b": bad(alarms=False)},
        report=10.0,
        rollback=1.0,
        manual_recovery=6.0,
    )


@pytest.mark.parametrize(
    "scope, backs",
    [
        ("rollback_all", (2.0, 2.0, 2.0)),
        ("rollback_wave", (9.0, 2.0, 2.0)),
        ("rollback_region", (9.0, 2.0, 9.0)),
        ("halt", (9.0, 9.0, 9.0)),
    ],
)
def test_a_machine_takes_back_what_on_alarm_says(check, scope, backs):
    """Rules 17, 18: a up at 4, b and c at 8; b's alarm at 10. Reaction 1; a machine takes 1 minute, people 8.

    Only b is bad. In the order a, b, c the ends lie so many minutes behind the halt; mixed from 4 to 8, and from the
    first end to the last.
    """
    expected = {
        "outcome": "caught", "deployed_minutes": 8, "end_minutes": 10, "detected_minutes": 10,
        "recovered_minutes": 10 + max(backs), "regions_exposed": 1, "share_exposed": 0.2, "peak_share": 0.2,
        "impact_minutes": 0.2 * (2 + backs[1]), "mixed_minutes": 4 + max(backs) - min(backs),
    }  # fmt: skip
    check(
        plan("a", "b c", bake=(0, 20), on_alarm=scope),
        expected,
        defects={"b": bad()},
        evidence={"b": 40.0},
        reaction=1.0,
        rollback=1.0,
        manual_recovery=8.0,
    )


def test_of_two_alarms_at_one_instant_the_first_in_the_plan_counts(check):
    """Rules 5, 17, within (b): a and b hurt from 4; both alarms at 6; a's counts: a back at 7, b by hand at 14."""
    expected = BAD_AB | {
        "outcome": "caught", "deployed_minutes": 4, "end_minutes": 6, "detected_minutes": 6, "recovered_minutes": 14,
        "impact_minutes": 0.1 * 3 + 0.2 * 10, "mixed_minutes": 7,
    }  # fmt: skip
    check(
        plan("a b", bake=20, on_alarm="rollback_region"),
        expected,
        defects={"a": bad(), "b": bad()},
        evidence={"a": 20.0, "b": 40.0},
        rollback=1.0,
        manual_recovery=8.0,
    )


def test_a_false_alarm_has_a_region_too(check):
    """Rules 16, 17: a's clock rings at 9; the machine takes a back at 10, people b, by 17. Nothing was detected."""
    expected = {
        "outcome": "false_alarm", "deployed_minutes": 4, "end_minutes": 9, "recovered_minutes": 17, "mixed_minutes": 7,
    }  # fmt: skip
    check(
        plan("a b", bake=20, on_alarm="rollback_region"),
        expected,
        false_alarm={"a": 5.0},
        rollback=1.0,
        manual_recovery=8.0,
    )


def test_people_have_no_failing_rollback(check):
    """Rules 17, 18: at `halt` nothing is rolled back by machine, so none fails: both by hand, 8 minutes."""
    expected = BAD_AB | {
        "outcome": "caught", "deployed_minutes": 4, "end_minutes": 6, "detected_minutes": 6, "recovered_minutes": 14,
        "impact_minutes": 3.0,
    }  # fmt: skip
    check(
        plan("a b", bake=20, on_alarm="halt"),
        expected,
        defects={"a": bad(), "b": bad()},
        evidence={"a": 20.0},
        rollback_failure=True,
        manual_recovery=8.0,
    )


def test_a_failure_rolls_back_by_machine_whatever_an_alarm_would(check):
    """Rules 17, 19: `rollback_all` on a failure is the machine's: a back at 10, though alarms only halt."""
    expected = BAD_A | {
        "outcome": "deploy_failed", "end_minutes": 8, "recovered_minutes": 10, "impact_minutes": 0.6,
        "mixed_minutes": 6, "regions_failed": 1,
    }  # fmt: skip
    check(
        plan("a", "b", on_alarm="halt", on_deploy_failure="rollback_all"),
        expected,
        refuses="b",
        defects={"a": bad(alarms=False)},
        rollback=2.0,
        manual_recovery=60.0,
    )


def test_the_last_wave_is_that_of_the_last_start(check):
    """Rules 5, 17, (b) < (e): b would start at 9, when a's alarm comes: it has not, so the wave is a's. Back at 10."""
    expected = BAD_A | {
        "outcome": "caught", "end_minutes": 9, "detected_minutes": 9, "recovered_minutes": 10, "impact_minutes": 0.6,
        "mixed_minutes": 6,
    }  # fmt: skip
    check(
        plan("a", "b", bake=5, on_alarm="rollback_wave"),
        expected,
        defects={"a": bad()},
        evidence=50.0,
        rollback=1.0,
        manual_recovery=60.0,
    )


def test_a_start_that_brings_an_alarm_about_has_started(check):
    """Rules 5, 15, 17, within (e): b, rolling, starts at 9, hurts and is reported at 9: the wave is b's.

    That has no traffic yet, so no machine takes a back; people do, by 17.
    """
    expected = {
        "outcome": "caught", "end_minutes": 9, "detected_minutes": 9, "recovered_minutes": 17, "mixed_minutes": 13,
    }  # fmt: skip
    check(
        plan("a", "b", bake=5, on_alarm="rollback_wave", strategies={"b": "rolling"}),
        expected,
        defects={"b": bad(alarms=False)},
        report=0.0,
        rollback=1.0,
        manual_recovery=8.0,
    )


def test_rolling_traffic_falls_in_a_straight_line(check):
    """Rule 18: a is up at 4 and bad, seen at 6; reaction 2; from 8 to 12 it falls. Impact .1 · (2 · 4/4 + 2 + 2 + 2).

    Mixed on the way up, to 4, and on the way down, from 8.
    """
    expected = BAD_A | {
        "outcome": "caught", "deployed_minutes": 4, "end_minutes": 6, "detected_minutes": 6, "recovered_minutes": 12,
        "impact_minutes": 0.1 * (2 + 2 + 2 + 2), "mixed_minutes": 8,
    }  # fmt: skip
    check(
        plan("a", bake=20, strategy="rolling"),
        expected,
        defects={"a": bad()},
        evidence=40.0,
        reaction=2.0,
        rollback=4.0,
        regions={"a": (True, 12.0, 0.8)},
    )


@pytest.mark.parametrize("scope", ["rollback_all", "halt"])
def test_where_people_recover_rolling_traffic_stays_to_the_end(check, scope):
    """Rules 17, 18: the same, but the roll-back fails, or nobody asks for one: x stays at 1 from 4 to 6 + 2 + 4 = 12.

    Impact .1 · (2 + 8).
    """
    expected = BAD_A | {
        "outcome": "caught", "deployed_minutes": 4, "end_minutes": 6, "detected_minutes": 6, "recovered_minutes": 12,
        "impact_minutes": 1.0, "mixed_minutes": 4,
    }  # fmt: skip
    check(
        plan("a", bake=20, strategy="rolling", on_alarm=scope),
        expected,
        defects={"a": bad()},
        evidence=40.0,
        reaction=2.0,
        rollback_failure=True,
        manual_recovery=4.0,
    )


def test_harm_that_begins_on_the_way_down_peaks_there(check):
    """Rules 18, 23: a false alarm at 5; a falls from 5 to 13, hurting from 9, where x = 1/2: impact .1 · 4 · .5/2."""
    expected = {
        "outcome": "false_alarm", "deployed_minutes": 4, "end_minutes": 5, "recovered_minutes": 13,
        "regions_exposed": 1, "share_exposed": 0.1, "peak_share": 0.05, "impact_minutes": 0.1, "mixed_minutes": 12,
    }  # fmt: skip
    check(
        plan("a", bake=20, strategy="rolling"),
        expected,
        defects={"a": bad(onset=9.0)},
        false_alarm=5.0,
        rollback=8.0,
    )


def test_the_book_may_close_on_the_way_down(check):
    """Rules 18, 21: from 6 to 14 it falls; the book closes at 10, with x = 1/2. Impact .1 · (2 + 2 + 4 · 3/4)."""
    expected = BAD_A | {
        "outcome": "caught", "deployed_minutes": 4, "end_minutes": 6, "detected_minutes": 6, "recovered_minutes": 14,
        "impact_minutes": 0.7, "mixed_minutes": 12,
    }  # fmt: skip
    check(
        plan("a", bake=20, strategy="rolling"),
        expected,
        defects={"a": bad()},
        evidence=40.0,
        rollback=8.0,
        scenario=scenario(horizon_minutes=10.0),
    )


def test_a_canary_exposes_what_it_carries(check):
    """Rule 23: 10 % from 4, caught at 6 of 1 a minute: a tenth of a tenth is exposed."""
    expected = {
        "outcome": "caught", "end_minutes": 6, "detected_minutes": 6, "recovered_minutes": 6, "regions_exposed": 1,
        "share_exposed": 0.01, "peak_share": 0.01, "impact_minutes": 0.02, "mixed_minutes": 2,
    }  # fmt: skip
    check(plan("a", strategy={"steps": [[10.0, 50.0]]}), expected, defects={"a": bad()}, evidence=2.0)


def test_no_complaint_without_a_report(check):
    """Rule 15: nobody hears of 1 failed request; the book closes at 24. Impact .1 · 20."""
    expected = BAD_A | {"outcome": "escaped", "deployed_minutes": 4, "end_minutes": 9, "impact_minutes": 2.0}
    check(
        plan("a", bake=5),
        expected,
        defects={"a": bad(alarms=False)},
        complaint=1.0,
        report=math.inf,
        scenario=scenario(horizon_minutes=24.0),
    )


def test_harm_that_begins_with_the_way_down_peaks_at_once(check):
    """Rules 18, 23: a false alarm at 5, onset 5: hurting from 5, when x, at 1, begins to fall to 13: .1 · 8/2."""
    expected = BAD_A | {
        "outcome": "false_alarm", "deployed_minutes": 4, "end_minutes": 5, "recovered_minutes": 13,
        "impact_minutes": 0.4, "mixed_minutes": 12,
    }  # fmt: skip
    check(
        plan("a", bake=20, strategy="rolling"),
        expected,
        defects={"a": bad(onset=5.0)},
        false_alarm=5.0,
        rollback=8.0,
    )


def test_customers_without_an_end_of_the_book_hear_of_nothing(check):
    """Rules 15, 19, 21: the bad a fails for good before it serves; nobody is harmed, so nobody complains, ever."""
    expected = {"outcome": "deploy_failed", "end_minutes": 4, "regions_failed": 1}
    check(
        plan("a"),
        expected,
        refuses="a",
        defects={"a": bad()},
        complaint=5.0,
        report=1.0,
        scenario=scenario(horizon_minutes=math.inf),
    )
