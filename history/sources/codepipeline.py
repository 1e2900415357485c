"""CodePipeline: executions, and the actions in them with their times and regions. AWS keeps both for 12 months.

There is no filter of time, so both are read page by page, newest first, down to the oldest that was unfinished.
"""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar

from pydantic import Field

from history.instants import DAY
from history.records import PipelineAction, PipelineExecution, Record
from history.sources._patterns import Patterned, Patterns
from history.sources._source import (
    Calls,
    Known,
    Page,
    Paged,
    Parts,
    latest,
    maybe,
    need,
    next_token,
    perhaps_when,
    raw,
    when,
)

PAGE = 100
EXECUTIONS, ACTIONS = "executions of ", "actions of "
TERMINAL = {"Succeeded", "Failed", "Stopped", "Superseded", "Cancelled", "Abandoned"}


class CodePipeline(Paged):
    """Executions and actions of the pipelines that match.

    Parameters
    ----------
    wanted : sequence of str
        Patterns of pipeline names.
    """

    key: ClassVar[str] = "pipelines"
    wanted: ClassVar[Any] = Annotated[Patterns, Field(min_length=1)]
    about: ClassVar[str] = "Patterns of CodePipeline pipelines; left out: none."
    stream: ClassVar[str] = "codepipeline"
    service: ClassVar[str] = "codepipeline"
    operations: ClassVar[tuple[str, ...]] = (
        "codepipeline:ListPipelines",
        "codepipeline:ListPipelineExecutions",
        "codepipeline:ListActionExecutions",
    )
    retention: ClassVar[int | None] = 365 * DAY
    kinds: ClassVar[tuple[type[Record], ...]] = (PipelineExecution, PipelineAction)

    def __init__(self, wanted: Patterns, known: Known) -> None:
        self._patterned = Patterned(wanted)

    def parts(self, calls: Calls) -> Parts:
        """List the pipelines that match; each has its executions and its actions."""
        names = sorted(
            name
            for page in calls.pages("list_pipelines", "pipelines", maxResults=PAGE)
            for name in (need(item, "name", str, "list_pipelines") for item in page)
            if self._patterned(name)
        )
        notes = [f"no pipeline matches {pattern}" for pattern in self._patterned.idle]
        return Parts([what + name for name in names for what in (EXECUTIONS, ACTIONS)], notes=notes)

    def pending(self, part: str) -> tuple[type[Record], dict[str, str]]:
        """Unfinished executions and actions of a pipeline: there is no batch call that asks for them."""
        kind = PipelineExecution if part.startswith(EXECUTIONS) else PipelineAction
        return kind, {"pipeline": _pipeline(part)}

    def page(self, calls: Calls, part: str, token: str | None) -> Page:
        """Give one page of executions or actions of a pipeline."""
        more = {"nextToken": token} if token else {}
        read: Callable[[Calls, str, dict[str, Any]], PipelineExecution | PipelineAction] = _execution
        operation, key = "list_pipeline_executions", "pipelineExecutionSummaries"
        if part.startswith(ACTIONS):
            operation, key, read = "list_action_executions", "actionExecutionDetails", _action
        pipeline = _pipeline(part)
        answer = calls.call(operation, pipelineName=pipeline, maxResults=PAGE, **more)
        records = [read(calls, pipeline, item) for item in need(answer, key, list, operation)]
        starts = [record.started_at for record in records]
        return Page(list(records), starts, next_token(answer, "nextToken", operation))


def _pipeline(part: str) -> str:
    return part.removeprefix(EXECUTIONS).removeprefix(ACTIONS)


def _execution(calls: Calls, pipeline: str, item: dict[str, Any]) -> PipelineExecution:
    what = "list_pipeline_executions"
    status = need(item, "status", str, what)
    started, updated = when(item, "startTime", what), perhaps_when(item, "lastUpdateTime", what)
    return PipelineExecution(
        account=calls.unit.account,
        region=calls.unit.region,
        pipeline=pipeline,
        id=need(item, "pipelineExecutionId", str, what),
        status=status,
        started_at=started,
        updated_at=updated,
        trigger=(maybe(item, "trigger", dict, what) or {}).get("triggerType"),
        execution_mode=maybe(item, "executionMode", str, what),
        execution_type=maybe(item, "executionType", str, what),
        source_revisions=raw(maybe(item, "sourceRevisions", list, what) or []),
        version=latest(started, updated),
        finished=status in TERMINAL,
        raw=raw(item),
    )


def _action(calls: Calls, pipeline: str, item: dict[str, Any]) -> PipelineAction:
    what = "list_action_executions"
    status = need(item, "status", str, what)
    started, updated = when(item, "startTime", what), perhaps_when(item, "lastUpdateTime", what)
    given = maybe(item, "input", dict, what) or {}
    kind = maybe(given, "actionTypeId", dict, what) or {}
    settings = maybe(given, "configuration", dict, what) or {}
    configuration = {key: value for key, value in settings.items() if isinstance(value, str)}
    result = (maybe(item, "output", dict, what) or {}).get("executionResult") or {}
    return PipelineAction(
        account=calls.unit.account,
        region=calls.unit.region,
        pipeline=pipeline,
        id=need(item, "actionExecutionId", str, what),
        execution=need(item, "pipelineExecutionId", str, what),
        stage=maybe(item, "stageName", str, what),
        action=maybe(item, "actionName", str, what),
        status=status,
        action_region=maybe(given, "region", str, what),
        category=kind.get("category"),
        provider=kind.get("provider"),
        cluster=configuration.get("ClusterName"),
        service=configuration.get("ServiceName"),
        started_at=started,
        updated_at=updated,
        external_id=result.get("externalExecutionId"),
        error=(result.get("errorDetails") or {}).get("message"),
        version=latest(started, updated),
        finished=status in TERMINAL,
        raw=raw(item),
    )
