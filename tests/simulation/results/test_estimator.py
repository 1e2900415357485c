"""Intervals of rows that all weigh the same: SciPy's, numbers by hand, and how often they cover the truth.

Not here: several strata (``test_sampling``, ``test_coverage``).
"""

import math

import numpy as np
import pytest
from scipy import stats

from simulation import run
from simulation.results import estimator
from simulation.results.estimator import Moments, Sample
from simulation.results.rows import Ladder
from simulation.results.statistics import Estimate
from tests import builders

REPLICATES = 2000
COVERED = range(1849, 1945)  # of 2,000 at 95 %: 1,900, within what chance does once in a million


def crude(n: int) -> Sample:
    """One stratum with all trials."""
    return Sample(np.ones(1), np.array([n]))


def mean(values, confidence=0.95):
    return estimator.mean(crude(len(values)), Moments.of_values(values, np.zeros(len(values), int), 1), confidence)


def quantile(values, p, confidence=0.95):
    return Ladder(crude(len(values)), [values]).quantile(p, confidence)


def proportion(hits, trials, confidence=0.95):
    return estimator.chance(crude(trials), np.array([hits]), confidence)


def nothing(estimate: Estimate) -> bool:
    return math.isnan(estimate.low) and math.isnan(estimate.high)


def test_the_mean_of_1_to_12_by_hand():
    """Mean 6.5; variance 13; t(11) at .975 is 2.200985; half the width is 2.200985 · √(13 / 12)."""
    found = mean(np.arange(1.0, 13.0))
    assert found == pytest.approx((6.5, 6.5 - 2.200985 * math.sqrt(13 / 12), 6.5 + 2.200985 * math.sqrt(13 / 12)))


def test_values_that_differ_in_their_last_digits_alone_have_no_shape():
    """Sums leave them a variance and a skewness of rounding; the mean of 1/3 in a quarter of the worlds is 1/12."""
    noise = Moments(np.array([289, 411]), np.array([0, 411]), np.array([0.0, 1 / 3]), np.array([0.0, 6.1e-13]),
                    np.array([0.0, -5.7e-13]), 0.0)  # fmt: skip
    found = estimator.mean(Sample(np.array([0.75, 0.25]), np.array([289, 411])), noise, 0.95)
    assert found == pytest.approx((1 / 12,) * 3, abs=1e-8)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_a_mean_has_students_interval(confidence):
    values = np.random.default_rng(1).lognormal(size=57)
    low, high = stats.ttest_1samp(values, 0).confidence_interval(confidence)
    assert mean(values, confidence) == pytest.approx((np.mean(values), low, high))


def test_the_mean_of_few_values_has_no_interval():
    """9 values other than zero are too few, 10 are not; neither are infinite ones an interval."""
    assert mean(np.array([])) == pytest.approx((math.nan,) * 3, nan_ok=True)
    nine, ten = (np.repeat([1.0, 0.0], [k, 100 - k]) for k in (9, 10))
    assert mean(nine).value == pytest.approx(0.09) and nothing(mean(nine))
    assert mean(ten).value == pytest.approx(0.1) and not nothing(mean(ten))
    endless = mean(np.array([math.inf] + [1.0] * 20))
    assert endless.value == math.inf and nothing(endless)
    assert mean(np.zeros(50)).value == 0 and nothing(mean(np.zeros(50)))


@pytest.mark.parametrize("p", [0.5, 0.95, 0.99])
@pytest.mark.parametrize("n", [12, 100, 2000])
def test_a_quantile_has_the_interval_of_order_statistics(n, p):
    """SciPy names no end where there are too few values."""
    values = np.random.default_rng(n).normal(size=n)
    found, expected = quantile(values, p), stats.quantile_test(values, p=p).confidence_interval(0.95)
    assert found.value == np.sort(values)[math.ceil(n * p - 1e-9) - 1]
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), nan_ok=True)


def test_the_95th_percentile_of_20_values_has_no_upper_end():
    """The 19th of 20; all 20 are below it with a chance of .95²⁰ = .36."""
    found = quantile(np.arange(20, 0, -1.0), 0.95)
    assert found.value == 19 and math.isnan(found.high)
    assert quantile(np.array([]), 0.5) == pytest.approx((math.nan,) * 3, nan_ok=True)


@pytest.mark.parametrize("hits, trials", [(0, 30), (1, 30), (15, 30), (30, 30), (7, 2000), (1, 1)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_a_proportion_has_the_interval_of_clopper_and_pearson(hits, trials, confidence):
    low, high = stats.binomtest(hits, trials).proportion_ci(confidence, method="exact")
    assert proportion(hits, trials, confidence) == pytest.approx((hits / trials, low, high))


def test_no_hit_in_30_trials_by_hand():
    """From 0 to 1 − .025^(1/30); of no trials, nothing is known."""
    assert proportion(0, 30) == pytest.approx((0, 0, 1 - 0.025 ** (1 / 30)))
    assert proportion(0, 0) == pytest.approx((math.nan,) * 3, nan_ok=True)


def test_a_ratio_has_the_delta_methods_interval():
    """The time to ship, spent over shipped: Var(R) ≈ (s_x² + R² s_y² − 2 R s_xy) / (n ȳ²), Student's factor."""
    scene = builders.scenario(deploy={"exponential": {"mean": 9.0}}, build_failure_probability=0.2)
    outcomes = run(builders.plan("a b", "c d"), scene, trials=400, seed=2, sampling="crude")
    y = outcomes.shipped.astype(float)
    x = np.fmax(outcomes.frame["end_minutes"], np.where(y, np.nan, outcomes.frame["recovered_minutes"]))
    r, (sxx, sxy, syy) = x.mean() / y.mean(), np.cov(x, y).ravel()[[0, 1, 3]]
    half = stats.t.ppf(0.975, 399) * math.sqrt((sxx + r * r * syy - 2 * r * sxy) / 400) / y.mean()
    found = outcomes.estimate("minutes_to_ship")[0]
    assert 0.05 < y.mean() < 0.95 and found == pytest.approx((r, r - half, r + half))


def test_sums_give_what_the_values_give():
    """Count, nonzero, sum, sum of squares and of cubes suffice."""
    x = np.random.default_rng(3).gamma(3.0, 20.0, 80)
    found = Moments.of_sums(np.array([[80.0], [80.0], [x.sum()], [(x**2).sum()], [(x**3).sum()]]))
    assert estimator.mean(crude(80), found, 0.95) == pytest.approx(mean(x))


def covered(estimates: list[Estimate], truth: float) -> int:
    return sum(e.low <= truth <= e.high for e in estimates)


def test_the_interval_of_a_mean_covers_as_often_as_it_says():
    values = np.random.default_rng(10).normal(5.0, 2.0, (REPLICATES, 200))
    assert covered([mean(row) for row in values], 5.0) in COVERED


@pytest.mark.parametrize("p", [0.5, 0.95])
def test_the_interval_of_a_quantile_covers_as_often_as_it_says(p):
    values = np.random.default_rng(12).exponential(1.0, (REPLICATES, 2000))
    assert covered([quantile(row, p) for row in values], -math.log(1 - p)) in COVERED


def test_the_interval_of_a_proportion_covers_as_often_as_it_says():
    hits = np.random.default_rng(13).binomial(2000, 0.3, REPLICATES)
    assert covered([proportion(int(k), 2000) for k in hits], 0.3) in COVERED
