"""One rollout of the model, told as what ECS, alarms and pipelines would have seen of it, in minutes since the push.

The truth is the model's own: `simulation.Rollout` on `simulation.Draws`. Not here: dates, names and what ran before
(`making`).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from simulation import Defect, Draws, Rollout, Row, Scenario, Setting, Site, World
from simulation.columns import Harm, harms, paths, row
from simulation.happenings import Event, Signal, every, first

STOP_MINUTES = 0.5  # how long ECS takes to stop a deployment that had no traffic yet


class Step(NamedTuple):
    """One ECS deployment: minutes since the push, final status, and when ECS began to roll it back."""

    region: str
    purpose: str
    start: float
    end: float
    status: str
    rollback: float | None = None
    failures: int = 0
    alarmed: bool = False


class Stage(NamedTuple):
    """One action of the pipeline: `region` where it acts, `step` the place of its deployment in the story."""

    stage: str
    name: str
    category: str
    provider: str
    region: str
    start: float
    end: float
    status: str
    step: int | None = None


@dataclass
class Story:
    """One rollout: its columns, deployments, actions, and the alarm that halted it (minute, region, source)."""

    trial: int
    row: Row
    end: float
    build: float
    halt: float
    steps: list[Step] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)
    alarm: tuple[float, str, str] | None = None
    calm: float = math.inf  # when all was over: roll-backs too
    faults: list[str] = field(default_factory=list)
    harm: dict[str, tuple[float, float]] = field(default_factory=dict)
    severity: float = 0.0
    hurt: dict[str, Harm] = field(default_factory=dict)  # region → how its share of failing requests goes
    defects: tuple[Defect | None, ...] = ()  # what is wrong with it, by region
    dirt: list[str] = field(default_factory=list)  # what `dirt.soil` did to it


def stories(setting: Setting, seed: int, *, block: int = 512) -> Iterator[Story]:
    """Tell one rollout after the other, for ever: trial 0, 1, 2 …"""
    first = 0
    while True:
        draws = Draws(setting.scenario, seed, range(first, first + block))
        for trial in range(first, first + block):
            yield tell(Rollout(setting, draws.world(trial), traced=True), trial)
        first += block


class Again:
    """The world of a change that comes again: its faults are those of the first time, all else is drawn anew.

    Parameters
    ----------
    new, first : World
        The draws of this time, and of the first.
    """

    def __init__(self, new: World, first: World) -> None:
        self.draw = new.draw
        self.deploy_fails, self.defect = first.deploy_fails, first.defect


def tell_again(setting: Setting, seed: int, trial: int, first: int) -> Story:
    """Tell the rollout of a trial that ships what an earlier trial shipped first."""
    new = Draws(setting.scenario, seed, range(trial, trial + 1)).world(trial)
    old = Draws(setting.scenario, seed, range(first, first + 1)).world(first)
    return tell(Rollout(setting, Again(new, old), traced=True), trial)


def tell(rollout: Rollout, trial: int) -> Story:
    """Read a finished, traced rollout."""
    columns, _ = row(rollout)
    built, alarm = first(rollout.events, Event.BUILT, Event.BUILD_FAILED), first(rollout.events, Event.ALARM)
    story = Story(trial, columns, rollout.end, built.minute if built else rollout.end, rollout.halt)
    for site in rollout.setting.sites:
        story.steps += _steps(rollout, site)
    story.alarm = (alarm.minute, alarm.region, alarm.remark) if alarm else None
    story.calm = max([rollout.end, *(step.end for step in story.steps)])
    story.stages = list(_stages(rollout, story))
    story.defects = tuple(rollout.defects)
    _tell_harm(rollout, story)
    return story


def _steps(rollout: Rollout, site: Site) -> Iterator[Step]:
    """The deployments of one region: attempts, then the roll-back, then the recovery by hand."""
    own = [each for each in rollout.events if each.region == site.name]
    alarmed = any(each.remark in (Signal.EVIDENCE, Signal.NOTHING) for each in every(own, Event.ALARM))
    began = first(own, Event.ROLLBACK_STARTS)
    rollback = began.minute if began else None
    by_hand = first(own, Event.RECOVERED_BY_HAND) is not None
    back = rollout.back[site.position]
    start, purpose, done = 0.0, "", False
    for minute, event, *_ in own:
        if event in (Event.DEPLOYMENT_STARTS, Event.RETRY_STARTS):
            start, purpose = minute, "release" if event == Event.DEPLOYMENT_STARTS else "retry"
        elif event in (Event.ATTEMPT_FAILS, Event.DEPLOYMENT_FAILS):
            # The attempt fails after its whole time, ECS's own roll-back included.
            yield Step(site.name, purpose, start, minute, "ROLLBACK_SUCCESSFUL", start + 0.7 * (minute - start), 3)
            purpose = ""
        elif event == Event.DEPLOYMENT_ENDS:
            yield Step(site.name, purpose, start, minute, "SUCCESSFUL")
            purpose, done = "", True
    if purpose and rollback is None:  # halted before any traffic moved
        yield Step(site.name, purpose, start, max(start, rollout.halt) + STOP_MINUTES, "STOPPED")
    elif purpose and rollback is not None:  # halted in flight
        failed = rollback + 0.3 * (back - rollback)
        status, end = ("ROLLBACK_FAILED", failed) if by_hand else ("ROLLBACK_SUCCESSFUL", back)
        yield Step(site.name, purpose, start, end, status, rollback, alarmed=alarmed)
    if rollback is not None and done:
        end = rollback + 0.3 * (back - rollback) if by_hand else back
        yield Step(site.name, "roll-back", rollback, end, "STOPPED" if by_hand else "SUCCESSFUL")
    if rollback is not None and by_hand:
        yield Step(site.name, "recovery", rollback + 0.3 * (back - rollback), back, "SUCCESSFUL")


def _stages(rollout: Rollout, story: Story) -> Iterator[Stage]:
    """The actions of the pipeline: source, build, and per wave approval, deployments and bake."""
    home = rollout.setting.sites[0].name
    yield Stage("Source", "Source", "Source", "CodeStarSourceConnection", home, -0.3, 0.0, "Succeeded")
    status = "Failed" if rollout.outcome == "build_failed" else "Succeeded"
    yield Stage("Build", "BuildImage", "Build", "CodeBuild", home, 0.0, story.build, status)
    for number, (_, sites) in enumerate(rollout.setting.waves):
        name, names = f"Wave-{number + 1}", {site.name for site in sites}
        own = {each.event: each.minute for each in rollout.events if each.wave == number and not each.region}
        if Event.APPROVAL_ASKED in own:
            until, ok = _until(own, Event.WAVE_STARTS, story.end)
            yield Stage(name, "Approve", "Approval", "Manual", home, own[Event.APPROVAL_ASKED], until, ok)
        for place, step in enumerate(story.steps):
            if step.region in names and step.purpose in ("release", "retry"):
                ok = "Succeeded" if step.status == "SUCCESSFUL" else "Failed"
                ok = "Abandoned" if step.status == "STOPPED" else ok
                yield Stage(
                    name, f"Deploy-{step.region}", "Deploy", "ECS", step.region, step.start, step.end, ok, place
                )
        if Event.BAKE_STARTS in own:
            until, ok = _until(own, Event.BAKE_ENDS, story.end)
            yield Stage(name, "Bake", "Invoke", "Lambda", home, own[Event.BAKE_STARTS], until, ok)


def _until(own: dict[Event, float], event: Event, end: float) -> tuple[float, str]:
    return (own[event], "Succeeded") if event in own else (end, "Failed")


def _tell_harm(rollout: Rollout, story: Story) -> None:
    scenario: Scenario = rollout.setting.scenario
    story.faults = sorted({scenario.faults[defect.fault].name for defect in rollout.defects if defect})
    for harm in harms(rollout, paths(rollout)):
        if harm.minutes > 0:
            story.harm[rollout.setting.sites[harm.position].name] = (harm.begin, harm.until)
            story.hurt[rollout.setting.sites[harm.position].name] = harm
            story.severity = max(story.severity, harm.severity)
