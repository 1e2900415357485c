"""What a system can say of a plan: the nearest plan that it can, what is kept as a comment, what is refused.

What would make the pipeline deploy more, sooner or faster than the plan allows is refused; what only concerns how a
region moves, retries or recovers is kept as a comment, since it stands elsewhere (in the ECS service) or makes the
pipeline stricter.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from waves.files.documents import Where
from waves.pipelines.steps import REGION

if TYPE_CHECKING:
    from waves.plan import Plan, Wave

Row = tuple[Where, str, str]


@dataclass(frozen=True)
class Abilities:
    """What one system can say.

    Attributes
    ----------
    title : str
        What people call the system.
    name, wave_name : callable or None
        Whether a pipeline and a wave may be called so; None for anything.
    whole_minutes : bool
        Whether bakes are whole minutes.
    most_bake : float
        The longest bake, in minutes.
    max_parallel, retries : int
        The most that can be said, 0 for nothing; for `max_parallel` 1 means that it can.
    timeouts : tuple of int or None
        The least and most whole minutes of a deployment's timeout.
    timeout_strategies : tuple of str
        The deployment strategies that can have one.
    on_deploy_failure, on_alarm : tuple of str
        The values that can be said.
    on_alarm_else : str
        What is said in the place of another.
    calendar : callable or None
        Whether one can be said; None where none can.
    """

    title: str
    name: Callable[[str], bool] | None = None
    wave_name: Callable[[str], bool] | None = None
    whole_minutes: bool = False
    most_bake: float = math.inf
    max_parallel: int = 0
    retries: int = 0
    timeouts: tuple[int, int] | None = None
    timeout_strategies: tuple[str, ...] = ("rolling", "blue_green")
    on_deploy_failure: tuple[str, ...] = ("stop",)
    on_alarm: tuple[str, ...] = ("rollback_all",)
    on_alarm_else: str = "rollback_all"
    calendar: Callable[[Mapping[str, Any]], bool] | None = None


@dataclass
class Said:
    """What becomes of a plan in a system.

    Attributes
    ----------
    plan : Plan
        The nearest one that the system can say.
    remarks : list of str
        What it cannot, for a comment.
    refusals : list of (where, message, rule)
        What forbids writing it.
    """

    plan: "Plan"
    remarks: list[str] = field(default_factory=list)
    refusals: list[Row] = field(default_factory=list)


def said(plan: "Plan", abilities: Abilities) -> Said:
    """Return what becomes of a plan in a system; unnamed waves get the names ``wave-1``, ``wave-2`` …"""
    found = Said(plan)
    for w, wave in enumerate(plan.waves):
        for r, region in enumerate(wave.regions):
            if not REGION.fullmatch(region) or len(region) > 30:
                what = f"region {region!r} is no AWS region such as us-east-1, and pipelines deploy to those"
                found.refusals.append((("waves", w, "regions", r), what, "region-name"))
    changes: dict[str, Any] = {"name": _named(found, plan.name, "plan", abilities.name, "the plan's name", set())}
    taken: set[str] = set()
    changes["waves"] = tuple(_wave(found, abilities, w, wave, taken) for w, wave in enumerate(plan.waves))
    changes |= _strategies(found, plan)
    changes |= _failures(found, plan, abilities)
    changes |= _newer(found, plan, abilities)
    found.plan = plan.model_copy(
        update={key: value for key, value in changes.items() if key in type(plan).model_fields}
    )
    return found


def _named(
    found: Said, name: str, plain: str, allowed: Callable[[str], bool] | None, what: str, taken: set[str]
) -> str:
    new = name
    if allowed is not None and not allowed(name):
        new = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:80]
        new = new if new and allowed(new) else plain
    base, n = new, 2
    while new in taken:
        new, n = f"{base}-{n}", n + 1
    taken.add(new)
    if new != name:
        found.remarks.append(f"{what} is {name!r}")
    return new


def _wave(found: Said, abilities: Abilities, w: int, wave: "Wave", taken: set[str]) -> "Wave":
    plain = f"wave-{w + 1}"
    name = _named(found, wave.name or plain, plain, abilities.wave_name, f"the name of wave {w + 1}", taken)
    bake = _bake(found, abilities, w, wave)
    if wave.bake_requests:
        what = f"wave {w + 1} bakes until {wave.bake_requests:g} requests are served; {abilities.title} counts none:"
        found.refusals.append((("waves", w, "bake_requests"), f"{what} give bake_minutes", "cannot-say"))
    limit = _limit(found, abilities, w, wave)
    return wave.model_copy(update={"name": name, "bake_minutes": bake, "max_parallel": limit})


def _bake(found: Said, abilities: Abilities, w: int, wave: "Wave") -> float:
    bake = wave.bake_minutes
    if bake > abilities.most_bake:
        what = f"wave {w + 1} bakes {bake:g} minutes; {abilities.title} waits at most {abilities.most_bake:g}"
        found.refusals.append((("waves", w, "bake_minutes"), what, "cannot-say"))
        return 0.0
    if abilities.whole_minutes and bake != math.ceil(bake):
        found.remarks.append(f"wave {w + 1} bakes {bake!r} minutes, rounded up to whole ones")
        return float(math.ceil(bake))
    return bake


def _limit(found: Said, abilities: Abilities, w: int, wave: "Wave") -> int | None:
    limit, count = wave.max_parallel, len(wave.regions)
    if limit is None:
        return None
    text = str(limit)
    number = max(1, count * int(text.rstrip("%")) // 100) if text.endswith("%") else int(text)
    if number >= count:
        return None
    if not abilities.max_parallel:
        what = (
            f"wave {w + 1} deploys at most {limit} of its {count} regions at once; {abilities.title} deploys a wave's"
        )
        remedy = "regions side by side: make waves of them, or leave max_parallel out"
        found.refusals.append((("waves", w, "max_parallel"), f"{what} {remedy}", "cannot-say"))
    elif text != str(number):
        found.remarks.append(f"wave {w + 1} deploys at most {limit} of its regions at once")
    return number


def _strategies(found: Said, plan: "Plan") -> dict[str, Any]:
    """Say strategies as one for all regions and the exceptions; steps stand in the ECS service itself."""
    moved: dict[str, Any] = {}
    for region in plan.regions:
        strategy = plan.strategy_of(region)
        moved[region] = strategy if isinstance(strategy, str) else "rolling"
        if not isinstance(strategy, str):
            steps = ", ".join(f"{percent:g} % for {minutes:g} minutes" for percent, minutes in strategy.steps)
            found.remarks.append(f"{region} moves its traffic in steps ({steps}): set that in its ECS service")
    if len(set(moved.values())) == 1:
        return {"strategy": next(iter(moved.values())), "strategies": {}}
    return {"strategy": "rolling", "strategies": {region: how for region, how in moved.items() if how != "rolling"}}


def _failures(found: Said, plan: "Plan", abilities: Abilities) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if plan.on_deploy_failure not in abilities.on_deploy_failure:
        what = f"after a failed deployment the plan says {plan.on_deploy_failure}; this pipeline only stops"
        found.remarks.append(f"{what}, and people roll back the regions before")
        changes["on_deploy_failure"] = "stop"
    most = 0 if changes.get("on_deploy_failure", plan.on_deploy_failure) != "stop" else abilities.retries
    if plan.retries > most:
        found.remarks.append(f"a failed deployment is tried again {plan.retries} times; this pipeline tries {most}")
        changes["retries"] = most
    return changes


def _newer(found: Said, plan: "Plan", abilities: Abilities) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if plan.max_failed_regions:
        found.remarks.append(
            f"max_failed_regions is {plan.max_failed_regions}; this pipeline stops at the first failure"
        )
        changes["max_failed_regions"] = 0
    alarm = plan.on_alarm
    if alarm not in abilities.on_alarm:
        what = f"on an alarm the plan says {alarm}; this pipeline says {abilities.on_alarm_else}"
        found.remarks.append(
            what if abilities.on_alarm_else != "rollback_all" else f"on an alarm the plan says {alarm}"
        )
        changes["on_alarm"] = abilities.on_alarm_else
    changes |= _timeout(found, plan, abilities)
    _calendars(found, plan, abilities)
    return changes


def _timeout(found: Said, plan: "Plan", abilities: Abilities) -> dict[str, Any]:
    minutes = plan.deploy_timeout_minutes
    if minutes is None:
        return {}
    bounds = abilities.timeouts or (1, 0)
    strategies = {s if isinstance(s, str) else "rolling" for s in map(plan.strategy_of, plan.regions)}
    if (
        bounds[0] <= minutes <= bounds[1]
        and minutes == int(minutes)
        and strategies <= set(abilities.timeout_strategies)
    ):
        return {}
    found.remarks.append(f"a deployment of more than {minutes:g} minutes counts as failed")
    return {"deploy_timeout_minutes": None}


def _calendars(found: Said, plan: "Plan", abilities: Abilities) -> None:
    rows: list[tuple[Where, Any]] = [(("calendar",), plan.calendar)]
    rows += [(("waves", w, "calendar"), wave.calendar) for w, wave in enumerate(plan.waves)]
    for where, calendar in rows:
        if calendar is None or isinstance(calendar, str):
            continue
        tree = calendar.model_dump(mode="python", exclude_defaults=True)
        if abilities.calendar is None:
            what = (
                f"{abilities.title} has no windows in which deployments may start; CodePipeline has; or leave them out"
            )
            found.refusals.append((where, what, "cannot-say"))
        elif not abilities.calendar(tree):
            what = "a DeploymentWindow says whole hours on days of the week in one zone, and no freezes"
            found.refusals.append((where, f"{what}; say the calendar so, or leave it out", "cannot-say"))


def number(minutes: float) -> str:
    """Write minutes so that the same number is read back."""
    return str(int(minutes)) if minutes == int(minutes) else repr(minutes)


def parts(minutes: float, most: int) -> list[float]:
    """Cut minutes into pieces of at most `most`, whose sum from left to right is exactly the same number."""
    whole = max(0, math.ceil(minutes / most) - 1)
    return [float(most)] * whole + [minutes - whole * most]


def header(plan: "Plan", remarks: list[str], notes: list[str]) -> str:
    """Return the comment at the top of a written file."""
    lines = [f"Made from the plan {plan.name!r}: {len(plan.waves)} waves, {len(plan.regions)} regions.", *notes]
    if remarks:
        lines += ["", "What the plan says and this pipeline cannot:", *(f"- {remark}" for remark in remarks)]
    return "".join(f"# {line}".rstrip() + "\n" for text in lines for line in _printable(text))


def _printable(text: str) -> list[str]:
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    found, line = [], ""
    for word in safe.split(" "):
        if line and len(line) + len(word) > 115:
            found.append(line)
            line = "  " + word if safe.startswith("- ") else word
        else:
            line = f"{line} {word}" if line else word
    return [*found, line]
