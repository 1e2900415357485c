"""One incident typed by hand, retold under other plans.

Of such a rollout a few minutes are known. When its regions were deployed to is drawn; of what is drawn, that stays in
which just the named regions had traffic at the alarm, and it weighs as the alarm is likely in it. Not here: what is
drawn (`timelines`), how an alarm is explained (`worlds`), the words (`retold`).
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from history.replaying.answer import FIGURES
from history.replaying.identity import Identity, compare
from history.replaying.latents import exposed
from history.replaying.laws import tail
from history.replaying.records import Floats, Records
from history.replaying.replay import AS_IT_WAS, figures
from history.replaying.retold import Incident, impossible_alarm, impossible_regions
from history.replaying.timelines import SECOND, Timelines, cut, known_of, timelines
from history.replaying.typed import Typed, typed
from history.replaying.worlds import Conditioned, choose, seed_of
from simulation import Scenario
from simulation.arguments import whole
from simulation.draws import CHANGE, PURPOSES, uniform
from simulation.rare_events.sampling import sampling_of
from simulation.running.rows import job, rows
from simulation.setting import settings_of
from waves import Plan

WORLDS = 400
TRIED = (512, 1_536, 4_096)  # timelines, until enough of them have just the regions that are named
ENOUGH = 200
TIMELINES, PICKING = 901, 902  # whose draws are not those of the worlds


def incident(
    plan: Plan,
    scenario: Scenario,
    against: Plan | Mapping[str, Plan],
    *,
    started: float | str,
    alarm: float | str,
    regions: Sequence[str],
    rollback: float | None = None,
    pushed: str | None = None,
    alarm_region: str | None = None,
    harm: float | str | None = None,
    hurt: Sequence[str] | None = None,
    worlds: int = WORLDS,
    seed: int = 0,
    engine: str = "compiled",
) -> Incident:
    """Retell one incident, typed by hand, under other plans.

    Minutes count from the push. Instants are ISO 8601 with a zone; where no push is given, they count from `started`.

    Parameters
    ----------
    plan : Plan
        Under which it really went.
    scenario : Scenario
        What nobody knows of it.
    against : Plan or mapping of str to Plan
        The other plans, by name.
    started, alarm : float or str
        When the first deployment began, and when the alarm halted it: minutes since the push, or instants.
    regions : sequence of str
        Those with traffic on the new version at the alarm, all others without.
    rollback : float, optional
        Minutes from the alarm until the last region was back.
    pushed : str, optional
        The instant of the push.
    alarm_region : str, optional
        Whose alarm it was; anybody's, customers included, where left out.
    harm : float or str, optional
        When requests began to fail: minutes since the push, or an instant.
    hurt : sequence of str, optional
        In which of the regions they did, and in which not.
    worlds, seed, engine
        How many worlds, at least 2; from 0 to 2⁶⁴ − 1; `compiled` or `simpy`.

    Returns
    -------
    Incident
        With the reason, where the scenario makes the incident impossible.

    Raises
    ------
    InputError
        Where a plan has regions that the scenario's fleet does not have.
    ValueError
        With one line for each value that cannot be.
    """
    named = {against.name: against} if isinstance(against, Plan) else dict(against)
    _check(named, worlds, seed, engine)
    told = typed(
        plan, scenario, started=started, alarm=alarm, regions=regions, rollback=rollback, pushed=pushed,
        alarm_region=alarm_region, harm=harm, hurt=hurt,
    )  # fmt: skip
    return _retell(plan, named, scenario, told, worlds, seed, engine)


def _retell(
    plan: Plan, named: Mapping[str, Plan], scenario: Scenario, told: Typed, worlds: int, seed: int, engine: str
) -> Incident:
    """Draw timelines, and retell the incident in those that fit, or say why none does."""
    settings_of({AS_IT_WAS: plan, **named}, scenario)
    drawn, records = _fitting(plan, scenario, told, seed)
    still = _still(plan, named, scenario, told, seed)
    empty = np.zeros((0, len(named) + 1, len(FIGURES)))
    found = Incident(plan, named, scenario, told, seed, worlds, drawn.exposed_at.shape[1], len(records), still, empty)
    if not len(records):
        return found.but(impossible=impossible_regions(drawn, told))
    if told.rollback is not None and tail(scenario.reaction, np.array([told.rollback]))[0] >= 1.0:
        why = f"the scenario's reaction alone takes longer than the {told.rollback:g} minutes of the roll-back"
        return found.but(impossible=why)
    return _worlds(found, records, engine)


def _check(plans: Mapping[str, Any], worlds: int, seed: int, engine: str) -> None:
    if not plans:
        raise ValueError("there is no plan to retell it under; give at least one")
    if AS_IT_WAS in plans:
        raise ValueError(f"a plan is named {AS_IT_WAS!r}, as what really happened is; give it another name")
    whole("worlds", worlds, 2, 100_000)
    whole("seed", seed, 0, 2**64 - 1)
    if engine not in ("compiled", "simpy"):
        raise ValueError(f"engine is {engine!r}; use one of compiled, simpy")


def _fitting(plan: Plan, scenario: Scenario, told: Typed, seed: int) -> tuple[Timelines, Records]:
    """Draw timelines until enough, or enough tried, and return them with the records of those that fit."""
    known, own = known_of(plan, told.started, told.pushed), seed_of(seed, TIMELINES)
    for count in TRIED:
        drawn = timelines(plan, scenario, known, own, range(count))
        begun = np.array([_first(each) for each in drawn.rollouts])
        so = drawn.going(told.alarm) & (np.abs(begun - told.started) <= SECOND)
        records = cut(drawn, np.flatnonzero(so), told.record(scenario))
        wanted = np.array([name in told.regions for name in scenario.fleet.names])
        records = records.of((exposed(records, len(wanted)) == wanted[:, None]).all(axis=0))
        if len(records) >= ENOUGH:
            break
    return drawn, records


def _first(rollout: Any) -> float:
    return min((each.minute for each in rollout.events if each.region), default=math.inf)


def _still(plan: Plan, named: Mapping[str, Plan], scenario: Scenario, told: Typed, seed: int) -> dict[str, Floats]:
    """Return what share would have been exposed by the alarm's minute, whatever raised it: mean and 95 %, by plan."""
    found = {}
    for name, each in {AS_IT_WAS: plan, **named}.items():
        known = known_of(each, told.started, told.pushed)
        drawn = timelines(each, scenario, known, seed_of(seed, TIMELINES), range(ENOUGH))
        share = drawn.share(told.alarm)
        found[name] = np.array([share.mean(), *np.quantile(share, [0.025, 0.975])])
    return found


def _worlds(found: Incident, records: Records, engine: str) -> Incident:
    """Choose worlds, and roll out all plans in each."""
    scenario, seed, n = found.scenario, found.seed, len(records)
    first = choose(records, scenario, np.arange(n), seed_of(seed, TIMELINES + 2), 1)
    total = float(first.likelihood.sum())
    if total <= 0:
        return found.but(impossible=impossible_alarm(found, Counter(first.impossible)))
    squares = first.likelihood[first.effective > 0] ** 2 / first.effective[first.effective > 0]
    effective = min(total**2 / float(squares.sum()), float(found.worlds))
    picked = records.of(_picked(first.likelihood, found.worlds, seed))
    trials = np.arange(found.worlds)
    picked = _way_back(picked, scenario, found.told, seed, trials)
    chosen = choose(picked, scenario, trials, seed, 1)
    columns = _rolled(found, chosen, engine)
    same = compare(picked, columns[0])
    identity = Identity(worlds=found.worlds, kept=int(same.sum()))
    causes = Counter(chosen.explanation.ravel().tolist())
    values = np.moveaxis(figures(columns), -1, 0)
    return found.but(values=values, effective=effective, identity=identity, explanations=causes)


def _picked(weights: Floats, count: int, seed: int) -> NDArray[np.int64]:
    """Pick in proportion to weights, systematically."""
    rng = np.random.Generator(np.random.Philox(key=[seed_of(seed, PICKING), 0]))
    at = (rng.random() + np.arange(count)) / count * weights.sum()
    found: NDArray[np.int64] = np.minimum(np.searchsorted(np.cumsum(weights), at, side="right"), len(weights) - 1)
    return rng.permutation(found)


def _way_back(
    records: Records, scenario: Scenario, told: Typed, seed: int, trials: NDArray[np.int64]
) -> Records:  # fmt: skip
    """Part the roll-back's minutes: a reaction that fits in, and the same rest for each region that has to go back."""
    if told.rollback is None:
        return records
    u = uniform(seed, trials.astype(np.uint64), PURPOSES["reaction"]._replace(kind=CHANGE), 0, 0)
    most = 1.0 - tail(scenario.reaction, np.array([told.rollback]))[0]
    reaction = np.minimum(scenario.reaction.quantile(u * most), told.rollback)
    begun = ~np.isnan(records.started)
    records.reaction[:] = reaction
    records.way_back[:] = np.where(begun, told.rollback - reaction, np.nan)
    records.by_hand[:] = np.where(begun, 0.0, np.nan)
    return records


def _rolled(found: Incident, chosen: Conditioned, engine: str) -> Floats:
    laid = settings_of({AS_IT_WAS: found.plan, **found.plans}, found.scenario)
    tape = chosen.tape(0)
    how = sampling_of(found.scenario, "crude")
    return rows(job(laid, chosen.seed_of(0), tape.trials, engine, how, tape))[0]
