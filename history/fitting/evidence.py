"""What alarms need to see, and how many bad changes they can see at all: from when they rang, and when they did not.

Both are found together. A bad change that people set back hours after its rollout had ended, while alarms were looked
at, is one that alarms either cannot see, or need more evidence for than there was by then: competing risks, of which
the end of the rollout is one. Not here: who noticed it (`detection`), how often changes are bad (`defects`).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from history.fitting.defects import SURE, carriers, shifted
from history.fitting.detection import Noticed, frozen, gathered
from history.fitting.grids import Floats, surface
from history.fitting.learnt import Learnt, interval, number
from history.fitting.past import Past
from history.fitting.prior import Prior
from simulation.distributions import Family

NODES = 48  # of severity, lag and onset, for each fault
MOST = 400  # bad changes that are read; more would say little more
GRID = 64
WIDE = 14.0  # logits to either side: how likely alarms see a bad change, at first
RARELY = 1e-3  # a day: how often an alarm means nothing at the least, as incidents are dated wrongly, too
GOLDEN, PLASTIC = 0.6180339887498949, 0.7548776662466927  # steps of even sequences
Rules = list[Any]


@dataclass(frozen=True, eq=False)
class Heard:
    """Draws.

    Attributes
    ----------
    factor : (D,)
        How many times the evidence of the base alarms need; None where history does not tell it.
    share : (D,)
        How likely alarms can see a bad change; None where history does not tell it.
    alarms, others
        How many records they are of: that an alarm noticed, and that it did not.
    why
        Why there is no factor.
    """

    factor: Floats | None
    share: Floats | None
    alarms: int = 0
    others: int = 0
    why: str = ""


@dataclass(frozen=True, eq=False)
class _Records:
    """What alarms and their absence say, at nodes of fault, severity, lag and onset: (b, nodes) and (b, R, nodes)."""

    weight: Floats
    requests: Floats
    rate: Floats
    alarm: NDArray[np.int64]
    false: Floats
    faults: int

    def likelihood(self, rules: Rules, factors: Floats) -> tuple[Floats, Floats]:
        """Return how likely each record is by fault, if alarms need so many times as much: (factors, b, F) twice.

        The first if alarms can see the fault, the second if they cannot.
        """
        size = max(1, 2**21 // max(self.weight.size, 1))
        parts = [self._some(rules, factors[at : at + size]) for at in range(0, len(factors), size)]
        return np.concatenate([own for own, _ in parts]), np.concatenate([own for _, own in parts])

    def _some(self, rules: Rules, factors: Floats) -> tuple[Floats, Floats]:
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
        false = self.false[np.maximum(self.alarm, 0)][:, None]  # it, or the incident's minute, may mean nothing
        seen = np.where(fired, rang * others + false * stays, stays)
        blind = np.broadcast_to(np.where(fired, false, 1.0), seen.shape)
        shape = (*seen.shape[:2], self.faults, NODES)
        return tuple((self.weight * each).reshape(shape).sum(axis=3) for each in (seen, blind))


@dataclass(frozen=True)
class _Steps:
    """A distribution of single values: how much of it is above, and the same density wherever an alarm rang."""

    rule: Family

    def sf(self, g: Floats) -> Floats:
        values = np.sort(self.rule.quantile((np.arange(NODES) + 0.5) / NODES))
        return 1.0 - np.searchsorted(values, g, side="right") / NODES

    def pdf(self, g: Floats) -> Floats:
        return np.ones_like(g)


def _records(past: Past, seen: Noticed, severity: Floats, some: NDArray[np.int64]) -> _Records:
    scenario, faults = past.scenario, carriers(past)
    u = (np.arange(NODES) + 0.5) / NODES
    v, w = np.mod(0.5 + np.arange(NODES) * np.array([[GOLDEN], [PLASTIC]]), 1.0)
    start, full, t, dated = (seen.start[some], seen.full[some], seen.minutes[some], seen.dated[some])
    traffic = np.array([region.traffic for region in scenario.fleet.regions])
    parts: dict[str, list[Floats]] = {name: [] for name in ("weight", "requests", "rate")}
    for fault in faults:
        hits = np.array([scenario.hits(fault, r) for r in range(len(traffic))], dtype=np.bool_)
        had: NDArray[np.bool_] = np.isfinite(start)
        fits = np.where(dated, (hits | ~had).all(axis=1), (hits & had).any(axis=1))
        told = severity[some][:, None]
        worse = np.where(np.isnan(told), fault.severity.quantile(u)[None, :], told)
        harm = np.where(dated[:, None], 0.0, fault.onset.quantile(w)[None, :])
        requests, rates = np.zeros((2, len(some), len(traffic), NODES))
        for r in np.flatnonzero(hits):
            at = t[:, None] - scenario.of(int(r), "lag").quantile(v)[None, :] - harm
            area, x = gathered(start[:, r : r + 1] - harm, full[:, r : r + 1] - harm, at)
            counts = worse >= scenario.of(int(r), "alarm_threshold")
            requests[:, r], rates[:, r] = traffic[r] * worse * area * counts, traffic[r] * worse * x * counts
        parts["weight"].append(np.broadcast_to(fault.probability / NODES * fits[:, None], (len(some), NODES)))
        parts["requests"].append(requests)
        parts["rate"].append(rates)
    joined = {name: np.concatenate(own, axis=-1) for name, own in parts.items()}
    false = [max(scenario.of(r, "false_alarms_per_region_day"), RARELY) / 1440.0 for r in range(len(traffic))]
    return _Records(**joined, alarm=seen.alarm[some], false=np.array(false), faults=len(faults))


def heard(
    past: Past, seen: Noticed, severity: Floats, prior: Prior, count: int, rng: np.random.Generator, *, blind: bool
) -> Heard:
    """Return how many failed requests alarms need, and how likely they can see a bad change.

    Parameters
    ----------
    past, seen
        What was noticed; of what no incident dates, harm begins an onset of the base after the first traffic.
    severity : (b,)
        Of each, where metrics tell it; NaN elsewhere, where it is the base's.
    prior, count, rng
        See `shares.share`.
    blind
        Whether somebody notices what alarms do not, so that the history tells how many those are.
    """
    why, rules = _rules(past, seen)
    if not carriers(past) or not len(seen.row) or (why and not blind):
        return Heard(None, None, why=why or "no bad change is known while alarms were looked at")
    some = rng.permutation(len(seen.row))[:MOST]
    records = _records(past, seen, severity, some)
    found = _Posterior(past, records, rules, prior)
    found.at(np.linspace(-3.0 * prior.factor, 3.0 * prior.factor, GRID), np.linspace(-WIDE, WIDE, 5) if blind else None)
    rang, quiet = (records.alarm >= 0) & found.possible, (records.alarm < 0) & found.possible
    if not found.possible.any():
        return Heard(None, None, why="no alarm rang at a minute at which a defect of the base could have raised it")
    factor, share = found.draws(count, rng, learn=not why, blind=blind)
    return Heard(None if why else np.exp(factor), share if blind else None, int(rang.sum()), int(quiet.sum()), why)


def _rules(past: Past, seen: Noticed) -> tuple[str, Rules]:
    """Return why the evidence cannot be learnt, empty where it can, and its distribution in each region."""
    own = [past.scenario.of(r, "evidence") for r in range(len(past.scenario.fleet.regions))]
    rules = [frozen(rule) for rule in own]
    if not carriers(past):
        return "the base has no defect that could raise an alarm", []
    why = ""
    if not (seen.dated & (seen.alarm >= 0)).any():
        why = "no alarm rang of which an incident says when harm had begun"
    if any(rule is None for rule in rules):
        why = "in the base it is a single value, of which no time to detect is likelier than another; give it a spread"
    return why, [_Steps(each) if rule is None else rule for each, rule in zip(own, rules, strict=True)]


class _Posterior:
    """The log density of the factor's logarithm and of the mean share's logit."""

    def __init__(self, past: Past, records: _Records, rules: Rules, prior: Prior) -> None:
        self.records, self.rules, self.prior = records, rules, prior
        self.weights = np.array([fault.probability for fault in carriers(past)])
        self.own = np.array([fault.detection_probability for fault in carriers(past)])
        self.possible = np.ones(len(records.alarm), dtype=np.bool_)
        mean = float(self.weights @ np.clip(self.own, 1.0 - SURE, SURE) / self.weights.sum())
        self.seen = prior.seen * mean, prior.seen * (1.0 - mean)

    def at(self, logs: Floats, logits: Floats | None) -> Floats:
        """Return it for factors (A,) and shares (B,), (A, B); where no share is learnt that of the base, (A, 1)."""
        seen, unseen = self.records.likelihood(self.rules, np.exp(logs))
        can = self.own[None, :] if logits is None else shifted(self.own, self.weights, special.expit(logits)).T
        likely = np.einsum("xbf,yf->xyb", seen, can) + np.einsum("xbf,yf->xyb", unseen, 1.0 - can)
        self.possible = likely.max(axis=(0, 1)) > 0
        with np.errstate(divide="ignore"):
            found: Floats = np.log(likely[:, :, self.possible]).sum(axis=2)
        found = found - 0.5 * (logs[:, None] / self.prior.factor) ** 2
        if logits is not None:
            a, b = self.seen
            found = found + a * special.log_expit(logits) + b * special.log_expit(-logits)
        return found

    def draws(self, count: int, rng: np.random.Generator, *, learn: bool, blind: bool) -> tuple[Floats, Floats]:
        """Return draws of the factor's logarithm and of the mean share, which hang together."""

        def density(x: Floats, y: Floats) -> Floats:
            own = self.at(x[:, 0] if learn else np.zeros(1), y[0] if blind else None)
            return np.broadcast_to(own, (len(x), y.shape[1])).copy()

        box = ((-3.0 * self.prior.factor, 3.0 * self.prior.factor), (-WIDE, WIDE))
        shape = (GRID if learn else 2, GRID if blind else 2)
        drawn = surface(density, box, shape=shape).draws(count, rng)
        return drawn[:, 0], special.expit(drawn[:, 1])


def learnt(past: Past, seen: Noticed, found: Heard) -> list[Learnt]:
    """Return the rows: of the evidence, and of who can see each fault."""
    rows = []
    when = past.started[seen.row]
    if found.factor is not None:
        base = past.scenario.evidence
        half = float(base.quantile(np.array([0.5]))[0])
        middle, low, high = interval(found.factor * half)
        source = (
            past.said(found.alarms, "alarm", when) + f" and {found.others:,} noticed otherwise, by incidents' times"
        )
        rows.append(Learnt(
            ("evidence",), "scaled", found.factor[:, None], np.array([np.median(found.factor)]), middle, low, high,
            found.alarms, "failed requests", source,
            "times to detect as competing risks, severity and lag the base's: times one factor", base=base,
        ))  # fmt: skip
    if found.share is not None:
        many = found.alarms + found.others
        source = f"{found.alarms:,} of {past.said(many, 'bad change', when)} by an alarm, the others by somebody else"
        weights = np.array([fault.probability for fault in carriers(past)])
        own = np.array([fault.detection_probability for fault in carriers(past)])
        rows += [
            number(("faults", fault.name, "detection_probability"), values, n=many, unit="probability", source=source,
                   method="as competing risks, together with evidence; odds of all faults times one factor")
            for fault, values in zip(carriers(past), shifted(own, weights, found.share), strict=True)
        ]  # fmt: skip
    return rows
