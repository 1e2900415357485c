"""Plans against each other: differences are those of the single runs, pair by pair."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from simulation import Comparison, compare, run, sample
from tests.builders import plan, sample_plan, scenario, wave
from waves import InputError

STOREFRONT = sample("storefront")
PLANS = {name: sample_plan(name) for name in ("six-region-three-wave", "all-at-once", "one-at-a-time")}
TRIALS, SEED = 1500, 4
MEANS = ["share_exposed", "peak_share", "impact_minutes", "regions_exposed", "mixed_minutes"]


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(PLANS, STOREFRONT, trials=TRIALS, seed=SEED, sampling="crude")


@pytest.fixture(scope="module")
def frames():
    return {
        name: run(plan, STOREFRONT, trials=TRIALS, seed=SEED, sampling="crude").frame for name, plan in PLANS.items()
    }


def test_the_first_plan_is_the_baseline(comparison):
    assert comparison.baseline == "six-region-three-wave"
    assert list(comparison.outcomes) == list(PLANS)
    assert set(comparison.differences.index.get_level_values("plan")) == {"all-at-once", "one-at-a-time"}


@pytest.mark.parametrize("name", ["all-at-once", "one-at-a-time"])
@pytest.mark.parametrize("column", MEANS)
def test_a_difference_of_means_is_that_of_paired_values(comparison, frames, name, column):
    """Student's interval of the trial-by-trial differences."""
    new, old = (frames[each][column].astype(float) for each in (name, comparison.baseline))
    low, high = stats.ttest_rel(new, old).confidence_interval(0.95)
    found = comparison.differences.loc[(name, f"{column}_mean")]
    assert np.count_nonzero(new - old) >= 10
    assert (found["difference"], found["low"], found["high"]) == pytest.approx((np.mean(new - old), low, high))


def test_a_difference_in_the_chance_to_ship_is_that_of_paired_trials(comparison, frames):
    shipped = {name: frame["outcome"].isin(["completed", "escaped"]).astype(float) for name, frame in frames.items()}
    new, old = shipped["all-at-once"], shipped[comparison.baseline]
    low, high = stats.ttest_rel(new, old).confidence_interval(0.95)
    found = comparison.differences.loc[("all-at-once", "probability_shipped")]
    assert (found["difference"], found["low"], found["high"]) == pytest.approx((np.mean(new - old), low, high))


def test_a_difference_of_ratios_has_the_jackknifes_interval(comparison, frames):
    """`minutes_to_ship` is Σ spent / Σ shipped; leaving out one trial at a time finds the same standard error."""

    def left_out(frame):
        shipped = frame["outcome"].isin(["completed", "escaped"]).astype(float)
        later = frame[["end_minutes", "recovered_minutes"]].max(axis=1)  # until the next try, without a fix (rule 26)
        end = frame["end_minutes"].where(shipped > 0, later)
        return end.sum() / shipped.sum(), (end.sum() - end) / (shipped.sum() - shipped)

    (new, each_new), (old, each_old) = (left_out(frames[name]) for name in ("one-at-a-time", comparison.baseline))
    spread = (each_new - each_old).to_numpy()
    error = np.sqrt((TRIALS - 1) / TRIALS * np.sum((spread - spread.mean()) ** 2))
    found = comparison.differences.loc[("one-at-a-time", "minutes_to_ship")]
    assert found["difference"] == pytest.approx(new - old)
    assert (found["high"] - found["low"]) / 2 == pytest.approx(stats.t.ppf(0.975, TRIALS - 1) * error, rel=0.01)


def test_the_table_has_every_figure_of_every_plan(comparison):
    own = run(PLANS["all-at-once"], STOREFRONT, trials=TRIALS, seed=SEED, sampling="crude").summary()
    assert list(comparison.table["all-at-once"].index) == list(own.index)
    assert comparison.table["all-at-once"]["estimate"].equals(own["estimate"])


def test_identical_plans_differ_by_nothing():
    """And by how much at most remains unsaid: no trial differs."""
    found = compare(
        {"one": PLANS["all-at-once"], "other": PLANS["all-at-once"]}, STOREFRONT, trials=200, sampling="crude"
    ).differences
    assert (found["difference"] == 0).all() and found[["low", "high"]].isna().all(axis=None)


@pytest.mark.parametrize("figure", ["mixed_minutes_mean", "end_minutes_given_shipped_mean", "minutes_to_ship"])
def test_where_few_trials_differ_the_interval_of_a_time_is_unknown(figure):
    """A retry matters in some four trials of a hundred; from fewer than ten an interval would be a guess."""
    base = PLANS["six-region-three-wave"]
    plans = {"one": base, "other": base.model_copy(update={"retries": base.retries + 1})}
    few, many = (compare(plans, STOREFRONT, trials=trials, sampling="crude") for trials in (100, 20_000))
    for found, known in ((few, False), (many, True)):
        frames = [found.outcomes[name].frame for name in plans]
        shipped = [frame["outcome"].isin(["completed", "escaped"]) for frame in frames]
        differ = (frames[0]["end_minutes"] != frames[1]["end_minutes"]) | (shipped[0] != shipped[1])
        assert differ.any() and (differ.sum() >= 10) == known
        row: Any = found.differences.loc[("other", figure)]
        assert row["difference"] != 0
        assert row[["low", "high"]].notna().all() == known


def test_where_only_shipping_differs_the_trials_count_as_different():
    """Each pipeline ends after 1 minute, shipped or with a failed deployment: the time to ship is 1 / P(shipped)."""
    fails = scenario(faults=[], deploy_failure_probability=0.3)
    found = compare({"one": plan("a"), "other": plan("b")}, fails, trials=400, sampling="crude")
    assert all((each.frame["end_minutes"] == 1.0).all() for each in found.outcomes.values())
    one, other = (each.shipped.mean() for each in found.outcomes.values())
    row: Any = found.differences.loc[("other", "minutes_to_ship")]
    assert row["difference"] == pytest.approx(1 / other - 1 / one)
    assert row["low"] < row["difference"] < row["high"]


def test_from_fewer_than_ten_that_ship_no_interval_is_made():
    """Of 40 rollouts some four ship under either plan, and every one takes longer under the second."""
    hardly = scenario(build_failure_probability=0.9)
    found = compare({"one": plan("a"), "other": plan("a", "b")}, hardly, trials=40, sampling="crude")
    shipped = [int(each.shipped.sum()) for each in found.outcomes.values()]
    assert all(0 < count < 10 for count in shipped)
    assert found.differences.loc[("other", "minutes_to_ship"), ["low", "high"]].isna().all()


def test_where_nothing_ships_there_is_no_difference():
    broken = scenario(build_failure_probability=1.0)
    found = compare({"one": plan("a"), "other": plan("a", "b")}, broken, trials=20, sampling="crude").differences
    assert found["difference"].isna()[("other", "minutes_to_ship")]
    assert found.loc[("other", "probability_shipped"), "difference"] == 0


def test_where_one_plan_never_ships_it_takes_endlessly_longer():
    """As its own summary says; those that ship under it, of which there are none, have no time."""
    refused = scenario(rejection_probability=1.0)
    found = compare({"ships": plan("a"), "asks": plan(wave("a", approval=True))}, refused, trials=30, sampling="crude")
    own: Any = found.summaries["asks"]["estimate"]
    assert own["minutes_to_ship"] == np.inf
    table: Any = found.differences.loc["asks"]
    assert table["difference"]["minutes_to_ship"] == np.inf
    assert np.isnan(table["difference"]["end_minutes_given_shipped_mean"])
    assert table.loc["minutes_to_ship", ["low", "high"]].isna().all()


def test_one_plan_has_no_differences():
    assert len(compare({"one": plan("a")}, scenario(), trials=5, sampling="crude").differences) == 0


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="there are no plans to compare; give at least one"):
        compare({}, scenario(), sampling="crude")
    with pytest.raises(ValueError, match="confidence is 95; give a number between 0 and 1"):
        compare({"one": plan("a")}, scenario(), confidence=95, sampling="crude")
    with pytest.raises(ValueError, match="confidence is '95'; give a number between 0 and 1"):
        compare({"one": plan("a")}, scenario(), confidence="95", sampling="crude")  # type: ignore[arg-type]
    for wrong in ([plan("a")], plan("a"), {"one": None}):
        with pytest.raises(ValueError, match="plans must be a mapping from names to plans"):
            compare(wrong, scenario(), sampling="crude")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="trials is 0"):
        compare({"one": plan("a")}, scenario(), trials=0, sampling="crude")
    with pytest.raises(InputError, match="'z' is not in the fleet"):
        compare({"one": plan("a"), "other": plan("z")}, scenario(), sampling="crude")
