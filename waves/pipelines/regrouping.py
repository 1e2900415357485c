"""Rearrange the regions of an existing pipeline into the waves of a plan: what all systems have in common.

Only ordering lines and whole region blocks, with their comments, move; every other byte stays. What comes out is read
again, and is refused unless it has the plan's waves and no new error. So a file whose form is not foreseen is refused,
never spoilt.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from waves.files.documents import Document, Finding, InputError, Where, parse_yaml
from waves.pipelines.blocks import Blocks, CannotMove
from waves.pipelines.reading import Reading
from waves.pipelines.standing import lost_on_the_way, no_longer
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
    new = _meant(reading, plan)
    result, after, remarks = text, reading, list[str]()
    if [layer.regions for layer in reading.layers] != new:
        result, remarks = _moved(system, document, reading, text, new)
        after = _verified(system, document, reading, result, plan, hints)
    told = [
        *_differences(after, plan),
        *no_longer(reading, after),
        *_new_notes(reading, after),
        *_left_behind(document.path, reading, after, result),
    ]
    told += [_at_first(after, remark) for remark in remarks]
    return Regrouped(text, result, tuple(told))


def _meant(reading: Reading, plan: "Plan") -> list[tuple[str, ...]]:
    """Return the plan's waves; where all of a wave starts together, its order means nothing and stays."""
    found = []
    for w, wave in enumerate(plan.waves):
        layer = reading.layers[w] if w < len(reading.layers) else None
        same = layer is not None and set(layer.regions) == set(wave.regions) and layer.max_parallel is None
        found.append(layer.regions if layer is not None and same else tuple(wave.regions))
    return found


def _check_regions(reading: Reading, plan: "Plan") -> None:
    there = {region for layer in reading.layers for region in layer.regions}
    rows = [f"the plan has the region {r!r}, which the file does not deploy to" for r in plan.regions if r not in there]
    rows += [f"the file deploys to {r!r}, which the plan does not have" for r in sorted(there - set(plan.regions))]
    if rows:
        place = reading.layers[0].spots[reading.layers[0].regions[0]]
        raise InputError(
            reading.document.finding(place, f"{row}; both need the same regions", "other-regions") for row in rows
        )


def _at_first(reading: Reading, remark: str) -> Finding:
    layer = reading.layers[0]
    return reading.document.finding(layer.spots[layer.regions[0]], remark, "left-behind", "warning")


def _moved(system: "System", document: Document, reading: Reading, text: str, new: Waves) -> tuple[str, list[str]]:
    try:
        blocks = Blocks(text)
        remarks = system.arrange(blocks, reading, new)
        return blocks.result(), remarks
    except CannotMove as error:
        message = f"the regions cannot be rearranged in place: {error}"
        raise InputError([document.finding((), message, "cannot-regroup")]) from None


def _verified(system: "System", document: Document, before: Reading, text: str, plan: "Plan", hints: Hints) -> Reading:
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
    reason = f"it would give {faults[0].message} [{faults[0].rule}]" if faults else ""
    if reading is not None and not reason:
        reason = _other_waves(reading, plan) or _other_count(before, reading) or lost_on_the_way(before, reading)
    if reading is None or reason:
        message = f"the regions cannot be rearranged in place: {reason}; move them by hand, or write a new file"
        raise InputError([document.finding((), message, "cannot-regroup")])
    return reading


def _other_waves(reading: Reading, plan: "Plan") -> str:
    """Say where a file would have other waves than the plan, or nothing."""
    here, there = [set(layer.regions) for layer in reading.layers], [set(wave.regions) for wave in plan.waves]
    if here == there:
        return ""
    listed = " then ".join(" and ".join(layer.regions) for layer in reading.layers)
    return f"by what its steps take from each other it would deploy {listed}"


def _other_count(before: Reading, after: Reading) -> str:
    """Say which region would be deployed more or less often, or nothing: each of its services is a deployment."""
    then, now = (Counter(r.steps[i].region for layer in r.layers for i in layer.steps) for r in (before, after))
    lost = [f"{region} would have {now[region]} deployments, not {n}" for region, n in then.items() if now[region] != n]
    return next(iter(lost), "")


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
    place = reading.layers[0].spots[reading.layers[0].regions[0]]
    for what, said, stated in _other_fields(reading, plan):
        text = f"{what}: {stated} in the file, {said} in the plan; only regions are rearranged"
        found.append(reading.document.finding(place, text, "plan-differs", "warning"))
    return found


def _other_fields(reading: Reading, plan: "Plan") -> Iterator[tuple[str, str, str]]:
    """Give what a plan says of all its waves, and what the file says of it where that is something else."""
    fields: Mapping[Any, Any] = reading.fields
    known = type(plan).model_fields
    for name in ("retries", "on_deploy_failure", "on_alarm", "max_failed_regions", "deploy_timeout_minutes"):
        said, stated = getattr(plan, name), fields.get(name, known[name].default)
        if name in plan.model_fields_set and said != stated:
            yield name, str(said), "nothing" if stated is None else str(stated)
    if plan.model_fields_set & {"strategy", "strategies"}:
        for region in plan.regions:
            stated = fields.get("strategies", {}).get(region, fields.get("strategy", "rolling"))
            if (said := plan.strategy_of(region)) != stated:
                yield f"the strategy of {region}", said if isinstance(said, str) else "steps", stated
    for w, calendar in enumerate(plan.calendars):
        stated = fields.get((w, "calendar"), fields.get("calendar"))
        if calendar and (not isinstance(stated, dict) or type(calendar).model_validate(stated) != calendar):
            yield f"the calendar of wave {w + 1}", "one", "another" if isinstance(stated, dict) else "none"


def _new_notes(before: Reading, after: Reading) -> list[Finding]:
    """Return what did not fit a plan only afterwards: regions that may overlap with the wave before, say."""
    known = {finding.message for finding in before.findings}
    return [finding for finding in after.findings if finding.message not in known]


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
    inside = [_lines(blocks, after.steps[i].where) for layer in after.layers for i in layer.steps]
    # Above the first deployment stands what builds: it names regions for reasons of its own.
    first = min((lines.start for lines in inside if lines), default=1)
    found = []
    last = _last_line(blocks, after.steps[after.layers[0].steps[0]].where)
    for number, line in list(enumerate(text.split("\n"), start=1))[first:last]:
        named = [
            r for r in moved if r in line and not line.strip().startswith("#") and not any(number in i for i in inside)
        ]
        for region in named:
            what = f"this line names {region}, which is now in wave {now[region] + 1}; see whether it still fits"
            found.append(Finding(path, number, line.index(region) + 1, "warning", what, "left-behind"))
    return found[:50]


def _last_line(blocks: Blocks, where: Where) -> int:
    """Return where the jobs, actions or stages end: behind them stand buckets and the like, one for each region."""
    depth = next(i for i, part in enumerate(where) if part in ("jobs", "Actions", "stages", "Stages"))
    return blocks.text.count("\n", 0, int(blocks.node(where[: depth + 1]).end_mark.index)) + 1


def _lines(blocks: Blocks, where: Where) -> range:
    try:
        span = blocks.block(where)
    except CannotMove:
        return range(0)
    first = blocks.text.count("\n", 0, span.start) + 1
    return range(first, first + blocks.text.count("\n", span.start, span.end) + 1)


def write_needs(
    blocks: Blocks, owner: Where, key: str, old: Sequence[str], new: Sequence[str], after: str = ""
) -> None:
    """Write what an entry waits for, unless it is the same as before."""
    if set(old) != set(new):
        blocks.set_names(owner, key, new, after or None)


Arrange = Callable[[Blocks, Reading, Waves], list[str]]
