"""Intervals: against SciPy, against numbers worked out by hand, and how often they cover the truth."""

import math

import numpy as np
import pytest
from scipy import stats

from simulation.results.statistics import Estimate, from_sums, mean, proportion, quantile, ratio, ratio_from_sums

REPLICATES = 2000
COVERED = range(1849, 1945)  # of 2,000 at 95 %: 1,900, within what chance does once in a million


def nothing(estimate: Estimate) -> bool:
    return math.isnan(estimate.low) and math.isnan(estimate.high)


def test_the_mean_of_1_to_12_by_hand():
    """Mean 6.5; variance 13; t(11) at .975 is 2.200985; half the width is 2.200985 · √(13 / 12)."""
    found = mean(np.arange(1.0, 13.0))
    assert found == pytest.approx((6.5, 6.5 - 2.200985 * math.sqrt(13 / 12), 6.5 + 2.200985 * math.sqrt(13 / 12)))


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


def test_a_ratio_has_the_delta_methods_interval():
    """Var(R) ≈ (s_x² + R² s_y² − 2 R s_xy) / (n ȳ²), with Student's factor for n − 1 degrees of freedom."""
    generator = np.random.default_rng(2)
    x, y = generator.gamma(3.0, 20.0, 80), (generator.random(80) < 0.7).astype(float)
    r, (sxx, sxy, syy) = x.mean() / y.mean(), np.cov(x, y).ravel()[[0, 1, 3]]
    half = stats.t.ppf(0.975, 79) * math.sqrt((sxx + r * r * syy - 2 * r * sxy) / 80) / y.mean()
    assert ratio(x, y) == pytest.approx((r, r - half, r + half))


def test_a_ratio_over_nothing_is_infinite():
    found = ratio(np.ones(20), np.zeros(20))
    assert found.value == math.inf and nothing(found)
    assert ratio_from_sums(20, 20, 0, 20, 0, 0).value == math.inf


def test_sums_give_what_the_values_give():
    generator = np.random.default_rng(3)
    x, y = generator.gamma(3.0, 20.0, 80), (generator.random(80) < 0.7).astype(float)
    assert from_sums(80, 80, x.sum(), (x * x).sum()) == pytest.approx(mean(x))
    sums = tuple(float(np.sum(each)) for each in (x, y, x * x, x * y, y * y))
    assert ratio_from_sums(80, *sums) == pytest.approx(ratio(x, y))
    assert nothing(from_sums(80, 9, 9.0, 9.0)) and nothing(from_sums(0, 0, 0.0, 0.0))


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


def covered(estimates: list[Estimate], truth: float) -> int:
    return sum(e.low <= truth <= e.high for e in estimates)


def test_the_interval_of_a_mean_covers_as_often_as_it_says():
    values = np.random.default_rng(10).normal(5.0, 2.0, (REPLICATES, 200))
    assert covered([mean(row) for row in values], 5.0) in COVERED


def test_the_interval_of_a_ratio_covers_as_often_as_it_says():
    """Times of mean 60 over successes of chance .8: 75."""
    generator = np.random.default_rng(11)
    above, below = generator.gamma(3.0, 20.0, (REPLICATES, 500)), generator.random((REPLICATES, 500)) < 0.8
    assert covered([ratio(x, y.astype(float)) for x, y in zip(above, below, strict=True)], 75.0) in COVERED


@pytest.mark.parametrize("p", [0.5, 0.95])
def test_the_interval_of_a_quantile_covers_as_often_as_it_says(p):
    values = np.random.default_rng(12).exponential(1.0, (REPLICATES, 2000))
    assert covered([quantile(row, p) for row in values], -math.log(1 - p)) in COVERED


def test_the_interval_of_a_proportion_covers_as_often_as_it_says():
    hits = np.random.default_rng(13).binomial(2000, 0.3, REPLICATES)
    assert covered([proportion(int(k), 2000) for k in hits], 0.3) in COVERED
