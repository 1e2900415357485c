"""The lines of a trace that the model writes: one rollout by hand for each kind of event, with region, wave and remark.

Regions a and b serve 10 and 20 requests a minute; deployments are blue/green and take 4 minutes unless said otherwise;
waves count from 0, and −1 stands where an event belongs to none. What is read off a trace is in ``test_trace``.
"""

import math
from typing import Any

import pytest

from simulation import Rollout, setting
from tests.builders import plan, scenario, wave
from tests.simulation.worlds import FakeWorld, bad
from waves import Plan

BUILT, STARTS = (0.0, "built", "", -1, ""), (0.0, "wave starts", "", 0, "")
A_STARTS = (0.0, "deployment starts", "a", 0, "")
UP = [(4.0, "traffic moves", "a", 0, "100%"), (4.0, "deployment ends", "a", 0, ""), (4.0, "bake starts", "", 0, "")]
A_IS_UP = [BUILT, STARTS, A_STARTS, *UP]
HARM = (4.0, "harm begins", "a", 0, "first")


def back(minute: float) -> list[tuple[Any, ...]]:
    """The instant end of a rollout that a's alarm stops: reaction and roll-back take no time."""
    return [(minute, "roll-back starts", "a", 0, ""), (minute, "rolled back", "a", 0, "")]


def told(plan: Plan, *, traced: bool = True, **given: Any) -> list[tuple[Any, ...]]:
    """The events of one rollout by hand-set draws, those at one instant by name: their order is settled elsewhere."""
    scene, defects, refuses = scenario(**given.pop("fields", {})), given.pop("defects", {}), given.pop("refuses", "")
    world = FakeWorld(scene.fleet.names, given, defects, refuses.split())
    return sorted(Rollout(setting(plan, scene), world, traced=traced).events)


def test_nothing_is_noted_unless_asked_for():
    world = FakeWorld(scenario().fleet.names, {}, {}, ())
    assert Rollout(setting(plan("a"), scenario()), world).events == []


def test_a_failed_build():
    assert told(plan("a"), build=3.0, build_failure=True) == [(3.0, "build failed", "", -1, "")]


def test_an_approval_asked_and_given():
    assert told(plan(wave("a", approval=True)), approval_wait=2.0) == sorted(
        [
            BUILT, (0.0, "approval asked", "", 0, ""), (2.0, "wave starts", "", 0, ""),
            (2.0, "deployment starts", "a", 0, ""), (6.0, "traffic moves", "a", 0, "100%"),
            (6.0, "deployment ends", "a", 0, ""), (6.0, "bake starts", "", 0, ""), (6.0, "bake ends", "", 0, ""),
            (6.0, "completed", "", -1, ""),
        ]
    )  # fmt: skip


def test_an_approval_asked_and_refused():
    """a is up at 4 and bakes for 3; the hand-over takes 1, the decision 2."""
    waves = plan("a", wave("b", approval=True), bake=(3, 0))
    assert told(waves, handover=1.0, approval_wait=2.0, rejection=True) == sorted(
        [
            *A_IS_UP, (7.0, "bake ends", "", 0, ""), (8.0, "approval asked", "", 1, ""), (10.0, "rejected", "", 1, ""),
        ]
    )  # fmt: skip


def test_a_second_wave_and_a_defect_that_escapes():
    """b is up from 7 to 11; its defect hurts at once, and nobody can see it."""
    assert told(plan("a", "b", bake=2), handover=1.0, defects={"b": bad(fault=1, alarms=False)}) == sorted(
        [
            *A_IS_UP, (6.0, "bake ends", "", 0, ""), (7.0, "wave starts", "", 1, ""),
            (7.0, "deployment starts", "b", 1, ""), (11.0, "traffic moves", "b", 1, "100%"),
            (11.0, "deployment ends", "b", 1, ""), (11.0, "harm begins", "b", 1, "second"),
            (11.0, "bake starts", "", 1, ""), (13.0, "bake ends", "", 1, ""), (13.0, "escaped", "", -1, ""),
        ]
    )  # fmt: skip


def test_a_retry():
    assert told(plan("a", retries=1), deploy_failure={("a", 0): True}) == sorted(
        [
            BUILT, STARTS, A_STARTS, (4.0, "attempt fails", "a", 0, ""), (4.0, "retry starts", "a", 0, ""),
            (8.0, "traffic moves", "a", 0, "100%"), (8.0, "deployment ends", "a", 0, ""),
            (8.0, "bake starts", "", 0, ""), (8.0, "bake ends", "", 0, ""), (8.0, "completed", "", -1, ""),
        ]
    )  # fmt: skip


def test_an_attempt_that_a_timeout_ends():
    """The first would take 8 minutes and is given up at 3; the second takes 2."""
    draws: dict[str, Any] = {"deploy": {("a", 0): 8.0, ("a", 1): 2.0}}
    assert told(plan("a", retries=1, deploy_timeout_minutes=3.0), **draws) == sorted(
        [
            BUILT, STARTS, A_STARTS, (3.0, "attempt fails", "a", 0, "timeout"), (3.0, "retry starts", "a", 0, ""),
            (5.0, "traffic moves", "a", 0, "100%"), (5.0, "deployment ends", "a", 0, ""),
            (5.0, "bake starts", "", 0, ""), (5.0, "bake ends", "", 0, ""), (5.0, "completed", "", -1, ""),
        ]
    )  # fmt: skip


def test_a_failed_deployment_that_rolls_everything_back():
    """a is up at 4; b fails at 6; a minute later people act, and a is well at 9."""
    waves = plan("a b", on_deploy_failure="rollback_all")
    draws: dict[str, Any] = {"deploy": {"b": 6.0}, "deploy_failure": {"b": True}, "reaction": 1.0, "rollback": 2.0}
    assert told(waves, **draws) == sorted(
        [
            BUILT, STARTS, A_STARTS, (0.0, "deployment starts", "b", 0, ""), *UP[:2],
            (6.0, "deployment fails", "b", 0, ""), (6.0, "deploy failed", "b", 0, ""),
            (7.0, "roll-back starts", "a", 0, ""), (9.0, "rolled back", "a", 0, ""),
        ]
    )  # fmt: skip


def test_a_failure_after_the_halt_is_not_told():
    """b would fail at 6, but everything stops at 5."""
    draws: dict[str, Any] = {"deploy": {"b": 6.0}, "deploy_failure": {"b": True}, "false_alarm": {"a": 1.0}}
    assert told(plan("a b"), **draws) == sorted(
        [
            BUILT, STARTS, A_STARTS, (0.0, "deployment starts", "b", 0, ""), *UP[:2],
            (5.0, "alarm", "a", 0, "nothing"), (5.0, "false alarm", "a", 0, ""), *back(5.0),
        ]
    )  # fmt: skip


def test_what_moves_or_hurts_at_the_very_halt_is_told():
    """Traffic goes before alarms: at 7, when a's false alarm halts, d gets its traffic; or begins to hurt."""
    everyone = plan("a b c d", bake=20)
    moved = told(everyone, deploy={"d": 7.0}, false_alarm={"a": 3.0})
    assert {(7.0, "traffic moves", "d", 0, "100%"), (7.0, "deployment ends", "d", 0, "")} < set(moved)
    hurt = told(everyone, defects={"d": bad(onset=3.0, alarms=False)}, false_alarm={"a": 3.0})
    assert {(7.0, "harm begins", "d", 0, "first"), (7.0, "false alarm", "a", 0, "")} < set(hurt)


def test_what_never_comes_is_not_told_even_without_a_horizon():
    """No evidence, no report, no false alarm, for ever."""
    ends = [(4.0, "bake ends", "", 0, ""), (4.0, "escaped", "", -1, "")]
    found = told(plan("a"), defects={"a": bad()}, fields={"horizon_minutes": math.inf})
    assert found == sorted([*A_IS_UP, HARM, *ends])


def test_recovery_by_hand():
    """A false alarm at 7, and the roll-back fails: well at 12."""
    assert told(plan("a", bake=20), false_alarm=3.0, rollback_failure=True, manual_recovery=5.0) == sorted(
        [
            *A_IS_UP, (7.0, "alarm", "a", 0, "nothing"), (7.0, "false alarm", "a", 0, ""),
            (7.0, "roll-back starts", "a", 0, ""), (12.0, "recovered by hand", "a", 0, ""),
        ]
    )  # fmt: skip


@pytest.mark.parametrize(
    "defect, draws, minute, source, where",
    [
        (bad(alarms=False), {"report": 5.0}, 9.0, "customers", ("", -1)),  # their alarm belongs to no region
        (bad(), {"evidence": 20.0, "lag": 1.0}, 7.0, "evidence", ("a", 0)),  # at 10 a minute, from 4
    ],
)
def test_what_raised_the_alarm(defect, draws, minute, source, where):
    wanted = [*A_IS_UP, HARM, (minute, "alarm", *where, source), (minute, "caught", *where, ""), *back(minute)]
    assert told(plan("a", bake=20), defects={"a": defect}, **draws) == sorted(wanted)


def test_the_reviewer_comes_before_the_customers():
    """Rule 5, within (b): asked at 9, decided at 16; reported 12 after the first harm, at 4: it is the reviewer's."""
    waves = plan("a", wave("b", approval=True), bake=(5, 0))
    found = told(waves, approval_wait=7.0, report=12.0, defects={"a": bad(alarms=False, review=True)})
    assert [each for each in found if each[1] == "alarm"] == [(16.0, "alarm", "", -1, "reviewer")]


def test_starts_at_one_instant_follow_the_plan():
    """Rule 5, within (e): b's start brings an alarm about, which comes before c's start, behind it in the plan."""
    found = told(plan("a b c", strategy="rolling"), defects={"b": bad(alarms=False)}, report=0.0)
    assert [each[2] for each in found if each[1] == "deployment starts"] == ["a", "b"]


def test_validation_raises_the_alarm_before_the_bake_begins():
    wanted = [*A_IS_UP[:-1], HARM, (4.0, "alarm", "a", 0, "validation"), (4.0, "caught", "a", 0, ""), *back(4.0)]
    assert told(plan("a", bake=20), defects={"a": bad(alarms=False, check=True)}) == sorted(wanted)


@pytest.mark.parametrize(
    "strategy, moves",
    [
        ("rolling", [(0.0, "0%"), (4.0, "100%")]),
        ({"steps": [[12.5, 2.0], [50.0, 3.0]]}, [(4.0, "12%"), (6.0, "50%"), (9.0, "100%")]),
    ],
    ids=["rolling", "steps"],
)
def test_traffic_moves_piece_by_piece(strategy, moves):
    """Half a percent is told to the even one."""
    end = moves[-1][0]
    values = {"waves": [{"regions": ["a"], "bake_minutes": 0.0}], "strategy": strategy}
    assert told(Plan.model_validate(values)) == sorted(
        [
            BUILT, STARTS, A_STARTS, *((minute, "traffic moves", "a", 0, x) for minute, x in moves),
            (end, "deployment ends", "a", 0, ""), (end, "bake starts", "", 0, ""), (end, "bake ends", "", 0, ""),
            (end, "completed", "", -1, ""),
        ]
    )  # fmt: skip
