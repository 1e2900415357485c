"""The history that a fit reads: its rollouts, and up to when it is known.

Not here: what was known of it at an earlier instant (`history.joining.as_of`), what is made of it.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
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
