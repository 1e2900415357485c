"""What to write in the place of a value of the wrong type: `30` minutes for `30m`, `0.1` for `10%`.

Not here: how the rest of a finding is worded (``documents``).
"""

import re
from typing import Any

MINUTES = {"s": 1 / 60, "sec": 1 / 60, "m": 1.0, "min": 1.0, "h": 60.0, "d": 1440.0, "w": 10080.0}
MINUTES |= {"second": 1 / 60, "minute": 1.0, "hour": 60.0, "day": 1440.0, "week": 10080.0}
THOUSANDS = {"k": 1e3, "m": 1e6}
NUMBER = re.compile(r"\s*(\d{1,12}(?:\.\d{1,12})?)\s*([a-z%]*)\s*", re.IGNORECASE | re.ASCII)


def remedy(kind: str, value: Any, unit: str = "") -> str:
    """Return the unit and what to write, as the end of a sentence; nothing where nothing is known.

    Parameters
    ----------
    kind
        What pydantic calls the fault, such as `float_type`.
    value
        What stands in the file.
    unit
        Of the field; empty where it has none.
    """
    if kind in ("float_type", "int_type", "float_parsing", "int_parsing", "int_from_float"):
        return (f" ({unit})" if unit else "") + _number(kind, value, unit)
    if kind in ("bool_type", "bool_parsing"):
        return "; write true or false"
    if kind == "string_type":
        return "; write one" if value is None else "; put it in quotes, if it is the name"
    return ""


def _number(kind: str, value: Any, unit: str) -> str:
    if value is None:
        return "; write one"
    if isinstance(value, float):
        return "; write a whole number" if kind.startswith("int") else ""
    meant = number_meant(value, unit)
    return f"; write such as {1 if unit.startswith(('prob', 'share')) else 30}" if meant is None else f"; write {meant}"


def number_meant(value: Any, unit: str) -> str | None:
    """Return the number in a field's unit that a text most likely means, as it is to be written; None for no idea."""
    found = NUMBER.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return None
    number, after = float(found[1]), found[2].lower()
    if not after:
        return f"{number:.12g} without quotes"
    factors = {"minutes": MINUTES, "percent": {"%": 1.0}}.get(unit, {})
    if unit.startswith(("probability", "share")):
        factors = {"%": 0.01}
    elif unit.startswith("requests"):
        factors = THOUSANDS
    factor = factors.get(after) or factors.get(after.removesuffix("s"))
    return None if factor is None else f"{number * factor:.12g}"
