"""What a plan and a scenario show together before anything is run."""

from typing import Any

import pytest

from simulation.doubts import doubts, idle, refusals
from tests.builders import plan, scenario

HOURS = {"hours": ("10:00", "16:00"), "zone": "UTC"}
PUSHED: dict[str, Any] = {"pushes": "2026-11-23 10:00 UTC"}


def rules(of, scene):
    return [(finding.rule, finding.severity) for finding in doubts(of, scene)]


@pytest.mark.parametrize(
    "horizon, found", [(50_000.0, []), (40_000.0, [("window-past-horizon", "warning")])], ids=["in time", "too late"]
)
def test_a_wave_that_must_wait_past_the_horizon(horizon, found):
    """Frozen for 28 days, so to minute 40,320; the second wave misses that day's window and has the next, at 41,760."""
    frozen = {**HOURS, "freezes": [{"from": "2026-11-23", "to": "2026-12-21"}]}
    waits = plan("a", "b", bake=300, calendar=frozen)
    assert rules(waits, scenario(horizon_minutes=horizon, **PUSHED, deploy=70.0)) == found


def test_a_push_at_which_only_some_wait_too_long_is_said():
    """Pushed between 10:00 and 18:00; after 16:00 the next window is 16 hours off, behind the horizon of 10."""
    pushes = {"from": "2026-11-23 10:00", "to": "2026-11-23 18:00", "zone": "UTC"}
    (found,) = doubts(plan("a", calendar=HOURS), scenario(pushes=pushes, horizon_minutes=600.0))
    assert "wave 1 has to wait" in found.message and "for some pushes" in found.message


def test_a_wave_that_begins_too_late_by_itself_waits_for_no_window():
    """The first bakes for 300 minutes, in a book of 200."""
    (found,) = doubts(plan("a", "b", bake=300), scenario(horizon_minutes=200.0))
    assert found.message.startswith("wave 2 begins after the horizon of 200 minutes, whenever people push")
    assert "window" not in found.message and "calendar" not in found.message


@pytest.mark.parametrize("timeout, found", [(5.0, [("timeout-below-median", "warning")]), (7.0, [])])
def test_a_timeout_below_the_median_deployment(timeout, found):
    slow = scenario(regions={"b": {"deploy": {"lognormal": {"median": 6.0, "p95": 12.0}}}})
    assert rules(plan("a b", deploy_timeout_minutes=timeout), slow) == found


def test_people_who_recover_need_their_minutes():
    """In every region of the plan, or for all."""
    halts = plan("a b", on_alarm="halt")
    assert rules(halts, scenario()) == [("no-manual-recovery", "error")]
    assert rules(halts, scenario(regions={"a": {"manual_recovery": 5.0}})) == [("no-manual-recovery", "error")]
    own = {name: {"manual_recovery": 5.0} for name in "ab"}
    assert rules(halts, scenario(regions=own)) == rules(halts, scenario(manual_recovery=5.0)) == []


@pytest.mark.parametrize(
    "field, needed",
    [("complaint", {"report": 15.0}), ("reaction_off_hours", {"staffed": HOURS, **PUSHED})],
    ids=["complaint", "reaction_off_hours"],
)
def test_what_a_scenario_says_to_no_effect(field, needed):
    """Nobody complains without a report; nobody is off hours where hours are not said."""
    given: dict[str, Any] = {field: 20.0}
    (found,) = idle(scenario(**given))
    assert (found.rule, found.severity) == ("no-effect", "warning")
    assert found.message.startswith(f"{field} has no effect") and next(iter(needed)) in found.message
    assert idle(scenario(**given, **needed)) == idle(scenario()) == []


def test_what_cannot_be_laid_together_is_no_doubt_but_a_refusal():
    calendar = plan("a", calendar=HOURS)
    assert doubts(calendar, scenario()) == []
    assert [finding.rule for finding in refusals(calendar, scenario())] == ["pushes-missing"]
    assert refusals(calendar, scenario(**PUSHED)) == []
