"""Groupings by the names that people write, for their own fleet, with the bakes of their own plan.

Not here: the groupings themselves (``groupings``).
"""

import re
from collections.abc import Sequence
from typing import Any

from waves.files.documents import did_you_mean
from waves.fleet import Fleet
from waves.groupings import ARGUMENTS, GROUPINGS, grouped, sizes
from waves.plan import Plan, Wave

_SIZES = re.compile(r"[0-9]{1,5}(-[0-9]{1,5})+")
_WITH = re.compile(rf"({'|'.join(ARGUMENTS)}):([0-9]{{1,15}}(?:\.[0-9]{{1,6}})?)")


def is_grouping(name: str) -> bool:
    """Return whether `named` knows it: `all-at-once` and the like, `by-traffic:9000`, or sizes such as `1-2-3`."""
    return name in GROUPINGS or any(each.fullmatch(name) for each in (_SIZES, _WITH))


def named(name: str, fleet: Fleet, *, like: Plan | None = None, bake_minutes: float | None = None) -> Plan:
    """Group a fleet by the name of a grouping.

    Parameters
    ----------
    name
        A name in `GROUPINGS`, such as `all-at-once`, or sizes such as `1-2-3`. After a colon: `by-traffic:9000` is
        `by_traffic(fleet, least_traffic=9000)`, `fan-out:2` is `fan_out(fleet, 2)`.
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
    plan = _group(name, fleet)
    bakes = [bake_minutes] * len(plan.waves)
    return _alike(plan, like, bakes, **(_beside_waves(like, fleet) if like else {}))


def _group(name: str, fleet: Fleet) -> Plan:
    if name in GROUPINGS:
        return GROUPINGS[name](fleet)
    if found := _WITH.fullmatch(name):
        argument, kind, example = ARGUMENTS[found[1]]
        if kind is int and "." in found[2]:
            raise ValueError(f"{name!r}: {argument} is a whole number, such as {example}")
        return GROUPINGS[found[1]](fleet, **{argument: kind(found[2])})
    return sizes(fleet, [int(size) for size in name.split("-")])


def grouped_like(
    groups: Sequence[Sequence[str]], *, like: Plan | None = None, bake_minutes: Sequence[float], name: str = "plan"
) -> Plan:
    """Make a plan of groups of region names that differs from another in waves and bakes alone.

    Parameters
    ----------
    groups
        The region names of each wave, in order.
    like
        As for `named`; None for a plan of defaults.
    bake_minutes
        How long each wave bakes.
    name
        The plan's name.

    Raises
    ------
    ValueError
        Where the numbers of waves and of bakes differ.
    """
    plan = grouped(groups, bake_minutes=bake_minutes, name=name)
    return plan if like is None else _alike(plan, like, bake_minutes, **_beside_waves(like))


def listed() -> str:
    """Return the names of groupings, for a message."""
    return f"{', '.join(GROUPINGS)}, {', '.join(each for *_, each in ARGUMENTS.values())}, and sizes such as 1-2-3"


def _alike(plan: Plan, like: Plan | None, bakes: Sequence[float | None], **beside: Any) -> Plan:
    """Return a plan with the waves' other fields, and what it says beside them, from another."""
    pairs = enumerate(zip(plan.waves, bakes, strict=True))
    waves = tuple(_wave_like(wave, n, len(plan.waves), like, bake) for n, (wave, bake) in pairs)
    return plan.model_copy(update={"waves": waves, **beside})


def _wave_like(wave: Wave, number: int, count: int, like: Plan | None, bake_minutes: float | None) -> Wave:
    if like is not None:  # all but which regions, and how many of those at a time
        one = like.waves[counterpart(number, count, len(like.waves))]
        wave = one.model_copy(update={"name": None, "regions": wave.regions, "max_parallel": None})
    if bake_minutes is not None:
        wave = wave.model_copy(update={"bake_minutes": float(bake_minutes), "bake_requests": 0.0})
    return wave


def counterpart(number: int, count: int, theirs: int) -> int:
    """Return which wave of another plan a wave is like: first as first, last as last, later as later."""
    if number == 0:
        return 0
    if number == count - 1:
        return theirs - 1
    return min(number, max(theirs - 2, 0))


def _beside_waves(like: Plan, fleet: Fleet | None = None) -> dict[str, Any]:
    """Return what a plan says beside its waves, for the regions that the fleet has; for all, without a fleet."""
    found = {field: getattr(like, field) for field in type(like).model_fields if field not in ("name", "waves")}
    known = {region: s for region, s in like.strategies.items() if fleet is None or region in fleet.positions}
    return found | {"strategies": known}
