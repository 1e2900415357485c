"""Groupings: ready-made ways to put the regions of a fleet into waves.

A grouping is a function from a fleet to a plan; options that every plan has (bakes, approvals, strategy) pass through
`grouped`. Not here: searching for the best one (``simulation``).
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

from waves.fleet import Fleet
from waves.plan import Plan, Wave


def grouped(
    groups: Sequence[Sequence[str]],
    *,
    bake_minutes: float | Sequence[float] = 0.0,
    bake_requests: float | Sequence[float] = 0.0,
    max_parallel: int | None = None,
    approval: bool = False,
    **options: Any,
) -> Plan:
    """Make a plan of groups of region names.

    Parameters
    ----------
    groups
        The region names of each wave, in order.
    bake_minutes, bake_requests
        One number for every wave, or one a wave.
    max_parallel
        At most so many regions of a wave deploy at once; all of them if left out.
    approval
        Whether every wave after the first waits for an approval.
    **options
        Other fields of `Plan`: `name`, `strategy`, `strategies`, `retries`, `on_deploy_failure`.

    Raises
    ------
    ValueError
        Where the numbers of waves and of bakes differ.
    """
    minutes = _per_wave(bake_minutes, len(groups), "bake_minutes")
    requests = _per_wave(bake_requests, len(groups), "bake_requests")
    waves = tuple(
        Wave(
            regions=tuple(group),
            bake_minutes=minutes[i],
            bake_requests=requests[i],
            max_parallel=max_parallel,
            approval=approval and i > 0,
        )
        for i, group in enumerate(groups)
    )
    return Plan(waves=waves, **options)


def _per_wave(value: float | Sequence[float], count: int, field: str) -> list[float]:
    if isinstance(value, int | float):
        return [float(value)] * count
    if len(value) != count:
        raise ValueError(f"{field} has {len(value)} values for {count} waves; give one number, or one a wave")
    return [float(v) for v in value]


def _cut(names: Sequence[str], counts: Sequence[int]) -> list[Sequence[str]]:
    if any(not isinstance(count, int) or count < 1 for count in counts) or sum(counts) != len(names):
        message = (
            f"sizes {list(counts)} must be whole numbers of at least 1 that sum to the fleet's {len(names)} regions"
        )
        raise ValueError(message)
    return [names[a:b] for a, b in pairwise([0, *accumulate(counts)])]


def _doubling(count: int) -> list[int]:
    counts: list[int] = []
    while sum(counts) < count:
        counts.append(min(2 ** len(counts), count - sum(counts)))
    return counts


def all_at_once(fleet: Fleet, **options: Any) -> Plan:
    """Put every region into one wave. For the options see `grouped`."""
    return grouped([fleet.names], **{"name": "all at once", **options})


def one_at_a_time(fleet: Fleet, **options: Any) -> Plan:
    """Give every region a wave of its own, in fleet order. For the options see `grouped`."""
    return grouped([[name] for name in fleet.names], **{"name": "one at a time", **options})


def sizes(fleet: Fleet, counts: Sequence[int], **options: Any) -> Plan:
    """Cut the fleet, in its order, into waves of the given sizes. For the options see `grouped`.

    Raises
    ------
    ValueError
        Where the sizes do not sum to the number of regions.
    """
    named = {"name": "waves of " + ", ".join(map(str, counts)), **options}
    return grouped(_cut(fleet.names, counts), **named)


def doubling(fleet: Fleet, **options: Any) -> Plan:
    """Cut the fleet, in its order, into waves of 1, 2, 4 … regions; the last takes what is left."""
    return grouped(_cut(fleet.names, _doubling(len(fleet.names))), **{"name": "doubling", **options})


def by_traffic(fleet: Fleet, counts: Sequence[int] | None = None, **options: Any) -> Plan:
    """Cut the fleet, least traffic first, into waves of the given sizes (1, 2, 4 … if left out).

    Raises
    ------
    ValueError
        Where the sizes do not sum to the number of regions.
    """
    names = [region.name for region in sorted(fleet.regions, key=lambda region: region.traffic)]
    return grouped(
        _cut(names, _doubling(len(names)) if counts is None else counts), **{"name": "by traffic", **options}
    )
