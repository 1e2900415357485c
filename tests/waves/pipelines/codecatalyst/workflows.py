"""Small workflows for tests: actions, groups, and the waves they make."""

from pathlib import Path
from typing import Any

import pytest

from waves.files.documents import InputError, write_yaml
from waves.pipelines.codecatalyst import Workflow

ENVIRONMENT = {"Name": "production", "Connections": [{"Name": "111122223333", "Role": "deploy"}]}
Tree = dict[str, Any]


def deploy(region: str, *depends_on: str, service: str = "web", cluster: str = "shop", **more: str) -> Tree:
    configuration = {"region": region, "cluster": cluster, "service": service, "task-definition": "task.json", **more}
    body: Tree = {"Identifier": "aws/ecs-deploy@v1", "Environment": ENVIRONMENT, "Configuration": configuration}
    return body | after(*depends_on)


def after(*depends_on: str) -> Tree:
    return {"DependsOn": list(depends_on)} if depends_on else {}


def build(*depends_on: str, identifier: str = "aws/build@v1", minutes: object = None) -> Tree:
    hint: Tree = {"Inputs": {"Variables": [{"Name": "BAKE_MINUTES", "Value": minutes}]}} if minutes is not None else {}
    return {"Identifier": identifier, "Configuration": {"Steps": [{"Run": "make"}]}} | hint | after(*depends_on)


def wait(minutes: object, *depends_on: str) -> Tree:
    return build(*depends_on, identifier="aws/managed-test@v1", minutes=minutes)


def gate(*depends_on: str) -> Tree:
    return {"Identifier": "aws/approval@v1"} | after(*depends_on)


def group(actions: Tree, *depends_on: str) -> Tree:
    return {"Actions": actions} | after(*depends_on)


def workflow(folder: Path, actions: Tree, **top: object) -> Workflow:
    path = folder / "workflow.yaml"
    write_yaml({"Name": "shop", "SchemaVersion": "1.0", **top, "Actions": actions}, path)
    return Workflow.read(path)


def waves(read: Workflow, bake_minutes: Any = None) -> list[tuple[str, float, bool]]:
    """Each wave in short: its regions, its bake, its approval."""
    return [(" ".join(s.regions), s.bake_minutes, s.approval) for s in read.stages(bake_minutes)]


def odd(read: Workflow) -> list[str]:
    return [f.message for f in read.findings if f.rule == "not-wave-shaped"]


def refusals(read: Workflow, bake_minutes: Any = None) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as caught:
        read.stages(bake_minutes)
    return [(f.rule, f.message) for f in caught.value.findings]
