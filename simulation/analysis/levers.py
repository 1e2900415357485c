"""Levers: each assumption of a scenario by itself, as something that can be turned down and up.

A duration, an amount or a rate is multiplied, a probability too, up to 1. How far, its source says where there is an
interval, such as that of a fit; else half and double. Not here: what plans come to at either end (``sensitivity``).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from simulation.describing import describe
from simulation.distributions import Family
from simulation.scenario import PER_REGION, RAREST, Fault, Scenario, Source

HALF, DOUBLE = 0.5, 2.0
DETECTING = ("evidence", "lag", "complaint", "report")
RESTORING = ("reaction", "reaction_off_hours", "rollback", "manual_recovery")
TOGETHER = {"time to detect": DETECTING, "time to restore": RESTORING}
FIXED = ("name", "fleet", "faults", "regions", "sources", "pushes", "staffed", "horizon_minutes")
OF_A_FAULT = (
    "probability", "severity", "onset", "detection_probability", "validation_probability", "review_probability",
)  # fmt: skip
LARGEST = 1e9  # what minutes may be


@dataclass(frozen=True)
class Lever:
    """One assumption, or some that belong together.

    Attributes
    ----------
    name
        The field's, or the fault's and its field's.
    fields
        The fields of the scenario, or of the fault, that it turns.
    fault
        The fault's place, or None.
    low, high
        How far it is turned: factors of what the scenario says.
    source
        Where the ends come from.
    unit
        Of its value.
    """

    name: str
    fields: tuple[str, ...]
    fault: int | None
    low: float
    high: float
    source: str
    unit: str = ""

    def at(self, scenario: Scenario, factor: float) -> Scenario:
        """Return the scenario with the assumption so many times as large."""
        if factor == 1.0:
            return scenario
        if self.fault is not None:
            fault = scenario.faults[self.fault]
            own = fault.replace(**{field: _times(field, getattr(fault, field), factor) for field in self.fields})
            return scenario.replace(
                faults=(*scenario.faults[: self.fault], own, *scenario.faults[self.fault + 1 :]), sources={}
            )
        changes: dict[str, Any] = {
            field: _times(field, getattr(scenario, field), factor)
            for field in self.fields
            if getattr(scenario, field) is not None
        }
        regions = {name: self._regional(own, factor) for name, own in scenario.regions.items()}
        return scenario.replace(**changes, **({"regions": regions} if regions else {}), sources={})

    def _regional(self, own: Any, factor: float) -> Any:
        fields = [each for each in self.fields if each in PER_REGION and getattr(own, each) is not None]
        return own.replace(**{each: _times(each, getattr(own, each), factor) for each in fields}) if fields else own

    def value(self, scenario: Scenario) -> str:
        """Word what the scenario says of it."""
        owner = scenario if self.fault is None else scenario.faults[self.fault]
        values = [getattr(owner, field) for field in self.fields]
        return describe(values[0]) if len(values) == 1 else ""

    def size(self, scenario: Scenario, factor: float) -> float:
        """Return one number for its size at a factor: a probability, a constant, a median; NaN for several fields."""
        if len(self.fields) > 1:
            return math.nan
        owner = scenario if self.fault is None else scenario.faults[self.fault]
        if not _turns(self.fields[0], getattr(owner, self.fields[0])):
            return math.nan  # a region alone has it
        value = _times(self.fields[0], getattr(owner, self.fields[0]), factor)
        return median(value) if isinstance(value, Family) else float(value)


def median(rule: Family) -> float:
    """Return the median of a distribution."""
    import numpy as np

    return float(rule.quantile(np.array([0.5]))[0])


def _times(field: str, value: Any, factor: float) -> Any:
    if isinstance(value, Family):
        return value.times(factor, 1.0 if field == "severity" else LARGEST)
    least, most = {"alarm_threshold": (0.0, 0.999), "false_alarms_per_region_day": (RAREST, 1e6)}.get(field, (0.0, 1.0))
    return max(min(value * factor, most), least) if value else value


def levers(scenario: Scenario) -> list[Lever]:
    """Return every assumption that turning changes, in the order of the fields, then fault by fault.

    Parameters
    ----------
    scenario
        Whose assumptions; those that are nought, or left out, cannot be turned. The horizon is none: it is the same
        for every plan by choice.
    """
    found = [*_together(scenario), *_of_fields(scenario), *_of_faults(scenario)]
    return [each for each in found if each.high > each.low]


def _together(scenario: Scenario) -> Iterator[Lever]:
    for name, fields in TOGETHER.items():
        turned = [field for field in fields if _turns(field, getattr(scenario, field))]
        if len(turned) > 1:
            yield Lever(name, tuple(turned), None, HALF, DOUBLE, f"× ½ and × 2 of {', '.join(turned)} together")


def _turns(field: str, value: Any) -> bool:
    return value is not None and _times(field, value, HALF) != value


def _of_fields(scenario: Scenario) -> Iterator[Lever]:
    for field, info in type(scenario).model_fields.items():
        if field in FIXED:
            continue
        value = getattr(scenario, field)
        regional = (getattr(own, field) for own in scenario.regions.values()) if field in PER_REGION else ()
        if _turns(field, value) or any(_turns(field, each) for each in regional):
            extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
            yield _lever(scenario, field, field, None, value, str(extra.get("unit", "")))


def _of_faults(scenario: Scenario) -> Iterator[Lever]:
    for place, fault in enumerate(scenario.faults):
        for field in OF_A_FAULT if fault.effect == "defect" else OF_A_FAULT[:1]:
            value = getattr(fault, field)
            if _turns(field, value):
                extra = Fault.model_fields[field].json_schema_extra
                unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
                key = fault.name if field == "probability" else ""  # a fault's source speaks of its probability
                yield _lever(scenario, f"{fault.name}: {field}", key, place, value, unit)


def _lever(scenario: Scenario, name: str, key: str, fault: int | None, value: Any, unit: str) -> Lever:
    field = name.rpartition(": ")[2]
    source = scenario.sources.get(key)
    low, high, told = HALF, DOUBLE, "× ½ and × 2"
    if isinstance(source, Source) and source.low is not None and source.high is not None:
        middle = source.estimate or (median(value) if isinstance(value, Family) else float(value or 0))
        if middle > 0:
            low, high, told = max(source.low, 0.0) / middle, source.high / middle, source.source
    if not isinstance(value, Family) and value:
        high = min(high, _times(field, value, high) / value)
    return Lever(name, (field,), fault, max(low, 1e-6), high, told, unit)
