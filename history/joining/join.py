"""From regional deployments to rollouts: the steps in their order.

Each step has a file of its own: `tables`, `deployments`, `places`, `runs`, `kinds`, `groups`, `regional`, `alarms`,
`waves`, `outcomes`, `unbuilt`, `incidents`. Not here: reading stores and exports (`tables`), what to show (`result`).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from history.collecting.config import Config
from history.instants import DAY, MINUTE
from history.joining import frames, metrics
from history.joining.alarms import alarm_states
from history.joining.deployments import regional_deployments
from history.joining.groups import Groups, groups
from history.joining.incidents import incident_rollouts, incident_times
from history.joining.kinds import CONFIGURATION, RESUME, ROLLBACK, Facts, Floats, Ints, Objects, facts, kinds
from history.joining.outcomes import expected, halts, outcomes, set_back_or_stopped
from history.joining.places import fleet_regions
from history.joining.regional import overtaken, regional
from history.joining.renames import renames
from history.joining.result import Rollouts
from history.joining.runs import Runs, find_runs
from history.joining.spans import Spans, distinct, words
from history.joining.tables import Tables, read_tables
from history.joining.unbuilt import with_unbuilt
from history.joining.waves import FROM, INFERRED, PIPELINE, PLAN, by_plan, by_stage, inferred
from waves import Fleet, Plan

WATCH_MINUTES = 60.0


def rollouts(
    source: str | os.PathLike[str] | Config,
    *,
    fleet: Fleet | None = None,
    plans: Plan | Mapping[str, Plan] | None = None,
    places: Mapping[str, str] | None = None,
    renamed: Mapping[str, str] | None = None,
    watch_minutes: float = WATCH_MINUTES,
) -> Rollouts:
    """Find the rollouts of a history: which regional deployments were one, in which waves, with what outcome.

    Parameters
    ----------
    source
        A store's file, an export (a folder, or an address on S3), or the config of a fetch (or its file, YAML): its
        store, with its `places` and `renamed`.
    fleet : Fleet, optional
        Whose regions the places in AWS are (its `aws:` keys, else the regions' names). Without one each AWS region is
        a region, or each cluster in it where a service has several.
    plans : Plan or dict of str to Plan, optional
        The plan of every service, or by service; rollouts that went by it have its waves.
    places : dict of str to str, optional
        Places that the fleet does not name: ``region``, ``account/region``, ``account/region/cluster`` or with
        ``/service``, `*` for any part → region of the fleet.
    renamed : dict of str to str, optional
        Another name of a service → the name it is joined under. A service that took over another's places and image is
        found without.
    watch_minutes : float
        For how long after its last deployment an alarm still belongs to a rollout.

    Returns
    -------
    Rollouts

    Raises
    ------
    StoreError, ExportError, InputError
        Where the history, or the config, cannot be read.
    UnmappedPlaces
        Naming each place that no region of the fleet is, with its remedy.
    """
    if not isinstance(source, Config) and Path(source).suffix.lower() in (".yaml", ".yml"):
        source = Config.read(source)
    if isinstance(source, Config):
        places, renamed = {**source.places, **(places or {})}, {**source.renamed, **(renamed or {})}
        source = source.store_path
    return join(
        read_tables(source), fleet=fleet, plans=plans, places=places, renamed=renamed, watch_minutes=watch_minutes
    )


@dataclass(frozen=True)
class Joined:
    """What the steps found, handed on to what makes frames of it; rows in the order of `facts.order`.

    Attributes
    ----------
    rows : DataFrame
        The regional deployments.
    region : Categorical
        By row of `rows`: its region.
    runs, facts, groups
        See their own files.
    regions : DataFrame
        One row a (rollout, region).
    """

    tables: Tables
    rows: pd.DataFrame
    region: "pd.Categorical[str]"
    runs: Runs
    facts: Facts
    groups: Groups
    regions: pd.DataFrame


def join(
    tables: Tables,
    *,
    fleet: Fleet | None = None,
    plans: Plan | Mapping[str, Plan] | None = None,
    places: Mapping[str, str] | None = None,
    renamed: Mapping[str, str] | None = None,
    watch_minutes: float = WATCH_MINUTES,
) -> Rollouts:
    """Find the rollouts of tables in memory; see `rollouts`."""
    names = {**renames(tables["service_deployments"], tables["service_images"]), **(renamed or {})}
    rows = regional_deployments(tables, names)
    region = fleet_regions(rows, fleet, places or {})
    runs = find_runs(tables, rows, names)
    f = facts(rows, region.codes.astype(np.int64), runs.run, runs.table)
    kind, unsure = kinds(f, rows["said_kind"].iloc[f.order] if rows["said_kind"].notna().any() else rows["said_kind"])
    tagged = (rows["identity"] == "tag").to_numpy()[f.order]
    g = groups(f, kind, unsure, tagged)
    regions = regional(f, g, region.codes.astype(np.int64)[f.order], rows, overtaken(f))
    joined = Joined(tables, rows, region, runs, f, g, regions)
    _watch(joined, watch_minutes)
    over = set_back_or_stopped(regions)
    regions["alarm"], regions["alarm_at"], regions["ended_by"] = alarm_states(tables, regions, rows, over)
    for name, values in metrics.counted(tables, regions, names).items():
        regions[name] = values
    by_service = {"*": plans} if isinstance(plans, Plan) else dict(plans or {})
    _lay_waves(joined, by_service)
    rollout = with_unbuilt(_rollouts(joined, by_service), tables, rows, names)
    remarks = [*_renamed_remarks(names, renamed or {}), *_clock_remarks(runs), *_incidents(joined, rollout)]
    remarks += _alarm_remarks(tables) if len(rollout) else []
    return frames.made(joined, rollout, fleet, tuple(remarks))


def _watch(joined: Joined, watch_minutes: float) -> None:
    """Say from when until when each region of a rollout was watched: never past the next version there."""
    regions, f, g = joined.regions, joined.facts, joined.groups
    count = len(g.confidence)
    end = np.where(np.isnan(f.finished), joined.rows["observed"].to_numpy(dtype=float)[f.order], f.finished)
    last = np.full(count, -np.inf)
    ships = g.group >= 0
    np.maximum.at(last, g.group[ships], end[ships])
    until = last[regions["group"].to_numpy()] + watch_minutes * MINUTE
    regions["from_at"] = regions["started_at"]
    regions["watched_until"] = np.minimum(until, _next_version(f, regions["last_row"].to_numpy()))


def _next_version(f: Facts, row: Ints) -> Floats:
    """Return when the next version began in the place of a row, infinity where none did."""
    count = len(f.order)
    if not count:
        return np.zeros(0)
    begins = np.ones(count, dtype=bool)
    begins[1:] = (f.place[1:] != f.place[:-1]) | (f.version[1:] != f.version[:-1])
    spots = np.append(np.flatnonzero(begins), count)
    found = spots[np.cumsum(begins)[row]]
    inside = np.minimum(found, count - 1)
    fits = (found < count) & (f.place[inside] == f.place[row])
    return np.where(fits, f.started[inside], np.inf)


def _lay_waves(joined: Joined, plans: Mapping[str, Plan]) -> None:
    regions, runs = joined.regions, joined.runs
    group, start = regions["group"].to_numpy(), regions["started_at"].to_numpy(np.float64)
    places = regions["aws_region"].cat
    minutes = np.array([*(runs.offsets.get(str(each), 0.0) for each in places.categories), 0.0])
    shift = minutes[places.codes.to_numpy()] * float(MINUTE)
    ended = regions["ended_at"].to_numpy(np.float64)
    order = np.lexsort((start - shift, group)) if shift.any() else np.arange(len(group))
    seen = np.empty(len(regions), dtype=np.int64)
    seen[order] = inferred(group[order], (start - shift)[order], (ended - shift)[order])
    stages = joined.tables["pipeline_actions"]["stage"]
    action = runs.action[joined.facts.order[regions["first_row"].to_numpy()]] if len(regions) else np.zeros(0, int)
    codes = pd.factorize(stages)[0]
    stage = np.where(action >= 0, codes[np.maximum(action, 0)] if len(codes) else -1, -1)
    told = by_stage(group, stage, start - shift)
    names = words(np.asarray(joined.region.categories, dtype=object)[regions["region_code"].to_numpy()])
    planned = by_plan(group, regions["service"], names, start - shift, plans)
    regions["region"] = names
    regions["wave"] = np.where(planned > 0, planned, np.where(told > 0, told, seen))
    regions["waves_from"] = np.where(planned > 0, PLAN, np.where(told > 0, PIPELINE, INFERRED))
    regions["action"] = action


def _rollouts(joined: Joined, plans: Mapping[str, Plan]) -> pd.DataFrame:
    """Return one row a rollout, instants in UTC microseconds."""
    regions, f, g, runs = joined.regions, joined.facts, joined.groups, joined.runs
    count = len(g.confidence)
    by = Spans(regions["group"].to_numpy())
    first = by.min(regions["first_row"])
    at = f.order[first]
    rows = joined.rows[["service", "version", "tag", "rollout", "pushed"]].iloc[at].reset_index(drop=True)
    run = _run_of(joined, count)
    told = _told(runs.table, run)
    wanted = expected(by, f.service[first], regions["started_at"].to_numpy(), f)
    for service, plan in plans.items():
        mine = (rows["service"] == service).to_numpy() if service != "*" else np.ones(count, dtype=bool)
        wanted = np.where(mine, len(plan.regions), wanted)
    outcome, cause = outcomes(regions, wanted, told["status"])
    began, censored = by.min(regions["started_at"]), by.any(regions["censored"])
    pushed, clock = _clock(rows, told, began)
    table = pd.DataFrame(
        {
            "service": words(rows["service"]),
            "version": words(rows["version"]),
            "commit": words(rows["tag"]),
            "kind": words(_kind_of(joined, count)),
            "named": words(rows["rollout"]),
            "run": words(told["id"]),
            "run_status": words(told["status"]),
            "outcome": words(outcome),
            "halt_cause": words(cause),
            "pushed_at": pushed,
            "clock": words(clock),
            "from_at": began,
            "ended_at": np.where(censored, np.nan, by.max(regions["ended_at"])),
            "halted_at": halts(regions, outcome, cause),
            "regions": by.size,
            "regions_expected": wanted,
            "waves": _wave_count(by, regions["wave"].to_numpy()),
            "waves_from": words(np.array(FROM, dtype=object)[by.min(regions["waves_from"])]),
            "attempts": by.sum(regions["attempts"]),
            "failed_attempts": by.sum(regions["failed_attempts"]),
            "rollback_started_at": by.min(regions["rollback_started_at"]),
            "rollback_ended_at": by.max(regions["rollback_ended_at"]),
            "censored": censored | (outcome == "in_progress"),
            "confidence": g.confidence,
            "reason": g.reason,
            "resumes": g.resumes,
        }
    )
    return table


def _wave_count(by: Spans, wave: Ints) -> Ints:
    """Return how many waves each rollout has."""
    size = int(wave.max(initial=0)) + 1
    keys, _ = distinct(by.of * size + wave)
    return np.bincount(keys // size, minlength=len(by.starts))


def _told(table: pd.DataFrame, run: Ints) -> dict[str, Any]:
    """Return what each run tells: `id`, `kind`, `status`, `started`; nothing where there is no run."""
    found: dict[str, Any] = {name: _or_none(table[name])[run] for name in ("kind", "status")}
    found["id"] = _or_none(table.index)[run]
    found["started"] = np.append(table["started"].to_numpy(dtype=float), np.nan)[run]
    return found


def _or_none(values: Any) -> Objects:
    """Return texts with None behind them, for the place -1."""
    return np.array([*values, None], dtype=object)


def _run_of(joined: Joined, count: int) -> Ints:
    """Return the row of each rollout's run in the table of runs, -1 where there is none."""
    found = np.full(count, -1, dtype=np.int64)
    run = joined.facts.run
    use = np.flatnonzero((joined.groups.group >= 0) & (joined.groups.kind != ROLLBACK) & (run >= 0))[::-1]
    found[joined.groups.group[use]] = run[use]
    return found


def _kind_of(joined: Joined, count: int) -> Objects:
    g = joined.groups
    ships = (g.group >= 0) & (g.kind != ROLLBACK)
    configured = np.bincount(g.group[ships & (g.kind == CONFIGURATION)], minlength=count) > 0
    resumed = np.bincount(g.group[ships & (g.kind == RESUME)], minlength=count) > 0
    again = (g.resumes >= 0) | resumed
    names = np.array(["configuration", "resume", "change"], dtype=object)
    return names[np.where(configured, 0, np.where(again, 1, 2))]


def _clock(rows: pd.DataFrame, told: Mapping[str, Any], first: Floats) -> tuple[Floats, Objects]:
    """Return from when each rollout's minutes count, and which clock that is: the best one that is known."""
    push = rows["pushed"].to_numpy(dtype=float)
    begun = told["started"]
    # A run that began long before is one that a deployment only fell into.
    usable = ~np.isnan(begun) & (begun <= first + 60 * MINUTE) & (begun >= first - 60 * DAY)
    kind = told["kind"]
    names = np.where(kind == "pipeline", "execution", "run")
    pushed = np.where(~np.isnan(push), push, np.where(usable, begun, first))
    return pushed, np.where(~np.isnan(push), "push", np.where(usable, names, "first start")).astype(object)


def _incidents(joined: Joined, rollout: pd.DataFrame) -> list[str]:
    incidents = joined.tables["incidents"]
    ids = frames.identities(rollout)
    rollout["id"] = words(ids)
    asked = rollout[["id", "named", "run", "version", "from_at"]]
    found, remarks = incident_rollouts(incidents, asked)
    times = incident_times(incidents, found, len(rollout))
    rollout["incident"] = times["id"].to_numpy(dtype=object)
    for name in ("started_at", "detected_at", "mitigated_at"):
        rollout[f"incident_{name}"] = times[name].to_numpy(dtype=float)
    rollout["incident_regions"] = times["regions"].to_numpy(dtype=object)
    return remarks


def _renamed_remarks(names: Mapping[str, str], told: Mapping[str, str]) -> list[str]:
    return [
        f"service {new} took over the places and the image of {old}: joined as one; `renamed` says so, or otherwise"
        for new, old in names.items()
        if new not in told
    ]


def _alarm_remarks(tables: Tables) -> list[str]:
    if (tables["coverage"]["stream"] == "alarms").any() or tables["table_deployments"]["alarm_at"].notna().any():
        return []
    return [
        "nobody looked at alarms (no coverage of them): whether one rang is unknown, and no rollout is called sound;"
        " waves, outcomes and durations stand. Collect alarms, or import incidents"
    ]


def _clock_remarks(runs: Runs) -> list[str]:
    return [
        f"the clock of {region} is {abs(minutes):.1f} minutes {'ahead of' if minutes > 0 else 'behind'} its pipeline's:"
        " its times stand as recorded, waves are told by the pipeline's"
        for region, minutes in sorted(runs.offsets.items())
    ]
