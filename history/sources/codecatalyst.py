"""CodeCatalyst: workflows and their runs. Never the times of single actions, nor the commit: the service has neither.

There is no filter of time, so runs are read page by page; unfinished ones are asked for one by one.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from botocore.exceptions import ClientError

from history.records import Record, Workflow, WorkflowRun
from history.sources._patterns import Patterned
from history.sources._source import (
    Again,
    Calls,
    Known,
    Page,
    Paged,
    Parts,
    batches,
    latest,
    maybe,
    need,
    next_token,
    perhaps_when,
    raw,
    when,
)

if TYPE_CHECKING:
    from history.collecting.config import CodeCatalystProject

PAGE = 50
TERMINAL = {"SUCCEEDED", "FAILED", "STOPPED", "SUPERSEDED", "CANCELLED", "NOT_RUN", "ABANDONED"}
STEP = 50


class CodeCatalyst(Paged):
    """Runs of the workflows that match, in one project.

    Parameters
    ----------
    wanted : CodeCatalystProject
        Space, project and patterns of workflow names.
    """

    stream: ClassVar[str] = "codecatalyst"
    service: ClassVar[str] = "codecatalyst"
    operations: ClassVar[tuple[str, ...]] = (
        "codecatalyst:ListWorkflows",
        "codecatalyst:ListWorkflowRuns",
        "codecatalyst:GetWorkflowRun",
    )
    retention: ClassVar[int | None] = None
    kinds: ClassVar[tuple[type[Record], ...]] = (WorkflowRun,)

    def __init__(self, wanted: "CodeCatalystProject", known: Known) -> None:
        self._place = {"spaceName": wanted.space, "projectName": wanted.project}
        self._patterned = Patterned(wanted.workflows)
        self._names: dict[str, str] = {}

    def parts(self, calls: Calls) -> Parts:
        """List the workflows that match, by their ids."""
        found = [
            _workflow(calls, item)
            for page in calls.pages("list_workflows", "items", maxResults=PAGE, **self._place)
            for item in page
        ]
        wanted = [workflow for workflow in found if self._patterned(workflow.name)]
        self._names = {workflow.id: workflow.name for workflow in found}
        notes = [f"no workflow matches {pattern}" for pattern in self._patterned.idle]
        return Parts(sorted({workflow.id for workflow in wanted}), list(wanted), notes)

    def page(self, calls: Calls, part: str, token: str | None) -> Page:
        """Give one page of runs of a workflow."""
        more = {"nextToken": token} if token else {}
        answer = calls.call("list_workflow_runs", workflowId=part, maxResults=PAGE, **self._place, **more)
        items = need(answer, "items", list, "list_workflow_runs")
        runs = [_run(calls, item, "list_workflow_runs") for item in items]
        return Page(list(runs), [run.started_at for run in runs], next_token(answer, "nextToken", "list_workflow_runs"))

    def again(self, calls: Calls, kind: type[Record], keys: Sequence[tuple[str, ...]]) -> Iterator[Again]:
        """Ask for unfinished runs, one by one."""
        for some in batches(keys, STEP):
            found: list[Record] = []
            lost: list[tuple[str, ...]] = []
            for key in some:
                try:
                    answer = calls.call("get_workflow_run", id=key[-1], **self._place)
                except ClientError as error:
                    if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
                        raise
                    lost.append(key)
                else:
                    found.append(_run(calls, self._as_listed(answer), "get_workflow_run"))
            yield Again(found, lost)

    def _as_listed(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Give one run the keys it has in a list, so that it is the same record however it was found."""
        item = {key: answer[key] for key in answer.keys() - {"ResponseMetadata", "spaceName", "projectName"}}
        name = self._names.get(str(item.get("workflowId")))
        return {**item, "workflowName": name} if name else item


def _workflow(calls: Calls, item: dict[str, Any]) -> Workflow:
    what = "list_workflows"
    created, updated = perhaps_when(item, "createdTime", what), perhaps_when(item, "lastUpdatedTime", what)
    return Workflow(
        space=calls.unit.account,
        project=calls.unit.region,
        id=need(item, "id", str, what),
        name=need(item, "name", str, what),
        repository=maybe(item, "sourceRepositoryName", str, what),
        branch=maybe(item, "sourceBranchName", str, what),
        path=(maybe(item, "definition", dict, what) or {}).get("path"),
        run_mode=maybe(item, "runMode", str, what),
        status=maybe(item, "status", str, what),
        created_at=created,
        updated_at=updated,
        version=latest(created, updated, 0),
        finished=True,
        raw=raw(item),
    )


def _run(calls: Calls, item: dict[str, Any], what: str) -> WorkflowRun:
    status = need(item, "status", str, what)
    started, ended = when(item, "startTime", what), perhaps_when(item, "endTime", what)
    updated = perhaps_when(item, "lastUpdatedTime", what)
    return WorkflowRun(
        space=calls.unit.account,
        project=calls.unit.region,
        id=need(item, "id", str, what),
        workflow=need(item, "workflowId", str, what),
        workflow_name=maybe(item, "workflowName", str, what),
        status=status,
        started_at=started,
        ended_at=ended,
        updated_at=updated,
        version=latest(started, ended, updated),
        finished=status in TERMINAL,
        raw=raw(item),
    )
