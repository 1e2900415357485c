"""One rollout in which anything may go wrong (rules 6 to 16).

A wave is worked out as if nothing stopped it; then the first thing that does is found, by time and rank. Not here: what
is read off at the end (``columns``), rollouts in which nothing goes wrong (``healthy``).
"""

import numpy as np

from simulation.engine.columns import measure
from simulation.engine.customers import borne
from simulation.engine.demand import (
    complaint_of,
    evidence_of,
    lag_of,
    onset_of,
    report_of,
    seen_by_alarms,
    seen_by_check,
    seen_by_reviewer,
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
    C_FAILED,
    C_OUTCOME,
    C_RECOVERED,
    CAUGHT,
    COMPLETED,
    DEPLOY,
    DEPLOY_FAILED,
    DEPLOY_FAILURE,
    DEPLOYS,
    ESCAPED,
    FAILED_DEPLOY,
    FALSE_ALARM,
    FAMILY,
    HALT_ONLY,
    HAS_FAILED,
    N_DEPLOY,
    N_DEPLOY_FAILURE,
    N_FAILED_DEPLOY,
    NOTHING,
    REGION,
    REJECTED,
    REPORT,
    ROLLBACK_ALL,
    ROLLBACK_REGION,
    SOUND,
    UNDECIDED,
    Case,
)
from simulation.engine.numbers import NEVER, fill, uniform, value
from simulation.engine.traffic import area_of, full_from, gathered, served_from
from simulation.engine.windows import decided, opening
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
        block.region_memo[i], plans.order[n], plans.strategy[n], plans.retries[n], plans.timeout[n],
        plans.calendar[n], block.push[i], np.int64(plans.bounds[n, plans.waves[n]]),
    )  # fmt: skip
    begin_row(case, row)
    if block.state[i] >= BUILD_FAILS:
        row[C_OUTCOME], row[C_END] = BUILD_FAILED, t
        return 1
    outcome, halt, upto, depth = UNDECIDED, np.inf, np.int64(0), 0
    true, rank, false, failure = np.inf, AT_ALARMS, np.inf, np.inf
    alarm, harm, late = np.inf, np.inf, False
    stop, failures, worst = np.inf, 0, 0
    for wave in range(plans.waves[n]):
        depth = 2 + wave
        if wave > 0:
            t = t + block.handover[wave, i]
        if plans.approval[n, wave]:
            asked, t = t, decided(worlds, case.push, t, block.wait[wave, i])
            looked = worlds.reviewed and case.sick and min(true, false) > asked and t < true and t <= worlds.horizon
            if looked and reviewed(worlds, case, scratch, upto, t):
                true, rank = t, AT_ALARMS
        if min(true, false) <= t:
            break
        if plans.approval[n, wave] and block.rejected[wave, i]:
            outcome = REJECTED
            break
        low, upto = upto, np.int64(plans.bounds[n, wave + 1])
        most, windowed = plans.parallel[n, wave], plans.windowed[n, wave]
        last, failed, false_here = deploy_wave(worlds, plans, case, scratch, low, upto, most, windowed, t)
        false, failures = min(false, false_here), failures + failed
        if failures > plans.tolerated[n]:
            failure, worst = exceeding(scratch, low, upto, plans.tolerated[n] - (failures - failed))
        if case.sick:
            alarm, harm, late = earliest(scratch, low, upto, np.inf, alarm, harm, late)
            true, rank = true_alarm(worlds, plans, case, scratch, upto, stop, alarm, harm, late)
        if min(true, false, failure) <= last:
            break
        t = last + bake_of(
            worlds, plans, case, scratch, low, upto, plans.bake_minutes[n, wave], plans.bake_requests[n, wave], last
        )
        if min(true, false) <= t:
            break
    else:
        outcome, depth = COMPLETED, 2 + plans.waves[n]
        for pos in range(case.until if case.sick else 0):
            if case.fault[case.order[pos]] != SOUND and scratch.served[pos] < np.inf:
                outcome = ESCAPED
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
                halt, rank = true_alarm(worlds, plans, case, scratch, upto, stop, alarm, harm, late)
                detected = halt
    row[C_OUTCOME], row[C_END] = outcome, end
    if detected < np.inf:
        row[C_DETECTED] = detected
    first, behind = 0, upto
    if outcome != DEPLOY_FAILED or halt > stop:
        first, behind = scope(plans, case, scratch, n, halt, stop, upto, rank, outcome == FALSE_ALARM)
    if failures > 0:
        count_failed(worlds, case, scratch, stop, halt, upto, rank, worst if outcome == DEPLOY_FAILED else SOUND, row)
    measure(worlds, plans, case, scratch, stop, end, halt, upto, first, behind, row, scratch.harmed[depth])
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
    scratch.begun[pos] = t
    minutes, failed, k = taken(worlds, case, r, NOTHING, case.minutes[r], case.fails[r] != DEPLOYS)
    while failed and k < case.retries:
        t = t + minutes
        minutes, failed, k = retry(worlds, case, r, k + 1)
    strategy = case.strategy[pos]
    scratch.start[pos] = t
    scratch.served[pos] = np.inf if failed else served_from(strategy, t, minutes)
    scratch.full[pos] = t + minutes if failed else full_from(plans, strategy, t, minutes)
    return scratch.full[pos], failed


@part
def taken(worlds, case, r, k, minutes, failed):
    """Return how long an attempt takes, given its `deploy` minutes and failure; whether it fails; its number."""
    if failed and worlds.rules[worlds.region_rules[r, FAILED_DEPLOY], FAMILY] != NEVER:
        rule = worlds.region_rules[r, FAILED_DEPLOY]
        index = np.int64(r)
        minutes = value(worlds.seed, worlds.rules, worlds.table, case.trial, rule, REGION, index, N_FAILED_DEPLOY, k)
    if minutes > case.timeout:
        return case.timeout, True, k
    return minutes, failed, k


@part
def retry(worlds, case, r, k):
    """Return the same of the k-th retry."""
    rule, index, failed = worlds.region_rules[r, DEPLOY], np.int64(r), True
    minutes = value(worlds.seed, worlds.rules, worlds.table, case.trial, rule, REGION, index, N_DEPLOY, k)
    if case.fails[r] != ALWAYS_FAILS:
        chance = worlds.region_chances[r, DEPLOY_FAILURE]
        failed = chance > 0.0 and uniform(worlds.seed, case.trial, REGION, index, N_DEPLOY_FAILURE, k) < chance
    return taken(worlds, case, r, k, minutes, failed)


@part
def end_of_last(worlds, case, scratch, pos, stop):
    """Return when the last attempt of a region ends that starts before a stop, where a retry would start later."""
    r, t = case.order[pos], scratch.begun[pos]
    minutes, _, k = taken(worlds, case, r, NOTHING, case.minutes[r], case.fails[r] != DEPLOYS)
    while t + minutes < stop:
        t = t + minutes
        minutes, _, k = retry(worlds, case, r, k + 1)
    return t + minutes


@part
def exceeding(scratch, low, high, tolerated):
    """Return when and where the first failure of a wave comes that is not tolerated any more."""
    when, where = -np.inf, low
    for _ in range(tolerated + 1):
        next_when, next_where = np.inf, high
        for pos in range(low, high):
            end = scratch.full[pos]
            later = end > when or (end == when and pos > where)
            if scratch.served[pos] == np.inf and later and end < next_when:
                next_when, next_where = end, pos
        when, where = next_when, next_where
    return when, where


@part
def count_failed(worlds, case, scratch, stop, halt, upto, rank, worst, row):
    """Count regions whose last attempt failed and was not stopped by the halt (rule 22); mark them in `start`.

    `worst` is the region whose failure ended the pipeline.
    """
    for pos in range(upto):
        if scratch.begun[pos] < stop and not (scratch.start[pos] < stop and scratch.served[pos] < np.inf):
            end, last = scratch.full[pos], scratch.start[pos] < stop
            if not last:
                end = end_of_last(worlds, case, scratch, pos, stop)
            # At the instant of the halt, a last failure (rank d) may come before it; one with a retry (rank e) can't.
            if end < halt or (last and end == halt and (rank == AFTER_ALL or (halt == stop and pos <= worst))):
                row[C_FAILED] += 1.0
                scratch.start[pos] = HAS_FAILED


@part
def scope(plans, case, scratch, n, halt, stop, upto, rank, false):
    """Return from which position to before which a machine rolls back after an alarm (rule 17)."""
    rule = plans.on_alarm[n]
    if rule == ROLLBACK_ALL or halt == np.inf:
        return 0, upto
    if rule == HALT_ONLY:
        return 0, 0
    if rule == ROLLBACK_REGION:
        for pos in range(upto):
            if scratch.start[pos] < stop and scratch.served[pos] < np.inf:
                alarm = scratch.served[pos] + case.false[case.order[pos]] if false else scratch.alarm[pos]
                if alarm == halt and (false or case.sick):
                    return pos, pos + 1
    for g in range(plans.waves[n] - 1, -1, -1):
        low, high = np.int64(plans.bounds[n, g]), np.int64(plans.bounds[n, g + 1])
        for pos in range(low, min(high, upto)):
            start = scratch.begun[pos]
            if (start < halt and start < stop) or (start == halt and rank == AFTER_ALL):
                return low, high
    return 0, 0


@part
def reviewed(worlds, case, scratch, upto, t):
    """Whether the reviewer can see a defect that hurts by an instant (rule 7)."""
    for pos in range(upto):
        r = case.order[pos]
        f = case.fault[r]
        hurts = f != SOUND and scratch.served[pos] < np.inf and scratch.harm[pos] <= t
        if hurts and seen_by_reviewer(worlds, case, r, f):
            return True
    return False


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
def true_alarm(worlds, plans, case, scratch, upto, stop, alarm, harm, late):
    """Return the first true alarm, customers included, and its rank.

    The rank is that of true alarms, or, where a start and its own report fall on one instant, that after all others.
    """
    if harm <= worlds.horizon and worlds.rules[worlds.change_rules[REPORT], FAMILY] != NEVER:
        report, complaint = report_of(worlds, case), complaint_of(worlds, case)
        enough = harm
        if complaint > 0.0:
            latest = min(alarm, worlds.horizon)
            enough = borne(worlds, plans, case, scratch, upto, stop, harm, complaint, report, latest)
        report = enough + report
        if report <= worlds.horizon and report < alarm:
            return report, AFTER_ALL if late and report == harm else AT_ALARMS
    return alarm, AT_ALARMS


@part
def deploy_wave(worlds, plans, case, scratch, low, high, most, windowed, t):
    """Deploy a wave's regions from t on, at most so many at once, while their windows are open (rules 8, 25).

    Returns the last end, how many failed and the first false alarm; infinity for none.
    """
    parallel = min(most, high - low)
    crowded = parallel < high - low
    last, failed_here, false = t, 0, np.inf
    if crowded and windowed:
        queue_up(plans, case, scratch, low, high, parallel, t)
    for k in range(high - low):
        pos, slot, start = low + k, k, t
        if crowded and windowed:
            pos, slot, start = next_in_queue(plans, case, scratch, low, high, parallel)
        elif windowed:
            start = opening(plans, case.calendar[pos], case.push, t)
        elif slot >= parallel:
            slot = free_slot(scratch, parallel)
            start = scratch.slots[slot]
        end, failed = attempt(worlds, plans, case, scratch, pos, start)
        if crowded:
            scratch.slots[slot] = end
        last = max(last, end)
        if failed:
            failed_here += 1
            continue
        if case.sick:
            watch(worlds, plans, case, scratch, pos)
        alarm = scratch.served[pos] + case.false[case.order[pos]]
        if alarm <= worlds.horizon and alarm < false:
            false = alarm
    return last, failed_here, false


@part
def free_slot(scratch, parallel):
    """Return the first of the slots that are free soonest."""
    slot = 0
    for k in range(1, parallel):
        slot = k if scratch.slots[k] < scratch.slots[slot] else slot
    return slot


@part
def queue_up(plans, case, scratch, low, high, parallel, t):
    """Note when each region's window first opens, and that all slots are free."""
    for pos in range(low, high):
        scratch.opens[pos] = opening(plans, case.calendar[pos], case.push, t)
    for k in range(parallel):
        scratch.slots[k] = t


@part
def next_in_queue(plans, case, scratch, low, high, parallel):
    """Return who deploys next, in which slot and when: the first in the queue that is open, else who opens next."""
    slot = free_slot(scratch, parallel)
    asked = scratch.slots[slot]
    start, chosen = np.inf, low
    for pos in range(low, high):
        if not np.isnan(scratch.opens[pos]):
            opens = opening(plans, case.calendar[pos], case.push, asked)
            if opens < start or (opens == start and scratch.opens[pos] < scratch.opens[chosen]):
                start, chosen = opens, pos
    scratch.opens[chosen] = np.nan
    return chosen, slot, start


@part
def bake_of(worlds, plans, case, scratch, low, high, bake, wanted, last):
    """Return how long a wave bakes (rule 12)."""
    if wanted > 0.0:
        for pos in range(low, high):
            if scratch.served[pos] == np.inf:
                continue
            traffic = worlds.traffic[case.order[pos]]
            served = traffic * area_of(
                plans, case.strategy[pos], scratch.served[pos], scratch.full[pos], scratch.served[pos], last
            )
            bake = max(bake, (wanted - served) / traffic)
    return bake
