"""Rule 25: deployments wait for their windows, approvals for staffed hours, and people react more slowly at night.

The push is on Monday, 23 November 2026, 10:00 UTC unless a test says so. Regions a, b, c, d serve 10, 20, 30, 40
requests a minute; deployments are blue/green and take 4 minutes.
"""

from typing import Any

import pytest

from simulation import setting
from tests.builders import fleet, plan, scenario, wave
from tests.simulation.worlds import bad
from waves import Fleet, InputError

ZONES = {"a": "UTC", "b": "Europe/Berlin", "c": "Europe/London", "d": "Asia/Kolkata"}
DAY = 1440.0


def hours(first: str, last: str, **fields: Any) -> dict[str, Any]:
    return {"hours": [first, last], "zone": "UTC", **fields}


def monday(**fields: Any) -> Any:
    of = Fleet(regions=tuple(r.model_copy(update={"zone": ZONES[r.name]}) for r in fleet().regions))
    return scenario(of, **{"pushes": "2026-11-23 10:00 UTC", **fields})


def test_a_deployment_waits_for_its_window(check):
    """The window opens at 10:30: a from 30 to 34, baked at 39."""
    expected = {"outcome": "completed", "deployed_minutes": 34, "end_minutes": 39}
    check(plan("a", bake=5, calendar=hours("10:30", "11:00")), expected, scenario=monday())


def test_what_has_started_is_not_interrupted(check):
    """The window closes at 10:02, while a deploys to 4; b's wave, at 9, waits for Tuesday, 10:00: 1440 to 1444."""
    expected = {"outcome": "completed", "deployed_minutes": DAY + 4, "end_minutes": DAY + 9, "mixed_minutes": DAY}
    check(plan("a", "b", bake=5, calendar=hours("10:00", "10:02")), expected, scenario=monday())


def test_a_window_is_closed_at_the_instant_at_which_it_closes(check):
    """b's wave starts at 9, when the window closes: on Tuesday. At 9.5 it would still have been open."""
    expected = {"outcome": "completed", "deployed_minutes": DAY + 4, "end_minutes": DAY + 9, "mixed_minutes": DAY}
    check(plan("a", "b", bake=5, calendar=hours("10:00", "10:09")), expected, scenario=monday())


def test_a_retry_knows_no_window(check):
    """a fails at 4 and is tried again at once, though the window closed at 2: up at 8."""
    expected = {"outcome": "completed", "deployed_minutes": 8, "end_minutes": 8}
    check(
        plan("a", retries=1, calendar=hours("10:00", "10:02")),
        expected,
        deploy_failure={("a", 0): True},
        scenario=monday(),
    )


def test_the_push_shifts_the_window(check):
    """Pushed 20.5 minutes after the first allowed push, at 10:20:30: the window of 10:30 opens at 9.5."""
    pushes = {"from": "2026-11-23 10:00", "to": "2026-11-23 11:00", "zone": "UTC"}
    expected = {"outcome": "completed", "deployed_minutes": 13.5, "end_minutes": 13.5}
    check(plan("a", calendar=hours("10:30", "11:00")), expected, scenario=monday(pushes=pushes), push=20.5)


def test_each_region_has_its_own_time(check):
    """10:30 to 15:30 of each region's own: open now in Berlin (11:00); in UTC and London from 10:30; in Kolkata (15:30)
    only just no more: on Tuesday at 5:00 UTC, 1140 minutes on. All in one wave: a and c up at 34, b at 4, d at 1144.
    """
    expected = {"outcome": "completed", "deployed_minutes": 1144, "end_minutes": 1144, "mixed_minutes": 1140}
    check(plan("a b c d", calendar=hours("10:30", "15:30", zone="region")), expected, scenario=monday())


def test_regions_queue_by_their_first_open_instant(check):
    """One slot; 10:30 to 15:00 of each region's own time, d in Kolkata last. b (11:00 in Berlin) goes first, 0 to 4;
    a and c open at 30: a to 34, c to 38; d at 1144.
    """
    expected = {"outcome": "completed", "deployed_minutes": 1144, "end_minutes": 1144, "mixed_minutes": 1140}
    one = wave("d a b c", max_parallel=1)
    check(plan(one, calendar=hours("10:30", "15:00", zone="region")), expected, scenario=monday())


def test_a_region_that_waits_holds_no_slot(check):
    """One slot, a waits to 30 for its own window, b, behind it, takes the slot at once: 4; a 34."""
    expected = {"outcome": "completed", "deployed_minutes": 34, "end_minutes": 34, "mixed_minutes": 30}
    one = wave("a b", max_parallel=1)
    check(plan(one, calendar=hours("10:30", "15:00", zone="region")), expected, scenario=monday())


def test_a_slot_goes_to_the_first_in_the_queue_that_is_open(check):
    """One slot. Open: b 10:00 to 10:10 (11:00 in Berlin), a and c from 11:00. b takes 100 minutes, to 100, when a and c
    are open; plan order decides: c to 104, a to 108.
    """
    expected = {"outcome": "completed", "deployed_minutes": 108, "end_minutes": 108, "mixed_minutes": 8}
    one = wave("c a b", max_parallel=1)
    check(
        plan(one, calendar=hours("11:00", "15:00", zone="region")),
        expected,
        deploy={"b": 100.0},
        scenario=monday(),
    )


def test_a_window_that_closes_lets_others_in(check):
    """One slot, 40 minutes each, 10:00 to 11:30 UTC for a, so 9:00 to 10:30 UTC for b. Both are open at 0: a first, as
    in the plan, to 40, when b has closed: on Tuesday from 9:00 UTC on, which is 1380. c and d are in no wave.
    """
    expected = {"outcome": "completed", "deployed_minutes": 1420, "end_minutes": 1420, "mixed_minutes": 1380}
    one = wave("a b", max_parallel=1)
    check(plan(one, calendar=hours("10:00", "11:30", zone="region")), expected, deploy=40.0, scenario=monday())


def test_waves_may_have_calendars_of_their_own(check):
    """The first wave says none, and starts at 0; the second has the plan's, and starts at 30; the third its own: 60."""
    waves = (wave("a", calendar="none"), wave("b"), wave("c", calendar=hours("11:00", "12:00")))
    expected = {"outcome": "completed", "deployed_minutes": 64, "end_minutes": 64, "mixed_minutes": 60}
    check(plan(*waves, calendar=hours("10:30", "12:00")), expected, scenario=monday())


def test_days_and_freezes_keep_windows_shut(check):
    """Only on Tuesdays, and the first one is frozen: to the Tuesday after, 8 days on, at midnight less 10 hours."""
    freeze = {"from": "2026-11-24", "to": "2026-11-25"}
    opens = 8 * DAY - 600
    expected = {"outcome": "completed", "deployed_minutes": opens + 4, "end_minutes": opens + 4}
    check(plan("a", calendar={"days": ["tue"], "zone": "UTC", "freezes": [freeze]}), expected, scenario=monday())


def test_a_freeze_ends_at_the_midnight_of_its_last_date(check):
    """Frozen from Monday to Wednesday, `to` being the first day that is open again: 38 hours on."""
    freeze = {"from": "2026-11-23", "to": "2026-11-25"}
    expected = {"outcome": "completed", "deployed_minutes": 2284, "end_minutes": 2284}
    check(plan("a", calendar={"zone": "UTC", "freezes": [freeze]}), expected, scenario=monday())


def test_a_freeze_is_in_the_calendars_zone(check):
    """Frozen to the 24th, each in its own time: d, in Kolkata, opens at 18:30 UTC, a at midnight: 510 and 840 on."""
    freeze = {"from": "2026-11-23", "to": "2026-11-24"}
    expected = {"outcome": "completed", "deployed_minutes": 844, "end_minutes": 844, "mixed_minutes": 330}
    check(plan("a d", calendar={"zone": "region", "freezes": [freeze]}), expected, scenario=monday())


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins(check):
    """Sundays, 22:00 to 10:05 on Monday: a starts at 0; b, at 9, only next Sunday at 22:00: 6 days and 12 hours on."""
    opens = 6 * DAY + 720
    expected = {"outcome": "completed", "deployed_minutes": opens + 4, "end_minutes": opens + 9, "mixed_minutes": opens}
    check(plan("a", "b", bake=5, calendar=hours("22:00", "10:05", days=["sun"])), expected, scenario=monday())


def test_two_regions_that_open_together_tie(check):
    """Rule 5, within (b): a and b start at 30, as they open; a's alarm, 10 requests after 34, comes at 35, b's, too."""
    expected = {
        "outcome": "caught", "deployed_minutes": 34, "end_minutes": 35, "detected_minutes": 35, "recovered_minutes": 43,
        "regions_exposed": 2, "share_exposed": 0.3, "peak_share": 0.3, "impact_minutes": 0.1 * 2 + 0.2 * 9,
        "mixed_minutes": 7,
    }  # fmt: skip
    check(
        plan("a b", bake=20, on_alarm="rollback_region", calendar=hours("10:30", "11:00")),
        expected,
        defects={"a": bad(), "b": bad()},
        evidence={"a": 10.0, "b": 20.0},
        rollback=1.0,
        manual_recovery=8.0,
        scenario=monday(),
    )


def test_regions_that_asked_at_different_instants_open_at_one(check):
    """Rule 5, within (e): the push is at 8:00:06; c and d, in Kolkata, are open, and free their slots at 64 and 66.2;
    a and b wait from then on to 12:00, at 240 − .1. Both alarms come 5 minutes later, and a's is the first.

    Were starts *asking + wait*, b would start at 66.2 + (239.9 − 66.2), which is less than 239.9.
    """
    opens = 240 - 0.1
    assert 66.2 + (opens - 66.2) < opens
    of = fleet(zones={"a": "UTC", "b": "UTC", "c": "Asia/Kolkata", "d": "Asia/Kolkata"})
    pushes = {"from": "2026-11-23 08:00", "to": "2026-11-23 10:00", "zone": "UTC"}
    expected = {
        "outcome": "caught", "deployed_minutes": opens + 4, "end_minutes": opens + 5, "detected_minutes": opens + 5,
        "recovered_minutes": opens + 13, "regions_exposed": 2, "share_exposed": 0.3, "peak_share": 0.3,
        "impact_minutes": 0.1 * 2 + 0.2 * 9, "mixed_minutes": (opens + 4 - 64) + 7,
    }  # fmt: skip
    two = wave("c d a b", 20, max_parallel=2)
    check(
        plan(two, on_alarm="rollback_region", calendar=hours("12:00", "18:00", zone="region")),
        expected,
        deploy={"c": 64.0, "d": 66.2},
        defects={"a": bad(), "b": bad()},
        evidence={"a": 10.0, "b": 20.0},
        rollback=1.0,
        manual_recovery=8.0,
        push=0.1,
        scenario=scenario(of, pushes=pushes),
    )


def test_an_alarm_at_the_opening_comes_first(check):
    """Rule 5, (b) < (e): a's 250 requests halt at 29, when b's window opens: b never starts."""
    expected = {
        "outcome": "caught", "end_minutes": 29, "detected_minutes": 29, "recovered_minutes": 29, "regions_exposed": 1,
        "share_exposed": 0.1, "peak_share": 0.1, "impact_minutes": 2.5, "mixed_minutes": 25,
    }  # fmt: skip
    waves = (wave("a", calendar="none"), wave("b", calendar=hours("10:29", "12:00")))
    check(plan(*waves), expected, defects={"a": bad(), "b": bad()}, evidence=250.0, scenario=monday())


def test_a_failure_while_others_wait_keeps_them_out(check):
    """Rule 19: b (11:00 in Berlin) fails at 4; a, which waits to 30, never starts."""
    expected = {"outcome": "deploy_failed", "end_minutes": 4, "regions_failed": 1}
    calendar = hours("10:30", "15:00", zone="region")
    check(plan("a b", calendar=calendar), expected, refuses="b", scenario=monday())


def test_an_approval_waits_in_staffed_minutes(check):
    """Asked at 9; staffed to 10:20 and again from 14:00 on: of 30 minutes 11 are gone by then, 19 are left: 259."""
    expected = {"outcome": "completed", "deployed_minutes": 263, "end_minutes": 263, "mixed_minutes": 259}
    at = monday(staffed=hours("14:00", "10:20"))
    check(plan(wave("a", 5), wave("b", approval=True)), expected, approval_wait=30.0, scenario=at)


def test_a_wait_of_no_minutes_is_over_at_once(check):
    """Asked at 9, while nobody is there; b follows at 9."""
    expected = {"outcome": "completed", "deployed_minutes": 13, "end_minutes": 13, "mixed_minutes": 9}
    at = monday(staffed=hours("14:00", "15:00"))
    check(plan(wave("a", 5), wave("b", approval=True)), expected, approval_wait=0.0, scenario=at)


def test_a_wait_ends_when_people_go_if_that_is_all_of_it(check):
    """Asked at 9; 11 minutes are gone when people leave at 20: decided then, not on the next day."""
    expected = {"outcome": "completed", "deployed_minutes": 24, "end_minutes": 24, "mixed_minutes": 20}
    at = monday(staffed=hours("14:00", "10:20"))
    check(plan(wave("a", 5), wave("b", approval=True)), expected, approval_wait=11.0, scenario=at)


def test_a_staffed_wait_ends_in_its_span_with_what_is_left(check):
    """Rule 5: asked at 9.011; of 30 minutes 20 − 9.011 are gone when people leave at 20, the rest counts from 240 on.

    a's clock rings just then, before the refusal. Asking + wait + night, added in that order, would be a bit sooner.
    """
    decision = 240 + (30 - (20 - 9.011))
    clock = decision - 4
    assert 9.011 + 30 + 220 < decision == 4 + clock
    expected = {
        "outcome": "false_alarm", "end_minutes": decision, "recovered_minutes": decision, "mixed_minutes": clock,
    }  # fmt: skip
    check(
        plan(wave("a", 5.011), wave("b", approval=True)),
        expected,
        approval_wait=30.0,
        rejection=True,
        false_alarm=clock,
        scenario=monday(staffed=hours("14:00", "10:20")),
    )


def test_behind_the_layout_somebody_is_always_there(check):
    """Staffed for one minute a day, from 10:00: 731 by the layout's end, 730 days and 100 minutes on; 69 more."""
    opens = 730 * DAY + 100 + 69
    expected = {"outcome": "completed", "deployed_minutes": opens + 4, "end_minutes": opens + 4}
    at = monday(staffed=hours("10:00", "10:01"), horizon_minutes=100.0)
    check(plan(wave("a", approval=True)), expected, approval_wait=800.0, scenario=at)


def test_who_is_approved_may_still_wait_for_the_window(check):
    """Asked at 9, approved at 16, when the window has been closed since 10: b on Tuesday, from 1440 to 1444."""
    waves = (wave("a", 5), wave("b", approval=True))
    expected = {"outcome": "completed", "deployed_minutes": DAY + 4, "end_minutes": DAY + 4, "mixed_minutes": DAY}
    check(plan(*waves, calendar=hours("10:00", "10:10")), expected, approval_wait=7.0, scenario=monday())


@pytest.mark.parametrize(
    "staffed, evidence, impact, back",
    [
        (("09:00", "10:10"), 59.0, 0.1 * (5.9 + 1 + 8), 18.9),
        (("09:00", "10:10"), 60.0, 0.1 * (6 + 50 + 8), 68.0),
        (("10:10", "18:00"), 60.0, 0.1 * (6 + 1 + 8), 19.0),
    ],
)
def test_people_react_more_slowly_at_night(check, staffed, evidence, impact, back):
    """Staffed to 10:10. a's alarm at 9.9 is by day: reaction 1; at 10 it is night: 50. Staffed from 10:10, it is day.

    By hand, 8 minutes.
    """
    halt = 4 + evidence / 10
    expected = {
        "outcome": "caught", "deployed_minutes": 4, "end_minutes": halt, "detected_minutes": halt,
        "recovered_minutes": back, "regions_exposed": 1, "share_exposed": 0.1, "peak_share": 0.1,
        "impact_minutes": impact,
    }  # fmt: skip
    check(
        plan("a", bake=20, on_alarm="halt"),
        expected,
        defects={"a": bad()},
        evidence=evidence,
        reaction=1.0,
        reaction_off_hours=50.0,
        manual_recovery=8.0,
        scenario=monday(staffed=hours(*staffed)),
    )


def test_a_machine_knows_no_night(check):
    """Nobody is there; a goes back by machine at 6 + 1 + 2 = 9; b's roll-back fails, and people take 50 + 8: 64."""
    expected = {
        "outcome": "caught", "deployed_minutes": 4, "end_minutes": 6, "detected_minutes": 6, "recovered_minutes": 64,
        "regions_exposed": 1, "share_exposed": 0.1, "peak_share": 0.1, "impact_minutes": 0.5, "mixed_minutes": 55,
    }  # fmt: skip
    check(
        plan("a b", bake=20),
        expected,
        defects={"a": bad()},
        evidence=20.0,
        reaction=1.0,
        reaction_off_hours=50.0,
        rollback=2.0,
        rollback_failure={"b": True},
        manual_recovery=8.0,
        scenario=monday(staffed=hours("14:00", "15:00")),
    )


def test_behind_the_layout_everything_is_open(check):
    """Frozen for five years: it is laid out to 730 days after the push and the horizon of 100 minutes."""
    opens = 730 * DAY + 100
    freeze = {"from": "2026-11-01", "to": "2031-11-01"}
    expected = {"outcome": "completed", "deployed_minutes": opens + 4, "end_minutes": opens + 4}
    calendar = {"zone": "UTC", "freezes": [freeze]}
    check(plan("a", calendar=calendar), expected, scenario=monday(horizon_minutes=100.0))


def test_a_window_across_a_change_of_clocks(check):
    """In Berlin, Sunday 25 October 2026 has 25 hours: from Saturday 10:01 to Sunday 10:00 it is 1499 minutes."""
    saturday = monday(pushes="2026-10-24 10:01 Europe/Berlin")
    expected = {"outcome": "completed", "deployed_minutes": 1503, "end_minutes": 1503}
    check(plan("a", calendar=hours("10:00", "10:01", zone="Europe/Berlin")), expected, scenario=saturday)


@pytest.mark.parametrize(
    "pushed, window, opens",
    [
        ("2027-03-28 00:30", ("02:30", "04:00"), 90),  # skipped: the instant of the change, 1:00 UTC
        ("2026-10-25 00:30", ("02:30", "04:00"), 120),  # comes twice: the first, 0:30 UTC
        ("2027-03-28 00:30", ("02:00", "02:30"), 1470),  # both skipped, no length, no window: on Monday, 0:00 UTC
    ],
    ids=["skipped", "twice", "none"],
)
def test_local_times_that_are_skipped_or_come_twice(check, pushed, window, opens):
    """In Berlin clocks go from 2:00 to 3:00 on 28 March 2027, and from 3:00 to 2:00 on 25 October 2026, at 1:00 UTC."""
    expected = {"outcome": "completed", "deployed_minutes": opens + 4, "end_minutes": opens + 4}
    calendar = hours(*window, zone="Europe/Berlin")
    check(plan("a", calendar=calendar), expected, scenario=monday(pushes=f"{pushed} Europe/Berlin"))


def test_a_calendar_needs_to_know_when_people_push():
    """The error shows the line to add."""
    with pytest.raises(InputError, match="when people push, and the scenario does not say.*`pushes: {from"):
        setting(plan("a", calendar=hours("10:00", "11:00")), scenario())


def test_a_calendar_by_region_needs_their_zones():
    """Regions that are called like AWS's have one anyway."""
    with pytest.raises(InputError, match="nobody knows the time zone of 'a'; add such as `zone: Europe/Berlin`"):
        setting(plan("a", calendar=hours("10:00", "11:00", zone="region")), scenario(pushes="2026-11-23 10:00 UTC"))
    of = fleet({"eu-central-1": 10.0})
    there = setting(
        plan("eu-central-1", calendar=hours("11:00", "12:00", zone="region")),
        scenario(of, pushes="2026-11-23 10:00 UTC"),
    )
    assert there.sites[0].windows is not None
    assert there.sites[0].windows[0] == (0.0, 60.0)
