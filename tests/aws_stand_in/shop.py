"""One service in one place: its deployments in order of time, what each replaced, and what kind that makes it.

Not here: what is to be deployed when (`making`, `extras`).
"""

import random
from typing import TYPE_CHECKING, NamedTuple

from simulation import Site
from tests.aws_stand_in import names
from tests.aws_stand_in.stories import Step
from tests.aws_stand_in.things import DAY, MINUTE, Deployment, Revision, RolloutTruth

if TYPE_CHECKING:
    from tests.aws_stand_in.making import Made, Wishes


class Order(NamedTuple):
    """One deployment to be made: when (milliseconds), where, of which rollout if of any."""

    start: int
    end: int
    place: int
    site: str
    step: Step
    rollout: RolloutTruth | None


def deploy(shop: "Shop", orders: list[Order]) -> None:
    """Make one service's deployments in one place."""
    for order in sorted(orders, key=lambda each: each[:3]):
        shop.deploy(order)
    shop.made.deployments += shop.deployments


class Shop:
    """One service in one place, while its deployments are made."""

    def __init__(self, made: "Made", wishes: "Wishes", service: str, site: Site) -> None:
        self.made, self.wishes, self.service, self.site = made, wishes, service, site.name
        self.chance = random.Random(f"{wishes.seed}/{service}/{site.name}/deployments")
        self.strategy = site.strategy if isinstance(site.strategy, str) else "canary"
        first = None if isinstance(site.strategy, str) else site.strategy.steps[0]
        self.canary = None if first is None else (float(first[0]), round(first[1]))
        self.account = made.services[service]
        self.offset = made.offsets[site.name]
        self.region, self.cluster = wishes.dirt.cells.get(site.name, (site.name, names.CLUSTER))
        self.before: dict[int, Revision] = {}
        self.deployments: list[Deployment] = []
        self.free = 0  # when the last deployment ends
        self.count = 0  # of revisions
        self.ran: set[str] = set()
        self.ran_so: set[tuple[str, str]] = set()
        self.tried: dict[str, int] = {}  # digest → the rollout that tried it last
        self.age: dict[str, int] = {}  # digest → when the service shipped it first
        for rollout in made.rollouts:
            if rollout.service == service:
                self.age.setdefault(rollout.digest, rollout.pushed)
        birth = wishes.until - round((2 * wishes.days + 400) * DAY)
        commit = names.code(wishes.seed, service, "first")
        digest = "sha256:" + names.code(wishes.seed, service, "first", length=64)
        self.current = self.revision(commit, digest, birth)
        self.ran.add(digest)
        made.first[service, site.name] = self.current

    def name(self, at: int) -> str:
        """What the service is called at some instant."""
        new, since = self.made.renamed.get(self.service, ("", 0))
        return new if new and at >= since else self.service

    def revision(self, commit: str, digest: str, created: int, like: Revision | None = None) -> Revision:
        """Make the next revision of the service; numbers of task definitions differ by region."""
        self.count = number = self.count + 1
        name, shared = self.name(created), self.wishes.dirt.shared_image and self.service == names.service(1)
        where = self.region if self.cluster == names.CLUSTER else f"{self.region}/{self.cluster}"
        digits = str(int(names.code(self.wishes.seed, self.service, where, number, length=16), 16))[:19]
        arn = names.ecs(self.region, self.account, "service-revision", self.cluster, name, digits.zfill(19))
        task = number + int(names.code(where, length=2), 16)
        family = self.service if self.cluster == names.CLUSTER else f"{self.service}-{self.cluster}"
        definition = names.ecs(self.region, self.account, "task-definition", f"{family}:{task}")
        tagged_only = self.chance.random() < self.wishes.digestless
        late = self.wishes.dirt.new_sidecar and created > self.wishes.until - round(self.wishes.days / 2 * DAY)
        return Revision(
            arn,
            created + self.offset,
            commit,
            digest,
            tagged_only,
            like.task_definition if like else definition,
            self.cluster,
            names.service(0) if shared else self.service,
            names.NEW_SIDECAR_DIGEST if late else names.SIDECAR_DIGEST,
        )

    def deploy(self, order: Order) -> None:
        """Add the deployment of one step."""
        start, end, place, _, step, rollout = order
        created = start - self.chance.randint(200, 3000)
        sources = self._replaced(start, created)
        created = max(created, self.free)
        target, number = self._target(step, rollout, created), rollout.number if rollout else -1
        where = self.region if self.cluster == names.CLUSTER else f"{self.region}/{self.cluster}"
        key = rollout.number if rollout else f"forced {start}"
        digits = names.code(self.wishes.seed, self.service, where, key, place, length=21)
        name = self.name(created)
        arn = names.ecs(self.region, self.account, "service-deployment", self.cluster, name, digits)
        late = self.chance.random() < self.wishes.late
        moved = sources[0].arn.split("/")[-2] != name  # a renamed service has no past
        deployment = Deployment(
            arn=arn,
            account=self.account,
            region=self.region,
            service=name,
            cluster=self.cluster,
            site=self.site,
            rollout=number,
            purpose=step.purpose,
            kind=self._kind(step, rollout, target),
            created=created + self.offset,
            started=start + self.offset,
            finished=end + self.offset,
            status=step.status,
            reason=_REASONS[step.status],
            target=target,
            sources=[] if moved else sources,
            strategy={"rolling": "ROLLING", "blue_green": "BLUE_GREEN"}.get(self.strategy, "CANARY"),
            canary=self.canary,
            failures=step.failures,
            visible=created + (self.chance.randint(5, 45) * MINUTE if late else 0),
            action=f"Deploy-{self.site}" if step.purpose in ("release", "retry") else "",
        )
        if step.status == "STOPPED":
            deployment.stopped = deployment.finished
        if step.rollback is not None and rollout is not None:
            deployment.rollback_at = rollout.pushed + round(step.rollback * MINUTE) + self.offset
            deployment.rollback_reason = _why(step)
            deployment.triggered = self._triggered(step, rollout, name)
        if step.status == "SUCCESSFUL":
            self.current = target
            self.ran.add(target.digest)
            self.ran_so.add((target.digest, target.task_definition))
        self.free = end
        self.deployments.append(deployment)

    def _target(self, step: Step, rollout: RolloutTruth | None, created: int) -> Revision:
        if rollout is None:  # forced: the same task definition again
            return self.revision(self.current.commit, self.current.digest, created, like=self.current)
        before = self.before.setdefault(rollout.number, self.current)
        if step.purpose == "configuration":
            return self.revision(self.current.commit, self.current.digest, created)
        ships = rollout if step.purpose in ("release", "retry") else before
        return self.revision(ships.commit, ships.digest, created)

    def _kind(self, step: Step, rollout: RolloutTruth | None, target: Revision) -> str:
        """What it is where it is deployed: by what ran and was tried here, before it counts itself."""
        if rollout is None:
            return "redeploy"
        if step.purpose == "configuration":
            return "configuration"
        if step.purpose in ("roll-back", "recovery", "set-back"):
            return "rollback"
        tried, self.tried[target.digest] = self.tried.get(target.digest), rollout.number
        if target.digest == self.current.digest:
            return "configuration"
        if target.digest in self.ran:
            older = self.age.get(target.digest, 0) < self.age.get(self.current.digest, 0)
            return "rollback" if older else "resume"
        return "change" if tried is None else "retry" if tried == rollout.number else "resume"

    def _replaced(self, start: int, created: int) -> list[Revision]:
        """What a new deployment replaces; ECS stops one that is still running."""
        if self.free <= start:
            return [self.current]
        running = self.deployments[-1]
        running.finished = running.stopped = created + self.offset
        running.status, running.reason = "STOPPED", "Stopped: a newer service deployment has started."
        if running.rollback_at is not None and running.rollback_at >= running.finished:
            running.rollback_at, running.triggered = None, []
        sources = running.sources or [running.target]
        self.current, self.free = sources[0], created
        return [*sources, running.target]

    def _triggered(self, step: Step, rollout: RolloutTruth, name: str) -> list[str]:
        if not step.alarmed:
            return []
        errors, latency = names.metric_alarms(name, self.cluster)
        return [latency if rollout.alarm_source == "nothing" else errors]


_REASONS = {
    "SUCCESSFUL": "Service deployment completed.",
    "STOPPED": "Stopped: the deployment was stopped before it shifted any traffic.",
    "ROLLBACK_SUCCESSFUL": "Service deployment rolled back.",
    "ROLLBACK_FAILED": "Service deployment rollback failed.",
}


def _why(step: Step) -> str:
    if step.failures:
        return "Service deployment rolled back because the circuit breaker threshold was exceeded."
    if step.alarmed:
        return "Service deployment rolled back because of a triggered alarm."
    return "Service deployment rolled back because StopServiceDeployment was called."
