"""CodeCatalyst: workflows and their runs. Never the times of single actions, nor the commit: the service has neither.

There is no filter of time, so runs are read page by page; unfinished ones are asked for one by one.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Annotated, Any, ClassVar

from botocore.exceptions import ClientError
from pydantic import Field, Strict

from history.aws.clients import CODECATALYST_REGION, Login
from history.records import Record, Workflow, WorkflowRun
from history.sources._answers import batches, has_ended, latest, maybe, need, next_token, perhaps_when, raw, when
from history.sources._patterns import Patterned, Patterns
from history.sources._source import Again, Calls, Known, Page, Paged, Parts, read
from waves.nouns import Part, Text, quantity

ProjectName = Annotated[str, Strict(), Field(min_length=3, max_length=63)]
PAGE = 50
TERMINAL = {"SUCCEEDED", "FAILED", "STOPPED", "SUPERSEDED", "CANCELLED", "NOT_RUN", "ABANDONED"}
STEP = 50


class CodeCatalystProject(Part):
    """One CodeCatalyst project."""

    space: ProjectName = quantity(..., "The space.")
    project: ProjectName = quantity(..., "The project.")
    workflows: Patterns = quantity(("*",), "Patterns of workflow names.", min_length=1)
    profile: Text | None = quantity(None, "A profile with an `sso_session`; else AWS_BEARER_TOKEN_CODECATALYST counts.")

    @property
    def login(self) -> Login:
        """Whose credentials its are."""
        return Login(f"{self.space}/{self.project}", CODECATALYST_REGION, self.profile, bearer=True)


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

    def __init__(self, wanted: CodeCatalystProject, known: Known) -> None:
        self._place = {"spaceName": wanted.space, "projectName": wanted.project}
        self._patterned = Patterned(wanted.workflows)
        self._names: dict[str, str] = {}

    def parts(self, calls: Calls) -> Parts:
        """List the workflows that match, by their ids."""
        found: list[Record] = []
        for item in (
            item for page in calls.pages("list_workflows", "items", maxResults=PAGE, **self._place) for item in page
        ):
            found += read(calls, Workflow, item, partial(_workflow, calls), key=_key(calls, item), ended=True)
        workflows = [each for each in found if isinstance(each, Workflow)]
        self._names = {workflow.id: workflow.name for workflow in workflows}
        strangers = {workflow.id for workflow in workflows if not self._patterned(workflow.name)}
        records = [each for each in found if not isinstance(each, Workflow) or each.id not in strangers]
        notes = [f"no workflow matches {pattern}" for pattern in self._patterned.idle]
        return Parts(sorted(self._names.keys() - strangers), records, notes, titles=self._names)

    def page(self, calls: Calls, part: str, token: str | None) -> Page:
        """Return one page of runs of a workflow."""
        more = {"nextToken": token} if token else {}
        answer = calls.call("list_workflow_runs", workflowId=part, maxResults=PAGE, **self._place, **more)
        items = need(answer, "items", list, "list_workflow_runs")
        found = [record for item in items for record in self._read(calls, item, "list_workflow_runs")]
        starts = [run.started_at for run in found if isinstance(run, WorkflowRun)]
        return Page(found, starts, next_token(answer, "nextToken", "list_workflow_runs"))

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
                    found += self._read(calls, self._as_listed(answer), "get_workflow_run")
            yield Again(found, lost)

    @staticmethod
    def _read(calls: Calls, item: Any, what: str) -> list[Record]:
        ended = has_ended(item, TERMINAL)
        return read(calls, WorkflowRun, item, partial(_run, calls, what), key=_key(calls, item), ended=ended)

    def _as_listed(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Give one run the keys it has in a list, so that it is the same record however it was found."""
        item = {key: answer[key] for key in answer.keys() - {"ResponseMetadata", "spaceName", "projectName"}}
        name = self._names.get(str(item.get("workflowId")))
        return {**item, "workflowName": name} if name else item


def _key(calls: Calls, item: Any) -> tuple[Any, ...]:
    return calls.unit.account, calls.unit.region, item.get("id") if isinstance(item, dict) else None


def _workflow(calls: Calls, item: dict[str, Any]) -> Iterator[Workflow]:
    what = "list_workflows"
    created, updated = perhaps_when(item, "createdTime", what), perhaps_when(item, "lastUpdatedTime", what)
    yield Workflow(
        space=calls.unit.account,
        project=calls.unit.region,
        id=need(item, "id", str, what),
        name=need(item, "name", str, what),
        repository=maybe(item, "sourceRepositoryName", str, what),
        branch=maybe(item, "sourceBranchName", str, what),
        path=maybe(maybe(item, "definition", dict, what) or {}, "path", str, what),
        run_mode=maybe(item, "runMode", str, what),
        status=maybe(item, "status", str, what),
        created_at=created,
        updated_at=updated,
        version=latest(created, updated, 0),
        finished=True,
        raw=raw(item),
    )


def _run(calls: Calls, what: str, item: dict[str, Any]) -> Iterator[WorkflowRun]:
    status = need(item, "status", str, what)
    started, ended = when(item, "startTime", what), perhaps_when(item, "endTime", what)
    updated = perhaps_when(item, "lastUpdatedTime", what)
    yield WorkflowRun(
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
