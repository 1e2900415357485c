"""Traffic on the new version: x(t), the part of a region's requests that it serves, and what adds up under it.

x is a list of pieces (from, x there, until, x there), straight lines without gaps; before the first it is 0. Only
arithmetic here: who asks, and when, is the model's matter.
"""

import math
from itertools import accumulate

from waves import Steps

Piece = tuple[float, float, float, float]
Path = list[Piece]
SLACK = 1e-12  # so that a threshold met exactly counts as met


def path(strategy: str | Steps, start: float, minutes: float) -> Path:
    """Return x(t) of a successful deployment that is never halted; the last piece is 1 for ever.

    Parameters
    ----------
    strategy
        `rolling`, `blue_green`, or steps.
    start, minutes
        When the attempt starts, and how long it takes.
    """
    end = start + minutes
    if strategy == "rolling":
        return [(start, 0.0, end, 1.0), (end, 1.0, math.inf, 1.0)]
    if not isinstance(strategy, Steps):
        return [(end, 1.0, math.inf, 1.0)]
    parts = [percent / 100 for percent, _ in strategy.steps] + [1.0]
    instants = [*accumulate((held for _, held in strategy.steps), initial=end), math.inf]
    return [(a, x, b, x) for x, a, b in zip(parts, instants[:-1], instants[1:], strict=True)]


def stopped(pieces: Path, halt: float, until: float, down: float = math.inf) -> Path:
    """Return x(t) where a halt freezes it until the way back ends; nothing where no traffic had moved yet.

    Parameters
    ----------
    pieces
        x(t) without the halt.
    halt, until
        When it freezes, and when it is 0 again.
    down
        When it begins to fall in a straight line; if that is not before `until`, it drops there.
    """
    kept: Path = []
    for a, x, b, y in pieces:
        if a > halt:
            break
        kept.append((a, x, min(b, halt), level((a, x, b, y), halt) if halt < b else y))
    frozen = kept[-1][3] if kept else 0.0
    if frozen == 0:
        return []
    if down < until:
        return [*kept, (halt, frozen, down, frozen), (down, frozen, until, 0.0)]
    return [*kept, (halt, frozen, until, frozen)]


def level(piece: Piece, t: float) -> float:
    """Return x at an instant within a piece."""
    a, x, b, y = piece
    return x if x == y else x + (y - x) * ((t - a) / (b - a))


def area(piece: Piece, low: float, high: float) -> float:
    """Return the minutes, weighted with x, that a piece has between two instants."""
    a, b = max(piece[0], low), min(piece[2], high)
    if b <= a:
        return 0.0
    return (level(piece, a) + level(piece, b)) / 2 * (b - a) if piece[1] != piece[3] else piece[1] * (b - a)


def requests(pieces: Path, traffic: float, until: float) -> float:
    """Return how many requests a region has served on the new version by an instant."""
    return traffic * sum(area(piece, piece[0], until) for piece in pieces)


def gathered(pieces: Path, harm: float, rate: float, threshold: float, evidence: float) -> float:
    """Return when a region has gathered the failed requests that its alarms need; infinity where it never does.

    Parameters
    ----------
    pieces
        x(t), never halted: a halt before the answer makes it moot.
    harm
        When harm begins.
    rate
        Failed requests a minute at x = 1: traffic × severity.
    threshold
        Requests gather only while x is at least this.
    evidence
        How many are needed.
    """
    left = evidence
    for a, x, b, y in pieces:
        if b <= harm or y < threshold - SLACK:
            continue
        start = max(a, harm)
        if x == y:
            need = left / (rate * x)
            if start + need <= b:
                return start + need
            left -= rate * x * (b - start)
        else:
            # A ramp from 0 at a: x = (t - a) / (b - a), so requests grow with the square of t - a.
            start = max(start, a + (b - a) * min(max(threshold - SLACK, 0.0), 1.0))
            t = a + math.sqrt((start - a) ** 2 + 2 * (b - a) * left / rate)
            if t <= b:
                return t
            left -= rate * (1.0 - ((start - a) / (b - a)) ** 2) * (b - a) / 2
    return math.inf
