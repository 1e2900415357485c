"""Numbers in compiled code: random words, uniforms, quantiles, and rows of numbers.

The arithmetic is that of ``arithmetic``, operation by operation; the words are those of ``draws``. Not here: which
number is whose (``worlds``).
"""

import math

import numpy as np

from simulation import arithmetic
from simulation.engine.jit import leaf, part
from simulation.engine.layout import (
    FAMILY,
)

# Families of distributions: their names in capitals, by which they are found. What never happens is none.
CONSTANT, EXPONENTIAL, LOGNORMAL, WEIBULL, GAMMA, EMPIRICAL, NEVER = range(7)
GAMMA_NODES, GAMMA_REACH = 4097, 37.5


@part
def block_words(k0, k1, c0, c1, c2, c3):
    """Return the two 64-bit words of a Philox4x32-10 block."""
    a, b, c, d = np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(c3)
    k, j, low = np.uint64(k0), np.uint64(k1), np.uint64(0xFFFFFFFF)
    for _ in range(10):
        left, right = (a & low) * np.uint64(0xD2511F53), (c & low) * np.uint64(0xCD9E8D57)
        a, b, c, d = (right >> np.uint64(32)) ^ b ^ k, right, (left >> np.uint64(32)) ^ d ^ j, left
        k, j = (k + np.uint64(0x9E3779B9)) & low, (j + np.uint64(0xBB67AE85)) & low
    return b << np.uint64(32) | (a & low), d << np.uint64(32) | (c & low)


@part
def unit(word):
    """Return the uniform number of a word, strictly between 0 and 1."""
    return (np.float64(np.int64(word >> np.uint64(12))) + 0.5) * 2.0**-52


_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
_LOG_TERMS = tuple(1.0 / (2 * k + 1) for k in range(11, 0, -1))
_EXP_TERMS = tuple(1.0 / n for n in range(14, 0, -1))
(_M, _MB), (_N, _NB), (_F, _FB) = arithmetic._MIDDLE, arithmetic._NEAR, arithmetic._FAR


@part
def log(x):
    """Return the natural logarithm of a positive, normal number."""
    bits = np.float64(x).view(np.int64)
    e = np.float64((bits >> np.int64(52)) - np.int64(1022))
    mantissa = np.int64((bits & np.int64(0x000FFFFFFFFFFFFF)) | np.int64(0x3FE0000000000000)).view(np.float64)
    small = mantissa < 0.7071067811865476
    mantissa = 2.0 * mantissa if small else mantissa
    e = e - 1.0 if small else e
    f = (mantissa - 1.0) / (mantissa + 1.0)
    square = f * f
    tail = 0.0
    for term in _LOG_TERMS:
        tail = (tail + term) * square
    return e * _LN2_HIGH + (e * _LN2_LOW + 2.0 * (f + f * tail))


@part
def exp(x):
    """Return e to the power of x."""
    bounded = min(max(x, -746.0), 710.0)
    k = np.rint(bounded * 1.4426950408889634)
    r = (bounded - k * _LN2_HIGH) - k * _LN2_LOW
    total = 1.0
    for term in _EXP_TERMS:
        total = 1.0 + total * r * term
    # Two exact powers of two, so that only the last product rounds, as ldexp does.
    n = np.int64(k)
    half = n >> np.int64(1)
    one = np.int64((half + np.int64(1023)) << np.int64(52)).view(np.float64)
    two = np.int64((n - half + np.int64(1023)) << np.int64(52)).view(np.float64)
    return total * one * two


@part
def horner(c, x):
    """Return the polynomial of degree 7 with eight rising coefficients, as a loop over them would."""
    return ((((((c[7] * x + c[6]) * x + c[5]) * x + c[4]) * x + c[3]) * x + c[2]) * x + c[1]) * x + c[0]


@leaf
def tail_quantile(u):
    """Return the standard normal quantile more than 0.425 away from one half."""
    s = math.sqrt(-log(u if u < 0.5 else 1.0 - u))
    z = horner(_F, s - 5.0) / horner(_FB, s - 5.0) if s > 5.0 else horner(_N, s - 1.6) / horner(_NB, s - 1.6)
    return -z if u < 0.5 else z


@leaf
def normal_quantile(u):
    """Return the standard normal quantile (Wichura 1988, Algorithm AS 241)."""
    q = u - 0.5
    if abs(q) > 0.425:
        return tail_quantile(u)
    r = 0.180625 - q * q
    return q * (horner(_M, r) / horner(_MB, r))


@leaf
def quantile(rules, table, rule, u):
    """Return the quantile of a distribution, given by its row in `rules`."""
    family, a, b, at = np.int64(rules[rule, FAMILY]), rules[rule, 1], rules[rule, 2], np.int64(rules[rule, 3])
    if family == CONSTANT:
        return a
    if family == EXPONENTIAL:
        return a * -log(1.0 - u)
    if family == LOGNORMAL:
        return a * exp(b * normal_quantile(u))
    if family == WEIBULL:
        return a * exp(log(-log(1.0 - u)) / b)
    if family == GAMMA:
        return a * exp(gamma_log(table, at, u))
    if family == EMPIRICAL:
        n = np.int64(b)
        return table[at + min(np.int64(u * b), n - 1)]
    return np.inf


@leaf
def gamma_log(table, at, u):
    """Return the logarithm of a gamma quantile from its table, by cubic Hermite interpolation."""
    step = 2 * GAMMA_REACH / (GAMMA_NODES - 1)
    position = (log(u) - log(1.0 - u) + GAMMA_REACH) / step
    i = min(np.int64(position), GAMMA_NODES - 2)
    f = position - i
    p, q = at + i, at + GAMMA_NODES + i
    a, b, da, db = table[p], table[p + 1], table[q] * step, table[q + 1] * step
    rise = b - a
    return a + f * (da + f * (3 * rise - 2 * da - db + f * (da + db - 2 * rise)))


@leaf
def fill_words(seed, trials, c1, number, occurrence, even, odd):
    """Write the uniforms of both purposes of a block, for some trials by their numbers, uint64."""
    # Read once: the compiler cannot know that writing `even` leaves the seed alone, and would make no vectors.
    k0, k1, c2, c3 = seed[0], seed[1], np.uint64(number >> 1), np.uint64(occurrence)
    for i in range(len(even)):
        a, b = block_words(k0, k1, trials[i], c1, c2, c3)
        even[i], odd[i] = unit(a), unit(b)


@leaf
def fill_quantiles(rules, table, rule, u, out):
    """Write the quantiles of a run of uniforms, in loops that the compiler can put into vectors."""
    family, a, b = np.int64(rules[rule, FAMILY]), rules[rule, 1], rules[rule, 2]
    if family == LOGNORMAL:
        for i in range(len(u)):
            q = u[i] - 0.5
            m = q if abs(q) <= 0.425 else 0.0
            r = 0.180625 - m * m
            out[i] = q * (horner(_M, r) / horner(_MB, r))
        for i in range(len(u)):
            if abs(u[i] - 0.5) > 0.425:
                out[i] = tail_quantile(u[i])
        for i in range(len(u)):
            out[i] = a * exp(b * out[i])
    elif family == EXPONENTIAL:
        for i in range(len(u)):
            out[i] = a * -log(1.0 - u[i])
    else:
        for i in range(len(u)):
            out[i] = quantile(rules, table, rule, u[i])


@leaf
def uniform(seed, trial, kind, index, number, occurrence):
    """Return the uniform number at an address."""
    c1 = np.uint64(kind << 24 | index)
    even, odd = block_words(seed[0], seed[1], np.uint64(trial), c1, np.uint64(number >> 1), np.uint64(occurrence))
    return unit(even) if number & 1 == 0 else unit(odd)


@leaf
def value(seed, rules, table, trial, rule, kind, index, number, occurrence):
    """Return the minutes or requests at an address; a constant needs no words."""
    family = np.int64(rules[rule, FAMILY])
    if family == CONSTANT:
        return rules[rule, 1]
    if family == NEVER:
        return np.inf
    return quantile(rules, table, rule, uniform(seed, trial, kind, index, number, occurrence))


@part
def fill(row, number):
    """Write a number all over a row."""
    for i in range(len(row)):
        row[i] = number


@part
def copy(row, other):
    """Write a row over another."""
    for i in range(len(row)):
        row[i] = other[i]


@part
def add(row, other):
    """Add a row to another."""
    for i in range(len(row)):
        row[i] = row[i] + other[i]


@part
def add_number(row, other, number):
    """Write a row plus a number."""
    for i in range(len(row)):
        row[i] = other[i] + number


@part
def subtract(row, left, right):
    """Write the difference of two rows."""
    for i in range(len(row)):
        row[i] = left[i] - right[i]


@part
def raise_to(row, other):
    """Keep the greater of two rows."""
    for i in range(len(row)):
        row[i] = other[i] if other[i] > row[i] else row[i]
