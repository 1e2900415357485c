"""What a trial draws when the first plan asks for it, and remembers for the others. Not here: the rest (``worlds``)."""

import numpy as np

from simulation.engine.jit import leaf, part
from simulation.engine.layout import (
    BY_ALARMS,
    BY_CHECK,
    BY_REVIEWER,
    CHANGE,
    COMPLAINT,
    EVIDENCE,
    FAMILY,
    FAULT,
    LAG,
    M_BY_ALARMS,
    M_BY_CHECK,
    M_BY_REVIEWER,
    M_COMPLAINT,
    M_EVIDENCE,
    M_FAILS,
    M_LAG,
    M_MANUAL,
    M_NIGHT,
    M_ONSET,
    M_REACTION,
    M_REPORT,
    M_ROLLBACK,
    M_SEVERITY,
    MANUAL,
    N_COMPLAINT,
    N_EVIDENCE,
    N_LAG,
    N_MANUAL,
    N_ONSET,
    N_REACTION,
    N_REPORT,
    N_ROLLBACK,
    N_ROLLBACK_FAILURE,
    N_SEEN_BY_ALARMS,
    N_SEEN_BY_CHECK,
    N_SEEN_BY_REVIEWER,
    N_SEVERITY,
    NIGHT,
    NOTHING,
    ONSET,
    REACTION,
    REGION,
    REPORT,
    ROLLBACK,
    ROLLBACK_FAILURE,
    SEVERITY,
)
from simulation.engine.numbers import CONSTANT, NEVER, quantile, uniform, value


@leaf
def fault_uniform(seed, own, trial, f, r, number):
    """Return what a fault draws for a region: its own number, or the one it shares with others."""
    if own[f]:
        return uniform(seed, trial, REGION, np.int64(r), number, f)
    return uniform(seed, trial, FAULT, f, number, NOTHING)


@part
def recall(worlds, case, memo, slot, rule, kind, index, number):
    """Return a draw that all plans share, made when the first of them asks."""
    if np.isnan(memo[slot]):
        memo[slot] = value(worlds.seed, worlds.rules, worlds.table, case.trial, rule, kind, index, number, NOTHING)
    return memo[slot]


@part
def reaction_of(worlds, case):
    """Return the minutes from a halt to its roll-backs."""
    return recall(worlds, case, case.memo, M_REACTION, worlds.change_rules[REACTION], CHANGE, NOTHING, N_REACTION)


@part
def report_of(worlds, case):
    """Return the minutes from the first harm to the customers' report."""
    return recall(worlds, case, case.memo, M_REPORT, worlds.change_rules[REPORT], CHANGE, NOTHING, N_REPORT)


@part
def evidence_of(worlds, case, r):
    """Return the failed requests a region's alarms need."""
    rule = worlds.region_rules[r, EVIDENCE]
    return recall(worlds, case, case.region_memo[r], M_EVIDENCE, rule, REGION, np.int64(r), N_EVIDENCE)


@part
def lag_of(worlds, case, r):
    """Return the minutes from enough evidence to the alarm."""
    rule = worlds.region_rules[r, LAG]
    return recall(worlds, case, case.region_memo[r], M_LAG, rule, REGION, np.int64(r), N_LAG)


@part
def complaint_of(worlds, case):
    """Return how many failed requests customers bear."""
    return recall(worlds, case, case.memo, M_COMPLAINT, worlds.change_rules[COMPLAINT], CHANGE, NOTHING, N_COMPLAINT)


@part
def night_reaction_of(worlds, case):
    """Return the minutes from a halt outside staffed hours to what people recover."""
    rule = worlds.change_rules[NIGHT]
    if worlds.rules[rule, FAMILY] == NEVER:
        return reaction_of(worlds, case)
    return recall(worlds, case, case.memo, M_NIGHT, rule, CHANGE, NOTHING, N_REACTION)


@part
def rollback_fails(worlds, case, r):
    """Return whether a machine's roll-back of a region fails."""
    memo, chance, index = case.region_memo[r], worlds.region_chances[r, ROLLBACK_FAILURE], np.int64(r)
    if np.isnan(memo[M_FAILS]):
        failed = chance > 0.0 and uniform(worlds.seed, case.trial, REGION, index, N_ROLLBACK_FAILURE, NOTHING) < chance
        memo[M_FAILS] = 1.0 if failed else 0.0
    return memo[M_FAILS] == 1.0


@part
def rollback_of(worlds, case, r):
    """Return the minutes of a region's roll-back by machine."""
    rule = worlds.region_rules[r, ROLLBACK]
    return recall(worlds, case, case.region_memo[r], M_ROLLBACK, rule, REGION, np.int64(r), N_ROLLBACK)


@part
def manual_of(worlds, case, r):
    """Return the minutes that people take to recover a region."""
    rule = worlds.region_rules[r, MANUAL]
    return recall(worlds, case, case.region_memo[r], M_MANUAL, rule, REGION, np.int64(r), N_MANUAL)


@part
def severity_of(worlds, case, r, f):
    """Return the part of a hurting region's requests that fail."""
    memo, rule = case.region_memo[r], worlds.fault_rules[f, SEVERITY]
    if np.isnan(memo[M_SEVERITY]):
        constant = worlds.rules[rule, FAMILY] == CONSTANT
        u = 0.5 if constant else fault_uniform(worlds.seed, worlds.fault_own, case.trial, f, r, N_SEVERITY)
        memo[M_SEVERITY] = quantile(worlds.rules, worlds.table, rule, u)
    return memo[M_SEVERITY]


@part
def onset_of(worlds, case, r, f):
    """Return the minutes from a region's first traffic to its first harm."""
    memo, rule = case.region_memo[r], worlds.fault_rules[f, ONSET]
    if np.isnan(memo[M_ONSET]):
        memo[M_ONSET] = value(
            worlds.seed, worlds.rules, worlds.table, case.trial, rule, REGION, np.int64(r), N_ONSET, f
        )
    return memo[M_ONSET]


@part
def seen_by_alarms(worlds, case, r, f):
    """Return whether alarms can see the defect."""
    return seen(worlds, case, r, f, M_BY_ALARMS, worlds.fault_chances[f, BY_ALARMS], N_SEEN_BY_ALARMS)


@part
def seen_by_check(worlds, case, r, f):
    """Return whether the check after a deployment can see the defect."""
    return seen(worlds, case, r, f, M_BY_CHECK, worlds.fault_chances[f, BY_CHECK], N_SEEN_BY_CHECK)


@part
def seen_by_reviewer(worlds, case, r, f):
    """Return whether whoever approves can see the defect."""
    return seen(worlds, case, r, f, M_BY_REVIEWER, worlds.fault_chances[f, BY_REVIEWER], N_SEEN_BY_REVIEWER)


@part
def seen(worlds, case, r, f, slot, chance, number):
    """Return whether a defect is seen by what sees it with a chance."""
    memo = case.region_memo[r]
    if np.isnan(memo[slot]):
        hit = chance >= 1.0
        if 0.0 < chance < 1.0:
            hit = fault_uniform(worlds.seed, worlds.fault_own, case.trial, f, r, number) < chance
        memo[slot] = 1.0 if hit else 0.0
    return memo[slot] == 1.0
