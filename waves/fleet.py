"""The fleet: the regions that exist, their traffic, labels and failover partners, in a fixed order.

Not here: which region goes when (``plan``), what goes wrong (``simulation.scenario``).
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Self

from pydantic import model_validator

from waves.aws_zones import AWS_ZONES
from waves.calendar import ZoneName
from waves.files.documents import ModelFaults, Where, did_you_mean
from waves.nouns import Amount, Noun, Part, Text, quantity
from waves.showing import Html, counted, glimpse


class AwsPlace(Part):
    """Where in AWS a region is; what is left out may be anything."""

    region: Text | None = quantity(None, "The AWS region; the region's own name if left out.")
    account: Text | None = quantity(None, "The account id, in quotes.")
    cluster: Text | None = quantity(None, "The ECS cluster.")
    service: Text | None = quantity(None, "The ECS service.")


class Region(Part):
    """One region of the fleet."""

    name: Text = quantity(..., "The region's name, such as `eu-north-1`.")
    traffic: Amount = quantity(..., "Requests the region serves a minute, constant in time.", unit="requests/minute")
    labels: tuple[Text, ...] = quantity(
        (), "Whatever regions may share: an architecture, a partition, a data set. Faults refer to it."
    )
    failover: Text | None = quantity(None, "The region that takes over when this one fails.")
    aws: AwsPlace | None = quantity(None, "Where in AWS it is, for its history; left out: the AWS region of its name.")
    zone: ZoneName | None = quantity(
        None, "Its time zone, an IANA name; if left out, that of the AWS region of this name, where there is one."
    )

    @property
    def local_zone(self) -> str | None:
        """The name of its time zone, or None where nobody knows it."""
        return self.zone or AWS_ZONES.get(self.name)


class Fleet(Noun):
    """What exists: an ordered list of regions.

    The order is part of the fleet: a region's random draws are addressed by its place in it, so that two plans over the
    same fleet see the same worlds.
    """

    name: Text = quantity("fleet", "What people call the fleet.")
    regions: tuple[Region, ...] = quantity(..., "The regions, in a fixed order.", min_length=1, max_length=10_000)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults: list[tuple[Where, str, str]] = []
        seen: set[str] = set()
        names = [region.name for region in self.regions]
        for i, region in enumerate(self.regions):
            if region.name in seen:
                message = f"region {region.name!r} is listed twice; keep one"
                faults.append((("regions", i, "name"), message, "region-twice"))
            seen.add(region.name)
            if region.failover == region.name:
                message = f"{region.name!r} is its own failover partner; name another region"
                faults.append((("regions", i, "failover"), message, "failover-self"))
            elif region.failover is not None and region.failover not in names:
                faults.append((("regions", i, "failover"), unknown_region(region.failover, names), "unknown-region"))
        if faults:
            raise ModelFaults(faults)
        return self

    def _glance(self) -> str:
        return f"{self.name}, {counted(len(self.regions), 'region')}, {self.traffic:,.6g} requests a minute"

    def _repr_html_(self) -> Html:
        rows = [
            (
                each.name,
                f"{each.traffic:,.6g}",
                f"{self.shares[each.name]:.3g}",
                ", ".join(each.labels),
                each.failover or "",
            )
            for each in self.regions
        ]
        head = ("region", "requests a minute", "share of traffic", "labels", "failover partner")
        return glimpse(self._glance(), head, rows)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The regions' names, in fleet order."""
        return tuple(region.name for region in self.regions)

    @cached_property
    def positions(self) -> dict[str, int]:
        """From a region's name to its place in the fleet, from 0."""
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def traffic(self) -> float:
        """Requests a minute, all regions together."""
        return sum(region.traffic for region in self.regions)

    @cached_property
    def shares(self) -> dict[str, float]:
        """From a region's name to its share of the fleet's traffic; the shares sum to 1."""
        return {region.name: region.traffic / self.traffic for region in self.regions}

    @property
    def of_local_times(self) -> bool:
        """Whether the time zone database has a say in it: where zones are written out."""
        return any(region.zone for region in self.regions)

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The failover pairs, each once, in fleet order."""
        found: dict[frozenset[str], tuple[str, str]] = {}
        for region in self.regions:
            if region.failover is not None:
                found.setdefault(frozenset((region.name, region.failover)), (region.name, region.failover))
        return tuple(found.values())


def unknown_region(name: str, known: Sequence[str]) -> str:
    """Word the complaint about a region that the fleet does not have, with the nearest name it does have."""
    listed = f"; it has {', '.join(known[:8])}{', …' * (len(known) > 8)}"
    return f"region {name!r} is not in the fleet{did_you_mean(name, known) or listed}"
