"""What somebody types of an incident, checked: minutes since the push, regions of the plan.

Not here: what follows from it (`incident`).
"""

import datetime as dt
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from history.replaying.records import NOWHERE
from simulation import Scenario
from simulation.arguments import is_number
from simulation.windows import bounds
from waves import Plan, did_you_mean

NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


@dataclass(frozen=True)
class Typed:
    """What is known of an incident.

    Attributes
    ----------
    started, alarm, harm
        When the first deployment began, the alarm halted the rollout, and requests began to fail: minutes since the
        push; NaN where `harm` is not known.
    regions
        Those with traffic on the new version at the alarm.
    rollback
        Minutes from the alarm until the last region was back, or None.
    alarm_region
        Whose alarm it was, or None.
    hurt
        In which of the regions requests failed, or None.
    pushed
        Minutes from the scenario's first allowed push to this one; NaN where that is not known.
    """

    started: float
    alarm: float
    regions: tuple[str, ...]
    rollback: float | None
    alarm_region: str | None
    harm: float
    hurt: tuple[str, ...] | None
    pushed: float

    def record(self, scenario: Scenario) -> dict[str, Any]:
        """Return it as a record has it."""
        places, hurt = scenario.fleet.positions, np.full(len(scenario.fleet.regions), np.nan)
        if self.hurt is not None:
            for name in self.regions:
                hurt[places[name]] = float(name in self.hurt)
        where = NOWHERE if self.alarm_region is None else places[self.alarm_region]
        return {
            "halt": self.alarm, "started": self.started, "alarm_region": where, "harm": self.harm, "hurt": hurt,
            "pushed": self.pushed,
        }  # fmt: skip


def typed(
    plan: Plan,
    scenario: Scenario,
    *,
    started: Any,
    alarm: Any,
    regions: Sequence[str],
    rollback: float | None,
    pushed: str | None,
    alarm_region: str | None,
    harm: Any,
    hurt: Sequence[str] | None,
) -> Typed:
    """Check what was typed, or say in one line each what cannot be."""
    faults: list[str] = []
    origin = _instant("pushed", pushed, faults) if pushed is not None else None
    if origin is None and pushed is None and isinstance(started, str) and not NUMBER.fullmatch(started.strip()):
        origin = _instant("started", started, faults)
    given = {"started": started, "alarm": alarm, **({} if harm is None else {"harm": harm})}
    found = {} if faults else {name: _minute(name, value, origin, faults) for name, value in given.items()}
    own, sick = _regions("regions", regions, plan.regions, "of the plan", faults), None
    if not own and not faults:
        faults.append("regions is empty; name those that had traffic on the new version at the alarm")
    if hurt is not None:
        sick = _regions("hurt", hurt, own, "among those with traffic at the alarm", faults)
        if not sick and not faults:
            faults.append("hurt is empty; name regions in which requests failed, or leave it out")
    if alarm_region is not None:
        _regions("alarm_region", [alarm_region], own, "among those with traffic at the alarm", faults)
    if rollback is not None and not (is_number(rollback) and 0 < rollback < math.inf):
        faults.append(f"rollback is {rollback!r}; give minutes above 0, such as 12")
    if not faults:
        faults += _order(found, scenario)
    if faults:
        raise ValueError("\n".join(faults))
    at = math.nan
    if scenario.pushes is not None and origin is not None:
        at = (origin - dt.datetime.fromtimestamp(bounds(scenario)[0], dt.UTC)).total_seconds() / 60
        at = at if at >= 0 else math.nan
    back = None if rollback is None else float(rollback)
    return Typed(found["started"], found["alarm"], own, back, alarm_region, found.get("harm", math.nan), sick, at)


def _order(found: dict[str, float], scenario: Scenario) -> list[str]:
    faults = []
    if found["started"] < 0:
        faults.append(f"started is minute {found['started']:g}, before the push; give a later one")
    if found["alarm"] <= found["started"]:
        faults.append(
            f"alarm is at minute {found['alarm']:g}, which is not after the first deployment's start at minute "
            f"{found['started']:g}; nothing had the new version"
        )
    if found["alarm"] > scenario.horizon_minutes:
        faults.append(
            f"alarm is at minute {found['alarm']:g}, after the scenario's horizon_minutes "
            f"{scenario.horizon_minutes:g}; raise that"
        )
    if "harm" in found and not found["started"] <= found["harm"] <= found["alarm"]:
        faults.append(
            f"harm is at minute {found['harm']:g}; give one from started, minute {found['started']:g}, to alarm, "
            f"minute {found['alarm']:g}"
        )
    return faults


def _minute(name: str, value: Any, origin: dt.datetime | None, faults: list[str]) -> float:
    """Read minutes since the push, or an instant."""
    text = value.strip() if isinstance(value, str) else value
    number = float(text) if is_number(text) or (isinstance(text, str) and NUMBER.fullmatch(text)) else None
    if number is not None and math.isfinite(number):
        return number
    if number is not None or not isinstance(text, str):
        faults.append(f"{name} is {value!r}; give minutes since the push, or an instant such as 2026-05-04T10:12:00Z")
        return math.nan
    when = _instant(name, text, faults)
    if when is None:
        return math.nan
    if origin is None:
        faults.append(f"{name} is an instant, and nobody says when the push was; give pushed, or started as one, too")
        return math.nan
    return (when - origin).total_seconds() / 60


def _instant(name: str, text: Any, faults: list[str]) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(str(text).strip())
    except ValueError:
        remedy = "an instant such as 2026-05-04T10:12:00Z"
        minutes = "" if name == "pushed" else "minutes since the push, or "
        faults.append(f"{name} is {text!r}; give {minutes}{remedy}")
        return None
    if found.tzinfo is None:
        faults.append(f"{name} is {text!r}, which does not say its zone; write it with Z or an offset such as +02:00")
        return None
    return found


def _regions(
    name: str, given: Sequence[str], known: Sequence[str], where: str, faults: list[str]
) -> tuple[str, ...]:  # fmt: skip
    names = tuple(dict.fromkeys([given] if isinstance(given, str) else given))
    for each in names:
        if each not in known:
            near = did_you_mean(each, list(known)) or (f"; there are {', '.join(known)}" if known else "")
            faults.append(f"{name}: {each!r} is not {where}{near}")
    return names
