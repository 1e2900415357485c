"""How likely a value of a scenario's distributions is: densities and tails, by SciPy.

Not here: the draws of an engine (`simulation`).
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from simulation import Constant, Empirical, Exponential, Gamma, Lognormal, Weibull
from simulation.distributions import Family

Floats = NDArray[np.float64]


def discrete(rule: Family) -> bool:
    """Return whether a distribution has single values rather than a density."""
    return isinstance(rule, Constant | Empirical) or (isinstance(rule, Lognormal) and rule.sigma == 0.0)


def value(rule: Family, u: Floats) -> Floats:
    """Return values at uniform numbers, for proposals: quickly, by SciPy, as no bits need to agree with an engine's."""
    match rule:
        case Exponential(mean=mean):
            return -mean * np.log1p(-u)
        case Lognormal():
            return rule.median * np.exp(rule.sigma * special.ndtri(u))
        case Gamma(scale=scale):
            steps = np.linspace(-rule.REACH, rule.REACH, rule.NODES)
            return scale * np.exp(np.interp(special.logit(u), steps, rule.table[0]))
        case _:
            return rule.quantile(u)


def tail(rule: Family, x: Floats) -> Floats:
    """Return P(X > x), in the shape of `x`."""
    positive = np.maximum(x, 0.0)
    match rule:
        case Exponential(mean=mean):
            found = np.exp(-positive / mean)
        case Lognormal() if rule.sigma > 0:
            with np.errstate(divide="ignore"):
                found = special.ndtr((math.log(rule.median) - np.log(positive)) / rule.sigma)
        case Weibull(shape=shape, scale=scale):
            found = np.exp(-((positive / scale) ** shape))
        case Gamma(shape=shape, scale=scale):
            found = special.gammaincc(shape, positive / scale)
        case Empirical():
            found = 1.0 - np.searchsorted(rule.ordered, x, side="right") / len(rule.ordered)
        case Constant() | Lognormal():
            found = (x < rule.mean).astype(np.float64)
        case _:
            raise TypeError(f"no tail is known of {rule.family}; add it in history/replaying/laws.py")
    return np.where(x < 0, 1.0, found)


def density(rule: Family, x: Floats) -> Floats:
    """Return the density at x, in the shape of `x`; 0 for what is discrete."""
    if discrete(rule):
        return np.zeros_like(x)
    inside = x > 0
    at = np.where(inside, x, 1.0)
    match rule:
        case Exponential(mean=mean):
            inside, at = x >= 0, np.maximum(x, 0.0)
            found = np.exp(-at / mean) / mean
        case Lognormal():
            z = (np.log(at) - math.log(rule.median)) / rule.sigma
            found = np.exp(-z * z / 2) / (at * rule.sigma * math.sqrt(2 * math.pi))
        case Weibull(shape=shape, scale=scale):
            found = shape / scale * (at / scale) ** (shape - 1) * np.exp(-((at / scale) ** shape))
        case Gamma(shape=shape, scale=scale):
            found = np.exp((shape - 1) * np.log(at / scale) - at / scale - special.gammaln(shape)) / scale
        case _:
            raise TypeError(f"no density is known of {rule.family}; add it in history/replaying/laws.py")
    return np.where(inside, found, 0.0)
