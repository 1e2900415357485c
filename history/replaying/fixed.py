"""What a record fixes: the values of a tape that history knows, and deployments that a fault may have broken.

Not here: what a record only constrains (`worlds`).
"""

import numpy as np
from numpy.typing import NDArray

from history.replaying.conditioning import decisions
from history.replaying.latents import Bools, Floats
from history.replaying.laws import tail
from history.replaying.records import NOWHERE, PEOPLE, Records
from history.replaying.staff import staffed_minutes
from simulation import Address, Scenario
from simulation.draws import CHANGE, FAULT, GATE, PURPOSES, REGION, uniform
from simulation.tape import restricted

Columns = dict[Address, Floats]


def fixed(records: Records, scenario: Scenario) -> Columns:
    """Return what history fixes of each rollout, by address, (n,); NaN elsewhere."""
    n, found = len(records), {}
    found[Address("build", CHANGE)] = records.build
    found[Address("build_failure", CHANGE)] = np.zeros(n)
    if scenario.pushes is not None:
        found[Address("push", CHANGE)] = np.where(records.pushed >= 0, records.pushed, np.nan)
    found[Address("reaction", CHANGE)] = records.reaction
    asked, left = ways(records)
    if scenario.reaction_off_hours is not None:
        people = ((records.by_hand == 1) | (left & (records.by_hand == 0))).any(axis=0)
        found[Address("reaction_off_hours", CHANGE)] = np.where(people, records.reaction, np.nan)
    passed = ~np.isnan(decisions(records))
    for gate in range(len(records.plan.waves)):
        found[Address("handover", GATE, gate)] = records.handover[gate]
        found[Address("approval_wait", GATE, gate)] = records.wait[gate]
        found[Address("rejection", GATE, gate)] = np.where(passed[gate], 0.0, np.nan)
    for r in range(len(records.started)):
        _attempts(found, records, r)
        by_hand, way_back = records.by_hand[r], records.way_back[r]
        people = (by_hand == 1) | (left[r] & (by_hand == 0))
        found[Address("rollback_failure", REGION, r)] = np.where(asked[r], by_hand, np.nan)
        found[Address("rollback", REGION, r)] = np.where(asked[r] & (by_hand == 0), way_back, np.nan)
        found[Address("manual_recovery", REGION, r)] = np.where(people, way_back, np.nan)
    return {where: values for where, values in found.items() if not np.isnan(values).all()}


def ways(records: Records) -> tuple[Bools, Bools]:
    """Return which regions the plan's `on_alarm` may have asked a machine to roll back, and left to people, (R, n).

    What is left to people tells nothing of a machine's roll-back, or whether that fails. Where it hangs on whose alarm
    it was, and nobody knows, it may have been either.
    """
    plan, shape = records.plan, records.started.shape
    wave = np.full(shape[0], -1)
    for number, each in enumerate(plan.waves):
        wave[[records.places[name] for name in each.regions]] = number
    last = wave[:, None] == records.begun - 1
    own = np.arange(shape[0])[:, None] == records.alarm_region
    nobody = records.alarm_region == NOWHERE
    unsure = np.zeros(shape, dtype=np.bool_)
    match plan.on_alarm:
        case "halt":
            scope = np.zeros(shape, dtype=np.bool_)
        case "rollback_wave":
            scope = last
        case "rollback_region":
            scope, unsure = np.where(nobody, last, own), np.broadcast_to(nobody & (records.alarm != PEOPLE), shape)
        case _:
            scope = np.ones(shape, dtype=np.bool_)
    scope = scope | records.deploy_failed  # a failed deployment asks a machine, whatever alarms do
    return scope | unsure, ~scope | unsure


def _attempts(found: Columns, records: Records, r: int) -> None:
    flying, count = ~np.isnan(records.in_flight[r]), np.sum(~np.isnan(records.failed[:, r]), axis=0)
    for k in range(len(records.minutes)):
        minutes, failed = records.minutes[k, r], records.failed[k, r]
        found[Address("deploy", REGION, r, k)] = np.where(failed == 0, minutes, np.nan)
        found[Address("failed_deploy", REGION, r, k)] = np.where(failed == 1, minutes, np.nan)
        # An attempt that was cut short is taken as one that would have succeeded.
        found[Address("deploy_failure", REGION, r, k)] = np.where(flying & (count == k), 0.0, failed)
    if flying.any():
        k = len(records.minutes)
        found[Address("deploy_failure", REGION, r, k)] = np.where(flying & (count == k), 0.0, np.nan)


def waiting(records: Records, scenario: Scenario, trials: NDArray[np.int64], seed: int) -> Columns:
    """Draw handovers and approvals that a halt cut short, from what is left: together they took longer than that.

    Of 64 handovers, the first its own draw, one is chosen by how likely the approval takes the rest.
    """
    found: Columns = {}
    gate, late = records.begun, records.waited
    for g in np.unique(gate[~np.isnan(late)]):
        so, hand, ask = (gate == g) & ~np.isnan(late), Address("handover", GATE, int(g)), None
        asked = records.plan.waves[g].approval
        gone = np.where(so, late, 0.0)
        if g == 0:  # nothing is handed over to the first wave
            first = np.zeros(len(gone))
        elif not asked:
            low = 1.0 - tail(scenario.handover, gone)
            first = restricted(scenario, seed, trials, scenario.handover, hand, low)
        else:
            u = [
                uniform((seed + k) % 2**64, trials.astype(np.uint64), PURPOSES["handover"], int(g), k)
                for k in range(64)
            ]
            several = np.array([scenario.handover.quantile(each) for each in u])
            weights = np.cumsum(tail(scenario.approval_wait, _worked(records, scenario, several)), axis=0)
            pick = uniform(seed, trials.astype(np.uint64), PURPOSES["handover"], int(g), 64) * weights[-1]
            first = several[np.minimum((weights < pick).sum(axis=0), 63), np.arange(len(gone))]
        if asked:
            ask = Address("approval_wait", GATE, int(g))
            low = 1.0 - tail(scenario.approval_wait, _worked(records, scenario, first))
            found[ask] = np.where(so, restricted(scenario, seed, trials, scenario.approval_wait, ask, low), np.nan)
        if g > 0:
            found[hand] = np.where(so, first, np.nan)
    return found


def _worked(records: Records, scenario: Scenario, handed: Floats) -> Floats:
    """Return for how long an approval had been waited for at the halt, handovers having taken so long.

    In staffed minutes where the scenario counts those and the push is known; else by the clock, which is never less.
    """
    gone, halt = np.where(np.isnan(records.waited), 0.0, records.waited), records.halt
    halt = np.where(np.isfinite(halt), halt, 0.0)
    clock = gone - handed
    told = staffed_minutes(scenario, records.pushed, halt - np.maximum(clock, 0.0), halt)
    return np.where(np.isnan(told) | (clock < 0), clock, told)


def broken(records: Records, scenario: Scenario, trials: NDArray[np.int64], seed: int) -> Columns:
    """Draw whether faults made deployments fail, from what is left after those that succeeded and failed (rule 3).

    A fault that hits a region breaks all its attempts, so one success rules it out; where all failed, it is as likely
    as the failures would not be without it.
    """
    faults = [number for number, fault in enumerate(scenario.faults) if fault.effect == "deploy_fails"]
    if not faults:
        return {}
    regions = range(len(records.started))
    good = np.array([(records.failed[:, r] == 0).any(axis=0) | ~np.isnan(records.in_flight[r]) for r in regions])
    tries = np.nansum(records.failed == 1, axis=0)
    chance = np.array([scenario.of(r, "deploy_failure_probability") for r in regions])[:, None]
    without = np.where(tries > 0, chance**tries, 1.0)  # of its own accord; 1 where nothing failed
    found: Columns = {}
    for f in faults:
        rule = scenario.faults[f]
        can = np.array([scenario.hits(rule, r) for r in regions])[:, None]
        own = rule.where == "each_region"
        groups = [[r] for r in regions if can[r]] if own else [np.flatnonzero(can[:, 0]).tolist()]
        for group in groups:
            spoiled = good[group].any(axis=0)
            odds = np.where(spoiled, 0.0, rule.probability)
            alone = (1.0 - rule.probability) * np.prod(without[group], axis=0)
            hit = odds / np.maximum(odds + alone, 1e-300)
            where = Address("hit", REGION, group[0], f) if own else Address("hit", FAULT, f)
            purpose = PURPOSES["hit"]._replace(kind=where.kind)
            u = uniform(seed, trials.astype(np.uint64), purpose, where.thing, where.occurrence)
            found[where] = (u < hit).astype(np.float64)
            # What it explains, no other needs to.
            without[group] = np.where(found[where] == 1.0, 1.0, without[group])
    return found


def unexplained(records: Records, scenario: Scenario) -> Bools:
    """Return which records have failed deployments that nothing in the scenario could make fail, (n,)."""
    found = np.zeros(len(records), dtype=np.bool_)
    breaks = [fault for fault in scenario.faults if fault.effect == "deploy_fails" and fault.probability > 0]
    for r in range(len(records.started)):
        tried = (records.failed[:, r] == 1).any(axis=0)
        good = (records.failed[:, r] == 0).any(axis=0)
        if scenario.of(r, "deploy_failure_probability") == 0:
            found |= tried & (good | np.array(not any(scenario.hits(fault, r) for fault in breaks)))
    return found
