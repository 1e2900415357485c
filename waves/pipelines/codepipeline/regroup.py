"""Move the deployments of a pipeline between its stages, and between run orders within a stage."""

from waves.files.documents import Where
from waves.pipelines.blocks import Blocks, CannotMove
from waves.pipelines.codepipeline.pipeline import Action, Pipeline, Stage, pipelines
from waves.pipelines.reading import Reading
from waves.pipelines.regrouping import Waves


def arrange(blocks: Blocks, reading: Reading, new: Waves) -> None:
    """Rearrange a pipeline: each wave keeps its stage and run order, new waves follow in the last stage."""
    _Arranger(blocks, reading).arrange(new)


class _Arranger:
    def __init__(self, blocks: Blocks, reading: Reading) -> None:
        self.blocks, self.reading = blocks, reading
        self.pipeline = _pipeline_of(reading)
        self.actions = {action.where: (stage, action) for stage in self.pipeline.stages for action in stage.actions}
        self.slots = [self._slot(w) for w in range(len(reading.layers))]

    def arrange(self, new: Waves) -> None:
        """Set run orders first, then move the blocks, then take out stages that have nothing left."""
        by_region = {region: found for layer in self.slots for region, found in layer.actions.items()}
        last = self.slots[-1]
        targets = [
            self.slots[k] if k < len(self.slots) else _Slot(last.stage, last.order + k - len(self.slots) + 1, {})
            for k in range(len(new))
        ]
        content: dict[Where, list[Where]] = {slot.container: [] for slot in self.slots}
        for regions, target in zip(new, targets, strict=True):
            for region in regions:
                lowest = min(action.order for action in by_region[region])
                for action in by_region[region]:
                    self._set_order(action, target.order + action.order - lowest)
                    content[target.container].append(action.where)
        emptied = [container[:-1] for container, wheres in content.items() if not self._fill(container, wheres)]
        if emptied:
            self.blocks.remove(emptied[0][:-1], [where[-1] for where in emptied])

    def _slot(self, w: int) -> "_Slot":
        layer = self.reading.layers[w]
        found: dict[str, list[Action]] = {region: [] for region in layer.regions}
        stages: dict[Where, Stage] = {}
        for region, where in layer.spots.items():
            stage, first = self.actions[where]
            stages[stage.where] = stage
            found[region] = [a for a in stage.actions if a.where == where or (a.kind == "deploy" and _same(a, first))]
        if len(stages) > 1:
            raise CannotMove(f"wave {w + 1} stands in several stages")
        order = min(action.order for actions in found.values() for action in actions)
        return _Slot(next(iter(stages.values())), order, found)

    def _set_order(self, action: Action, order: int) -> None:
        if action.order != order:
            key = "runOrder" if "name" in action.body else "RunOrder"
            name = "name" if "name" in action.body else "Name"
            self.blocks.set_number(action.where, key, order, name)

    def _fill(self, container: Where, wheres: list[Where]) -> bool:
        """Put actions into a stage, and say whether it has any left."""
        old = [a.where for slot in self.slots if slot.container == container for a in slot.listed]
        if wheres:
            self.blocks.refill(container, sorted(old, key=_place), wheres)
        elif len(old) < len(self.blocks.node(container).value):
            self.blocks.remove(container, [where[-1] for where in old])
        return bool(wheres) or len(old) < len(self.blocks.node(container).value)


class _Slot:
    """The place of a wave: a stage and a run order."""

    def __init__(self, stage: Stage, order: int, actions: dict[str, list[Action]]) -> None:
        self.stage, self.order, self.actions = stage, order, actions
        self.container: Where = stage.actions[0].where[:-1]

    @property
    def listed(self) -> list[Action]:
        """Its deployments."""
        return [action for actions in self.actions.values() for action in actions]


def _place(where: Where) -> int:
    return int(where[-1])


def _same(one: Action, other: Action) -> bool:
    return one.region == other.region


def _pipeline_of(reading: Reading) -> Pipeline:
    place = next(iter(reading.layers[0].spots.values()))
    return next(p for p in pipelines(reading.document) if place[: len(p.where)] == p.where)
