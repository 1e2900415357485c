"""When a plan's regions would have been deployed to, as long as nothing is wrong: drawn, and cut off at an alarm.

For an incident of which only a few minutes are known. Not here: which of them explain it (`incident`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from history.replaying.records import FIRED, NOWHERE, Floats, Records
from simulation import Address, Rollout, Scenario, Tape
from simulation.draws import CHANGE, FAULT, GATE, REGION, Draws
from simulation.happenings import Event, Happening, first
from simulation.setting import setting
from waves import Plan

SECOND = 1.0 / 60.0
NEVER = 1e12  # minutes
BLOCK = 256  # rollouts whose draws are in memory at once


@dataclass(frozen=True, eq=False)
class Timelines:
    """Rollouts of one plan in which no defect hits and no alarm is false: n of them.

    Attributes
    ----------
    plan, scenario
        Of what.
    rollouts
        Each with its events.
    exposed_at : (R, n)
        When each region first had traffic on the new version; infinity where it never had.
    """

    plan: Plan
    scenario: Scenario
    rollouts: Sequence[Rollout]
    exposed_at: Floats

    def going(self, until: float) -> NDArray[np.bool_]:
        """Return which were complete or still under way at a minute: none had failed or was rejected, (n,)."""
        return np.array([each.outcome == "completed" or each.end > until for each in self.rollouts], dtype=np.bool_)

    def share(self, until: float) -> Floats:
        """Return the share of the fleet's traffic that had been exposed by a minute, (n,)."""
        traffic = np.array([region.traffic for region in self.scenario.fleet.regions])
        found: Floats = (traffic[:, None] * (self.exposed_at <= until)).sum(axis=0) / traffic.sum()
        return found


def timelines(plan: Plan, scenario: Scenario, known: Mapping[Address, float], seed: int, trials: range) -> Timelines:
    """Draw rollouts in which no defect hits and no alarm is false.

    Parameters
    ----------
    plan, scenario
        Of what.
    known
        Values at addresses, the same in all of them, such as the build's minutes.
    seed, trials
        What gives the same again.
    """
    laid, fixed = setting(plan, scenario), {**_sound(scenario), **known}
    rollouts: list[Rollout] = []
    for at in range(trials.start, trials.stop, BLOCK):
        some = range(at, min(at + BLOCK, trials.stop))
        tape = Tape(some, {where: np.full(len(some), value) for where, value in fixed.items()})
        draws = Draws(scenario, seed, some, None, tape)
        rollouts += [Rollout(laid, draws.world(trial), traced=True) for trial in some]
    exposed = np.full((len(scenario.fleet.regions), len(rollouts)), math.inf)
    for i, each in enumerate(rollouts):
        for name in plan.regions:
            own = [event for event in each.events if event.region == name]
            exposed[scenario.fleet.positions[name], i] = _exposed(own, plan.strategy_of(name) == "rolling")
    return Timelines(plan, scenario, rollouts, exposed)


def _sound(scenario: Scenario) -> dict[Address, float]:
    """Return what keeps every defect and false alarm away."""
    regions = range(len(scenario.fleet.regions))
    found = {Address("false_alarm", REGION, r): NEVER for r in regions}
    for f, fault in enumerate(scenario.faults):
        if fault.effect == "defect" and fault.where == "each_region":
            found |= {Address("hit", REGION, r, f): 0.0 for r in regions}
        elif fault.effect == "defect":
            found[Address("hit", FAULT, f)] = 0.0
    return found


def _exposed(own: Sequence[Happening], rolling: bool) -> float:
    """Return when a region first had traffic: of a rolling deployment, when the attempt began that succeeded."""
    moved = first(own, Event.TRAFFIC_MOVES)
    if not rolling:
        return moved.minute if moved else math.inf
    if first(own, Event.DEPLOYMENT_ENDS) is None:
        return math.inf
    return max(each.minute for each in own if each.event in (Event.DEPLOYMENT_STARTS, Event.RETRY_STARTS))


def cut(drawn: Timelines, which: NDArray[np.int64], told: Mapping[str, Any]) -> Records:
    """Return some timelines as records of rollouts that an alarm halted.

    Parameters
    ----------
    drawn, which
        The timelines, and which of them.
    told
        What is known of the incident: `halt`, `started`, `alarm_region` (a place, or −1), `harm`, `hurt`, `pushed`.
    """
    plan, fleet, halt = drawn.plan, drawn.scenario.fleet, float(told["halt"])
    n, regions, waves = len(which), len(fleet.regions), len(plan.waves)
    started, flying = np.full((regions, n), math.nan), np.full((regions, n), math.nan)
    minutes, failed = (np.full((plan.retries + 1, regions, n), math.nan) for _ in range(2))
    handover, wait = np.full((waves, n), math.nan), np.full((waves, n), math.nan)
    waited, end, shipped = np.full(n, math.nan), np.full(n, halt), np.zeros(n, dtype=np.bool_)
    for i, number in enumerate(which):
        rollout = drawn.rollouts[number]
        seen = [each for each in rollout.events if each.minute <= halt]
        if rollout.end <= halt:
            end[i], shipped[i] = rollout.end, True
        waited[i] = _gates(plan, seen, halt, handover[:, i], wait[:, i])
        for name in plan.regions:
            r, own = fleet.positions[name], [each for each in seen if each.region == name]
            rolling = plan.strategy_of(name) == "rolling"
            for k, (start, lasted, bad) in enumerate(_attempts(own, rolling)):
                started[r, i] = start if k == 0 else started[r, i]
                if math.isnan(lasted):
                    flying[r, i] = halt - start
                else:
                    minutes[k, r, i], failed[k, r, i] = lasted, float(bad)
    hole = np.full((regions, n), math.nan)
    return Records(
        plan=plan, names=np.array(["incident"] * n, dtype=object), services=np.array([""] * n, dtype=object),
        months=np.array([""] * n, dtype=object), build=np.full(n, told["started"]), handover=handover, wait=wait,
        waited=waited, started=started, minutes=minutes, failed=failed, in_flight=flying, halt=np.full(n, halt),
        alarm=np.full(n, FIRED), alarm_region=np.full(n, told.get("alarm_region", NOWHERE)),
        watched=np.full(n, halt), end=end, shipped=shipped, deploy_failed=np.zeros(n, dtype=np.bool_),
        reaction=np.full(n, math.nan), way_back=hole.copy(), by_hand=hole.copy(), harm=np.full(n, told["harm"]),
        hurt=np.repeat(np.asarray(told["hurt"], dtype=float)[:, None], n, axis=1), pushed=np.full(n, told["pushed"]),
        meaningless=np.zeros(n, dtype=np.bool_),
        strategies=tuple(plan.strategy_of(name) if name in plan.regions else "rolling" for name in fleet.names),
        places=dict(fleet.positions),
    )  # fmt: skip


def _attempts(own: Sequence[Happening], rolling: bool) -> list[tuple[float, float, bool]]:
    """Return start, minutes and failure of each attempt; NaN minutes of the one that was in flight."""
    found: list[tuple[float, float, bool]] = []
    for each in own:
        if each.event in (Event.DEPLOYMENT_STARTS, Event.RETRY_STARTS):
            found.append((each.minute, math.nan, False))
        elif each.event in (Event.ATTEMPT_FAILS, Event.DEPLOYMENT_FAILS):
            found[-1] = (found[-1][0], each.minute - found[-1][0], True)
        elif each.event == (Event.DEPLOYMENT_ENDS if rolling else Event.TRAFFIC_MOVES) and math.isnan(found[-1][1]):
            found[-1] = (found[-1][0], each.minute - found[-1][0], False)
    return found


def _gates(plan: Plan, seen: Sequence[Happening], halt: float, handover: Floats, wait: Floats) -> float:
    """Write how long handovers and approvals took; return for how long the next wave had been waited for, or NaN."""
    baked = _last(seen, Event.BUILT, -1)
    for g in range(len(plan.waves)):
        own = [each for each in seen if each.wave == g]
        start, asked = first(own, Event.WAVE_STARTS), first(own, Event.APPROVAL_ASKED)
        if start is None:
            return halt - baked if baked < halt else math.nan
        if g > 0:
            handover[g] = (asked or start).minute - baked
        if asked is not None:
            wait[g] = start.minute - asked.minute
        if first(own, Event.BAKE_ENDS) is None:
            return math.nan
        baked = _last(own, Event.BAKE_ENDS, g)
    return math.nan


def _last(events: Sequence[Happening], which: Event, wave: int) -> float:
    return max(each.minute for each in events if each.event == which and each.wave in (wave, -1))


def known_of(plan: Plan, started: float, pushed: float) -> dict[Address, float]:
    """Return the draws that the start of the first deployment fixes: the build, and a first approval with it."""
    found = {Address("build", CHANGE): started, Address("build_failure", CHANGE): 0.0}
    if plan.waves[0].approval:
        found |= {Address("approval_wait", GATE, 0): 0.0, Address("rejection", GATE, 0): 0.0}
    return found if math.isnan(pushed) else {**found, Address("push", CHANGE): pushed}
