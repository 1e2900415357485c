"""Twins from end to end: A's history by AWS's own words and the real clients, joined, fitted, replayed under B.

What B really does is known, as the stand-in draws rollouts by trial from one seed. Not here: more histories
(``benchmarks.twins``, whose table is in docs/replay.md), records without AWS (``test_twins``).
"""

import numpy as np
import pytest
from scipy import stats

from benchmarks.twins import BINS, CLOCKS, FIGURES, WORLDS, twin


@pytest.mark.long
def test_the_truth_under_another_plan_is_one_of_the_worlds():
    """Of a history's rollouts the ranks are uniform, whatever the base had guessed; what was recorded is exact.

    A sound rollout that was never halted has all its numbers on record: under B it ends when it would have.
    """
    found = twin(5, 500)
    rng = np.random.default_rng(0)
    for name in FIGURES:
        ranks = found.ranks(name, rng)
        assert len(ranks) > 70
        counts = np.bincount(ranks * BINS // (WORLDS + 1), minlength=BINS)
        assert stats.chisquare(counts).pvalue > 1e-6, (name, counts)
    sound = found.true["share_exposed"] == 0
    assert (~sound).sum() > 5
    apart = np.abs(np.median(found.told["end_minutes"], axis=0) - found.true["end_minutes"])[sound]
    assert (apart < CLOCKS).mean() > 0.9
