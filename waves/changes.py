"""What differs between two plans, as people tell it: who moved to which wave, bakes, approvals, what else.

Not here: what a difference does to risk and time (``simulation``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from waves.plan import Plan, Wave

Kind = Literal["region", "bake", "approval", "wave", "plan"]
OF_A_WAVE = {
    "bake_requests": "requests that the bake waits for",
    "max_parallel": "regions at once",
    "calendar": "calendar",
}
OF_THE_PLAN = (
    "strategy", "strategies", "retries", "on_deploy_failure", "deploy_timeout_minutes", "max_failed_regions",
    "on_alarm", "calendar",
)  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One thing that differs between two plans.

    Attributes
    ----------
    kind
        What it is about.
    what
        The region, the wave, or the field.
    before, after
        In words; empty where there is none.
    """

    kind: Kind
    what: str
    before: str
    after: str


def changes(before: Plan, after: Plan) -> list[Change]:
    """Return what differs between two plans, their names left aside.

    Parameters
    ----------
    before, after
        The plans.

    Returns
    -------
    list of Change
        Regions that moved, came or went, in the order of the later plan; then wave by wave, by number, bakes, approvals
        and the rest; then what is the whole plan's. Nothing where the two do the same.
    """
    return [*_regions(before, after), *_waves(before, after), *_plan(before, after)]


def _regions(before: Plan, after: Plan) -> Iterator[Change]:
    old, new = ({each: w for w, wave in enumerate(plan.waves, 1) for each in wave.regions} for plan in (before, after))
    for region in dict.fromkeys((*after.regions, *before.regions)):
        if old.get(region) != new.get(region):
            yield Change("region", region, _wave(old.get(region)), _wave(new.get(region)))
    for w, (one, other) in enumerate(zip(before.waves, after.waves, strict=False), 1):
        if one.regions != other.regions and set(one.regions) == set(other.regions):
            yield Change("wave", f"order in wave {w}", ", ".join(one.regions), ", ".join(other.regions))


def _wave(number: int | None) -> str:
    return "" if number is None else f"wave {number}"


def _waves(before: Plan, after: Plan) -> Iterator[Change]:
    for w in range(max(len(before.waves), len(after.waves))):
        one, other = (plan.waves[w] if w < len(plan.waves) else None for plan in (before, after))
        bakes = [f"{each.bake_minutes:g} minutes" if each else "" for each in (one, other)]
        if bakes[0] != bakes[1]:
            yield Change("bake", f"wave {w + 1}", *bakes)
        if bool(one and one.approval) != bool(other and other.approval):
            yield Change("approval", f"wave {w + 1}", _approval(one), _approval(other))
        for field, words in OF_A_WAVE.items() if one and other else ():
            values = [
                _said(each.model_dump(mode="python", exclude_none=True).get(field)) for each in (one, other) if each
            ]
            if values[0] != values[1]:
                yield Change("wave", f"{words}, wave {w + 1}", *values)


def _approval(wave: Wave | None) -> str:
    return "" if wave is None else "an approval" if wave.approval else "no approval"


def _plan(before: Plan, after: Plan) -> Iterator[Change]:
    one, other = before.model_dump(mode="python"), after.model_dump(mode="python")
    for field in OF_THE_PLAN:
        if one[field] != other[field]:
            yield Change("plan", field, _said(one[field]), _said(other[field]))


def _said(value: Any) -> str:
    if value is None or value == {}:
        return "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_said(each)}" for key, each in value.items() if each not in (None, (), []))
    if isinstance(value, list | tuple):
        return " ".join(map(_said, value))
    if isinstance(value, float):
        return f"{value:g}"
    return "at any time" if value == "none" else str(value)
