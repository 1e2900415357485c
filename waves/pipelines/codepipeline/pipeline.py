"""A CodePipeline pipeline as it stands in a file: the JSON of `get-pipeline`, or a resource of a template.

Tolerant: what is not shaped as it should be is taken for empty here, and reported by `check`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from waves.files.documents import Document, Where
from waves.pipelines.codepipeline.schema import IDLE_MODES, PROVIDERS, RESOURCE, Provider, capital
from waves.pipelines.codepipeline.template import Template
from waves.pipelines.minutes import Waited, minutes_of, slept
from waves.pipelines.steps import BAKE_HINT, REGION_HINT, StepKind
from waves.pipelines.trees import map_of, text_of

_ARN = re.compile(r"arn:[a-z-]+:codepipeline:([a-z0-9-]+):")


@dataclass(frozen=True)
class Rule:
    """One rule of a condition: its name and provider, its configuration, and what happens when it is not met."""

    where: Where
    name: str
    provider: str
    configuration: Mapping[str, str]
    region: str
    result: str


@dataclass(frozen=True)
class Action:
    """One action, as it stands in the file."""

    where: Where
    stage: str
    body: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its name."""
        return text_of(pick(self.body, "name"))

    @property
    def label(self) -> str:
        """Its stage and its name."""
        return f"{self.stage}/{self.name}"

    @property
    def type(self) -> tuple[str, str]:
        """Its category and provider."""
        found = map_of(pick(self.body, "actionTypeId"))
        return text_of(pick(found, "category")), text_of(pick(found, "provider"))

    @property
    def known(self) -> Provider | None:
        """Its provider, where the user guide has it."""
        return PROVIDERS.get(self.type)

    @property
    def kind(self) -> StepKind:
        """What it is: by its category, provider, and for CloudFormation its mode."""
        if self.type == ("Deploy", "CloudFormation") and self.configuration.get("ActionMode") in IDLE_MODES:
            return "build"
        if self.known:
            return self.known.kind
        return {"Deploy": "deploy", "Approval": "approval", "Test": "test", "Source": "build", "Build": "build"}.get(
            self.type[0],
            "other",  # type: ignore[return-value]
        )

    @property
    def order(self) -> int:
        """Its run order in the stage, from 1."""
        text = text_of(pick(self.body, "runOrder"))
        return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1

    @property
    def configuration(self) -> dict[str, str]:
        """Its configuration, as texts."""
        return {key: text_of(value) for key, value in map_of(pick(self.body, "configuration")).items()}

    @property
    def region(self) -> str:
        """The region that it states, or an empty text."""
        text = text_of(pick(self.body, "region"))
        return text

    @property
    def regions(self) -> list[str]:
        """The regions of a stack set, in its order; else none."""
        if not self.type[1].startswith("CloudFormationStack"):
            return []
        return [text for text in re.split(r"[\s,]+", self.configuration.get("Regions", "")) if text]

    @property
    def waited(self) -> Waited:
        """What it waits, where it says so: the BAKE_MINUTES hint, or sleeps among its commands."""
        variables = dict(self._variables())
        if BAKE_HINT in variables:
            return Waited(minutes_of(variables[BAKE_HINT]))
        commands = pick(self.body, "commands")
        return slept(map(text_of, commands), variables) if isinstance(commands, list) else Waited()

    @property
    def said_region(self) -> str:
        """The region in its DEPLOYS_REGION hint, or an empty text."""
        return next((value for name, value in self._variables() if name == REGION_HINT), "")

    def _variables(self) -> Iterator[tuple[str, str]]:
        rows = pick(self.body, "environmentVariables")
        for row in map(map_of, rows if isinstance(rows, list) else ()):
            yield text_of(pick(row, "name")), text_of(pick(row, "value"))
        try:
            listed = json.loads(self.configuration.get("EnvironmentVariables") or "[]")
        except (ValueError, RecursionError):
            return
        for row in map(map_of, listed if isinstance(listed, list) else ()):
            yield text_of(row.get("name")), text_of(row.get("value"))


@dataclass(frozen=True)
class Stage:
    """One stage: its actions in the order of the file, and its conditions."""

    where: Where
    name: str
    body: Mapping[str, Any]
    actions: tuple[Action, ...]

    @property
    def orders(self) -> list[list[Action]]:
        """Its actions by run order: those of one list run side by side."""
        return [[a for a in self.actions if a.order == n] for n in sorted({a.order for a in self.actions})]

    def rules(self, entry: str) -> list[Rule]:
        """Return the rules of ``onSuccess``, ``onFailure`` or ``beforeEntry``."""
        found, outer = [], map_of(pick(self.body, entry))
        conditions = pick(outer, "conditions")
        for i, condition in enumerate(map(map_of, conditions if isinstance(conditions, list) else ())):
            rules = pick(condition, "rules")
            for j, body in enumerate(map(map_of, rules if isinstance(rules, list) else ())):
                where = (*self.where, _key(self.body, entry), _key(outer, "conditions"), i, _key(condition, "rules"), j)
                found.append(_rule(where, body, text_of(pick(condition, "result")).upper()))
        return found

    @property
    def on_failure(self) -> str:
        """ROLLBACK, RETRY, FAIL, SKIP or an empty text."""
        outer = map_of(pick(self.body, "onFailure"))
        rules = self.rules("onFailure")
        return (text_of(pick(outer, "result")) or (rules[0].result if rules else "")).upper()


def _rule(where: Where, body: Mapping[str, Any], result: str) -> Rule:
    provider = text_of(pick(map_of(pick(body, "ruleTypeId")), "provider"))
    configuration = {key: text_of(value) for key, value in map_of(pick(body, "configuration")).items()}
    return Rule(where, text_of(pick(body, "name")), provider, configuration, text_of(pick(body, "region")), result)


@dataclass(frozen=True)
class Pipeline:
    """One pipeline of a file.

    Attributes
    ----------
    where : tuple
        Its place in the document.
    body : dict
        With the functions of a template put in.
    resource : str or None
        Its name in the template; None for the JSON of `get-pipeline`.
    home : str
        The region that the pipeline itself lives in, where the file says so.
    """

    where: Where
    body: Mapping[str, Any]
    resource: str | None
    home: str

    @property
    def name(self) -> str:
        """What it calls itself; the resource's name where the template leaves it to CloudFormation."""
        text = text_of(pick(self.body, "name"))
        return text if text and "${" not in text else self.resource or text

    @property
    def stages(self) -> list[Stage]:
        """Its stages, in order."""
        key, found = _key(self.body, "stages"), []
        rows = pick(self.body, "stages")
        for s, body in enumerate(rows if isinstance(rows, list) else ()):
            where = (*self.where, key, s)
            name = text_of(pick(map_of(body), "name")) or f"stage {s + 1}"
            actions = pick(map_of(body), "actions")
            below = (*where, _key(map_of(body), "actions"))
            listed = [
                Action((*below, a), name, action)
                for a, action in enumerate(actions if isinstance(actions, list) else ())
                if isinstance(action, dict)
            ]
            found.append(Stage(where, name, map_of(body), tuple(listed)))
        return found


def pipelines(document: Document, given: Mapping[str, str] | None = None) -> list[Pipeline]:
    """Return every pipeline of a document.

    Parameters
    ----------
    document
        As it was read.
    given
        Values of parameters that the caller knows, such as ``AWS::Region``.
    """
    value = map_of(document.value)
    if isinstance(value.get("Resources"), dict):
        template = Template(value, given)
        return [
            Pipeline(("Resources", name, "Properties"), map_of(template.resolve(body.get("Properties"))), name, "")
            for name, body in value["Resources"].items()
            if isinstance(body, dict) and body.get("Type") == RESOURCE
        ]
    where: Where = ("pipeline",) if isinstance(value.get("pipeline"), dict) else ()
    match = _ARN.match(text_of(map_of(value.get("metadata")).get("pipelineArn")))
    body = value["pipeline"] if where else value
    return [Pipeline(where, body, None, match[1] if match else "")]


def pick(body: Mapping[str, Any], key: str) -> Any:
    """Return what stands under a key of the API, or under that of CloudFormation."""
    return body.get(key, body.get(capital(key)))


def _key(body: Mapping[str, Any], key: str) -> str:
    return key if key in body else capital(key)


def recognises(value: Any) -> bool:
    """Say whether values are a pipeline's JSON, or a template with a pipeline."""
    value = map_of(value)
    resources = value.get("Resources")
    if isinstance(resources, dict):
        return any(isinstance(body, dict) and body.get("Type") == RESOURCE for body in resources.values())
    body = map_of(value.get("pipeline")) or value
    stages = body.get("stages")
    return isinstance(stages, list) and any("actions" in map_of(stage) for stage in stages)
