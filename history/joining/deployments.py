"""Every regional deployment of a history as one row, from ECS and from imported tables alike.

Not here: which region of the fleet a place is (`places`), which run it belongs to (`runs`), its kind (`kinds`).
"""

from typing import Any

import numpy as np
import pandas as pd

from history.joining.tables import Tables
from history.joining.versions import revision_versions

_STATUS = {
    "SUCCESSFUL": "succeeded",
    "STOPPED": "stopped",
    "ROLLBACK_SUCCESSFUL": "rolled_back",
    "ROLLBACK_FAILED": "rolled_back",
    "PENDING": "in_progress",
    "IN_PROGRESS": "in_progress",
    "STOP_REQUESTED": "in_progress",
    "ROLLBACK_REQUESTED": "in_progress",
    "ROLLBACK_IN_PROGRESS": "in_progress",
}
STATUSES = ("succeeded", "failed", "rolled_back", "stopped", "in_progress", "unknown")
COLUMNS = (
    "id", "origin", "account", "aws_region", "cluster", "service", "status", "cause", "recovery_failed",
    "created", "started", "finished", "rollback_started", "version", "identity", "before", "task_definition",
    "task_definition_before", "tag", "rollout", "said_kind", "pushed", "alarm_at", "hold_minutes", "alarm_names",
    "observed",
)  # fmt: skip


def regional_deployments(tables: Tables, renamed: dict[str, str] | None = None) -> pd.DataFrame:
    """Return one row a regional deployment, instants in UTC microseconds, with columns `COLUMNS`.

    Parameters
    ----------
    tables : Tables
        The history.
    renamed : dict of str to str, optional
        Another name of a service → the name it is joined under.
    """
    parts = [part for part in (_from_ecs(tables, renamed or {}), _from_tables(tables, renamed or {})) if len(part)]
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})
    return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)


def _from_ecs(tables: Tables, renamed: dict[str, str]) -> pd.DataFrame:
    rows = tables["service_deployments"]
    if not len(rows):
        return pd.DataFrame()
    revisions = tables["service_revisions"].drop_duplicates("arn").set_index("arn")
    named = revisions["service"].replace(renamed) if renamed else revisions["service"]
    known = revision_versions(tables["service_images"], named)
    target = rows["target_revision"].astype(object)
    source = rows["source_revisions"].astype("str").str.split(" ", n=1).str[0].astype(object)
    versions = {name: target.map(known[name]).astype(object) for name in known.columns}
    before = source.map(known["version"]).astype(object)
    # The image that makes versions is the same, another one is not: that is a change, too.
    beside = (versions["version"] == before) & (versions["others"] != source.map(known["others"]))
    version = versions["version"].copy()
    version[beside] += " with " + versions["others"][beside]
    definitions = revisions["task_definition"].astype(object)
    status, cause = _status(rows)
    holds = _holds(rows)
    return pd.DataFrame(
        {
            "id": rows["arn"],
            "origin": "ecs",
            "account": rows["account"],
            "aws_region": rows["region"],
            "cluster": rows["cluster"],
            "service": rows["service"].replace(renamed) if renamed else rows["service"],
            "status": status,
            "cause": cause,
            "recovery_failed": (rows["status"] == "ROLLBACK_FAILED").to_numpy(),
            "created": rows["created_at"],
            "started": rows["started_at"].fillna(rows["created_at"]),
            "finished": rows["finished_at"].fillna(rows["stopped_at"]),
            "rollback_started": rows["rollback_started_at"],
            "version": version,
            "identity": versions["identity"],
            "before": before,
            "task_definition": target.map(definitions),
            "task_definition_before": source.map(definitions),
            "tag": versions["tag"],
            "rollout": None,
            "said_kind": None,
            "pushed": np.nan,
            "alarm_at": np.nan,
            "hold_minutes": holds,
            "alarm_names": rows["alarm_names"],
            "observed": rows["observed_at"],
        }
    )[list(COLUMNS)]


def _status(rows: pd.DataFrame) -> tuple["pd.Series[Any]", "pd.Series[Any]"]:
    """Return status and cause: a roll-back that ECS's circuit breaker asked for is a failed deployment."""
    status = rows["status"].astype(object).map(_STATUS).fillna("unknown")
    broke = rows["breaker_status"] == "TRIGGERED"
    alarmed = (rows["alarms_status"] == "TRIGGERED") | ~rows["triggered_alarms"].isin(["[]", ""])
    over = status.isin(["rolled_back", "stopped"])
    causes = np.select([over & broke, over & alarmed, over], ["breaker", "alarm", "people"], default="")
    cause = pd.Series(causes, dtype=object)
    return status.where(~((status == "rolled_back") & broke), "failed"), cause


def _holds(rows: pd.DataFrame) -> "pd.Series[float]":
    """Return the minutes that a deployment waited because it was configured to: canary, linear steps, ECS's bake."""

    def number(name: str) -> "pd.Series[float]":
        if name not in rows:
            return pd.Series(0.0, index=rows.index)
        return pd.to_numeric(rows[name], errors="coerce").fillna(0.0).astype(float)

    steps = np.ceil(100.0 / number("linear_step_percent").where(lambda s: s > 0, 100.0)) - 1.0
    linear = steps * number("linear_step_bake_minutes")
    return number("bake_minutes") + number("canary_bake_minutes") + linear


def _from_tables(tables: Tables, renamed: dict[str, str]) -> pd.DataFrame:
    rows = tables["table_deployments"]
    if not len(rows):
        return pd.DataFrame()
    back = rows["rollback_started_at"]

    over = rows["status"].isin(["rolled_back", "stopped", "failed"])
    alarmed = rows["alarm_at"].notna()
    cause = np.where(~over, "", np.where(alarmed, "alarm", np.where(rows["status"] == "failed", "breaker", "people")))
    return pd.DataFrame(
        {
            "id": rows["id"],
            "origin": "table",
            "account": None,
            "aws_region": rows["region"],
            "cluster": rows.get("cluster"),
            "service": rows["service"].replace(renamed) if renamed else rows["service"],
            "status": rows["status"],
            "cause": cause,
            "recovery_failed": False,
            "created": rows["started_at"],
            "started": rows["started_at"],
            "finished": rows["finished_at"],
            "rollback_started": back,
            "version": rows["digest"],
            "identity": "digest",
            "before": None,
            "task_definition": rows.get("task_definition"),
            "task_definition_before": None,
            "tag": None,
            "rollout": rows["rollout"],
            "said_kind": rows.get("kind"),
            "pushed": rows.get("pushed_at", np.nan),
            "alarm_at": rows["alarm_at"],
            "hold_minutes": 0.0,
            "alarm_names": None,
            "observed": rows["observed_at"],
        }
    )[list(COLUMNS)]
