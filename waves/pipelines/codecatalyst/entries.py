"""One action of a workflow as it stands in the file, and how to look into trees of any shape.

Tolerant: what is not shaped as it should be is taken for empty here, and reported by `check`. What depends on what is
in `graph`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from waves.files.documents import Where
from waves.pipelines.codecatalyst.schema import SHELL_VARIABLE, Kind, kind_of
from waves.pipelines.trees import map_of, names_at, text_of


@dataclass(frozen=True)
class Entry:
    """One action, as it stands in the file."""

    name: str
    group: str | None
    where: Where
    body: Mapping[str, Any]

    @property
    def label(self) -> str:
        """Its name, with its group's in front: ``Wave-1/Deploy``."""
        return f"{self.group}/{self.name}" if self.group is not None else self.name

    @property
    def identifier(self) -> str:
        """Its identifier with the version, or an empty text."""
        return text_of(self.body.get("Identifier"))

    @property
    def kind(self) -> Kind:
        """What it is by its identifier alone."""
        return kind_of(self.identifier)

    @property
    def configuration(self) -> Mapping[str, Any]:
        """Its configuration, or an empty mapping; the `Parameters` of older files are part of it."""
        outer = map_of(self.body.get("Configuration"))
        return {**map_of(outer.get("Parameters")), **outer}

    @property
    def artifacts_in(self) -> list[tuple[Where, str]]:
        """The artifacts it takes, with their places."""
        where = (*self.where, "Inputs", "Artifacts")
        return names_at(where, map_of(self.body.get("Inputs")).get("Artifacts"))

    @property
    def artifacts_out(self) -> list[tuple[Where, str]]:
        """The artifacts it puts out, with the places of their names."""
        where = (*self.where, "Outputs", "Artifacts")
        rows = map_of(self.body.get("Outputs")).get("Artifacts")
        # A map instead of a list is one fault; what takes the artifact is not to blame for it.
        if isinstance(rows, dict):
            return [(where, text_of(rows["Name"]))] if "Name" in rows else [((*where, name), name) for name in rows]
        named = enumerate(text_of(map_of(row).get("Name")) for row in (rows if isinstance(rows, list) else []))
        return [((*where, i, "Name"), name) for i, name in named if name]

    @property
    def variables(self) -> dict[str, str]:
        """The input variables: name to value."""
        rows = map_of(self.body.get("Inputs")).get("Variables")
        pairs = [map_of(row) for row in rows] if isinstance(rows, list) else []
        return {text_of(pair.get("Name")): text_of(pair.get("Value")) for pair in pairs}

    @property
    def environment(self) -> str:
        """The name of its environment, or an empty text."""
        return text_of(map_of(self.body.get("Environment")).get("Name"))

    @property
    def steps(self) -> list[Mapping[str, Any]]:
        """The steps of a build, a test or a runner."""
        rows = self.configuration.get("Steps")
        return [map_of(row) for row in rows] if isinstance(rows, list) else []

    def filled(self, value: Any) -> str:
        """Return a value as text, with the action's own input variables put in for ``${NAME}`` and ``$NAME``."""
        return fill(text_of(value), self.variables)


def is_group(body: Mapping[str, Any]) -> bool:
    """Return whether an entry is a group: it has actions and no identifier."""
    return "Actions" in body and "Identifier" not in body


def fill(text: str, variables: Mapping[str, str]) -> str:
    """Put variables in for ``${NAME}`` and ``$NAME``, and what stands in their values, too; others stay as they are."""
    for _ in range(5):
        filled = SHELL_VARIABLE.sub(lambda m: variables.get(m.group(1) or m.group(2), m.group()), text)
        if filled == text or len(filled) > 1000:
            break
        text = filled
    return text


def resolved(text: str) -> bool:
    """Return whether a text is whole: no variable and no place of a template is left in it."""
    return "$" not in text and "{{" not in text
