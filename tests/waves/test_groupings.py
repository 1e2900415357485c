"""Groupings: the shapes of their plans, options passed through, and what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waves import Fleet, Region, Wave, all_at_once, by_traffic, doubling, grouped, one_at_a_time, sizes

FLEET = Fleet(
    regions=tuple(
        Region(name=name, traffic=traffic) for name, traffic in zip("abcde", (30, 10, 50, 10, 20), strict=True)
    )
)


def test_all_at_once_is_one_wave_in_fleet_order():
    plan = all_at_once(FLEET)
    assert (plan.shape, plan.regions, plan.name) == ((5,), tuple("abcde"), "all at once")


def test_one_at_a_time_is_a_wave_for_each_region():
    plan = one_at_a_time(FLEET)
    assert (plan.shape, plan.regions, plan.name) == ((1, 1, 1, 1, 1), tuple("abcde"), "one at a time")


def test_sizes_cut_the_fleet_in_its_order():
    plan = sizes(FLEET, [2, 3])
    assert [wave.regions for wave in plan.waves] == [("a", "b"), ("c", "d", "e")]
    assert plan.name == "waves of 2, 3"


@pytest.mark.parametrize(
    "count, shape", [(1, (1,)), (2, (1, 1)), (3, (1, 2)), (5, (1, 2, 2)), (7, (1, 2, 4)), (8, (1, 2, 4, 1))]
)
def test_doubling_ends_with_what_is_left(count, shape):
    fleet = Fleet(regions=tuple(Region(name=f"r{i}", traffic=1) for i in range(count)))
    assert doubling(fleet).shape == shape
    assert doubling(fleet).regions == fleet.names


def test_by_traffic_goes_from_least_to_most_and_keeps_the_order_of_equals():
    assert [wave.regions for wave in by_traffic(FLEET).waves] == [("b",), ("d", "e"), ("a", "c")]
    assert [wave.regions for wave in by_traffic(FLEET, [4, 1]).waves] == [("b", "d", "e", "a"), ("c",)]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=40))
def test_by_traffic_has_every_region_once_and_never_less_traffic_later(traffic):
    fleet = Fleet(regions=tuple(Region(name=f"r{i}", traffic=t) for i, t in enumerate(traffic)))
    plan = by_traffic(fleet)
    assert sorted(plan.regions) == sorted(fleet.names)
    assert [fleet.regions[fleet.positions[name]].traffic for name in plan.regions] == sorted(traffic)


@pytest.mark.parametrize("counts", [[], [2, 2], [3, 3], [0, 5], [-1, 6], [2.0, 3.0]])
@pytest.mark.parametrize("grouping", [sizes, by_traffic])
def test_sizes_that_do_not_make_the_fleet_are_refused(grouping, counts):
    with pytest.raises(ValueError, match="whole numbers of at least 1 that sum to the fleet's 5 regions"):
        grouping(FLEET, counts)


def test_every_option_of_waves_and_plan_passes_through():
    plan = sizes(
        FLEET, [1, 4], bake_minutes=[5, 10], bake_requests=7, max_parallel=2, approval=True,
        name="mine", strategy="blue_green", retries=1, on_deploy_failure="rollback_all",
    )  # fmt: skip
    assert plan.waves == (
        Wave(regions=("a",), bake_minutes=5, bake_requests=7, max_parallel=2, approval=False),
        Wave(regions=tuple("bcde"), bake_minutes=10, bake_requests=7, max_parallel=2, approval=True),
    )
    assert (plan.name, plan.strategy, plan.retries, plan.on_deploy_failure) == ("mine", "blue_green", 1, "rollback_all")


@pytest.mark.parametrize("field", ["bake_minutes", "bake_requests"])
def test_one_bake_for_every_wave_or_one_a_wave(field):
    one: dict[str, Any] = {field: 3}
    assert [getattr(wave, field) for wave in grouped([["a"], ["b"]], **one).waves] == [3, 3]
    few: dict[str, Any] = {field: [3]}
    with pytest.raises(ValueError, match=f"{field} has 1 values for 2 waves; give one number, or one a wave"):
        grouped([["a"], ["b"]], **few)
