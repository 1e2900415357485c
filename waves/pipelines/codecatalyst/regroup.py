"""Move the deployments of a workflow between its action groups, or change what each of them depends on."""

from collections.abc import Mapping
from typing import Any

from waves.files.documents import Where
from waves.pipelines.blocks import Blocks, CannotMove
from waves.pipelines.codecatalyst.entries import is_group
from waves.pipelines.reading import Reading
from waves.pipelines.regrouping import Level, Waves, rearrange
from waves.pipelines.trees import map_of, names_at, text_of

_TOP: Where = ("Actions",)


def arrange(blocks: Blocks, reading: Reading, new: Waves) -> None:
    """Rearrange a workflow: each wave keeps its group, new waves follow in the last one."""
    _Arranger(blocks, reading).arrange(new)


class _Arranger:
    def __init__(self, blocks: Blocks, reading: Reading) -> None:
        self.blocks, self.reading = blocks, reading
        self.actions = map_of(map_of(reading.document.value).get("Actions"))
        self.levels: dict[Where, Level] = {}
        self.homes: list[Where] = []  # of each old wave
        for w, layer in enumerate(reading.layers):
            homes = {where[:-1] for where in layer.spots.values()}
            if len(homes) > 1:
                raise CannotMove(f"wave {w + 1} stands in several groups")
            home = homes.pop()
            level = self.levels.setdefault(home, self._level(home))
            level.waves.append({r: self._belonging(level, str(layer.spots[r][-1]), layer.spots) for r in layer.regions})
            self.homes.append(home)

    def _level(self, home: Where) -> Level:
        entries = self.actions if home == _TOP else map_of(self.actions[str(home[1])]["Actions"])
        needs = {name: [n for _, n in names_at((), map_of(body).get("DependsOn"))] for name, body in entries.items()}
        gates = {n for n, body in entries.items() if text_of(map_of(body).get("Identifier")).startswith("aws/approval")}
        return Level(home, needs, gates, "DependsOn", "Identifier")

    def _belonging(self, level: Level, name: str, spots: Mapping[str, Where]) -> list[str]:
        """Return a region's entries: its deployment, and in a group whatever hangs together with no other region's."""
        if level.where == _TOP:
            return [name]
        others = {str(where[-1]) for where in spots.values()} - {name}
        around: dict[str, set[str]] = {n: set(needs) for n, needs in level.needs.items()}
        for n, needs in level.needs.items():
            for needed in needs:
                around.setdefault(needed, set()).add(n)
        found, frontier = {name}, {name}
        while frontier := {n for f in frontier for n in around.get(f, ())} - found:
            found |= frontier
        if found & others:
            return [name]
        return [n for n in level.needs if n in found]

    def arrange(self, new: Waves) -> None:
        """Write who waits for whom, move the blocks, and take out groups that have nothing left."""
        by_region = {r: names for level in self.levels.values() for wave in level.waves for r, names in wave.items()}
        sources = {
            region: home
            for home, layer in zip(self.homes, self.reading.layers, strict=True)
            for region in layer.regions
        }
        targets = [self.homes[min(k, len(self.homes) - 1)] for k in range(len(new))]
        for home, level in self.levels.items():
            waves = [regions for regions, target in zip(new, targets, strict=True) if target == home]
            wanted = [{r: by_region[r] for r in regions} for regions in waves]
            if not wanted:
                continue
            self._order(home, level, wanted, by_region, sources)
            blocks: list[Where] = [(*sources[r], name) for wave in wanted for r in wave for name in by_region[r]]
            slots = [(*home, name) for name in level.needs if any(name in n for w in level.waves for n in w.values())]
            self.blocks.refill(home, slots, blocks)
        self._drop_empty(targets)

    def _order(self, home: Where, level: Level, wanted: list[Any], by_region: Mapping[str, Any], sources: Any) -> None:
        rearrange(self.blocks, level, wanted)
        for i, wave in enumerate(wanted):
            for region in wave:
                if sources[region] != home and i > 0:
                    # It comes from another group, into a wave that nothing but these lines puts in its place.
                    before = [name for r in wanted[i - 1] for name in by_region[r]]
                    self.blocks.set_names((*sources[region], by_region[region][0]), "DependsOn", before, "Identifier")

    def _drop_empty(self, targets: list[Where]) -> None:
        kept = list(dict.fromkeys(targets))
        for home in dict.fromkeys(self.homes):
            if home in kept:
                continue
            group, other = str(home[1]), str(kept[-1][1]) if kept[-1] != _TOP else ""
            level = self.levels[home]
            moved = {name for wave in level.waves for names in wave.values() for name in names}
            if not other or moved != set(level.needs):
                raise CannotMove(f"the group {group} would be left with nothing to deploy")
            self.blocks.remove(_TOP, [group])
            for name, body in self.actions.items():
                needs = [n for _, n in names_at((), map_of(body).get("DependsOn"))]
                if group in needs and name != group:
                    found = list(dict.fromkeys(other if n == group else n for n in needs))
                    after = None if is_group(map_of(body)) else "Identifier"
                    self.blocks.set_names(("Actions", name), "DependsOn", found, after)
