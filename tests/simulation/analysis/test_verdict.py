"""The verdict: stable fields, plain numbers, and words that say what the numbers do."""

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import simulation
from simulation.analysis.verdict import number_of, plain
from tests.builders import sample_plan


@pytest.fixture(scope="module")
def comparison():
    plans = {plan.name: plan for plan in map(sample_plan, ("six-region-three-wave", "all-at-once"))}
    return simulation.compare(plans, simulation.sample("storefront"), trials=300, seed=7)


def judged(comparison, **limits):
    wanted = {figure: dict([bound]) for figure, bound in limits.items()}
    return simulation.verdict(comparison, simulation.parse_limits(wanted, simulation.FIGURES))


def test_the_fields_are_those_documented(comparison):
    found = judged(comparison, probability_shipped=("at_least", 0.5))
    assert list(found) == [
        "format", "passed", "sentence", "made", "kit", "judged", "plans", "scenario", "trials", "seed", "sampling",
        "confidence", "limits", "unended", "figures", "warnings", "digest",
    ]  # fmt: skip
    assert list(found["limits"][0]) == [
        "figure", "side", "value", "estimate", "low", "high", "unit", "verdict", "trials_it_takes",
        "least", "most", "cut_off",
    ]  # fmt: skip
    assert (found["format"], found["judged"], found["trials"], found["seed"]) == (1, "six-region-three-wave", 300, 7)
    assert found["plans"]["all at once"]["waves"] == [list(sample_plan("all-at-once").regions)]
    assert set(found["figures"]) == {"six-region-three-wave", "all at once"}


def test_a_verdict_says_when_it_was_made_and_by_which_kit(comparison):
    found = simulation.verdict(comparison, [])
    assert timedelta(0) <= datetime.now(UTC) - datetime.fromisoformat(found["made"]) < timedelta(minutes=5)
    project = (Path(simulation.__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8")
    assert f'\nversion = "{found["kit"]}"\n' in project


def test_a_gate_fails_on_a_verdict_of_other_inputs(comparison):
    """By content: the same plan from another file is the same; another bake, scenario or limit is not."""
    found = judged(comparison, probability_shipped=("at_least", 0.5))
    three, once = (each.plan for each in comparison.outcomes.values())
    world = comparison.scenario
    asked = simulation.parse_limits({"probability_shipped": {"at_least": 0.5}}, simulation.FIGURES)
    assert simulation.gate(found, plans=[three, once], scenario=world, limits=asked)[0] == 0
    assert simulation.gate(found, plans=[three])[0] == 0
    other = three.model_copy(update={"retries": 1})
    for inputs, word in (
        ({"plans": [other]}, other.digest),
        ({"plans": [once, three]}, once.digest),
        ({"plans": [three, other]}, other.digest),
        ({"scenario": world.model_copy(update={"horizon_minutes": 5000.0})}, world.digest),
        ({"limits": simulation.parse_limits({"probability_shipped": {"at_least": 0.6}}, simulation.FIGURES)}, "0.6"),
    ):
        code, lines = simulation.gate(found, **inputs)
        assert code == 1 and len(lines) == 1 and word in lines[0] and "make the report again" in lines[0]


def test_a_gate_says_where_the_scenario_is_that_a_report_fitted():
    """A report with a history judges what that taught of the scenario that it was given."""
    world = simulation.sample("storefront")
    learnt = world.replace(name="storefront, fitted", handover=3.0)
    compared = simulation.compare({"a": sample_plan("all-at-once")}, learnt, trials=100, seed=9)
    found = judged(compared, probability_shipped=("at_least", 0.1))
    code, lines = simulation.gate(found, scenario=world)
    assert code == 1 and simulation.gate(found, scenario=learnt)[0] == 0
    assert "storefront as a history taught it, which `wavecast fit --seed 9 --out` writes" in lines[0]


def test_the_figures_have_words_and_are_those_of_a_summary(comparison):
    assert set(simulation.FIGURES) == set(comparison.summaries["all at once"].index)
    assert all(words and not words.startswith(name) for name, words in simulation.FIGURES.items())


def test_the_first_plan_is_judged(comparison):
    """Nearly every plan but the one at once keeps failover partners from hurting together."""
    assert judged(comparison, probability_failover_hit=("at_most", 0.03))["passed"] is True
    turned = simulation.Comparison(
        dict(reversed(comparison.outcomes.items())), comparison.scenario, comparison.seed, comparison.trials
    )
    assert judged(turned, probability_failover_hit=("at_most", 0.03))["passed"] is False


@pytest.mark.parametrize(
    ("limit", "passed", "words"),
    [
        (("at_least", 0.5), True, "keeps its one limit in 300 rollouts"),
        (("at_least", 0.99), False, "breaks 1 of 1 limit"),
        (("at_least", 0.82), False, "leaves 1 undecided of 1 limit"),
    ],
)
def test_the_sentence_says_what_became_of_the_limits(comparison, limit, passed, words):
    found = judged(comparison, probability_shipped=limit)
    assert found["passed"] is passed
    assert words in found["sentence"] and "\u00a0" not in found["sentence"]
    assert ("; run about " in found["sentence"]) == ("undecided" in words)


def test_without_limits_nothing_passes(comparison):
    found = simulation.verdict(comparison, [])
    assert found["passed"] is False
    assert found["sentence"] == "No limits were set for six-region-three-wave, so nothing was judged"
    assert simulation.gate(found)[0] == 1


def test_a_verdict_read_back_is_the_same_and_the_gate_agrees(comparison, tmp_path):
    for limit, code in ((("at_least", 0.5), 0), (("at_least", 0.99), 1)):
        found = judged(comparison, probability_shipped=limit)
        path = simulation.write_verdict(found, tmp_path / "deep" / "verdict.json")
        assert simulation.read_verdict(path) == found
        assert simulation.gate(found)[0] == code
        assert [p.name for p in path.parent.iterdir()] == ["verdict.json"]


def test_a_verdict_is_strict_json(comparison):
    """A plan that never ships takes endlessly long to ship; what no trial shows is not known."""
    scenario = simulation.sample("storefront").model_copy(update={"build_failure_probability": 1.0})
    never = simulation.compare({"p": sample_plan("two-halves")}, scenario, trials=20, seed=1)
    found = judged(never, minutes_to_ship=("at_most", 600))
    text = json.dumps(found, allow_nan=False)
    assert found["figures"]["p"]["minutes_to_ship"]["estimate"] == "infinity"
    assert found["figures"]["p"]["end_minutes_given_shipped_p50"]["estimate"] is None
    assert simulation.gate(json.loads(text))[0] == 1


@pytest.mark.parametrize("value", [0.0, -2.5, 1e-300, math.inf, -math.inf, math.nan])
def test_a_number_comes_back_from_its_plain_form(value):
    again = number_of(json.loads(json.dumps(plain(value), allow_nan=False)))
    assert again == value or math.isnan(value) and math.isnan(again)
