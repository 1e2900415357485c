"""Make waves of a workflow's graph: which deployments form a wave, what stands between waves, what does not fit.

Minutes, names and errors for people are in `stages`; here are only positions in the graph and notes.

Two deployments to one region and environment that follow each other, with no other region between, are one deployment
of two stacks, and whatever stands between them belongs to it. The wave of a region is the number of waves that must
have succeeded before it. So a workflow is wave-shaped when every deployment of a wave waits for all deployments of the
wave before; where one does not, that is noted.
"""

from dataclasses import dataclass

from waves.files.documents import Where
from waves.pipelines.codecatalyst.deployments import Deployments
from waves.pipelines.codecatalyst.environments import Environments
from waves.pipelines.codecatalyst.graph import bits
from waves.pipelines.codecatalyst.schema import BAKE_HINT, base_of


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
        What each action is, by its identifier, its hints and its place.
    regions : dict of int to str
        The region of each deployment that the plan is about, by the position of its action; empty where not known.
    waves : list of list of int
        The deployments of each wave, in the order of the file.
    approvals, bakes : list of list of int
        For each wave the approvals before it, and the tests that bake it.
    notes : list of Note
        What is not wave-shaped.
    """

    def __init__(self, deployments: Deployments, environments: Environments) -> None:
        self.graph, self.kinds, self.targets = deployments.graph, deployments.kinds, deployments.targets
        self.deployments = deployments
        self.notes: list[Note] = []
        self.regions = {i: target.region for i, target in self.targets.items() if environments.takes(i)}
        self._others = [i for i in self.targets if i not in self.regions]
        self.wave = self._waves()
        count = max(self.wave.values(), default=-1) + 1
        self.waves = [[i for i in self.regions if self.wave[i] == k] for k in range(count)]
        self.approvals: list[list[int]] = [[] for _ in range(count)]
        self.bakes: list[list[int]] = [[] for _ in range(count)]
        self._note_overlaps()
        self._note_environments()
        for i, kind in enumerate(self.kinds if count else []):
            if kind == "approval":
                self._place_approval(i)
            elif kind == "test":
                self._place_test(i)
            elif kind in ("build", "other"):
                self._note_other(i)
        self._note_idle_hints()

    def _less(self, i: int, j: int) -> bool:
        return bool(self.graph.ancestors[j] >> i & 1)

    def _label(self, i: int) -> str:
        region = self.regions.get(i)
        return f"{self.graph.actions[i].label} ({region})" if region else self.graph.actions[i].label

    def _note(self, i: int, message: str, rule: str = "not-wave-shaped") -> None:
        self.notes.append(Note(self.graph.actions[i].where, message, rule))

    def _units(self) -> list[list[int]]:
        """Join the deployments of one region that follow each other without another region between."""
        units: list[list[int]] = []
        for i in self.regions:
            unit = next((u for u in units if any(self._same_step(j, i) or self._same_step(i, j) for j in u)), None)
            if unit is None:
                units.append([i])
            else:
                unit.append(i)
        return units

    def _same_step(self, i: int, j: int) -> bool:
        if not self._less(i, j) or not self._same_place(i, j) or not self.regions[i]:
            return False
        between = [k for k in bits(self.graph.ancestors[j]) if self._less(i, k)]
        return all(self.regions.get(k, self.regions[i]) == self.regions[i] for k in between)

    def _same_place(self, i: int, j: int) -> bool:
        first, second = self.targets[i].environment, self.targets[j].environment
        return self.regions[i] == self.regions[j] and (first == second or not first or not second)

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

    def _note_environments(self) -> None:
        """Say where one region stands in a wave for two environments."""
        for wave in self.waves:
            first: dict[str, int] = {}
            for i in wave:
                before = first.setdefault(self.regions[i], i)
                names = sorted({self.targets[k].environment for k in (before, i)} - {""})
                if self.regions[i] and len(names) > 1:
                    what = f"{self.regions[i]} is deployed in {' and in '.join(names)}; the plan takes it as one region"
                    self._note(i, f"{what}; to choose, name the environment")

    def _note_overlaps(self) -> None:
        for i in self.regions:
            before = self.waves[self.wave[i] - 1] if self.wave[i] else []
            running = [self._label(j) for j in before if not self._less(j, i)]
            if running:
                what = f"{self._label(i)} may start while {_some(running)} of the wave before still {_runs(running)}"
                self._note(i, f"{what}; the plan takes them as two waves, one after the other")

    def _place_approval(self, i: int) -> None:
        before, gated = self._around(i)
        if not gated or (not before and self._stage_between([i], gated)):
            if not gated and not any(self._less(i, k) for k in self._others):
                self._note(i, f"no deployment waits for the approval {self._label(i)}; the plan leaves it out")
            return
        wave = min(self.wave[j] for j in gated)
        if any(self.wave[j] >= wave for j in before):
            self._note(
                i, f"the approval {self._label(i)} stands in the middle of wave {wave + 1}; the plan leaves it out"
            )
            return
        self.approvals[wave].append(i)
        free = [self._label(j) for j in self.waves[wave] if j not in gated]
        if free:
            what = f"{_some(free)} {_does(free)} not wait for the approval {self._label(i)}"
            self._note(i, f"{what}; the plan gates the whole wave")
        running = [self._label(j) for j in self.regions if self.wave[j] < wave and not self._less(j, i)]
        if running:
            what = f"the approval {self._label(i)} may be asked for while {_some(running)} still {_runs(running)}"
            self._note(i, f"{what}; the plan asks after the wave")
        if len(self.approvals[wave]) == 2:
            self._note(i, f"wave {wave + 1} has several approvals before it; the plan takes them as one")

    def _around(self, i: int) -> tuple[list[int], list[int]]:
        """Return the plan's deployments before an action, and those after it."""
        return [j for j in self.regions if self._less(j, i)], [j for j in self.regions if self._less(i, j)]

    def _stage_between(self, first: list[int], then: list[int]) -> bool:
        """Return whether a deployment of another stage stands between: then an action beside it is that stage's own."""
        return any(self._less(i, k) and self._less(k, j) for k in self._others for i in first for j in then)

    def _place_test(self, i: int) -> None:
        before, after = self._around(i)
        if not before or self._stage_between(before, [i]) or self._inside(i):
            return
        wave, last = max(self.wave[j] for j in before), len(self.waves) - 1
        held = [self.wave[j] for j in after]
        if held and min(held) <= wave:
            self._note(i, f"{self._label(i)} runs in the middle of wave {wave + 1}; the plan counts it as no bake")
        elif not held and wave < last:
            self._note(i, f"no wave waits for {self._label(i)}; the plan counts it as no bake")
        else:
            self.bakes[wave].append(i)
            free = [self._label(j) for j in self.waves[min(wave + 1, last)] if held and not self._less(i, j)]
            if free:
                what = f"{_some(free)} {_does(free)} not wait for {self._label(i)}"
                self._note(i, f"{what}; the plan bakes the whole wave")

    def _inside(self, i: int) -> bool:
        """Return whether an action stands between two stacks of one region: then it is of that region's deployment."""
        before, after = self._around(i)
        return any(self._same_place(j, k) and self.wave[j] == self.wave[k] for j in before for k in after)

    def _note_other(self, i: int) -> None:
        """Say what follows a wave and is no bake: a notification, a tag, an upload, or perhaps somebody who waits."""
        entry, (before, after) = self.graph.actions[i], self._around(i)
        quiet = base_of(entry.identifier) == "aws/cdk-bootstrap" or self._inside(i)
        if not before or quiet or self._stage_between(before, [i]):
            return
        wave = max(self.wave[j] for j in before)
        if after and wave < min(self.wave[j] for j in after):
            place, count = "between waves", "counts as no bake"
        elif not after and wave == len(self.waves) - 1 and not self.deployments.puts_out(i):
            place, count = "after the last wave", "counts as no bake, 0 minutes"
        else:
            return
        what = f"{entry.label} ({entry.identifier}) stands {place} and {count}"
        self._note(i, f"{what}; if it waits, give it a {BAKE_HINT} variable", "bake-left-out")

    def _note_idle_hints(self) -> None:
        """Say which BAKE_MINUTES of the plan's own actions nothing comes of."""
        used = {i for wave in self.bakes for i in wave}
        noted = {note.where for note in self.notes}
        for i, entry in enumerate(self.graph.actions if self.waves else []):
            foreign = i in self._others or self._is_foreign(i)
            if BAKE_HINT in entry.variables and i not in used and entry.where not in noted and not foreign:
                what = f"{BAKE_HINT} of {entry.label} has no effect"
                self._note(i, f"{what}; {self._why_idle(i)}", "hint-without-effect")

    def _is_foreign(self, i: int) -> bool:
        """Return whether an action belongs to a stage that the plan is not about."""
        before, after = self._around(i)
        earlier = not before and any(self._less(k, i) for k in self._others)
        return earlier or self._stage_between(before, [i]) or self._stage_between([i], after)

    def _why_idle(self, i: int) -> str:
        if i in self.regions:
            return "it deploys; a bake is the action that waits after it"
        if self._inside(i):
            return "what stands between stacks of one region is part of that region's deployment"
        return "no wave comes before it"


def _some(labels: list[str]) -> str:
    more = f" and {len(labels) - 3} more" if len(labels) > 3 else ""
    return ", ".join(labels[:3]) + more


def _does(labels: list[str]) -> str:
    return "does" if len(labels) == 1 else "do"


def _runs(labels: list[str]) -> str:
    return "runs" if len(labels) == 1 else "run"
