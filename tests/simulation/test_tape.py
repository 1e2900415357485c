"""Tapes: what is known is what happens, in both engines; everything else is drawn as it would have been.

Not here: what a history fixes.
"""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from simulation import Address, Draws, Exponential, Lognormal, Scenario, Tape, duel, run, run_all, trace
from simulation.draws import CHANGE, FAULT, GATE, OF_FAULTS, PURPOSES, REGION
from simulation.tape import LATER, restricted
from tests.builders import fleet, plan
from tests.simulation.cases import cases
from waves import Plan

FEW = settings(max_examples=40, suppress_health_check=list(HealthCheck))
ENGINES = ["compiled", "simpy"]


def drawn(scenario: Scenario, seed: int, trials: range, attempts: int, gates: int = 5) -> Tape:
    """All that some trials may draw, as a tape."""
    draws, found = Draws(scenario, seed, trials), {}
    regions, faults = range(len(scenario.fleet.regions)), range(len(scenario.faults))
    for purpose, (kind, _) in PURPOSES.items():
        if purpose.startswith("stratum") or (purpose in ("report", "push") and _lacks(scenario, purpose)):
            continue
        things = {CHANGE: range(1), GATE: range(gates), REGION: regions, FAULT: faults}[kind]
        for thing in things:
            for k in range(attempts if purpose in LATER else 1):
                if purpose not in OF_FAULTS:
                    found[Address(purpose, kind, thing, k)] = draws.column(purpose, thing, k)
        for f in faults if purpose in OF_FAULTS else ():
            if purpose == "onset" or scenario.faults[f].where == "each_region":
                for r in regions:
                    found[Address(purpose, REGION, r, f)] = draws.fault_column(purpose, f, r)
            else:
                found[Address(purpose, FAULT, f)] = draws.fault_column(purpose, f, 0)
    return Tape(trials, {where: np.array(values, dtype=float) for where, values in found.items()})


def _lacks(scenario: Scenario, purpose: str) -> bool:
    return getattr(scenario, {"push": "pushes"}.get(purpose, purpose)) is None


@FEW
@given(case=cases(lattice=False), engine=st.sampled_from(ENGINES))
def test_a_tape_of_what_was_drawn_changes_no_bit(case, engine):
    """On the tape of seed 1, seed 2 gives the rollouts of seed 1."""
    chosen, scenario = case
    tape = drawn(scenario, 1, range(7, 37), chosen.retries + 1)
    wanted = run(chosen, scenario, trials=30, first=7, seed=1, engine=engine, sampling="crude")
    got = run(chosen, scenario, seed=2, engine=engine, tape=tape)
    assert got.frame.equals(wanted.frame)
    assert got.regional.tobytes() == wanted.regional.tobytes()


@FEW
@given(case=cases(lattice=True) | cases(lattice=False), seed=st.integers(0, 2**32), part=st.floats(0.1, 0.9))
def test_engines_agree_on_any_part_of_a_tape(case, seed, part):
    """Some values of another seed, some drawn: rollouts that neither seed has, and the same by both engines."""
    chosen, scenario = case
    rng, whole = np.random.default_rng(seed), drawn(scenario, seed + 1, range(25), chosen.retries + 1)
    columns = {
        where: np.where(rng.random(25) < part, values, np.nan)
        for where, values in whole.columns.items()
        if rng.random() < 0.7
    }
    one, other = (run(chosen, scenario, seed=seed, engine=e, tape=Tape(range(25), columns)) for e in ENGINES)  # type: ignore[arg-type]
    assert (one.frame["outcome"] == other.frame["outcome"]).all()
    for name in one.frame.columns.drop("outcome"):
        a, b = (each.frame[name].to_numpy(dtype=float) for each in (one, other))
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(one.regional, other.regional, rtol=1e-9, atol=1e-9)


ONE = fleet({"a": 10.0})
SCENE: dict[str, Any] = {"fleet": ONE, "deploy": {"exponential": {"mean": 9}}, "build": {"exponential": {"mean": 9}}}


@pytest.mark.parametrize("engine", ENGINES)
def test_attempts_are_as_known(engine):
    """A build of 3, an attempt that fails after 5, another after 7, a good one of 11, a bake of 2: ends at 28."""
    values = {
        ("build", CHANGE, 0, 0): 3.0, ("deploy_failure", REGION, 0, 0): 1.0, ("failed_deploy", REGION, 0, 0): 5.0,
        ("deploy_failure", REGION, 0, 1): 1.0, ("failed_deploy", REGION, 0, 1): 7.0,
        ("deploy_failure", REGION, 0, 2): 0.0, ("deploy", REGION, 0, 2): 11.0, ("build_failure", CHANGE, 0, 0): 0.0,
    }  # fmt: skip
    tape = Tape(range(1), {Address(*where): np.array([value]) for where, value in values.items()})
    found = run(plan("a", bake=2, retries=2), Scenario.model_validate(SCENE), engine=engine, tape=tape)
    assert found.frame["end_minutes"].tolist() == pytest.approx([28.0])
    assert found.frame["outcome"].tolist() == ["completed"]


@pytest.mark.parametrize("engine", ENGINES)
def test_latents_are_as_known(engine):
    """A fault hits where 2 of 10 requests a minute fail, from 3 on; 8 of them at 7, and 1 minute later the alarm."""
    fault = {"name": "bad", "probability": 0.001, "where": "each_region", "severity": {"empirical": [0.1, 1.0]}}
    scenario = Scenario.model_validate({**SCENE, "faults": [fault], "evidence": {"exponential": {"mean": 1}}})
    values = {
        ("build", CHANGE, 0, 0): 0.0, ("deploy", REGION, 0, 0): 2.0, ("hit", REGION, 0, 0): 1.0,
        ("severity", REGION, 0, 0): 0.2, ("onset", REGION, 0, 0): 1.0, ("seen_by_alarms", REGION, 0, 0): 1.0,
        ("evidence", REGION, 0, 0): 8.0, ("lag", REGION, 0, 0): 1.0, ("reaction", CHANGE, 0, 0): 4.0,
        ("rollback", REGION, 0, 0): 5.0,
    }  # fmt: skip
    tape = Tape(range(1), {Address(*where): np.array([value]) for where, value in values.items()})
    found = run(plan("a", bake=60), scenario, engine=engine, tape=tape).frame.iloc[0]
    assert (found["outcome"], found["detected_minutes"]) == ("caught", pytest.approx(8.0))
    assert found["recovered_minutes"] == pytest.approx(17.0)
    assert found["impact_minutes"] == pytest.approx(0.2 * 14)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("minutes, outcome", [(5.0, "false_alarm"), (math.inf, "completed")])
def test_a_false_alarm_comes_as_known_whatever_its_rate(engine, minutes, outcome):
    """Traffic from 4 on and a clock of 5: the alarm of a healthy change at 9; a clock without end: none."""
    scenario = Scenario.model_validate({"fleet": ONE, "deploy": 4.0, "false_alarms_per_region_day": 1e5})
    tape = Tape(range(1), {Address("false_alarm", REGION): np.array([minutes])})
    found = run(plan("a", bake=60), scenario, engine=engine, tape=tape).frame.iloc[0]
    assert (found["outcome"], found["end_minutes"]) == (outcome, 9.0 if outcome == "false_alarm" else 64.0)


def test_a_trace_and_a_duel_are_those_of_the_tape():
    tape = Tape(range(4, 6), {Address("build", CHANGE): np.array([math.nan, 50.0])})
    scenario = Scenario.model_validate(SCENE)
    found = run_all([plan("a"), plan("a", bake=7)], scenario, seed=3, tape=tape)
    ends = [each.frame["end_minutes"][5] for each in found]
    assert trace(plan("a"), scenario, seed=3, trial=5, tape=tape).end == pytest.approx(ends[0])
    both = duel(plan("a"), plan("a", bake=7), scenario, seed=3, trial=5, tape=tape)
    assert [both.first.end, both.second.end] == pytest.approx(ends)
    assert ends[0] > 50.0


def test_workers_and_blocks_give_the_same_bytes():
    """9,000 trials in three blocks, each with its part of the tape."""
    tape = Tape(range(100, 9_100), {Address("build", CHANGE): np.arange(9_000.0)})
    scenario = Scenario.model_validate(SCENE)
    one, two = (run(plan("a"), scenario, seed=3, tape=tape, workers=n) for n in (1, 2))
    assert one.frame.equals(two.frame)
    none = run(plan("a"), scenario, seed=3, trials=9_000, first=100, sampling="crude")
    build = np.array(Draws(scenario, 3, tape.trials).column("build"))
    wanted = none.frame["end_minutes"].to_numpy() - build + np.arange(9_000.0)
    np.testing.assert_allclose(one.frame["end_minutes"], wanted, rtol=1e-9)


@pytest.mark.parametrize("rule", [Exponential(mean=6.0), Lognormal(median=6.0, p95=12.0)])
def test_what_has_lasted_is_drawn_from_what_is_left(rule):
    """Beyond 5 minutes; of an exponential, 5 more than the draw itself, as it has no memory."""
    scenario = Scenario.model_validate({"fleet": ONE, "deploy": rule})
    where, trials = Address("deploy", REGION), np.arange(3_000)
    low = {"exponential": 1 - math.exp(-5 / 6), "lognormal": norm.cdf(math.log(5 / 6) / (math.log(2) / 1.6448536))}[
        rule.family
    ]
    found = restricted(scenario, 2, trials, rule, where, np.full(3_000, low))
    assert (found > 5 - 1e-6).all()
    if rule.family == "exponential":
        alone = np.array(Draws(scenario, 2, range(3_000)).column("deploy"))
        np.testing.assert_allclose(found, 5 + alone, rtol=1e-9)


@pytest.mark.parametrize(
    "where, value, match",
    [
        (("bake", CHANGE), 1.0, "^there is no draw 'bake'; there are approval_wait, build, "),
        (("build", REGION), 1.0, "^build is drawn for a change, not kind 2$"),
        (("lag", REGION, 0, 1), 1.0, "lag of region 0, occurrence 1: it is drawn once"),
        (
            ("build", CHANGE),
            -1.0,
            "^build of change 0, occurrence 0 is -1 in trial 3; give a number from 0 on, or NaN$",
        ),
        (("deploy_failure", REGION), 0.5, "is 0.5 in trial 3; give 1, 0 or NaN$"),
        (("lag", REGION, 1), 1.0, "the scenario has 1 of its kind; counted from 0$"),
        (("report", CHANGE), 1.0, "the scenario has no report; give it one, or leave it out here$"),
        (("hit", FAULT), 1.0, "the scenario has 0 of its kind"),
    ],
)
def test_what_no_draw_is_named_is_refused(where, value, match):
    scenario = Scenario.model_validate(SCENE)
    with pytest.raises(ValueError, match=match):
        run(plan("a"), scenario, tape=Tape(range(3, 4), {Address(*where): np.array([value])}))


def test_a_tape_has_trials_of_its_own():
    tape = Tape(range(3, 4), {})
    with pytest.raises(ValueError, match="^a tape has trials of its own; leave trials, first and precision out$"):
        run(Plan.model_validate(plan("a").model_dump()), Scenario.model_validate(SCENE), trials=5, tape=tape)
    with pytest.raises(ValueError, match="^the tape has trials 3 to 3, not all of 9 to 9$"):
        trace(plan("a"), Scenario.model_validate(SCENE), trial=9, tape=tape)
