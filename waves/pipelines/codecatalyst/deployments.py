"""What each action of a workflow is and where it deploys: by its identifier, its hints, and what the caller says.

Not here: which deployments form a wave (`shape`), and what the steps of an action merely look like (`suggestions`).

Two thirds of the public workflows deploy with a shell step or a third party's action. Nobody can know that from
outside, so it can be said, by an input variable of the action::

    Ship:
      Identifier: aws/build@v1
      Inputs:
        Variables:
          - Name: DEPLOYS_REGION
            Value: us-east-1

or by the caller, ``regions_of={"Ship": "us-east-1"}``, which also stands for a region that the file leaves to a secret.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from waves.files.documents import did_you_mean, shown
from waves.pipelines.codecatalyst.entries import resolved
from waves.pipelines.codecatalyst.graph import Graph
from waves.pipelines.codecatalyst.schema import BAKE_HINT, REGION_HINT, Kind, base_of, known_as
from waves.pipelines.trees import map_of, text_of


@dataclass(frozen=True)
class Target:
    """Where one action deploys.

    Attributes
    ----------
    region : str
        The region's code; empty where nobody says it.
    written : str
        What stands in the file in its place; empty where nothing does.
    environment : str
        The environment's name; empty where there is none.
    """

    region: str
    written: str
    environment: str


class Deployments:
    """The kinds of a workflow's actions, and the targets of those that deploy.

    Attributes
    ----------
    kinds : list of str
        For each action, by its identifier, its hints and its place: whatever has a BAKE_MINUTES variable and comes
        after a deployment is a test.
    targets : dict of int to Target
        By the position of the action, in the order of the file.
    said : dict of int to str
        The regions that the caller gave, by the position of the action.
    faults : list of str
        What is wrong with `regions_of`.
    """

    def __init__(self, graph: Graph, regions_of: Mapping[str, str] | None = None) -> None:
        self.graph = graph
        self.faults: list[str] = []
        self.said = dict(self._named(regions_of or {}))
        self.kinds: list[Kind] = [self._kind(i) for i in range(len(graph.actions))]
        self.targets = {i: self._target(i) for i, kind in enumerate(self.kinds) if kind == "deploy"}
        self._note_waits()

    def _named(self, regions_of: Mapping[str, str]) -> Iterator[tuple[int, str]]:
        """Find the actions that the caller names, by their labels or by names that only one action has."""
        labels = [entry.label for entry in self.graph.actions]
        for name, region in regions_of.items():
            found = [i for i, label in enumerate(labels) if label == name]
            found = found or [i for i, entry in enumerate(self.graph.actions) if entry.name == name]
            if not isinstance(region, str) or len(region.split()) != 1 or not region.isprintable():
                self.faults.append(f"the region of {shown(name)} is {shown(region)}; give a region's code")
            elif not found:
                hint = did_you_mean(str(name), labels) or f"; the actions are {', '.join(labels)}"
                self.faults.append(f"a region is given for {shown(name)}, which the workflow does not have{hint}")
            elif len(found) > 1:
                several = " and ".join(labels[i] for i in found)
                self.faults.append(f"a region is given for {shown(name)}, which may be {several}; name one of them")
            elif self.graph.actions[found[0]].kind == "approval":
                self.faults.append(f"a region is given for {shown(name)}, which is an approval and deploys nothing")
            else:
                yield found[0], region

    def _kind(self, i: int) -> Kind:
        entry = self.graph.actions[i]
        if i in self.said or (REGION_HINT in entry.variables and entry.kind != "approval"):
            return "deploy"
        flag = text_of(entry.configuration.get("no-execute-changeset"))
        only_looks = base_of(entry.identifier) == "aws/cfn-deploy" and flag in ("1", "true")
        return "other" if only_looks else entry.kind

    def _target(self, i: int) -> Target:
        entry = self.graph.actions[i]
        known = known_as(entry.identifier)
        stated = text_of(entry.configuration.get(known.region)) if known and known.region else ""
        written = self.said.get(i) or stated or entry.variables.get(REGION_HINT, "")
        region = entry.filled(written)
        return Target(region if resolved(region) else "", written, entry.environment)

    def _note_waits(self) -> None:
        """Call a test what comes after a deployment and says how long it waits."""
        deployments = sum(1 << i for i in self.targets)
        for i, entry in enumerate(self.graph.actions):
            waits = BAKE_HINT in entry.variables and self.graph.ancestors[i] & deployments
            if waits and self.kinds[i] in ("build", "other", "render"):
                self.kinds[i] = "test"

    def puts_out(self, i: int) -> bool:
        """Return whether an action makes something that others may take: artifacts or variables."""
        outputs = map_of(self.graph.actions[i].body.get("Outputs"))
        return bool(outputs.get("Artifacts") or outputs.get("Variables"))
