"""Streaming: sums, products with a baseline, and histograms of a run of trials.

What they add up to is ``tally``'s. Not here: the rollouts (``kernel``).
"""

import numpy as np

from simulation.engine.jit import entry, leaf, part
from simulation.engine.layout import (
    C_DEFECTIVE,
    C_DETECTED,
    C_END,
    C_IMPACT,
    C_MIXED,
    C_OUTCOME,
    C_PEAK,
    C_RECOVERED,
    C_REGIONS,
    C_SHARE,
    COMPLETED,
    E_END,
    E_MIXED,
    ESCAPED,
    H_END,
    H_IMPACT,
    H_MIXED,
    H_PEAK,
    H_REGIONS,
    H_SHARE,
    L_DETECTED,
    L_HIT,
    L_LOST,
    L_ODD,
    L_RECOVERED,
    P_CUBES,
    P_OFTEN,
    P_SQUARES,
    P_SUM,
    PAIRED,
    POWERS,
    S_DEFECTIVE,
    S_END,
    S_END2,
    S_END3,
    S_ENDS,
    S_ENDS2,
    S_ENDS3,
    S_MIXED,
    S_MIXED2,
    S_MIXED3,
    S_OUTCOME,
    S_SHIPPED,
    S_SPARSE,
    SPARSE,
    X_END,
    X_END_DIFFER,
    X_END_SHIPPED,
    X_ENDS,
    X_ENDS_DIFFER,
    X_ENDS_SHIPPED,
    X_MIXED,
    X_MIXED_CUBES,
    X_MIXED_DIFFER,
    X_SHIPPED,
    X_SHIPPED_END,
    X_SHIPPED_ENDS,
    X_SPARSE,
)
from simulation.engine.numbers import copy


@leaf
def sort_out(worlds, scratch, odd, sums):
    """Put the dates of odd rollouts among the others', count outcomes, and list what there is to add up.

    Lists grow without branches, which nobody could predict.
    """
    sums[S_OUTCOME + COMPLETED] += len(scratch.whole[E_END]) - odd
    lost = hit = detected = recovered = 0
    for k in range(odd):
        i, row = np.int64(scratch.lists[L_ODD, k]), scratch.rows[k]
        scratch.whole[E_END, i], scratch.whole[E_MIXED, i] = row[C_END], row[C_MIXED]
        if row[C_OUTCOME] > ESCAPED:  # what did not ship costs its roll-back and a fix (rule 26)
            scratch.whole[E_END, i] = max(row[C_END], row[C_RECOVERED] if row[C_RECOVERED] > 0.0 else 0.0) + worlds.fix
        sums[S_OUTCOME + np.int64(row[C_OUTCOME])] += 1.0
        sums[S_DEFECTIVE] += row[C_DEFECTIVE]
        scratch.gone[i] = row[C_OUTCOME] > ESCAPED
        (
            scratch.lists[L_LOST, lost],
            scratch.lists[L_HIT, hit],
            scratch.lists[L_DETECTED, detected],
            scratch.lists[L_RECOVERED, recovered],
        ) = i, k, k, k
        lost += scratch.gone[i]
        hit += row[C_REGIONS] > 0.0
        detected += row[C_DETECTED] == row[C_DETECTED]
        recovered += row[C_RECOVERED] == row[C_RECOVERED]
    return lost, hit, detected, recovered


@leaf
def take_base(scratch, base, odd, lost):
    """Keep the rollouts of the baseline; `base` comes as zeros."""
    for k in range(odd):
        copy(base.rows[scratch.lists[L_ODD, k]], scratch.rows[k])
    for k in range(lost):
        base.lost[k] = scratch.lists[L_LOST, k]
    base.count[0] = lost
    copy(base.end, scratch.whole[E_END])
    copy(base.mixed, scratch.whole[E_MIXED])


@leaf
def add_dense(scratch, base, sums, cross, bins, counts):
    """Add up what every rollout has, as if all had shipped: end and mixed minutes, and products with the baseline's."""
    end, mixed, end0, mixed0 = scratch.whole[E_END], scratch.whole[E_MIXED], base.end, base.mixed
    shift, floor, most = bins[0], bins[1], counts.shape[1] - 1
    t1 = t2 = t3 = m1 = m2 = m3 = tt = mm = t01 = d3 = 0.0
    ends = mixtures = 0
    for i in range(len(end)):
        t, m, t0, m0 = end[i], mixed[i], end0[i], mixed0[i]
        ends, mixtures = ends + (t != t0), mixtures + (m != m0)
        t1, t2, m1, m2, t01 = t1 + t, t2 + t * t, m1 + m, m2 + m * m, t01 + t0
        tt, mm = tt + t * t0, mm + m * m0
        t3, m3, d3 = t3 + t * t * t, m3 + m * m * m, d3 + (m - m0) * (m - m0) * (m - m0)
        counts[H_MIXED, bin_of(m, shift, floor, most)] += 1
        counts[H_END, bin_of(t, shift, floor, most)] += 1
    sums[S_SHIPPED] += len(end)
    sums[S_END] += t1
    sums[S_END2] += t2
    sums[S_ENDS] += t1
    sums[S_ENDS2] += t2
    sums[S_MIXED] += m1
    sums[S_MIXED2] += m2
    sums[S_END3] += t3
    sums[S_ENDS3] += t3
    sums[S_MIXED3] += m3
    cross[X_SHIPPED] += len(end)
    cross[X_END] += tt
    cross[X_END_SHIPPED] += t1
    cross[X_SHIPPED_END] += t01
    cross[X_ENDS] += tt
    cross[X_ENDS_SHIPPED] += t1
    cross[X_SHIPPED_ENDS] += t01
    cross[X_MIXED] += mm
    cross[X_MIXED_CUBES] += d3
    cross[X_END_DIFFER] += ends
    cross[X_ENDS_DIFFER] += ends
    cross[X_MIXED_DIFFER] += mixtures


@leaf
def take_out_lost(scratch, lost, base, sums, cross, bins, counts):
    """Take out again what rollouts that have not shipped, or whose baseline has not, do not count in."""
    shift, floor, most = bins[0], bins[1], counts.shape[1] - 1
    for k in range(lost):
        i = np.int64(scratch.lists[L_LOST, k])
        t, t0 = scratch.whole[E_END, i], base.end[i]
        counts[H_END, bin_of(t, shift, floor, most)] -= 1
        sums[S_SHIPPED] -= 1.0
        sums[S_ENDS] -= t
        sums[S_ENDS2] -= t * t
        sums[S_ENDS3] -= t * t * t
        cross[X_SHIPPED_END] -= t0
        take_out(cross, t, t0)
        if t == t0:  # for now as if the baseline had shipped: then the two differ
            cross[X_END_DIFFER] += 1.0
            cross[X_ENDS_DIFFER] += 1.0
    for k in range(base.count[0]):
        i = np.int64(base.lost[k])
        t, t0 = scratch.whole[E_END, i], base.end[i]
        cross[X_END_SHIPPED] -= t
        same = 1.0 if t == t0 else 0.0
        if not scratch.gone[i]:
            take_out(cross, t, t0)
            cross[X_END_DIFFER] += same
            cross[X_ENDS_DIFFER] += same
        else:
            cross[X_END_DIFFER] -= same
            cross[X_ENDS_DIFFER] -= 1.0
    for k in range(lost):
        scratch.gone[scratch.lists[L_LOST, k]] = False


@part
def take_out(cross, t, t0):
    """Take a trial out of what only those have in which plan and baseline ship."""
    cross[X_SHIPPED] -= 1.0
    cross[X_ENDS] -= t * t0
    cross[X_ENDS_SHIPPED] -= t
    cross[X_SHIPPED_ENDS] -= t0


@leaf
def add_hits(scratch, hit, base, sums, cross, bins, counts):
    """Add up what only rollouts have in which some region is exposed; what is not counted is zero."""
    shift, floor, most = bins[0], bins[1], counts.shape[1] - 1
    for j in range(len(SPARSE)):
        column = SPARSE[j]
        often = total = squares = cubes = product = differing = third = 0.0
        for h in range(hit):
            k = scratch.lists[L_HIT, h]
            x, x0 = scratch.rows[k, column], base.rows[scratch.lists[L_ODD, k], column]
            often, total, squares, product = often + (x != 0.0), total + x, squares + x * x, product + x * x0
            differing += np.float64(x != x0) - np.float64(x0 != 0.0)
            d = x - x0
            cubes, third = cubes + x * x * x, third + d * d * d + x0 * x0 * x0
        for k, each in enumerate((often, total, squares, cubes)):
            sums[S_SPARSE + POWERS * j + k] += each
        for k, each in enumerate((product, differing, third)):
            cross[X_SPARSE + PAIRED * j + k] += each
    for h in range(hit):
        row = scratch.rows[scratch.lists[L_HIT, h]]
        counts[H_REGIONS, min(np.int64(row[C_REGIONS]), most)] += 1
        counts[H_SHARE, bin_of(row[C_SHARE], shift, floor, most)] += 1
        counts[H_PEAK, bin_of(row[C_PEAK], shift, floor, most)] += 1
        counts[H_IMPACT, bin_of(row[C_IMPACT], shift, floor, most)] += 1


@leaf
def add_dates(rows, listed, column, sums, bins, counts):
    """Add up a date that some rollouts have."""
    shift, floor, most = bins[0], bins[1], len(counts) - 1
    total = squares = cubes = 0.0
    for k in listed:
        x = rows[k, column]
        total, squares, cubes = total + x, squares + x * x, cubes + x * x * x
        counts[bin_of(x, shift, floor, most)] += 1
    sums[P_OFTEN] += len(listed)
    sums[P_SUM] += total
    sums[P_SQUARES] += squares
    sums[P_CUBES] += cubes


@entry
def take_counts(counts, fine, octaves, unit, octave):
    """Move what is in histograms to others: by a weight in whole numbers, and by octaves as it is; leave zeros.

    Most bins are empty, and there are millions: one look at each is what it costs.
    """
    for n in range(counts.shape[0]):
        for j in range(counts.shape[1]):
            row = counts[n, j]
            for k in range(len(row)):
                if row[k] != 0:
                    fine[n, j, k] += row[k] * unit
                    octaves[n, j, octave[j, k]] += row[k]
                    row[k] = 0


@part
def bin_of(x, shift, floor, most):
    """Return the bin of a number: 0 for zero and below the least bin, else by its leading bits."""
    return min(max((np.float64(x).view(np.int64) >> shift) - floor, 0), most)
