"""`wavecast review`: what a change of waves does, in Markdown that nothing in a name can steer."""

import json
import re

import pytest

# One defect in ten changes hurts for ten minutes. Alone, a region is half the traffic; both at once hurt twice as much,
# 0.1 × 5 fleet-minutes more, and ship in 10 + 30 minutes in the place of 10 + 60 + 10. So a fleet-minute is worth 80.
SCENARIO = """\
fleet: {regions: [{name: a, traffic: 100}, {name: b, traffic: 100}]}
deploy: 10
evidence: 0.000000001
lag: 5
rollback: 5
faults: [{name: bad, probability: 0.1, detection_probability: 1.0}]
"""
TWO = "name: two\nstrategy: blue_green\nwaves: [{regions: [a], bake_minutes: 60}, {regions: [b], bake_minutes: 0}]\n"
ONE = "name: one\nstrategy: blue_green\nwaves: [{regions: [a, b], bake_minutes: 30}]\n"


@pytest.fixture
def review(wavecast, tmp_path):
    """Write the files and review them."""

    def run(base, head, *more, scenario=SCENARIO):
        for name, text in (("base.yaml", base), ("head.yaml", head), ("s.yaml", scenario)):
            (tmp_path / name).write_text(text, encoding="utf-8")
        files = [str(tmp_path / name) for name in ("base.yaml", "head.yaml")]
        return wavecast("review", *files, "--scenario", str(tmp_path / "s.yaml"), "--trials", "2048", *more)

    return run


def test_a_change_worked_by_hand(review, tmp_path):
    answer = review(TWO, ONE)
    out = answer.out.replace("\u00a0", " ")
    assert answer.code == 0
    assert "**It ships 40 min sooner (40 min); a change does 0.5 fleet-minutes more harm (0.5 fleet-minutes).**" in out
    assert "costs less than 80 min of waiting (80 min)" in out
    assert "- `b`: wave 2 → wave 1\n- wave 1: bake of 60 minutes → 30 minutes\n- wave 2: gone" in out
    assert "(bake −30 min, grouping −10 min)" in out and "| −40 min (" in out and "| +0.5 fleet-minutes (" in out
    back = review(ONE, TWO).out.replace("\u00a0", " ")
    assert (
        "It ships 40 min later" in back and "0.5 fleet-minutes less harm" in back and "costs more than 80 min" in back
    )


def test_json_has_the_same(review):
    found = json.loads(review(TWO, ONE, "--json").out)
    assert found["differences"]["minutes_to_ship"]["estimate"] == pytest.approx(-40)
    assert found["differences"]["impact_minutes_mean"]["estimate"] == pytest.approx(0.5)
    assert found["worth"]["estimate"] == pytest.approx(80) and found["passed"] is True
    assert found["changes"][0] == {"kind": "region", "what": "b", "before": "wave 2", "after": "wave 1"}


def test_rules_and_limits_of_the_head_make_the_exit_code(review, tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules: {max_regions_per_wave: 1}\nlimits: {minutes_to_ship: {at_most: 60}}\n", encoding="utf-8")
    broken = review(TWO, ONE, "--rules", str(rules))
    assert (
        broken.code == 1 and "- **broken**: wave 1 has 2 regions, and max\\_regions\\_per\\_wave allows 1" in broken.out
    )
    assert "| at most 60\u00a0min |" in broken.out and "| holds |" in broken.out
    mended = review(ONE, TWO, "--rules", str(rules))
    assert mended.code == 1 and "- mended: max-regions-per-wave" in mended.out and "| **broken** |" in mended.out
    rules.write_text("limits: {minutes_to_ship: {at_most: 100}}\n", encoding="utf-8")
    assert review(ONE, TWO, "--rules", str(rules)).code == 0


def test_a_limit_on_what_a_service_has_needs_one(review, tmp_path):
    """At its line before anything is run; with an objective it is judged: all of a budget is never spent here."""
    rules = tmp_path / "rules.yaml"
    rules.write_text("limits:\n  error_budget_per_month_mean: {at_most: 1}\n", encoding="utf-8")
    for given, lacks in ((), "needs an objective"), (("--objective", "0.9"), "needs changes_a_month"):
        answer = review(ONE, TWO, "--rules", str(rules), *given)
        assert (answer.code, answer.out) == (2, "")
        assert f"{rules}:2:3: error: error_budget_per_month_mean {lacks}" in answer.err
    assert review(ONE, TWO, "--rules", str(rules), "--objective", "0.5", "--changes-a-month", "2").code == 0


def test_a_file_that_is_new_gone_or_equal_is_said_to_be(review):
    new, gone, equal = review("", ONE), review(ONE, ""), review(ONE, ONE.replace("name: one", "name: other"))
    assert (new.code, gone.code, equal.code) == (0, 0, 0)
    assert "The plan is new" in new.out and "The plan is gone" in gone.out and "**Nothing changes**" in equal.out
    assert "| after |" in new.out and "| before |" in gone.out and "difference" not in equal.out
    neither = review("", "")
    assert (neither.code, neither.out, len(neither.err.splitlines())) == (2, "", 1)


def test_what_cannot_be_read_is_exit_code_2(review):
    for head in ("waves: [{regions: [nowhere]}]\n", "waves: [\n", "name: x\n"):
        answer = review(TWO, head)
        assert (answer.code, answer.out) == (2, "") and "head.yaml:" in answer.err


HOSTILE = (
    "<script>alert(1)</script>",
    "../../x",
    "=cmd()",
    "a|b",
    "`@all` #1",
    "[x](http://e.example)",
    "```",
    "n" * 200,
)


def test_no_name_steers_the_page_or_makes_it_too_long(review, tmp_path):
    """Names stand in code, whose fence is longer than any in them; elsewhere what would be markup is escaped."""
    names = [*HOSTILE, *(f"{n:03}{'x' * 190}" for n in range(120))]
    scenario = json.dumps({"fleet": {"regions": [{"name": each, "traffic": 1} for each in names]}, "deploy": 1})
    old, new = ({"waves": [{"regions": each} for each in some]} for some in ([names], [[name] for name in names]))
    rules = tmp_path / "rules.yaml"
    rules.write_text(json.dumps({"rules": {"first": [HOSTILE[5]], "last": [HOSTILE[0], HOSTILE[4]]}}), encoding="utf-8")
    answer = review(json.dumps(old), json.dumps(new), "--trials", "64", "--rules", str(rules), scenario=scenario)
    assert answer.code == 1 and len(answer.out) < 65_536
    assert "more\n" in answer.out and "`` `@all` #1 ``" in answer.out and "```` ``` ````" in answer.out
    outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", answer.out.replace(r"\`", ""))
    assert "script" in outside and "<" not in outside and "@all" not in outside
    assert "](" not in outside.replace(r"\]", "") and "http://" not in outside
    rows = [line for line in answer.out.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in rows[:8]} == {5}
