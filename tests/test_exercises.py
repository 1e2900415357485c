"""The notebook that teaches: what it claims is true in its own numbers, and its exercises are cut from their solutions.

Expected values are those of the closed forms (docs/model.md, rule 24), worked out here by hand. All its cells are run
in this process, solutions included; that the copy to work in runs as it is, `tests/test_browser.py` sees to.
"""

import ast
import math
from typing import Any

import nbformat
import pytest

from simulation import lessons
from tools import cut_exercises

TRAFFIC = {
    "eu-north-1": 4,
    "us-west-2": 15,
    "ap-southeast-2": 9,
    "us-east-1": 42,
    "eu-west-1": 26,
    "ap-northeast-1": 18,
}
SHARE = {name: each / 114 for name, each in TRAFFIC.items()}
DEPLOY, BAKE, EVIDENCE, SEVERITY = 6, 30, 40_000, 0.2
FAR = 4.892 / 1.96  # halves of a 95 % interval that an estimate may be off at α = 1e-6


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """Everything that the cells leave; and what each shows, by its id after a colon."""
    book = nbformat.read(cut_exercises.SOURCES / "1-why-waves.ipynb", as_version=4)
    names: dict[str, Any] = {"__annotations__": {}}
    for cell in book.cells:
        if cell.cell_type == "code" and cell.id != "guard":
            body = ast.parse(cell.source).body
            shown = body.pop() if isinstance(body[-1], ast.Expr) else None
            exec(compile(ast.Module(body, []), cell.id, "exec"), names)
            if shown is not None:
                names[f":{cell.id}"] = eval(compile(ast.Expression(shown.value), cell.id, "eval"), names)
    return names


def hazard(severity: float = SEVERITY) -> float:
    """Alarms a minute while all traffic is exposed."""
    return severity * 114_000 / EVIDENCE


def exposed(*waves: list[str]) -> float:
    """E[share_exposed] of rule 24."""
    seen_by_none, before, total = 1.0, 0.0, 0.0
    for wave in waves:
        before += sum(SHARE[name] for name in wave)
        after = seen_by_none * math.exp(-hazard() * before * (BAKE + DEPLOY))
        total, seen_by_none = total + before * (seen_by_none - after), after
    return total + seen_by_none


THREE = [["eu-north-1"], ["us-west-2", "ap-southeast-2"], ["us-east-1", "eu-west-1", "ap-northeast-1"]]


def near(found: Any, expected: float) -> bool:
    return abs(found.value - expected) <= FAR * (found.high - found.low) / 2 + 1e-9


def test_every_claim_holds_in_its_own_numbers(told):
    claims = [each for name, each in told.items() if isinstance(each, lessons.Lesson) and "solution" not in name]
    assert len(claims) == 9
    assert all(each.holds for each in claims)
    assert all("What was measured" in each._repr_html_() and each.sentence in each._glance() for each in claims)


def test_harm_until_the_alarm_is_the_evidence_whatever_the_waves(told):
    """E[impact] = evidence over traffic; what is exposed is another matter."""
    found = told[":before"].figures
    for name, share in (("all at once", 1.0), ("three waves", exposed(*THREE))):
        assert near(found[f"{name}: harm"], EVIDENCE / 114_000) and near(found[f"{name}: share"], share)
    assert near(found["one at a time: harm"], EVIDENCE / 114_000)
    assert near(told[":before-solution"].figures["three waves: harm"], EVIDENCE / 114_000)  # twice as severe


def test_a_minute_after_the_alarm_costs_what_is_exposed(told):
    found = told[":after"].figures
    assert near(found["all at once"], SEVERITY) and near(found["three waves"], SEVERITY * exposed(*THREE))


def test_waves_spare_what_shares_a_cause(told):
    """One cause: all that waves do not expose. Each for itself: next to nothing, as few regions are bad at once."""
    spared = told[":common"].figures
    assert near(spared["one cause"], 1 - exposed(*THREE))
    alone = told["own"].outcomes["all at once"].estimate("share_exposed_mean")[0]
    assert near(alone, 0.02) and spared["each for itself"].low < 0.05


def test_partners_hurt_at_once_only_where_both_are_on_it(told):
    """Apart, the first pair is complete when the second wave begins."""
    found = told[":partners"].figures
    reached = math.exp(-hazard() * (SHARE["eu-north-1"] + SHARE["us-west-2"]) * (BAKE + DEPLOY))
    assert found["pairs in one wave"].value == 1.0 and near(found["pairs apart"], reached)


def test_a_canary_of_five_percent_sees_nothing_below_twenty(told):
    canary = told["dilution"].values["a canary of 5 % everywhere"]
    for severity, each in canary.items():
        unseen = math.exp(-hazard(severity) * 0.05 * 60) if severity >= 0.2 else 1.0
        assert near(each, 0.05 + 0.95 * unseen), severity


def test_what_gets_past_the_first_wave(told):
    for name, curve in told["passed"].values.items():
        for minutes, each in curve.items():
            assert near(each, math.exp(-hazard(0.02) * SHARE[name] * (minutes + DEPLOY))), (name, minutes)


def test_most_of_what_fewer_waves_save_is_ninety_minutes_of_baking(told):
    """Six bakes of 30 against three; what is repeated after a halt, about one in twenty, bakes again."""
    assert 90 <= -told[":bake"].figures["bake"].value <= 99


def test_what_no_alarm_sees_costs_the_same(told):
    """A million complaints' worth of failures, and 30 minutes with all of the traffic on it, whatever the waves."""
    found = told[":blind"].figures
    cost = 1_000_000 / 114_000 + 30 * SEVERITY
    assert [found[f"{name}: harm"].value for name in told["both"]] == pytest.approx([cost, cost])
    assert [found[f"{name}: share"].value for name in told["both"]] == pytest.approx([1.0, 1.0])


def test_the_incident_is_retold_with_its_numbers(told):
    """28 % for 25 minutes; in waves, by hand: eu-north-1 for 53.5 minutes, the second wave for 22.5."""
    retold = told["retold"]
    assert retold.first.row.impact_minutes == pytest.approx(7.0)
    assert retold.second.row.impact_minutes == pytest.approx(0.28 * (4 * 53.5 + 24 * 22.5) / 114)
    assert told[":incident-solution"].second.row.regions_exposed == 1


def test_the_readers_own_rule_is_in_the_picture(told):
    """A region that hurts from minute 6 is seen by a probe at minute 10, long before its alarm."""
    assert told["probed"].row.detected_minutes == 10.0 < told[":model"].row.detected_minutes
    assert "validation" in set(told["probed"].events["remark"])


def test_exercises_are_cut_from_their_solutions():
    """Written by `make docs`; whatever is tagged as a solution is not in it, and all else is."""
    for place, text in cut_exercises.exercises().items():
        assert place.read_text(encoding="utf-8") == text
        cells = nbformat.read(place, as_version=4).cells
        assert sum(cell.source == cut_exercises.STUB for cell in cells) == 14
        assert sum(cell.source.startswith("**Exercise ") for cell in cells) == 14
        assert "class Probed" not in text and '"solution"' not in text


def test_a_claim_that_does_not_hold_is_not_said_to(told):
    """With a slow way back harm does depend on the waves, and the sentence says what was measured."""
    names = told
    slow = names["simulation"].compare(names["both"], names["slower"][30], trials=400, seed=1)
    lesson = lessons.before_the_alarm(slow)
    assert not lesson.holds and "Here it is not so" in lesson._repr_html_()
