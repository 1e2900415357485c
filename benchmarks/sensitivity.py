"""How often the intervals of a sensitivity hold the truth: build/sensitivity.json.

`nice python -m benchmarks.sensitivity` takes some ten minutes of one core; `--seconds 200` stops after so long, and
the next call goes on where it was. `--cost` measures what one costs the processor, and a report with it.
Not here: what a report's own figures cover (``coverage``).
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from simulation import Scenario, Sensitivity, sample, sensitivity
from waves import Plan, all_at_once, one_at_a_time, sizes, two_halves
from waves import sample as sample_plan

FEW = 8192  # trials of a repeat: the default
PRICE = 600.0

SCENARIO: dict[str, Any] = {
    "fleet": {
        "regions": [
            {"name": "eu-north-1", "traffic": 4000, "failover": "eu-west-1"},
            {"name": "eu-west-1", "traffic": 26000, "failover": "eu-north-1"},
            {"name": "us-east-1", "traffic": 42000},
        ]
    },
    "deploy": {"lognormal": {"median": 6, "p95": 12}},
    "faults": [
        {"name": "bad release", "probability": 0.05, "severity": 0.2, "onset": {"exponential": {"mean": 4}},
         "detection_probability": 0.9},
    ],
    "evidence": {"exponential": {"mean": 4000}},
    "report": {"lognormal": {"median": 60, "p95": 360}},
    "reaction": 3,
    "rollback": {"lognormal": {"median": 5, "p95": 11}},
}  # fmt: skip


def scene() -> tuple[dict[str, Plan], Scenario]:
    """Return three plans of the README's fleet, and its scenario."""
    world = Scenario.model_validate(SCENARIO)
    plans = {
        "two waves": sizes(world.fleet, [1, 2], bake_minutes=45),
        "one at a time": one_at_a_time(world.fleet, bake_minutes=45),
        "all at once": all_at_once(world.fleet, bake_minutes=30),
    }
    return plans, world


def once(seed: int, trials: int) -> dict[str, list[float]]:
    """Return every estimate of one sensitivity with its interval, by kind and name."""
    plans, world = scene()
    return {name: [float(each) for each in values] for name, values in _found(_run(plans, world, seed, trials))}


def _run(plans: dict[str, Plan], world: Scenario, seed: int, trials: int) -> Sensitivity:
    return sensitivity(plans, world, price=PRICE, trials=trials, seed=seed, workers=1)


def _found(found: Sensitivity) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for (plan, figure, name), row in zip(found.tornado.index, found.tornado.itertuples(index=False), strict=True):
        for way, values in (("low", row[:3]), ("high", row[3:6])):
            kind = "price" if figure == "worth" else "tornado"
            yield f"{kind}|{plan}|{figure}|{name}|{way}", values
    for each in found.breaks:
        yield f"break-even|{each.plan}|{each.figure}|{each.lever.name}", (each.factor, each.low, each.high)
    for (plan, figure), row in zip(found.regret.index, found.regret.itertuples(index=False), strict=True):
        yield f"regret|{plan}|{figure}", row[:3]
    for plan, row in zip(found.worth.index, found.worth.itertuples(index=False), strict=True):
        yield f"price|{plan}|as it is", row[:3]


def truths(known: dict[str, dict[str, list[float]]]) -> dict[str, float]:
    """Return the means of the repeats, of what nine tenths of them found: the estimates are the truth on average.

    The mean of 200 is off by a fourteenth of what one of them is off by, which takes a fifth of a point off a coverage.
    """
    values: dict[str, list[float]] = defaultdict(list)
    for found in known.values():
        for name, (value, *_) in found.items():
            if math.isfinite(value):
                values[name].append(value)
    return {name: math.fsum(each) / len(each) for name, each in values.items() if len(each) >= 0.9 * len(known)}


def coverage(known: dict[str, dict[str, list[float]]]) -> dict[str, dict[str, float]]:
    """Return by kind how many intervals there were, how many held, and how many had no ends."""
    true = truths(known)
    rows: dict[str, dict[str, float]] = defaultdict(lambda: {"intervals": 0, "held": 0, "without": 0, "worst": 1.0})
    single: dict[str, list[bool]] = defaultdict(list)
    for found in known.values():
        for name, (value, low, high) in found.items():
            own = rows[name.partition("|")[0]]
            if name not in true or value == low == high:
                continue  # nothing is left to chance
            if math.isnan(low):
                own["without"] += 1
                continue
            held = low <= true[name] <= high
            own["intervals"] += 1
            own["held"] += held
            single[name].append(held)
    for name, each in single.items():
        if len(each) >= 30:
            own = rows[name.partition("|")[0]]
            own["worst"] = min(own["worst"], sum(each) / len(each))
    return {kind: dict(own) for kind, own in rows.items()}


def spent() -> float:
    """Return the seconds of processor time of this process and of those that it waited for."""
    return math.fsum(os.times()[:4])


def cost() -> dict[str, float]:
    """Measure seconds of the processor: four plans over some twenty assumptions, and reports with and without it."""
    began = spent()
    total = 0
    for n in range(10_000_000):
        total += n
    seconds = {"ten million additions in a loop of Python": spent() - began}
    world = sample("storefront")
    world = world.replace(faults=world.faults[:1])
    plans = {"three waves": sample_plan("six-region-three-wave"), "all at once": all_at_once(world.fleet)}
    plans |= {"one at a time": one_at_a_time(world.fleet), "two halves": two_halves(world.fleet)}
    turned = 0
    for price, words in ((None, ""), (PRICE, ", costs too")):
        for _ in range(2):  # the first one loads the compiled engine
            began = spent()
            turned = len(sensitivity(plans, world, price=price, seed=7, workers=-1).levers)
            seconds[f"four plans over {turned} assumptions{words}"] = spent() - began
    for more in ((), ("--no-sensitivity",)):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "wavecast", "report", "--out", folder, *more]
            for _ in range(1 if more else 2):
                began = spent()
                subprocess.run(command, check=True, capture_output=True)
                seconds[" ".join(("wavecast report", *more))] = spent() - began
    return seconds


def main() -> None:
    """Go on with the repeats, and print what is known so far."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sensitivity", description=__doc__)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after so long, of the processor")
    parser.add_argument("--out", type=Path, default=Path("build/sensitivity.json"))
    parser.add_argument("--cost", action="store_true", help="measure its cost instead")
    options = parser.parse_args()
    if options.cost:
        for name, seconds in cost().items():
            print(f"{name:60} {seconds:8.2f} s")
        return
    options.out.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(options.out.read_text(encoding="utf-8")) if options.out.exists() else {}
    for seed in range(options.repeats):
        if str(seed) not in known and time.process_time() < options.seconds:
            known[str(seed)] = once(seed, FEW)
            options.out.write_text(json.dumps(known), encoding="utf-8")
    print(f"{len(known)} repeats of {FEW:,} trials\n")
    for kind, own in coverage(known).items():
        share = own["held"] / max(own["intervals"], 1)
        ends = binomtest(int(own["held"]), max(int(own["intervals"]), 1)).proportion_ci(0.95)
        told = f"{share:.1%} ({ends.low:.1%} to {ends.high:.1%} if all were independent)"
        print(f"{kind:12} {own['intervals']:7,.0f} intervals: {told}; least {own['worst']:.1%}; {own['without']} none")


if __name__ == "__main__":
    main()
