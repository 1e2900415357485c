"""What a sweep costs beyond its rollouts: memory, threads, executors, cold starts; and how long 1 % takes.

Memory and cold starts are measured in fresh processes. Not here: the rates of the engines (``engines``).
"""

import json
import math
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from typing import Any
from unittest.mock import patch

from benchmarks.engines import Case
from simulation import rare, sweep
from simulation.rare_events.targets import FIXED

MEBI = 2**20

STREAM = """
import json, pathlib, sys
from benchmarks import engines
from simulation import sweep
trials, count, warm = (int(argument) for argument in sys.argv[1:])
case = engines.six_regions()
plans = {plan.name: plan for plan in case.plans[:count]} if count > 1 else {"one": case.plan}
def held(field):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))
sweep(plans, case.scenario, trials=warm, seed=1)
before = held("VmRSS")
pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew from what is held now
sweep(plans, case.scenario, trials=trials, seed=1)
print(json.dumps([before, held("VmHWM")]))
"""

ANSWER = """
import simulation, waves
scenario = simulation.sample("storefront")
plan = waves.sizes(scenario.fleet, [1, 2, 3], bake_minutes=30)
simulation.run(plan, scenario, trials=2000, seed=1).summary()
"""


YARDSTICK = "ten million additions in a loop of Python"


def fresh(code: str, *arguments: int) -> str:
    """Run code in a new process, which may keep what it compiles, and return what it prints."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def memory(scale: float, whole: bool) -> dict[str, float]:
    """Return the most memory that sweeps hold, in MiB."""
    trials = int(10_000_000 * min(10 * scale, 1.0))  # of one plan a minute's work at the most
    before, after = json.loads(fresh(STREAM, trials, 1, 4096))
    few = max(int(8192 * scale), 4096)
    many = 1_000_000 if whole else 6 * few
    _, short = json.loads(fresh(STREAM, few, 4683, 256))
    _, long = json.loads(fresh(STREAM, many, 4683, 256))
    return {
        f"one plan, {trials:,} trials: added": (after - before) / MEBI,
        f"4,683 plans, {few:,} trials: in all": short / MEBI,
        f"4,683 plans, {many:,} trials: in all": long / MEBI,
    }


def clocked(run: Callable[[], Any], turns: int = 3) -> float:
    """Return the median of how many seconds a call takes on the wall."""
    found = []
    for _ in range(turns):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def workers(case: Case, scale: float) -> dict[str, float]:
    """Return seconds on the wall of one sweep, on threads, processes and a cluster."""
    from distributed import Client, LocalCluster

    plans = {plan.name: plan for plan in case.plans[:64]}
    trials = max(int(400_000 * scale), 32 * 4096)

    def seconds(workers: int | Executor = 1) -> float:
        return clocked(lambda: sweep(plans, case.scenario, trials=trials, seed=1, workers=workers))

    sweep(plans, case.scenario, trials=4096, seed=1)
    found = {"1 thread": seconds(), "2 threads": seconds(2)}
    with ThreadPoolExecutor(1) as executor:
        found["a pool of 1 thread"] = seconds(executor)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as processes:
        sweep(plans, case.scenario, trials=4096, seed=1, workers=processes)
        found["a pool of 1 process"] = seconds(processes)
    with (
        patch.dict(os.environ),  # Dask leaves settings of its own, with which a report takes a third longer
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        sweep(plans, case.scenario, trials=4096, seed=1, workers=client.get_executor())
        found["a Dask cluster of 1 process"] = seconds(client.get_executor())
    return found


def cold() -> dict[str, float]:
    """Return the seconds from nothing to a summary of 2,000 rollouts, in a fresh process with a warm cache."""
    fresh(ANSWER)
    return {
        YARDSTICK: clocked(lambda: fresh("for n in range(10_000_000): n + 1")),
        "an empty Python": clocked(lambda: fresh("")),
        "numpy, pandas and numba imported": clocked(lambda: fresh("import numpy, pandas, numba")),
        "simulation imported": clocked(lambda: fresh("import simulation")),
        "first compiled answer": clocked(lambda: fresh(ANSWER), 5),
    }


def report() -> dict[str, float]:
    """Return the seconds on the wall of a second `make report`, and of one without its slow parts."""
    run = partial(subprocess.run, check=True, capture_output=True)
    bare = [sys.executable, "-m", "wavecast", "report", "--rules", "data/rules/storefront.yaml"]
    commands = {
        "make report (budget 15)": ["make", "report"],
        "without the board (budget 6)": [*bare, "--no-board"],
        "without board and sensitivity": [*bare, "--no-board", "--no-sensitivity"],
    }
    run(commands["make report (budget 15)"])
    return {name: clocked(partial(run, command)) for name, command in commands.items()}


HEADLINES = (
    "share_exposed_mean",
    "impact_minutes_mean",
    "probability_escaped",
    "probability_failover_hit",
    "end_minutes_given_shipped_mean",
    "minutes_to_ship",
)


def to_one_percent(case: Case, scale: float, simpy_rate: float, our_rate: float) -> dict[str, dict[str, Any]]:
    """Return how many rollouts, and seconds of one core, an interval of ±1 % of each headline figure takes.

    Crude sampling with SimPy and with the compiled engine: computed from the variance that a pilot sweep finds and from
    rates measured in the same run, as a half-width shrinks with the root of the trials. By strata, where the figure is
    one of theirs: measured whole, pilots and the cutting included, and computed in the same way where `scale` made the
    interval wider. `best` names the one that takes the fewest seconds.
    """
    trials = max(int(4_000_000 * scale), 100_000)
    table = sweep({"plan": case.plan}, case.scenario, trials=trials, seed=1).summaries["plan"]
    rare(case.plan, case.scenario, precision=0.5)  # what is compiled is loaded once
    found = {}
    for figure in HEADLINES:
        estimate, low, high = (float(table[column][figure]) for column in ("estimate", "low", "high"))
        needed = trials * ((high - low) / 2 / (0.01 * estimate)) ** 2 if estimate else math.nan
        strata, seconds = by_strata(case, figure, scale) if figure in FIXED else (math.nan, math.nan)
        times = {"simpy": needed / simpy_rate, "compiled": needed / our_rate, "stratified": seconds}
        known = [name for name, time in times.items() if not math.isnan(time)]
        best = min(known, key=lambda name: times[name], default="none")
        found[figure] = {
            "estimate": estimate, "rollouts": needed, "stratified_rollouts": strata, **times, "best": best,
        }  # fmt: skip
    return found


def by_strata(case: Case, figure: str, scale: float) -> tuple[float, float]:
    """Return how many rollouts by strata, and seconds of one core, ±1 % of a figure takes."""
    start = time.process_time()
    precision = min(0.01 / math.sqrt(scale), 0.1)
    found = rare(case.plan, case.scenario, figure, precision=precision, trials=max(int(2e7 * scale), 100_000), seed=1)
    seconds, own = time.process_time() - start, found.estimate
    left = ((own.high - own.low) / 2 / (0.01 * own.value)) ** 2 if own.value else math.nan
    return found.trials * left, seconds * left


def load() -> float:
    """Return how many processes wanted each core, in the last minute."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)
