"""What waits for what in a workflow: dependencies found or not, cycles, levels.

Sets of actions are integers, a bit for each action in the order of the file. Nothing here knows about waves; those are
made in `shape`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from waves.files.documents import Document, Where
from waves.pipelines.codecatalyst.entries import Entry, is_group
from waves.pipelines.codecatalyst.schema import VARIABLE
from waves.pipelines.trees import map_of, names_at, texts_in


@dataclass(frozen=True)
class Dependency:
    """One name in a `DependsOn`.

    Attributes
    ----------
    owner : str
        The label of the action or group that depends.
    owners, targets : int
        The actions that depend, and those depended on, as bits by their position among all actions.
    known : bool
        Whether the name was found.
    crosses : bool
        Whether it leaves its level: a group's action that names a top-level entry, or the other way round.
    """

    owner: str
    name: str
    where: Where
    owners: int
    targets: int
    known: bool
    crosses: bool

    @property
    def itself(self) -> bool:
        """Whether it names itself, its own group or its own member; such a dependency is left out."""
        return bool(self.owners & self.targets)


class Graph:
    """All actions of a workflow in the order of the file, and their dependencies."""

    def __init__(self, document: Document) -> None:
        self.groups: dict[str, Where] = {}
        self.actions: list[Entry] = []
        self.bodies: dict[Where, Mapping[str, Any]] = {}
        for name, body in map_of(map_of(document.value).get("Actions")).items():
            self._add(name, body)

    def _add(self, name: str, body: Any) -> None:
        where: Where = ("Actions", name)
        if not isinstance(body, dict):
            return
        if not is_group(body):
            self.actions.append(Entry(name, None, where, body))
            return
        self.groups[name] = where
        self.bodies[where] = body
        for inner, action in map_of(body["Actions"]).items():
            if isinstance(action, dict) and not is_group(action):
                self.actions.append(Entry(inner, name, (*where, "Actions", inner), action))

    def entries(self, mask: int) -> list[Entry]:
        """Return the actions that are set in `mask`, in the order of the file."""
        return [action for i, action in enumerate(self.actions) if mask >> i & 1]

    @cached_property
    def dependencies(self) -> list[Dependency]:
        """Every name in every `DependsOn`, found or not."""
        return [*self._group_dependencies(), *self._action_dependencies()]

    @cached_property
    def _tables(self) -> tuple[dict[str, int], dict[str, dict[str, int]], dict[str, int]]:
        """What names stand for: at the top level, inside each group, and anywhere inside a group."""
        inside: dict[str, dict[str, int]] = {name: {} for name in self.groups}
        top: dict[str, int] = dict.fromkeys(self.groups, 0)
        anywhere: dict[str, int] = {}
        for i, action in enumerate(self.actions):
            if action.group is not None:
                top[action.group] |= 1 << i
                inside[action.group][action.name] = 1 << i
                anywhere.setdefault(action.name, 1 << i)
        top |= {action.name: 1 << i for i, action in enumerate(self.actions) if action.group is None}
        return top, inside, anywhere

    def _group_dependencies(self) -> Iterator[Dependency]:
        top, _, anywhere = self._tables
        for group, where in self.groups.items():
            for item, name in names_at((*where, "DependsOn"), self.bodies[where].get("DependsOn")):
                found = top.get(name, anywhere.get(name))
                yield Dependency(group, name, item, top[group], found or 0, found is not None, name not in top)

    def _action_dependencies(self) -> Iterator[Dependency]:
        top, inside, anywhere = self._tables
        for i, action in enumerate(self.actions):
            near = inside[action.group] if action.group is not None else top
            for item, name in names_at((*action.where, "DependsOn"), action.body.get("DependsOn")):
                found = next((table[name] for table in (near, top, anywhere) if name in table), None)
                known, crosses = found is not None, name not in near
                yield Dependency(action.label, name, item, 1 << i, found or 0, known, crosses)

    @cached_property
    def implied(self) -> list[Dependency]:
        """What an action waits for because it takes another's artifact or variable.

        The guide's examples have artifacts without `DependsOn`, and AWS's own local runner waits for both. Where
        several actions could be meant, none is.
        """
        return [found for i in range(len(self.actions)) for found in (*self._by_artifact(i), *self._by_variable(i))]

    @cached_property
    def makers(self) -> dict[str, int]:
        """From each artifact to the actions that put it out, as bits."""
        made: dict[str, int] = {}
        for i, action in enumerate(self.actions):
            for _, name in action.artifacts_out:
                made[name] = made.get(name, 0) | 1 << i
        return made

    def _by_artifact(self, i: int) -> Iterator[Dependency]:
        action, near = self.actions[i], self._siblings(i)
        for where, name in action.artifacts_in:
            makers = self.makers.get(name, 0) & ~(1 << i)
            maker = makers & near or makers
            if maker.bit_count() == 1:
                yield Dependency(action.label, name, where, 1 << i, maker, True, False)

    def _by_variable(self, i: int) -> Iterator[Dependency]:
        action = self.actions[i]
        top, inside, _ = self._tables
        near = inside[action.group] if action.group is not None else {}
        for name in {match for text in texts_in(action.body) for match in VARIABLE.findall(text)}:
            parts = name.split(".")
            if len(parts) == 3:
                maker = inside.get(parts[0], {}).get(parts[1], 0)
            else:
                maker = near.get(parts[0]) or (0 if parts[0] in self.groups else top.get(parts[0], 0))
            if len(parts) in (2, 3) and maker:
                yield Dependency(action.label, name, action.where, 1 << i, maker, True, False)

    def _siblings(self, i: int) -> int:
        top, _, _ = self._tables
        group = self.actions[i].group
        return top[group] if group is not None else 0

    @cached_property
    def before(self) -> list[int]:
        """For each action, the actions it directly waits for, as bits.

        By its `DependsOn`, that of its group, and by what it takes from others.
        """
        masks = [0] * len(self.actions)
        for dependency in (*self.dependencies, *self.implied):
            for i in bits(0 if dependency.itself else dependency.owners):
                masks[i] |= dependency.targets
        return masks

    @cached_property
    def ancestors(self) -> list[int]:
        """For each action, everything that must have succeeded before it, as bits; itself too if in a cycle."""
        return [self._closure(mask) for mask in self.before]

    def _closure(self, mask: int) -> int:
        seen, new = 0, mask
        while new:
            seen |= new
            new = _union(self.before[i] for i in bits(new)) & ~seen
        return seen

    def behind(self, mask: int) -> list[Entry]:
        """Return the actions that come after any of those in `mask`."""
        return [action for i, action in enumerate(self.actions) if self.ancestors[i] & mask and not mask >> i & 1]

    def cycles(self) -> list[list[Dependency]]:
        """Return one cycle, as a list of dependencies, for each knot of actions that wait for each other."""
        found, left = [], self._knotted()
        while left:
            path = self._walk(left)
            found.append([self._between(i, j) for i, j in zip(path, path[1:] + path[:1], strict=True)])
            left &= ~self._knot(path[0])
        return found

    def _knotted(self) -> int:
        """Return the actions that wait for themselves, as bits."""
        return _union(1 << i for i, mask in enumerate(self.ancestors) if mask >> i & 1)

    def _knot(self, i: int) -> int:
        """Return the actions that wait for each other together with `i`, as bits."""
        return _union(1 << j for j in bits(self.ancestors[i]) if self.ancestors[j] >> i & 1)

    def _walk(self, mask: int) -> list[int]:
        """Find a shortest way from the first action of `mask` back to itself, against the arrows."""
        start = next(bits(mask))
        ways: dict[int, list[int]] = {i: [start] for i in bits(self.before[start])}
        queue = list(ways)
        for i in queue:
            if i == start:
                return ways[i]
            for j in bits(self.before[i]):
                if j not in ways:
                    ways[j] = [*ways[i], i]
                    queue.append(j)
        raise AssertionError("an action in a cycle is its own ancestor")

    def _between(self, i: int, j: int) -> Dependency:
        ways = (d for d in (*self.dependencies, *self.implied) if d.owners >> i & 1 and d.targets >> j & 1)
        return next(way for way in ways if not way.itself)

    @cached_property
    def levels(self) -> list[int]:
        """For each action, how many actions stand on the longest way before it; only without cycles."""
        levels: dict[int, int] = {}
        while len(levels) < len(self.actions):
            ready = [i for i, m in enumerate(self.before) if i not in levels and all(j in levels for j in bits(m))]
            if not ready:
                raise AssertionError("levels were asked for a workflow with a cycle")
            levels |= {i: 1 + max((levels[j] for j in bits(self.before[i])), default=-1) for i in ready}
        return [levels[i] for i in range(len(self.actions))]


def bits(mask: int) -> Iterator[int]:
    """Return the positions of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _union(masks: Iterator[int]) -> int:
    result = 0
    for mask in masks:
        result |= mask
    return result
