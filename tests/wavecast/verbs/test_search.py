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
        (("--bakes", ""), 2, "'--bakes': an empty value; give a number of minutes from 0 to"),
        (("--bakes", "0,,30"), 2, "an empty value; give a number of minutes"),
        (("--seed", str(2**64 - 1)), 2, "give a whole number from 0 to 18,446,744,073,709,551,614"),
        (("--plans", "s.yaml"), 2, "--plans s.yaml: is a file; name a folder"),
        (("--plans", ""), 2, "--plans has an empty value; name a folder"),
        (
            ("--plans", "/proc/found"),
            2,
            "/proc/found: cannot be made: No such file or directory; name a folder",
        ),
        (("--plans", "found", "--resume", "found/front-1.yaml"), 2, "may be written over there; name another folder"),
        (("--resume", "found"), 2, "--resume found: this is a folder; name a file"),
        (("--resume", "no/s.search"), 2, "--resume no/s.search: there is no folder 'no'; make it first"),
        (("--resume", "/proc/s.search"), 2, "--resume /proc/s.search: No such file or directory; name a file that can"),
        (("--resume", "x.svg", "--out", "./x.svg"), 2, "--resume x.svg: this is --out, too; name another file"),
        (("--rules", "r.yaml", "--bakes", "0"), 1, "no plan keeps the rules: no plan for the fleet's 3 regions keeps"),
        (
            ("--rules", "strange.yaml"),
            2,
            "strange.yaml:1:17: error: region 'nowhere' is not in the fleet; it has a",
        ),
    ],
)
def test_what_cannot_be_is_one_line(wavecast, tmp_path, monkeypatch, short, more, code, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "found").mkdir()
    (tmp_path / "s.yaml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "r.yaml").write_text("rules: {max_regions_per_wave: 1, max_waves: 2}\n", encoding="utf-8")
    (tmp_path / "strange.yaml").write_text("rules: {first: [nowhere], max_waves: 2}\n", encoding="utf-8")
    got, _, err = wavecast("search", "--scenario", "s.yaml", *more)
    assert got == code and text in err.strip().splitlines()[-1]
    assert not list((tmp_path / "found").iterdir())


def test_plans_of_another_search_are_told_and_replaced_ones_counted(wavecast, tmp_path, short):
    """What is there and was not written stays, and is named; nobody's own files are spoken of."""
    (tmp_path / "s.yaml").write_text(SCENARIO, encoding="utf-8")
    found = tmp_path / "found"
    found.mkdir()
    for name in ("front-1.yaml", "front-77.yaml", "front-77.yaml.old", "own.yaml"):
        (found / name).write_text("mine", encoding="utf-8")
    arguments = ("search", "--scenario", str(tmp_path / "s.yaml"), "--bakes", "0", "--plans", str(found))
    code, _, err = wavecast(*arguments)
    assert code == 0 and f" plans to {found}, 1 of them in the place of files of that name\n" in err
    assert f"warning: {found}: front-77.yaml did not come from this search; remove" in err and "own" not in err
    assert Plan.read(found / "front-1.yaml").waves and (found / "front-77.yaml").read_text(encoding="utf-8") == "mine"
    code, _, err = wavecast(*arguments[:3], *arguments[5:], str(found / "front-1.yaml"))
    assert code == 2 and "the plan of today, may be written over there; name another folder" in err


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
    arguments, kept = ("search", "--scenario", str(tmp_path / "s.yaml")), str(tmp_path / "s.search")
    for more, again in (((), "begins anew"), (("--resume", kept), f"goes on from {kept}")):
        code, out, err = wavecast(*arguments, *more)
        assert code == 143 and not out
        assert err.endswith(f"wavecast: nothing was found yet; the same command {again}\n")


def test_another_search_is_not_gone_on_with(wavecast, tmp_path, short):
    (tmp_path / "s.yaml").write_text(SCENARIO, encoding="utf-8")
    kept, arguments = str(tmp_path / "s.search"), ("search", "--scenario", str(tmp_path / "s.yaml"), "--bakes", "0")
    assert wavecast(*arguments, "--resume", kept).code == 0
    code, out, err = wavecast(*arguments, "--seed", "1", "--resume", kept)
    assert code == 2 and not out and err == f"wavecast: --resume {kept}: is of another seed; {REMEDY}\n"
    assert wavecast(*arguments, "--resume", str(tmp_path / "s.yaml")).code == 2
    code, _, err = wavecast(*arguments, "--resume", str(tmp_path))
    assert code == 2 and len(err.splitlines()) == 1
