"""Move the deployments of a workflow between its action groups, or change what each of them depends on."""

from collections.abc import Mapping, Sequence
from typing import Any

from waves.files.documents import Where
from waves.pipelines.blocks import Blocks, CannotMove
from waves.pipelines.codecatalyst.entries import is_group
from waves.pipelines.codecatalyst.graph import Graph as Workflow
from waves.pipelines.ordering import Graph, rearranged
from waves.pipelines.reading import Reading
from waves.pipelines.regrouping import Waves, write_needs
from waves.pipelines.steps import bits
from waves.pipelines.trees import map_of, names_at, text_of

_TOP: Where = ("Actions",)
_KEY, _AFTER = "DependsOn", "Identifier"
Names = dict[str, list[str]]  # from regions to the names of their entries


def arrange(blocks: Blocks, reading: Reading, new: Waves) -> list[str]:
    """Rearrange a workflow: each wave keeps its group, new waves follow in the last one."""
    return _Arranger(blocks, reading).arrange(new)


class _Level:
    """The entries of the top, or of one group."""

    def __init__(self, where: Where, entries: Mapping[str, Any], refers: Mapping[str, set[str]]) -> None:
        self.where, self.entries = where, entries
        self.needs = {n: [name for _, name in names_at((), map_of(b).get(_KEY))] for n, b in entries.items()}
        self.gates = frozenset(
            n for n, b in entries.items() if text_of(map_of(b).get(_AFTER)).startswith("aws/approval")
        )
        self.refers = refers
        self.waves: list[Names] = []

    def graph(self, places: frozenset[str] = frozenset()) -> Graph:
        return Graph(self.needs, self.waves, places, self.gates, self.refers)

    def around(self, name: str) -> set[str]:
        """Return what hangs together with an entry, by what they wait for and take from each other."""
        links = [(n, m) for n, needs in self.needs.items() for m in {*needs, *self.refers[n]} if m in self.needs]
        found, frontier = {name}, {name}
        while frontier:
            frontier = {b for pair in links for a, b in (pair, pair[::-1]) if a in frontier} - found
            found |= frontier
        return found


class _Arranger:
    def __init__(self, blocks: Blocks, reading: Reading) -> None:
        self.blocks, self.reading = blocks, reading
        self.actions = map_of(map_of(reading.document.value).get("Actions"))
        self.taken = _taken(Workflow(reading.document))
        self.deploying = {str(reading.steps[i].where[-1]) for layer in reading.layers for i in layer.steps}
        self.levels: dict[Where, _Level] = {_TOP: self._level(_TOP)}
        self.homes = [self._home(w) for w in range(len(reading.layers))]
        self.by_region: Names = {
            r: ns for level in self.levels.values() for wave in level.waves for r, ns in wave.items()
        }
        self.home_of = {r: home for home, layer in zip(self.homes, reading.layers, strict=True) for r in layer.regions}

    def _home(self, w: int) -> Where:
        """Note the entries of an old wave, and return where they stand."""
        layer = self.reading.layers[w]
        deployments: dict[str, list[Where]] = {region: [] for region in layer.regions}
        for i in layer.steps:
            deployments[self.reading.steps[i].region].append(self.reading.steps[i].where)
        homes = {where[:-1] for wheres in deployments.values() for where in wheres}
        if len(homes) > 1:
            raise CannotMove(f"wave {w + 1} stands in several groups")
        home = homes.pop()
        level = self.levels.setdefault(home, self._level(home))
        named = {r: [str(where[-1]) for where in wheres] for r, wheres in deployments.items()}
        level.waves.append({r: self._belonging(level, names, named) for r, names in named.items()})
        return home

    def _level(self, home: Where) -> _Level:
        entries = self.actions if home == _TOP else map_of(self.actions[str(home[1])]["Actions"])
        refers = {n: {str(m[-1]) for m in self.taken.get((*home, n), ()) if m[:-1] == home} - {n} for n in entries}
        return _Level(home, entries, refers)

    def _belonging(self, level: _Level, names: list[str], wave: Names) -> list[str]:
        """Return a region's entries: its deployments, and in a group whatever hangs together with no other region's."""
        others = {name for region, theirs in wave.items() for name in theirs} - set(names)
        found = set(names).union(*(level.around(name) for name in names))
        if level.where == _TOP or found & others:
            return names
        return [name for name in level.needs if name in found]

    def arrange(self, new: Waves) -> list[str]:
        """Write who waits for whom, move the blocks, and take out groups that have nothing left."""
        targets = [self.homes[min(k, len(self.homes) - 1)] for k in range(len(new))]
        fillings: list[tuple[_Level, list[Names]]] = []
        for home, level in self.levels.items():
            waves = [regions for regions, target in zip(new, targets, strict=True) if target == home]
            wanted = [{r: self.by_region[r] for r in regions} for regions in waves]
            if home != _TOP and wanted:
                self._order_group(level, wanted)
            fillings.append((level, wanted))
        gone = self._order_top(new, targets)
        # The top last: its blocks are groups, and take along what has changed within them.
        for level, wanted in sorted(fillings, key=lambda filling: filling[0].where == _TOP):
            if wanted:
                self._refill(level, wanted, gone if level.where == _TOP else [])
        if not any(wanted for level, wanted in fillings if level.where == _TOP):
            self.blocks.remove(_TOP, gone)
        return [f"the group {name} has no region left and is taken out" for name in gone]

    def _refill(self, level: _Level, wanted: Sequence[Names], gone: Sequence[str]) -> None:
        blocks: list[Where] = [(*self.home_of[r], name) for wave in wanted for r in wave for name in wave[r]]
        moving = {n for wave in level.waves for names in wave.values() for n in names}.union(gone)
        slots = [(*level.where, n) for n in level.needs if n in moving]
        self.blocks.refill(level.where, slots, blocks)

    def _order_group(self, level: _Level, wanted: Sequence[Names]) -> None:
        extra: dict[str, list[str]] = {}
        for region in (r for wave in wanted for r in wave if self.home_of[r] != level.where):
            names, home = self.by_region[region], self.levels[self.home_of[region]]
            stays = next((m for n in names for m in home.refers[n] - {*names} if home.where != _TOP), None)
            if stays is not None:
                raise CannotMove(f"{names[0]} takes what {stays} puts out, which stays in the group {home.where[1]}")
            extra |= {n: [m for m in home.needs[n] if m in names] for n in names}
        found = rearranged(level.graph(), wanted, extra, dict.fromkeys(extra, self._shared(level)))
        for name, needs in found.items():
            where, old = (*level.where, name), level.needs.get(name)
            if name in extra:
                region = next(r for wave in wanted for r, names in wave.items() if name in names)
                where, old = (*self.home_of[region], name), self.levels[self.home_of[region]].needs[name]
            self._write(where, old or [], needs)

    def _shared(self, level: _Level) -> set[str]:
        """Return what all regions of a group wait for in it, where there are several."""
        outside = level.graph().outside()
        heads = [outside[n] for wave in level.waves for names in wave.values() for n in names if n in self.deploying]
        return set(heads[0]).intersection(*heads[1:]) if len(heads) > 1 else set()

    def _write(self, where: Where, old: list[str], new: list[str]) -> None:
        body = self.actions[str(where[1])] if len(where) == 2 else {}
        write_needs(self.blocks, where, _KEY, old, new, "" if is_group(map_of(body)) else _AFTER)

    def _order_top(self, new: Waves, targets: list[Where]) -> list[str]:
        """Order the groups and what stands beside them; whoever waited for a group that goes waits for the last one."""
        top = self.levels[_TOP]
        groups = [str(home[1]) for home in dict.fromkeys(self.homes) if home != _TOP]
        kept = [str(home[1]) for home in dict.fromkeys(targets) if home != _TOP]
        wanted = [{r: self.by_region[r] for r in rs} for rs, target in zip(new, targets, strict=True) if target == _TOP]
        outside = top.graph(frozenset(groups)).outside()
        extra: dict[str, list[str]] = {}
        required: dict[str, set[str]] = {name: set() for name in kept}
        for regions, target in zip(new, targets, strict=True):
            for region in regions:
                self._require(region, target, outside, extra, required)
        if top.waves and not wanted:
            raise CannotMove("the deployments that stand in no group would be left with no wave of their own")
        found = rearranged(top.graph(frozenset(groups)), wanted, extra, required)
        gone = [name for name in groups if name not in kept]
        self._check_gone(gone)
        last = [n for r in new[-1] for n in self.by_region[r] if n in self.deploying]
        instead = last if targets[-1] == _TOP else [str(targets[-1][1])]
        for name, needs in found.items():
            if name in gone:
                continue
            needs = list(dict.fromkeys(m for n in needs for m in (instead if n in gone else [n])))
            if name in extra:
                region = next(r for wave in wanted for r, names in wave.items() if name in names)
                home = self.levels[self.home_of[region]]
                self._write((*home.where, name), home.needs[name], needs)
            elif not self._leaves(name, wanted):
                self._write((*_TOP, name), top.needs[name], needs)
        return gone

    def _leaves(self, name: str, wanted: Sequence[Names]) -> bool:
        """Return whether a deployment goes from the top into a group, whose own `DependsOn` says the rest."""
        deploys = any(name in names for wave in self.levels[_TOP].waves for names in wave.values())
        return deploys and not any(name in names for wave in wanted for names in wave.values())

    def _require(self, region: str, target: Where, outside: Any, extra: Any, required: dict[str, set[str]]) -> None:
        """Note what a region, or the group that it comes into, has to wait for at the top."""
        home, names = self.home_of[region], self.by_region[region]
        came = set().union(*(outside[n] for n in (names if home == _TOP else [str(home[1])])))
        if target != _TOP:
            required[str(target[1])] |= came
        elif home != _TOP:
            for name in names:
                extra[name] = [n for n in self.levels[home].needs[name] if n in names]
                required[name] = came

    def _check_gone(self, gone: list[str]) -> None:
        for group in gone:
            level = self.levels["Actions", group, "Actions"]
            moved = {name for wave in level.waves for names in wave.values() for name in names}
            if moved != set(level.needs):
                raise CannotMove(f"the group {group} would be left with nothing to deploy")


def _taken(workflow: Workflow) -> dict[Where, set[Where]]:
    """Return for each action, or the group it stands in, those whose artifacts or variables it takes."""
    found: dict[Where, set[Where]] = {}
    for dependency in workflow.implied:
        for i in bits(dependency.owners):
            for j in bits(dependency.targets):
                owner, maker = workflow.actions[i].where, workflow.actions[j].where
                found.setdefault(owner, set()).add(maker)
                if owner[:-1] != maker[:-1]:
                    found.setdefault(owner[:2], set()).add(maker[:2])
    return found
