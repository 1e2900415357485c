"""A fit of the sample history against the scenario that it was drawn from, and what a fit says where little is known.

Not here: whether intervals hold their level over many histories.
"""

import math
from pathlib import Path

import pandas as pd
import pytest

import history
import simulation
from history.joining.as_of import as_of, only
from waves import Plan, all_at_once

DATA = Path(__file__).parents[3] / "data"
TRUE = {
    "deploy": 6, "deploy, p95": 12, "failed_deploy": 30, "build": 8, "build, p95": 15, "handover": 2,
    "handover, p95": 6, "approval_wait": 25, "approval_wait, p95": 180, "reaction": 3, "rollback": 5,
    "manual_recovery": 45, "build_failure_probability": 0.03, "rejection_probability": 0.02,
    "deploy_failure_probability": 0.004, "image registry: probability": 0.01, "rollback_failure_probability": 0.02,
    "false_alarms_per_region_day": 0.03,
}  # fmt: skip


@pytest.fixture(scope="module")
def scenario():
    return simulation.sample("storefront")


@pytest.fixture(scope="module")
def used():
    return Plan.read(DATA / "plans" / "six-region-three-wave.yaml").replace(retries=1)


@pytest.fixture(scope="module")
def rollouts(scenario, used):
    return history.rollouts(DATA / "history", fleet=scenario.fleet, plans={"*": used})


@pytest.fixture(scope="module")
def fitted(rollouts, scenario, used):
    return history.fit(rollouts, scenario, used=used, seed=3)


def test_it_finds_the_scenario_that_the_sample_was_drawn_from(fitted):
    """Each estimate is as near to the truth as its interval says, at 4.9 standard errors."""
    for name, true in TRUE.items():
        row = fitted.frame.loc[name]
        error = math.log(row.high / row.low) / (2 * 1.96)
        assert abs(math.log(row.estimate / true)) < 4.9 * error, name


def test_the_scenario_is_read_as_files_are_and_says_where_it_comes_from(fitted, tmp_path):
    fitted.scenario.write(tmp_path / "fitted.yaml")
    again = simulation.Scenario.read(tmp_path / "fitted.yaml")
    assert again == fitted.scenario and again.digest == fitted.scenario.digest
    source = again.sources["deploy"]
    assert str(source).startswith("2,120 deployments, 2025-04 to 2026-06, 16 of them cut short (estimate 6.0")
    assert not isinstance(source, str) and source.n == 2120
    assert source.low is not None and source.estimate is not None and source.high is not None
    assert source.low < source.estimate < source.high
    assert f"(estimate {again.faults[1].probability:.4g}, " in str(again.sources["bad release"])


def test_draws_are_the_same_for_a_seed_and_spread_as_the_interval(fitted, rollouts, scenario, used):
    again = history.fit(rollouts, scenario, used=used, seed=3)
    draws = fitted.posterior(60)
    assert draws == again.posterior(60) and draws[:5] == fitted.posterior(5)
    assert draws[0] != draws[1]
    medians = pd.Series([each.deploy.median for each in draws])
    row = fitted.frame.loc["deploy"]
    assert 44 <= medians.between(row.low, row.high).sum() <= 60  # of 60 at 95 %, α = 1e-6
    assert medians.std() > 0.1 * (row.high - row.low)
    assert {each.fleet.digest for each in draws} == {scenario.fleet.digest}
    with pytest.raises(ValueError, match=r"k is 1001; this fit has 1000 draws"):
        fitted.posterior(1001)


def test_nothing_of_later_is_read(rollouts, scenario, used):
    """Whatever happens after an instant, a fit as of it is the same to the last byte."""
    at = pd.Timestamp("2025-12-01T00:00:00Z")
    early = history.fit(rollouts, scenario, used=used, seed=3, as_of=at)
    cut = history.fit(known_to(rollouts, at), scenario, used=used, seed=3, as_of=at)
    assert early.scenario.as_dict() == cut.scenario.as_dict()
    assert early.frame.equals(cut.frame) and early.as_dict() == cut.as_dict()
    assert early.rollouts == int((rollouts.frame["started_at"].fillna(rollouts.frame["pushed_at"]) < at).sum())


def test_as_of_its_end_a_history_says_all_that_it_says(fitted, rollouts, scenario, used):
    """Refusals by people among it, which only the status of a run tells."""
    late = history.fit(rollouts, scenario, used=used, seed=3, as_of="2030-01-01T00:00:00Z")
    pd.testing.assert_frame_equal(late.frame, fitted.frame)
    assert not str(late.frame.loc["rejection_probability", "source"]).startswith("0 of")


@pytest.mark.parametrize("instant", ["2025-12-01", "", "yesterday", pd.NaT, "2025-12-01T00:00:00"])
def test_an_instant_without_a_zone_is_refused(rollouts, scenario, instant):
    with pytest.raises(ValueError, match=r"^as_of is .*; give an instant with a zone"):
        history.fit(rollouts, scenario, as_of=instant)


def known_to(rollouts, at):
    """The same with everything later moved another hundred days away, and named otherwise."""
    from dataclasses import replace

    def moved(table):
        found = table.copy()
        for name in found.columns:
            if name.endswith("_at"):
                found[name] = found[name].mask(found[name] > at, found[name] + pd.Timedelta(days=100))
        return found

    tables = {name: moved(getattr(rollouts, name)) for name in ("frame", "regions", "waves", "deployments")}
    return replace(rollouts, **tables)


def test_a_replay_of_a_fit_takes_a_draw_a_world(rollouts, scenario, used):
    """World m takes draw m: the same as giving the draws one by one, and not what the estimates alone give."""
    early = as_of(rollouts, pd.Timestamp("2025-05-20T00:00:00Z"))
    few = only(early, early.frame.index[early.frame["kind"] == "change"])  # configurations start one by one
    fitted = history.fit(few, scenario, used=used, seed=3)
    plans = {"at once": all_at_once(scenario.fleet)}

    def answer(given):
        return history.replay(few, plans, given, used=used, worlds=3, seed=5)

    drawn = answer(fitted)
    assert drawn.differences.equals(answer(fitted.posterior(3)).differences)
    assert not drawn.differences.equals(answer(fitted.scenario).differences)
    assert drawn.identity.kept == drawn.identity.worlds > 3 * 20
