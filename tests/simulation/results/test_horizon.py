"""The horizon: what part of a figure it carries, by hand, and when that is said."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest

import simulation
from simulation.results.horizon import carried, open_harm, outlasting, warning
from tests.builders import plan, sample_plan, scenario


def outcomes(rows: list[tuple[float, float]], horizon: float = 1000.0) -> simulation.Outcomes:
    """Of each trial its impact and its last recovery."""
    frame = pd.DataFrame(rows, columns=["impact_minutes", "recovered_minutes"])
    frame = frame.assign(
        outcome="escaped", end_minutes=9.0, deployed_minutes=9.0, detected_minutes=math.nan, regions_exposed=1,
        share_exposed=0.5, peak_share=0.5, failover_hit=False, mixed_minutes=0.0,
    )  # fmt: skip
    world = scenario().model_copy(update={"horizon_minutes": horizon})
    return simulation.Outcomes(
        plan("a"), world, 0, range(len(rows)), frame, np.zeros((3, 1)), frame["impact_minutes"].to_numpy() > 0
    )


NEVER = math.nan


def test_harm_is_open_where_nothing_ended_it_before_the_book_closed():
    """Nothing was rolled back, or too late; who was not hurt has no harm to end."""
    rows = [(5.0, 20.0), (5.0, NEVER), (5.0, 1000.0), (5.0, 999.9), (0.0, NEVER)]
    assert open_harm(outcomes(rows)).tolist() == [False, True, True, False, False]


def test_the_part_of_a_mean_is_what_it_would_lose():
    """Of 100 fleet-minutes in all, 25 are open."""
    parts = carried(outcomes([(75.0, 20.0), (25.0, NEVER), (0.0, NEVER), (0.0, 9.0)]))
    assert parts["impact_minutes_mean"] == pytest.approx(0.25)
    assert parts["failed_requests_mean"] == pytest.approx(0.25)
    assert parts["impact_minutes_given_defect_mean"] == pytest.approx(0.25)


@pytest.mark.parametrize("open_, said", [(9.9, False), (10.1, True)])
def test_it_is_said_from_a_tenth_on(open_, said):
    runs = {"mine": outcomes([(100 - open_, 20.0), (open_, NEVER)] + [(0.0, NEVER)] * 98)}
    assert ("impact_minutes_mean" in carried(runs["mine"])) == said
    text = warning(runs).replace("\u00a0", " ")
    assert ("10 % of “impact of a change, mean” under mine" in text) == said
    assert "`report`" in text, "its percentiles are those of the one that nothing ended"


@pytest.mark.parametrize("late, said", [(9, False), (10, True)])
def test_what_outlasts_it_is_said_from_a_tenth_on(late, said):
    """What hurts after the book closed is not counted: a plan that begins then seems to hurt nobody."""
    found = outcomes([(0.0, NEVER)] * 100)
    found.frame.loc[: late - 1, "end_minutes"] = 1000.1
    text = warning({"mine": found}).replace("\u00a0", " ")
    assert ("cuts off 10 % of rollouts under mine" in text) == said == bool(text)
    assert outlasting(found) == pytest.approx(late / 100)


def test_without_a_horizon_nothing_is_carried_by_it():
    assert carried(outcomes([(math.inf, NEVER), (1.0, 5.0)], horizon=math.inf)) == {}


def test_the_sample_is_free_of_it_and_without_customers_it_is_not():
    """In the storefront customers report what no alarm sees; take them away, and the book's end is all that helps."""
    world, three = simulation.sample("storefront"), sample_plan("six-region-three-wave")
    assert carried(simulation.run(three, world, trials=2000, seed=7)) == {}
    mute = world.model_copy(update={"report": None})
    parts = carried(simulation.run(three, mute, trials=2000, seed=7))
    assert parts["impact_minutes_mean"] > 0.9
    longer = mute.model_copy(update={"horizon_minutes": 2 * mute.horizon_minutes})
    means = [simulation.run(three, each, trials=2000, seed=7).frame["impact_minutes"].mean() for each in (mute, longer)]
    assert means[1] > 1.8 * means[0], "as the warning says, the figure grows with the horizon"


@pytest.fixture(scope="module")
def mute():
    """A world in which nobody reports what no alarm sees."""
    return simulation.sample("storefront").model_copy(update={"report": None})


def test_sums_and_rare_events_warn_of_it(mute):
    """What keeps no rows looks at some first; a figure that is no harm needs no warning."""
    plans = {"mine": sample_plan("six-region-three-wave")}
    with pytest.warns(UserWarning, match="the horizon carries 9[0-9.]+ % of .* under mine"):
        simulation.sweep(plans, mute, trials=4096)
    with pytest.warns(UserWarning, match="the horizon carries"):
        simulation.rare(plans, mute, "impact_minutes_mean", precision=None, trials=4096)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        simulation.rare(plans, mute, "share_exposed_mean", precision=None, trials=4096)
        simulation.sweep(plans, simulation.sample("storefront"), trials=4096)


def test_a_single_rollout_says_it(mute):
    """By its columns alone: hurt, and not recovered before the book closed."""
    plan, horizon = sample_plan("six-region-three-wave"), mute.horizon_minutes
    seen = set()
    for trial in range(40):
        row = (found := simulation.trace(plan, mute, seed=7, trial=trial, sampling="stratified")).row
        late = row.impact_minutes > 0 and not row.recovered_minutes < horizon
        assert ("the horizon carries the harm" in found.warning) == late
        seen.add(late)
    assert seen == {True, False}


def test_a_verdict_carries_the_warning_and_the_gate_tells_it(mute):
    found = simulation.compare({"mine": sample_plan("six-region-three-wave")}, mute, trials=500, seed=7)
    limits = simulation.parse_limits({"probability_shipped": {"at_least": 0.5}}, simulation.FIGURES)
    verdict = simulation.verdict(found, limits)
    assert [text.startswith("the horizon carries 9") for text in verdict["warnings"]] == [True]
    code, lines = simulation.gate(verdict)
    assert (code, lines[-1]) == (0, f"warning: {verdict['warnings'][0]}")
