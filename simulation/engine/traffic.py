"""Traffic on the new version (rule 10), and what alarms gather from it (rule 13).

Steps are walked in order, each instant its parent's plus the minutes held. Not here: who deploys when (``rollout``).
"""

import math

import numpy as np

from simulation.engine.jit import part
from simulation.engine.layout import HELD, ROLLING, SHARE, SLACK, STEPS


@part
def served_from(strategy, start, minutes):
    """Return when a deployment first has traffic."""
    return start if strategy == ROLLING else start + minutes


@part
def full_from(plans, strategy, start, minutes):
    """Return when a deployment has all the region's traffic."""
    t = start + minutes
    if strategy >= STEPS:
        for k in range(plans.step_counts[strategy - STEPS]):
            t = t + plans.steps[strategy - STEPS, k, HELD]
    return t


@part
def x_at(plans, strategy, served, full, t):
    """Return the share of a region's traffic on the new version at an instant, never halted."""
    if t < served:
        return 0.0
    if t >= full:
        return 1.0
    if strategy == ROLLING:
        return (t - served) / (full - served)
    x, end = 0.0, served
    for k in range(plans.step_counts[strategy - STEPS]):
        if t < end:
            break
        x = plans.steps[strategy - STEPS, k, SHARE]
        end = end + plans.steps[strategy - STEPS, k, HELD]
    return x


@part
def area_of(plans, strategy, served, full, low, high):
    """Return ∫ x dt between two instants, never halted."""
    low = max(low, served)
    if high <= low:
        return 0.0
    total = high - max(low, full) if high > full else 0.0
    top = min(high, full)
    if low >= top:
        return total
    if strategy == ROLLING:
        a, b = (low - served) / (full - served), (top - served) / (full - served)
        return total + (a + b) / 2 * (top - low)
    end = served
    for k in range(plans.step_counts[strategy - STEPS]):
        begin, end = end, end + plans.steps[strategy - STEPS, k, HELD]
        overlap = min(end, top) - max(begin, low)
        if overlap > 0.0:
            total += plans.steps[strategy - STEPS, k, SHARE] * overlap
    return total


@part
def gathered(plans, strategy, served, full, harm, rate, threshold, evidence):
    """Return when a region has gathered the failed requests its alarms need (rule 13)."""
    if threshold - SLACK > 1.0:
        return np.inf
    left = evidence
    if strategy == ROLLING and harm < full:
        length = full - served
        start = max(harm, served + length * max(threshold - SLACK, 0.0))
        if start < full:
            t = served + math.sqrt((start - served) ** 2 + 2 * length * left / rate)
            if t <= full:
                return t
            left -= rate * (1.0 - ((start - served) / length) ** 2) * length / 2
    elif strategy >= STEPS:
        end = served
        for k in range(plans.step_counts[strategy - STEPS]):
            begin, end = end, end + plans.steps[strategy - STEPS, k, HELD]
            x = plans.steps[strategy - STEPS, k, SHARE]
            if end <= harm or x < threshold - SLACK:
                continue
            start = max(begin, harm)
            need = left / (rate * x)
            if start + need <= end:
                return start + need
            left -= rate * x * (end - start)
    return max(full, harm) + left / rate
