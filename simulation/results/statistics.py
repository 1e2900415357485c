"""What an estimate is. Not here: how one is made (``estimator``), which figures a report has (``figures``)."""

import math
from typing import NamedTuple

FEW = 10  # below so many values other than zero, a mean's interval would be a guess


class Estimate(NamedTuple):
    """A figure with its interval; NaN where the trials do not suffice for one."""

    value: float
    low: float
    high: float


NOTHING = Estimate(math.nan, math.nan, math.nan)
