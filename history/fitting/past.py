"""The history that a fit reads: its rollouts, up to when it is known, and what of it was known at an earlier instant.

Not here: what is made of it.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from history.fitting.grids import Floats
from history.joining import Rollouts
from simulation import Scenario
from waves import Plan
from waves.showing import counted

OPEN = "in_progress"


@dataclass(frozen=True, eq=False)
class Past:
    """A history, the scenario that it is read for, and the plans that rollouts went by.

    Attributes
    ----------
    rollouts
        The join; each row of `frame` is a rollout, counted from 0.
    scenario
        Gives the fleet.
    plans
        By service, or `*` for all others.
    """

    rollouts: Rollouts
    scenario: Scenario
    plans: Mapping[str, Plan]

    @property
    def frame(self) -> pd.DataFrame:
        """One row a rollout."""
        return self.rollouts.frame

    @cached_property
    def services(self) -> NDArray[np.int64]:
        """The service of each rollout, as a number."""
        return pd.factorize(self.frame["service"])[0].astype(np.int64)

    @cached_property
    def started(self) -> Floats:
        """When each rollout started, in minutes since 1970; pushed, where nothing did."""
        return minutes(self.frame["started_at"].fillna(self.frame["pushed_at"]))

    def at(self, column: str) -> Floats:
        """Return a column of instants of the rollouts, in minutes since 1970; NaN where there is none."""
        return minutes(self.frame[column])

    def row(self, rollouts: "pd.Series[Any]") -> NDArray[np.int64]:
        """Return the rows of rollouts that are given by their ids."""
        if isinstance(rollouts.dtype, pd.CategoricalDtype):
            places = self.frame.index.get_indexer(rollouts.cat.categories)
            return places[rollouts.cat.codes.to_numpy()].astype(np.int64)
        return self.frame.index.get_indexer(pd.Index(rollouts)).astype(np.int64)

    @cached_property
    def place(self) -> NDArray[np.int64]:
        """The place in the fleet of each row of `regions`; −1 where it is none."""
        return self.places(self.rollouts.regions["region"])

    def places(self, regions: "pd.Series[Any]") -> NDArray[np.int64]:
        """Return the places in the fleet of regions; −1 where one is none."""
        codes, names = pd.factorize(np.asarray(regions, dtype=object))
        known = np.array([self.scenario.fleet.positions.get(str(name), -1) for name in names] + [-1], dtype=np.int64)
        return known[codes]

    @cached_property
    def until(self) -> float:
        """The latest instant of the history, in minutes since 1970: what is open then had lasted until then."""
        tables = (self.rollouts.deployments, ("started_at", "finished_at")), (self.frame, ("alarm_at", "halted_at"))
        ends = [minutes(table[name]) for table, names in tables for name in names]
        every = np.concatenate(ends) if ends else np.zeros(0)
        return float(np.nanmax(every)) if np.isfinite(every).any() else -np.inf

    def plan(self, service: str) -> Plan | None:
        """Return the plan that a service's rollouts went by; None where nobody said."""
        return self.plans.get(service, self.plans.get("*"))

    def said(self, many: int, thing: str, started: Floats) -> str:
        """Say what was counted and when, such as `214 deployments, 2026-01 to 2026-05`."""
        known = started[np.isfinite(started)]
        if not len(known):
            return _many(many, thing)
        first, last = (_month(each) for each in (known.min(), known.max()))
        return f"{_many(many, thing)}, {first}" + (f" to {last}" if last != first else "")


def _many(many: int, thing: str) -> str:
    return counted(many, thing).replace("recoverys", "recoveries")


def _month(at: float) -> str:
    return f"{dt.datetime.fromtimestamp(at * 60.0, dt.UTC):%Y-%m}"


def minutes(instants: "pd.Series[Any]") -> Floats:
    """Return instants as minutes since 1970, NaN where there is none."""
    values = pd.to_datetime(instants, utc=True).to_numpy(dtype="datetime64[us]")
    found: Floats = values.astype(np.int64) / 6e7
    return np.where(np.isnat(values), np.nan, found)


def known_by(rollouts: Rollouts, instant: "dt.datetime | str") -> Rollouts:
    """Return what was known of rollouts at an instant: what ended later is open, what came later is not there.

    Parameters
    ----------
    rollouts
        The join.
    instant
        With a zone.

    Raises
    ------
    ValueError
        For what is no instant, or one without a zone.
    """
    try:
        at = pd.Timestamp(instant).tz_convert("UTC")
    except (TypeError, ValueError):  # of none without a zone
        wanted = "give an instant with a zone, such as 2026-05-01T00:00:00Z"
        raise ValueError(f"as_of is {instant}; {wanted}") from None
    frame = rollouts.frame[rollouts.frame["started_at"].fillna(rollouts.frame["pushed_at"]) < at]
    regions = _until(rollouts.regions[rollouts.regions["started_at"] < at], frame, at)
    open_ = regions["ended_at"].isna()
    for name, value in (("status", OPEN), ("cause", "")):
        regions[name] = regions[name].astype(object).mask(open_, value)
    regions["deploy_minutes"], regions["censored"] = regions["deploy_minutes"].mask(open_), open_
    watched = rollouts.regions.loc[regions.index, "watched_until"]
    regions["watched_until"] = watched.where(watched <= at, at)
    regions.loc[(watched > at) & (regions["alarm"] == "none"), "alarm"] = "unknown"
    regions.loc[regions["alarm_at"].isna() & (regions["alarm"] == "fired"), "alarm"] = "unknown"
    counts = ["requests", "failed_requests", "metrics_minutes"]
    regions.loc[watched > at, [name for name in counts if name in regions]] = np.nan
    deployments = _until(rollouts.deployments[rollouts.deployments["started_at"] < at], frame, at)
    deployments["status"] = deployments["status"].astype(object)
    deployments.loc[deployments["finished_at"].isna(), "status"] = OPEN
    waves = _until(rollouts.waves[rollouts.waves["started_at"] < at], frame, at)
    return replace(
        rollouts, frame=_rollouts(_instants(frame, at), regions, rollouts.regions, at), regions=regions,
        deployments=deployments, waves=waves, left_out=rollouts.left_out[rollouts.left_out["started_at"] < at],
        traffic={}, remarks=(),
    )  # fmt: skip


def _instants(table: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    """Return a copy in which no instant lies later."""
    found = table.copy()
    for name in found.columns:
        if name.endswith("_at"):
            found[name] = found[name].where(found[name] <= at)
    return found


def _until(table: pd.DataFrame, frame: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    return _instants(table[np.asarray(table["rollout"].astype(object).isin(frame.index), dtype=bool)], at)


def _rollouts(frame: pd.DataFrame, regions: pd.DataFrame, all_: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    """Return rollouts as they stood: open while a region was, or had not begun; set back only if that had begun."""
    names = frame.index
    whole = all_.groupby("rollout", observed=True).size().reindex(names).fillna(0)
    seen = regions.groupby("rollout", observed=True)
    left = (seen.size().reindex(names).fillna(0) < whole) | (seen["ended_at"].apply(lambda own: own.isna().any())
                                                             .reindex(names).fillna(False).astype(bool))  # fmt: skip
    back = frame["rollback_started_at"].notna()
    undone = (frame["outcome"] == "rolled_back") & ~back
    outcome = frame["outcome"].astype(object).mask(undone, "completed")
    frame["outcome"] = outcome.mask(left & ~back, OPEN)
    frame.loc[frame["outcome"].isin(["completed", OPEN]), ["halted_at"]] = pd.NaT
    frame.loc[frame["outcome"].isin(["completed", OPEN]), ["halt_cause"]] = ""
    for name in ("incident", "incident_started_at", "incident_mitigated_at", "incident_regions"):
        frame.loc[frame["incident_detected_at"].isna(), name] = None
    state = regions["alarm"].astype(object)
    fired = state.eq("fired").groupby(np.asarray(regions["rollout"], dtype=object)).any().reindex(names).fillna(False)
    none = state.eq("none").groupby(np.asarray(regions["rollout"], dtype=object)).all().reindex(names).fillna(False)
    frame["alarm"] = np.where(fired.astype(bool), "fired", np.where(none.astype(bool), "none", "unknown"))
    frame.loc[frame["alarm_at"].isna(), "alarm_region"] = None
    frame["censored"] = frame["outcome"] == OPEN
    for name, column in (("end_minutes", "ended_at"), ("halt_minutes", "halted_at")):
        frame[name] = (frame[column] - frame["pushed_at"]).dt.total_seconds() / 60.0
    return frame
