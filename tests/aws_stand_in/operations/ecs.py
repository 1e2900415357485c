"""ECS: the lists of clusters, services and service deployments. Not here: their details (`ecs_describe`)."""

import bisect
from typing import Any

from tests.aws_stand_in import names
from tests.aws_stand_in.errors import ApiError
from tests.aws_stand_in.history import when
from tests.aws_stand_in.operations.question import Question, milliseconds
from tests.aws_stand_in.paging import Page, walk
from tests.aws_stand_in.things import DAY, Deployment

INVALID = "InvalidParameterException"
STRANGE = "PAUSED_FOR_REVIEW"  # a status that no model lists


def list_clusters(question: Question) -> Page:
    """The clusters of the shop, and an empty one."""
    kinds = clusters(question)
    arns = [names.ecs(question.region, question.account, "cluster", kind) for kind in kinds]
    size = question.size("maxResults", 100, 100, INVALID)
    return walk(arns, lambda arn: arn, key="clusterArns", size=size, start=question.start)


def list_services(question: Question) -> Page:
    """The services of a cluster."""
    cluster = cluster_of(question)
    found = services(question) if cluster != names.EMPTY_CLUSTER else []
    arns = [names.ecs(question.region, question.account, "service", cluster, service) for service in found]
    size = question.size("maxResults", 10, 100, INVALID)
    return walk(arns, lambda arn: arn, key="serviceArns", size=size, start=question.start)


def list_service_deployments(question: Question) -> Page:
    """The deployments of a service, newest first."""
    cluster = cluster_of(question)
    service = question.get("service").rsplit("/", 1)[-1]
    if cluster == names.EMPTY_CLUSTER or service not in services(question):
        raise ApiError("ServiceNotFoundException", "Service not found.")
    history, now = question.history, question.history.clock(question.region)
    own = history.by_service.get((service, history.sites[question.region, cluster]), [])
    low, high = window(question, own, now)
    wanted = question.get("status")

    def show(deployment: Deployment) -> dict[str, Any] | None:
        if deployment.visible > history.now:
            return None
        brief = summary(question, deployment, now)
        return brief if not wanted or brief["status"] in wanted else None

    return walk(
        own,
        show,
        key="serviceDeployments",
        size=question.size("maxResults", 20, 100, INVALID),
        start=question.start,
        newest_first=True,
        low=low,
        high=high,
    )


def window(question: Question, own: list[Deployment], now: int) -> tuple[int, int]:
    """The stretch of a service's deployments that is asked for, that has begun, and that AWS still remembers."""
    created = question.get("createdAt") or {}
    after, before = milliseconds(created.get("after")), milliseconds(created.get("before"))
    kept = question.history.deployment_days
    if kept is not None:
        after = max(after or 0, now - round(kept * DAY))
    low = 0 if after is None else bisect.bisect_left(own, after, key=_created)
    high = bisect.bisect_right(own, min(now, before if before is not None else now), key=_created)
    return low, max(low, high)


def _created(deployment: Deployment) -> int:
    return deployment.created


def services(question: Question) -> list[str]:
    """The services that the account has in the region."""
    if question.region not in question.history.regions:
        return []
    return [service for service, account in question.history.called.items() if account == question.account]


def clusters(question: Question) -> list[str]:
    """The clusters of the region."""
    own = [cluster for region, cluster in question.history.cells.values() if region == question.region]
    return [*own, names.EMPTY_CLUSTER] if own else []


def cluster_of(question: Question) -> str:
    """The name of the cluster that is asked for.

    Raises
    ------
    ApiError
        Where there is none of that name.
    """
    cluster = question.get("cluster", "default").rsplit("/", 1)[-1]
    if cluster not in clusters(question):
        raise ApiError("ClusterNotFoundException", "Cluster not found.")
    return cluster


def status_of(deployment: Deployment, now: int) -> str:
    """The status of a deployment at an instant of its region's clock."""
    if now < deployment.started:
        return "PENDING"
    if now >= deployment.finished:
        return deployment.status
    if deployment.rollback_at is not None and now >= deployment.rollback_at:
        return "ROLLBACK_IN_PROGRESS"
    return "IN_PROGRESS"


def summary(question: Question, deployment: Deployment, now: int) -> dict[str, Any]:
    """A deployment as lists show it."""
    status = status_of(deployment, now)
    ended = now >= deployment.finished
    found: dict[str, Any] = {
        "serviceDeploymentArn": deployment.arn,
        "serviceArn": names.ecs(
            deployment.region, deployment.account, "service", deployment.cluster, deployment.service
        ),
        "clusterArn": names.ecs(deployment.region, deployment.account, "cluster", deployment.cluster),
        "createdAt": when(deployment.created),
        "startedAt": when(deployment.started) if status != "PENDING" else None,
        "finishedAt": when(deployment.finished) if ended else None,
        "targetServiceRevisionArn": deployment.target.arn,
        "status": STRANGE if ended and question.history.strange(deployment.arn) else status,
        "statusReason": deployment.reason if ended else None,
    }
    changes = question.history.changed.get(deployment.arn, {})
    found.update({key: value for key, value in changes.items() if key in (*found, "statusReason")})
    return {key: value for key, value in found.items() if value is not None}
