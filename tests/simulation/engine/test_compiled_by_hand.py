"""Rollouts worked out by hand for engines that draw for themselves: every distribution is a constant, every chance 1.

Regions a, b, c, d serve 10, 20, 30, 40 requests a minute; traffic rolls; deployments take 4 minutes unless said
otherwise; alarms see nothing, customers do; reaction and roll-back take no time. With numbers set by hand, more ties
are in ``test_ties``.
"""

import math
from typing import Any

import numpy as np
import pytest

from simulation import Scenario, run
from simulation.draws import PURPOSES, Purpose, uniform
from tests.builders import fleet, plan, wave
from tests.simulation.worlds import COLUMNS, differences
from waves import Plan

FLEET = fleet(labels={name: (name,) for name in "abcd"})
THREE = plan(wave("a b c", bake=9, max_parallel=2), strategy="rolling")  # c waits for the slot of a or b
REFUSED = {"effect": "deploy_fails"}


def fault(where: str, **fields: Any) -> dict[str, Any]:
    return {"name": where, "probability": 1.0, "where": {"label": where}, "detection_probability": 0.0, **fields}


@pytest.fixture(params=["compiled", "simpy"])
def check(request):
    """Run two trials, which are alike, and compare every column; what is not expected must be nothing."""

    def compare(waves: Plan, faults: list[dict[str, Any]], expected: dict[str, Any], **fields: Any) -> None:
        standard: dict[str, Any] = {"fleet": FLEET, "deploy": 4.0, "reaction": 0.0, "rollback": 0.0, "faults": faults}
        found = run(
            waves, Scenario.model_validate({**standard, **fields}), trials=2, engine=request.param, sampling="crude"
        ).frame
        wanted: dict[str, Any] = {**dict.fromkeys(COLUMNS, 0.0), "regions_exposed": 0, "failover_hit": False}
        wanted |= dict.fromkeys(("deployed_minutes", "detected_minutes", "recovered_minutes"), math.nan)
        for row in found.to_dict("records"):
            assert not differences({**wanted, **expected}, {str(name): value for name, value in row.items()})

    return compare


def test_a_failure_beats_a_start_and_so_the_report_of_its_harm(check):
    """a is up at 4 and frees its slot; b fails at 4; c would start at 4, and hurt and be reported at once."""
    expected = {"outcome": "deploy_failed", "end_minutes": 4, "mixed_minutes": 4, "regions_failed": 1}
    check(THREE, [fault("b", **REFUSED), fault("c")], expected, report=0.0)


def test_a_report_after_a_start_beats_a_failure(check):
    """c starts at 4, hurts, is reported at 5, when b fails: x is 1/4. Impact .3 · 1/8, peak and exposed .3 · 1/4."""
    expected = {
        "outcome": "caught", "end_minutes": 5, "detected_minutes": 5, "recovered_minutes": 5, "regions_exposed": 1,
        "share_exposed": 0.075, "impact_minutes": 0.0375, "peak_share": 0.075, "mixed_minutes": 5,
    }  # fmt: skip
    check(THREE, [fault("b", **REFUSED), fault("c")], expected, report=1.0, regions={"b": {"deploy": 5.0}})


def test_a_start_that_is_reported_at_once_halts_before_any_traffic(check):
    """c starts at 4, in a's slot, and is caught at 4 with x = 0; a is up and b at 4/6: both are rolled back."""
    expected = {
        "outcome": "caught", "end_minutes": 4, "detected_minutes": 4, "recovered_minutes": 4, "mixed_minutes": 4,
    }  # fmt: skip
    check(THREE, [fault("c")], expected, report=0.0, regions={"b": {"deploy": 6.0}})


def test_the_report_of_an_earlier_start_beats_a_failure_and_a_start(check):
    """a starts at 0 and hurts from 4, when b fails and c, as bad, would start. Exposed, and back at once."""
    expected = {
        "outcome": "caught", "end_minutes": 4, "detected_minutes": 4, "recovered_minutes": 4, "regions_exposed": 1,
        "share_exposed": 0.1, "mixed_minutes": 4,
    }  # fmt: skip
    check(THREE, [fault("b", **REFUSED), fault("a", onset=4.0), fault("c")], expected, report=0.0)


def test_a_report_of_an_earlier_start_comes_at_its_own_time(check):
    """a hurts from 2 and is reported at 4, and so beats b's failure at 4. Impact .1 · (1/2 + 1)/2 · 2, peak .1."""
    expected = {
        "outcome": "caught", "end_minutes": 4, "detected_minutes": 4, "recovered_minutes": 4, "regions_exposed": 1,
        "share_exposed": 0.1, "impact_minutes": 0.15, "peak_share": 0.1, "mixed_minutes": 4,
    }  # fmt: skip
    check(THREE, [fault("b", **REFUSED), fault("a", onset=2.0)], expected, report=2.0)


@pytest.mark.parametrize("order", ["a b", "b a"])
def test_two_versions_are_there_from_the_first_to_take_its_traffic_to_the_last(check, order):
    """a takes its traffic at 2, b at 6, and both bake until 15."""
    expected = {"outcome": "completed", "deployed_minutes": 6, "end_minutes": 15, "mixed_minutes": 4}
    check(plan(order, bake=9), [], expected, regions={"a": {"deploy": 2.0}, "b": {"deploy": 6.0}})


def test_customers_report_after_any_number_of_minutes(check):
    """a hurts from its start at 0 and is reported at 6. Impact .1 · (4/2 + 2); its ramp is mixed."""
    expected = {
        "outcome": "caught", "deployed_minutes": 4, "end_minutes": 6, "detected_minutes": 6, "recovered_minutes": 6,
        "regions_exposed": 1, "share_exposed": 0.1, "impact_minutes": 0.4, "peak_share": 0.1, "mixed_minutes": 4,
    }  # fmt: skip
    check(plan(wave("a", bake=9), strategy="rolling"), [fault("a")], expected, report=6.0)


def test_a_failure_that_rolls_nothing_back_leaves_harm_to_the_report(check):
    """b fails at 4; a hurts from 6 and is reported at 9, when it is rolled back. Impact .1 · 3; mixed until then."""
    expected = {
        "regions_failed": 1,
        "outcome": "deploy_failed", "end_minutes": 4, "detected_minutes": 9, "recovered_minutes": 9,
        "regions_exposed": 1, "share_exposed": 0.1, "impact_minutes": 0.3, "peak_share": 0.1, "mixed_minutes": 9,
    }  # fmt: skip
    waves = plan(wave("a b", bake=9), strategy="rolling")
    check(waves, [fault("b", **REFUSED), fault("a", onset=6.0)], expected, report=3.0)


def test_a_step_at_the_end_of_harm_hurts_nobody(check):
    """a has a tenth of its traffic from 4, and all at 9, when it is reported and rolled back. Impact .1 · .1 · 5."""
    expected = {
        "outcome": "caught", "end_minutes": 9, "deployed_minutes": 9, "detected_minutes": 9, "recovered_minutes": 9,
        "regions_exposed": 1, "share_exposed": 0.1, "impact_minutes": 0.05, "peak_share": 0.01, "mixed_minutes": 5,
    }  # fmt: skip
    check(plan(wave("a", bake=9), strategy={"steps": [[10.0, 5.0]]}), [fault("a")], expected, report=5.0)


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
@pytest.mark.parametrize(
    "name, outcome",
    [("build_failure", "build_failed"), ("rejection", "rejected"), ("deploy_failure", "deploy_failed")],
)
def test_a_chance_is_met_strictly_below_it(engine, name, outcome):
    """Rule 2: yes is u < p, so u = p is a no; the next number above it makes it a yes."""
    u = float(uniform(0, np.arange(1, dtype=np.uint64), PURPOSES[name], 0, 0)[0])
    for chance, wanted in ((u, "completed"), (math.nextafter(u, 1), outcome)):
        scene = Scenario.model_validate({"fleet": FLEET, "deploy": 4.0, f"{name}_probability": chance})
        assert list(
            run(plan(wave("a", approval=True)), scene, trials=1, engine=engine, sampling="crude").frame.outcome
        ) == [wanted]


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
@pytest.mark.parametrize("where, thing", [("everywhere", Purpose(1, 8)), ("each_region", Purpose(2, 8))])
def test_a_fault_hits_strictly_below_its_chance(engine, where, thing):
    """Rules 2 and 3: the draw of the change, or of region a; both are the first of their kind."""
    u = float(uniform(0, np.arange(1, dtype=np.uint64), thing, 0, 0)[0])
    for chance, wanted in ((u, "completed"), (math.nextafter(u, 1), "escaped")):
        blind = {"name": "it", "where": where, "probability": chance, "detection_probability": 0.0}
        scene = Scenario.model_validate({"fleet": FLEET, "deploy": 4.0, "faults": [blind]})
        assert list(run(plan("a"), scene, trials=1, engine=engine, sampling="crude").frame.outcome) == [wanted]


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
@pytest.mark.parametrize("purpose, name", [("seen_by_alarms", "detection"), ("seen_by_check", "validation")])
def test_a_defect_is_seen_strictly_below_its_chance(engine, purpose, name):
    """Rules 2 and 5: by alarms or by the check after a deployment; the draw is region a's own, for the first fault."""
    u = float(uniform(0, np.arange(1, dtype=np.uint64), Purpose(2, PURPOSES[purpose].number), 0, 0)[0])
    for chance, wanted in ((u, "escaped"), (math.nextafter(u, 1), "caught")):
        defect = {"name": "it", "where": "each_region", "probability": 1.0, "detection_probability": 0.0}
        faults = [{**defect, f"{name}_probability": chance}]
        scene = Scenario.model_validate({"fleet": FLEET, "deploy": 4.0, "lag": 0.0, "faults": faults})
        assert list(run(plan(wave("a", bake=9)), scene, trials=1, engine=engine, sampling="crude").frame.outcome) == [
            wanted
        ]


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_a_second_attempt_fails_strictly_below_its_chance(engine):
    """Rule 9: in a trial whose first attempt has the lesser draw, so that both fail or only the first."""
    numbers = np.arange(20, dtype=np.uint64)
    first, second = (uniform(0, numbers, PURPOSES["deploy_failure"], 0, attempt) for attempt in range(2))
    trial = int(np.flatnonzero(first < second)[0])
    u = float(second[trial])
    for chance, wanted in ((u, "completed"), (math.nextafter(u, 1), "deploy_failed")):
        scene = Scenario.model_validate({"fleet": FLEET, "deploy": 4.0, "deploy_failure_probability": chance})
        found = run(plan("a", retries=1), scene, trials=1, first=trial, engine=engine, sampling="crude").frame
        assert (list(found.outcome), list(found.end_minutes)) == ([wanted], [8.0])


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_a_roll_back_fails_strictly_below_its_chance(engine):
    """Rule 18: caught when a is up, at 4; rolled back in 1 minute, or recovered by hand in 60."""
    u = float(uniform(0, np.arange(1, dtype=np.uint64), PURPOSES["rollback_failure"], 0, 0)[0])
    seen = {
        "name": "it",
        "probability": 1.0,
        "where": "everywhere",
        "detection_probability": 0.0,
        "validation_probability": 1.0,
    }
    times = {"deploy": 4.0, "reaction": 0.0, "rollback": 1.0, "manual_recovery": 60.0}
    for chance, minutes in ((u, 1.0), (math.nextafter(u, 1), 60.0)):
        scene = Scenario.model_validate(
            {"fleet": FLEET, **times, "rollback_failure_probability": chance, "faults": [seen]}
        )
        found = run(plan(wave("a", bake=9)), scene, trials=1, engine=engine, sampling="crude").frame
        assert list(found.outcome) == ["caught"]
        assert list(found.recovered_minutes - found.detected_minutes) == [minutes]


@pytest.mark.parametrize("engine", ["compiled", "simpy"])
def test_the_region_with_the_most_false_alarms_counts_where_they_differ(engine):
    """b has one in 0.3 minutes of traffic, in the mean, and a bake of 100; the others have one in ten days."""
    rates = {"false_alarms_per_region_day": 0.1, "regions": {"b": {"false_alarms_per_region_day": 4800.0}}}
    scene = Scenario.model_validate({"fleet": FLEET, "deploy": 4.0, **rates})
    assert set(run(plan(wave("b", bake=100)), scene, trials=50, engine=engine, sampling="crude").frame.outcome) == {
        "false_alarm"
    }
