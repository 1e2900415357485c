"""`wavecast fit`: what it prints and writes, and what it refuses. Not here: the figures (`tests/history/fitting`)."""

import json
import shutil
from pathlib import Path

import pytest

import simulation
from tests.wavecast.conftest import door

DATA = Path(__file__).parents[3] / "data"
ASKED = ("fit", "--scenario", "storefront", "--plan", "six-region-three-wave", "--store")
EARLY = ("--as-of", "2025-06-15T00:00:00Z")  # some sixty rollouts


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fit")


@pytest.fixture(scope="module")
def answer(folder):
    files = ("--out", str(folder / "fitted.yaml"), "--page", str(folder / "fit.html"))
    return door(*ASKED, str(DATA / "history"), *EARLY, *files)


def test_it_writes_a_scenario_that_every_verb_reads(answer, wavecast, folder):
    assert answer.code == 0
    assert wavecast("check", str(folder / "fitted.yaml")).err == "1 file checked: no errors, no warnings\n"
    fitted = simulation.Scenario.read(folder / "fitted.yaml")
    assert fitted.name == "storefront, fitted"
    ran = wavecast(
        "run", "six-region-three-wave", "--scenario", str(folder / "fitted.yaml"), "--trials", "20", "--json"
    )
    assert json.loads(ran.out)["scenario"]["digest"] == fitted.digest


def test_it_prints_every_field_and_what_cannot_be_told(answer):
    head, _, titles, *rows = answer.out.splitlines()
    assert head.endswith(f"rollouts of {DATA / 'history'}.") and titles.split() == [
        "field", "estimate", "95", "%", "n", "unit", "source",
    ]  # fmt: skip
    assert any(row.startswith("deploy ") and " deployments, 2025-04 to 2025-06" in row for row in rows)
    for name in ("severity", "common cause", "blindness"):
        assert any(row.startswith(f"Cannot be told: {name}: ") for row in rows)


def test_json_has_the_same(answer, wavecast):
    found = json.loads(wavecast(*ASKED, str(DATA / "history"), *EARLY, "--json").out)
    names = {row["field"] for row in found["fields"]}
    assert {"deploy", "deploy, p95", "bad release: probability"} <= names
    assert all(row["low"] <= row["estimate"] <= row["high"] for row in found["fields"])
    assert all(f"Cannot be told: {name}: {why}" in answer.out for name, why in found["cannot_tell"].items())
    assert f"{found['rollouts']} rollouts" in answer.out.splitlines()[0]


def test_the_page_needs_nothing_else(answer, folder):
    page = (folder / "fit.html").read_text(encoding="utf-8")
    assert page.count("<img ") == 4 and "<script" not in page and "http" not in page.replace("http://www.w3.org", "")
    assert "What this history cannot tell" in page


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--out", "fitted.txt"), "--out fitted.txt: it ends in .yaml or .yml"),
        (("--page", "nowhere/fit.html"), "--page nowhere/fit.html: there is no folder 'nowhere'; make it first"),
        (
            ("--plan", "storefrnt=six-region-three-wave"),
            f"--plan storefrnt=…: {DATA / 'history'} has no such service; did you mean 'storefront'?",
        ),
        (
            ("--plan", "x=six-region-three-wave"),
            f"--plan x=…: {DATA / 'history'} has no such service; it has checkout, storefront",
        ),
        (("--as-of", "yesterday"), "--as-of yesterday: give an instant with a zone, such as 2026-05-01T00:00:00Z"),
        (("--as-of", "2026-05-01"), "--as-of 2026-05-01: give an instant with a zone, such as 2026-05-01T00:00:00Z"),
    ],
)
def test_bad_input_is_one_line(wavecast, arguments, said):
    found = wavecast(*ASKED, str(DATA / "history"), *arguments)
    assert (found.code, found.err) == (2, f"wavecast: {said}\n")


def test_it_does_not_overwrite_what_it_reads(wavecast, folder):
    base = folder / "base.yaml"
    shutil.copy(DATA / "scenarios" / "storefront.yaml", base)
    before = base.read_bytes()
    (folder.parent / "fleets").mkdir(exist_ok=True)
    shutil.copy(DATA / "fleets" / "storefront.yaml", folder.parent / "fleets")
    found = wavecast("fit", "--store", str(DATA / "history"), "--scenario", str(base), "--out", str(base))
    assert found.code == 2 and "this is what --scenario names, and would be lost" in found.err
    assert base.read_bytes() == before


def test_before_the_first_rollout_there_is_nothing(wavecast):
    found = wavecast(*ASKED, str(DATA / "history"), "--as-of", "2020-01-01T00:00:00Z")
    assert found.code == 1
    assert found.err.endswith("before 2020-01-01T00:00:00Z: nothing can be learnt\n")
