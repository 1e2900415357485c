"""Where the minutes of a rollout go, part by part: as ``simulation.spending``, and only where that is asked for.

Not here: the rollout (``rollout``), which is over by then.
"""

import numpy as np

from simulation.engine.deployments import bake_of
from simulation.engine.jit import leaf, part
from simulation.engine.layout import (
    D_BEGUN,
    D_FULL,
    P_APPROVAL,
    P_BAKE,
    P_BUILD,
    P_CLOSED,
    P_DEPLOY,
    P_HANDOVER,
)
from simulation.engine.numbers import fill
from simulation.engine.windows import decided


@part
def spend(worlds, plans, block, case, scratch, i, n, upto, end, extras):
    """Write where a trial's minutes go, if that is asked for."""
    if len(scratch.spent) > 0:
        spend_all(worlds, plans, block, case, scratch, i, n, upto, end, extras)


@leaf
def spend_all(worlds, plans, block, case, scratch, i, n, upto, end, extras):
    """Write a trial's minutes to the end of its pipeline, part by part; `upto` is before which position it deployed."""
    spent = scratch.spent[i]
    fill(spent, 0.0)
    t = block.build[i]
    spent[P_BUILD] = t
    for wave in range(plans.waves[n]):
        if wave > 0:
            asked = t + block.handover[wave, i]
            spent[P_HANDOVER] += before(end, asked) - before(end, t)
            t = asked
        if plans.approval[n, wave]:
            start = decided(worlds, case.push, t, block.wait[wave, i], extras)
            spent[P_APPROVAL] += before(end, start) - before(end, t)
            t = start
        low, high = np.int64(plans.bounds[n, wave]), np.int64(plans.bounds[n, wave + 1])
        if low >= upto or t >= end:
            return
        last = t
        for pos in range(low, high):
            last = max(last, scratch.at[D_FULL, pos])
        closed = idle(scratch.at[D_BEGUN], scratch.at[D_FULL], low, high, t, before(end, last))
        spent[P_CLOSED] += closed
        spent[P_DEPLOY] += before(end, last) - t - closed
        minutes, requests = plans.bake_minutes[n, wave], plans.bake_requests[n, wave]
        t = last + bake_of(worlds, plans, case, scratch, low, high, minutes, requests, last)
        spent[P_BAKE] += before(end, t) - before(end, last)


@part
def before(end, t):
    """Return an instant, or the end where that comes first."""
    return t if t < end else end


@leaf
def idle(begun, full, low, high, t, until):
    """Return the minutes between two instants in which none of some regions deploys."""
    total = 0.0
    while t < until:
        reach, comes = t, until
        for pos in range(low, high):
            if begun[pos] <= t:
                reach = max(reach, full[pos])
            else:
                comes = min(comes, begun[pos])
        if reach > t:
            t = reach
        else:
            total += comes - t
            t = comes
    return total
