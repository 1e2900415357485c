"""The fleet that a history shows: its regions in the order in which changes reach them, with their places and zones.

Traffic is in it where CloudWatch's metrics were collected. Not here: the fleet itself (`waves.fleet`).
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from history.joining.result import Rollouts
from waves.aws_zones import AWS_ZONES


def seen_fleet(rollouts: Rollouts, *, name: str = "seen", traffic: Mapping[str, float] | None = None) -> dict[str, Any]:
    """Return what a fleet file would hold, as plain values.

    Parameters
    ----------
    rollouts : Rollouts
        Joined without a fleet, so that every place is a region of its own.
    name : str
        The fleet's name.
    traffic : dict of str to float, optional
        Requests a minute by region, where you know them; else what metrics show, else None stands there.

    Returns
    -------
    dict
        `name` and `regions`, each with `name`, `traffic` (None where it is not known), `zone` where AWS's places tell
        it, and `aws`.
    """
    regions = rollouts.regions
    if not len(regions):
        return {"name": name, "regions": []}
    order = regions.groupby("region")["wave"].mean().sort_values(kind="stable")
    places = regions.drop_duplicates(["region", "account", "aws_region", "cluster"])
    found = []
    for region in order.index:
        known = {**rollouts.traffic, **(traffic or {})}.get(region)
        entry: dict[str, Any] = {"name": region, "traffic": known or None}
        own = places[places["region"] == region]
        zones = {AWS_ZONES.get(str(each)) for each in own["aws_region"].unique()}
        if len(zones) == 1 and (zone := zones.pop()):
            entry["zone"] = zone
        if aws := _place(region, own):
            entry["aws"] = aws
        found.append(entry)
    return {"name": name, "regions": found}


def _place(region: str, own: pd.DataFrame) -> dict[str, str]:
    """Say where in AWS a region is, as far as its name does not."""
    place: dict[str, str] = {}
    (first, *others) = own["aws_region"].unique()
    if not others and first != region:
        place["region"] = str(first)
        for part in ("account", "cluster"):
            values = own[part].dropna().unique()
            if len(values) == 1 and str(values[0]) in region.split("/"):
                place[part] = str(values[0])
    return place


def seen_services(rollouts: Rollouts) -> pd.DataFrame:
    """Say where each service was seen: its rollouts, regions, clusters, and since when until when."""
    regions = rollouts.regions.assign(service=rollouts.regions["rollout"].map(rollouts.frame["service"]))
    by = regions.groupby("service")

    def listed(values: "pd.Series[str]") -> str:
        return ", ".join(sorted({str(each) for each in values.dropna()}))

    return pd.DataFrame(
        {
            "rollouts": by["rollout"].nunique(),
            "regions": by["region"].nunique(),
            "accounts": by["account"].agg(listed),
            "clusters": by["cluster"].agg(listed),
            "from": by["started_at"].min(),
            "until": by["started_at"].max(),
        }
    )
