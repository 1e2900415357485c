"""From a workflow to the stages of a plan: what CodeCatalyst knows beyond what all systems share.

Which deployments there are is decided in `deployments`, which of them the plan is about in `environments`; waves, what
stands between them and their minutes come from `waves.pipelines.layers`, as for every system. Minutes are never
guessed: they come from the caller, or from the hint, an input variable named BAKE_MINUTES of the action that stands
between two waves::

    Validate-1:
      Identifier: aws/managed-test@v1
      Inputs:
        Variables:
          - Name: BAKE_MINUTES
            Value: "30"

or from plain sleeps. A wave bakes as long as the longest way through its tests. Where no test stands, the bake is 0.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from waves.files.documents import Document, Finding, InputError, Severity, shown
from waves.pipelines.codecatalyst.deployments import Deployments
from waves.pipelines.codecatalyst.environments import Environments
from waves.pipelines.codecatalyst.graph import Graph, bits
from waves.pipelines.codecatalyst.schema import BAKE_HINT, REGION_HINT, base_of
from waves.pipelines.codecatalyst.suggestions import hints_of, region_said
from waves.pipelines.layers import Layers
from waves.pipelines.minutes import Waited, minutes_of, only_sleeps, slept
from waves.pipelines.reading import Layer, Note
from waves.pipelines.steps import BakeMinutes, Hints, Step, StepKind
from waves.pipelines.trees import text_of


@dataclass(frozen=True)
class Stage:
    """One wave of a workflow.

    Attributes
    ----------
    regions : tuple of str
        In the order of the file, each once.
    bake_minutes : float
        How long the wave is watched after its last deployment, in minutes.
    approval : bool
        Whether somebody must approve before the wave starts.
    name : str
        The group's name; without a group the deployment's, or ``wave-2``.
    actions : tuple of str
        The deployments, in the order of the file, as ``group/action``.
    action_regions : tuple of str
        The region of each of them.
    """

    regions: tuple[str, ...]
    bake_minutes: float
    approval: bool
    name: str
    actions: tuple[str, ...]
    action_regions: tuple[str, ...]


class Stages:
    """One reading of a workflow as stages; gathers every fault before it raises.

    Attributes
    ----------
    deployments, environments : Deployments, Environments
        What deploys, and which of it the plan is about.
    layers : Layers
        The waves of that.
    faults, notes : list of Finding
        What keeps the workflow from being a plan, and what the plan takes otherwise than it stands.
    """

    def __init__(
        self,
        document: Document,
        graph: Graph,
        *,
        bake_minutes: BakeMinutes = None,
        environments: Sequence[str] | None = None,
        regions_of: Mapping[str, str] | None = None,
    ) -> None:
        self.document, self.graph = document, graph
        self.deployments = Deployments(graph, regions_of)
        self.environments = Environments(self.deployments, environments)
        self.layers = _WorkflowLayers(self.deployments, self.environments, Hints(bake_minutes, environments))
        self.read_layers: tuple[Layer, ...] = self.layers.read()
        found = [*self._choices(), *self.layers.notes, *self._environment_note(), *unseen(self.deployments)]
        listed = [(n.severity, document.finding(n.where, n.message, n.rule, n.severity)) for n in found]
        self.faults = [finding for severity, finding in listed if severity == "error"]
        self.notes = [finding for severity, finding in listed if severity != "error"]

    def read(self) -> list[Stage]:
        """Return the stages, or raise InputError with every fault."""
        if self.faults:
            raise InputError(self.faults)
        return [
            Stage(
                layer.regions,
                layer.bake_minutes,
                layer.approval,
                layer.name,
                tuple(self.graph.actions[i].label for i in layer.steps),
                tuple(self.layers.steps[i].region for i in layer.steps),
            )
            for layer in self.read_layers
        ]

    def findings(self, severity: Severity) -> list[Finding]:
        """Return faults and notes; the faults as errors only where the workflow has to be a plan."""
        return [*(replace(fault, severity=severity) for fault in self.faults), *self.notes]

    def _choices(self) -> Iterator[Note]:
        """Refuse what the caller says of what the workflow does not have."""
        for fault in self.environments.faults:
            yield Note((), fault, "environment-unknown", "error")
        for fault in self.deployments.faults:
            yield Note((), fault, "region-of", "error")
        for i in (i for i in self.deployments.said if not self.environments.takes(i)):
            entry = self.graph.actions[i]
            what = f"a region is given for {shown(entry.label)}, whose environment {shown(entry.environment)}"
            yield Note(entry.where, f"{what} is no part of the plan", "region-of", "error")

    def _environment_note(self) -> Iterator[Note]:
        """Say which stage the plan is, where nobody chose and there are several."""
        if self.environments.left_out and self.environments.by_default:
            plan, others = _listed(self.environments.taken), _listed(self.environments.left_out)
            verb = "comes" if len(self.environments.left_out) == 1 else "come"
            what = f"the plan is the last stage, {plan}, and {others} {verb} before its first wave"
            remedy = f"for another stage, name it: --environment {shown(self.environments.left_out[0])}"
            yield Note(self.graph.actions[self.layers.waves[0][0]].where, f"{what}; {remedy}", "environment-left-out")


class _WorkflowLayers(Layers):
    """Waves by the environments of a workflow, in the words of its user guide."""

    whole = "the workflow"
    last_must_say = True

    def __init__(self, deployments: Deployments, environments: Environments, hints: Hints) -> None:
        self.deployed, self.environments, self.graph = deployments, environments, deployments.graph
        super().__init__(list(_steps(deployments)), hints)

    def _chosen(self, found: list[int]) -> list[int]:
        return [i for i in found if self.environments.takes(i)]

    def _latest(self, units: list[list[int]]) -> list[list[int]]:
        return units

    def label(self, i: int) -> str:
        """Return an action, with the region that it deploys to."""
        region = self.steps[i].region if i in self.wave else ""
        return f"{self.steps[i].label} ({region})" if region else self.steps[i].label

    def named(self, i: int) -> str:
        """Return an action with its identifier."""
        return f"{self.graph.actions[i].label} ({self.graph.actions[i].identifier})"

    def _same(self, i: int, j: int) -> bool:
        """Return whether two are stacks of one region and environment, with no other region between."""
        first, second = self.steps[i], self.steps[j]
        if not self.less(i, j) or not first.region or first.region != second.region:
            return False
        between = (self.steps[k] for k in bits(self.ancestors[j]) if self.less(i, k) and k in self.chosen)
        apart = first.stage and second.stage and first.stage != second.stage
        return not apart and all(step.region == first.region for step in between)

    def _quiet(self, i: int) -> bool:
        return super()._quiet(i) or base_of(self.graph.actions[i].identifier) == "aws/cdk-bootstrap"

    def _tells_last(self, i: int) -> bool:
        return not self.deployed.puts_out(i)

    def _name(self, wave: list[int]) -> str:
        """Name a wave by its group, its only deployment, or an environment that no other wave has."""
        entries = [self.graph.actions[i] for i in wave]
        groups = {entry.group for entry in entries}
        if len(groups) == 1 and (group := groups.pop()) is not None:
            return group
        if len(entries) == 1:
            return entries[0].name
        environments = {entry.environment for entry in entries}
        elsewhere = {self.steps[i].stage for other in self.waves if other != wave for i in other}
        return environments.pop() if len(environments) == 1 and not environments & elsewhere else ""

    def _note_nothing(self) -> None:
        if not self.deployed.targets:
            what = "there is no aws/ecs-deploy, aws/cdk-deploy or aws/cfn-deploy action, and none with a"
            message = f"the workflow deploys to no region: {what} {REGION_HINT} variable"
            self.fault(("Actions",), message, "no-deployment")

    def _unknown(self, i: int) -> str:
        """Word that a deployment's region is not known: what stands there, and every remedy."""
        entry, written = self.graph.actions[i], self.steps[i].written
        perhaps = f" (perhaps {said})" if (said := region_said(entry)) else ""
        remedy = f"give it with --region-of {entry.label}=REGION{perhaps}"
        if written:
            return f"the region of {entry.label} is {shown(written)}, which cannot be resolved; {remedy}"
        what = f"{self.named(i)} does not state its region; write it in its Configuration"
        return f"{what}, or {remedy}"

    def _note_more(self) -> None:
        self._note_environments()
        used = {i for wave in self.bakes for i in wave}
        noted = {note.where for note in self.notes}
        for i, entry in enumerate(self.graph.actions if self.waves else []):
            foreign = i in self.others or self._is_foreign(i)
            if BAKE_HINT in entry.variables and i not in used and entry.where not in noted and not foreign:
                what = f"{BAKE_HINT} of {entry.label} has no effect"
                self.note(i, f"{what}; {self._why_idle(i)}", "hint-without-effect")
            elif i in self.wave and (waited := _waited(self.deployed, i)):
                what = f"{self.named(i)} waits ({waited.unsaid or 'sleep'}) inside of what deploys"
                self.note(i, f"{what}, and that counts as no bake; wait in an action of its own", "bake-left-out")

    def _note_environments(self) -> None:
        """Say where one region stands in a wave for two environments."""
        for wave in self.waves:
            first: dict[str, int] = {}
            for i in wave:
                region = self.steps[i].region
                names = sorted({self.steps[k].stage for k in (first.setdefault(region, i), i)} - {""})
                if region and len(names) > 1:
                    what = f"{region} is deployed in {' and in '.join(names)}; the plan takes it as one region"
                    self.note(i, f"{what}; to choose, name the environment")

    def _is_foreign(self, i: int) -> bool:
        """Return whether an action belongs to a stage that the plan is not about."""
        before, after = self._around(i)
        earlier = not before and any(self.less(k, i) for k in self.others)
        return earlier or self._stage_between(before, [i]) or self._stage_between([i], after)

    def _why_idle(self, i: int) -> str:
        if i in self.wave:
            return "it deploys; a bake is the action that waits after it"
        if self._inside(i):
            return "what stands between stacks of one region is part of that region's deployment"
        return "no wave comes before it"


def _steps(deployments: Deployments) -> Iterator[Step]:
    """Yield the actions of a workflow as steps."""
    graph = deployments.graph
    deploying = sum(1 << i for i in deployments.targets)
    for i, entry in enumerate(graph.actions):
        kind, waited = deployments.kinds[i], Waited()
        hint = minutes_of(entry.variables.get(BAKE_HINT, ""))
        if kind in ("build", "other", "test") and graph.ancestors[i] & deploying:
            waited = Waited(hint) if hint is not None else _waited(deployments, i)
        target = deployments.targets.get(i)
        found: StepKind = "wait" if waited and kind != "test" else "build" if kind == "render" else kind
        yield Step(
            entry.label,
            entry.where,
            found,
            graph.before[i],
            target.region if target else "",
            target.written if target else "",
            entry.environment if target else "",
            minutes=waited.minutes if kind == "test" else waited.minutes or 0.0,
            unsaid=waited.unsaid if found == "wait" else "",
            inner=entry.group is not None,
            asks=kind == "approval",
        )


def _waited(deployments: Deployments, i: int) -> Waited:
    """Return what the steps of a build wait; a test says enough only where it does nothing else."""
    entry = deployments.graph.actions[i]
    lines = [line for step in entry.steps for line in text_of(step.get("Run", step.get("run"))).splitlines()]
    if deployments.kinds[i] == "test" and not only_sleeps(lines):
        return Waited()
    return slept(lines, {name: value for name, value in entry.variables.items() if "$" not in value})


def unseen(deployments: Deployments) -> Iterator[Note]:
    """Name the actions that look as if they deployed and of which the plan does not know: a suggestion, no guess."""
    for i, entry in enumerate(deployments.graph.actions):
        hints = hints_of(entry) if deployments.kinds[i] in ("build", "other", "test") else []
        if not hints:
            continue
        regions = dict.fromkeys(hint.region for hint in hints if hint.region)
        value = f'"{next(iter(regions))}", as it says' if len(regions) == 1 else "the code of its region"
        if len(regions) > 1:
            value += f" (it names {_listed(list(regions))}; an action of its own for each)"
        does = "" if hints[0].what == entry.identifier else f" runs {shown(hints[0].what)} and"
        what = f"{entry.label} ({entry.identifier}){does} may deploy, and the plan does not know of it"
        yield Note(
            entry.where, f"{what}; if it does, give it an input variable {REGION_HINT}: {value}", "deployment-unseen"
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]
