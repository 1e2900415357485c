"""Records as a perfect observer would have kept them of simulated rollouts: read off their traces' events alone.

Not here: records of a joined history (`history`), anything that is asserted.
"""

import itertools
import math
from collections.abc import Sequence

import numpy as np

from history.replaying.records import FIRED, NONE, NOWHERE, PEOPLE, Records
from simulation import Rollout, Scenario, Trace
from simulation.columns import row
from simulation.draws import Draws
from simulation.happenings import Event, Happening, first
from simulation.setting import setting
from waves import Plan

AFTER = 60.0  # minutes after its end for which somebody still looks


def traces(plan: Plan, scenario: Scenario, seed: int, count: int) -> list[Trace]:
    """Rollouts that reached a first deployment: those of which a history of deployments can tell."""
    found: list[Trace] = []
    laid = setting(plan, scenario)
    for begin in itertools.count(step=2 * count):
        draws = Draws(scenario, seed, range(begin, begin + 2 * count))  # many at once: those of one take as long
        for trial in draws.trials:
            rollout = Rollout(laid, draws.world(trial), traced=True)
            if (own := row(rollout)[0]).outcome not in ("build_failed", "rejected"):
                found.append(Trace(plan, scenario, seed, trial, own, rollout))
            if len(found) == count:
                return found
    raise AssertionError("no rollout began")


def told(plan: Plan, scenario: Scenario, rollouts: Sequence[Trace], after: float = AFTER) -> Records:
    """What was seen of rollouts of one plan until some minutes after the end of each."""
    n, fleet, waves = len(rollouts), scenario.fleet, len(plan.waves)
    regions, attempts = len(fleet.regions), plan.retries + 1
    hole = lambda *shape: np.full((*shape, n), math.nan)  # noqa: E731
    many = {name: hole(regions) for name in ("started", "in_flight", "way_back", "by_hand", "hurt")}
    minutes, failed = hole(attempts, regions), hole(attempts, regions)
    one = {name: hole() for name in ("waited", "build", "watched", "end", "reaction", "harm", "pushed")}
    handover, wait, halt = hole(waves), hole(waves), np.full(n, math.inf)
    alarm, where = np.full(n, NONE), np.full(n, NOWHERE)
    for i, each in enumerate(rollouts):
        seen = each.rollout.events
        one["build"][i] = _at(seen, Event.BUILT)
        one["end"][i] = each.end
        one["watched"][i] = each.end + after
        _gates(plan, each, handover[:, i], wait[:, i])
        if each.halt <= one["watched"][i]:
            halt[i] = each.halt
            rang = first(seen, Event.ALARM)
            if rang is not None:
                alarm[i] = FIRED if rang.region else PEOPLE
                where[i] = fleet.positions[rang.region] if rang.region else NOWHERE
        begun = {event.wave for event in seen if event.event == Event.WAVE_STARTS}
        baked = [event.minute for event in seen if event.event in (Event.BAKE_ENDS, Event.BUILT)]
        starts = [event.minute for event in seen if event.event == Event.WAVE_STARTS]
        if math.isfinite(halt[i]) and len(begun) < waves and (not starts or baked[-1] > starts[-1]):
            one["waited"][i] = halt[i] - baked[-1]
        backs = []
        for story in each.regions:
            r = fleet.positions[story.region]
            for k, (start, end, good) in enumerate(story.attempts):
                if k == 0:
                    many["started"][r, i] = start
                moved = _moved(plan, each, story.region)
                if moved is not None and k == len(story.attempts) - 1 and moved <= halt[i]:
                    minutes[k, r, i], failed[k, r, i] = moved - start, 0.0
                elif end >= halt[i] and not good:
                    many["in_flight"][r, i] = halt[i] - start
                else:
                    minutes[k, r, i], failed[k, r, i] = end - start, 0.0 if good else 1.0
            if story.rollback is not None and math.isfinite(halt[i]):
                backs.append(story.rollback[0])
                many["way_back"][r, i] = story.rollback[1] - story.rollback[0]
                many["by_hand"][r, i] = float(story.by_hand)
        if backs:
            one["reaction"][i] = min(backs) - halt[i]
    outcome = np.array([each.row.outcome for each in rollouts])
    return Records(
        plan=plan, names=np.array([f"r{i}" for i in range(n)], dtype=object),
        services=np.array(["shop"] * n, dtype=object), months=np.array(["2026-05"] * n, dtype=object),
        minutes=minutes, failed=failed, handover=handover, wait=wait, halt=halt, alarm=alarm, alarm_region=where,
        shipped=np.isin(outcome, ("completed", "escaped")), deploy_failed=outcome == "deploy_failed",
        strategies=tuple(plan.strategy_of(name) for name in fleet.names), places=dict(fleet.positions),
        meaningless=np.zeros(n, dtype=np.bool_), **one, **many,
    )  # fmt: skip


def _gates(plan: Plan, each: Trace, handover: np.ndarray, wait: np.ndarray) -> None:
    seen = each.rollout.events
    for g in range(len(plan.waves)):
        own = [event for event in seen if event.wave == g]
        before = [event for event in seen if event.wave == g - 1]
        start, asked = first(own, Event.WAVE_STARTS), first(own, Event.APPROVAL_ASKED)
        if start is None:
            return
        baked = _at(before, Event.BAKE_ENDS) if g > 0 else _at(seen, Event.BUILT)
        if g > 0:
            handover[g] = (asked or start).minute - baked
        if asked is not None:
            wait[g] = start.minute - asked.minute


def _at(events: Sequence[Happening], which: Event) -> float:
    found = first(list(events), which)
    assert found is not None
    return found.minute


def _moved(plan: Plan, each: Trace, region: str) -> float | None:
    """When a deployment was known to be through: when traffic moved, and for a rolling one when it had all of it."""
    moves = [e.minute for e in each.rollout.events if e.region == region and e.event == Event.TRAFFIC_MOVES]
    return None if not moves or plan.strategy_of(region) == "rolling" else moves[0]
