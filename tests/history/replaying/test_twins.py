"""Twins: the same changes under A and under B. What A's record gives under B, held against what really happens there.

Not here: the formulas by hand (``test_conditioning``), a history of AWS (``test_sample_history``).
"""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from history.replaying.identity import compare, starts
from history.replaying.reading import Read
from history.replaying.records import Records
from history.replaying.replay import replay
from history.replaying.staff import staffed_minutes
from history.replaying.worlds import choose
from simulation import Address, Scenario, run_all, setting
from simulation.draws import GATE
from simulation.happenings import Event
from simulation.rare_events.sampling import sampling_of
from simulation.running.rows import job, rows
from tests.builders import fleet, plan, wave
from tests.history.replaying.told import told, traces

FLEET = fleet(labels={"b": ("x",), "d": ("x",)})
LAG = {"gamma": {"shape": 4, "scale": 1}}
EVERYWHERE = {
    "name": "bad", "probability": 0.3, "severity": {"empirical": [0.1, 0.5, 1.0]},
    "onset": {"exponential": {"mean": 4}}, "detection_probability": 0.8, "validation_probability": 0.3,
}  # fmt: skip
EACH = {
    "name": "own", "probability": 0.15, "where": "each_region", "severity": {"empirical": [0.2, 1.0]},
    "onset": {"lognormal": {"median": 4, "p95": 20}}, "detection_probability": 0.9,
}  # fmt: skip
LABEL = {"name": "lab", "probability": 0.2, "where": {"label": "x"}, "severity": 0.5}
REGISTRY = {"name": "registry", "probability": 0.05, "effect": "deploy_fails"}
EVERYTHING: dict[str, Any] = {
    "faults": [REGISTRY, EVERYWHERE, EACH, LABEL], "evidence": {"exponential": {"mean": 60}}, "lag": LAG,
    "alarm_threshold": 0.02, "report": {"lognormal": {"median": 20, "p95": 60}},
    "complaint": {"exponential": {"mean": 300}}, "false_alarms_per_region_day": 2.0,
    "deploy_failure_probability": 0.05, "failed_deploy": {"exponential": {"mean": 20}},
    "rollback_failure_probability": 0.2, "manual_recovery": {"exponential": {"mean": 20}}, "horizon_minutes": 2000.0,
}  # fmt: skip
KINDS: dict[str, dict[str, Any]] = {
    "everything": EVERYTHING,
    "constant evidence": {"faults": [EVERYWHERE, EACH], "evidence": 60.0, "lag": LAG},
    "constant evidence and lag": {"faults": [EVERYWHERE, EACH], "evidence": 60.0, "lag": 3.0},
    "steps of evidence, late customers": {
        "faults": [EVERYWHERE], "evidence": {"empirical": [20.0, 60.0]}, "lag": LAG, "complaint": 500.0,
        "report": {"exponential": {"mean": 10}},
    },
    "a constant report": {
        "faults": [EVERYWHERE, LABEL], "evidence": {"exponential": {"mean": 100}},
        "complaint": {"exponential": {"mean": 500}}, "report": 5.0,
    },
    "false alarms alone": {"false_alarms_per_region_day": 8.0},
}  # fmt: skip
A: dict[str, Any] = {"bake": (30, 20, 10), "retries": 1}
WAYS = ["rolling", "blue_green", {"steps": [[5, 10], [50, 5]]}]


def scene(kind: str) -> Scenario:
    common = {
        "fleet": FLEET, "build": {"exponential": {"mean": 5}}, "deploy": {"lognormal": {"median": 6, "p95": 12}},
        "handover": {"exponential": {"mean": 2}}, "reaction": {"exponential": {"mean": 3}},
        "rollback": {"exponential": {"mean": 4}}, "approval_wait": {"lognormal": {"median": 9, "p95": 30}},
    }  # fmt: skip
    return Scenario.model_validate({**common, **KINDS[kind]})


def taken(records: Records) -> Read:
    return Read([records], [[frozenset()] * len(records)], _nobody(), False)


def _nobody() -> Any:
    return pd.Series(dtype=object)


@pytest.mark.parametrize("way", WAYS, ids=["rolling", "blue_green", "steps"])
@pytest.mark.parametrize("kind", list(KINDS))
def test_every_world_gives_back_what_was_recorded(kind, way):
    """60 rollouts, 3 worlds of each: outcome, end, alarm minute; and in one of them every start and end."""
    scenario, used = scene(kind), plan("a", "b c", "d", strategy=way, **A)
    records = told(used, scenario, traces(used, scenario, 3, 60))
    found = choose(records, scenario, np.arange(60), 11, 3)
    assert not any(found.impossible)
    laid = setting(used, scenario)
    for m in range(3):
        todo = job([laid], found.seed_of(m), range(60), "compiled", sampling_of(scenario, "crude"), found.tape(m))
        assert compare(records, rows(todo)[0][0]).all()
    assert starts(laid, found, 0, np.arange(60)).all()


@pytest.mark.parametrize("rule", ["halt", "rollback_wave", "rollback_region"])
def test_ways_back_are_kept_whoever_goes_them(rule):
    """Each region is back when it was, and what people did where the plan asks no machine says nothing of machines."""
    scenario, used = scene("everything"), plan("a", "b c", "d", strategy="rolling", **A).replace(on_alarm=rule)
    rollouts = traces(used, scenario, 3, 60)
    records = told(used, scenario, rollouts)
    found = choose(records, scenario, np.arange(60), 11, 1)
    again = run_all([used], scenario, seed=found.seed_of(0), tape=found.tape(0))[0].frame["recovered_minutes"]
    true = [each.row.recovered_minutes for each in rollouts]
    back = ~np.isnan(records.way_back).all(axis=0)
    assert back.sum() > 10
    np.testing.assert_allclose(again.to_numpy(dtype=float)[back], np.array(true, dtype=float)[back], atol=1 / 60)
    failures = [values for where, values in found.tape(0).columns.items() if where.purpose == "rollback_failure"]
    assert (rule == "halt") == (not failures)


def test_staffed_waits_count_the_minutes_that_people_were_there():
    """What the clock says of them gives the draws, and a halt that cuts one short bounds it in staffed minutes."""
    hours = {"days": ["mon", "tue", "wed", "thu", "fri"], "hours": ["09:00", "17:00"], "zone": "Europe/Berlin"}
    weeks = {"from": "2026-03-02", "to": "2026-03-30", **hours}
    scenario = scene("false alarms alone").replace(
        pushes=weeks, staffed=hours, approval_wait={"exponential": {"mean": 200}}, false_alarms_per_region_day=0.5
    )
    waves = wave("a", 30), wave("b c", 20, approval=True), wave("d", 10, approval=True)
    used = plan(*waves, strategy="rolling", retries=1)
    rollouts = traces(used, scenario, 3, 120)
    records = told(used, scenario, rollouts)
    records.pushed[:] = [each.rollout.push for each in rollouts]
    for g in (1, 2):
        decided = np.array([_first_start(each, used.waves[g].regions) for each in rollouts])
        records.wait[g] = staffed_minutes(scenario, records.pushed, decided - records.wait[g], decided)
        drawn = np.array([each.rollout.world.draw("approval_wait", g) for each in rollouts])
        known = ~np.isnan(records.wait[g])
        assert known.sum() > 20
        np.testing.assert_allclose(records.wait[g][known], drawn[known], atol=1e-6)
    late = ~np.isnan(records.waited) & (records.begun >= 1)
    assert late.sum() > 10
    found = choose(records, scenario, np.arange(120), 11, 2)
    cut = [found.tape(0).columns[Address("approval_wait", GATE, g)][late & (records.begun == g)] for g in (1, 2)]
    assert (np.concatenate(cut) < np.concatenate([records.waited[late & (records.begun == g)] for g in (1, 2)])).any()
    for m in range(2):
        todo = job([setting(used, scenario)], found.seed_of(m), range(120), "compiled",
                   sampling_of(scenario, "crude"), found.tape(m))  # fmt: skip
        assert compare(records, rows(todo)[0][0]).all()


def _first_start(each: Any, names: Any) -> float:
    starts = [e.minute for e in each.rollout.events if e.region in names and e.event == Event.DEPLOYMENT_STARTS]
    return min(starts, default=math.nan)


def test_the_truth_is_one_of_the_worlds():
    """700 rollouts of everything at once: under B, the true outcome's rank among 19 worlds is uniform."""
    scenario, used = scene("everything"), plan("a", "b c", "d", strategy="rolling", **A)
    rollouts = traces(used, scenario, 3, 700)
    records, numbers = told(used, scenario, rollouts), np.array([each.trial for each in rollouts])
    others = [plan("a b c d", bake=40, retries=1, strategy="rolling"), plan("d", "c", "b", "a", bake=15, retries=1)]
    worlds = choose(records, scenario, np.arange(700), 11, 19)
    truth = run_all(others, scenario, trials=int(numbers.max()) + 1, seed=3, sampling="crude")
    replayed = [run_all(others, scenario, seed=worlds.seed_of(m), tape=worlds.tape(m)) for m in range(19)]
    rng = np.random.default_rng(0)
    for n in range(len(others)):
        for figure in ("end_minutes", "share_exposed", "impact_minutes"):
            true = truth[n].frame[figure].to_numpy(dtype=float)[numbers]
            got = np.array([each[n].frame[figure].to_numpy(dtype=float) for each in replayed])
            below, ties = (got < true - 1e-7).sum(axis=0), (np.abs(got - true) <= 1e-7).sum(axis=0)
            ranks = np.bincount(below + rng.integers(0, ties + 1), minlength=20).reshape(5, 4).sum(axis=1)
            assert stats.chisquare(ranks).pvalue > 1e-6, (n, figure, ranks)


def test_a_relabelled_plan_changes_nothing():
    scenario, used = scene("everything"), plan("a", "b c", "d", strategy="rolling", **A)
    records = told(used, scenario, traces(used, scenario, 3, 50))
    found = replay(taken(records), {"the same": used.replace(name="another name")}, scenario, worlds=4)
    assert (found.differences[["difference", "low", "high"]] == 0).all(axis=None)
    assert found.identity.kept == found.identity.worlds == 200
    assert found.identity.started == found.identity.traced == 50


def test_clean_changes_differ_in_time_alone():
    """No fault, so no impact under any plan, and one sentence that says what cannot be told."""
    scenario = scene("false alarms alone").replace(false_alarms_per_region_day=0.0)
    used = plan("a", "b c", "d", strategy="rolling", **A)
    records = told(used, scenario, traces(used, scenario, 3, 40))
    found = replay(taken(records), {"at once": plan("a b c d", bake=10)}, scenario, worlds=2)
    table = found.differences.set_index("figure")
    assert (table.loc[["impact_minutes", "share_exposed", "shipped"], ["difference", "low", "high"]] == 0).all(
        axis=None
    )
    assert float(table["high"]["end_minutes"]) < 0
    assert math.isnan(found.needed("at once"))
    assert any(each.startswith("No bad change in 40 rollouts: ") for each in found.sentences)


def test_what_is_recorded_alone_is_exact():
    """Longer bakes, and retries of nothing: every number that sound rollouts ask for is on their records."""
    scenario = scene("false alarms alone").replace(false_alarms_per_region_day=0.0)
    used, other = plan("a", "b c", "d", strategy="rolling", **A), plan("a", "b c", "d", bake=(70, 5, 1), retries=3)
    rollouts = traces(used, scenario, 3, 40)
    other = other.replace(strategy="rolling")
    truth = run_all([other], scenario, trials=rollouts[-1].trial + 1, seed=3, sampling="crude")[0].frame["end_minutes"]
    found = replay(taken(told(used, scenario, rollouts)), {"other": other}, scenario, worlds=2)
    wanted = np.mean([truth[each.trial] for each in rollouts])
    assert found.differences.set_index("figure").loc["end_minutes", "would"] == pytest.approx(wanted, abs=1e-6)


def test_both_engines_replay_alike():
    scenario, used = scene("everything"), plan("a", "b c", "d", strategy="rolling", **A)
    records = told(used, scenario, traces(used, scenario, 3, 30))
    other = {"at once": plan("a b c d", bake=10, retries=1)}
    one, two = (replay(taken(records), other, scenario, worlds=2, engine=e) for e in ("compiled", "simpy"))
    np.testing.assert_allclose(one.differences["would"], two.differences["would"], rtol=1e-9)


def test_a_region_that_history_never_saw_is_said():
    scenario, used = scene("everything"), plan("a", "b c", strategy="rolling", bake=(30, 20), retries=1)
    records = told(used, scenario, traces(used, scenario, 3, 20))
    found = replay(taken(records), {"more": plan("d c", "a b")}, scenario, worlds=2)
    said = [each for each in found.sentences if each.startswith("More: ")]
    assert said[0].startswith("More: no rollout of the history ever reached d; ")
    assert said[1].startswith("More: an extrapolation, as c comes sooner than in any rollout of the history (")
    shares = found.shares["more"]
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["imputed"] > 0.2


def test_what_the_scenario_makes_impossible_is_said_and_the_rest_is_replayed():
    scenario, used = scene("everything"), plan("a", "b c", "d", strategy="rolling", **A)
    records = told(used, scenario, traces(used, scenario, 3, 60))
    sound = scenario.replace(faults=[REGISTRY], false_alarms_per_region_day=0.0)
    found = replay(taken(records), {"at once": plan("a b c d")}, sound, worlds=2)
    gone = sum(found.impossible.values())
    assert gone == np.isfinite(records.halt).sum() and found.replayed == 60 - gone > 0
    assert any(each.startswith("Impossible under the scenario, ") for each in found.sentences)
    halted = records.of(np.isfinite(records.halt))
    nothing = replay(taken(halted), {"at once": plan("a b c d")}, sound, worlds=2)
    assert nothing.sentences[0].startswith("No recorded rollout is possible under the scenario")


def test_services_and_months_are_told_where_there_are_several():
    scenario, used = scene("everything"), plan("a", "b c", "d", strategy="rolling", **A)
    records = told(used, scenario, traces(used, scenario, 3, 30))
    records.services[:10], records.months[20:] = "till", "2026-06"
    said = str(replay(taken(records), {"at once": plan("a b c d")}, scenario, worlds=2))
    for heading, names in (("By service:", ("shop", "till")), ("By month:", ("2026-05", "2026-06"))):
        assert heading in said and all(any(line.startswith(name) for line in said.splitlines()) for name in names)


def test_several_scenarios_share_the_worlds():
    """Draws of a fit: half of the worlds from each, and the identity holds under both."""
    scenario, used = scene("everything"), plan("a", "b c", "d", strategy="rolling", **A)
    records = told(used, scenario, traces(used, scenario, 3, 30))
    other = scenario.replace(evidence={"exponential": {"mean": 80}})
    found = replay(taken(records), {"at once": plan("a b c d")}, [scenario, other], worlds=4)
    assert found.identity.kept == found.identity.worlds == 120
