"""Who waits for whom, before and after regions change waves: names alone, no text and no system.

An *entry* is a job or an action; a region's *belongings* are its deployments and what only follows them. Three things
hold whatever moves: a region comes after all of the wave before, nobody loses what he waited for outside of the
regions (a build, say, that came to him through the region before), and nobody loses what he refers to.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from waves.pipelines.blocks import CannotMove
from waves.pipelines.steps import bits, closed

Needs = Mapping[str, Sequence[str]]
Wave = Mapping[str, Sequence[str]]


class Above:
    """What comes before each entry, directly or not."""

    def __init__(self, needs: Needs) -> None:
        self.names = list(needs)
        self.position = {name: i for i, name in enumerate(self.names)}
        self.masks = closed([self.mask(direct) for direct in needs.values()])

    def mask(self, names: Iterable[str]) -> int:
        """Return names as bits; those of no entry are left out."""
        return sum(1 << i for i in {self.position[name] for name in names if name in self.position})

    def of(self, name: str) -> int:
        """Return what comes before an entry, as bits."""
        return self.masks[self.position[name]] if name in self.position else 0

    def listed(self, mask: int) -> list[str]:
        """Return the names of bits, in the order of the file."""
        return [self.names[i] for i in bits(mask)]


@dataclass(frozen=True)
class Graph:
    """The entries of one level, such as the jobs of a workflow or the actions of a group.

    Attributes
    ----------
    needs : mapping of str to sequence of str
        What each entry waits for, in the order of the file.
    waves : sequence of mapping of str to sequence of str
        For each wave whose deployments stand here: from its regions to the names of their entries.
    places : frozenset of str
        Entries that hold regions and stay where they are: groups, jobs with a matrix.
    gates : frozenset of str
        The approvals among the entries.
    refers : mapping of str to set of str
        From an entry to those whose outputs it takes.
    apart : frozenset of str
        Entries that are no part of the order, such as jobs for failures; they stay as they are.
    """

    needs: Needs
    waves: Sequence[Wave] = ()
    places: frozenset[str] = frozenset()
    gates: frozenset[str] = frozenset()
    refers: Mapping[str, set[str]] = field(default_factory=dict)
    apart: frozenset[str] = frozenset()

    def deploying(self) -> set[str]:
        """Return the entries that deploy, or hold what does."""
        return {n for wave in self.waves for names in wave.values() for n in names} | self.places

    def outside(self) -> dict[str, set[str]]:
        """Return for each entry what it waits for, directly or not, that does not itself come after a region."""
        above = Above(self.needs)
        deploying = above.mask(self.deploying())
        free = sum(1 << i for i, mask in enumerate(above.masks) if not (mask | 1 << i) & deploying)
        return {name: set(above.listed(above.of(name) & free)) for name in self.needs}


def rearranged(
    graph: Graph,
    new: Sequence[Wave],
    extra: Needs | None = None,
    required: Mapping[str, set[str]] | None = None,
) -> dict[str, list[str]]:
    """Return what each entry waits for when the regions are in other waves.

    Parameters
    ----------
    graph
        The level as it is.
    new
        Its waves as they shall be.
    extra
        The entries that come from another level, and what of their own they wait for.
    required
        What else an entry has to wait for here: what it, or what comes into it, waited for elsewhere.

    Raises
    ------
    CannotMove
        Where an entry takes the outputs of one that would not come before it.
    """
    return _Order(graph, new, extra or {}, required or {}).needs()


class _Order:
    def __init__(self, graph: Graph, new: Sequence[Wave], extra: Needs, required: Mapping[str, set[str]]) -> None:
        self.graph, self.old, self.new, self.extra = graph, graph.waves, new, extra
        self.kept = {**graph.outside(), **{name: set() for name in extra}}
        for name, names in required.items():
            self.kept[name] = self.kept.get(name, set()) | names
        self.above = Above(graph.needs)
        self.wave_of = {region: w for w, wave in enumerate(self.old) for region in wave}
        self.deploys = {n: r for wave in (*self.old, *new) for r, names in wave.items() for n in names}
        start = self.above.mask([*self.deploys, *graph.places])
        self.ordered = {n for n in graph.needs if self.above.of(n) & start} | self.deploys.keys() | graph.places
        self.owner = dict(self.deploys)
        self._find_owners()
        self.belongings: dict[str, list[str]] = {region: [] for region in self.wave_of}
        for name in (n for n in graph.needs if self.owner.get(n) in self.belongings):
            self.belongings[self.owner[name]].append(name)

    def _find_owners(self) -> None:
        """Find what belongs to one region of several in its wave, or stands between two deployments of one."""
        behind: dict[str, set[str]] = {}
        between = {n: self.above.of(n) for n in self.deploys}
        for name in sorted(self.graph.needs, key=lambda name: self.above.of(name).bit_count()):
            near: set[str] = set()
            for n in self.graph.needs[name]:
                near |= {self.deploys[n]} if n in self.deploys else behind.get(n, set())
            behind[name] = near
            if name in self.deploys or name in self.graph.apart or len(near) != 1:
                continue
            (region,) = near
            own = 1 << self.above.position[name]
            within = any(mask & own for n, mask in between.items() if self.deploys[n] == region)
            if within or len(self.old[self.wave_of[region]]) > 1:
                self.owner[name] = region

    def needs(self) -> dict[str, list[str]]:
        found = {name: list(direct) for name, direct in {**self.graph.needs, **self.extra}.items()}
        for name, direct in self.graph.needs.items():
            if name in self.ordered and name not in self.graph.apart:
                found[name] = self._mapped(direct, self.owner.get(name))
        for i, wave in enumerate(self.new):
            for region, names in wave.items():
                for name in names:
                    found[name] = self._of_deployment(i, region, name)
        self._keep_outputs(found)
        self._put_in_order(found)
        self._keep_outside(found)
        self._check(found)
        return found

    def _direct(self, name: str) -> Sequence[str]:
        return self.graph.needs[name] if name in self.graph.needs else self.extra[name]

    def _ends(self, region: str) -> list[str]:
        """Return what others wait for who wait for a region."""
        own = self.belongings.get(region, [])
        others = (name for name in self.graph.needs if name not in own and name not in self.graph.apart)
        needed = {n for name in others for n in self.graph.needs[name]}
        if found := [name for name in own if name in needed]:
            return found
        names = next(list(wave[region]) for wave in self.new if region in wave)
        inner = {n for name in names for n in self._direct(name)}
        return [name for name in names if name not in inner]

    def _stand_in(self, w: int) -> Wave:
        """Return the new wave that takes the place of an old one."""
        last = len(self.new) - 1
        return self.new[last if w == len(self.old) - 1 else min(w, last)]

    def _mapped(self, direct: Iterable[str], own: str | None) -> list[str]:
        """Let whoever waited for a wave wait for what stands in its place."""
        direct = list(direct)
        found: list[str] = []
        for name in direct:
            region = self.owner.get(name)
            if region == own or region not in self.wave_of:
                found.append(name)
            else:
                found += self._instead([n for n in direct if n in self.owner], self.wave_of[region], own)
        return list(dict.fromkeys(found))

    def _instead(self, named: list[str], w: int, own: str | None) -> list[str]:
        """Return what stands for the entries of an old wave among those that are named."""
        here: dict[str, list[str]] = {}
        for n in named:
            if self.wave_of.get(self.owner[n]) == w and self.owner[n] != own:
                here.setdefault(self.owner[n], []).append(n)
        stand_in = self._stand_in(w)
        if here.keys() != self.old[w].keys() - {own} and here.keys() <= stand_in.keys():
            return [n for names in here.values() for n in names]
        listed = [*(r for r in here if r in stand_in), *(r for r in stand_in if r not in here)]
        return [n for region in listed if region != own for n in here.get(region) or self._ends(region)]

    def _of_deployment(self, i: int, region: str, name: str) -> list[str]:
        direct = self._direct(name)
        if i < len(self.old) and region in self.old[i]:
            return self._mapped(direct, region)
        own = [n for n in direct if self.owner.get(n) == region]
        kept = [n for n in direct if n not in self.ordered or n in own]
        return kept if own else list(dict.fromkeys([*kept, *self._entry(i)]))

    def _entry(self, i: int) -> list[str]:
        """Return what a region that comes into the i-th wave waits for."""
        if i >= len(self.old):
            return []
        heads = []
        for region, names in self.old[i].items():
            for needed in (self.graph.needs[name] for name in names):
                if not any(self.owner.get(n) == region for n in needed):
                    heads.append(list(needed))
        common = set(heads[0]).intersection(*heads[1:]) & self.graph.gates if heads else set()
        direct = dict.fromkeys(n for needed in heads for n in needed if n in self.ordered or n in common)
        return self._mapped((n for n in direct if self.owner.get(n) not in self.old[i]), None)

    def _put_in_order(self, found: dict[str, list[str]]) -> None:
        """Let each region come after all of the wave before."""
        for i in range(1, len(self.new)):
            before, above = self.new[i - 1], Above(found)
            for region, names in self.new[i].items():
                for name in (n for n in names if not any(self.owner.get(m) == region for m in found[n])):
                    for other, theirs in before.items():
                        if above.mask(theirs) & ~above.of(name):
                            found[name] += [n for n in self._ends(other) if n not in found[name]]

    def _keep_outside(self, found: dict[str, list[str]]) -> None:
        """Give back what came through a region and does not any more."""
        above = Above(found)
        for name in sorted(found, key=lambda name: above.of(name).bit_count()):
            lost = above.mask(self.kept.get(name, ())) & ~above.of(name)
            if lost:
                beneath = 0
                for i in bits(lost):
                    beneath |= above.masks[i]
                free = [n for n in found[name] if n not in self.ordered]
                found[name] = [*free, *above.listed(lost & ~beneath), *(n for n in found[name] if n not in free)]
                above = Above(found)

    def _keep_outputs(self, found: dict[str, list[str]]) -> None:
        for name, taken in self.graph.refers.items():
            found[name] += [n for n in self.graph.needs.get(name, ()) if n in taken and n not in found[name]]

    def _check(self, found: dict[str, list[str]]) -> None:
        above = Above(found)
        rank = {n: i for i, wave in enumerate(self.new) for names in wave.values() for n in names}
        for name in found:
            for n in above.listed(above.of(name)):
                late = n == name or (name in rank and rank.get(n, -1) >= rank[name])
                if late and (n == name or self.deploys[n] != self.deploys[name]):
                    raise CannotMove(self._why(name, found, above))

    def _why(self, name: str, found: dict[str, list[str]], above: Above) -> str:
        """Say which output stands in the way of an order."""
        for user, taken in self.graph.refers.items():
            for maker in taken & set(found[user]):
                apart = maker in self.ordered and self.owner.get(user, user) != self.owner.get(maker, maker)
                if apart and (user == name or above.mask([user]) & above.of(name)):
                    return f"{user} takes what {maker} puts out, and so has to come after it"
        return f"{name} would come before what it waits for"
