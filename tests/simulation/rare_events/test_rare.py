"""Rare events: exact weights, exact conditional patterns, honest intervals, and the gain over crude sampling."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from simulation import Draws, Scenario, exact, rare, run, sample, setting
from simulation.draws import MINUTES_A_DAY
from simulation.engine import layout
from simulation.engine.packing import pack_plans, pack_worlds
from simulation.engine.worker import Desk, numbered
from simulation.rare_events.factors import Clocks, Factor, nothing, tails
from simulation.rare_events.strata import sampled, stratify
from simulation.rare_events.targets import FIXED, target_of
from tests.builders import plan, sample_plan, shares
from tests.simulation.cases import cases
from tests.simulation.closed_forms.set_ups import BAD, Z, scenario
from tests.textbook import student

ALPHA = 1e-6
FOUR = shares(0.1, 0.2, 0.3, 0.4, failover={1: 3, 2: 4}, labels=True)
IN_THREE = plan("r1", "r2 r3", "r4", bake=(2, 1, 1))
TWO = "probability_regions_exposed_at_least_2"
EVENTS = [target_of(name) for name in (*FIXED, TWO, "probability_share_exposed_at_least_0.6")]
STOREFRONT = sample_plan("six-region-three-wave"), sample("storefront")


def regional(probability: float, **fields: Any) -> Scenario:
    """Independent defects of single regions, each as likely as the other."""
    return scenario(FOUR, faults=[{**BAD, "where": "each_region", "probability": probability}], **fields)


def labelled(*probabilities: float) -> Scenario:
    """Independent defects of single regions, each with a probability of its own."""
    faults = [
        {**BAD, "name": f"at {i}", "where": {"label": f"only-{i}"}, "probability": p}
        for i, p in enumerate(probabilities, 1)
    ]
    return scenario(FOUR, faults=faults)


def z_of(estimate, wanted, confidence=0.95):
    """By how many standard errors an estimate is off, its interval taken for a normal one."""
    half = (estimate.high - estimate.low) / 2
    return (estimate.value - wanted) / (half / stats.norm.ppf((1 + confidence) / 2))


def patterns(chances, counts):
    """The exact probability of each pattern with so many hits, by enumeration: given that there are so many."""
    found = {}
    for hits in itertools.product((False, True), repeat=len(chances)):
        if sum(hits) in counts:
            found[hits] = math.prod(p if hit else 1 - p for p, hit in zip(chances, hits, strict=True))
    return found


@pytest.mark.parametrize("chances", [[0.3] * 5, [1e-9, 0.2, 0.5, 1.0, 0.7], [1e-4, 2e-4, 3e-4], [1.0, 1.0], []])
def test_weights_are_those_of_all_patterns(chances):
    """Binomial where the things are equally likely, Poisson-binomial where not."""
    exactly, least = tails(np.array(chances))
    for count in range(len(chances) + 1):
        alone = math.fsum(patterns(chances, {count}).values())
        above = math.fsum(patterns(chances, range(count, 99)).values())
        assert exactly[0, count] == pytest.approx(alone, rel=1e-12, abs=0)
        assert least[0, count] == pytest.approx(above, rel=1e-12, abs=0)


@pytest.mark.parametrize(("level", "counts"), [(1, {1}), (2, {2}), (3, {3, 4, 5})])
def test_patterns_within_a_level_have_their_exact_conditional_distribution(level, counts):
    """χ² at α = 1e-6 over every pattern, against enumeration; the last level means three or more."""
    chances, n = [0.05, 0.2, 0.5, 0.1, 0.7], 40_000
    rng = np.random.default_rng(5)
    wrong = Factor(
        "failing", "x", np.array(chances), tuple(("failing", j) for j in range(5)), np.zeros((5, 5), bool), 3
    )
    into = nothing(n, 0, 5)
    wrong.put(into, np.full(n, level), lambda thing, some: rng.random(n)[some])
    wanted = patterns(chances, counts)
    got = {hits: 0 for hits in wanted}
    for hits in into.failing.T.tolist():
        got[tuple(hits)] += 1
    often = np.array([wanted[hits] for hits in got]) / math.fsum(wanted.values()) * n
    merged = np.append(often[often >= 5], often[often < 5].sum() or 1e-300)
    seen = np.array(list(got.values()))
    seen = np.append(seen[often >= 5], seen[often < 5].sum())
    keep = merged > 1
    assert ((seen - merged)[keep] ** 2 / merged[keep]).sum() < stats.chi2.isf(ALPHA, keep.sum() - 1)
    assert seen[~keep].sum() <= stats.poisson.isf(ALPHA, 1.0)


def test_false_alarm_clocks_put_together_by_their_weights_are_as_drawn_without_strata():
    """The uniforms of each region's clock are uniform again (Kolmogorov and Smirnov at α = 1e-6), levels kept apart."""
    soon, ever, n = np.array([0.1, 0.3, 0.02]), np.array([0.5, 0.6, 0.04]), 60_000
    where = tuple(("low", r) for r in range(3))
    clocks = Clocks("false", "x", soon, where, np.zeros((3, 3), bool), 2, ever=ever)
    assert clocks.weights.sum() == pytest.approx(1, abs=1e-15)
    assert clocks.weights[2] == pytest.approx(1 - 0.9 * 0.7 * 0.98, rel=1e-14)
    assert clocks.weights[0] == pytest.approx(0.5 * 0.4 * 0.96, rel=1e-14)
    rng = np.random.default_rng(6)
    levels = np.searchsorted(np.cumsum(clocks.weights), rng.random(n))
    into = nothing(n, 0, 3)
    clocks.put(into, levels, lambda thing, some: rng.random(n)[some])
    u = into.low + (into.high - into.low) * rng.random((3, n))
    for row in u:
        assert stats.kstest(row, "uniform").statistic < 2.69 / math.sqrt(n)
    assert abs(np.corrcoef(u)[np.triu_indices(3, 1)]).max() < Z / math.sqrt(n)
    assert np.array_equal(levels == 2, (u < soon[:, None]).any(axis=0))
    assert np.array_equal(levels == 0, (u >= ever[:, None]).all(axis=0))


def test_a_given_pattern_is_the_only_thing_that_changes():
    """What crude sampling drew, given back as a pattern, gives the same rows to the bit."""
    waves, scene = STOREFRONT
    trials, seed = range(400, 912), 3
    desk = Desk(pack_worlds(scene, seed), pack_plans([setting(waves, scene)]))
    draws, into = Draws(scene, seed, trials), nothing(len(trials), 4, 6, 3)
    for f in range(4):
        region = next(r for r in range(6) if scene.hits(scene.faults[f], r))
        into.hits[f] = draws.fault_column("hit", f, region)
        into.seen[f] = np.array(draws.fault_column("seen_by_alarms", f, region), dtype=int)
    for r in range(6):
        into.failing[r] = draws.column("deploy_failure", r)
    into.build[:] = draws.column("build_failure")
    into.rejected[2] = draws.column("rejection", 2)
    assert into.hits.any() and into.failing.any() and into.build.any() and into.rejected.any()
    wanted = np.zeros((1, layout.COLUMNS, len(trials)))
    own = desk.frames(numbered(trials), wanted)
    for noise in (True, False):
        rows = np.zeros_like(wanted)
        assert np.array_equal(desk.frames(numbered(trials), rows, given=into, noise=noise), own)
        assert np.array_equal(rows, wanted, equal_nan=True)


def known_strata_hold(case, seed, trials):
    waves, scene = case
    laid = [setting(waves, scene)]
    whole = stratify(laid, EVENTS)
    assert math.fsum(each.weight for each in whole.strata) == pytest.approx(1, abs=1e-12)
    desk = Desk(pack_worlds(scene, seed), pack_plans(laid))
    for h, each in enumerate(whole.strata):
        numbers = range(h * trials, (h + 1) * trials)
        nonzero, total, _, _ = np.moveaxis(sampled(desk, whole.factors, each, EVENTS, seed, numbers)[0], 1, 0)
        assert np.all(total >= trials * each.low[0] - 1e-9), each.what
        assert np.all(total <= trials * each.high[0] * (1 + 1e-9) + 1e-9), each.what
        assert np.all(nonzero[each.high[0] == 0] == 0), each.what


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(case=st.booleans().flatmap(lambda lattice: cases(lattice=lattice)), seed=st.integers(0, 2**64 - 1))
def test_no_stratum_holds_what_it_is_said_not_to(case, seed):
    """On random plans and scenarios: what is taken as known without sampling is so, and nothing leaves its bounds."""
    known_strata_hold(case, seed, 12)


@pytest.mark.long
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(case=st.booleans().flatmap(lambda lattice: cases(lattice=lattice)), seed=st.integers(0, 2**64 - 1))
def test_no_stratum_holds_what_it_is_said_not_to_on_many(case, seed):
    known_strata_hold(case, seed, 60)


def test_one_in_a_million_to_one_percent_with_half_a_million_times_fewer_trials():
    """P(two or more regions exposed) with independent regional faults, against its closed form."""
    scene = regional(0.00052)
    wanted = exact(IN_THREE, scene)["probability_regions_exposed_at_least_2"]
    assert 0.9e-6 < wanted < 1.1e-6
    found = rare(IN_THREE, scene, TWO, precision=0.01)
    estimate = found.estimate
    assert abs(z_of(estimate, wanted)) < Z
    assert found.precise and (estimate.high - estimate.low) / 2 <= 0.01 * estimate.value
    assert found.gain >= 5e5
    crude = 1.959964**2 * wanted / ((estimate.high - estimate.low) / 2) ** 2
    assert found.gain * found.trials == pytest.approx(crude, rel=0.02)


def test_unequal_regions_agree_with_the_closed_form():
    scene = labelled(0.002, 0.0001, 0.0004, 0.001)
    wanted = exact(IN_THREE, scene)
    for count in (2, 3):
        found = rare(IN_THREE, scene, f"probability_regions_exposed_at_least_{count}", precision=0.02)
        assert abs(z_of(found.estimate, wanted[f"probability_regions_exposed_at_least_{count}"])) < Z
        assert found.gain > 1000


def test_rare_false_alarms_agree_with_the_closed_form():
    scene = scenario(FOUR, faults=[], false_alarms_per_region_day=0.002)
    wanted = exact(IN_THREE, scene)["probability_false_alarm"]
    found = rare(IN_THREE, scene, "probability_false_alarm", precision=0.02)
    rate = 0.002 / MINUTES_A_DAY
    assert 0 < wanted < 4 * 5.5 * rate
    assert abs(z_of(found.estimate, wanted)) < Z
    assert found.gain > 1000


FIGURES = (
    TWO, "probability_share_exposed_at_least_0.5", "probability_impact_minutes_at_least_1", "probability_shipped",
    "probability_completed", "probability_false_alarm", "probability_deploy_failed", "probability_rejected",
    "probability_caught", "share_exposed_mean", "peak_share_mean", "regions_exposed_mean", "impact_minutes_mean",
)  # fmt: skip


def agrees_with_crude(waves, scene, trials, seed):
    frame = run(waves, scene, trials=trials, seed=seed, sampling="crude").frame
    found = rare(waves, scene, FIGURES, precision=None, trials=trials, seed=seed + 1, confidence=0.95).table
    rows = np.vstack([frame["outcome"].cat.codes.to_numpy(float), *frame.iloc[:, 1:].to_numpy(float).T])
    for got in found.reset_index().to_dict("records"):
        figure = str(got["figure"])
        own, error = student(target_of(figure).values(rows), 0.95), (got["high"] - got["low"]) / 2
        both = math.hypot((own.high - own.low) / 2, error) / 1.959964
        assert abs(got["estimate"] - own.value) < Z * both, figure


@pytest.mark.parametrize("name", ["storefront", "storefront-replicated"])
def test_crude_sampling_agrees_where_it_can(name):
    """Over |difference| < 4.892 standard errors, thirteen figures of the storefront at once."""
    agrees_with_crude(STOREFRONT[0], sample(name), 60_000, 21)


@pytest.mark.long
@pytest.mark.parametrize("name", ["storefront", "storefront-replicated"])
def test_crude_sampling_agrees_over_many_rollouts(name):
    agrees_with_crude(STOREFRONT[0], sample(name), 1_500_000, 22)


def test_a_stratum_in_which_nothing_was_seen_widens_the_interval():
    """An escape needs a late alarm: with few trials none is seen in likely strata, and the upper end says so."""
    scene = regional(0.02)
    found = rare(IN_THREE, scene, "probability_escaped", precision=None, trials=700)
    empty = found.strata.query("trials > 0 and estimate == 0")
    assert len(empty) > 0
    unseen = (empty["weight"] * -np.log(0.025) / empty["trials"] * 0.95).max()
    assert found.estimate.high - found.estimate.value >= unseen


def test_several_plans_meet_the_same_worlds():
    """A plan listed twice gives the same figures, and a smaller plan is exposed less."""
    whole = sample_plan("all-at-once")
    found = rare({"a": whole, "b": STOREFRONT[0], "c": whole}, STOREFRONT[1], TWO, precision=0.05).table
    assert found.loc[["a"]].to_numpy().tolist() == found.loc[["c"]].to_numpy().tolist()
    low, high = found["low"].to_dict(), found["high"].to_dict()
    assert high["b", TWO] < low["a", TWO]


def test_what_is_known_is_not_sampled():
    found = rare(*STOREFRONT, "probability_build_failed")
    assert found.trials == 0 and found.gain == math.inf
    assert found.estimate == pytest.approx((0.03,) * 3, abs=1e-15)


def test_no_more_trials_are_spent_than_allowed():
    with pytest.warns(
        UserWarning, match="^after 40,000 trials of each plan not every estimate is known to ±0.0001"
    ) as caught:
        found = rare(*STOREFRONT, "impact_minutes_mean", precision=0.0001, trials=40_000)
    assert caught[0].filename == __file__
    assert found.trials <= 40_000 and found.precise is False
    assert found.strata["weight"].sum() == pytest.approx(1, abs=1e-12)


def test_thirty_faults_are_few_strata():
    """Single regions' faults are counted, and many faults of many regions are taken together."""
    of = shares(*[1 / 30] * 30, labels=True)
    waves = plan(*(f"r{i}" for i in range(1, 31)), bake=(1,) * 30)
    alone = [{**BAD, "name": f"at {i}", "where": {"label": f"only-{i}"}, "probability": i / 1e5} for i in range(1, 31)]
    scene = scenario(of, rate=20.0, faults=alone)
    found = rare(waves, scene, TWO, precision=0.03)
    assert abs(z_of(found.estimate, exact(waves, scene)["probability_regions_exposed_at_least_2"])) < Z
    assert len(found.strata) < 10
    common = [{**BAD, "name": f"common {i}", "probability": 0.001, "detection_probability": 0.5} for i in range(20)]
    both = rare(waves, scenario(of, rate=20.0, faults=[*alone, *common]), TWO, precision=0.05)
    assert both.strata["weight"].sum() == pytest.approx(1, abs=1e-12)
    assert len(both.strata) < 100 and both.precise


def test_a_notebook_shows_the_strata_and_escapes_names():
    scene = scenario(FOUR, faults=[{**BAD, "name": "<b>bad</b>", "where": "each_region", "probability": 0.001}])
    shown = rare(IN_THREE, scene, TWO, precision=0.1)._repr_html_()
    assert "&lt;b&gt;bad&lt;/b&gt; × 2" in shown and "<b>bad" not in shown


def test_what_no_trial_met_of_harm_that_ends_early_is_allowed_for():
    """A leak costs the same each time but where a false alarm ends it, which few trials show; many missed it."""
    leak = {"name": "leak", "probability": 0.003, "detection_probability": 0.0}
    scene = scenario(FOUR, faults=[leak], false_alarms_per_region_day=0.5, horizon_minutes=200.0)
    figure, seeds = "impact_minutes_mean", 100
    truth = rare(IN_THREE, scene, figure, precision=None, trials=300_000, seed=999).estimate.value
    found = [rare(IN_THREE, scene, figure, precision=0.02, seed=seed).estimate for seed in range(seeds)]
    assert sum(not own.low <= truth <= own.high for own in found) <= stats.binom.isf(ALPHA, seeds, 0.05)
