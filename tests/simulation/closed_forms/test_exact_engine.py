"""Closed forms against the engine: every figure that both have, within intervals of confidence 1 − 1e-6."""

import math

import numpy as np
import pytest

from simulation import exact, run
from tests.builders import plan, shares
from tests.simulation.closed_forms.set_ups import BAD, GOLDEN_FLEET, GOLDEN_PLAN, scenario
from tests.textbook import student

ALPHA = 1e-6
FOUR = shares(0.1, 0.2, 0.3, 0.4, failover={1: 3, 2: 4}, labels=True)
IN_THREE = plan("r1", "r2 r3", "r4", bake=(2, 1, 1))
OFTEN = {**BAD, "probability": 0.5}
SET_UPS = {
    "a common defect, endless": (GOLDEN_PLAN, scenario(GOLDEN_FLEET, faults=[OFTEN])),
    "a common defect, the book closed": (GOLDEN_PLAN, scenario(GOLDEN_FLEET, faults=[OFTEN], horizon_minutes=6.0)),
    "a common defect, one wave": (plan("r1 r2 r3 r4", bake=(1,)), scenario(FOUR, faults=[OFTEN])),
    "a lag": (IN_THREE, scenario(FOUR, 3.0, faults=[OFTEN], lag=0.6)),
    "a lag beyond a wave": (IN_THREE, scenario(FOUR, 3.0, faults=[OFTEN], lag=3.0, horizon_minutes=7.5)),
    "a label on every region": (IN_THREE, scenario(FOUR, faults=[{**OFTEN, "where": {"label": "all"}}])),
    "each region": (IN_THREE, scenario(FOUR, 6.0, faults=[{**BAD, "where": "each_region", "probability": 0.4}])),
    "labels of one region": (
        IN_THREE,
        scenario(
            FOUR, 6.0, lag=0.5,
            faults=[
                {**BAD, "name": f"at {i}", "where": {"label": f"only-{i}"}, "probability": i / 10} for i in (1, 2, 4)
            ],
        ),
    ),
    "false alarms": (IN_THREE, scenario(FOUR, faults=[], false_alarms_per_region_day=100.0)),
    "a blind defect, rolling": (
        IN_THREE.model_copy(update={"strategy": "rolling"}),
        scenario(FOUR, faults=[{**OFTEN, "detection_probability": 0.0}], horizon_minutes=20.0),
    ),
}  # fmt: skip
EXPECTED = {
    "no_faults": {"probability_completed", "probability_false_alarm", "minutes_to_ship", "impact_minutes_mean"},
    "regional_defects": {"probability_shipped", "probability_escaped", "share_exposed_mean", "regions_exposed_mean"},
    "blind_defect": {"impact_minutes_given_defect_mean", "peak_share_mean", "probability_escaped", "minutes_to_ship"},
    "common_defect": {
        "probability_shipped", "probability_escaped", "probability_caught", "probability_completed",
        "probability_failover_hit", "share_exposed_mean", "share_exposed_p95", "peak_share_mean",
        "regions_exposed_mean", "impact_minutes_mean", "impact_minutes_given_defect_mean", "failed_requests_mean",
        "end_minutes_given_shipped_mean", "minutes_to_ship", "detected_minutes_mean", "recovered_minutes_mean",
    },
}  # fmt: skip


def disagreements(waves, scene, trials):
    """Compare every figure that both have; return those outside the interval, and those compared."""
    closed, summary = (
        exact(waves, scene),
        run(waves, scene, trials=trials, seed=11, sampling="crude").summary(1 - ALPHA),
    )
    both = [f for f in closed.table.index if f in summary.index and not math.isnan(summary["estimate"][f])]
    wrong = {}
    for figure in both:
        value, row = closed[figure], summary.loc[figure]
        assert closed.table["unit"][figure] == row["unit"]
        # An end may be missing: then the figure is nearly certain, and the estimate itself must do.
        low = row["estimate"] if math.isnan(row["low"]) else row["low"]
        high = row["estimate"] if math.isnan(row["high"]) else row["high"]
        slack = 1e-9 * max(1.0, abs(value))
        if not low - slack <= value <= high + slack:
            wrong[figure] = (value, low, high)
    return wrong, set(both)


@pytest.mark.parametrize("name", SET_UPS)
def test_the_engine_agrees(name):
    waves, scene = SET_UPS[name]
    wrong, compared = disagreements(waves, scene, 1500)
    assert exact(waves, scene).holds
    assert not wrong
    assert compared >= EXPECTED[exact(waves, scene).setup]


@pytest.mark.long
@pytest.mark.parametrize("name", SET_UPS)
def test_the_engine_agrees_over_many_rollouts(name):
    wrong, _ = disagreements(*SET_UPS[name], 60_000)
    assert not wrong


def test_the_figures_that_a_summary_has_not_agree_too():
    """Read off the engine's rows: rule 24 says which rollouts and which horizon each is about."""
    scene = scenario(GOLDEN_FLEET, faults=[OFTEN], lag=0.4, horizon_minutes=5.5 + 0.4)
    closed, outcomes = exact(GOLDEN_PLAN, scene), run(GOLDEN_PLAN, scene, trials=3000, seed=5, sampling="crude")
    frame, bad = outcomes.frame, outcomes.defective
    caught, alarms = (frame["outcome"] == "caught").to_numpy(), frame["detected_minutes"].notna().to_numpy()
    share = frame["share_exposed"].to_numpy()
    peak = frame["peak_share"].to_numpy()
    read = {
        "probability_alarm_in_wave_1_given_defect": (caught & np.isclose(share, 0.05))[bad],
        "probability_alarm_in_wave_2_given_defect": (caught & np.isclose(share, 0.30))[bad],
        "probability_alarm_in_wave_3_given_defect": (caught & np.isclose(share, 1.00))[bad],
        "probability_all_exposed": np.isclose(share, 1.0),
        "probability_regions_exposed_at_least_2": frame["regions_exposed"] >= 2,
        "probability_failover_hit_r1_r2": frame["failover_hit"],
        "share_exposed_given_defect_mean": share[bad],
        "peak_share_of_detected_given_defect_mean": (peak * alarms)[bad],
        "impact_minutes_added_by_rollback_given_defect_mean": (0.25 * share * caught)[bad],
        "detected_minutes_given_caught_mean": frame["detected_minutes"][caught],
        "minutes_to_detect_given_caught_mean": frame["detected_minutes"][caught] - 0.5,
        # The recovery of an alarm after T does not count.
        "duration_minutes_mean": np.where(caught, frame["recovered_minutes"], frame["end_minutes"]),
    }
    for figure, values in read.items():
        interval = student(np.asarray(values, dtype=float), 1 - ALPHA)
        assert interval.low <= closed[figure] <= interval.high, figure


def test_regions_exposed_together_agree():
    waves, scene = SET_UPS["each region"]
    closed, counts = (
        exact(waves, scene),
        run(waves, scene, trials=3000, seed=6, sampling="crude").frame["regions_exposed"].to_numpy(),
    )
    for count in (1, 2, 3):
        interval = student((counts >= count).astype(float), 1 - ALPHA)
        assert interval.low <= closed[f"probability_regions_exposed_at_least_{count}"] <= interval.high


def test_no_alarm_by_an_instant_agrees():
    waves, scene = SET_UPS["each region"]
    closed, detected = (
        exact(waves, scene),
        run(waves, scene, trials=3000, seed=7, sampling="crude").frame["detected_minutes"],
    )
    for instant in (1.0, 3.5, 5.0, 9.0):
        interval = student((~(detected <= instant)).to_numpy(dtype=float), 1 - ALPHA)
        assert interval.low <= closed.no_alarm_by(instant) <= interval.high
