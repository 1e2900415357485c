"""What regions answered while a version was out there, and just before: requests and failures, by CloudWatch's metrics.

A sum stands only where the whole time is covered and every count in it could be read; else it is not known. Not here:
collecting them (`history.sources.metrics`), what they say of a fault's severity.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from history.instants import MINUTE, SECOND
from history.joining.kinds import Bools, Floats
from history.joining.tables import Tables

BEFORE_MINUTES = 60.0
COUNTS = ("requests", "failed_requests", "requests_before", "failed_requests_before", "metrics_minutes")


def counted(tables: Tables, regions: pd.DataFrame, renamed: Mapping[str, str]) -> dict[str, Floats]:
    """Return the sums of each region of a rollout, NaN where they are not known.

    Parameters
    ----------
    tables : Tables
        The history.
    regions : DataFrame
        One row a (rollout, region): `account`, `aws_region`, `cluster`, `service`, `from_at`, `watched_until`,
        `rollback_ended_at` (UTC microseconds).
    renamed : dict of str to str
        Another name of a service → the name it is joined under.

    Returns
    -------
    dict of str to ndarray
        `COUNTS`: from the first start until it was set back or its watch ended, and of the hour before; and how many
        minutes the former are.
    """
    found = {name: np.full(len(regions), np.nan) for name in COUNTS}
    metrics = tables["service_metrics"]
    if not len(metrics) or not len(regions):
        return found
    start = regions["from_at"].to_numpy(dtype=float)
    until = np.fmin(regions["watched_until"].to_numpy(dtype=float), regions["rollback_ended_at"].to_numpy(dtype=float))
    names = metrics["service"].astype(object).replace(dict(renamed))
    for key, own in metrics.groupby([metrics["account"], metrics["region"], names, metrics["cluster"].fillna("")]):
        place = _rows(regions, *map(str, key))
        series = _Series(own, tables["coverage"])
        a, b = start[place], until[place]
        found["requests"][place], found["failed_requests"][place] = series.between(a, b)
        before = series.between(a - BEFORE_MINUTES * MINUTE, a)
        found["requests_before"][place], found["failed_requests_before"][place] = before
        found["metrics_minutes"][place] = np.where(np.isnan(found["requests"][place]), np.nan, (b - a) / MINUTE)
    return found


def _rows(regions: pd.DataFrame, account: str, region: str, service: str, cluster: str) -> Bools:
    """Return which rows are of a place; metrics that name no cluster are of none where a service has several."""
    here = (regions["account"] == account) & (regions["aws_region"] == region) & (regions["service"] == service)
    if cluster:
        return (here & (regions["cluster"] == cluster)).to_numpy()
    return here.to_numpy() & (regions.loc[here, "cluster"].nunique() <= 1)


class _Series:
    """The counts of one place as sums since the beginning, and the times in which they are known.

    Parameters
    ----------
    rows : DataFrame
        Its rows of `service_metrics`.
    coverage : DataFrame
        The table.
    """

    def __init__(self, rows: pd.DataFrame, coverage: pd.DataFrame) -> None:
        rows = _finest(rows)
        self._at = rows["at"].to_numpy(dtype=float)
        self._end = self._at + rows["period_seconds"].to_numpy(dtype=float) * SECOND
        self._counts = {name: rows[name].to_numpy(dtype=float) for name in ("requests", "errors")}
        parts = set(zip(rows["account"], rows["region"], rows["part"], strict=True))
        asked = coverage[coverage["stream"] == "metrics"]
        told = zip(asked["account"], asked["region"], asked["part"], strict=True)
        mine = np.array([each in parts for each in told], dtype=bool)
        known = asked[mine].sort_values("from_at")
        self._from, self._until = (known[name].to_numpy(dtype=float) for name in ("from_at", "until_at"))

    def between(self, start: Floats, until: Floats) -> tuple[Floats, Floats]:
        """Return requests and failures of each time, NaN where not known; of a period that lies in it in part, that."""
        if not len(self._from):
            return np.full(len(start), np.nan), np.full(len(start), np.nan)
        spot = np.searchsorted(self._from, start, side="right") - 1
        known = (spot >= 0) & (until <= self._until[np.maximum(spot, 0)]) & (until > start)
        first, last = np.searchsorted(self._end, start, side="right"), np.searchsorted(self._at, until)
        found = []
        for name in ("requests", "errors"):
            counts = self._counts[name]
            odd = np.concatenate([[0], np.cumsum(np.isnan(counts))])
            whole = known & (odd[last] == odd[np.minimum(first, last)])
            found.append(np.where(whole, self._sum(counts, until) - self._sum(counts, start), np.nan))
        return found[0], found[1]

    def rate(self) -> float:
        """Return the mean number of requests a minute over all times that are known, NaN where none is."""
        requests, _ = self.between(self._from, self._until)
        minutes = (self._until - self._from) / MINUTE
        use = ~np.isnan(requests)
        return float(requests[use].sum() / minutes[use].sum()) if use.any() else float("nan")

    def _sum(self, counts: Floats, when: Floats) -> Floats:
        """Return the sum of all counts up to an instant."""
        total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(counts))])
        place = np.searchsorted(self._end, when, side="right")
        inside = np.minimum(place, len(counts) - 1)
        part = np.clip((when - self._at[inside]) / (self._end[inside] - self._at[inside]), 0.0, 1.0)
        return total[place] + np.where(place < len(counts), part, 0.0) * np.nan_to_num(counts[inside])


def _finest(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out periods within which there are finer ones: the same time, asked for again when it was older."""
    rows = rows.sort_values(["at", "period_seconds"], kind="stable")
    at = rows["at"].to_numpy(dtype=float)
    seconds = rows["period_seconds"].to_numpy(dtype=float)
    fine = at[seconds == seconds.min(initial=np.inf)]
    inside = np.searchsorted(fine, at + seconds * SECOND) - np.searchsorted(fine, at)
    return rows[(seconds == seconds.min(initial=np.inf)) | (inside == 0)]


def traffic_seen(tables: Tables, region: "pd.Series[str]", regions: pd.DataFrame) -> dict[str, float]:
    """Return requests a minute by region of the fleet: the mean of the times that are known, all services.

    Parameters
    ----------
    tables : Tables
        The history.
    region : Series of str
        By row of `regions`: its region of the fleet.
    regions : DataFrame
        `account`, `aws_region`, `cluster`.
    """
    metrics = tables["service_metrics"]
    found: dict[str, float] = {}
    if not len(metrics):
        return found
    places = regions[["account", "aws_region", "cluster"]].assign(name=region).drop_duplicates()
    for key, own in metrics.groupby([metrics["account"], metrics["region"], metrics["cluster"].fillna("")]):
        account, where, cluster = key
        mine = places[(places["account"] == account) & (places["aws_region"] == where)]
        mine = mine[mine["cluster"] == cluster] if cluster else mine
        names = mine["name"].unique()
        if len(names) == 1:
            for _, service in own.groupby("part"):
                rate = _Series(service, tables["coverage"]).rate()
                if rate == rate:
                    found[str(names[0])] = found.get(str(names[0]), 0.0) + rate
    return found
