"""Closed forms: the published numbers, cases worked by hand, integration, brute force, Monte Carlo and the engine."""

import decimal
import doctest
import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from simulation import exact
from tests.builders import plan, shares
from tests.simulation.closed_forms.set_ups import (
    BAD,
    GOLDEN_FLEET,
    GOLDEN_PLAN,
    Letters,
    Z,
    by_monte_carlo,
    published,
    published_lag,
    scenario,
)

GOLDEN = {
    "probability_all_exposed_given_defect": 0.31664,
    "probability_escaped_given_defect": 0.04285,
    "peak_share_given_defect_mean": 0.46635,
    "impact_minutes_until_alarm_or_end_given_defect_mean": 0.47857,
    "impact_minutes_added_by_rollback_given_defect_mean": 0.10587,
    "end_minutes_given_shipped_mean": 5.5,
    "duration_minutes_mean": 5.33584,
    "minutes_to_detect_given_caught_mean": 3.03495,
}


@pytest.mark.parametrize("figure", GOLDEN)
def test_the_golden_case_has_its_published_numbers(figure):
    assert round(exact(GOLDEN_PLAN, scenario(GOLDEN_FLEET))[figure], 5) == GOLDEN[figure]


def test_the_golden_case_without_recovery_time_has_its_published_duration():
    without = scenario(GOLDEN_FLEET, reaction=0.0, rollback=0.0)
    assert round(exact(GOLDEN_PLAN, without)["duration_minutes_mean"], 5) == 5.31192


sizes = st.floats(0.01, 1.0)
letters = st.integers(1, 5).flatmap(
    lambda k: st.builds(
        lambda raw, bakes, d, rate, p, rho: Letters(tuple(np.array(raw) / sum(raw)), tuple(bakes), d, rate, p, rho),
        st.lists(sizes, min_size=k, max_size=k),
        st.lists(st.floats(0.1, 4.0), min_size=k, max_size=k),
        st.floats(0.05, 2.0),
        st.floats(0.2, 5.0),
        st.floats(0.0, 1.0),
        st.floats(0.0, 2.0),
    )
)


def laid_out(x: Letters, **fields: Any) -> Any:
    """Write a set-up as a plan of one region a wave, and a scenario."""
    waves = plan(*(f"r{j + 1}" for j in range(len(x.shares))), bake=x.bakes)
    values = {"deploy": x.d, "faults": [{**BAD, "probability": x.p}], "reaction": 0.0, "rollback": x.rho, **fields}
    return exact(waves, scenario(shares(*x.shares), x.rate, **values))


@given(letters)
def test_every_published_formula_is_what_comes_out(x):
    found = laid_out(x)
    expected = published(x)
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-7, abs=1e-12)


@given(letters, st.floats(0.0, 1.0))
def test_the_published_lag_formulas_are_what_comes_out(x, part):
    delta = part * min([b + x.d for b in x.bakes[:-1]] + [x.bakes[-1]])
    found, expected = laid_out(x, lag=delta), published_lag(x, delta)
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-7, abs=1e-9)


@given(letters)
def test_impact_of_a_book_closed_at_t_is_what_gathers_until_the_alarm_or_the_end(x):
    """Without recovery time the book closed at T counts (1 − S_k)/λ."""
    found = laid_out(x, rollback=0.0, horizon_minutes=len(x.shares) * x.d + sum(x.bakes))
    expected = published(x)["impact_minutes_until_alarm_or_end_given_defect_mean"]
    assert found["impact_minutes_given_defect_mean"] == pytest.approx(expected, rel=1e-9)


def test_one_wave_by_hand():
    """Everything is exposed at L_1 = d = 2 and watched for 3 minutes at λ = .5: S_1 = e^−1.5."""
    found = exact(plan("r1 r2", bake=(3,)), scenario(shares(0.5, 0.5), 0.5, deploy=2.0, reaction=1.0, rollback=3.0))
    survive = math.exp(-1.5)
    assert found["probability_all_exposed_given_defect"] == 1.0
    assert found["share_exposed_given_defect_mean"] == pytest.approx(1.0)
    assert found["share_exposed_mean"] == pytest.approx(0.1)
    assert found["probability_escaped"] == pytest.approx(0.1 * survive)
    assert found["probability_shipped"] == pytest.approx(0.9 + 0.1 * survive)
    assert found["regions_exposed_mean"] == pytest.approx(0.2)
    assert found["impact_minutes_given_defect_mean"] == pytest.approx(1 / 0.5 + 4.0)
    assert found["failed_requests_mean"] == pytest.approx(100 * 0.1 * 6.0)
    assert found["detected_minutes_mean"] == pytest.approx(2.0 + 2.0)
    assert found["recovered_minutes_mean"] == pytest.approx(8.0)
    assert found["minutes_to_ship"] == pytest.approx(
        (0.9 * 5 + 0.1 * (2 + 2 * (1 - survive) + 4 * (1 - survive))) / (0.9 + 0.1 * survive)
    )


def test_two_waves_by_hand():
    """Shares .2 and .8, d = 1, bakes 4 and 2, λ = 1: S_1 = e^(−.2·5) = e^−1, S_2 = e^−1 e^−2."""
    found = exact(plan("r1", "r2", bake=(4, 2)), scenario(shares(0.2, 0.8), 1.0, deploy=1.0))
    one, two = math.exp(-1), math.exp(-3)
    assert found["probability_alarm_in_wave_1_given_defect"] == pytest.approx(1 - one)
    assert found["probability_alarm_in_wave_2_given_defect"] == pytest.approx(one - two)
    assert found["share_exposed_given_defect_mean"] == pytest.approx(0.2 + 0.8 * one)
    assert found["probability_regions_exposed_at_least_2"] == pytest.approx(0.1 * one)
    assert found["end_minutes_given_shipped_p95"] == 8.0
    assert found["detected_minutes_given_caught_mean"] == pytest.approx(
        (1 + (1 - one) / 0.2 + one * (1 - math.exp(-2)) - 8 * two) / (1 - two)
    )


def test_quantiles_of_the_exposed_share_by_hand():
    """Of all changes 50 % are bad; half of these reach wave 2, so P(share ≤ 0) = .5, P(≤ .2) = .75, P(≤ 1) = 1."""
    found = exact(
        plan("r1", "r2", bake=(4, 2)),
        scenario(shares(0.2, 0.8), math.log(2), deploy=1.0, faults=[{**BAD, "probability": 0.5}]),
    )
    assert found["share_exposed_p50"] == 0.0
    assert found["share_exposed_p95"] == found["peak_share_p99"] == pytest.approx(1.0)
    rarer = scenario(shares(0.2, 0.8), math.log(2), deploy=1.0, faults=[{**BAD, "probability": 0.08}])
    assert exact(found.plan, rarer)["share_exposed_p95"] == pytest.approx(0.2)


def test_without_evidence_in_sight_everything_escapes():
    """λ → 0."""
    found = exact(GOLDEN_PLAN, scenario(GOLDEN_FLEET, 1e-9))
    assert found["probability_escaped_given_defect"] == pytest.approx(1.0)
    assert found["share_exposed_given_defect_mean"] == pytest.approx(1.0)
    # Nothing is seen, so it hurts until the pipeline ends: .05·5 + .25·2.5 + .7·1, the waves live at .5, 3 and 4.5.
    assert found["impact_minutes_until_alarm_or_end_given_defect_mean"] == pytest.approx(0.05 * 5 + 0.25 * 2.5 + 0.7)
    assert found["minutes_to_ship"] == pytest.approx(5.5)
    # The few that are caught lie evenly over the bad share-time: .125, .45 and 1, centred at 1.75, 3.75 and 5.
    centre = (0.125 * 1.75 + 0.45 * 3.75 + 1.0 * 5.0) / 1.575
    assert found["detected_minutes_given_caught_mean"] == pytest.approx(centre)


def test_where_nothing_ever_ships_shipping_takes_for_ever():
    certain = scenario(GOLDEN_FLEET, 1e9, faults=[{**BAD, "probability": 1.0}])
    assert exact(GOLDEN_PLAN, certain)["minutes_to_ship"] == math.inf
    assert exact(GOLDEN_PLAN, certain)["probability_shipped"] == 0.0


def test_with_evidence_at_once_only_the_first_wave_is_exposed():
    """λ → ∞: the alarm comes at L_1, and what remains is the recovery of the first wave."""
    found = exact(GOLDEN_PLAN, scenario(GOLDEN_FLEET, 1e9))
    assert found["probability_escaped_given_defect"] == 0.0
    assert found["share_exposed_given_defect_mean"] == pytest.approx(0.05)
    assert found["impact_minutes_given_defect_mean"] == pytest.approx(0.05 * 0.25)
    assert found["minutes_to_detect_given_caught_mean"] == pytest.approx(0.0, abs=1e-6)
    assert found["duration_minutes_given_defect_mean"] == pytest.approx(0.75)


def test_with_an_endless_watch_and_no_recovery_time_waves_do_not_change_impact():
    """E[impact | defect] = 1/λ, whatever the waves: what waves buy is elsewhere."""
    quick = scenario(GOLDEN_FLEET, reaction=0.0, rollback=0.0)
    plans = GOLDEN_PLAN, plan("r1 r2 r3", bake=(1,)), plan("r3", "r2 r1", bake=(9, 0))
    impacts = [exact(each, quick)["impact_minutes_given_defect_mean"] for each in plans]
    assert impacts == pytest.approx([0.5] * 3)
    assert len({round(exact(each, quick)["peak_share_mean"], 6) for each in plans}) == 3


def test_regions_left_out_count_only_in_shares():
    """A plan over .3 of the traffic exposes at most that; L = .5 and 3; λ V_1 τ_1 = .25, then λ V_2 τ_2 = .6."""
    found = exact(plan("r1", "r2", bake=(2, 1)), scenario(GOLDEN_FLEET))
    assert found["share_exposed_given_defect_mean"] == pytest.approx(0.05 + 0.25 * math.exp(-0.25))
    assert found["probability_escaped_given_defect"] == pytest.approx(math.exp(-0.85))
    assert found["impact_minutes_given_defect_mean"] == pytest.approx(0.5 + 0.25 * (0.05 + 0.25 * math.exp(-0.25)))


@pytest.mark.parametrize(("horizon", "lag"), [(5.5, 0.0), (5.6, 0.3), (7.0, 0.0), (6.0, 1.7), (40.0, 2.9)])
def test_figures_are_what_numerical_integration_over_the_alarm_time_gives(horizon, lag):
    """The alarm's density is λ V(t − δ) S(t): integrate each figure's value at an alarm at t over it."""
    live, shares, rho, clean = (0.5, 3.0, 4.5), (0.05, 0.25, 0.7), 0.25, 5.5

    def survive(t):
        return math.exp(-2.0 * sum(w * max(t - lag - at, 0) for w, at in zip(shares, live, strict=True)))

    def density(t):
        return 2.0 * sum(w for w, at in zip(shares, live, strict=True) if t - lag >= at) * survive(t)

    def impact(t):
        until = min(t + rho, horizon)
        return sum(w * max(until - at, 0) for w, at in zip(shares, live, strict=True) if at < t)

    def mean(value, end, rest):
        corners = {*live, *(at + lag for at in live), clean, horizon - rho, horizon}
        knots = [0.0, *sorted(t for t in corners if t < end), end]
        pieces = (integrate.quad(lambda t: value(t) * density(t), a, b)[0] for a, b in itertools.pairwise(knots))
        return sum(pieces) + rest * survive(end)

    found = exact(GOLDEN_PLAN, scenario(GOLDEN_FLEET, lag=lag, horizon_minutes=horizon))
    never = sum(w * (horizon - at) for w, at in zip(shares, live, strict=True))
    assert found["impact_minutes_given_defect_mean"] == pytest.approx(mean(impact, horizon, never), rel=1e-7)
    assert found["duration_minutes_given_defect_mean"] == pytest.approx(mean(lambda t: t + rho, clean, clean), rel=1e-7)
    seen = 1 - survive(horizon)
    assert found["detected_minutes_mean"] == pytest.approx(mean(lambda t: t, horizon, 0.0) / seen, rel=1e-7)


@pytest.mark.parametrize(
    ("horizon", "lag"), [(math.inf, 0.0), (5.5, 0.0), (6.2, 0.6), (math.inf, 0.9), (math.inf, 3.3)]
)
def test_figures_are_those_of_a_direct_monte_carlo(horizon, lag):
    """Within 4.892 standard errors of 200,000 rollouts; lags longer than a dwell included."""
    played = by_monte_carlo(
        Letters((0.05, 0.25, 0.7), (2.0, 1.0, 1.0)), horizon=horizon, lag=lag, trials=200_000, seed=20
    )
    found = exact(GOLDEN_PLAN, scenario(GOLDEN_FLEET, lag=lag, horizon_minutes=horizon))
    for figure, values in played.items():
        error = np.std(values, ddof=1) / math.sqrt(len(values))
        assert abs(found[figure] - np.mean(values)) < Z * error, figure


CHANCES, FOUR = (0.1, 0.3, 0.05, 0.6), (0.1, 0.2, 0.3, 0.4)
FOUR_PLAN = plan("r1", "r2 r3", "r4", bake=(2, 1, 1))


def by_label(chances=CHANCES):
    return [{"name": f"fault {i}", "probability": p, "where": {"label": f"only-{i}"}} for i, p in enumerate(chances, 1)]


def by_enumeration(lag):
    """Walk every pattern of bad regions: the chance that it reaches each wave, and that it raises no alarm by T."""
    live, clean, counts, share, quiet = (0.5, 3.0, 3.0, 4.5), 5.5, np.zeros(5), 0.0, 0.0
    for bad in itertools.product((False, True), repeat=4):
        chance = math.prod(p if b else 1 - p for p, b in zip(CHANCES, bad, strict=True))

        def survive(t, bad=bad):
            return math.exp(-2.0 * sum(w * max(t - lag - at, 0) for w, at, b in zip(FOUR, live, bad, strict=True) if b))

        reach = [survive(at) for at in (0.5, 3.0, 4.5)] + [0.0]
        for wave, regions in enumerate((1, 3, 4)):
            stops_here = chance * (reach[wave] - reach[wave + 1])
            counts[sum(bad[:regions])] += stops_here
            share += stops_here * sum(w for w, b in zip(FOUR[:regions], bad, strict=False) if b)
        quiet += chance * survive(clean)
    return counts, share, quiet


@pytest.mark.parametrize("lag", [0.0, 0.4, 2.0])
def test_independent_regional_defects_are_what_every_pattern_of_them_adds_up_to(lag):
    found = exact(FOUR_PLAN, scenario(shares(*FOUR, labels=True), faults=by_label(), lag=lag))
    counts, share, quiet = by_enumeration(lag)
    assert found.setup == "regional_defects"
    for count in (1, 2, 3, 4):
        assert found[f"probability_regions_exposed_at_least_{count}"] == pytest.approx(counts[count:].sum(), rel=1e-10)
    assert found["probability_all_exposed"] == pytest.approx(counts[4], rel=1e-10)
    assert found["regions_exposed_mean"] == pytest.approx(counts @ np.arange(5), rel=1e-10)
    assert found["share_exposed_mean"] == pytest.approx(share, rel=1e-10)
    assert found["probability_shipped"] == pytest.approx(quiet, rel=1e-10)
    assert found["probability_escaped"] == pytest.approx(quiet - math.prod(1 - p for p in CHANCES), rel=1e-10)


def test_a_rare_count_keeps_its_digits():
    """Two regions at once in the first wave, p = 1e-4 each: P(2 or more) is p², 1e-8, to ten digits."""
    rare = [{**BAD, "where": "each_region", "probability": 1e-4}]
    found = exact(plan("r1 r2", bake=(1,)), scenario(shares(0.5, 0.5), faults=rare))
    assert found["probability_regions_exposed_at_least_2"] == pytest.approx(1e-8, rel=1e-10)


def test_no_alarm_by_an_instant_by_hand():
    """Regions of .5 each, both bad with .2: at t = 2.5, two minutes after L_1 = .5, a bad one survives with e^−2."""
    each = [{**BAD, "where": "each_region", "probability": 0.2}]
    found = exact(plan("r1 r2", bake=(3,)), scenario(shares(0.5, 0.5), faults=each, horizon_minutes=4.0))
    assert found.no_alarm_by(0.5) == 1.0
    assert found.no_alarm_by(2.5) == pytest.approx((0.8 + 0.2 * math.exp(-2)) ** 2)
    assert found.no_alarm_by(9.0) == found.no_alarm_by(4.0)  # after the horizon none comes
    common = exact(found.plan, scenario(shares(0.5, 0.5)))
    assert common.no_alarm_by(2.5) == pytest.approx(0.9 + 0.1 * math.exp(-4))
    with pytest.raises(ValueError, match="minutes is -1"):
        common.no_alarm_by(-1)


def test_false_alarms_by_hand():
    """1440 a day are 1 a minute: r1 is live for 2.5 + 1 minutes, r2 for 1; 4.5 region-minutes in all."""
    found = exact(
        plan("r1", "r2", bake=(2, 1)), scenario(shares(0.5, 0.5), faults=[], false_alarms_per_region_day=1440.0)
    )
    assert found["probability_completed_given_clean"] == pytest.approx(math.exp(-4.5))
    assert found["probability_shipped"] == found["probability_completed"] == pytest.approx(math.exp(-4.5))
    assert found["probability_false_alarm"] == pytest.approx(1 - math.exp(-4.5))
    assert found.no_alarm_by(3.0) == pytest.approx(math.exp(-2.5))
    end = 0.5 + (1 - math.exp(-2.5)) + math.exp(-2.5) * (1 - math.exp(-2)) / 2
    assert found["minutes_to_ship"] == pytest.approx((end + 0.25 * (1 - math.exp(-4.5))) / math.exp(-4.5))


def test_rolling_starts_the_false_alarm_clock_at_the_start_of_the_ramp():
    found = exact(
        plan("r1", bake=(2,), strategy="rolling"), scenario(shares(1.0), faults=[], false_alarms_per_region_day=1440.0)
    )
    assert found["probability_completed"] == pytest.approx(math.exp(-2.5))


def test_false_alarms_count_beside_a_defect():
    """P(completed) = P(no fault) · P(no false alarm), although nothing else has a closed form then."""
    both = scenario(shares(0.5, 0.5), false_alarms_per_region_day=1440.0)
    found = exact(plan("r1", "r2", bake=(2, 1)), both)
    assert found["probability_completed"] == pytest.approx(0.9 * math.exp(-4.5))
    assert found.refused["share_exposed_mean"] == ("false_alarms_per_region_day",)


def test_rolling_adds_half_a_deployment_of_exposure_to_a_blind_defect():
    """Book closed at 100, waves live at 2 and 7, d = 2: .3·98 + .7·93, and ω d/2 = .3 + .7 more with rolling."""
    blind = [{**BAD, "detection_probability": 0.0}]
    scene = scenario(
        shares(0.3, 0.7), faults=blind, deploy=2.0, horizon_minutes=100.0, lag={"exponential": {"mean": 3}}
    )
    step = exact(plan("r1", "r2", bake=(3, 1)), scene)
    ramp = exact(plan("r1", "r2", bake=(3, 1), strategy="rolling"), scene)
    assert step.holds and ramp.holds and ramp.setup == "blind_defect"
    assert step["impact_minutes_given_defect_mean"] == pytest.approx(0.3 * 98 + 0.7 * 93)
    assert ramp["impact_minutes_given_defect_mean"] == pytest.approx(0.3 * 98 + 0.7 * 93 + 1.0)
    assert ramp["impact_minutes_added_by_rolling_given_defect_mean"] == pytest.approx(1.0)
    assert ramp["probability_escaped"] == 0.1
    assert ramp["probability_caught"] == 0.0


def test_a_blind_defect_with_an_endless_horizon_hurts_without_end():
    found = exact(plan("r1", bake=(1,)), scenario(shares(1.0), faults=[{**BAD, "detection_probability": 0.0}]))
    assert found["impact_minutes_mean"] == math.inf


def test_before_the_end_of_the_pipeline_impact_is_cut_at_the_horizon():
    """The book closed at 3.5: waves live at .5 and 3. Of wave 2 no more than half a minute counts."""
    found = exact(GOLDEN_PLAN, scenario(GOLDEN_FLEET, reaction=0.0, rollback=0.0, horizon_minutes=3.5))
    first = (1 - math.exp(-0.25)) / 0.1
    both = math.exp(-0.25) * (1 - math.exp(-0.3)) / 0.6
    assert found["impact_minutes_given_defect_mean"] == pytest.approx(0.05 * (first + both) + 0.25 * both)


def test_a_recovery_beyond_the_horizon_is_cut_there():
    """One wave live at 2, ten minutes of recovery, the book closed at 5: it hurts for 3 minutes whenever it is seen."""
    slow = scenario(shares(1.0), deploy=2.0, rollback=10.0, horizon_minutes=5.0)
    assert exact(plan("r1", bake=(3,)), slow)["impact_minutes_given_defect_mean"] == pytest.approx(3.0)


@pytest.mark.parametrize("rate", ["0.00009", "0.00011", "0.3"])
def test_the_time_to_detect_keeps_its_digits_where_alarms_are_rare(rate):
    """One wave watched for one minute: 1/λ − 1/(e^λ − 1), here with 40 decimal digits."""
    with decimal.localcontext(prec=40):
        expected = float(1 / decimal.Decimal(rate) - 1 / (decimal.Decimal(rate).exp() - 1))
    found = exact(plan("r1", bake=(1,)), scenario(shares(1.0), float(rate)))
    assert found["minutes_to_detect_given_caught_mean"] == pytest.approx(expected, rel=1e-10)


def test_the_examples_of_the_page_are_true(root):
    result = doctest.testfile(str(root / "docs" / "exact.md"), module_relative=False, encoding="utf-8")
    assert result.attempted > 20
    assert not result.failed
