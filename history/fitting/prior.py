"""What is believed before a history is read: weak, proper, and said.

Not here: how it is used (`shares`, `durations`, `defects`).
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Prior:
    """The priors of a fit.

    Attributes
    ----------
    share : (float, float)
        Beta(a, b) of every probability; Jeffreys' (½, ½).
    seen : float
        How many bad changes the base's opinion of who can see them is worth: a beta about its mean over faults.
    factor : float
        How far a median, or the evidence that alarms need, may lie from the base's: the standard deviation of its
        logarithm.
    sigma : (float, float)
        The standard deviation of the logarithm of a duration: its median, and the standard deviation of its logarithm.
    apart : float
        How far regions may lie apart: the scale of the half-normal standard deviation of the logarithm of their
        medians. That they do not differ at all has the other half.
    services : (float, float)
        From three services on: how many changes the services' probabilities are worth to each other, its median and the
        standard deviation of its logarithm.
    rate : (float, float)
        The gamma prior of the rate of false alarms: its shape, Jeffreys' ½, and after how many region-days; none.
    """

    share: tuple[float, float] = (0.5, 0.5)
    seen: float = 4.0
    factor: float = math.log(10.0)
    sigma: tuple[float, float] = (0.6, 0.7)
    apart: float = 0.5
    services: tuple[float, float] = (30.0, 1.5)
    rate: tuple[float, float] = (0.5, 0.0)
