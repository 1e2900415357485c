"""Outcomes: the public columns, chunks and seeds, and a summary worked out by hand from a small frame."""

import dataclasses
import inspect
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from simulation import OUTCOMES, Outcomes, run, run_all, sample, sweep
from tests.builders import fleet, plan, sample_plan, scenario, wave
from waves import InputError

COLUMNS = [
    "outcome", "deployed_minutes", "end_minutes", "detected_minutes", "recovered_minutes", "regions_exposed",
    "share_exposed", "peak_share", "impact_minutes", "failover_hit", "mixed_minutes", "regions_failed",
    "weight",
]  # fmt: skip
WAVES = sample_plan("six-region-three-wave")
STOREFRONT = sample("storefront")
NAN = math.nan


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_a_run_has_exactly_the_public_columns_in_their_order(engine):
    frame = run(WAVES, STOREFRONT, trials=5, engine=engine).frame
    assert list(frame.columns) == COLUMNS
    assert frame.index.name == "trial" and list(frame.index) == [0, 1, 2, 3, 4]
    assert tuple(frame["outcome"].cat.categories) == OUTCOMES
    assert frame["regions_exposed"].dtype.kind == "i" and frame["failover_hit"].dtype == bool
    assert all(frame[name].dtype == float for name in COLUMNS if name.endswith("minutes") or "share" in name)


@pytest.mark.parametrize("engine, trials", [("compiled", 700), ("simpy", 30)])
def test_trials_are_the_same_in_any_chunks(engine, trials):
    whole = run(WAVES, STOREFRONT, trials=trials, seed=9, engine=engine)
    cuts = [0, 1, trials // 3, trials]
    parts = [
        run(WAVES, STOREFRONT, trials=b - a, first=a, seed=9, engine=engine)
        for a, b in zip(cuts, cuts[1:], strict=False)
    ]
    pd.testing.assert_frame_equal(pd.concat([part.frame for part in parts]), whole.frame, check_exact=True)
    assert np.array_equal(np.concatenate([part.defective for part in parts]), whole.defective)
    assert sum(part.regional for part in parts) == pytest.approx(whole.regional)


def test_a_plan_has_the_same_outcomes_alone_and_among_others():
    alone, among = (
        run(WAVES, STOREFRONT, trials=100),
        run_all([sample_plan("all-at-once"), WAVES], STOREFRONT, trials=100)[1],
    )
    pd.testing.assert_frame_equal(alone.frame, among.frame, check_exact=True)


def test_another_seed_is_another_run():
    one, other = (run(WAVES, STOREFRONT, trials=50, seed=seed).frame for seed in (1, 2))
    assert not one["end_minutes"].equals(other["end_minutes"])


@pytest.mark.parametrize(
    "options, words",
    [
        ({"trials": 0}, "trials is 0; give a whole number from 1 to 4294967296"),
        ({"trials": -5}, "trials is -5"),
        ({"trials": True}, "trials is True"),
        ({"trials": 2.0}, "trials is 2.0"),
        ({"trials": "5"}, "trials is '5'"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**64}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"first": -1}, "first is -1; give a whole number of at least 0"),
        ({"first": 1.5}, "first is 1.5"),
        ({"engine": "fast"}, "engine is 'fast'; use one of compiled, simpy"),
    ],
)
def test_what_cannot_be_run_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        run(plan("a"), scenario(), **options)


def test_the_greatest_seed_runs():
    assert len(run(plan("a"), scenario(), trials=2, seed=2**64 - 1).frame) == 2


def test_a_plan_with_strangers_is_refused():
    with pytest.raises(InputError, match="region 'z' is not in the fleet"):
        run(plan("a z"), scenario(), trials=1)


CHANCY = (  # whatever happens by hand can happen
    plan("a", wave("b", approval=True)),
    scenario(
        fleet(failover={"a": "b", "b": "a"}), build_failure_probability=0.1, rejection_probability=0.1,
        false_alarms_per_region_day=1.0, deploy_failure_probability=0.1,
    ),
)  # fmt: skip


def by_hand() -> Outcomes:
    """16 trials: 10 completed and 2 escaped, in 100 and 120 minutes; of 4 bad changes 3 hurt."""
    bad = np.repeat([False, True], [12, 4])
    frame = pd.DataFrame(
        {
            "outcome": ["completed"] * 10 + ["rejected", "build_failed", "caught", "caught", "escaped", "escaped"],
            "deployed_minutes": [60.0] * 10 + [NAN] * 4 + [60.0] * 2,
            "end_minutes": [100.0] * 5 + [120.0] * 5 + [10.0, 5.0, 30.0, 50.0, 100.0, 120.0],
            "detected_minutes": [NAN] * 12 + [30.0, 50.0, NAN, 190.0],
            "recovered_minutes": [NAN] * 12 + [40.0, 60.0, NAN, 200.0],
            "regions_exposed": [0] * 12 + [1, 2, 0, 2],
            "share_exposed": [0.0] * 12 + [0.1, 0.3, 0.0, 0.3],
            "peak_share": [0.0] * 12 + [0.1, 0.3, 0.0, 0.3],
            "impact_minutes": [0.0] * 12 + [2.0, 6.0, 0.0, 8.0],
            "failover_hit": [False] * 13 + [True, False, False],
            "mixed_minutes": [4.0] * 16,
        }
    )
    frame["outcome"] = pd.Categorical(frame["outcome"], categories=OUTCOMES)
    regional = np.array([[3.0, 2.0], [60.0, 0.0], [8.0, 8.0]])
    return Outcomes(*CHANCY, 0, range(16), frame, regional, bad)


@pytest.fixture(scope="module")
def summary() -> pd.DataFrame:
    return by_hand().summary()


@pytest.mark.parametrize(
    "figure, value, unit",
    [
        ("probability_shipped", 12 / 16, "probability"),
        ("probability_completed", 10 / 16, "probability"),
        ("probability_escaped", 2 / 16, "probability"),
        ("probability_caught", 2 / 16, "probability"),
        ("probability_false_alarm", 0, "probability"),
        ("probability_rejected", 1 / 16, "probability"),
        ("probability_build_failed", 1 / 16, "probability"),
        ("probability_failover_hit", 1 / 16, "probability"),
        ("share_exposed_mean", 0.7 / 16, "share of traffic"),
        ("share_exposed_p50", 0, "share of traffic"),
        ("share_exposed_p95", 0.3, "share of traffic"),
        ("regions_exposed_mean", 5 / 16, "regions"),
        ("impact_minutes_mean", 1, "fleet-minutes"),
        ("impact_minutes_p99", 8, "fleet-minutes"),
        ("failed_requests_mean", 100, "requests"),  # of 100 a minute
        ("impact_minutes_given_defect_mean", 4, "fleet-minutes"),
        ("impact_minutes_given_defect_p50", 2, "fleet-minutes"),  # the second of 0, 2, 6, 8
        ("end_minutes_given_shipped_mean", 110, "minutes"),
        ("end_minutes_given_shipped_p50", 100, "minutes"),  # the sixth of twelve
        ("minutes_to_ship", (1320 + 115) / 12, "minutes"),
        ("detected_minutes_mean", 90, "minutes"),
        ("detected_minutes_p50", 50, "minutes"),
        ("recovered_minutes_mean", 100, "minutes"),
        ("mixed_minutes_mean", 4, "minutes"),
    ],
)
def test_figures_worked_out_by_hand(summary, figure, value, unit):
    assert summary["estimate"][figure] == pytest.approx(value)
    assert summary["unit"][figure] == unit


def test_minutes_to_ship_is_the_time_of_a_success_and_of_the_failures_before_it(summary):
    """Rule 26: 110 + (1 − P) / P · E[max(end, recovered) | not shipped]: 10 and 5, and back at 40 and 60."""
    assert summary["estimate"]["minutes_to_ship"] == pytest.approx(110 + (4 / 12) * ((10 + 5 + 40 + 60) / 4))


def test_a_fix_costs_its_mean_with_each_try():
    """Rule 26: 30 minutes more for each of 4 that did not ship, over 12 that did; a sweep counts them as well."""
    fixed = dataclasses.replace(by_hand(), scenario=scenario().replace(fix={"exponential": {"mean": 30.0}}))
    assert fixed.summary()["estimate"]["minutes_to_ship"] == pytest.approx((1320 + 115 + 4 * 30) / 12)
    scene = scenario(deploy_failure_probability=0.5, fix=30.0, deploy=4.0)
    rows = run(plan("a"), scene, trials=500).summary()["estimate"]["minutes_to_ship"]
    sums = sweep({"it": plan("a")}, scene, trials=500).summaries["it"]["estimate"]["minutes_to_ship"]
    assert rows == pytest.approx(sums) and rows > 4 + 25


def test_intervals_are_those_of_their_kind(summary):
    low, high = stats.binomtest(12, 16).proportion_ci(0.95, method="exact")
    assert tuple(summary.loc["probability_shipped", ["low", "high"]]) == pytest.approx((low, high))
    half = stats.t.ppf(0.975, 11) * math.sqrt(12 * 100 / 11 / 12)
    assert tuple(summary.loc["end_minutes_given_shipped_mean", ["low", "high"]]) == pytest.approx(
        (110 - half, 110 + half)
    )


def test_a_mean_of_too_few_values_has_no_interval(summary):
    for figure in ("share_exposed_mean", "impact_minutes_mean", "failed_requests_mean", "detected_minutes_mean"):
        assert np.isnan(summary["low"][figure]) and np.isnan(summary["high"][figure])


def test_a_wider_confidence_has_wider_intervals():
    narrow, wide = (by_hand().summary(c).loc["probability_shipped"] for c in (0.5, 0.99))
    assert wide["low"] < narrow["low"] < 0.75 < narrow["high"] < wide["high"]


def test_regions_are_worked_out_by_hand():
    """a is hit 3 times and hurts 60 minutes in all; b is hit twice and never hurts."""
    regions = by_hand().regions
    assert list(regions.index) == ["a", "b"] and list(regions["wave"]) == [1, 2]
    assert list(regions["traffic_share"]) == pytest.approx([0.1, 0.2])
    assert list(regions["exposed_probability"]) == pytest.approx([3 / 16, 2 / 16])
    assert list(regions["hurt_minutes_given_exposed"]) == pytest.approx([20, 0])
    assert list(regions["impact_minutes_mean"]) == pytest.approx([0.5, 0.5])
    low, high = stats.binomtest(3, 16).proportion_ci(0.95, method="exact")
    assert (regions["exposed_low"]["a"], regions["exposed_high"]["a"]) == pytest.approx((low, high))


def test_a_region_hit_once_has_its_own_minutes_and_one_never_hit_has_none():
    given = by_hand()
    regional = np.array([[1.0, 0.0], [30.0, 0.0], [2.0, 0.0]])
    regions = dataclasses.replace(given, regional=regional).regions
    assert regions["hurt_minutes_given_exposed"]["a"] == 30 and np.isnan(regions["hurt_minutes_given_exposed"]["b"])
    assert list(regions["impact_minutes_mean"]) == [2 / 16, 0]


def test_where_nothing_ships_it_takes_for_ever():
    found = run(plan("a"), scenario(fleet(), build_failure_probability=1.0), trials=20).summary()
    assert found["estimate"]["minutes_to_ship"] == math.inf
    assert found["estimate"]["probability_build_failed"] == 1 and found["estimate"]["probability_shipped"] == 0
    assert np.isnan(found["estimate"]["end_minutes_given_shipped_mean"])


def test_where_nothing_can_go_wrong_everything_is_known_beforehand():
    """Build 2, deploy 4, bake 5: 11 minutes, every time."""
    found = run(plan("a", bake=5), scenario(faults=[], build=2.0, deploy=4.0), trials=20).summary()["estimate"]
    assert (found["probability_completed"], found["end_minutes_given_shipped_mean"]) == (1, 11)
    assert (found["minutes_to_ship"], found["impact_minutes_p99"]) == (11, 0)


def test_names_cannot_steer_the_page():
    shown = run(plan("a", name="<script>&"), scenario(), trials=2)._repr_html_()
    assert "<script>" not in shown and "&lt;script&gt;&amp;" in shown


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_outcomes_say_what_was_run(engine):
    chosen, scene = plan("b", "a"), scenario()
    found = run(chosen, scene, trials=3, first=4, seed=5, engine=engine)
    assert (found.plan, found.scenario, found.seed, found.trials) == (chosen, scene, 5, range(4, 7))
    assert list(found.frame.index) == [4, 5, 6] and found.regional.shape == (len(found.strata), 3, 2)
    assert found.defective.dtype == bool and len(found.defective) == 3
    assert "3 rollouts" in repr(found) and "seed 5" in repr(found)


def test_a_page_says_how_many_rollouts_of_what():
    found = run(plan("a", name="mine"), scenario(), trials=2000, seed=5)
    assert "<p>2,000 rollouts of <i>mine</i>, seed 5</p><table" in found._repr_html_()


def test_tables_are_not_printed_with_what_was_run():
    """Only the plan, the seed and how many: a million rows would fill the screen."""
    shown = repr(by_hand())
    assert "seed 0" in shown and "16 rollouts" in shown
    assert not [name for name in ("frame=", "regional=", "defective=") if name in shown]


@pytest.mark.parametrize("function", [run, run_all])
def test_twenty_thousand_rollouts_of_seed_0_without_a_bar_unless_said_otherwise(function):
    given = {name: each.default for name, each in inspect.signature(function).parameters.items()}
    wanted = {"trials": None, "seed": 0, "first": 0, "engine": "compiled", "progress": False}
    assert {name: given[name] for name in wanted} == wanted
    one = plan("a")
    (found,) = run_all([one], scenario()) if function is run_all else [run(one, scenario())]
    assert found.trials == range(20_000)


def test_tables_name_their_rows(summary):
    assert summary.index.name == "figure" and by_hand().regions.index.name == "region"
    assert list(summary.columns) == ["estimate", "low", "high", "unit", "trials_it_takes"]


@pytest.mark.parametrize(
    "column, unit",
    [
        ("share_exposed", "share of traffic"),
        ("peak_share", "share of traffic"),
        ("impact_minutes", "fleet-minutes"),
        ("regions_exposed", "regions"),
        ("mixed_minutes", "minutes"),
        ("impact_minutes_given_defect", "fleet-minutes"),
        ("end_minutes_given_shipped", "minutes"),
        ("detected_minutes", "minutes"),
        ("recovered_minutes", "minutes"),
    ],
)
def test_a_spread_is_a_mean_and_three_quantiles_in_one_unit(summary, column, unit):
    names = [f"{column}_{which}" for which in ("mean", "p50", "p95", "p99")]
    assert list(summary.loc[names, "unit"]) == [unit] * 4


def test_quantiles_are_order_statistics():
    """Of 1 to 200 minutes: the 100th, 190th and 198th."""
    frame = by_hand().frame.loc[[0] * 200].reset_index(drop=True)
    frame["mixed_minutes"] = np.arange(1.0, 201.0)
    many = Outcomes(plan("a"), scenario(), 0, range(200), frame, np.zeros((3, 1)), np.zeros(200, dtype=bool))
    names = ["mixed_minutes_p50", "mixed_minutes_p95", "mixed_minutes_p99"]
    found, narrow = many.summary().loc[names], many.summary(0.5).loc[names]
    assert list(found["estimate"]) == [100, 190, 198]
    assert found["low"].iloc[0] < narrow["low"].iloc[0] < 100 < narrow["high"].iloc[0] < found["high"].iloc[0]


def test_the_model_in_simpy_has_no_seam_between_blocks():
    """Over the edge of a block of 1,024 trials: the same rows alone."""
    scene = scenario(fleet(), deploy={"exponential": {"mean": 4.0}}, faults=[{"name": "bad", "probability": 0.5}])
    whole = run(plan("a"), scene, trials=1030, seed=3, engine="simpy")
    part = run(plan("a"), scene, trials=10, first=1020, seed=3, engine="simpy")
    pd.testing.assert_frame_equal(whole.frame.loc[1020:], part.frame, check_exact=True)
    assert np.array_equal(whole.defective[1020:], part.defective) and 500 < whole.defective.sum() < 900


def test_each_engine_is_the_one_asked_for(monkeypatch):
    """They give the same outcomes, so only taking one away tells."""

    def gone(*_):
        raise LookupError

    engines: tuple[tuple[Any, str], ...] = (("compiled", "Rollout"), ("simpy", "Desk"))
    for engine, part in engines:
        with monkeypatch.context() as without:
            without.setattr(f"simulation.running.rows.{part}", gone)
            assert len(run(plan("a"), scenario(), trials=2, engine=engine).frame) == 2
            other: Any = "simpy" if engine == "compiled" else "compiled"
            with pytest.raises(LookupError):
                run(plan("a"), scenario(), trials=2, engine=other)


def test_every_interval_widens_with_the_confidence():
    frame = by_hand().frame.loc[list(range(16)) * 20].reset_index(drop=True)
    many = Outcomes(*CHANCY, 0, range(320), frame, np.zeros((3, 2)), np.repeat([True, False], 160))
    narrow, wide = many.summary(0.5), many.summary(0.999)
    moving = narrow.index[(narrow["high"] > narrow["low"]) & ~narrow.index.str.contains("_p")]
    assert {"minutes_to_ship", "failed_requests_mean", "impact_minutes_mean", "detected_minutes_mean"} <= set(moving)
    chances = [name for name in narrow.index if name.startswith("probability_")]
    for name in {*moving, *chances}:
        assert wide["high"][name] - wide["low"][name] > narrow["high"][name] - narrow["low"][name], name


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_partners_that_hurt_together_are_a_failover_hit(engine):
    """Both hurt from 4 to the horizon; without a partner there is no such hit."""
    bad = {"name": "bad", "probability": 1.0, "detection_probability": 0.0}
    for pairs, hit in (({"a": "b"}, True), ({}, False)):
        found = run(plan("a b"), scenario(fleet(failover=pairs), deploy=4.0, faults=[bad]), trials=3, engine=engine)
        assert list(found.frame["failover_hit"]) == [hit] * 3


def test_a_page_shows_four_digits():
    """Twelve of 16 ship; minutes to ship are 119.583…"""
    shown = by_hand()._repr_html_()
    assert "<td>0.75</td>" in shown and "<td>119.6</td>" in shown
