"""Move the deployments of a pipeline between its stages, and between run orders within a stage."""

import re
from collections.abc import Iterator

from waves.files.documents import Where
from waves.pipelines.blocks import Blocks, CannotMove
from waves.pipelines.codepipeline.pipeline import Action, Pipeline, Stage, pick, pipelines
from waves.pipelines.reading import Reading
from waves.pipelines.regrouping import Waves
from waves.pipelines.trees import text_of, texts_in

_NAMED = re.compile(r"#\{([A-Za-z0-9@_-]+)\.")


def arrange(blocks: Blocks, reading: Reading, new: Waves) -> list[str]:
    """Rearrange a pipeline: each wave keeps its stage and run order, new waves follow in the last stage."""
    return _Arranger(blocks, reading).arrange(new)


class _Arranger:
    def __init__(self, blocks: Blocks, reading: Reading) -> None:
        self.blocks, self.reading = blocks, reading
        self.pipeline = _pipeline_of(reading)
        self.actions = {action.where: (stage, action) for stage in self.pipeline.stages for action in stage.actions}
        self.slots = [self._slot(w) for w in range(len(reading.layers))]
        self.orders: dict[Where, tuple[int, int]] = {}  # of what moves, afterwards: stage and run order

    def arrange(self, new: Waves) -> list[str]:
        """Set run orders first, then move the blocks, then take out stages that have nothing left."""
        by_region = {region: found for layer in self.slots for region, found in layer.actions.items()}
        last = self.slots[-1]
        # Behind whatever else stands in the last stage, so that no test there runs beside a later wave.
        behind = max(action.order for action in last.stage.actions)
        depth = max(len({a.order for a in actions}) for actions in by_region.values())
        targets = [
            self.slots[k] if k < len(self.slots) else _Slot(last.stage, behind + 1 + (k - len(self.slots)) * depth, {})
            for k in range(len(new))
        ]
        content: dict[Where, list[Where]] = {slot.container: [] for slot in self.slots}
        for regions, target in zip(new, targets, strict=True):
            for region in regions:
                orders = sorted({action.order for action in by_region[region]})
                for action in by_region[region]:
                    moved = orders.index(action.order) if region not in target.actions else action.order - orders[0]
                    self._set_order(action, target.order + moved)
                    content[target.container].append(action.where)
                    self.orders[action.where] = (self._rank(target.stage), target.order + moved)
        emptied = [container[:-1] for container, wheres in content.items() if not self._fill(container, wheres)]
        if emptied:
            self.blocks.remove(emptied[0][:-1], [where[-1] for where in emptied])
        self._check_outputs()
        return [*self._told(emptied), *self._told_of_stages(emptied)]

    def _rank(self, stage: Stage) -> int:
        return int(stage.where[-1])

    def _told(self, emptied: list[Where]) -> Iterator[str]:
        for stage in (stage for stage in self.pipeline.stages if stage.where in emptied):
            held = [key for key in ("beforeEntry", "onSuccess", "onFailure") if pick(stage.body, key)]
            more = f", and with it its {' and '.join(held)}: what watched its regions does not any more" if held else ""
            yield f"the stage {stage.name} has no region left and is taken out{more}"

    def _told_of_stages(self, emptied: list[Where]) -> Iterator[str]:
        """Say where a region leaves a window, an alarm or what follows a failure, and finds another or none."""
        ranks = {int(stage.where[-1]): stage for stage in self.pipeline.stages}
        for slot in self.slots:
            for region, actions in slot.actions.items():
                old, new = slot.stage, ranks[self.orders[actions[0].where][0]]
                if old.where == new.where or old.where in emptied:
                    continue
                if keys := _lost(old, new):
                    what = f"{region} comes from the stage {old.name} into {new.name}, which has"
                    yield f"{what} {' and '.join(keys)}"

    def _check_outputs(self) -> None:
        """Refuse an order in which an action takes the variables of one that has not run yet."""
        makers = {text_of(pick(a.body, "namespace")): where for where, (_, a) in self.actions.items()}
        before = {where: (self._rank(stage), action.order) for where, (stage, action) in self.actions.items()}
        for where, (_, action) in self.actions.items():
            for name in {name for text in texts_in(action.body) for name in _NAMED.findall(text)}:
                maker = makers.get(name)
                if maker is None or before[maker] >= before[where]:
                    continue
                if {**before, **self.orders}[maker] >= {**before, **self.orders}[where]:
                    made = self.actions[maker][1].label
                    raise CannotMove(f"{action.label} takes what {made} puts out, and so has to come after it")

    def _slot(self, w: int) -> "_Slot":
        layer = self.reading.layers[w]
        found: dict[str, list[Action]] = {region: [] for region in layer.regions}
        stages: dict[Where, Stage] = {}
        for step in (self.reading.steps[i] for i in layer.steps):
            stage, action = self.actions[step.where]
            stages[stage.where] = stage
            found[step.region].append(action)
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


def _lost(old: Stage, new: Stage) -> list[str]:
    """Return which conditions of a stage another one does not have; alarms differ from wave to wave."""
    found = []
    for key in ("beforeEntry", "onSuccess", "onFailure"):
        one, other = pick(old.body, key), pick(new.body, key)
        if one and not other:
            found.append(f"no {key}")
        elif one and one != other and key != "onSuccess":
            found.append(f"another {key}")
    return found


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


def _pipeline_of(reading: Reading) -> Pipeline:
    place = next(iter(reading.layers[0].spots.values()))
    return next(p for p in pipelines(reading.document) if place[: len(p.where)] == p.where)
