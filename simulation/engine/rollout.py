"""One rollout in which anything may go wrong (rules 6 to 16).

A wave is worked out as if nothing stopped it; then the first thing that does is found, by time and rank. Not here: what
is read off at the end (``columns``), rollouts in which nothing goes wrong (``healthy``).
"""

import numpy as np

from simulation.engine.columns import measure
from simulation.engine.demand import (
    evidence_of,
    lag_of,
    onset_of,
    report_of,
    seen_by_alarms,
    seen_by_check,
    severity_of,
)
from simulation.engine.jit import part
from simulation.engine.layout import (
    AFTER_ALL,
    ALWAYS_FAILS,
    AT_ALARMS,
    BUILD_FAILED,
    BUILD_FAILS,
    C_DEFECTIVE,
    C_DEPLOYED,
    C_DETECTED,
    C_END,
    C_OUTCOME,
    C_RECOVERED,
    CAUGHT,
    COMPLETED,
    DEPLOY,
    DEPLOY_FAILED,
    DEPLOY_FAILURE,
    DEPLOYS,
    ESCAPED,
    FALSE_ALARM,
    FAMILY,
    N_DEPLOY,
    N_DEPLOY_FAILURE,
    REGION,
    REJECTED,
    REPORT,
    SOUND,
    UNDECIDED,
    Case,
)
from simulation.engine.numbers import NEVER, fill, uniform, value
from simulation.engine.traffic import area_of, full_from, gathered, served_from
from simulation.engine.worlds import prepare


@part
def rollout(worlds, plans, block, i, trial, n, scratch, row):
    """Roll a plan out in one world (rules 6 to 23); write its columns, and add to those of its regions.

    Returns how much of the plan decided what happened: 1 + g where its first g waves and none after them did.
    Regions' sums are kept by that depth.
    """
    t = block.build[i]
    if not block.ready[i]:
        prepare(worlds, block, i)
    case = Case(
        trial, block.sick[i], block.fault[i], block.fails[i], block.minutes[i], block.false[i], block.memo[i],
        block.region_memo[i], plans.order[n], plans.strategy[n], plans.retries[n],
        np.int64(plans.bounds[n, plans.waves[n]]),
    )  # fmt: skip
    begin_row(case, row)
    if block.state[i] >= BUILD_FAILS:
        row[C_OUTCOME], row[C_END] = BUILD_FAILED, t
        return 1
    outcome, halt, upto, depth = UNDECIDED, np.inf, np.int64(0), 0
    true, rank, false, failure = np.inf, AT_ALARMS, np.inf, np.inf
    alarm, harm, late = np.inf, np.inf, False
    stop = np.inf
    for wave in range(plans.waves[n]):
        depth = 2 + wave
        if wave > 0:
            t = t + block.handover[wave, i]
        if plans.approval[n, wave]:
            t = t + block.wait[wave, i]
        if min(true, false) <= t:
            break
        if plans.approval[n, wave] and block.rejected[wave, i]:
            outcome = REJECTED
            break
        low, upto = upto, np.int64(plans.bounds[n, wave + 1])
        last, failed, false_here = deploy_wave(worlds, plans, case, scratch, low, upto, plans.parallel[n, wave], t)
        failure, false = min(failure, failed), min(false, false_here)
        if case.sick:
            alarm, harm, late = earliest(scratch, low, upto, np.inf, alarm, harm, late)
            true, rank = true_alarm(worlds, case, alarm, harm, late)
        if min(true, false, failure) <= last:
            break
        t = last + bake_of(
            worlds, plans, case, scratch, low, upto, plans.bake_minutes[n, wave], plans.bake_requests[n, wave], last
        )
        if min(true, false) <= t:
            break
    else:
        outcome, depth = ESCAPED if row[C_DEFECTIVE] > 0.0 else COMPLETED, 2 + plans.waves[n]
    end, detected = t, np.nan
    if outcome != UNDECIDED:
        halt = detected = true
    else:
        end = stop = min(true, false, failure)
        if true == stop and (rank == AT_ALARMS or (false > stop and failure > stop)):
            outcome, halt, detected = CAUGHT, stop, stop
        elif false == stop:
            outcome, halt = FALSE_ALARM, stop
        else:
            outcome = DEPLOY_FAILED
            if plans.rollback_all[n]:
                halt = stop
            elif case.sick:
                alarm, harm, late = earliest(scratch, 0, upto, stop, np.inf, np.inf, False)
                halt, rank = true_alarm(worlds, case, alarm, harm, late)
                detected = halt
    row[C_OUTCOME], row[C_END] = outcome, end
    if detected < np.inf:
        row[C_DETECTED] = detected
    measure(worlds, plans, case, scratch, stop, end, halt, upto, row, scratch.harmed[depth])
    return depth


@part
def begin_row(case, row):
    """Write that nothing has happened yet, and whether the change is bad in any region of the plan."""
    fill(row, 0.0)
    row[C_DEPLOYED] = row[C_DETECTED] = row[C_RECOVERED] = np.nan
    if case.sick:
        for pos in range(case.until):
            if case.fault[case.order[pos]] != SOUND:
                row[C_DEFECTIVE] = 1.0


@part
def attempt(worlds, plans, case, scratch, pos, t):
    """Deploy a region from t on, with retries (rule 9); return when it ends, and whether it failed."""
    r = case.order[pos]
    rule, index = worlds.region_rules[r, DEPLOY], np.int64(r)
    minutes, failed, k = case.minutes[r], case.fails[r] != DEPLOYS, 0
    while failed and k < case.retries:
        k += 1
        t = t + minutes
        minutes = value(worlds.seed, worlds.rules, worlds.table, case.trial, rule, REGION, index, N_DEPLOY, k)
        if case.fails[r] != ALWAYS_FAILS:
            chance = worlds.region_chances[r, DEPLOY_FAILURE]
            failed = chance > 0.0 and uniform(worlds.seed, case.trial, REGION, index, N_DEPLOY_FAILURE, k) < chance
    strategy = case.strategy[pos]
    scratch.start[pos] = t
    scratch.served[pos] = np.inf if failed else served_from(strategy, t, minutes)
    scratch.full[pos] = t + minutes if failed else full_from(plans, strategy, t, minutes)
    return scratch.full[pos], failed


@part
def watch(worlds, plans, case, scratch, pos):
    """Find a region's harm and its own first true alarm (rules 11, 13, 14)."""
    scratch.harm[pos] = scratch.alarm[pos] = np.inf
    r = case.order[pos]
    f = case.fault[r]
    if f == SOUND:
        return
    served, full = scratch.served[pos], scratch.full[pos]
    harm = served + onset_of(worlds, case, r, f)
    scratch.harm[pos] = harm
    if harm <= full and full <= worlds.horizon and seen_by_check(worlds, case, r, f):
        scratch.alarm[pos] = full
    if harm <= worlds.horizon and seen_by_alarms(worlds, case, r, f):
        severity = severity_of(worlds, case, r, f)
        rate, threshold = worlds.traffic[r] * severity, worlds.threshold[r] / severity
        enough = gathered(plans, case.strategy[pos], served, full, harm, rate, threshold, evidence_of(worlds, case, r))
        if enough < scratch.alarm[pos]:
            alarm = enough + lag_of(worlds, case, r)
            if alarm <= worlds.horizon and alarm < scratch.alarm[pos]:
                scratch.alarm[pos] = alarm


@part
def earliest(scratch, low, high, stop, alarm, harm, late):
    """Go on with the first alarm of regions' own and the first harm, over regions that started before a stop.

    `late` says whether the first harm begins with its own start, and no other harm at the same instant does otherwise.
    """
    for pos in range(low, high):
        if scratch.start[pos] < stop and scratch.served[pos] < np.inf:
            alarm = min(alarm, scratch.alarm[pos])
            own = scratch.harm[pos] == scratch.start[pos]
            if scratch.harm[pos] < harm or (scratch.harm[pos] == harm and late and not own):
                harm, late = scratch.harm[pos], own
    return alarm, harm, late


@part
def true_alarm(worlds, case, alarm, harm, late):
    """Return the first true alarm, customers included, and its rank.

    The rank is that of true alarms, or, where a start and its own report fall on one instant, that after all others.
    """
    if harm <= worlds.horizon and worlds.rules[worlds.change_rules[REPORT], FAMILY] != NEVER:
        report = harm + report_of(worlds, case)
        if report <= worlds.horizon and report < alarm:
            return report, AFTER_ALL if late and report == harm else AT_ALARMS
    return alarm, AT_ALARMS


@part
def deploy_wave(worlds, plans, case, scratch, low, high, most, t):
    """Deploy a wave's regions from t on, at most so many at once (rule 8).

    Returns the last end, the first failure and the first false alarm; infinity for none.
    """
    parallel = min(most, high - low)
    crowded = parallel < high - low
    last, failure, false = t, np.inf, np.inf
    for pos in range(low, high):
        slot, start = pos - low, t
        if slot >= parallel:
            slot = 0
            for k in range(1, parallel):
                slot = k if scratch.slots[k] < scratch.slots[slot] else slot
            start = scratch.slots[slot]
        end, failed = attempt(worlds, plans, case, scratch, pos, start)
        if crowded:
            scratch.slots[slot] = end
        last = max(last, end)
        if failed:
            failure = min(failure, end)
            continue
        if case.sick:
            watch(worlds, plans, case, scratch, pos)
        alarm = scratch.served[pos] + case.false[case.order[pos]]
        if alarm <= worlds.horizon and alarm < false:
            false = alarm
    return last, failure, false


@part
def bake_of(worlds, plans, case, scratch, low, high, bake, wanted, last):
    """Return how long a wave bakes (rule 12)."""
    if wanted > 0.0:
        for pos in range(low, high):
            traffic = worlds.traffic[case.order[pos]]
            served = traffic * area_of(
                plans, case.strategy[pos], scratch.served[pos], scratch.full[pos], scratch.served[pos], last
            )
            bake = max(bake, (wanted - served) / traffic)
    return bake
