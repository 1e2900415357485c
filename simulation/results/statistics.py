"""What an estimate is. Not here: how one is made (``estimator``), which figures a report has (``figures``)."""

import math
from typing import NamedTuple

FEW = 10  # below so many values other than zero, a mean's interval would be a guess


class Estimate(NamedTuple):
    """A figure with its interval; NaN where the trials do not suffice for one."""

    value: float
    low: float
    high: float


ROUNDING = 1e-12  # differences of sums are off in the last places; nobody means so small a part of a minute


def without_rounding(found: Estimate) -> Estimate:
    """Return a difference, as none where it and both of its ends are but rounding."""
    return Estimate(0.0, 0.0, 0.0) if all(abs(each) < ROUNDING for each in found) else found


NOTHING = Estimate(math.nan, math.nan, math.nan)
