"""Which run of a pipeline or of a workflow made a regional deployment.

CodePipeline tells when its actions began and where; a deployment is the action's that began beside it, in the same
region, in a pipeline of its service. Its `externalExecutionId` is not used: nobody documents that it is ECS's id.
CodeCatalyst tells when its runs began and ended: a deployment is a run's where no other run was under way.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from history.instants import MINUTE
from history.joining.kinds import Bools, Ints
from history.joining.tables import Tables

BESIDE = 30 * MINUTE  # by so much the clocks of a region and of a pipeline may differ before they are set right
NEAR = 3 * MINUTE  # and after
SLACK = 15 * MINUTE  # a deployment may be made so long before or after its workflow's run, by another clock
_BY = ["service", "region"]
_IDLE = ("SUPERSEDED", "CANCELLED", "NOT_RUN")  # runs that deployed nothing


@dataclass(frozen=True)
class Runs:
    """Runs, and which deployment is whose.

    Attributes
    ----------
    run : ndarray of int
        By deployment: the row of its run in `table`, -1 where it is not known.
    action : ndarray of int
        By deployment: the row of its action in `pipeline_actions`, -1 where there is none.
    table : DataFrame
        By run id: `kind` (pipeline, workflow), `name`, `started`, `ended`, `status`, `rollback`.
    offsets : dict of str to float
        By how many minutes the clock of an AWS region is ahead of its pipeline's, where that is half a minute or more.
    """

    run: Ints
    action: Ints
    table: pd.DataFrame
    offsets: dict[str, float]


def find_runs(tables: Tables, rows: pd.DataFrame, renamed: Mapping[str, str] | None = None) -> Runs:
    """Say of each regional deployment which run made it; `renamed` is another name of a service → its first."""
    services = sorted(map(str, rows["service"].dropna().unique()))
    table = _run_table(tables)
    run, action = np.full(len(rows), -1, dtype=np.int64), np.full(len(rows), -1, dtype=np.int64)
    offsets: dict[str, float] = {}
    actions = _deploy_actions(tables, services, renamed or {})
    if len(actions) and len(rows):
        offsets = _offsets(rows, actions)
        place, at = _matched(rows, actions, offsets)
        run[place] = table.index.get_indexer(pd.Index(actions["execution"].to_numpy(dtype=object)[at]))
        action[place] = actions["row"].to_numpy()[at]
    for service, own in _workflow_runs(tables, services).items():
        open_rows = np.flatnonzero((rows["service"] == service).to_numpy() & (run < 0) & (rows["origin"] == "ecs"))
        if len(open_rows):
            run[open_rows] = table.index.get_indexer(pd.Index(_enclosing(rows["created"].to_numpy()[open_rows], own)))
    return Runs(run, action, table, offsets)


def service_of(name: object, services: list[str]) -> str | None:
    """Return the service that a pipeline or workflow is named after: the longest whose name is in it as whole words."""
    text = f"-{name}-".replace("_", "-").replace("/", "-").replace(" ", "-").lower()
    fitting = [service for service in services if f"-{service.lower()}-" in text]
    return max(fitting, key=len, default=None)


def _deploy_actions(tables: Tables, services: list[str], renamed: Mapping[str, str]) -> pd.DataFrame:
    actions = tables["pipeline_actions"]
    wanted = (actions["category"] == "Deploy") & actions["action_region"].notna()
    found = actions[wanted].copy()
    found["row"] = found.index
    by_name = {name: service_of(name, services) for name in found["pipeline"].unique()}
    told = found["service"].astype(object).replace(dict(renamed))
    found["of"] = told.where(told.isin(services), found["pipeline"].map(by_name))
    return found[found["of"].notna()].reset_index(drop=True)


def _pairs(rows: pd.DataFrame, actions: pd.DataFrame, shift: "pd.Series[float]", within: float) -> pd.DataFrame:
    """Return (deployment, action) where the action began nearest, in its cluster if it says which; each action once."""
    told, silent = actions["cluster"].notna().to_numpy(), actions["cluster"].isna().to_numpy()
    parts = [_nearest(rows, actions, shift, within, use, by) for use, by in ((told, [*_BY, "cluster"]), (silent, _BY))]
    both = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    both = both.sort_values("apart", kind="stable").drop_duplicates("action")
    return both.drop_duplicates("deployment")


def _nearest(
    rows: pd.DataFrame, actions: pd.DataFrame, shift: "pd.Series[float]", within: float, use: Bools, by: list[str]
) -> pd.DataFrame:
    left = pd.DataFrame(
        {
            "deployment": np.arange(len(rows)),
            "service": rows["service"].astype(object),
            "region": rows["aws_region"].astype(object),
            "cluster": rows["cluster"].astype(object),
            "at": rows["created"].to_numpy() - shift.to_numpy(),
        }
    )
    left = left[(rows["origin"] == "ecs").to_numpy() & left["at"].notna().to_numpy()].sort_values("at", kind="stable")
    right = pd.DataFrame(
        {
            "action": np.arange(len(actions)),
            "service": actions["of"].astype(object),
            "region": actions["action_region"].astype(object),
            "cluster": actions["cluster"].astype(object),
            "at": actions["started_at"],
            "began": actions["started_at"],
        }
    )[use].sort_values("at", kind="stable")
    if "cluster" not in by:
        right = right.drop(columns="cluster")
    found = pd.merge_asof(left, right, on="at", by=by, direction="nearest", tolerance=int(within))
    found = found[found["action"].notna()]
    return found.assign(apart=(found["at"] - found["began"]).abs())


def _offsets(rows: pd.DataFrame, actions: pd.DataFrame) -> dict[str, float]:
    none = pd.Series(0.0, index=rows.index)
    found = _pairs(rows, actions, none, BESIDE)
    by = (found["at"] - found["began"]).groupby(found["region"]).median() / MINUTE
    return {str(region): float(minutes) for region, minutes in by.items() if abs(minutes) >= 0.5}


def _matched(rows: pd.DataFrame, actions: pd.DataFrame, offsets: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
    shift = rows["aws_region"].astype(object).map(offsets).fillna(0.0).astype(float) * MINUTE
    found = _pairs(rows, actions, shift, NEAR)
    return found["deployment"].to_numpy(dtype=np.int64), found["action"].to_numpy(dtype=np.int64)


def _workflow_runs(tables: Tables, services: list[str]) -> dict[str, pd.DataFrame]:
    runs = tables["workflow_runs"]
    runs = runs[~runs["status"].isin(_IDLE)]
    named = {name: service_of(name, services) for name in runs["workflow_name"].dropna().unique()}
    of = runs["workflow_name"].map(named)
    return {str(service): own.sort_values("started_at") for service, own in runs.groupby(of) if len(own)}


def _enclosing(at: np.ndarray, runs: pd.DataFrame) -> np.ndarray:
    """Return the run that was under way, None where there was none or more than one."""
    starts = runs["started_at"].to_numpy() - SLACK
    ends = runs["ended_at"].fillna(np.inf).to_numpy() + SLACK
    begun = np.searchsorted(starts, at, side="right")
    over = np.searchsorted(np.sort(ends), at, side="left")
    latest = np.maximum(begun - 1, 0)
    alone = (begun - over == 1) & (ends[latest] >= at)
    ids = runs["id"].to_numpy(dtype=object)[latest]
    ids[~alone] = None
    return ids


def _run_table(tables: Tables) -> pd.DataFrame:
    pipelines, flows = tables["pipeline_executions"], tables["workflow_runs"]
    over = ~pipelines["status"].isin(["InProgress", "Stopping"])
    first = pd.DataFrame(
        {
            "id": pipelines["id"],
            "kind": "pipeline",
            "name": pipelines["pipeline"],
            "started": pipelines["started_at"],
            "ended": pipelines["updated_at"].where(over),
            "status": pipelines["status"].astype("str").str.upper().astype(object),
            "rollback": pipelines["execution_type"] == "ROLLBACK",
        }
    )
    second = pd.DataFrame(
        {
            "id": flows["id"],
            "kind": "workflow",
            "name": flows["workflow_name"],
            "started": flows["started_at"],
            "ended": flows["ended_at"],
            "status": flows["status"],
            "rollback": False,
        }
    )
    parts = [part for part in (first, second) if len(part)]
    both = (pd.concat(parts, ignore_index=True) if parts else first).drop_duplicates("id").set_index("id")
    # Actions of an execution that nobody collected are of one run all the same.
    more = pd.Index(tables["pipeline_actions"]["execution"].dropna().unique()).difference(both.index)
    return both if not len(more) else both.reindex(both.index.append(more).rename("id"))
