"""What was known of joined rollouts at an instant: what ended later is open, what came later is not there.

Event time counts: a record is known from the minute it speaks of, whenever it was collected. Nothing that lies after
the instant has a say in what is returned: outcomes, alarms and waves of open rollouts are judged anew by the join's own
rules. Not here: the join (`join`).
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from history.joining import Rollouts
from history.joining.frames import stamps
from history.joining.outcomes import halts, outcomes
from history.joining.tables import instants

OPEN = "in_progress"
GIVEN_UP = pd.Timedelta(days=2)  # a rollout that went no further for so long goes no further
RUN_OVER = pd.Timedelta(days=7)  # after its last deployment a run's status is its last: approvals wait no longer
RECENT = 3  # rollouts of a service that say in how many regions it runs
_NOT_SHIPPED = ("rollback", "redeploy")
_SUMS = ("requests", "failed_requests", "metrics_minutes")


def as_of(rollouts: Rollouts, instant: pd.Timestamp) -> Rollouts:
    """Return what was known of rollouts at an instant.

    Parameters
    ----------
    rollouts
        The join.
    instant
        UTC.
    """
    began = rollouts.frame["started_at"].fillna(rollouts.frame["pushed_at"])
    built = rollouts.frame["outcome"] != "build_failed"
    frame = rollouts.frame[(began < instant) & (built | (rollouts.frame["ended_at"] <= instant))]
    known = replace(
        rollouts, left_out=rollouts.left_out[rollouts.left_out["started_at"] < instant], remarks=(), traffic={}
    )
    if not built[frame.index].any():
        return only(known, frame.index)
    deployments = _deployments(_of(rollouts.deployments, frame), instant)
    regions = _regions(_watched(rollouts, _of(rollouts.regions, frame), deployments, instant), deployments, instant)
    waves = _of(rollouts.waves, frame)
    waves = _instants(waves[waves["started_at"] < instant], instant)
    return replace(
        known, frame=_frame(frame, regions, instant), regions=regions.drop(columns=["group", "set_back"]),
        waves=waves, deployments=deployments,
    )  # fmt: skip


def only(rollouts: Rollouts, names: "pd.Index[Any]") -> Rollouts:
    """Return some of the rollouts."""
    frame = rollouts.frame.loc[names]
    parts: Any = {name: _of(getattr(rollouts, name), frame) for name in ("regions", "waves", "deployments")}
    return replace(rollouts, frame=frame, **parts)


def _of(table: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    own = table["rollout"]
    if isinstance(own.dtype, pd.CategoricalDtype):
        known = np.append(own.cat.categories.isin(frame.index), False)
        return table[known[own.cat.codes.to_numpy()]].copy()
    return table[own.isin(frame.index).to_numpy()].copy()


def _instants(table: pd.DataFrame, instant: pd.Timestamp) -> pd.DataFrame:
    """Take away every instant that lies later."""
    for name in table.columns:
        if name.endswith("_at"):
            table[name] = table[name].where(table[name] <= instant)
    return table


def _deployments(table: pd.DataFrame, instant: pd.Timestamp) -> pd.DataFrame:
    table = _instants(table[table["started_at"] < instant].copy(), instant)
    table["status"] = table["status"].astype(object).where(table["finished_at"].notna(), OPEN)
    return table


def _watched(rollouts: Rollouts, table: pd.DataFrame, deployments: pd.DataFrame, instant: pd.Timestamp) -> pd.DataFrame:
    """Return until when regions were watched: so long after the last deployment of their rollout so far."""
    last = rollouts.deployments.groupby("rollout", observed=True)["finished_at"].max()
    latest = last.reindex(rollouts.regions["rollout"].astype(object)).to_numpy()
    ends = pd.to_datetime(pd.Series(latest, rollouts.regions.index), utc=True)  # of none that ended no type is known
    usual = (rollouts.regions["watched_until"] - ends).mode()
    known = _keyed(deployments).assign(end=deployments["finished_at"].fillna(instant)).groupby("rollout")["end"].max()
    cap = known.reindex(table["rollout"].astype(object)).to_numpy() + (usual.iloc[0] if len(usual) else pd.Timedelta(0))
    watched = table["watched_until"].where(table["watched_until"] <= cap, pd.Series(cap, table.index))
    rang = table["alarm_at"] <= watched
    calm = table["alarm"].astype(object).where(rang | table["alarm"].ne("fired"), "none")
    return table.assign(watched_until=watched, alarm=calm, alarm_at=table["alarm_at"].where(rang))


def _regions(table: pd.DataFrame, deployments: pd.DataFrame, instant: pd.Timestamp) -> pd.DataFrame:
    """Return the regions that had been begun with, each by its last attempt so far."""
    keys = ["rollout", "region"]
    made = _keyed(deployments[~deployments["kind"].isin(_NOT_SHIPPED)]).sort_values("started_at", kind="stable")
    made["failed"] = made["status"].eq("failed")
    seen = made.groupby(keys, sort=False).agg(tries=("failed", "size"), fails=("failed", "sum"))
    latest = made.drop_duplicates(keys, keep="last").set_index(keys)
    seen = seen.assign(last=latest["started_at"], end=latest["finished_at"], now=latest["status"])
    undone = _keyed(deployments[deployments["kind"] == "rollback"]).groupby(keys).size().rename("undone")
    found = _keyed(table).join(seen, on=keys, how="inner").join(undone, on=keys)
    same = found["last_started_at"] == found["last"]  # the attempt that the join saw last had begun
    closed = found["end"].notna()
    found["status"] = found["now"]
    found["cause"] = found["cause"].astype(object).where(same & closed, "")
    found["attempts"], found["failed_attempts"] = found["tries"], found["fails"]
    found["last_started_at"], found["ended_at"] = found["last"], found["end"]
    good = same & found["status"].eq("succeeded")
    found["deploy_minutes"] = found["deploy_minutes"].where(good)
    found["censored"] = ~closed
    watched = found["watched_until"]
    found = _instants(found, instant)
    found["recovered_by_hand"] &= found["rollback_ended_at"].notna()
    fired = found["alarm_at"].notna()
    calm = found["alarm"].eq("none") & (watched <= instant)
    found["alarm"] = np.where(fired, "fired", np.where(calm, "none", "unknown"))
    found["watched_until"] = watched.where(watched <= instant, instant)
    for name in _SUMS:
        found[name] = found[name].where(watched <= instant)
    found["set_back"] = found["undone"].notna()
    return found.drop(columns=["last", "end", "now", "tries", "fails", "undone"])


def _keyed(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(rollout=table["rollout"].astype(object), region=table["region"].astype(object))


def _frame(frame: pd.DataFrame, regions: pd.DataFrame, instant: pd.Timestamp) -> pd.DataFrame:
    """Return the rollouts as they stood."""
    noticed = frame["incident_detected_at"].fillna(frame["incident_started_at"]) <= instant
    frame = _instants(frame.copy(), instant)
    built = frame.index[frame["outcome"] != "build_failed"]
    place = pd.Series(np.arange(len(built)), index=built)
    regions["group"] = place.reindex(regions["rollout"]).to_numpy()
    if len(built):
        judged = _judged(frame.loc[built], regions, instant)
        for name in _JUDGED:
            own = frame[name].astype(object)
            own[built] = judged[name].astype(object)
            frame[name] = own.astype(frame[name].dtype)
    _incidents(frame, noticed)
    for name, column in (("end_minutes", "ended_at"), ("halt_minutes", "halted_at")):
        frame[name] = (frame[column] - frame["pushed_at"]).dt.total_seconds() / 60.0
    return frame


_JUDGED = [
    "outcome", "halt_cause", "ended_at", "halted_at", "regions", "waves", "shape", "attempts", "failed_attempts",
    "alarm", "alarm_at", "alarm_region", "rollback_started_at", "rollback_ended_at", "censored", "run_status",
]  # fmt: skip


def _judged(frame: pd.DataFrame, regions: pd.DataFrame, instant: pd.Timestamp) -> pd.DataFrame:
    """Return what the regions say of each rollout, by the join's own rules."""
    by = regions.groupby("group")
    wanted = _wanted(frame, by.size().to_numpy())
    laid = regions.assign(
        status=pd.Categorical(regions["status"], categories=_STATUSES), cause=pd.Categorical(regions["cause"]),
        **{name: instants(regions[name]) for name in ("alarm_at", "rollback_started_at", "ended_at")},
        ended_by=instants(frame["halted_at"].where(frame["halt_cause"] == "alarm"))[regions["group"].to_numpy(int)],
    )  # fmt: skip
    latest = by[["started_at", "ended_at", "last_started_at"]].max().max(axis=1)
    run = frame["run_status"].astype(object).where((latest <= instant - RUN_OVER).to_numpy(), None).to_numpy()
    outcome, cause = outcomes(laid, wanted, run)
    going = (outcome == "incomplete") & (latest > instant - GIVEN_UP).to_numpy()
    outcome = np.where(going, OPEN, outcome)
    halted = stamps(halts(laid, outcome, cause)).to_numpy()
    shut = ~by["censored"].any().to_numpy()
    first = regions[regions["alarm_at"].notna()].sort_values("alarm_at", kind="stable").drop_duplicates("group")
    first = first.set_index("group").reindex(range(len(frame)))
    rang, calm = (laid["alarm"].eq(name).groupby(laid["group"]) for name in ("fired", "none"))
    alarm = np.where(rang.any(), "fired", np.where(calm.all(), "none", "unknown"))
    return pd.DataFrame(
        {
            "outcome": outcome, "halt_cause": cause, "halted_at": halted,
            "ended_at": by["ended_at"].max().where(shut).to_numpy(),
            "regions": by.size().to_numpy(), "waves": by["wave"].nunique().to_numpy(), "shape": _shapes(regions),
            "attempts": by["attempts"].sum().to_numpy(), "failed_attempts": by["failed_attempts"].sum().to_numpy(),
            "alarm": alarm, "alarm_at": first["alarm_at"].to_numpy(),
            "alarm_region": first["region"].to_numpy(dtype=object),
            "rollback_started_at": by["rollback_started_at"].min().to_numpy(),
            "rollback_ended_at": by["rollback_ended_at"].max().to_numpy(),
            "censored": ~shut | (outcome == OPEN), "run_status": run,
        },
        index=frame.index,
    )  # fmt: skip


def _shapes(regions: pd.DataFrame) -> list[str]:
    sizes = regions.groupby(["group", "wave"]).size()
    return ["+".join(map(str, own.tolist())) for _, own in sizes.groupby(level=0)]


_STATUSES = ["succeeded", "failed", "rolled_back", "stopped", OPEN, "unknown"]


def _wanted(frame: pd.DataFrame, reached: Any) -> Any:
    """Return in how many regions each rollout was to go: as many as the last few of its service did."""
    own = pd.Series(reached, index=frame.index).groupby(frame["service"])
    before = own.transform(lambda each: each.shift().rolling(RECENT, min_periods=1).max())
    return np.maximum(reached, before.fillna(0).to_numpy().astype(np.int64))


def _incidents(frame: pd.DataFrame, noticed: "pd.Series[bool]") -> None:
    """Forget incidents that nobody had noticed; one that does not say when it was is known from its start on."""
    for name in ("incident", "incident_regions"):
        frame[name] = frame[name].astype(object).where(noticed, None)
    for name in ("incident_started_at", "incident_mitigated_at"):
        frame[name] = frame[name].where(noticed)
