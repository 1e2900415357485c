"""The groupings that a page can carry: of a larger fleet the front, and what one move makes of it and of today's plan.

Not here: a search that may take its time (``simulation.searching``).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.arguments import check_confidence
from simulation.boards.figures import HALF
from simulation.boards.table import LARGEST, NAMES, TRIALS, Table, all_groupings, neighbours, table
from simulation.draws import check_address
from simulation.scenario import Scenario
from simulation.searching.front import front
from simulation.setting import setting
from waves import Plan, named
from waves.groupings import GROUPINGS

BY = ("impact_minutes_mean", HALF, "end_minutes_given_shipped_mean")
RESOLUTION = 0.05  # of a figure
FRONT = 6  # groupings on it whose neighbours the page has, at most
MOST = 600  # groupings on a page, at most
LEAST = 512  # trials of each plan, where there are many regions


def looked_up(scenario: Scenario, today: Plan, *, seed: int = 0, confidence: float = 0.95, few: bool = False) -> Table:
    """Return the table that a board for a page is made of: all groupings of up to six regions, else those nearby.

    Parameters
    ----------
    scenario, today, seed, confidence
        As for `table`.
    few
        Whether today's plan and what one move makes of it suffice.
    """
    setting(today, scenario)  # which refuses what is no plan of this fleet
    check_address(seed, range(TRIALS))
    options: dict[str, Any] = {"seed": int(seed), "confidence": check_confidence(confidence)}
    if len(today.regions) <= LARGEST and not few:
        return all_groupings(scenario, today, **options)
    return nearby(scenario, today, fronts=not few, **options)


def nearby(scenario: Scenario, today: Plan, *, seed: int = 0, confidence: float = 0.95, fronts: bool = True) -> Table:
    """Return the table of today's grouping, of the best known ones, and of their neighbours.

    Parameters
    ----------
    scenario, today, seed, confidence
        As for `table`.
    fronts
        Whether to look for others than today's neighbours.
    """
    regions = tuple(sorted(today.regions, key=scenario.fleet.positions.__getitem__))
    options = {"seed": seed, "confidence": confidence, "trials": max(min(2048, 2048 * 12 // len(regions)), LEAST)}
    own = _waves(today, regions)[None]
    known = _first(np.concatenate([own, neighbours(own)]), MOST)
    if fronts:
        starts = _first(np.concatenate([own, _grouped(scenario, today, regions), known[: MOST // 4]]), MOST // 2)
        best = _best(table(scenario, today, starts, whole=False, **options), FRONT)  # type: ignore[arg-type]
        known = _first(np.concatenate([own, best, known, neighbours(best)]), MOST)
    return table(scenario, today, known, whole=False, **options)  # type: ignore[arg-type]


def _waves(plan: Plan, regions: tuple[str, ...]) -> NDArray[np.uint16]:
    home = {name: w for w, wave in enumerate(plan.waves) for name in wave.regions}
    return np.array([home[name] for name in regions], dtype=np.uint16)


def _grouped(scenario: Scenario, today: Plan, regions: tuple[str, ...]) -> NDArray[np.uint16]:
    """Return the named groupings of the fleet, where the plan has all of its regions."""
    found = []
    for name in GROUPINGS if len(regions) == len(scenario.fleet.names) else ():
        try:
            found.append(_waves(named(name, scenario.fleet, like=today), regions))
        except ValueError:
            continue  # no labels, or no time zones
    return np.array(found, dtype=np.uint16).reshape(-1, len(regions))


def _first(waves: NDArray[np.uint16], most: int) -> NDArray[np.uint16]:
    """Return the first of some groupings, each once."""
    _, places = np.unique(waves, axis=0, return_index=True)
    return waves[np.sort(places)[:most]]


def _best(found: Table, most: int) -> NDArray[np.uint16]:
    """Return the groupings on the front at today's bakes, from the fastest to the slowest."""
    from simulation.boards.table import FACTORS

    value = found.numbers[[NAMES.index(name) for name in BY], 0, FACTORS.index(1.0)].T
    whole = np.flatnonzero(np.isfinite(value).all(axis=1))
    on = whole[front(value[whole], RESOLUTION)]
    picked = on[np.unique(np.linspace(0, max(len(on) - 1, 0), most).round().astype(np.int64))] if len(on) else on
    return found.waves[picked]
