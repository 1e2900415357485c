"""Searches: seconds on both sides of ten million additions, what racing saves, and how near a population comes.

Fleets are the storefront's, with regions added. What is measured is told on standard error as it comes, too. Not here:
rates of rollouts (``engines``).
"""

import sys
import time
from collections.abc import Callable, Iterable
from typing import Any
from unittest.mock import patch

import moocore
import numpy as np

from simulation import ExactFront, Scenario, exact, exact_front, sample, search
from waves import Fleet, Plan, all_at_once

BAKES = (0.0, 30.0, 60.0, 120.0)
EXACT = ("share_exposed_mean", "end_minutes_given_shipped_mean")


def storefront(regions: int) -> Scenario:
    """Return the storefront with six regions, or more that all differ, its own first."""
    scenario = sample("storefront")
    own = list(scenario.fleet.as_dict()["regions"])
    more = [
        {"name": f"added-{n}", "traffic": 1000.0 + 370.0 * n, "labels": ["shared-config"] if n % 2 else []}
        for n in range(regions - len(own))
    ]
    return scenario.replace(fleet=Fleet.model_validate({"regions": own + more}))


def large(regions: int) -> Scenario:
    """Return the storefront with many regions of four labels, whose traffic differs as it does among real ones."""
    traffic = np.random.default_rng(1).lognormal(7.0, 1.0, regions)
    labels = ("us", "eu", "ap", "shared-config")
    own = [{"name": f"r{n}", "traffic": float(t), "labels": [labels[n % 4]]} for n, t in enumerate(traffic)]
    return sample("storefront").replace(fleet=Fleet.model_validate({"regions": own}))


def golden(regions: int) -> Scenario:
    """Return a scenario in which the exact front is known."""
    traffic = np.random.default_rng(7).dirichlet(np.full(regions, 3.0)) * 100
    return Scenario.model_validate(
        {
            "fleet": {"regions": [{"name": f"r{n}", "traffic": float(t)} for n, t in enumerate(traffic)]},
            "deploy": 6.0,
            "faults": [{"name": "bad release", "probability": 0.1}],
            "evidence": {"exponential": {"mean": float(traffic.sum()) / 0.05}},
        }
    )


def additions() -> float:
    """Return the seconds of the processor that ten million additions in a loop of Python take here."""
    begin = time.process_time()
    for n in range(10_000_000):
        n + 1
    return time.process_time() - begin


def timed(run: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return what a call returns, its seconds on the wall, and those of all processors."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = run()
    return found, time.perf_counter() - wall, time.process_time() - cpu


def volume(plans: Iterable[Plan], known: ExactFront, scenario: Scenario) -> float:
    """Return the hypervolume of plans, by their closed forms, as a part of the exact front's."""
    ref, forms = (known.minutes.max() * 1.05, 1.05), [exact(plan, scenario) for plan in plans]
    own = [(e["end_minutes_given_shipped_mean"], e["share_exposed_given_defect_mean"]) for e in forms]
    best = np.column_stack([known.minutes, known.shares])
    return float(moocore.hypervolume(np.array(own), ref=ref) / moocore.hypervolume(best, ref=ref))


class Figures(dict[str, float]):
    """Figures by name, each told on standard error as it comes."""

    def __setitem__(self, name: str, value: float) -> None:
        """Keep one, and tell it."""
        super().__setitem__(name, value)
        print(f"{name:90} {value:12.3f}", file=sys.stderr, flush=True)


def measure(whole: bool) -> dict[str, float]:
    """Measure; where it is whole, eight, thirty and two hundred regions too: some twenty-five minutes."""
    search(storefront(6), bake_minutes=(0.0,), workers=2)  # warm
    yardstick, found = additions(), Figures()
    found["ten million additions in a loop of Python, seconds"] = yardstick
    for regions, budget in ((6, 10), (7, 60), (8, 600)) if whole else ((6, 10), (7, 60)):
        scenario = storefront(regions)
        best, wall, cpu = timed(lambda of=scenario: search(of, bake_minutes=BAKES, workers=2))  # type: ignore[misc]
        name = f"{regions} regions, {best.looked_at:,} plans"
        found[f"{name}: seconds on two threads (budget {budget})"] = wall
        found[f"{name}: seconds of the processors"] = cpu
        found[f"{name}: by the additions (budget {2 * budget})"] = wall / yardstick
        found[f"{name}: trials that the race saves, part"] = 1 - best.rollouts / best.whole
    _twelve(found)
    _eighteen(found)
    if whole:
        for name, scenario in (("30 regions that all differ", storefront(30)), ("200 regions", large(200))):
            best, wall, cpu = timed(lambda of=scenario: search(of, bake_minutes=BAKES, workers=2))  # type: ignore[misc]
            found[f"{name}: seconds on two threads"] = wall
            found[f"{name}: seconds of the processors"] = cpu
            found[f"{name}: by the additions"] = wall / yardstick
            found[f"{name}: plans looked at, of which {len(best.plans)} are told"] = best.looked_at
            found[f"{name}: millions of rollouts"] = best.rollouts / 1e6
    return found


def _twelve(found: Figures) -> None:
    """Measure the exact front of twelve regions, and a population beside it."""
    scenario = golden(12)
    known, _, cpu = timed(lambda: exact_front(scenario, BAKES))
    found["12 regions, exact front: seconds (budget 30)"] = cpu
    today: Plan = all_at_once(scenario.fleet, bake_minutes=30.0, strategy="blue_green")
    with patch("simulation.searching.search.suggested", lambda *_: []):  # else it would begin with the exact front
        best, _, cpu = timed(lambda: search(scenario, today=today, bake_minutes=BAKES, objectives=EXACT, workers=2))
    found["12 regions, population: seconds of the processors"] = cpu
    held = best.race.packing.candidates.plans(best.race.best)
    told = [plan for name, plan in best.plans.items() if name != "today"]
    for name, plans in (("that it holds (budget 0.99)", held), ("that it tells", told)):
        found[f"12 regions, population: volume of the {len(plans)} {name}, by the exact front's"] = volume(
            plans, known, scenario
        )


def _eighteen(found: dict[str, float]) -> None:
    """Measure how far a population is from what is provable where not all plans can be gone through."""
    scenario = golden(18)
    today: Plan = all_at_once(scenario.fleet, bake_minutes=30.0, strategy="blue_green")
    best = search(scenario, today=today, bake_minutes=BAKES, objectives=EXACT, workers=2)
    above = best.distance.table["above"].drop("today")
    for name, value in (("half of them", above.median()), ("the furthest", above.max())):
        found[f"18 regions, {len(above)} plans: how far above what none can be below, {name}, part"] = value


if __name__ == "__main__":
    measure(whole=False)
