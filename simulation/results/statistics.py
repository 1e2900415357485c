"""Estimates with honest intervals: means, quantiles, proportions, ratios of means.

From SciPy's special functions rather than `scipy.stats`, which alone would take a third of the time to import the kit.
Not here: which figures a report has (``outcomes``), which of them break a limit (``limits``).
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

Values = NDArray[Any]
FEW = 10  # below so many values other than zero, a mean's interval would be a guess


class Estimate(NamedTuple):
    """A figure with its interval; NaN where the trials do not suffice for one."""

    value: float
    low: float
    high: float


NOTHING = Estimate(math.nan, math.nan, math.nan)


def mean(values: Values, confidence: float = 0.95) -> Estimate:
    """Estimate a mean, with Student's interval.

    The interval is NaN where fewer than 10 of the values differ from zero, or the values are infinite: then the normal
    approximation behind it does not hold.

    Parameters
    ----------
    values
        One a trial, shape (n,).
    confidence
        The interval's confidence.
    """
    return ratio(values, np.ones(len(values)), confidence)


def ratio(above: Values, below: Values, confidence: float = 0.95) -> Estimate:
    """Estimate the ratio of two means, with the delta method's interval.

    Parameters
    ----------
    above, below
        One a trial, each of shape (n,). Infinite where `below` is zero throughout.
    confidence
        The interval's confidence.
    """
    if len(above) == 0:
        return NOTHING
    if not np.any(below):
        return Estimate(math.inf, math.nan, math.nan)
    value = float(np.mean(above) / np.mean(below))
    if len(above) < 2 or min(np.count_nonzero(above), np.count_nonzero(below)) < FEW or not math.isfinite(value):
        return Estimate(value, math.nan, math.nan)
    half = half_width(influence(above, below), confidence)
    least = 0.0 if np.min(above) >= 0 else -math.inf  # what cannot be negative has no mean below zero
    return Estimate(value, max(value - half, least), value + half)


def influence(above: Values, below: Values) -> Values:
    """Return what each trial contributes to the error of a ratio of means; shape (n,)."""
    return (above - np.mean(above) / np.mean(below) * below) / np.mean(below)


def half_width(contributions: Values, confidence: float) -> float:
    """Return half the width of Student's interval for a mean of contributions."""
    n = len(contributions)
    error = float(np.std(contributions, ddof=1)) / math.sqrt(n)
    return student(n, confidence) * error


def quantile(values: Values, p: float, confidence: float = 0.95) -> Estimate:
    """Estimate a quantile by an order statistic, with order statistics around it as its interval.

    An end of the interval is NaN where there are too few values for it.

    Parameters
    ----------
    values
        One a trial, shape (n,).
    p
        Which quantile, such as 0.95.
    confidence
        The interval's confidence, at least.
    """
    if len(values) == 0:
        return NOTHING
    ordered, n = np.sort(values), len(values)
    low, high = ranks(n, p, confidence)
    value = float(np.quantile(ordered, p, method="inverted_cdf"))
    return Estimate(value, float(ordered[low - 1]) if low else math.nan, float(ordered[high - 1]) if high else math.nan)


def ranks(n: int, p: float, confidence: float) -> tuple[int, int]:
    """Return which order statistics, counted from 1, are the ends of a quantile's interval; 0 where there is none.

    Conover (1999), Practical Nonparametric Statistics, section 3.2, as `scipy.stats.quantile_test` does it.

    Parameters
    ----------
    n
        How many values there are.
    p
        Which quantile.
    confidence
        The interval's confidence, at least.
    """
    tail = (1 - confidence) / 2
    low, high = binomial_quantile(tail, n, p), binomial_quantile(1 - tail, n, p) + 1
    return low, high if high <= n else 0


def binomial_quantile(q: float, n: int, p: float) -> int:
    """Return the least number that so many trials, each with a chance p, stay at or below with a chance of q."""
    k = max(math.ceil(float(special.bdtrik(q, n, p))), 0)
    while k > 0 and special.bdtr(k - 1, n, p) >= q:
        k -= 1
    return k


def proportion(hits: int, trials: int, confidence: float = 0.95) -> Estimate:
    """Estimate a probability, with the interval of Clopper and Pearson.

    Parameters
    ----------
    hits, trials
        How many of how many.
    confidence
        The interval's confidence, at least.
    """
    if trials == 0:
        return NOTHING
    tail, misses = (1 - confidence) / 2, trials - hits
    low = float(special.betaincinv(hits, misses + 1, tail)) if hits else 0.0
    high = float(special.betaincinv(hits + 1, misses, 1 - tail)) if misses else 1.0
    return Estimate(hits / trials, low, high)


def from_sums(n: float, nonzero: float, total: float, squares: float, confidence: float = 0.95) -> Estimate:
    """Estimate a mean of values that are never negative from sums; otherwise as `mean`.

    Parameters
    ----------
    n, nonzero
        How many values there are, and how many of them are not zero.
    total, squares
        Their sum and their sum of squares.
    confidence
        The interval's confidence.
    """
    if n == 0:
        return NOTHING
    value = float(total / n)
    if n < 2 or nonzero < FEW or not math.isfinite(value):
        return Estimate(value, math.nan, math.nan)
    half = width_from_squares(n, float(squares) - n * value**2, confidence)
    return Estimate(value, max(value - half, 0.0), value + half)


def ratio_from_sums(
    n: float, above: float, below: float, above2: float, product: float, below2: float, confidence: float = 0.95
) -> Estimate:
    """Estimate the ratio of two means from sums; otherwise as `ratio`.

    Parameters
    ----------
    n
        How many values there are.
    above, below, above2, product, below2
        Sums: of both, of the squares of the first, of the products, of the squares of the second.
    confidence
        The interval's confidence.
    """
    if n == 0:
        return NOTHING
    if below == 0:
        return Estimate(math.inf, math.nan, math.nan)
    value = float(above / below)
    if n < 2 or below < FEW or not math.isfinite(value):
        return Estimate(value, math.nan, math.nan)
    squares = (above2 - 2 * value * product + value**2 * below2) / (below / n) ** 2
    half = width_from_squares(n, float(squares), confidence)
    return Estimate(value, value - half, value + half)


def width_from_squares(n: float, squares: float, confidence: float) -> float:
    """Return half the width of Student's interval, from the sum of squares about the mean."""
    error = math.sqrt(max(squares, 0.0) / (n - 1) / n)
    return student(n, confidence) * error


def student(n: float, confidence: float) -> float:
    """Return how many standard errors half an interval is wide, by Student's distribution, for so many values."""
    return float(special.stdtrit(n - 1, (1 + confidence) / 2))


def over(above: float, below: float, figure: str) -> float:
    """Divide; where nothing ever ships, it takes for ever, and those that do ship have no time."""
    return float(above / below) if below else math.inf if figure == "minutes_to_ship" else math.nan
