"""One thing that was learnt of a history: draws of its value, its estimate and interval, and where that comes from.

Not here: how it was learnt (the files named after it), the scenario that is made of them (`laid`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from history.fitting.grids import Floats
from simulation.distributions import Z95, Family

LEVEL = (0.025, 0.975)


@dataclass(frozen=True, eq=False)
class Learnt:
    """What a fit says of one field.

    Attributes
    ----------
    at
        Where the value stands: ("deploy",), ("regions", "eu-north-1", "deploy"), ("faults", "bad release", "severity").
    shape
        What its parameters are: `number` (1), `lognormal` (median, sigma), `empirical` (values), or `scaled` (by which
        factor the base's distribution is multiplied).
    draws : (D, parameters)
        Draws of the posterior.
    middle : (parameters,)
        What the scenario takes: the median of each.
    estimate, low, high
        Of the number, or the median, with its 95 % interval, in `unit`.
    n
        How many observations it is made from.
    source, method
        Where they come from, and what was done with them.
    base
        What is scaled.
    more
        Further rows: what, estimate, low, high; such as the 95th percentile.
    """

    at: tuple[str, ...]
    shape: str
    draws: Floats
    middle: Floats
    estimate: float
    low: float
    high: float
    n: int
    unit: str
    source: str
    method: str
    base: Family | None = None
    more: tuple[tuple[str, float, float, float], ...] = ()

    @property
    def name(self) -> str:
        """What the row is called: the field, the field and its region, or the fault and its field."""
        kind, *rest = self.at
        if kind == "regions":
            return f"{rest[1]}: {rest[0]}"
        return f"{rest[0]}: {rest[1]}" if kind == "faults" else kind

    def value(self, draw: int | None) -> Any:
        """Return the value as it would stand in a file: the estimate, or that of a draw."""
        own = self.middle if draw is None else self.draws[draw]
        if self.shape == "number":
            return short(own[0])
        if self.shape == "lognormal":
            return {"lognormal": {"median": short(own[0]), "p95": short(own[0] * math.exp(Z95 * own[1]))}}
        if self.shape == "empirical":
            return {"empirical": [short(each) for each in own]}
        assert self.base is not None
        return self.base.times(float(own[0]))


def short(value: float) -> float:
    """Return a number to six digits: more would claim more than is known."""
    return float(f"{value:.6g}")


def interval(values: Floats) -> tuple[float, float, float]:
    """Return the median of draws, and the ends of what holds 95 of 100."""
    low, middle, high = np.quantile(values, (LEVEL[0], 0.5, LEVEL[1]))
    return float(middle), float(low), float(high)


def number(
    at: Sequence[str], values: Floats, *, n: int, unit: str, source: str, method: str, shape: str = "number",
    base: Family | None = None,
) -> Learnt:  # fmt: skip
    """Return what was learnt of a single number, from draws of it, (D,)."""
    middle, low, high = interval(values)
    return Learnt(
        tuple(at), shape, values[:, None], np.array([middle]), middle, low, high, n, unit, source, method, base
    )
