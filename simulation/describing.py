"""Fields of a scenario in words, for tables. Not here: the fields (``scenario``)."""

from typing import Any

from waves import Part
from waves.calendar import At, Pushes, Window

OF_A_DEFECT = ("severity", "onset", "detection_probability", "validation_probability", "review_probability")


def fault_in_words(fault: Any) -> str:
    """Word what a fault of a scenario is."""
    where = fault.where.replace("_", " ") if isinstance(fault.where, str) else f"where {fault.where.label}"
    told = [f"probability {fault.probability:g}", where]
    if fault.effect == "deploy_fails":
        return ", ".join([*told, "deployments fail"])
    told += [f"{field.replace('_', ' ')} {describe(getattr(fault, field))}" for field in OF_A_DEFECT]
    return ", ".join(told)


def describe(value: Any) -> str:
    """Word a field's value for a table: `lognormal, median 6, p95 12`."""
    if value is None:
        return "left out"
    if isinstance(value, At):
        return value.at
    if isinstance(value, Window):
        return describe_window(value)
    if not isinstance(value, Part):
        return f"{value:g}" if isinstance(value, float) else str(value)
    fields = value.model_dump(exclude={"family"})
    if value.family == "constant":  # type: ignore[attr-defined]
        return f"{fields['value']:g}"
    if value.family == "empirical":  # type: ignore[attr-defined]
        values = fields["values"]
        return f"one of {', '.join(f'{v:g}' for v in values)}" if len(values) <= 8 else f"one of {len(values)} values"
    return f"{value.family}, " + ", ".join(f"{key} {number:g}" for key, number in fields.items())  # type: ignore[attr-defined]


def describe_window(window: Window) -> str:
    """Word when a window is open: `mon, tue 09:00 to 17:00, Europe/Berlin`."""
    days = ", ".join(window.days or ["every day"])
    hours = f" {window.hours[0]} to {window.hours[1]}" if window.hours else ""
    period = f"{window.begin} to {window.to}: " if isinstance(window, Pushes) else ""
    return f"{period}{days}{hours}, {window.zone}"


def fitted_name(name: str) -> str:
    """Return what a scenario is called once a history has been read for it."""
    return f"{name}, fitted"[:200]
