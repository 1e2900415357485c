"""Plans that begin alike: the compiled engine works out once what their first waves decide, and nobody may notice.

Variants of a plan keep its first waves and change what follows, or a setting that counts from the start. Held to SimPy,
which works every plan out from the start, and to the compiled engine with each plan alone.
"""

import random
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulation import Scenario, run, run_all, sample, setting, sweep
from simulation.engine.packing import pack_plans
from tests.builders import plan, scenario, wave
from tests.simulation.cases import fleets, plans, scenarios, strategies
from tests.simulation.engine.test_compiled import SEEDS, agree
from waves import Plan, grouped


@st.composite
def variants(draw: Any, of: Plan, lattice: bool) -> Plan:
    """A plan of the same regions, or fewer, that begins like another."""
    kept = draw(st.integers(0, len(of.waves)))
    waves, rest = list(of.waves[:kept]), [name for wave in of.waves[kept:] for name in wave.regions]
    rest = draw(st.permutations(rest))[
        : draw(st.sampled_from([len(rest), len(rest), len(rest), max(len(rest) - 1, 0)]))
    ]
    like = draw(st.sampled_from(of.waves))
    own = {"bake_minutes": draw(st.sampled_from([like.bake_minutes, 1.0])), "approval": draw(st.booleans())}
    cut = draw(st.integers(0, len(rest)))
    waves += [like.model_copy(update={"regions": tuple(names), **own}) for names in (rest[:cut], rest[cut:]) if names]
    changed: dict[str, Any] = draw(
        st.sampled_from([{}, {}, {}, {"retries": 1}, {"on_deploy_failure": "rollback_all"}, {"strategy": "blue_green"}])
    )
    ships = {name for wave in waves for name in wave.regions}
    named = {name: strategy for name, strategy in of.strategies.items() if name in ships}
    if ships and draw(st.booleans()):
        named[draw(st.sampled_from(sorted(ships)))] = draw(strategies(lattice))
    return Plan.model_validate({**of.model_dump(), "waves": waves or of.waves, "strategies": named, **changed})


@st.composite
def families(draw: Any) -> tuple[list[Plan], Scenario]:
    """Plans that begin alike, in any order, over one scenario."""
    lattice = draw(st.booleans())
    fleet = draw(fleets(lattice))
    first = draw(plans(fleet, lattice))
    family = [first, *(draw(variants(first, lattice)) for _ in range(draw(st.integers(1, 4))))]
    return draw(st.permutations(family)), draw(scenarios(fleet, lattice))


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(case=families(), seed=SEEDS)
def test_plans_that_begin_alike_agree_with_simpy(case, seed):
    agree(case[0], case[1], seed, 15)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(case=families(), seed=SEEDS)
def test_a_plan_has_the_same_bytes_alone_and_among_plans_that_begin_alike(case, seed):
    chosen, scene = case
    for own, among in zip(chosen, run_all(chosen, scene, trials=30, seed=seed), strict=True):
        alone = run(own, scene, trials=30, seed=seed)
        assert alone.frame.equals(among.frame)
        assert alone.regional.tobytes() == among.regional.tobytes()


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(case=families(), seed=SEEDS)
def test_a_plan_has_the_same_sums_alone_and_among_plans_that_begin_alike(case, seed):
    chosen, scene = case
    named = {str(n): each for n, each in enumerate(chosen)}
    for name, among in sweep(named, scene, trials=600, seed=seed).tallies.items():
        alone = sweep({name: named[name]}, scene, trials=600, seed=seed).tallies[name]
        assert alone.sums.tobytes() == among.sums.tobytes()
        assert alone.regional.tobytes() == among.regional.tobytes()
        assert np.array_equal(alone.counts, among.counts)


def shared(*chosen: Plan) -> dict[int, int]:
    """From a plan's number to how much it shares with the one before it in turn."""
    packed = pack_plans([setting(each, scenario()) for each in chosen])
    assert sorted(packed.turn) == list(range(len(chosen))) and packed.turn[0] == 0
    return {int(n): int(packed.shared[n]) for n in packed.turn}


def test_what_is_shared_is_the_first_waves_that_are_alike():
    """Counted from 1: 0 where a setting of the plan, or which regions it ships to, is another."""
    base = plan("a", "b", "c d", bake=5)
    assert shared(base, base) == {0: 0, 1: 4}
    assert shared(base, plan("a", "b", "c", "d", bake=5)) == {0: 0, 1: 3}
    assert shared(base, plan("a", "c", "b d", bake=5)) == {0: 0, 1: 2}
    assert shared(base, plan("b", "a", "c d", bake=5)) == {0: 0, 1: 1}
    assert shared(base, plan("a", "b", "c", bake=5)) == {0: 0, 1: 0}
    assert shared(base, plan("a", "b", "c d", bake=5, retries=1)) == {0: 0, 1: 0}
    assert shared(base, plan("a", "b", "c d", bake=5, on_deploy_failure="rollback_all")) == {0: 0, 1: 0}


def test_a_wave_is_alike_only_in_all_that_it_has():
    for fields in ({"bake": 6}, {"bake_requests": 50}, {"max_parallel": 1}, {"approval": True}):
        own = wave("a b", **{"bake": 5, **fields})
        assert max(shared(plan(wave("a b", 5), wave("c", 5)), plan(own, wave("c", 5))).values()) <= 1
    rolling = plan("a b", "c", bake=5, strategies={"b": "rolling"})
    assert shared(plan("a b", "c", bake=5), rolling) == {0: 0, 1: 1}
    assert shared(plan("a b", "c", bake=5), plan("b a", "c", bake=5)) == {0: 0, 1: 1}


def test_the_baseline_comes_first_and_like_follows_like():
    """Of the groupings of six regions in any order, nearly all share their first wave with the plan before them."""
    scene = sample("storefront")
    names, pick = list(scene.fleet.names), random.Random(1)
    chosen = []
    for _ in range(200):
        cut, more = sorted(pick.sample(range(1, 6), 2))
        mixed = pick.sample(names, 6)
        chosen.append(grouped([sorted(mixed[:cut]), sorted(mixed[cut:more]), sorted(mixed[more:])], bake_minutes=5))
    packed = pack_plans([setting(each, scene) for each in chosen])
    firsts = {each.waves[0].regions for each in chosen[1:]}
    alone = sum(1 for n in packed.turn if packed.shared[n] < 2)
    assert packed.turn[0] == 0 and len(firsts) <= alone <= len(firsts) + 1
