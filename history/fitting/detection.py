"""Who noticed bad changes, and how soon.

Not here: competing risks (`competing`), what all that says of alarms (`evidence`), which changes were bad (`judged`).
"""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from history.fitting.competing import CAUSES, NEVER
from history.fitting.grids import Floats
from history.fitting.judged import CLOCKS, WATCHED, Judged
from history.fitting.past import Past, minutes
from simulation import Constant, Empirical, Exponential, Gamma, Lognormal, Weibull
from simulation.distributions import Family

CHECK = 0.75  # minutes about the end of a deployment within which the check after it has spoken


@dataclass(frozen=True, eq=False)
class Noticed:
    """Bad changes, and who noticed them.

    Attributes
    ----------
    row : (b,)
        The rollout's row.
    dated : bool, (b,)
        Whether an incident says when harm began; minutes are then since harm, else since the first traffic.
    minutes : (b,)
        To whoever noticed it first, or for how long nobody had.
    cause : ndarray of object, (b,)
        alarm, check, customers, never.
    early : bool, (b,)
        Whether harm began before the deployment of the region that was hurt first had ended: the check could see it.
    start, full : (b, R)
        When each hurt region's traffic began to move, and when all of it had; NaN where it was not hurt.
    alarm : (b,)
        The place of the region whose alarm it was, −1 where there is none.
    """

    row: NDArray[np.int64]
    dated: NDArray[np.bool_]
    minutes: Floats
    cause: NDArray[np.object_]
    early: NDArray[np.bool_]
    start: Floats
    full: Floats
    alarm: NDArray[np.int64]

    def of(self, which: NDArray[Any]) -> "Noticed":
        """Return some of them."""
        return Noticed(*(getattr(self, each.name)[which] for each in fields(self)))

    def and_(self, other: "Noticed") -> "Noticed":
        """Return these and others."""
        pairs = ((getattr(self, each.name), getattr(other, each.name)) for each in fields(self))
        return Noticed(*(np.concatenate(pair) for pair in pairs))


def noticed(past: Past, found: Judged) -> Noticed:
    """Return who noticed bad changes, of those of which it is known when harm began."""
    row = np.flatnonzero(found.bad & ~np.isnan(found.harm))
    harm = found.harm[row]
    start, full = _paths(past, found, row, harm)
    alarmed = (found.alarmed[row]) & (found.alarm[row] >= harm - CLOCKS)
    seen = found.seen[row]
    ends = np.where(np.isnan(full), np.inf, np.abs(full - (seen - harm)[:, None])).min(axis=1, initial=np.inf)
    checked = ~alarmed & (ends <= CHECK)
    late = np.where(np.isnan(seen), past.at("incident_mitigated_at")[row], seen)
    never = np.isnan(late)
    late = np.where(never, past.at("ended_at")[row], late)
    cause = np.select([alarmed, never, checked], ["alarm", NEVER, "check"], "customers").astype(object)
    took = late - harm
    fine = ~np.isnan(took) & (took > -CLOCKS)
    where = _where(past, row, alarmed)
    first = np.where(np.isnan(start), np.inf, start)
    ended = np.take_along_axis(full, np.argmin(first, axis=1)[:, None], axis=1)[:, 0] if len(row) else np.zeros(0)
    with np.errstate(invalid="ignore"):
        early = (ended >= 0) & (np.maximum(took, 0.0) >= ended - CHECK)
    dated = np.ones(len(row), dtype=np.bool_)
    return Noticed(row, dated, np.maximum(took, 0.0), cause, early, start, full, where).of(fine)


def undated(past: Past, found: Judged) -> Noticed:
    """Return who noticed the others: an alarm that halted the rollout, or people who set it back."""
    row = np.flatnonzero(found.bad & np.isnan(found.harm) & (found.alarmed | found.people))
    zero = np.zeros(len(row))
    start, _ = _paths(past, found, row, zero)
    origin = np.min(np.where(np.isnan(start), np.inf, start), axis=1, initial=np.inf)
    start, full = _paths(past, found, row, origin)
    alarmed = found.alarmed[row]
    took = np.where(alarmed, found.alarm[row], found.back[row]) - origin
    cause = np.where(alarmed, "alarm", "customers").astype(object)
    early, where = np.zeros(len(row), dtype=np.bool_), _where(past, row, alarmed)
    all_ = Noticed(row, early, np.maximum(took, 0.0), cause, early, start, full, where)
    return all_.of(np.isfinite(took) & (took > -CLOCKS))


def _where(past: Past, row: NDArray[np.int64], alarmed: NDArray[np.bool_]) -> NDArray[np.int64]:
    names = past.frame["alarm_region"].iloc[row].map(past.scenario.fleet.positions)
    return np.where(alarmed, names.fillna(-1).to_numpy(dtype=np.float64), -1).astype(np.int64)


def listened(past: Past, found: Judged) -> Noticed:
    """Return the bad changes of times in which alarms were looked at: for no longer than that, where none rang."""
    both = noticed(past, found).and_(undated(past, found))
    known = np.isin(np.asarray(past.frame["alarm"], dtype=object), ("none", "fired"))
    some = both.of((both.alarm >= 0) | (known[both.row] & (both.cause != "alarm")))
    regions = past.rollouts.regions
    until = np.full(len(past.frame), -np.inf)
    np.maximum.at(until, past.row(regions["rollout"]), np.nan_to_num(minutes(regions["watched_until"]), nan=-np.inf))
    began = np.where(some.dated, found.harm[some.row], _origin(past, found, some))
    capped = np.clip(np.fmin(some.minutes, until[some.row] - began), 0.0, None)
    return replace(some, minutes=np.where(some.alarm >= 0, some.minutes, capped))


def _origin(past: Past, found: Judged, some: Noticed) -> Floats:
    """Return since when minutes count where no incident dates them."""
    ends = np.where(some.alarm >= 0, found.alarm[some.row], found.back[some.row])
    return ends - some.minutes


def late(past: Past, found: Judged) -> NDArray[np.bool_]:
    """Return which bad changes somebody noticed though alarms and checks had not, (n,): alarms do not see all.

    Where no incident says since when they hurt, those that people set back an hour or more after the last deployment.
    """
    own = noticed(past, found)
    found_ = np.zeros(len(past.frame), dtype=np.bool_)
    found_[own.row[own.cause == "customers"]] = True
    with np.errstate(invalid="ignore"):
        return found_ | (found.bad & found.people & np.isnan(found.harm) & (found.back > past.at("ended_at") + WATCHED))


def _paths(past: Past, found: Judged, row: NDArray[np.int64], origin: Floats) -> tuple[Floats, Floats]:
    """Return when traffic moved in the regions that were hurt, in minutes since an origin of each, (b, R) twice."""
    size = len(past.scenario.fleet.regions)
    start, full = np.full((2, len(past.frame), size), np.nan)
    regions = past.rollouts.regions
    rows, kept = past.row(regions["rollout"]), past.place >= 0
    begin, end = minutes(regions["last_started_at"]), minutes(regions["ended_at"])
    status = np.asarray(regions["status"], dtype=object)
    usual = np.nanmedian(np.where(status == "succeeded", end - begin, np.nan)) if (status == "succeeded").any() else 0.0
    end = np.where(status == "succeeded", end, begin + usual)
    start[rows[kept], past.place[kept]], full[rows[kept], past.place[kept]] = begin[kept], end[kept]
    named = np.any(found.hurt, axis=1, keepdims=True)
    hurt = np.asarray((named & found.hurt) | (~named & found.reach), dtype=np.bool_)
    for service in set(past.frame["service"].iloc[row]):
        plan = past.plan(str(service))
        own = (past.frame["service"] == service).to_numpy()
        for r, name in enumerate(past.scenario.fleet.names):
            if plan is not None and name in plan.regions and plan.strategy_of(name) != "rolling":
                start[own, r] = full[own, r]
    return tuple(np.where(hurt[row], each[row] - origin[:, None], np.nan) for each in (start, full))  # type: ignore[return-value]


def gathered(start: Floats, full: Floats, t: Floats) -> tuple[Floats, Floats]:
    """Return ∫ x dt from harm, or the first traffic, to t, and x at t; 0 where there is none by then."""
    ramp = np.maximum(full - start, 1e-9)
    begin = np.maximum(start, 0.0)

    def area(at: Floats) -> Floats:
        up = np.clip(at - start, 0.0, ramp)
        return up**2 / (2.0 * ramp) + np.maximum(at - np.maximum(full, start), 0.0)

    here = np.where(np.isnan(start), 0.0, np.maximum(area(np.maximum(t, begin)) - area(begin), 0.0))
    x = np.where(np.isnan(start) | (t <= begin), 0.0, np.clip((t - start) / ramp, 0.0, 1.0))
    return here, x


def frozen(rule: Family, factor: float = 1.0) -> Any:
    """Return SciPy's distribution of a family, so many times as large; None for one of single values."""
    match rule:
        case Exponential(mean=mean):
            return stats.expon(scale=mean * factor)
        case Lognormal() if rule.sigma > 0:
            return stats.lognorm(rule.sigma, scale=rule.median * factor)
        case Weibull(shape=shape, scale=scale):
            return stats.weibull_min(shape, scale=scale * factor)
        case Gamma(shape=shape, scale=scale):
            return stats.gamma(shape, scale=scale * factor)
        case Constant() | Empirical() | _:
            return None


def told(seen: Noticed) -> tuple[tuple[float, str], ...]:
    """Return minutes and cause of each, for the picture."""
    return tuple((float(m), str(c)) for m, c in zip(seen.minutes, seen.cause, strict=True))


def counts(seen: Noticed) -> dict[str, int]:
    """Return how many each noticed first."""
    return {cause: int((seen.cause == cause).sum()) for cause in (*CAUSES, NEVER)}
