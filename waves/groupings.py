"""Groupings: ready-made ways to put the regions of a fleet into waves.

A grouping is a function from a fleet to a plan; options that every plan has (bakes, approvals, strategy) pass through
`grouped`. Not here: searching for the best one (``simulation``).
"""

import re
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any

from waves.files.documents import did_you_mean
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


def two_halves(fleet: Fleet, **options: Any) -> Plan:
    """Cut the fleet, in its order, into two waves, of which the second may have one more; one region is one wave.

    For the options see `grouped`.
    """
    count = len(fleet.names)
    halves = [count // 2, count - count // 2] if count > 1 else [count]
    return grouped(_cut(fleet.names, halves), **{"name": "two halves", **options})


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


GROUPINGS: dict[str, Callable[..., Plan]] = {  # by the names that people write on a command line
    "all-at-once": all_at_once,
    "one-at-a-time": one_at_a_time,
    "two-halves": two_halves,
    "doubling": doubling,
    "by-traffic": by_traffic,
}
_SIZES = re.compile(r"[0-9]{1,5}(-[0-9]{1,5})+")


def is_grouping(name: str) -> bool:
    """Whether `named` knows it: `all-at-once` and the like, or sizes such as `1-2-3`."""
    return name in GROUPINGS or _SIZES.fullmatch(name) is not None


def named(name: str, fleet: Fleet, *, like: Plan | None = None, bake_minutes: float | None = None) -> Plan:
    """Group a fleet by the name of a grouping.

    Parameters
    ----------
    name
        `all-at-once`, `one-at-a-time`, `two-halves`, `doubling`, `by-traffic`, or sizes such as `1-2-3`.
    fleet
        All of its regions are grouped.
    like
        The plan to differ from in the grouping alone: deployment strategies, retries and the like are its own. The
        first wave bakes, and waits for an approval, as its first does, the last as its last, and those between as the
        wave of the same number, or its last but one where it has fewer. A single wave is a first one.
    bake_minutes
        How long every wave bakes, in the place of the bakes of `like`.

    Raises
    ------
    ValueError
        For a name that is none, sizes that do not make the fleet, or where nothing says how long the waves bake.
    """
    if not is_grouping(name):
        raise ValueError(f"{name!r} is no grouping{did_you_mean(name, GROUPINGS) or f'; there are {listed()}'}")
    if like is None and bake_minutes is None:
        raise ValueError("it says nothing of bakes; name a plan or a workflow to take them from, or bake minutes")
    group = GROUPINGS.get(name)
    plan = group(fleet) if group else sizes(fleet, [int(size) for size in name.split("-")])
    waves = [_wave_like(wave, n, len(plan.waves), like, bake_minutes) for n, wave in enumerate(plan.waves)]
    return plan.model_copy(update={"waves": tuple(waves), **(_beside_waves(like, fleet) if like else {})})


def listed() -> str:
    """Return the names of groupings, for a message."""
    return f"{', '.join(GROUPINGS)}, and sizes such as 1-2-3"


def _wave_like(wave: Wave, number: int, count: int, like: Plan | None, bake_minutes: float | None) -> Wave:
    if like is not None:  # all but which regions, and how many of those at a time
        one = like.waves[_counterpart(number, count, len(like.waves))]
        wave = one.model_copy(update={"name": None, "regions": wave.regions, "max_parallel": None})
    if bake_minutes is not None:
        wave = wave.model_copy(update={"bake_minutes": float(bake_minutes), "bake_requests": 0.0})
    return wave


def _counterpart(number: int, count: int, theirs: int) -> int:
    """Return which wave of another plan a wave is like: first as first, last as last, later as later."""
    if number == 0:
        return 0
    if number == count - 1:
        return theirs - 1
    return min(number, max(theirs - 2, 0))


def _beside_waves(like: Plan, fleet: Fleet) -> dict[str, Any]:
    """Return what a plan says beside its waves, for the regions that the fleet has."""
    found = {field: getattr(like, field) for field in type(like).model_fields if field not in ("name", "waves")}
    return found | {"strategies": {region: s for region, s in like.strategies.items() if region in fleet.positions}}
