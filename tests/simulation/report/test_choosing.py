"""The report's first answers, on the rollouts that the test of sensitivity works out by hand: 40 minutes, 8 / p."""

from types import SimpleNamespace
from typing import Any

import pytest

from simulation import compare, sensitivity
from simulation.report import answers, begin_turns, flips, regrets, see_comparison
from simulation.report.choosing import in_turn
from tests.simulation.analysis.test_sensitivity import ONE, PLANS, TWO, scenario


def test_an_alternative_is_told_by_time_harm_odds_month_and_price():
    """At once saves 40 minutes and adds 0.5 fleet-minutes; half the traffic is exposed in a tenth either way."""
    told = answers(compare(PLANS, scenario(), trials=4096), changes_a_month=20).replace("\u00a0", " ")
    for words in ("saves 40 min", "adds 0.5 fleet-minutes", "10 % against 10 %", "less than 80 min of waiting",
                  "saves 13 h 20 min, adds 10 fleet-minutes"):  # fmt: skip
        assert words in told
    assert "in a month" not in answers(compare(PLANS, scenario(), trials=4096))


def test_what_is_better_in_both_is_always_worth_it_and_one_plan_stands_alone():
    slower = TWO.replace(waves=tuple(wave.replace(bake_minutes=90.0) for wave in TWO.waves))
    told = answers(compare({"slower": slower, "two waves": TWO}, scenario(), trials=4096))
    assert "always: better in both" in told and "the same" in told
    assert "give a second one" in answers(compare({"one": ONE}, scenario(), trials=64))


def test_a_plan_that_does_the_same_is_told_to_be_so_whatever_is_left_of_rounding():
    """In time, in harm, in a month and in price; each cell knows its column's head, which narrow screens show."""
    told = answers(compare({"one": TWO, "other": TWO}, scenario(), trials=512), changes_a_month=20)
    assert told.count(">the same<") == 4 and "⁻" not in told and 'data-head="time to ship"' in told


def test_what_a_choice_costs_over_the_best_is_told_by_objective():
    """At 50 minutes a fleet-minute: two waves cost 40 − 25 more, and 40 more minutes; at once 0.5 fleet-minutes."""
    told = flips(begin_turns(PLANS, scenario(), price=50)).replace("\u00a0", " ")
    assert all(words in told for words in ("0.50 fleet-minutes", "40 min", "15 min", "nothing: it is the best"))


def test_regrets_reckon_once_with_a_price():
    """Half a fleet-minute at an hour each is 30 of the 40 minutes; an hour's bake more at the end is an hour lost."""
    longer = TWO.replace(waves=(TWO.waves[0], TWO.waves[1].replace(bake_minutes=TWO.waves[1].bake_minutes + 60.0)))
    told = regrets(sensitivity({**PLANS, "longer": longer}, scenario(), trials=4096)).replace("\u00a0", " ")
    assert "worth it while a fleet-minute costs less than 80 min of waiting" in told
    assert (
        "if a fleet-minute is worth an hour of waiting to you, 0.50 fleet-minutes more count as 30 min, "
        "beside 40 min less to ship: worth it, by 10 min a change."
    ) in told
    assert "worse in one, and in the other perhaps the same" in told


@pytest.mark.parametrize(("wanted", "words"), [(True, "bad: probability exceeds"), (False, "left out")])
def test_what_turns_an_answer_is_told_unless_nobody_wants_it(wanted, words):
    found = begin_turns(PLANS, scenario(), price=50, wanted=wanted)
    assert words in flips(found)


def test_each_plan_has_its_nearest_turn_told_before_another_has_its_second():
    order = (("a", 1), ("a", 2), ("a", 3), ("b", 1), ("c", 1), ("b", 2))
    turns: Any = [SimpleNamespace(plan=name, nth=n) for name, n in order]
    told: list[Any] = list(in_turn(turns))
    assert [each.plan + str(each.nth) for each in told] == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_a_plan_that_nothing_turns_is_named_and_one_without_a_difference_has_nothing_to_turn():
    """An hour more of baking at the end costs an hour whatever is turned; a plan under another name costs nothing."""
    longer = TWO.replace(waves=(TWO.waves[0], TWO.waves[1].replace(bake_minutes=TWO.waves[1].bake_minutes + 60.0)))
    plans = {**PLANS, "twin": TWO.replace(name="twin"), "longer": longer}
    told = flips(begin_turns(plans, scenario(), price=50))
    assert "None turns how two waves compares with longer." in told
    assert "Between two waves and twin there is no sure difference to turn." in told


def test_the_best_is_told_only_where_it_surely_is():
    """Two equal plans are as good as each other; of two orders of like regions nobody can tell which does less harm."""
    twice = flips(begin_turns({"one": TWO, "other": TWO}, scenario()))
    assert "nothing: as good as other" in twice and "it is the best" not in twice
    apart = scenario(faults=[{"name": "bad", "probability": 0.1, "where": "each_region", "detection_probability": 1.0}])
    back = TWO.replace(waves=tuple(wave.replace(regions=("b",) if wave.regions == ("a",) else ("a",))
                                   for wave in TWO.waves))  # fmt: skip
    told = flips(begin_turns({"one": TWO, "back": back}, apart))
    assert "nothing, but there is no sure difference from back" in told and "nothing: as good as back" in told
    assert "turn an answer:" not in told and "⁻" not in told
    assert "assumptions, each turned by itself up to ten times either way" in told


def test_equal_plans_are_not_told_as_least_and_most():
    told = see_comparison(compare({"one": TWO, "other": TWO}, scenario(), trials=512))
    assert "all cost the same (" in told and "all ship the same (" in told and "least" not in told
