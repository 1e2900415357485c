"""Pictures of lessons: a few figures, curves, a calendar; what they refuse, and names that would be markup."""

import pytest

import simulation
import waves
from simulation import lessons, plots

EVIL = "<script>$x$"


@pytest.fixture(scope="module")
def world() -> simulation.Scenario:
    """Two regions, one of a hostile name, where every change is bad."""
    fleet = {"regions": [{"name": EVIL, "traffic": 1000}, {"name": "b", "traffic": 3000}]}
    faults = [{"name": "bad", "probability": 1.0, "severity": 0.5}]
    return simulation.Scenario.model_validate({"fleet": fleet, "deploy": 6, "evidence": 900, "faults": faults})


def test_a_figure_has_a_row_a_plan_and_the_sentence_for_a_title(world):
    outcomes = {EVIL: simulation.run(waves.all_at_once(world.fleet, bake_minutes=5), world, trials=50)}
    picture = plots.figures(outcomes, ("share_exposed_mean", "minutes_to_ship"), title=f"All of {EVIL}")
    assert plots.alt(picture).startswith("All of <script>") and "<script" not in picture._repr_html_()
    assert len(picture.axes) == 2


@pytest.mark.parametrize(
    ("outcomes", "names", "said"), [({}, ("share_exposed_mean",), "nothing to draw"), (None, (), "nothing to draw"),
                                    (None, ("share_exposed_maen",), "did you mean")]
)  # fmt: skip
def test_figures_refuse_what_they_cannot_draw(world, outcomes, names, said):
    own = {"a": simulation.run(waves.all_at_once(world.fleet, bake_minutes=5), world, trials=50)}
    with pytest.raises(ValueError, match=said):
        plots.figures(own if outcomes is None else outcomes, names)


def test_a_curve_of_one_value_is_drawn_and_one_of_none_refused(world):
    plan = {"at once": waves.all_at_once(world.fleet, bake_minutes=5)}
    found = lessons.varied({7: world}, plan, "impact_minutes_mean", "minutes", trials=50)
    assert found.at == [7] and found.unit == "fleet-minutes" and found.plot().axes
    with pytest.raises(ValueError, match="nothing to vary"):
        lessons.varied({}, plan, "impact_minutes_mean", "minutes")


def test_a_calendar_says_on_which_days(world):
    """Pushed on a Monday at noon; the second region's window opens on Tuesday at ten."""
    plan = waves.Plan(
        name=EVIL,
        calendar={"days": ["tue"], "hours": ["10:00", "16:00"], "zone": "Europe/Berlin"},
        waves=[{"regions": [EVIL], "bake_minutes": 30, "calendar": "none"}, {"regions": ["b"], "bake_minutes": 30}],
    )
    sound = world.replace(faults=[], pushes="2026-11-23 12:00 Europe/Berlin")
    picture = plots.calendar(simulation.trace(plan, sound))
    assert picture.title == "Pushed on Monday at 12:00, completed on Tuesday at 10:36: 22\u00a0h\u00a036\u00a0min"
    assert "<script" not in picture._repr_html_()
    with pytest.raises(ValueError, match="does not say when people push"):
        plots.calendar(simulation.trace(waves.all_at_once(world.fleet, bake_minutes=5), world))
