"""ECS: service deployments with their details, and the service revisions they started from and went to.

AWS keeps them for 90 days, of deployments made on or after 2024-10-25, and drops them with the service.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar

from history.aws.answers import Malformed
from history.instants import DAY, SECOND, instant, micros
from history.keepable import keepable
from history.privacy import Private, private
from history.records import Record, ServiceDeployment, ServiceImage, ServiceRevision
from history.sources._answers import batches, has_ended, latest, maybe, need, perhaps_when, raw, unique, when
from history.sources._patterns import Patterned, Patterns
from history.sources._settings import configured
from history.sources._source import Again, Calls, Known, Parts, Windowed, misread, read
from waves.nouns import Part, quantity

LARGEST_BATCH = 20  # DescribeServiceDeployments and DescribeServiceRevisions; botocore does not check it
PAGE = 100
TERMINAL = {"SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"}
# API reference: DeploymentLifecycleHook's `hookDetails`, any JSON for somebody's function; of a ServiceRevision the
# options of Service Connect's loggers, its rules by the value of a header, and people's tags of volumes.
PRIVATE = private(
    "deploymentConfiguration.lifecycleHooks.hookDetails",
    "serviceConnectConfiguration",
    "volumeConfigurations.managedEBSVolume.tagSpecifications",
)
LISTING, DESCRIBING = "list_service_deployments", "describe_service_deployments"
ARN = "serviceDeploymentArn"


class EcsServices(Part):
    """Which ECS services to collect, by patterns with ``*``, ``?`` and ``[…]``; one that begins with ``!`` excludes."""

    clusters: Patterns = quantity(("*",), "Patterns of cluster names.")
    services: Patterns = quantity(("*",), "Patterns of service names.")


class Ecs(Windowed):
    """Deployments of the ECS services that match.

    Parameters
    ----------
    wanted : EcsServices
        Patterns of clusters and services.
    known : callable
        Which revisions need not be asked for, as they never change: `Store.known`.
    """

    key: ClassVar[str] = "ecs"
    wanted: ClassVar[Any] = EcsServices
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
    private: ClassVar[Private] = PRIVATE
    kinds: ClassVar[tuple[type[Record], ...]] = (ServiceDeployment, ServiceRevision)
    # It keeps no service deployment made before this day (user guide, "Service deployments").
    earliest: ClassVar[int] = micros(dt.datetime(2024, 10, 25, tzinfo=dt.UTC))

    def __init__(self, wanted: EcsServices, known: Known) -> None:
        self._wanted = wanted
        self._known = known

    def parts(self, calls: Calls) -> Parts:
        """List the services that match, as ``cluster/service``."""
        clusters, services = Patterned(self._wanted.clusters), Patterned(self._wanted.services)
        names: list[str] = []
        odd: list[Record] = []
        for cluster in sorted(_names(calls, "list_clusters", "clusterArns", odd)):
            if clusters(cluster):
                found = _names(calls, "list_services", "serviceArns", odd, cluster=cluster)
                names += [f"{cluster}/{service}" for service in sorted(found) if services(service)]
        notes = [f"no cluster matches {pattern}" for pattern in clusters.idle]
        notes += [f"no service matches {pattern}" for pattern in services.idle]
        return Parts(names, odd, notes)

    def window(self, calls: Calls, part: str, after: int, before: int | None) -> list[Record]:
        """Return the deployments created in a window, and what revisions of theirs are not known yet."""
        cluster, service = part.split("/", 1)
        # Times go out in whole seconds, and whether the ends count is nowhere written: a second more on each side.
        created = {"after": instant(after - SECOND)}
        if before is not None:
            created["before"] = instant(before + 2 * SECOND)
        found: list[Record] = []
        listed: dict[str, Any] = {}
        arguments: dict[str, Any] = {"cluster": cluster, "service": service, "createdAt": created, "maxResults": PAGE}
        for item in (item for page in calls.pages(LISTING, "serviceDeployments", **arguments) for item in page):
            arn = _named(item, ARN)
            if arn is None:
                found += _listed(calls, item)  # a malformed one
            else:
                listed[arn] = item
        described, missing = _described(calls, list(listed))
        found += described
        # What cannot be had in detail is kept as the list had it, and asked for again.
        whole = {each.arn for each in described if isinstance(each, ServiceDeployment)}
        found += [record for arn, item in listed.items() if arn not in whole for record in _listed(calls, item)]
        return [*found, *self._revisions(calls, found)]

    def again(self, calls: Calls, kind: type[Record], keys: Sequence[tuple[str, ...]]) -> Iterator[Again]:
        """Ask for the details of unfinished deployments, and for revisions that ECS did not know when first asked."""
        for some in batches([arn for (arn,) in keys], 10 * LARGEST_BATCH):
            if kind is ServiceRevision:
                found, missing = _revised(calls, some)
            else:
                found, missing = _described(calls, some)
                found += self._revisions(calls, found)
            yield Again(found, [(arn,) for arn in missing])

    def _revisions(self, calls: Calls, found: Iterable[Record]) -> list[Record]:
        """Return the revisions that deployments mention and the store lacks; those that are missing as far as known."""
        deployments = [each for each in found if isinstance(each, ServiceDeployment)]
        of = {arn: each for each in reversed(deployments) for arn in _mentioned(each) if arn}
        arns = unique(arn for each in deployments for arn in _mentioned(each))
        known = self._known(ServiceRevision, arns)
        records, missing = _revised(calls, [arn for arn in arns if arn not in known])
        return [*records, *(_missing(calls, arn, of[arn]) for arn in missing)]


def _mentioned(deployment: ServiceDeployment) -> list[str | None]:
    sources: list[str] = deployment.source_revisions.split() if deployment.source_revisions else []
    return [deployment.target_revision, deployment.rollback_revision, *sources]


def _named(item: Any, name: str) -> str | None:
    """Return the name of an item, if it has one that can be asked for."""
    arn = item.get(name) if isinstance(item, dict) else None
    return arn if isinstance(arn, str) and arn and keepable(arn) else None


def _names(calls: Calls, operation: str, key: str, odd: list[Record], **arguments: Any) -> Iterator[str]:
    """Return the names at the ends of ARNs; what is none goes to what is odd."""
    for arn in (arn for page in calls.pages(operation, key, maxResults=PAGE, **arguments) for arn in page):
        name = arn.rsplit("/", 1)[-1] if isinstance(arn, str) and "/" in arn else ""
        if name and keepable(name):
            yield name
        else:
            odd.append(misread(calls, operation, arn, f"{operation}: this is no ARN"))


def _listed(calls: Calls, item: Any) -> list[Record]:
    """Read a deployment off a list; it is unfinished, as its details are to come."""
    build = partial(_deployment, calls, described=False)
    return read(calls, ServiceDeployment, item, build, key=(_named(item, ARN),), private=PRIVATE)


def _described(calls: Calls, arns: Sequence[str]) -> tuple[list[Record], list[str]]:
    build = partial(_deployment, calls, described=True)
    return _in_batches(calls, ServiceDeployment, DESCRIBING, "serviceDeployments", ARN, arns, build)


def _revised(calls: Calls, arns: Sequence[str]) -> tuple[list[Record], list[str]]:
    build = partial(_revision, calls)
    operation, key = "describe_service_revisions", "serviceRevisions"
    return _in_batches(calls, ServiceRevision, operation, key, "serviceRevisionArn", arns, build)


def _in_batches(
    calls: Calls,
    kind: type[Record],
    operation: str,
    key: str,
    name: str,
    arns: Sequence[str],
    build: Callable[[dict[str, Any]], Iterable[Record]],
) -> tuple[list[Record], list[str]]:
    """Describe things, 20 a call; give the records of those that are there, and the ARNs of those AWS does not have."""
    found: list[Record] = []
    missing: list[str] = []
    some = list(batches(arns, LARGEST_BATCH))
    for asked, answer in zip(some, calls.many(operation, [{f"{name}s": list(each)} for each in some]), strict=True):
        left = set(asked)
        for item in need(answer, key, list, operation):
            arn = _named(item, name)
            left.discard(arn or "")
            ended = kind is ServiceDeployment and has_ended(item, TERMINAL)
            found += read(calls, kind, item, build, key=(arn,), private=PRIVATE, ended=ended)
        failures = {_named(each, "arn"): each for each in maybe(answer, "failures", list, operation) or []}
        for arn in sorted(left):
            if failures.get(arn, {}).get("reason") == "MISSING":
                missing.append(arn)
            else:
                found += read(calls, kind, failures.get(arn), _refused, key=(arn,))
    return found, missing


def _refused(failure: dict[str, Any]) -> Iterable[Record]:
    """Say of a thing of which there is no answer, whatever the reason, that nothing is known."""
    raise Malformed(f"no answer about {failure.get('arn')}: {failure.get('reason')}")


def _deployment(calls: Calls, item: dict[str, Any], *, described: bool) -> Iterator[ServiceDeployment]:
    what = DESCRIBING if described else LISTING
    status = need(item, "status", str, what)
    created, updated = when(item, "createdAt", what), perhaps_when(item, "updatedAt", what)
    started, finished = perhaps_when(item, "startedAt", what), perhaps_when(item, "finishedAt", what)
    stopped = perhaps_when(item, "stoppedAt", what)
    settings = maybe(item, "deploymentConfiguration", dict, what) or {}
    rollback = maybe(item, "rollback", dict, what) or {}
    breaker = maybe(item, "deploymentCircuitBreaker", dict, what) or {}
    alarms = maybe(item, "alarms", dict, what) or {}
    target = maybe(item, "targetServiceRevision", dict, what) or {}
    changed = latest(created, updated, started, finished, stopped)
    yield ServiceDeployment(
        arn=need(item, ARN, str, what),
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
        target_revision=maybe(target, "arn", str, what) or maybe(item, "targetServiceRevisionArn", str, what),
        source_revisions=" ".join(_texts(item, "sourceServiceRevisions", what, "arn")),
        lifecycle_stage=maybe(item, "lifecycleStage", str, what),
        strategy=maybe(settings, "strategy", str, what),
        bake_minutes=maybe(settings, "bakeTimeInMinutes", int, what),
        **configured(settings, what),
        rollback_reason=maybe(rollback, "reason", str, what),
        rollback_started_at=perhaps_when(rollback, "startedAt", what),
        rollback_revision=maybe(rollback, "serviceRevisionArn", str, what),
        breaker_status=maybe(breaker, "status", str, what),
        breaker_failures=maybe(breaker, "failureCount", int, what),
        breaker_threshold=maybe(breaker, "threshold", int, what),
        alarms_status=maybe(alarms, "status", str, what),
        alarm_names=raw(_texts(alarms, "alarmNames", what)),
        triggered_alarms=raw(_texts(alarms, "triggeredAlarmNames", what)),
        described=described,
        # Where a list and a detailed answer tell of the same change, the detailed one is the later.
        version=changed if described else changed - 1,
        finished=described and (status in TERMINAL or finished is not None),
        raw=raw(item, PRIVATE),
    )


def _texts(item: dict[str, Any], key: str, what: str, inner: str = "") -> list[str]:
    """Return the texts of a list, or what each of its items has under a key."""
    found = maybe(item, key, list, what) or []
    texts = [need(each, inner, str, what) for each in found] if inner else found
    if not all(isinstance(text, str) for text in texts):
        raise Malformed(f"{what}: {key} should hold texts")
    return texts


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
        raw=raw(item, PRIVATE),
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


def _missing(calls: Calls, arn: str, deployment: ServiceDeployment) -> ServiceRevision:
    """Return a revision that ECS did not know just now: unfinished, so that it is asked for again."""
    return ServiceRevision(
        arn=arn,
        account=calls.unit.account,
        region=calls.unit.region,
        cluster=deployment.cluster,
        service=deployment.service,
        task_definition=None,
        created_at=None,
        version=0,
        finished=False,
        raw="{}",
    )


def _last(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
