"""From the shape of a workflow to the stages of a plan: names, regions, approvals, and the minutes of each bake.

Which deployments there are is decided in `deployments`, which of them the plan is about in `environments`, and which of
those form a wave in `shape`. Minutes are never guessed: they come from the caller, or from the
hint, an input variable named BAKE_MINUTES of the action that stands between two waves::

    Validate-1:
      Identifier: aws/managed-test@v1
      Inputs:
        Variables:
          - Name: BAKE_MINUTES
            Value: "30"

A wave bakes as long as the longest way through its tests. Where no test stands, the bake is 0.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from waves.files.documents import Document, Finding, InputError, Severity, did_you_mean, shown
from waves.pipelines.codecatalyst._actions import minutes_of
from waves.pipelines.codecatalyst.deployments import Deployments
from waves.pipelines.codecatalyst.environments import Environments
from waves.pipelines.codecatalyst.graph import Graph
from waves.pipelines.codecatalyst.schema import BAKE_HINT, REGION_HINT
from waves.pipelines.codecatalyst.shape import Note, Shape
from waves.pipelines.codecatalyst.suggestions import hints_of, region_said

BakeMinutes = float | Sequence[float] | Mapping[str, float] | None


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
    deployments, environments, shape : Deployments, Environments, Shape
        What deploys, which of it the plan is about, and the waves of that.
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
        self.shape = Shape(self.deployments, self.environments)
        self.faults: list[Finding] = []
        self.names = self._names()
        self._check_choices()
        self._check_regions()
        self._minutes_of_waves = self._bakes(bake_minutes)
        self.notes = list(self._notes())

    def read(self) -> list[Stage]:
        """Return the stages, or raise InputError with every fault."""
        if self.faults:
            raise InputError(self.faults)
        return [
            Stage(
                tuple(dict.fromkeys(self.shape.regions[i] for i in wave)),
                self._minutes_of_waves[k],
                bool(self.shape.approvals[k]),
                self.names[k],
                tuple(self.graph.actions[i].label for i in wave),
                tuple(self.shape.regions[i] for i in wave),
            )
            for k, wave in enumerate(self.shape.waves)
        ]

    def findings(self, severity: Severity) -> list[Finding]:
        """Return faults and notes; the faults as errors only where the workflow has to be a plan."""
        return [*(replace(fault, severity=severity) for fault in self.faults), *self.notes]

    def _fault(self, where: tuple[str | int, ...], message: str, rule: str) -> None:
        self.faults.append(self.document.finding(where, message, rule))

    def _notes(self) -> Iterator[Finding]:
        for note in (*self._environment_note(), *self.shape.notes, *unseen(self.deployments)):
            yield self.document.finding(note.where, note.message, note.rule, "warning")

    def _environment_note(self) -> Iterator[Note]:
        """Say which stage the plan is, where nobody chose and there are several."""
        if self.environments.left_out and self.environments.by_default:
            plan, others = _listed(self.environments.taken), _listed(self.environments.left_out)
            verb = "comes" if len(self.environments.left_out) == 1 else "come"
            what = f"the plan is the last stage, {plan}, and {others} {verb} before its first wave"
            remedy = f"for another stage, name it: --environment {shown(self.environments.left_out[0])}"
            yield Note(self.graph.actions[self.shape.waves[0][0]].where, f"{what}; {remedy}", "environment-left-out")

    def _names(self) -> list[str]:
        names: list[str] = []
        for k, wave in enumerate(self.shape.waves):
            name = self._name(wave) or f"wave-{k + 1}"
            names.append(name if name not in names else f"{name}-{k + 1}")
        return names

    def _name(self, wave: list[int]) -> str | None:
        """Name a wave by its group, its only deployment, or an environment that no other wave has."""
        entries = [self.graph.actions[i] for i in wave]
        groups = {entry.group for entry in entries}
        if len(groups) == 1 and (group := groups.pop()) is not None:
            return group
        if len(entries) == 1:
            return entries[0].name
        environments = {entry.environment for entry in entries}
        elsewhere = {self.graph.actions[i].environment for other in self.shape.waves if other != wave for i in other}
        return environments.pop() or None if len(environments) == 1 and not environments & elsewhere else None

    def _check_choices(self) -> None:
        for fault in self.environments.faults:
            self._fault((), fault, "environment-unknown")
        for fault in self.deployments.faults:
            self._fault((), fault, "region-of")
        for i in (i for i in self.deployments.said if not self.environments.takes(i)):
            entry = self.graph.actions[i]
            what = f"a region is given for {shown(entry.label)}, whose environment {shown(entry.environment)}"
            self._fault(entry.where, f"{what} is no part of the plan", "region-of")
        if not self.deployments.targets:
            what = (
                "the workflow deploys to no region: there is no aws/ecs-deploy, aws/cdk-deploy or aws/cfn-deploy action"
            )
            self._fault(("Actions",), f"{what}, and none with a {REGION_HINT} variable", "no-deployment")

    def _check_regions(self) -> None:
        first: dict[str, int] = {}
        for i, region in sorted(self.shape.regions.items(), key=lambda item: self.shape.wave[item[0]]):
            if not region:
                self._fault(self.graph.actions[i].where, self._unknown(i), "region-unknown")
                continue
            earlier = first.setdefault(region, i)
            if self.shape.wave[earlier] != self.shape.wave[i]:
                what = (
                    f"{self.graph.actions[i].label} deploys to {region} in wave {self.shape.wave[i] + 1}, "
                    f"{self.graph.actions[earlier].label} in wave {self.shape.wave[earlier] + 1}; "
                    "the model allows each region once"
                )
                self._fault(self.graph.actions[i].where, what, "region-in-two-waves")

    def _unknown(self, i: int) -> str:
        """Word that a deployment's region is not known: what stands there, and every remedy."""
        entry, written = self.graph.actions[i], self.deployments.targets[i].written
        perhaps = f" (perhaps {said})" if (said := region_said(entry)) else ""
        remedy = f"give it with --region-of {entry.label}=REGION{perhaps}"
        if written:
            return f"the region of {entry.label} is {shown(written)}, which cannot be resolved; {remedy}"
        return (
            f"{entry.label} ({entry.identifier}) does not state its region; write it in its Configuration, or {remedy}"
        )

    def _bakes(self, given: BakeMinutes) -> list[float]:
        count = len(self.shape.waves)
        if isinstance(given, Mapping):
            return self._bakes_by_name(given)
        if isinstance(given, Sequence) and not isinstance(given, str):
            if len(given) != count:
                self._refuse(f"bake_minutes has {len(given)} numbers, but the workflow {count} waves; give one a wave")
                return [0.0] * count
            return [self._minutes(value, self.names[k]) for k, value in enumerate(given)]
        if given is not None:
            return [self._minutes(given, "every wave")] * count
        return [self._hinted(k) for k in range(count)]

    def _bakes_by_name(self, given: Mapping[str, float]) -> list[float]:
        for name in given:
            if name not in self.names:
                hint = did_you_mean(str(name), self.names) or f"; the waves are {', '.join(self.names)}"
                self._refuse(f"bake_minutes names the wave {shown(name)}, which the workflow does not have{hint}")
        return [
            self._minutes(given[name], name) if name in given else self._hinted(k) for k, name in enumerate(self.names)
        ]

    def _minutes(self, value: object, what: str) -> float:
        fine = isinstance(value, (int, float)) and not isinstance(value, bool)
        if fine and math.isfinite(value) and value >= 0:  # type: ignore[arg-type, operator]
            return float(value)  # type: ignore[arg-type]
        self._refuse(f"bake_minutes of {what} is {shown(value)}; give minutes, a number that is not negative")
        return 0.0

    def _refuse(self, message: str) -> None:
        self._fault((), message, "bake-minutes")

    def _hinted(self, k: int) -> float:
        """Add the hints up along the longest way through the tests of a wave."""
        longest: dict[int, float] = {}
        levels = self.graph.levels
        for i in sorted(self.shape.bakes[k], key=lambda i: levels[i]):
            before = self.graph.ancestors[i]
            start = max((longest[j] for j in longest if before >> j & 1), default=0.0)
            longest[i] = start + self._hint(i, k)
        return max(longest.values(), default=0.0)

    def _hint(self, i: int, k: int) -> float:
        entry = self.graph.actions[i]
        minutes = minutes_of(entry.variables.get(BAKE_HINT, ""))
        if minutes is not None:
            return minutes
        place = (
            f"between {self.names[k]} and {self.names[k + 1]}" if k + 1 < len(self.names) else f"after {self.names[k]}"
        )
        what = (
            f"{entry.label} ({entry.identifier}) stands {place}, and nobody says how many minutes that bake takes; "
            f"give it an input variable {BAKE_HINT}, or say bake_minutes= (on the command line --bake-minutes)"
        )
        self._fault(entry.where, what, "bake-unknown")
        return 0.0


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
