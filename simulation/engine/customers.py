"""When customers have borne enough (rule 15): as ``simulation.customers``. Not here: their report (``rollout``)."""

import math

import numpy as np

from simulation.engine.demand import severity_of
from simulation.engine.jit import leaf, part
from simulation.engine.layout import (
    D_FULL,
    D_HARM,
    D_SERVED,
    D_START,
    HELD,
    ROLLING,
    SHARE,
    SOUND,
    STEPS,
)


@part
def piece_of(plans, strategy, served, full, t):
    """Return x at an instant, by how much more a minute it rises there, and when it bends next; never halted."""
    if t < served:
        return 0.0, 0.0, served
    if t >= full:
        return 1.0, 0.0, np.inf
    if strategy == ROLLING:
        return (t - served) / (full - served), full - served, full
    x, end = 0.0, served
    for k in range(plans.step_counts[strategy - STEPS]):
        if t < end:
            break
        x = plans.steps[strategy - STEPS, k, SHARE]
        end = end + plans.steps[strategy - STEPS, k, HELD]
    return x, 0.0, end


@leaf
def borne(worlds, plans, case, scratch, upto, stop, first, complaint, report, latest):
    """Return when so many requests of the fleet have failed, over regions that started before a stop.

    Infinity where the report would come after `latest`: something else has halted everything by then, or the book has
    closed.
    """
    left, t = complaint, first
    while t < np.inf and t + report <= latest:  # both may be infinite
        rate, slope, end = 0.0, 0.0, np.inf
        for pos in range(upto):
            if (
                scratch.at[D_START, pos] < stop
                and scratch.at[D_SERVED, pos] < np.inf
                and case.fault[case.order[pos]] != SOUND
            ):
                r = case.order[pos]
                x, rise, bend = piece_of(
                    plans, case.strategy[pos], scratch.at[D_SERVED, pos], scratch.at[D_FULL, pos], t
                )
                end = min(end, bend)
                if scratch.at[D_HARM, pos] > t:
                    end = min(end, scratch.at[D_HARM, pos])
                else:
                    own = worlds.traffic[r] * severity_of(worlds, case, r, case.fault[r])
                    rate += own * x
                    if rise > 0.0:
                        slope += own / rise
        if rate > 0.0 or slope > 0.0:
            needed = left / rate
            if slope > 0.0:
                needed = 2 * left / (rate + math.sqrt(rate * rate + 2 * slope * left))
            if t + needed <= end:
                return t + needed
            left -= (rate + slope * (end - t) / 2) * (end - t)
        t = end
    return np.inf
