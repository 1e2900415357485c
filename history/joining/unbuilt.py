"""Runs of a pipeline whose build failed, before they deployed anything: rollouts without a region.

Only CodePipeline tells what its actions were; of a workflow's run that failed nobody can say at what. Not here: runs
that deployed something (`history.joining.runs`).
"""

import json
from collections.abc import Mapping

import numpy as np
import pandas as pd

from history.joining.groups import UNBUILT
from history.joining.runs import service_of
from history.joining.spans import words
from history.joining.tables import Tables

BEFORE_DEPLOYING = ("Source", "Build", "Test")


def with_unbuilt(rollout: pd.DataFrame, tables: Tables, rows: pd.DataFrame, renamed: Mapping[str, str]) -> pd.DataFrame:
    """Return the rollouts with those behind them that failed before any deployment.

    Parameters
    ----------
    rollout : DataFrame
        One row a rollout, as the join has it.
    tables : Tables
        The history.
    rows : DataFrame
        The regional deployments, for the names of services.
    renamed : dict of str to str
        Another name of a service → the name it is joined under.
    """
    found = _failed(tables)
    services = sorted(map(str, {*rows["service"].dropna().unique(), *renamed}))
    by_name = {name: service_of(name, services) for name in found["pipeline"].unique()}
    own = found["pipeline"].map(by_name).astype(object)
    found = found.assign(service=own.replace(dict(renamed)))[own.notna()].reset_index(drop=True)
    if not len(found):
        return rollout
    made = pd.DataFrame(
        {
            "service": words(found["service"]),
            "commit": words([_commit(each) for each in found["source_revisions"]]),
            "kind": words(np.full(len(found), "change")),
            "run": words(found["id"]),
            "run_status": words(found["status"].astype("str").str.upper()),
            "outcome": words(np.full(len(found), "build_failed")),
            "halt_cause": words(np.full(len(found), "failed build")),
            "clock": words(np.full(len(found), "execution")),
            "waves_from": words(np.full(len(found), "pipeline")),
            **dict.fromkeys(("pushed_at", "from_at"), found["started_at"]),
            **dict.fromkeys(("ended_at", "halted_at"), found["failed_at"]),
            **dict.fromkeys(("regions", "waves", "attempts", "failed_attempts", "confidence"), 0),
            "regions_expected": found["service"].map(rollout.groupby("service")["regions_expected"].last()),
            "censored": False,
            "reason": UNBUILT,
            "resumes": -1,
        }
    )
    made["regions_expected"] = made["regions_expected"].fillna(0).astype(np.int64)
    made = made.reindex(columns=rollout.columns)
    for name in ("version", "named"):
        made[name] = words(np.full(len(made), None))
    for name in ("rollback_started_at", "rollback_ended_at"):
        made[name] = made[name].astype(float)
    return pd.concat([rollout, made], ignore_index=True) if len(rollout) else made


def _failed(tables: Tables) -> pd.DataFrame:
    """Return the executions that failed at an action before all deploying, and when that ended."""
    executions, actions = tables["pipeline_executions"], tables["pipeline_actions"]
    broke = actions[(actions["status"] == "Failed") & actions["category"].isin(BEFORE_DEPLOYING)]
    at = broke.groupby("execution")["updated_at"].max()
    failed = (executions["status"].astype("str").str.upper() == "FAILED") & executions["id"].isin(at.index)
    deployed = executions["id"].isin(actions.loc[actions["category"] == "Deploy", "execution"])
    found = executions[failed & ~deployed & (executions["execution_type"] != "ROLLBACK").fillna(True)]
    return found.assign(failed_at=found["id"].map(at).astype(float)).sort_values("started_at")


def _commit(revisions: str) -> str | None:
    """Return the first commit that an execution says it was started with."""
    try:
        first = json.loads(revisions)[0]["revisionId"]
    except (ValueError, LookupError, TypeError):
        return None
    return first if isinstance(first, str) else None
