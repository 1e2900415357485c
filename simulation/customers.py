"""Customers: when the failed requests of the whole fleet reach what they bear (docs/model.md, rule 15).

Not here: what their report does (``model``), a region's own alarms (``traffic``).
"""

import math
from collections.abc import Sequence

from simulation.traffic import Path, level

Hurt = tuple[float, float, Path]  # failed requests a minute at x = 1, when harm begins, x(t)


def noticed(hurt: Sequence[Hurt], complaint: float) -> float:
    """Return when so many requests have failed; infinity where they never do.

    Parameters
    ----------
    hurt
        The hit regions whose paths are known, in plan order.
    complaint
        Failed requests; 0 are reached at the first harm.
    """
    first = min((harm for _, harm, _ in hurt), default=math.inf)
    if complaint == 0.0 or first == math.inf:
        return first
    bends = sorted({t for _, harm, path in hurt for t in (harm, *(piece[0] for piece in path)) if t > first})
    left = complaint
    for begin, end in zip([first, *bends], [*bends, math.inf], strict=True):
        rate, slope = _sum(hurt, begin)
        if rate > 0.0 or slope > 0.0:
            needed = 2 * left / (rate + math.sqrt(rate * rate + 2 * slope * left)) if slope > 0.0 else left / rate
            if begin + needed <= end:
                return begin + needed
            left -= (rate + slope * (end - begin) / 2) * (end - begin)
    return math.inf


def _sum(hurt: Sequence[Hurt], t: float) -> tuple[float, float]:
    """Return the fleet's failed requests a minute from an instant on, and by how many more a minute they rise."""
    rate = slope = 0.0
    for own, harm, path in hurt:
        piece = next((piece for piece in path if piece[0] <= t < piece[2]), None)
        if harm <= t and piece is not None:
            a, x, b, y = piece
            rate += own * level(piece, t)
            if x != y:
                slope += own * (y - x) / (b - a)
    return rate, slope
