"""Every finding of a GitHub Actions workflow at once. The tables are in `schema`, what makes waves of it in `read`."""

from collections.abc import Mapping
from typing import Any

from waves.files.documents import Document, Finding, Where, closest, did_you_mean, shown
from waves.pipelines.github_actions.expressions import combinations
from waves.pipelines.github_actions.jobs import Job, JobStep, jobs_of
from waves.pipelines.github_actions.read import read
from waves.pipelines.github_actions.schema import (
    ACTIONS,
    ECS_DEPLOY,
    JOB,
    JOB_ID,
    MAX_JOBS,
    MAX_MATRIX,
    MAX_WAIT_MINUTES,
    STRATEGY,
    WORKFLOW,
    base_of,
)
from waves.pipelines.keys import NEAR, Report, check_map, missing
from waves.pipelines.minutes import minutes_of
from waves.pipelines.steps import BAKE_HINT, REGION, Hints
from waves.pipelines.trees import map_of, text_of


def check(document: Document, hints: Hints) -> list[Finding]:
    """Return every error and warning of a document, in the order of the file."""
    report, value = Report(document, guide="GitHub's workflow syntax"), document.value
    check_map(report, (), value, WORKFLOW)
    if not document.path.endswith((".yml", ".yaml")):
        report.warn((), "GitHub reads only files that end in .yml or .yaml", "file-name")
    if isinstance(value, dict):
        if missing(value, "on") and value.get("on") != {}:
            report.error((), "the workflow lacks the required key 'on'", "missing-key")
        jobs = jobs_of(value)
        if "jobs" in value and isinstance(value["jobs"], dict) and not jobs:
            report.error(("jobs",), "the workflow has no jobs", "missing-key")
        _check_hints(report, ("env",), value.get("env"))
        _check_merges(report, (), value)
        if len(jobs) > MAX_JOBS:
            report.error(("jobs",), f"the workflow has {len(jobs)} jobs; at most {MAX_JOBS} are read", "too-many")
            return sorted(set(report.findings))
        for job in jobs.values():
            _check_job(report, job, jobs)
        _check_cycles(report, jobs)
    if not any(finding.severity == "error" for finding in report.findings):
        report.findings += read(document, hints).softened.findings
    return sorted(set(report.findings))


def _check_job(report: Report, job: Job, jobs: Mapping[str, Job]) -> None:
    check_map(report, job.where, report.document.value["jobs"][job.id], JOB)
    if not JOB_ID.fullmatch(job.id):
        what = f"the job id {shown(job.id)} begins with a letter or _, and has only letters, digits, - and _"
        report.error(job.where, what, "name-characters")
    _check_needs(report, job)
    for where, name in job.needs:
        if name == job.id:
            report.error(where, f"{job.id} needs itself; remove it", "self-dependency")
        elif name not in jobs:
            hint = did_you_mean(name, jobs)
            what = f"{job.id} needs {shown(name)}, which the workflow does not have{hint}"
            report.error(where, what, "unknown-dependency")
    if "uses" not in job.body:
        if missing(job.body, "runs-on"):
            report.error(job.where, f"{job.id} lacks the required key 'runs-on'", "missing-key")
        if missing(job.body, "steps"):
            report.error(job.where, f"{job.id} lacks the required key 'steps'", "missing-key")
    elif "steps" in job.body or "runs-on" in job.body:
        what = f"{job.id} uses a workflow, and so has no steps and no runs-on of its own"
        report.error(job.where, what, "job-or-call")
    _check_hints(report, (*job.where, "env"), job.body.get("env"))
    for step in job.steps:
        _check_step(report, step)
    _check_strategy(report, job)


def _check_needs(report: Report, job: Job) -> None:
    """Find what is no name, which would be taken for nothing to wait for."""
    value, where = job.body.get("needs"), (*job.where, "needs")
    rows = [((*where, i), item) for i, item in enumerate(value)] if isinstance(value, list) else [(where, value)]
    for place, item in rows:
        if not text_of(item) and (isinstance(value, list) or item not in (None, "")):
            what = f"{job.id}.needs holds {shown(item)}; write the name of a job, or a list of names"
            report.error(place, what, "wrong-type")


def _check_merges(report: Report, where: Where, value: Any) -> None:
    """Find merge keys, which GitHub does not know, though it knows anchors and aliases."""
    if isinstance(value, dict) and "<<" in value:
        report.error((*where, "<<"), "GitHub does not know the merge key '<<'; write its keys out", "merge-key")
    elif isinstance(value, (dict, list)):
        for key, below in value.items() if isinstance(value, dict) else enumerate(value):
            _check_merges(report, (*where, key), below)


def _check_step(report: Report, step: JobStep) -> None:
    has = [key for key in ("uses", "run", "parallel") if key in step.body]
    if len(has) != 1:
        what = "a step has one of uses and run" + (f", not {' and '.join(has)}" if has else "")
        report.error(step.where, what, "step-form")
    _check_hints(report, (*step.where, "env"), step.body.get("env"))
    base = base_of(step.uses)
    if step.uses and step.used is None:
        near = closest(base, ACTIONS, 0.93)
        if near and base.split("/")[0] == near.split("/")[0]:
            what = f"unknown action {shown(step.uses)}; did you mean {near!r}?"
            report.error((*step.where, "uses"), what, "unknown-action")
    if step.used:
        _check_inputs(report, step)
    if base == ECS_DEPLOY:
        _check_ecs(report, step)


def _check_inputs(report: Report, step: JobStep) -> None:
    used, where = ACTIONS[base_of(step.uses)], (*step.where, "with")
    lacking = [name for name in used.needed if missing(step.inputs, name)]
    if lacking:
        what = f"{base_of(step.uses)} lacks the required input {lacking[0]!r}"
        report.error(where, what, "missing-key")
    if used.known:
        known = (*used.needed, *used.known)
        for name in (name for name in step.inputs if name.lower() not in {n.lower() for n in known}):
            near = closest(name, known, NEAR)
            tell = report.error if near else report.warn
            hint = f"; did you mean {near!r}?" if near else " of this action"
            tell((*where, name), f"unknown input {shown(name)}{hint}", "unknown-key")
    region = text_of(step.inputs.get(used.region)) if used.region else ""
    if region and "$" not in region and not REGION.fullmatch(region):
        report.warn((*where, used.region), f"{shown(region)} is no region code such as us-east-1", "region-name")


def _check_ecs(report: Report, step: JobStep) -> None:
    waits = text_of(step.inputs.get("wait-for-service-stability")).lower()
    if step.inputs.get("service") and waits != "true" and "${{" not in waits:
        what = "the step does not wait until the service is stable, so the next one starts while this one still deploys"
        report.warn(step.where, f"{what}; write wait-for-service-stability: true", "no-stability-wait")
    text = text_of(step.inputs.get("wait-for-minutes"))
    minutes = minutes_of(text)
    if text and "${{" not in text and (minutes is None or minutes > MAX_WAIT_MINUTES):
        what = f"wait-for-minutes is {shown(text)}; it is minutes, at most {MAX_WAIT_MINUTES}"
        report.error((*step.where, "with", "wait-for-minutes"), what, "timeout")


def _check_strategy(report: Report, job: Job) -> None:
    if "strategy" not in job.body:
        return
    where = (*job.where, "strategy")
    check_map(report, where, job.body["strategy"], STRATEGY)
    text = text_of(job.strategy.get("max-parallel"))
    if text and "${{" not in text and not (text.isascii() and text.isdigit() and int(text[:9]) > 0):
        what = f"max-parallel is {shown(text)}; write a whole number of jobs, at least 1"
        report.error((*where, "max-parallel"), what, "wrong-type")
    matrix = map_of(job.strategy.get("matrix"))
    sizes = [
        len(items) for key, items in matrix.items() if isinstance(items, list) and key not in ("include", "exclude")
    ]
    size = 1
    for n in sizes:
        size *= n
    if size > MAX_MATRIX:
        report.error((*where, "matrix"), f"the matrix makes {size} jobs; at most {MAX_MATRIX} are allowed", "too-many")
    rows = combinations(matrix, {}) or []
    if len(rows) > 1 and any(step.used and step.used.kind == "deploy" for step in job.steps):
        _check_fail_fast(report, job, text)


def _check_fail_fast(report: Report, job: Job, limit: str) -> None:
    fast = text_of(job.strategy.get("fail-fast")).lower() != "false"
    where = (*job.where, "strategy")
    if fast and not limit:
        what = (
            "where one region fails, fail-fast cancels the jobs of the others, while their deployments go on unwatched"
        )
        report.warn(where, f"{what}; write fail-fast: false", "fail-fast")
    elif not fast and limit:
        what = "where one region fails, those that wait for their turn are deployed all the same"
        report.warn(where, f"{what}; write fail-fast: true", "fail-fast")


def _check_hints(report: Report, where: tuple[str | int, ...], env: Any) -> None:
    value = map_of(env).get(BAKE_HINT)
    if value is not None and "${{" not in text_of(value) and minutes_of(text_of(value)) is None:
        what = f'{BAKE_HINT} is {shown(value)}; write the minutes of the bake as a number, such as "30"'
        report.error((*where, BAKE_HINT), what, "bake-hint")


def _check_cycles(report: Report, jobs: Mapping[str, Job]) -> None:
    left = dict(jobs)
    while ready := [n for n, job in left.items() if not any(name in left and name != n for _, name in job.needs)]:
        for name in ready:
            del left[name]
    if left:
        way = _cycle(left)
        what = f"these wait for each other for ever: {' → '.join([*way, way[0]])}"
        report.error(left[way[0]].needs[0][0], what, "dependency-cycle")


def _cycle(left: Mapping[str, Job]) -> list[str]:
    way = [next(iter(left))]
    while True:
        following = next(name for _, name in left[way[-1]].needs if name in left and name != way[-1])
        if following in way:
            return way[way.index(following) :]
        way.append(following)
