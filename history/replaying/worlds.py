"""Worlds: of the proposals that a record is compatible with, some, in proportion to their weights, as tapes.

Not here: the weights (`conditioning`), what history fixes (`fixed`), the rollouts that follow (`replay`).
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from history.replaying import conditioning
from history.replaying.conditioning import Weights, calm, first_traffic, known_until, weigh
from history.replaying.fixed import broken, fixed, unexplained, waiting
from history.replaying.latents import Bools, Floats, Latents, defects, exposed, prior, propose
from history.replaying.laws import discrete, tail
from history.replaying.paths import area
from history.replaying.records import FIRED, NOWHERE, PEOPLE, Records
from simulation import Address, Exponential, Scenario, Tape
from simulation.distributions import Family
from simulation.draws import CHANGE, FAULT, REGION
from simulation.tape import restricted

QUIET, HALTED = 32, 256  # proposals of each stratum: of a record without an alarm, and with one, at first
ROUNDS = 3  # each with eight times as many, for records of which too few fit
UNLIKELY = 1e-15  # of a second: less is no explanation, and beyond what draws can say
NEEDED = 10.0  # effective worlds, below which a record's worlds are few
GOLDEN = 0x9E3779B97F4A7C15


@dataclass
class Conditioned:
    """M worlds for each of n records.

    Attributes
    ----------
    records, scenario, trials, seed
        Whose they are, and what makes them again.
    effective : (n,)
        How many equally good worlds the weights are worth.
    likelihood : (n,)
        How likely the scenario makes what was recorded of alarms, given when regions were deployed to.
    impossible : ndarray of object, (n,)
        Why the scenario makes the record impossible; empty where it does not.
    explanation : ndarray of object, (n, M)
        What raised the alarm: `quiet`, `evidence`, `check`, `false`, `customers`.
    bad : bool, (n, M)
        Whether a defect hit an exposed region.
    known : dict
        By address: what was chosen, (n, M); NaN where the draw stays.
    beyond : dict
        By address: a distribution, and from which uniform number on, (n, M); NaN where the draw stays.
    """

    records: Records
    scenario: Scenario
    trials: NDArray[np.int64]
    seed: int
    effective: Floats
    likelihood: Floats
    impossible: NDArray[np.object_]
    explanation: NDArray[np.object_]
    bad: Bools
    known: dict[Address, Floats] = field(default_factory=dict)
    beyond: dict[Address, tuple[Family, Floats]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """M."""
        return self.bad.shape[1]

    def seed_of(self, world: int) -> int:
        """Return the seed of a world's draws: that of all, for the first."""
        return seed_of(self.seed, world)

    def tape(self, world: int) -> Tape:
        """Return what is known of every record in one of its worlds."""
        seed = self.seed_of(world)
        columns = fixed(self.records, self.scenario) | broken(self.records, self.scenario, self.trials, seed)
        for where, values in waiting(self.records, self.scenario, self.trials, seed).items():
            kept = columns.get(where, np.full(len(self.trials), np.nan))
            columns[where] = np.where(np.isnan(kept), values, kept)
        for where, values in self.known.items():
            columns[where] = np.where(np.isnan(values[:, world]), columns.get(where, np.nan), values[:, world])
        for where, (rule, low) in self.beyond.items():
            own = low[:, world]
            drawn = restricted(self.scenario, seed, self.trials, rule, where, np.nan_to_num(own))
            columns[where] = np.where(np.isnan(own), columns.get(where, np.nan), drawn)
        first = int(self.trials[0])
        return Tape(range(first, first + len(self.trials)), columns)


def seed_of(seed: int, world: int) -> int:
    """Return the seed of a world's draws: far from those of other worlds, whatever the seed."""
    return (seed + world * GOLDEN) % 2**64


def choose(
    records: Records, scenario: Scenario, trials: NDArray[np.int64], seed: int, worlds: int, *, first: int = 0
) -> Conditioned:
    """Choose worlds for records.

    Parameters
    ----------
    records, scenario
        n records, and the scenario they are explained by.
    trials
        Their numbers, one after the other: a rollout's worlds are a function of seed and number.
    seed, worlds
        The seed; how many worlds of each.
    first
        The number of the first of these worlds, where there are more.

    Returns
    -------
    Conditioned
    """
    n, regions = len(records), len(scenario.fleet.regions)
    found = Conditioned(
        records, scenario, trials, seed_of(seed, first), np.zeros(n), np.zeros(n), np.full(n, "", dtype=object),
        np.full((n, worlds), "quiet", dtype=object), np.zeros((n, worlds), dtype=np.bool_),
    )  # fmt: skip
    reach = exposed(records, regions)
    halted = conditioning._halted(records) | ~np.isnan(records.harm)
    for own, each in ((~halted, QUIET), (halted, HALTED)):
        left = np.flatnonzero(own)
        for round_ in range(ROUNDS):
            if not len(left):
                break
            size = max(1, 2**20 // (each * 8**round_ * max(regions, 1) * 4))
            for at in range(0, len(left), size):
                _some(found, reach, left[at : at + size], seed, each * 8**round_, round_ + 8 * first)
            left = left[found.effective[left] < max(worlds, NEEDED)] if defects(scenario) else left[:0]
    lost = unexplained(records, scenario)
    found.impossible[lost] = "a deployment failed, which the scenario says none can: see deploy_failure_probability"
    for i in np.flatnonzero((found.effective == 0) & ~lost):
        found.impossible[i] = _why(found, reach, int(i))
    return found


def _why(found: Conditioned, reach: Bools, i: int) -> str:
    """Say why no world gives a record: for what its incident says, if it could be without that."""
    records = found.records
    if np.isnan(records.harm[i]) and np.isnan(records.hurt[:, i]).all():
        return why_impossible(records, found.scenario, reach, i)
    own = records.of([i])
    bare = replace(own, harm=np.full_like(own.harm, np.nan), hurt=np.full_like(own.hurt, np.nan))
    without = str(choose(bare, found.scenario, found.trials[[i]], found.seed, 2).impossible[0])
    return without or "no defect of the scenario hurts the regions, from the instant on, that the incident names"


def _some(found: Conditioned, reach: Bools, which: NDArray[np.int64], seed: int, each: int, round_: int) -> None:
    """Choose the worlds of some of the records."""
    records, scenario, count = found.records.of(which), found.scenario, found.count
    own_reach, trials = reach[:, which], found.trials[which]
    odds = prior(scenario, own_reach)
    sound = {key: odds[-1] * weight for key, weight in conditioning.sound(records, scenario, own_reach).items()}
    latents = propose(records, scenario, own_reach, trials, seed, each, round_)
    weights = weigh(records, scenario, own_reach, latents)
    share = odds[latents.stratum].T / each
    keys = [*sound, *weights.by]
    columns = [weight[:, None] for weight in sound.values()] + [share * weight for weight in weights.by.values()]
    widths = [each_.shape[1] for each_ in columns]
    flat = np.concatenate(columns, axis=1)
    total = flat.sum(axis=1)
    squares = (flat[:, len(sound) :] ** 2).sum(axis=1)
    squares += (flat[:, : len(sound)] ** 2).sum(axis=1) / each  # exact: worth as many as are drawn of others
    with np.errstate(invalid="ignore", divide="ignore"):
        found.effective[which] = np.where(total >= UNLIKELY, total**2 / squares, 0.0)
    found.likelihood[which] = np.where(total >= UNLIKELY, total, 0.0)
    picks = _picked(flat, total, trials, seed, count, round_)
    starts = np.cumsum([0, *widths])
    key = np.searchsorted(starts, picks, side="right") - 1
    column = picks - starts[key]
    column[key < len(sound)] = -1
    names = np.array([name for name, _ in keys], dtype=object)
    region = np.array([r for _, r in keys])
    found.explanation[which] = names[key]
    found.bad[which] = column >= 0
    _write(found, which, own_reach, latents, weights, column, names[key], region[key])


def _picked(
    flat: Floats, total: Floats, trials: NDArray[np.int64], seed: int, count: int, round_: int
) -> NDArray[np.int64]:
    """Pick in proportion to the weights, systematically and in a random order, (n, M)."""
    found = np.zeros((len(flat), count), dtype=np.int64)
    along = np.cumsum(flat, axis=1)
    for i, trial in enumerate(trials):
        rng = np.random.Generator(np.random.Philox(key=[seed, (1 << 60) + (round_ << 40) + int(trial)]))
        at = (rng.random() + np.arange(count)) / count * along[i, -1]
        picked = np.minimum(np.searchsorted(along[i], at, side="right"), flat.shape[1] - 1)
        found[i] = rng.permutation(picked) if total[i] > 0 else 0
    return found


def _write(
    found: Conditioned, which: NDArray[np.int64], reach: Bools, latents: Latents, weights: Weights,
    column: NDArray[np.int64], what: NDArray[np.object_], region: NDArray[np.int64],
) -> None:  # fmt: skip
    """Write what was chosen where tapes are made of it."""
    records, scenario = found.records.of(which), found.scenario
    bad, n = column >= 0, np.arange(len(which))[:, None]

    def taken(values: Floats) -> Floats:
        if not len(latents.stratum):
            return np.zeros(bad.shape)
        return np.broadcast_to(values, latents.pick.shape)[n, np.maximum(column, 0)].astype(np.float64)

    def know(where: Address, values: Floats, so: Bools) -> None:
        rows = found.known.setdefault(where, np.full(found.bad.shape, np.nan))
        rows[which] = np.where(so, values, np.nan)

    def lies(where: Address, rule: Family, low: Floats, so: Bools) -> None:
        _, rows = found.beyond.setdefault(where, (rule, np.full(found.bad.shape, np.nan)))
        rows[which] = np.where(so, low, np.nan)

    _write_faults(scenario, latents, reach, bad, taken, know)
    t = known_until(records, scenario)[:, None]
    ran = calm(records, scenario, reach)
    for r in range(len(reach)):
        fired, false = (what == "evidence") & (region == r), (what == "false") & (region == r)
        here = bad & (taken(latents.fault[r]) >= 0)
        lag = np.where(fired, taken(weights.lag.get(r, latents.lag[r])), taken(latents.lag[r]))
        know(Address("lag", REGION, r), lag, here)
        if r in weights.onset:
            for f in defects(scenario):
                mine = fired & (taken(latents.fault[r]) == f)
                rows = found.known[Address("onset", REGION, r, f)]
                rows[which] = np.where(mine, taken(weights.onset[r]), rows[which])
        rule = scenario.of(r, "evidence")
        visible = here & (taken(latents.seen["seen_by_alarms"][r]) == 1)
        know(Address("evidence", REGION, r), taken(weights.evidence.get(r, latents.evidence[r])), fired)
        rate = scenario.fleet.regions[r].traffic * latents.severity[r]
        least = scenario.of(r, "alarm_threshold") / latents.severity[r]
        g = rate * area(latents.paths[r], latents.harm[r], t - latents.lag[r], least)
        lies(Address("evidence", REGION, r), rule, 1.0 - tail(rule, taken(g)), visible & ~fired)
        rate_ = conditioning.rates(scenario)[r]
        if rate_ > 0:
            where, clock = Address("false_alarm", REGION, r), Exponential(mean=1 / rate_)
            rang = np.broadcast_to((records.halt - first_traffic(records)[r])[:, None], bad.shape)
            know(where, rang, false)
            low = np.broadcast_to(1.0 - np.exp(-rate_ * ran[r])[:, None], bad.shape)
            lies(where, clock, low, np.broadcast_to(reach[r][:, None], bad.shape) & ~false)
        cut = ~np.isnan(records.in_flight[r])
        if cut.any():
            count = np.sum(~np.isnan(records.failed[:, r]), axis=0)
            for k in np.unique(count[cut]):
                so = np.broadcast_to((cut & (count == k))[:, None], bad.shape)
                rule, lasted = scenario.of(r, "deploy"), np.nan_to_num(records.in_flight[r])
                low = np.broadcast_to((1.0 - tail(rule, lasted))[:, None], bad.shape)
                know(Address("deploy", REGION, r, int(k)), taken(latents.flying[r]), so & bad)
                lies(Address("deploy", REGION, r, int(k)), rule, low, so & ~bad)
    _write_customers(scenario, latents, weights, bad, what, region, taken, know, lies)


def _write_faults(scenario, latents, reach, bad, taken, know) -> None:  # type: ignore[no-untyped-def]
    for f in defects(scenario):
        fault, own = scenario.faults[f], scenario.faults[f].where == "each_region"
        purposes = ("severity", "seen_by_alarms", "seen_by_check", "seen_by_reviewer")
        places = range(len(reach)) if own else range(1)
        for r in places:
            can = [q for q in range(len(reach)) if scenario.hits(fault, q)]
            covered = reach[r] if own else reach[can].any(axis=0)
            told = np.broadcast_to(covered[:, None], bad.shape)
            hit = taken(latents.hits[f][r] if own else latents.hits[f])
            where = Address("hit", REGION, r, f) if own else Address("hit", FAULT, f)
            know(where, np.where(bad, hit, 0.0), told)
            for purpose in purposes:
                value = latents.values[f, purpose]
                know(where._replace(purpose=purpose), taken(value[r] if own else value), bad & told & (hit == 1))
        for r in range(len(reach)):
            here = bad & (taken(latents.fault[r]) == f)
            know(Address("onset", REGION, r, f), taken(latents.onset[f][r]), here)


def _write_customers(scenario, latents, weights, bad, what, region, taken, know, lies) -> None:  # type: ignore[no-untyped-def]
    if scenario.report is None:
        return
    told, rule = what == "customers", scenario.complaint

    def by_then(values: dict[int, Floats]) -> Floats:
        found = taken(values[NOWHERE])
        for r in set(values) - {NOWHERE}:
            found = np.where((what == "evidence") & (region == r), taken(values[r]), found)
        return found

    if not discrete(rule):
        borne = by_then(weights.complaint)
        know(Address("report", CHANGE), taken(latents.report), bad)
        know(Address("complaint", CHANGE), borne, told)
        lies(Address("complaint", CHANGE), rule, 1.0 - tail(rule, borne), bad & ~told)
        return
    know(Address("complaint", CHANGE), taken(latents.complaint), bad)
    if discrete(scenario.report):
        know(Address("report", CHANGE), taken(latents.report), bad)
        return
    late = by_then(weights.report)
    know(Address("report", CHANGE), late, told)
    lies(Address("report", CHANGE), scenario.report, 1.0 - tail(scenario.report, late), bad & ~told)


def why_impossible(records: Records, scenario: Scenario, reach: Bools, i: int) -> str:
    """Say why no world of the scenario gives a record."""
    region, halt = int(records.alarm_region[i]), records.halt[i]
    if not reach[:, i].any() and np.isfinite(halt):
        return "it was halted before any region had traffic, which no alarm of the model is"
    if records.alarm[i] == PEOPLE and scenario.report is None:
        return "people set it back and no alarm had fired, and the scenario has no customers' report"
    if records.alarm[i] == FIRED and region != NOWHERE:
        name, seen = scenario.fleet.names[region], [
            fault.name
            for fault in (scenario.faults[f] for f in defects(scenario))
            if fault.probability > 0 and fault.detection_probability > 0 and scenario.hits(fault, region)
        ]  # fmt: skip
        if not seen and scenario.of(region, "false_alarms_per_region_day") == 0:
            return f"{name} had an alarm, and in the scenario no defect can raise one there, nor is any false"
        if not reach[region, i]:
            return f"{name} had an alarm, and no traffic on the new version yet"
        if halt > records.end[i] + 1:
            return f"{name} had an alarm after the pipeline's end, at a minute at which no defect could have raised it"
        return f"{name} had an alarm at a minute at which no defect of the scenario could have raised it"
    if not np.isfinite(halt):
        return "nothing halted it, and the scenario makes an alarm by then all but certain"
    if records.alarm[i] == PEOPLE:
        return "people set it back, at a minute at which no defect of the scenario has customers report"
    what = "an alarm fired" if records.alarm[i] == FIRED else "it was set back"
    return f"{what}, at a minute at which nothing in the scenario asks for that: no defect, customers or false alarm"
