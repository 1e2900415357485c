"""One rollout in which anything may go wrong (rules 6 to 16).

A wave is worked out as if nothing stopped it; then the first thing that does is found, by time and rank. Not here: what
is read off at the end (``columns``), rollouts in which nothing goes wrong (``healthy``).
"""

import numpy as np

from simulation.engine.columns import measure
from simulation.engine.demand import evidence_of, lag_of, onset_of, recall, seen, severity_of
from simulation.engine.jit import part
from simulation.engine.layout import (
    BUILD_FAILED,
    C_DEFECTIVE,
    C_DEPLOYED,
    C_DETECTED,
    C_END,
    C_OUTCOME,
    C_RECOVERED,
    CAUGHT,
    CHANGE,
    COMPLETED,
    DEPLOY,
    DEPLOY_FAILED,
    ESCAPED,
    FALSE_ALARM,
    N_DEPLOY,
    N_DEPLOY_FAILURE,
    N_REPORT,
    NEVER,
    REGION,
    REJECTED,
    REPORT,
    Case,
)
from simulation.engine.numbers import fill, uniform, value
from simulation.engine.traffic import area_of, full_from, gathered, served_from
from simulation.engine.worlds import prepare


@part
def rollout(w, p, s, i, trial, n, c, row):
    """Roll a plan out in one world (rules 6 to 23); write its columns, and add to those of its regions.

    Returns how much of the plan decided what happened: 1 + g where its first g waves and none after them did.
    Regions' sums are kept by that depth.
    """
    t = s.build[i]
    if not s.ready[i]:
        prepare(w, s, i)
    v = Case(
        trial, s.sick[i], s.fault[i], s.fails[i], s.minutes[i], s.false[i], s.memo[i],
        p.order[n], p.strategy[n], p.retries[n], np.int64(p.bounds[n, p.waves[n]]),
    )  # fmt: skip
    begin_row(v, row)
    if s.state[i] >= 2:
        row[C_OUTCOME], row[C_END] = BUILD_FAILED, t
        return 1
    outcome, halt, upto, depth = -1, np.inf, 0, 0
    true, true_rank, false, failure = np.inf, 1, np.inf, np.inf
    alarm, harm, late = np.inf, np.inf, False
    stop = np.inf
    for wave in range(p.waves[n]):
        depth = 2 + wave
        if wave > 0:
            t = t + s.handover[wave, i]
        if p.approval[n, wave]:
            t = t + s.wait[wave, i]
        if min(true, false) <= t:
            break
        if p.approval[n, wave] and s.rejected[wave, i]:
            outcome = REJECTED
            break
        low, upto = upto, np.int64(p.bounds[n, wave + 1])
        last, failed, false_here = deploy_wave(w, p, v, c, low, upto, p.parallel[n, wave], t)
        failure, false = min(failure, failed), min(false, false_here)
        if v.sick:
            alarm, harm, late = earliest(c, low, upto, np.inf, alarm, harm, late)
            true, true_rank = true_alarm(w, v, alarm, harm, late)
        if min(true, false, failure) <= last:
            break
        t = last + bake_of(w, p, v, c, low, upto, p.bake_minutes[n, wave], p.bake_requests[n, wave], last)
        if min(true, false) <= t:
            break
    else:
        outcome, depth = ESCAPED if row[C_DEFECTIVE] > 0.0 else COMPLETED, 2 + p.waves[n]
    end, detected = t, np.nan
    if outcome >= 0:
        halt = detected = true
    else:
        end = stop = min(true, false, failure)
        if true == stop and (true_rank == 1 or (false > stop and failure > stop)):
            outcome, halt, detected = CAUGHT, stop, stop
        elif false == stop:
            outcome, halt = FALSE_ALARM, stop
        else:
            outcome = DEPLOY_FAILED
            if p.rollback_all[n]:
                halt = stop
            elif v.sick:
                alarm, harm, late = earliest(c, 0, upto, stop, np.inf, np.inf, False)
                halt, true_rank = true_alarm(w, v, alarm, harm, late)
                detected = halt
    row[C_OUTCOME], row[C_END] = outcome, end
    if detected < np.inf:
        row[C_DETECTED] = detected
    measure(w, p, v, c, stop, end, halt, upto, row, c.harmed[depth])
    return depth


@part
def begin_row(v, row):
    """Write that nothing has happened yet, and whether the change is bad in any region of the plan."""
    fill(row, 0.0)
    row[C_DEPLOYED] = row[C_DETECTED] = row[C_RECOVERED] = np.nan
    if v.sick:
        for pos in range(v.until):
            if v.fault[v.order[pos]] >= 0:
                row[C_DEFECTIVE] = 1.0


@part
def attempt(w, p, v, c, pos, t):
    """Deploy a region from t on, with retries (rule 9); return when it ends, and whether it failed."""
    r = v.order[pos]
    minutes, failed, k = v.minutes[r], v.fails[r] > 0, 0
    while failed and k < v.retries:
        k += 1
        t = t + minutes
        minutes = value(w.seed, w.rules, w.table, v.trial, w.region_rules[r, DEPLOY], REGION, r, N_DEPLOY, k)
        if v.fails[r] < 2:
            chance = w.region_chances[r, 0]
            failed = chance > 0.0 and uniform(w.seed, v.trial, REGION, r, N_DEPLOY_FAILURE, k) < chance
    strategy = v.strategy[pos]
    c.start[pos] = t
    c.served[pos] = np.inf if failed else served_from(strategy, t, minutes)
    c.full[pos] = t + minutes if failed else full_from(p, strategy, t, minutes)
    return c.full[pos], failed


@part
def watch(w, p, v, c, pos):
    """Find a region's harm and its own first true alarm (rules 11, 13, 14)."""
    c.harm[pos] = c.alarm[pos] = np.inf
    r = v.order[pos]
    f = v.fault[r]
    if f < 0:
        return
    served, full = c.served[pos], c.full[pos]
    harm = served + onset_of(w, v, r, f)
    c.harm[pos] = harm
    if harm <= full and full <= w.horizon and seen(w, v, r, f, 1):
        c.alarm[pos] = full
    if harm <= w.horizon and seen(w, v, r, f, 0):
        severity = severity_of(w, v, r, f)
        rate, threshold = w.traffic[r] * severity, w.threshold[r] / severity
        enough = gathered(p, v.strategy[pos], served, full, harm, rate, threshold, evidence_of(w, v, r))
        if enough < c.alarm[pos]:
            alarm = enough + lag_of(w, v, r)
            if alarm <= w.horizon and alarm < c.alarm[pos]:
                c.alarm[pos] = alarm


@part
def earliest(c, low, high, stop, alarm, harm, late):
    """Go on with the first alarm of regions' own and the first harm, over regions that started before a stop.

    `late` says whether the first harm begins with its own start, and no other harm at the same instant does otherwise.
    """
    for pos in range(low, high):
        if c.start[pos] < stop and c.served[pos] < np.inf:
            alarm = min(alarm, c.alarm[pos])
            own = c.harm[pos] == c.start[pos]
            if c.harm[pos] < harm or (c.harm[pos] == harm and late and not own):
                harm, late = c.harm[pos], own
    return alarm, harm, late


@part
def true_alarm(w, v, alarm, harm, late):
    """Return the first true alarm, customers included, and its rank.

    The rank is that of true alarms, or, where a start and its own report fall on one instant, that after all others.
    """
    if harm <= w.horizon and np.int64(w.rules[w.change_rules[REPORT], 0]) != NEVER:
        report = harm + recall(w, v, 1, w.change_rules[REPORT], CHANGE, 0, N_REPORT)
        if report <= w.horizon and report < alarm:
            return report, 5 if late and report == harm else 1
    return alarm, 1


@part
def deploy_wave(w, p, v, c, low, high, most, t):
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
                slot = k if c.slots[k] < c.slots[slot] else slot
            start = c.slots[slot]
        end, failed = attempt(w, p, v, c, pos, start)
        if crowded:
            c.slots[slot] = end
        last = max(last, end)
        if failed:
            failure = min(failure, end)
            continue
        if v.sick:
            watch(w, p, v, c, pos)
        alarm = c.served[pos] + v.false[v.order[pos]]
        if alarm <= w.horizon and alarm < false:
            false = alarm
    return last, failure, false


@part
def bake_of(w, p, v, c, low, high, bake, wanted, last):
    """Return how long a wave bakes (rule 12)."""
    if wanted > 0.0:
        for pos in range(low, high):
            traffic = w.traffic[v.order[pos]]
            served = traffic * area_of(p, v.strategy[pos], c.served[pos], c.full[pos], c.served[pos], last)
            bake = max(bake, (wanted - served) / traffic)
    return bake
