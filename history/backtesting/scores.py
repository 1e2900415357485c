"""How far off a forecast was: whether its interval held, where in it the value lay, and the scores that reward honesty.

The scores are `scoringrules`'. Its import takes seconds, so it is imported where it is used. Not here: what is scored
(`backtest`), sums of scores (`result`).
"""

import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
LEVELS = np.arange(1, 20) / 20  # of the pinball loss
BINARY = ("halted",)


@dataclass(frozen=True)
class Held:
    """How often something was so, with the interval of Clopper and Pearson.

    Attributes
    ----------
    count, of
        How often, and of how many.
    low, high
        The 95 % interval of its chance.
    """

    count: int
    of: int
    low: float
    high: float

    @classmethod
    def counted(cls, so: "pd.Series[bool] | NDArray[np.bool_]") -> "Held":
        """Count what is so."""
        many, count = len(so), int(np.asarray(so, dtype=bool).sum())
        if not many:
            return cls(0, 0, 0.0, 1.0)
        interval = stats.binomtest(count, many).proportion_ci(0.95, method="exact")
        return cls(count, many, float(interval.low), float(interval.high))


def interval(values: Floats, level: float) -> tuple[float, float]:
    """Return what holds the middle of sorted values; of single values, each end is one of them."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    return float(low), float(high)


def place(values: Floats, value: float, name: str, seed: int) -> float:
    """Return the randomised PIT: where among sorted values one lies, from 0 to 1; among equals by chance.

    The chance is that of the name and the seed alone. Uniform where the value is as likely as the others to be any of
    them: the rank among n + 1.
    """
    below, ties = np.searchsorted(values, [value, np.nextafter(value, np.inf)])
    chance = np.random.default_rng([seed % 2**32, seed >> 32, zlib.crc32(name.encode())]).random()
    return float((below + chance * (ties - below + 1)) / (len(values) + 1))


def scores(value: float, values: Floats, target: str, level: float) -> tuple[float, float]:
    """Return the interval score and the pinball loss; of what is so or not, NaN and the Brier score."""
    import scoringrules

    if target in BINARY:
        return float("nan"), float(scoringrules.brier_score(value, float(values.mean())))
    low, high = interval(values, level)
    levels = np.quantile(values, LEVELS, method="inverted_cdf")
    pinball = scoringrules.quantile_score(np.full(len(LEVELS), value), levels, LEVELS, backend="numpy")
    wide = scoringrules.interval_score(value, low, high, 1 - level, backend="numpy")
    return float(wide), float(np.mean(pinball))
