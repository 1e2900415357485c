"""Move the regions of a workflow between its jobs: entries of matrices, or jobs with what they need."""

from collections.abc import Mapping
from typing import Any

from waves.files.documents import Where
from waves.pipelines.blocks import Blocks, CannotMove
from waves.pipelines.github_actions.jobs import Job, jobs_of
from waves.pipelines.reading import Reading
from waves.pipelines.regrouping import Level, Waves, rearrange
from waves.pipelines.steps import APPROVAL_HINT
from waves.pipelines.trees import map_of, text_of

_JOBS: Where = ("jobs",)


def arrange(blocks: Blocks, reading: Reading, new: Waves) -> None:
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
    else:
        _arrange_matrices(blocks, jobs, places, new)


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


def _arrange_matrices(blocks: Blocks, jobs: Mapping[str, Job], places: list[dict[str, Any]], new: Waves) -> None:
    containers = [next(iter(wave.values()))[0] for wave in places]
    if len(set(containers)) < len(containers):
        raise CannotMove("several waves come from one matrix")
    if len(new) > len(containers):
        what = f"the plan has {len(new)} waves, and {len(containers)} jobs deploy by a matrix"
        raise CannotMove(f"{what}; add jobs to the file")
    entries = {region: where for wave in places for region, (_, where) in wave.items()}
    for k, container in enumerate(containers):
        slots = sorted((where for _, where in places[k].values()), key=lambda where: int(where[-1]))
        if k < len(new):
            blocks.refill(container, slots, [entries[region] for region in new[k]])
        elif len(slots) < len(blocks.node(container).value):
            raise CannotMove(f"the matrix of {container[1]} has other entries than regions")
        else:
            _remove_job(blocks, jobs, str(container[1]), str(containers[len(new) - 1][1]))


def _remove_job(blocks: Blocks, jobs: Mapping[str, Job], name: str, other: str) -> None:
    """Take a job out that has no region left; who needed it needs the last that has."""
    blocks.remove(("jobs",), [name])
    for job in jobs.values():
        needs = [need for _, need in job.needs]
        if name in needs and job.id != name:
            found = list(dict.fromkeys(other if need == name else need for need in needs))
            blocks.set_names(job.where, "needs", found)


def _arrange_jobs(blocks: Blocks, jobs: Mapping[str, Job], reading: Reading, new: Waves) -> None:
    needs = {name: [need for _, need in job.needs] for name, job in jobs.items()}
    gates = {name for name, job in jobs.items() if _is_gate(job)}
    level = Level(_JOBS, needs, gates, "needs")
    level.waves = [{r: [str(layer.spots[r][1])] for r in layer.regions} for layer in reading.layers]
    by_region = {region: names for wave in level.waves for region, names in wave.items()}
    owners = [name for names in by_region.values() for name in names]
    if len(set(owners)) < len(owners):
        raise CannotMove("one job deploys to several regions; give each a job of its own, or a matrix")
    wanted = [{region: by_region[region] for region in regions} for regions in new]
    rearrange(blocks, level, wanted)
    slots: list[Where] = [("jobs", name) for name in jobs if name in owners]
    blocks.refill(_JOBS, slots, [("jobs", name) for wave in wanted for names in wave.values() for name in names])


def _is_gate(job: Job) -> bool:
    hinted = APPROVAL_HINT in map_of(job.body.get("env"))
    return hinted or any(step.used and step.used.kind == "approval" for step in job.steps)
