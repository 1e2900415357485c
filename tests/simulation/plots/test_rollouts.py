"""The pictures of single rollouts, the timeline and the duel, and their axis of time."""

import math
import re

import numpy as np
import pytest
from matplotlib.figure import Figure

import waves
from simulation import plots
from simulation.analysis.duel import duel
from simulation.columns import harms, paths
from simulation.plots._duel import failing
from simulation.plots.timescale import timescale
from tests.simulation.plots.pictures import BAD, BLIND, ODD, ROLLOUTS, check, marked, one, plain, scenario, two, written


@pytest.mark.parametrize("case", ROLLOUTS)
def test_a_timeline_is_legible_and_names_every_region_and_wave(case):
    story = ROLLOUTS[case]()
    picture = plots.timeline(story)
    check(picture)
    seen = written(picture)
    assert [text for text in seen if text.startswith("wave ")] == [
        f"wave {w + 1}" for w in range(len(story.plan.waves))
    ]
    if case != "odd names":
        assert set(story.plan.regions) <= set(seen)
    assert "seed 7, trial 11" in plain(picture.caption)


def test_a_timeline_of_a_caught_defect_says_when_where_and_what_it_cost():
    """Blue/green, 1 region of 100 requests a minute: served at 14, hurts at 17, half of the requests fail: 100 failed
    ones are gathered at 19, seen at 21, rolled back at 29: 12 minutes at half the fleet are 6 fleet-minutes."""
    picture = plots.timeline(one(scenario(1, faults=[BAD]), [1], strategy="blue_green"))
    assert plain(picture.title) == "A defect caught after 21 min: 1 of 1 region exposed, 6 fleet-minutes lost"
    assert "the alarm: all halts, 21 min" in written(picture)
    assert "50 % fail" in written(picture)


def test_a_timeline_shows_each_attempt_and_each_failed_one():
    """2 retries: three attempts of 6 minutes each from minute 8, all failed, so three crosses; nothing serves."""
    picture = plots.timeline(one(scenario(1, deploy_failure_probability=1.0), [1], retries=2))
    axes = picture.axes[0]
    assert [x for x, _ in marked(axes, ("X",))] == [14.0, 20.0, 26.0]
    assert written(picture).count("deployment fails") == 1
    assert "serves the new version" not in written(picture)


def test_waits_for_slots_and_windows_are_told_apart():
    """One slot, 40 minutes each, 10:00 to 11:30 of each region's time, pushed and built at 10:00 UTC, 11:00 in Berlin.

    The second is open for 30 minutes, in which the first has the slot; then closed, to 9:00 UTC on the next day.
    """
    world = scenario(2, build=0.0, deploy=40.0, pushes="2026-11-23 10:00 UTC")
    zones = zip(world.fleet.regions, ("UTC", "Europe/Berlin"), strict=True)
    fleet = {"regions": [{**region.model_dump(), "zone": zone} for region, zone in zones]}
    hours = {"hours": ("10:00", "11:30"), "zone": "region"}
    story = one(world.replace(fleet=fleet), [2], max_parallel=1, calendar=hours)
    first, second = story.regions
    assert (first.closed, first.queued) == ([], [])
    assert (second.closed, second.queued) == ([(30.0, 1380.0)], [(0.0, 30.0)])
    assert {"waits for a slot", "waits for its window"} <= set(written(plots.timeline(story)))
    on_days = plots.calendar(story)
    assert set(written(on_days)) >= {"window closed", "deploying", "baking", "waiting for a slot"}
    assert "on the way back" not in written(on_days)


def test_a_calendar_draws_sixty_days_and_says_so():
    """Frozen for 70 days: nothing of the deployment is drawn, or explained."""
    frozen = {"zone": "UTC", "freezes": [{"from": "2026-11-23", "to": "2027-02-01"}]}
    picture = plots.calendar(one(scenario(1, pushes="2026-11-23 10:00 UTC"), [1], calendar=frozen))
    assert plain(picture.caption).startswith("Only the first 60 days are drawn.")
    assert "window closed" in written(picture) and "deploying" not in written(picture)


def test_a_region_that_keeps_the_old_version_does_not_bake():
    """Its failure is tolerated: the wave bakes for nothing, from 14 to 34."""
    picture = plots.timeline(one(scenario(1, deploy_failure_probability=1.0), [1], max_failed_regions=1))
    assert "keeps the old version" in written(picture) and "bakes" not in written(picture)


def test_a_build_that_fails_leaves_empty_lanes_and_says_so():
    picture = plots.timeline(ROLLOUTS["build fails"]())
    assert picture.title == "The build failed after 8\u00a0min: no region was touched"
    assert "nothing was deployed" in written(picture)


def test_long_harm_is_cut_out_of_the_axis_and_the_axis_says_so():
    """The last of the 6 regions hurts at most 2 hours after the push, the book closes after 14 days."""
    picture = plots.timeline(ROLLOUTS["14 days of harm"]())
    label = plain(picture.axes[0].get_xlabel())
    assert re.fullmatch(r"minutes since the push; hatched: 13 d 2[0-9] h without any change, cut out", label)
    assert picture.axes[0].get_xlim()[1] < 180
    assert any(text.startswith("the book closes, 14 d") for text in written(picture))


def test_harm_without_end_touches_the_right_edge_and_the_axis_says_so():
    picture = plots.timeline(ROLLOUTS["harm without end"]())
    assert picture.axes[0].get_xlabel().endswith("what touches the right edge goes on without end")
    assert "harm without end" in picture.title


def test_the_alarm_is_marked_where_it_was_raised():
    story = ROLLOUTS["caught"]()
    marks = marked(plots.timeline(story).axes[0], ("D",))
    raised = [region for region in story.regions if region.alarm_minute is not None]
    assert len(raised) == len(marks) == 1
    assert marks[0][0] == raised[0].alarm_minute
    assert math.floor(marks[0][1]) == raised[0].position


def test_only_a_stretch_that_dwarfs_the_rest_is_cut():
    assert timescale([0.0, 10.0, 40.0]).cuts == ()
    ((low, high),) = timescale([0.0, 10.0, 20.0, 20000.0]).cuts
    assert 20.0 < low < 25.0 and 19990.0 < high < 20000.0


def test_without_a_cut_an_instant_lies_at_its_minute_and_infinity_at_the_edge():
    scale = timescale([0.0, 10.0, 40.0, math.inf])
    assert scale.place(np.array([0.0, 12.5, 40.0])).tolist() == [0.0, 12.5, 40.0]
    assert scale.place(math.inf) == scale.width > 40.0


def test_order_is_kept_across_cuts():
    scale = timescale([0.0, 10.0, 20.0, 20000.0, 20010.0, 1e6])
    places = scale.place(np.linspace(0, 1e6, 5000))
    assert len(scale.cuts) == 2
    assert (np.diff(places) > 0).all()


DUELS = {
    "ordinary": lambda: two(scenario(6, faults=[BAD]), [1, 2, 3]),
    "sound": lambda: two(scenario(6), [1, 2, 3]),
    "14 days of harm": lambda: two(scenario(6, faults=[BLIND]), [1, 2, 3]),
    "harm without end": lambda: two(scenario(6, faults=[BLIND], horizon_minutes=math.inf), [1, 2, 3]),
    "late harm": lambda: two(scenario(6, faults=[{**BAD, "onset": 600.0}]), [1, 2, 3]),
    "1 region": lambda: two(scenario(1, faults=[BAD]), [1]),
    "12 regions": lambda: two(scenario(12, faults=[BAD]), [2, 4, 6]),
    "30 regions": lambda: two(scenario(30, faults=[BAD]), [1, 4, 10, 15]),
    "odd names": lambda: two(scenario(6, names=ODD, faults=[BAD]), [1, 2, 3]),
    "build fails": lambda: two(scenario(6, build_failure_probability=1.0), [1, 2, 3]),
}


@pytest.mark.parametrize("case", DUELS)
def test_a_duel_is_legible_on_one_clock_under_its_own_sentence(case):
    fight = DUELS[case]()
    picture = plots.duel(fight)
    check(picture)
    assert (picture.title, picture.caption) == (fight.sentence, fight.caption)
    assert "seed 7" in picture.caption and "trial 11" in picture.caption
    first, _, second, _ = picture.axes
    assert len({axes.get_xlim() for axes in picture.axes}) == 1
    assert first.get_ylim() == second.get_ylim()
    key = {text.get_text() for text in picture.legends[0].get_texts()}
    assert "the pipeline stops" in key and not key & {"waits for its window", "people recover it"}


@pytest.mark.parametrize("case", ["ordinary", "14 days of harm", "late harm", "1 region", "30 regions"])
def test_the_area_under_the_curve_is_the_impact(case):
    fight = DUELS[case]()
    for side in (fight.first, fight.second):
        times, shares = failing(harms(side.rollout, paths(side.rollout)))
        assert np.trapezoid(shares, times) == pytest.approx(side.row.impact_minutes, rel=1e-12)


def test_the_area_written_is_the_impact():
    """Blue/green, 100 and 200 requests a minute, half of them failing. All at once: served at 14, hurt at 17; the
    second gathers 100 failures in 1 minute, seen at 20, rolled back at 28: 11 minutes × 0.5 = 5.5 fleet-minutes.
    In turn, the first alone: 100 failures take 2 minutes, rolled back at 29: 12 × 0.5 / 3 = 2 fleet-minutes."""
    fight = two(scenario(2, faults=[BAD]), [1, 1], strategy="blue_green")
    assert [side.row.impact_minutes for side in (fight.first, fight.second)] == pytest.approx([5.5, 2.0])
    seen = [text for text in written(plots.duel(fight)) if text.endswith("fleet-minutes")]
    assert seen == ["5.5 fleet-minutes", "2.0 fleet-minutes"]
    assert all(text.split()[0] in fight.sentence for text in seen)


def test_a_duel_picks_up_from_simulation_duel():
    world = scenario(6, faults=[{**BAD, "probability": 0.3}])
    plans = waves.all_at_once(world.fleet, bake_minutes=20.0), waves.sizes(world.fleet, [1, 2, 3], bake_minutes=20.0)
    fight = duel(*plans, world, seed=3, trial=0)
    assert isinstance(fight.plot(), Figure)
