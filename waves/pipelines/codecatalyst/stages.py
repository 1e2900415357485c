"""From the shape of a workflow to the stages of a plan: names, regions, approvals, and the minutes of each bake.

Which deployments form a wave is decided in `shape`. Minutes are never guessed: they come from the caller, or from the
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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from waves.files.documents import Document, Finding, InputError, did_you_mean, shown
from waves.pipelines.codecatalyst._actions import minutes_of
from waves.pipelines.codecatalyst.schema import BAKE_HINT
from waves.pipelines.codecatalyst.shape import Shape

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
    """

    regions: tuple[str, ...]
    bake_minutes: float
    approval: bool
    name: str
    actions: tuple[str, ...]


class Stages:
    """One reading of a workflow as stages; gathers every fault before it raises."""

    def __init__(self, document: Document, shape: Shape) -> None:
        self.document, self.shape, self.graph = document, shape, shape.graph
        self.faults: list[Finding] = []
        self.names = self._names()

    def read(self, bake_minutes: BakeMinutes) -> list[Stage]:
        """Give the stages, or raise InputError with every fault."""
        if not self.shape.waves:
            what = (
                "the workflow deploys to no region: there is no aws/ecs-deploy, aws/cdk-deploy or aws/cfn-deploy action"
            )
            self._fault(("Actions",), what, "no-deployment")
        self._check_regions()
        bakes = self._bakes(bake_minutes)
        if self.faults:
            raise InputError(self.faults)
        return [
            Stage(
                tuple(dict.fromkeys(self.shape.regions[i] for i in wave)),
                bakes[k],
                bool(self.shape.approvals[k]),
                self.names[k],
                tuple(self.graph.actions[i].label for i in wave),
            )
            for k, wave in enumerate(self.shape.waves)
        ]

    def _fault(self, where: tuple[str | int, ...], message: str, rule: str) -> None:
        self.faults.append(self.document.finding(where, message, rule))

    def _names(self) -> list[str]:
        names: list[str] = []
        for k, wave in enumerate(self.shape.waves):
            entries = [self.graph.actions[i] for i in wave]
            groups = {entry.group for entry in entries}
            name = next(iter(groups)) if len(groups) == 1 else None
            if name is None and len(entries) == 1:
                name = entries[0].name
            name = name or f"wave-{k + 1}"
            names.append(name if name not in names else f"{name}-{k + 1}")
        return names

    def _check_regions(self) -> None:
        first: dict[str, int] = {}
        for i, region in sorted(self.shape.regions.items(), key=lambda item: self.shape.wave[item[0]]):
            entry = self.graph.actions[i]
            if not region:
                what = f"{entry.label} ({entry.identifier}) does not state its region; write it in its Configuration"
                self._fault(entry.where, what, "region-unknown")
                continue
            earlier = first.setdefault(region, i)
            if self.shape.wave[earlier] != self.shape.wave[i]:
                other = self.graph.actions[earlier].label
                what = (
                    f"{entry.label} deploys to {region} in wave {self.shape.wave[i] + 1}, {other} in wave "
                    f"{self.shape.wave[earlier] + 1}; the model allows each region once"
                )
                self._fault(entry.where, what, "region-in-two-waves")

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
