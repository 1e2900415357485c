"""Worlds for rollouts that are worked out by hand, and the comparison of their columns.

A `FakeWorld` answers with the numbers it was given, so that a test can set every draw. Not here: any expected number.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from simulation import Defect, Rollout, Scenario, setting
from simulation.columns import row
from tests import builders
from tests.naive import naive
from tests.simulation.by_compiled import by_compiled
from waves import Plan

COLUMNS = (
    "outcome", "deployed_minutes", "end_minutes", "detected_minutes", "recovered_minutes", "regions_exposed",
    "share_exposed", "peak_share", "impact_minutes", "failover_hit", "mixed_minutes", "regions_failed",
)  # fmt: skip
NEVER = math.inf
DEPLOY = 4.0
QUIET: dict[str, Any] = {
    "build": 0.0, "build_failure": False, "reaction": 0.0, "report": NEVER, "handover": 0.0, "approval_wait": 0.0,
    "rejection": False, "deploy": DEPLOY, "deploy_failure": False, "evidence": NEVER, "lag": 0.0, "rollback": 0.0,
    "rollback_failure": False, "manual_recovery": 0.0, "false_alarm": NEVER, "complaint": 0.0, "push": 0.0,
}  # fmt: skip
OF_THE_CHANGE = {"build", "build_failure", "reaction", "report", "complaint", "push", "reaction_off_hours"}
OTHERWISE = {"failed_deploy": "deploy", "reaction_off_hours": "reaction"}  # what counts where they are not set
OF_A_GATE = {"handover", "approval_wait", "rejection"}


def bad(
    severity: float = 1.0,
    onset: float = 0.0,
    *,
    fault: int = 0,
    alarms: bool = True,
    check: bool = False,
    review: bool = False,
) -> Defect:
    """A defect; by default it is total, hurts at once, and alarms can see it while the check and reviewers can't."""
    return Defect(fault, severity, onset, seen_by_alarms=alarms, seen_by_check=check, seen_by_reviewer=review)


class FakeWorld:
    """The draws of one trial, set by hand.

    Parameters
    ----------
    regions
        The fleet's regions, in order.
    draws
        From a purpose to its value; to a mapping from a region's name, or from a wave's ordinal counted from 0; or to a
        mapping from (region, attempt). What is not named there is quiet: no failure, delay or alarm, 4-minute deploys.
    defects
        From a region's name to the defect there.
    refuses
        The regions in which a fault makes every deployment fail.
    """

    def __init__(
        self, regions: Sequence[str], draws: Mapping[str, Any], defects: Mapping[str, Defect], refuses: Sequence[str]
    ) -> None:
        unknown = set(draws) - set(QUIET) - set(OTHERWISE)
        assert not unknown, f"no such draw: {unknown}"
        self.regions, self.draws, self.defects, self.refuses = tuple(regions), draws, defects, refuses

    def draw(self, purpose: str, index: int = 0, occurrence: int = 0) -> Any:
        if purpose in OTHERWISE and purpose not in self.draws:
            purpose = OTHERWISE[purpose]
        value = self.draws.get(purpose, QUIET.get(purpose))
        if not isinstance(value, Mapping):
            return value
        assert purpose not in OF_THE_CHANGE, f"{purpose} is drawn once for the change"
        thing = index if purpose in OF_A_GATE else self.regions[index]
        return value.get((thing, occurrence), value.get(thing, QUIET.get(purpose)))

    def deploy_fails(self, region: int) -> bool:
        return self.regions[region] in self.refuses

    def defect(self, region: int) -> Defect | None:
        return self.defects.get(self.regions[region])


def by_simpy(plan: Plan, scenario: Scenario, world: Any) -> dict[str, Any]:
    """The engine's columns, and each plan region's exposed, hurt minutes and impact, as `naive` names them."""
    measured, harms = row(Rollout(setting(plan, scenario), world))
    regions: dict[str, tuple[bool, float, float]] = dict.fromkeys(plan.regions, (False, 0.0, 0.0))
    for harm in harms:
        regions[plan.regions[harm.position]] = (True, harm.minutes, harm.impact)
    return {**{name: getattr(measured, name) for name in COLUMNS}, "regions": regions}


ENGINES = {"simpy": by_simpy, "compiled": by_compiled, "naive": naive}


def differences(
    one: Mapping[str, Any], other: Mapping[str, Any], tolerance: float = 1e-9
) -> dict[str, tuple[Any, Any]]:
    """Return the columns in which two rollouts differ: labels and yes/no exactly, numbers to the tolerance."""
    return {name: (one[name], other[name]) for name in one if not _same(one[name], other[name], tolerance)}


def _same(a: Any, b: Any, tolerance: float) -> bool:
    if isinstance(a, dict):
        return set(a) == set(b) and all(_same(a[key], b[key], tolerance) for key in a)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(_same(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if isinstance(a, str | bool):
        return bool(a == b)
    return bool(a == b or (math.isnan(a) and math.isnan(b)) or abs(a - b) <= tolerance * max(1.0, abs(a)))


def check(
    plan: Plan,
    expected: Mapping[str, Any],
    *,
    scenario: Scenario | None = None,
    defects: Mapping[str, Defect] | None = None,
    refuses: str = "",
    regions: Mapping[str, tuple[bool, float, float]] | None = None,
    engine: str,
    **draws: Any,
) -> None:
    """Run one rollout by hand-set draws and compare every column; what is not expected must be nothing.

    Parameters
    ----------
    plan, scenario
        The scenario is the standard fleet's if left out.
    expected
        From a column to its value. Columns that are not named must be NaN (instants), 0, or False.
    defects, refuses, draws
        What the `FakeWorld` answers.
    regions
        From a region's name to what is expected there: exposed, hurt minutes, impact.
    engine
        A key of `ENGINES`.
    """
    scene = scenario or builders.scenario()
    world = FakeWorld(scene.fleet.names, draws, defects or {}, refuses.split())
    got = ENGINES[engine](plan, scene, world)
    nothing: dict[str, Any] = dict.fromkeys(COLUMNS, 0.0)
    nothing |= dict.fromkeys(("deployed_minutes", "detected_minutes", "recovered_minutes"), math.nan)
    wanted = {**nothing, "regions_exposed": 0, "regions_failed": 0, "failover_hit": False, **expected}
    assert set(wanted) == set(COLUMNS), "a column that there is not"
    for name, (exposed, minutes, impact) in (regions or {}).items():
        assert got["regions"][name] == pytest.approx((exposed, minutes, impact), rel=1e-9, abs=1e-9)
    assert not differences(wanted, {name: got[name] for name in COLUMNS})
