"""Make waves of a workflow's graph: which deployments form a wave, what stands between waves, what does not fit.

Minutes, names and errors for people are in `stages`; here are only positions in the graph and notes.

Two deployments to one region and environment with nothing in between but builds are one deployment of two services. The
wave of a region is the number of waves that must have succeeded before it. So a workflow is wave-shaped when every
deployment of a wave waits for all deployments of the wave before; where one does not, that is noted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from waves.files.documents import Document, Finding, Where
from waves.pipelines.codecatalyst.entries import map_of, text_of
from waves.pipelines.codecatalyst.graph import Graph, bits
from waves.pipelines.codecatalyst.schema import BAKE_HINT, IDENTIFIERS, Kind, base_of


@dataclass(frozen=True)
class Note:
    """Something that the model of waves does not take as it stands."""

    where: Where
    message: str
    rule: str = "not-wave-shaped"


class Shape:
    """The waves of a workflow.

    Attributes
    ----------
    kinds : list of str
        What each action is, by its identifier and by its place.
    regions : dict of int to str
        The region of each deployment, by the position of its action; empty where it is not stated.
    waves : list of list of int
        The deployments of each wave, in the order of the file.
    approvals, bakes : list of list of int
        For each wave the approvals before it, and the tests that bake it.
    notes : list of Note
        What is not wave-shaped.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.notes: list[Note] = []
        self.kinds = kinds_of(graph)
        self.regions = {i: region_of(graph, i) for i, kind in enumerate(self.kinds) if kind == "deploy"}
        self.wave = self._waves()
        count = max(self.wave.values(), default=-1) + 1
        self.waves = [[i for i in self.regions if self.wave[i] == k] for k in range(count)]
        self.approvals: list[list[int]] = [[] for _ in range(count)]
        self.bakes: list[list[int]] = [[] for _ in range(count)]
        self._note_overlaps()
        for i, kind in enumerate(self.kinds if count else []):
            if kind == "approval":
                self._place_approval(i)
            elif kind == "test":
                self._place_test(i)
            elif kind == "other":
                self._note_other(i)

    def _less(self, i: int, j: int) -> bool:
        return bool(self.graph.ancestors[j] >> i & 1)

    def _label(self, i: int) -> str:
        region = self.regions.get(i)
        return f"{self.graph.actions[i].label} ({region})" if region else self.graph.actions[i].label

    def _note(self, i: int, message: str, rule: str = "not-wave-shaped") -> None:
        self.notes.append(Note(self.graph.actions[i].where, message, rule))

    def _units(self) -> list[list[int]]:
        """Join the deployments of one region that follow each other without another region or a gate between."""
        units: list[list[int]] = []
        for i in self.regions:
            unit = next((u for u in units if any(self._same_step(j, i) or self._same_step(i, j) for j in u)), None)
            if unit is None:
                units.append([i])
            else:
                unit.append(i)
        return units

    def _same_step(self, i: int, j: int) -> bool:
        if not self._less(i, j) or self._place(i) != self._place(j) or not self.regions[i]:
            return False
        between = [k for k in bits(self.graph.ancestors[j]) if self._less(i, k)]
        return not any(
            self.kinds[k] in ("approval", "test") or self.regions.get(k, self.regions[i]) != self.regions[i]
            for k in between
        )

    def _place(self, i: int) -> tuple[str, str]:
        environment = map_of(self.graph.actions[i].body.get("Environment"))
        return self.regions[i], text_of(environment.get("Name"))

    def _waves(self) -> dict[int, int]:
        """Give each deployment its wave, counted from 0."""
        units = self._units()
        reach = [
            {v for v in range(len(units)) if v != u and self._before(units[u], units[v])} for u in range(len(units))
        ]
        for middle in range(len(units)):
            for u in range(len(units)):
                if middle in reach[u]:
                    reach[u] |= reach[middle]
        self._note_turns(units, reach)
        level: dict[int, int] = {}
        while len(level) < len(units):
            for v in range(len(units)):
                earlier = [u for u in range(len(units)) if v in reach[u] and u not in reach[v]]
                if all(u in level for u in earlier):
                    level[v] = 1 + max((level[u] for u in earlier), default=-1)
        return {i: level[u] for u, unit in enumerate(units) for i in unit}

    def _before(self, first: list[int], second: list[int]) -> bool:
        return any(self._less(i, j) for i in first for j in second)

    def _note_turns(self, units: list[list[int]], reach: list[set[int]]) -> None:
        for u, unit in enumerate(units):
            others = [v for v in reach[u] if v > u and u in reach[v]]
            if others:
                names = ", ".join(self.regions[units[v][0]] for v in others)
                what = f"{self.regions[unit[0]]} and {names} are deployed in turns; they are taken as one wave"
                self._note(unit[0], what)

    def _note_overlaps(self) -> None:
        for i in self.regions:
            before = self.waves[self.wave[i] - 1] if self.wave[i] else []
            running = [self._label(j) for j in before if not self._less(j, i)]
            if running:
                what = f"{self._label(i)} may start while {_some(running)} of the wave before still runs"
                self._note(i, f"{what}; the plan takes them as two waves, one after the other")

    def _place_approval(self, i: int) -> None:
        gated = [j for j in self.regions if self._less(i, j)]
        if not gated:
            self._note(i, f"no deployment waits for the approval {self._label(i)}; the plan leaves it out")
            return
        wave = min(self.wave[j] for j in gated)
        self.approvals[wave].append(i)
        free = [self._label(j) for j in self.waves[wave] if j not in gated]
        if free:
            what = f"{_some(free)} does not wait for the approval {self._label(i)}; the plan gates the whole wave"
            self._note(i, what)
        running = [self._label(j) for j in self.regions if self.wave[j] < wave and not self._less(j, i)]
        if running:
            what = f"the approval {self._label(i)} may be asked for while {_some(running)} still runs"
            self._note(i, f"{what}; the plan asks after the wave")
        if len(self.approvals[wave]) == 2:
            self._note(i, f"wave {wave + 1} has several approvals before it; the plan takes them as one")

    def _place_test(self, i: int) -> None:
        done = [self.wave[j] for j in self.regions if self._less(j, i)]
        if not done:
            return
        held = [self.wave[j] for j in self.regions if self._less(i, j)]
        wave, last = max(done), len(self.waves) - 1
        if held and min(held) <= wave:
            self._note(i, f"{self._label(i)} runs in the middle of wave {wave + 1}; the plan counts it as no bake")
        elif not held and wave < last:
            self._note(i, f"no wave waits for {self._label(i)}; the plan counts it as no bake")
        else:
            self.bakes[wave].append(i)
            free = [self._label(j) for j in self.waves[min(wave + 1, last)] if held and not self._less(i, j)]
            if free:
                self._note(i, f"{_some(free)} does not wait for {self._label(i)}; the plan bakes the whole wave")

    def _note_other(self, i: int) -> None:
        entry = self.graph.actions[i]
        done = [self.wave[j] for j in self.regions if self._less(j, i)]
        held = [self.wave[j] for j in self.regions if self._less(i, j)]
        if done and held and max(done) < min(held) and base_of(entry.identifier) != "aws/cdk-bootstrap":
            what = f"{entry.label} ({entry.identifier}) stands between waves and counts as no bake"
            self._note(i, f"{what}; if it waits, give it a {BAKE_HINT} variable", "bake-left-out")


def kinds_of(graph: Graph) -> list[Kind]:
    """Say what each action is: by its identifier, and for what follows a deployment by what it does there.

    After a deployment, a build that puts nothing out is a test, and so is whatever has a BAKE_MINUTES variable.
    """
    kinds: list[Kind] = [
        "other" if _only_a_changeset(graph, i) else entry.kind for i, entry in enumerate(graph.actions)
    ]
    deployments = sum(1 << i for i, kind in enumerate(kinds) if kind == "deploy")
    for i, entry in enumerate(graph.actions):
        outputs = map_of(entry.body.get("Outputs"))
        idle = not outputs.get("Artifacts") and not outputs.get("Variables")
        waits = (kinds[i] == "build" and idle) or BAKE_HINT in entry.variables
        if graph.ancestors[i] & deployments and kinds[i] in ("build", "other", "render") and waits:
            kinds[i] = "test"
    return kinds


def _only_a_changeset(graph: Graph, i: int) -> bool:
    flag = graph.actions[i].configuration.get("no-execute-changeset")
    return base_of(graph.actions[i].identifier) == "aws/cfn-deploy" and text_of(flag) in ("1", "true")


def region_of(graph: Graph, i: int) -> str:
    """Give the region that a deployment states, with the action's own variables put in; empty if it is not known."""
    entry = graph.actions[i]
    known = IDENTIFIERS.get(base_of(entry.identifier))
    region = entry.filled(entry.configuration.get(known.region)) if known and known.region else ""
    return "" if "${" in region else region


def shape_findings(document: Document, graph: Graph) -> Iterator[Finding]:
    """Give what is not wave-shaped as warnings; nothing for a workflow with a single deployment."""
    shape = Shape(graph)
    for note in shape.notes if len(shape.regions) > 1 else []:
        yield document.finding(note.where, note.message, note.rule, "warning")


def _some(labels: list[str]) -> str:
    more = f" and {len(labels) - 3} more" if len(labels) > 3 else ""
    return ", ".join(labels[:3]) + more
