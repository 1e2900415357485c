"""`Workflow`: what a workflow file says, as facts, and its stages.

Faults are found in `check`; what deploys is in `deployments`, how waves are made is in `shape` and `stages`. Nothing
here knows plans: `waves.Plan` is made from the stages by its own module.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from waves.files.documents import Document, Finding, InputError, read_yaml
from waves.pipelines.codecatalyst.check import check_document
from waves.pipelines.codecatalyst.deployments import Deployments
from waves.pipelines.codecatalyst.entries import Entry
from waves.pipelines.codecatalyst.graph import Graph
from waves.pipelines.codecatalyst.schema import VARIABLE, Kind, base_of, known_as
from waves.pipelines.codecatalyst.stages import Stage, Stages
from waves.pipelines.steps import BakeMinutes
from waves.pipelines.trees import text_of


@dataclass(frozen=True)
class Action:
    """One action of a workflow.

    Attributes
    ----------
    name, identifier : str
        As in the file.
    group : str or None
        The group it stands in.
    line, column : int
        Where its name stands, counted from 1.
    kind : {"build", "test", "render", "deploy", "approval", "other"}
        What it does: by its identifier and its hints (``DEPLOYS_REGION``, and after a deployment ``BAKE_MINUTES``).
    depends_on : tuple of str
        Everything it directly waits for, as ``group/action``: by its `DependsOn`, by its group's, and by the
        artifacts and variables that it takes from others.
    """

    name: str
    group: str | None
    identifier: str
    line: int
    column: int
    kind: Kind
    depends_on: tuple[str, ...]

    @property
    def label(self) -> str:
        """Its name, with its group's in front: ``Wave-1/Deploy``."""
        return f"{self.group}/{self.name}" if self.group is not None else self.name


@dataclass(frozen=True)
class Deployment:
    """What one action deploys.

    Attributes
    ----------
    action : str
        The action, as ``group/action``.
    group : str or None
        Its group.
    region : str
        The region's code; empty where the file does not state it.
    cluster, service : str
        The ECS or EKS cluster; the service, stack or manifests. Empty where there is none.
    task_definition : str
        For ECS: the action that makes the task definition, else the path as written. Empty for others.
    blue_green : bool
        Whether ECS deploys through CodeDeploy.
    environment : str
        The name of its environment; empty where there is none.
    """

    action: str
    group: str | None
    region: str
    cluster: str
    service: str
    task_definition: str
    blue_green: bool
    environment: str = ""


@dataclass(frozen=True)
class Workflow:
    """A CodeCatalyst workflow as it was read; see `Workflow.read`.

    Attributes
    ----------
    path, name, schema_version : str
        The file, and what it calls itself.
    run_mode : str
        QUEUED (the default), SUPERSEDED or PARALLEL.
    triggers : tuple of str
        The triggers' types: PUSH, PULLREQUEST, SCHEDULE.
    actions : tuple of Action
        In the order of the file.
    deployments : tuple of Deployment
        In the order of the file.
    levels : tuple of tuple of str
        The actions, as ``group/action``, by the number of actions that must have succeeded before them one after the
        other, dependencies of groups included.
    findings : tuple of Finding
        The warnings of `check`, those of reading it as a plan among them.
    """

    path: str
    name: str
    schema_version: str
    run_mode: str
    triggers: tuple[str, ...]
    actions: tuple[Action, ...]
    deployments: tuple[Deployment, ...]
    levels: tuple[tuple[str, ...], ...]
    findings: tuple[Finding, ...]
    _document: Document = field(repr=False, compare=False)
    _graph: Graph = field(repr=False, compare=False)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """Read a workflow file.

        Parameters
        ----------
        path : path-like
            The file.

        Raises
        ------
        InputError
            With all findings of `check`, if one of them is an error.
        """
        document = read_yaml(path, dialect="workflow")
        graph = Graph(document)
        findings = check_document(document, graph)
        if any(finding.severity == "error" for finding in findings):
            raise InputError(findings)
        stages, top = Stages(document, graph), document.value
        return cls(
            document.path,
            text_of(top["Name"]),
            text_of(top["SchemaVersion"]),
            (text_of(top.get("RunMode")) or "QUEUED").upper(),
            tuple(text_of(trigger.get("Type")).upper() for trigger in top.get("Triggers") or []),
            _actions(document, stages.deployments),
            tuple(_deployment(stages.deployments, i) for i in stages.deployments.targets),
            _levels(graph),
            tuple(sorted({*findings, *stages.findings("warning")})),
            document,
            graph,
        )

    def stages(
        self,
        bake_minutes: BakeMinutes = None,
        *,
        environments: Sequence[str] | None = None,
        regions_of: Mapping[str, str] | None = None,
    ) -> list[Stage]:
        """Read the workflow as an ordered list of waves.

        Parameters
        ----------
        bake_minutes : float, sequence of float, mapping of str to float, or None
            Minutes that each wave bakes: one number for every wave, one a wave, or by the name of the wave. For what
            is left out the BAKE_MINUTES hints count: an input variable of that name of the test between two waves.
        environments : sequence of str, optional
            The environments that the plan is about. Left out, it is the last stage: those that no other waits for.
        regions_of : mapping of str to str, optional
            From actions (``group/action``, or a name that only one has) to the region that each deploys to: for a
            region that the file leaves to a secret or to code, and for deployments by shell steps.

        Returns
        -------
        list of Stage
            In their order. Where no test stands after a wave, its bake is 0. What does not fit the model is in
            `notes`.

        Raises
        ------
        InputError
            If nothing is deployed, a region is not known or stands in two waves, a test has no minutes, or the
            caller names what the workflow does not have.
        """
        return self._read(bake_minutes, environments, regions_of).read()

    def notes(
        self, *, environments: Sequence[str] | None = None, regions_of: Mapping[str, str] | None = None
    ) -> list[Finding]:
        """Say what `stages` takes otherwise than it stands in the file; the parameters are the same.

        Returns
        -------
        list of Finding
            Warnings, in the order of the file.
        """
        return sorted(set(self._read(0, environments, regions_of).notes))

    def _read(
        self, bakes: BakeMinutes, environments: Sequence[str] | None, regions: Mapping[str, str] | None
    ) -> Stages:
        return Stages(self._document, self._graph, bake_minutes=bakes, environments=environments, regions_of=regions)

    def _of(self, kind: Kind) -> tuple[Action, ...]:
        return tuple(action for action in self.actions if action.kind == kind)

    @property
    def builds(self) -> tuple[Action, ...]:
        """The actions that build something."""
        return self._of("build")

    @property
    def renders(self) -> tuple[Action, ...]:
        """The actions that render a task definition."""
        return self._of("render")

    @property
    def tests(self) -> tuple[Action, ...]:
        """The actions that test, or wait."""
        return self._of("test")

    @property
    def approvals(self) -> tuple[Action, ...]:
        """The gates."""
        return self._of("approval")

    @cached_property
    def environments(self) -> tuple[str, ...]:
        """The environments deployed to, in the order of the file, each once."""
        return tuple(dict.fromkeys(d.environment for d in self.deployments if d.environment))

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """The regions deployed to, in the order of the file, each once."""
        return tuple(dict.fromkeys(d.region for d in self.deployments if d.region))

    @cached_property
    def task_definitions(self) -> dict[str, tuple[str, ...]]:
        """From each region to the task definitions deployed there, as `Deployment.task_definition` has them."""
        return self._by_region("task_definition")

    @cached_property
    def services(self) -> dict[str, tuple[str, ...]]:
        """From each region to the services or stacks deployed there."""
        return self._by_region("service")

    @cached_property
    def clusters(self) -> dict[str, tuple[str, ...]]:
        """From each region to the clusters deployed to."""
        return self._by_region("cluster")

    @property
    def one_task_definition(self) -> bool | None:
        """Whether all regions share their task definitions; None where no region deploys one."""
        sets = {frozenset(sources) for sources in self.task_definitions.values()}
        return len(sets) == 1 if sets else None

    def _by_region(self, attribute: str) -> dict[str, tuple[str, ...]]:
        found: dict[str, dict[str, None]] = {}
        for deployment in self.deployments:
            value = getattr(deployment, attribute)
            if deployment.region and value:
                found.setdefault(deployment.region, {})[value] = None
        return {region: tuple(values) for region, values in found.items()}


def _actions(document: Document, deployments: Deployments) -> tuple[Action, ...]:
    graph = deployments.graph
    return tuple(
        Action(
            entry.name,
            entry.group,
            entry.identifier,
            *document.places[entry.where],
            deployments.kinds[i],
            tuple(before.label for before in graph.entries(graph.before[i])),
        )
        for i, entry in enumerate(graph.actions)
    )


def _levels(graph: Graph) -> tuple[tuple[str, ...], ...]:
    levels: list[list[str]] = [[] for _ in range(max(graph.levels, default=-1) + 1)]
    for entry, level in zip(graph.actions, graph.levels, strict=True):
        levels[level].append(entry.label)
    return tuple(tuple(level) for level in levels)


def _deployment(deployments: Deployments, i: int) -> Deployment:
    entry, known = deployments.graph.actions[i], known_as(deployments.graph.actions[i].identifier)
    places = known.places if known else {}
    values = {key: entry.filled(entry.configuration.get(name)) for key, name in places.items()}
    return Deployment(
        entry.label,
        entry.group,
        deployments.targets[i].region,
        values.get("cluster", ""),
        values.get("service", ""),
        _task_definition(deployments.graph, entry),
        bool(entry.configuration.get("codedeploy-appspec")),
        entry.environment,
    )


def _task_definition(graph: Graph, entry: Entry) -> str:
    """Name the action whose output the task definition is, or the path as written."""
    text = entry.filled(entry.configuration.get("task-definition"))
    if base_of(entry.identifier) != "aws/ecs-deploy":
        return ""
    names = {action.name for action in graph.actions}
    makers = [match.split(".", 1)[0] for match in VARIABLE.findall(text)]
    return next((maker for maker in makers if maker in names), text)
