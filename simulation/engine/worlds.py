"""What a block of trials draws for all plans before any of them begins: build, deployments, faults, gates.

The numbers of purposes are ``draws``'. Not here: what only a trial in which something goes wrong asks for
(``demand``).
"""

import numpy as np

from simulation.engine.demand import fault_uniform
from simulation.engine.jit import entry, leaf, part
from simulation.engine.layout import (
    ALWAYS_FAILS,
    APPROVAL_WAIT,
    BUILD,
    BUILD_FAILS,
    BUILD_FAILURE,
    CHANGE,
    DEPLOY,
    DEPLOY_FAILURE,
    DEPLOYS,
    FAILS,
    FALSE,
    FAMILY,
    FAULT,
    GATE,
    HANDOVER,
    HEALTHY,
    HIT,
    M_BY_ALARMS,
    M_FAILS,
    M_SEVERITY,
    N_APPROVAL_WAIT,
    N_BUILD,
    N_DEPLOY,
    N_FALSE_ALARM,
    N_HANDOVER,
    N_HIT,
    N_PUSH,
    N_SEVERITY,
    NOTHING,
    REGION,
    REJECTION,
    SEVERITIES,
    SEVERITY,
    SOUND,
    WRONG,
)
from simulation.engine.numbers import CONSTANT, NEVER, copy, fill, fill_quantiles, fill_words, log, quantile


@entry
def open_block(worlds, block, trials, u_even, u_odd, approvals):
    """Draw, for some trials by their numbers, what even a healthy one needs; forget what the last block drew.

    `approvals` says for each wave of the longest plan whether any plan asks for an approval there.
    """
    for i in range(len(block.ready)):
        block.ready[i] = False
    fill_change(worlds, block, trials, u_even, u_odd)
    if worlds.push_total > 0.0:
        fill_push(worlds, block, trials, u_even, u_odd)
    fill_regions(worlds, block, trials, u_even, u_odd)
    for f in range(len(worlds.fault_breaks)):
        if worlds.fault_own[f]:
            for r in range(len(worlds.traffic)):
                if worlds.fault_where[f, r]:
                    fill_words(worlds.seed, trials, np.uint64(REGION << 24 | r), N_HIT, np.int64(f), u_even, u_odd)
                    mark(block.state, u_even, worlds.fault_chances[f, HIT], block.own_hits[f, r])
        else:
            fill_words(worlds.seed, trials, np.uint64(FAULT << 24 | f), N_HIT, NOTHING, u_even, u_odd)
            mark(block.state, u_even, worlds.fault_chances[f, HIT], block.hits[f])
    for g in range(len(approvals)):
        if g > 0:
            fill_handover(worlds, block.handover[g], trials, g, u_even, u_odd)
        if approvals[g]:
            fill_gate(worlds, block, trials, g, u_even, u_odd)


@leaf
def mark(state, u, chance, hits):
    """Note which trials something hits, and that something is wrong with them."""
    for i in range(len(u)):
        hits[i] = u[i] < chance
        state[i] = state[i] | np.int8(WRONG if hits[i] else HEALTHY)


@leaf
def fill_handover(worlds, out, trials, gate, u_even, u_odd):
    """Draw the minutes between a wave's end and the next one's beginning; nothing, where they are constant."""
    rule = worlds.change_rules[HANDOVER]
    if worlds.rules[rule, FAMILY] == CONSTANT:
        fill(out, worlds.rules[rule, 1])
    else:
        fill_words(worlds.seed, trials, np.uint64(GATE << 24 | gate), N_HANDOVER, NOTHING, u_even, u_odd)
        fill_quantiles(worlds.rules, worlds.table, rule, u_even, out)


@leaf
def fill_change(worlds, block, trials, u_even, u_odd):
    """Draw the build and its failure, which share a block."""
    fill_words(worlds.seed, trials, np.uint64(CHANGE << 24), N_BUILD, NOTHING, u_even, u_odd)
    fill_quantiles(worlds.rules, worlds.table, worlds.change_rules[BUILD], u_even, block.build)
    for i in range(len(u_even)):
        block.state[i] = np.int8(BUILD_FAILS if u_odd[i] < worlds.change_chances[BUILD_FAILURE] else HEALTHY)


@leaf
def fill_push(worlds, block, trials, u_even, u_odd):
    """Draw the minutes from the first allowed push to the push."""
    fill_words(worlds.seed, trials, np.uint64(CHANGE << 24), N_PUSH, NOTHING, u_even, u_odd)
    before = worlds.push_before
    for i in range(len(u_odd)):
        gone = u_odd[i] * worlds.push_total
        low, high = 0, len(before)
        while high - low > 1:
            middle = (low + high) // 2
            if before[middle] <= gone:
                low = middle
            else:
                high = middle
        block.push[i] = worlds.push_begin[low] + (gone - before[low])


@leaf
def fill_regions(worlds, block, trials, u_even, u_odd):
    """Draw each region's first deployment and its failure, which share a block, and the least false-alarm clock."""
    fill(block.calm, np.inf)
    for r in range(len(worlds.traffic)):
        c1 = np.uint64(REGION << 24 | r)
        fill_words(worlds.seed, trials, c1, N_DEPLOY, NOTHING, u_even, u_odd)
        fill_quantiles(worlds.rules, worlds.table, worlds.region_rules[r, DEPLOY], u_even, block.deploy[r])
        mark(block.state, u_odd, worlds.region_chances[r, DEPLOY_FAILURE], block.failing[r])
        rule = worlds.region_rules[r, FALSE]
        if worlds.rules[rule, FAMILY] != NEVER:
            fill_words(worlds.seed, trials, c1, N_FALSE_ALARM, NOTHING, u_even, block.clocks[r])
            copy(u_odd, block.clocks[r])
            if not worlds.alike:
                fill_quantiles(worlds.rules, worlds.table, rule, block.clocks[r], u_odd)
            for i in range(len(u_odd)):
                block.calm[i] = u_odd[i] if u_odd[i] < block.calm[i] else block.calm[i]
    if worlds.alike and worlds.rules[worlds.region_rules[0, FALSE], FAMILY] != NEVER:
        fill_quantiles(worlds.rules, worlds.table, worlds.region_rules[0, FALSE], block.calm, block.calm)


@leaf
def fill_gate(worlds, block, trials, g, u_even, u_odd):
    """Draw a gate's wait and its decision, which share a block."""
    fill_words(worlds.seed, trials, np.uint64(GATE << 24 | g), N_APPROVAL_WAIT, NOTHING, u_even, u_odd)
    fill_quantiles(worlds.rules, worlds.table, worlds.change_rules[APPROVAL_WAIT], u_even, block.wait[g])
    for i in range(len(u_odd)):
        block.rejected[g, i] = u_odd[i] < worlds.change_chances[REJECTION]


@entry
def impose(worlds, block, given, at, trials):
    """Put what goes wrong as it is given, from a place on, in place of what was drawn; all else stays."""
    for i in range(len(block.build)):
        some, k = False, at + i
        for f in range(len(worlds.fault_breaks)):
            block.hits[f, i] = given.hits[f, k]
            some = some or given.hits[f, k]
            for r in range(len(worlds.traffic)):
                block.own_hits[f, r, i] = given.own_hits[f, r, k]
                some = some or given.own_hits[f, r, k]
        for r in range(len(worlds.traffic)):
            block.failing[r, i] = given.failing[r, k]
            some = some or given.failing[r, k]
        block.state[i] = np.int8(BUILD_FAILS if given.build[k] else WRONG if some else HEALTHY)
        if not some:
            continue
        prepare(worlds, block, i)
        for r in range(len(worlds.traffic)):
            f, memo = block.fault[i, r], block.region_memo[i, r]
            if given.stuck[r, k] >= 0:
                memo[M_FAILS] = np.float64(given.stuck[r, k])
            if f != SOUND and given.seen[f, k] >= 0:
                memo[M_BY_ALARMS] = np.float64(given.seen[f, k])
            if f != SOUND and given.severe[f, k] >= 0:
                memo[M_SEVERITY] = graded(worlds, trials[i], f, r, given.severe[f, k])


@part
def graded(worlds, trial, f, r, severe):
    """Return a severity that lies in a part of its distribution."""
    low, high = SEVERITIES[severe], SEVERITIES[severe + 1]
    u = low + (high - low) * fault_uniform(worlds.seed, worlds.fault_own, trial, f, r, N_SEVERITY)
    return quantile(worlds.rules, worlds.table, worlds.fault_rules[f, SEVERITY], min(u, 1.0 - 2.0**-53))


@entry
def impose_noise(worlds, block, given, at):
    """Put refusals as they are given, from a place on, and each false alarm between the quantiles given."""
    for g in range(len(block.rejected)):
        copy(block.rejected[g], given.rejected[g, at:])
    fill(block.calm, np.inf)
    for i in range(len(block.build)):
        for r in range(len(worlds.traffic)):
            low, high = given.low[r, at + i], given.high[r, at + i]
            # Rounding must not make 1 of it, whose clock is infinite.
            block.clocks[r, i] = min(low + (high - low) * block.clocks[r, i], 1.0 - 2.0**-53)
            block.calm[i] = min(block.calm[i], false_clock(worlds, block, i, r))


@part
def prepare(worlds, block, i):
    """Find out what is wrong with a trial's change in each region (rules 3 and 4), and lay it out in rows."""
    block.ready[i], block.sick[i] = True, False
    fill(block.memo[i], np.nan)
    for r in range(len(worlds.traffic)):
        block.minutes[i, r], block.false[i, r] = block.deploy[r, i], false_clock(worlds, block, i, r)
        fill(block.region_memo[i, r], np.nan)
        block.fault[i, r], block.fails[i, r] = SOUND, FAILS if block.failing[r, i] else DEPLOYS
    for f in range(len(worlds.fault_breaks) - 1, -1, -1):
        if not worlds.fault_own[f] and not block.hits[f, i]:
            continue
        for r in range(len(worlds.traffic)):
            if worlds.fault_where[f, r] and (not worlds.fault_own[f] or block.own_hits[f, r, i]):
                if worlds.fault_breaks[f]:
                    block.fails[i, r] = ALWAYS_FAILS
                else:
                    block.fault[i, r], block.sick[i] = f, True


@part
def false_clock(worlds, block, i, r):
    """Return the minutes from a region's first traffic to its false alarm."""
    rule = worlds.region_rules[r, FALSE]
    return np.inf if worlds.rules[rule, FAMILY] == NEVER else worlds.rules[rule, 1] * -log(1.0 - block.clocks[r, i])
