"""What a search asks of many plans: a few numbers a trial, their means by strata, and which plans others beat.

Nothing is kept that no figure needs. Not here: which figures there are and who is held against whom (``searching``),
whole rows and sums of them (``kernel``).
"""

import numpy as np

from simulation.engine.jit import entry, leaf, part
from simulation.engine.kernel import list_wrong, run_plan
from simulation.engine.layout import (
    C_END,
    C_OUTCOME,
    C_RECOVERED,
    C_SHARE,
    COLUMNS,
    E_END,
    ESCAPED,
    L_ODD,
    SLACK,
)
from simulation.engine.numbers import fill

HALF = COLUMNS  # in the place of a column: whether half the traffic or more was exposed


@entry
def keep_scores(worlds, plans, block, scratch, trials, wanted, tries, regional, out, at, extras):
    """Roll every plan out in a block's worlds; keep what is wanted of each, its minutes, and whether it ships.

    Minutes are those to the end where a rollout ships; elsewhere, where another try counts, those to the recovery and
    the fix, else none. `out` has the shape (plans, wanted + 2, trials), and takes them from a place on.
    """
    wrong, size, last = list_wrong(block, scratch), len(scratch.whole[E_END]), len(wanted)
    for n in plans.turn:
        odd = run_plan(worlds, plans, block, scratch, trials, n, wrong, regional, extras)
        for j in range(last):
            fill(out[n, j, at : at + size], 0.0)
        for i in range(size):
            out[n, last, at + i] = scratch.whole[E_END, i]
        fill(out[n, last + 1, at : at + size], 1.0)
        for k in range(odd):
            row, i = scratch.rows[k], at + np.int64(scratch.lists[L_ODD, k])
            for j in range(last):
                out[n, j, i] = (1.0 if row[C_SHARE] >= 0.5 - SLACK else 0.0) if wanted[j] == HALF else row[wanted[j]]
            ships = row[C_OUTCOME] <= ESCAPED
            late = max(row[C_END], 0.0 if np.isnan(row[C_RECOVERED]) else row[C_RECOVERED]) + worlds.fix
            out[n, last, i] = row[C_END] if ships else late if tries else 0.0
            out[n, last + 1, i] = 1.0 if ships else 0.0


@entry
def centre(out, codes, counts, weights, means, value):
    """Write each plan's figures, and make of its numbers, in place, vectors whose squares add up to their variance.

    Means are by strata. Minutes become those of a change that ships: a ratio, its vector by the delta method.
    """
    last = out.shape[1] - 2
    for n in range(len(out)):
        for j in range(last):
            value[n, j] = mean_of(out[n, j], codes, counts, weights, means)
            spread(out[n, j], codes, counts, weights, means)
        minutes, ships = out[n, last], out[n, last + 1]
        above = mean_of(minutes, codes, counts, weights, means)
        below = mean_of(ships, codes, counts, weights, means)
        value[n, last] = above / below if below > 0.0 else np.inf
        for i in range(len(minutes)):
            minutes[i] = (minutes[i] - above / below * ships[i]) / below if below > 0.0 else 0.0
        mean_of(minutes, codes, counts, weights, means)
        spread(minutes, codes, counts, weights, means)


@part
def mean_of(row, codes, counts, weights, means):
    """Return the mean of a row by the weights of its strata; write that of each."""
    fill(means, 0.0)
    for i in range(len(row)):
        means[codes[i]] += np.float64(row[i])
    total = 0.0
    for s in range(len(means)):
        means[s] = means[s] / max(counts[s], 1.0)
        total += weights[s] * means[s]
    return total


@leaf
def spread(row, codes, counts, weights, means):
    """Take each stratum's mean away, and scale what is left by the stratum's part in the error."""
    for i in range(len(row)):
        s = codes[i]
        row[i] = (np.float64(row[i]) - means[s]) * weights[s] / np.sqrt(max(counts[s] * (counts[s] - 1.0), 1.0))


@entry
def beaten(value, vector, own_value, own_vector, sure, most, out):
    """Note which plans some rival beats: as good in each figure but for a part, by so many errors of the difference.

    Parameters
    ----------
    value, vector
        Of the plans, shapes (plans, figures) and (plans, figures, trials).
    own_value, own_vector
        Of the rivals.
    sure
        How many standard errors.
    most
        By what factor a figure of the rival may be greater.
    out
        Bool (plans,).
    """
    for n in range(len(value)):
        out[n] = False
        for r in range(len(own_value)):
            if not out[n] and no_worse(value[n], own_value[r], most):
                out[n] = surely(value[n], vector[n], own_value[r], own_vector[r], sure, most)


@part
def no_worse(value, own, most):
    """Return whether a rival is as good in each figure but for a part, whatever the error."""
    good = True
    for j in range(len(value)):
        good = good and own[j] <= value[j] * most
    return good


@leaf
def surely(value, vector, own, own_vector, sure, most):
    """Return whether a rival is as good in each figure but for a part, beyond doubt."""
    for j in range(len(value)):
        bar = value[j] * most
        room = bar - own[j] if bar > own[j] else 0.0  # both may be without an end, where nothing ships
        if not sure * sure * squares(vector[j], own_vector[j]) <= room * room:
            return False
    return True


@leaf
def squares(one, other):
    """Return the sum of the squares of the differences of two rows; in four parts, which the machine adds at once."""
    a = b = c = d = 0.0
    end = len(one) - len(one) % 4
    for i in range(0, end, 4):
        w, x = np.float64(one[i] - other[i]), np.float64(one[i + 1] - other[i + 1])
        y, z = np.float64(one[i + 2] - other[i + 2]), np.float64(one[i + 3] - other[i + 3])
        a, b, c, d = a + w * w, b + x * x, c + y * y, d + z * z
    for i in range(end, len(one)):
        w = np.float64(one[i] - other[i])
        a += w * w
    return a + b + c + d
