"""Search: what it looks at, what it keeps, and what it says, against every plan tried one by one."""

import itertools
import pickle
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import numpy as np
import pytest

import waves
from simulation import Scenario, compare, run, search
from simulation.engine import layout
from simulation.engine.packing import pack_plans
from simulation.results.figures import estimated
from simulation.searching import population, race, shapes
from simulation.searching import search as module
from simulation.searching.candidates import Candidates
from simulation.searching.front import front
from simulation.searching.gains import most_gained
from simulation.searching.packed import Packing
from simulation.searching.scores import TIMES, Heat, against, no_scores
from simulation.searching.shapes import Shapes, groupings
from simulation.searching.tree import Tree
from simulation.setting import setting
from tests import builders

FUBINI = (1, 3, 13, 75, 541, 4683)  # ordered groupings of 1 … 6 regions that all differ
BAKES = (0.0, 40.0)
USUAL = module.USUAL


def scene(count: int = 4, **fields) -> Scenario:
    """A few regions of 10, 20, 30 … requests a minute, and a fault that is mostly seen."""
    fault = {"name": "bad", "probability": 0.2, "severity": 0.3, "detection_probability": 0.8}
    usual = {
        "faults": [fault],
        "evidence": {"exponential": {"mean": 300.0}},
        "report": 200.0,
        "rollback": 5.0,
        "deploy": 8.0,
    }
    names = dict(zip("abcdefgh"[:count], (10.0 * n for n in range(1, count + 1)), strict=True))
    return builders.scenario(builders.fleet(names), **{**usual, **fields})


def walked(candidates: Candidates) -> Shapes:
    """All that a walk through the tree comes by."""
    tree, found = Tree(candidates), []
    while not tree.ended:
        found.append(tree.next)
        tree.took()
    return shapes.joined(found)


def all_plans(candidates: Candidates) -> list[waves.Plan]:
    return candidates.plans(walked(candidates))


def waves_of(candidates: Candidates) -> list[tuple[tuple[str, ...], ...]]:
    return [tuple(wave.regions for wave in plan.waves) for plan in all_plans(candidates)]


@pytest.fixture(scope="module")
def few():
    """A short race, as the number of plans is small."""
    with pytest.MonkeyPatch.context() as patch:
        for place in (race, module):
            patch.setattr(place, "RUNGS", (2048, 4096))
        yield


@pytest.mark.parametrize("units", [5, 70])
def test_plans_that_begin_alike_follow_each_other(units):
    """However many units: those of one first wave and its bake are one run of the order, those of two within it too."""
    random = np.random.default_rng(units)
    few = np.array([np.unique(row, return_inverse=True)[1] for row in random.integers(3, size=(40, units))])
    wave = few[random.integers(40, size=400)].astype(np.uint16)
    kept = shapes.uniform(np.where((wave == 2) & (random.random(wave.shape) < 0.5), 3, wave), 0)  # two ways to end
    within = np.arange(units) < kept.waves[:, None]
    kept.bake[:] = np.where(within, random.integers(2, size=within.shape), 0)
    ordered = shapes.in_order(kept)
    assert sorted(ordered.keys) == sorted(kept.keys)
    for waves_ in (1, 2):
        begin = [
            (tuple(np.where(w < waves_, w, 9).tolist()), tuple(b[:waves_].tolist()))
            for w, b in zip(ordered.wave, ordered.bake, strict=True)
        ]
        assert len(list(itertools.groupby(begin))) == len(set(begin)) < 400


@pytest.mark.parametrize("count", range(1, 5))
def test_every_grouping_is_looked_at_once(count):
    candidates = Candidates(scene(count), None, (30.0,))
    plans = waves_of(candidates)
    assert len(plans) == len({tuple(map(frozenset, plan)) for plan in plans}) == candidates.count == FUBINI[count - 1]
    assert all(sorted(itertools.chain(*plan)) == sorted("abcd"[:count]) for plan in plans)


def test_of_groupings_of_interchangeable_regions_there_is_one():
    """Two of one kind and one of another: 1 + 3·1 … by hand 8 sequences of (how many of each) instead of 13."""
    of = builders.fleet({"a": 5.0, "b": 5.0, "c": 9.0})
    candidates = Candidates(builders.scenario(of), None, (0.0,))
    plans = waves_of(candidates)
    alike = {tuple(("c" in regions, len(regions)) for regions in plan) for plan in plans}
    # aac | aa,c c,aa ac,a a,ac | a,a,c a,c,a c,a,a
    assert candidates.count == len(alike) == len(plans) == 8
    assert [groupings([1] * n) for n in range(1, 7)] == list(FUBINI)


def test_partners_and_pinned_regions_are_not_interchangeable():
    of = builders.fleet(dict.fromkeys("abcd", 5.0), failover={"a": "b"})
    rules = waves.Rules.model_validate({"rules": {"first": ["d"]}})
    assert Candidates(builders.scenario(of), None, (0.0,)).kinds == [[("a",)], [("b",)], [("c",), ("d",)]]
    alone = [[("a",)], [("b",)], [("c",)], [("d",)]]
    assert Candidates(builders.scenario(of), None, (0.0,), rules).kinds == alone


def test_the_front_is_what_comparing_all_pairs_gives():
    """Without a resolution, no row of it is as small in all as another; with one, it covers the rest within it."""
    random = np.random.default_rng(1)
    value = random.lognormal(size=(300, 3))
    kept = front(value, 0.0)
    beaten = [(np.delete(value, n, axis=0) <= row).all(axis=1).any() for n, row in enumerate(value)]
    assert sorted(kept) == [n for n, each in enumerate(beaten) if not each]
    coarse = front(value, 0.2)
    assert len(coarse) < len(kept)
    assert all((value[coarse] <= row * 1.2 * (1 + 1e-9)).all(axis=1).any() for row in value)
    assert list(value[coarse, -1]) == sorted(value[coarse, -1])


def test_it_finds_what_trying_every_plan_finds(few):
    """All 150 plans of four regions with two bakes, in the worlds that it judges by: none is better than its front."""
    scenario = scene()
    found = search(scenario, bake_minutes=BAKES, seed=3, resolution=0.03)
    plans = {f"{n}": plan for n, plan in enumerate(all_plans(Candidates(scenario, None, BAKES)))}
    assert found.every and found.finished and found.looked_at >= len(plans) == 150
    tried = compare(plans, scenario, trials=4096, seed=4)
    every = np.array([[o.estimate(f)[0].value for f in USUAL] for o in tried.outcomes.values()])
    own = np.array([[known[f].value for f in USUAL] for known in found.known.values()])
    error = 4 * 0.05  # the choice was made in other worlds: four times what a figure varies by there
    covered = [(own <= row * (1.03 * (1 + error)) + 1e-12).all(axis=1).any() for row in every]
    assert all(covered)
    assert found.rollouts < 4096 * found.looked_at * 2


def test_it_says_what_is_gained_over_today(few):
    """All at once with a bake of two hours after it is beaten by a shorter bake: nobody is safer for it."""
    scenario = scene(3, faults=[{"name": "bad", "probability": 0.2, "detection_probability": 0.0}])
    today = waves.all_at_once(scenario.fleet, bake_minutes=40.0)
    found = search(scenario, today=today, bake_minutes=BAKES, seed=1)
    assert list(found.plans)[:2] == ["today", "front 1"]
    assert f" {len(found.plans) - 1} plan" in repr(found)  # without today's, which was not found
    fastest = found.plan(1)
    assert len(fastest.waves) == 1 and fastest.waves[0].bake_minutes == 0.0
    assert any(
        text.startswith("The fastest plan within 5\xa0% of today's risk is front 1: ") for text in found.sentences
    )
    same = search(scenario, today=fastest.replace(name="now"), bake_minutes=(0.0,), seed=1)
    assert "Nothing that was looked at is about as safe as today's and more than 9.3\xa0% faster." in same.sentences


def test_all_but_waves_and_bakes_is_todays(few):
    scenario = scene(3, approval_wait=10.0)
    later = (builders.wave(name, 5.0, approval=True) for name in "bc")
    today = builders.plan(builders.wave("a", 5.0), *later, retries=2)
    found = search(scenario, today=today, bake_minutes=(5.0,), seed=1)
    assert any("Approvals are asked for before the waves that today's" in each for each in found.sentences)
    for plan in found.plans.values():
        assert plan.retries == 2 and plan.strategy == "blue_green"
        assert not plan.waves[0].approval and all(wave.approval for wave in plan.waves[1:])


def test_rules_are_kept(few):
    rules = waves.Rules.model_validate({"rules": {"max_regions_per_wave": 2, "first": ["c"]}})
    found = search(scene(), rules=rules, bake_minutes=(0.0, 30.0), seed=1)
    for plan in found.plans.values():
        assert "c" in plan.waves[0].regions and max(len(wave.regions) for wave in plan.waves) <= 2


def test_with_many_regions_a_population_is_varied(few, monkeypatch):
    """The plans are called the best known, and all at once, the fastest there is, is among them."""
    monkeypatch.setattr(module, "EVERY", 10)
    monkeypatch.setattr(population, "LONGEST", 3)
    found = search(scene(5), bake_minutes=(0.0, 30.0), seed=1)
    assert not found.every and "best known" in repr(found)
    assert len(found.plan(1).waves) == 1 and found.looked_at > 20


@pytest.mark.parametrize("time", TIMES)
def test_where_nothing_ships_it_says_so(few, time):
    """Every build fails: no plan is faster or as fast as another, and nothing is said of that."""
    scenario = scene(2, build_failure_probability=1.0)
    today, objectives = waves.all_at_once(scenario.fleet, bake_minutes=40.0), (USUAL[0], time)
    found = search(scenario, today=today, bake_minutes=BAKES, objectives=objectives, seed=1)
    first, *rest = found.sentences
    assert "worth discussing" in first and len(rest) == 1 and rest[0].startswith("No change ships in any rollout")
    assert len(found.race.shapes) == 1  # all are alike, and one is enough
    alive = search(scenario.replace(build_failure_probability=0.9), today=today, bake_minutes=BAKES, seed=1)
    assert not any("No change ships" in each for each in alive.sentences)


def test_a_population_begins_with_what_the_rules_allow(few, monkeypatch):
    """No named grouping has a and b first, and nothing else with them."""
    monkeypatch.setattr(module, "EVERY", 10)
    monkeypatch.setattr(population, "LONGEST", 2)
    rules = waves.Rules.model_validate({"rules": {"first": ["b", "c"], "max_first_wave_share": 0.34}})
    found = search(scene(5), rules=rules, bake_minutes=(0.0, 30.0), seed=1)
    assert all(set(plan.waves[0].regions) == {"b", "c"} for plan in found.plans.values())


def test_regions_of_different_strategies_are_not_interchangeable():
    of = builders.fleet(dict.fromkeys("abc", 5.0))
    today = builders.plan("a b c", strategies={"b": "rolling"})
    assert Candidates(builders.scenario(of), today, (0.0,)).kinds == [[("a",), ("c",)], [("b",)]]


def test_it_shows_itself(few):
    found = search(scene(3), bake_minutes=(0.0, 30.0), seed=1)
    assert len(repr(found)) <= 200
    assert "front 1" in found._repr_html_() and "<script" not in found._repr_html_()
    for figure, unit in (("impact_minutes_mean", "fleet-minutes"), (found.objectives[-1], "minutes")):
        value, interval = estimated(*found.known["front 1"][figure], unit)
        assert f"<span>{value}</span><br><small>{interval}</small>" in found._repr_html_()
    assert found.plot().title == f"{len(found.plans)} plans worth discussing, of all there are"
    assert list(found.front.index) == list(found.plans)


@pytest.mark.parametrize("steps", [False, True])
def test_plans_are_laid_out_as_one_by_one(steps):
    """As the engine's own packing has them: order, bakes, approvals by how many waves there are, strategies."""
    scenario = scene(4, approval_wait=10.0)
    kind = {"steps": [[10.0, 5.0]]} if steps else "blue_green"
    later = (builders.wave(name, 5.0, approval=name == "d") for name in "bcd")
    today = builders.plan(builders.wave("a", 5.0), *later, retries=2, strategies={"b": kind})
    candidates = Candidates(scenario, today, BAKES)
    some = walked(candidates).of(np.random.default_rng(2).permutation(150)[:60])
    some = shapes.in_order(shapes.without(shapes.joined([some, candidates.other_bakes(some)]), set()))
    packed, slow = (
        Packing(candidates, scenario).pack(some),
        pack_plans([setting(plan, scenario) for plan in candidates.plans(some)]),
    )
    for name in set(layout.Plans._fields) - {"turn", "shared"}:
        own, theirs = getattr(packed, name), getattr(slow, name)
        assert own.dtype == theirs.dtype and np.array_equal(own, theirs), name
    groups = [[tuple(w.regions) for w in plan.waves] for plan in candidates.plans(some)]
    for n, (one, other) in enumerate(itertools.pairwise(groups), 1):
        alike = [
            packed.bake_minutes[n - 1, g] == packed.bake_minutes[n, g]
            and packed.approval[n - 1, g] == packed.approval[n, g]
            and one[g] == other[g]
            for g in range(min(len(one), len(other)))
        ]
        assert packed.shared[n] == 1 + len(list(itertools.takewhile(bool, alike)))


def test_what_a_race_goes_by_is_what_is_told():
    """Also where waves carry half the traffic exactly: 3/18 + 4/18 + 2/18 is a little less in the machine's numbers."""
    of = builders.fleet(dict(zip("abcde", (3.0, 4.0, 2.0, 1.0, 8.0), strict=True)))
    scenario = scene().replace(fleet=of)
    candidates, terms = Candidates(scenario, None, (30.0,)), module._terms(scenario, 3, USUAL, 0.05)
    half = candidates.shape(["abc", "de"], 0)
    assert of.shares["a"] + of.shares["b"] + of.shares["c"] < 0.5  # not sum(), which compensates since Python 3.12
    nobody, packing = no_scores(terms, range(2048)), Packing(candidates, scenario)
    ((_, _, found),) = against(half, np.zeros(1, dtype=bool), nobody, packing, terms, range(2048), 1, 4.0)
    told = run(candidates.plans(half)[0], scenario, trials=2048, seed=3, sampling="stratified")
    assert found.value[0] == pytest.approx([told.estimate(figure)[0].value for figure in USUAL], rel=1e-5)


def test_any_worker_finds_the_same(few):
    """One thread, two, an executor; and what is sent to another machine gives there what it gives here."""
    found = [search(scene(3), bake_minutes=BAKES, seed=5, workers=2)]
    with ThreadPoolExecutor(1) as executor:
        found += [search(scene(3), bake_minutes=BAKES, seed=5, workers=workers) for workers in (1, executor)]
    assert len({tuple(plan.digest for plan in each.plans.values()) for each in found}) == 1
    assert all(np.array_equal(each.race.value, found[0].race.value) for each in found)
    sent: list[Heat] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulation.searching.scores.handed_out", lambda heats, *_: nullcontext(kept(heats, sent)))
        search(scene(3), bake_minutes=(0.0,), seed=5)
    for heat in sent:
        (one, scores), (other, theirs) = heat.run(), pickle.loads(pickle.dumps(heat)).run()
        assert np.array_equal(one, other) and np.array_equal(scores.vector, theirs.vector)


def kept(heats, sent):
    for heat in heats:
        sent.append(heat)
        yield heat, heat.run()


def test_in_a_large_fleet_regions_of_the_same_labels_go_together(few, monkeypatch):
    """Units have one label, at most a twenty-fourth of the traffic, and are the smallest first; every plan is whole.

    The first unit of a label is one region, the second at most a sixteenth of the others: a wave to begin with.
    """
    monkeypatch.setattr(population, "LONGEST", 2)
    random = np.random.default_rng(1)
    names = {f"r{n}": float(t) for n, t in enumerate(random.uniform(1, 9, 90))}
    of = builders.fleet(names, labels={name: (("north", "south")[n % 2],) for n, name in enumerate(names)})
    scenario = builders.scenario(of, faults=[{"name": "bad", "probability": 0.2}], evidence=300.0, rollback=5.0)
    rules = waves.Rules.model_validate({"rules": {"max_regions_per_wave": 60}})
    candidates = Candidates(scenario, None, (0.0,), rules)
    units = candidates.units
    assert len(candidates.kinds) == 2 and not candidates.single
    for kind in candidates.kinds:
        traffic = [[names[name] for name in unit] for unit in kind]
        assert traffic[0] == [min(itertools.chain(*traffic))] and len(kind) > 10
        assert list(itertools.chain(*traffic)) == sorted(itertools.chain(*traffic))
        assert sum(traffic[2]) < sum(traffic[5]) / 2
    assert sorted(itertools.chain(*units)) == sorted(names) and 24 <= len(units) <= 50
    for unit in units:
        assert len({of.regions[of.positions[name]].labels for name in unit}) == 1
        assert len(unit) == 1 or sum(of.shares[name] for name in unit) <= 1 / 24
    found = search(scenario, rules=rules, bake_minutes=(0.0, 30.0), seed=1)
    assert not found.every and len(found.plans) > 2
    for plan in found.plans.values():
        assert sorted(plan.regions) == sorted(names) and max(len(wave.regions) for wave in plan.waves) <= 60


def test_of_merged_regions_no_search_says_that_all_plans_were_looked_at(few):
    """One region with nearly all traffic and 64 small ones of one label make four units, and eight groupings."""
    names = {"big": 6400.0, **{f"r{n}": 1.0 + n / 1000 for n in range(64)}}
    scenario = builders.scenario(builders.fleet(names), faults=[{"name": "bad", "probability": 0.2}], rollback=5.0)
    found = search(scenario, bake_minutes=(0.0,), seed=1)
    units = found.race.packing.candidates.units
    assert [len(unit) for unit in units] == [1, 16, 47, 1] and units[-1] == ("big",)
    assert not found.every and "best known" in repr(found) and found.sentences[0].startswith("Of the plans tried")
    assert all(sorted(plan.regions) == sorted(names) for plan in found.plans.values())


def test_what_nothing_gains_comes_from_intervals(few):
    """A plan in which nobody can be safer: all that is left open is the resolution, and what the intervals leave."""
    scenario = scene(3, faults=[{"name": "bad", "probability": 0.2, "detection_probability": 0.0}])
    found = search(scenario, today=waves.all_at_once(scenario.fleet, bake_minutes=0.0), bake_minutes=BAKES, seed=1)
    impact, half, time = USUAL
    assert most_gained(found, time, [impact, half]) == pytest.approx(1 - 1 / 1.05**2, abs=0.002)
    known = found.known["today"][impact]
    wide = (known.high - known.low) / known.value
    assert 1 - 1 / 1.05**2 <= most_gained(found, impact, [half, time]) <= 1 - 1 / 1.05**2 + wide
    assert [text.split(" is ")[0] for text in found.sentences[2:]] == ["Nothing that was looked at"] * 2


def test_what_never_ships_is_not_on_the_front(few):
    """Alarms that are false twice an hour in a region, bakes of 500 minutes: the safest there is, never done."""
    scenario = scene(3, false_alarms_per_region_day=40.0)
    today = waves.one_at_a_time(scenario.fleet, bake_minutes=500.0)
    found = search(scenario, today=today, bake_minutes=(0.0, 500.0), seed=1)
    kept = [known[USUAL[-1]].value for name, known in found.known.items() if name != "today"]
    assert len(kept) > 2 and np.isfinite(kept).all() and np.isfinite(found.race.value).all()
    assert not np.isfinite(found.known["today"][USUAL[-1]].value)
    assert [text.split(";")[0] for text in found.sentences[1:]] == [
        "Under the plan of today no change ships in any rollout"
    ]
    value = np.array([[1.0, np.inf], [2.0, 5.0], [0.5, np.nan], [3.0, 5.5]])
    assert front(value, 0.0).tolist() == front(value, 0.05).tolist() == [1]
    assert front(value[[0, 2]], 0.0).tolist() == [1]
