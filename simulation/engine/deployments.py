"""The deployments of a wave, as if nothing stopped them: slots, windows, attempts, and each region's own first alarm.

Rules 8 to 14, 19 and 25. Not here: what stops them (``rollout``).
"""

import numpy as np

from simulation.engine.demand import (
    evidence_of,
    lag_of,
    onset_of,
    seen_by_alarms,
    seen_by_check,
    severity_of,
)
from simulation.engine.jit import (
    leaf,
    part,
)
from simulation.engine.layout import (
    AFTER_ALL,
    ALWAYS_FAILS,
    C_FAILED,
    D_ALARM,
    D_BEGUN,
    D_FULL,
    D_HARM,
    D_OPENS,
    D_SERVED,
    D_SLOT,
    D_START,
    DEPLOY,
    DEPLOY_FAILURE,
    DEPLOYS,
    FAILED_DEPLOY,
    FAMILY,
    HAS_FAILED,
    N_DEPLOY,
    N_DEPLOY_FAILURE,
    N_FAILED_DEPLOY,
    NOTHING,
    REGION,
    SOUND,
    TRY_FAILED_MINUTES,
    TRY_FAILS,
    TRY_MINUTES,
)
from simulation.engine.numbers import (
    NEVER,
    uniform,
    value,
)
from simulation.engine.traffic import (
    area_of,
    full_from,
    gathered,
    served_from,
)
from simulation.engine.windows import (
    opening,
)


@part
def deploy_wave(worlds, plans, case, scratch, low, high, most, windowed, t, extras):
    """Deploy a wave's regions from t on, at most so many at once, while their windows are open (rules 8, 25).

    Returns the last end, how many failed and the first false alarm; infinity for none.
    """
    parallel = min(most, high - low)
    crowded = parallel < high - low
    last, failed_here, false = t, 0, np.inf
    if extras is not None and crowded and windowed:
        queue_up(plans, case, scratch, low, high, parallel, t)
    for k in range(high - low):
        pos, slot, start = low + k, k, t
        if extras is not None and windowed:
            if crowded:
                pos, slot, start = next_in_queue(plans, case, scratch, low, high, parallel)
            else:
                start = opening(plans, case.calendar[pos], case.push, t)
        elif slot >= parallel:
            slot = free_slot(scratch, parallel)
            start = scratch.at[D_SLOT, slot]
        end, failed = attempt(worlds, plans, case, scratch, pos, start, extras)
        if crowded:
            scratch.at[D_SLOT, slot] = end
        last = max(last, end)
        failed_here += failed
    # In loops of their own, as one would keep more numbers at hand than the machine has room for.
    for pos in range(low, high):
        false = min(false, scratch.at[D_SERVED, pos] + case.false[case.order[pos]])
    if case.sick:
        for pos in range(low, high):
            if scratch.at[D_SERVED, pos] < np.inf:
                watch(worlds, plans, case, scratch, pos)
    false = false if false <= worlds.horizon else np.inf
    return last, failed_here, false


@part
def free_slot(scratch, parallel):
    """Return the first of the slots that are free soonest."""
    slot = 0
    for k in range(1, parallel):
        slot = k if scratch.at[D_SLOT, k] < scratch.at[D_SLOT, slot] else slot
    return slot


@leaf
def queue_up(plans, case, scratch, low, high, parallel, t):
    """Note when each region's window first opens, and that all slots are free."""
    for pos in range(low, high):
        scratch.at[D_OPENS, pos] = opening(plans, case.calendar[pos], case.push, t)
    for k in range(parallel):
        scratch.at[D_SLOT, k] = t


@leaf
def next_in_queue(plans, case, scratch, low, high, parallel):
    """Return who deploys next, in which slot and when: the first in the queue that is open, else who opens next."""
    slot = free_slot(scratch, parallel)
    asked = scratch.at[D_SLOT, slot]
    start, chosen = np.inf, low
    for pos in range(low, high):
        if not np.isnan(scratch.at[D_OPENS, pos]):
            opens = opening(plans, case.calendar[pos], case.push, asked)
            if opens < start or (opens == start and scratch.at[D_OPENS, pos] < scratch.at[D_OPENS, chosen]):
                start, chosen = opens, pos
    scratch.at[D_OPENS, chosen] = np.nan
    return chosen, slot, start


@part
def attempt(worlds, plans, case, scratch, pos, t, extras):
    """Deploy a region from t on, with retries (rule 9); return when it ends, and whether it failed."""
    r = case.order[pos]
    scratch.at[D_BEGUN, pos] = t
    minutes, failed, k = taken(worlds, case, r, NOTHING, case.minutes[r], case.fails[r] != DEPLOYS, extras)
    while failed and k < case.retries:
        t = t + minutes
        minutes, failed, k = retry(worlds, case, r, k + 1, extras)
    strategy = case.strategy[pos]
    scratch.at[D_START, pos] = t
    scratch.at[D_SERVED, pos] = np.inf if failed else served_from(strategy, t, minutes)
    scratch.at[D_FULL, pos] = t + minutes if failed else full_from(plans, strategy, t, minutes)
    return scratch.at[D_FULL, pos], failed


@part
def taken(worlds, case, r, k, minutes, failed, extras):
    """Return how long an attempt takes, given its `deploy` minutes and failure; whether it fails; its number."""
    if failed:
        rule = worlds.region_rules[r, FAILED_DEPLOY]
        if extras is not None or worlds.rules[rule, FAMILY] != NEVER:
            minutes = failed_minutes(
                worlds.seed,
                worlds.rules,
                worlds.table,
                case.trial,
                case.tries[r],
                rule,
                np.int64(r),
                k,
                minutes,
                extras,
            )
    if extras is not None and minutes > case.timeout:
        return case.timeout, True, k
    return minutes, failed, k


@leaf
def failed_minutes(seed, rules, table, trial, tries, rule, r, k, minutes, extras):
    """Return how long an attempt takes that fails."""
    if extras is not None and k < len(tries) and not np.isnan(tries[k, TRY_FAILED_MINUTES]):
        return tries[k, TRY_FAILED_MINUTES]
    if rules[rule, FAMILY] == NEVER:
        return minutes
    return value(seed, rules, table, trial, rule, REGION, r, N_FAILED_DEPLOY, k)


@part
def retry(worlds, case, r, k, extras):
    """Return the same of the k-th retry."""
    minutes, failed = drawn_again(
        worlds.seed, worlds.rules, worlds.table, case.trial, case.tries[r], worlds.region_rules[r, DEPLOY],
        worlds.region_chances[r, DEPLOY_FAILURE], case.fails[r], np.int64(r), k, extras,
    )  # fmt: skip
    return taken(worlds, case, r, k, minutes, failed, extras)


@leaf
def drawn_again(seed, rules, table, trial, tries, rule, chance, fails, r, k, extras):
    """Return the `deploy` minutes of the k-th retry, and whether it fails.

    It is handed what it needs alone: whole tuples are hundreds of words, which a call would write to memory.
    """
    minutes = value(seed, rules, table, trial, rule, REGION, r, N_DEPLOY, k)
    known = extras is not None and k < len(tries)
    if known and not np.isnan(tries[k, TRY_MINUTES]):
        minutes = tries[k, TRY_MINUTES]
    if fails == ALWAYS_FAILS:
        return minutes, True
    if known and not np.isnan(tries[k, TRY_FAILS]):
        return minutes, tries[k, TRY_FAILS] == 1.0
    return minutes, chance > 0.0 and uniform(seed, trial, REGION, r, N_DEPLOY_FAILURE, k) < chance


@part
def end_of_last(worlds, case, scratch, pos, stop, extras):
    """Return when the last attempt of a region ends that starts before a stop, where a retry would start later."""
    r, t = case.order[pos], scratch.at[D_BEGUN, pos]
    minutes, _, k = taken(worlds, case, r, NOTHING, case.minutes[r], case.fails[r] != DEPLOYS, extras)
    while t + minutes < stop:
        t = t + minutes
        minutes, _, k = retry(worlds, case, r, k + 1, extras)
    return t + minutes


@leaf
def exceeding(served, full, low, high, tolerated):
    """Return when and where the first failure of a wave comes that is not tolerated any more."""
    when, where = -np.inf, low
    for _ in range(tolerated + 1):
        next_when, next_where = np.inf, high
        for pos in range(low, high):
            end = full[pos]
            later = end > when or (end == when and pos > where)
            if served[pos] == np.inf and later and end < next_when:
                next_when, next_where = end, pos
        when, where = next_when, next_where
    return when, where


@part
def count_failed(worlds, case, scratch, stop, halt, upto, rank, worst, row, extras):
    """Count regions whose last attempt failed and was not stopped by the halt (rule 22); mark them in `D_START`.

    `worst` is the region whose failure ended the pipeline.
    """
    row[C_FAILED], between = failed_for_good(scratch.at, stop, halt, upto, rank, worst)
    if between > 0:
        row[C_FAILED] += failed_before_retry(worlds, case, scratch, stop, halt, upto, extras)


@leaf
def failed_for_good(at, stop, halt, upto, rank, worst):
    """Count those whose last attempt had started before the stop, and how many others had only an earlier one."""
    failed, between = 0.0, 0
    for pos in range(upto):
        if pos == worst and not at[D_START, pos] < stop:  # a last attempt too short to change the clock
            failed += 1.0
            at[D_START, pos] = HAS_FAILED
        elif at[D_BEGUN, pos] < stop and not at[D_START, pos] < stop:
            between += 1
        elif at[D_BEGUN, pos] < stop and not at[D_SERVED, pos] < np.inf:
            end = at[D_FULL, pos]
            # At the instant of the halt, a last failure (rank d) may come before it.
            if end < halt or (end == halt and (rank == AFTER_ALL or (halt == stop and pos <= worst))):
                failed += 1.0
                at[D_START, pos] = HAS_FAILED
    return failed, between


@leaf
def failed_before_retry(worlds, case, scratch, stop, halt, upto, extras):
    """Count those of which an attempt had started before the stop, and fails before the halt, but no retry starts."""
    failed = 0.0
    for pos in range(upto):
        if scratch.at[D_BEGUN, pos] < stop and not scratch.at[D_START, pos] < stop:
            # At the instant of the halt, a failure with a retry (rank e) can't come before it.
            counts = scratch.at[D_START, pos] != HAS_FAILED
            if counts and end_of_last(worlds, case, scratch, pos, stop, extras) < halt:
                failed += 1.0
                scratch.at[D_START, pos] = HAS_FAILED
    return failed


@part
def bake_of(worlds, plans, case, scratch, low, high, bake, wanted, last):
    """Return how long a wave bakes (rule 12)."""
    if wanted > 0.0:
        for pos in range(low, high):
            if scratch.at[D_SERVED, pos] == np.inf:
                continue
            traffic = worlds.traffic[case.order[pos]]
            served = traffic * area_of(
                plans,
                case.strategy[pos],
                scratch.at[D_SERVED, pos],
                scratch.at[D_FULL, pos],
                scratch.at[D_SERVED, pos],
                last,
            )
            bake = max(bake, (wanted - served) / traffic)
    return bake


@part
def watch(worlds, plans, case, scratch, pos):
    """Find a region's harm and its own first true alarm (rules 11, 13, 14)."""
    scratch.at[D_HARM, pos] = scratch.at[D_ALARM, pos] = np.inf
    r = case.order[pos]
    f = case.fault[r]
    if f == SOUND:
        return
    served, full = scratch.at[D_SERVED, pos], scratch.at[D_FULL, pos]
    harm = served + onset_of(worlds, case, r, f)
    scratch.at[D_HARM, pos] = harm
    if harm <= full and full <= worlds.horizon and seen_by_check(worlds, case, r, f):
        scratch.at[D_ALARM, pos] = full
    if harm <= worlds.horizon and seen_by_alarms(worlds, case, r, f):
        severity = severity_of(worlds, case, r, f)
        rate, threshold = worlds.traffic[r] * severity, worlds.threshold[r] / severity
        enough = gathered(plans, case.strategy[pos], served, full, harm, rate, threshold, evidence_of(worlds, case, r))
        if enough < scratch.at[D_ALARM, pos]:
            alarm = enough + lag_of(worlds, case, r)
            if alarm <= worlds.horizon and alarm < scratch.at[D_ALARM, pos]:
                scratch.at[D_ALARM, pos] = alarm
