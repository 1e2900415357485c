"""Every finding of a CodePipeline pipeline at once. The tables are in `schema`, what makes waves of it in `read`."""

from collections import Counter
from collections.abc import Iterator

from waves.files.documents import Document, Finding, Where, closest, shown
from waves.pipelines.codepipeline.pipeline import Action, Pipeline, Rule, Stage, pick, pipelines
from waves.pipelines.codepipeline.read import read, wait_time
from waves.pipelines.codepipeline.schema import (
    MAX_ACTIONS,
    MAX_ECS_MINUTES,
    MAX_RUN_ORDER,
    NAME,
    PIPELINE,
    PROVIDERS,
    RESOURCE_KEYS,
    RULES_KNOWN,
)
from waves.pipelines.keys import Key, Report, check_map, check_value
from waves.pipelines.steps import REGION, Hints
from waves.pipelines.trees import map_of, text_of


def check(document: Document, hints: Hints) -> list[Finding]:
    """Return every error and warning of a document, in the order of the file."""
    report = Report(document, "the pipeline", "the reference")
    found = pipelines(document, hints.regions_of)
    for pipeline in found:
        _check_pipeline(report, pipeline)
    if not any(finding.severity == "error" for finding in report.findings) and found:
        report.findings += read(document, hints).softened.findings
    return sorted(set(report.findings))


def _check_pipeline(report: Report, pipeline: Pipeline) -> None:
    table = PIPELINE if pipeline.resource is None else RESOURCE_KEYS
    check_map(report, pipeline.where, pipeline.body, table)
    stages, actions = pipeline.stages, [action for stage in pipeline.stages for action in stage.actions]
    if len(stages) < 2:
        report.error(pipeline.where, f"the pipeline has {len(stages)} stages; it needs at least 2", "too-few")
    if len(actions) > MAX_ACTIONS:
        what = f"the pipeline has {len(actions)} actions; at most {MAX_ACTIONS} are allowed"
        report.error(pipeline.where, what, "too-many")
    _check_names(report, [(stage.where, stage.name) for stage in stages], "stage")
    for s, stage in enumerate(stages):
        _check_names(report, [(action.where, action.name) for action in stage.actions], "action")
        _check_stage(report, pipeline, stage, s == 0)
    _check_artifacts(report, stages)
    _check_stores(report, pipeline, actions)


def _check_names(report: Report, names: list[tuple[Where, str]], what: str) -> None:
    counts = Counter(name for _, name in names)
    for where, name in names:
        if counts[name] > 1 and name and "${" not in name:
            report.error(where, f"the {what} name {shown(name)} stands {counts[name]} times", "name-twice")
            counts[name] = 0
        if name and "${" not in name and not NAME.fullmatch(name) and not (what == "stage" and " " in name):
            text = f"the {what} name {shown(name)} may have only letters, digits and . @ - _, at most 100"
            report.error(where, text, "name-characters")


def _check_stage(report: Report, pipeline: Pipeline, stage: Stage, first: bool) -> None:
    if not stage.actions:
        report.error(stage.where, f"the stage {shown(stage.name)} has no actions", "missing-key")
    for action in stage.actions:
        source = action.type[0] == "Source"
        if source != first and action.type[0]:
            place = "only in" if source else "nowhere else but in the stages after"
            report.error(
                action.where, f"{action.label}: a Source action stands {place} the first stage", "source-first"
            )
        _check_action(report, action)
    conditions = [entry for entry in ("onSuccess", "onFailure", "beforeEntry") if pick(stage.body, entry)]
    if conditions and text_of(pick(pipeline.body, "pipelineType")) == "V1":
        what = f"{stage.name} has {conditions[0]}; stage conditions belong to pipelines of type V2"
        report.warn(stage.where, what, "pipeline-type")
    for entry in conditions:
        for rule in stage.rules(entry):
            if rule.provider and rule.provider not in RULES_KNOWN:
                what = f"the rule {shown(rule.provider)} is not in the user guide's rule reference"
                report.warn(rule.where, what, "unknown-provider")
            needed = {"CloudWatchAlarm": "AlarmName", "DeploymentWindow": "Cron"}.get(rule.provider)
            if needed and not rule.configuration.get(needed):
                report.error(
                    rule.where, f"the rule {rule.provider} lacks {needed!r} in its configuration", "missing-key"
                )
            _check_wait_time(report, rule)
    _check_stack_names(report, stage)


def _check_wait_time(report: Report, rule: Rule) -> None:
    text = rule.configuration.get("WaitTime")
    if rule.provider == "CloudWatchAlarm" and text is not None and wait_time(text) is None and "{" not in text:
        what = f"WaitTime is {shown(text)}; write whole minutes"
        report.error((*rule.where, _key_of(report, rule.where), "WaitTime"), what, "wait-time")


def _key_of(report: Report, where: Where) -> str:
    return "configuration" if (*where, "configuration") in report.document.places else "Configuration"


def _check_stack_names(report: Report, stage: Stage) -> None:
    """Two actions of one stage that run side by side on the same service get in each other's way."""
    for actions in stage.orders:
        seen: set[tuple[str, ...]] = set()
        for action in actions:
            place = (action.region, *(action.configuration.get(k, "") for k in ("ClusterName", "ServiceName")))
            if action.type == ("Deploy", "ECS") and place in seen:
                what = f"{action.label} deploys to the same service as another action beside it"
                report.warn(action.where, what, "same-service")
            seen.add(place)


def _check_action(report: Report, action: Action) -> None:
    category, provider = action.type
    if category and provider and not action.known and "${" not in category + provider:
        names = [name for kind, name in PROVIDERS if kind == category]
        near = closest(provider, names, 0.85)
        owner = text_of(pick(map_of(pick(action.body, "actionTypeId")), "owner"))
        if near and owner == "AWS":
            what = f"unknown provider {shown(provider)} of a {category} action; did you mean {near!r}?"
            report.error(action.where, what, "unknown-provider")
        elif owner == "AWS":
            what = f"{shown(provider)} is not in the user guide's table of {category} actions; it is not checked"
            report.warn(action.where, what, "unknown-provider")
    if action.known and (action.known.needed or action.known.known):
        needed = dict.fromkeys(action.known.needed, Key(required=True))
        table = Key("map", bool(needed), needed | dict.fromkeys(action.known.known, Key("any")))
        where = (*action.where, "configuration" if "configuration" in action.body else "Configuration")
        check_value(report, where, pick(action.body, "configuration") or {}, table)
    _check_numbers(report, action)
    if action.region and "${" not in action.region and not REGION.fullmatch(action.region):
        report.warn(action.where, f"{shown(action.region)} is no region code such as us-east-1", "region-name")


def _check_numbers(report: Report, action: Action) -> None:
    if not 1 <= action.order <= MAX_RUN_ORDER:
        what = f"{action.label} has run order {action.order}; it is from 1 to {MAX_RUN_ORDER}"
        report.error(action.where, what, "run-order")
    text = action.configuration.get("DeploymentTimeout", "")
    fine = text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_ECS_MINUTES
    if action.type == ("Deploy", "ECS") and text and "${" not in text and not fine:
        what = f"DeploymentTimeout is {shown(text)}; write whole minutes, from 1 to {MAX_ECS_MINUTES}"
        report.error(action.where, what, "timeout")


def _artifacts(action: Action, key: str) -> Iterator[str]:
    rows = pick(action.body, key)
    for row in rows if isinstance(rows, list) else ():
        name = text_of(pick(map_of(row), "name"))
        if name:
            yield name


def _check_artifacts(report: Report, stages: list[Stage]) -> None:
    made: set[str] = set()
    for stage in stages:
        for actions in stage.orders:
            for action in actions:
                for name in _artifacts(action, "inputArtifacts"):
                    if name not in made and "${" not in name:
                        near = closest(name, made, 0.8)
                        hint = f"; did you mean {near!r}?" if near else "; add it to the output of an action before it"
                        what = (
                            f"{action.label} takes the artifact {shown(name)}, which no action before it puts out{hint}"
                        )
                        report.error(action.where, what, "unknown-artifact")
            for action in actions:
                for name in _artifacts(action, "outputArtifacts"):
                    if name in made:
                        what = f"{action.label} puts out the artifact {shown(name)}, as another action does"
                        report.error(action.where, what, "artifact-twice")
                    made.add(name)


def _check_stores(report: Report, pipeline: Pipeline, actions: list[Action]) -> None:
    one, many = pick(pipeline.body, "artifactStore"), pick(pipeline.body, "artifactStores")
    if one and many:
        what = "the pipeline has artifactStore and artifactStores; give one of them"
        report.error(pipeline.where, what, "artifact-stores")
    elif not one and not many:
        what = "the pipeline has neither artifactStore nor artifactStores; give one of them"
        report.error(pipeline.where, what, "artifact-stores")
    # An action that states no region runs where the pipeline is.
    stated = {action.region or pipeline.home for action in actions}
    regions = {region for region in stated if region and "${" not in region}
    if one and not many and len(regions) > 1:
        what = f"actions run in {len(regions)} regions; each needs its own bucket in artifactStores"
        report.error(pipeline.where, what, "artifact-stores")
