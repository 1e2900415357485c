"""Conditioning: which worlds a record is compatible with, by importance sampling (docs/replay.md).

E is the failed requests that a region's alarms need, G(t) what the region has gathered by t on its recorded path, and
W the halt, or the end of what is known. For every proposal, weights are worked out for each explanation of the record:

- no alarm: ∏ P(E > G(W − lag)) over regions whose alarms see the defect × P(no complaint by W) × 0 where a check or a
  reviewer would have seen it × P(no false alarm);
- an alarm of region r at T, as evidence: f_E(G(T − lag)) · dG/dt there × the other regions' part of the above; as a
  check: harm by the end of that deployment, which is at T; as a false alarm: its rate × all of the above;
- an alarm of no region, or one that people raised: the density of the customers' report × all of the above, or as a
  check. A halt by a reviewer is taken for one by customers.

What has a density counts what falls into a second. Not here: the proposals (`latents`), what follows (`worlds`).
"""

from dataclasses import dataclass

import numpy as np

from history.replaying.latents import Bools, Floats, Latents
from history.replaying.laws import density, discrete, tail
from history.replaying.paths import area, full, level, reached, served
from history.replaying.records import NONE, NOWHERE, PEOPLE, UNKNOWN, Records
from simulation import Scenario
from simulation.draws import MINUTES_A_DAY

SECOND = 1.0 / 60.0  # minutes: how exactly records tell the time
BISECTIONS = 60


@dataclass
class Weights:
    """How well proposals explain records.

    Attributes
    ----------
    by : dict
        From an explanation to its weights, (n, C): `quiet`, (`evidence`, r), (`check`, r), (`false`, r), `customers`.
    lag, onset, evidence : dict
        By region, (n, C): what had to be worked out for the region's evidence to explain the alarm.
    complaint, report : dict
        What customers had borne by then, or how long they had waited: by region, where its harm had to be worked out,
        else under NOWHERE.
    """

    by: dict[tuple[str, int], Floats]
    lag: dict[int, Floats]
    onset: dict[int, Floats]
    evidence: dict[int, Floats]
    complaint: dict[int, Floats]
    report: dict[int, Floats]


def known_until(records: Records, scenario: Scenario) -> Floats:
    """Return W: up to when it is known what alarms there were, (n,)."""
    return np.minimum(np.minimum(records.halt, records.watched), scenario.horizon_minutes)


def calm(records: Records, scenario: Scenario, reach: Bools) -> Floats:
    """Return the minutes for which each region's false-alarm clock is known to have run, (R, n) (rule 16)."""
    until = np.minimum(known_until(records, scenario), records.end)
    return np.where(reach, np.maximum(until - np.nan_to_num(first_traffic(records)), 0.0), 0.0)


def first_traffic(records: Records) -> Floats:
    """Return when each region first had traffic on the new version, (R, n); NaN where that is not known."""
    start, minutes = records.good
    rolling = np.array([each == "rolling" for each in records.strategies])[:, None]
    return np.where(rolling, start, start + minutes)


def rates(scenario: Scenario) -> Floats:
    """Return the false alarms a minute of each region, (R,)."""
    regions = range(len(scenario.fleet.regions))
    return np.array([scenario.of(r, "false_alarms_per_region_day") for r in regions]) / MINUTES_A_DAY


def sound(records: Records, scenario: Scenario, reach: Bools) -> dict[tuple[str, int], Floats]:
    """Return the weights where no defect hits an exposed region: exact, as nothing needs to be drawn; each (n,).

    None where an incident says that something was hurt.
    """
    ran, phi = calm(records, scenario, reach), rates(scenario)
    hurt = ~np.isnan(records.harm) | (records.hurt == 1).any(axis=0)
    none = np.exp(-(phi[:, None] * ran).sum(axis=0)) * ~hurt
    found = {("quiet", NOWHERE): none * ~_halted(records)}
    for r in np.flatnonzero(phi > 0):
        found["false", int(r)] = none * phi[r] * SECOND * _can_ring(records, reach, int(r))
    return found


def _halted(records: Records) -> Bools:
    ended = records.deploy_failed & (records.alarm == UNKNOWN)  # by the failure, as far as anybody knows
    return np.isfinite(records.halt) & (records.alarm != NONE) & ~ended


def _of_region(records: Records, r: int) -> Bools:
    """Return which halts a region's own alarm may explain."""
    named = records.alarm_region == r
    return _halted(records) & (named | ((records.alarm_region == NOWHERE) & (records.alarm != PEOPLE)))


def _checked(records: Records, r: int) -> Bools:
    """Return which halts the check after a region's deployment may explain: it need not be one of AWS's alarms."""
    return _halted(records) & np.isin(records.alarm_region, (r, NOWHERE))


def _of_nobody(records: Records) -> Bools:
    """Return which halts customers may explain."""
    return _halted(records) & (records.alarm_region == NOWHERE)


def _can_ring(records: Records, reach: Bools, r: int) -> Bools:
    """Return where a false alarm of a region may explain the halt: while the pipeline runs."""
    return _of_region(records, r) & reach[r] & (records.halt <= records.end + SECOND)


def _true(records: Records, scenario: Scenario, reach: Bools) -> Bools:
    """Return which alarms may have meant something: not those without an incident, if the model can have a false one.

    The model has false alarms of regions with traffic, while the pipeline runs.
    """
    false = [_can_ring(records, reach, int(r)) for r in np.flatnonzero(rates(scenario) > 0)]
    return ~records.meaningless | ~np.logical_or.reduce(false, axis=0, initial=False)


def weigh(records: Records, scenario: Scenario, reach: Bools, latents: Latents) -> Weights:
    """Return how well each proposal explains each record, the prior of its stratum left out."""
    regions = range(len(reach))
    t = known_until(records, scenario)[:, None]
    hit = [latents.fault[r] >= 0 for r in regions]
    visible = [hit[r] & latents.seen["seen_by_alarms"][r] for r in regions]
    rate = [scenario.fleet.regions[r].traffic * latents.severity[r] for r in regions]
    least = [scenario.of(r, "alarm_threshold") / latents.severity[r] for r in regions]
    incident = _fits_incident(records, scenario, latents, hit)  # first, as it moves harm
    survives, gathered = [], []
    for r in regions:
        by = t - latents.lag[r]
        g = rate[r] * area(latents.paths[r], latents.harm[r], by, least[r]) if visible[r].any() else np.zeros_like(by)
        gathered.append(g)
        survives.append(np.where(visible[r], tail(scenario.of(r, "evidence"), g), 1.0))
    ran = (rates(scenario)[:, None] * calm(records, scenario, reach)).sum(axis=0)
    incident = incident * np.exp(-ran)[:, None]
    found = Weights({}, {}, {}, {}, {}, {})
    base = _unseen(records, latents, hit, t) * incident
    no_complaint, complains = _customers(records, scenario, latents, hit, rate, t, found, NOWHERE)
    quiet = base * no_complaint
    everyone = _product(survives)
    halted, true = _halted(records)[:, None], _true(records, scenario, reach)[:, None]
    found.by["quiet", NOWHERE] = quiet * everyone * ~halted
    if not halted.any():
        return found
    for r in regions:
        end = full(latents.paths[r])
        checked = hit[r] & latents.seen["seen_by_check"][r] & (latents.harm[r] <= end) & (np.abs(end - t) <= SECOND)
        checked &= (np.isnan(records.in_flight[r]) & _checked(records, r) & reach[r])[:, None] & true
        if checked.any():
            found.by["check", r] = np.where(checked, quiet * everyone, 0.0)
        mine = _of_region(records, r)[:, None] & reach[r][:, None]
        if not mine.any():
            continue
        others = _product([each for place, each in enumerate(survives) if place != r])
        rang = _rings(records, scenario, latents, r, gathered[r], rate[r], least[r], found)
        calm_before = quiet
        if r in found.onset:  # its harm had to be worked out: what follows from harm does so anew
            kept, latents.harm[r] = latents.harm[r].copy(), served(latents.paths[r]) + found.onset[r]
            silent, _ = _customers(records, scenario, latents, hit, rate, t, found, r)
            calm_before = _unseen(records, latents, hit, t) * incident * silent
            latents.harm[r] = kept
        found.by["evidence", r] = np.where(mine & true & visible[r], calm_before * others * rang, 0.0)
        phi = rates(scenario)[r] * SECOND
        found.by["false", r] = quiet * everyone * phi * _can_ring(records, reach, r)[:, None]
    # That there was no report before is part of the density of the one that came.
    nobody = _of_nobody(records)[:, None] & true
    found.by["customers", NOWHERE] = np.where(nobody, base * everyone * complains, 0.0)
    return found


def _product(parts: list[Floats]) -> Floats:
    found = np.ones_like(parts[0]) if parts else np.ones(1)
    for each in parts:
        found = found * each
    return found


def _unseen(records: Records, latents: Latents, hit: list[Bools], t: Floats) -> Floats:
    """Return 0 where a check or a reviewer would have raised an alarm before, else 1 (rules 7 and 14)."""
    limit = np.where(_halted(records)[:, None], t - SECOND, t)
    found = np.ones_like(latents.pick)
    for r, hits in enumerate(hit):
        end = full(latents.paths[r])
        seen = hits & latents.seen["seen_by_check"][r] & (latents.harm[r] <= end) & (end <= limit)
        found = np.where(seen, 0.0, found)
        for decision in decisions(records):
            at = decision[:, None]
            seen = hits & latents.seen["seen_by_reviewer"][r] & (latents.harm[r] <= at) & (at <= limit)
            found = np.where(seen, 0.0, found)
    return found


def decisions(records: Records) -> Floats:
    """Return when approvals were decided, (W, n); NaN where there was none."""
    asked = np.array([wave.approval for wave in records.plan.waves])[:, None]
    begun = np.array([_first_start(records, wave.regions) for wave in records.plan.waves])
    return np.where(asked, begun, np.nan)


def _first_start(records: Records, names: tuple[str, ...]) -> Floats:
    own = np.array([records.started[records.places[name]] for name in names])
    return np.where(np.isnan(own).all(axis=0), np.nan, np.nanmin(np.where(np.isnan(own), np.inf, own), axis=0))


def _fits_incident(records: Records, scenario: Scenario, latents: Latents, hit: list[Bools]) -> Floats:
    """Return how well harm fits what an incident says: which regions were hurt, and when harm began."""
    found = np.ones_like(latents.pick)
    for r, hits in enumerate(hit):
        said = records.hurt[r][:, None]
        found = np.where(~np.isnan(said) & reachable(latents, r) & (hits != (said == 1)), 0.0, found)
    told = ~np.isnan(records.harm)
    if told.any():
        found = np.where(told[:, None], found * _begins(records, scenario, latents, hit), found)
    return found


def reachable(latents: Latents, r: int) -> Bools:
    """Return where a region had traffic at all: the record says nothing of the others."""
    return np.broadcast_to(served(latents.paths[r]) < 1e11, latents.pick.shape)


def _begins(records: Records, scenario: Scenario, latents: Latents, hit: list[Bools]) -> Floats:
    """Let harm begin when the incident says, in one of the regions that may have been first; return the weights."""
    began = np.nan_to_num(records.harm, nan=-1.0)[:, None]
    may = np.array([hits & (served(latents.paths[r]) <= began) for r, hits in enumerate(hit)])
    count = may.sum(axis=0)
    nth = np.minimum((latents.pick * count).astype(np.int64), np.maximum(count - 1, 0))
    chosen = may & (np.cumsum(may, axis=0) - 1 == nth)
    found = count.astype(np.float64)
    told = ~np.isnan(records.harm)[:, None]
    for r in range(len(hit)):
        own = np.broadcast_to(began - served(latents.paths[r]), found.shape)
        for f in np.unique(latents.fault[r][latents.fault[r] >= 0]):
            rule, mine = scenario.faults[int(f)].onset, latents.fault[r] == f
            fits = np.abs(latents.onset[int(f)][r] - own) <= SECOND if discrete(rule) else density(rule, own) * SECOND
            now = told & chosen[r] & mine
            found = np.where(now, found * fits, found)
            if not discrete(rule):
                latents.onset[int(f)][r] = np.where(now, own, latents.onset[int(f)][r])
                latents.harm[r] = np.where(now, began, latents.harm[r])
        found = np.where(told & hit[r] & ~chosen[r] & (latents.harm[r] < began - SECOND), 0.0, found)
    return found


def _rings(
    records: Records, scenario: Scenario, latents: Latents, r: int, g: Floats, rate: Floats, least: Floats, out: Weights
) -> Floats:
    """Return how likely a region's evidence raises the alarm within the second of T; work out what must be so."""
    t = records.halt[:, None]
    t = np.where(np.isfinite(t), t, 0.0)
    path, harm, lag_rule, rule = latents.paths[r], latents.harm[r], scenario.of(r, "lag"), scenario.of(r, "evidence")
    lag, wanted = latents.lag[r], latents.evidence[r]
    out.lag[r], out.evidence[r] = lag, wanted
    if not discrete(rule):
        at = t - lag
        x = level(path, at)
        grows = np.where((at > harm) & (x >= least - 1e-12), rate * x, 0.0)
        out.evidence[r] = g
        return density(rule, g) * grows * SECOND
    enough = reached(path, harm, wanted / rate, least)
    if not discrete(lag_rule):
        out.lag[r] = np.where(np.isfinite(enough), t - enough, 0.0)
        return np.where(np.isfinite(enough), density(lag_rule, out.lag[r]) * SECOND, 0.0)
    told = ~np.isnan(records.harm)[:, None]
    matches = (np.abs(enough + lag - t) <= SECOND).astype(np.float64)
    solved, begin = _solved_onset(scenario, latents, r, t - lag, wanted / rate, least)
    own = np.zeros_like(latents.pick, dtype=np.bool_)
    for f in np.unique(latents.fault[r][latents.fault[r] >= 0]):
        if not discrete(scenario.faults[int(f)].onset):
            own |= latents.fault[r] == f
    own = own & ~told
    out.onset[r] = np.where(own, begin, latents.harm[r]) - served(path)
    return np.where(own, solved, matches)


def _solved_onset(
    scenario: Scenario, latents: Latents, r: int, at: Floats, wanted: Floats, least: Floats
) -> tuple[Floats, Floats]:
    """Return how likely harm begins so that just enough is gathered by an instant, and when that is, by bisection."""
    path = latents.paths[r]
    low = np.broadcast_to(served(path), at.shape).copy()
    high = np.maximum(at, low)
    possible = (area(path, low, high, least) >= wanted) & (wanted > 0)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        more = area(path, middle, np.maximum(at, middle), least) >= wanted
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    found = np.zeros_like(at)
    with np.errstate(divide="ignore", invalid="ignore"):
        speed = level(path, at) / level(path, low)
    possible &= np.isfinite(speed)
    speed = np.where(possible, speed, 0.0)
    for f in np.unique(latents.fault[r][latents.fault[r] >= 0]):
        rule = scenario.faults[int(f)].onset
        fits = density(rule, low - served(path)) * speed * SECOND
        found = np.where((latents.fault[r] == f) & possible, fits, found)
    return found, low


def _customers(
    records: Records, scenario: Scenario, latents: Latents, hit: list[Bools], rate: list[Floats], t: Floats,
    out: Weights, key: int,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return how likely customers have not reported by W, and how likely they report within the second of it."""
    if scenario.report is None:
        return np.ones_like(latents.pick), np.zeros_like(latents.pick)
    none = ~np.logical_or.reduce(hit)

    def failed(by: Floats) -> Floats:
        return sum(
            (np.where(hit[r], rate[r] * area(latents.paths[r], latents.harm[r], by), 0.0) for r in range(len(hit))),
            np.zeros_like(latents.pick),
        )

    if not discrete(scenario.complaint):
        at = t - latents.report
        borne = failed(at)
        grows = sum(
            (
                np.where(hit[r] & (at > latents.harm[r]), rate[r] * level(latents.paths[r], at), 0.0)
                for r in range(len(hit))
            ),
            np.zeros_like(latents.pick),
        )
        out.complaint[key] = borne
        quiet = np.where(none, 1.0, tail(scenario.complaint, borne))
        return quiet, np.where(none, 0.0, density(scenario.complaint, borne) * grows * SECOND)
    noticed = _noticed(latents, hit, failed, t)
    late = t - noticed
    if discrete(scenario.report):
        soon = noticed + latents.report
        return (none | (soon > t)).astype(np.float64), (~none & (np.abs(soon - t) <= SECOND)).astype(np.float64)
    out.report[key] = np.where(np.isfinite(late), late, 0.0)
    quiet = np.where(none | ~np.isfinite(noticed), 1.0, tail(scenario.report, np.where(np.isfinite(late), late, -1.0)))
    return quiet, np.where(none, 0.0, density(scenario.report, np.where(np.isfinite(late), late, -1.0)) * SECOND)


def _noticed(latents: Latents, hit: list[Bools], failed, t: Floats) -> Floats:  # type: ignore[no-untyped-def]
    """Return when customers have borne enough, infinity where that is after W (rule 15)."""
    first: Floats = np.stack([np.where(hits, latents.harm[r], np.inf) for r, hits in enumerate(hit)]).min(axis=0)
    if not (latents.complaint > 0).any():
        return first
    low, high = np.zeros_like(latents.pick), np.broadcast_to(t, latents.pick.shape).copy()
    beyond = failed(high) < latents.complaint
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        more = failed(middle) >= latents.complaint
        low, high = np.where(more, low, middle), np.where(more, middle, high)
    return np.where(latents.complaint == 0.0, first, np.where(beyond, np.inf, high))
