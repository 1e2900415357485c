"""Fronts against what others make of them: moocore's fronts and volumes, enumeration, and bounds on paper."""

import moocore
import numpy as np
import pytest

from simulation import exact, exact_front, run, search
from simulation.engine import layout
from simulation.rare_events.sampling import sampling_of
from simulation.running.rows import job, rows
from simulation.searching import race
from simulation.searching import search as module
from simulation.searching.candidates import Candidates
from simulation.searching.front import front
from simulation.searching.provable import suggested
from simulation.setting import setting
from tests import builders
from tests.builders import shares
from tests.simulation.closed_forms.set_ups import scenario
from tests.simulation.searching.test_search import all_plans
from waves import all_at_once

FIGURES = ("impact_minutes_mean", "share_exposed_mean", "end_minutes_given_shipped_mean")
EXACT = ("share_exposed_mean", "end_minutes_given_shipped_mean")


@pytest.mark.parametrize("figures", [2, 3, 4])
def test_without_a_resolution_it_is_the_front(figures):
    """As moocore has it, of two that are alike one; values repeat, so that many are."""
    value = np.random.default_rng(figures).integers(1, 12, size=(400, figures)).astype(float)
    kept = front(value, 0.0)
    best = moocore.filter_dominated(value)
    assert sorted(map(tuple, value[kept])) == sorted(map(tuple, best))


@pytest.mark.parametrize("resolution", [0.01, 0.1])
def test_a_resolution_loses_no_more_than_it_says(resolution):
    """The multiplicative epsilon of what is kept, from all: by what factor a plan that is left out may be better."""
    value = np.random.default_rng(5).lognormal(size=(2000, 3))
    kept = front(value, resolution)
    assert 1.0 <= moocore.epsilon_mult(value[kept], ref=moocore.filter_dominated(value)) <= 1 + resolution + 1e-9


def test_the_provable_front_is_one():
    """None of its plans is dominated, and no plan of the enumeration of four regions adds to its volume."""
    fleet = shares(0.1, 0.2, 0.3, 0.4)
    scene, bakes = scenario(fleet, rate=0.05, deploy=6.0), (0.0, 30.0)
    found = exact_front(scene, bakes)
    own = np.column_stack([found.minutes, found.shares])
    assert moocore.is_nondominated(own).all()
    today = all_at_once(fleet, bake_minutes=0.0, strategy="blue_green")
    plans = all_plans(Candidates(scene, today, bakes))
    known = [exact(plan, scene) for plan in plans]
    every = np.array([[k["end_minutes_given_shipped_mean"], k["share_exposed_given_defect_mean"]] for k in known])
    ref = (own[:, 0].max() + 1, 1.1)
    both = moocore.hypervolume(np.vstack([own, every]), ref=ref)
    assert both == pytest.approx(moocore.hypervolume(own, ref=ref), rel=1e-12)


def test_no_plan_is_below_the_bounds_on_paper():
    """Under rule 24 the expected peak, which is the exposed share, is at least 4 / (4 + λT) for any waves.

    T is a clean rollout's minutes; more waves come nearer to it.
    """
    rate = 0.05
    scene = scenario(shares(0.1, 0.2, 0.3, 0.4), rate=rate, deploy=6.0)
    today = all_at_once(scene.fleet, bake_minutes=0.0, strategy="blue_green")
    for plan in all_plans(Candidates(scene, today, (0.0, 30.0, 240.0))):
        known = exact(plan, scene)
        minutes = known["end_minutes_given_shipped_mean"]
        assert known["share_exposed_given_defect_mean"] >= 4 / (4 + rate * minutes)
    slow = exact_front(scene, (0.0, 30.0, 240.0))
    assert (slow.shares >= 4 / (4 + rate * slow.minutes)).all()


def test_no_simulated_plan_is_beyond_the_provable_front():
    """Where rule 24 holds, what a search finds is worse than the exact front by nothing but its error."""
    scene = scenario(shares(0.1, 0.2, 0.3, 0.4), rate=0.05, deploy=6.0)
    today = all_at_once(scene.fleet, bake_minutes=0.0, strategy="blue_green")
    best = exact_front(scene, (0.0, 30.0))
    found = search(scene, today=today, bake_minutes=(0.0, 30.0), objectives=EXACT, resolution=0.01, seed=1)
    for name, known in list(found.known.items())[1:]:
        share = known["share_exposed_mean"]
        bound = best.shares[best.minutes <= known["end_minutes_given_shipped_mean"].value + 1e-6].min() * 0.1
        assert share.value + 2.6 * (share.high - share.low) >= bound, name


def volume(points, ref):
    return moocore.hypervolume(np.asarray(points), ref=ref)


def test_a_population_comes_within_a_hundredth_of_the_exact_front(monkeypatch):
    """Nine regions under rule 24, whose 14 million plans nobody tries: the volume of what it holds, by closed forms.

    What it tells is thinned out to a resolution of 5 %, and fills some 2 % less.
    """
    weights = np.random.default_rng(7).dirichlet(np.full(9, 3.0))
    monkeypatch.setattr(module, "suggested", lambda *_: [])  # else it would begin with the exact front
    scene = scenario(shares(*weights), rate=0.05, deploy=6.0)
    today = all_at_once(scene.fleet, bake_minutes=30.0, strategy="blue_green")
    best = exact_front(scene, (0.0, 45.0))
    found = search(scene, today=today, bake_minutes=(0.0, 45.0), objectives=EXACT, seed=2)
    assert not found.every and found.lost == pytest.approx(1.05 * 1.01 - 1)
    held = found.race.packing.candidates.plans(found.race.best)
    for plans, least in ((held, 0.99), ([found.plans[name] for name in found.plans if name != "today"], 0.97)):
        known = [exact(plan, scene) for plan in plans]
        own = [(k["end_minutes_given_shipped_mean"], k["share_exposed_given_defect_mean"]) for k in known]
        ref = (best.minutes.max() * 1.05, 1.05)
        assert volume(own, ref) >= least * volume(np.column_stack([best.minutes, best.shares]), ref)
    fresh = run(found.plan(1), scene, trials=32_768, seed=3, sampling="stratified")
    assert fresh.estimate(EXACT[0])[0] == pytest.approx(found.known["front 1"][EXACT[0]], rel=1e-9)


def enumerated(plans, scene, seed):
    """Return impact, share and minutes of plans in the first 2,048 trials, stratum by stratum, row by row."""
    design = sampling_of(scene)
    columns, _ = rows(job([setting(plan, scene) for plan in plans], seed, range(2048), "compiled", design))
    codes, ships = design.codes(range(2048)), columns[:, layout.C_OUTCOME] <= layout.ESCAPED
    weight = (design.probabilities / np.bincount(codes))[codes]
    minutes = (columns[:, layout.C_END] * ships) @ weight / (ships @ weight)
    return np.column_stack([columns[:, layout.C_IMPACT] @ weight, columns[:, layout.C_SHARE] @ weight, minutes])


def decided(plan):
    """Return who is in which wave of a plan, and its bakes."""
    return tuple((frozenset(wave.regions), wave.bake_minutes) for wave in plan.waves)


def test_where_there_are_too_many_plans_it_begins_with_what_is_best_on_paper():
    """Under rule 24 the exact front is among it; nothing where no alarm looks.

    Thirty regions are taken for a few kinds: each plan is of all of them, and on paper about as good as any.
    """
    fleet = shares(*np.random.default_rng(7).dirichlet(np.full(6, 3.0)))
    scene, bakes = scenario(fleet, rate=0.05, deploy=6.0), [0.0, 45.0]
    begin = suggested(scene, bakes, [(name,) for name in fleet.names])
    assert {decided(plan) for plan in begin} >= {decided(plan) for plan in exact_front(scene, bakes).plans}
    assert not suggested(scene.replace(faults=[]), [0.0], [(name,) for name in fleet.names])
    many = shares(*np.arange(1, 31) / 465)
    wide = scenario(many, rate=0.05, deploy=6.0)
    plans = suggested(wide, bakes, [(name,) for name in many.names])
    assert all(sorted(plan.regions) == sorted(many.names) for plan in plans)
    known = [exact(plan, wide) for plan in plans]
    above = [k["share_exposed_given_defect_mean"] * (4 + 0.05 * k["end_minutes_given_shipped_mean"]) / 4 for k in known]
    assert 1 < min(above) < 1.05 and len(plans) > 40


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
def test_six_regions_are_searched_as_by_enumeration(seed, monkeypatch):
    """Random fleets: no plan is missed by more than the resolution in the race and once more, none kept that is beaten.

    All 4,683 groupings are rolled out in the worlds of the choice, row by row.
    """
    for place in (race, module):
        monkeypatch.setattr(place, "RUNGS", (1024, 2048))
    random = np.random.default_rng(seed)
    of = builders.fleet(dict(zip("abcdef", random.lognormal(3, 1, 6).round(2).tolist(), strict=True)))
    fault = {"name": "bad", "probability": 0.1, "severity": float(random.uniform(0.05, 1)), "onset": 3.0}
    chance = float(random.uniform(0.5, 1))
    scene = builders.scenario(
        of, faults=[{**fault, "detection_probability": chance}], evidence={"exponential": {"mean": 5 * of.traffic}},
        deploy={"lognormal": {"median": 6, "p95": 12}}, lag=2.0, reaction=3.0, rollback=5.0, report=300.0,
    )  # fmt: skip
    bake, little = (float(random.integers(5, 60)),), 0.02
    found = search(scene, bake_minutes=bake, objectives=FIGURES, resolution=little, seed=seed)
    assert found.every and found.looked_at == 4683
    plans = all_plans(Candidates(scene, None, bake))
    value = np.concatenate([enumerated(plans[at : at + 500], scene, seed) for at in range(0, len(plans), 500)])
    own = found.race.value[front(found.race.value, little)]
    assert moocore.epsilon_mult(own, ref=moocore.filter_dominated(value)) <= (1 + found.lost) * (1 + 1e-5)
    beaten = [(value * (1 + little) < row * (1 - 1e-5)).all(axis=1).any() for row in own]
    assert len(own) > 5 and not any(beaten)
