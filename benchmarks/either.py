"""What two checkouts of this repository both understand: run by each, as a process that answers line by line.

Usage, by ``paired``, ``same`` and ``memory``: python -P benchmarks/either.py SCENARIO SCALE, the checkout as PYTHONPATH

Nothing of ``benchmarks`` is imported, as the other checkout has its own; names that have changed are looked for under
both. Both read one scenario's file, without fields that only one of them knows, and sample it crudely. Not here: what
the answers are held against.
"""

import gc
import importlib
import inspect
import itertools
import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import simulation
import waves

CRUDE: dict[str, Any] = {"sampling": "crude"} if "sampling" in inspect.signature(simulation.run).parameters else {}


def six_regions(scenario: Any) -> tuple[str, Any, Any, list[Any]]:
    """Return a case of six regions: its name, its scenario, one plan, and every ordered grouping."""
    names = scenario.fleet.names
    plans = [waves.grouped(groups, bake_minutes=30, name=str(n)) for n, groups in enumerate(groupings(names))]
    return "6 regions, 3 waves", scenario, waves.sizes(scenario.fleet, [1, 2, 3], bake_minutes=30), plans


def thirty_regions(six: Any, count: int = 64) -> tuple[str, Any, Any, list[Any]]:
    """Return a case of thirty regions with the faults of the six, and so many random plans."""
    pick = random.Random(30)
    regions = tuple(
        waves.Region(name=f"region-{n:02}", traffic=float(pick.randint(1, 40) * 1000), labels=(f"label-{n % 3}",))
        for n in range(30)
    )
    faults = tuple(
        fault if isinstance(fault.where, str) else fault.model_copy(update={"where": simulation.Label(label="label-0")})
        for fault in six.faults
    )
    scenario = six.model_copy(update={"fleet": waves.Fleet(regions=regions), "faults": faults})
    names = scenario.fleet.names
    plans = [waves.grouped(random_grouping(names, 8, pick), bake_minutes=30, name=str(n)) for n in range(count)]
    eight = waves.sizes(scenario.fleet, [1, 2, 3, 4, 5, 5, 5, 5], bake_minutes=30)
    return "30 regions, 8 waves", scenario, eight, plans


def groupings(names: Sequence[str]) -> Iterator[list[list[str]]]:
    """Yield every way to put names into an ordered list of waves."""
    for waves_of in itertools.product(range(len(names)), repeat=len(names)):
        if set(waves_of) == set(range(max(waves_of) + 1)):
            yield [[name for name, w in zip(names, waves_of, strict=True) if w == k] for k in range(max(waves_of) + 1)]


def random_grouping(names: Sequence[str], count: int, pick: random.Random) -> list[list[str]]:
    """Return names in random order, cut at random into so many waves."""
    shuffled = pick.sample(names, len(names))
    cuts = [0, *sorted(pick.sample(range(1, len(names)), count - 1)), len(names)]
    return [shuffled[a:b] for a, b in itertools.pairwise(cuts)]


def rows_of(plans: Sequence[Any], scenario: Any, trials: int) -> None:
    """Roll plans out in the same worlds, keeping every row; nothing is summed up."""
    running = either("simulation.running.rows", "simulation._rows")
    laying = either("simulation.setting", "simulation._setting")
    settings = [laying.setting(plan, scenario) for plan in plans]
    more: tuple[Any, ...] = ()
    if CRUDE:
        more = (importlib.import_module("simulation.rare_events.sampling").sampling_of(scenario, "crude"),)
    running.rows(running.job(settings, 1, range(trials), "compiled", *more))


def either(name: str, before: str) -> Any:
    """Return a module, by what it is called or by what it was called before."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return importlib.import_module(before)


def lines(case: tuple[str, Any, Any, list[Any]], scale: float) -> dict[str, Callable[[], Any]]:
    """Return what is timed; at a scale of 1 each takes about a second."""
    name, scenario, plan, plans = case
    some = {each.name: each for each in plans[:: max(len(plans) // 64, 1)][:64]}
    sweep = simulation.sweep
    return {
        f"{name}: one plan": lambda: sweep({"one": plan}, scenario, trials=int(1e6 * scale), seed=1, **CRUDE),
        f"{name}: sweep of 64": lambda: sweep(some, scenario, trials=max(int(2e5 * scale), 256), seed=1, **CRUDE),
        f"{name}: 64 plans with frames": lambda: rows_of(plans[:64], scenario, max(int(6e4 * scale), 256)),
    }


def columns(plan: str, scenario: str, trials: int, seed: int, engine: Any) -> dict[str, list[str]]:
    """Return each column of some rollouts, numbers to their last bit."""
    ran = simulation.run(
        waves.Plan.read(plan), simulation.Scenario.read(scenario), trials=trials, seed=seed, engine=engine, **CRUDE
    )
    return {
        str(name): [value if isinstance(value, str) else float(value).hex() for value in column]
        for name, column in ran.frame.items()
    }


def most_memory(plans: int, trials: int, sampling: str) -> float:
    """Return the most memory, in MiB, that this process holds while it sweeps so many groupings of six regions.

    A sweep of a few trials comes first, so that compilation is no part of it.
    """
    _, scenario, _, every = six_regions(simulation.Scenario.read(sys.argv[1]))
    some = {plan.name: plan for plan in every[:plans]}
    how: dict[str, Any] = {"sampling": sampling} if CRUDE else {}
    simulation.sweep(some, scenario, trials=256, seed=1, **how)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew from what is held now
    simulation.sweep(some, scenario, trials=trials, seed=1, **how)
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def main() -> None:
    """Answer each line of standard input with one of standard output."""
    scenario, scale = simulation.Scenario.read(sys.argv[1]), float(sys.argv[2])
    timed: dict[str, Callable[[], Any]] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        if isinstance(asked, str):
            if not timed:
                timed = lines(six_regions(scenario), scale) | lines(thirty_regions(scenario), scale)
                gc.collect()
                gc.freeze()
            begin = time.process_time()
            timed[asked]()
            print(time.process_time() - begin, flush=True)
        else:
            answer: Callable[..., Any] = most_memory if "plans" in asked else columns
            print(json.dumps(answer(**asked)), flush=True)


if __name__ == "__main__":
    main()
