"""Write a plan as a CodePipeline pipeline: a CloudFormation template, or the JSON that `update-pipeline` takes.

Source, build once, render, then a stage a wave. An approval is a stage of its own, so that a rejection is no failed
deployment; a bake is the WaitTime of an alarm when the stage has succeeded; a calendar is a window at its entry. The
ECS actions themselves wait until the service is stable. `read` makes the same plan of it.
"""

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from waves.pipelines.codepipeline.read import is_early
from waves.pipelines.codepipeline.schema import (
    MAX_ACTIONS,
    MAX_ECS_MINUTES,
    MAX_IN_STAGE,
    MAX_RULES,
    MAX_STAGES,
    NAME,
    capital,
)
from waves.pipelines.codepipeline.windows import cron
from waves.pipelines.saying import Abilities, Said, header, said
from waves.pipelines.shell import copied
from waves.pipelines.target import Target
from waves.pipelines.written import Written, text_of_tree

if TYPE_CHECKING:
    from waves.plan import Plan, Wave

_TAG = "#{Source.CommitId}"
_ALARMS = {"rollback_wave": "ROLLBACK", "halt": "FAIL"}


def _sayable(calendar: Mapping[str, Any]) -> bool:
    return not calendar.get("freezes") and calendar.get("zone", "UTC") != "region" and cron(dict(calendar)) is not None


def _nameable(name: str) -> bool:
    """Return whether a stage may be called so; names such as Beta mean an earlier environment."""
    return bool(NAME.fullmatch(name)) and len(name) <= 90 and not is_early(name) and name not in ("Source", "Build")


ABILITIES = Abilities(
    "CodePipeline",
    name=lambda name: bool(NAME.fullmatch(name)),
    wave_name=_nameable,
    whole_minutes=True,
    most_bake=86_400.0,
    retries=1,
    timeouts=(1, MAX_ECS_MINUTES),
    timeout_strategies=("rolling",),
    on_deploy_failure=("stop", "rollback_all"),
    on_alarm=tuple(_ALARMS),
    on_alarm_else="rollback_wave",
    calendar=_sayable,
)


def write(plan: "Plan", target: Target, as_json: bool = False) -> Written:
    """Return the pipeline of a plan.

    Raises
    ------
    ValueError
        For JSON without a connection, which only a template can leave to its parameters.
    """
    found = said(plan, ABILITIES)
    pipeline = _Writer(found.plan, target).pipeline()
    _check_size(found, pipeline["stages"])
    if as_json:
        return Written(_json(found, pipeline, target), found)
    notes = [
        f"Roles to set up: {target.service}-pipeline. Buckets: artifacts-{target.account}-REGION in every region.",
        f"Alarms: {target.alarm_name} in every region.",
        *_wide(found.plan, target),
    ]
    body = _capitals(pipeline)
    body["ArtifactStores"] = [{"Region": r, "ArtifactStore": s} for r, s in body.pop("ArtifactStores").items()]
    parameters = {} if target.connection else {"Parameters": {"ConnectionArn": {"Type": "String"}}}
    tree = {
        "AWSTemplateFormatVersion": "2010-09-09",
        **parameters,
        "Resources": {"Pipeline": {"Type": "AWS::CodePipeline::Pipeline", "Properties": body}},
    }
    return Written(header(plan, found.remarks, notes) + text_of_tree(tree, "Resources"), found)


def _json(found: Said, pipeline: dict[str, Any], target: Target) -> str:
    if not target.connection:
        raise ValueError("connection is missing; JSON has no parameters: give the ARN of the connection to the source")
    if found.remarks:
        rows = [
            ((), f"JSON has no comments for what CodePipeline cannot say: {text}", "cannot-say")
            for text in found.remarks
        ]
        found.refusals += rows
    return json.dumps({"pipeline": pipeline}, indent=2) + "\n"


def _wide(plan: "Plan", target: Target) -> list[str]:
    wide = [wave for wave in plan.waves if len(wave.regions) > MAX_RULES]
    names = ", ".join(f"{target.alarm_name}-{wave.name}" for wave in wide)
    what = f"A condition has at most {MAX_RULES} rules: set up one alarm that stands for all regions of the wave"
    return [f"{what}: {names}."] if wide else []


def _check_size(found: Said, stages: list[dict[str, Any]]) -> None:
    widest = max(len(stage["actions"]) for stage in stages)
    count = sum(len(stage["actions"]) for stage in stages)
    for number, most, what in (
        (len(stages), MAX_STAGES, "stages"),
        (widest, MAX_IN_STAGE, "actions in one stage"),
        (count, MAX_ACTIONS, "actions"),
    ):
        if number > most:
            found.refusals.append((("waves",), f"the pipeline would have {number} {what}; at most {most}", "too-many"))


def _capitals(value: Any) -> Any:
    """Write keys as CloudFormation does; those of a configuration, and regions, are names already."""
    if isinstance(value, list):
        return [_capitals(item) for item in value]
    if not isinstance(value, dict) or "Ref" in value:
        return value
    return {
        (key if "-" in key else capital(key)): (item if key == "configuration" else _capitals(item))
        for key, item in value.items()
    }


def _type(category: str, provider: str) -> dict[str, str]:
    return {"category": category, "owner": "AWS", "provider": provider, "version": "1"}


class _Writer:
    def __init__(self, plan: "Plan", target: Target) -> None:
        self.plan, self.target = plan, target
        self.primary = target.primary or plan.regions[0]
        self.green = [region for region in plan.regions if plan.strategy_of(region) == "blue_green"]

    def pipeline(self) -> dict[str, Any]:
        """Return the pipeline as the API has it."""
        stages = [self._source(), self._build()]
        for w, wave in enumerate(self.plan.waves):
            if wave.approval:
                action = {"name": "Approve", "actionTypeId": _type("Approval", "Manual")}
                stages.append({"name": f"approve-{wave.name}", "actions": [action]})
            stages.append(self._wave(w, wave))
        regions = dict.fromkeys((self.primary, *self.plan.regions))
        return {
            "name": self.plan.name,
            "roleArn": f"arn:aws:iam::{self.target.account}:role/{self.target.service}-pipeline",
            "artifactStores": {
                region: {"type": "S3", "location": f"artifacts-{self.target.account}-{region}"} for region in regions
            },
            "pipelineType": "V2",
            "executionMode": "QUEUED",
            "stages": stages,
        }

    def _source(self) -> dict[str, Any]:
        action = {
            "name": "Source",
            "namespace": "Source",
            "actionTypeId": _type("Source", "CodeStarSourceConnection"),
            "configuration": {
                "ConnectionArn": self.target.connection or {"Ref": "ConnectionArn"},
                "FullRepositoryId": self.target.source,
                "BranchName": self.target.branch,
            },
            "outputArtifacts": [{"name": "Source"}],
        }
        return {"name": "Source", "actions": [action]}

    def _build(self) -> dict[str, Any]:
        image = {
            "name": "Image",
            "region": self.primary,
            "actionTypeId": _type("Build", "ECRBuildAndPublish"),
            "runOrder": 1,
            "configuration": {"ECRRepositoryName": self.target.repository, "ImageTags": _TAG},
            "inputArtifacts": [{"name": "Source"}],
        }
        render = {
            "name": "Render",
            "region": self.primary,
            "actionTypeId": _type("Compute", "Commands"),
            "runOrder": 2,
            "commands": self._rendering(),
            "inputArtifacts": [{"name": "Source"}],
            "outputArtifacts": [{"name": "Rendered", "files": ["**/*"]}],
        }
        own = [self._own_build(region) for region in self.plan.regions if region in self.target.builds]
        return {"name": "Build", "actions": [image, render, *own]}

    def _own_build(self, region: str) -> dict[str, Any]:
        return {
            "name": f"Build-{region}"[:100],
            "region": self.primary,
            "actionTypeId": _type("Compute", "Commands"),
            "runOrder": 3,
            "commands": [self.target.builds[region]],
            "environmentVariables": [{"name": "REGION", "value": region}],
            "inputArtifacts": [{"name": "Source"}],
        }

    def _rendering(self) -> list[str]:
        """Write the image definitions, and for blue/green the task definitions; one line a command, as AWS wants it."""
        image = f"{self.target.registry('$region')}/{self.target.repository}:{_TAG}"
        image = image if self.target.replicated else image.replace("$region", self.primary)
        found = []
        for regions in _some(list(self.plan.regions)):
            lines = [
                f'printf \'[{{"name":"{self.target.container}","imageUri":"%s"}}]\' "{image}" > images-$region.json'
            ]
            if self.target.replicated:
                lines.insert(0, copied(self.target, '"$region"', _TAG))
            found.append(f"for region in {' '.join(regions)}; do {'; '.join(lines)}; done")
        for regions in _some(self.green):
            path = self.target.definition("$region")
            found.append(
                f'for region in {" ".join(regions)}; do sed "s|<IMAGE>|{image}|" {path} > task-$region.json; done'
            )
        return found

    def _wave(self, w: int, wave: "Wave") -> dict[str, Any]:
        stage: dict[str, Any] = {"name": wave.name, "actions": [self._deploy(region) for region in wave.regions]}
        calendar = self._calendar(wave)
        if calendar is not None:
            window = {"Cron": cron(calendar), "TimeZone": calendar.get("zone", "UTC")}
            stage["beforeEntry"] = _condition("FAIL", [_rule("window", "DeploymentWindow", window, self.primary)])
        if self.plan.on_deploy_failure == "rollback_all":
            stage["onFailure"] = {"result": "ROLLBACK"}
        elif self.plan.retries:
            stage["onFailure"] = {"result": "RETRY", "retryConfiguration": {"retryMode": "FAILED_ACTIONS"}}
        on_alarm = _ALARMS[self.plan.on_alarm]
        stage["onSuccess"] = _condition(on_alarm, self._alarms(wave))
        return stage

    def _calendar(self, wave: "Wave") -> dict[str, Any] | None:
        found = wave.calendar or self.plan.calendar
        if found is None or isinstance(found, str):
            return None
        tree: dict[str, Any] = found.model_dump(mode="json", exclude_defaults=True)
        return tree if _sayable(tree) else None

    def _alarms(self, wave: "Wave") -> list[dict[str, Any]]:
        minutes = {"WaitTime": str(math.ceil(wave.bake_minutes))} if wave.bake_minutes else {}
        name = self.target.alarm_name
        if len(wave.regions) > MAX_RULES:
            rows = [(self.primary, "watch", f"{name}-{wave.name}")]
        else:
            rows = [(region, f"watch-{region}"[:100], name) for region in wave.regions]
        return [_rule(rule, "CloudWatchAlarm", {"AlarmName": alarm, **minutes}, region) for region, rule, alarm in rows]

    def _deploy(self, region: str) -> dict[str, Any]:
        found: dict[str, Any] = {"name": f"Deploy-{region}"[:100], "region": region}
        if region in self.green:
            found["actionTypeId"] = _type("Deploy", "CodeDeployToECS")
            found["configuration"] = {
                "ApplicationName": self.target.service,
                "DeploymentGroupName": self.target.service,
                "TaskDefinitionTemplateArtifact": "Rendered",
                "TaskDefinitionTemplatePath": f"task-{region}.json",
                "AppSpecTemplateArtifact": "Rendered",
                "AppSpecTemplatePath": "deploy/appspec.yaml",
            }
        else:
            found["actionTypeId"] = _type("Deploy", "ECS")
            found["configuration"] = {
                "ClusterName": self.target.cluster,
                "ServiceName": self.target.service,
                "FileName": f"images-{region}.json",
                **self._timeout(),
            }
        found["inputArtifacts"] = [{"name": "Rendered"}]
        return found

    def _timeout(self) -> dict[str, str]:
        minutes = self.plan.deploy_timeout_minutes
        return {} if minutes is None else {"DeploymentTimeout": str(int(minutes))}


def _condition(result: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"conditions": [{"result": result, "rules": rules}]}


def _rule(name: str, provider: str, configuration: Mapping[str, Any], region: str) -> dict[str, Any]:
    kind = {"category": "Rule", "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "ruleTypeId": kind, "configuration": dict(configuration), "region": region}


def _some(regions: list[str]) -> list[list[str]]:
    return [regions[i : i + 15] for i in range(0, len(regions), 15)]
