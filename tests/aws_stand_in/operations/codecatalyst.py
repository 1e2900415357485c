"""CodeCatalyst: spaces, projects, workflows and their runs. Not here: what a run did; CodeCatalyst does not tell."""

from typing import Any

from tests.aws_stand_in import names
from tests.aws_stand_in.errors import ApiError
from tests.aws_stand_in.history import when
from tests.aws_stand_in.operations.question import Question
from tests.aws_stand_in.paging import Page, walk
from tests.aws_stand_in.things import MINUTE, Run, Workflow

INVALID = "ValidationException"
PROVISIONING = MINUTE // 2
STRANGE = "HIBERNATING"  # a status that no model lists


def verify_session(question: Question) -> dict[str, Any]:
    """Whose token it is."""
    return {"identity": "stand-in-user"}


def list_spaces(question: Question) -> Page:
    """The one space."""
    spaces = [{"name": names.SPACE, "regionName": "us-west-2"}]
    return walk(spaces, dict, key="items", size=100, start=question.start)


def list_projects(question: Question) -> Page:
    """The projects of the space: the shop, and one that nobody has used."""
    _check(question, project=False)
    projects = [{"name": name, "displayName": name} for name in (names.PROJECT, "unused")]
    return walk(projects, dict, key="items", size=_size(question, 100), start=question.start)


def list_workflows(question: Question) -> Page:
    """The workflows of a project."""
    found = question.history.workflows if _check(question) else []

    def show(flow: Workflow) -> dict[str, Any]:
        details = _workflow(flow)
        return {**details, "sourceRepositoryName": "shop", "sourceBranchName": "main"}

    return walk(found, show, key="items", size=_size(question, 100), start=question.start)


def get_workflow(question: Question) -> dict[str, Any]:
    """One workflow, without its YAML."""
    _check(question)
    flow = next((flow for flow in question.history.workflows if flow.id == question.get("id")), None)
    if flow is None:
        raise ApiError("ResourceNotFoundException", "Workflow not found.")
    return {**_place(), **_workflow(flow), "sourceRepositoryName": "shop", "sourceBranchName": "main"}


def list_workflow_runs(question: Question) -> Page:
    """The runs of one workflow or of all, newest first; there is no filter by time."""
    found = question.history.runs if _check(question) else []
    wanted, now = question.get("workflowId"), question.history.now
    if wanted is not None and wanted not in question.history.workflow_names:
        raise ApiError("ResourceNotFoundException", "Workflow not found.")

    def show(run: Run) -> dict[str, Any] | None:
        if run.started > now or (wanted and run.workflow != wanted):
            return None
        return {**_run(question, run), "workflowName": question.history.workflow_names[run.workflow]}

    return walk(found, show, key="items", size=_size(question, 50), start=question.start, newest_first=True)


def get_workflow_run(question: Question) -> dict[str, Any]:
    """One run."""
    _check(question)
    run = question.history.runs_by_id.get(question.get("id"))
    if run is None or run.started > question.history.now:
        raise ApiError("ResourceNotFoundException", "Workflow run not found.")
    return {**_place(), **_run(question, run)}


def _check(question: Question, *, project: bool = True) -> bool:
    """Refuse a space or project that is not there; tell whether the project is the one in use."""
    if question.get("spaceName") != names.SPACE:
        raise ApiError("ResourceNotFoundException", "Space not found.")
    if project and question.get("projectName") not in (names.PROJECT, "unused"):
        raise ApiError("ResourceNotFoundException", "Project not found.")
    return question.get("projectName") == names.PROJECT


def _size(question: Question, most: int) -> int:
    return question.size("maxResults", most, most, INVALID)


def _place() -> dict[str, str]:
    return {"spaceName": names.SPACE, "projectName": names.PROJECT}


def _workflow(flow: Workflow) -> dict[str, Any]:
    return {
        "id": flow.id,
        "name": flow.name,
        "definition": {"path": f".codecatalyst/workflows/{flow.name}.yaml"},
        "createdTime": when(flow.created),
        "lastUpdatedTime": when(flow.created),
        "runMode": flow.mode,
        "status": flow.status,
    }


def _run(question: Question, run: Run) -> dict[str, Any]:
    now = question.history.now
    ended = now >= run.ended
    status = run.status if ended else "IN_PROGRESS" if now >= run.started + PROVISIONING else "PROVISIONING"
    if not ended and run.status == "SUPERSEDED":
        status = "NOT_RUN"
    if ended and question.history.strange(run.id):
        status = STRANGE
    found: dict[str, Any] = {
        "id": run.id,
        "workflowId": run.workflow,
        "status": status,
        "statusReasons": [],
        "startTime": when(run.started),
        "lastUpdatedTime": when(min(now, run.ended)),
    }
    if ended:
        found["endTime"] = when(run.ended)
    return {**found, **question.history.changed.get(run.id, {})}
