"""CodePipeline: pipelines, their executions, and each action's times. A pipeline is where its service begins.

Not here: how executions came about (`telling`).
"""

import bisect
from typing import Any

from tests.aws_stand_in.errors import ApiError
from tests.aws_stand_in.history import when
from tests.aws_stand_in.operations.question import Question
from tests.aws_stand_in.paging import Page, walk
from tests.aws_stand_in.things import Action, Execution

INVALID = "ValidationException"
STRANGE = "Dreaming"  # a status that no model lists


def list_pipelines(question: Question) -> Page:
    """The pipelines of the account in the region: all of them are in the first region of the plan."""
    size = question.size("maxResults", 1000, 1000, INVALID)
    return walk(
        _pipelines(question), lambda name: _brief(question, name), key="pipelines", size=size, start=question.start
    )


def get_pipeline(question: Question) -> dict[str, Any]:
    """The structure of a pipeline, by the actions of its last whole execution."""
    name = _named(question, "name")
    executions = question.history.by_pipeline.get(name, [])
    fullest = max(executions, key=lambda execution: len({action.name for action in execution.actions}), default=None)
    stages: dict[str, dict[str, dict[str, Any]]] = {}
    for action in fullest.actions if fullest else ():
        found = {"name": action.name, "actionTypeId": _type(action), "region": action.region, "runOrder": 1}
        stages.setdefault(action.stage, {})[action.name] = found
    role = f"arn:aws:iam::{question.account}:role/pipeline"
    pipeline = {
        "name": name,
        "roleArn": role,
        "artifactStore": {"type": "S3", "location": "stand-in-artifacts"},
        "stages": [{"name": stage, "actions": list(actions.values())} for stage, actions in stages.items()],
        "version": 1,
        "executionMode": _mode(question, name),
        "pipelineType": "V2",
    }
    born = when(question.history.workflows[0].created)
    arn = f"arn:aws:codepipeline:{question.region}:{question.account}:{name}"
    return {"pipeline": pipeline, "metadata": {"pipelineArn": arn, "created": born, "updated": born}}


def list_pipeline_executions(question: Question) -> Page:
    """The executions of a pipeline, newest first."""
    own = question.history.by_pipeline.get(_named(question, "pipelineName"), [])
    return walk(
        own,
        lambda execution: _execution(question, execution),
        key="pipelineExecutionSummaries",
        size=question.size("maxResults", 100, 100, INVALID),
        start=question.start,
        newest_first=True,
        high=bisect.bisect_right(own, question.history.now, key=lambda execution: execution.started),
    )


def list_action_executions(question: Question) -> Page:
    """The action executions of a pipeline, or of one of its executions, newest first."""
    own = question.history.actions_by_pipeline.get(_named(question, "pipelineName"), [])
    chosen = question.get("filter") or {}
    wanted = chosen.get("pipelineExecutionId") or chosen.get("latestInPipelineExecution", {}).get("pipelineExecutionId")
    if wanted:
        own = [(execution, action) for execution, action in own if execution.id == wanted]
        if not own:
            raise ApiError("PipelineExecutionNotFoundException", f"There is no pipeline execution {wanted}.")

    def show(pair: tuple[Execution, Action]) -> dict[str, Any] | None:
        return _action(question, *pair) if pair[1].started <= question.history.now else None

    return walk(
        own,
        show,
        key="actionExecutionDetails",
        size=question.size("maxResults", 100, 100, INVALID),
        start=question.start,
        newest_first=True,
    )


def _pipelines(question: Question) -> list[str]:
    history = question.history
    if question.region != history.regions[0]:
        return []
    return [f"deploy-{service}" for service, account in history.services.items() if account == question.account]


def _named(question: Question, parameter: str) -> str:
    name: str = question.get(parameter)
    if name not in _pipelines(question):
        text = f"Account '{question.account}' does not have a pipeline with name '{name}'"
        raise ApiError("PipelineNotFoundException", text)
    return name


def _mode(question: Question, name: str) -> str:
    return next(flow.mode for flow in question.history.workflows if flow.name == name)


def _brief(question: Question, name: str) -> dict[str, Any]:
    born = when(question.history.workflows[0].created)
    mode = _mode(question, name)
    return {
        "name": name,
        "version": 1,
        "pipelineType": "V2",
        "executionMode": mode,
        "created": born,
        "updated": born,
    }


def _execution(question: Question, execution: Execution) -> dict[str, Any]:
    now = question.history.now
    ended = now >= execution.ended
    status = execution.status if ended else "InProgress"
    begun = [action for action in execution.actions if action.started <= now]
    latest = [min(now, action.ended) for action in begun]
    found: dict[str, Any] = {
        "pipelineExecutionId": execution.id,
        "status": STRANGE if ended and question.history.strange(execution.id) else status,
        "startTime": when(execution.started),
        "lastUpdateTime": when(execution.ended if ended else max([execution.started, *latest])),
        "sourceRevisions": [{"actionName": "Source", "revisionId": execution.commit}],
        "trigger": {"triggerType": "AutomatedRollback" if execution.rollback_of else "WebhookV2"},
        "executionMode": _mode(question, execution.pipeline),
        "executionType": "ROLLBACK" if execution.rollback_of else "STANDARD",
    }
    if execution.rollback_of:
        found["rollbackMetadata"] = {"rollbackTargetPipelineExecutionId": execution.rollback_of}
    return {**found, **question.history.changed.get(execution.id, {})}


def _type(action: Action) -> dict[str, str]:
    return {"category": action.category, "owner": "AWS", "provider": action.provider, "version": "1"}


def _action(question: Question, execution: Execution, action: Action) -> dict[str, Any]:
    now = question.history.now
    ended = now >= action.ended
    result: dict[str, Any] = {}
    if action.external:
        result["externalExecutionId"] = action.external
    if ended and action.error:
        result["errorDetails"] = {"code": action.error, "message": f"{action.name} failed"}
    found: dict[str, Any] = {
        "pipelineExecutionId": execution.id,
        "actionExecutionId": action.id,
        "pipelineVersion": 1,
        "stageName": action.stage,
        "actionName": action.name,
        "startTime": when(action.started),
        "lastUpdateTime": when(min(now, action.ended)),
        "status": action.status if ended else "InProgress",
        "input": {"actionTypeId": _type(action), "region": action.region, "configuration": action.configuration},
        "output": {"executionResult": result},
    }
    return {**found, **question.history.changed.get(action.id, {})}
