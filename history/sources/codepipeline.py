"""CodePipeline: executions, and the actions in them with their times and regions. AWS keeps both for 12 months.

There is no filter of time, so both are read page by page, newest first, down to the oldest that was unfinished.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any, ClassVar

from pydantic import Field

from history.instants import DAY
from history.keepable import keepable
from history.privacy import Private, private
from history.records import PipelineAction, PipelineExecution, Record
from history.sources._answers import has_ended, latest, maybe, need, next_token, perhaps_when, raw, when
from history.sources._patterns import Patterned, Patterns
from history.sources._source import Calls, Known, Page, Paged, Parts, misread, read
from history.units import Sign

PAGE = 100
EXECUTIONS, ACTIONS = "executions of ", "actions of "
# ListActionExecutions (API reference, "ActionExecutionInput", "ActionExecutionOutput"): whatever people configured, the
# same with its variables filled in, and whatever an action hands on: tokens, parameters, environments of builds.
PRIVATE = private("input.configuration", "input.resolvedConfiguration", "output.outputVariables")
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
    private: ClassVar[Private] = PRIVATE
    kinds: ClassVar[tuple[type[Record], ...]] = (PipelineExecution, PipelineAction)

    def __init__(self, wanted: Patterns, known: Known) -> None:
        self._patterned = Patterned(wanted)

    def parts(self, calls: Calls) -> Parts:
        """List the pipelines that match; each has its executions and its actions."""
        names: list[str] = []
        odd: list[Record] = []
        for item in (item for page in calls.pages("list_pipelines", "pipelines", maxResults=PAGE) for item in page):
            name = item.get("name") if isinstance(item, dict) else None
            if isinstance(name, str) and name and keepable(name):
                names += [name] if self._patterned(name) else []
            else:
                odd.append(misread(calls, "list_pipelines", item, "list_pipelines: a pipeline without a name"))
        notes = [f"no pipeline matches {pattern}" for pattern in self._patterned.idle]
        return Parts([what + name for name in sorted(names) for what in (EXECUTIONS, ACTIONS)], odd, notes)

    def pending(self, part: str) -> tuple[type[Record], dict[str, str]]:
        """Unfinished executions and actions of a pipeline: there is no batch call that asks for them."""
        kind = PipelineExecution if part.startswith(EXECUTIONS) else PipelineAction
        return kind, {"pipeline": _pipeline(part)}

    def page(self, calls: Calls, part: str, token: str | None) -> Page:
        """Return one page of executions or actions of a pipeline."""
        more = {"nextToken": token} if token else {}
        kind: type[PipelineExecution | PipelineAction] = PipelineExecution
        build: Callable[[Calls, str, dict[str, Any]], Iterator[Record]] = _execution
        operation, items, own = "list_pipeline_executions", "pipelineExecutionSummaries", "pipelineExecutionId"
        if part.startswith(ACTIONS):
            kind, build = PipelineAction, _action
            operation, items, own = "list_action_executions", "actionExecutionDetails", "actionExecutionId"
        pipeline = _pipeline(part)
        answer = calls.call(operation, pipelineName=pipeline, maxResults=PAGE, **more)
        records: list[Record] = []
        for item in need(answer, items, list, operation):
            told = item if isinstance(item, dict) else {}
            key = (calls.unit.account, calls.unit.region, pipeline, told.get(own))
            records += read(
                calls,
                kind,
                item,
                partial(build, calls, pipeline),
                key=key,
                private=PRIVATE,
                ended=has_ended(item, TERMINAL),
            )
        kept = [each for each in records if isinstance(each, PipelineExecution | PipelineAction)]
        signs = [_sign(each) for each in kept if isinstance(each, PipelineAction)]
        return Page(records, [each.started_at for each in kept], next_token(answer, "nextToken", operation), signs)


def _sign(action: PipelineAction) -> Sign:
    """Return the sign that an action is to its execution: if that had ended before, a stage of it was retried."""
    key = (action.account, action.region, action.pipeline, action.execution)
    return Sign(PipelineExecution, key, action.started_at)


def _pipeline(part: str) -> str:
    return part.removeprefix(EXECUTIONS).removeprefix(ACTIONS)


def _execution(calls: Calls, pipeline: str, item: dict[str, Any]) -> Iterator[PipelineExecution]:
    what = "list_pipeline_executions"
    status = need(item, "status", str, what)
    started, updated = when(item, "startTime", what), perhaps_when(item, "lastUpdateTime", what)
    yield PipelineExecution(
        account=calls.unit.account,
        region=calls.unit.region,
        pipeline=pipeline,
        id=need(item, "pipelineExecutionId", str, what),
        status=status,
        started_at=started,
        updated_at=updated,
        trigger=maybe(maybe(item, "trigger", dict, what) or {}, "triggerType", str, what),
        execution_mode=maybe(item, "executionMode", str, what),
        execution_type=maybe(item, "executionType", str, what),
        source_revisions=raw(maybe(item, "sourceRevisions", list, what) or []),
        version=latest(started, updated),
        finished=status in TERMINAL,
        raw=raw(item, PRIVATE),
    )


def _action(calls: Calls, pipeline: str, item: dict[str, Any]) -> Iterator[PipelineAction]:
    what = "list_action_executions"
    status = need(item, "status", str, what)
    started, updated = when(item, "startTime", what), perhaps_when(item, "lastUpdateTime", what)
    given = maybe(item, "input", dict, what) or {}
    kind = maybe(given, "actionTypeId", dict, what) or {}
    settings = maybe(given, "configuration", dict, what) or {}
    configuration = {key: value for key, value in settings.items() if isinstance(value, str)}
    result = maybe(maybe(item, "output", dict, what) or {}, "executionResult", dict, what) or {}
    fault = maybe(result, "errorDetails", dict, what) or {}
    yield PipelineAction(
        account=calls.unit.account,
        region=calls.unit.region,
        pipeline=pipeline,
        id=need(item, "actionExecutionId", str, what),
        execution=need(item, "pipelineExecutionId", str, what),
        stage=maybe(item, "stageName", str, what),
        action=maybe(item, "actionName", str, what),
        status=status,
        action_region=maybe(given, "region", str, what),
        category=maybe(kind, "category", str, what),
        provider=maybe(kind, "provider", str, what),
        cluster=configuration.get("ClusterName"),
        service=configuration.get("ServiceName"),
        started_at=started,
        updated_at=updated,
        external_id=maybe(result, "externalExecutionId", str, what),
        error=maybe(fault, "message", str, what),
        version=latest(started, updated),
        finished=status in TERMINAL,
        raw=raw(item, PRIVATE),
    )
