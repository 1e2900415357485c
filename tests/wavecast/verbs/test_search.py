"""`wavecast search`: what is told, written and refused."""

import json
import os
import re
import signal

import pytest

from simulation.searching.keeping import REMEDY
from simulation.searching.tree import Tree
from waves import Plan

SCENARIO = """\
fleet:
  regions:
    - {name: a, traffic: 10}
    - {name: b, traffic: 30}
    - {name: c, traffic: 20}
deploy: 5
faults:
  - {name: bad, probability: 0.2, severity: 0.5}
evidence: {exponential: {mean: 300}}
rollback: 5
"""


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr("simulation.searching.race.RUNGS", (2048, 4096))
    monkeypatch.setattr("simulation.searching.search.RUNGS", (2048, 4096))


def test_plans_are_told_and_written(wavecast, tmp_path, short):
    """The fastest plan there is, all at once without a bake, is the first; each file is a plan of the fleet."""
    (tmp_path / "s.yaml").write_text(SCENARIO, encoding="utf-8")
    found, picture = tmp_path / "found", tmp_path / "front.svg"
    arguments = ("--scenario", tmp_path / "s.yaml", "--bakes", "0,30", "--plans", found, "--out", picture, "--json")
    code, out, _ = wavecast("search", *map(str, arguments))
    told = json.loads(out)
    assert code == 0 and told["finished"] and told["every"] and told["looked_at"] >= 13 * 2
    assert told["plans"]["front 1"]["waves"] == [["a", "b", "c"]]
    assert told["plans"]["front 1"]["bake_minutes"] == [0.0]
    assert told["proof"]["of"] is None and not told["proof"]["plans"]
    assert any(re.fullmatch("the deployment strategy of [abc] is rolling", each) for each in told["proof"]["missing"])
    files = sorted(path.name for path in found.iterdir())
    assert len(files) == len(told["plans"]) and "front-1.yaml" in files
    assert all(sorted(Plan.read(found / name).regions) == ["a", "b", "c"] for name in files)
    assert "<svg" in picture.read_text(encoding="utf-8")
    code, out, _ = wavecast("search", *map(str, arguments[:4]))
    assert code == 0 and "worth discussing" in out and "front 1" in out
    row = next(line for line in out.splitlines() if line.startswith("front 1 "))
    assert re.search(r"[\d.]+ \([\d.]+ to [\d.]+ fleet-minutes\) .* min \([^)]* min\) ", row.replace("\u00a0", " "))


def test_by_other_figures_it_tells_how_far_from_provably_best_plans_are(wavecast, tmp_path, short):
    """A scenario in which closed forms hold: the fastest plan exposes everything, and none can less in its time."""
    plain = SCENARIO.replace(", severity: 0.5", "").replace("rollback: 5", "horizon_minutes: .inf")
    (tmp_path / "s.yaml").write_text(plain, encoding="utf-8")
    today = tmp_path / "today.yaml"
    today.write_text("strategy: blue_green\nwaves:\n  - {regions: [a, b, c], bake_minutes: 30}\n", encoding="utf-8")
    arguments = (str(today), "--scenario", str(tmp_path / "s.yaml"), "--bakes", "0,30")
    figures = ("--objectives", "share_exposed_mean, end_minutes_given_shipped_mean")
    code, out, _ = wavecast("search", *arguments, *figures, "--json")
    told = json.loads(out)
    assert code == 0 and set(told["plans"]["front 1"]["figures"]) == {each.strip() for each in figures[1].split(",")}
    assert told["proof"]["of"] == "all plans with these bakes" and told["proof"]["missing"] == []
    first = told["proof"]["plans"]["front 1"]
    assert first == {"minutes": 5.0, "share_exposed_given_defect_mean": 1.0, "least": 1.0, "above": 0.0}
    assert 0.1 < told["proof"]["plans"]["today"]["above"] < 10
    assert any(each.startswith("Today's plan exposes 100\u00a0%") for each in told["sentences"])
    code, _, err = wavecast("search", *arguments, "--objectives", "impact_minute_mean,minutes_to_ship")
    assert code == 2 and "--objectives" in err and "impact_minutes_mean" in err


@pytest.mark.parametrize(("part", "saves"), [("0.5", True), ("0", False)])
def test_a_race_is_said_to_save_what_it_saves(wavecast, tmp_path, short, part, saves):
    """Where hardly any plan lets another go all run every rung: more rollouts than without, and no word of it."""
    (tmp_path / "s.yaml").write_text(SCENARIO, encoding="utf-8")
    arguments = ("--scenario", str(tmp_path / "s.yaml"), "--bakes", "0,30", "--resolution", part)
    code, out, _ = wavecast("search", *arguments)
    ((looked, ran, saved),) = re.findall(r"([\d,]+) plans looked at in ([\d,]+) rollouts(.*); what is told", out)
    gain = 1 - int(ran.replace(",", "")) / (4096 * int(looked.replace(",", "")))
    assert code == 0 and (gain > 0) == saves and saved == (f", {gain:.0%} fewer than without a race" if saves else "")


@pytest.mark.parametrize(
    ("more", "code", "text"),
    [
        (("--bakes", "0,soon"), 2, "soon"),
        (("--resolution", "2"), 2, "--resolution"),
        (("--seed", str(2**64 - 1)), 2, "give one less; what is told comes from worlds of the seed after it"),
        (("--plans", "s.yaml"), 2, "is a file; name a folder"),
        (("--rules", "r.yaml", "--bakes", "0"), 1, "no plan keeps the rules"),
    ],
)
def test_what_cannot_be_is_one_line(wavecast, tmp_path, monkeypatch, short, more, code, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "r.yaml").write_text("rules: {max_regions_per_wave: 1, max_waves: 2}\n", encoding="utf-8")
    got, _, err = wavecast("search", "--scenario", "s.yaml", *more)
    assert got == code and text in err.strip().splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_tells_the_best_so_far_and_goes_on(wavecast, tmp_path, monkeypatch, short, number):
    """A signal in the second round: the exit code of a shell, the plans so far; the same command ends the search."""
    (tmp_path / "s.yaml").write_text(SCENARIO, encoding="utf-8")
    monkeypatch.setattr("simulation.searching.tree.ROUND", 4)
    kept = tmp_path / "s.search"
    arguments = ("search", "--scenario", str(tmp_path / "s.yaml"), "--bakes", "0,30", "--resume", str(kept))
    with pytest.MonkeyPatch.context() as patch:
        taken: list[None] = []

        def took(tree, own=Tree.took):
            taken.append(own(tree))
            if len(taken) == 2:
                os.kill(os.getpid(), number)

        patch.setattr(Tree, "took", took)
        code, out, err = wavecast(*arguments)
    assert code == 128 + number and "The search was interrupted: better plans may be missing." in out
    assert "front 1" in out and f"the same command goes on from {kept}" in err
    assert signal.getsignal(number) != signal.SIG_IGN and kept.exists()
    code, out, err = wavecast(*arguments)
    assert code == 0 and "interrupted" not in out and not err
    told = re.findall(r"([\d,]+) plans looked at", out)
    assert told == re.findall(r"([\d,]+) plans looked at", wavecast(*arguments[:-2])[1])


def test_interrupted_before_there_is_a_plan_it_is_one_line(wavecast, tmp_path, monkeypatch, short):
    (tmp_path / "s.yaml").write_text(SCENARIO, encoding="utf-8")
    monkeypatch.setattr("simulation.searching.race.Race.enter", lambda *_, **__: os.kill(os.getpid(), signal.SIGTERM))
    code, out, _ = wavecast("search", "--scenario", str(tmp_path / "s.yaml"))
    assert code == 143 and not out


def test_another_search_is_not_gone_on_with(wavecast, tmp_path, short):
    (tmp_path / "s.yaml").write_text(SCENARIO, encoding="utf-8")
    kept, arguments = str(tmp_path / "s.search"), ("search", "--scenario", str(tmp_path / "s.yaml"), "--bakes", "0")
    assert wavecast(*arguments, "--resume", kept).code == 0
    code, out, err = wavecast(*arguments, "--seed", "1", "--resume", kept)
    assert code == 2 and not out and err == f"wavecast: --resume {kept}: is of another seed; {REMEDY}\n"
    assert wavecast(*arguments, "--resume", str(tmp_path / "s.yaml")).code == 2
    code, _, err = wavecast(*arguments, "--resume", str(tmp_path))
    assert code == 2 and len(err.splitlines()) == 1
