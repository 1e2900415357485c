"""Logarithm, exponential and normal quantile from +, −, ×, ÷ and square root alone.

Mathematical libraries differ in the last place, from one to the next and from one processor to the next; these do
not, so a seed gives the same worlds everywhere, and a second engine can repeat them bit by bit. Every operation here
is exact or correctly rounded by IEEE 754. Good to 2 units in the last place. Not here: which quantile belongs to
which distribution.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_LN2_HIGH = 6.93147180369123816490e-01  # its last 33 bits are zero, so that times an exponent it is exact
_LN2_LOW = 1.90821492927058770002e-10
_SQRT_HALF = 0.7071067811865476
_LOG_TERMS = tuple(1.0 / (2 * k + 1) for k in range(1, 12))
_EXP_TERMS = tuple(1.0 / n for n in range(1, 15))

# Wichura (1988), Algorithm AS 241, PPND16: numerator and denominator for the middle and the two tails.
_MIDDLE = (
    (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3),
)  # fmt: skip
_NEAR = (
    (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
)  # fmt: skip
_FAR = (
    (6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7),
    (1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15),
)  # fmt: skip


def log(x: Array) -> Array:
    """Return the natural logarithm of positive, normal numbers.

    Parameters
    ----------
    x
        Numbers, of any shape.
    """
    mantissa, exponent = np.frexp(x)
    small = mantissa < _SQRT_HALF
    mantissa = np.where(small, 2.0 * mantissa, mantissa)
    e = exponent - small.astype(np.float64)
    f = (mantissa - 1.0) / (mantissa + 1.0)
    square = f * f
    tail = np.zeros_like(f)
    for term in reversed(_LOG_TERMS):
        tail = (tail + term) * square
    return e * _LN2_HIGH + (e * _LN2_LOW + 2.0 * (f + f * tail))


def exp(x: Array) -> Array:
    """Return e to the power of x; 0 and infinity beyond the range of a float.

    Parameters
    ----------
    x
        Numbers, of any shape.
    """
    bounded = np.minimum(np.maximum(x, -746.0), 710.0)
    k = np.rint(bounded * 1.4426950408889634)
    r = (bounded - k * _LN2_HIGH) - k * _LN2_LOW
    total = np.ones_like(r)
    for term in reversed(_EXP_TERMS):
        total = 1.0 + total * r * term
    with np.errstate(over="ignore", under="ignore"):
        return np.ldexp(total, k.astype(np.int64))


def normal_quantile(u: Array) -> Array:
    """Return the standard normal quantile (Wichura 1988, Algorithm AS 241).

    Parameters
    ----------
    u
        Probabilities strictly between 0 and 1, of any shape.
    """
    q = u - 0.5
    middle = np.abs(q) <= 0.425
    inner = 0.180625 - np.where(middle, q, 0.0) ** 2
    r = np.sqrt(-log(np.minimum(u, 1.0 - u)))
    far = r > 5.0
    outer = np.where(far, _ratio(_FAR, r - 5.0), _ratio(_NEAR, r - 1.6))
    return np.where(middle, q * _ratio(_MIDDLE, inner), np.where(q < 0.0, -outer, outer))


def _ratio(terms: tuple[tuple[float, ...], tuple[float, ...]], r: Array) -> Array:
    above, below = np.zeros_like(r), np.zeros_like(r)
    for a, b in zip(reversed(terms[0]), reversed(terms[1]), strict=True):
        above, below = above * r + a, below * r + b
    return above / below
