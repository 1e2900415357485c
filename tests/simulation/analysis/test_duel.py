"""The duel: what its sentence says of hand-made rollouts, and which change is typical."""

import math
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from simulation import (
    Choice,
    Duel,
    Outcomes,
    Row,
    Trace,
    compare,
    duel,
    manner,
    run,
    run_all,
    sample,
    typical_change,
    typical_defect,
)
from simulation.analysis.duel import SEARCHED, pair
from tests.builders import plan, sample_plan, scenario
from waves import Plan


def traced(plan: Plan, impact: float, outcome: str = "caught") -> Trace:
    row = Row(outcome, math.nan, 9.0, math.nan, math.nan, 1, 0.1, 0.1, impact, False, 0.0, 0)
    return Trace(plan, scenario(), 7, 42, row, cast(Any, None))


ALL, WAVES, SINGLE = plan("a b c"), plan("a", "b c"), plan("a", "b", "c")


@pytest.mark.parametrize(
    "first, second, sentence",
    [
        ((ALL, 63.0), (WAVES, 1.5), "cost 63 fleet-minutes all at once and 1.5 in waves of 1 and 2"),
        ((SINGLE, 0.0), (ALL, 12.0), "cost 0 fleet-minutes one at a time and 12 all at once"),
        ((ALL, 1234.0), (SINGLE, 0.5), "cost 1,234 fleet-minutes all at once and 0.50 one at a time"),
        ((ALL, math.inf), (SINGLE, 2.0), "cost endless fleet-minutes all at once and 2.0 one at a time"),
    ],
)
def test_the_sentence_says_what_the_change_cost_and_how(first, second, sentence):
    found = Duel(traced(*first), traced(*second)).sentence
    assert found == f"The same bad change {sentence}"


def test_plans_that_go_about_it_the_same_way_are_named():
    mine, yours = (plan("a", "b c", name=name) for name in ("mine", "yours"))
    found = Duel(traced(mine, 3.0), traced(yours, 4.0)).sentence
    assert found == "The same bad change cost 3.0 fleet-minutes under mine and 4.0 under yours"


def test_where_nobody_was_hurt_the_sentence_says_so():
    found = Duel(traced(ALL, 0.0, "completed"), traced(SINGLE, 0.0, "deploy_failed")).sentence
    assert found == (
        "The same change hurt nobody under either plan: completed all at once and deploy failed one at a time"
    )


def test_the_caption_tells_how_to_see_it_again():
    caption = Duel(traced(ALL, 1.0), traced(SINGLE, 2.0)).caption
    assert "seed=7, trial=42" in caption and scenario().digest in caption


@pytest.mark.parametrize(
    "waves, words",
    [(("a b c",), "all at once"), (("a",), "all at once"), (("a", "b"), "one at a time"),
     (("a b", "c"), "in waves of 2 and 1"), (("a", "b", "c d"), "in waves of 1, 1 and 2")],
)  # fmt: skip
def test_the_manner_of_a_plan(waves, words):
    assert manner(plan(*waves)) == words


@pytest.mark.parametrize(
    "numbers, written",
    [((1.23, 1.24), ("1.23", "1.24")), ((12.0, 12.4), ("12.0", "12.4")), ((5.0, 5.0), ("5.0", "5.0")),
     ((0.0, 0.001), ("0", "0.0010")), ((100.0, 2.0), ("100", "2.0"))],
)  # fmt: skip
def test_two_numbers_have_as_few_digits_as_tell_them_apart(numbers, written):
    assert pair(*numbers) == written


def outcomes(impact: list[float], defective: list[bool], first: int = 0) -> Outcomes:
    frame = pd.DataFrame({"impact_minutes": impact})
    trials = range(first, first + len(impact))
    return Outcomes(plan("a"), scenario(), 0, trials, frame, np.zeros((3, 1)), np.array(defective))


def test_the_typical_bad_change_is_nearest_the_median_of_those_that_hurt():
    """Of 2, 10, 11, 90 and 4 the median is 10, in trial 2; of 1 and 3, the lower; ties go to the first."""
    assert typical_defect(outcomes([0, 2, 10, 11, 90, 4, 0], [False, True, True, True, True, True, True])) == 2
    assert typical_defect(outcomes([3, 1], [True, True])) == 1
    assert typical_defect(outcomes([5, 5, 5], [True, True, True])) == 0
    assert typical_defect(outcomes([0, 7], [True, True], first=100)) == 101


def test_where_nothing_hurt_there_is_no_typical_bad_change():
    with pytest.raises(ValueError, match=r"hurt anybody in 2 trials; name a trial, or take more trials or another"):
        typical_defect(outcomes([0, 0], [True, False]))


def pair_of(first: list[float], second: list[float]) -> tuple[Outcomes, Outcomes]:
    return outcomes(first, [True] * len(first)), outcomes(second, [True] * len(second))


@pytest.mark.parametrize(
    "first, second, trial",
    [
        # differences 4, -1, 2, 7 (mean 3, the first and third as near; together they cost 14 and 18, the mean is 15)
        ([9, 5, 10, 12, 0], [5, 6, 8, 5, 0], 0),
        ([0, 3, 9], [0, 1, 2], 1),  # those that hurt nobody do not count: mean 4.5, 2 is as near as 7 and costs 4
        ([8, 1, 1, 1], [0, 1, 1, 1], 1),  # mean 2: most differ by nothing, and the first is one of them
        ([5, 5], [5, 5], 0),
        ([3, math.inf, 2], [1, 4, 1], 1),
        ([math.inf, 2], [math.inf, 1], 1),  # endless under both is no difference, but its cost has no mean
    ],
)
def test_the_change_shown_is_nearest_the_mean_difference_whatever_the_order(first, second, trial):
    a, b = pair_of(first, second)
    found, turned = typical_change(a, b), typical_change(b, a)
    assert found.trial == turned.trial == trial
    assert (found.difference, found.mean, found.low, found.high) == (
        -turned.difference, -turned.mean, -turned.high, -turned.low,
    )  # fmt: skip
    assert found.hurting == turned.hurting == sum(x > 0 or y > 0 for x, y in zip(first, second, strict=True))


def test_it_never_says_the_opposite_of_the_comparison():
    """On the sample: the mean of the paired differences and the change that is shown have one sign."""
    three, once = sample_plan("six-region-three-wave"), sample_plan("all-at-once")
    found = compare({"three": three, "once": once}, sample("storefront"), trials=2000, seed=7, sampling="crude")
    choice = typical_change(found.outcomes["three"], found.outcomes["once"])
    impact = [each.frame["impact_minutes"].to_numpy() for each in found.outcomes.values()]
    hurt = (impact[0] > 0) | (impact[1] > 0)
    differences = (impact[0] - impact[1])[hurt]
    assert choice.mean == pytest.approx(differences.mean()) and choice.mean < 0
    assert choice.hurting == hurt.sum() and choice.trials == 2000
    assert abs(choice.difference - choice.mean) == pytest.approx(np.abs(differences - differences.mean()).min())
    assert choice.difference < 0


def test_the_caption_says_how_typical_it_is():
    choice = Choice(42, 20_000, 1234, 0.0617, -1.31, -1.3, -2.0, -0.4, 0.8, 0.62)
    caption = Duel(traced(ALL, 1.0), traced(SINGLE, 2.31), choice).caption
    assert caption.startswith(
        "6.2\u00a0% of the changes hurt under one plan or the other, 80\u00a0% of these differently; between"
    )
    assert "nearest to the average, and 62\u00a0% differ by less" in caption
    assert "−1.3 fleet-minutes on average" in caption and "half of them differ by −2 to −0.4" in caption


def test_where_nothing_hurt_under_either_plan_there_is_nothing_to_choose():
    with pytest.raises(ValueError, match="hurt anybody in 2 trials"):
        typical_change(*pair_of([0, 0], [0, 0]))


def test_a_duel_is_one_trial_of_both_plans():
    first, second, storefront = sample_plan("all-at-once"), sample_plan("one-at-a-time"), sample("storefront")
    found = duel(first, second, storefront, seed=3)
    choice = typical_change(*run_all([first, second], storefront, trials=SEARCHED, seed=3))
    assert found.choice == choice and found.first.trial == found.second.trial == choice.trial
    for shown, decided in ((found.first, first), (found.second, second)):
        alone = run(decided, storefront, trials=1, first=choice.trial, seed=3).frame
        assert shown.row.impact_minutes == pytest.approx(alone["impact_minutes"][choice.trial])
    named = duel(first, second, storefront, seed=3, trial=5)
    assert named.first.trial == 5 and named.choice is None and "typical" not in named.caption
