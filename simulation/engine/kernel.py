"""What the compiled engine is called by: every plan in a run of trials, row by row, by strata, or as sums.

Nothing is validated here, and nothing is allocated per trial. How plans and scenarios become arrays is in ``packing``,
who calls with which trials in ``worker``; the model to read is ``model``. Rules are those of docs/model.md.
"""

import numpy as np

from simulation.engine.healthy import healthy, untouched
from simulation.engine.jit import jit, leaf
from simulation.engine.layout import C_DEPLOYED, C_DETECTED, C_END, C_MIXED, C_RECOVERED, COLUMNS, S_DATES
from simulation.engine.numbers import copy, fill
from simulation.engine.rollout import rollout
from simulation.engine.stream import add_dates, add_dense, add_hits, sort_out, take_base, take_out_lost
from simulation.engine.worlds import impose, impose_noise, open_block


@jit
def run_frames(w, p, s, c, u, v, trials, approvals, out, at, regional):
    """Roll every plan out in some trials and keep each row.

    `out` is (plans, columns, trials), written from `at` on; `regional` is (plans, 3, positions).
    """
    open_block(w, s, trials, u, v, len(approvals), approvals)
    keep_rows(w, p, s, c, trials, out, at, regional)


@jit
def run_frames_given(w, p, s, c, u, v, trials, approvals, given, out, at, regional):
    """Roll every plan out in some trials in which what goes wrong is given; otherwise as `run_frames`."""
    open_block(w, s, trials, u, v, len(approvals), approvals)
    impose(w, s, given)
    keep_rows(w, p, s, c, trials, out, at, regional)


@jit
def run_stratum(w, p, s, c, u, v, trials, approvals, given, out, at, regional):
    """Roll every plan out in some trials in which refusals and false alarms are given, too."""
    open_block(w, s, trials, u, v, len(approvals), approvals)
    impose_noise(w, s, given)
    impose(w, s, given)
    keep_rows(w, p, s, c, trials, out, at, regional)


@jit
def run_tallies(w, p, s, c, u, v, trials, approvals, base, sums, cross, regional, bins, counts):
    """Roll every plan out in some trials and keep only what adds up, by plan; the first plan is the baseline."""
    open_block(w, s, trials, u, v, len(approvals), approvals)
    keep_sums(w, p, s, c, trials, base, sums, cross, regional, bins, counts)


@jit
def run_tallies_given(w, p, s, c, u, v, trials, approvals, given, base, sums, cross, regional, bins, counts):
    """Keep what adds up of some trials in which what goes wrong is given; otherwise as `run_tallies`."""
    open_block(w, s, trials, u, v, len(approvals), approvals)
    impose(w, s, given)
    keep_sums(w, p, s, c, trials, base, sums, cross, regional, bins, counts)


@leaf
def keep_sums(w, p, s, c, trials, base, sums, cross, regional, bins, counts):
    """Roll every plan out in a block's worlds and keep only what adds up."""
    wrong = list_wrong(s, c)
    for n in p.turn:
        odd = run_plan(w, p, s, c, trials, n, wrong, regional[n])
        lost, hit, detected, recovered = sort_out(c, odd, sums[n])
        if n == 0:
            take_base(c, base, odd, lost)
        add_dense(c, base, sums[n], cross[n], bins, counts[n])
        take_out_lost(c, lost, base, sums[n], cross[n], bins, counts[n])
        add_hits(c, hit, base, sums[n], cross[n], bins, counts[n])
        add_dates(c.rows, c.detected[:detected], C_DETECTED, sums[n, S_DATES:], bins, counts[n, 6])
        add_dates(c.rows, c.recovered[:recovered], C_RECOVERED, sums[n, S_DATES + 4 :], bins, counts[n, 7])


@leaf
def keep_rows(w, p, s, c, trials, out, at, regional):
    """Roll every plan out in a block's worlds and keep each row."""
    wrong = list_wrong(s, c)
    for n in p.turn:
        odd = run_plan(w, p, s, c, trials, n, wrong, regional[n])
        for column in range(COLUMNS):
            row = out[n, column, at : at + len(c.end)]
            if column == C_DEPLOYED:
                copy(row, c.last)
            elif column == C_END:
                copy(row, c.end)
            elif column == C_MIXED:
                copy(row, c.mixed)
            else:
                fill(row, np.nan if column in (C_DETECTED, C_RECOVERED) else 0.0)
            for k in range(odd):
                row[c.odd[k]] = c.rows[k, column]


@leaf
def list_wrong(s, c):
    """List the trials in which something is wrong whatever the plan; return how many."""
    wrong = 0
    for i in range(len(s.state)):
        if s.state[i] != 0:
            c.odd[wrong], c.depth[wrong] = i, 1
            wrong += 1
    return wrong


@leaf
def run_plan(w, p, s, c, trials, n, wrong, regional):
    """Roll one plan out in a block's worlds; return how many needed the whole model.

    Where nothing is wrong, a rollout is a sum of maxima, worked out for the whole run at once into `c.last`, `c.end`
    and `c.mixed`; the rest, listed in `c.odd`, goes through `rollout` into `c.rows`. Of those listed for all plans,
    that have `wrong` trials, what the first waves decided holds for the next plan that begins with them, too.
    """
    size, odd = len(s.build), wrong
    if p.plain[n]:
        healthy(p, s, c, n)
    for i in range(size):
        if s.state[i] == 0 and not (p.plain[n] and untouched(p, s, c, n, i)):
            c.odd[odd] = i
            odd += 1
    c.harmed[p.shared[n] + 1 :] = 0.0
    for k in range(odd):
        if k >= wrong or c.depth[k] > p.shared[n]:
            i = np.int64(c.odd[k])
            c.depth[k] = rollout(w, p, s, i, trials[i], n, c, c.rows[k])
    for depth in range(len(c.harmed)):
        for j in range(3):
            for pos in range(regional.shape[1]):
                regional[j, pos] += c.harmed[depth, j, pos]
    return odd
