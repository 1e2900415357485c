"""The provable front: against every plan there is, by formulas written from the page."""

import itertools
import math

import numpy as np
import pytest

from simulation import Scenario, exact, exact_front
from tests.builders import shares
from tests.simulation.closed_forms.set_ups import scenario
from waves import Fleet

BAKES = (0.0, 20.0, 45.0)


def orders(regions: tuple[str, ...]):
    """Yield every way to put regions into waves, in every order."""
    if not regions:
        yield ()
    for size in range(1, len(regions) + 1):
        for first in itertools.combinations(regions, size):
            rest = tuple(each for each in regions if each not in first)
            yield from ((first, *others) for others in orders(rest))


def every_plan(fleet: Fleet, deploy: float, rate: float) -> np.ndarray:
    """Return minutes and E[exposed share | defect] of every grouping and bakes: Σ ω_j S_(j-1), S_j = S_(j-1) q_j."""
    share = {region.name: region.traffic / fleet.traffic for region in fleet.regions}
    found = []
    for groups in orders(fleet.names):
        for bakes in itertools.product(BAKES, repeat=len(groups)):
            live, quiet, exposed = 0.0, 1.0, 0.0
            for group, bake in zip(groups, bakes, strict=True):
                added = math.fsum(share[name] for name in group)
                live, exposed = live + added, exposed + added * quiet
                quiet *= math.exp(-rate * live * (bake + deploy))
            found.append((len(groups) * deploy + sum(bakes), exposed))
    return np.array(found)


def undominated(points: np.ndarray) -> np.ndarray:
    """Return the points of which none is as quick and as safe as another and better in one, by comparing all pairs."""
    best: dict[float, float] = {}
    for minutes, share in points.round(10).tolist():
        best[minutes] = min(share, best.get(minutes, 2.0))
    kept = [
        (m, s) for m, s in best.items() if not any(o <= m and best[o] <= s and (o, best[o]) != (m, s) for o in best)
    ]
    return np.array(sorted(kept))


@pytest.mark.parametrize("deploy", [6.0, 20 / 3 + 1e-10])
def test_it_is_the_front_of_all_plans_of_five_regions(deploy):
    """541 groupings with three bakes after each wave: 52,923 plans, whose front the program finds without them.

    However many digits a deployment's minutes have.
    """
    fleet = shares(0.08, 0.32, 0.15, 0.25, 0.20)
    every = every_plan(fleet, deploy=deploy, rate=0.05)
    assert len(every) == 52_923
    front = exact_front(scenario(fleet, rate=0.05, deploy=deploy), BAKES)
    expected = undominated(every)
    assert np.column_stack([front.minutes, front.shares]) == pytest.approx(expected, rel=1e-9)
    assert len(front.plans) == len(expected) > 5


def test_its_plans_are_what_it_says_of_them():
    """Each plan's minutes and share are those of its own closed form."""
    fleet = shares(0.1, 0.1, 0.1, 0.4, 0.3)  # three regions of one size
    scene = scenario(fleet, rate=0.02, deploy=4.0)
    front = exact_front(scene, (10.0, 30.5))
    for plan, minutes, share in zip(front.plans, front.minutes, front.shares, strict=True):
        known = exact(plan, scene)
        assert known["end_minutes_given_shipped_mean"] == pytest.approx(minutes)
        assert known["share_exposed_given_defect_mean"] == pytest.approx(share)
        assert sorted(plan.regions) == sorted(fleet.names)
    assert list(front.table["minutes"]) == list(front.minutes)


@pytest.mark.parametrize(
    ("change", "bakes", "text"),
    [
        ({"lag": 2.0}, (0.0,), "lag is 2 minutes; the front is provable where it is 0"),
        ({"evidence": 5.0}, (0.0,), "evidence"),
        ({"build": {"exponential": {"mean": 3}}}, (0.0,), "build"),
        ({}, (), "bake_minutes is empty"),
        ({}, (5.0, -1.0), r"bake_minutes has -1\.0; give minutes from 0 to 1,000,000,000"),
        ({}, (1e300,), r"bake_minutes has 1e\+300; give minutes"),
        ({}, (math.nan,), "bake_minutes has nan"),
    ],
)
def test_where_it_cannot_be_proved_it_says_why(change, bakes, text):
    scene = scenario(shares(0.4, 0.6), rate=0.1)
    with pytest.raises(ValueError, match=text):
        exact_front(scene.replace(**change), bakes)


def test_a_fleet_of_too_many_sizes_is_refused_and_one_of_few_is_not():
    many = shares(*(np.arange(1, 19) / 171))
    with pytest.raises(ValueError, match="18 regions of 18 kinds"):
        exact_front(scenario(many), (0.0,))
    alike: Scenario = scenario(shares(*[1 / 30] * 30), rate=0.1)
    assert len(exact_front(alike, (0.0, 30.0)).plans[0].waves) == 1


def test_bakes_that_make_too_many_sums_are_refused_at_once():
    """Twenty that no number measures: all sums of six differ, 230,230 of them. Those of twenty multiples do not."""
    six = scenario(shares(*(np.arange(1, 7) / 21)), rate=0.1)
    with pytest.raises(ValueError, match=r"6 waves with 20 bakes make more than 131,072 sums .*; give fewer bakes$"):
        exact_front(six, [math.sqrt(n) for n in range(1, 40, 2)])
    assert len(exact_front(six, [5.0 * n for n in range(20)]).plans) > 100
