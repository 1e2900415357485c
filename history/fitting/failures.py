"""Why attempts fail: of their own accord, or because a fault breaks all of a rollout.

A fault of the scenario that breaks deployments breaks every attempt in the regions that it hits, so one success rules
it out; a rollout in which nothing succeeded may have been either. Both probabilities are found together. Not here:
which attempts there were (`attempts`).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from history.fitting.attempts import Attempts
from history.fitting.grids import Floats, surface
from history.fitting.past import Past
from history.fitting.prior import Prior
from history.fitting.shares import by_service, share

MOST = 1.0 - 1e-9


@dataclass(frozen=True, eq=False)
class Failures:
    """Draws.

    Attributes
    ----------
    own : (D,)
        How likely an attempt fails of its own accord.
    fault : (D,) or None
        How likely a fault that breaks everything hits; None where the scenario has none.
    failed, tried
        Attempts that failed, and all that ended.
    dead, rollouts
        Rollouts in which nothing succeeded, and all.
    services
        How many services they are of.
    """

    own: Floats
    fault: Floats | None
    failed: int
    tried: int
    dead: int
    rollouts: int
    services: int


def failures(past: Past, found: Attempts, prior: Prior, count: int, rng: np.random.Generator) -> Failures | None:
    """Return what attempts say of failures; None where none has ended."""
    size = len(past.frame)
    good = np.bincount(found.rollout[found.good], minlength=size)
    bad = np.bincount(found.rollout[found.failed], minlength=size)
    used = good + bad > 0
    if not used.any():
        return None
    good, bad, services = good[used], bad[used], past.services[used]
    breaks = hazard(past)
    dead = (good == 0) if breaks > 0 else np.zeros(len(good), dtype=np.bool_)
    own, fault = _together(good[~dead], bad[~dead], bad[dead], prior, count, rng) if breaks > 0 else (None, None)
    k, n = by_service(services, bad.astype(float), (good + bad).astype(float))
    many = int((n > 0).sum())
    if own is None or many >= 3:
        mine = np.ones(len(bad))
        if fault is not None and own is not None:
            pi, q = float(np.median(fault)), float(np.median(own))
            alone = (1.0 - pi) * q ** bad[dead].astype(float)
            mine[dead] = alone / (alone + pi)
        k, n = by_service(services, bad * mine, (good + bad) * mine)
        own = share(k, n, prior, count, rng)
    return Failures(own, fault, int(bad.sum()), int((good + bad).sum()), int(dead.sum()), len(good), many)


def hazard(past: Past) -> float:
    """Return −ln(1 − p) summed over the scenario's faults that break all deployments."""
    own = [fault.probability for fault in past.scenario.faults if _breaks_all(past, fault)]
    return sum(-math.log1p(-min(each, MOST)) for each in own)


def _breaks_all(past: Past, fault: object) -> bool:
    regions = range(len(past.scenario.fleet.regions))
    breaks = fault.effect == "deploy_fails" and fault.where != "each_region"  # type: ignore[attr-defined]
    return breaks and all(past.scenario.hits(fault, r) for r in regions)  # type: ignore[arg-type]


def broken(past: Past) -> list[str]:
    """Return the names of the faults that `hazard` sums over."""
    return [fault.name for fault in past.scenario.faults if _breaks_all(past, fault)]


def _together(
    good: NDArray[np.int64], bad: NDArray[np.int64], dead: NDArray[np.int64], prior: Prior, count: int,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Draw the probability of an attempt's own failure and that of a fault, from what succeeded and what was dead."""
    tries, many = np.unique(dead, return_counts=True)
    lost, kept, alive = float(bad.sum()), float(good.sum()), len(good)
    a, b = prior.share

    def posterior(x: Floats, y: Floats) -> Floats:
        q, stays, hit, spared = (special.log_expit(each) for each in (x, -x, y, -y))
        found = a * (q + hit) + b * (stays + spared) + lost * q + kept * stays + alive * spared
        for n, times in zip(tries, many, strict=True):
            found = found + times * np.logaddexp(hit, spared + n * q)
        return found

    drawn = special.expit(surface(posterior, ((-25.0, 16.0), (-25.0, 16.0)), shape=(64, 64)).draws(count, rng))
    return drawn[:, 0], drawn[:, 1]
