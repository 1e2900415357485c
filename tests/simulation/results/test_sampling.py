"""Worlds sampled by strata: exact weights, the same trials everywhere, and figures that are what crude ones are.

Not here: how often intervals hold (``test_coverage``), the strata of `rare` (``rare_events``).
"""

import math

import numpy as np
import pytest

from benchmarks.gains import gains, plans
from simulation import (
    FIGURES,
    Draws,
    Rollout,
    Row,
    compare,
    exact,
    gate,
    parse_limits,
    run,
    run_all,
    sample,
    setting,
    sweep,
    trace,
    verdict,
)
from simulation.columns import row
from simulation.plots._distributions import exceedance
from simulation.rare_events.sampling import BLOCK, Method, sampling_of
from simulation.results.estimator import Moments, Sample, mean, times
from tests.builders import fleet, plan, sample_plan, scenario, wave

STOREFRONT, WAVES = sample("storefront"), sample_plan("six-region-three-wave")
WAYS: tuple[Method, ...] = ("stratified", "crude")
FAR = 5.5  # standard errors: two samples differ by more once in 20 million
REGIONAL = scenario(
    fleet({"a": 10.0, "b": 30.0, "c": 60.0}),
    deploy=4.0, deploy_failure_probability=0.1, build_failure_probability=0.05,
    faults=[
        {"name": "host", "probability": 0.2, "where": "each_region", "detection_probability": 0.6},
        {"name": "code", "probability": 0.1, "detection_probability": 0.5},
        {"name": "registry", "probability": 0.05, "effect": "deploy_fails"},
    ],
)  # fmt: skip


@pytest.mark.parametrize("scene", [STOREFRONT, sample("storefront-replicated"), REGIONAL, scenario(faults=[])])
def test_weights_are_exact(scene):
    """Strata are all there is; a block's weights add up to its trials, and each stratum's to its probability."""
    design = sampling_of(scene)
    assert design.probabilities.sum() == pytest.approx(1, abs=1e-12)
    assert design.counts.sum() == BLOCK == len(design.places) and design.counts.min() >= 32
    weights = design.weights[design.codes(range(3 * BLOCK, 4 * BLOCK))]
    assert weights.sum() == pytest.approx(BLOCK, rel=1e-12)
    assert np.bincount(design.places, weights=weights) == pytest.approx(BLOCK * design.probabilities, rel=1e-12)


def test_any_first_part_has_about_its_share_of_each():
    """No stratum is ever three trials behind or ahead of its part of a block."""
    design = sampling_of(STOREFRONT)
    ahead = np.eye(len(design.counts))[design.places].cumsum(axis=0)
    even = np.arange(1, BLOCK + 1)[:, None] * design.counts / BLOCK
    assert np.abs(ahead - even).max() < 3


def test_what_goes_wrong_is_as_likely_as_the_scenario_says():
    """By weight, faults hit, are seen and deployments fail as often as drawn, each for itself and two at once."""
    design, trials = sampling_of(REGIONAL), range(10 * BLOCK)
    wrong = design.given(3, trials)
    assert wrong is not None
    shares = design.weights[design.codes(trials)] / len(trials)
    events = {
        "host in a": (wrong.own_hits[0, 0], 0.2),
        "host in b and c": (wrong.own_hits[0, 1] & wrong.own_hits[0, 2], 0.04),
        "code": (wrong.hits[1], 0.1),
        "code, blind": (wrong.hits[1] & (wrong.seen[1] == 0), 0.05),
        "code and host in a": (wrong.hits[1] & wrong.own_hits[0, 0], 0.02),
        "deployment in c": (wrong.failing[2], 0.1),
        "deployments in a and b": (wrong.failing[0] & wrong.failing[1], 0.01),
        "registry": (wrong.hits[2], 0.05),
        "build": (wrong.build, 0.05),
    }
    for name, (so, wanted) in events.items():
        if name == "build":
            assert shares[so].sum() == pytest.approx(wanted, abs=1e-12)
            continue
        # A failed build ends all, so what else happens then is not told apart: it counts all the same.
        error = math.sqrt((shares[so] ** 2).sum())
        assert abs(shares[so].sum() - wanted) < FAR * error, name


def test_grades_are_as_likely_as_the_scenario_says():
    """By weight, severities and failing roll-backs come as often as drawn, each for itself and both at once."""
    design, trials = sampling_of(STOREFRONT), range(10 * BLOCK)
    assert {each.what for each in design.strata if each.grade} >= {"bad release, seen", "bad configuration, seen"}
    wrong = design.given(4, trials)
    assert wrong is not None
    shares = design.weights[design.codes(trials)] / len(trials)
    draws = Draws(STOREFRONT, 4, trials, wrong=wrong)
    severe = {f: np.array(draws.fault_column("severity", f, 0)) for f in (1, 3)}
    stuck = {r: np.array(draws.column("rollback_failure", r)) for r in (0, 3)}
    events = {
        "a bad release of the worst two in six": (wrong.hits[1] & (severe[1] >= 0.5), 0.05 / 3),
        "one of the mildest": (wrong.hits[1] & (severe[1] == 0.02), 0.05 / 6),
        "a total one, and a roll-back fails": (wrong.hits[1] & (severe[1] == 1) & stuck[3], 0.05 / 6 * 0.02),
        "two roll-backs fail": (wrong.hits[1] & stuck[0] & stuck[3], 0.05 * 0.02**2),
        "a bad configuration, half": (wrong.hits[3] & (severe[3] == 0.5), 0.03 / 3),
        "a roll-back fails, whatever hits": (stuck[3], 0.02),
    }
    for name, (so, wanted) in events.items():
        assert abs(shares[so].sum() - wanted) < FAR * math.sqrt((shares[so] ** 2).sum()), name


def test_four_plans_in_one_run_need_a_twentieth_of_the_trials():
    """Crude sampling takes 20 times as many for the same error of each mean impact and of each difference."""
    found = run_all(list(plans().values()), STOREFRONT, trials=40 * BLOCK, seed=6)
    for apart in (False, True):
        assert min(gains(found, "impact_minutes_mean", apart=apart)) > 20


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_crude_rows_are_those_of_the_draws_as_they_come(engine):
    found = run(WAVES, STOREFRONT, trials=60, seed=8, engine=engine, sampling="crude")
    draws, laid = Draws(STOREFRONT, 8, range(60)), setting(WAVES, STOREFRONT)
    for trial in range(60):
        wanted = row(Rollout(laid, draws.world(trial)))[0]
        own = found.frame.loc[trial]
        assert own["outcome"] == wanted.outcome and own["weight"] == 1
        assert tuple(own[list(Row._fields[1:])]) == pytest.approx(wanted[1:], rel=1e-9, nan_ok=True)


def test_a_trial_is_the_same_alone_from_either_engine_and_in_its_trace():
    first = 5000
    many = run(WAVES, STOREFRONT, trials=40, first=first, seed=9).frame
    simulated = run(WAVES, STOREFRONT, trials=40, first=first, seed=9, engine="simpy").frame
    for trial in range(first, first + 40, 7):
        alone = trace(WAVES, STOREFRONT, seed=9, trial=trial).row
        for each in (many, simulated):
            assert each["outcome"][trial] == alone.outcome
            assert each["impact_minutes"][trial] == pytest.approx(alone.impact_minutes, rel=1e-9)
    assert (many["weight"] == simulated["weight"]).all() and many["weight"].nunique() > 5


def test_nothing_of_ours_ignores_the_weight():
    """Figures, regions, curves and bars of both ways to sample agree, though half of one's rows are bad changes."""
    ours, theirs = (run(WAVES, STOREFRONT, trials=60_000, seed=1, sampling=how) for how in ("stratified", "crude"))
    assert ours.defective.mean() > 4 * theirs.defective.mean()
    a, b = ours.summary(), theirs.summary()
    for figure in a.index.drop([name for name in a.index if name.startswith("impact") or "requests" in name]):
        gap = abs(a["estimate"][figure] - b["estimate"][figure])
        widths = [(each["high"][figure] - each["low"][figure]) / 4 for each in (a, b)]
        assert gap <= FAR * math.hypot(*widths) + 1e-9, figure
    wide = ours.regions["exposed_probability"] - theirs.regions["exposed_probability"]
    assert (wide.abs() < FAR * math.sqrt(0.08 / 60_000)).all()
    for column in ("share_exposed", "impact_minutes"):
        curves = [exceedance(each.frame[column].to_numpy(dtype=float), each.shares) for each in (ours, theirs)]
        assert curves[0][1][0] == pytest.approx(curves[1][1][0], abs=FAR * math.sqrt(0.08 / 60_000))
    assert ours.fraction(ours.shipped) == pytest.approx(a["estimate"]["probability_shipped"], abs=1e-12)


def test_a_mean_of_whole_blocks_is_that_of_weighted_rows():
    found = run(WAVES, STOREFRONT, trials=2 * BLOCK, seed=2)
    mean = np.average(found.frame["impact_minutes"], weights=found.frame["weight"])
    assert found.summary()["estimate"]["impact_minutes_mean"] == pytest.approx(mean, rel=1e-12)


def test_rows_and_sums_have_one_estimator():
    """A sweep's means, chances and differences are a comparison's, intervals included, to rounding."""
    plans = {"waves": WAVES, "at once": sample_plan("all-at-once")}
    rows, sums = compare(plans, STOREFRONT, trials=9000, seed=3), sweep(plans, STOREFRONT, trials=9000, seed=3)
    exactly = [name for name in rows.summaries["waves"].index if "_p" not in name]
    for name in plans:
        one, two = (each.summaries[name].loc[exactly, ["estimate", "low", "high"]] for each in (rows, sums))
        np.testing.assert_allclose(one.to_numpy(float), two.to_numpy(float), rtol=1e-8)
    kept = [name for name in rows.differences.loc["at once"].index if "minutes" not in name or "impact" in name]
    a, b = (each.differences.loc["at once"].loc[kept, ["difference", "low", "high"]] for each in (rows, sums))
    np.testing.assert_allclose(a.to_numpy(float), b.to_numpy(float), rtol=1e-8)


def test_strata_agree_with_the_closed_form():
    """One blind defect and bad hosts, whose exposure is known: within 5.5 standard errors."""
    scene = scenario(
        fleet({"a": 50.0, "b": 250.0, "c": 700.0}), deploy=0.5, reaction=0.05, rollback=0.2,
        evidence={"exponential": {"mean": 500.0}}, horizon_minutes=math.inf,
        faults=[{"name": "host", "probability": 0.007, "where": "each_region"}],
    )  # fmt: skip
    waves = plan("a", "b", "c", bake=1.0, strategy="blue_green")
    closed = exact(waves, scene)
    found = run(waves, scene, trials=20_000, seed=6).summary()
    for figure in ("share_exposed_mean", "regions_exposed_mean"):
        half = (found["high"][figure] - found["low"][figure]) / 2
        assert abs(found["estimate"][figure] - closed[figure]) < FAR / 1.96 * half + 1e-12


def test_without_faults_nothing_hurts_and_that_is_known():
    for how in ("stratified", "crude"):
        found = run(plan("a", wave("b")), scenario(faults=[]), trials=50, sampling=how).summary()
        for figure in ("impact_minutes_mean", "share_exposed_mean", "probability_failover_hit", "failed_requests_mean"):
            assert tuple(found.loc[figure, ["estimate", "low", "high"]]) == (0, 0, 0)
        assert tuple(found.loc["probability_deploy_failed", ["estimate", "low", "high"]]) == (0, 0, 0)
        assert tuple(found.loc["probability_shipped", ["estimate", "low", "high"]]) == (1, 1, 1)
        never = found.loc[["impact_minutes_given_defect_mean", "detected_minutes_p50", "recovered_minutes_mean"]]
        assert never[["estimate", "low", "trials_it_takes"]].isna().all(axis=None), "no number of trials tells it"


def test_what_may_fail_a_build_is_no_sure_shipping():
    """Of a crude run nobody knows which builds fail; by strata it is as likely as the scenario says."""
    scene = scenario(faults=[], build_failure_probability=0.3)
    one, other = (run(plan("a", wave("b")), scene, trials=900, sampling=how) for how in WAYS)
    low, high = (other.summary()[end]["probability_shipped"] for end in ("low", "high"))
    assert one.estimate("probability_shipped")[0] == pytest.approx((0.7,) * 3)
    assert low < 0.7 < high and high - low > 0.03


def test_a_failed_build_is_as_likely_as_the_scenario_says():
    found = run(WAVES, STOREFRONT, trials=2000).summary()
    assert tuple(found.loc["probability_build_failed", ["estimate", "low", "high"]]) == pytest.approx((0.03,) * 3)


def test_another_way_to_sample_is_refused():
    with pytest.raises(ValueError, match="sampling is 'latin'; use one of stratified, crude"):
        run(WAVES, STOREFRONT, trials=1, sampling="latin")  # type: ignore[arg-type]


def test_few_trials_leave_a_mean_unknown_and_not_wrong():
    found = run(WAVES, STOREFRONT, trials=20).summary()
    assert math.isnan(found["high"]["impact_minutes_mean"])
    assert found["high"]["probability_escaped"] > 0.0008 > found["low"]["probability_escaped"]


def test_a_mean_that_few_values_make_is_unknown_and_says_what_it_takes():
    """Twenty values of 1 and one of 1,000: a single trial makes the error, and no interval from it would hold."""
    sample_of = Sample(np.array([0.9, 0.1]), np.array([100, 21]))
    values, codes = np.concatenate([np.ones(120), [1000.0]]), np.repeat([0, 1], [100, 21])
    found = Moments.of_values(values, codes, 2)
    assert math.isnan(mean(sample_of, found, 0.95).high) and times(sample_of, found) == pytest.approx(9, abs=1)
    even = Moments.of_values(np.where(codes == 1, np.arange(121) % 2, 1.0), codes, 2)
    assert math.isfinite(mean(sample_of, even, 0.95).high) and times(sample_of, even) <= 1


def test_what_is_unknown_is_told_by_figures_differences_limits_and_the_gate():
    """Of 60 trials a mean has no interval; the number told gives one, and the gate does not pass before."""
    plans = {"waves": WAVES, "at once": sample_plan("all-at-once")}
    found, figure = compare(plans, STOREFRONT, trials=60, seed=4), "impact_minutes_mean"
    table, differ = found.summaries["waves"], found.differences.loc["at once"]
    for each in (table, differ):
        unknown = each["low"].isna() | each["high"].isna()
        assert unknown.any() and (each["trials_it_takes"].notna() == unknown).all()
        assert (each["trials_it_takes"][unknown] > 60).all()
    limit = parse_limits({figure: {"at_most": 1e6}}, FIGURES)
    told = verdict(found, limit)
    takes = told["limits"][0]["trials_it_takes"]
    assert not told["passed"] and takes == table["trials_it_takes"][figure]
    code, lines = gate(told)
    assert code == 1 and lines[0].startswith("undecided") and f"run about {takes:,.0f} trials" in lines[0]
    more = compare(plans, STOREFRONT, trials=takes, seed=4).summaries["waves"]
    assert math.isfinite(more["high"][figure]) and math.isnan(more["trials_it_takes"][figure])
