"""Intervals of rare events hold the truth as often as they say: closed forms, and a crude run where there are none.

Not here: that estimates are right (``test_rare``), that they are the same on any worker (``test_rare_workers``).
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from scipy import stats

from simulation import Estimate, Scenario, exact, rare, sweep
from tests.builders import plan, shares
from tests.simulation.closed_forms.set_ups import BAD, scenario
from tests.simulation.rare_events.test_rare import ALPHA, FOUR, IN_THREE, STOREFRONT, TWO, labelled, regional
from waves import Fleet, Plan

CONFIDENCE = 0.9
Z90 = 1.6449

CLOSED: dict[str, tuple[Plan, Scenario, Sequence[str], dict[str, Any]]] = {
    "a precision asked for": (IN_THREE, regional(0.0005), [TWO], {"precision": 0.05, "trials": 20_000}),
    "too few trials for it": (IN_THREE, labelled(0.01, 0.002, 0.02, 0.005), [TWO], {"trials": 1_300}),
    "a mean": (IN_THREE, regional(0.002), ["share_exposed_mean"], {"precision": 0.05}),
    "an escape, rare in its strata": (IN_THREE, regional(0.02), ["probability_escaped"], {"trials": 4_000}),
    "one defect everywhere": (
        IN_THREE,
        scenario(FOUR, faults=[{**BAD, "probability": 0.01}]),
        [TWO, "probability_escaped", "impact_minutes_mean", "share_exposed_mean", "probability_shipped"],
        {"trials": 3_000},
    ),
    "false alarms": (
        plan("r1", "r2 r3", "r4", bake=(30, 20, 20)),
        scenario(FOUR, faults=[], false_alarms_per_region_day=0.2),
        ["probability_false_alarm", "probability_completed"],
        {"trials": 2_000},
    ),
}


def pairs() -> Fleet:
    """Two of the regions carry a label that a fault can name, and are partners of others."""
    two = shares(0.1, 0.2, 0.3, 0.4, failover={1: 3, 2: 4})
    regions = [
        each.model_copy(update={"labels": ("pair",)} if i in (1, 2) else {}) for i, each in enumerate(two.regions)
    ]
    return two.model_copy(update={"regions": tuple(regions)})


MIXED = scenario(
    pairs(),
    faults=[
        {"name": "bad", "probability": 0.02, "detection_probability": 0.8, "severity": {"empirical": [0.2, 0.5, 1]}},
        {"name": "config", "probability": 0.01, "where": {"label": "pair"}, "onset": {"exponential": {"mean": 1.0}}},
    ],
    false_alarms_per_region_day=2.0,
    deploy_failure_probability=0.01,
    horizon_minutes=120.0,
)  # fmt: skip
BLIND = scenario(
    FOUR,
    faults=[
        {"name": "leak", "probability": 0.003, "detection_probability": 0.0},
        {"name": "host", "probability": 0.005, "where": "each_region"},
        {"name": "registry", "probability": 0.01, "effect": "deploy_fails"},
    ],
    deploy={"lognormal": {"median": 0.5, "p95": 1.0}},
    false_alarms_per_region_day=0.5,
    horizon_minutes=200.0,
)
FIGURES = ["probability_failover_hit", "probability_escaped", "probability_false_alarm", "share_exposed_mean"]
CRUDE: dict[str, tuple[Plan, Scenario, Sequence[str], dict[str, Any]]] = {
    "everywhere, by label, and false alarms": (IN_THREE, MIXED, FIGURES, {"trials": 3_200}),
    "blind, by region, and broken deployments": (
        IN_THREE,
        BLIND,
        [*FIGURES[1:], "probability_caught"],
        {"trials": 3_200},
    ),
    "the storefront": (*STOREFRONT, [*FIGURES, "impact_minutes_mean"], {"trials": 12_000}),
    "the storefront, to a precision": (*STOREFRONT, FIGURES[:1], {"precision": 0.15, "trials": 100_000}),
}


def missed(estimates: Sequence[Estimate], truth: float) -> int:
    return sum(not own.low <= truth <= own.high for own in estimates)


def intervals(case: tuple[Plan, Scenario, Sequence[str], dict[str, Any]], count: int) -> dict[str, list[Estimate]]:
    waves, scene, figures, options = case
    found: dict[str, list[Estimate]] = {figure: [] for figure in figures}
    for seed in range(count):
        each = rare(waves, scene, figures, seed=seed, confidence=CONFIDENCE, **{"precision": None, **options})
        for figure, row in zip(figures, each.table.to_dict("records"), strict=True):
            found[figure].append(Estimate(row["estimate"], row["low"], row["high"]))
    return found


def hold_the_closed_form(name: str, count: int) -> None:
    """They miss it no oftener than they say: a binomial bound at α = 1e-6."""
    forms = exact(*CLOSED[name][:2])
    for figure, estimates in intervals(CLOSED[name], count).items():
        assert missed(estimates, forms[figure]) <= stats.binom.isf(ALPHA, count, 1 - CONFIDENCE), figure


@cache
def crude(name: str, trials: int) -> dict[str, Estimate]:
    """What crude sampling says, in worlds that no stratum shares."""
    waves, scene, figures, _ = CRUDE[name]
    table = sweep({"it": waves}, scene, trials=trials, seed=10**9, confidence=CONFIDENCE, sampling="crude").summaries[
        "it"
    ]
    return {figure: Estimate(*table.loc[figure, ["estimate", "low", "high"]]) for figure in figures}


def hold_what_crude_sampling_says(name: str, count: int, trials: int) -> None:
    """As above; the crude run's own error widens the share of misses that is allowed."""
    for figure, estimates in intervals(CRUDE[name], count).items():
        truth = crude(name, trials)[figure]
        ratio = (truth.high - truth.low) / sorted(own.high - own.low for own in estimates)[count // 2]
        assert ratio < 0.6, f"{figure}: the crude run is too short to judge by"
        allowed = 2 * stats.norm.sf(Z90 / (1 + ratio**2) ** 0.5)
        assert missed(estimates, truth.value) <= stats.binom.isf(ALPHA, count, allowed), figure


@pytest.mark.parametrize("name", CLOSED)
def test_intervals_hold_the_closed_form(name):
    hold_the_closed_form(name, 12)


@pytest.mark.parametrize("name", CRUDE)
def test_intervals_hold_what_crude_sampling_says(name):
    hold_what_crude_sampling_says(name, 16, 4_000_000)


@pytest.mark.long
@pytest.mark.parametrize("name", CLOSED)
def test_intervals_hold_the_closed_form_over_many_replicates(name):
    hold_the_closed_form(name, 500)


@pytest.mark.long
@pytest.mark.parametrize("name", CRUDE)
def test_intervals_hold_what_crude_sampling_says_over_many_replicates(name):
    hold_what_crude_sampling_says(name, 500, 60_000_000)
