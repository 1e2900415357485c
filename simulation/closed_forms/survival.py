"""The chance that nothing has struck yet: independent clocks without memory, each from its start and at its rate.

Alarms of a common defect and false alarms are such clocks. Not here: whose rates and starts they are (``quantities``).
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Survival:
    """The chance that none of some independent clocks has struck by an instant.

    Each clock runs from its start, without memory, at its rate, so that S(t) = exp(−Σ rate · (t − start)⁺): the
    least of independent exponential times is exponential, and their rates add up.
    """

    rates: tuple[float, ...]
    starts: tuple[float, ...]

    def hazard(self, t: float) -> float:
        """Return the rates added up that run at an instant."""
        return sum(rate for rate, start in zip(self.rates, self.starts, strict=True) if start <= t)

    def cumulated(self, t: float) -> float:
        """Return ∫₀ᵗ of the hazard."""
        pairs = zip(self.rates, self.starts, strict=True)
        return sum(rate * (t - start) for rate, start in pairs if rate > 0 and t > start)

    def at(self, t: float) -> float:
        """Return S(t)."""
        return math.exp(-self.cumulated(t))

    def lost(self, t: float) -> float:
        """Return 1 − S(t), without cancellation."""
        return -math.expm1(-self.cumulated(t))

    def area(self, low: float, high: float) -> float:
        """Return ∫ S(t) dt between two instants; 0 where the second is not after the first."""
        total = 0.0
        for a, b in self._stretches(low, high):
            fall = self._fall(a, b)
            span = 1 / self.hazard(a) if fall == math.inf else b - a
            total += self.at(a) * span * (-math.expm1(-fall) / fall if 0 < fall < math.inf else 1.0)
        return total

    def mean_before(self, end: float) -> float:
        """Return the mean instant of the first strike, given that it comes by `end`; NaN where it never does.

        Stretch by stretch, so that it keeps its digits where a strike is all but impossible.
        """
        weight = total = 0.0
        for a, b in self._stretches(0.0, end):
            fall = self._fall(a, b)
            within = 1 / self.hazard(a) if fall == math.inf else (b - a) * _centre(fall)
            struck = self.at(a) * -math.expm1(-fall)
            weight, total = weight + struck, total + struck * (a + within)
        return total / weight if weight > 0 else math.nan

    def _stretches(self, low: float, high: float) -> list[tuple[float, float]]:
        """Return the stretches of constant hazard between two instants."""
        knots = [low, *sorted({start for start in self.starts if low < start < high}), high]
        return list(zip(knots, knots[1:], strict=False)) if high > low else []

    def _fall(self, a: float, b: float) -> float:
        return self.hazard(a) * (b - a) if self.hazard(a) > 0 else 0.0


def _centre(fall: float) -> float:
    """Return where in a stretch, as a part of it, an exponential time that ends within lies on average."""
    if fall < 1e-4:
        return 0.5 - fall / 12  # the next term of the series is fall³/720
    return 1 / fall - math.exp(-fall) / -math.expm1(-fall)
