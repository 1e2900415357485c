"""Proposals: what may have been wrong with recorded changes, drawn from the scenario by strata.

A stratum is the first defect in the scenario's list that hits any exposed region; that none does is one of its own,
of which nothing needs to be drawn. Not here: how well each proposal fits its record (`conditioning`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from history.replaying.laws import discrete, tail, value
from history.replaying.paths import Piece, recorded_path
from history.replaying.records import Records
from simulation import Scenario
from simulation.distributions import Constant, Family

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
FAULT_VALUES = {
    "seen_by_alarms": "detection_probability", "seen_by_check": "validation_probability",
    "seen_by_reviewer": "review_probability",
}  # fmt: skip


@dataclass
class Latents:
    """C proposals for each of n records; R regions of the fleet.

    Attributes
    ----------
    stratum : (C,)
        The place among the defects of the first that hits.
    hits : dict
        By fault: whether it hits, (n, C), or for one with a draw for each region (R, n, C).
    values : dict
        By fault and purpose: severity and who can see it, in the same shapes.
    onset : dict
        By fault: (R, n, C).
    fault, severity, harm : (R, n, C)
        The defect that counts, or −1; its severity, and when its harm begins: infinity where there is none.
    seen : dict
        By purpose: (R, n, C).
    evidence, lag : (R, n, C)
        Failed requests, where they are not worked out; minutes.
    complaint, report : (n, C)
        The customers' draws.
    paths : list
        By region: the pieces of its recorded path.
    pick : (n, C)
        A uniform number, to choose with.
    """

    stratum: NDArray[np.int64]
    hits: dict[int, Bools]
    values: dict[tuple[int, str], Floats]
    onset: dict[int, Floats]
    fault: NDArray[np.int64]
    severity: Floats
    harm: Floats
    seen: dict[str, Bools]
    evidence: Floats
    lag: Floats
    complaint: Floats
    report: Floats
    flying: Floats
    pick: Floats
    paths: list[list[Piece]] = field(repr=False)


def defects(scenario: Scenario) -> list[int]:
    """Return the numbers of the faults that hurt."""
    return [number for number, fault in enumerate(scenario.faults) if fault.effect == "defect"]


def exposed(records: Records, regions: int) -> Bools:
    """Return which regions had traffic on the new version before the halt, (R, n)."""
    start, minutes = records.good
    found = np.zeros((regions, len(records)), dtype=np.bool_)
    for r in range(regions):
        if records.strategies[r] == "rolling":
            found[r] = start[r] < records.halt
        else:
            found[r] = start[r] + minutes[r] <= records.halt
    return found


def prior(scenario: Scenario, reach: Bools) -> Floats:
    """Return how likely each stratum is before anything is known: (D + 1, n), the last that no defect hits.

    Parameters
    ----------
    scenario
        Whose faults.
    reach
        Which regions were exposed, (R, n).
    """
    clear, found = np.ones(reach.shape[1]), []
    for number in defects(scenario):
        chance = _chance(scenario, number, reach)
        found.append(clear * chance)
        clear = clear * (1.0 - chance)
    return np.array([*found, clear])


def _chance(scenario: Scenario, number: int, reach: Bools) -> Floats:
    """Return how likely a fault hits any of the exposed regions, (n,)."""
    fault = scenario.faults[number]
    where = reach & _can_hit(scenario, number)[:, None]
    if fault.where == "each_region":
        return np.asarray(1.0 - (1.0 - fault.probability) ** where.sum(axis=0))
    return np.asarray(fault.probability * where.any(axis=0))


def _can_hit(scenario: Scenario, number: int) -> Bools:
    fault = scenario.faults[number]
    return np.array([scenario.hits(fault, r) for r in range(len(scenario.fleet.regions))])


class _Uniforms:
    """A rollout's own uniform numbers, in the order in which they are asked for."""

    def __init__(self, seed: int, trials: NDArray[np.int64], proposals: int, round_: int) -> None:
        self._generators = [
            np.random.Generator(np.random.Philox(key=[seed, (round_ << 40) + int(trial)])) for trial in trials
        ]
        self.proposals = proposals

    def rows(self, count: int) -> Iterator[Floats]:
        """Yield rows of shape (n, C), so many of them."""
        block = np.array([each.random((count, self.proposals)) for each in self._generators])
        yield from np.ascontiguousarray(block.transpose(1, 0, 2))


def propose(
    records: Records, scenario: Scenario, reach: Bools, trials: NDArray[np.int64], seed: int, each: int, round_: int
) -> Latents:
    """Draw proposals, so many of each stratum.

    Parameters
    ----------
    records, scenario, reach
        n records, whose faults, and which regions were exposed, (R, n).
    trials
        The rollouts' numbers: their draws are a function of seed and number alone.
    seed, each, round_
        The seed; how many proposals of each stratum; how often they were drawn before.
    """
    kinds, regions, n = defects(scenario), len(reach), len(records)
    stratum = np.repeat(np.arange(len(kinds)), each)
    shape = n, len(stratum)
    owns = [scenario.faults[f].where == "each_region" for f in kinds]
    rows = _Uniforms(seed, trials, len(stratum), round_).rows(_needed(records, scenario, regions))

    def drawn(rule: Family) -> Floats:
        if isinstance(rule, Constant):
            return np.broadcast_to(np.array(rule.value), shape)
        return value(rule, _inside(next(rows)))

    def chance(p: float) -> Floats:
        sure = p in (0.0, 1.0)
        return np.broadcast_to(np.array(float(p)), shape) if sure else (next(rows) < p).astype(np.float64)

    def unless_worked_out(rule: Family) -> Floats:
        return drawn(rule) if discrete(rule) else np.broadcast_to(np.array(np.nan), shape)

    hits, values, onset = {}, {}, {}
    for place, (f, own) in enumerate(zip(kinds, owns, strict=True)):
        fault = scenario.faults[f]
        hits[f] = _hits(scenario, f, place, stratum, reach, rows)
        many = range(regions) if own else range(1)
        pack = (lambda found: np.array(found)) if own else (lambda found: found[0])
        values[f, "severity"] = pack([drawn(fault.severity) for _ in many])
        for purpose, name in FAULT_VALUES.items():
            values[f, purpose] = pack([chance(getattr(fault, name)) for _ in many])
        onset[f] = np.array([drawn(fault.onset) for _ in range(regions)])
    lag = np.array([drawn(scenario.of(r, "lag")) for r in range(regions)])
    evidence = np.array([unless_worked_out(scenario.of(r, "evidence")) for r in range(regions)])
    flying = np.array([_flying(records, scenario, r, rows, shape) for r in range(regions)])
    complaint = unless_worked_out(scenario.complaint)
    report = drawn(scenario.report) if scenario.report is not None else np.full(shape, np.inf)
    found = Latents(
        stratum, hits, values, onset, np.full((regions, *shape), -1), np.ones((regions, *shape)),
        np.full((regions, *shape), np.inf), {}, evidence, lag, complaint, report, flying, next(rows), [],
    )  # fmt: skip
    for r in range(regions):
        cut = bool((~np.isnan(records.in_flight[r])).any())
        minutes = flying[r] if cut else records.good[1, r][:, None]
        found.paths.append(recorded_path(records.strategies[r], records.good[0, r][:, None], minutes))
    _count(found, scenario, reach)
    return found


def _inside(u: Floats) -> Floats:
    return np.clip(u, 2.0**-53, 1.0 - 2.0**-53)


def _hits(
    scenario: Scenario, f: int, place: int, stratum: NDArray[np.int64], reach: Bools, rows: Iterator[Floats]
) -> Bools:
    """Draw whether a fault hits: always somewhere in its own stratum, nowhere that is exposed in those after it."""
    chance, where = scenario.faults[f].probability, reach & _can_hit(scenario, f)[:, None]
    first, later = stratum == place, stratum > place
    if scenario.faults[f].where != "each_region":
        covered = np.any(where, axis=0, keepdims=True).T
        drawn = next(rows) < chance
        return np.where(covered & first, True, np.where(covered & later, False, drawn))
    found, some = [], np.zeros((reach.shape[1], len(stratum)), dtype=np.bool_)
    left = where[::-1].cumsum(axis=0)[::-1]  # how many could still be hit, itself included
    for r in range(len(reach)):
        with np.errstate(divide="ignore", invalid="ignore"):
            must = chance / (1.0 - (1.0 - chance) ** left[r])[:, None]
        odds = np.where(first & ~some, must, chance)
        hit = where[r][:, None] & ~later & (next(rows) < odds)
        found.append(hit)
        some = some | hit
    return np.array(found)


def _needed(records: Records, scenario: Scenario, regions: int) -> int:
    """Return how many uniform numbers a proposal takes, at most."""
    count = 1 + 2 + 2 * regions + int((~np.isnan(records.in_flight)).any(axis=1).sum())
    for f in defects(scenario):
        fault = scenario.faults[f]
        many = regions if fault.where == "each_region" else 1
        seen = sum(getattr(fault, name) not in (0.0, 1.0) for name in FAULT_VALUES.values())
        count += many * (2 + seen) + regions * (not isinstance(fault.onset, Constant))
    return count


def _flying(records: Records, scenario: Scenario, r: int, rows: Iterator[Floats], shape: tuple[int, int]) -> Floats:
    """Return how long the attempt took that moved a region's traffic; drawn from what is left where a halt cut it."""
    minutes, lasted = records.good[1, r][:, None], records.in_flight[r][:, None]
    if np.isnan(lasted).all():
        return np.broadcast_to(minutes, shape)
    rule = scenario.of(r, "deploy")
    low = 1.0 - tail(rule, np.nan_to_num(lasted))
    left = np.maximum(rule.quantile(_inside(low + (1.0 - low) * next(rows))), np.nan_to_num(lasted))
    return np.where(np.isnan(lasted), minutes, left)


def _count(found: Latents, scenario: Scenario, reach: Bools) -> None:
    """Find the defect that counts in each region, the first in the list, and what it is like there (rules 3, 4)."""
    regions = len(reach)
    found.seen = {purpose: np.zeros(found.fault.shape, dtype=np.bool_) for purpose in FAULT_VALUES}
    for f in reversed(defects(scenario)):
        own = scenario.faults[f].where == "each_region"
        can = _can_hit(scenario, f)
        for r in range(regions):
            if not can[r]:
                continue
            mine = (found.hits[f][r] if own else found.hits[f]) & reach[r][:, None]
            found.fault[r][mine] = f
            severity = found.values[f, "severity"]
            found.severity[r] = np.where(mine, severity[r] if own else severity, found.severity[r])
            harm = found.paths[r][0][0] + found.onset[f][r]
            found.harm[r] = np.where(mine, harm, found.harm[r])
            for purpose in FAULT_VALUES:
                seen = found.values[f, purpose]
                found.seen[purpose][r] = np.where(mine, (seen[r] if own else seen) == 1.0, found.seen[purpose][r])
