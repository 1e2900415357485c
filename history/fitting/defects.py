"""How often a change is bad, and which fault it then is: the share that was noticed, parted as the scenario parts it.

Not here: which changes were bad (`judged`).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from history.fitting.grids import Floats
from history.fitting.judged import Judged
from history.fitting.past import Past
from history.fitting.prior import Prior
from history.fitting.shares import by_service, share
from simulation.scenario import Fault

MOST = 1.0 - 1e-9
SURE = 0.99  # what a base's 1 counts as where history shifts odds, so that it can
STEPS = 800


@dataclass(frozen=True, eq=False)
class Defects:
    """Draws.

    Attributes
    ----------
    rate : (D,)
        How likely a change is bad, and is noticed.
    faults : dict of str to ndarray
        By fault: how likely one draw of it hits, (D,); empty where the scenario has no defect to carry the rate.
    bad, changes
        Counts.
    services
        How many services they are of.
    """

    rate: Floats
    faults: dict[str, Floats]
    bad: int
    changes: int
    services: int


def defects(
    past: Past, found: Judged, prior: Prior, count: int, rng: np.random.Generator, *, all_: bool = False
) -> Defects | None:
    """Return how often changes are bad; None where of none one can tell.

    Parameters
    ----------
    past, found, prior, count, rng
        See `shares.share`.
    all_
        Whether somebody notices every bad change in the end, whatever the base says.
    """
    known = found.known
    if not known.any():
        return None
    k, n = by_service(past.services[known], found.bad[known].astype(float), np.ones(int(known.sum())))
    rate = share(k, n, prior, count, rng)
    faults = _parted(past, found.reach[known], rate, all_)
    return Defects(rate, faults, int(found.bad[known].sum()), int(known.sum()), int((n > 0).sum()))


def carriers(past: Past) -> list[Fault]:
    """Return the scenario's defects that can hit at all."""
    return [each for each in past.scenario.faults if each.effect == "defect" and each.probability > 0]


def shifted(own: Floats, weights: Floats, mean: Floats) -> Floats:
    """Return faults' probabilities whose mean is a number: those of the base, odds times one factor; (F, means).

    Parameters
    ----------
    own, weights : (F,)
        Of the base, and how much each counts; 0 and 1 count as all but that.
    mean
        The means.
    """
    logits = special.logit(np.clip(own, 1.0 - SURE, SURE))
    steps = np.linspace(-60.0, 60.0, STEPS)
    along = (weights / weights.sum()) @ special.expit(logits[:, None] + steps)
    wanted = special.logit(np.clip(mean, 1e-15, 1.0 - 1e-15))
    found: Floats = special.expit(logits[:, None] + np.interp(wanted, special.logit(along), steps))
    return found


def noticed(past: Past, fault: Fault, all_: bool) -> float:
    """Return how likely a fault that hits is noticed at all: always, where customers would complain in the end."""
    if all_ or past.scenario.report is not None:
        return 1.0
    return 1.0 - (1.0 - fault.detection_probability) * (1.0 - fault.validation_probability)


def _parted(past: Past, reach: NDArray[np.bool_], rate: Floats, all_: bool) -> dict[str, Floats]:
    """Return the probabilities of faults under which such rollouts are bad, and noticed, as often as a rate says.

    The −ln(1 − p) of all faults are multiplied by one factor. Which regions a rollout reached counts: a fault of
    regions that none did cannot be seen.
    """
    faults = [each for each in carriers(past) if noticed(past, each, all_) > 0]
    if not faults:
        return {}
    masks, many = np.unique(reach, axis=0, return_counts=True)
    hazards = np.array([-math.log1p(-min(each.probability, MOST)) for each in faults])
    times = np.array([[_instances(past, fault, mask) for fault in faults] for mask in masks])
    if not (times > 0).any():
        return {}
    seen = np.array([noticed(past, each, all_) for each in faults])
    steps = np.linspace(math.log(1e-9), math.log(1e6), STEPS)
    missed = np.exp(-np.exp(steps)[:, None, None] * (times * hazards)[None, :, :])  # (steps, masks, faults)
    shares = (1.0 - np.prod(1.0 - seen * (1.0 - missed), axis=2)) @ many / many.sum()
    factor = np.exp(np.interp(np.log(rate), np.log(np.maximum.accumulate(shares)), steps))
    return {
        fault.name: -np.expm1(-hazard * factor)
        for fault, hazard, reached_ in zip(faults, hazards, times.T, strict=True)
        if (reached_ > 0).any()
    }


def _instances(past: Past, fault: Fault, mask: NDArray[np.bool_]) -> int:
    """Return how many draws of a fault could have hurt a rollout that reached such regions."""
    can = sum(1 for r in np.flatnonzero(mask) if past.scenario.hits(fault, int(r)))
    return can if fault.where == "each_region" else min(can, 1)
