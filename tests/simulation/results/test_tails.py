"""Tails that a sample may not have met: what laws say of them, and that a figure's being told is no matter of luck.

Not here: how often intervals hold (``test_coverage``).
"""

import math

import numpy as np
import pytest
from scipy import stats

from benchmarks.coverage import scenes
from simulation import compare, sample, setting
from simulation.distributions import Constant, Empirical, Lognormal
from simulation.rare_events.known import Known
from simulation.rare_events.sampling import sampling_of
from simulation.results.statistics import FEW
from simulation.results.tails import _by_hand, _severity, usually
from tests.builders import sample_plan

TAILS = scenes()["long tails"]


@pytest.mark.parametrize("draws", [3.0, 200.0, 1e6])
def test_a_law_is_shown_up_to_what_a_tenth_of_samples_exceed(draws):
    """Of a lognormal, E[Xᵏ; X ≤ q] = medianᵏ · exp(k² σ² / 2) · Φ(z − k σ), z of q; a constant is all of itself."""
    law = Lognormal(median=45.0, p95=1000.0)
    z = stats.norm.isf(1 / (FEW * draws))
    expected = [45.0**k * math.exp(k**2 * law.sigma**2 / 2) * stats.norm.cdf(z - k * law.sigma) for k in (2, 3)]
    assert usually(law, draws) == pytest.approx(expected, rel=0.03)
    assert usually(Constant(value=5.0), draws) == pytest.approx((25.0, 125.0), rel=1 / FEW / draws + 1e-3)


def test_what_is_cut_at_the_horizon_is_no_longer_than_that():
    assert usually(Empirical(values=(1.0, 1e9)), 1e6, 10.0) == pytest.approx((50.5, 500.5), rel=5e-3)


def test_strata_that_tell_roll_backs_and_severities_apart_have_what_the_scenario_says_together():
    """Weighted by the strata of one thing, chances of a recovery by hand are the scenario's, severities the law's."""
    scene = sample("storefront")
    known = Known(setting(sample_plan("six-region-three-wave"), scene), sampling_of(scene))
    strata = known.sampling.strata
    own = [n for n, each in enumerate(strata) if each.what == "bad release, seen"]
    assert len(own) > 4, "it is cut by grades"
    weights = np.array([strata[n].weight for n in own]) / sum(strata[n].weight for n in own)
    assert weights @ _by_hand(known)[own] == pytest.approx([scene.rollback_failure_probability] * 6)
    values = np.array([0.02, 0.05, 0.1, 0.2, 0.5, 1.0])
    severe = np.array([_severity(known, strata[n]) for n in own])
    assert weights @ severe == pytest.approx([(values**2).mean(), (values**3).mean()], rel=1e-6)


def test_whether_a_figure_is_told_hangs_on_the_scenario_and_not_on_the_sample():
    """People may take days to recover a region: some twenty such recoveries say nothing, however alike they look."""
    rare = "mixed_minutes_mean", "recovered_minutes_mean", "minutes_to_ship"
    for seed in range(4):
        found = compare(TAILS.plans, TAILS.scenario, seed=seed)
        for table in found.summaries.values():
            unknown = table.loc[list(rare)]
            assert unknown["low"].isna().all() and (unknown["trials_it_takes"] > 20_000).all()
            assert table.loc[["end_minutes_given_shipped_mean", "share_exposed_mean"], "low"].notna().all()
        differ = found.differences.loc["all at once"]
        assert math.isnan(differ["low"]["impact_minutes_mean"]) and differ["low"]["share_exposed_mean"] != 0


def test_where_people_are_quick_nothing_is_unknown_for_its_tail():
    """The same scenes with recoveries of an hour or two."""
    quick = TAILS.scenario.replace(manual_recovery=Lognormal(median=45.0, p95=90.0))
    for seed in range(4):
        for table in compare(TAILS.plans, quick, seed=seed).summaries.values():
            assert table.loc[["mixed_minutes_mean", "minutes_to_ship"], "low"].notna().all()
