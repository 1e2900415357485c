"""What fleet, plan and scenario have in common: strict fields with units, reading, writing, a digest.

Not here: YAML itself (``documents``), and what the fields mean (each noun's own file).
"""

import hashlib
import json
import os
from collections.abc import Mapping
from functools import cached_property
from inspect import Parameter, Signature
from keyword import iskeyword
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, Strict
from pydantic.fields import FieldInfo

from waves.files.documents import Document, Finding, InputError, Severity, Where, read_yaml, shown, validate, write_yaml
from waves.local_time import tzdata_version
from waves.showing import Shown, own_names


def _in_one_line(text: str) -> str:
    """Refuse what would break a heading, a line of a log or a picture."""
    if not text.isprintable():
        odd = next(c for c in text if not c.isprintable())
        raise ValueError(
            f"{shown(text)} holds the character U+{ord(odd):04X}; a name is one line of what can be printed"
        )
    return text


Text = Annotated[str, Strict(), Field(min_length=1, max_length=200), AfterValidator(_in_one_line)]
# Bounds that no rollout comes near, so that sums stay finite and counts fit the machine.
Minutes = Annotated[float, Strict(), Field(ge=0, le=1e9, allow_inf_nan=False)]
Amount = Annotated[float, Strict(), Field(gt=0, le=1e15, allow_inf_nan=False)]
Probability = Annotated[float, Strict(), Field(ge=0, le=1)]
Count = Annotated[int, Strict(), Field(ge=0, le=100)]
Switch = Annotated[bool, Strict()]

DATA = Path(__file__).resolve().parent.parent / "data"


def quantity(default: Any, text: str, *, unit: str = "", source: str = "", **options: Any) -> Any:
    """Declare a field with its meaning, unit and source, for the docs and the published JSON Schema.

    Parameters
    ----------
    default
        The default; ``...`` where the field must be given.
    text
        What the field means, in one sentence.
    unit
        The unit of its number, where it has one.
    source
        Where the default comes from; ``assumed`` where nobody measured it.
    **options
        Passed on to `pydantic.Field`.
    """
    extra: dict[str, Any] = {key: value for key, value in (("unit", unit), ("source", source)) if value}
    return Field(default, description=text, json_schema_extra=extra or None, **options)


class Part(BaseModel):
    """A piece of a noun: frozen, and refusing fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        """Return the class a signature that a person can read: names and defaults, without pydantic's annotations."""
        super().__pydantic_init_subclass__(**options)
        cls.__signature__ = Signature([_parameter(name, info) for name, info in cls.model_fields.items()])

    def replace(self, **changes: Any) -> Self:
        """Return the same with some fields changed, checked as a file would be.

        Parameters
        ----------
        **changes
            Fields by name, with values as Python objects or as they would stand in a file.

        Raises
        ------
        InputError
            With every fault: a name that is no field, a value out of its range, what does not go together.
        """
        kept = {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}
        origin = f"{type(self).__name__.lower()}.replace"
        return validate(Document.of_code(origin, {**kept, **changes}), type(self))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy; with other values it is `replace`, since pydantic's own would check nothing."""
        return self.replace(**update) if update else super().model_copy(deep=deep)

    def __dir__(self) -> list[str]:
        """Return our names: completion offers none of pydantic's."""
        return own_names(type(self))


def _parameter(name: str, info: FieldInfo) -> Parameter:
    default = Parameter.empty if info.is_required() else info.default
    shown = info.alias if info.alias and not iskeyword(info.alias) else name  # `from` is none of Python's
    return Parameter(shown, Parameter.KEYWORD_ONLY, default=default)


class Noun(Shown, Part):
    """A fleet, a plan or a scenario: frozen, compared by value, read from and written to YAML without loss."""

    _document: Document | None = PrivateAttr(None)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.model_dump() == other.model_dump()

    def __hash__(self) -> int:
        return hash(self.digest)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """Read a YAML file.

        Parameters
        ----------
        path
            The file.

        Raises
        ------
        InputError
            With every fault of the file, each with its line and remedy.
        """
        return cls._from_document(read_yaml(path))

    @classmethod
    def _from_document(cls, document: Document, context: dict[str, Any] | None = None) -> Self:
        noun = validate(document, cls, context=context)
        noun._document = document
        return noun

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write a YAML file from which `read` makes an equal object."""
        write_yaml(self.as_dict(), path)

    def as_dict(self) -> dict[str, Any]:
        """Return plain lists, mappings, numbers and strings, as they would stand in a file; defaults left out."""
        return self.model_dump(mode="python", exclude_defaults=True)

    @cached_property
    def digest(self) -> str:
        """The first 12 hexadecimal digits of the SHA-256 of the content, defaults included.

        Where the content speaks of local times, the version of the time zone database is part of it.
        """
        text = json.dumps(self.model_dump(mode="python"), sort_keys=True, default=str)
        text += f" tzdata {tzdata_version()}" if self.of_local_times else ""
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def of_local_times(self) -> bool:
        """Whether the time zone database has a say in it."""
        return False

    @property
    def origin(self) -> str:
        """The file it was read from, or its type in angle brackets."""
        return self._document.path if self._document else f"<{type(self).__name__.lower()}>"

    @property
    def notes(self) -> tuple[Finding, ...]:
        """What was taken otherwise than it stands in the file, such as in a workflow of several stages: warnings."""
        return self._document.warnings if self._document else ()

    def input_error(self, found: list[tuple[Where, str, str]]) -> InputError:
        """Turn (where, message, rule) rows into an error that knows file, line and column."""
        return InputError(self.remark(*row) for row in found)

    def remark(self, where: Where, message: str, rule: str, severity: Severity = "error") -> Finding:
        """Make a finding that knows file, line and column, where the noun was read from a file."""
        document = self._document or Document(self.origin, {}, {}, ())
        return document.finding(where, message, rule, severity)
