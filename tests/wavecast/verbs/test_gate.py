"""`wavecast gate`: a verdict as an exit code; nothing passes but a whole verdict that says one thing throughout."""

import datetime as dt
import json
import os

import pytest

import simulation
from simulation.analysis.verdict import digest_of
from tests.verdicts import changed, made

JUDGED = "six-region-three-wave"


@pytest.fixture
def judge(wavecast, tmp_path):
    """Gate the good verdict with other values; `sealed` as in `changed`."""

    def run(*args, sealed=True, **places):
        path = tmp_path / "verdict.json"
        places = {place.replace("__", "/"): value for place, value in places.items()}
        path.write_text(json.dumps(changed(places, sealed=sealed)), encoding="utf-8")
        return wavecast("gate", str(path), *args)

    return run


def test_a_verdict_whose_limits_hold_passes(judge):
    answer = judge()
    assert (answer.code, answer.err) == (0, "")
    first, *_, made_at, last = answer.out.splitlines()
    assert first.startswith("holds: chance of shipping: ") and first.endswith(", at least 50 %")
    assert made_at.startswith("made 20") and made_at.endswith(" ago")
    assert (last, len(answer.out.splitlines())) == ("passed", 5)


@pytest.mark.parametrize(
    ("places", "word"),
    [
        ({"estimate": 0.3, "low": 0.2, "high": 0.4}, "the limits say that it holds"),
        ({"low": 0.4}, "straddles"),
        ({"low": None, "high": None}, "nobody knows"),
        ({"estimate": None, "low": None, "high": None}, "no number"),
        ({"estimate": "infinity", "low": None, "high": None}, "out of range"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_the_figures_do_not_bear_fails_whatever_the_words_say(judge, places, word):
    """`passed`, `sentence` and each limit's `verdict` still claim that it holds; its digest was made anew."""
    answer = judge(**{f"probability_shipped__{key}": value for key, value in places.items()})
    assert answer.code == 1
    assert answer.out.startswith("nothing to judge: ") and answer.out.endswith("failed\n")


@pytest.mark.parametrize(
    "places",
    [
        {"low": 0.9, "high": 0.6},
        {"estimate": 0.99, "low": 0.7, "high": 0.9},
        {"estimate": 0.6, "low": 0.7, "high": 0.9},
        {"low": None},
        {"high": None},
        {"estimate": 1.5, "high": 1.6},
        {"estimate": True},
        {"estimate": "0.86"},
        {"estimate": float("nan")},
        {"high": float("inf")},
    ],
    ids=str,
)
def test_an_interval_that_cannot_be_fails(judge, places):
    answer = judge(**{f"probability_shipped__{key}": value for key, value in places.items()})
    assert answer.code == 1
    first = answer.out.splitlines()[0]
    assert first.startswith("nothing to judge: ") and ("probability_shipped" in first or "limits.0." in first)


def leaves(value, way=()):
    """Return the way to every key and place of a verdict, without those of most figures."""
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            here = (*way, str(key))
            if len(here) != 3 or here[0] != "figures" or here[2].startswith(("probability_s", "minutes")):
                yield "/".join(here)
                yield from leaves(each, here)


def value_at(place):
    value = made()
    for step in place.split("/"):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def test_a_verdict_without_one_of_its_parts_fails():
    """Whatever is left out: a plan, a scenario, a figure, a field of one; also where its digest is made anew.

    But for a region of a plan's, which the digest alone shows: plans need not have every region.
    """
    places = [place for place in leaves(made()) if place != "digest"]
    assert len(places) > 80
    for place in places:
        forged = "/waves/" not in place
        assert simulation.gate(changed({place: ...}, sealed=forged))[0] == 1, place


def test_a_verdict_changed_in_one_place_fails():
    """Its digest shows it, and nobody has to know what belongs there."""
    passed = []
    for place in leaves(made()):
        was = value_at(place)
        if isinstance(was, dict | list):
            continue
        other = not was if isinstance(was, bool) else f"{was}x" if isinstance(was, str) else (was or 0) + 1e-6
        code, lines = simulation.gate(changed({place: other}, sealed=False))
        assert all(line.startswith("nothing to judge: ") for line in lines)
        passed += [place] * (code == 0)
    assert passed == []


@pytest.mark.parametrize(
    ("places", "word"),
    [
        ({"passed": False}, "passed is False, and every limit holds"),
        ({"sentence": "it is fine"}, "the sentence is not that of its figures"),
        ({"limits/0/verdict": "broken"}, "verdict is 'broken', and of the figures 'holds'"),
        ({"limits/0/low": 0.01}, "low is 0.01, and of the figures"),
        ({"limits/0/value": 1.2}, "probabilities and shares are from 0 to 1"),
        ({"limits/0/value": None}, "give a number"),
        ({"limits/0/side": "about"}, "limits.0.side is 'about'"),
        ({"limits/0/figure": "nonsense"}, "nonsense is missing"),
        ({"limits": []}, "no figure"),
        ({"limits": None}, "limits is None"),
        ({"limits": {}}, "limits is {}"),
        ({"trials": 0}, "trials is 0"),
        ({"trials": None}, "trials is None"),
        ({"trials": True}, "trials is True"),
        ({"trials": "100"}, "trials is '100'"),
        ({"trials": 10**29}, "the sentence is not that of its figures"),
        ({"seed": -1}, "seed is -1"),
        ({"made": "yesterday"}, "no date and time"),
        ({"made": "2026-01-01T00:00:00"}, "no zone"),
        ({"made": "2999-01-01T00:00:00+00:00"}, "in the future"),
        ({"kit": "0.0.1"}, "it was made by wavecast 0.0.1, and this is"),
        ({"judged": "all at once"}, "the first plan is six-region-three-wave"),
        ({"judged": "nobody"}, "the first plan is"),
        ({"plans": {}}, "plans is {}"),
        ({"figures": {}}, "there are figures of nothing"),
        ({"digest": 5}, "digest is 5"),
        ({"bonus": 1}, "bonus is 1"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_verdict_at_odds_with_itself_fails(judge, places, word):
    answer = judge(
        sealed="digest" not in places, **{place.replace("/", "__"): value for place, value in places.items()}
    )
    assert answer.code == 1
    assert any(word in line for line in answer.out.splitlines()), answer.out


def test_a_limit_that_stands_there_twice_fails(judge):
    answer = judge(limits=[made()["limits"][n] for n in (0, 0, 2)])
    assert answer.code == 1 and "a limit stands there twice" in answer.out


def test_without_limits_nothing_passes(wavecast, tmp_path):
    """A whole verdict of a report of which nobody asked a judgement."""
    found = made()
    del found["figures"][JUDGED]["probability_regions_exposed_at_least_2"]
    words = f"No limits were set for {JUDGED}, so nothing was judged"
    found |= {"limits": [], "passed": False, "sentence": words}
    path = tmp_path / "verdict.json"
    path.write_text(json.dumps(found | {"digest": digest_of(found)}), encoding="utf-8")
    answer = wavecast("gate", str(path))
    assert (answer.code, answer.out) == (1, "nothing to judge: no limits were set\nfailed\n")


def test_the_json_says_the_same(judge):
    good, bad = judge("--json"), judge("--json", probability_shipped__low=0.4)
    found = json.loads(good.out)
    assert (good.code, found["passed"], found["judged"], len(found["lines"])) == (0, True, JUDGED, 3)
    assert found["sentence"] == made()["sentence"]
    assert (bad.code, json.loads(bad.out)["passed"]) == (1, False)


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
        (b'{"format": 1, "trials": ' + b"9" * 5000 + b"}", ":1:1:"),
        (b'{"format": 1, "trials": ' + b"9" * 400 + b"}", ":1:1:"),
        (b'{"format": 1, "passed": false, "passed": true}', ":1:1:"),
        (b'{"format": true}', ":1:1:"),
    ],
    ids=[
        "truncated", "empty", "a list", "another format", "no format", "null", "binary", "deep", "5,000 digits",
        "400 digits", "a key twice", "a format that is none",
    ],
)  # fmt: skip
def test_what_is_no_verdict_is_code_2(wavecast, tmp_path, content, place):
    path = tmp_path / "verdict.json"
    path.write_bytes(content)
    answer = wavecast("gate", str(path))
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"{path}{place}") and len(answer.err.splitlines()) == 1


def test_what_is_no_file_is_code_2(wavecast, tmp_path):
    """Nothing there, a folder, a pipe that nobody writes to, a device."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none.json", tmp_path, tmp_path / "pipe", "/dev/zero", "/dev/null"):
        answer = wavecast("gate", str(path))
        assert (answer.code, answer.out) == (2, "")
        assert len(answer.err.splitlines()) == 1


def test_what_names_hold_steers_no_terminal(judge):
    """Escapes, a newline, half a character: in words and in names, one line each."""
    evil = "\x1b[2J\n::set-output\ud800"
    for places in ({"judged": evil}, {"plans__x": evil}, {"sentence": evil}, {evil: 1}):
        answer = judge(**places)
        assert answer.code == 1
        assert "\x1b" not in answer.out and not any(line.startswith("::") for line in answer.out.splitlines())


def test_a_verdict_of_other_inputs_fails(judge, tmp_path):
    """Such as one that an earlier report left."""
    asked = ("--plan", "six-region-three-wave", "--scenario", "storefront")
    assert judge(*asked).code == 0
    path = tmp_path / "rules.yaml"
    path.write_text("limits: {probability_shipped: {at_least: 0.5}}\n", encoding="utf-8")
    assert judge(*asked, "--rules", str(path)).code == 0
    path.write_text("rules: {max_waves: 3}\n", encoding="utf-8")
    assert judge(*asked, "--rules", str(path)).code == 2
    for wrong in (
        judge("--scenario", "storefront-replicated"),
        judge("--plan", "data/workflows/two-region.yaml"),
        judge("--rules", "storefront"),
        judge(*asked, scenario__digest="0" * 12),
    ):
        assert wrong.code == 1 and "make the report again" in wrong.out
    assert judge("--plan", "nope").code == 2


@pytest.mark.parametrize(
    ("run", "word"),
    [
        ({"start_time": "2999-01-01T00:00:00+00:00"}, "is of a later run than this verdict, which left none"),
        ({"start_time": "2020-01-01T00:00:00+00:00", "exception": True, "end_time": "x"}, "is of a run that failed"),
        ({"start_time": "2020-01-01T00:00:00+00:00"}, "is of a run that has not ended"),
        ({"start_time": "2020-01-01T00:00:00+00:00", "end_time": "2020-01-01T00:01:00+00:00"}, ""),
        ({}, ""),
        (5, "it is no executed notebook"),
    ],
    ids=["later", "failed", "not ended", "of it", "in Lab", "no run"],
)
def test_a_verdict_of_another_run_fails(judge, tmp_path, run, word):
    """A kernel that never starts takes nothing away; the notebook that papermill writes shows that it was tried."""
    report = tmp_path / "elsewhere.ipynb"
    report.write_text(json.dumps({"metadata": {"papermill": run}}), encoding="utf-8")
    answer = judge("--report", str(report))
    assert answer.code == (0 if not word else 2 if run == 5 else 1) and word in answer.out + answer.err
    report.rename(tmp_path / "report.ipynb")
    assert judge().code == answer.code, "and found beside the verdict"
    assert judge("--report", str(report)).code == 2, "none of that name"


def test_a_verdict_that_an_earlier_run_left_fails(judge, tmp_path):
    """Where nothing was ever started, only the time shows it: of a file that was touched before, or as it is given."""
    mark = tmp_path / "begun"
    mark.touch()
    when = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    for seconds, code in ((-1, 0), (0, 1), (1, 1), (3600, 1)):
        then = when + dt.timedelta(seconds=seconds)
        os.utime(mark, (then.timestamp(), then.timestamp()))
        zoned = then.astimezone(dt.timezone(dt.timedelta(hours=-7))).isoformat()
        for given in (str(mark), zoned):
            answer = judge("--newer-than", given, made=when.isoformat())
            assert answer.code == code, (seconds, given)
            assert code == 0 or "an earlier run left it; make the report again" in answer.out


@pytest.mark.parametrize("given", ["no-such-file", "2026-03-01T12:00:00", "yesterday", "\0", "", "a\nb"])
def test_what_says_no_time_is_code_2(judge, given):
    answer = judge("--newer-than", given)
    assert (answer.code, answer.out) == (2, "") and len(answer.err.splitlines()) == 1
    assert "touch a file before the report begins" in answer.err
