"""From stories to a history: dates, services, accounts, names, and which revision each deployment replaced.

Not here: alarms, runs and executions (`telling`), the model (`stories`).
"""

import datetime as dt
import random
from collections.abc import Iterable
from dataclasses import dataclass, field

from simulation import Setting
from tests.aws_stand_in import names
from tests.aws_stand_in.stories import Step, Story, stories
from tests.aws_stand_in.things import DAY, HOUR, MINUTE, Deployment, Revision, RolloutTruth

PLACE_HOURS = 11.0  # what one rollout takes of a service's time, nights and weekends aside
LEAST_GAP_HOURS = 1.0  # between one rollout and the next, on average
SNAP_HOURS = 6.0  # what keeping office hours adds to that, about
OPENING, CLOSING = 8, 18  # hours UTC, Monday to Friday, in which people push


@dataclass(frozen=True)
class Wishes:
    """What a history should be like; shares are of rollouts, or of records where it says so."""

    seed: int
    accounts: tuple[str, ...]
    deployments: int
    days: float
    services: int | None
    until: int
    redeploys: float
    superseded: float
    parallel: float
    digestless: float
    late: float
    skew_minutes: float


@dataclass
class Made:
    """What has been made."""

    stories: list[Story] = field(default_factory=list)
    rollouts: list[RolloutTruth] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)
    first: dict[tuple[str, str], Revision] = field(default_factory=dict)  # before anything was deployed
    offsets: dict[str, int] = field(default_factory=dict)  # what each region's clock shows too much
    services: dict[str, str] = field(default_factory=dict)  # service → account


def make(setting: Setting, wishes: Wishes) -> Made:
    """Make rollouts until there are enough deployments, and lay them out over services and days."""
    made = Made()
    count = 0
    for story in stories(setting, wishes.seed):
        made.stories.append(story)
        count += len(story.steps)
        if count >= wishes.deployments:
            break
    services = wishes.services or max(
        len(wishes.accounts), round(len(made.stories) * PLACE_HOURS / 24 * 7 / 5 / wishes.days)
    )
    services = min(services, len(made.stories))
    chance = random.Random(f"{wishes.seed}/clocks")
    skew = wishes.skew_minutes * MINUTE
    made.offsets = {site.name: round(chance.uniform(-skew, skew)) for site in setting.sites}
    for number in range(services):
        service = names.service(number)
        made.services[service] = wishes.accounts[number % len(wishes.accounts)]
        _lay_out(made, wishes, service, made.stories[number::services])
    made.rollouts.sort(key=lambda rollout: (rollout.pushed, rollout.service))
    _number(made)
    by_trial = {story.trial: story for story in made.stories}
    regions = [site.name for site in setting.sites]
    for service in made.services:
        own = [rollout for rollout in made.rollouts if rollout.service == service]
        for region in regions:
            _deploy(made, wishes, setting, service, region, own, by_trial)
    made.deployments.sort(key=lambda deployment: (deployment.created, deployment.arn))
    for deployment in made.deployments:
        made.rollouts[deployment.rollout].deployments.append(deployment.arn)
    return made


def _lay_out(made: Made, wishes: Wishes, service: str, own: list[Story]) -> None:
    """Date a service's rollouts, from the last, which `until` cuts in two, back to the first."""
    chance = random.Random(f"{wishes.seed}/{service}/dates")
    following, laid = wishes.until, []
    busy = sum(story.calm for story in own) / 60.0
    gap = max(LEAST_GAP_HOURS, (wishes.days * 24.0 - busy) / len(own) - SNAP_HOURS)
    for place, story in enumerate(reversed(own)):
        overlaps = place > 0 and chance.random() < wishes.parallel
        if place == 0:
            pushed = wishes.until - round(chance.uniform(0.3, 0.7) * story.end * MINUTE)
        elif overlaps:
            pushed = following - round(chance.uniform(0.2, 0.8) * story.end * MINUTE)
        else:
            free = round(story.calm * MINUTE + chance.expovariate(1 / gap) * HOUR) + 15 * MINUTE
            pushed = _in_office_hours(following - free, chance)
        laid.append((pushed, story, overlaps))
        following = pushed
    laid.reverse()
    # `overlaps` was found looking back: it is the next rollout that was pushed while this one ran.
    overlapping = [False, *(overlaps for _, _, overlaps in laid[:-1])]
    shipped: list[tuple[str, str]] = []
    for (pushed, story, _), overlaps in zip(laid, overlapping, strict=True):
        commit = names.code(wishes.seed, service, story.trial, "commit")
        digest = "sha256:" + names.code(wishes.seed, service, story.trial, "digest", length=64)
        if shipped and chance.random() < wishes.redeploys:
            commit, digest = shipped[-chance.randint(1, min(8, len(shipped)))]
        shipped.append((commit, digest))
        made.rollouts.append(_truth(story, service, made.services[service], pushed, commit, digest, overlaps))


def _in_office_hours(instant: int, chance: random.Random) -> int:
    """Move a push back to when people push, where it is not then anyway."""
    when = dt.datetime.fromtimestamp(instant / 1000, dt.UTC)
    while when.weekday() >= 5 or not OPENING <= when.hour < CLOSING:
        day = when if when.hour >= CLOSING else when - dt.timedelta(days=1)
        when = day.replace(hour=CLOSING - 1, minute=0, second=0) + dt.timedelta(seconds=chance.randint(0, 3599))
    return round(when.timestamp() * 1000)


def _truth(
    story: Story, service: str, account: str, pushed: int, commit: str, digest: str, overlaps: bool
) -> RolloutTruth:
    def number(value: float) -> float | None:
        return value if abs(value) < float("inf") else None  # NaN too: it is not less than anything

    row = story.row
    starts = [step.rollback or step.start for step in story.steps if step.purpose == "roll-back"]
    reaction = min(starts) - story.halt if starts else None
    minute, region, source = story.alarm or (0.0, "", "")
    return RolloutTruth(
        number=-1,
        service=service,
        account=account,
        trial=story.trial,
        pushed=pushed,
        ended=pushed + round(story.end * MINUTE),
        commit=commit,
        digest=digest,
        again_of=None,
        overlaps=overlaps,
        outcome=row.outcome,
        build_minutes=story.build,
        detected_minutes=number(row.detected_minutes),
        recovered_minutes=number(row.recovered_minutes),
        alarm_region=region,
        alarm_source=source,
        reaction_minutes=reaction,
        faults=story.faults,
        harm={r: (_at(pushed, a), _at(pushed, b)) for r, (a, b) in story.harm.items()},
        severity=story.severity,
        impact_minutes=row.impact_minutes,
    )


def _number(made: Made) -> None:
    first: dict[str, int] = {}
    for number, rollout in enumerate(made.rollouts):
        rollout.number = number
        rollout.again_of = first.get(rollout.digest)
        first.setdefault(rollout.digest, number)


def _at(pushed: int, minutes: float) -> int:
    return pushed + round(minutes * MINUTE)


def _deploy(
    made: Made,
    wishes: Wishes,
    setting: Setting,
    service: str,
    region: str,
    own: Iterable[RolloutTruth],
    by_trial: dict[int, Story],
) -> None:
    """Make one service's deployments in one region: in order of time, each with what it replaced."""
    planned = [
        (_at(rollout.pushed, step.start), _at(rollout.pushed, step.end), place, step, rollout)
        for rollout in own
        for place, step in enumerate(by_trial[rollout.trial].steps)
        if step.region == region
    ]
    planned.sort(key=lambda each: each[:3])
    site = next(site for site in setting.sites if site.name == region)
    strategy = site.strategy if isinstance(site.strategy, str) else "canary"
    chance = random.Random(f"{wishes.seed}/{service}/{region}")
    shop = _Shop(made, wishes, service, region, chance, strategy)
    for start, end, place, step, rollout in planned:
        shop.deploy(start, end, place, step, rollout)
    made.deployments += shop.deployments


class _Shop:
    """One service in one region, while its deployments are made."""

    def __init__(
        self, made: Made, wishes: Wishes, service: str, region: str, chance: random.Random, strategy: str
    ) -> None:
        self.wishes, self.service, self.region, self.chance, self.strategy = wishes, service, region, chance, strategy
        self.account = made.services[service]
        self.offset = made.offsets[region]
        self.home = next(iter(made.offsets))
        self.before: dict[int, Revision] = {}
        self.deployments: list[Deployment] = []
        self.free = 0  # when the last deployment ends
        self.count = 0  # of revisions
        birth = wishes.until - round((2 * wishes.days + 400) * DAY)
        commit = names.code(wishes.seed, service, "first")
        digest = "sha256:" + names.code(wishes.seed, service, "first", length=64)
        self.current = self.revision(commit, digest, birth)
        made.first[service, region] = self.current

    def revision(self, commit: str, digest: str, created: int) -> Revision:
        """Make the next revision of the service; numbers of task definitions differ by region."""
        self.count = number = self.count + 1
        digits = str(int(names.code(self.wishes.seed, self.service, self.region, number, length=16), 16))[:19]
        arn = names.ecs(self.region, self.account, "service-revision", names.CLUSTER, self.service, digits.zfill(19))
        task = number + int(names.code(self.region, length=2), 16)
        definition = names.ecs(self.region, self.account, "task-definition", f"{self.service}:{task}")
        tagged_only = self.chance.random() < self.wishes.digestless
        return Revision(arn, created + self.offset, commit, digest, tagged_only, definition)

    def deploy(self, start: int, end: int, place: int, step: Step, rollout: RolloutTruth) -> None:
        """Add the deployment of one step."""
        created = start - self.chance.randint(200, 3000)
        sources = self._replaced(start, created)
        created = max(created, self.free)
        before = self.before.setdefault(rollout.number, self.current)
        ships = rollout if step.purpose in ("release", "retry") else before
        target = self.revision(ships.commit, ships.digest, created)
        digits = names.code(self.wishes.seed, self.service, self.region, rollout.number, place, length=21)
        arn = names.ecs(self.region, self.account, "service-deployment", names.CLUSTER, self.service, digits)
        late = self.chance.random() < self.wishes.late
        deployment = Deployment(
            arn=arn,
            account=self.account,
            region=self.region,
            service=self.service,
            rollout=rollout.number,
            purpose=step.purpose,
            created=created + self.offset,
            started=start + self.offset,
            finished=end + self.offset,
            status=step.status,
            reason=_REASONS[step.status],
            target=target,
            sources=sources,
            strategy={"rolling": "ROLLING", "blue_green": "BLUE_GREEN"}.get(self.strategy, "CANARY"),
            failures=step.failures,
            visible=created + (self.chance.randint(5, 45) * MINUTE if late else 0),
            action=f"Deploy-{self.region}" if step.purpose in ("release", "retry") else "",
        )
        if step.status == "STOPPED":
            deployment.stopped = deployment.finished
        if step.rollback is not None:
            deployment.rollback_at = _at(rollout.pushed, step.rollback) + self.offset
            deployment.rollback_reason = _why(step)
            deployment.triggered = self._triggered(step, rollout)
        if step.status == "SUCCESSFUL":
            self.current = target
        self.free = end
        self.deployments.append(deployment)

    def _replaced(self, start: int, created: int) -> list[Revision]:
        """What a new deployment replaces; ECS stops one that is still running."""
        if self.free <= start:
            return [self.current]
        running = self.deployments[-1]
        running.finished = running.stopped = created + self.offset
        running.status, running.reason = "STOPPED", "Stopped: a newer service deployment has started."
        if running.rollback_at is not None and running.rollback_at >= running.finished:
            running.rollback_at, running.triggered = None, []
        self.current, self.free = running.sources[0], created
        return [*running.sources, running.target]

    def _triggered(self, step: Step, rollout: RolloutTruth) -> list[str]:
        if not step.alarmed:
            return []
        errors, latency = names.metric_alarms(self.service)
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
