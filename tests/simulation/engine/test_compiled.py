"""The compiled engine against the model in SimPy, row by row; and its arithmetic against ours, bit by bit.

The two share nothing but the draws' addresses. Not here: either of them against the naive model (``test_engines``).
"""

from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numba import config

from simulation import Gamma, Scenario, agenda, run_all
from simulation import arithmetic as plain
from simulation.distributions import FAMILIES
from simulation.draws import PURPOSES, uniform
from simulation.engine import layout, numbers
from simulation.engine.packing import pack_worlds
from tests import builders
from tests.simulation.cases import cases, fleets, plans, scenarios
from tests.simulation.engine.inside import inside
from waves import Plan, grouped

SEEDS = st.integers(0, 2**64 - 1)
SHORT = settings(max_examples=60, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=1_000, suppress_health_check=list(HealthCheck))
MANY = 2_000 if config.DISABLE_JIT else 20_000  # type: ignore[attr-defined] # what is not compiled takes its time
EDGES = [2.0**-53, 1e-13, 1e-9, 0.07499999999999, 0.075, 0.5, 0.925, 0.92500000000001, 1 - 1e-13, 1 - 2.0**-53]


def agree(chosen: list[Plan], scenario: Scenario, seed: int, trials: int) -> None:
    """Compare every column of every row, the sums by region, and which changes were bad."""
    engines = (run_all(chosen, scenario, trials=trials, seed=seed, engine=engine) for engine in ("simpy", "compiled"))
    for wanted, got in zip(*engines, strict=True):
        assert list(got.frame) == list(wanted.frame)
        assert (got.frame["outcome"] == wanted.frame["outcome"]).all()
        assert (got.defective == wanted.defective).all()
        for name in wanted.frame.columns.drop("outcome"):
            a, b = (outcomes.frame[name].to_numpy(dtype=float) for outcomes in (wanted, got))
            wrong = np.flatnonzero(~np.isclose(b, a, rtol=1e-9, atol=1e-9, equal_nan=True))
            assert not len(wrong), f"{name}, seed {seed}, trial {wrong[0]}: simpy {a[wrong[0]]}, not {b[wrong[0]]}"
        np.testing.assert_allclose(got.regional, wanted.regional, rtol=1e-9, atol=1e-9)


@st.composite
def gammas(draw: Any) -> tuple[Plan, Scenario]:
    """A case whose times are gamma-distributed."""
    plan, scenario = draw(cases(lattice=False))
    times = st.builds(lambda k, s: Gamma(shape=k, scale=s), st.floats(0.2, 8.0), st.floats(0.1, 4.0))
    fields = ("build", "deploy", "lag", "reaction", "rollback", "evidence")
    return plan, scenario.model_copy(update={field: draw(times) for field in fields})


@st.composite
def choices(draw: Any) -> tuple[list[Plan], Scenario]:
    """Three plans over one scenario, which share a block's draws."""
    lattice = draw(st.booleans())
    fleet = draw(fleets(lattice))
    return draw(st.lists(plans(fleet, lattice), min_size=3, max_size=3)), draw(scenarios(fleet, lattice))


@SHORT
@given(case=cases(lattice=True), seed=SEEDS)
def test_it_agrees_where_ties_abound(case, seed):
    agree([case[0]], case[1], seed, 50)


@SHORT
@given(case=cases(lattice=False) | gammas(), seed=SEEDS)
def test_it_agrees_at_any_times(case, seed):
    agree([case[0]], case[1], seed, 50)


@SHORT
@given(case=choices(), seed=SEEDS)
def test_plans_that_share_draws_leave_each_other_alone(case, seed):
    agree(case[0], case[1], seed, 15)


def test_what_is_detected_with_the_push_is_detected_after_no_minutes():
    """Zero is a time here; not detected is NaN."""
    faults = [{"name": "bad", "probability": 0.5}]
    scenario = builders.scenario(faults=faults, evidence=5, deploy=5, build=0, report=0)
    found = run_all([builders.plan("a", "b c", bake=5, strategy="rolling")], scenario, trials=64, seed=1)[0].frame
    caught = found["outcome"] == "caught"
    assert caught.sum() > 10 and (found["detected_minutes"][caught] == 0).all()
    assert found["detected_minutes"][~caught].isna().all()


def test_who_fails_a_pipeline_has_failed_however_short_the_last_attempt():
    """One in a thousand of these is too short to change the clock: a last one starts where the pipeline ends."""
    world = builders.scenario(
        deploy={"gamma": {"shape": 0.2, "scale": 0.5}}, build=8, deploy_failure_probability=0.5, report=60
    )
    plan = builders.plan("a b", bake=0, retries=1, on_deploy_failure="rollback_all")
    found = run_all([plan], world, trials=20_000, seed=0)[0].frame
    ended = found[found["outcome"] == "deploy_failed"]
    assert len(ended) > 1000 and (ended["regions_failed"] >= 1).all()


def test_runs_of_256_trials_join_without_a_seam():
    fleet = builders.fleet({"a": 1.0, "b": 3.0})
    fault = {"name": "bad", "probability": 0.3, "where": "each_region", "severity": 0.5}
    scenario = Scenario.model_validate(
        {"fleet": fleet, "deploy": {"exponential": {"mean": 5.0}}, "faults": [fault], "report": 7.0}
    )
    agree([grouped([["b"], ["a"]], bake_minutes=9)], scenario, 4, 700)


@pytest.mark.long
@LONG
@given(case=cases(lattice=True), seed=SEEDS)
def test_it_agrees_on_half_a_million_lattice_rollouts(case, seed):
    agree([case[0]], case[1], seed, 500)


@pytest.mark.long
@LONG
@given(case=cases(lattice=False) | gammas(), seed=SEEDS)
def test_it_agrees_on_another_half_a_million_rollouts(case, seed):
    agree([case[0]], case[1], seed, 500)


# Bits.


def uniforms() -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.concatenate([EDGES, np.random.default_rng(5).random(MANY)])


@pytest.mark.parametrize(
    "family",
    [
        {"constant": 3.5},
        {"exponential": {"mean": 2.5}},
        {"lognormal": {"median": 2.0, "p95": 9.0}},
        {"weibull": {"shape": 0.7, "scale": 3.0}},
        {"gamma": {"shape": 0.3, "scale": 1.5}},
        {"gamma": {"shape": 20.0, "scale": 0.5}},
        {"empirical": [4.0, 1.0, 2.5]},
        *(yaml.safe_load(each.shown.written) for each in FAMILIES),
    ],
    ids=lambda family: next(iter(family)),
)
def test_quantiles_have_the_same_bits_one_by_one_and_in_runs(family):
    fleet = builders.fleet({"a": 1.0})
    scenario = Scenario.model_validate({"fleet": fleet, "build": family, "deploy": 1.0})
    worlds, u = pack_worlds(scenario, 0), uniforms()
    rule = int(worlds.change_rules[layout.BUILD])
    wanted, run = scenario.build.quantile(u), np.zeros(len(u))
    inside(numbers.fill_quantiles, worlds.rules, worlds.table, rule, u, run)
    single = np.array([inside(numbers.quantile, worlds.rules, worlds.table, rule, x) for x in u])
    assert run.tobytes() == wanted.tobytes()
    assert single.tobytes() == wanted.tobytes()


def test_the_normal_quantile_has_the_same_bits():
    u = uniforms()
    assert np.array([inside(numbers.normal_quantile, x) for x in u]).tobytes() == plain.normal_quantile(u).tobytes()


def test_logarithms_have_the_same_bits_over_the_whole_range():
    x = np.concatenate([uniforms(), 2.0 ** np.random.default_rng(6).uniform(-1021, 1023, 5_000)])
    assert np.array([inside(numbers.log, value) for value in x]).tobytes() == plain.log(x).tobytes()


def test_exponentials_have_the_same_bits_over_the_whole_range():
    x = np.concatenate([[0.0, -745.2, -708.5, 709.7, -900.0], np.random.default_rng(7).uniform(-745, 709, 5_000)])
    assert np.array([inside(numbers.exp, value) for value in x]).tobytes() == plain.exp(x).tobytes()


@given(
    seed=SEEDS,
    first=st.integers(0, 2**32 - 8),
    purpose=st.sampled_from(sorted(PURPOSES)),
    index=st.integers(0, 200),
    occurrence=st.integers(0, 5),
)
def test_uniforms_have_the_same_bits_at_every_address(seed, first, purpose, index, occurrence):
    kind, number = PURPOSES[purpose]
    key = np.array([seed & 0xFFFFFFFF, seed >> 32], dtype=np.uint64)
    trials = np.arange(first, first + 8, dtype=np.uint64)
    wanted = uniform(seed, trials, PURPOSES[purpose], index, occurrence)
    pair = np.zeros(8), np.zeros(8)
    inside(numbers.fill_words, key, trials, np.uint64(kind << 24 | index), number, occurrence, *pair)
    single = [inside(numbers.uniform, key, first + i, kind, index, number, occurrence) for i in range(8)]
    assert pair[number % 2].tobytes() == wanted.tobytes()
    assert np.array(single).tobytes() == wanted.tobytes()


def test_its_addresses_are_those_of_the_draws():
    names = {"manual_recovery": "MANUAL"}
    rollouts = {purpose: where for purpose, where in PURPOSES.items() if not purpose.startswith("stratum_")}
    for purpose, (kind, number) in rollouts.items():
        assert getattr(layout, f"N_{names.get(purpose, purpose.upper())}") == number
        assert kind in (layout.CHANGE, layout.FAULT, layout.REGION, layout.GATE)
    kinds = {"build": layout.CHANGE, "hit": layout.FAULT, "deploy": layout.REGION, "handover": layout.GATE}
    assert {purpose: PURPOSES[purpose].kind for purpose in kinds} == kinds


def test_ranks_and_tables_are_those_of_the_model():
    """They are written down twice, as compiled code is made from as few files as can be."""
    assert layout.AT_ALARMS == agenda.TRUE_ALARM
    assert agenda.PIPELINE < layout.AFTER_ALL
    assert (numbers.GAMMA_NODES, numbers.GAMMA_REACH) == (Gamma.NODES, Gamma.REACH)


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="then everything is called by Python")  # type: ignore[attr-defined]
def test_what_has_no_way_in_from_python_says_so():
    """It would be a call of nothing, and end the process."""
    with pytest.raises(
        TypeError,
        match="^log is called by compiled code alone; call it from a function under njit, or make it an entry$",
    ):
        numbers.log(2.0)
