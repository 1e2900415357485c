"""Quantiles of trials that come in strata, with the intervals of order statistics.

Not here: the probability by strata that they are made of (``estimator``), the values (``rows``, ``tally``).
"""

from collections.abc import Callable
from operator import attrgetter

import numpy as np

from simulation.results.estimator import BEGINNING, Counts, Floats, Numbers, Sample, Share, domain_of, share


def times_of_quantile(sample: Sample, count: Counts, p: float, confidence: float) -> float:
    """Return about how many times as many trials it takes until both ends of a quantile's interval are among them."""
    for times in (2**power for power in range(1, 20)):
        more, each = Sample(sample.probabilities, sample.trials * times), count * times
        below = share(more, np.zeros(len(count)), each, confidence).high
        if below < p <= share(more, each, each, confidence).low:
            return float(times)
    return BEGINNING


def quantile(
    sample: Sample, along: Floats, at: Callable[[int], Floats], count: Numbers, p: float, confidence: float
) -> tuple[int, int, int]:
    """Estimate a quantile: the first value up to which the probability is p, and the ends of its interval.

    An end is the first value up to which the probability may be p, or surely is: that is how order statistics make
    their interval, here with the interval of the probability by strata.

    Parameters
    ----------
    sample
        The strata.
    along
        The probability up to each of the values, which are in order; shape (values,).
    at
        From a value's place to how many of each stratum are up to there, shape (strata,).
    count
        How many each stratum has.
    p, confidence
        Which quantile, and the interval's confidence, at least.

    Returns
    -------
    value, low, high : int
        Their places; −1 for a low end below all values, the number of values for a high end beyond.
    """
    size, domain = len(along), domain_of(sample, count, None)
    assert domain is not None

    def up_to(hits: Numbers) -> Share:
        return Share(domain, hits, count, confidence)

    def first(end: Callable[[Share], float], guess: int) -> int:
        """Return the first place at which an end of the probability's interval reaches p, near a guess."""
        low, high, step = -1, size, 1  # not yet at `low`, and at `high`
        place = min(max(guess, 0), size - 1)
        # How far an end is from the probability hardly changes from place to place: that leads to a better guess.
        own = up_to(at(place))
        place = min(max(int(np.searchsorted(along, p - (end(own) - own.value))), 0), size - 1)
        while high - low > 1:
            if end(up_to(at(place))) >= p - 1e-12:
                high, place = place, max(place - step, low + 1)
            else:
                low, place = place, min(place + step, high - 1)
            step *= 2
            if low >= 0 and high < size and not low < place < high:
                place = (low + high) // 2
        return high

    value = min(int(np.searchsorted(along, p - 1e-12)), size - 1)
    there = up_to(at(value))
    low = first(_HIGH, int(np.searchsorted(along, p - (there.high - there.value))))
    none = low == 0 and up_to(np.zeros(len(count))).high >= p
    return value, -1 if none else low, first(_LOW, int(np.searchsorted(along, p + (there.value - there.low))))


_LOW, _HIGH = attrgetter("low"), attrgetter("high")
