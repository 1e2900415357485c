"""Joined rollouts as records, by the plan under which each really went; and those that are left out, with the reason.

Not here: the join (`history.joining`), what a record is (`records`), what is made of it (`replay`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from history.fitting.detection import CHECK
from history.fitting.judged import SOON
from history.joining import Rollouts
from history.replaying.records import FIRED, NONE, NOWHERE, PEOPLE, UNKNOWN, Floats, Records
from history.replaying.staff import staffed_minutes
from history.replaying.used import plans_of, shapes_of
from simulation import Scenario
from simulation.windows import bounds
from waves import Plan, Steps

SECOND = 1.0 / 60.0
LEFT_OUT = {
    "in_progress": "still in progress",
    "build_failed": "its build failed: no plan has a say in that",
    "incomplete": "never reached all regions, and nothing says why",
    "overtaken": "overtaken by the next version",
    "stopped": "stopped by somebody, without an alarm and without a way back",
    "unknown": "ended in a way that this version does not know",
}
# What a record has that no rollout of the model has.
SPREAD = "starts spread within a wave"
NEGATIVE = "a wave began before the one before it had baked"
REGIONAL = "ECS or people rolled back some of the exposed regions only: see on_alarm"
FINISHED = "deployments went on after the halt"
RETRIED = "tried more often than the plan retries"
BLIND = "alarm unknown: nobody can say whether one fired"


@dataclass(frozen=True, eq=False)
class Read:
    """What a history gives to replay.

    Attributes
    ----------
    groups
        Records, each group under one plan.
    flags
        For each group, by record: what in it the model cannot have, a set of sentences.
    left_out : Series
        By rollout: why it is not replayed.
    inferred : bool
        Whether some plan that was really used had to be inferred.
    """

    groups: list[Records]
    flags: list[list[frozenset[str]]]
    left_out: "pd.Series[str]"
    inferred: bool


def read(
    rollouts: Rollouts, scenario: Scenario, used: Mapping[str, Plan], complete: bool | None = None
) -> Read:  # fmt: skip
    """Read joined rollouts as records.

    Parameters
    ----------
    rollouts
        The join.
    scenario
        Over whose fleet.
    used
        By service, or under `*` for all others: the plan under which it really went, where that is known.
    complete
        Whether every bad change has an incident, so that an alarm without one meant nothing; if left out, so it is
        taken where there is any.
    """
    frame = rollouts.frame
    places = scenario.fleet.positions
    why = frame["outcome"].map(LEFT_OUT).astype(object)
    why[frame["resumes"].notna() & why.isna()] = "resumes another rollout: it had only what that left"
    rang = (frame["alarm"] == "fired") & ((frame["outcome"] == "completed") | (frame["alarm_at"] < frame["halted_at"]))
    why[rang & frame["outcome"].isin(["completed", "rolled_back"]) & why.isna()] = (
        "an alarm fired and nothing was halted then, which the model does not know"
    )
    regions = rollouts.regions
    strange = regions[~regions["region"].isin(list(places))]
    for name, region in zip(strange["rollout"], strange["region"], strict=True):
        if pd.isna(why[name]):
            why[name] = f"region {region} is not in the scenario's fleet"
    told = set(regions["rollout"])
    why[np.array([name not in told for name in frame.index], dtype=bool) & why.isna()] = "no region of it is known"
    kept = frame.index[why.isna()]
    shapes = shapes_of(regions[regions["rollout"].isin(kept)])
    table = _Tables(rollouts, kept)
    plans, inferred = plans_of(frame.loc[kept], shapes, table, used)
    groups, flags = [], []
    for plan, names in plans:
        records, marks = _records(rollouts, scenario, plan, names, table, complete)
        groups.append(records)
        flags.append(marks)
    return Read(groups, flags, why.dropna().astype(str), inferred)


class _Tables:
    """The join's tables of the rollouts that are read, in minutes since each one's push."""

    def __init__(self, rollouts: Rollouts, kept: pd.Index) -> None:
        pushed = rollouts.frame.loc[kept, "pushed_at"].fillna(rollouts.frame.loc[kept, "started_at"])
        self.pushed = pushed
        self.stayed = _stayed(rollouts, kept)
        self.regions = _own(rollouts.regions, pushed)
        self.waves = _own(rollouts.waves, pushed)
        made = rollouts.deployments[~rollouts.deployments["kind"].isin(["rollback", "redeploy"])]
        deployments = _own(made, pushed).sort_values("started_at", kind="stable")
        deployments["attempt"] = deployments.groupby(["rollout", "region"], observed=True).cumcount()
        self.deployments = deployments


def _stayed(rollouts: Rollouts, kept: pd.Index) -> "pd.Series[Any]":
    """Return until when a rollout's version is known to have stayed where it was, by rollout.

    In all of its regions: until another version came to the first of them, else to the end of the history. Nobody and
    nothing had set it back by then, and in the model that is what everything that anybody notices comes to.
    """
    columns = ["service", "region", "started_at"]
    begun = rollouts.regions.assign(service=rollouts.regions["rollout"].map(rollouts.frame["service"]).astype(object))
    left = rollouts.left_out
    unsure = left.loc[left["kind"] != "redeploy", columns] if len(left) else begun.iloc[:0]
    both = pd.concat([begun[[*columns, "rollout"]].astype({"region": object}), unsure.reindex(columns=columns)])
    both = both.sort_values("started_at", kind="stable")
    both["next"] = both.groupby(["service", "region"], sort=False)["started_at"].shift(-1)
    own = both[both["rollout"].notna()].assign(rollout=lambda table: table["rollout"].astype(object))
    latest: Any = rollouts.deployments[["started_at", "finished_at"]].max().max()
    return own["next"].fillna(latest).groupby(own["rollout"]).min().reindex(kept)


def _own(frame: pd.DataFrame, pushed: "pd.Series[Any]") -> pd.DataFrame:
    """Return the rows of the rollouts that are kept, instants as minutes."""
    found = frame[frame["rollout"].isin(pushed.index)].copy()
    found["rollout"] = found["rollout"].astype(object)
    origin = pushed.reindex(found["rollout"]).to_numpy()
    for name in found.columns:
        if name.endswith(("_at", "_until")):
            found[name] = _minutes(found[name].to_numpy(), origin)
    return found


def _minutes(instants: Any, origin: Any) -> Floats:
    gone = pd.to_datetime(pd.Series(instants), utc=True) - pd.to_datetime(pd.Series(origin), utc=True)
    return np.asarray(gone.dt.total_seconds() / 60, dtype=np.float64)


def _records(
    rollouts: Rollouts, scenario: Scenario, plan: Plan, names: list[Any], table: _Tables, complete: bool | None
) -> tuple[Records, list[frozenset[str]]]:
    """Return the records of one plan's rollouts, and what in each the model cannot have."""
    frame = rollouts.frame.loc[names]
    at = pd.Series(np.arange(len(names)), index=pd.Index(names, dtype=object))
    n, count = len(names), len(scenario.fleet.regions)
    places = scenario.fleet.positions
    pushed = table.pushed.reindex(names)

    def minutes(column: str) -> Floats:
        return _minutes(frame[column].to_numpy(), pushed.to_numpy())

    regions = table.regions[table.regions["rollout"].isin(names)]
    i, r = at[regions["rollout"]].to_numpy(), regions["region"].map(places).to_numpy()
    started = np.full((count, n), np.nan)
    started[r, i] = regions["started_at"]
    back, back_end = np.full((count, n), np.nan), np.full((count, n), np.nan)
    back[r, i], back_end[r, i] = regions["rollback_started_at"], regions["rollback_ended_at"]
    hand = np.full((count, n), np.nan)
    hand[r, i] = regions["recovered_by_hand"].astype(float)
    watched = pd.Series(regions["watched_until"].to_numpy()).groupby(i).min().reindex(range(n)).to_numpy()
    outcome, rolled = frame["outcome"].to_numpy(dtype=object), (frame["outcome"] == "rolled_back").to_numpy()
    halt, alarm = _halts(frame, rolled, minutes("halted_at"))
    ended = np.full((count, n), np.nan)
    ended[r, i] = regions["ended_at"]
    halt = _noticed(halt, alarm, minutes("incident_detected_at"), started, ended)
    late = (started > halt + SECOND).any(axis=0)
    started = np.where(started > halt, np.nan, started)
    tries, failed, flying, over = _attempts(table, at, places, plan, halt, count)
    gates = _gates(table, scenario, plan, places, started, over, halt, pushed, at)
    end, shipped = _over(plan, places, started, over, halt, outcome == "deploy_failed")
    if plan.on_deploy_failure == "rollback_all":
        halt = np.where(outcome == "deploy_failed", end, halt)
    watched = np.where(rolled, np.fmax(watched, end), end)  # while it went on, nothing had halted it
    kept = _minutes(table.stayed.reindex(names).to_numpy(), pushed.to_numpy())
    watched = np.where(frame["outcome"] == "completed", np.fmax(kept, end), watched)
    ways = ~np.isnan(back).all(axis=0) & np.isfinite(halt)
    first_back = np.min(np.where(np.isnan(back), np.inf, back), axis=0)
    reaction = np.full(n, np.nan)
    reaction[ways] = np.maximum(first_back[ways] - halt[ways], 0.0)
    halted = np.where(ways, halt, 0.0)
    harm, hurt = _incidents(frame, pushed, places, started, count)
    named = rollouts.frame["incident"].notna().any() if complete is None else complete
    records = Records(
        plan=plan, names=np.array(names, dtype=object), services=frame["service"].to_numpy(dtype=object),
        months=frame["started_at"].dt.strftime("%Y-%m").to_numpy(dtype=object), build=gates["build"],
        handover=gates["handover"], wait=gates["wait"], waited=gates["waited"], started=started, minutes=tries,
        failed=failed, in_flight=flying, halt=halt, alarm=alarm,
        alarm_region=np.where(alarm == FIRED, frame["alarm_region"].map(places).fillna(NOWHERE), NOWHERE).astype(int),
        watched=np.where(np.isnan(watched), end, watched), end=end, shipped=shipped,
        deploy_failed=outcome == "deploy_failed", reaction=reaction,
        way_back=np.where(ways, np.maximum(back_end - halted - np.nan_to_num(reaction), 0.0), np.nan),
        by_hand=np.where(np.isnan(back_end), np.nan, hand), harm=harm, hurt=hurt,
        meaningless=(alarm == FIRED) & frame["incident"].isna().to_numpy() & bool(named),
        pushed=_since_epoch(scenario, pushed),
        strategies=tuple(plan.strategy_of(name) for name in scenario.fleet.names), places=dict(places),
    )  # fmt: skip
    marks = _flags(records, frame, gates, back, late)
    return records, marks


def _halts(frame: pd.DataFrame, rolled: Any, halted_at: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Return when each rollout was halted, infinity where it was not, and what is known of alarms."""
    told = frame["alarm"].to_numpy(dtype=object)
    halt = np.where(rolled, halted_at, np.inf)
    codes = [(~rolled, NONE), (told == "fired", FIRED), (told == "none", PEOPLE)]
    alarm = np.select([so for so, _ in codes], [code for _, code in codes], default=UNKNOWN)
    return np.where(np.isnan(halt), np.inf, halt), alarm


def _noticed(halt: Floats, alarm: NDArray[np.int64], seen: Floats, started: Floats, ended: Floats) -> Floats:
    """Let people's halt be when the incident was noticed, not when the way back began: between lies their reaction.

    As with alarms: the way back follows within two hours, and nothing was deployed in the meantime. What was noticed
    as a deployment ended was the check after it (see `history.fitting.detection`).
    """
    latest = np.max(np.where(np.isnan(started), -np.inf, started), axis=0)
    fits = (alarm != NONE) & (alarm != FIRED) & (seen <= halt) & (seen >= halt - SOON) & (seen >= latest)
    apart = np.abs(np.where(np.isnan(ended), np.inf, ended) - seen)
    nearest = np.take_along_axis(ended, np.argmin(apart, axis=0)[None], axis=0)[0]
    seen = np.where((apart.min(axis=0) <= CHECK) & (nearest <= halt), nearest, seen)
    return np.where(fits, seen, halt)


def _over(
    plan: Plan, places: Mapping[str, int], started: Floats, over: Floats, halt: Floats, failed: Any
) -> tuple[Floats, Any]:
    """Return when each pipeline ended, and whether it was complete by then."""
    own = [places[name] for name in plan.regions]
    ends = np.max(np.where(np.isnan(over), -np.inf, over), axis=0)
    done = ends + plan.waves[-1].bake_minutes
    whole = ~np.isnan(started[own]).any(axis=0) & ~np.isnan(over[own]).any(axis=0)
    shipped = whole & (done <= halt) & ~failed
    return np.where(shipped, done, np.where(failed, ends, halt)), shipped


def _attempts(
    table: _Tables, at: "pd.Series[Any]", places: Mapping[str, int], plan: Plan, halt: Floats, count: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return minutes and failure of each finished attempt, (A, R, n), those in flight and each region's end, (R, n)."""
    own = table.deployments[table.deployments["rollout"].isin(at.index)]
    n, most = len(at), int(own["attempt"].max()) + 1 if len(own) else 1
    tries, failed = np.full((most, count, n), np.nan), np.full((most, count, n), np.nan)
    flying, over = np.full((count, n), np.nan), np.full((count, n), np.nan)
    i, r, k = at[own["rollout"]].to_numpy(), own["region"].map(places).to_numpy(), own["attempt"].to_numpy()
    start, end = own["started_at"].to_numpy(), own["finished_at"].to_numpy()
    status = own["status"].to_numpy(dtype=object)
    held = np.nan_to_num(own["hold_minutes"].to_numpy(dtype=float))
    good = (status == "succeeded") & (end <= halt[i] + SECOND)
    bad = (status == "failed") & ~(end > halt[i] + SECOND)
    cut = ~good & ~bad & (start < halt[i]) & np.isfinite(halt[i])
    steps = np.array([_held(plan, name) for name in own["region"]])
    hold = np.where(held > 0, held, steps)
    tries[k[good], r[good], i[good]] = np.maximum((end - start - hold)[good], 1e-6)
    failed[k[good], r[good], i[good]] = 0.0
    tries[k[bad], r[bad], i[bad]], failed[k[bad], r[bad], i[bad]] = np.maximum((end - start)[bad], 1e-6), 1.0
    flying[r[cut], i[cut]] = np.maximum(halt[i[cut]] - start[cut], 0.0)
    done = good | bad
    over[r[done], i[done]] = end[done]
    return tries, failed, flying, over


def _held(plan: Plan, name: str) -> float:
    strategy = plan.strategy_of(name) if name in plan.regions else "rolling"
    return sum(minutes for _, minutes in strategy.steps) if isinstance(strategy, Steps) else 0.0


def _gates(
    table: _Tables, scenario: Scenario, plan: Plan, places: Mapping[str, int], started: Floats, over: Floats,
    halt: Floats, pushed: Any, at: "pd.Series[Any]",
) -> dict[str, Floats]:  # fmt: skip
    """Return build, handovers, waits, how long a wave had been waited for, how far starts spread, what was short."""
    n, waves = len(halt), len(plan.waves)
    told = table.waves[table.waves["rollout"].isin(at.index)]
    asked = np.full((waves + 1, n), np.nan)
    number = np.minimum(told["wave"].to_numpy() - 1, waves)
    asked[number, at[told["rollout"]].to_numpy()] = told["approval_minutes"]
    found: dict[str, Floats] = {name: np.full((waves, n), np.nan) for name in ("handover", "wait")}
    found |= {"build": np.zeros(n), "waited": np.full(n, np.nan), "spread": np.zeros(n), "short": np.zeros(n)}
    baked = np.zeros(n)
    for g, wave in enumerate(plan.waves):
        own = [places[name] for name in wave.regions]
        begin = np.nanmin(np.where(np.isnan(started[own]), np.inf, started[own]), axis=0)
        begun = np.isfinite(begin)
        if wave.at_once >= len(wave.regions):
            latest = np.nanmax(np.where(np.isnan(started[own]), -np.inf, started[own]), axis=0)
            found["spread"] = np.maximum(found["spread"], np.where(begun, latest - begin, 0.0))
        gone = np.where(begun, begin, np.nan) - np.where(np.isfinite(baked), baked, np.nan)
        if wave.approval:
            waited = np.fmin(asked[g], np.maximum(gone, 0.0))  # all of it, where nobody knows
            found["wait"][g] = np.where(begun, waited, np.nan)
            gone = gone - found["wait"][g]
        found["short"] = np.fmin(found["short"], np.nan_to_num(gone))
        gone = np.maximum(gone, 0.0)
        if g == 0:
            found["build"] = np.nan_to_num(gone)
        else:
            found["handover"][g] = gone
        if wave.approval and scenario.staffed is not None:
            since = begin - np.nan_to_num(found["wait"][g])
            found["wait"][g] = staffed_minutes(scenario, _since_epoch(scenario, pushed), since, begin)
        waiting = np.isfinite(halt) & ~begun & np.isnan(found["waited"]) & (halt > baked) & np.isfinite(baked)
        found["waited"] = np.where(
            waiting, np.where(waiting, halt, 0.0) - np.where(waiting, baked, 0.0), found["waited"]
        )
        ends = np.where(
            np.isnan(over[own]).any(axis=0), np.inf, np.nanmax(np.nan_to_num(over[own], nan=-np.inf), axis=0)
        )
        baked = np.where(begun, ends + wave.bake_minutes, np.inf)
    return found


def _incidents(
    frame: pd.DataFrame, pushed: Any, places: Mapping[str, int], started: Floats, count: int
) -> tuple[Floats, Floats]:
    """Return when harm began, and in which of the regions that were deployed to."""
    harm = _minutes(frame["incident_started_at"].to_numpy(), pushed.to_numpy())
    harm = np.where(harm >= 0, harm, np.nan)
    hurt = np.full((count, len(frame)), np.nan)
    for i, text in enumerate(frame["incident_regions"]):
        named = json.loads(text) if isinstance(text, str) and text else []
        if named and not np.isnan(harm[i]):
            hurt[:, i] = np.where(np.isnan(started[:, i]), np.nan, 0.0)
            for name in named:
                if name in places:
                    hurt[places[name], i] = 1.0
    return harm, hurt


def _since_epoch(scenario: Scenario, pushed: Any) -> Floats:
    if scenario.pushes is None:
        return np.full(len(pushed), np.nan)
    epoch = pd.Timestamp(bounds(scenario)[0], unit="s", tz="UTC")
    return _minutes(pushed.to_numpy(), np.array([epoch] * len(pushed)))


def _flags(
    records: Records, frame: pd.DataFrame, gates: dict[str, Floats], back: Floats, late: Any,
) -> list[frozenset[str]]:  # fmt: skip
    found: list[set[str]] = [set() for _ in range(len(records))]

    def mark(so: Any, text: str) -> None:
        for i in np.flatnonzero(so):
            found[i].add(text)

    mark(gates["spread"] > SECOND, SPREAD)
    mark(gates["short"] < -SECOND, NEGATIVE)
    went = ~np.isnan(records.started) & (records.started < records.halt)
    halted = np.isfinite(records.halt) & (records.alarm != NONE)
    mark(halted & (went & np.isnan(back)).any(axis=0) & (records.plan.on_alarm == "rollback_all"), REGIONAL)
    mark(late, FINISHED)
    tries = np.sum(~np.isnan(records.failed), axis=0) + ~np.isnan(records.in_flight)
    mark((tries > records.plan.retries + 1).any(axis=0), RETRIED)
    mark((frame["alarm"] == "unknown").to_numpy(), BLIND)
    return [frozenset(each) for each in found]


def chunks(read_: Read, size: int) -> Iterator[tuple[int, Records, list[frozenset[str]]]]:
    """Yield parts of the records, each under one plan, with the number of its first."""
    number = 0
    for records, flags in zip(read_.groups, read_.flags, strict=True):
        for at in range(0, len(records), size):
            part = slice(at, min(at + size, len(records)))
            yield number, records.of(part), flags[part]
            number += part.stop - at
