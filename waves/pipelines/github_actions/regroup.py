"""Move the regions of a workflow between its jobs: entries of matrices, or jobs with what they need."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from waves.files.documents import Where
from waves.pipelines.blocks import Blocks, CannotMove
from waves.pipelines.github_actions.jobs import Job, jobs_of, never_run
from waves.pipelines.ordering import Graph, rearranged
from waves.pipelines.reading import Layer, Reading
from waves.pipelines.regrouping import Waves, write_needs
from waves.pipelines.steps import APPROVAL_HINT
from waves.pipelines.trees import map_of, text_of, texts_in

_JOBS: Where = ("jobs",)
_OUTPUTS = re.compile(r"\bneeds(?:\.([A-Za-z_][\w-]*)|\[\s*['\"]([^'\"\]]+)['\"]\s*\])")


def arrange(blocks: Blocks, reading: Reading, new: Waves) -> list[str]:
    """Rearrange a workflow: regions of matrices change lists, jobs of their own change what they need."""
    jobs = jobs_of(reading.document.value)
    places = [_places(jobs, layer.spots) for layer in reading.layers]
    kinds = {container == _JOBS for wave in places for container, _ in wave.values()}
    for w, wave in enumerate(places):
        if len({container for container, _ in wave.values()}) > 1:
            raise CannotMove(f"wave {w + 1} is deployed by several matrices")
    if len(kinds) > 1:
        raise CannotMove("some regions are entries of a matrix, others have jobs of their own; make them alike")
    if kinds == {True}:
        _arrange_jobs(blocks, jobs, reading, new)
        return []
    return _arrange_matrices(blocks, jobs, places, new)


def taken(job: Job) -> set[str]:
    """Return the jobs whose results or outputs a job's expressions name."""
    body = {key: value for key, value in job.body.items() if key != "needs"}
    return {a or b for text in texts_in(body) for a, b in _OUTPUTS.findall(text)}


def _graph(jobs: Mapping[str, Job], waves: Sequence[Mapping[str, list[str]]], places: frozenset[str]) -> Graph:
    return Graph(
        {name: [need for _, need in job.needs] for name, job in jobs.items()},
        waves,
        places,
        frozenset(name for name, job in jobs.items() if _is_gate(job)),
        {name: taken(job) & jobs.keys() for name, job in jobs.items()},
        frozenset(name for name, job in jobs.items() if job.after_failure) | never_run(jobs),
    )


Places = Mapping[str, tuple[Where, Where]]


def _places(jobs: Mapping[str, Job], spots: Mapping[str, Where]) -> dict[str, tuple[Where, Where]]:
    """Return for each region the container of its entry, and the entry."""
    return {region: _place(jobs[str(where[1])], region) for region, where in spots.items()}


def _place(job: Job, region: str) -> tuple[Where, Where]:
    matrix = map_of(job.strategy.get("matrix"))
    base: Where = (*job.where, "strategy", "matrix")
    if "uses" in job.body and not matrix:
        return _JOBS, job.where
    for key, items in matrix.items():
        for i, item in enumerate(items if isinstance(items, list) else ()):
            if text_of(item) == region or region in map(text_of, map_of(item).values()):
                return (*base, key), (*base, key, i)
    if matrix:
        raise CannotMove(f"the matrix of {job.id} does not name {region}")
    return _JOBS, job.where


def _arrange_matrices(blocks: Blocks, jobs: Mapping[str, Job], places: list[Any], new: Waves) -> list[str]:
    containers = [next(iter(wave.values()))[0] for wave in places]
    entries = {region: where for wave in places for region, (_, where) in wave.items()}
    if len(set(containers)) == 1 and all(len(wave) == 1 for wave in (*places, *new)):
        # One at a time, with a wait in each: the order of the list is that of the waves.
        slots = sorted(entries.values(), key=_position)
        blocks.refill(containers[0], slots, [entries[region] for regions in new for region in regions])
        return []
    if len(set(containers)) < len(containers):
        raise CannotMove("several waves come from one matrix")
    if len(new) > len(containers):
        what = f"the plan has {len(new)} waves, and {len(containers)} jobs deploy by a matrix"
        raise CannotMove(f"{what}; add jobs to the file")
    for k, container in enumerate(containers):
        slots = sorted((where for _, where in places[k].values()), key=_position)
        if k < len(new):
            blocks.refill(container, slots, [entries[region] for region in new[k]])
        elif len(slots) < len(blocks.node(container).value):
            raise CannotMove(f"the matrix of {container[1]} has other entries than regions")
    homes = [str(container[1]) for container in containers]
    _check_axes(jobs, homes, containers, places, new)
    _order_matrices(blocks, jobs, homes, places, new)
    return [*_told_of_gone(homes[len(new) :]), *_told_of_others(jobs, homes, places, new)]


def _check_axes(
    jobs: Mapping[str, Job], homes: list[str], containers: list[Where], places: list[Any], new: Waves
) -> None:
    """Refuse what would take a region from a matrix of two services, say, to a matrix of one."""
    rests = [
        {k: v for k, v in map_of(jobs[str(c[1])].strategy.get("matrix")).items() if k != c[-1]} for c in containers
    ]
    old = {region: k for k, wave in enumerate(places) for region in wave}
    for k, regions in enumerate(new):
        for j in (old[region] for region in regions):
            if rests[j] != rests[k] and j != k:
                names = sorted(key for key in {**rests[j], **rests[k]} if rests[j].get(key) != rests[k].get(key))
                what = f"the matrices of {homes[j]} and {homes[k]} differ in {', '.join(names)}"
                raise CannotMove(f"{what}, so that a region would be deployed otherwise; make them alike")


def _told_of_gone(names: Sequence[str]) -> list[str]:
    return [f"the job {name} has no region left and is taken out, with all that stands in it" for name in names]


def _told_of_others(jobs: Mapping[str, Job], homes: list[str], places: list[Any], new: Waves) -> list[str]:
    """Say where a region comes into a job that does other things than the one it was in."""
    found = []
    old = {region: home for home, wave in zip(homes, places, strict=True) for region in wave}
    for home, regions in zip(homes, new, strict=False):
        for region in (region for region in regions if old[region] != home):
            one, other = (_meat(jobs[name]) for name in (old[region], home))
            keys = sorted(key for key in {**one, **other} if one.get(key) != other.get(key))
            if keys:
                found.append(f"{region} comes from the job {old[region]}, whose {', '.join(keys)} differ from {home}'s")
    return found


def _meat(job: Job) -> dict[str, Any]:
    """Return what a job does: all of it but its name, its order, and the regions of its matrix."""
    return {key: value for key, value in job.body.items() if key not in ("name", "needs", "strategy")}


def _position(where: Where) -> int:
    return int(where[-1])


def _order_matrices(
    blocks: Blocks, jobs: Mapping[str, Job], homes: list[str], places: list[dict[str, Any]], new: Waves
) -> None:
    """Let jobs need what their new regions needed elsewhere, and take out jobs that have no region left."""
    graph = _graph(jobs, (), frozenset(homes))
    outside = graph.outside()
    came = {region: outside[home] for home, wave in zip(homes, places, strict=True) for region in wave}
    required = {home: set().union(*(came[r] for r in regions)) for home, regions in zip(homes, new, strict=False)}
    found = rearranged(graph, (), required=required)
    gone, last = homes[len(new) :], homes[len(new) - 1]
    blocks.remove(_JOBS, gone)
    for name in gone:
        users = [user for user, names in graph.refers.items() if name in names and user not in gone]
        if users:
            raise CannotMove(f"{users[0]} takes what {name} puts out, which would have no region left")
    for name, needs in found.items():
        if name not in gone:
            kept = list(dict.fromkeys(last if need in gone else need for need in needs))
            write_needs(blocks, jobs[name].where, "needs", [need for _, need in jobs[name].needs], kept)


def _arrange_jobs(blocks: Blocks, jobs: Mapping[str, Job], reading: Reading, new: Waves) -> None:
    waves = [_jobs_of(reading, layer) for layer in reading.layers]
    by_region = {region: names for wave in waves for region, names in wave.items()}
    owners = [name for names in by_region.values() for name in names]
    if len(set(owners)) < len(owners):
        raise CannotMove("one job deploys to several regions; give each a job of its own, or a matrix")
    wanted = [{region: by_region[region] for region in regions} for regions in new]
    found = rearranged(_graph(jobs, waves, frozenset()), wanted)
    for name, job in jobs.items():
        write_needs(blocks, job.where, "needs", [need for _, need in job.needs], found[name])
    slots: list[Where] = [("jobs", name) for name in jobs if name in owners]
    blocks.refill(_JOBS, slots, [("jobs", name) for wave in wanted for names in wave.values() for name in names])


def _jobs_of(reading: Reading, layer: Layer) -> dict[str, list[str]]:
    """Return for each region of a wave the jobs that deploy there."""
    found: dict[str, list[str]] = {region: [] for region in layer.regions}
    for step in (reading.steps[i] for i in layer.steps):
        if step.where[1] not in found[step.region]:
            found[step.region].append(str(step.where[1]))
    return found


def _is_gate(job: Job) -> bool:
    hinted = APPROVAL_HINT in map_of(job.body.get("env"))
    return hinted or any(step.used and step.used.kind == "approval" for step in job.steps)
