"""The compiled engine on draws that are set by hand: they are put where it keeps what a trial has drawn.

Retries are drawn anew each time, so for them a seed is looked for under which they come out as set. Not here: any
expected number.
"""

import itertools
import math
from typing import Any

import numpy as np

from simulation import Draws, RegionValues, Scenario, setting
from simulation.columns import OUTCOMES, Row
from simulation.engine import kernel, layout
from simulation.engine.packing import extras, pack_plans, pack_worlds, scratch_room
from waves import Plan

SEEDS = 10_000  # to look through for one under which retries come out as set


def by_compiled(plan: Plan, scenario: Scenario, world: Any) -> dict[str, Any]:
    """Return the columns of one rollout, and each plan region's exposed, hurt minutes and impact.

    Where nothing is asked for that only few plans do, it is what the code for few and the code for most both say.
    """
    scene, seed = _retried(plan, scenario, world)
    worlds, plans = pack_worlds(scene, seed), pack_plans([setting(plan, scene)])
    out, regional = _rolled_out(worlds, plans, plan, scene, world, True)
    if not extras(worlds, plans):
        without = _rolled_out(worlds, plans, plan, scene, world, None)
        assert all(np.array_equal(*pair, equal_nan=True) for pair in zip((out, regional), without, strict=True))
    row = dict(zip(Row._fields, out[0, : len(Row._fields), 0].tolist(), strict=True))
    row |= {"outcome": OUTCOMES[int(row["outcome"])], "failover_hit": bool(row["failover_hit"])}
    harms = {name: (bool(regional[0, 0, i]), *regional[0, 1:, i].tolist()) for i, name in enumerate(plan.regions)}
    return {**row, "regions": harms}


def _rolled_out(
    worlds: layout.Worlds, plans: layout.Plans, plan: Plan, scenario: Scenario, world: Any, few: bool | None
) -> tuple[Any, Any]:
    block, scratch, _, _ = scratch_room(worlds, plans, 1)
    _fill(block, plan, scenario, world)
    out, regional = np.zeros((1, layout.COLUMNS, 1)), np.zeros((1, 3, len(plan.regions)))
    kernel.keep_rows(worlds, plans, block, scratch, np.zeros(1, dtype=np.uint64), out, 0, regional, few)
    return out, regional


def _fill(block: layout.Block, plan: Plan, scenario: Scenario, world: Any) -> None:
    """Put a world's draws where the engine keeps those of a block's only trial."""
    regions = range(len(scenario.fleet.regions))
    block.build[0] = world.draw("build")
    for gate, _ in enumerate(plan.waves):
        block.handover[gate], block.wait[gate] = world.draw("handover", gate), world.draw("approval_wait", gate)
        block.rejected[gate] = world.draw("rejection", gate)
    block.ready[0] = True
    of_the_change = ("reaction", "report", "complaint", "reaction_off_hours")
    block.memo[0] = [world.draw(purpose) for purpose in of_the_change]
    block.push[0] = world.draw("push")
    for r in regions:
        defect, refused, failing = world.defect(r), world.deploy_fails(r), world.draw("deploy_failure", r)
        block.deploy[r] = block.minutes[0, r] = world.draw("deploy", r)
        block.false[0, r] = world.draw("false_alarm", r)
        block.fails[0, r] = layout.ALWAYS_FAILS if refused else layout.FAILS if failing else layout.DEPLOYS
        block.fault[0, r] = defect.fault if defect else layout.SOUND
        block.sick[0] |= defect is not None
        block.state[0] |= defect is not None or refused or failing
        purposes = ("evidence", "lag", "rollback", "rollback_failure", "manual_recovery")
        own = [world.draw(purpose, r) for purpose in purposes]
        names = ("severity", "onset", "seen_by_alarms", "seen_by_check", "seen_by_reviewer")
        block.region_memo[0, r] = own + [getattr(defect, name) if defect else math.nan for name in names]
    block.calm[0] = block.false[0].min()
    if world.draw("build_failure"):
        block.state[0] = layout.BUILD_FAILS


def _retried(plan: Plan, scenario: Scenario, world: Any) -> tuple[Scenario, int]:
    """Return a scenario and a seed under which each region's retries, and only those, come out as set."""
    wanted = {
        (r, k): (world.draw("deploy", r, k), world.draw("deploy_failure", r, k))
        for r in range(len(scenario.fleet.regions))
        for k in range(1, plan.retries + 1)
    }
    regions = {}
    for r, name in enumerate(scenario.fleet.names):
        own = [retry for (region, _), retry in wanted.items() if region == r] or [(1.0, False)]
        minutes, failures = zip(*own, strict=True)
        known = scenario.regions.get(name, RegionValues()).model_dump(exclude_none=True)
        more = {"deploy": {"empirical": sorted(set(minutes))}, "deploy_failure_probability": sum(failures) / len(own)}
        more |= _failing(world, r, plan.retries)
        regions[name] = RegionValues.model_validate({**known, **more})
    fields = scenario.model_dump(exclude_none=True)
    # That these may happen at all is the scenario's; what they are, the world's.
    possible = {"report": 1.0, "reaction_off_hours": 1.0}
    faults = [{**fault.model_dump(), "review_probability": 0.5} for fault in scenario.faults]
    known = {**fields, "fleet": scenario.fleet, "regions": regions, "faults": faults}
    scene = Scenario.model_validate({**known, **possible})
    for seed in itertools.islice(itertools.count(), SEEDS):
        draws = Draws(scene, seed, range(1))
        found = {(r, k): (draws.column("deploy", r, k)[0], draws.column("deploy_failure", r, k)[0]) for r, k in wanted}
        if found == wanted:
            return scene, seed
    raise AssertionError(f"no seed below {SEEDS} gives the retries {wanted}")


def _failing(world: Any, r: int, retries: int) -> dict[str, Any]:
    """Return how long failing attempts of a region take, where that is not as long as good ones: always the same."""
    attempts = range(retries + 1)
    own = {world.draw("failed_deploy", r, k) for k in attempts}
    if all(world.draw("failed_deploy", r, k) == world.draw("deploy", r, k) for k in attempts):
        return {}
    assert len(own) == 1, "failing attempts of one region take the same time here"
    return {"failed_deploy": own.pop()}
