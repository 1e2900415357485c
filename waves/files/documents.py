"""Read our files: YAML with places, models checked at the door, every fault of a file at once.

YAML itself is read in `waves.files.yaml_reader` and written in `waves.files.yaml_writer`; findings and documents are
defined in `waves.files.findings`. What a field may hold is the models' matter.
"""

import re
import types
import typing
from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeVar, get_args, get_origin

import pydantic
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, core_schema

from waves.files.findings import (
    Document,
    Finding,
    InputError,
    Place,
    Severity,
    Where,
    closest,
    did_you_mean,
    one_line,
    shown,
)
from waves.files.remedies import number_meant, remedy
from waves.files.yaml_reader import Dialect, parse_yaml, read_yaml
from waves.files.yaml_writer import write_text, write_yaml, yaml_text

__all__ = [
    "Dialect",
    "Document",
    "Finding",
    "InputError",
    "ModelFaults",
    "Place",
    "Severity",
    "Where",
    "closest",
    "did_you_mean",
    "one_line",
    "parse_yaml",
    "read_yaml",
    "shown",
    "validate",
    "write_text",
    "write_yaml",
    "yaml_text",
]

Model = TypeVar("Model", bound=pydantic.BaseModel)

_RULES = {"missing": "missing-key", "extra_forbidden": "unknown-key", "value_error": "invalid-value"}
_RANGE = re.compile("greater|less|finite|multiple|too_short|too_long")
_LISTS = ("tuple_type", "list_type", "set_type")
_PYDANTIC_TYPES = frozenset(get_args(core_schema.ErrorType))


class ModelFaults(ValueError):
    """Several faults of one model, for validators that find more than one.

    Parameters
    ----------
    faults : iterable of (where, message, rule)
        `where` is a path below the model, such as ``("waves", 1, "regions", 0)``.
    """

    def __init__(self, faults: Iterable[tuple[Where, str, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(message for _, message, _ in self.faults))


def validate(document: Document, model: type[Model], *, at: Where = (), context: dict[str, Any] | None = None) -> Model:
    """Make a model from a document, or from a part of it.

    Parameters
    ----------
    document : Document
        What `read_yaml` gave.
    model : type of pydantic.BaseModel
        Its validators may raise `ValueError` (the message is shown as it is), `ModelFaults`, or a
        `PydanticCustomError` whose type becomes the rule.
    at : tuple
        The path of the part to be validated.
    context : dict, optional
        Handed to the model's validators.

    Returns
    -------
    model
        An instance of `model`.

    Raises
    ------
    InputError
        With every fault, each at its line.
    """
    value = document.value
    for part in at:
        value = value[part]
    if not at and _strange(value, model):
        raise InputError(
            [document.finding((), f"this is no {model.__name__.lower()}: {_lack(value, model)}", "wrong-type")]
        )
    try:
        return model.model_validate(value, context=context)
    except pydantic.ValidationError as error:
        details = error.errors(include_url=False)
        findings = [f for d in details if not _follows(d, details) for f in _findings(document, model, at, d)]
        raise InputError(findings) from None


def _strange(value: Any, model: type[pydantic.BaseModel]) -> bool:
    """Return whether a file seems to be nothing of ours, so that what it holds is nobody's business."""
    if not isinstance(value, dict):
        return True
    known = {name for name, _ in _fields(model, ())}
    keys = [key for key in value if key != "name"]  # which half of all files have
    return bool(keys) and not any(key in known or closest(key, known) for key in keys)


def _lack(value: Any, model: type[pydantic.BaseModel]) -> str:
    if not isinstance(value, dict):
        return "it must be a mapping, a line `name: value` for each entry"
    return f"it has none of these keys: {', '.join(sorted(name for name, _ in _fields(model, ()) if name != 'name'))}"


def _follows(error: ErrorDetails, others: list[ErrorDetails]) -> bool:
    """Return whether a list is too short only because of its faulty items, or lacks more after what it lacks first."""
    loc = error["loc"]
    if error["type"] == "missing" and isinstance(loc[-1], int) and loc[-1] > 0:
        return any(o["type"] == "missing" and o["loc"] == (*loc[:-1], loc[-1] - 1) for o in others)
    return error["type"] == "too_short" and any(o["loc"][: len(loc)] == loc and o["loc"] != loc for o in others)


def _findings(document: Document, model: type[pydantic.BaseModel], at: Where, error: ErrorDetails) -> Iterator[Finding]:
    where = (*at, *error["loc"])
    cause = error.get("ctx", {}).get("error")
    kind = error["type"]
    if isinstance(cause, ModelFaults):
        for below, message, rule in cause.faults:
            yield document.finding((*where, *below), message, rule)
    elif kind == "extra_forbidden":
        known = {name for name, _ in _fields(model, error["loc"][:-1])}
        hint = (
            _elsewhere(model, error["loc"])
            or did_you_mean(str(where[-1]), known)
            or f"; known here: {', '.join(sorted(known)) or 'none'}"
        )
        yield document.finding(where, f"unknown key {shown(where[-1])}{hint}", "unknown-key")
    elif kind == "distribution":
        name, unit = _dotted(document.nearest(where)), _unit(model, error["loc"])
        meant = number_meant(error["input"], unit) or "a number"
        message = error["msg"].replace("distribution", f"distribution ({unit})" if unit else "distribution", 1)
        message = message.replace("write a number", f"write {meant}", 1)
        yield document.finding(where, (f"{name} is {shown(error['input'])}: " if name else "") + message, kind)
    elif kind == "value_error" or kind not in _PYDANTIC_TYPES:
        message = str(cause) if cause is not None else error["msg"]
        yield document.finding(where, _placed(document.nearest(where), message), _rule(kind))
    else:
        yield document.finding(where, _sentence(document, model, at, error), _rule(kind))


def _placed(where: Where, message: str) -> str:
    """Put the field before what a validator says of its value, or in the place of its bare name."""
    name, field = _dotted(where), next((part for part in reversed(where) if isinstance(part, str)), "")
    if not name or message.startswith(name):
        return message
    if isinstance(where[-1], str) and message.startswith(f"{field} "):
        return name + message.removeprefix(field)
    return f"{name}: {message}"


def _elsewhere(model: type[pydantic.BaseModel], loc: tuple[int | str, ...]) -> str:
    """Say where a key belongs that stands at the wrong place: at the top, or in one of the parts."""
    *above, key = loc
    if above:
        known = {name for name, _ in _fields(model, ())}
        return f"; it belongs at the top of the {model.__name__.lower()}" if key in known else ""
    for name, info in _fields(model, ()):
        for kind in _flat(info.annotation):
            parts = [kind, *_below(kind, 0), *(_below(kind, "") if get_origin(kind) is dict else ())]
            if any(_is_model(part) and key in part.model_fields for part in parts):
                return f"; it belongs in {shown(name)}"
    return ""


def _rule(kind: str) -> str:
    if kind not in _PYDANTIC_TYPES:
        return kind.replace("_", "-")
    return _RULES.get(kind) or ("out-of-range" if _RANGE.search(kind) else "wrong-type")


def _sentence(document: Document, model: type[pydantic.BaseModel], at: Where, error: ErrorDetails) -> str:
    """Word one of pydantic's own complaints: the thing, its value with the unit, what it must be."""
    loc = error["loc"]
    field = next((info for name, info in _fields(model, loc[:-1]) if loc and name == loc[-1]), None)
    units = _unit(model, _named(loc))
    if error["type"] == "missing" and isinstance(loc[-1], int):
        return f"{_dotted(document.nearest((*at, *loc)))} is short: must be a pair ({units}), such as [10, 5]"
    if error["type"] == "missing":
        meaning = f": {field.description}" if field and field.description else ""
        return f"the key {shown(loc[-1])} is missing{_inside(document, (*at, *loc[:-1]))}{meaning}"
    must = _must(error, units)
    if error["type"] in ("too_short", "string_too_short"):
        least = error.get("ctx", {}).get("min_length", 1)
        many = "one" if least == 1 else f"{least}"
        return (
            f"{_dotted(document.nearest((*at, *loc)))} {'is empty' if least == 1 else 'is short'}: give at least {many}"
        )
    unit = _unit(model, loc)
    end = remedy(error["type"], error["input"], unit)
    counts = isinstance(error["input"], int | float) and not isinstance(error["input"], bool)
    value = shown(error["input"]) + (f" {unit}" if unit and counts and error["type"] not in _LISTS else "")
    name = _dotted(document.nearest((*at, *loc)))
    return f"{name or 'this file'} is {value}: {must[0].lower()}{must[1:]}{end}"


def _named(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Return a path up to its last name: that of a list, for what is in it."""
    return loc[: max((k for k, part in enumerate(loc, 1) if isinstance(part, str)), default=0)]


def _unit(model: type[pydantic.BaseModel], loc: tuple[int | str, ...]) -> str:
    """Return the unit of a field, or of the nearest around it that has one, such as a distribution's."""
    for depth in range(len(loc), 0, -1):
        known = [info.json_schema_extra for name, info in _fields(model, loc[: depth - 1]) if name == loc[depth - 1]]
        for extra in known:
            if isinstance(extra, dict) and extra.get("unit"):
                units, last = str(extra["unit"]).split(", "), loc[-1]
                return units[last] if isinstance(last, int) and last < len(units) > 1 else ", ".join(units)
    return ""


def _must(error: ErrorDetails, unit: str) -> str:
    """Say what a value must be, in the words of a file rather than of Python."""
    context = error.get("ctx", {})
    match error["type"]:
        case "tuple_type" | "list_type" | "set_type":
            if ", " in unit:
                pair = isinstance(error["loc"][-1], int)
                return (
                    f"must be a pair ({unit}), such as [10, 5]"
                    if pair
                    else f"must be pairs ({unit}), such as [[10, 5]]"
                )
            plain = isinstance(error["input"], str | int | float) and not isinstance(error["input"], bool)
            return "must be a list" + (f", such as [{error['input']}]" if plain else "")
        case "too_long":
            return f"must have at most {context['max_length']} entries, got {context['actual_length']}"
        case "model_type" | "model_attributes_type" | "dict_type" | "mapping_type":
            return "must be a mapping, a line `name: value` for each entry"
        case "string_pattern_mismatch":
            return f"must match the pattern {context['pattern']}"
    return error["msg"].replace("Input should be", "must be").replace("Input should", "should")


def _inside(document: Document, where: Where) -> str:
    name = _dotted(document.nearest(where))
    return f" in {name}" if name else ""


def _dotted(where: Where) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where)
    return text.removeprefix(".")


def _fields(model: type[pydantic.BaseModel], loc: tuple[int | str, ...]) -> list[tuple[str, FieldInfo]]:
    """Return the fields known at `loc` inside a model, by the names that stand in a file."""
    types_here: list[Any] = [model]
    for part in loc:
        below = [found for kind in types_here for found in _below(kind, part)]
        # A part that leads nowhere is a tag that pydantic puts in for the branch of a union.
        types_here = below or [kind for kind in types_here if _tagged(kind, part)] or types_here
    return [
        (info.alias or name, info)
        for kind in types_here
        if _is_model(kind)
        for name, info in kind.model_fields.items()
        if get_origin(info.annotation) is not Literal or info.default not in loc
    ]


def _tagged(kind: Any, tag: int | str) -> bool:
    """Return whether a model is the branch of a union that a tag stands for: one of its fields has nothing else."""
    return _is_model(kind) and any(info.annotation == Literal[tag] for info in kind.model_fields.values())


def _below(kind: Any, part: int | str) -> list[Any]:
    if _is_model(kind):
        fields = kind.model_fields.items()
        return [t for name, info in fields if (info.alias or name) == part for t in _flat(info.annotation)]
    arguments = get_args(kind)
    if get_origin(kind) is dict and isinstance(part, str):
        return _flat(arguments[1])
    if isinstance(part, int) and get_origin(kind) is not dict:
        return [found for argument in arguments for found in _flat(argument)]
    return []


def _flat(annotation: Any) -> list[Any]:
    """Take unions and `Annotated` apart."""
    origin = get_origin(annotation)
    if origin is typing.Annotated:
        return _flat(get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return [found for argument in get_args(annotation) for found in _flat(argument)]
    return [annotation]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, pydantic.BaseModel)
