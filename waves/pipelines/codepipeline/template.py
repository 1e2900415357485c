"""CloudFormation templates: what `!Ref`, `!Sub` and their like stand for, as far as the file itself says it.

A parameter is its default, a pseudo parameter or an attribute of a resource stays unresolved: a text such as
``${AWS::Region}``. Source: CloudFormation user guide, "Intrinsic function reference".
"""

import re
from collections.abc import Mapping
from typing import Any

FUNCTIONS = [
    "Ref",
    "Condition",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::FindInMap",
    "Fn::GetAtt",
    "Fn::GetAZs",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Fn::Transform",
    "Fn::And",
    "Fn::Equals",
    "Fn::Not",
    "Fn::Or",
    "Fn::Length",
    "Fn::ToJsonString",
    "Fn::ForEach",
]
_VARIABLE = re.compile(r"\$\{([^!${}][^${}]*)\}")
_DEEP = 40
# A parameter has at most 4,096 bytes (CloudFormation quotas); a longer text is left as it stands.
_LONG = 4096


class Nothing:
    """What `AWS::NoValue` stands for: the key, or the item, is not there."""


NOTHING = Nothing()


class Template:
    """The parameters and mappings of one template, put in where they are used."""

    def __init__(self, value: Mapping[str, Any], given: Mapping[str, str] | None = None) -> None:
        parameters, mappings = value.get("Parameters"), value.get("Mappings")
        self.mappings = mappings if isinstance(mappings, dict) else {}
        self.values: dict[str, Any] = {}
        for name, body in parameters.items() if isinstance(parameters, dict) else ():
            if isinstance(body, dict) and _is_text(body.get("Default")):
                self.values[name] = body["Default"]
        self.values |= given or {}
        self.budget = 200_000

    def resolve(self, value: Any, depth: int = 0) -> Any:
        """Return a tree without functions: those that cannot be known become texts with ``${``."""
        self.budget -= 1
        if depth > _DEEP or self.budget < 0:
            return "${too deep}"
        if isinstance(value, list):
            items = [self.resolve(item, depth + 1) for item in value]
            return [item for item in items if item is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and next(iter(value)) in FUNCTIONS:
            name, argument = next(iter(value.items()))
            return self._called(name, argument, depth + 1)
        entries = {key: self.resolve(item, depth + 1) for key, item in value.items()}
        return {key: item for key, item in entries.items() if item is not NOTHING}

    def _called(self, name: str, argument: Any, depth: int) -> Any:
        if name == "Ref":
            return NOTHING if argument == "AWS::NoValue" else self._named(argument)
        if name == "Fn::Sub":
            return self._substituted(argument, depth)
        if name == "Fn::If" and isinstance(argument, list) and len(argument) == 3:
            first, second = self.resolve(argument[1], depth), self.resolve(argument[2], depth)
            return second if first is NOTHING else first
        argument = self.resolve(argument, depth)
        if name == "Fn::Join" and _is_pair(argument, str, list) and all(_is_text(item) for item in argument[1]):
            texts = [str(item)[: _LONG + 1] for item in argument[1]]
            return (
                argument[0].join(texts) if sum(map(len, texts)) + len(argument[0]) * len(texts) < _LONG else "${Join}"
            )
        if name == "Fn::Split" and _is_pair(argument, str, str) and "${" not in argument[1] and argument[0]:
            return argument[1].split(argument[0])
        if name == "Fn::Select" and isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], list):
            return _at(argument[1], argument[0])
        if name == "Fn::FindInMap" and isinstance(argument, list) and len(argument) >= 3:
            return self._mapped(argument)
        return f"${{{name.removeprefix('Fn::')} {argument}}}"[:200] if _is_text(argument) else f"${{{name}}}"

    def _named(self, name: Any) -> Any:
        return self.values.get(name, f"${{{name}}}") if isinstance(name, str) else "${Ref}"

    def _substituted(self, argument: Any, depth: int) -> Any:
        own: dict[str, Any] = {}
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):
            own = self.resolve(argument[1], depth)
            argument = argument[0]
        if not isinstance(argument, str) or len(argument) > _LONG:
            return "${Sub}"
        known = {k: text for k, v in (self.values | own).items() if _is_text(v) and len(text := str(v)) <= _LONG}
        text = _VARIABLE.sub(lambda match: known.get(match.group(1).strip(), match.group()), argument)
        return text.replace("${!", "${") if len(text) <= _LONG else "${Sub}"

    def _mapped(self, argument: list[Any]) -> Any:
        found: Any = self.mappings
        for part in argument[:3]:
            found = found.get(str(part)) if isinstance(found, dict) else None
        return found if found is not None else "${FindInMap}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _is_pair(value: Any, first: type, second: type) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], first) and isinstance(value[1], second)


def _at(items: list[Any], index: Any) -> Any:
    text = str(index)
    if text.isascii() and text.isdigit() and len(text) < 6 and int(text) < len(items):
        return items[int(text)]
    return "${Select}"
