"""The parameters of a notebook: held against what it declares, before any kernel starts and again inside the notebook.

Papermill only logs an unknown parameter, executes its name as code, and reads `1:30` as 90. Not here: running the
notebook (``notebook``).
"""

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from wavecast.reporting.earlier import take_away
from wavecast.terminal import Refusal
from waves import InputError, did_you_mean
from waves.files.documents import parse_yaml
from waves.showing import SaysItAll

NAME = re.compile(r"[a-z_][a-z0-9_]*")
LIST, MAPPING = "give a list: [a, b]", "give a mapping: {name: value}"
MAPPINGS = {
    "regions_of": "give a mapping from actions to regions: {Deploy: us-east-1}",
    "wait_timers": "give a mapping from environments to minutes: {production: 30}",
}
PAIRS: dict[str, type | tuple[type, ...]] = {"regions_of": str, "wait_timers": (int, float)}
NUMBERS = {"bakes": "give a list of minutes: [0, 30, 60]"}
BETWEEN = {"confidence": 0.95, "objective": 0.999, "resolution": 0.05}
RANGES = {
    "trials": (1, 10_000_000, "a whole number of at least 1"),
    "worlds": (2, 1_000, "a whole number from 2 to 1,000"),
    "seed": (0, 2**64 - 1, "a whole number from 0 to 2**64 - 1"),
}


def declared(notebook: Path) -> dict[str, str]:
    """Return the parameters that a notebook declares, with their types.

    Raises
    ------
    Refusal
        Where it cannot be read as a notebook, or declares none.
    """
    import nbformat
    import papermill

    try:
        found = papermill.inspect_notebook(str(notebook))
    except (OSError, ValueError, AttributeError, nbformat.reader.NotJSONError, nbformat.ValidationError) as error:
        raise Refusal(f"{notebook}: not a notebook: {str(error).splitlines()[0]}") from None
    if not found:
        raise Refusal(f"{notebook}: it has no cell tagged `parameters`, so it takes none")
    return {name: entry["inferred_type_name"] for name, entry in found.items()}


def typed(pairs: Iterable[tuple[str, str]], types: Mapping[str, str]) -> dict[str, Any]:
    """Turn texts into values of the declared types.

    Parameters
    ----------
    pairs
        Names and texts, as they stand on the command line.
    types
        As `declared` gives them.

    Raises
    ------
    Refusal
        With one line for every name that is not declared or is given twice, and every text that is not of its type.
    """
    values: dict[str, Any] = {}
    faults: list[str] = []
    for name, text in pairs:
        if not NAME.fullmatch(name) or name not in types:
            faults.append(stranger(name, types))
        elif name in values:
            faults.append(f"-p {name}: given twice; give it once")
        else:
            try:
                values[name] = _value(name, text, types[name])
            except ValueError as error:
                faults.append(f"-p {name} {text!r}: {error}")
    if faults:
        raise Refusal("\n".join(faults))
    return values


def stranger(name: str, types: Iterable[str]) -> str:
    """Word the complaint about a parameter that is not declared, such as a misspelt one."""
    known = list(types)
    remedy = did_you_mean(name, known) or f"; there are {', '.join(known)}"
    return f"-p {name!r}: the notebook has no parameter of that name{remedy}"


def refusal(name: str, value: Any, kind: str) -> list[str]:
    """Return why a parameter cannot have a value, in the words of `wavecast report`: no line, or one."""
    try:
        _fitting(name, value, kind)
    except ValueError as error:
        return [f"-p {name} {value!r}: {error}"]
    return []


class Refused(SaysItAll, ValueError):
    """Parameters that a report cannot take; one line each."""


def begin_report(names: Mapping[str, Any]) -> None:
    """Take away the verdict of an earlier run, and refuse parameters that the report cannot take.

    To be called in the cell after the parameters. What papermill puts between is refused by the extension
    ``wavecast.reporting.guard`` before it runs; here is said, too, what people change in the cell itself.

    Parameters
    ----------
    names
        The notebook's `globals()`. Its annotated names are the parameters.

    Raises
    ------
    ValueError
        With one line for every value that is not of its type, in the words of `wavecast report`.
    OSError
        Where the verdict of an earlier run cannot be taken away.
    """
    types = {
        name: kind.__name__ if isinstance(kind, type) else str(kind)
        for name, kind in names.get("__annotations__", {}).items()
    }
    take_away([names.get("out")], surely=True)
    faults = [line for name, kind in types.items() for line in refusal(name, names[name], kind)]
    if faults:
        raise Refused("\n".join(faults))


def _fitting(name: str, value: Any, kind: str) -> None:
    """Refuse a value that is not of a declared type, or out of its range."""
    kind, optional = _optional(kind)
    if optional and value is None:
        return
    if name in NUMBERS and not (isinstance(value, list) and value and all(map(_minutes, value))):
        raise ValueError(NUMBERS[name])
    texts = isinstance(value, list) and all(isinstance(each, str) for each in value)
    if kind == "list" and name not in NUMBERS and not texts:
        raise ValueError(LIST)
    if kind == "dict" and not isinstance(value, dict):
        raise ValueError(MAPPINGS.get(name, MAPPING))
    if name in PAIRS and not all(isinstance(each, PAIRS[name]) for each in value.values()):
        raise ValueError(MAPPINGS[name])
    if kind == "str" and not isinstance(value, str):
        raise ValueError("give a text")
    if kind == "bool" and not isinstance(value, bool):
        raise ValueError("give true or false")
    if kind == "int":
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError("give a whole number")
        _within(name, value)
    if kind == "float":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("give a number, such as 0.95")
        _finite(name, float(value))


def _minutes(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1e9


def _optional(kind: str) -> tuple[str, bool]:
    """Take `or None` from a type; papermill does not understand `| None`."""
    return kind.removesuffix("or None").strip(), kind.endswith("or None")


def _value(name: str, text: str, kind: str) -> Any:
    kind, optional = _optional(kind)
    if optional and text in ("null", "None"):
        return None
    match kind:
        case "str":
            return text
        case "bool":
            if text.lower() not in ("true", "false"):
                raise ValueError("give true or false")
            return text.lower() == "true"
        case "int":
            if not re.fullmatch(r"[-+]?[0-9]{1,30}", text):
                raise ValueError("give a whole number")
            return _within(name, int(text))
        case "float":
            if not re.fullmatch(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", text):
                raise ValueError("give a number, such as 0.95")
            return _finite(name, float(text))
    value = _tree(name, text, kind)
    _fitting(name, value, kind)
    return value


def _within(name: str, value: int) -> int:
    low, high, what = RANGES.get(name, (-math.inf, math.inf, ""))
    if not low <= value <= high:
        raise ValueError(f"give {what}")
    return value


def _finite(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("give a finite number")
    if name in BETWEEN and not 0 < value < 1:
        raise ValueError(f"give a number between 0 and 1, such as {BETWEEN[name]}")
    if name in ("window_days", "changes_a_month"):
        _promised(name, value)
    if name == "price" and not 0 < value <= 1e9:
        raise ValueError("give a number above 0, up to 1,000,000,000")
    if name == "bake_minutes" and not 0 <= value <= 1e9:
        raise ValueError("give minutes from 0 to 1,000,000,000")
    return value


def _promised(name: str, value: float) -> None:
    """Refuse what a service refuses, in its words."""
    from simulation import Service

    try:
        Service(**{name: value})
    except ValueError as error:
        raise ValueError(str(error).partition("; ")[2]) from None


def _tree(name: str, text: str, kind: str) -> Any:
    """Read a list or a mapping as YAML, by the rules of our own files: `1:30` and `no` stay texts."""
    try:
        value = parse_yaml(text, "<text>").value
    except InputError as error:
        raise ValueError(error.findings[0].message) from None
    wanted = {"list": list, "dict": dict}.get(kind)
    if wanted is not None and not isinstance(value, wanted):
        raise ValueError(LIST if kind == "list" else MAPPINGS.get(name, MAPPING))
    return value
