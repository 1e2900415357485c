"""Rollouts in which nothing goes wrong, for a run of trials at once. Not here: all others (``rollout``)."""

import numpy as np

from simulation.engine.jit import leaf, part
from simulation.engine.layout import ROLLING
from simulation.engine.numbers import add, add_number, copy, raise_to, subtract
from simulation.engine.traffic import full_from


@leaf
def healthy(p, s, c, n):
    """Work rollouts out in which nothing goes wrong, for the whole run.

    Rounding keeps order, so the latest end is the wave's start plus the longest deployment, to the last bit; steps are
    added to the longest deployment of each strategy, in the model's order.
    """
    last = c.last
    for g in range(max(p.shared[n] - 1, 0), p.waves[n]):
        clock = c.clock[g]
        if g == 0:
            copy(clock, s.build)
        else:
            copy(clock, c.clock[g - 1])
            add(clock, s.handover[g])
        if p.approval[n, g]:
            add(clock, s.wait[g])
        low, high = np.int64(p.bounds[n, g]), np.int64(p.bounds[n, g + 1])
        if p.stepped[n]:
            step_ends(p, s, c, n, clock, low, high)
        else:
            copy(last, s.deploy[p.order[n, low]])
            for pos in range(low + 1, high):
                raise_to(last, s.deploy[p.order[n, pos]])
            add(last, clock)
        if g == 0:
            first_traffic(p, s, c, n, clock, high)
        add_number(clock, last, p.bake_minutes[n, g])
    copy(c.end, c.clock[p.waves[n] - 1])
    subtract(c.mixed, last, c.first)


@leaf
def first_traffic(p, s, c, n, clock, high):
    """Write when the first wave first has traffic anywhere."""
    for pos in range(high):
        if p.strategy[n, pos] == ROLLING:
            copy(c.first, clock)
            return
    for i in range(len(c.first)):
        least = np.inf
        for pos in range(high):
            minutes = s.deploy[p.order[n, pos], i]
            least = minutes if minutes < least else least
        c.first[i] = clock[i] + least


@leaf
def step_ends(p, s, c, n, clock, low, high):
    """Write the last end of a wave in which some region moves its traffic in steps."""
    for i in range(len(c.last)):
        latest = 0.0
        for pos in range(low, high):
            end = full_from(p, p.strategy[n, pos], clock[i], s.deploy[p.order[n, pos], i])
            latest = end if end > latest else latest
        c.last[i] = latest


@part
def untouched(p, s, c, n, i):
    """Whether no false alarm and no refusal comes before the end of a rollout in which nothing else is wrong."""
    return s.build[i] + s.calm[i] > c.end[i] and not (p.approved[n] and refused(p, s, n, i))


@part
def refused(p, s, n, i):
    """Whether an approval that the plan asks for is refused."""
    found = False
    for g in range(p.waves[n]):
        found = found or (p.approval[n, g] and s.rejected[g, i])
    return found
