"""How the compiled engine takes a tape: what is known is put where draws are kept, before any plan looks there.

Not here: what a tape is (``simulation.tape``), how it becomes arrays (``taping``), the draws (``worlds``, ``demand``).
"""

import numpy as np

from simulation.engine.jit import entry, leaf
from simulation.engine.layout import (
    BUILD_FAILS,
    T_ATTEMPT,
    T_BUILD,
    T_BUILD_FAILURE,
    T_CHANGE,
    T_DEPLOY,
    T_FAILURE,
    T_FALSE,
    T_HANDOVER,
    T_HIT,
    T_OWN_FAULT,
    T_OWN_HIT,
    T_PUSH,
    T_REGION,
    T_REJECTION,
    T_WAIT,
    WRONG,
)
from simulation.engine.numbers import fill
from simulation.engine.worlds import prepare


@entry
def play(worlds, block, places, values):
    """Put what is known of a block's trials in place of what was drawn; all else stays."""
    for a in range(len(places)):
        target, index = places[a, 0], places[a, 1]
        if target == T_BUILD:
            lay(block.build, values[a])
        elif target == T_PUSH:
            lay(block.push, values[a])
        elif target == T_BUILD_FAILURE:
            lay_failure(block.state, values[a])
        elif target == T_DEPLOY:
            lay(block.deploy[index], values[a])
        elif target == T_FAILURE:
            lay_yes_no(block.failing[index], values[a])
        elif target == T_HIT:
            lay_yes_no(block.hits[index], values[a])
        elif target == T_OWN_HIT:
            lay_yes_no(block.own_hits[places[a, 2], index], values[a])
        elif index < len(block.handover):  # gates that no plan has are nobody's
            if target == T_HANDOVER:
                lay(block.handover[index], values[a])
            elif target == T_WAIT:
                lay(block.wait[index], values[a])
            elif target == T_REJECTION:
                lay_yes_no(block.rejected[index], values[a])
    find_wrong(block.state, block.hits, block.own_hits, block.failing)
    forget(block.tries)
    find_remembered(block.ready, places, values)
    for i in range(len(block.build)):
        if block.ready[i]:
            prepare(worlds, block, i)
            remember(
                block.fault[i], block.memo[i], block.region_memo[i], block.false[i], block.tries[i], places, values, i
            )
            block.calm[i] = np.inf
            for r in range(len(worlds.traffic)):
                block.calm[i] = min(block.calm[i], block.false[i, r])


@leaf
def lay(row, known):
    """Write what is known over a row."""
    for i in range(len(row)):
        row[i] = row[i] if np.isnan(known[i]) else known[i]


@leaf
def lay_yes_no(row, known):
    """Write what is known over a row of yes and no."""
    for i in range(len(row)):
        row[i] = row[i] if np.isnan(known[i]) else known[i] == 1.0


@leaf
def lay_failure(state, known):
    """Write whether builds fail where that is known."""
    for i in range(len(state)):
        if not np.isnan(known[i]):
            state[i] = np.int8(BUILD_FAILS if known[i] == 1.0 else 0)


@leaf
def find_wrong(state, hits, own_hits, failing):
    """Note anew with which trials something is wrong."""
    for i in range(len(state)):
        state[i] = state[i] & np.int8(BUILD_FAILS)
    for f in range(len(hits)):
        for i in range(len(state)):
            state[i] = state[i] | np.int8(WRONG if hits[f, i] else 0)
        for r in range(len(failing)):
            for i in range(len(state)):
                state[i] = state[i] | np.int8(WRONG if own_hits[f, r, i] else 0)
    for r in range(len(failing)):
        for i in range(len(state)):
            state[i] = state[i] | np.int8(WRONG if failing[r, i] else 0)


@leaf
def forget(tries):
    """Write that nothing is known of any attempt."""
    for i in range(len(tries)):
        for r in range(tries.shape[1]):
            for k in range(tries.shape[2]):
                fill(tries[i, r, k], np.nan)


@leaf
def find_remembered(ready, places, values):
    """Mark the trials of which something is known that their rows remember."""
    for a in range(len(places)):
        if places[a, 0] >= T_FALSE:
            for i in range(len(ready)):
                ready[i] = ready[i] or not np.isnan(values[a, i])


@leaf
def remember(fault, memo, region_memo, false, tries, places, values, i):
    """Write what is known of one trial where its rows remember what they have drawn."""
    for a in range(len(places)):
        target, index, occurrence, slot = places[a, 0], places[a, 1], places[a, 2], places[a, 3]
        value = values[a, i]
        if target < T_FALSE or np.isnan(value):
            continue
        if target == T_FALSE:
            false[index] = value
        elif target == T_CHANGE:
            memo[slot] = value
        elif target == T_REGION:
            region_memo[index, slot] = value
        elif target == T_OWN_FAULT:
            if fault[index] == occurrence:
                region_memo[index, slot] = value
        elif target == T_ATTEMPT:
            tries[index, occurrence, slot] = value
        else:
            for r in range(len(fault)):
                if fault[r] == index:
                    region_memo[r, slot] = value
