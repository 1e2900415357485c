"""Replay: recorded rollouts beside as many drawn ones, and how long conditioning takes.

Not here: the join (``joining``).
"""

import resource
import time

import numpy as np

from history.replaying.records import Records
from history.replaying.worlds import choose
from simulation import Scenario, run_all, sample
from simulation.rare_events.sampling import sampling_of
from simulation.running.rows import job, rows
from simulation.setting import settings_of
from tests.history.replaying.told import told, traces
from waves import Plan, all_at_once, doubling, one_at_a_time, sizes, two_halves

ROLLOUTS, BAD, WORLDS = 100_000, 0.05, 20
CHUNK = 2_048


def plans(scenario: Scenario) -> dict[str, Plan]:
    """Return ten plans over the storefront's fleet."""
    fleet = scenario.fleet
    found: dict[str, Plan] = {}
    for minutes in (30.0, 60.0):
        found |= {
            f"at once, {minutes}": all_at_once(fleet, bake_minutes=minutes),
            f"one at a time, {minutes}": one_at_a_time(fleet, bake_minutes=minutes),
            f"halves, {minutes}": two_halves(fleet, bake_minutes=minutes),
            f"doubling, {minutes}": doubling(fleet, bake_minutes=minutes),
            f"1, 2, 3, {minutes}": sizes(fleet, [1, 2, 3], bake_minutes=minutes),
        }
    return found


def recorded(scenario: Scenario, count: int) -> Records:
    """Return records of the storefront, of which one in twenty is bad: 600 rollouts of the model, again and again."""
    used = sizes(scenario.fleet, [1, 2, 3], bake_minutes=60, retries=1)
    few = told(used, scenario, traces(used, scenario, 3, 600))
    bad, good = (np.flatnonzero(np.isfinite(few.halt) == so) for so in (True, False))
    which = np.where(np.arange(count) % round(1 / BAD) == 0, np.resize(bad, count), np.resize(good, count))
    return few.of(which)


def grown(records: Records, scenario: Scenario) -> float:
    """Return by how many MiB memory's peak grows while the last four fifths of some rollouts are conditioned."""
    peaks, count = [], len(records.names)
    for at in range(0, count, CHUNK):
        own = slice(at, min(at + CHUNK, count))
        choose(records.of(own), scenario, np.arange(own.start, own.stop), 0, WORLDS)
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return peaks[-1] - peaks[len(peaks) // 5]


def measure(size: float) -> dict[str, float]:
    """Measure in seconds of the processor, on a share of 100,000 rollouts where the size is below 1."""
    count, scenario = max(int(ROLLOUTS * min(size, 1.0)), CHUNK), sample("storefront")
    records = recorded(scenario, count)
    growth = grown(records, scenario)
    begin, tapes = time.process_time(), []
    for at in range(0, count, CHUNK):
        own = slice(at, min(at + CHUNK, count))
        found = choose(records.of(own), scenario, np.arange(own.start, own.stop), 0, WORLDS)
        tapes.append(found.tape(0))
    conditioned = time.process_time() - begin
    named = plans(scenario)
    laid = settings_of(named, scenario)
    run_all([*named.values()], scenario, trials=CHUNK, sampling="crude")  # warm
    rows(job(laid, 0, tapes[0].trials, "compiled", sampling_of(scenario, "crude"), tapes[0]))
    begin = time.process_time()
    run_all([*named.values()], scenario, trials=count, sampling="crude")
    drawn = time.process_time() - begin
    begin = time.process_time()
    for tape in tapes:
        rows(job(laid, 0, tape.trials, "compiled", sampling_of(scenario, "crude"), tape))
    replayed = time.process_time() - begin
    share = ROLLOUTS / count
    return {
        "100,000 drawn rollouts × 10 plans, seconds": drawn * share,
        "100,000 recorded ones × 10 plans × 1 world, seconds": replayed * share,
        "recorded by drawn (budget 1.5)": replayed / drawn,
        "conditioning 100,000, 5 % bad, 20 worlds, seconds of one core (budget 120)": conditioned * share,
        "memory's peak, more after 100,000 than after 20,000, MiB": growth,
    }


if __name__ == "__main__":
    for name, value in measure(1.0).items():
        print(f"{name:80} {value:10.2f}")
