"""Who noticed bad changes, how soon, and what that says of the failed requests that alarms need to see.

The time from harm to alarm tells evidence divided by severity alone, so severity is taken from the base, or from
metrics where they were collected. Not here: competing risks (`competing`), which changes were bad (`judged`).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from history.fitting.competing import CAUSES, NEVER
from history.fitting.defects import carriers
from history.fitting.grids import Floats
from history.fitting.judged import CLOCKS, Judged
from history.fitting.learnt import Learnt, interval
from history.fitting.past import Past, minutes
from history.fitting.prior import Prior
from simulation import Constant, Empirical, Exponential, Gamma, Lognormal, Weibull
from simulation.distributions import Family

NODES = 48  # of severity and lag, for each fault
MOST = 400  # alarms that are read; more would say little more
GRID = 81
RARELY = 1e-3  # a day: how often an alarm means nothing at the least, as incidents are dated wrongly, too
CHECK = 0.75  # minutes about the end of a deployment within which the check after it has spoken


@dataclass(frozen=True, eq=False)
class Noticed:
    """Bad changes of which it is known when harm began.

    Attributes
    ----------
    row : (b,)
        The rollout's row.
    minutes : (b,)
        From harm to whoever noticed it first, or for how long nobody had.
    cause : ndarray of object, (b,)
        alarm, check, customers, never.
    early : bool, (b,)
        Whether harm began before the deployment of the region that was hurt first had ended: the check could see it.
    start, full : (b, R)
        From harm on: when each hurt region's traffic began to move, and when all of it had; NaN where it was not hurt.
    alarm : (b,)
        The place of the region whose alarm it was, −1 where there is none.
    """

    row: NDArray[np.int64]
    minutes: Floats
    cause: NDArray[np.object_]
    early: NDArray[np.bool_]
    start: Floats
    full: Floats
    alarm: NDArray[np.int64]


def noticed(past: Past, found: Judged) -> Noticed:
    """Return who noticed bad changes, of those of which it is known when harm began."""
    row = np.flatnonzero(found.bad & ~np.isnan(found.harm))
    harm = found.harm[row]
    start, full = _paths(past, found, row)
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
    names = past.frame["alarm_region"].iloc[row].map(past.scenario.fleet.positions)
    where = np.where(alarmed, names.fillna(-1).to_numpy(dtype=np.float64), -1).astype(np.int64)
    first = np.where(np.isnan(start), np.inf, start)
    ended = np.take_along_axis(full, np.argmin(first, axis=1)[:, None], axis=1)[:, 0] if len(row) else np.zeros(0)
    with np.errstate(invalid="ignore"):
        early = (ended >= 0) & (np.maximum(took, 0.0) >= ended - CHECK)
    return Noticed(
        row[fine], np.maximum(took, 0.0)[fine], cause[fine], early[fine], start[fine], full[fine], where[fine]
    )  # fmt: skip


def _paths(past: Past, found: Judged, row: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return when traffic moved in the regions that were hurt, in minutes since harm began, (b, R) twice."""
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
    harm = found.harm[row][:, None]
    return tuple(np.where(hurt[row], each[row] - harm, np.nan) for each in (start, full))  # type: ignore[return-value]


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


@dataclass(frozen=True, eq=False)
class _Records:
    """What alarms and their absence say, at nodes of fault, severity and lag: (b, nodes) and (b, R, nodes)."""

    weight: Floats
    seen: Floats
    requests: Floats
    rate: Floats
    alarm: NDArray[np.int64]
    false: Floats

    def likelihood(self, rules: list[Any], factors: Floats) -> Floats:
        """Return how likely each record is if alarms need so many times as much, (factors, b)."""
        size = max(1, 2**21 // max(self.weight.size, 1))
        parts = [self._some(rules, factors[at : at + size]) for at in range(0, len(factors), size)]
        return np.concatenate(parts)

    def _some(self, rules: list[Any], factors: Floats) -> Floats:
        scale = factors[:, None, None]
        stays, others = np.ones((2, len(factors), *self.weight.shape))
        rang = np.zeros_like(stays)
        for r, rule in enumerate(rules):
            own = np.flatnonzero((self.requests[:, r] > 0).any(axis=1))
            if not len(own):
                continue
            g = self.requests[own, r] / scale
            calm, mine = rule.sf(g), self.alarm[own] == r
            stays[:, own] *= calm
            others[:, own] *= np.where(mine[:, None], 1.0, calm)
            rang[:, own[mine]] = rule.pdf(g[:, mine]) / scale * self.rate[own[mine], r]
        fired = (self.alarm >= 0)[:, None]
        quiet = self.seen * stays + 1.0 - self.seen
        false = self.false[np.maximum(self.alarm, 0)][:, None]  # it, or the incident's minute, may mean nothing
        return (self.weight * np.where(fired, self.seen * rang * others + false * quiet, quiet)).sum(axis=2)


def _records(past: Past, seen: Noticed, severity: Floats, rng: np.random.Generator) -> _Records:
    some = rng.permutation(len(seen.row))[:MOST]
    scenario, faults = past.scenario, carriers(past)
    u = (np.arange(NODES) + 0.5) / NODES
    v = np.mod(0.5 + np.arange(NODES) * 0.6180339887498949, 1.0)
    start, full, t = (each[some] for each in (seen.start, seen.full, seen.minutes))
    traffic = np.array([region.traffic for region in scenario.fleet.regions])
    parts: dict[str, list[Floats]] = {name: [] for name in ("weight", "seen", "requests", "rate")}
    for fault in faults:
        hits = np.array([scenario.hits(fault, r) for r in range(len(traffic))])
        fits = ~((~np.isnan(start)) & ~hits).any(axis=1)
        told = severity[some][:, None]
        worse = np.where(np.isnan(told), fault.severity.quantile(u)[None, :], told)
        requests, rates = np.zeros((2, len(some), len(traffic), NODES))
        for r in range(len(traffic)):
            at = t[:, None] - scenario.of(r, "lag").quantile(v)[None, :]
            area, x = gathered(start[:, r : r + 1], full[:, r : r + 1], at)
            counts = worse >= scenario.of(r, "alarm_threshold")
            requests[:, r], rates[:, r] = traffic[r] * worse * area * counts, traffic[r] * worse * x * counts
        shape = (len(some), NODES)
        parts["weight"].append(np.broadcast_to(fault.probability / NODES * fits[:, None], shape))
        parts["seen"].append(np.full(shape, fault.detection_probability))
        parts["requests"].append(requests)
        parts["rate"].append(rates)
    joined = {name: np.concatenate(own, axis=-1) for name, own in parts.items()}
    false = [max(scenario.of(r, "false_alarms_per_region_day"), RARELY) / 1440.0 for r in range(len(traffic))]
    return _Records(**joined, alarm=seen.alarm[some], false=np.array(false))


def evidence(
    past: Past, seen: Noticed, severity: Floats, prior: Prior, count: int, rng: np.random.Generator
) -> Learnt | str:
    """Return how many failed requests alarms need, or why history does not tell it.

    Parameters
    ----------
    past, seen
        What was noticed.
    severity : (b,)
        Of each, where metrics tell it; NaN elsewhere, where it is the base's.
    prior, count, rng
        See `shares.share`.
    """
    rules = [frozen(past.scenario.of(r, "evidence")) for r in range(len(past.scenario.fleet.regions))]
    if any(rule is None for rule in rules):
        return "in the base it is a single value, of which no time to detect is likelier than another; give it a spread"
    if not (seen.alarm >= 0).any():
        return "no alarm rang of which an incident says when harm had begun"
    if not carriers(past):
        return "the base has no defect that could raise an alarm"
    records = _records(past, seen, severity, rng)
    ends = (-3.0 * prior.factor, 3.0 * prior.factor)
    for _ in range(4):
        logs = np.linspace(*ends, GRID)
        likely = records.likelihood(rules, np.exp(logs))
        possible = likely.max(axis=0) > 0
        if not possible.any():
            return "no alarm rang at a minute at which a defect of the base could have raised it"
        with np.errstate(divide="ignore"):
            total = np.log(likely[:, possible]).sum(axis=1) - 0.5 * (logs / prior.factor) ** 2
        kept = np.flatnonzero(total > total.max() - 18.0)
        ends = (logs[max(kept[0] - 1, 0)], logs[min(kept[-1] + 1, GRID - 1)])
    weight = np.exp(total - total.max())
    along = np.cumsum(weight) / weight.sum()
    u = rng.permutation((np.arange(count) + rng.random(count)) / count)
    factor = np.exp(np.interp(u, along, logs))
    return _learnt(past, seen, records, possible, factor)


def _learnt(past: Past, seen: Noticed, records: _Records, possible: NDArray[np.bool_], factor: Floats) -> Learnt:
    base = past.scenario.evidence
    half = float(base.quantile(np.array([0.5]))[0])
    middle, low, high = interval(factor * half)
    n = int(((records.alarm >= 0) & possible).sum())
    rest = int(((records.alarm < 0) & possible).sum())
    source = past.said(n, "alarm", past.started[seen.row]) + f" and {rest:,} noticed otherwise, by incidents' times"
    return Learnt(
        ("evidence",), "scaled", factor[:, None], np.array([np.median(factor)]), middle, low, high, n,
        "failed requests", source, "times to detect as competing risks, severity and lag the base's: times one factor",
        base=base,
    )  # fmt: skip


def told(seen: Noticed) -> tuple[tuple[float, str], ...]:
    """Return minutes and cause of each, for the picture."""
    return tuple((float(m), str(c)) for m, c in zip(seen.minutes, seen.cause, strict=True))


def counts(seen: Noticed) -> dict[str, int]:
    """Return how many each noticed first."""
    return {cause: int((seen.cause == cause).sum()) for cause in (*CAUSES, NEVER)}
