"""What makes real histories hard to join, each kind by itself: how often it happens, and what it does to a story.

All shares are 0 unless asked for. Not here: dates and revisions (`making`, `shop`).
"""

import dataclasses
import random
from dataclasses import dataclass, field
from typing import Self

from tests.aws_stand_in.stories import Stage, Step, Story

DAY_MINUTES = 24 * 60.0


@dataclass(frozen=True)
class Dirt:
    """Shares of rollouts, unless it says otherwise.

    Attributes
    ----------
    spread_minutes : float
        Regions of a wave start up to so much later than each other.
    flapping : float
        Rollouts with an alarm whose alarm comes again and again; and other regions' with it.
    noise_inside : float
        Rollouts during which an alarm rings that has nothing to do with them.
    partial : float
        Rollouts that leave out a region.
    people_back : float
        Completed rollouts that people set back hours later, region by region, from a console.
    configurations, by_hand : float
        Configuration-only rollouts and such that somebody ships by CloudFormation, without a run, for each other one.
    forced : float
        Forced redeployments of single regions, for each rollout.
    stuck : float
        Rollouts in which a region's deployment takes days.
    regional_back : float
        Completed rollouts in which ECS rolled one region back by itself, and the pipeline stopped there.
    next_day : float
        Failed rollouts whose pipeline somebody retries the next day, in the same execution.
    missing_incidents, wrong_incidents : float
        Shares of incidents that nobody wrote down, or with another rollout's digest.
    shared_image : bool
        The second service runs the first one's image, the same digests at other times.
    new_sidecar : bool
        The log router gets a new digest in the middle of the history.
    renamed : bool
        The last service is called otherwise from the middle of the history on: in ECS, another service.
    cells : dict of str to (str, str)
        A region of the model → the AWS region and the cluster in which it really is.
    """

    spread_minutes: float = 0.0
    flapping: float = 0.0
    noise_inside: float = 0.0
    partial: float = 0.0
    people_back: float = 0.0
    configurations: float = 0.0
    by_hand: float = 0.0
    forced: float = 0.0
    stuck: float = 0.0
    regional_back: float = 0.0
    next_day: float = 0.0
    missing_incidents: float = 0.0
    wrong_incidents: float = 0.0
    shared_image: bool = False
    new_sidecar: bool = False
    renamed: bool = False
    cells: dict[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def all(cls, **changes: object) -> Self:
        """Every kind at once, each about as often as in a year of a busy team."""
        everything: dict[str, object] = {
            "spread_minutes": 6.0,
            "flapping": 0.5,
            "noise_inside": 0.1,
            "partial": 0.08,
            "people_back": 0.06,
            "configurations": 0.1,
            "by_hand": 0.06,
            "forced": 0.15,
            "stuck": 0.03,
            "regional_back": 0.03,
            "next_day": 0.5,
            "missing_incidents": 0.3,
            "wrong_incidents": 0.1,
            "shared_image": True,
            "new_sidecar": True,
            "renamed": True,
            "cells": {"us-west-2": ("us-east-1", "shop-2")},
        }
        return cls(**{**everything, **changes})  # type: ignore[arg-type]


def soil(story: Story, dirt: Dirt, chance: random.Random) -> Story:
    """Tell a story as it would have gone with what happened to it; the story itself stays as it was."""
    told = dataclasses.replace(story, steps=list(story.steps), stages=list(story.stages), dirt=[])
    clean = bool(told.steps) and told.row.outcome in ("completed", "escaped") and not _went_back(told)
    if chance.random() < dirt.partial and len({step.region for step in told.steps}) > 1 and not _went_back(told):
        _leave_out(told, chance)
    if clean and chance.random() < dirt.regional_back:
        _regional_back(told, chance)
    elif told.row.outcome == "deploy_failed" and chance.random() < dirt.next_day:
        _next_day(told, chance)
    elif clean and chance.random() < dirt.stuck:
        _stuck(told, chance)
    if dirt.spread_minutes:
        _spread(told, dirt.spread_minutes, chance)
    told.calm = max([told.end, *(step.end for step in told.steps)])
    return told


def _went_back(story: Story) -> bool:
    return any(step.purpose in ("roll-back", "recovery") or step.rollback is not None for step in story.steps)


def _leave_out(story: Story, chance: random.Random) -> None:
    gone = chance.choice(sorted({step.region for step in story.steps}))
    _keep(story, [step.region != gone for step in story.steps])
    story.dirt.append("partial")


def _keep(story: Story, kept: list[bool]) -> None:
    """Take steps out of a story, and the actions that made them."""
    places = {old: new for new, old in enumerate(place for place, keep in enumerate(kept) if keep)}
    story.steps = [step for step, keep in zip(story.steps, kept, strict=True) if keep]
    story.stages = [
        stage._replace(step=None if stage.step is None else places[stage.step])
        for stage in story.stages
        if stage.step is None or stage.step in places
    ]


def _regional_back(story: Story, chance: random.Random) -> None:
    """ECS's alarm sets one region back while it deploys; what starts later never does."""
    place = chance.randrange(len(story.steps))
    step = story.steps[place]
    if step.status != "SUCCESSFUL":
        return
    back = step.start + 0.6 * (step.end - step.start)
    story.steps[place] = step._replace(status="ROLLBACK_SUCCESSFUL", rollback=back, alarmed=True)
    story.alarm = (back, step.region, "evidence")
    own = {stage.stage for stage in story.stages if stage.step == place}
    later = {stage.step for stage in story.stages if stage.step is not None and stage.stage > max(own, default="")}
    story.stages = [
        stage._replace(status="Failed") if stage.step == place else stage
        for stage in story.stages
        if not own or not stage.stage.startswith("Wave") or stage.stage <= max(own)
    ]
    _keep(story, [number not in later for number in range(len(story.steps))])
    story.end = max(step.end for step in story.steps)
    story.dirt.append("regional roll-back")


def _next_day(story: Story, chance: random.Random) -> None:
    """The failed region's action is retried in the same execution the next day, and goes well."""
    failed = [place for place, step in enumerate(story.steps) if step.status == "ROLLBACK_SUCCESSFUL" and step.failures]
    if not failed:
        return
    step = story.steps[failed[-1]]
    start = step.end + chance.uniform(0.7, 1.3) * DAY_MINUTES
    again = Step(step.region, "retry", start, start + max(4.0, step.end - step.start), "SUCCESSFUL")
    stage = next((each for each in story.stages if each.step == failed[-1]), None)
    story.steps.append(again)
    if stage is not None:
        place = len(story.steps) - 1
        story.stages.append(
            Stage(stage.stage, stage.name, "Deploy", "ECS", step.region, start, again.end, "Succeeded", place)
        )
    story.end = again.end
    story.dirt.append("retried next day")


def _stuck(story: Story, chance: random.Random) -> None:
    """One of the last regions' deployment does not come to its end for days."""
    place = max(range(len(story.steps)), key=lambda number: story.steps[number].end)
    step = story.steps[place]
    end = step.end + chance.uniform(1, 3) * DAY_MINUTES
    story.steps[place] = step._replace(end=end)
    story.stages = [stage._replace(end=end) if stage.step == place else stage for stage in story.stages]
    story.end = max(story.end, end)
    story.dirt.append("stuck")


def _spread(story: Story, most: float, chance: random.Random) -> None:
    late = {region: chance.uniform(0, most) for region in sorted({step.region for step in story.steps})}

    def moved(minutes: float | None, region: str) -> float | None:
        return None if minutes is None else minutes + late[region]

    story.steps = [
        step._replace(
            start=step.start + late[step.region],
            end=step.end + late[step.region],
            rollback=moved(step.rollback, step.region),
        )
        for step in story.steps
    ]
    story.stages = [
        stage
        if stage.step is None
        else stage._replace(start=stage.start + late[stage.region], end=stage.end + late[stage.region])
        for stage in story.stages
    ]
    if story.alarm:
        minute, region, source = story.alarm
        story.alarm = (minute + late.get(region, 0.0), region, source)
    story.end += most
