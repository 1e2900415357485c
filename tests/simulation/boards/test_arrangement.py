"""What a move does to the waves, worked out by hand."""

import pytest

from simulation.boards.arrangement import Arrangement, grouping_like
from tests import builders
from waves import Plan

TODAY = builders.plan(
    "a", builders.wave("b c", 20, approval=True), builders.wave("d", 30, max_parallel=1), bake=(10, 0, 0)
)
ORDER = ("a", "b", "c", "d")


def begun() -> Arrangement:
    return Arrangement.of_today(TODAY, ORDER)


def shape(arrangement: Arrangement) -> list[tuple[str, float, bool]]:
    return [(" ".join(wave.regions), wave.bake_minutes, wave.approval) for wave in arrangement.plan.waves]


def test_a_region_goes_to_another_wave_in_the_fleets_order():
    assert shape(begun().moved("d", 1)) == [("a", 10, False), ("b c d", 20, True)]
    assert shape(begun().moved("c", 0)) == [("a c", 10, False), ("b", 20, True), ("d", 30, False)]


def test_a_wave_of_its_own_does_all_else_as_the_one_it_comes_from():
    assert shape(begun().apart("c", 0)) == [("c", 20, True), ("a", 10, False), ("b", 20, True), ("d", 30, False)]
    assert shape(begun().apart("b", 3)) == [("a", 10, False), ("c", 20, True), ("d", 30, False), ("b", 20, True)]
    assert shape(begun().apart("d", 1)) == [("a", 10, False), ("d", 30, False), ("b c", 20, True)]


def test_a_region_alone_stays_where_its_new_wave_would_be():
    assert begun().apart("a", 0) == begun().apart("a", 1) == begun()


def test_two_waves_become_one_that_does_as_the_second():
    assert shape(begun().merged(0)) == [("a b c", 20, True), ("d", 30, False)]


def test_back_where_it_was_it_is_todays_plan_itself():
    there = begun().moved("c", 0)
    assert there.plan.name == "plan, changed" and not there.is_today
    assert there.moved("c", 1).plan is TODAY


def test_a_changed_bake_leaves_the_rest():
    assert shape(begun().baked(1, 5)) == [("a", 10, False), ("b c", 5, True), ("d", 30, False)]
    assert begun().baked(2, 5).plan.waves[2].max_parallel == 1


def test_a_region_that_no_wave_has_can_be_given_one():
    left = Arrangement.of_today(TODAY, (*ORDER, "e"))
    assert left.left_out == ("e",)
    assert left.moved("e", 2).groups[2].regions == ("d", "e")
    assert left.apart("e", 3).groups[3].regions == ("e",)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda a: a.moved("bb", 0), "region 'bb' is not in the fleet; it has a, b"),
        (lambda a: a.moved("b", 3), "there is no wave 3 to act on; places are from 0 to 2"),
        (lambda a: a.moved("b", True), "there is no wave true"),
        (lambda a: a.merged(2), "places are from 0 to 1"),
        (lambda a: a.baked(0, -1), "the bake of wave 1 is -1; give minutes, 0 or more"),
        (lambda a: a.baked(0, float("nan")), "the bake of wave 1 is nan"),
        (lambda a: a.baked(0, "5"), "the bake of wave 1 is '5'"),
    ],
)
def test_what_cannot_be_is_refused_with_its_value(wrong, said):
    with pytest.raises(ValueError) as caught:
        wrong(begun())
    assert said in str(caught.value)


def test_a_grouping_bakes_as_todays_first_later_and_last():
    """One wave is a first one; those between bake as today's of the same number, or its last but one."""

    def bakes(*groups: str, factor: float = 1.0) -> list[float]:
        made: Plan = grouping_like(TODAY, [group.split() for group in groups], factor)
        return [wave.bake_minutes for wave in made.waves]

    assert bakes("a b c d") == [10]
    assert bakes("a b", "c d") == [10, 30]
    assert bakes("a", "b", "c", "d", factor=2.0) == [20, 40, 40, 60]
    assert bakes("a", "b c", "d", factor=0.5) == [5, 10, 15]
