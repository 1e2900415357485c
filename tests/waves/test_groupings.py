"""Groupings: the shapes of their plans, options passed through, and what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import builders
from waves import (
    Fleet,
    Plan,
    Region,
    Wave,
    all_at_once,
    by_label,
    by_traffic,
    by_zone,
    canary_first,
    doubling,
    fan_out,
    grouped,
    is_grouping,
    named,
    one_at_a_time,
    partners_apart,
    sizes,
    two_halves,
)
from waves.groupings import GROUPINGS

FLEET = builders.fleet(dict(zip("abcde", (30, 10, 50, 10, 20), strict=True)))


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
    fleet = builders.fleet(dict.fromkeys((f"r{i}" for i in range(count)), 1.0))
    assert doubling(fleet).shape == shape
    assert doubling(fleet).regions == fleet.names


def test_by_traffic_goes_from_least_to_most_and_keeps_the_order_of_equals():
    assert [wave.regions for wave in by_traffic(FLEET).waves] == [("b",), ("d", "e"), ("a", "c")]
    assert [wave.regions for wave in by_traffic(FLEET, [4, 1]).waves] == [("b", "d", "e", "a"), ("c",)]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=40))
def test_by_traffic_has_every_region_once_and_never_less_traffic_later(traffic):
    fleet = builders.fleet({f"r{i}": requests for i, requests in enumerate(traffic)})
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


@pytest.mark.parametrize("count, shape", [(1, (1,)), (2, (1, 1)), (5, (2, 3)), (6, (3, 3))])
def test_the_second_half_may_have_one_more(count, shape):
    fleet = builders.fleet(dict.fromkeys((f"r{i}" for i in range(count)), 1.0))
    assert two_halves(fleet).shape == shape
    assert two_halves(fleet).regions == fleet.names


@pytest.mark.parametrize(
    "count, factor, shape",
    [(1, 3, (1,)), (4, 3, (1, 3)), (6, 3, (1, 3, 2)), (30, 3, (1, 3, 12, 14)), (8, 1, (1, 1, 2, 4)), (5, 2, (1, 2, 2))],
)
def test_fan_out_puts_so_many_times_as_many_into_a_wave_as_have_gone_before(count, factor, shape):
    fleet = builders.fleet(dict.fromkeys((f"r{i}" for i in range(count)), 1.0))
    assert fan_out(fleet, factor).shape == shape
    assert fan_out(fleet, factor).regions == fleet.names


def test_a_first_region_that_sees_too_little_does_not_come_first():
    """Traffic is 30, 10, 50, 10, 20: the smallest that serves 15 is e."""
    assert by_traffic(FLEET, [1, 4], least_traffic=15).regions == ("e", "b", "d", "a", "c")
    assert by_traffic(FLEET, [1, 4]).regions == ("b", "d", "e", "a", "c")
    with pytest.raises(ValueError, match="no region serves least_traffic = 51 requests a minute; c serves most, 50"):
        by_traffic(FLEET, least_traffic=51)
    with pytest.raises(ValueError, match="factor is 0"):
        fan_out(FLEET, 0)


def test_what_a_grouping_takes_stands_behind_a_colon():
    """The same by name as by function, and two of a kind are told apart by their names."""
    assert named("by-traffic:15", FLEET, bake_minutes=0) == by_traffic(FLEET, least_traffic=15)
    assert named("fan-out:1", FLEET, bake_minutes=0) == fan_out(FLEET, 1)
    names = {
        named(each, FLEET, bake_minutes=0).name for each in ("by-traffic", "by-traffic:15", "fan-out", "fan-out:1")
    }
    assert len(names) == 4
    for name, words in (("by-traffic:51", "c serves most"), ("fan-out:0", "factor is 0"), ("fan-out:1.5", "whole")):
        with pytest.raises(ValueError, match=words):
            named(name, FLEET, bake_minutes=0)


def test_every_grouping_says_when_it_is_right_and_where_it_comes_from():
    for group in (*GROUPINGS.values(), sizes):
        text = group.__doc__ or ""
        assert "Right " in text and "https://" in text.split("References", 1)[1], group.__name__


def shop(*regions: tuple[str, float, str, str | None]) -> Fleet:
    return Fleet(
        regions=tuple(
            Region(name=name, traffic=traffic, labels=tuple(labels), failover=failover, zone="Europe/Berlin")
            for name, traffic, labels, failover in regions
        )
    )


def test_every_label_is_tried_early_in_a_small_region():
    """By hand: c carries x and y, most at once; z is carried by a and d, of which d serves less."""
    fleet = shop(
        ("a", 9, "z", None), ("b", 1, "x", None), ("c", 5, "xy", None), ("d", 3, "z", None), ("e", 2, "", None)
    )
    assert [wave.regions for wave in by_label(fleet).waves] == [("d",), ("c",), ("a", "b", "e")]
    assert [wave.regions for wave in by_label(FLEET).waves] == [("b",), ("a", "c", "d", "e")]


def test_partners_never_share_a_wave():
    """By hand: by traffic b, d, a, c; a and b are partners, and c names b, too."""
    fleet = shop(("a", 3, "", "b"), ("b", 1, "", "a"), ("c", 4, "", "b"), ("d", 2, "", None))
    assert [wave.regions for wave in partners_apart(fleet).waves] == [("b", "d"), ("a", "c")]
    assert partners_apart(FLEET).shape == (5,)


def test_the_sun_is_followed_from_east_to_west():
    """Known zones of AWS: Tokyo and Seoul share a clock, then Frankfurt and Stockholm, then Virginia."""
    names = ("us-east-1", "eu-central-1", "ap-northeast-1", "eu-north-1", "ap-northeast-2")
    fleet = builders.fleet(dict.fromkeys(names, 1.0))
    waves = [("ap-northeast-1", "ap-northeast-2"), ("eu-central-1", "eu-north-1"), ("us-east-1",)]
    assert [wave.regions for wave in by_zone(fleet).waves] == waves
    with pytest.raises(ValueError, match="nobody knows the time zone of region 'a'; give it a `zone` in the fleet"):
        by_zone(FLEET)


def test_the_canary_goes_alone():
    assert [wave.regions for wave in canary_first(FLEET).waves] == [("b",), ("a", "c", "d", "e")]


@given(st.integers(1, 12).flatmap(lambda n: st.lists(st.integers(0, n - 1), min_size=n, max_size=n)))
def test_every_grouping_has_every_region_once_for_any_fleet(partners):
    failover = [f"r{p}" if p != i else None for i, p in enumerate(partners)]
    fleet = shop(*((f"r{i}", 1.0 + p, "xyz"[: p % 4], failover[i]) for i, p in enumerate(partners)))
    for name in GROUPINGS:
        plan = named(name, fleet, bake_minutes=1)
        assert sorted(plan.regions) == sorted(fleet.names), name
    apart = partners_apart(fleet)
    assert not [pair for pair in fleet.pairs for wave in apart.waves if set(pair) <= set(wave.regions)]


def like(*bakes: float) -> Plan:
    """A plan of one region a wave, with these bakes; the last wave waits for an approval."""
    waves = [Wave(regions=("abcde"[n],), bake_minutes=bake, max_parallel=1) for n, bake in enumerate(bakes)]
    waves[-1] = waves[-1].model_copy(update={"approval": True, "bake_requests": 7.0})
    return Plan(waves=tuple(waves), strategy="blue_green", retries=1, strategies={"a": "rolling"})


@pytest.mark.parametrize(
    "bakes, expected",
    [
        ((60, 45, 30), [60, 45, 45, 45, 30]),
        ((60, 30), [60, 60, 60, 60, 30]),
        ((60,), [60, 60, 60, 60, 60]),
        ((50, 40, 30, 20, 10), [50, 40, 30, 20, 10]),
        ((50, 40, 30, 10), [50, 40, 30, 30, 10]),
    ],
)
def test_a_named_grouping_bakes_as_the_plan_beside_it(bakes, expected):
    """First wave as first, last as last, those between as those between."""
    plan = named("one-at-a-time", FLEET, like=like(*bakes))
    assert [wave.bake_minutes for wave in plan.waves] == expected
    assert [wave.approval for wave in plan.waves] == ([False] * 4 + [True] if len(bakes) > 1 else [True] * 5)
    assert (plan.strategy, plan.retries, plan.strategies) == ("blue_green", 1, {"a": "rolling"})
    assert all(wave.max_parallel is None for wave in plan.waves)


def test_minutes_given_bake_every_wave():
    """The rest is still the other plan's, but for requests that its bakes wait for."""
    plan = named("2-3", FLEET, like=like(60, 30), bake_minutes=5)
    assert [(w.bake_minutes, w.bake_requests, w.approval) for w in plan.waves] == [(5, 0, False), (5, 0, True)]
    assert named("2-3", FLEET, bake_minutes=5) == sizes(FLEET, [2, 3], bake_minutes=5)


@pytest.mark.parametrize("name", ["1-2-3", "10-490", "all-at-once", "by-traffic", "by-traffic:0.5"])
def test_what_is_a_grouping(name):
    assert is_grouping(name)


@pytest.mark.parametrize(
    "name",
    ["", "6", "1-", "-1-2", "1--2", "1-2-3.yaml", "all at once", "١-٢", "1" * 9 + "-1", "doubling:2", "by-traffic:"],
)
def test_what_is_no_grouping(name):
    assert not is_grouping(name)
    with pytest.raises(ValueError, match="is no grouping"):
        named(name, FLEET, bake_minutes=0)


def test_a_grouping_that_nobody_tells_how_long_to_bake_is_refused():
    with pytest.raises(ValueError, match="it says nothing of bakes"):
        named("all-at-once", FLEET)
