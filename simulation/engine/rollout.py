"""One rollout in which anything may go wrong (rules 6 to 16).

A wave is worked out as if nothing stopped it; then the first thing that does is found, by time and rank. Not here: what
is read off at the end (``columns``), rollouts in which nothing goes wrong (``healthy``).
"""

import numpy as np

from simulation.engine.columns import (
    measure,
)
from simulation.engine.customers import (
    borne,
)
from simulation.engine.demand import (
    complaint_of,
    report_of,
    seen_by_reviewer,
)
from simulation.engine.deployments import (
    bake_of,
    count_failed,
    deploy_wave,
    exceeding,
)
from simulation.engine.jit import (
    leaf,
    part,
)
from simulation.engine.layout import (
    AFTER_ALL,
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
    D_ALARM,
    D_BEGUN,
    D_FULL,
    D_HARM,
    D_SERVED,
    D_START,
    DEPLOY_FAILED,
    ESCAPED,
    FALSE_ALARM,
    FAMILY,
    HALT_ONLY,
    NOTHING,
    REJECTED,
    REPORT,
    ROLLBACK_ALL,
    ROLLBACK_REGION,
    SOUND,
    UNDECIDED,
    Case,
)
from simulation.engine.numbers import (
    NEVER,
    fill,
)
from simulation.engine.spending import (
    spend,
)
from simulation.engine.windows import (
    decided,
)
from simulation.engine.worlds import (
    prepare,
)


@part
def rollout(worlds, plans, block, i, trial, n, scratch, row, extras):
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
        plans.calendar[n], block.push[i], block.tries[i], np.int64(plans.bounds[n, plans.waves[n]]),
    )  # fmt: skip
    begin_row(case, row)
    if block.state[i] >= BUILD_FAILS:
        row[C_OUTCOME], row[C_END] = BUILD_FAILED, t
        spend(worlds, plans, block, case, scratch, i, n, NOTHING, t, extras)
        return 1
    outcome, upto, depth = UNDECIDED, np.int64(0), 0
    true, rank, false, failure = np.inf, AT_ALARMS, np.inf, np.inf
    alarm, harm, late = np.inf, np.inf, np.bool_(False)
    failures, worst = 0, 0
    for wave in range(plans.waves[n]):
        depth = 2 + wave
        if wave > 0:
            t = t + block.handover[wave, i]
        if plans.approval[n, wave]:
            asked, t = t, decided(worlds, case.push, t, block.wait[wave, i], extras)
            if extras is not None and reviewed(worlds, case, scratch, upto, asked, t, true, false):
                true, rank = t, AT_ALARMS
        if min(true, false) <= t:
            break
        if plans.approval[n, wave] and block.rejected[wave, i]:
            outcome = REJECTED
            break
        low, upto = upto, np.int64(plans.bounds[n, wave + 1])
        most, windowed = plans.parallel[n, wave], plans.windowed[n, wave]
        last, failed, false_here = deploy_wave(worlds, plans, case, scratch, low, upto, most, windowed, t, extras)
        false, failures = min(false, false_here), failures + failed
        if failures > plans.tolerated[n]:
            more = plans.tolerated[n] - (failures - failed)
            failure, worst = exceeding(scratch.at[D_SERVED], scratch.at[D_FULL], low, upto, more)
        if case.sick:
            alarm, harm, late = earliest(scratch, low, upto, np.inf, alarm, harm, late)
            true, rank = true_alarm(worlds, plans, case, scratch, upto, np.inf, alarm, harm, late)
        if min(true, false, failure) <= last:
            break
        bake, wanted = plans.bake_minutes[n, wave], plans.bake_requests[n, wave]
        t = last + bake_of(worlds, plans, case, scratch, low, upto, bake, wanted, last)
        if min(true, false) <= t:
            break
    else:
        outcome, depth = ESCAPED if case.sick and escaped(case, scratch) else COMPLETED, 2 + plans.waves[n]
    end, stop, halt, detected = t, np.inf, true, true
    if outcome == UNDECIDED:
        ending = ended(worlds, plans, case, scratch, n, upto, true, rank, false, failure)
        outcome, end, stop, halt, detected, rank = ending
    row[C_OUTCOME], row[C_END] = outcome, end
    if detected < np.inf:
        row[C_DETECTED] = detected
    first, behind = 0, upto
    if extras is not None and halt < np.inf and (outcome != DEPLOY_FAILED or halt > stop):
        first, behind = scope(plans, case, scratch, n, halt, stop, upto, rank, outcome == FALSE_ALARM)
    spend(worlds, plans, block, case, scratch, i, n, upto, end, extras)
    if failures > 0:
        own = worst if outcome == DEPLOY_FAILED else SOUND
        count_failed(worlds, case, scratch, stop, halt, upto, rank, own, row, extras)
    measure(worlds, plans, case, scratch, stop, end, halt, upto, first, behind, row, scratch.harmed[depth], extras)
    return depth


@part
def ended(worlds, plans, case, scratch, n, upto, true, rank, false, failure):
    """Return what stopped a pipeline: outcome, its end, when nothing more starts, halt, detection, the alarm's rank."""
    stop = min(true, false, failure)
    if true == stop and (rank == AT_ALARMS or (false > stop and failure > stop)):
        return CAUGHT, stop, stop, stop, stop, rank
    if false == stop:
        return FALSE_ALARM, stop, stop, stop, np.nan, AT_ALARMS
    if plans.rollback_all[n]:
        return DEPLOY_FAILED, stop, stop, stop, np.nan, AT_ALARMS
    halt = np.inf
    if case.sick:
        halt, rank = alarm_after(worlds, plans, case, scratch, upto, stop)
    return DEPLOY_FAILED, stop, stop, halt, halt, rank


@leaf
def alarm_after(worlds, plans, case, scratch, upto, stop):
    """Return the first true alarm of what started before a failure stopped the pipeline, and its rank."""
    late = np.bool_(False)
    alarm, harm, late = earliest(scratch, NOTHING, upto, stop, np.inf, np.inf, late)
    return true_alarm(worlds, plans, case, scratch, upto, stop, alarm, harm, late)


@part
def escaped(case, scratch):
    """Return whether a region that did not fail has a defect."""
    found = False
    for pos in range(case.until):
        found = found or (case.fault[case.order[pos]] != SOUND and scratch.at[D_SERVED, pos] < np.inf)
    return found


@part
def begin_row(case, row):
    """Write that nothing has happened yet, and whether the change is bad in any region of the plan."""
    fill(row, 0.0)
    row[C_DEPLOYED] = row[C_DETECTED] = row[C_RECOVERED] = np.nan
    if case.sick:
        for pos in range(case.until):
            if case.fault[case.order[pos]] != SOUND:
                row[C_DEFECTIVE] = 1.0


@leaf
def scope(plans, case, scratch, n, halt, stop, upto, rank, false):
    """Return from which position to before which a machine rolls back after an alarm (rule 17)."""
    rule = plans.on_alarm[n]
    if rule == ROLLBACK_ALL:
        return 0, upto
    if rule == HALT_ONLY:
        return 0, 0
    if rule == ROLLBACK_REGION:
        for pos in range(upto):
            if scratch.at[D_START, pos] < stop and scratch.at[D_SERVED, pos] < np.inf:
                alarm = scratch.at[D_SERVED, pos] + case.false[case.order[pos]] if false else scratch.at[D_ALARM, pos]
                if alarm == halt and (false or case.sick):
                    return pos, pos + 1
    for g in range(plans.waves[n] - 1, -1, -1):
        low, high = np.int64(plans.bounds[n, g]), np.int64(plans.bounds[n, g + 1])
        for pos in range(low, min(high, upto)):
            start = scratch.at[D_BEGUN, pos]
            if (start < halt and start < stop) or (start == halt and rank == AFTER_ALL):
                return low, high
    return 0, 0


@leaf
def reviewed(worlds, case, scratch, upto, asked, t, true, false):
    """Return whether the reviewer, when nothing has halted by then, can see a defect that hurts (rule 7)."""
    if not (worlds.reviewed and case.sick and min(true, false) > asked and t < true and t <= worlds.horizon):
        return False
    for pos in range(upto):
        r = case.order[pos]
        f = case.fault[r]
        hurts = f != SOUND and scratch.at[D_SERVED, pos] < np.inf and scratch.at[D_HARM, pos] <= t
        if hurts and seen_by_reviewer(worlds, case, r, f):
            return True
    return False


@part
def earliest(scratch, low, high, stop, alarm, harm, late):
    """Go on with the first alarm of regions' own and the first harm, over regions that started before a stop.

    `late` says whether the first harm begins with its own start, and no other harm at the same instant does otherwise.
    """
    for pos in range(low, high):
        if scratch.at[D_START, pos] < stop and scratch.at[D_SERVED, pos] < np.inf:
            alarm = min(alarm, scratch.at[D_ALARM, pos])
            own = scratch.at[D_HARM, pos] == scratch.at[D_START, pos]
            if scratch.at[D_HARM, pos] < harm or (scratch.at[D_HARM, pos] == harm and late and not own):
                harm, late = scratch.at[D_HARM, pos], own
    return alarm, harm, late


@part
def true_alarm(worlds, plans, case, scratch, upto, stop, alarm, harm, late):
    """Return the first true alarm, customers included, and its rank.

    The rank is that of true alarms, or, where a start and its own report fall on one instant, that after all others.
    """
    if harm < np.inf and harm <= worlds.horizon and worlds.rules[worlds.change_rules[REPORT], FAMILY] != NEVER:
        report, complaint = report_of(worlds, case), complaint_of(worlds, case)
        enough = harm
        if complaint > 0.0:
            latest = min(alarm, worlds.horizon)
            enough = borne(worlds, plans, case, scratch, upto, stop, harm, complaint, report, latest)
        report = enough + report
        if report <= worlds.horizon and report < alarm:
            return report, AFTER_ALL if late and report == harm else AT_ALARMS
    return alarm, AT_ALARMS
