"""The engines side by side: rollouts per second of processor time, in one run, taking turns.

The denominator of every ratio is the SimPy model on the same plan, scenario and seed. Beside it stands a bare SimPy,
which only waits as often as the model does and models nothing, so that a slow model flatters nobody; and the floor,
which only makes the random words that a healthy rollout needs.
"""

import statistics
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple

import numpy as np
import simpy
from numba import njit

import simulation
import waves
from benchmarks import either
from simulation.draws import PURPOSES
from simulation.engine import numbers
from simulation.engine.packing import pack_plans, pack_worlds, scratch_room
from simulation.engine.worker import numbered
from simulation.engine.worlds import open_block
from simulation.rare_events.sampling import Method, sampling_of
from simulation.running.rows import job, rows
from simulation.running.sweep import sweep
from simulation.setting import setting

TURNS = 3


class Case(NamedTuple):
    """A fleet's scenario, the plan that single runs take, and all the plans that sweeps may take."""

    name: str
    scenario: simulation.Scenario
    plan: waves.Plan
    plans: Sequence[waves.Plan]


class Line(NamedTuple):
    """One way to run rollouts: its name, and a function from a size to how many rollouts it did."""

    name: str
    run: Callable[[], int]


def six_regions() -> Case:
    """Return the sample, with every ordered grouping of its six regions: 4,683 plans."""
    return Case(*either.six_regions(simulation.sample("storefront")))


def thirty_regions() -> Case:
    """Return thirty regions with the sample's faults, and as many random plans."""
    return Case(*either.thirty_regions(simulation.sample("storefront"), 4683))


def lines(case: Case, scale: float) -> list[Line]:
    """Return the ways to run one case; a scale of 1 takes about a second each."""

    def simpy_model() -> int:
        trials = max(int(3000 * scale), 50)
        simulation.run(case.plan, case.scenario, trials=trials, seed=1, engine="simpy", sampling="crude")
        return trials

    def one_plan() -> int:
        trials = int(2_000_000 * scale)
        sweep({"one": case.plan}, case.scenario, trials=trials, seed=1, sampling="crude")
        return trials

    def many(count: int, rollouts: int, sampling: Method = "crude") -> Line:
        chosen = {plan.name: plan for plan in case.plans[:: max(len(case.plans) // count, 1)][:count]}
        trials = max(int(rollouts * scale / count), 256)

        def run() -> int:
            sweep(chosen, case.scenario, trials=trials, seed=1, sampling=sampling)
            return trials * count

        how = ", by strata" if sampling == "stratified" else ""
        return Line(f"compiled, sweep of {count:,}{how}", run)

    chosen = [setting(plan, case.scenario) for plan in case.plans[:64]]

    def with_frames() -> int:
        trials = max(int(60_000 * scale), 256)
        rows(job(chosen, 1, range(trials), "compiled", sampling_of(case.scenario, "crude")))
        return trials * len(chosen)

    return [
        Line("SimPy model", simpy_model),
        Line("bare SimPy", lambda: bare(case, scale)),
        Line("compiled, one plan", one_plan),
        many(8, 8_000_000),
        many(64, 20_000_000),
        many(64, 6_000_000, "stratified"),
        many(4683, 80_000_000),
        Line("compiled, 64 plans with frames", with_frames),
        Line("floor: words and transforms", lambda: floor(case, scale, transforms=True)),
        Line("floor: words alone", lambda: floor(case, scale, transforms=False)),
    ]


def bare(case: Case, scale: float) -> int:
    """Run SimPy for as many events as the model's rollouts of a healthy change have, and nothing else."""
    regions, gates = len(case.plan.regions), len(case.plan.waves)
    trials = max(int(6000 * scale), 50)

    def deployment(env: simpy.Environment, minutes: float) -> Generator[simpy.Event, Any, None]:
        yield env.timeout(minutes)

    def pipeline(env: simpy.Environment) -> Generator[simpy.Event, Any, None]:
        yield env.timeout(1.0)
        for wave in case.plan.waves:
            yield env.timeout(2.0)
            yield env.all_of([env.process(deployment(env, 5.0)) for _ in wave.regions])
            yield env.timeout(wave.bake_minutes)

    for _ in range(trials):
        env = simpy.Environment()
        env.process(pipeline(env))
        env.run()
    return trials if regions and gates else 0


def floor(case: Case, scale: float, *, transforms: bool) -> int:
    """Make the words that healthy rollouts need, and with transforms their minutes too; no rollouts."""
    one = [setting(case.plan, case.scenario)]
    worlds, plans = pack_worlds(case.scenario, 1), pack_plans(one)
    block, _, u, v = scratch_room(worlds, plans, 256)
    approvals = plans.approval.any(axis=0)
    blocks = 1 + 2 * len(worlds.traffic) + len(worlds.fault_breaks) + len(approvals) - 1
    rounds = max(int(8000 * scale), 10)
    for start in range(0, rounds * 256, 256):
        chosen = numbered(range(start, start + 256))
        if transforms:
            open_block(worlds, block, chosen, u, v, approvals)
        else:
            words(worlds.seed, chosen, blocks, PURPOSES["deploy"].number, u, v)
    return rounds * 256


@njit
def words(seed: Any, trials: Any, blocks: int, number: int, u: Any, v: Any) -> None:
    """Make the words of so many blocks of each trial."""
    for index in range(blocks):
        numbers.fill_words(seed, trials, np.uint64(2 << 24 | index), number, 0, u, v)


def measure(case: Case, scale: float) -> dict[str, float]:
    """Return rollouts per second of processor time of each line: the median of turns taken one after the other."""
    entries = lines(case, scale)
    for entry in entries:
        entry.run()
    rates: dict[str, list[float]] = {entry.name: [] for entry in entries}
    for _ in range(TURNS):
        for entry in entries:
            start = time.process_time()
            done = entry.run()
            rates[entry.name].append(done / (time.process_time() - start))
    return {name: statistics.median(found) for name, found in rates.items()}
