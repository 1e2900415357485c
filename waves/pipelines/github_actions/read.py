"""From a workflow to waves: jobs and what they need, matrices, environments, regions of credentials, waits.

Which steps form a wave is decided in `waves.pipelines.layers`; here is only what GitHub Actions means by its words. An
environment's wait timer and reviewers stand in the repository's settings, not in the file: they are asked for.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from waves.files.documents import Document, InputError, Where, did_you_mean, read_yaml, shown
from waves.pipelines.github_actions.expressions import Scope, combinations, filled, scoped
from waves.pipelines.github_actions.jobs import Job, JobStep, always, duration, jobs_of, never, never_run
from waves.pipelines.github_actions.schema import (
    EARLY,
    ECS_DEPLOY,
    SHELL_DEPLOYS,
    SHELL_REGION,
    base_of,
)
from waves.pipelines.layers import Layers
from waves.pipelines.minutes import Waited, idle, minutes_of, slept
from waves.pipelines.reading import Layer, Note, Reading
from waves.pipelines.steps import APPROVAL_HINT, BAKE_HINT, REGION, REGION_HINT, Hints, Step, StepKind
from waves.pipelines.trees import map_of, text_of

_NAMES = re.compile(r"\$\{?([A-Za-z_]\w*)")
_OF_MATRIX = re.compile(r"\$\{\{\s*matrix\.[^}]*\}\}")
_MOST_STEPS = 1000
_MOST_CALLS = 3
_NO = ("", "false", "no", "0", "none")


def read(document: Document, hints: Hints) -> Reading:
    """Read the workflow of a document as waves."""
    reader = _Reader(document, hints)
    value = map_of(document.value)
    reader.add(jobs_of(value), scoped({}, "env", value.get("env")), "", None, 0)
    name = text_of(value.get("name")) or os.path.splitext(os.path.basename(document.path))[0]
    return reader.reading(name)


class _Reader:
    def __init__(self, document: Document, hints: Hints) -> None:
        self.document, self.hints = document, hints
        self.notes: dict[tuple[Where, str], Note] = {}
        self.steps: list[Step] = []
        self.inputs: dict[int, Mapping[str, str]] = {}  # of each deployment by an ECS action
        self.asked: set[str] = set()
        self.environments: set[str] = set()
        self.called: set[str] = set()  # jobs, by their ids

    def reading(self, name: str) -> Reading:
        """Return what the workflow says."""
        layers = Layers(self.steps, self.hints, ("jobs",))
        layers.check_given([name for step in self.steps for name in (step.label, step.stage, *self.called)])
        layers.notes += self._check_environments()
        read = layers.read()
        fields = dict(self._fields(read))
        notes = (*layers.notes, *self.notes.values())
        return Reading(self.document, name, read, fields, notes, steps=tuple(self.steps))

    def _check_environments(self) -> list[Note]:
        """Refuse wait timers and approvals of environments that no job has: they would have no effect."""
        given = {*self.hints.wait_timers, *self.hints.approvals} - self.environments
        found = []
        for name in sorted(given):
            hint = (
                did_you_mean(name, self.environments) or f"; there are {', '.join(sorted(self.environments)) or 'none'}"
            )
            found.append(
                Note(("jobs",), f"no job has the environment {shown(name)}{hint}", "environment-unknown", "error")
            )
        return found

    def _note(self, where: Where, message: str, rule: str) -> None:
        self.notes.setdefault((where, message), Note(where, message, rule))

    def add(self, jobs: dict[str, Job], scope: Scope, prefix: str, where: Where | None, before: int) -> int:
        """Add jobs after the steps in `before`; return what all of them made, as bits."""
        dead = never_run(jobs)
        made: dict[str, int] = {}
        waiting = list(jobs.values())
        while waiting:
            ready = [job for job in waiting if not any(n in jobs and n not in made for _, n in job.needs)]
            # A cycle is an error of `check`; what hangs in it runs never, and is left out here.
            for job in ready:
                after = before
                for _, name in job.needs:
                    after |= made.get(name, 0)
                if job.id in dead:
                    what = f"the job {job.id} never runs, and is no part of the plan"
                    self._note(where or job.where, what, "never-runs")
                gone = job.id in dead or job.after_failure
                made[job.id] = after if gone else self._add_job(job, scope, prefix, where, after)
            if not ready:
                break
            waiting = [job for job in waiting if job.id not in made]
        found = 0
        for mask in made.values():
            found |= mask
        return found

    def _add_job(self, job: Job, scope: Scope, prefix: str, where: Where | None, before: int) -> int:
        start = len(self.steps)
        rows = combinations(job.strategy.get("matrix"), scope) if "matrix" in job.strategy else [{}]
        limit = text_of(job.strategy.get("max-parallel"))
        limit_number = int(limit) if limit.isascii() and limit.isdigit() and 0 < len(limit) < 6 else 0
        chain, last = limit_number == 1 and self._waits(job), before
        for row in rows or [{}]:
            if len(self.steps) > _MOST_STEPS:
                self._note(where or job.where, f"more than {_MOST_STEPS} steps; the rest is not read", "too-many")
                break
            inner = scoped(scope, "matrix", row)
            inner = scoped(inner, "env", job.body.get("env"))
            first = len(self.steps)
            self._add_instance(job, inner, prefix, where, last if chain else before, limit_number or None)
            last |= _mask(first, len(self.steps))
        made = _mask(start, len(self.steps))
        if any(step.kind != "other" for step in self.steps[start:]):
            self._note_conditions(where or job.where, f"the job {job.id}", job)
        # A job that did nothing of interest hands on what it waited for.
        return made or before

    def _note_conditions(self, place: Where, what: str, thing: Job | JobStep) -> None:
        """Say that something may not run, or that its failure stops nothing."""
        if "always()" in thing.condition or "!cancelled()" in thing.condition:
            self._note(place, f"{what} runs even where what it needs has failed", "always-runs")
        if not always(thing.condition):
            shown_as = shown(text_of(thing.body.get("if")))
            self._note(place, f"{what} runs only if {shown_as}; the plan takes it as if it always did", "conditional")
        if (text := text_of(thing.body.get("continue-on-error"))) not in ("", "false"):
            said = "" if text == "true" else f" where {shown(text)}"
            self._note(place, f"{what} may fail{said}, and what follows goes on all the same", "continue-on-error")

    def _waits(self, job: Job) -> bool:
        return any(slept(step.lines).minutes for step in job.steps if not never(step.condition))

    def _add_instance(
        self, job: Job, scope: Scope, prefix: str, where: Where | None, before: int, limit: int | None
    ) -> None:
        label, place = f"{prefix}{job.id}", where or job.where
        self.called |= {job.id}
        environment = filled(job.environment, scope)
        entered = self._enter(label, place, environment, scope, before)
        before |= entered
        if "uses" in job.body:
            self._add_call(job, scope, label, place, before)
            return
        count = len(self.steps)
        for step in self._found(job, scope, label, place, environment, limit):
            more = _mask(count, len(self.steps))
            self.steps.append(replace(step, before=before | more))
        if len(self.steps) == count and not entered:
            self.steps.append(self._plain(job, scope, label, place, before))

    def _enter(self, label: str, place: Where, environment: str, scope: Scope, before: int) -> int:
        """Add an environment's approval and its wait timer, where the caller says so, and ask where nobody does."""
        start = len(self.steps)
        self.environments |= {environment} if environment else set()
        approved = scope.get(f"env.{APPROVAL_HINT.lower()}", "").lower() not in _NO
        if approved or environment in self.hints.approvals:
            self.steps.append(Step(f"{label} (approval)", place, "approval", before, asks=True))
        if environment in self.hints.wait_timers:
            minutes = float(self.hints.wait_timers[environment])
            self.steps.append(Step(f"{label} (wait timer)", place, "wait", before, minutes=minutes))
        known = approved or environment in self.hints.approvals or environment in self.hints.wait_timers
        if environment and not known and environment not in self.asked:
            self.asked.add(environment)
            what = f"the environment {shown(environment)} may have a wait timer or reviewers, which no file says; say"
            remedy = "wait_timers= and approvals= (--wait-timer NAME=MINUTES, --approval NAME); none are taken"
            self._note(place, f"{what} {remedy}", "environment-settings")
        return _mask(start, len(self.steps))

    def _found(
        self, job: Job, scope: Scope, label: str, place: Where, environment: str, limit: int | None
    ) -> Iterator[Step]:
        """Yield the deployments of a job in their order, with the waits and approvals between and after them."""
        region, deployed = "", False
        stage, group = environment or job.id, f"{label[: -len(job.id)]}{job.title}"
        early = bool(EARLY.search((environment or job.id).lower()))
        hinted = scope.get(f"env.{REGION_HINT.lower()}", "")
        bakes = minutes_of(text_of(map_of(job.body.get("env")).get(BAKE_HINT)) and _hinted(scope))
        for step in (step for step in job.steps if not never(step.condition)):
            inner = scoped(scope, "env", step.body.get("env"))
            used, kind = step.used, step.used.kind if step.used else ""
            at = place if place != job.where else step.where
            if used and kind == "credentials":
                region = filled(step.inputs.get(used.region), inner) or region
            own = inner.get(f"env.{REGION_HINT.lower()}", "")
            own = own if own != hinted else ""
            waited = self._waited(step, inner) if bakes is None else Waited()
            if own or (kind == "deploy" and self._deploys(step)):
                deployed = True
                stated = own or (used and filled(step.inputs.get(used.region), inner)) or region or _of_env(inner)
                found = self._region(label, job.id, stated)
                self._remember(step, inner)
                yield Step(label, place, "deploy", 0, found, stated, stage, early, group, limit)
            elif kind == "approval":
                yield Step(f"{label}: {step.label}", place, "approval", asks=True)
            elif waited.nothing:
                continue
            elif (waited and self._deploying(job)) or (deployed and bakes is None and not idle(step.script)):
                yield _wait(f"{label}: {step.label}", place, waited)
            elif not hinted:
                self._suggest(step, at)
            if deployed and kind in ("deploy", "approval") or own or waited:
                self._note_conditions(at, f"the step {step.label} of {job.id}", step)
        given = self.hints.named(label, job.id)
        if not deployed and (hinted or given):
            deployed, found = True, self._region(label, job.id, hinted)
            yield Step(label, place, "deploy", 0, found, hinted, stage, early, group, limit)
        if deployed and bakes is not None:
            yield Step(f"{label}: {BAKE_HINT}", place, "wait", minutes=bakes)

    def _deploying(self, job: Job) -> bool:
        """Return whether a job deploys by an action: what it waits before that is part of the order, too."""
        return any(s.used and s.used.kind == "deploy" and self._deploys(s) for s in job.steps)

    def _deploys(self, step: JobStep) -> bool:
        # Without a service the action only registers the task definition, or runs a task.
        return base_of(step.uses) != ECS_DEPLOY or bool(step.inputs.get("service"))

    def _remember(self, step: JobStep, scope: Scope) -> None:
        if base_of(step.uses) == ECS_DEPLOY:
            values = {key: filled(value, scope) for key, value in step.inputs.items()}
            # What a combination of the matrix does not have is an empty text.
            self.inputs[len(self.steps)] = {k: v for k, v in values.items() if not _OF_MATRIX.fullmatch(v)}

    def _region(self, label: str, job: str, stated: str) -> str:
        return self.hints.region(label, job) or (stated if REGION.fullmatch(stated) else "")

    def _waited(self, step: JobStep, scope: Scope) -> Waited:
        if step.used and step.used.kind == "wait":
            text = filled(step.inputs.get(step.used.minutes), scope)
            minutes = duration(text)
            return Waited(minutes, "" if minutes is not None else f"{step.uses} {shown(text)}")
        if BAKE_HINT in map_of(step.body.get("env")) and (hint := minutes_of(_hinted(scope))) is not None:
            return Waited(hint)
        variables = {name.removeprefix("env."): text for name, text in scope.items() if name.startswith("env.")}
        written = {
            name: variables[name.lower()] for name in _NAMES.findall("\n".join(step.lines)) if name.lower() in variables
        }
        return slept((filled(line, scope) for line in step.script), written)

    def _suggest(self, step: JobStep, where: Where) -> None:
        for line in step.lines:
            match, region = SHELL_DEPLOYS.search(line), SHELL_REGION.search(line)
            if match:
                value = region[1] if region else "REGION"
                what = (
                    f"a shell step runs {shown(' '.join(match[1].split()))} and may deploy, and the plan does not know"
                )
                remedy = f"of it; if it does, give the job env: {{{REGION_HINT}: {value}}}"
                self._note(where, f"{what} {remedy}", "deployment-unseen")
                return

    def _plain(self, job: Job, scope: Scope, label: str, place: Where, before: int) -> Step:
        """Make the step of a job that deploys nothing: a wait, or something else."""
        hint, waited = minutes_of(_hinted(scope)), Waited()
        for step in (step for step in job.steps if not never(step.condition)):
            found = self._waited(step, scoped(scope, "env", step.body.get("env")))
            if found and hint is None:
                self._note_conditions(place, f"the step {step.label} of {job.id}", step)
            waited += found
        waited = Waited(hint) if hint is not None else waited
        return replace(_wait(label, place, waited), before=before, asks=bool(job.environment))

    def _add_call(self, job: Job, scope: Scope, label: str, place: Where, before: int) -> None:
        """Follow a call of a workflow that lies beside this one; another is taken as its region says."""
        uses, given = text_of(job.body.get("uses")), self.hints.named(label, job.id)
        called = self._called(uses) if label.count("/") < _MOST_CALLS and not given else None
        if called is not None:
            inputs = {**_defaults(called), **map_of(job.body.get("with"))}
            inner = scoped({k: v for k, v in scope.items() if not k.startswith("env.")}, "inputs", inputs)
            for key, value in inputs.items():
                inner[f"inputs.{key}".lower()] = filled(value, scope)
            inner = scoped(inner, "env", called.get("env"))
            self.add(jobs_of(called), inner, f"{label}/", place, before)
            return
        if given:
            early = bool(EARLY.search(label.lower()))
            self.steps.append(Step(label, place, "deploy", before, given, "", job.id, early, label))
            return
        stated = [
            text for value in map_of(job.body.get("with")).values() if REGION.fullmatch(text := filled(value, scope))
        ]
        region = stated[0] if stated else "REGION"
        what = f"the workflow {shown(uses)} is not beside this file; if it deploys, say regions_of= (--region-of"
        self._note(place, f"{what} {label}={region})", "workflow-called")
        self.steps.append(Step(label, place, "other", before))

    def _called(self, uses: str) -> Mapping[str, Any] | None:
        folder, name = os.path.split(uses)
        if folder != "./.github/workflows" or not name.endswith((".yml", ".yaml")):
            return None
        try:
            path = os.path.join(os.path.dirname(self.document.path), name)
            return map_of(read_yaml(path, dialect="github").value)
        except InputError:
            return None

    def _fields(self, layers: tuple[Layer, ...]) -> Iterator[tuple[str, Any]]:
        used = [(self.steps[i].region, self.inputs[i]) for layer in layers for i in layer.steps if i in self.inputs]
        blue_green = {region for region, inputs in used if inputs.get("codedeploy-appspec")}
        regions = {region for layer in layers for region in layer.regions}
        if blue_green and blue_green == regions:
            yield "strategy", "blue_green"
        elif blue_green:
            yield "strategies", {region: "blue_green" for region, _ in used if region in blue_green}
        limits = {inputs.get("wait-for-minutes", "") for _, inputs in used}
        limit = minutes_of(next(iter(limits))) if len(limits) == 1 else None
        if limit and len(used) >= len(regions):
            yield "deploy_timeout_minutes", limit


def _hinted(scope: Scope) -> str:
    return scope.get(f"env.{BAKE_HINT.lower()}", "")


def _wait(label: str, place: Where, waited: Waited) -> Step:
    kind: StepKind = "wait" if waited.minutes or waited.unsaid else "other"
    return Step(label, place, kind, minutes=waited.minutes or 0.0, unsaid=waited.unsaid)


def _mask(start: int, end: int) -> int:
    return ((1 << end) - 1) & ~((1 << start) - 1)


def _of_env(scope: Scope) -> str:
    return scope.get("env.aws_region") or scope.get("env.aws_default_region") or ""


def _defaults(called: Mapping[str, Any]) -> dict[str, Any]:
    on = map_of(map_of(called.get("on")).get("workflow_call"))
    rows = map_of(on.get("inputs")).items()
    return {name: map_of(body)["default"] for name, body in rows if "default" in map_of(body)}
