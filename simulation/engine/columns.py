"""What is read off a rollout (rules 17, 18, 22, 23). Not here: the rollout itself (``rollout``)."""

import numpy as np

from simulation.engine.demand import (
    manual_of,
    night_reaction_of,
    reaction_of,
    rollback_fails,
    rollback_of,
    severity_of,
)
from simulation.engine.jit import leaf, part
from simulation.engine.layout import (
    C_DEPLOYED,
    C_FAILOVER,
    C_HARMED,
    C_IMPACT,
    C_MIXED,
    C_OUTCOME,
    C_PEAK,
    C_RECOVERED,
    C_REGIONS,
    C_SHARE,
    D_BEGIN,
    D_DOWN,
    D_FULL,
    D_HARM,
    D_OFF,
    D_SERVED,
    D_START,
    D_UNTIL,
    D_X,
    DEPLOY_FAILED,
    HAS_FAILED,
    HELD,
    R_EXPOSED,
    R_IMPACT,
    R_MINUTES,
    ROLLING,
    SHARE,
    SOUND,
    STEPS,
)
from simulation.engine.traffic import area_of, x_at
from simulation.engine.windows import by_night


@part
def measure(worlds, plans, case, scratch, stop, end, halt, upto, first, behind, row, regional, extras):
    """Take back what a halt finds, and write the columns that follow.

    A machine rolls back from the first position to before the one behind; people recover the rest.
    """
    halted = halt < np.inf
    back = people = np.inf
    if halted:
        back = people = halt + reaction_of(worlds, case)
        if extras is not None and len(worlds.staffed) > 0:
            people = recovery_from(worlds, case, halt)
    first_on, last_off, first_off, all_full = np.inf, 0.0, np.inf, 0.0
    hit, share, deployed, falls = 0, 0.0, 0.0, np.inf
    for pos in range(upto):
        r, strategy = case.order[pos], case.strategy[pos]
        served, full = scratch.at[D_SERVED, pos], scratch.at[D_FULL, pos]
        scratch.at[D_BEGIN, pos] = np.inf
        x = 1.0
        started = scratch.at[D_START, pos] < stop and served < np.inf
        if halted and started:
            x = x_at(plans, strategy, served, full, halt)
        if not started or x <= 0.0:
            all_full = np.inf
            if scratch.at[D_START, pos] != HAS_FAILED:
                deployed = np.inf
            continue
        off = down = np.inf
        if halted:
            machine = True
            if extras is not None:
                machine = first <= pos < behind
            if machine and not rollback_fails(worlds, case, r):
                off = back + rollback_of(worlds, case, r)
                down = back if strategy == ROLLING and back < off else np.inf
            else:
                off = people + manual_of(worlds, case, r)
            last_off = max(last_off, off)
            first_off = min(first_off, off, down)
        first_on = min(first_on, served)
        all_full = max(all_full, full if full <= halt else np.inf)
        deployed = max(deployed, full if full <= halt else np.inf)
        if case.fault[r] != SOUND:
            hit += 1
            scratch.at[D_X, pos], scratch.at[D_OFF, pos], scratch.at[D_DOWN, pos] = x, off, down
            falls = min(falls, down)
            scratch.at[D_UNTIL, pos] = min(off, worlds.horizon)
            scratch.at[D_BEGIN, pos] = min(scratch.at[D_HARM, pos], scratch.at[D_UNTIL, pos])
            share += worlds.share[r] * x
            regional[R_EXPOSED, pos] += 1.0
    if upto < case.until:
        all_full = deployed = np.inf
    if 0.0 < deployed < np.inf and row[C_OUTCOME] != DEPLOY_FAILED:
        row[C_DEPLOYED] = deployed
    if last_off > 0.0:
        row[C_RECOVERED] = last_off
    book = max(end, last_off)
    if first_on < book:
        row[C_MIXED] = book - first_on - max(min(first_off, book) - all_full, 0.0)
    row[C_REGIONS], row[C_SHARE] = hit, share
    if hit > 0:
        harm_done(worlds, plans, case, scratch, halt, falls, upto, row, regional)


@leaf
def recovery_from(worlds, case, halt):
    """Return from when on people recover regions, where they are not always there (rule 25)."""
    if by_night(worlds, case.push, halt):
        return halt + night_reaction_of(worlds, case)
    return halt + reaction_of(worlds, case)


@part
def harm_done(worlds, plans, case, scratch, halt, down, upto, row, regional):
    """Add up the harm of the regions that were hit: those whose `begin` is finite or at the end of the book.

    Some regions' traffic falls from `down` on; infinity where none does.
    """
    impact, begun, settled, harmed = 0.0, halt, np.inf, np.inf
    for pos in range(upto):
        if scratch.at[D_BEGIN, pos] < scratch.at[D_UNTIL, pos]:
            r = case.order[pos]
            own = (
                worlds.share[r]
                * severity_of(worlds, case, r, case.fault[r])
                * hurt_area(plans, case, scratch, pos, halt)
            )
            impact += own
            regional[R_MINUTES, pos] += scratch.at[D_UNTIL, pos] - scratch.at[D_BEGIN, pos]
            regional[R_IMPACT, pos] += own
            begun = max(begun, scratch.at[D_BEGIN, pos])
            harmed = min(harmed, scratch.at[D_BEGIN, pos])
    for pos in range(upto):
        if scratch.at[D_BEGIN, pos] < scratch.at[D_UNTIL, pos] and scratch.at[D_UNTIL, pos] > begun:
            settled = min(settled, scratch.at[D_UNTIL, pos])
    row[C_IMPACT] = impact
    row[C_HARMED] = harmed if harmed < np.inf else 0.0
    # While regions hurt, x only rises: the supremum is just before the end of some harm. Once all that will hurt does,
    # and x is frozen, the sum only falls: no later end than the next can have the supremum, and none where x falls.
    peak, done, settled = 0.0, np.nan, min(settled, down)
    for pos in range(upto):
        until = scratch.at[D_UNTIL, pos]
        if scratch.at[D_BEGIN, pos] < until and until <= settled and until != done:
            peak, done = max(peak, hurting_before(worlds, plans, case, scratch, halt, upto, until)), until
    # Where x falls before that, the supremum may also be where it begins to, just before or, as a step may be taken at
    # that very instant, just after; or where some harm begins on the way down.
    if down < np.inf:
        peak = max(peak, hurting_before(worlds, plans, case, scratch, halt, upto, down))
        peak = max(peak, hurting_after(worlds, case, scratch, upto, down))
        for pos in range(upto):
            if down <= scratch.at[D_BEGIN, pos] < scratch.at[D_UNTIL, pos]:
                peak = max(peak, hurting_after(worlds, case, scratch, upto, scratch.at[D_BEGIN, pos]))
    row[C_PEAK] = peak
    for q in range(len(worlds.pairs)):
        a, b = -1, -1
        for pos in range(upto):
            if scratch.at[D_BEGIN, pos] < scratch.at[D_UNTIL, pos]:
                a = pos if case.order[pos] == worlds.pairs[q, 0] else a
                b = pos if case.order[pos] == worlds.pairs[q, 1] else b
        if (
            a >= 0
            and b >= 0
            and max(scratch.at[D_BEGIN, a], scratch.at[D_BEGIN, b])
            < min(scratch.at[D_UNTIL, a], scratch.at[D_UNTIL, b])
        ):
            row[C_FAILOVER] = 1.0


@part
def hurt_area(plans, case, scratch, pos, halt):
    """Return ∫ x dt while a region hurts: as deployed up to the halt, frozen after it."""
    begin, until = scratch.at[D_BEGIN, pos], scratch.at[D_UNTIL, pos]
    area = 0.0
    if begin < halt:
        area = area_of(
            plans, case.strategy[pos], scratch.at[D_SERVED, pos], scratch.at[D_FULL, pos], begin, min(until, halt)
        )
    stays, down = until, scratch.at[D_DOWN, pos]
    if down < until:
        stays = down
        since, x = max(begin, down), scratch.at[D_X, pos]
        lost = x / (scratch.at[D_OFF, pos] - down)  # a minute
        area += (x - lost * ((since - down) + (until - down)) / 2) * (until - since)
    if stays > max(begin, halt):
        area += scratch.at[D_X, pos] * (stays - max(begin, halt))
    return area


@part
def falling(scratch, pos, t):
    """Return x at an instant after the halt: as it was frozen, or on its way down."""
    x, down = scratch.at[D_X, pos], scratch.at[D_DOWN, pos]
    return x if t <= down else x - x * ((t - down) / (scratch.at[D_OFF, pos] - down))


@part
def x_left(plans, case, scratch, pos, halt, t):
    """Return x just before an instant, the freeze included."""
    if t > halt:
        return falling(scratch, pos, t)
    strategy, served, full = case.strategy[pos], scratch.at[D_SERVED, pos], scratch.at[D_FULL, pos]
    if strategy == ROLLING:
        return x_at(plans, strategy, served, full, t)
    if t > full:
        return 1.0
    x, instant = 0.0, served
    if strategy >= STEPS:
        for k in range(plans.step_counts[strategy - STEPS]):
            if t <= instant:
                break
            x = plans.steps[strategy - STEPS, k, SHARE]
            instant = instant + plans.steps[strategy - STEPS, k, HELD]
    return x


@part
def hurting_before(worlds, plans, case, scratch, halt, upto, t):
    """Return Σ share × x over the regions that hurt just before an instant."""
    total = 0.0
    for pos in range(upto):
        if scratch.at[D_BEGIN, pos] < t and t <= scratch.at[D_UNTIL, pos]:
            total += worlds.share[case.order[pos]] * x_left(plans, case, scratch, pos, halt, t)
    return total


@part
def hurting_after(worlds, case, scratch, upto, t):
    """Return Σ share × x over the regions that hurt just after an instant that is after the halt."""
    total = 0.0
    for pos in range(upto):
        if scratch.at[D_BEGIN, pos] <= t and t < scratch.at[D_UNTIL, pos]:
            total += worlds.share[case.order[pos]] * falling(scratch, pos, t)
    return total
