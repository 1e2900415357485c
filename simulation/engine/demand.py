"""What a trial draws when the first plan asks for it, and remembers for the others. Not here: the rest (``worlds``)."""

import numpy as np

from simulation.engine.jit import leaf, part
from simulation.engine.layout import (
    CONSTANT,
    EVIDENCE,
    FAULT,
    LAG,
    MANUAL,
    N_EVIDENCE,
    N_LAG,
    N_MANUAL,
    N_ONSET,
    N_ROLLBACK,
    N_ROLLBACK_FAILURE,
    N_SEEN_BY_ALARMS,
    N_SEEN_BY_CHECK,
    N_SEVERITY,
    REGION,
    ROLLBACK,
    SLOTS,
)
from simulation.engine.numbers import quantile, uniform, value


@leaf
def fault_uniform(seed, own, trial, f, r, number):
    """Return what a fault draws for a region: its own number, or the one it shares with others."""
    if own[f]:
        return uniform(seed, trial, REGION, r, number, f)
    return uniform(seed, trial, FAULT, f, number, 0)


@part
def recall(w, v, slot, rule, kind, index, number):
    """Return a draw that all plans share, made when the first of them asks."""
    if np.isnan(v.memo[slot]):
        v.memo[slot] = value(w.seed, w.rules, w.table, v.trial, rule, kind, index, number, 0)
    return v.memo[slot]


@part
def evidence_of(w, v, r):
    """Return the failed requests a region's alarms need."""
    return recall(w, v, SLOTS + 8 * r + 1, w.region_rules[r, EVIDENCE], REGION, r, N_EVIDENCE)


@part
def lag_of(w, v, r):
    """Return the minutes from enough evidence to the alarm."""
    return recall(w, v, SLOTS + 8 * r + 2, w.region_rules[r, LAG], REGION, r, N_LAG)


@part
def recovery_of(w, v, r):
    """Return the minutes of a region's roll-back, or of its recovery by hand (rule 18)."""
    slot = SLOTS + 8 * r + 3
    if np.isnan(v.memo[slot]):
        chance = w.region_chances[r, 1]
        failed = chance > 0.0 and uniform(w.seed, v.trial, REGION, r, N_ROLLBACK_FAILURE, 0) < chance
        rule = w.region_rules[r, MANUAL if failed else ROLLBACK]
        number = N_MANUAL if failed else N_ROLLBACK
        v.memo[slot] = value(w.seed, w.rules, w.table, v.trial, rule, REGION, r, number, 0)
    return v.memo[slot]


@part
def severity_of(w, v, r, f):
    """Return the part of a hurting region's requests that fail."""
    slot, rule = SLOTS + 8 * r + 4, w.fault_rules[f, 0]
    if np.isnan(v.memo[slot]):
        constant = w.rules[rule, 0] == CONSTANT
        u = 0.5 if constant else fault_uniform(w.seed, w.fault_own, v.trial, f, r, N_SEVERITY)
        v.memo[slot] = quantile(w.rules, w.table, rule, u)
    return v.memo[slot]


@part
def onset_of(w, v, r, f):
    """Return the minutes from a region's first traffic to its first harm."""
    slot = SLOTS + 8 * r + 5
    if np.isnan(v.memo[slot]):
        v.memo[slot] = value(w.seed, w.rules, w.table, v.trial, w.fault_rules[f, 1], REGION, r, N_ONSET, f)
    return v.memo[slot]


@part
def seen(w, v, r, f, check):
    """Whether alarms, or the check after a deployment, can see the defect."""
    slot = SLOTS + 8 * r + 6 + check
    if np.isnan(v.memo[slot]):
        chance = w.fault_chances[f, 1 + check]
        number = N_SEEN_BY_CHECK if check else N_SEEN_BY_ALARMS
        hit = chance >= 1.0 or (chance > 0.0 and fault_uniform(w.seed, w.fault_own, v.trial, f, r, number) < chance)
        v.memo[slot] = 1.0 if hit else 0.0
    return v.memo[slot] == 1.0
