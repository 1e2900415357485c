"""Intervals as textbooks have them, by SciPy: for tests that read a figure off rows by themselves."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from simulation import Estimate


def student(values: NDArray[Any], confidence: float = 0.95) -> Estimate:
    """Return a mean with Student's interval."""
    low, high = stats.ttest_1samp(values, 0).confidence_interval(confidence)
    return Estimate(float(np.mean(values)), float(low), float(high))
