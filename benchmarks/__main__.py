"""`make bench`: every measurement in one run, as a table on standard output and as build/bench.json."""

import argparse
import json
import os
import platform
from pathlib import Path
from typing import Any

import numba
import numpy as np

from benchmarks import engines, fitting, joining, replaying, scale, searching
from benchmarks import history as collector


def machine() -> dict[str, str]:
    """Describe the machine that the figures were taken on."""
    names = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
    }


def beyond(case: engines.Case, rates: dict[str, float], size: float, whole: bool) -> dict[str, Any]:
    """Measure what is not a rate, print it, and return it."""
    found: dict[str, Any] = {}
    table("most memory, MiB", found, scale.memory(size, whole))
    seconds = scale.workers(case, size)
    table("one sweep of 64 plans, seconds", found, seconds)
    print(f"  {'1 to 2 threads':46} {seconds['1 thread'] / seconds['2 threads']:>12,.2f} x")
    table("fresh process, warm cache, seconds (budget 1.5)", found, scale.cold())
    table("a second report, seconds", found, scale.report())
    found["to 1 %"] = scale.to_one_percent(case, size, rates["SimPy model"], rates["compiled, one plan"])
    print(f"\nto an interval of 1 %, {case.name}: rollouts; seconds of one core with SimPy, compiled, and by strata\n")
    for name, row in found["to 1 %"].items():
        times = f"{row['simpy']:>12,.1f} {row['compiled']:>10,.4f} {row['stratified']:>10,.4f}"
        print(f"  {name:34} {row['rollouts']:>14,.0f} {times}  best: {row['best']}")
    return found


def table(title: str, found: dict[str, Any], rows: dict[str, float]) -> None:
    """Print rows under a title, and keep them."""
    found[title] = rows
    print(f"\n{title}\n")
    width = max(46, *map(len, rows))
    for name, value in rows.items():
        print(f"  {name:{width}} {value:>12,.2f}")


def simulated(size: float, whole: bool) -> dict[str, Any]:
    """Measure the engines, and what sweeps cost beyond their rollouts."""
    found: dict[str, Any] = {}
    cases = engines.six_regions(), engines.thirty_regions()
    for case in cases:
        rates = engines.measure(case, size)
        found[case.name] = rates
        print(f"\n{case.name}: rollouts per second of processor time\n")
        for name, rate in rates.items():
            print(f"  {name:32} {rate:>14,.0f}  {rate / rates['SimPy model']:>9,.1f} x SimPy")
    return found | beyond(cases[0], found[cases[0].name], size, whole)


def main() -> None:
    """Measure, print, and write build/bench.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="how long to measure; 1 takes about 15 minutes")
    parser.add_argument(
        "--whole",
        action="store_true",
        help="a million trials of 4,683 plans, searches in 8, 30 and 200 regions: long",
    )
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"), help="where the figures go")
    parser.add_argument("--only", choices=("engines", "history", "search"), help="a part of it")
    options = parser.parse_args()
    found: dict[str, Any] = {"machine": machine(), "load": scale.load()}
    print(", ".join(f"{key} {value}" for key, value in machine().items()))
    print(f"load for each core {found['load']:.2f}; above 0.5, seconds on the wall say little")
    if options.only in (None, "engines"):
        found |= simulated(options.scale, options.whole)
    if options.only in (None, "search"):
        table("search", found, searching.measure(options.whole))
    if options.only in (None, "history"):
        table("history", found, collector.measure(options.scale))
        table("rollouts", found, joining.measure(options.scale))
        table("replay", found, replaying.measure(options.scale))
        table("fit", found, fitting.measure(options.scale))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(f"\nwritten to {options.out}")


if __name__ == "__main__":
    main()
