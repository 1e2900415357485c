"""What a block of trials draws for all plans before any of them begins: build, deployments, faults, gates.

The numbers of purposes are ``draws``'. Not here: what only a trial in which something goes wrong asks for
(``demand``).
"""

import numpy as np

from simulation.engine.jit import jit, part
from simulation.engine.layout import (
    APPROVAL_WAIT,
    BUILD,
    CHANGE,
    CONSTANT,
    DEPLOY,
    FALSE,
    FAULT,
    GATE,
    HANDOVER,
    N_APPROVAL_WAIT,
    N_BUILD,
    N_DEPLOY,
    N_FALSE_ALARM,
    N_HANDOVER,
    N_HIT,
    NEVER,
    REGION,
    SLOTS,
)
from simulation.engine.numbers import fill_quantiles, fill_words, log


@jit
def open_block(w, s, trials, u, v, gates, approvals):
    """Draw, for some trials by their numbers, what even a healthy one needs; forget what the last block drew.

    `gates` is how many waves the longest plan has; `approvals` says at which of them any plan asks for an approval.
    """
    s.ready[:] = False
    fill_change(w, s, trials, u, v)
    fill_regions(w, s, trials, u, v)
    for f in range(len(w.fault_breaks)):
        if w.fault_own[f]:
            for r in range(len(w.traffic)):
                if w.fault_where[f, r]:
                    fill_words(w.seed, trials, np.uint64(REGION << 24 | r), N_HIT, f, u, v)
                    mark(s.state, u, w.fault_chances[f, 0], s.own_hits[f, r])
        else:
            fill_words(w.seed, trials, np.uint64(FAULT << 24 | f), N_HIT, 0, u, v)
            mark(s.state, u, w.fault_chances[f, 0], s.hits[f])
    for g in range(gates):
        if g > 0:
            fill_handover(w, s.handover[g], trials, g, u, v)
        if approvals[g]:
            fill_gate(w, s, trials, g, u, v)


@jit
def mark(state, u, chance, hits):
    """Note which trials something hits, and that something is wrong with them."""
    for i in range(len(u)):
        hits[i] = u[i] < chance
        state[i] = state[i] | np.int8(hits[i])


@jit
def fill_handover(w, out, trials, gate, u, v):
    """Draw the minutes between a wave's end and the next one's beginning; nothing, where they are constant."""
    rule = w.change_rules[HANDOVER]
    if w.rules[rule, 0] == CONSTANT:
        out[:] = w.rules[rule, 1]
    else:
        fill_words(w.seed, trials, np.uint64(GATE << 24 | gate), N_HANDOVER, 0, u, v)
        fill_quantiles(w.rules, w.table, rule, u, out)


@jit
def fill_change(w, s, trials, u, v):
    """Draw the build and its failure, which share a block."""
    fill_words(w.seed, trials, np.uint64(CHANGE << 24), N_BUILD, 0, u, v)
    fill_quantiles(w.rules, w.table, w.change_rules[BUILD], u, s.build)
    for i in range(len(u)):
        s.state[i] = np.int8(2) if v[i] < w.change_chances[0] else np.int8(0)


@jit
def fill_regions(w, s, trials, u, v):
    """Draw each region's first deployment and its failure, which share a block, and the least false-alarm clock."""
    s.calm[:] = np.inf
    for r in range(len(w.traffic)):
        c1 = np.uint64(REGION << 24 | r)
        fill_words(w.seed, trials, c1, N_DEPLOY, 0, u, v)
        fill_quantiles(w.rules, w.table, w.region_rules[r, DEPLOY], u, s.deploy[r])
        mark(s.state, v, w.region_chances[r, 0], s.failing[r])
        rule = w.region_rules[r, FALSE]
        if w.rules[rule, 0] != NEVER:
            fill_words(w.seed, trials, c1, N_FALSE_ALARM, 0, u, s.clocks[r])
            v[:] = s.clocks[r]
            if not w.alike:
                fill_quantiles(w.rules, w.table, rule, s.clocks[r], v)
            for i in range(len(v)):
                s.calm[i] = v[i] if v[i] < s.calm[i] else s.calm[i]
    if w.alike and w.rules[w.region_rules[0, FALSE], 0] != NEVER:
        fill_quantiles(w.rules, w.table, w.region_rules[0, FALSE], s.calm, s.calm)


@jit
def fill_gate(w, s, trials, g, u, v):
    """Draw a gate's wait and its decision, which share a block."""
    fill_words(w.seed, trials, np.uint64(GATE << 24 | g), N_APPROVAL_WAIT, 0, u, v)
    fill_quantiles(w.rules, w.table, w.change_rules[APPROVAL_WAIT], u, s.wait[g])
    for i in range(len(v)):
        s.rejected[g, i] = v[i] < w.change_chances[1]


@jit
def impose(w, s, given):
    """Put what goes wrong as it is given in place of what was drawn; all else stays."""
    s.hits[:] = given.hits
    s.own_hits[:] = given.own_hits
    s.failing[:] = given.failing
    for i in range(len(s.build)):
        some = False
        for f in range(len(w.fault_breaks)):
            some = some or s.hits[f, i]
            for r in range(len(w.traffic)):
                some = some or s.own_hits[f, r, i]
        for r in range(len(w.traffic)):
            some = some or s.failing[r, i]
        s.state[i] = np.int8(2) if given.build[i] else np.int8(1 if some else 0)
        if not some:
            continue
        prepare(w, s, i)
        for r in range(len(w.traffic)):
            f = s.fault[i, r]
            if f >= 0 and given.seen[f, i] >= 0:
                s.memo[i, SLOTS + 8 * r + 6] = np.float64(given.seen[f, i])


@jit
def impose_noise(w, s, given):
    """Put refusals as they are given in place of those drawn, and each false alarm between the quantiles given."""
    s.rejected[:] = given.rejected
    s.calm[:] = np.inf
    for i in range(len(s.build)):
        for r in range(len(w.traffic)):
            low, high = given.low[r, i], given.high[r, i]
            # Rounding must not make 1 of it, whose clock is infinite.
            s.clocks[r, i] = min(low + (high - low) * s.clocks[r, i], 1.0 - 2.0**-53)
            s.calm[i] = min(s.calm[i], false_clock(w, s, i, r))


@part
def prepare(w, s, i):
    """Find out what is wrong with a trial's change in each region (rules 3 and 4), and lay it out in rows."""
    s.ready[i], s.sick[i] = True, False
    s.memo[i, :] = np.nan
    for r in range(len(w.traffic)):
        s.minutes[i, r], s.false[i, r] = s.deploy[r, i], false_clock(w, s, i, r)
        s.fault[i, r], s.fails[i, r] = -1, 1 if s.failing[r, i] else 0
    for f in range(len(w.fault_breaks) - 1, -1, -1):
        if not w.fault_own[f] and not s.hits[f, i]:
            continue
        for r in range(len(w.traffic)):
            if w.fault_where[f, r] and (not w.fault_own[f] or s.own_hits[f, r, i]):
                if w.fault_breaks[f]:
                    s.fails[i, r] = 2
                else:
                    s.fault[i, r], s.sick[i] = f, True


@part
def false_clock(w, s, i, r):
    """Return the minutes from a region's first traffic to its false alarm."""
    rule = w.region_rules[r, FALSE]
    return np.inf if w.rules[rule, 0] == NEVER else w.rules[rule, 1] * -log(1.0 - s.clocks[r, i])
