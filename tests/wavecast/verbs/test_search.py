"""`wavecast search`: what is told, written and refused."""

import json
import re

import pytest

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
    files = sorted(path.name for path in found.iterdir())
    assert len(files) == len(told["plans"]) and "front-1.yaml" in files
    assert all(sorted(Plan.read(found / name).regions) == ["a", "b", "c"] for name in files)
    assert "<svg" in picture.read_text(encoding="utf-8")
    code, out, _ = wavecast("search", *map(str, arguments[:4]))
    assert code == 0 and "worth discussing" in out and "front 1" in out
    row = next(line for line in out.splitlines() if line.startswith("front 1 "))
    assert re.search(r"[\d.]+ \([\d.]+ to [\d.]+ fleet-minutes\) .* min \([^)]* min\) ", row.replace("\u00a0", " "))


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
