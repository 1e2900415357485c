"""Deployments beside the model's: configurations, by hand, forced, and people who go back hours later.

Not here: what they do to a service (`shop`), the model's own (`making`).
"""

import dataclasses
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulation import Setting
from tests.aws_stand_in import names
from tests.aws_stand_in.shop import Order
from tests.aws_stand_in.stories import Step, Story
from tests.aws_stand_in.things import HOUR, MINUTE, RolloutTruth

if TYPE_CHECKING:
    from tests.aws_stand_in.making import Made, Wishes


def orders(made: "Made", wishes: "Wishes", setting: Setting, service: str) -> list[Order]:
    """Give everything that is deployed of a service: the model's steps, and what people do between them."""
    own = [rollout for rollout in made.rollouts if rollout.service == service]
    found = [
        Order(_at(rollout.pushed, step.start), _at(rollout.pushed, step.end), place, step.region, step, rollout)
        for rollout in own
        for place, step in enumerate(made.told[rollout.number].steps)
    ]
    sites = [site.name for site in setting.sites]
    for rollout, following in zip(own, [*own[1:], None], strict=True):
        calm = rollout.pushed + round(made.told[rollout.number].calm * MINUTE)
        until = following.pushed if following else wishes.until
        if until - calm > 6 * HOUR:
            chance = random.Random(f"{wishes.seed}/{rollout.number}/extras")
            found += _between(made, wishes, sites, rollout, calm, until, chance)
    return found


def _between(
    made: "Made",
    wishes: "Wishes",
    sites: list[str],
    rollout: RolloutTruth,
    calm: int,
    until: int,
    chance: random.Random,
) -> Iterator[Order]:
    """Yield what happens between two rollouts of the model; a quarter of the time each at most, so they do not meet."""
    dirt, quarter = wishes.dirt, (until - calm) // 4
    regions = [step.region for step in made.told[rollout.number].steps if step.status == "SUCCESSFUL"]
    shipped = rollout.outcome in ("completed", "escaped") and len(set(regions)) == len(regions) > 0
    if shipped and "regional roll-back" not in rollout.dirt and chance.random() < dirt.people_back:
        rollout.dirt.append("set back by people")
        yield from _one_by_one(rollout, regions, "set-back", calm + chance.randint(HOUR, quarter), chance, 50)
    if chance.random() < dirt.configurations:
        extra = _extra(made, wishes, rollout, "configuration", calm + quarter + chance.randint(0, quarter // 3))
        yield from _one_by_one(extra, sites, "configuration", extra.pushed, chance, 60)
    if chance.random() < dirt.by_hand:
        extra = _extra(made, wishes, rollout, "cloudformation", calm + 2 * quarter + chance.randint(0, quarter // 3))
        yield from _one_by_one(extra, sites, "release", extra.pushed, chance, 70)
    if chance.random() < dirt.forced:
        start = calm + 3 * quarter + chance.randint(0, quarter // 3)
        step = Step(chance.choice(sites), "forced", 0.0, 0.0, "SUCCESSFUL")
        yield Order(start, start + chance.randint(2, 8) * MINUTE, 0, step.region, step, None)


def _one_by_one(
    rollout: RolloutTruth, regions: list[str], purpose: str, start: int, chance: random.Random, first: int
) -> Iterator[Order]:
    """Yield a deployment a region, two at a time, some minutes each."""
    for number, region in enumerate(regions):
        begin = start + (number // 2) * 12 * MINUTE + chance.randint(0, MINUTE)
        end = begin + chance.randint(3, 9) * MINUTE
        step = Step(region, purpose, (begin - rollout.pushed) / MINUTE, (end - rollout.pushed) / MINUTE, "SUCCESSFUL")
        yield Order(begin, end, first + number, region, step, rollout)


def _extra(made: "Made", wishes: "Wishes", near: RolloutTruth, how: str, pushed: int) -> RolloutTruth:
    """Enter a rollout that no pipeline made: sound, and without a story of the model."""
    number = len(made.rollouts)
    commit, digest = near.commit, near.digest
    if how == "cloudformation":
        commit = names.code(wishes.seed, near.service, number, "by hand")
        digest = "sha256:" + names.code(wishes.seed, near.service, number, "by hand", length=64)
    extra = dataclasses.replace(
        near,
        number=number,
        trial=-1,
        pushed=pushed,
        ended=pushed + 45 * MINUTE,
        commit=commit,
        digest=digest,
        again_of=None,
        overlaps=False,
        how=how,
        dirt=[how],
        outcome="completed",
        build_minutes=0.0,
        detected_minutes=None,
        recovered_minutes=None,
        alarm_region="",
        alarm_source="",
        reaction_minutes=None,
        faults=[],
        harm={},
        severity=0.0,
        impact_minutes=0.0,
        deployments=[],
    )
    made.rollouts.append(extra)
    made.told[number] = Story(-1, made.told[near.number].row, 45.0, 0.0, 0.0, calm=45.0)
    return extra


def _at(pushed: int, minutes: float) -> int:
    return pushed + round(minutes * MINUTE)
