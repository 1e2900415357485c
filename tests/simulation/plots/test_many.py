"""The pictures of many rollouts: what they draw, what their titles say, and the odd cases."""

import math

import numpy as np
import pytest
from matplotlib.patches import Rectangle

import waves
from simulation import plots, run
from simulation.plots._differences import leaning
from simulation.plots._distributions import exceedance
from simulation.plots.words import number, percent
from tests.simulation.plots.pictures import (
    BAD,
    KINDS,
    check,
    comparison,
    marked,
    plain,
    scenario,
    written,
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["compare", "regions", "distributions", "outcome_shares"])
def test_a_picture_of_many_rollouts_is_legible_and_says_where_it_comes_from(name, kind):
    outcomes = comparison(kind).outcomes
    picture = getattr(plots, name)(outcomes)
    check(picture)
    assert f"{len(next(iter(outcomes.values())).trials)} rollouts a plan" in picture.caption
    assert "seed 7" in picture.caption


@pytest.mark.parametrize("kind", KINDS)
def test_differences_are_legible_and_name_the_baseline(kind):
    found = comparison(kind)
    picture = plots.differences(found)
    check(picture)
    assert f"Each plan minus {found.baseline}, trial by trial" in picture.caption


@pytest.mark.parametrize("name", ["compare", "regions", "distributions", "outcome_shares"])
def test_no_outcomes_are_refused(name):
    with pytest.raises(ValueError, match="at least one plan"):
        getattr(plots, name)({})


def test_compare_draws_each_estimate_at_its_place():
    found = comparison("ordinary")
    exposed, impact, _, shipping, trade = plots.compare(found.outcomes).axes
    table = found.table
    for axes, figure, marker in (
        (exposed, "share_exposed_mean", "o"),
        (impact, "impact_minutes_p95", "^"),
        (shipping, "probability_shipped", "o"),
    ):
        drawn = [x for x, _ in marked(axes, (marker,))]
        assert drawn == [table[(plan, "estimate")][figure] for plan in found.outcomes]
    points = set(marked(trade, ("o",)))
    wanted = ("minutes_to_ship", "impact_minutes_mean")
    assert points == {tuple(table[(plan, "estimate")][figure] for figure in wanted) for plan in found.outcomes}


def test_the_title_of_compare_names_the_plan_that_costs_least():
    found = comparison("ordinary")
    mean = {name: each.summary()["estimate"]["impact_minutes_mean"] for name, each in found.outcomes.items()}
    least = min(mean, key=lambda name: mean[name])
    assert plain(plots.compare(found.outcomes).title).startswith(
        f"{least} costs least on average, {number(mean[least])} fleet"
    )


def test_what_has_no_interval_is_hollow_and_the_caption_says_so():
    picture = plots.compare(comparison("few").outcomes)
    markers = [line for axes in picture.axes for line in axes.lines if line.get_marker() in tuple("o^sDv")]
    assert any(line.get_markerfacecolor() == "white" for line in markers)
    assert "Hollow: too few trials for an interval." in picture.caption


def test_what_is_infinite_is_written_as_such():
    assert "∞" in written(plots.compare(comparison("endless").outcomes))
    assert "∞" in written(plots.compare(comparison("never ships").outcomes))
    assert plots.compare(comparison("never ships").outcomes).title == "None of 30 rollouts a plan shipped"
    assert "hurts without end" in plots.distributions(comparison("endless").outcomes).title


def test_healthy_rollouts_give_titles_that_say_so():
    outcomes = comparison("healthy").outcomes
    assert plots.compare(outcomes).title.startswith("No plan lost anything in 30 rollouts")
    assert plots.regions(outcomes).title == "No plan exposed any of 4 regions to a defect"
    assert plots.distributions(outcomes).title.startswith("No rollout cost anything")
    assert "every rollout completed" in written(plots.outcome_shares(outcomes))


def test_differences_have_a_zero_line_in_each_panel_and_each_difference_at_its_place():
    found = comparison("ordinary")
    picture = plots.differences(found)
    names = [name for name in found.outcomes if name != found.baseline]
    assert len(picture.axes) == 6
    for axes in picture.axes:
        assert any(np.array_equal(line.get_xdata(), [0, 0]) for line in axes.lines)
    drawn = [x for x, _ in marked(picture.axes[0], ("o", "s", "D"))]
    assert drawn == [found.differences.loc[(name, "impact_minutes_mean"), "difference"] for name in names]


@pytest.mark.parametrize(
    ("estimate", "less", "said"),
    [
        ((-1.0, -2.0, -0.5), True, "better"),
        ((-1.0, -2.0, -0.5), False, "worse"),
        ((1.0, 0.5, 2.0), True, "worse"),
        ((1.0, -0.5, 2.0), True, "open"),
        ((1.0, math.nan, math.nan), True, "open"),
        ((math.inf, math.nan, math.nan), True, "worse"),
    ],
)
def test_a_difference_counts_only_where_its_interval_excludes_zero(estimate, less, said):
    assert leaning(estimate, less) == said


def test_regions_draw_each_regions_probability_at_its_place():
    found = comparison("ordinary")
    axes = plots.regions(found.outcomes).axes[0]
    points = sorted(x for x, _ in marked(axes, ("o", "s", "^")))
    wanted = [value for each in found.outcomes.values() for value in each.regions["exposed_probability"]]
    assert points == pytest.approx(sorted(wanted))


def test_a_plan_that_leaves_regions_out_has_no_points_there():
    world = scenario(3, faults=[{**BAD, "probability": 0.5}])
    part = run(waves.grouped([["region-1"], ["region-3"]]), world, trials=20, seed=7)
    picture = plots.regions({"part": part})
    check(picture)
    assert not any("region-2" in text for text in written(picture))


def test_exceedance_counts_what_is_above():
    """Of 0, 0, 1, 3, ∞: three of five exceed 0, two exceed 1, one exceeds 3."""
    values = np.array([1.0, 0.0, 3.0, math.inf, 0.0])
    at, above = exceedance(values, np.full(5, 0.2))
    assert at.tolist() == [0.0, 1.0, 3.0]
    assert above.tolist() == pytest.approx([0.6, 0.4, 0.2])
    assert exceedance(values, np.array([0.5, 0.3, 0.15, 0.05, 0.0]))[1].tolist() == pytest.approx([0.7, 0.2, 0.05])


def test_a_long_exceedance_curve_is_thinned_without_moving_its_points():
    values = np.arange(50_000, dtype=float)
    at, above = exceedance(values, np.full(50_000, 1 / 50_000))
    assert len(at) <= 1500
    assert above.tolist() == pytest.approx(((49_999 - at) / 50_000).tolist(), abs=1e-12)
    assert (at[0], at[-1]) == (0.0, 49_999.0)


def test_outcome_bars_add_up_and_carry_their_shares():
    found = comparison("ordinary")
    whole = plots.outcome_shares(found.outcomes).axes[0]
    ends: dict[float, float] = {}
    for patch in (patch for patch in whole.patches if isinstance(patch, Rectangle)):
        middle = patch.get_y() + patch.get_height() / 2
        ends[middle] = max(ends.get(middle, 0.0), patch.get_x() + patch.get_width())
    assert list(ends.values()) == pytest.approx([1.0] * 3)
    first = next(iter(found.outcomes.values()))
    assert percent(first.summary()["estimate"]["probability_completed"]) in [text.get_text() for text in whole.texts]
