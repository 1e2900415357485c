"""Distributions against SciPy's, the arithmetic below them against libm's, and what a distribution may not be."""

import math
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import TypeAdapter, ValidationError
from scipy import special, stats

from simulation import Distribution, Empirical, Exponential, Gamma, Lognormal, Scenario, Weibull
from simulation.arithmetic import Array, exp, log, normal_quantile
from simulation.distributions import FAMILIES, Constant
from waves import Fleet, Region

ANY: TypeAdapter[Any] = TypeAdapter(Distribution)
RANDOM = np.random.default_rng(2024)


def uniforms() -> Array:
    """Numbers (k + ½) · 2⁻⁵² as draws give them: both ends of the range, both tails, and the middle."""
    ends = np.array([0, 1, 2, 3, 10, 1000], dtype=np.float64)
    tails = np.floor(2.0 ** RANDOM.uniform(0, 51, 4000))
    k = np.concatenate([ends, tails, np.floor(RANDOM.uniform(0, 2.0**52, 4000))])
    return np.concatenate([(k + 0.5) * 2.0**-52, 1.0 - (k + 0.5) * 2.0**-52])


U = uniforms()


def relative(got: Array, wanted: Array) -> float:
    """The greatest relative error."""
    return float(np.max(np.abs(got / wanted - 1)))


@pytest.mark.parametrize("mean", [1e-3, 1.0, 20.0, 1e6])
def test_exponential_quantiles_are_scipys(mean):
    assert relative(Exponential(mean=mean).quantile(U), stats.expon.ppf(U, scale=mean)) < 1e-12


@pytest.mark.parametrize("median, ratio", [(6.0, 2.0), (0.01, 1.01), (25.0, 7.2), (100.0, 50.0)])
def test_lognormal_quantiles_are_scipys(median, ratio):
    sigma = math.log(ratio) / stats.norm.ppf(0.95)
    wanted = stats.lognorm.ppf(U, sigma, scale=median)
    assert relative(Lognormal(median=median, p95=median * ratio).quantile(U), wanted) < 1e-12


@pytest.mark.parametrize("shape", [0.05, 0.5, 1.0, 3.7, 1000.0])
def test_weibull_quantiles_are_scipys(shape):
    assert relative(Weibull(shape=shape, scale=3.0).quantile(U), stats.weibull_min.ppf(U, shape, scale=3.0)) < 1e-12


@pytest.mark.parametrize(
    "shape", [0.05, 0.07, 0.1, 0.2, 0.5, 0.9, 1.0, 1.5, 2.0, 4.0, 10.0, 37.0, 100.0, 400.0, 1000.0]
)
def test_gamma_quantiles_are_scipys_within_the_stated_error(shape):
    """1e-8 of the value; where the value is below 1e-290, and any number of minutes would do, of its logarithm."""
    got = Gamma(shape=shape, scale=1.0).quantile(U)
    lower = U < 0.5
    wanted = np.where(lower, special.gammaincinv(shape, U), special.gammainccinv(shape, 1.0 - U))
    sound = wanted > 1e-290
    assert Gamma.STATED_ERROR == 1e-8
    assert relative(got[sound], wanted[sound]) < Gamma.STATED_ERROR
    assert (got[~sound] < 1e-280).all()
    assert sound.mean() > 0.7


def test_a_gamma_of_shape_1_is_an_exponential():
    got = Gamma(shape=1.0, scale=5.0).quantile(U)
    assert relative(got, Exponential(mean=5.0).quantile(U)) < Gamma.STATED_ERROR


SHOWN = [ANY.validate_python(yaml.safe_load(each.shown.written)) for each in FAMILIES]


@pytest.mark.parametrize(
    "one",
    [*SHOWN, Lognormal(median=2.0, p95=9.0), Weibull(shape=0.7, scale=2.0), Gamma(shape=0.3, scale=4.0)],
    ids=lambda one: one.family,
)
def test_quantiles_rise_and_stay_within_their_support(one):
    """At both ends of what a draw can be, too: nothing is below 0, and nothing endless."""
    q = one.quantile(np.sort(np.append(U, [2.0**-53, 1 - 2.0**-53])))
    assert (np.diff(q) >= 0).all()
    least, most = one.support
    assert 0 <= least <= q[0] and q[-1] <= most and math.isfinite(q[-1])
    assert q[0] > 0


@pytest.mark.parametrize("one", SHOWN, ids=lambda one: one.family)
def test_a_mean_is_that_of_the_quantiles(one):
    """The integral of the quantile from 0 to 1 is the mean, whatever the distribution."""
    n = 1_000_000
    assert one.mean == pytest.approx(one.quantile((np.arange(n) + 0.5) / n).mean(), rel=1e-4)


def test_constant_and_empirical_quantiles():
    """An empirical one gives the value at rank ⌊u · n⌋: each of three has a third."""
    assert Constant(value=5.0).quantile(U).tolist() == [5.0] * len(U)
    three = Empirical(values=(9.0, 1.0, 4.0))
    assert three.quantile(np.array([0.01, 0.33, 0.34, 0.66, 0.67, 0.99])).tolist() == [1.0, 1.0, 4.0, 4.0, 9.0, 9.0]
    assert three.quantile(np.array([2.0**-53, 1 - 2.0**-53])).tolist() == [1.0, 9.0]
    assert (three.support, Constant(value=5.0).support) == ((1.0, 9.0), (5.0, 5.0))


def test_a_lognormal_is_given_by_its_median_and_its_95th_percentile():
    one = Lognormal(median=6.0, p95=12.0)
    assert one.quantile(np.array([0.5, 0.95])) == pytest.approx([6.0, 12.0], rel=1e-12)
    assert Lognormal(median=6.0, p95=6.0).quantile(U) == pytest.approx(6.0, rel=1e-15)


def test_means_are_scipys():
    pairs: list[tuple[Any, float]] = [
        (Constant(value=5.0), 5.0),
        (Exponential(mean=3.0), 3.0),
        (Empirical(values=(1.0, 2.0, 6.0)), 3.0),
        (Lognormal(median=6.0, p95=12.0), stats.lognorm.mean(math.log(2) / stats.norm.ppf(0.95), scale=6.0)),
        (Weibull(shape=0.7, scale=2.0), stats.weibull_min.mean(0.7, scale=2.0)),
        (Gamma(shape=0.3, scale=4.0), stats.gamma.mean(0.3, scale=4.0)),
    ]
    for one, wanted in pairs:
        assert one.mean == pytest.approx(wanted, rel=1e-12)


def ulps(got: Array, wanted: Array) -> float:
    """The greatest error in units of the last place."""
    return float(np.max(np.abs(got - wanted) / np.spacing(np.abs(wanted))))


def test_the_logarithm_is_good_to_2_units_in_the_last_place():
    x = np.concatenate(
        [U, 10.0 ** RANDOM.uniform(-300, 300, 20_000), 1.0 + RANDOM.uniform(-1e-3, 1e-3, 5_000), [2.0, 0.5]]
    )
    x = x[x != 1.0]
    assert ulps(log(x), np.array([math.log(value) for value in x])) <= 2
    assert log(np.array([1.0])).tolist() == [0.0]


def test_the_exponential_is_good_to_2_units_in_the_last_place():
    x = np.concatenate([RANDOM.uniform(-700, 709, 30_000), RANDOM.uniform(-1, 1, 10_000)])
    assert ulps(exp(x), np.array([math.exp(value) for value in x])) <= 2
    assert exp(np.array([0.0, 800.0, -800.0])).tolist() == [1.0, math.inf, 0.0]


def test_the_normal_quantile_is_good_to_a_few_units_in_the_last_place():
    """AS 241 claims 1 part in 10¹⁶; the reference is SciPy's, which has errors of its own."""
    assert relative(normal_quantile(U), special.ndtri(U)) < 2e-15
    assert normal_quantile(np.array([0.5])).tolist() == [0.0]
    assert normal_quantile(U[:50]) == pytest.approx(-normal_quantile(1.0 - U[:50]), rel=1e-15)


@pytest.mark.parametrize(
    "value, words",
    [
        (-1, "greater than or equal to 0"),
        ({"constant": -1}, "greater than or equal to 0"),
        ({"constant": math.nan}, "finite"),
        (math.inf, "finite"),
        ({"exponential": {"mean": 0.0}}, "greater than 0"),
        ({"exponential": {"mean": math.inf}}, "finite"),
        ({"exponential": {"rate": 1.0}}, "mean"),
        ({"exponential": 5.0}, "exponential takes {mean: …}; got 5.0"),
        ({"lognormal": {"median": 6.0, "p95": 5.0}}, "p95 5 is below the median 6"),
        ({"lognormal": {"median": 6.0}}, "p95"),
        ({"gamma": {"shape": 0.04, "scale": 1.0}}, "greater than or equal to 0.05"),
        ({"gamma": {"shape": 1001.0, "scale": 1.0}}, "less than or equal to 1000"),
        ({"weibull": {"shape": 0.04, "scale": 1.0}}, "greater than or equal to 0.05"),
        ({"weibull": {"shape": 1.0, "scale": -1.0}}, "greater than 0"),
        ({"empirical": []}, "at least 1"),
        ({"empirical": [1.0, -2.0]}, "greater than or equal to 0"),
        ({"lognormall": {"median": 6.0, "p95": 12.0}}, "did you mean 'lognormal'"),
        ({"normal": {}, "constant": 1}, "a distribution has one name"),
        ({}, "a distribution has one name"),
        ("5", "not a distribution"),
        (True, "not a distribution"),
    ],
)
def test_what_is_no_distribution_is_refused_with_the_reason(value, words):
    with pytest.raises(ValidationError) as refused:
        ANY.validate_python(value)
    assert words in str(refused.value)


@pytest.mark.parametrize("value", [0.0, {"empirical": [0.0, 1.0]}, {"constant": 0.0}])
@pytest.mark.parametrize("field", ["deploy", "evidence"])
def test_deployments_and_evidence_are_positive(field, value):
    """Rules 9, 13."""
    fleet = Fleet(regions=(Region(name="a", traffic=1.0),))
    with pytest.raises(ValidationError, match="must be above 0 throughout"):
        Scenario.model_validate({"fleet": fleet, "deploy": 1.0, field: value})


@pytest.mark.parametrize("value", [0.0, 1.5, {"empirical": [0.5, 2.0]}, {"exponential": {"mean": 0.1}}])
def test_a_severity_stays_within_0_and_1(value):
    """Rule 4."""
    fleet = Fleet(regions=(Region(name="a", traffic=1.0),))
    with pytest.raises(ValidationError, match=r"a severity is a share in \(0, 1\]"):
        Scenario.model_validate(
            {"fleet": fleet, "deploy": 1.0, "faults": [{"name": "f", "probability": 1.0, "severity": value}]}
        )


@pytest.mark.parametrize("written", [5.0, *(yaml.safe_load(each.shown.written) for each in FAMILIES)], ids=str)
def test_a_distribution_is_written_as_it_is_read(written):
    once = ANY.validate_python(written)
    assert ANY.validate_python(ANY.dump_python(once)) == once
