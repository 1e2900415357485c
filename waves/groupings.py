"""Groupings: ready-made ways to put the regions of a fleet into waves.

A grouping is a function from a fleet to a plan; options that every plan has (bakes, approvals, strategy) pass through
`grouped`. Not here: groupings by name (``by_name``), searching for the best one (``simulation``).
"""

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import accumulate, pairwise
from typing import Any

from waves.fleet import Fleet
from waves.local_time import instant_of
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
    """Put every region into one wave. For the options see `grouped`.

    Right where a fault that reaches everybody at once is acceptable, or a way back of seconds makes it so: a flag, a
    configuration that is read back at once. It is the fastest plan, and what every other one is measured by.

    References
    ----------
    `CodeDeployDefault.AllAtOnce`, for the instances of one region: AWS CodeDeploy User Guide, *Working with deployment
    configurations*, https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html
    """
    return grouped([fleet.names], **{"name": "all at once", **options})


def one_at_a_time(fleet: Fleet, **options: Any) -> Plan:
    """Give every region a wave of its own, in fleet order. For the options see `grouped`.

    Right where regions are few and unlike each other, so that each tells something that no other can, and time is
    cheap. With many regions most waves only add their bakes: three or four get nearly all there is to get at equal
    total bake (docs/exact.md).

    References
    ----------
    One Region at a time, so that failures of several are less likely to come together: AWS Prescriptive Guidance, *AWS
    multi-Region fundamentals*, https://docs.aws.amazon.com/prescriptive-guidance/latest/aws-multi-region-fundamentals/
    """
    return grouped([[name] for name in fleet.names], **{"name": "one at a time", **options})


def sizes(fleet: Fleet, counts: Sequence[int], **options: Any) -> Plan:
    """Cut the fleet, in its order, into waves of the given sizes. For the options see `grouped`.

    Right where somebody has decided: the fleet's order is that of a pipeline, and the sizes are those of its stages.

    Raises
    ------
    ValueError
        Where the sizes do not sum to the number of regions.

    References
    ----------
    Stages by hand, each with a bake, are what most pipelines have: Liguori 2020, *Automating safe, hands-off
    deployments*, The Amazon Builders' Library,
    https://aws.amazon.com/builders-library/automating-safe-hands-off-deployments/
    """
    named = {"name": "waves of " + ", ".join(map(str, counts)), **options}
    return grouped(_cut(fleet.names, counts), **named)


def two_halves(fleet: Fleet, **options: Any) -> Plan:
    """Cut the fleet, in its order, into two waves, of which the second may have one more; one region is one wave.

    For the options see `grouped`. Right where there are two of everything and one half can carry the other's traffic.

    References
    ----------
    `CodeDeployDefault.HalfAtATime`, fractions rounded down, for the instances of one region: AWS CodeDeploy User Guide,
    *Working with deployment configurations*,
    https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html
    """
    count = len(fleet.names)
    halves = [count // 2, count - count // 2] if count > 1 else [count]
    return grouped(_cut(fleet.names, halves), **{"name": "two halves", **options})


def doubling(fleet: Fleet, **options: Any) -> Plan:
    """Cut the fleet, in its order, into waves of 1, 2, 4 … regions; the last takes what is left.

    For the options see `grouped`. Right for a dozen regions that are alike: no wave puts more regions at risk than have
    been seen to be well, but one.

    References
    ----------
    "Starting in one cluster and expand exponentially": Beyer et al. 2016, *Site Reliability Engineering*, chapter 8,
    https://sre.google/sre-book/release-engineering/
    """
    return grouped(_cut(fleet.names, _doubling(len(fleet.names))), **{"name": "doubling", **options})


def fan_out(fleet: Fleet, factor: int = 3, **options: Any) -> Plan:
    """Put one region first, and then in each wave at most `factor` times as many as have gone before: 1, 3, 12, 48 …

    For the options see `grouped`. Right for tens of regions that are alike, where confidence grows with what has been
    seen: six regions take three waves, thirty take four.

    Parameters
    ----------
    fleet
        Its regions go in fleet order.
    factor
        How many times as many; at least 1.

    Raises
    ------
    ValueError
        For a factor below 1.

    References
    ----------
    A first stage of one region, each later one at most three times all before: the rule
    `codepipeline-region-fanout-check` of AWS Config,
    https://docs.aws.amazon.com/config/latest/developerguide/codepipeline-region-fanout-check.html
    """
    if not isinstance(factor, int) or factor < 1:
        raise ValueError(f"factor is {factor}: give a whole number of at least 1")
    left, counts = len(fleet.names), [1]
    while left > sum(counts):
        counts.append(min(factor * sum(counts), left - sum(counts)))
    return grouped(
        _cut(fleet.names, counts), **{"name": "fan out" if factor == 3 else f"fan out by {factor}", **options}
    )


def by_traffic(
    fleet: Fleet, counts: Sequence[int] | None = None, *, least_traffic: float = 0.0, **options: Any
) -> Plan:
    """Cut the fleet, least traffic first, into waves of the given sizes (1, 2, 4 … if left out).

    For the options see `grouped`. Right where what a region costs is its traffic: little is exposed while little is
    known. A first region that is too small shows nothing before its bake has ended; `least_traffic` keeps it from
    coming first.

    Parameters
    ----------
    fleet
        Its regions go by traffic; equals in fleet order.
    counts
        How many regions each wave has.
    least_traffic
        Requests a minute that the first region must serve, such as the evidence that alarms need / (severity of a fault
        that must be seen × minutes of bake): `simulation.least_traffic` works it out of a scenario. The smallest region
        that serves as much comes first, the others after it.

    Raises
    ------
    ValueError
        Where the sizes do not sum to the number of regions, or no region serves so much.

    References
    ----------
    First a region with few requests, then one with many: Liguori 2020, *Automating safe, hands-off deployments*, The
    Amazon Builders' Library, https://aws.amazon.com/builders-library/automating-safe-hands-off-deployments/. From the
    least traffic that still gives a usable signal: *Canary evaluation for fun and profit*, slides,
    https://speakerdeck.com/temikus/canary-evaluation-for-fun-and-profit
    """
    regions = sorted(fleet.regions, key=lambda region: region.traffic)
    if not 0 <= least_traffic < math.inf:
        raise ValueError(f"least_traffic is {least_traffic}: give requests a minute, at least 0")
    first = next((region for region in regions if region.traffic >= least_traffic), None)
    if first is None:
        most = f"{regions[-1].name} serves most, {regions[-1].traffic:g}"
        raise ValueError(f"no region serves least_traffic = {least_traffic:g} requests a minute; {most}")
    names = [first.name, *(region.name for region in regions if region is not first)]
    called = f"by traffic, from {least_traffic:,.6g} a minute" if least_traffic > 0 else "by traffic"
    return grouped(_cut(names, _doubling(len(names)) if counts is None else counts), **{"name": called, **options})


def canary_first(fleet: Fleet, **options: Any) -> Plan:
    """Put the region of least traffic first, alone, and all others into a second wave. For the options see `grouped`.

    Right where faults are common causes that one region shows as well as all, and the first can see them within its
    bake: two waves buy most of the peak that many would, in the time of one bake.

    References
    ----------
    A canary is a partial and time-limited deployment, much smaller than what it is held against: Beyer et al. 2018,
    *The Site Reliability Workbook*, chapter 16, https://sre.google/workbook/canarying-releases/
    """
    canary = min(fleet.regions, key=lambda region: region.traffic).name
    rest = [name for name in fleet.names if name != canary]
    return grouped([[canary], rest] if rest else [[canary]], **{"name": "canary first", **options})


def by_label(fleet: Fleet, **options: Any) -> Plan:
    """Try every label early in a small region: its carriers of least traffic first, one a wave, then all the others.

    For the options see `grouped`. Right where faults go with what regions share (an architecture, a data set, a shared
    configuration): each is met once while little is exposed. Each early region is the one that carries most labels not
    yet tried, of those the one of least traffic, then fleet order. Labels that every region carries are tried by any.
    Without labels the region of least traffic goes first.

    References
    ----------
    Stages by other dimensions of risk than traffic, where there are any: *Canary evaluation for fun and profit*,
    slides, https://speakerdeck.com/temikus/canary-evaluation-for-fun-and-profit
    """
    waiting = {label for region in fleet.regions for label in region.labels}
    early: list[str] = []
    while waiting or not early:
        region = min(fleet.regions, key=lambda each: (-len(waiting & set(each.labels)), each.traffic))
        early.append(region.name)
        waiting -= set(region.labels)
    early.sort(key=lambda name: fleet.regions[fleet.positions[name]].traffic)
    rest = [name for name in fleet.names if name not in early]
    return grouped([*([name] for name in early), *([rest] if rest else [])], **{"name": "by label", **options})


def partners_apart(fleet: Fleet, **options: Any) -> Plan:
    """Keep failover partners out of each other's wave: in as few waves as that takes by the rule below.

    For the options see `grouped`. Right where a region that fails is carried by its partner: a change that hurts both
    at once leaves nobody to carry either. Regions come by traffic, least first, each into the first wave that holds no
    partner of its own (greedy colouring); a fleet without pairs is one wave.

    References
    ----------
    Updates reach the two regions of a pair one after the other, never both at once: Microsoft, *Azure paired regions*,
    https://learn.microsoft.com/en-us/azure/reliability/cross-region-replication-azure. Greedy colouring: Welsh and
    Powell 1967, *An upper bound for the chromatic number of a graph and its application to timetabling problems*, The
    Computer Journal 10 (1), 85–86, https://doi.org/10.1093/comjnl/10.1.85; here in the order of traffic.
    """
    partners: dict[str, set[str]] = {name: set() for name in fleet.names}
    for one, other in fleet.pairs:
        partners[one].add(other)
        partners[other].add(one)
    groups: list[list[str]] = []
    for region in sorted(fleet.regions, key=lambda region: region.traffic):
        free = next((group for group in groups if not partners[region.name] & set(group)), None)
        if free is None:
            groups.append(free := [])
        free.append(region.name)
    return grouped(groups, **{"name": "partners apart", **options})


def by_zone(fleet: Fleet, **options: Any) -> Plan:
    """Follow the sun: one wave for each time of day, east first, so that each goes while its people are awake.

    For the options see `grouped`. Right with office hours by region (`calendar: {zone: region}`): the next wave's day
    begins as the one before has baked. Regions whose clocks show the same on New Year's Day share a wave.

    Raises
    ------
    ValueError
        Where nobody knows the time zone of a region.

    References
    ----------
    Each region is on call during its own business hours, and hands over to the next: *Follow-the-sun on-call*,
    https://upstat.io/blog/follow-the-sun-oncall-strategy. Over several days, across regions of different geography:
    Beyer et al. 2016, *Site Reliability Engineering*, chapter 8, https://sre.google/sre-book/release-engineering/
    """
    midnights: dict[int, list[str]] = {}
    for region in fleet.regions:
        if region.local_zone is None:
            raise ValueError(f"nobody knows the time zone of region {region.name!r}; give it a `zone` in the fleet")
        midnights.setdefault(instant_of(datetime(2026, 1, 1), region.local_zone), []).append(region.name)
    return grouped([midnights[each] for each in sorted(midnights)], **{"name": "by zone", **options})


GROUPINGS: dict[str, Callable[..., Plan]] = {  # by the names that people write on a command line
    "all-at-once": all_at_once,
    "one-at-a-time": one_at_a_time,
    "two-halves": two_halves,
    "doubling": doubling,
    "fan-out": fan_out,
    "by-traffic": by_traffic,
    "by-label": by_label,
    "canary-first": canary_first,
    "partners-apart": partners_apart,
    "by-zone": by_zone,
}

ARGUMENTS: dict[str, tuple[str, type[int] | type[float], str]] = {  # after a colon: the argument, its type, an example
    "by-traffic": ("least_traffic", float, "by-traffic:9000"),
    "fan-out": ("factor", int, "fan-out:2"),
}
