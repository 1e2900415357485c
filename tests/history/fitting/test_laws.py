"""The formulas of the fit, held to SciPy and to cases worked out on paper.

Not here: whole histories (``test_fit``), their levels (``test_calibration``).
"""

import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from history.fitting import Prior
from history.fitting.competing import NEVER, incidence
from history.fitting.detection import frozen, gathered
from history.fitting.durations import Lasted, lognormal
from history.fitting.empirical import draws, fits_better, survivors
from history.fitting.failures import _together
from history.fitting.regional import apart
from history.fitting.shares import share
from simulation import Exponential, Gamma, Lognormal, Weibull

FLAT = Prior(factor=50.0, sigma=(0.6, 20.0))  # no prior to speak of


def rng():
    return np.random.default_rng(7)


def lasted(minutes, done):
    return Lasted.of(np.array(minutes, dtype=float), np.array(done, dtype=bool))


def cut_short(n, seed=1):
    """Durations of median 10 and sigma 0.8, and whoever looks away after some time."""
    own = np.random.default_rng(seed)
    minutes, stop = (np.exp(own.normal(math.log(m), 0.8, n)) for m in (10.0, 15.0))
    return lasted(np.minimum(minutes, stop), minutes <= stop)


def test_without_a_prior_the_middle_is_scipys_most_likely():
    """A grid of the same likelihood as ``scipy.stats`` maximises: equal but for the skew of four hundred."""
    seen = cut_short(400)
    censored = stats.CensoredData(uncensored=seen.minutes[seen.done], right=seen.minutes[~seen.done])
    sigma, _, median = stats.lognorm.fit(censored, floc=0)
    found = np.median(lognormal(seen, None, FLAT, 4000, rng()), axis=0)
    assert found == pytest.approx([median, sigma], rel=0.006)


def test_of_complete_durations_the_median_has_students_distribution():
    """With a flat prior of ln σ, (mean − m) / (s / √n) is t of n − 1: here of the five logarithms 0, 1, 2, 3, 4."""
    seen = lasted(np.exp(np.arange(5.0)), [True] * 5)
    m = np.log(lognormal(seen, None, FLAT, 20_000, rng())[:, 0])
    for q in (0.1, 0.25, 0.5, 0.75, 0.9):
        exact = 2.0 + stats.t.ppf(q, 4) * math.sqrt(2.5 / 5)
        assert np.quantile(m, q) == pytest.approx(exact, abs=0.02)


def test_leaving_out_what_was_cut_short_makes_everything_look_quicker():
    """The truth is a 95th percentile of 10 · e^(0.8 · 1.645) = 37.3 minutes; what was over by then says 26."""
    seen = cut_short(20_000)
    own = lognormal(seen, None, Prior(), 1000, rng())
    late = own[:, 0] * np.exp(1.6448536 * own[:, 1])
    assert np.median(late) == pytest.approx(37.28, rel=0.03)
    done = seen.minutes[seen.done]
    assert np.quantile(done, 0.95) < 28
    dropped = lognormal(seen.part(seen.done), None, Prior(), 1000, rng())
    assert np.median(dropped[:, 0] * np.exp(1.6448536 * dropped[:, 1])) < 28


def test_kaplan_and_meier_on_paper():
    """Over at 1, cut short at 2, over at 3, cut short at 4: ¼, then ½ of the ¾ that were left; ⅜ remains."""
    weights, left = survivors(lasted([3, 1, 4, 2], [True, True, False, False]))
    assert weights == pytest.approx([0.375, 0.25, 0, 0]) and left == pytest.approx(0.375)


def test_competing_risks_on_paper():
    """Alarm at 1, check at 2, nobody by 3, alarm at 4, customers at 5: 1/5, 1/5, then 1/2 and 1/2 of 3/5."""
    at, shares = incidence(
        np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array(["alarm", "check", NEVER, "alarm", "customers"], dtype=object)
    )
    assert at.tolist() == [1, 2, 4, 5]
    assert shares["alarm"] == pytest.approx([0.2, 0.2, 0.5, 0.5])
    assert shares["check"] == pytest.approx([0, 0.2, 0.2, 0.2])
    assert shares["customers"] == pytest.approx([0, 0, 0, 0.3])


def test_one_minus_kaplan_and_meier_says_more_than_competing_risks():
    """Two equal exponential clocks of mean 10, seen for 15 minutes: the alarm is first in (1 − e^-3) / 2 = .475.

    One minus Kaplan and Meier of the alarm alone says 1 − e^-1.5 = .777, as if nobody else had been there.
    """
    own = np.random.default_rng(3)
    clocks = own.exponential(10.0, (2, 20_000))
    first = clocks.min(axis=0)
    causes = np.where(first > 15, NEVER, np.where(clocks[0] < clocks[1], "alarm", "customers")).astype(object)
    _, shares = incidence(np.minimum(first, 15.0), causes)
    assert shares["alarm"][-1] == pytest.approx((1 - math.exp(-3)) / 2, abs=4.9 * 0.5 / math.sqrt(20_000))
    weights, _ = survivors(lasted(np.minimum(first, 15.0), causes == "alarm"))
    assert weights.sum() == pytest.approx(1 - math.exp(-1.5), abs=0.03)
    assert weights.sum() > shares["alarm"][-1] + 0.25


def test_below_three_services_it_is_jeffreys():
    found = share(np.array([1.0, 2.0]), np.array([30.0, 40.0]), Prior(), 20_000, rng())
    exact = stats.beta.ppf([0.025, 0.5, 0.975], 3.5, 67.5)
    assert np.quantile(found, [0.025, 0.5, 0.975]) == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize(
    ("k", "n", "ends"),
    [([0, 4, 1, 9], [20, 25, 30, 40], (-7, 3)), ([1000] * 5, [100_000] * 5, (-6, -3))],
    ids=["few", "many that agree"],
)
def test_over_services_it_is_the_beta_binomial(k, n, ends):
    """The mean over services, by SciPy's own beta-binomial on a plain grid."""
    k, n = np.array(k), np.array(n)
    logit, worth = np.linspace(ends[0], ends[1], 401), np.linspace(-3, 12, 241)
    mean, size = special.expit(logit)[:, None], np.exp(worth)[None, :]
    logs = stats.norm.logpdf(worth, math.log(30), 1.5)[None, :] + 0.5 * np.log(mean * (1 - mean))
    for bad, tried in zip(k, n, strict=True):
        logs = logs + stats.betabinom.logpmf(bad, tried, mean * size, (1 - mean) * size)
    marginal = np.exp(logs - logs.max()).sum(axis=1)
    along = np.cumsum(marginal) / marginal.sum()
    exact = special.expit(np.interp([0.025, 0.5, 0.975], along, logit))
    found = share(k.astype(float), n.astype(float), Prior(), 20_000, rng())
    assert np.quantile(found, [0.025, 0.5, 0.975]) == pytest.approx(exact, rel=0.02)


def test_services_that_differ_widen_the_interval():
    same = share(np.full(6, 5.0), np.full(6, 50.0), Prior(), 4000, rng())
    differ = share(np.array([0, 0, 0, 0, 10, 20.0]), np.full(6, 50.0), Prior(), 4000, rng())
    assert np.ptp(np.quantile(differ, [0.025, 0.975])) > 2 * np.ptp(np.quantile(same, [0.025, 0.975]))


def test_a_rollout_in_which_nothing_succeeded_may_be_the_faults_or_its_own():
    """Eight rollouts with a success each, ten attempts that failed beside them, and one of two dead attempts.

    q and π have the density q^9.5 (1 − q)^7.5 · π^-½ (1 − π)^7.5 · (π + (1 − π) q²), by SciPy's quadrature.
    """

    def density(q, pi):
        return q**9.5 * (1 - q) ** 7.5 * pi**-0.5 * (1 - pi) ** 7.5 * (pi + (1 - pi) * q * q)

    whole, _ = integrate.dblquad(lambda q, s: 2 * s * density(q, s * s), 0, 1, 0, 1)  # s = √π, which has no pole
    mean_q, _ = integrate.dblquad(lambda q, s: 2 * s * q * density(q, s * s), 0, 1, 0, 1)
    mean_pi, _ = integrate.dblquad(lambda q, s: 2 * s**3 * density(q, s * s), 0, 1, 0, 1)
    found = _together(np.ones(8, int), np.array([10, *[0] * 7]), np.array([2]), Prior(), 40_000, rng())
    assert [each.mean() for each in found] == pytest.approx([mean_q / whole, mean_pi / whole], rel=0.02)


def test_regions_that_differ_have_their_own_and_are_shrunk():
    """Sixty each, of which one region takes twice as long: each is drawn in, the one of two values most of all."""
    own = np.random.default_rng(5)
    parts = [
        lasted(np.exp(own.normal(math.log(m), 0.3, n)), [True] * n) for m, n in ((5, 60), (5, 60), (10, 60), (10, 2))
    ]
    found = apart(parts, None, Prior(), 2000, rng())
    assert found is not None and found.odds > 0.9
    medians = np.median(found.own, axis=0)
    raw = np.array([np.exp(np.log(each.minutes).mean()) for each in parts])
    centre = np.median(found.common[:, 0])
    pull = (np.log(raw) - np.log(medians)) / (np.log(raw) - np.log(centre))
    assert (pull > 0).all() and pull[3] > 3 * pull[:3].max()


def test_regions_that_do_not_differ_are_one():
    own = np.random.default_rng(6)
    parts = [lasted(np.exp(own.normal(1.5, 0.4, 200)), [True] * 200) for _ in range(5)]
    found = apart(parts, None, Prior(), 400, rng())
    assert found is not None and found.odds < 0.5


def test_values_as_they_were_only_where_a_lognormal_does_not_fit():
    own = np.random.default_rng(8)
    two = np.concatenate([own.normal(5, 0.3, 150), own.normal(20, 0.6, 150)])
    assert fits_better(lasted(two, [True] * 300), rng())
    assert not fits_better(cut_short(300), rng())
    assert not fits_better(lasted(two[:60], [True] * 60), rng())
    middle, drawn = draws(lasted(two, [True] * 300), 300, rng())
    assert np.quantile(middle, [0.25, 0.75]) == pytest.approx(np.quantile(two, [0.25, 0.75]), rel=0.03)
    assert drawn.shape == (300, 200) and (np.diff(drawn, axis=1) >= 0).all()


def test_failed_requests_gather_along_a_ramp():
    """Traffic from −2 to 6 minutes: at 2, x is ½, and from 0 on ∫ x = (4² − 2²) / 16 = .75; at 10, 4 more than at 6."""
    start, full = np.array([[-2.0]]), np.array([[6.0]])
    area, x = gathered(start, full, np.array([[2.0, 6.0, 10.0, -1.0]]))
    assert area[0] == pytest.approx([0.75, 3.75, 7.75, 0.0]) and x[0] == pytest.approx([0.5, 1.0, 1.0, 0.0])


@pytest.mark.parametrize(
    "rule",
    [Exponential(mean=3.0), Lognormal(median=3.0, p95=9.0), Weibull(shape=2.0, scale=4.0), Gamma(shape=2.0, scale=1.5)],
    ids=lambda rule: rule.family,
)
def test_a_scaled_law_is_scipys(rule):
    u = np.linspace(0.05, 0.95, 7)
    assert frozen(rule, 2.5).ppf(u) == pytest.approx(2.5 * rule.quantile(u), rel=1e-6)
