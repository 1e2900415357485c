"""`wavecast gate`: a verdict as an exit code; what cannot be judged fails."""

import json

import pytest

from wavecast import read_plan, read_scenario

LIMIT = {
    "figure": "share_exposed_p95", "side": "at_most", "value": 0.5, "estimate": 0.2, "low": 0.1, "high": 0.3,
    "unit": "share of traffic", "verdict": "holds",
}  # fmt: skip
VERDICT = {"format": 1, "passed": True, "sentence": "it keeps them", "judged": "p", "trials": 100, "limits": [LIMIT]}


@pytest.fixture
def judge(wavecast, tmp_path):
    """Gate a verdict that differs from a good one."""

    def run(*args, limit=None, **changes):
        entry = {**LIMIT, **(limit or {})}
        path = tmp_path / "verdict.json"
        path.write_text(json.dumps({**VERDICT, "limits": [entry], **changes}), encoding="utf-8")
        return wavecast("gate", str(path), *args)

    return run


def test_a_verdict_whose_limits_hold_passes(judge):
    answer = judge()
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines() == [
        "holds: traffic exposed to a defect, 95th percentile: 20 % (10 % to 30 %), at most 50 %",
        "passed",
    ]


@pytest.mark.parametrize(
    ("limit", "word"),
    [
        ({"estimate": 0.6, "low": 0.55, "high": 0.65}, "broken"),
        ({"estimate": 0.4, "high": 0.6}, "undecided"),
        ({"high": None}, "undecided"),
        ({"side": "at_least", "value": 0.15}, "undecided"),
        ({"side": "at_least", "value": 0.25}, "broken"),
        ({"estimate": None, "low": None, "high": None}, "no number"),
        ({"estimate": "infinity", "high": "infinity"}, "broken"),
        ({"estimate": "0.2"}, "no number"),
        ({"estimate": True}, "no number"),
        ({"value": None}, "no number"),
        ({"side": "about"}, "no limit"),
    ],
)
def test_a_limit_that_does_not_hold_fails_whatever_the_words_say(judge, limit, word):
    """`passed` and `verdict` still claim the opposite; the numbers count."""
    answer = judge(limit=limit)
    assert answer.code == 1
    assert word in answer.out.splitlines()[0]
    assert answer.out.endswith("failed\n")


def test_an_estimate_at_the_limit_holds(judge):
    assert judge(limit={"estimate": 0.5, "high": 0.5}).code == 0
    assert judge(limit={"side": "at_least", "value": 0.1, "low": 0.1}).code == 0


def test_nan_in_the_file_is_no_number(wavecast, tmp_path):
    path = tmp_path / "verdict.json"
    path.write_text(json.dumps({**VERDICT, "limits": [{**LIMIT, "estimate": float("nan")}]}), encoding="utf-8")
    assert "NaN" in path.read_text(encoding="utf-8")
    answer = wavecast("gate", str(path))
    assert answer.code == 1 and "no number to judge" in answer.out


@pytest.mark.parametrize(
    "changes",
    [
        {"limits": []},
        {"limits": None},
        {"limits": {}},
        {"trials": 0},
        {"trials": None},
        {"trials": True},
        {"trials": "100"},
    ],
)
def test_nothing_to_judge_fails(judge, changes):
    answer = judge(**changes)
    assert answer.code == 1 and answer.out.startswith("nothing to judge: ")


def test_a_report_that_did_not_pass_does_not_pass_here(judge):
    assert judge(passed=False).code == 1


def test_one_broken_limit_among_many_fails(judge):
    assert judge(limits=[LIMIT, LIMIT]).code == 0
    assert judge(limits=[LIMIT, {**LIMIT, "estimate": 0.9}, LIMIT]).code == 1


def test_the_json_says_the_same(judge):
    answer = judge("--json", limit={"estimate": 0.6})
    found = json.loads(answer.out)
    assert answer.code == 1
    assert (found["passed"], found["judged"], found["sentence"]) == (False, "p", "it keeps them")
    assert len(found["lines"]) == 1


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'{"format": 1,\n "trials": 10', ":2:"),
        (b"", ":1:1:"),
        (b"[1, 2]", ":1:1:"),
        (b'{"format": 2}', ":1:1:"),
        (b"{}", ":1:1:"),
        (b"null", ":1:1:"),
        (b"\xff\xfe\x00", ":1:1:"),
        (b"[" * 100_000, ":1:1:"),
    ],
    ids=["truncated", "empty", "a list", "another format", "no format", "null", "binary", "deep"],
)
def test_what_is_no_verdict_is_code_2(wavecast, tmp_path, content, place):
    path = tmp_path / "verdict.json"
    path.write_bytes(content)
    answer = wavecast("gate", str(path))
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"{path}{place}") and len(answer.err.splitlines()) == 1


def test_a_missing_file_and_a_folder_are_code_2(wavecast, tmp_path):
    for path in (tmp_path / "none.json", tmp_path):
        answer = wavecast("gate", str(path))
        assert (answer.code, answer.out) == (2, "")
        assert len(answer.err.splitlines()) == 1


def test_a_verdict_of_other_inputs_fails(judge, tmp_path):
    """Such as one that an earlier report left; a verdict that names no inputs is of none."""
    plan = read_plan("six-region-three-wave")
    scenario = read_scenario("storefront")
    inputs = {
        "plans": {"p": {"digest": plan.digest}},
        "scenario": {"name": "storefront", "digest": scenario.digest},
    }
    asked = ("--plan", "six-region-three-wave", "--scenario", "storefront")
    assert judge(*asked, **inputs).code == 0
    path = tmp_path / "rules.yaml"
    path.write_text("limits: {share_exposed_p95: {at_most: 0.5}}\n", encoding="utf-8")
    assert judge(*asked, "--rules", str(path), **inputs).code == 0
    path.write_text("rules: {max_waves: 3}\n", encoding="utf-8")
    assert judge(*asked, "--rules", str(path), **inputs).code == 2
    for wrong in (
        judge(*asked),
        judge("--scenario", "storefront-replicated", **inputs),
        judge("--plan", "data/workflows/two-region.yaml", **inputs),
        judge("--rules", "storefront", **inputs),
        judge("--plan", "six-region-three-wave", **{**inputs, "judged": "q"}),
    ):
        assert wrong.code == 1 and "make the report again" in wrong.out
    assert judge("--plan", "nope", **inputs).code == 2
