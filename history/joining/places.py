"""Which region of the fleet a place in AWS is: by the fleet's `aws:` keys, or by its name.

Not here: the fleet itself (`waves.fleet`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from waves import Fleet
from waves.files.documents import did_you_mean
from waves.showing import SaysItAll


class Place(NamedTuple):
    """Where a service runs; account and cluster are empty where nobody said."""

    account: str
    region: str
    cluster: str
    service: str

    def __str__(self) -> str:
        return "/".join(part for part in self if part)


class UnmappedPlaces(SaysItAll, ValueError):
    """Places that no region of the fleet is, or that several are; one line each."""


def fleet_regions(rows: pd.DataFrame, fleet: Fleet | None, mapping: Mapping[str, str]) -> "pd.Categorical[str]":
    """Return the region of each row.

    Parameters
    ----------
    rows : DataFrame
        Regional deployments: `account`, `aws_region`, `cluster`, `service`.
    fleet : Fleet or None
        The fleet; without one every AWS region is a region, and every cluster of its own where one has several.
    mapping : dict of str to str
        ``account/region/cluster/service``, any of its parts left out from the ends, or `*` → region.

    Raises
    ------
    UnmappedPlaces
        Naming each place that is no region of the fleet.
    """
    codes, places = _distinct(rows)
    names = _names(places, fleet, mapping)
    categories = list(dict.fromkeys(fleet.names if fleet else sorted(set(names))))
    where = {name: number for number, name in enumerate(categories)}
    own = np.array([where[name] for name in names], dtype=np.int64)
    return pd.Categorical.from_codes(own[codes] if len(places) else codes, categories=pd.Index(categories))


def _distinct(rows: pd.DataFrame) -> tuple[NDArray[np.int64], list[Place]]:
    total = np.zeros(len(rows), dtype=np.int64)
    levels = []
    for name in Place._fields:
        column = {"region": "aws_region"}.get(name, name)
        codes, values = pd.factorize(rows[column])
        total = total * (len(values) + 1) + codes + 1
        levels.append(["", *map(str, values)])
    codes, keys = pd.factorize(total)
    return codes.astype(np.int64), [_place(int(key), levels) for key in keys]


def _place(key: int, levels: Sequence[list[str]]) -> Place:
    parts = []
    for level in reversed(levels):
        key, place = divmod(key, len(level))
        parts.append(level[place])
    return Place(*reversed(parts))


def _names(places: Sequence[Place], fleet: Fleet | None, mapping: Mapping[str, str]) -> list[str]:
    if fleet is None:
        told = [_mapped(place, mapping) for place in places]
        return [name or own for name, own in zip(told, _own_names(places), strict=True)]
    found, faults = [], []
    for place in places:
        options = _options(place, fleet, mapping)
        if len(options) == 1 and options[0] in fleet.positions:
            found.append(options[0])
        else:
            faults.append(_fault(place, options, fleet))
    if not found and len(places) > 1 and not any(_options(place, fleet, mapping) for place in places):
        raise UnmappedPlaces(
            f"none of the history's {len(places)} places, such as {places[0]}, is a region of the fleet "
            f"{fleet.name!r}; give the fleet, or the scenario over it, that the history is of, or map places: "
            "`--place`, `places` in the config of the fetch, or `places=` in Python"
        )
    faults += _merged(places, found, mapping) if not faults else []
    if faults:
        shown = list(dict.fromkeys(faults))
        more = [f"and {len(shown) - 20} more places"] if len(shown) > 20 else []
        raise UnmappedPlaces("\n".join([*shown[:20], *more]))
    return found


def _merged(places: Sequence[Place], names: Sequence[str], mapping: Mapping[str, str]) -> Iterator[str]:
    """Say which places of one service are the same region, though nobody said so: they would pass for one place."""
    own: dict[tuple[str, str], list[Place]] = {}
    for place, name in zip(places, names, strict=True):
        if _mapped(place, mapping) is None:
            own.setdefault((place.service, name), []).append(place)
    for (service, name), some in own.items():
        for part in ("cluster", "account"):
            told = {getattr(place, part): place for place in some if getattr(place, part)}
            if len(told) > 1:
                listed = " and ".join(str(place) for place in told.values())
                one = next(iter(told.values()))
                yield (
                    f"places {listed} are both the region {name!r} of the fleet, and {service} is deployed to each; "
                    f"give each its own region, with `aws: {{region: {one.region}, {part}: {getattr(one, part)}}}`, or "
                    "map both, if one took the other's place: `--place`, `places` in the config of the fetch, or "
                    "`places=` in Python"
                )
                break


def _own_names(places: Sequence[Place]) -> list[str]:
    """Name places by themselves: by region, and by what else tells them apart where a service has several in one."""
    frame = pd.DataFrame(places, columns=list(Place._fields))
    own = frame["region"].copy()
    for part in ("cluster", "account"):
        several = frame.groupby(["service", "region"])[part].nunique().groupby("region").max() > 1
        own = own.where(~frame["region"].map(several), own + "/" + frame[part])
    return [str(name).rstrip("/") for name in own]


def _mapped(place: Place, mapping: Mapping[str, str]) -> str | None:
    told = {key: name for key, name in mapping.items() if _matches(key, place)}
    best = max(told, key=lambda key: sum(part != "*" for part in key.split("/")), default=None)
    return None if best is None else told[best]


def _matches(key: str, place: Place) -> bool:
    """Return whether a key fits: `region`, `account/region`, `account/region/cluster` or all four; `*` is any."""
    parts = key.split("/")
    parts = ["*", *parts] if len(parts) == 1 else parts
    return all(part in ("*", own) for part, own in zip(parts, place, strict=False))


def _options(place: Place, fleet: Fleet, mapping: Mapping[str, str]) -> list[str]:
    if (told := _mapped(place, mapping)) is not None:
        return [told]
    fits = dict(_fitting(place, fleet))
    if fits:
        most = max(fits.values())
        return [name for name, weight in fits.items() if weight == most]
    return [place.region] if place.region in fleet.positions and not _said(fleet, place.region) else []


def _fitting(place: Place, fleet: Fleet) -> Iterator[tuple[str, int]]:
    """Yield each region whose `aws:` fits, with how much of it is said."""
    for region in fleet.regions:
        if region.aws is not None:
            said = {name: value for name, value in region.aws.model_dump().items() if value is not None}
            said.setdefault("region", region.name)
            if all(
                getattr(place, name) in (value, *([""] if name == "account" else [])) for name, value in said.items()
            ):
                yield region.name, len(said)


def _said(fleet: Fleet, name: str) -> bool:
    return any(region.name == name and region.aws is not None for region in fleet.regions)


def _fault(place: Place, options: Sequence[str], fleet: Fleet) -> str:
    if len(options) > 1:
        return f"place {place} fits the regions {', '.join(options)}; say more under `aws:` of one of them"
    if options:
        hint = did_you_mean(options[0], fleet.names)
        return f"place {place} is mapped to {options[0]!r}, which the fleet does not have{hint}"
    remedy = (
        f"add `aws: {{region: {place.region}{f', cluster: {place.cluster}' if place.cluster else ''}}}` to its region"
    )
    mapped = "or map it: `--place`, `places` in the config of the fetch, or `places=` in Python"
    return f"place {place} is no region of the fleet {fleet.name!r}; {remedy}, {mapped}"
