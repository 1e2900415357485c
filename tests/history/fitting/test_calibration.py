"""Many histories of many truths: the fit's draws are as far from each as they say.

Not here: how histories are made (``calibration``, ``twins``), single formulas (``test_laws``).
"""

import numpy as np
import pytest
from scipy import stats

from tests.history.fitting.calibration import MINUTES, SHARES, many

FITS = 400
FIELDS = {f"{name}, {part}" for name in MINUTES for part in ("median", "sigma")} | set(SHARES)
FIELDS |= {
    "registry: probability", "bad: probability", "bad: validation_probability", "bad: detection_probability",
    "false_alarms_per_region_day", "evidence",
}  # fmt: skip


@pytest.fixture(scope="module")
def ranks():
    return many(0, FITS)


@pytest.mark.long
def test_the_truth_is_anywhere_among_the_draws(ranks):
    """Each field's ranks are uniform (Kolmogorov and Smirnov, α = 1e-6), of the fits that learnt it."""
    assert set(ranks) == FIELDS
    for name, own in ranks.items():
        assert len(own) >= 100, name
        assert stats.kstest(own, "uniform").pvalue > 1e-6, name


@pytest.mark.long
def test_intervals_hold_their_level(ranks):
    """The truth is within 95 % as often as a binomial allows, α = 1e-6 of each field."""
    for name, own in ranks.items():
        inside = int(((own > 0.025) & (own < 0.975)).sum())
        low, high = stats.binom.ppf([5e-7, 1 - 5e-7], len(own), 0.95)
        assert low <= inside <= high, f"{name}: {inside} of {len(own)}"


@pytest.mark.long
def test_all_fields_together_hold_their_level(ranks):
    """Over all, coverage is 95 % within a point and a half: fields of one fit are all but independent."""
    every = np.concatenate(list(ranks.values()))
    assert 0.935 <= float(((every > 0.025) & (every < 0.975)).mean()) <= 0.965
