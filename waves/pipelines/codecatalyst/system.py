"""CodeCatalyst as one of the systems: its own reading of a workflow, in the words that all systems share."""

from collections.abc import Iterator
from typing import Any

from waves.files.documents import Document, Finding
from waves.pipelines.codecatalyst.check import check_document
from waves.pipelines.codecatalyst.graph import Graph
from waves.pipelines.codecatalyst.regroup import arrange
from waves.pipelines.codecatalyst.rules import RULES
from waves.pipelines.codecatalyst.stages import Stages
from waves.pipelines.codecatalyst.write import ABILITIES, write
from waves.pipelines.reading import Reading
from waves.pipelines.steps import Hints
from waves.pipelines.system import System
from waves.pipelines.trees import text_of


def recognises(value: Any) -> bool:
    """Say whether values are a workflow, by its two keys."""
    return isinstance(value, dict) and bool({"SchemaVersion", "Actions"} & set(value))


def check(document: Document, hints: Hints) -> list[Finding]:
    """Return every finding of a workflow."""
    graph = Graph(document)
    found = check_document(document, graph)
    if any(finding.severity == "error" for finding in found):
        return found
    return sorted({*found, *_stages(document, graph, hints).findings("warning")})


def read(document: Document, hints: Hints) -> Reading:
    """Read a workflow as waves."""
    graph = Graph(document)
    name = text_of(document.value.get("Name")) if isinstance(document.value, dict) else ""
    stages = _stages(document, graph, hints)
    found = tuple(stages.findings("error"))
    if stages.faults:
        return Reading(document, name, (), {}, (), found)
    return Reading(document, name, stages.read_layers, dict(_fields(stages)), (), found, tuple(stages.layers.steps))


def _stages(document: Document, graph: Graph, hints: Hints) -> Stages:
    return Stages(
        document,
        graph,
        bake_minutes=hints.bake_minutes,
        environments=hints.environments,
        regions_of=dict(hints.regions_of) or None,
    )


def _fields(stages: Stages) -> Iterator[tuple[str, Any]]:
    """Say how regions move their traffic, and after how many minutes a deployment has failed."""
    rows = [
        (stages.layers.steps[i].region, stages.graph.actions[i]) for layer in stages.read_layers for i in layer.steps
    ]
    green = {region for region, entry in rows if entry.configuration.get("codedeploy-appspec")}
    if green and green == {region for region, _ in rows}:
        yield "strategy", "blue_green"
    elif green:
        yield "strategies", {region: "blue_green" for region in dict(rows) if region in green}
    limits = {text_of(entry.body.get("Timeout")) for _, entry in rows}
    limit = limits.pop() if len(limits) == 1 else ""
    if limit.isascii() and limit.isdigit() and int(limit[:9]) > 0:
        yield "deploy_timeout_minutes", float(limit[:9])


SYSTEM = System(
    "codecatalyst", "a CodeCatalyst workflow", "workflow", recognises, check, read, write, arrange, ABILITIES, RULES
)
