"""What is read off a rollout (rules 17, 18, 22, 23). Not here: the rollout itself (``rollout``)."""

import numpy as np

from simulation.engine.demand import recall, recovery_of, severity_of
from simulation.engine.jit import part
from simulation.engine.layout import (
    C_DEPLOYED,
    C_FAILOVER,
    C_IMPACT,
    C_MIXED,
    C_PEAK,
    C_RECOVERED,
    C_REGIONS,
    C_SHARE,
    CHANGE,
    N_REACTION,
    REACTION,
    ROLLING,
    STEPS,
)
from simulation.engine.traffic import area_of, x_at


@part
def measure(w, p, v, c, stop, end, halt, upto, row, regional):
    """Roll back what a halt finds, and write the columns that follow."""
    halted = halt < np.inf
    back = np.inf
    if halted:
        back = halt + recall(w, v, 0, w.change_rules[REACTION], CHANGE, 0, N_REACTION)
    first_on, last_off, first_off, all_full = np.inf, 0.0, np.inf, 0.0
    hit, share = 0, 0.0
    for pos in range(upto):
        r, strategy = v.order[pos], v.strategy[pos]
        served, full = c.served[pos], c.full[pos]
        c.begin[pos] = np.inf
        x = 1.0
        started = c.start[pos] < stop and served < np.inf
        if halted and started:
            x = x_at(p, strategy, served, full, halt)
        if not started or x <= 0.0:
            all_full = np.inf
            continue
        off = np.inf
        if halted:
            off = back + recovery_of(w, v, r)
            last_off = max(last_off, off)
            first_off = min(first_off, off)
        first_on = min(first_on, served)
        all_full = max(all_full, full if full <= halt else np.inf)
        if v.fault[r] >= 0:
            hit += 1
            c.x[pos] = x
            c.until[pos] = min(off, w.horizon)
            c.begin[pos] = min(c.harm[pos], c.until[pos])
            share += w.share[r]
            regional[0, pos] += 1.0
    if upto == v.until and all_full < np.inf:
        row[C_DEPLOYED] = all_full
    else:
        all_full = np.inf
    if last_off > 0.0:
        row[C_RECOVERED] = last_off
    book = max(end, last_off)
    if first_on < book:
        row[C_MIXED] = book - first_on - max(min(first_off, book) - all_full, 0.0)
    row[C_REGIONS], row[C_SHARE] = hit, share
    if hit > 0:
        harm_done(w, p, v, c, halt, upto, row, regional)


@part
def harm_done(w, p, v, c, halt, upto, row, regional):
    """Add up the harm of the regions that were hit: those whose `begin` is finite or at the end of the book."""
    impact, begun, settled = 0.0, halt, np.inf
    for pos in range(upto):
        if c.begin[pos] < c.until[pos]:
            r = v.order[pos]
            own = w.share[r] * severity_of(w, v, r, v.fault[r]) * hurt_area(p, v, c, pos, halt)
            impact += own
            regional[1, pos] += c.until[pos] - c.begin[pos]
            regional[2, pos] += own
            begun = max(begun, c.begin[pos])
    for pos in range(upto):
        if c.begin[pos] < c.until[pos] and c.until[pos] > begun:
            settled = min(settled, c.until[pos])
    row[C_IMPACT] = impact
    # While regions hurt, x only rises: the supremum is just before the end of some harm. Once all that will hurt does,
    # and x is frozen, the sum only falls: no later end than the next can have the supremum.
    peak, done = 0.0, np.nan
    for pos in range(upto):
        until = c.until[pos]
        if c.begin[pos] < until and until <= settled and until != done:
            peak, done = max(peak, hurting_before(w, p, v, c, halt, upto, until)), until
    row[C_PEAK] = peak
    for q in range(len(w.pairs)):
        a, b = -1, -1
        for pos in range(upto):
            if c.begin[pos] < c.until[pos]:
                a = pos if v.order[pos] == w.pairs[q, 0] else a
                b = pos if v.order[pos] == w.pairs[q, 1] else b
        if a >= 0 and b >= 0 and max(c.begin[a], c.begin[b]) < min(c.until[a], c.until[b]):
            row[C_FAILOVER] = 1.0


@part
def hurt_area(p, v, c, pos, halt):
    """Return ∫ x dt while a region hurts: as deployed up to the halt, frozen after it."""
    begin, until = c.begin[pos], c.until[pos]
    area = 0.0
    if begin < halt:
        area = area_of(p, v.strategy[pos], c.served[pos], c.full[pos], begin, min(until, halt))
    if until > halt:
        area += c.x[pos] * (until - max(begin, halt))
    return area


@part
def x_left(p, v, c, pos, halt, t):
    """Return x just before an instant, the freeze included."""
    if t > halt:
        return c.x[pos]
    strategy, served, full = v.strategy[pos], c.served[pos], c.full[pos]
    if strategy == ROLLING:
        return x_at(p, strategy, served, full, t)
    if t > full:
        return 1.0
    x, instant = 0.0, served
    if strategy >= STEPS:
        for k in range(p.step_counts[strategy - STEPS]):
            if t <= instant:
                break
            x = p.steps[strategy - STEPS, k, 0]
            instant = instant + p.steps[strategy - STEPS, k, 1]
    return x


@part
def hurting_before(w, p, v, c, halt, upto, t):
    """Return Σ share × x over the regions that hurt just before an instant."""
    total = 0.0
    for pos in range(upto):
        if c.begin[pos] < t and t <= c.until[pos]:
            total += w.share[v.order[pos]] * x_left(p, v, c, pos, halt, t)
    return total
