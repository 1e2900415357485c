"""What goes wrong before anything is collected: who answers for AWS, how long a pacer may take, what a store is."""

import sqlite3
import time
from contextlib import closing

import pytest

import history
from tests.aws_stand_in import Fault, StandIn
from tests.history.conftest import now
from tests.history.test_verbs import run
from wavecast.verbs.fetch import fetch


@pytest.mark.parametrize("kind", ["html", "xml_for_json"])
def test_a_page_in_the_place_of_sts_is_malformed_and_no_traceback(kind, story, setting):
    with StandIn(story, [Fault(kind, service="sts", operation="GetCallerIdentity")]) as aws:
        report = history.fetch(setting(aws, attempts=1), now=now(story))
    struck = [unit for unit in report.units if unit.unit.stream != "codecatalyst"]
    assert {unit.outcome for unit in struck} == {"malformed"} and report.exit_code == 3
    assert "stand" in struck[0].detail and "between" in struck[0].detail


def test_a_unit_does_not_wait_for_a_turn_that_comes_after_its_deadline(story, setting):
    """One request in 50 s, and 3 s of time: after the first request nothing can come in time."""
    with StandIn(story) as aws:
        began = time.monotonic()
        report = history.fetch(setting(aws, requests_per_second=0.02, deadline_minutes=0.05), now=now(story))
    assert time.monotonic() - began < 20
    assert report.exit_code == 3
    assert any("out of time" in unit.detail for unit in report.units)


@pytest.mark.parametrize("what", ["text", "foreign", "newer"])
def test_a_store_that_cannot_be_read_is_not_a_partial_run(what, story, setting, tmp_path):
    with StandIn(story) as aws:
        config = setting(aws)
        if what == "text":
            config.store_path.write_text("no database " * 200)
        else:
            with closing(sqlite3.connect(config.store_path)) as connection, connection:
                connection.execute("CREATE TABLE other (x)" if what == "foreign" else "PRAGMA user_version = 99")
        code, _, err = run(fetch, "--config", tmp_path / "history.yaml")
        assert code == 2 and len(err.splitlines()) == 1 and str(config.store_path.name) in err
        assert not aws.requests


def test_the_dry_run_names_profile_and_role(write):
    text = (
        "{accounts: [{id: '111122223333', profile: reader, role: 'arn:aws:iam::111122223333:role/history',"
        " regions: [eu-west-1], ecs: {}}]}"
    )
    code, out, _ = run(fetch, "--config", write("history.yaml", text), "--dry-run")
    assert code == 0 and "sts:AssumeRole" in out
    assert "profile reader, role arn:aws:iam::111122223333:role/history" in out


def damaged(path):
    """Put noise into the middle of the rows' pages."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 3)
        file.write(bytes(range(256)) * (path.stat().st_size // 3 // 256))


def test_a_damaged_store_is_told_in_one_line_with_a_remedy(story, setting, tmp_path):
    with StandIn(story) as aws:
        config = setting(aws)
        history.fetch(config, now=now(story))
    damaged(config.store_path)
    with pytest.raises(history.StoreError, match=r"\.recover") as error:
        history.export(config.store_path, tmp_path / "out")
    assert len(str(error.value).splitlines()) == 1
    assert not list((tmp_path / "out").glob("2*")), "half a snapshot stays behind"


@pytest.mark.parametrize("version, word", [(99, "newer than this"), (0, "older than this")])
def test_what_reads_a_store_refuses_another_version_too(version, word, story, setting, tmp_path):
    with StandIn(story) as aws:
        config = setting(aws)
        history.fetch(config, now=now(story))
    with closing(sqlite3.connect(config.store_path)) as connection, connection:
        connection.execute(f"PRAGMA user_version = {version}")
    for read in (history.coverage, lambda store: history.export(store, tmp_path / "out")):
        with pytest.raises(history.StoreError, match=word):
            read(config.store_path)


@pytest.mark.parametrize("target", ["", " ", "s3://", "s3:/bucket/folder", "gs://bucket/folder", "s3://?region=x"])
def test_a_snapshot_goes_to_a_folder_or_to_s3_and_nowhere_else(target, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(history.ExportError, match="name a folder, or s3://bucket/folder"):
        history.export("none.sqlite", target)
    assert not list(tmp_path.iterdir())
