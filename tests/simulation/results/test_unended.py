"""What the horizon leaves open: a gate passes nothing that was never rolled out, and judges all else as it did.

The world by hand: two regions with half of the traffic each, ten minutes to deploy; one change in ten is bad where it
is deployed, seen five minutes after, gone five minutes later. In two waves it ships after 80 minutes, a bad one is
halted in the first, and costs 0.1 × 0.5 × 10 fleet-minutes a change.
"""

import json

import pytest

import simulation
from simulation.analysis.verdict import digest_of
from tests.builders import plan, scenario, shares, wave

TWO = plan(wave("r1", 60), wave("r2"))
ONE = plan(wave("r1 r2", 30))
BAD = [{"name": "bad", "probability": 0.1, "detection_probability": 1.0}]
LATE = plan("r1", "r2", calendar={"days": ("fri",), "hours": ("10:00", "12:00"), "zone": "UTC"})
MONDAY = "2026-03-02 10:00 UTC"


def judged(one, horizon, limits, **fields):
    """Return the verdict of a plan under the world by hand, and what the gate says of it."""
    world = scenario(
        shares(0.5, 0.5, failover={1: 2}), deploy=10.0, evidence=1e-9, lag=5.0, rollback=5.0, horizon_minutes=horizon,
        **{"faults": BAD, **fields},
    )  # fmt: skip
    wanted = simulation.parse_limits({name: dict([bound]) for name, bound in limits.items()}, simulation.FIGURES)
    verdict = simulation.verdict(simulation.compare({"mine": one}, world, trials=2048, seed=7), wanted)
    return verdict, *simulation.gate(json.loads(json.dumps(verdict)))


def word(one, horizon, figure, side, value, **fields):
    return judged(one, horizon, {figure: (side, value)}, **fields)[0]["limits"][0]["verdict"]


@pytest.mark.parametrize(
    ("figure", "side", "value", "expected"),
    [
        ("impact_minutes_mean", "at_most", 1e6, "undecided"),
        ("impact_minutes_given_defect_p50", "at_most", 1e6, "undecided"),
        ("probability_impact_minutes_at_least_100", "at_most", 0.05, "undecided"),
        ("probability_impact_minutes_at_least_100", "at_most", 0.2, "holds"),
        ("probability_failover_hit", "at_most", 0.05, "undecided"),
        ("probability_failover_hit", "at_most", 0.2, "holds"),
        ("peak_share_mean", "at_most", 0.05, "undecided"),
        ("share_exposed_mean", "at_most", 0.05, "undecided"),
        ("share_exposed_mean", "at_most", 0.2, "holds"),
        ("probability_shipped", "at_least", 0.95, "undecided"),
        ("probability_shipped", "at_least", 0.8, "holds"),
        ("probability_caught", "at_least", 0.05, "undecided"),
        ("probability_caught", "at_least", 0.2, "broken"),
        ("minutes_to_ship", "at_most", 1e6, "undecided"),
    ],
)
def test_what_is_deployed_after_the_book_closed_may_do_its_worst_or_nothing(figure, side, value, expected):
    """All begins after minute 5: one change in ten may hurt all of the traffic, for ever; or was halted at once."""
    assert word(TWO, 5.0, figure, side, value) == expected


def test_the_horizon_that_it_asks_for_is_enough():
    """The last ends at minute 80: with a book that long the limits are judged, and by what really comes."""
    limits = {"impact_minutes_mean": ("at_most", 1.0), "probability_failover_hit": ("at_most", 0.05)}
    verdict, code, lines = judged(TWO, 5.0, limits)
    assert (code, verdict["passed"]) == (1, False)
    assert "undecided: impact of a change, mean: " in lines[0]
    assert lines[0].endswith("; unknown: 100 % of rollouts still deploy at the horizon of 5 min, and what that does is "
                             "not counted; set horizon_minutes to more than 80")  # fmt: skip
    assert (verdict["unended"]["share"], verdict["limits"][0]["trials_it_takes"]) == (pytest.approx(1.0), None)
    found, code, _ = judged(TWO, verdict["unended"]["needed_minutes"] + 1, limits)
    assert (code, found["unended"]["share"], found["limits"][0]["estimate"]) == (0, 0.0, pytest.approx(0.5))


def test_what_cannot_do_harm_after_the_horizon_leaves_nothing_open():
    """At minute 75 all bad changes are halted; the good ones that still deploy ship, and hurt nobody."""
    limits = {"impact_minutes_mean": ("at_most", 0.6), "probability_shipped": ("at_least", 0.89)}
    verdict, code, _ = judged(TWO, 75.0, limits)
    assert (code, verdict["unended"]["share"]) == (0, pytest.approx(0.9))
    noisy = {"false_alarms_per_region_day": 0.1}
    assert word(TWO, 75.0, "impact_minutes_mean", "at_most", 0.6, **noisy) == "holds"
    assert word(TWO, 75.0, "probability_shipped", "at_least", 0.5, **noisy) == "undecided", "a false alarm may halt it"


def test_a_watch_that_goes_on_is_no_deployment():
    """All is deployed at minute 10, and the bake ends at 40: harm up to the horizon is what the model counts."""
    blind = {"faults": [{"name": "bad", "probability": 0.1, "detection_probability": 0.0}]}
    verdict, code, _ = judged(ONE, 20.0, {"impact_minutes_mean": ("at_most", 1.1)}, **blind)
    assert (code, verdict["unended"]["share"]) == (0, 0.0)
    assert verdict["limits"][0]["estimate"] == pytest.approx(1.0), "one in ten hurts everybody from 10 to 20"


def test_a_build_that_fails_is_not_rolled_out():
    verdict, *_ = judged(ONE, 5.0, {"impact_minutes_mean": ("at_most", 1.0)}, build=9.0, build_failure_probability=1.0)
    assert verdict["unended"]["share"] == 0.0


def test_a_window_that_opens_after_the_horizon_passes_no_gate():
    """Pushed on Monday, deployed on Friday, in a book of two days."""
    _, code, lines = judged(LATE, 2 * 1440.0, {"impact_minutes_mean": ("at_most", 1.0)}, pushes=MONDAY)
    assert code == 1 and "100 % of rollouts still deploy at the horizon of 2 d" in lines[0]
    assert judged(LATE, 14 * 1440.0, {"impact_minutes_mean": ("at_most", 1.0)}, pushes=MONDAY)[1] == 0


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (lambda v: v["unended"].update(share=0.0), "needed_minutes is 80, and the share 0"),
        (lambda v: v["unended"].update(share=0.0, needed_minutes=None), "most is 'infinity', and of the figures"),
        (lambda v: v["limits"][0].update(most=v["limits"][0]["high"]), "cut_off is 'unknown: 100"),
        (lambda v: v["limits"][0].update(most=-1.0), "does not hold"),
        (lambda v: v["limits"][0].update(verdict="holds", cut_off=None), "verdict is 'holds', and of the figures"),
        (lambda v: v["unended"].update(share="all"), "unended.share is 'all'"),
    ],
)
def test_a_verdict_that_hides_it_is_not_believed(forge, said):
    """Also where its digest was made anew."""
    verdict = judged(TWO, 5.0, {"impact_minutes_mean": ("at_most", 1.0)})[0]
    forge(verdict)
    code, lines = simulation.gate(verdict | {"digest": digest_of(verdict)})
    assert code == 1 and lines[0].startswith("nothing to judge: ") and any(said in line for line in lines), lines
