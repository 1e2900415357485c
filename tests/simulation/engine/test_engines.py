"""Every engine against the naive one, rollout by rollout: the same labels, the same numbers to 1e-9, ties included.

The model in SimPy is handed each world, so that its false alarms, too, can be put on the lattice; the compiled engine
draws for itself, from the same addresses.
"""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from simulation import Draws, Scenario, run
from tests.naive import naive
from tests.simulation.cases import cases
from tests.simulation.worlds import COLUMNS, by_simpy, differences
from waves import Plan

SEEDS = st.integers(0, 2**64 - 1)
SHORT = settings(max_examples=200, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=2_000, suppress_health_check=list(HealthCheck))


class Lattice:
    """A world whose false alarms, too, fall on half minutes; all else is drawn from a lattice already."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.deploy_fails, self.defect = world.deploy_fails, world.defect

    def draw(self, purpose: str, index: int = 0, occurrence: int = 0) -> Any:
        value = self.world.draw(purpose, index, occurrence)
        return math.ceil(2 * value) / 2 if purpose == "false_alarm" and value < math.inf else value


def agree(case: tuple[Plan, Scenario], seed: int, trials: int, lattice: bool) -> None:
    """Compare so many rollouts of the model in SimPy with the naive ones."""
    plan, scenario = case
    draws = Draws(scenario, seed, range(trials))
    for trial in draws.trials:
        world = Lattice(draws.world(trial)) if lattice else draws.world(trial)
        wanted = naive(plan, scenario, world)
        wrong = differences(wanted, by_simpy(plan, scenario, world))
        assert not wrong, f"seed {seed}, trial {trial}: (naive, simpy) = {wrong}"
        event(wanted["outcome"])


def agree_compiled(case: tuple[Plan, Scenario], seed: int, trials: int) -> None:
    """Compare so many rows of the compiled engine, and its sums by region, with the naive ones."""
    plan, scenario = case
    draws, outcomes = (
        Draws(scenario, seed, range(trials)),
        run(plan, scenario, trials=trials, seed=seed, sampling="crude"),
    )
    sums = {name: np.zeros(3) for name in plan.regions}
    for trial, got in zip(draws.trials, outcomes.frame.to_dict("records"), strict=True):
        wanted = naive(plan, scenario, draws.world(trial))
        wrong = differences({name: wanted[name] for name in COLUMNS}, {str(key): value for key, value in got.items()})
        assert not wrong, f"seed {seed}, trial {trial}: (naive, compiled) = {wrong}"
        for name, harm in wanted["regions"].items():
            sums[name] += harm
    for name, (exposed, minutes, impact) in sums.items():
        row = outcomes.regions.loc[name]
        assert row.exposed_probability == pytest.approx(exposed / trials, rel=1e-9)
        assert row.impact_minutes_mean == pytest.approx(impact / trials, rel=1e-9, abs=1e-12)
        if exposed:
            assert row.hurt_minutes_given_exposed == pytest.approx(minutes / exposed, rel=1e-9, abs=1e-12)


@SHORT
@given(case=cases(lattice=True, calendar=None), seed=SEEDS)
def test_the_model_in_simpy_agrees_where_ties_abound(case, seed):
    agree(case, seed, 18, True)


@SHORT
@given(case=cases(lattice=False, calendar=None), seed=SEEDS)
def test_the_model_in_simpy_agrees_at_any_times(case, seed):
    agree(case, seed, 18, False)


@SHORT
@given(case=st.booleans().flatmap(lambda lattice: cases(lattice=lattice, calendar=None)), seed=SEEDS)
def test_the_compiled_engine_agrees(case, seed):
    agree_compiled(case, seed, 30)


@pytest.mark.long
@LONG
@given(case=cases(lattice=True, calendar=None), seed=SEEDS)
def test_the_model_in_simpy_agrees_on_a_hundred_thousand_lattice_rollouts(case, seed):
    agree(case, seed, 50, True)


@pytest.mark.long
@LONG
@given(case=cases(lattice=False, calendar=None), seed=SEEDS)
def test_the_model_in_simpy_agrees_on_a_hundred_thousand_rollouts(case, seed):
    agree(case, seed, 50, False)


@pytest.mark.long
@LONG
@given(case=cases(lattice=True, calendar=None), seed=SEEDS)
def test_the_compiled_engine_agrees_on_a_hundred_thousand_lattice_rollouts(case, seed):
    agree_compiled(case, seed, 50)


@pytest.mark.long
@LONG
@given(case=cases(lattice=False, calendar=None), seed=SEEDS)
def test_the_compiled_engine_agrees_on_a_hundred_thousand_rollouts(case, seed):
    agree_compiled(case, seed, 50)
