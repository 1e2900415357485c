"""The laws of the model, trial by trial in the same worlds, over random plans and scenarios; and where they fail."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulation import Scenario, run, sample, trace
from tests.builders import sample_plan
from tests.simulation.cases import cases, faults, fleets, plans, scenarios
from waves import Fleet, Plan, Region, Wave

COMPARED = settings(max_examples=100, suppress_health_check=list(HealthCheck))
SEEDS = st.integers(0, 2**64 - 1)
ANY = st.booleans().flatmap(lambda lattice: cases(lattice=lattice))
TRIALS = 16
SLACK = 1e-9


def frame(plan: Plan, scenario: Scenario, seed: int, trials: int = TRIALS) -> pd.DataFrame:
    """The rollouts of both engines, one after the other."""
    compiled = run(plan, scenario, trials=trials, seed=seed, engine="compiled", sampling="crude").frame
    simulated = run(plan, scenario, trials=4, seed=seed, engine="simpy", sampling="crude").frame
    return pd.concat([compiled, simulated], ignore_index=True)


def changed(noun: Any, **fields: Any) -> Any:
    """A plan, scenario or fleet with other fields, validated anew."""
    return type(noun).model_validate({**noun.model_dump(), **fields})


def with_faults(scenario: Scenario, **fields: Any) -> Scenario:
    """A scenario of whose every fault some fields are other."""
    return changed(scenario, faults=[{**fault.model_dump(), **fields} for fault in scenario.faults])


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Assert that two frames hold the same rollouts, to 1e-9."""
    pd.testing.assert_frame_equal(one, other, rtol=SLACK, atol=SLACK)


@st.composite
def one_common_defect(draw: Any) -> tuple[Plan, Scenario]:
    """A case with one fault, a defect `everywhere`."""
    plan, scenario = draw(ANY)
    fault = draw(faults(scenario.fleet, True, 0))
    plan = changed(plan, on_alarm="rollback_all")
    return plan, changed(scenario, faults=[{**fault, "where": "everywhere", "effect": "defect"}])


@COMPARED
@given(case=one_common_defect(), seed=SEEDS, p=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a_likelier_common_defect_never_lowers_impact(case, seed, p):
    plan, scenario = case
    low, high = (frame(plan, with_faults(scenario, probability=chance), seed) for chance in sorted(p))
    assert (high.impact_minutes >= low.impact_minutes).all()


@COMPARED
@given(case=one_common_defect(), seed=SEEDS, p=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_better_detection_of_a_common_defect_never_raises_impact(case, seed, p):
    plan, scenario = case
    scenario = with_faults(scenario, probability=1.0)
    low, high = (frame(plan, with_faults(scenario, detection_probability=chance), seed) for chance in sorted(p))
    assert (high.impact_minutes <= low.impact_minutes * (1 + SLACK) + SLACK).all()


TWO = Fleet(regions=(Region(name="a", traffic=50.0, labels=("first",)), Region(name="b", traffic=50.0)))
AT_ONCE = Plan(waves=(Wave(regions=("a", "b"), bake_minutes=30.0),), strategy="blue_green")
IN_TURN = Plan(waves=(Wave(regions=("a",), bake_minutes=30.0), Wave(regions=("b",), bake_minutes=30.0)))
BLIND = {"name": "blind", "probability": 1.0, "detection_probability": 0.0}
VISIBLE = {"name": "visible", "where": {"label": "first"}}


def impacts(plan: Plan, *faults: dict[str, Any], **fields: Any) -> np.ndarray:
    """The impact of 200 rollouts over two regions, with alarms after 100 failed requests on average."""
    standard = {"fleet": TWO, "deploy": 5.0, "evidence": {"exponential": {"mean": 100.0}}, "horizon_minutes": 500.0}
    scenario = Scenario.model_validate({**standard, "faults": list(faults), **fields})
    return frame(plan, scenario, 7, 200).impact_minutes.to_numpy()


@pytest.mark.parametrize(
    "plan, fault, others",
    [
        pytest.param(AT_ONCE, {"where": "each_region"}, [], id="a second bad region is seen sooner"),
        pytest.param(AT_ONCE, VISIBLE, [BLIND], id="a visible fault reveals a blind one"),
        pytest.param(IN_TURN, {"effect": "deploy_fails"}, [BLIND], id="no deployment, no exposure"),
    ],
)
def test_a_likelier_fault_may_lower_impact_where_it_is_not_one_common_defect(plan, fault, others):
    """In each case some rollout costs whole fleet-minutes less with the likelier fault, in the same world."""
    rare, often = (impacts(plan, {"name": "it", **fault, "probability": p}, *others) for p in (0.2, 0.8))
    assert (often < rare - 1.0).any()


def doubled(distribution: Any) -> Any:
    """A distribution of twice the amounts, as it would stand in a file."""
    ((family, fields),) = distribution.items()
    if family == "constant":
        return {family: 2 * fields}
    if family == "empirical":
        return {family: [2 * value for value in fields]}
    return {family: {name: 2 * value for name, value in fields.items()}}


@COMPARED
@given(case=ANY, seed=SEEDS)
def test_doubling_traffic_evidence_and_bake_requests_changes_no_share_and_no_time(case, seed):
    plan, scenario = case
    values, waves = scenario.model_dump(), plan.model_dump()["waves"]
    for region in values["fleet"]["regions"]:
        region["traffic"] *= 2
    for place in (values, *values["regions"].values()):
        if place["evidence"] is not None:
            place["evidence"] = doubled(place["evidence"])
    values["complaint"] = doubled(values["complaint"])
    busier = [{**wave, "bake_requests": 2 * wave["bake_requests"]} for wave in waves]
    same(frame(plan, scenario, seed), frame(changed(plan, waves=busier), Scenario.model_validate(values), seed))


@COMPARED
@given(case=ANY, seed=SEEDS)
def test_renaming_regions_changes_nothing(case, seed):
    plan, scenario = case
    new = {name: f"{chr(122 - i)}-renamed" for i, name in enumerate(scenario.fleet.names)}
    values, deployed = scenario.model_dump(), plan.model_dump()
    for region in values["fleet"]["regions"]:
        region["name"] = new[region["name"]]
        region["failover"] = new.get(region["failover"])
    values["regions"] = {new[name]: own for name, own in values["regions"].items()}
    deployed["strategies"] = {new[name]: own for name, own in deployed["strategies"].items()}
    for wave in deployed["waves"]:
        wave["regions"] = [new[name] for name in wave["regions"]]
    same(frame(plan, scenario, seed), frame(Plan.model_validate(deployed), Scenario.model_validate(values), seed))


@COMPARED
@given(case=ANY, seed=SEEDS, data=st.data())
def test_reordering_a_wave_with_unlimited_parallelism_changes_nothing(case, seed, data):
    plan, scenario = case
    plan = changed(plan, on_alarm="rollback_all")  # ties under `rollback_region` go by plan order
    waves = [{**wave, "max_parallel": None} for wave in plan.model_dump()["waves"]]
    shuffled = [{**wave, "regions": data.draw(st.permutations(wave["regions"]))} for wave in waves]
    same(frame(changed(plan, waves=waves), scenario, seed), frame(changed(plan, waves=shuffled), scenario, seed))


@st.composite
def without_gates(draw: Any) -> tuple[Plan, Plan, Scenario]:
    """Two plans of which the second bakes longer, without handover, approvals, false alarms or a horizon.

    On the lattice, where sums are exact: elsewhere the last place of an instant could turn a tie round.
    """
    fleet = draw(fleets(True))
    plan = draw(plans(fleet, True))
    values = draw(scenarios(fleet, True)).model_dump()
    quiet = {"handover": 0.0, "false_alarms_per_region_day": 0.0, "horizon_minutes": math.inf}
    own = {name: {**region, "false_alarms_per_region_day": None} for name, region in values["regions"].items()}
    waves = [{**wave, "approval": False} for wave in plan.model_dump()["waves"]]
    more = st.sampled_from([0.0, 0.5, 2.0, 8.0])
    longer = [{**w, "bake_minutes": w["bake_minutes"] + draw(more)} for w in waves]
    scenario = Scenario.model_validate({**values, **quiet, "regions": own})
    return changed(plan, waves=waves), changed(plan, waves=longer), scenario


@COMPARED
@given(case=without_gates(), seed=SEEDS)
def test_longer_bakes_never_raise_the_share_exposed(case, seed):
    plan, longer, scenario = case
    assert (frame(longer, scenario, seed).share_exposed <= frame(plan, scenario, seed).share_exposed + SLACK).all()


@COMPARED
@given(case=ANY, seed=SEEDS)
def test_where_nothing_can_go_wrong_every_rollout_completes(case, seed):
    plan, scenario = case
    plan = changed(plan, deploy_timeout_minutes=None)
    fields = ("deploy_failure_probability", "false_alarms_per_region_day")
    own = {n: {**v, **dict.fromkeys(fields, 0.0)} for n, v in scenario.model_dump()["regions"].items()}
    off = dict.fromkeys((*fields, "build_failure_probability", "rejection_probability"), 0.0)
    clean = frame(plan, changed(scenario, faults=[], regions=own, **off), seed)
    assert set(clean.outcome) == {"completed"}
    assert (clean.impact_minutes == 0).all()
    assert clean.deployed_minutes.notna().all()


@COMPARED
@given(case=one_common_defect(), seed=SEEDS, p=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_better_reviews_of_a_common_defect_never_raise_impact(case, seed, p):
    plan, scenario = case
    low, high = (frame(plan, with_faults(scenario, review_probability=chance), seed) for chance in sorted(p))
    assert (high.impact_minutes <= low.impact_minutes * (1 + SLACK) + SLACK).all()


@COMPARED
@given(case=one_common_defect(), seed=SEEDS, amounts=st.tuples(st.floats(0, 500), st.floats(0, 500)))
def test_customers_who_bear_more_never_lower_impact(case, seed, amounts):
    plan, scenario = case
    low, high = (frame(plan, changed(scenario, complaint=amount), seed) for amount in sorted(amounts))
    assert (high.impact_minutes >= low.impact_minutes * (1 - SLACK) - SLACK).all()


SCOPES = ("rollback_all", "rollback_wave", "rollback_region", "halt")
OF_NO_SCOPE = ["outcome", "end_minutes", "deployed_minutes", "regions_exposed", "share_exposed", "regions_failed"]


@COMPARED
@given(case=ANY, seed=SEEDS)
def test_what_happens_until_the_halt_does_not_depend_on_what_is_rolled_back_then(case, seed):
    plan, scenario = case
    first, *others = (frame(changed(plan, on_alarm=scope), scenario, seed)[OF_NO_SCOPE] for scope in SCOPES)
    for other in others:
        same(first, other)


@COMPARED
@given(case=ANY, seed=SEEDS)
def test_where_every_failure_is_tolerated_none_ends_the_pipeline(case, seed):
    plan, scenario = case
    assert "deploy_failed" not in set(frame(changed(plan, max_failed_regions="100%"), scenario, seed).outcome)


@COMPARED
@given(case=ANY, seed=SEEDS)
def test_a_calendar_that_is_always_open_changes_nothing(case, seed):
    plan, scenario = case
    always = changed(plan, calendar={"zone": "region", "hours": ("00:00", "24:00")})
    pushed = changed(scenario, pushes={"from": "2026-11-02", "to": "2026-11-30", "zone": "UTC"})
    same(frame(plan, scenario, seed), frame(always, pushed, seed))


def test_shifting_pushes_by_whole_weeks_changes_nothing():
    """To the bit, where no freeze and no change of clocks lies between: here in Kolkata and Tokyo."""
    scenario = sample("storefront-office-hours")
    regions = [region.replace(zone="Asia/Kolkata") for region in scenario.fleet.regions]
    plan = sample_plan("storefront-office-hours")
    plan = changed(plan, calendar={**plan.model_dump()["calendar"], "freezes": []})
    frames = []
    for span in (("2026-11-02", "2026-11-14"), ("2026-11-23", "2026-12-05")):
        window = {"days": ("mon", "thu"), "hours": ("09:00", "17:00"), "zone": "Asia/Tokyo"}
        shifted = scenario.replace(
            fleet=scenario.fleet.replace(regions=regions),
            pushes={**window, "from": span[0], "to": span[1]},
            staffed=window,
        )
        frames.append(frame(plan, shifted, 7, 200))
    pd.testing.assert_frame_equal(frames[0], frames[1], check_exact=True)


def test_narrowing_a_window_never_lets_a_region_start_earlier_unless_slots_are_few():
    """One slot, 40 minutes each; a is open from 10:00 to 11:30 UTC, b to 10:30. From 10:41 on, and b goes first.

    With windows of their own and few slots, who waits lets others in; with unlimited slots nobody starts earlier.
    """
    regions = ("Europe/London", "Europe/Berlin")
    fleet = Fleet(regions=tuple(Region(name=n, traffic=1.0, zone=z) for n, z in zip("ab", regions, strict=True)))
    scenario = Scenario(fleet=fleet, deploy=40.0, pushes="2026-11-23 10:00 UTC")
    started = {}
    for slots in (1, None):
        for hours in (("10:00", "11:30"), ("10:41", "11:30")):
            wave = Wave(regions=("a", "b"), max_parallel=slots)
            plan = Plan(waves=(wave,), calendar={"hours": hours, "zone": "region"})
            events = trace(plan, scenario).events
            starts = events[events["event"] == "deployment starts"].set_index("region")["minute"]
            started[slots, hours[0]] = starts["a"], starts["b"]
    assert started[1, "10:00"] == (0.0, 1380.0) and started[1, "10:41"] == (41.0, 0.0)
    assert started[None, "10:00"] == (0.0, 0.0) and started[None, "10:41"] == (41.0, 0.0)
