"""Time as people live it: days and hours worked out by hand."""

from matplotlib.patches import Rectangle

import simulation
from simulation import plots, report
from waves import Fleet, Plan, Region, Wave

FLEET = Fleet(regions=tuple(Region(name=name, traffic=1.0, zone="Europe/Berlin") for name in "ab"))
PLAN = Plan(
    name="two days",
    waves=(Wave(regions=("a",), bake_minutes=120.0), Wave(regions=("b",), bake_minutes=60.0)),
    calendar={"days": ["mon", "tue", "wed", "thu"], "hours": ("10:00", "11:00"), "zone": "Europe/Berlin"},
)


def compared(pushes, plan=PLAN):
    scenario = simulation.Scenario(fleet=FLEET, build=15.0, deploy=30.0, handover=0.0, pushes=pushes)
    return simulation.compare({plan.name: plan}, scenario, trials=4, seed=1)


def test_a_push_on_a_tuesday_is_done_on_wednesday():
    """From 10:15 to 10:45, baked at 12:45; the next window is Wednesday at 10:00: 30 minutes, and an hour of bake."""
    said = report.as_lived(compared("2026-11-24 10:00 Europe/Berlin"))
    assert (
        "pushed on a Tuesday at 10:00, done by Wednesday 11:30 in half of the cases, by Wednesday 11:30 in 95 %" in said
    )


def test_each_day_on_which_people_push_has_a_row():
    """Fridays' pushes wait for Monday, Thursdays' second wave does: both are done in the week after."""
    said = report.as_lived(
        compared({"from": "2026-11-19", "to": "2026-11-21", "hours": ("10:00", "10:20"), "zone": "Europe/Berlin"})
    )
    assert "Thursday 10:10</td>" in said and "Friday 10:10</td>" in said
    assert "Monday 11:30" in said  # Thursday: a from 10:25 to 10:55; b on Monday
    assert "Tuesday 11:30" in said  # Friday: a on Monday, b on Tuesday


def test_without_a_calendar_there_is_nothing_to_say_of_days():
    """Whether or not people push at any time, or a wave says `none`."""
    always = PLAN.replace(calendar=None)
    unsaid = PLAN.replace(waves=[{**wave.model_dump(exclude_none=True), "calendar": "none"} for wave in PLAN.waves])
    for pushes, plan in ((None, always), ("2026-11-24 10:00 Europe/Berlin", always), (None, unsaid)):
        assert report.as_lived(compared(pushes, plan)) == ""


def test_where_the_time_goes_is_said_and_drawn():
    """Build 15; a deploys 30, bakes 120; 21 h 15 min closed; b 30, bakes 60: 25 h 30 min in all."""
    found = compared("2026-11-24 10:00 Europe/Berlin")
    said = report.see_time(found).replace("\u00a0", " ")
    assert "two days takes 1 d 2 h, of which 83 % closed window and 12 % bake" in said
    picture = plots.time_spent(found.outcomes)
    (bars,) = picture.axes
    widths = [round(bar.get_bbox().width, 6) for bar in bars.patches if isinstance(bar, Rectangle)]
    assert widths == [15.0, 0.0, 0.0, 1275.0, 60.0, 180.0]
    assert "closed windows" in " ".join(text.get_text() for text in picture.texts)
