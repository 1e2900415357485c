"""Where the time of rollouts goes: two rollouts by hand, both engines and the naive model, and parts that add up."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulation import Draws, Scenario, run, time_spent, trace
from simulation.spending import PARTS, spent
from tests.naive_spent import naive_spent
from tests.simulation.cases import cases
from waves import Fleet, Plan, Region, Wave

ANY = st.booleans().flatmap(lambda lattice: cases(lattice=lattice, calendar=None))


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(case=ANY, seed=st.integers(0, 2**64 - 1))
def test_both_engines_say_where_the_time_goes_and_the_parts_add_up(case, seed):
    plan, scenario = case
    outcomes = run(plan, scenario, trials=8, seed=seed, sampling="crude")
    found = time_spent(outcomes)
    assert (found.to_numpy() >= -1e-9).all()
    np.testing.assert_allclose(found.sum(axis=1), outcomes.frame["end_minutes"], rtol=1e-9, atol=1e-9)
    draws = Draws(scenario, seed, range(8))
    for trial in range(8):
        wanted = list(naive_spent(plan, scenario, draws.world(trial)).values())
        np.testing.assert_allclose(found.loc[trial].to_numpy(), wanted, rtol=1e-9, atol=1e-9)
        if trial < 4:
            model = spent(trace(plan, scenario, seed=seed, trial=trial, sampling="crude").rollout)
            np.testing.assert_allclose(list(model.values()), wanted, rtol=1e-9, atol=1e-9)


FLEET = Fleet(regions=tuple(Region(name=name, traffic=1.0, zone="UTC") for name in "abc"))


@pytest.mark.parametrize("sampling", ["crude", "stratified"])
def test_a_night_between_two_regions_is_a_closed_window(sampling):
    """Pushed at 10:00; build 10, a from 10:10 to 10:50; b asks then, and waits from 10:50 to 10:00 the next day.

    It ends at 10:40; bake 20, handover 5, approval 15 to 11:20; c waits to 10:00 the next day, 22 h 40 min, takes 40,
    and bakes 60.
    """
    plan = Plan(
        waves=(
            Wave(regions=("a", "b"), max_parallel=1, bake_minutes=20.0),
            Wave(regions=("c",), approval=True, bake_minutes=60.0),
        ),
        calendar={"hours": ("10:00", "10:30"), "zone": "UTC"},
    )
    scenario = Scenario(
        fleet=FLEET, build=10.0, handover=5.0, approval_wait=15.0, deploy=40.0, pushes="2026-11-23 10:00 UTC"
    )
    outcomes = run(plan, scenario, trials=3, seed=1, sampling=sampling)
    day = 24 * 60.0
    worked_out = [10.0, 5.0, 15.0, (day - 50) + (day - 80), 120.0, 80.0]
    assert time_spent(outcomes).to_numpy().tolist() == [worked_out] * 3
    assert list(time_spent(outcomes).columns) == list(PARTS)


def test_what_an_alarm_cuts_short_is_counted_up_to_it():
    """Harm begins with the first traffic, at 40; 10 failed requests are in at 50, in the bake."""
    fault = {"name": "bad", "probability": 1.0, "severity": 1.0}
    plan = Plan(waves=(Wave(regions=("a",), bake_minutes=60.0), Wave(regions=("b", "c"))), strategy="blue_green")
    scenario = Scenario(fleet=FLEET, faults=[fault], build=10.0, deploy=30.0, evidence=10.0, lag=0.0)
    (row,) = time_spent(run(plan, scenario, trials=1, seed=1, sampling="crude")).to_numpy().tolist()
    assert row == [10.0, 0.0, 0.0, 0.0, 30.0, 10.0]
