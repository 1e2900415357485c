"""Rules 22 and 23: what each column counts, where earlier tests have not settled it.

Regions a, b, c, d serve 10, 20, 30, 40 requests a minute; deployments are blue/green and take 4 minutes unless said
otherwise; roll-backs are instant unless said otherwise.
"""

import pytest

from tests.builders import fleet, plan, scenario
from tests.simulation.worlds import bad

PARTNERS = fleet(failover={"a": "b"})


def test_a_defect_that_never_hurts_escapes_and_is_exposed(check):
    """Rule 22: onset after the horizon."""
    expected = {
        "outcome": "escaped", "deployed_minutes": 4, "end_minutes": 14, "regions_exposed": 1, "share_exposed": 0.1,
    }  # fmt: skip
    check(plan("a", bake=10), expected, defects={"a": bad(onset=500.0)}, scenario=scenario(horizon_minutes=100.0))


def test_a_defect_where_the_plan_does_not_go_does_not_count(check):
    """Rules 1, 22: d is bad, and not in the plan."""
    expected = {"outcome": "completed", "deployed_minutes": 4, "end_minutes": 14}
    check(plan("a", bake=10), expected, defects={"d": bad()}, evidence=1.0, report=1.0)


def test_a_defect_in_a_region_not_reached_is_not_exposed(check):
    """Rule 23: halted at 9, b of the second wave never served. Impact .1 · 5; mixed from 4."""
    expected = {
        "outcome": "caught", "end_minutes": 9, "detected_minutes": 9, "recovered_minutes": 9, "regions_exposed": 1,
        "share_exposed": 0.1, "peak_share": 0.1, "impact_minutes": 0.5, "mixed_minutes": 5,
    }  # fmt: skip
    check(plan("a", "b", bake=20), expected, defects={"a": bad(), "b": bad()}, evidence=50.0)


def test_a_false_alarm_on_a_defective_change_is_a_false_alarm(check):
    """Rule 22: a hurts from 4 to the roll-back at 7, and nobody has detected anything."""
    expected = {
        "outcome": "false_alarm", "deployed_minutes": 4, "end_minutes": 7, "recovered_minutes": 7, "regions_exposed": 1,
        "share_exposed": 0.1, "peak_share": 0.1, "impact_minutes": 0.3,
    }  # fmt: skip
    check(plan("a", bake=20), expected, defects={"a": bad()}, evidence=100.0, false_alarm=3.0)


def test_an_exposed_region_counts_as_far_as_it_had_come(check):
    """Rule 23: b rolls over 20 minutes and is stopped at x = 2/20. Impact .2 · 2 · .1 / 2."""
    expected = {
        "outcome": "caught", "end_minutes": 2, "detected_minutes": 2, "recovered_minutes": 2, "regions_exposed": 1,
        "share_exposed": 0.02, "peak_share": 0.02, "impact_minutes": 0.02, "mixed_minutes": 2,
    }  # fmt: skip
    rolling = plan("b", bake=5, strategy="rolling")
    check(rolling, expected, deploy=20.0, defects={"b": bad()}, report=2.0)


@pytest.mark.parametrize("back", [2.0, 5.0])
def test_the_peak_is_at_the_halt_where_a_step_is_taken_and_traffic_begins_to_fall(check, back):
    """Rules 18 and 23: b goes from a half to all at 6, the halt; a, rolling, falls from then on.

    a (.1) hurts from 0, ramps to 4, falls until 6 + back: .1 · (2 + 2 + back / 2). b (.2) takes half at 4 and stays
    until 8: .2 · (1 + 2). Just after 6 both hurt entirely.
    """
    expected = {
        "outcome": "caught", "deployed_minutes": 6, "end_minutes": 6, "detected_minutes": 6,
        "recovered_minutes": 6 + back, "regions_exposed": 2, "share_exposed": 0.3, "peak_share": 0.3,
        "impact_minutes": 0.1 * (4 + back / 2) + 0.6, "mixed_minutes": 6 + back,
    }  # fmt: skip
    own = plan("a b", bake=5, strategies={"a": "rolling", "b": {"steps": [[50.0, 2.0]]}})
    defects = {"a": bad(), "b": bad(check=True)}
    check(own, expected, defects=defects, rollback={"a": back, "b": 2.0})


def test_the_peak_adds_regions_that_hurt_at_once_only(check):
    """Rule 23: b (.2) hurts from 4 to its roll-back at 9, a (.1) from 9 to 12: peak .2, impact .2 · 5 + .1 · 3."""
    expected = {
        "outcome": "caught", "deployed_minutes": 4, "end_minutes": 5, "detected_minutes": 5, "recovered_minutes": 12,
        "regions_exposed": 2, "share_exposed": 0.3, "peak_share": 0.2, "impact_minutes": 1.3, "mixed_minutes": 3,
    }  # fmt: skip
    check(
        plan("a b", bake=20),
        expected,
        defects={"a": bad(onset=5.0), "b": bad()},
        evidence={"b": 20.0},
        rollback={"a": 7.0, "b": 4.0},
    )


def test_the_peak_of_a_ramp_is_its_supremum(check):
    """Rule 23: rolling over 4 minutes, back at the instant it is up: x reaches 1 without being there. Impact .1 · 2."""
    expected = {
        "outcome": "caught", "deployed_minutes": 4, "end_minutes": 4, "detected_minutes": 4, "recovered_minutes": 4,
        "regions_exposed": 1, "share_exposed": 0.1, "peak_share": 0.1, "impact_minutes": 0.2, "mixed_minutes": 4,
    }  # fmt: skip
    check(plan("a", bake=5, strategy="rolling"), expected, defects={"a": bad()}, report=4.0)


def test_the_peak_is_taken_before_the_horizon(check):
    """Rules 21, 23: a hurts from 4, b from 8; the book closes at 8. All exposed all the same."""
    expected = {
        "outcome": "escaped", "deployed_minutes": 8, "end_minutes": 8, "regions_exposed": 2, "share_exposed": 0.3,
        "peak_share": 0.1, "impact_minutes": 0.4, "mixed_minutes": 4,
    }  # fmt: skip
    blind = {name: bad(alarms=False) for name in "ab"}
    check(plan("a", "b"), expected, defects=blind, scenario=scenario(horizon_minutes=8.0))


def test_a_peak_within_a_ramp_is_cut_at_the_horizon(check):
    """Rules 21, 23: rolling over 8 minutes, the book closes at 6: peak .1 · 3/4, impact .1 · 36/16."""
    expected = {
        "outcome": "escaped", "deployed_minutes": 8, "end_minutes": 8, "regions_exposed": 1, "share_exposed": 0.1,
        "peak_share": 0.075, "impact_minutes": 0.225, "mixed_minutes": 8,
    }  # fmt: skip
    rolling = plan("a", strategy="rolling")
    check(rolling, expected, deploy=8.0, defects={"a": bad(alarms=False)}, scenario=scenario(horizon_minutes=6.0))


@pytest.mark.parametrize("severities, impact", [((1.0, 1.0), 1.5), ((0.5, 0.2), 0.45)])
def test_impact_weighs_each_region_by_severity_and_the_peak_does_not(check, severities, impact):
    """Rule 23: both hurt from 4 to 9: .1 · 5 · severity + .2 · 5 · severity."""
    expected = {
        "outcome": "caught", "deployed_minutes": 4, "end_minutes": 9, "detected_minutes": 9, "recovered_minutes": 9,
        "regions_exposed": 2, "share_exposed": 0.3, "peak_share": 0.3, "impact_minutes": impact,
    }  # fmt: skip
    defects = {name: bad(severity, fault=i) for i, (name, severity) in enumerate(zip("ab", severities, strict=True))}
    check(plan("a b", bake=20), expected, defects=defects, report=5.0)


@pytest.mark.parametrize("order", ["a b", "b a"])
@pytest.mark.parametrize(
    "onset, hit, peak, impact",
    [(5.0, False, 0.2, 1.1), (4.5, True, 0.3, 1.2)],
)
def test_failover_intervals_are_half_open(check, onset, hit, peak, impact, order):
    """Rule 23: a hurts over [4, 9), b from 4 + onset to 12: from 9 on they miss each other, from 8.5 they meet.

    Halt at 5, reaction 2, roll-backs 2 and 5. Impact .1 · 5 + .2 · 3 or .2 · 3.5. b alone is new from 9 to 12.
    """
    expected = {
        "outcome": "caught", "deployed_minutes": 4, "end_minutes": 5, "detected_minutes": 5, "recovered_minutes": 12,
        "regions_exposed": 2, "share_exposed": 0.3, "peak_share": peak, "impact_minutes": impact, "failover_hit": hit,
        "mixed_minutes": 3,
    }  # fmt: skip
    check(
        plan(order, bake=20),
        expected,
        defects={"a": bad(), "b": bad(onset=onset)},
        evidence={"a": 10.0},
        reaction=2.0,
        rollback={"a": 2.0, "b": 5.0},
        scenario=scenario(PARTNERS),
    )


def test_a_partner_that_is_not_in_the_plan_is_well(check):
    """Rules 1, 23: b, a's partner, is left out. Impact .1 · 5."""
    expected = {
        "outcome": "caught", "deployed_minutes": 4, "end_minutes": 9, "detected_minutes": 9, "recovered_minutes": 9,
        "regions_exposed": 1, "share_exposed": 0.1, "peak_share": 0.1, "impact_minutes": 0.5,
    }  # fmt: skip
    check(plan("a", bake=20), expected, defects={"a": bad(), "b": bad()}, evidence=50.0, scenario=scenario(PARTNERS))


@pytest.mark.parametrize("horizon, hit, peak, impact", [(8.0, False, 0.1, 0.4), (9.0, True, 0.3, 0.7)])
def test_failover_hits_count_before_the_horizon(check, horizon, hit, peak, impact):
    """Rules 21, 23: a is bad from 4, b from 8: .1 · 4 by 8; .1 · 5 + .2 · 1 by 9, and .3 at once."""
    expected = {
        "outcome": "escaped", "deployed_minutes": 8, "end_minutes": 8, "regions_exposed": 2, "share_exposed": 0.3,
        "peak_share": peak, "impact_minutes": impact, "failover_hit": hit, "mixed_minutes": 4,
    }  # fmt: skip
    blind = {name: bad(alarms=False) for name in "ab"}
    check(plan("a", "b"), expected, defects=blind, scenario=scenario(PARTNERS, horizon_minutes=horizon))


def test_rolling_regions_are_mixed_while_any_is_under_way(check):
    """Rule 23: a 0→4, b 0→8 roll; then nothing until c, 13→17: mixed 0→17, as c is old all that time."""
    expected = {"outcome": "completed", "deployed_minutes": 17, "end_minutes": 22, "mixed_minutes": 17}
    rolling = plan("a b", "c", bake=5, strategy="rolling")
    check(rolling, expected, deploy={"a": 4.0, "b": 8.0, "c": 4.0})


def test_time_after_the_end_and_after_the_last_rollback_is_not_mixed(check):
    """Rule 23: b fails at 8 and a stays new for ever, but mixed stops at the end: from 4 to 8."""
    expected = {"outcome": "deploy_failed", "regions_failed": 1, "end_minutes": 8, "mixed_minutes": 4}
    check(plan("a", "b"), expected, refuses="b")


def test_all_traffic_on_the_new_version_is_not_mixed(check):
    """Rule 23: up at 4, complete at 104."""
    check(plan("a b", bake=100), {"outcome": "completed", "deployed_minutes": 4, "end_minutes": 104})
