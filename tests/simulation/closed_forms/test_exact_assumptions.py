"""Where a closed form does not hold: which assumption fails, what was found and what it would have to be."""

import copy
import math
import pickle
from typing import Any

import pytest

from simulation import exact
from simulation.closed_forms.assumptions import CHECKS
from tests.builders import plan, shares
from tests.simulation.closed_forms.set_ups import BAD, GOLDEN_FLEET, GOLDEN_PLAN, scenario
from waves import InputError, Steps, Wave

EXPOSURE, IMPACT, TIME = "share_exposed_mean", "impact_minutes_mean", "end_minutes_given_shipped_mean"
DURATION = "duration_minutes_mean"
LABELLED = shares(0.05, 0.25, 0.70, labels=True)


def faulty(**fields: Any) -> dict[str, Any]:
    return {"faults": [{**BAD, **fields}]}


# What is changed; the assumption that fails; words of the complaint; which of the figures above still hold.
BY_THE_SCENARIO: list[tuple[dict[str, Any], str, list[str], set[str]]] = [
    ({"build": 3.0}, "build", ["build is 3", "have to be 0"], set()),
    ({"build_failure_probability": 0.1}, "build_failure_probability", ["is 0.1"], {TIME}),
    ({"handover": {"lognormal": {"median": 2, "p95": 6}}}, "handover", ["lognormal, median 2, p95 6"], set()),
    ({"deploy": {"exponential": {"mean": 4}}}, "deploy", ["exponential, mean 4 in r1", "one constant"], set()),
    ({"regions": {"r2": {"deploy": 0.6}}}, "deploy", ["deploy is 0.5 in r1 and 0.6 in r2"], set()),
    ({"deploy_failure_probability": 0.01}, "deploy_failure_probability", ["is 0.01 in r1"], set()),
    (faulty(severity=0.5), "severity", ["severity of the fault 'bad release' is 0.5", "have to be 1"], {TIME}),
    (faulty(onset=2.0), "onset", ["onset of the fault 'bad release' is 2", "have to be 0"], {TIME}),
    (faulty(detection_probability=0.9), "detection_probability", ["is 0.9", "have to be 1"], {TIME}),
    (faulty(validation_probability=0.5), "validation_probability", ["is 0.5", "have to be 0"], {TIME}),
    (faulty(effect="deploy_fails"), "common_defect", ["'bad release' (deploy_fails, everywhere)"], {TIME}),
    ({"faults": [BAD, {**BAD, "name": "leak"}]}, "common_defect", ["'bad release'", "'leak'"], {TIME}),
    ({"report": 60.0}, "report", ["report is 60", "left out"], {TIME}),
    ({"alarm_threshold": 0.01}, "alarm_threshold", ["is 0.01 in r1"], {TIME}),
    ({"regions": {"r3": {"alarm_threshold": 0.02}}}, "alarm_threshold", ["is 0.02 in r3"], {TIME}),
    ({"evidence": 50.0}, "evidence", ["evidence is 50 in r1", "exponential"], {TIME}),
    ({"regions": {"r2": {"evidence": {"exponential": {"mean": 9}}}}}, "evidence", ["mean 9 in r2"], {TIME}),
    ({"lag": {"exponential": {"mean": 1}}}, "lag", ["lag is exponential, mean 1 in r1"], {TIME}),
    ({"false_alarms_per_region_day": 0.3}, "false_alarms_per_region_day", ["is 0.3 in r1"], {TIME}),
    ({"reaction": {"exponential": {"mean": 1}}}, "reaction", ["reaction is exponential"], {TIME, EXPOSURE}),
    ({"regions": {"r2": {"rollback": 4.0}}}, "rollback", ["0.2 in r1 and 4 in r2"], {TIME, EXPOSURE}),
    ({"rollback_failure_probability": 0.1}, "rollback_failure_probability", ["0.1 in r1"], {TIME, EXPOSURE}),
    ({"horizon_minutes": 5.0}, "horizon_minutes", ["is 5,", "T = 5.5", "at least T"], {TIME, IMPACT}),
]  # fmt: skip
# The book is open up to the horizon and not at it: the last wave, which does not bake, goes live at T.
AT_THE_END = plan("r1", "r2 r3", bake=(2, 0))
BY_THE_PLAN: list[tuple[dict[str, Any], str, list[str], set[str]]] = [
    ({"strategy": "rolling"}, "strategy", ["r1 is rolling", "have to be blue_green"], {TIME}),
    ({"strategies": {"r2": "rolling"}}, "strategy", ["r2 is rolling"], {TIME}),
    ({"approval": True}, "approval", ["approval of wave 1 is True"], set()),
    ({"bake_requests": 9.0}, "bake_requests", ["bake_requests of wave 1 is 9", "have to be 0"], set()),
]


def check(found: Any, name: str, words: list[str], standing: set[str]) -> None:
    for figure in (EXPOSURE, IMPACT, TIME, DURATION):
        if figure in standing:
            assert math.isfinite(found[figure])
        else:
            assert found.refused[figure] == (name,)
            assert figure not in found.table.index
            with pytest.raises(ValueError, match=f"^{figure} has no closed form here\n{name}: ") as caught:
                found[figure]
            assert all(word in str(caught.value) for word in words)
    assert not found.holds
    assert list(found.assumptions.query("not holds")["name"]) == [name]


def test_a_wave_that_goes_live_at_the_horizon_is_not_in_the_book():
    """Deployments of half a minute, a bake of 2: the last wave is live at 3, which is T."""
    for horizon, holds in ((3.0, False), (3.001, True)):
        found = exact(AT_THE_END, scenario(LABELLED, horizon_minutes=horizon))
        assert found.holds == holds
        assert list(found.assumptions.query("not holds")["name"]) == ([] if holds else ["horizon_minutes"])


@pytest.mark.parametrize(("change", "name", "words", "standing"), BY_THE_SCENARIO)
def test_an_assumption_that_the_scenario_breaks_is_named(change, name, words, standing):
    check(exact(GOLDEN_PLAN, scenario(LABELLED, **change)), name, words, standing)


@pytest.mark.parametrize(("change", "name", "words", "standing"), BY_THE_PLAN)
def test_an_assumption_that_the_plan_breaks_is_named(change, name, words, standing):
    of_a_wave = {key: change[key] for key in change if key in Wave.model_fields}
    waves = tuple(wave.model_copy(update=of_a_wave) for wave in GOLDEN_PLAN.waves)
    rest = {key: change[key] for key in change if key not in of_a_wave}
    check(exact(GOLDEN_PLAN.model_copy(update={**rest, "waves": waves}), scenario(LABELLED)), name, words, standing)


def test_regions_that_deploy_one_after_the_other_are_named():
    queue = plan("r1 r2", bake=(1,))
    waves = (queue.waves[0].model_copy(update={"max_parallel": 1}),)
    found = exact(queue.model_copy(update={"waves": waves}), scenario(shares(0.5, 0.5)))
    check(found, "max_parallel", ["max_parallel of wave 1 is 1"], set())


def test_steps_move_the_end_of_a_rollout_so_that_nothing_holds():
    steps = GOLDEN_PLAN.model_copy(update={"strategy": Steps(steps=((10.0, 5.0),))})
    found = exact(steps, scenario(GOLDEN_FLEET))
    assert found.refused[EXPOSURE] == ("strategy",)
    assert found.refused[TIME] == ("steps",)


def test_the_horizon_cannot_be_judged_where_no_end_is_fixed():
    found = exact(GOLDEN_PLAN, scenario(GOLDEN_FLEET, deploy={"exponential": {"mean": 4}}, horizon_minutes=5.0))
    assert found.refused[EXPOSURE] == ("deploy", "horizon_minutes")
    with pytest.raises(ValueError, match=r"horizon_minutes is 5, and T is not fixed \(deploy\)"):
        found[EXPOSURE]


def test_all_that_fails_is_said_at_once():
    found = exact(GOLDEN_PLAN, scenario(GOLDEN_FLEET, build=1.0, handover=2.0, report=3.0))
    with pytest.raises(ValueError, match=r"(?s)build: .*\nhandover: .*\nreport: "):
        found[EXPOSURE]


def test_a_horizon_at_the_end_of_a_clean_rollout_suffices():
    assert exact(GOLDEN_PLAN, scenario(GOLDEN_FLEET, horizon_minutes=5.5)).holds


@pytest.mark.parametrize(
    ("faults", "setup"),
    [
        ([BAD], "common_defect"),
        ([{**BAD, "where": {"label": "all"}}], "common_defect"),
        ([BAD, {**BAD, "name": "never", "probability": 0.0, "effect": "deploy_fails"}], "common_defect"),
        ([{**BAD, "detection_probability": 0.0}], "blind_defect"),
        ([{**BAD, "where": "each_region"}], "regional_defects"),
        ([{**BAD, "where": {"label": "only-2"}}], "regional_defects"),
        ([], "no_faults"),
    ],
)
def test_the_faults_choose_the_set_up(faults, setup):
    found = exact(GOLDEN_PLAN, scenario(LABELLED, faults=faults))
    assert (found.setup, found.holds) == (setup, True)


def test_a_fault_that_cannot_hit_the_plan_does_not_count():
    found = exact(plan("r1", "r2", bake=(1, 1)), scenario(LABELLED, faults=[{**BAD, "where": {"label": "only-3"}}]))
    assert found.setup == "no_faults"
    assert found["impact_minutes_mean"] == 0.0


def test_in_a_plan_of_one_region_each_region_is_everywhere():
    found = exact(plan("r2", bake=(1,)), scenario(LABELLED, faults=[{**BAD, "where": "each_region"}]))
    assert found.setup == "common_defect"
    assert found["share_exposed_mean"] == pytest.approx(0.1 * 0.25)


def test_a_figure_of_another_set_up_names_what_the_faults_would_have_to_be():
    found = exact(GOLDEN_PLAN, scenario(LABELLED, faults=[{**BAD, "where": "each_region"}]))
    with pytest.raises(ValueError, match=r"common_defect: .*each_region.*; it would have to be one defect"):
        found["impact_minutes_mean"]


def test_an_unknown_figure_is_told_from_one_that_does_not_hold():
    found = exact(GOLDEN_PLAN, scenario(GOLDEN_FLEET))
    with pytest.raises(ValueError, match="'share_exposd_mean' is not a figure; did you mean 'share_exposed_mean'"):
        found["share_exposd_mean"]


def test_what_is_no_name_and_no_instant_is_refused_in_one_line():
    found = exact(GOLDEN_PLAN, scenario(GOLDEN_FLEET))
    for wrong in (3, None, ("share_exposed_mean",)):
        with pytest.raises(ValueError, match="^figure is .*; give a name, such as 'share_exposed_mean'$"):
            found[wrong]  # type: ignore[index]
    for instant in (-1, math.nan, "a", None):
        with pytest.raises(ValueError, match="^minutes is .*; give minutes since the push, 0 or more$"):
            found.no_alarm_by(instant)  # type: ignore[arg-type]
    assert found.no_alarm_by(math.inf) == pytest.approx(0.9)


def test_closed_forms_can_be_kept_and_sent():
    found = exact(GOLDEN_PLAN, scenario(GOLDEN_FLEET))
    table = found.table
    for other in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found)):
        assert other.table.equals(table) and other.no_alarm_by(3.0) == found.no_alarm_by(3.0)


def test_a_region_that_the_fleet_has_not_is_refused():
    with pytest.raises(InputError, match="r9"):
        exact(plan("r9", bake=(1,)), scenario(GOLDEN_FLEET))


def test_the_table_says_what_each_figure_is_and_why_it_holds():
    found = exact(GOLDEN_PLAN, scenario(GOLDEN_FLEET))
    assert list(found.table.columns) == ["value", "unit", "formula", "holds_because"]
    assert found.table["holds_because"][TIME].split(", ")[:2] == ["steps", "max_parallel"]
    assert all(set(why.split(", ")) <= {*CHECKS, "always"} for why in found.table["holds_because"])
    assert found.table["value"][EXPOSURE] == found[EXPOSURE]
    assert not found.refused


def test_a_notebook_shows_the_figures_and_what_fails():
    shown = exact(GOLDEN_PLAN, scenario(GOLDEN_FLEET))._repr_html_()
    assert "share_exposed_mean" in shown and "do not hold" not in shown
    broken = exact(GOLDEN_PLAN.model_copy(update={"name": "<b>"}), scenario(GOLDEN_FLEET, report=5.0))._repr_html_()
    assert "do not hold" in broken and "report is 5; it would have to be left out" in broken
    assert "&lt;b&gt;" in broken
