"""ECS: the details of services, service deployments and service revisions. Not here: the lists (`ecs`)."""

from typing import Any

from tests.aws_stand_in import names
from tests.aws_stand_in.errors import ApiError
from tests.aws_stand_in.history import when
from tests.aws_stand_in.operations import ecs
from tests.aws_stand_in.operations.question import Question
from tests.aws_stand_in.things import DAY, Deployment, Revision

MOST_ARNS = 20
MOST_SERVICES = 10
TASKS = 25
BREAKER_THRESHOLD = 13  # half of the tasks, rounded up


def describe_service_deployments(question: Question) -> dict[str, Any]:
    """Up to 20 deployments; those that are not there come as failures."""
    history, now = question.history, question.history.clock(question.region)
    found, failures = [], []
    for arn in _arns(question, "serviceDeploymentArns"):
        deployment = history.by_arn.get(arn)
        kept = history.deployment_days
        here = deployment and (deployment.account, deployment.region) == (question.account, question.region)
        forgotten = deployment and kept is not None and deployment.created < now - kept * DAY
        if deployment is None or not here or forgotten or deployment.created > now:
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(_details(question, deployment, now))
    return {"serviceDeployments": found, "failures": failures}


def _arns(question: Question, name: str) -> list[str]:
    arns: list[str] = question.get(name)
    if not 1 <= len(arns) <= MOST_ARNS:
        raise ApiError(ecs.INVALID, f"{name} has {len(arns)} entries; give 1 to {MOST_ARNS}")
    return arns


def _details(question: Question, deployment: Deployment, now: int) -> dict[str, Any]:
    found = ecs.summary(question, deployment, now)
    del found["targetServiceRevisionArn"]
    ended = now >= deployment.finished
    back = deployment.rollback_at if deployment.rollback_at is not None and deployment.rollback_at <= now else None
    served = 1.0 if ended and deployment.status == "SUCCESSFUL" else 0.0
    alarms = list(names.metric_alarms(deployment.service, deployment.cluster))
    found |= {
        "updatedAt": when(min(now, deployment.finished)),
        "sourceServiceRevisions": [_tasks(source, 1.0 - served) for source in deployment.sources],
        "targetServiceRevision": _tasks(deployment.target, served),
        "deploymentConfiguration": _configuration(deployment),
        "deploymentCircuitBreaker": {
            "status": _watch(ended, bool(deployment.failures) and back is not None),
            "failureCount": BREAKER_THRESHOLD if deployment.failures and back is not None else 0,
            "threshold": BREAKER_THRESHOLD,
        },
        "alarms": {
            "status": _watch(ended, bool(deployment.triggered) and back is not None),
            "alarmNames": alarms,
            "triggeredAlarmNames": deployment.triggered if back is not None else [],
        },
    }
    if ended and deployment.stopped is not None:
        found["stoppedAt"] = when(deployment.stopped)
    if back is not None:
        found["rollback"] = {"reason": deployment.rollback_reason, "startedAt": when(back)}
        if deployment.sources:
            found["rollback"]["serviceRevisionArn"] = deployment.sources[0].arn
    if found["status"] in ("IN_PROGRESS", "ROLLBACK_IN_PROGRESS"):
        strange = question.history.strange(deployment.arn)
        found["lifecycleStage"] = "WAITING_FOR_THE_MOON" if strange else "SCALE_UP"
    return {**found, **question.history.changed.get(deployment.arn, {})}


def _watch(ended: bool, triggered: bool) -> str:
    if triggered:
        return "TRIGGERED"
    return "MONITORING_COMPLETE" if ended else "MONITORING"


def _tasks(revision: Revision, part: float) -> dict[str, Any]:
    running = round(TASKS * part)
    return {
        "arn": revision.arn,
        "requestedTaskCount": running,
        "runningTaskCount": running,
        "pendingTaskCount": 0,
        "requestedProductionTrafficWeight": 100.0 * part,
    }


def _configuration(deployment: Deployment) -> dict[str, Any]:
    alarms = list(names.metric_alarms(deployment.service, deployment.cluster))
    found: dict[str, Any] = {
        "strategy": deployment.strategy,
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        "alarms": {"alarmNames": alarms, "enable": True, "rollback": True},
    }
    if deployment.strategy != "ROLLING":
        found["bakeTimeInMinutes"] = 0
    if deployment.canary is not None:
        percent, minutes = deployment.canary
        found["canaryConfiguration"] = {"canaryPercent": percent, "canaryBakeTimeInMinutes": minutes}
    return found


def describe_service_revisions(question: Question) -> dict[str, Any]:
    """Up to 20 revisions, with their images; those that are not there come as failures."""
    now = question.history.clock(question.region)
    found, failures = [], []
    for arn in _arns(question, "serviceRevisionArns"):
        _, revision = question.history.revisions.get(arn, (None, None))
        mine = arn.startswith(names.ecs(question.region, question.account, "service-revision", ""))
        if revision is None or not mine or revision.created > now:
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(_revision(question, revision))
    return {"serviceRevisions": found, "failures": failures}


def _revision(question: Question, revision: Revision) -> dict[str, Any]:
    service = revision.arn.split("/")[-2]
    history = question.history
    registry = f"{history.accounts[0]}.dkr.ecr.{history.regions[0]}.amazonaws.com"
    image = {"containerName": "app", "image": f"{registry}/{revision.image}:{revision.commit}"}
    sidecar = {
        "containerName": names.SIDECAR,
        "image": f"{registry}/{names.SIDECAR}:stable",
        "imageDigest": revision.sidecar,
    }
    if not revision.tagged_only:
        image["imageDigest"] = revision.digest
    found = {
        "serviceRevisionArn": revision.arn,
        "serviceArn": names.ecs(question.region, question.account, "service", revision.cluster, service),
        "clusterArn": names.ecs(question.region, question.account, "cluster", revision.cluster),
        "taskDefinition": revision.task_definition,
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "platformFamily": "Linux",
        "containerImages": [sidecar, image],
        "guardDutyEnabled": False,
        "createdAt": when(revision.created),
    }
    return {**found, **history.changed.get(revision.arn, {})}


def describe_services(question: Question) -> dict[str, Any]:
    """Up to 10 services of a cluster; those that are not there come as failures."""
    asked: list[str] = question.get("services")
    if not 1 <= len(asked) <= MOST_SERVICES:
        raise ApiError(ecs.INVALID, f"services has {len(asked)} entries; give 1 to {MOST_SERVICES}")
    cluster, there = ecs.cluster_of(question), ecs.services(question)
    found, failures = [], []
    for each in asked:
        service = each.rsplit("/", 1)[-1]
        arn = names.ecs(question.region, question.account, "service", cluster, service)
        if cluster == names.EMPTY_CLUSTER or service not in there:
            failures.append({"arn": arn, "reason": "MISSING"})
        else:
            found.append(_service(question, cluster, service, arn))
    return {"services": found, "failures": failures}


def _service(question: Question, cluster: str, service: str, arn: str) -> dict[str, Any]:
    now = question.history.clock(question.region)
    site = question.history.sites[question.region, cluster]
    own = question.history.by_service.get((service, site), [])
    begun = [deployment for deployment in own if deployment.created <= now]
    first = question.history.first[service, site]
    revision, latest = first, begun[-1] if begun else None
    for deployment in begun:
        if deployment.status == "SUCCESSFUL" and deployment.finished <= now:
            revision = deployment.target
    found: dict[str, Any] = {
        "serviceArn": arn,
        "serviceName": service,
        "clusterArn": names.ecs(question.region, question.account, "cluster", cluster),
        "status": "ACTIVE",
        "desiredCount": TASKS,
        "runningCount": TASKS,
        "pendingCount": 0,
        "launchType": "FARGATE",
        "taskDefinition": revision.task_definition,
        "deploymentController": {"type": "ECS"},
        "createdAt": when(first.created),
        "currentServiceRevisions": [{"arn": revision.arn, "requestedTaskCount": TASKS, "runningTaskCount": TASKS}],
    }
    if latest is not None:
        found["deploymentConfiguration"] = _configuration(latest)
        if latest.finished > now:
            found["currentServiceDeployment"] = latest.arn
    return found
