"""From stories to a history: dates, services, accounts, names, and which revision each deployment replaced.

Not here: alarms, runs and executions (`telling`), the model (`stories`), what no pipeline does (`extras`), one service
in one place (`shop`).
"""

import datetime as dt
import random
from dataclasses import dataclass, field

from simulation import Setting
from tests.aws_stand_in import extras, names
from tests.aws_stand_in.dirt import Dirt, soil
from tests.aws_stand_in.shop import Shop, deploy
from tests.aws_stand_in.stories import Story, stories, tell_again
from tests.aws_stand_in.things import DAY, HOUR, MINUTE, Deployment, Revision, RolloutTruth

PLACE_HOURS = 11.0  # what one rollout takes of a service's time, nights and weekends aside
LEAST_GAP_HOURS = 1.0  # between one rollout and the next, on average
SNAP_HOURS = 6.0  # what keeping office hours adds to that, about
STUCK = 1440.0  # minutes: nobody waits longer for a deployment before the next push
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
    dirt: Dirt = field(default_factory=Dirt)


@dataclass
class Made:
    """What has been made."""

    stories: list[Story] = field(default_factory=list)
    told: dict[int, Story] = field(default_factory=dict)  # by the number of the rollout
    rollouts: list[RolloutTruth] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)
    first: dict[tuple[str, str], Revision] = field(
        default_factory=dict
    )  # (service, site): before anything was deployed
    offsets: dict[str, int] = field(default_factory=dict)  # what each region's clock shows too much
    services: dict[str, str] = field(default_factory=dict)  # service → account
    renamed: dict[str, tuple[str, int]] = field(default_factory=dict)  # service → its new name, and since when


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
    for name, (region, _) in wishes.dirt.cells.items():
        made.offsets[name] = made.offsets.get(region, 0)  # one clock a region
    laid: list[tuple[RolloutTruth, Story]] = []
    for number in range(services):
        service = names.service(number)
        made.services[service] = wishes.accounts[number % len(wishes.accounts)]
        laid += _lay_out(made, wishes, setting, service, made.stories[number::services])
    laid.sort(key=lambda each: (each[0].pushed, each[0].service))
    made.rollouts = [rollout for rollout, _ in laid]
    _number(made)
    made.told = {rollout.number: story for rollout, story in laid}
    if wishes.dirt.renamed:
        last = list(made.services)[-1]
        middle = wishes.until - round(wishes.days / 2 * DAY)
        made.renamed[last] = (names.renamed(last), middle)
    for service in made.services:
        orders = extras.orders(made, wishes, setting, service)
        for site in setting.sites:
            deploy(Shop(made, wishes, service, site), [each for each in orders if each.site == site.name])
    made.deployments.sort(key=lambda deployment: (deployment.created, deployment.arn))
    for deployment in made.deployments:
        if deployment.rollout >= 0:
            made.rollouts[deployment.rollout].deployments.append(deployment.arn)
    return made


def _lay_out(
    made: Made, wishes: Wishes, setting: Setting, service: str, own: list[Story]
) -> list[tuple[RolloutTruth, Story]]:
    """Date a service's rollouts, from the last, which `until` cuts in two, back to the first."""
    chance = random.Random(f"{wishes.seed}/{service}/dates")
    shipped = _shipped(wishes, setting, service, own, chance)
    told = [
        soil(story, wishes.dirt, random.Random(f"{wishes.seed}/{service}/{story.trial}/dirt"))
        for _, _, story in shipped
    ]
    following, pushes = wishes.until, []
    busy = sum(story.calm for story in told) / 60.0
    gap = max(LEAST_GAP_HOURS, (wishes.days * 24.0 - busy) / len(told) - SNAP_HOURS)
    for place, story in enumerate(reversed(told)):
        overlaps = place > 0 and chance.random() < wishes.parallel
        if place == 0:
            pushed = wishes.until - round(chance.uniform(0.3, 0.7) * min(story.end, STUCK) * MINUTE)
        elif overlaps:
            pushed = following - round(chance.uniform(0.2, 0.8) * min(story.end, STUCK) * MINUTE)
        else:
            free = round(min(story.calm, STUCK) * MINUTE + chance.expovariate(1 / gap) * HOUR) + 15 * MINUTE
            pushed = _in_office_hours(following - free, chance)
        pushes.append((pushed, overlaps))
        following = pushed
    pushes.reverse()
    # `overlaps` was found looking back: it is the next rollout that was pushed while this one ran.
    overlapping = [False, *(overlaps for _, overlaps in pushes[:-1])]
    return [
        (_truth(story, service, made.services[service], pushed, commit, digest, overlaps), story)
        for (commit, digest, _), story, (pushed, _), overlaps in zip(shipped, told, pushes, overlapping, strict=True)
    ]


def _shipped(
    wishes: Wishes, setting: Setting, service: str, own: list[Story], chance: random.Random
) -> list[tuple[str, str, Story]]:
    """Say what each rollout ships: a change of its own, or one that was shipped before, with the faults it had then."""
    found: list[tuple[str, str, Story]] = []
    first: list[int] = []  # by rollout: the trial that shipped its change first
    owner = names.service(0) if wishes.dirt.shared_image and service == names.service(1) else service
    for place, story in enumerate(own):
        address = (
            wishes.seed,
            owner,
            f"shared {place}" if wishes.dirt.shared_image and owner == names.service(0) else story.trial,
        )
        commit, digest = names.code(*address, "commit"), "sha256:" + names.code(*address, "digest", length=64)
        origin = story.trial
        if found and chance.random() < wishes.redeploys:
            before = len(found) - chance.randint(1, min(8, len(found)))
            commit, digest, _ = found[before]
            origin = first[before]
            story = tell_again(setting, wishes.seed, story.trial, origin)
        found.append((commit, digest, story))
        first.append(origin)
    return found


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
        how="pipeline",
        dirt=story.dirt,
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
    first: dict[tuple[str, str], int] = {}
    for number, rollout in enumerate(made.rollouts):
        rollout.number = number
        rollout.again_of = first.get((rollout.service, rollout.digest))
        first.setdefault((rollout.service, rollout.digest), number)


def _at(pushed: int, minutes: float) -> int:
    return pushed + round(minutes * MINUTE)
