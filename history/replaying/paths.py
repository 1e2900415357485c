"""Recorded paths of traffic, x(t), of many rollouts at once: what a region had gathered by an instant.

A region's path is a list of pieces (from, x there, until, x there), each an array that broadcasts over (rollouts,
proposals); where it never started, all lies far in the future. Not here: what is made of it (`conditioning`).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulation.traffic import SLACK
from waves import Steps

Floats = NDArray[np.float64]
Piece = tuple[Floats, float, Floats, float]
NEVER = 1e12  # minutes: later than anything, and finite, so that differences are


def recorded_path(strategy: str | Steps, start: Floats, minutes: Floats) -> list[Piece]:
    """Return x(t) of deployments that start, and take so long; NaN: never (rule 10)."""
    start, minutes = np.broadcast_arrays(start, minutes)
    gone = np.isnan(start) | np.isnan(minutes)
    begin = np.where(gone, NEVER, start)
    end = begin + np.where(gone, 1.0, minutes)
    beyond = np.full_like(end, 10 * NEVER)
    if strategy == "rolling":
        return [(begin, 0.0, end, 1.0), (end, 1.0, beyond, 1.0)]
    pieces: list[Piece] = []
    if isinstance(strategy, Steps):
        for percent, held in strategy.steps:
            pieces.append((end, percent / 100, end + held, percent / 100))
            end = end + held
    return [*pieces, (end, 1.0, beyond, 1.0)]


def served(pieces: Sequence[Piece]) -> Floats:
    """Return when a region first has traffic."""
    return pieces[0][0]


def full(pieces: Sequence[Piece]) -> Floats:
    """Return when a region has all its traffic."""
    return pieces[-1][0]


def level(pieces: Sequence[Piece], t: Floats) -> Floats:
    """Return x just before an instant."""
    found = np.zeros(np.broadcast_shapes(t.shape, served(pieces).shape))
    for a, x, b, y in pieces:
        here = (t > a) & (t <= b)
        found = np.where(here, x if x == y else (t - a) / (b - a), found)
    return found


def area(pieces: Sequence[Piece], low: Floats, high: Floats, least: Floats | float = 0.0) -> Floats:
    """Return ∫ x dt between two instants, over the time at which x is at least so much (rules 13 and 15)."""
    found = np.zeros(np.broadcast_shapes(np.shape(low), np.shape(high), np.shape(least), served(pieces).shape))
    for a, x, b, y in pieces:
        if x == y:
            length = np.minimum(high, b) - np.maximum(low, a)
            found = found + np.where(x >= least - SLACK, x * np.maximum(length, 0.0), 0.0)
        else:  # a ramp from 0 to 1
            end = np.maximum(np.minimum(high, b), a)
            begin = np.minimum(np.maximum(low, a + (b - a) * np.clip(least - SLACK, 0.0, 1.0)), end)
            mean = ((begin - a) + (end - a)) / (2 * (b - a))
            found = found + np.where(least - SLACK <= 1.0, mean * (end - begin), 0.0)
    return found


def reached(pieces: Sequence[Piece], low: Floats, wanted: Floats, least: Floats | float = 0.0) -> Floats:
    """Return when ∫ x dt from an instant on comes to so much; infinity where it never does."""
    left = np.array(np.broadcast_to(wanted, np.broadcast_shapes(np.shape(wanted), np.shape(low), np.shape(least))))
    found = np.full(np.broadcast_shapes(left.shape, served(pieces).shape), np.inf)
    left = np.broadcast_to(left, found.shape).copy()
    for a, x, b, y in pieces:
        begin = np.maximum(low, a)
        if x == y:
            here, end = x >= least - SLACK, begin + left / x
            held = np.maximum(b - begin, 0.0) * x
        else:
            begin = np.maximum(begin, a + (b - a) * np.clip(least - SLACK, 0.0, 1.0))
            here = least - SLACK <= 1.0
            end = a + np.sqrt(np.maximum(begin - a, 0.0) ** 2 + 2 * (b - a) * left)
            held = np.maximum(1.0 - ((begin - a) / (b - a)) ** 2, 0.0) * (b - a) / 2
        now = here & np.isinf(found) & (begin < b) & (end <= b)
        found = np.where(now, end, found)
        left = left - np.where(here & np.isinf(found), held, 0.0)
    return np.where(found < NEVER, found, np.inf)
