"""The board's logic without a browser: figures, undo, rules, texts, and what a browser must not get away with."""

import json
from typing import Any

import numpy as np
import pytest

import simulation
import waves
from simulation.boards.figures import FIGURES, HALF
from simulation.boards.state import Board
from simulation.results.figures import PAIRED
from tests import builders

SCENARIO, TODAY = simulation.sample("storefront"), waves.sample("six-region-three-wave")
RULES = waves.Rules.model_validate({"rules": {"max_waves": 3, "max_share_per_wave": 0.8, "min_bake_minutes": 30}})


def board(**options) -> Board:
    return Board(SCENARIO, TODAY, rules=RULES, seed=7, **{"trials": 6144, **options})


def test_figures_and_differences_are_those_of_compare():
    """At the first trials, and when more have come: in slices, they are the same rollouts."""
    mine = board(trials=6144)
    mine.move("us-east-1", 1)
    for trials in (2048, 6144):
        while mine.answer.trials < trials:
            mine.sharpen()
        compared = simulation.compare({"today": TODAY, "moved": mine.plan}, SCENARIO, trials=trials, seed=7)
        for figure in FIGURES:
            estimates = [outcomes.estimate(figure.name)[0] for outcomes in compared.outcomes.values()]
            assert [mine.answer.today[figure.name], mine.answer.figures[figure.name]] == estimates
            if figure.name in PAIRED:
                row: Any = compared.differences.loc[("moved", figure.name)]
                found = mine.answer.differences[figure.name]
                assert np.array_equal(found, row[["difference", "low", "high"]].astype(float), equal_nan=True)
    assert not mine.sharpen()


def test_differences_that_compare_does_not_know():
    """Half of the traffic, from rows; quantiles lie between the ends of two intervals of half the doubt each."""
    mine = board(trials=2048)
    mine.move("us-east-1", 0)
    one, two = (simulation.run(plan, SCENARIO, trials=2048, seed=7) for plan in (TODAY, mine.plan))
    half = [(each.frame["share_exposed"].to_numpy(dtype=float) >= 0.5 - 1e-12).astype(float) for each in (one, two)]
    found = mine.answer.differences
    assert found[HALF].value == pytest.approx(float((one.shares * (half[1] - half[0])).sum()), abs=1e-12)
    assert found[HALF].low < found[HALF].value < found[HALF].high
    p95 = "end_minutes_given_shipped_p95"
    wide = [outcomes.estimate(p95, 0.975)[0] for outcomes in (one, two)]
    assert found[p95][1:] == (wide[1].low - wide[0].high, wide[1].high - wide[0].low)


def test_undo_and_redo_go_back_and_forth_and_a_new_act_forgets_what_was_undone():
    mine, seen = board(), []
    for step in (lambda: mine.move("us-east-1", 1), lambda: mine.bake(0, 90), lambda: mine.apart("eu-west-1", 0)):
        seen.append(mine.plan)
        step()
    last = mine.plan
    for plan in reversed(seen):
        mine.undo()
        assert mine.plan == plan
    assert mine.plan is TODAY and not mine.view["undo"]
    for plan in (*seen[1:], last):
        mine.redo()
        assert mine.plan == plan
    mine.undo()
    mine.merge(0)
    assert not mine.view["redo"] and mine.view["undo"]
    mine.reset()
    assert mine.plan is TODAY
    mine.undo()
    assert mine.plan is not TODAY


def test_undo_with_nothing_to_undo_changes_nothing():
    mine = board()
    mine.undo()
    mine.redo()
    assert mine.plan is TODAY and not mine.view["undo"]


def test_rules_that_break_are_told_in_their_sentence_and_marked_where_they_break():
    mine = board()
    assert mine.broken == []
    mine.apart("us-east-1", 3)
    mine.bake(3, 10)
    assert mine.broken == [
        "the plan has 4 waves, and max_waves allows 3; merge some.",
        "wave 4 bakes 10 minutes, and min_bake_minutes asks for 30; let it bake longer.",
    ]
    assert [wave["marks"] for wave in mine.view["waves"]] == [[], [], [], ["broken"]]
    assert [remark["kind"] for remark in mine.view["remarks"]] == ["broken", "broken"]


def test_a_mark_stands_at_the_region_that_the_rule_is_about():
    mine = Board(SCENARIO, TODAY, rules=waves.Rules.model_validate({"rules": {"first": ["us-west-2"]}}), trials=2048)
    regions = mine.view["waves"][1]["regions"]
    assert [(each["name"], each["marks"]) for each in regions] == [("us-west-2", ["broken"]), ("ap-southeast-2", [])]


def test_of_failover_partners_in_one_wave_both_are_marked():
    """Whether practice says it or a rule; who is in the wave beside them is not."""
    for rules, kind in ((None, "note"), (waves.Rules.model_validate({"rules": {"partners_apart": True}}), "broken")):
        mine = Board(SCENARIO, TODAY, rules=rules, trials=2048)
        mine.move("us-east-1", 1)
        marked = {each["name"]: each["marks"] for each in mine.view["waves"][1]["regions"]}
        assert marked == {"us-west-2": [kind], "us-east-1": [kind], "ap-southeast-2": []}


def test_what_it_says_tells_place_and_outcome():
    mine = board()
    mine.move("us-east-1", 0)
    place, impact, *_ = mine.said.split(". ", 1)
    assert place == "us-east-1 is in wave 1 of 3"
    assert impact.startswith("Expected impact 0.") and "more than today" in impact
    mine.undo()
    assert mine.said.startswith("Undone: 3 waves. ") and mine.said.count("as today") == 2


def test_the_view_is_strict_json_and_holds_today_beside_each_figure():
    view = json.loads(json.dumps(board().view, allow_nan=False))
    assert [row["words"] for row in view["figures"]] == [figure.words for figure in FIGURES]
    assert all(row["numbers"] == row["shadow"] and row["sign"] == "same" for row in view["figures"])
    assert all(low <= value <= high for value, low, high in (row["numbers"] for row in view["figures"]))
    assert view["basis"] == "2,048 rollouts of each plan; more are on their way"


def test_the_plan_reads_back_and_a_pipeline_has_its_waves(tmp_path):
    mine = board()
    mine.move("us-east-1", 1)
    for name, text, read in (
        ("plan.yaml", mine.as_plan, waves.Plan.read),
        ("release.yaml", mine.as_pipeline("codecatalyst")[0], waves.Plan.read_pipeline),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert [wave.regions for wave in read(tmp_path / name).waves] == [wave.regions for wave in mine.plan.waves]
    assert waves.Plan.read(tmp_path / "plan.yaml") == mine.plan


def test_explain_is_the_duel_of_today_and_the_board():
    mine = board()
    mine.move("us-east-1", 0)
    found = mine.explain()
    assert (found.first.plan, found.second.plan) == (TODAY, mine.plan)
    assert found.first.trial == simulation.duel(TODAY, mine.plan, SCENARIO, seed=7).first.trial


def test_what_is_no_board_is_refused():
    with pytest.raises(ValueError, match="rules is dict; give Rules"):
        Board(SCENARIO, TODAY, rules={})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="plan is str"):
        Board(SCENARIO, "plan.yaml")  # type: ignore[arg-type]
    with pytest.raises(waves.InputError, match="is not in the fleet"):
        Board(SCENARIO, builders.plan("mars"))


@pytest.mark.parametrize("make", [simulation.board, simulation.still_board])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"seed": -1}, "seed is -1; give a whole number"),
        ({"seed": 2**64}, "seed is 18446744073709551616"),
        ({"confidence": 1.5}, "confidence is 1.5; give a number between 0 and 1"),
        ({"rules": {}}, "rules is dict; give Rules"),
    ],
)
def test_both_boards_refuse_the_same(make, given, said):
    with pytest.raises(ValueError, match=said):
        make(SCENARIO, TODAY, **given)
