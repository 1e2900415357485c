"""Limits: what is read, what is refused, and when one holds."""

import math

import pandas as pd
import pytest

import simulation
from simulation import Judgement, Limit, judge, parse_limits

NAN = math.nan
FIGURES = {"share_exposed_p95": None, "probability_shipped": None}


def verdict(side: str, bound: float, estimate: float, low: float, high: float) -> str:
    row = {"estimate": [estimate], "low": [low], "high": [high], "unit": ["probability"]}
    summary = pd.DataFrame(row, index=["probability_shipped"])
    (judgement,) = judge(summary, parse_limits({"probability_shipped": {side: bound}}, FIGURES))
    return judgement.verdict


@pytest.mark.parametrize(
    "side, bound, estimate, low, high, expected",
    [
        ("at_most", 0.5, 0.3, 0.2, 0.4, "holds"),
        ("at_most", 0.5, 0.5, 0.5, 0.5, "holds"),
        ("at_most", 0.5, 0.45, 0.4, 0.5, "holds"),
        ("at_most", 0.5, 0.45, 0.4, 0.51, "undecided"),
        ("at_most", 0.5, 0.51, 0.4, 0.6, "undecided"),
        ("at_most", 0.5, 0.51, 0.5, 0.6, "undecided"),
        ("at_most", 0.5, 0.51, 0.501, 0.6, "broken"),
        ("at_most", 0.5, 0.9, 0.8, 0.95, "broken"),
        ("at_most", 0.5, 0.3, NAN, NAN, "undecided"),
        ("at_most", 0.5, 0.3, 0.2, NAN, "undecided"),
        ("at_most", 0.5, 0.3, NAN, 0.4, "holds"),
        ("at_most", 0.5, 0.7, NAN, NAN, "undecided"),
        ("at_most", 0.5, 0.7, 0.6, NAN, "broken"),
        ("at_most", 0.5, NAN, NAN, NAN, "undecided"),
        ("at_most", 0.5, math.inf, NAN, NAN, "broken"),
        ("at_least", 0.5, 0.7, 0.6, 0.8, "holds"),
        ("at_least", 0.5, 0.7, 0.5, 0.8, "holds"),
        ("at_least", 0.5, 0.55, 0.49, 0.6, "undecided"),
        ("at_least", 0.5, 0.49, 0.4, 0.6, "undecided"),
        ("at_least", 0.5, 0.45, 0.4, 0.49, "broken"),
        ("at_least", 0.5, 0.7, NAN, 0.8, "undecided"),
        ("at_least", 0.5, 0.7, 0.6, NAN, "holds"),
        ("at_least", 0.5, NAN, NAN, NAN, "undecided"),
    ],
)
def test_a_limit_holds_or_is_broken_only_with_its_whole_interval(side, bound, estimate, low, high, expected):
    assert verdict(side, bound, estimate, low, high) == expected


def test_limits_are_read_in_their_order():
    wanted = {"share_exposed_p95": {"at_most": 1, "at_least": 0.25}, "probability_shipped": {"at_least": 0.9}}
    assert parse_limits(wanted, FIGURES) == [
        Limit("share_exposed_p95", "at_most", 1.0),
        Limit("share_exposed_p95", "at_least", 0.25),
        Limit("probability_shipped", "at_least", 0.9),
    ]
    assert parse_limits({}, FIGURES) == []


def test_every_fault_of_the_limits_comes_at_once():
    wanted = {
        "share_exposed_p59": {"at_most": 0.5},
        "zzz": {"at_most": 0.5},
        "share_exposed_p95": {"at_most": True, "at_least": "0.5"},
        "probability_shipped": {"at_lest": 0.9},
    }
    with pytest.raises(ValueError) as refused:
        parse_limits(wanted, FIGURES)
    assert str(refused.value).splitlines() == [
        "limits: 'share_exposed_p59' is not a figure; did you mean 'share_exposed_p95'?",
        "limits: 'zzz' is not a figure; there are those of a summary, chances such as "
        "probability_share_exposed_at_least_0.5, and of a service error_budget_mean and the like",
        "limits: share_exposed_p95: at_most is True; give a number",
        "limits: share_exposed_p95: at_least is '0.5'; give a number",
        "limits: probability_shipped: {'at_lest': 0.9} is no limit; write {at_most: 0.5} or {at_least: 0.9}",
    ]


@pytest.mark.parametrize("bounds", [0.5, None, {}, [0.5], "at_most 0.5"])
def test_what_is_no_limit_is_refused(bounds):
    with pytest.raises(ValueError, match="is no limit"):
        parse_limits({"probability_shipped": bounds}, FIGURES)


def test_nan_is_no_bound():
    with pytest.raises(ValueError, match="at_most is nan; give a number"):
        parse_limits({"probability_shipped": {"at_most": NAN}}, FIGURES)


def test_a_judgement_is_one_line_with_its_remedy():
    limit = Limit("share_exposed_p95", "at_most", 0.5)
    held = Judgement(limit, 0.25, 0.2, 0.3, "share of traffic", "holds")
    open_ = Judgement(limit, 0.25, 0.2, NAN, "share of traffic", "undecided")
    assert str(held) == "holds: share_exposed_p95 at most 0.5 share of traffic: 0.25 (0.2 to 0.3)"
    assert str(open_).startswith("undecided: ") and str(open_).endswith("(0.2 to nan); run more trials")


@pytest.mark.parametrize(("name", "nearest"), [
    ("error_budgt_mean", "error_budget_mean"),
    ("probability_share_expsed_at_least_0.25", "probability_share_exposed_at_least_0.25"),
    ("probability_peak_shares_at_least_few", "probability_peak_share_at_least_0.5"),
])  # fmt: skip
def test_a_misspelt_name_is_told_with_the_nearest_of_all_that_a_limit_may_name(name, nearest):
    """A chance to reach a number with the number that was given."""
    with pytest.raises(ValueError, match=f"^limits: {name!r} is not a figure; did you mean {nearest!r}\\?$"):
        parse_limits({name: {"at_most": 0.5}}, FIGURES)


def test_bounds_that_leave_nothing_or_bound_nothing_are_refused():
    wanted = {"impact_minutes_mean": {"at_least": 3, "at_most": 2}, "minutes_to_ship": {"at_most": math.inf}}
    with pytest.raises(ValueError) as refused:
        parse_limits(wanted, simulation.FIGURES)
    assert str(refused.value).splitlines() == [
        "limits: impact_minutes_mean: at_least is 3 and at_most 2; nothing is both, so exchange them",
        "limits: minutes_to_ship: at_most is inf; give a finite number, or leave it out",
    ]


def test_what_nothing_leads_to_is_no_matter_of_trials():
    """Without faults no change is bad: more trials would not tell what a bad one costs."""
    limit = Limit("impact_minutes_given_defect_mean", "at_most", 0.5)
    never = Judgement(limit, NAN, NAN, NAN, "fleet-minutes", "undecided", trials=20_000)
    few = Judgement(limit, NAN, NAN, NAN, "fleet-minutes", "undecided", trials=20, needed=4100.0)
    assert never.takes is None and never.remedy == "; the scenario has nothing that leads to it, so leave the limit out"
    assert few.takes == 4100 and few.remedy == "; run about 4,100 trials"
