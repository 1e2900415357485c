"""What the compiled engine is called by: every plan in a run of trials, row by row, by strata, or as sums.

Nothing is validated here, and nothing is allocated per trial. `extras` is None where nobody asks for what only few do
(``packing`` says who): code behind `extras is not None` is then left out, and compiled only once somebody does. So
there are two of all that is called with it, from one source. How plans and scenarios become arrays is in ``packing``,
who calls with which trials in ``worker``; the model to read is ``model``. Rules are those of docs/model.md.
"""

import numpy as np

from simulation.engine.healthy import healthy, mark_late, untouched
from simulation.engine.jit import entry, leaf
from simulation.engine.layout import (
    C_DEPLOYED,
    C_DETECTED,
    C_END,
    C_MIXED,
    C_RECOVERED,
    COLUMNS,
    E_END,
    E_LAST,
    E_MIXED,
    H_DETECTED,
    H_RECOVERED,
    HEALTHY,
    L_DETECTED,
    L_ODD,
    L_RECOVERED,
    REGION_SUMS,
    S_DETECTED,
    S_RECOVERED,
)
from simulation.engine.numbers import copy, fill
from simulation.engine.rollout import rollout
from simulation.engine.stream import add_dates, add_dense, add_hits, sort_out, take_base, take_out_lost

FILLED = (C_DEPLOYED, C_END, C_MIXED, C_DETECTED, C_RECOVERED)  # by what all rollouts have, which is not zero


@entry
def keep_sums(worlds, plans, block, scratch, trials, base, sums, cross, regional, bins, counts, extras):
    """Roll every plan out in a block's worlds and keep only what adds up."""
    wrong = list_wrong(block, scratch)
    for n in plans.turn:
        odd = run_plan(worlds, plans, block, scratch, trials, n, wrong, regional[n], extras)
        lost, hit, detected, recovered = sort_out(worlds, scratch, odd, sums[n])
        if n == 0:
            take_base(scratch, base, odd, lost)
        add_dense(scratch, base, sums[n], cross[n], bins, counts[n])
        take_out_lost(scratch, lost, base, sums[n], cross[n], bins, counts[n])
        add_hits(scratch, hit, base, sums[n], cross[n], bins, counts[n])
        listed = scratch.lists[L_DETECTED, :detected]
        add_dates(scratch.rows, listed, C_DETECTED, sums[n, S_DETECTED:], bins, counts[n, H_DETECTED])
        listed = scratch.lists[L_RECOVERED, :recovered]
        add_dates(scratch.rows, listed, C_RECOVERED, sums[n, S_RECOVERED:], bins, counts[n, H_RECOVERED])


@entry
def keep_rows(worlds, plans, block, scratch, trials, out, at, regional, extras):
    """Roll every plan out in a block's worlds and keep each row.

    `out` comes as zeros, and is not written to where they stay: a page that nobody writes to is never taken.
    """
    wrong = list_wrong(block, scratch)
    for n in plans.turn:
        odd = run_plan(worlds, plans, block, scratch, trials, n, wrong, regional[n], extras)
        write(out[n], at, scratch, odd)


@leaf
def write(out, at, scratch, odd):
    """Write the rows of a plan: what all rollouts have, then what those came to that needed the whole model."""
    end = at + len(scratch.whole[E_END])
    copy(out[C_DEPLOYED, at:end], scratch.whole[E_LAST])
    copy(out[C_END, at:end], scratch.whole[E_END])
    copy(out[C_MIXED, at:end], scratch.whole[E_MIXED])
    fill(out[C_DETECTED, at:end], np.nan)
    fill(out[C_RECOVERED, at:end], np.nan)
    for k in range(odd):
        row, place = scratch.rows[k], at + np.int64(scratch.lists[L_ODD, k])
        for column in range(COLUMNS):
            if row[column] != 0.0 or column in FILLED:
                out[column, place] = row[column]


@leaf
def list_wrong(block, scratch):
    """List the trials in which something is wrong whatever the plan; return how many."""
    wrong = 0
    for i in range(len(block.state)):
        if block.state[i] != HEALTHY:
            scratch.lists[L_ODD, wrong], scratch.depth[wrong] = i, 1
            wrong += 1
    return wrong


@leaf
def run_plan(worlds, plans, block, scratch, trials, n, wrong, regional, extras):
    """Roll one plan out in a block's worlds; return how many needed the whole model.

    Where nothing is wrong, a rollout is a sum of maxima, worked out for the whole run at once into `last`, `end` and
    `mixed`; the rest, listed in `odd`, goes through `rollout` into `rows`. Of those listed for all plans, that have
    `wrong` trials, what the first waves decided holds for the next plan that begins with them, too.
    """
    size, odd = len(block.build), wrong
    if plans.plain[n]:
        healthy(worlds, plans, block, scratch, n, extras)
        if extras is not None and plans.timeout[n] < np.inf:
            mark_late(plans, block, scratch, n)
    for i in range(size):
        if block.state[i] == HEALTHY and not (plans.plain[n] and untouched(plans, block, scratch, n, i)):
            scratch.lists[L_ODD, odd] = i
            odd += 1
    for depth in range(plans.shared[n] + 1, len(scratch.harmed)):
        for j in range(REGION_SUMS):
            fill(scratch.harmed[depth, j], 0.0)
    for k in range(odd):
        if k >= wrong or scratch.depth[k] > plans.shared[n]:
            i = np.int64(scratch.lists[L_ODD, k])
            scratch.depth[k] = rollout(worlds, plans, block, i, trials[i], n, scratch, scratch.rows[k], extras)
    for depth in range(len(scratch.harmed)):
        for j in range(REGION_SUMS):
            for pos in range(regional.shape[1]):
                regional[j, pos] += scratch.harmed[depth, j, pos]
    return odd
