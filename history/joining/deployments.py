"""Every regional deployment of a history as one row, from ECS and from imported tables alike.

Not here: which region of the fleet a place is (`places`), which run it belongs to (`runs`), its kind (`kinds`).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from history.joining.alarms import may_cause
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
_PAUSE = r'"targetType": ?"PAUSE"'
_FEW = ("origin", "account", "aws_region", "cluster", "service", "cause", "status")
STATUSES = ("succeeded", "failed", "rolled_back", "stopped", "in_progress", "unknown")
_OVER, _FAILED = ("rolled_back", "stopped", "failed"), ("failed",)
COLUMNS = (
    "id", "origin", "account", "aws_region", "cluster", "service", "status", "cause", "recovery_failed",
    "created", "started", "finished", "rollback_started", "version", "identity", "before", "task_definition",
    "task_definition_before", "tag", "rollout", "said_kind", "pushed", "alarm_at", "hold_minutes", "paused",
    "alarm_names", "observed",
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
    if len(parts) == 1:
        return parts[0]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({name: _none(0) for name in COLUMNS})
    return rows.assign(**{name: _coded(rows[name], STATUSES if name == "status" else None) for name in _FEW})


def _coded(values: "pd.Series[Any]", names: Sequence[str] | None = None) -> "pd.Series[Any]":
    """Give what has few values as codes, once: whatever follows counts and compares numbers."""
    codes, found = pd.factorize(values, sort=names is None)
    if names is None:
        return _from_codes(codes, list(found))
    place = {name: number for number, name in enumerate(names)}
    return _from_codes(np.array([*(place.get(each, -1) for each in found), -1], dtype=np.int8)[codes], names)


def _from_codes(codes: Any, names: Sequence[str]) -> "pd.Series[Any]":
    return pd.Series(pd.Categorical.from_codes(codes, categories=pd.Index(names)))


def _none(count: int) -> "pd.Series[Any]":
    return pd.Series(np.full(count, None, dtype=object), dtype=object)


def _laid_out(columns: dict[str, Any], count: int) -> pd.DataFrame:
    """Return the columns in their order; those that nothing is known of are empty."""
    made = {name: columns[name] if name in columns else _none(count) for name in COLUMNS}
    for name in _FEW:
        if not isinstance(made[name].dtype, pd.CategoricalDtype):
            made[name] = _coded(made[name], STATUSES if name == "status" else None)
    return pd.DataFrame(made, copy=False)


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
    definitions = revisions["task_definition"].astype(object)
    # The image that makes versions is the same, another one is not: that is a change, too, if somebody made it. Where
    # the task definition is the same as well, a tag was moved, and a deployment that was forced fetched what it names.
    beside = (versions["version"] == before) & (versions["others"] != source.map(known["others"]))
    beside &= ~(target.map(definitions) == source.map(definitions))
    version = versions["version"].copy()
    version[beside] += " with " + versions["others"][beside]
    status, cause = _status(rows)
    return _laid_out(
        {
            "id": rows["arn"],
            "origin": _from_codes(np.zeros(len(rows), dtype=np.int8), ["ecs"]),
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
            "pushed": np.full(len(rows), np.nan),
            "alarm_at": np.full(len(rows), np.nan),
            "hold_minutes": _holds(rows),
            "paused": _pauses(rows),
            "alarm_names": rows["alarm_names"],
            "observed": rows["observed_at"],
        },
        len(rows),
    )


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


def _pauses(rows: pd.DataFrame) -> "NDArray[np.bool_]":
    """Return whether a hook could keep a deployment waiting for a person; ECS does not tell for how long one did."""
    found: NDArray[np.bool_] = rows["hooks"].astype("str").str.contains(_PAUSE, regex=True).fillna(False).to_numpy(bool)
    return found


def _from_tables(tables: Tables, renamed: dict[str, str]) -> pd.DataFrame:
    rows = tables["table_deployments"]
    if not len(rows):
        return pd.DataFrame()
    count = len(rows)
    status = _coded(rows["status"], STATUSES)
    over, failed = (np.isin(status.cat.codes, [STATUSES.index(each) for each in names]) for names in (_OVER, _FAILED))
    ended = rows["rollback_started_at"].fillna(rows["finished_at"]).to_numpy(dtype=float)
    rang = may_cause(rows["alarm_at"].to_numpy(dtype=float), ended)
    cause = np.select([~over, rang, failed], [0, 1, 2], default=3)
    return _laid_out(
        {
            "id": rows["id"],
            "origin": _from_codes(np.zeros(count, dtype=np.int8), ["table"]),
            "aws_region": rows["region"],
            "cluster": rows["cluster"],
            "service": rows["service"].replace(renamed) if renamed else rows["service"],
            "status": status,
            "cause": _from_codes(cause, ["", "alarm", "breaker", "people"]),
            "recovery_failed": np.zeros(count, dtype=bool),
            "created": rows["started_at"],
            "started": rows["started_at"],
            "finished": rows["finished_at"],
            "rollback_started": rows["rollback_started_at"],
            "version": rows["digest"],
            "identity": _from_codes(np.zeros(count, dtype=np.int8), ["digest"]),
            "task_definition": rows["task_definition"],
            "rollout": rows["rollout"],
            "said_kind": rows["kind"],
            "pushed": rows["pushed_at"],
            "alarm_at": rows["alarm_at"],
            "hold_minutes": np.zeros(count),
            "paused": np.zeros(count, dtype=bool),
            "observed": rows["observed_at"],
        },
        count,
    )
