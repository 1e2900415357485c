"""From a pipeline to waves: stages and run orders, regions, approvals, conditions, windows.

Which steps form a wave is decided in `waves.pipelines.layers`; here is only what CodePipeline means by its words.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from waves.files.documents import Document, shown
from waves.pipelines.codepipeline.pipeline import Action, Pipeline, Rule, Stage, pipelines
from waves.pipelines.codepipeline.schema import EARLY
from waves.pipelines.codepipeline.windows import window
from waves.pipelines.layers import Layers
from waves.pipelines.minutes import minutes_of
from waves.pipelines.reading import Layer, Note, Reading
from waves.pipelines.steps import REGION, REGION_HINT, Hints, Step, StepKind
from waves.pipelines.trees import map_of


def read(document: Document, hints: Hints) -> Reading:
    """Read the pipeline of a document as waves."""
    found = pipelines(document, hints.regions_of)
    readings = [_Reader(document, pipeline, hints).reading() for pipeline in found]
    deploying = [reading for reading in readings if _deploys(reading)]
    if not readings:
        note = Note((), "the file has no pipeline", "no-deployment", "error")
        return Reading(document, "", (), {}, (note,))
    if len(deploying) > 1:
        names = ", ".join(reading.name for reading in deploying)
        what = f"the template has {len(deploying)} pipelines that deploy ({names}); one plan comes from one pipeline"
        note = Note(found[readings.index(deploying[1])].where, what, "several-pipelines", "error")
        return Reading(document, deploying[0].name, (), {}, (note,))
    return deploying[0] if deploying else readings[0]


def _deploys(reading: Reading) -> bool:
    return not any(note.rule == "no-deployment" for note in reading.notes)


class _Reader:
    def __init__(self, document: Document, pipeline: Pipeline, hints: Hints) -> None:
        self.document, self.pipeline, self.hints = document, pipeline, hints
        self.notes: list[Note] = []
        self.steps: list[Step] = []
        self.sources: list[tuple[Stage, Action | None]] = []  # what each step comes from
        for stage in pipeline.stages:
            self._add_stage(stage)

    def reading(self) -> Reading:
        """Return what the pipeline says."""
        layers = Layers(self.steps, self.hints, self.pipeline.where)
        layers.check_given(self._names())
        read = layers.read()
        if not layers.chosen:
            self._note_unseen()
        fields = dict(self._fields(read)) if read else {}
        notes = (*layers.notes, *self.notes)
        return Reading(self.document, self.pipeline.name, read, fields, notes, steps=tuple(self.steps))

    def _names(self) -> list[str]:
        """Return what a region may be given for: actions, stages, parameters, and the place of the template."""
        names = [name for s in self.pipeline.stages for a in s.actions for name in (a.label, a.name, s.name)]
        value = map_of(self.document.value)
        return [*names, *map_of(value.get("Parameters")), *(["AWS::Region"] if self.pipeline.resource else [])]

    def _note_unseen(self) -> None:
        """Name what looks as if it deployed, where nothing else does: a suggestion, no guess."""
        for stage in self.pipeline.stages:
            for action in stage.actions:
                if "deploy" in f"{stage.name} {action.name}".lower() and action.type[0] in (
                    "Build",
                    "Invoke",
                    "Compute",
                ):
                    what = (
                        f"{action.label} ({action.type[1]}) may deploy, and the plan does not know of it; if it does,"
                    )
                    remedy = f"say regions_of= (--region-of {shown(action.label)}=REGION), or give it a variable"
                    self.notes.append(Note(action.where, f"{what} {remedy} {REGION_HINT}", "deployment-unseen"))

    def _add_stage(self, stage: Stage) -> None:
        for actions in stage.orders:
            before = (1 << len(self.steps)) - 1
            for action in actions:
                for step in self._steps(stage, action, before):
                    self.steps.append(step)
                    self.sources.append((stage, action))
        before = (1 << len(self.steps)) - 1
        for step in self._bakes(stage):
            self.steps.append(replace(step, before=before))
            self.sources.append((stage, None))

    def _steps(self, stage: Stage, action: Action, before: int) -> Iterator[Step]:
        kind, waited = action.kind, action.waited
        said = self.hints.named(action.label) or action.said_region
        if kind in ("other", "test") or (kind == "build" and action.type[0] == "Build"):
            kind = "deploy" if said else "wait" if waited else kind
        early = is_early(stage.name) or is_early(action.name)
        group, limit = stage.name if len(stage.orders) == 1 else "", None
        regions = [""]
        if kind == "deploy":
            group = self._group(stage)
            regions = action.regions or [said or self._region(stage, action)]
            limit = 1 if action.regions else None  # a stack set takes its regions one after the other
        for region in regions:
            written = action.region or ("AWS::Region" if self.pipeline.resource else "")
            yield Step(
                action.label,
                action.where,
                kind,
                before,
                region,
                written,
                stage.name,
                early,
                group,
                limit,
                waited.minutes or 0.0 if kind == "wait" else waited.minutes,
                waited.unsaid if kind == "wait" else "",
                asks=kind == "approval",
            )
        if kind == "deploy" and waited:
            what = (
                f"{action.label} waits ({waited.unsaid or 'sleep'}) inside of what deploys, and that counts as no bake"
            )
            self._odd(action.where, f"{what}; wait in an action of its own", "bake-left-out")

    def _group(self, stage: Stage) -> str:
        deploying = [actions for actions in stage.orders if any(a.kind == "deploy" for a in actions)]
        return stage.name if len(deploying) == 1 else ""

    def _region(self, stage: Stage, action: Action) -> str:
        given = self.hints.region(action.label, action.name, stage.name)
        stated = action.region or self.pipeline.home or self.hints.regions_of.get("AWS::Region", "")
        return given or (stated if REGION.fullmatch(stated) else "")

    def _bakes(self, stage: Stage) -> Iterator[Step]:
        """Yield the alarms that are watched when the stage has succeeded; one whose minutes nobody knows is a test."""
        for rule in stage.rules("onSuccess"):
            name = f"{stage.name}/onSuccess/{rule.name}"
            if rule.provider == "CloudWatchAlarm":
                minutes = wait_time(rule.configuration.get("WaitTime", "0"))
                kind: StepKind = "test" if minutes is None else "wait"
                yield Step(name, rule.where, kind, minutes=minutes)
            elif rule.provider in ("LambdaInvoke", "CodeBuild", "Commands"):
                what = f"the rule {rule.provider} of {stage.name} runs after the stage; how long is not said"
                self._odd(rule.where, f"{what}, and it counts as no bake", "bake-left-out")

    def _fields(self, layers: tuple[Layer, ...]) -> Iterator[tuple[Any, Any]]:
        used = [[self.sources[i] for i in layer.steps] for layer in layers]
        actions = [action for wave in used for _, action in wave if action]
        yield from self._strategies(layers)
        limits = {action.configuration.get("DeploymentTimeout") for action in actions}
        limit = minutes_of(next(iter(limits)) or "") if len(limits) == 1 else None
        if limit:
            yield "deploy_timeout_minutes", limit
        elif len(limits) > 1:
            self._odd(actions[0].where, "the deployments have several values of DeploymentTimeout; the plan has none")
        stages = [stage for wave in used for stage, _ in wave]
        yield from self._after_failure(stages)
        yield from self._after_alarm(stages)
        yield from self._calendars(used)

    def _odd(self, where: Any, message: str, rule: str = "not-wave-shaped") -> None:
        self.notes.append(Note(where, message, rule))

    def _strategies(self, layers: tuple[Layer, ...]) -> Iterator[tuple[str, Any]]:
        moved = {region: "rolling" for layer in layers for region in layer.regions}
        for layer in layers:
            for i in layer.steps:
                action = self.sources[i][1]
                if action and action.known and action.known.blue_green:
                    moved[self.steps[i].region] = "blue_green"
        if set(moved.values()) == {"blue_green"}:
            yield "strategy", "blue_green"
        elif "blue_green" in moved.values():
            yield "strategies", {region: how for region, how in moved.items() if how == "blue_green"}

    def _after_failure(self, stages: list[Stage]) -> Iterator[tuple[str, Any]]:
        results = [stage.on_failure for stage in stages]
        for result in ("ROLLBACK", "RETRY"):
            if result not in results:
                continue
            stage = stages[results.index(result)]
            if len(set(results)) > 1:
                self._odd(stage.where, f"only some stages say onFailure {result}; the plan says it of all")
            if result == "ROLLBACK":
                what = (
                    "onFailure ROLLBACK takes only the failed stage back; the plan says rollback_all, which takes all"
                )
                self._odd(stage.where, what, "rollback-scope")
                yield "on_deploy_failure", "rollback_all"
            else:
                yield "retries", 1

    def _after_alarm(self, stages: list[Stage]) -> Iterator[tuple[str, Any]]:
        rules = [r for s in stages for r in s.rules("onSuccess") if r.provider == "CloudWatchAlarm"]
        results = list(dict.fromkeys(rule.result or "FAIL" for rule in rules))
        if len(results) > 1:
            self._odd(
                rules[0].where, f"the alarms lead to {' and '.join(results)}; the plan takes {results[0]} for all"
            )
        if results and results[0] == "ROLLBACK":
            yield "on_alarm", "rollback_wave"
        elif results and results[0] == "FAIL":
            yield "on_alarm", "halt"
        elif results:
            self._odd(rules[0].where, f"onSuccess with {results[0]} stops nothing; the plan halts on an alarm")

    def _calendars(self, used: list[list[tuple[Stage, Action | None]]]) -> Iterator[tuple[Any, Any]]:
        found = [self._calendar({id(stage): stage for stage, _ in wave}.values()) for wave in used]
        if not any(found):
            return
        common = next(calendar for calendar in found if calendar)
        yield "calendar", common
        for k, calendar in enumerate(found):
            if calendar != common:
                yield (k, "calendar"), calendar or "none"

    def _calendar(self, stages: Any) -> dict[str, Any] | None:
        rules = [r for stage in stages for r in stage.rules("beforeEntry") if r.provider == "DeploymentWindow"]
        if not rules:
            return None
        if len(rules) > 1:
            self._odd(rules[1].where, "several windows must all be open; the plan takes the first", "window")
        return self._window(rules[0])

    def _window(self, rule: Rule) -> dict[str, Any] | None:
        cron = rule.configuration.get("Cron", "")
        found = window(cron, rule.configuration.get("TimeZone", ""))
        if isinstance(found, str):
            what = f"the window {shown(cron)} is no weekly hours: {found}; the plan has no calendar there"
            self._odd(rule.where, what, "window")
            return None
        result = "skips the stage" if rule.result == "SKIP" else "fails"
        what = f"a DeploymentWindow is a check at the stage's entry: outside of it the pipeline {result}, and that it"
        self._odd(rule.where, f"{what} waits is not documented; the plan's calendar waits", "window")
        return found


def wait_time(text: str) -> float | None:
    """Return the minutes of a WaitTime; None where it is a variable, or no whole number."""
    return float(text) if text.isascii() and text.isdigit() and len(text) < 8 else None


def is_early(name: str) -> bool:
    """Say whether a name has a word such as Beta or Staging; DeployStaging has, contest has not."""
    spaced = "".join(f"-{c}" if c.isupper() and i and not name[i - 1].isupper() else c for i, c in enumerate(name))
    return bool(EARLY.search(spaced.lower()))
