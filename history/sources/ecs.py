"""ECS: service deployments with their details, and the service revisions they started from and went to.

AWS keeps them for 90 days, of deployments made on or after 2024-10-25, and drops them with the service.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

from history.instants import DAY, SECOND, instant, micros
from history.records import Record, ServiceDeployment, ServiceImage, ServiceRevision
from history.sources._patterns import Ecs as Wanted
from history.sources._patterns import Patterned
from history.sources._settings import configured
from history.sources._source import (
    Again,
    Calls,
    Known,
    Malformed,
    Parts,
    Windowed,
    batches,
    latest,
    maybe,
    need,
    perhaps_when,
    raw,
    unique,
    when,
)

LARGEST_BATCH = 20  # DescribeServiceDeployments and DescribeServiceRevisions; botocore does not check it
PAGE = 100
TERMINAL = {"SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"}


class Ecs(Windowed):
    """Deployments of the ECS services that match.

    Parameters
    ----------
    wanted : Ecs
        Patterns of clusters and services.
    known : callable
        Which revisions need not be asked for, as they never change: `Store.known`.
    """

    key: ClassVar[str] = "ecs"
    wanted: ClassVar[Any] = Wanted
    about: ClassVar[str] = "ECS services; left out: none."
    stream: ClassVar[str] = "ecs"
    service: ClassVar[str] = "ecs"
    operations: ClassVar[tuple[str, ...]] = (
        "ecs:ListClusters",
        "ecs:ListServices",
        "ecs:ListServiceDeployments",
        "ecs:DescribeServiceDeployments",
        "ecs:DescribeServiceRevisions",
    )
    retention: ClassVar[int | None] = 90 * DAY
    kinds: ClassVar[tuple[type[Record], ...]] = (ServiceDeployment,)
    # It keeps no service deployment made before this day (user guide, "Service deployments").
    earliest: ClassVar[int] = micros(dt.datetime(2024, 10, 25, tzinfo=dt.UTC))

    def __init__(self, wanted: Wanted, known: Known) -> None:
        self._wanted = wanted
        self._known = known

    def parts(self, calls: Calls) -> Parts:
        """List the services that match, as ``cluster/service``."""
        clusters, services = Patterned(self._wanted.clusters), Patterned(self._wanted.services)
        names: list[str] = []
        for cluster in sorted(_names(calls, "list_clusters", "clusterArns")):
            if clusters(cluster):
                found = _names(calls, "list_services", "serviceArns", cluster=cluster)
                names += [f"{cluster}/{service}" for service in sorted(found) if services(service)]
        notes = [f"no cluster matches {pattern}" for pattern in clusters.idle]
        notes += [f"no service matches {pattern}" for pattern in services.idle]
        return Parts(names, notes=notes)

    def window(self, calls: Calls, part: str, after: int, before: int | None) -> list[Record]:
        """Give the deployments created in a window, and what revisions of theirs are not known yet."""
        cluster, service = part.split("/", 1)
        # Times go out in whole seconds, and whether the ends count is nowhere written: a second more on each side.
        created = {"after": instant(after - SECOND)}
        if before is not None:
            created["before"] = instant(before + 2 * SECOND)
        listed: dict[str, dict[str, Any]] = {}
        arguments: dict[str, Any] = {"cluster": cluster, "service": service, "createdAt": created, "maxResults": PAGE}
        for page in calls.pages("list_service_deployments", "serviceDeployments", **arguments):
            for item in page:
                listed[need(item, "serviceDeploymentArn", str, "list_service_deployments")] = item
        found, missing = _describe(calls, list(listed))
        # Of a service that was deleted a moment ago there is only what the list said.
        found += [_deployment(calls, listed[arn], described=False) for arn in missing]
        return [*found, *self._revisions(calls, found)]

    def again(self, calls: Calls, kind: type[Record], keys: Sequence[tuple[str, ...]]) -> Iterator[Again]:
        """Ask for the details of unfinished deployments."""
        for some in batches([arn for (arn,) in keys], 10 * LARGEST_BATCH):
            found, missing = _describe(calls, some)
            yield Again([*found, *self._revisions(calls, found)], [(arn,) for arn in missing])

    def _revisions(self, calls: Calls, deployments: Iterable[ServiceDeployment]) -> list[Record]:
        arns = unique(arn for each in deployments for arn in _mentioned(each))
        known = self._known(ServiceRevision, arns)
        new = [arn for arn in arns if arn not in known]
        found, _ = _in_batches(calls, "describe_service_revisions", "serviceRevisions", "serviceRevisionArn", new)
        return [record for item in found.values() for record in _revision(calls, item)]


def _mentioned(deployment: ServiceDeployment) -> list[str | None]:
    sources: list[str] = deployment.source_revisions.split() if deployment.source_revisions else []
    return [deployment.target_revision, deployment.rollback_revision, *sources]


def _names(calls: Calls, operation: str, key: str, **arguments: Any) -> Iterator[str]:
    for page in calls.pages(operation, key, maxResults=PAGE, **arguments):
        for arn in page:
            if not isinstance(arn, str) or "/" not in arn:
                raise Malformed(f"{operation}: {arn!r} is no ARN")
            yield arn.rsplit("/", 1)[1]


def _describe(calls: Calls, arns: Sequence[str]) -> tuple[list[ServiceDeployment], list[str]]:
    found, missing = _in_batches(
        calls, "describe_service_deployments", "serviceDeployments", "serviceDeploymentArn", arns
    )
    return [_deployment(calls, item, described=True) for item in found.values()], missing


def _in_batches(
    calls: Calls, operation: str, key: str, name: str, arns: Sequence[str]
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Describe things, 20 a call; give those that are there, and the ARNs of those that AWS no longer has."""
    found: dict[str, dict[str, Any]] = {}
    missing: list[str] = []
    some = list(batches(arns, LARGEST_BATCH))
    for asked, answer in zip(some, calls.many(operation, [{f"{name}s": list(each)} for each in some]), strict=True):
        here = {need(item, name, str, operation): item for item in need(answer, key, list, operation)}
        failures = maybe(answer, "failures", list, operation) or []
        refused = {need(failure, "arn", str, operation): failure.get("reason") for failure in failures}
        for arn in asked:
            if arn in here:
                found[arn] = here[arn]
            elif refused.get(arn) == "MISSING":
                missing.append(arn)
            else:
                raise Malformed(f"{operation}: no answer about {arn}: {refused.get(arn, 'not mentioned')}")
    return found, missing


def _deployment(calls: Calls, item: dict[str, Any], *, described: bool) -> ServiceDeployment:
    what = "describe_service_deployments" if described else "list_service_deployments"
    status = need(item, "status", str, what)
    created, updated = when(item, "createdAt", what), perhaps_when(item, "updatedAt", what)
    started, finished = perhaps_when(item, "startedAt", what), perhaps_when(item, "finishedAt", what)
    stopped = perhaps_when(item, "stoppedAt", what)
    settings = maybe(item, "deploymentConfiguration", dict, what) or {}
    rollback = maybe(item, "rollback", dict, what) or {}
    breaker = maybe(item, "deploymentCircuitBreaker", dict, what) or {}
    alarms = maybe(item, "alarms", dict, what) or {}
    target = maybe(item, "targetServiceRevision", dict, what) or {}
    return ServiceDeployment(
        arn=need(item, "serviceDeploymentArn", str, what),
        account=calls.unit.account,
        region=calls.unit.region,
        cluster=_last(need(item, "clusterArn", str, what)),
        service=_last(need(item, "serviceArn", str, what)),
        status=status,
        status_reason=maybe(item, "statusReason", str, what),
        created_at=created,
        started_at=started,
        finished_at=finished,
        stopped_at=stopped,
        updated_at=updated,
        target_revision=target.get("arn") or item.get("targetServiceRevisionArn"),
        source_revisions=" ".join(need(each, "arn", str, what) for each in item.get("sourceServiceRevisions") or []),
        lifecycle_stage=item.get("lifecycleStage"),
        strategy=settings.get("strategy"),
        bake_minutes=settings.get("bakeTimeInMinutes"),
        **configured(settings, what),
        rollback_reason=rollback.get("reason"),
        rollback_started_at=perhaps_when(rollback, "startedAt", what),
        rollback_revision=rollback.get("serviceRevisionArn"),
        breaker_status=breaker.get("status"),
        breaker_failures=breaker.get("failureCount"),
        breaker_threshold=breaker.get("threshold"),
        alarms_status=alarms.get("status"),
        alarm_names=raw(alarms.get("alarmNames") or []),
        triggered_alarms=raw(alarms.get("triggeredAlarmNames") or []),
        described=described,
        version=latest(created, updated, started, finished, stopped),
        finished=status in TERMINAL or finished is not None,
        raw=raw(item),
    )


def _revision(calls: Calls, item: dict[str, Any]) -> Iterator[Record]:
    what = "describe_service_revisions"
    arn, created = need(item, "serviceRevisionArn", str, what), perhaps_when(item, "createdAt", what)
    common: dict[str, Any] = {
        "account": calls.unit.account,
        "region": calls.unit.region,
        "version": created or 0,
        "finished": True,
    }
    yield ServiceRevision(
        arn=arn,
        cluster=_last(need(item, "clusterArn", str, what)),
        service=_last(need(item, "serviceArn", str, what)),
        task_definition=maybe(item, "taskDefinition", str, what),
        created_at=created,
        raw=raw(item),
        **common,
    )
    for image in maybe(item, "containerImages", list, what) or []:
        yield ServiceImage(
            revision=arn,
            container=need(image, "containerName", str, what),
            image=maybe(image, "image", str, what),
            digest=maybe(image, "imageDigest", str, what),
            raw=raw(image),
            **common,
        )


def _last(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
