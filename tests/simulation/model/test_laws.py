"""The laws of the model, trial by trial in the same worlds, over random plans and scenarios; and where they fail."""

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulation import Scenario, run, trace
from tests.simulation.cases import cases, faults, fleets, plans, scenarios
from waves import Fleet, Plan, Region, Wave

COMPARED = settings(max_examples=60, suppress_health_check=list(HealthCheck))
SEEDS = st.integers(0, 2**64 - 1)
ANY = st.booleans().flatmap(lambda lattice: cases(lattice=lattice))
TRIALS = 32
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


STEADY = st.sampled_from(["Asia/Kolkata", "Asia/Tokyo", "UTC"])  # clocks that are never changed
HOURS = st.sampled_from([("09:00", "17:00"), ("10:00", "11:30"), ("22:00", "04:00"), None])
WORKDAYS = st.sampled_from([("mon", "tue", "wed", "thu"), ("fri", "sun"), None])
WINDOWS = st.fixed_dictionaries({"zone": STEADY, "hours": HOURS, "days": WORKDAYS})


def given_fields(window: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A window as it would stand in a file: what is None is left out."""
    return {name: value for name, value in {**window, **more}.items() if value is not None}


@COMPARED
@given(case=ANY, seed=SEEDS, own=st.tuples(*3 * [WINDOWS]), days=st.tuples(st.integers(0, 400), st.integers(1, 60)))
def test_shifting_pushes_by_whole_weeks_changes_nothing(case, seed, own, days):
    """To the bit, where no freeze and no change of clocks lies between."""
    plan, scenario = case
    waves = [{**wave, "calendar": None} for wave in plan.model_dump()["waves"]]
    plan = changed(plan, waves=waves, calendar=given_fields(own[0]))
    frames = []
    for first in (date(2026, 1, 1) + timedelta(days=days[0] + 7 * weeks) for weeks in (0, days[1])):
        span = {"from": str(first), "to": str(first + timedelta(days=7))}
        shifted = changed(scenario, pushes=given_fields(own[1], **span), staffed=given_fields(own[2]))
        frames.append(frame(plan, shifted, seed))
    pd.testing.assert_frame_equal(frames[0], frames[1], check_exact=True)


def undisturbed(plan: Plan, scenario: Scenario) -> tuple[Plan, Scenario]:
    """A case without alarms, in which every failure is tolerated and nothing is refused."""
    own = {n: {**v, "false_alarms_per_region_day": 0.0} for n, v in scenario.model_dump()["regions"].items()}
    broken = [fault.model_dump() for fault in scenario.faults if fault.effect == "deploy_fails"]
    quiet = {"false_alarms_per_region_day": 0.0, "rejection_probability": 0.0, "build_failure_probability": 0.0}
    return changed(plan, max_failed_regions="100%"), changed(scenario, faults=broken, regions=own, **quiet)


@COMPARED
@given(case=ANY, seed=SEEDS, timeouts=st.tuples(st.floats(0.5, 60), st.floats(0.5, 60)))
def test_an_attempt_that_fails_under_a_longer_timeout_fails_under_a_shorter_one(case, seed, timeouts):
    plan, scenario = undisturbed(*case)
    short, long = (changed(plan, deploy_timeout_minutes=minutes) for minutes in sorted(timeouts))
    assert (frame(short, scenario, seed).regions_failed >= frame(long, scenario, seed).regions_failed).all()
    tried = [trace(each, scenario, seed=seed, sampling="crude").regions for each in (short, long)]
    for less, more in zip(*tried, strict=True):
        for (*_, good), (*_, also) in zip(less.attempts, more.attempts, strict=False):
            assert also or not good


@COMPARED
@given(case=ANY, seed=SEEDS, hours=st.lists(st.integers(0, 24), min_size=4, max_size=4, unique=True), own=st.booleans())
def test_narrowing_a_window_never_lets_a_region_start_earlier(case, seed, hours, own):
    """Where a wave's regions share it, or have windows of their own and slots are unlimited."""
    plan, scenario = undisturbed(*case)
    a, b, c, d = (f"{hour:02}:00" for hour in sorted(hours))
    of_all = {"calendar": None, **({"max_parallel": None} if own else {})}
    waves = [{**wave, **of_all} for wave in plan.model_dump()["waves"]]
    zone = "region" if own else "Europe/Berlin"
    pushed = changed(scenario, pushes={"from": "2026-11-02", "to": "2026-11-30", "zone": "UTC"})
    starts = []
    for window in ((a, d), (b, c)):
        narrow = changed(plan, waves=waves, calendar={"hours": window, "zone": zone})
        regions = trace(narrow, pushed, seed=seed, sampling="crude").regions
        starts.append([story.attempts[0][0] for story in regions])
    assert (np.array(starts[1]) >= np.array(starts[0]) - 1e-6).all()


def test_narrowing_windows_that_differ_lets_a_region_start_earlier_where_slots_are_few():
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
