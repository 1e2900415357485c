"""The front of time and exposure that is provably best, where the closed forms hold.

A dynamic program over what has been deployed so far. Under rule 24 a rollout that has deployed the share V and bakes b
minutes goes on, given a defect, with probability exp(−λ V (b + d)), whatever came before: the share still to be exposed
is multiplied by that, so of two ways to go on from one state the slower and wider one can never be right. Not here:
closed forms of one plan (``closed_forms``), anything that is simulated.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulation.closed_forms.exact import exact
from simulation.closed_forms.quantities import Course
from simulation.scenario import Scenario
from simulation.searching.candidates import bakes_of
from simulation.searching.front import spread
from simulation.setting import setting
from waves import Fleet, Plan, grouped, one_at_a_time

NEEDS = ("share_exposed_given_defect_mean", "end_minutes_given_shipped_mean")
MOST = 3**14  # pairs of states, beyond which nobody would wait
QUICK, FEW = 3**12, 3**10  # pairs that a search goes through at its end, to tell how good it is; and to begin with
SLOWER = (1.0, 4.0, 16.0, 64.0, 256.0)  # than on paper, which knows of no lag, no onset and nobody's reaction
WAVES, BAKES, SUGGESTED = 12, 4, 64  # of a plan to begin with, at most; to choose from; plans at each such pace
STEPS, CELLS = 2**13, 2**23  # for each pair that may be: bakes times sums of minutes; states times sums, some 200 MB
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ExactFront:
    """The plans that nothing beats in both time and exposure, from the fastest to the safest.

    Attributes
    ----------
    plans
        In order of their time; none is both slower and more exposed than another.
    minutes
        How long each takes where nothing goes wrong, shape (plans,).
    shares
        The share of the fleet's traffic that a bad change exposes on average under each, shape (plans,).
    """

    plans: tuple[Plan, ...]
    minutes: Floats
    shares: Floats

    @property
    def table(self) -> pd.DataFrame:
        """One row a plan: columns `waves`, `bakes`, `minutes`, `share_exposed_given_defect_mean`."""
        rows = [
            (" → ".join("+".join(w.regions) for w in plan.waves), [w.bake_minutes for w in plan.waves])
            for plan in self.plans
        ]
        table = pd.DataFrame(rows, columns=["waves", "bakes"])
        return table.assign(minutes=self.minutes, share_exposed_given_defect_mean=self.shares)


def exact_front(scenario: Scenario, bake_minutes: Sequence[float]) -> ExactFront:
    """Return every plan of a fleet that no other beats in both time and expected exposure, provably.

    Every grouping of the regions, in every order, with every one of some bakes after each wave, is in the comparison:
    52,923 plans for five regions and three bakes. Regions of equal traffic are interchangeable, and are taken in the
    fleet's order.

    Parameters
    ----------
    scenario
        One that keeps rule 24, without a lag: every region deploys in a constant time, a defect is everywhere, and
        alarms need an exponential number of failed requests.
    bake_minutes
        The bakes to choose from, minutes.

    Raises
    ------
    ValueError
        Where an assumption fails, with what was found and what it would have to be; for a fleet with too many different
        regions to go through; for bakes that are no minutes.
    """
    return front_within(scenario, bakes_of(bake_minutes), MOST)


def front_within(scenario: Scenario, bakes: list[float], most: int) -> ExactFront:
    """Return what `exact_front` does, and refuse a fleet that makes more pairs of states."""
    course = _course(scenario, bakes[-1])
    states = _States(*_alike(scenario.fleet, most))
    clock = _Clock(bakes, course.deploy, len(scenario.fleet.regions), states.sums(most, len(bakes)))
    best, choice = _solve(states, clock, course.rate)
    front = _undominated(best[0])
    plans = tuple(_plan(states, clock, choice, at, number) for number, at in enumerate(front, 1))
    return ExactFront(plans, clock.minutes[front], best[0, front])


def suggested(scenario: Scenario, bakes: list[float], units: Sequence[Sequence[str]]) -> list[Plan]:
    """Return the plans that would be best if the closed forms held, with means for what varies: where to begin.

    Of many units those of about the same traffic are taken for alike, so that they are gone through quickly.

    Parameters
    ----------
    scenario, bakes
        As for `exact_front`, but that no assumption needs to hold.
    units
        The regions that go together.

    Returns
    -------
    list of Plan
        None where there is nothing to go by: no defect, or no alarm that looks.
    """
    bad = [fault for fault in scenario.faults if fault.effect == "defect" and fault.probability > 0]
    evidence, deploy = scenario.of(0, "evidence"), scenario.of(0, "deploy").mean
    total = sum(fault.probability for fault in bad)
    if not bad or evidence is None or not 0 < evidence.mean < math.inf or not math.isfinite(deploy):
        return []
    severity = sum(fault.probability * fault.severity.mean for fault in bad) / total
    if _pairs([len(units)]) > FEW:  # even if all were alike
        return []
    states = _States(*_about_alike(scenario.fleet, units))
    own = [bakes[at] for at in spread(len(bakes), BAKES)]
    clock = _Clock(own, deploy, min(len(units), WAVES), states.sums(MOST, len(own)))
    found = dict[Plan, None]()
    for slower in SLOWER:
        best, choice = _solve(states, clock, scenario.fleet.traffic * severity / evidence.mean / slower)
        front = _undominated(best[0])
        found |= {_plan(states, clock, choice, at, 1): None for at in front[spread(len(front), SUGGESTED)]}
    return list(found)


def _course(scenario: Scenario, bake: float) -> Course:
    """Return the course of the slowest plan of the whole fleet, if the closed forms hold for it and so for any."""
    plan = one_at_a_time(scenario.fleet, bake_minutes=bake, strategy="blue_green")
    known = exact(plan, scenario)
    for figure in NEEDS:
        known[figure]
    course = Course(setting(plan, scenario))
    if course.lag > 0:
        raise ValueError(f"lag is {course.lag:g} minutes; the front is provable where it is 0 in every region")
    return course


Units = list[Sequence[str]]  # of regions that go together


def _alike(fleet: Fleet, most: int) -> tuple[list[Units], list[float]]:
    """Return the regions by their traffic, and the share that each of a kind has."""
    traffic = [region.traffic for region in fleet.regions]
    kinds = sorted(set(traffic), key=traffic.index)
    found: list[Units] = [[(r.name,) for r in fleet.regions if r.traffic == kind] for kind in kinds]
    pairs = _pairs(map(len, found))
    if pairs > most:
        raise ValueError(
            f"the fleet has {len(traffic)} regions of {len(kinds)} kinds, which makes {pairs:,} steps, and {most:,} "
            "are the most; give some regions the same traffic, or search without the proof"
        )
    return found, [kind / fleet.traffic for kind in kinds]


def _about_alike(fleet: Fleet, units: Sequence[Sequence[str]]) -> tuple[list[Units], list[float]]:
    """Return units by about their traffic, the smallest first, in as many kinds as are gone through quickly."""
    share = {unit: sum(fleet.shares[name] for name in unit) for unit in map(tuple, units)}
    ordered = sorted(share, key=share.__getitem__)
    found: list[Units] = [list(alike) for _, alike in itertools.groupby(ordered, share.__getitem__)]
    kinds = len(found)
    while _pairs(map(len, found)) > FEW:
        kinds -= 1
        found = [[ordered[at] for at in part] for part in np.array_split(np.arange(len(ordered)), kinds)]
    return found, [sum(share[tuple(unit)] for unit in part) / len(part) for part in found]


def _pairs(counts: Iterable[int]) -> int:
    """Return how many pairs of states there are of which one can lead to the other."""
    return math.prod((count + 1) * (count + 2) // 2 for count in counts)


class _States:
    """What can have been deployed: how many units of each kind, as one number.

    Parameters
    ----------
    kinds, shares
        The units of each, and the share of the traffic that each of its units has.
    """

    def __init__(self, kinds: list[Units], shares: list[float]) -> None:
        self.kinds = kinds
        self.counts = np.array(list(itertools.product(*(range(len(kind) + 1) for kind in kinds))))
        self.share = self.counts @ np.array(shares)

    def sums(self, most: int, bakes: int) -> int:
        """Return how many sums of minutes can be gone through for each, where so many pairs of states can be."""
        pairs = _pairs(map(len, self.kinds))
        return min(most * STEPS // (pairs * bakes), CELLS // len(self.share))

    def after(self, state: int) -> NDArray[np.int64]:
        """Return the states that one more wave can lead to."""
        more = state + 1 + np.flatnonzero((self.counts[state + 1 :] >= self.counts[state]).all(axis=1))
        return more.astype(np.int64)

    def regions(self, state: int, following: int) -> list[str]:
        """Return the regions that the wave between two states deploys."""
        pairs = zip(self.kinds, self.counts[state], self.counts[following], strict=True)
        return [name for kind, start, stop in pairs for unit in kind[start:stop] for name in unit]


class _Clock:
    """Every sum of minutes that so many waves can take, in order, and where one wave more leads.

    Sums are told apart as a count of waves and billionths of a minute of bakes, in whole numbers: sums of minutes would
    differ by rounding, and what leads from one to the next would be lost.
    """

    def __init__(self, bakes: list[float], deploy: float, waves: int, most: int) -> None:
        self.bakes, self.deploy = bakes, deploy
        units = [round(bake * 1e9) for bake in bakes]
        level, sums = {0}, {(0, 0)}
        for count in range(1, waves + 1):
            before, level = level, set[int]()
            for unit in units:
                level |= {own + unit for own in before}
                if len(sums) + len(level) > most:
                    raise ValueError(
                        f"{waves} waves with {len(bakes)} bakes make more than {most:,} sums of minutes, the most to "
                        "go through for this fleet; give fewer bakes"
                    )
            sums |= {(count, own) for own in level}
        place, first = self._places(sums)
        self.minutes = np.array([self._exact(*key) for key in first])
        self.later = [np.array([place.get((n + 1, own + unit), -1) for n, own in first]) for unit in units]

    def _exact(self, count: int, units: int) -> float:
        return round(count * self.deploy + units / 1e9, 9)

    def _places(self, sums: set[tuple[int, int]]) -> tuple[dict[tuple[int, int], int], list[tuple[int, int]]]:
        """Return the place of each sum among all minutes, and at each place the sum of the fewest waves."""
        place, first = dict[tuple[int, int], int](), list[tuple[int, int]]()
        for key in sorted(sums, key=lambda key: (self._exact(*key), key)):
            if not first or self._exact(*key) > self._exact(*first[-1]):
                first.append(key)
            place[key] = len(first) - 1
        return place, first


def _solve(states: _States, clock: _Clock, rate: float) -> tuple[Floats, NDArray[np.int32]]:
    """Return the least share to go from each state in exactly so many minutes, and the wave and bake that lead to it.

    Shapes (states, minutes) and (states, minutes, 3): the state that comes next, the number of the bake, and the place
    of the minutes that are left then.
    """
    n, last = len(states.share), len(states.share) - 1
    best = np.full((n, len(clock.minutes)), np.inf)
    choice = np.zeros((n, len(clock.minutes), 3), dtype=np.int32)
    best[last, 0] = 0.0
    for state in range(last - 1, -1, -1):
        following = states.after(state)
        added = states.share[following] - states.share[state]
        to_go = best[following]
        for number, (bake, later) in enumerate(zip(clock.bakes, clock.later, strict=True)):
            # Above zero, so that what is impossible stays so: nothing times infinity is not a number.
            unseen = np.maximum(np.exp(-rate * states.share[following] * (bake + clock.deploy)), 1e-300)
            shares = added[:, None] + unseen[:, None] * to_go
            row = shares.argmin(axis=0)
            least, possible = shares[row, np.arange(shares.shape[1])], later >= 0
            at = later[possible]
            better = least[possible] < best[state, at]
            best[state, at[better]] = least[possible][better]
            choice[state, at[better], 0] = following[row[possible][better]]
            choice[state, at[better], 1] = number
            choice[state, at[better], 2] = np.flatnonzero(possible)[better]
    return best, choice


def _undominated(shares: Floats) -> NDArray[np.int64]:
    """Return which of some shares, in the order of their minutes, are smaller than all before."""
    before = np.concatenate([[np.inf], np.minimum.accumulate(shares)[:-1]])
    return np.flatnonzero(shares < before)


def _plan(states: _States, clock: _Clock, choice: NDArray[np.int32], at: int, number: int) -> Plan:
    """Follow the choices from the start to the plan they make."""
    groups, bakes, state = list[list[str]](), list[float](), 0
    while state < len(states.share) - 1:
        following, bake, at = choice[state, at].tolist()
        groups.append(states.regions(state, following))
        bakes.append(clock.bakes[bake])
        state = following
    return grouped(groups, bake_minutes=bakes, name=f"front {number}", strategy="blue_green")
