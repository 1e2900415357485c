"""What alarms, CodeCatalyst and CodePipeline have to tell of the rollouts that were made.

Not here: the rollouts (`making`), answers (`operations`).
"""

import random
from collections import defaultdict

from tests.aws_stand_in import names
from tests.aws_stand_in.making import Made, Wishes
from tests.aws_stand_in.stories import Story
from tests.aws_stand_in.things import DAY, HOUR, MINUTE, Action, AlarmChange, Execution, RolloutTruth, Run, Workflow

NOISE_PER_DAY = 0.06  # alarms of a region and service that have nothing to do with any rollout
Alarms = dict[tuple[str, str], list[AlarmChange]]  # (account, region) → in order of time


def workflows(made: Made, wishes: Wishes) -> list[Workflow]:
    """One workflow a service, and one that is not valid and has never run."""
    born = wishes.until - round((wishes.days + 400) * DAY)
    modes = ("QUEUED", "SUPERSEDED", "PARALLEL")
    found = [
        Workflow(names.uuid(wishes.seed, service, "workflow"), f"deploy-{service}", modes[n % 3], "ACTIVE", born)
        for n, service in enumerate(made.services)
    ]
    return [*found, Workflow(names.uuid(wishes.seed, "broken"), "deploy-broken", "QUEUED", "INVALID", born)]


def alarms(made: Made, wishes: Wishes) -> Alarms:
    """The histories of all alarms, one list an account and region."""
    found: Alarms = defaultdict(list)
    busy: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for rollout in made.rollouts:
        story = made.told[rollout.number]
        busy[rollout.service].append((rollout.pushed, rollout.pushed + round(story.calm * MINUTE)))
        if story.alarm and story.alarm[2] in ("evidence", "nothing"):
            _alarm(found, made, wishes, rollout, story)
        _dirty(found, made, wishes, rollout, story)
    for service, account in made.services.items():
        for site, offset in made.offsets.items():
            region, cluster = _cell(wishes, site)
            own = found[account, region]
            born = wishes.until - round((wishes.days + 300) * DAY)
            for alarm in (*names.metric_alarms(service, cluster), names.composite_alarm(service, cluster)):
                composite = alarm == names.composite_alarm(service, cluster)
                own.append(AlarmChange(born, alarm, composite, "ConfigurationUpdate", "", "", "created", "creation"))
                first = AlarmChange(
                    born + 5 * MINUTE,
                    alarm,
                    composite,
                    "StateUpdate",
                    "INSUFFICIENT_DATA",
                    "OK",
                    "no fault",
                    "creation",
                )
                own.append(first)
            _noise(own, wishes, service, site, offset, busy[service])
    for changes in found.values():
        changes.sort(key=lambda change: (change.at, change.alarm, change.kind))
    return found


def _alarm(found: Alarms, made: Made, wishes: Wishes, rollout: RolloutTruth, story: Story) -> None:
    """The alarm that halted a rollout, at the model's instant, and its end after the roll-back there."""
    assert story.alarm is not None
    minute, site, source = story.alarm
    (region, cluster), offset = _cell(wishes, site), made.offsets[site]
    service = _called(made, rollout)
    errors, latency = names.metric_alarms(service, cluster)
    back = max((step.end for step in story.steps if step.region == site), default=minute)
    chance = random.Random(f"{wishes.seed}/{rollout.number}/alarm")
    calm = max(back, minute) + chance.uniform(1, 4) if source == "evidence" else minute + chance.uniform(2, 9)
    at, until = (rollout.pushed + round(m * MINUTE) + offset for m in (minute, calm))
    alarm = errors if source == "evidence" else latency
    composite = names.composite_alarm(service, cluster)
    found[rollout.account, region] += _episode(alarm, composite, at, until, source, chance)


def _dirty(found: Alarms, made: Made, wishes: Wishes, rollout: RolloutTruth, story: Story) -> None:
    """More alarms than the one that halted a rollout: it flaps, another region's rings too, or one of no concern."""
    chance, dirt = random.Random(f"{wishes.seed}/{rollout.number}/alarms"), wishes.dirt
    sites = sorted({step.region for step in story.steps})
    if story.alarm and sites and chance.random() < dirt.flapping:
        minute, site, _ = story.alarm
        near = [site, site] if site else []  # what customers told of is no region's
        for _ in range(chance.randint(1, 4)):
            minute += chance.uniform(12, 25)
            _ring(found, made, wishes, rollout, chance.choice([*near, *sites]), minute, "flapping", chance)
    if sites and chance.random() < dirt.noise_inside:
        minute = chance.uniform(story.build, max(story.build + 1, min(story.end, DAY / MINUTE)))
        _ring(found, made, wishes, rollout, chance.choice(sites), minute, "noise", chance)


def _ring(
    found: Alarms,
    made: Made,
    wishes: Wishes,
    rollout: RolloutTruth,
    site: str,
    minute: float,
    cause: str,
    chance: random.Random,
) -> None:
    region, cluster = _cell(wishes, site)
    service = _called(made, rollout)
    at = rollout.pushed + round(minute * MINUTE) + made.offsets[site]
    until = at + chance.randint(2 * MINUTE, 9 * MINUTE)
    alarm, composite = names.metric_alarms(service, cluster)[1], names.composite_alarm(service, cluster)
    found[rollout.account, region] += _episode(alarm, composite, at, until, cause, chance)


def _cell(wishes: Wishes, site: str) -> tuple[str, str]:
    """The AWS region and cluster of a region of the model."""
    return wishes.dirt.cells.get(site, (site, names.CLUSTER))


def _called(made: Made, rollout: RolloutTruth) -> str:
    """What a rollout's service was called when it was pushed."""
    new, since = made.renamed.get(rollout.service, ("", 0))
    return new if new and rollout.pushed >= since else rollout.service


def _episode(alarm: str, composite: str, at: int, until: int, cause: str, chance: random.Random) -> list[AlarmChange]:
    """A metric alarm rises and falls, and the composite alarm above it a little later each time."""
    after = chance.randint(300, 4000)
    rise = "Threshold Crossed: 3 out of the last 3 datapoints were greater than the threshold (0.01)."
    fall = "Threshold Crossed: 1 datapoint was not greater than the threshold (0.01)."
    rule = f"{composite} transitioned because ALARM({alarm}) changed"
    return [
        AlarmChange(at, alarm, False, "StateUpdate", "OK", "ALARM", rise, cause),
        AlarmChange(at + 150, alarm, False, "Action", "", "", "Successfully executed action", cause),
        AlarmChange(at + after, composite, True, "StateUpdate", "OK", "ALARM", rule, cause),
        AlarmChange(until, alarm, False, "StateUpdate", "ALARM", "OK", fall, "recovery"),
        AlarmChange(until + after, composite, True, "StateUpdate", "ALARM", "OK", rule, "recovery"),
    ]


def _noise(
    own: list[AlarmChange], wishes: Wishes, service: str, site: str, offset: int, busy: list[tuple[int, int]]
) -> None:
    """Alarms between rollouts; during one the model alone decides what alarms there are."""
    chance = random.Random(f"{wishes.seed}/{service}/{site}/noise")
    cluster = _cell(wishes, site)[1]
    at = float(wishes.until - wishes.days * DAY)
    while (at := at + chance.expovariate(NOISE_PER_DAY / DAY)) < wishes.until:
        start, until = round(at), round(at) + chance.randint(2 * MINUTE, 20 * MINUTE)
        if all(until + HOUR < a or start - HOUR > b for a, b in busy):
            latency = names.metric_alarms(service, cluster)[1]
            composite = names.composite_alarm(service, cluster)
            own += _episode(latency, composite, start + offset, until + offset, "noise", chance)


def runs(made: Made, wishes: Wishes, flows: list[Workflow]) -> list[Run]:
    """One CodeCatalyst run a rollout, enclosing it, and some that were superseded before they did anything."""
    ids = {flow.name: flow.id for flow in flows}
    found = []
    for rollout in _piped(made):
        chance = random.Random(f"{wishes.seed}/{rollout.number}/run")
        flow = ids[f"deploy-{rollout.service}"]
        rollout.run = names.uuid(wishes.seed, rollout.number, "run")
        ok = "SUCCEEDED" if rollout.outcome in ("completed", "escaped") else "FAILED"
        start, end = rollout.pushed - chance.randint(1000, 8000), rollout.ended + chance.randint(1000, 8000)
        found.append(Run(rollout.run, flow, start, end, ok, rollout.number))
        if chance.random() < wishes.superseded:
            again = rollout.pushed + round(chance.uniform(0.1, 0.9) * (rollout.ended - rollout.pushed))
            waited = again + chance.randint(2, 40) * MINUTE
            found.append(Run(names.uuid(rollout.run, "superseded"), flow, again, waited, "SUPERSEDED", None))
    return sorted(found, key=lambda run: (run.started, run.id))


def _piped(made: Made) -> list[RolloutTruth]:
    """The rollouts that a pipeline made."""
    return [rollout for rollout in made.rollouts if rollout.how == "pipeline"]


def executions(made: Made, wishes: Wishes) -> list[Execution]:
    """One execution of the pipeline a rollout, one a roll-back, and those that were superseded."""
    found = []
    last: dict[str, str] = {}  # service → its last successful execution
    for rollout in _piped(made):
        story = made.told[rollout.number]
        rollout.execution = names.uuid(wishes.seed, rollout.number, "execution")
        ok = rollout.outcome in ("completed", "escaped")
        status = "Succeeded" if ok else "Failed"
        pipeline, commit = f"deploy-{rollout.service}", rollout.commit
        ended = max(rollout.ended, rollout.pushed + 1)
        main = Execution(rollout.execution, pipeline, rollout.pushed - 20_000, ended, status, commit, rollout.number)
        main.actions = _actions(made, wishes, rollout, story)
        found.append(main)
        if rolled_back := _rolled_back(wishes, rollout, story, last.get(rollout.service, "")):
            found.append(rolled_back)
        if random.Random(f"{wishes.seed}/{rollout.number}/pipeline").random() < wishes.superseded:
            at = (rollout.pushed + rollout.ended) // 2
            identity, commit = names.uuid(rollout.execution, "superseded"), names.code(rollout.execution)
            found.append(Execution(identity, pipeline, at, at + 15 * MINUTE, "Superseded", commit, None))
        if ok:
            last[rollout.service] = rollout.execution
    return sorted(found, key=lambda execution: (execution.started, execution.id))


def _actions(made: Made, wishes: Wishes, rollout: RolloutTruth, story: Story) -> list[Action]:
    actions = []
    for number, stage in enumerate(story.stages):
        action = Action(
            id=names.uuid(wishes.seed, rollout.number, "action", number),
            stage=stage.stage,
            name=stage.name,
            category=stage.category,
            provider=stage.provider,
            region=_cell(wishes, stage.region)[0],
            started=rollout.pushed + round(stage.start * MINUTE),
            ended=rollout.pushed + round(stage.end * MINUTE),
            status=stage.status,
            error="" if stage.status != "Failed" else "JobFailed",
        )
        if stage.step is not None:
            cluster = _cell(wishes, stage.region)[1]
            action.external = names.code(
                wishes.seed, rollout.service, stage.region, rollout.number, stage.step, length=21
            )
            action.configuration = {"ClusterName": cluster, "ServiceName": _called(made, rollout)}
        actions.append(action)
    return sorted(actions, key=lambda action: (action.started, action.id))


def _rolled_back(wishes: Wishes, rollout: RolloutTruth, story: Story, target: str) -> Execution | None:
    steps = [(place, step) for place, step in enumerate(story.steps) if step.purpose in ("roll-back", "recovery")]
    if not steps or not target:
        return None
    first, last = min(step.start for _, step in steps), max(step.end for _, step in steps)
    started, ended = (rollout.pushed + round(minute * MINUTE) for minute in (first, last))
    identity = names.uuid(rollout.execution, "rollback")
    found = Execution(
        identity, f"deploy-{rollout.service}", started, ended, "Succeeded", rollout.commit, rollout.number, target
    )
    for place, step in steps:
        ok = "Succeeded" if step.status == "SUCCESSFUL" else "Failed"
        at, until = (rollout.pushed + round(minute * MINUTE) for minute in (step.start, step.end))
        name, (region, cluster) = f"Rollback-{step.region}", _cell(wishes, step.region)
        action = Action(names.uuid(identity, place), "Rollback", name, "Deploy", "ECS", region, at, until, ok)
        action.configuration = {"ClusterName": cluster, "ServiceName": rollout.service}
        found.actions.append(action)
    found.actions.sort(key=lambda action: (action.started, action.id))
    return found
