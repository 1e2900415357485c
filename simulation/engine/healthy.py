"""Rollouts in which nothing goes wrong, for a run of trials at once. Not here: all others (``rollout``)."""

import numpy as np

from simulation.engine.jit import leaf, part
from simulation.engine.layout import (
    E_END,
    E_FIRST,
    E_LAST,
    E_MIXED,
    ROLLING,
)
from simulation.engine.numbers import add, add_number, copy, raise_to, subtract
from simulation.engine.traffic import full_from, served_from
from simulation.engine.windows import decided, opening


@leaf
def healthy(worlds, plans, block, scratch, n, extras):
    """Work rollouts out in which nothing goes wrong, for the whole run.

    Rounding keeps order, so the latest end is the wave's start plus the longest deployment, to the last bit; steps are
    added to the longest deployment of each strategy, in the model's order.
    """
    last = scratch.whole[E_LAST]
    for g in range(max(plans.shared[n] - 1, 0), plans.waves[n]):
        clock = scratch.clock[g]
        if g == 0:
            copy(clock, block.build)
        else:
            copy(clock, scratch.clock[g - 1])
            add(clock, block.handover[g])
        if plans.approval[n, g]:
            if extras is not None and len(worlds.staffed) > 0:
                decisions(worlds, block, clock, block.wait[g], extras)
            else:
                add(clock, block.wait[g])
        low, high = np.int64(plans.bounds[n, g]), np.int64(plans.bounds[n, g + 1])
        apart = False
        if extras is not None and plans.windowed[n, g]:
            apart = not alike(plans, n, low, high)
            if apart:
                windowed_ends(plans, block, scratch, n, clock, low, high)
            else:
                wait_for_windows(plans, block, clock, plans.calendar[n, low])
        if not apart:
            ends(plans, block, scratch, n, clock, low, high)
        if g == 0 and not apart:
            first_traffic(plans, block, scratch, n, clock, high)
        add_number(clock, last, plans.bake_minutes[n, g])
    copy(scratch.whole[E_END], scratch.clock[plans.waves[n] - 1])
    subtract(scratch.whole[E_MIXED], last, scratch.whole[E_FIRST])


@leaf
def ends(plans, block, scratch, n, clock, low, high):
    """Write the last end of a wave whose regions all start at once."""
    last = scratch.whole[E_LAST]
    if plans.stepped[n]:
        step_ends(plans, block, scratch, n, clock, low, high)
        return
    copy(last, block.deploy[plans.order[n, low]])
    for pos in range(low + 1, high):
        raise_to(last, block.deploy[plans.order[n, pos]])
    add(last, clock)


@leaf
def decisions(worlds, block, clock, wait, extras):
    """Go on to the decisions of approvals that wait for staffed minutes."""
    for i in range(len(clock)):
        clock[i] = decided(worlds, block.push[i], clock[i], wait[i], extras)


@part
def alike(plans, n, low, high):
    """Return whether all regions of a wave have one calendar."""
    same = True
    for pos in range(low + 1, high):
        same = same and plans.calendar[n, pos] == plans.calendar[n, low]
    return same


@leaf
def wait_for_windows(plans, block, clock, calendar):
    """Go on to when a wave's window is open."""
    for i in range(len(clock)):
        clock[i] = opening(plans, calendar, block.push[i], clock[i])


@leaf
def windowed_ends(plans, block, scratch, n, clock, low, high):
    """Write the last end of a wave whose regions wait for windows of their own, and when any of them has traffic."""
    for i in range(len(clock)):
        start, latest, first, push = clock[i], 0.0, np.inf, block.push[i]
        for pos in range(low, high):
            if pos == low or plans.calendar[n, pos] != plans.calendar[n, pos - 1]:
                start = opening(plans, plans.calendar[n, pos], push, clock[i])
            minutes, strategy = block.deploy[plans.order[n, pos], i], plans.strategy[n, pos]
            latest = max(latest, full_from(plans, strategy, start, minutes))
            first = min(first, served_from(strategy, start, minutes))
        scratch.whole[E_LAST, i] = latest
        if low == 0:
            scratch.whole[E_FIRST, i] = first


@leaf
def first_traffic(plans, block, scratch, n, clock, high):
    """Write when the first wave first has traffic anywhere."""
    for pos in range(high):
        if plans.strategy[n, pos] == ROLLING:
            copy(scratch.whole[E_FIRST], clock)
            return
    for i in range(len(scratch.whole[E_FIRST])):
        least = np.inf
        for pos in range(high):
            minutes = block.deploy[plans.order[n, pos], i]
            least = minutes if minutes < least else least
        scratch.whole[E_FIRST, i] = clock[i] + least


@leaf
def step_ends(plans, block, scratch, n, clock, low, high):
    """Write the last end of a wave in which some region moves its traffic in steps."""
    for i in range(len(scratch.whole[E_LAST])):
        latest = 0.0
        for pos in range(low, high):
            end = full_from(plans, plans.strategy[n, pos], clock[i], block.deploy[plans.order[n, pos], i])
            latest = end if end > latest else latest
        scratch.whole[E_LAST, i] = latest


@part
def untouched(plans, block, scratch, n, i):
    """Return whether no false alarm and no refusal comes before the end of a rollout in which nothing else is wrong."""
    return block.build[i] + block.calm[i] > scratch.whole[E_END, i] and not (
        plans.approved[n] and refused(plans, block, n, i)
    )


@leaf
def mark_late(plans, block, scratch, n):
    """Put off for ever the end of rollouts in which a deployment takes longer than the plan's timeout.

    So they are not `untouched`.
    """
    for pos in range(plans.bounds[n, plans.waves[n]]):
        minutes = block.deploy[plans.order[n, pos]]
        for i in range(len(scratch.whole[E_END])):
            scratch.whole[E_END, i] = np.inf if minutes[i] > plans.timeout[n] else scratch.whole[E_END, i]


@part
def refused(plans, block, n, i):
    """Return whether an approval that the plan asks for is refused."""
    found = False
    for g in range(plans.waves[n]):
        found = found or (plans.approval[n, g] and block.rejected[g, i])
    return found
