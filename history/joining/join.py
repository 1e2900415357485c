"""From regional deployments to rollouts: the steps in their order.

Each step has a file of its own: `tables`, `deployments`, `places`, `runs`, `kinds`, `groups`, `regional`, `alarms`,
`waves`, `outcomes`, `incidents`. Not here: reading stores and exports (`tables`), what to show (`result`).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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
from history.joining.outcomes import expected, halts, outcomes
from history.joining.places import fleet_regions
from history.joining.regional import overtaken, regional
from history.joining.renames import renames
from history.joining.result import Rollouts
from history.joining.runs import Runs, find_runs
from history.joining.tables import Tables, read_tables
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
    kind = kinds(f, rows["said_kind"].to_numpy(dtype=object)[f.order])
    tagged = (rows["identity"] == "tag").to_numpy()[f.order]
    g = groups(f, kind, tagged)
    regions = regional(f, g, region.codes.astype(np.int64)[f.order], rows, overtaken(f))
    joined = Joined(tables, rows, region, runs, f, g, regions)
    _watch(joined, watch_minutes)
    regions["alarm"], regions["alarm_at"] = alarm_states(tables, regions, rows)
    for name, values in metrics.counted(tables, regions, names).items():
        regions[name] = values
    by_service = {"*": plans} if isinstance(plans, Plan) else dict(plans or {})
    _lay_waves(joined, by_service)
    rollout = _rollouts(joined, by_service, fleet)
    remarks = [*_renamed_remarks(names, renamed or {}), *_clock_remarks(runs), *_incidents(joined, rollout)]
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
    found = spots[np.searchsorted(spots, row, side="right")]
    inside = np.minimum(found, count - 1)
    fits = (found < count) & (f.place[inside] == f.place[row])
    return np.where(fits, f.started[inside], np.inf)


def _lay_waves(joined: Joined, plans: Mapping[str, Plan]) -> None:
    regions, runs = joined.regions, joined.runs
    group, start = regions["group"].to_numpy(), regions["started_at"].to_numpy(np.float64)
    shift = regions["aws_region"].map(runs.offsets).fillna(0.0).to_numpy(dtype=np.float64) * float(MINUTE)
    ended = regions["ended_at"].to_numpy(np.float64)
    order = np.lexsort((start - shift, group))
    seen = np.empty(len(regions), dtype=np.int64)
    seen[order] = inferred(group[order], (start - shift)[order], (ended - shift)[order])
    stages = joined.tables["pipeline_actions"]["stage"]
    action = runs.action[joined.facts.order[regions["first_row"].to_numpy()]] if len(regions) else np.zeros(0, int)
    codes = pd.factorize(stages)[0]
    stage = np.where(action >= 0, codes[np.maximum(action, 0)] if len(codes) else -1, -1)
    told = by_stage(group, stage, start - shift)
    names = pd.Series(joined.region.categories.to_numpy()[regions["region_code"].to_numpy()], dtype=object)
    planned = by_plan(group, regions["service"], names, start - shift, plans)
    regions["region"] = names
    regions["wave"] = np.where(planned > 0, planned, np.where(told > 0, told, seen))
    regions["waves_from"] = np.where(planned > 0, PLAN, np.where(told > 0, PIPELINE, INFERRED))
    regions["action"] = action


def _rollouts(joined: Joined, plans: Mapping[str, Plan], fleet: Fleet | None) -> pd.DataFrame:
    """Return one row a rollout, instants in UTC microseconds."""
    regions, f, g, runs = joined.regions, joined.facts, joined.groups, joined.runs
    count = len(g.confidence)
    by = regions.groupby("group", sort=True)
    first = by["first_row"].min().to_numpy(dtype=np.int64) if count else np.zeros(0, np.int64)
    rows = joined.rows.iloc[f.order[first]].reset_index(drop=True)
    run = _run_of(joined, count)
    told = runs.table.reindex(run)
    seen = _seen(joined)
    wanted = expected(regions, seen) if count else np.zeros(0, np.int64)
    for service, plan in plans.items():
        mine = (rows["service"] == service).to_numpy() if service != "*" else np.ones(count, dtype=bool)
        wanted = np.where(mine, len(plan.regions), wanted)
    outcome, cause = outcomes(regions, wanted, told["status"].to_numpy(dtype=object))
    pushed, clock = _clock(rows, told, by["started_at"].min().to_numpy() if count else np.zeros(0))
    ended = by["ended_at"].max().to_numpy(dtype=float) if count else np.zeros(0)
    censored = by["censored"].any().to_numpy() if count else np.zeros(0, dtype=bool)
    table = pd.DataFrame(
        {
            "service": rows["service"].to_numpy(),
            "version": rows["version"].to_numpy(),
            "commit": rows["tag"].to_numpy(),
            "kind": _kind_of(joined, count),
            "named": rows["rollout"].to_numpy(),
            "run": run,
            "run_status": told["status"].to_numpy(dtype=object),
            "outcome": outcome,
            "halt_cause": cause,
            "pushed_at": pushed,
            "clock": clock,
            "from_at": by["started_at"].min().to_numpy() if count else np.zeros(0),
            "ended_at": np.where(censored, np.nan, ended),
            "halted_at": halts(regions, outcome, cause) if count else np.zeros(0),
            "regions": by.size().to_numpy() if count else np.zeros(0, np.int64),
            "regions_expected": wanted,
            "waves": by["wave"].nunique().to_numpy() if count else np.zeros(0, np.int64),
            "waves_from": np.array(FROM, dtype=object)[by["waves_from"].min().to_numpy()] if count else [],
            "attempts": by["attempts"].sum().to_numpy() if count else [],
            "failed_attempts": by["failed_attempts"].sum().to_numpy() if count else [],
            "rollback_started_at": by["rollback_started_at"].min().to_numpy() if count else np.zeros(0),
            "rollback_ended_at": by["rollback_ended_at"].max().to_numpy() if count else np.zeros(0),
            "censored": censored | (outcome == "in_progress"),
            "confidence": g.confidence,
            "reason": g.reason,
            "resumes": g.resumes,
        }
    )
    return table


def _run_of(joined: Joined, count: int) -> Objects:
    """Return the id of each rollout's run, None where there is none."""
    found = np.full(count, None, dtype=object)
    if count:
        run = joined.runs.run[joined.facts.order]
        use = np.flatnonzero((joined.groups.group >= 0) & (joined.groups.kind != ROLLBACK) & ~pd.isna(run))[::-1]
        found[joined.groups.group[use]] = run[use]
    return found


def _kind_of(joined: Joined, count: int) -> Objects:
    g = joined.groups
    ships = (g.group >= 0) & (g.kind != ROLLBACK)
    configured = np.bincount(g.group[ships], weights=g.kind[ships] == CONFIGURATION, minlength=count) > 0
    resumed = np.bincount(g.group[ships], weights=g.kind[ships] == RESUME, minlength=count) > 0
    again = (g.resumes >= 0) | resumed
    return np.where(configured, "configuration", np.where(again, "resume", "change")).astype(object)


def _seen(joined: Joined) -> pd.DataFrame:
    """Return when each service was deployed first and last in each region."""
    f = joined.facts
    table = pd.DataFrame({"place": f.place, "at": f.started, "row": f.order})
    by = table.groupby("place").agg(first=("at", "min"), last=("at", "max"), row=("row", "first"))
    return by.assign(service=joined.rows["service"].to_numpy()[by["row"].to_numpy()])


def _clock(rows: pd.DataFrame, told: pd.DataFrame, first: Floats) -> tuple[Floats, Objects]:
    """Return from when each rollout's minutes count, and which clock that is: the best one that is known."""
    push = rows["pushed"].to_numpy(dtype=float)
    begun = told["started"].to_numpy(dtype=float)
    # A run that began long before is one that a deployment only fell into.
    usable = ~np.isnan(begun) & (begun <= first + 60 * MINUTE) & (begun >= first - 60 * DAY)
    kind = told["kind"].to_numpy(dtype=object)
    names = np.where(kind == "pipeline", "execution", "run")
    pushed = np.where(~np.isnan(push), push, np.where(usable, begun, first))
    return pushed, np.where(~np.isnan(push), "push", np.where(usable, names, "first start")).astype(object)


def _incidents(joined: Joined, rollout: pd.DataFrame) -> list[str]:
    incidents = joined.tables["incidents"]
    ids = frames.identities(rollout)
    rollout["id"] = ids
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


def _clock_remarks(runs: Runs) -> list[str]:
    return [
        f"the clock of {region} is {abs(minutes):.1f} minutes {'ahead of' if minutes > 0 else 'behind'} its pipeline's:"
        " its times stand as recorded, waves are told by the pipeline's"
        for region, minutes in sorted(runs.offsets.items())
    ]
