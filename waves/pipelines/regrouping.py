"""Rearrange the regions of an existing pipeline into the waves of a plan: what all systems have in common.

Only ordering lines and whole region blocks, with their comments, move; every other byte stays. What comes out is read
again, and is refused unless it has the plan's waves and no new error. So a file whose form is not foreseen is refused,
never spoilt.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from waves.files.documents import Document, Finding, InputError, Where, parse_yaml
from waves.pipelines.blocks import Blocks, CannotMove
from waves.pipelines.reading import Reading
from waves.pipelines.steps import Hints

if TYPE_CHECKING:
    from waves.pipelines.system import System
    from waves.plan import Plan

Waves = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Regrouped:
    """A pipeline file whose regions were rearranged.

    Attributes
    ----------
    before, text : str
        The file as it was, and as it shall be.
    findings : tuple of Finding
        What the plan says and the file does not, and where the file still names a region that has left.
    """

    before: str
    text: str
    findings: tuple[Finding, ...] = ()


def regrouped(system: "System", document: Document, text: str, plan: "Plan", hints: Hints) -> Regrouped:
    """Return a pipeline's text with its regions in the waves of a plan.

    Raises
    ------
    InputError
        Where the file cannot be read as waves, has other regions than the plan, or a form that cannot be rearranged.
    """
    reading = system.read(document, hints)
    if reading.faults:
        raise InputError(reading.findings)
    _check_regions(reading, plan)
    old, new = [layer.regions for layer in reading.layers], [wave.regions for wave in plan.waves]
    result, after = text, reading
    if list(map(tuple, old)) != list(map(tuple, new)):
        result = _moved(system, document, reading, text, new)
        after = _verified(system, document, result, plan, hints)
    return Regrouped(
        text, result, tuple(_differences(after, plan) + _left_behind(document.path, reading, after, result))
    )


def _check_regions(reading: Reading, plan: "Plan") -> None:
    there = {region for layer in reading.layers for region in layer.regions}
    rows = [f"the plan has the region {r!r}, which the file does not deploy to" for r in plan.regions if r not in there]
    rows += [f"the file deploys to {r!r}, which the plan does not have" for r in sorted(there - set(plan.regions))]
    if rows:
        place = reading.layers[0].spots[reading.layers[0].regions[0]]
        raise InputError(
            reading.document.finding(place, f"{row}; both need the same regions", "other-regions") for row in rows
        )


def _moved(system: "System", document: Document, reading: Reading, text: str, new: Waves) -> str:
    try:
        blocks = Blocks(text)
        system.arrange(blocks, reading, new)
        return blocks.result()
    except CannotMove as error:
        message = f"the regions cannot be rearranged in place: {error}"
        raise InputError([document.finding((), message, "cannot-regroup")]) from None


def _verified(system: "System", document: Document, text: str, plan: "Plan", hints: Hints) -> Reading:
    known = {(f.rule, f.message) for f in system.check(document, hints) if f.severity == "error"}
    faults: list[Finding] = []
    reading = None
    try:
        again = parse_yaml(text, document.path, dialect=system.dialect)
        faults = [f for f in system.check(again, hints) if f.severity == "error" and (f.rule, f.message) not in known]
        reading = system.read(again, hints)
        faults += reading.faults
    except InputError as error:
        faults += error.findings
    waves = [set(layer.regions) for layer in reading.layers] if reading else []
    if faults or reading is None or waves != [set(wave.regions) for wave in plan.waves]:
        reason = f": it would give {faults[0].message} [{faults[0].rule}]" if faults else ""
        message = f"the regions cannot be rearranged in place{reason}; move them by hand, or write a new file"
        raise InputError([document.finding((), message, "cannot-regroup")])
    return reading


def _differences(reading: Reading, plan: "Plan") -> list[Finding]:
    """Say what else the plan says and the file does not: only regions are rearranged."""
    found = []
    for w, (layer, wave) in enumerate(zip(reading.layers, plan.waves, strict=True)):
        place = layer.spots[layer.regions[0]]
        for what, here, there in (
            ("bakes", f"{layer.bake_minutes:g} minutes", f"{wave.bake_minutes:g}"),
            ("has an approval before it", _yes(layer.approval), _yes(wave.approval)),
            (
                "deploys at most",
                f"{layer.max_parallel or 'all'} of its regions at once",
                str(wave.max_parallel or "all"),
            ),
        ):
            if here.split(" ")[0] != there:
                text = f"wave {w + 1} {what}: {here} in the file, {there} in the plan; only regions are rearranged"
                found.append(reading.document.finding(place, text, "plan-differs", "warning"))
    return found


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _left_behind(path: str, before: Reading, after: Reading, text: str) -> list[Finding]:
    """Find lines that name a region which is now in another wave, and did not move with it."""
    was = {region: k for k, layer in enumerate(before.layers) for region in layer.regions}
    now = {region: k for k, layer in enumerate(after.layers) for region in layer.regions}
    moved = [region for region, k in now.items() if was[region] != k]
    if not moved:
        return []
    blocks = Blocks(text)
    inside = [_lines(blocks, where) for layer in after.layers for where in layer.spots.values()]
    # Above the first deployment stands what builds: it names regions for reasons of its own.
    first = min((lines.start for lines in inside if lines), default=1)
    found = []
    for number, line in list(enumerate(text.split("\n"), start=1))[first:]:
        named = [
            r for r in moved if r in line and not line.strip().startswith("#") and not any(number in i for i in inside)
        ]
        for region in named:
            what = f"this line names {region}, which is now in wave {now[region] + 1}; see whether it still fits"
            found.append(Finding(path, number, line.index(region) + 1, "warning", what, "left-behind"))
    return found[:50]


def _lines(blocks: Blocks, where: Where) -> range:
    try:
        span = blocks.block(where)
    except CannotMove:
        return range(0)
    first = blocks.text.count("\n", 0, span.start) + 1
    return range(first, first + blocks.text.count("\n", span.start, span.end) + 1)


@dataclass
class Level:
    """One level of a graph of named entries, such as the jobs of a workflow or the actions of a group.

    Attributes
    ----------
    where : tuple
        The mapping of the entries.
    needs : dict of str to list of str
        What each entry waits for, in the order of the file.
    gates : set of str
        The entries that are approvals.
    waves : list of dict of str to list of str
        For each old wave whose deployments stand here: from its regions to the names of their entries.
    key, after : str
        The key of the names that an entry waits for, and the key behind which a new one is written.
    """

    where: Where
    needs: Mapping[str, list[str]]
    gates: set[str]
    key: str
    after: str | None = None
    waves: list[dict[str, list[str]]] = field(default_factory=list)

    def ordering(self) -> set[str]:
        """Return the names that belong to the order of waves: approvals, deployments, and what comes after those."""
        found = {name for wave in self.waves for names in wave.values() for name in names} | self.gates
        while more := {name for name, needs in self.needs.items() if name not in found and found & set(needs)}:
            found |= more
        return found


def rearrange(blocks: Blocks, level: Level, new: Sequence[Mapping[str, list[str]]]) -> None:
    """Write new waves into a level: who waits for whom, and then the order of the blocks.

    Parameters
    ----------
    new : sequence of mapping of str to list of str
        As `Level.waves`; entries that come from another level are among them.
    """
    old = [_names(wave) for wave in level.waves]
    names = [_names(wave) for wave in new]
    stands_for = _stand_ins(old, names)
    ordering = level.ordering()
    for name in level.needs:
        if not any(name in wave for wave in (*old, *names)):
            _rename(blocks, level, name, old, stands_for)
    for i, wave in enumerate(names):
        entry = _entry(level, old, ordering, stands_for, i, names)
        if len(names) > 1 or len(old) > 1:
            for name in wave:
                if name in level.needs:
                    _wait_for(blocks, level, name, ordering, entry)


def _names(wave: Mapping[str, list[str]]) -> list[str]:
    return [name for names in wave.values() for name in names]


def _stand_ins(old: list[list[str]], new: list[list[str]]) -> list[list[str]]:
    """Return for each old wave the entries that take its place: the new wave of that number, or the last one."""
    found = [new[min(i, len(new) - 1)] for i in range(len(old))]
    if old and len(new) > len(old):
        found[-1] = new[-1]
    return found


def _rename(blocks: Blocks, level: Level, name: str, old: list[list[str]], stands_for: list[list[str]]) -> None:
    """Let an entry that waited for a wave wait for what stands in its place."""
    found: list[str] = []
    for needed in level.needs[name]:
        wave = next((i for i, names in enumerate(old) if needed in names), None)
        found += [needed] if wave is None else stands_for[wave]
    found = list(dict.fromkeys(found))
    if set(found) != set(level.needs[name]):
        blocks.set_names((*level.where, name), level.key, found, level.after)


def _entry(
    level: Level, old: list[list[str]], ordering: set[str], stands_for: list[list[str]], i: int, new: list[list[str]]
) -> list[str]:
    """Return what the i-th new wave waits for."""
    if i >= len(old):
        return new[i - 1]
    found: list[str] = []
    for name in old[i]:
        for needed in level.needs[name]:
            # Of several deployments to one region the later waits for the earlier: that order moves with them.
            wave = next((w for w, names in enumerate(old) if needed in names), None)
            if needed in ordering and wave != i:
                found += [needed] if wave is None else (new[i - 1] if i and wave == i - 1 else stands_for[wave])
    return list(dict.fromkeys(found))


def _wait_for(blocks: Blocks, level: Level, name: str, ordering: set[str], entry: list[str]) -> None:
    own_wave = {n for wave in level.waves for names in wave.values() if name in names for n in names}
    needs = level.needs[name]
    if needs and set(needs) & own_wave:
        return  # it waits for another deployment to its own region
    wanted = {*entry, *(n for n in needs if n not in ordering)}
    if wanted != set(needs):
        found = [n for n in needs if n in wanted]
        blocks.set_names((*level.where, name), level.key, [*found, *(n for n in entry if n not in found)], level.after)


Arrange = Callable[[Blocks, Reading, Waves], None]
