"""The sample history in data/history/: plainly synthetic, readable, and in agreement with its truth and its seed."""

import csv
import importlib
import json
import re

import pytest

import history
from history.records import RECORDS, columns
from history.sources import OWN_TABLES

OWN = {table.TABLE for table in OWN_TABLES}  # of sources that came after the sample was made
ACCOUNTS = {"111122223333", "444455556666"}  # those of AWS's documentation
COUNTED = (
    "service_deployments",
    "alarm_changes",
    "workflows",
    "workflow_runs",
    "pipeline_executions",
    "pipeline_actions",
    "incidents",
)


@pytest.fixture(scope="module")
def folder(root):
    return root / "data" / "history"


@pytest.fixture(scope="module")
def truth(folder):
    return json.loads((folder / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def maker(root):
    return importlib.import_module("tools.make_sample_history")


def test_it_says_that_it_is_synthetic_with_its_seed_and_how_it_is_made(folder, truth, maker):
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert text.startswith("# A sample history: synthetic\n")
    assert f"| seed | {maker.SEED} |" in text and truth["seed"] == maker.SEED
    assert truth["synthetic"] is True
    assert ".venv/bin/python -m tools.make_sample_history" in text
    bad = sum(bool(rollout["harm"]) for rollout in truth["rollouts"])
    assert f"| {truth['counts']['service_deployments']:,}, in {len(truth['rollouts'])} rollouts of" in text
    assert f"| {bad} |" in text


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.TABLE)
def test_every_table_is_read_with_its_columns(folder, kind):
    frame = history.read_export(folder, kind.TABLE)
    assert list(frame.columns) == [column.name for column in columns(kind)]
    assert not frame.duplicated(list(kind.KEY)).any()


def test_the_columns_are_those_of_the_docs(folder, root):
    page = (root / "docs" / "history.md").read_text(encoding="utf-8").split("\n## Tables\n")[1].split("\n## ")[0]
    told = re.findall(r"^\| `(\w+)` \| [^|]+ \| (\w+, [^|]+) \|$", page, re.M)
    shared = ["version", "finished", "lost", "observed_at", "raw"]
    assert {table for table, _ in told} == {table.name for table in history.TABLES}
    told = [(table, text) for table, text in told if table not in OWN]
    for table, text in told:
        listed = [name for name in re.sub(r" \([^)]*\)", "", text).split(", ")]
        found = list(history.read_export(folder, table).columns)
        assert found == listed + (shared if table not in ("coverage", "ledger") else []), table


@pytest.mark.parametrize("table", COUNTED)
def test_as_much_was_collected_as_there_was(folder, truth, table):
    assert set(truth["counts"]) == set(COUNTED)
    assert len(history.read_export(folder, table)) == truth["counts"][table] > 0


def test_every_deployment_is_one_of_the_truth_and_only_what_begins_after_the_end_is_missing(folder, truth):
    collected = set(history.read_export(folder, "service_deployments")["arn"])
    end = history.read_export(folder, "coverage")["until_at"].max().timestamp() * 1000
    told = {arn: rollout for rollout in truth["rollouts"] for arn in rollout["deployments"]}
    assert collected <= told.keys() | set(truth["no_rollout"])
    assert all(told[arn]["ended"] > end for arn in told.keys() - collected)


def test_every_rollout_that_hurt_somebody_before_the_end_has_its_incident(folder, truth):
    with open(folder / "incidents.csv", encoding="utf-8", newline="") as file:
        written = {row["id"]: row for row in csv.DictReader(file)}
    end = history.read_export(folder, "coverage")["until_at"].max().timestamp() * 1000
    hurt = {
        f"incident-{rollout['number']}": rollout
        for rollout in truth["rollouts"]
        if rollout["harm"] and min(begin for begin, _ in rollout["harm"].values()) <= end
    }
    imported = history.read_export(folder, "incidents").set_index("id")
    assert written.keys() == hurt.keys() == set(imported.index)
    for each, rollout in hurt.items():
        assert written[each]["digest"] == imported.loc[each, "digest"] == rollout["digest"]
        assert json.loads(str(imported.loc[each, "regions"])) == list(rollout["harm"])


def test_all_units_were_looked_at_in_every_run_and_there_are_no_gaps(folder, maker):
    ledger, coverage = history.read_export(folder, "ledger"), history.read_export(folder, "coverage")
    assert set(ledger["outcome"]) == {"ok", "empty"}
    assert ledger["run"].nunique() == maker.RUNS
    assert not coverage.duplicated(["account", "region", "stream", "part"]).any()
    assert set(coverage["until_at"]) == {maker.UNTIL}
    assert len(set(history.read_export(folder, "service_deployments")["region"])) == 6


def test_the_seed_still_gives_this_history(truth, maker):
    """Where the model or the stand-in has changed: make the sample anew, as its README says."""
    again = maker.truth(maker.story())
    assert again["counts"] == truth["counts"]
    same = ("number", "commit", "digest", "outcome", "faults", "alarm_region", "deployments")
    assert [[rollout[key] for key in same] for rollout in json.loads(json.dumps(again["rollouts"]))] == [
        [rollout[key] for key in same] for rollout in truth["rollouts"]
    ]


def test_it_is_small_and_names_no_machine_and_no_real_account(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 2_000_000
    texts = [path.read_text(encoding="utf-8") for path in files if path.suffix != ".parquet"]
    texts += [history.read_export(folder, table.name).to_csv() for table in history.TABLES if table.name not in OWN]
    everything = "\n".join(texts)
    assert set(re.findall(r"(?<=:)\d{12}(?=:)", everything)) == ACCOUNTS
    assert not re.findall(r"localhost|127\.0\.0\.1|file://|(?<![\w.])/(?:home|tmp|root|Users)/", everything)


def test_the_files_are_those_of_one_snapshot(folder):
    """A snapshot from before would be carried along for good."""
    current = json.loads((folder / "current.json").read_text(encoding="utf-8"))
    assert [path.name for path in folder.iterdir() if path.is_dir()] == [current["snapshot"]]
    files = {path.stem for path in (folder / current["snapshot"]).iterdir()}
    assert files - OWN == {table.name for table in history.TABLES} - OWN
