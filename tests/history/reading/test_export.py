"""The export: complete, replaced at once, the same bytes for the same rows, harmless in a spreadsheet."""

import csv
import dataclasses
import hashlib
import json
import random
import threading

import pandas as pd
import pyarrow.parquet as pq
import pytest

import history
from history.keeping.store import Store
from history.reading import export
from history.reading import target as place
from history.units import Step, Unit
from tests.history.keeping.test_store import run

UNIT = Unit("acme", "shop", "codecatalyst")


@pytest.fixture
def filled(tmp_path):
    path = tmp_path / "history.sqlite"
    with Store(path) as store:
        number = store.begin_run([UNIT], at=5)
        step = Step(
            "w", [run(2), run(1, status="=1+1", finished=True)], covered=(1_600_000_000_000_000, 1_700_000_000_000_001)
        )
        store.commit(number, UNIT, step, observed_at=5)
    return path


def test_every_table_is_there_in_the_order_of_its_key_with_times_in_utc(filled, tmp_path):
    written = history.export(filled, tmp_path / "out")
    assert set(written.rows) == {table.name for table in history.TABLES}
    assert (written.rows["workflow_runs"], written.rows["incidents"], written.rows["ledger"]) == (2, 0, 1)
    runs = history.read_export(tmp_path / "out", "workflow_runs")
    assert list(runs["id"]) == ["run-1", "run-2"]
    assert list(runs["finished"]) == [True, False]
    known = history.read_export(tmp_path / "out", "coverage")
    assert known["until_at"][0] == pd.Timestamp("2023-11-14T22:13:20.000001Z")
    assert str(known["until_at"].dtype) == "datetime64[us, UTC]"


def test_the_same_rows_give_the_same_bytes(filled, canonical):
    assert canonical(filled) == canonical(filled)


@pytest.mark.parametrize("bytes_at_once", [1, 5 << 20, 1 << 30])
def test_in_whatever_order_rows_came_the_file_is_in_the_order_of_the_key(tmp_path, monkeypatch, bytes_at_once):
    """Whether a row group lies in one piece in the store or all over it, and however many are read in one go."""
    monkeypatch.setattr(export, "ROW_GROUP", 2000)
    monkeypatch.setattr(export, "ROWS_AT_ONCE", 300)
    monkeypatch.setattr(export, "BYTES_AT_ONCE", bytes_at_once)
    raws = [hashlib.sha512(b"%d" % n).hexdigest() * 8 for n in range(4500)]  # beyond a page and a dictionary
    rows = [dataclasses.replace(run(1000 + n), status=f"état {n % 7}", raw=raw) for n, raw in enumerate(raws)]
    found = set()
    for order in (rows, rows[::-1], random.Random(3).sample(rows, len(rows))):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.sqlite"
        with Store(path) as store:
            store.write(order, observed_at=5)
        written = history.export(path, tmp_path / "out")
        file = tmp_path / "out" / written.snapshot / "workflow_runs.parquet"
        found.add(file.read_bytes())
        assert pq.ParquetFile(file).metadata.num_row_groups == 3
        kept = history.read_export(tmp_path / "out", "workflow_runs")
        assert list(kept["id"]) == [row.id for row in rows]
        assert list(kept["status"]) == [row.status for row in rows]
        assert list(kept["raw"]) == raws
    assert len(found) == 1


def test_a_snapshot_that_fails_leaves_the_one_before(filled, tmp_path, monkeypatch):
    target = tmp_path / "out"
    first = history.export(filled, target)
    settled = []

    def full(self, name):
        settled.append(name)
        if len(settled) == 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(place.Place, "settle", full)
    with pytest.raises(history.ExportError, match="No space left"):
        history.export(filled, target)
    assert json.loads((target / "current.json").read_text())["snapshot"] == first.snapshot
    assert [path.name for path in target.iterdir() if path.is_dir()] == [first.snapshot]
    assert len(history.read_export(target, "workflow_runs")) == 2


def test_the_snapshot_before_is_kept_for_its_readers_and_older_ones_go(filled, tmp_path):
    (tmp_path / "out" / "mine").mkdir(parents=True)
    names = [history.export(filled, tmp_path / "out").snapshot for _ in range(3)]
    left = {path.name for path in (tmp_path / "out").iterdir() if path.is_dir()}
    assert names[-1] in left and "mine" in left and len(left) == 3


def test_a_reader_sees_whole_snapshots_while_they_are_replaced(filled, tmp_path):
    target, seen, stop = tmp_path / "out", [], threading.Event()
    history.export(filled, target)

    def read():
        while not stop.is_set():
            seen.append(len(history.read_export(target, "workflow_runs")))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(5):
        history.export(filled, target)
    stop.set()
    reader.join()
    assert set(seen) == {2}


def test_no_cell_of_a_csv_is_a_formula(filled, tmp_path):
    written = history.export(filled, tmp_path / "out", format="csv")
    with open(tmp_path / "out" / written.snapshot / "workflow_runs.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["'=1+1", "IN_PROGRESS"]
    assert rows[0]["started_at"] == "1970-01-01T00:00:00.000001Z" and rows[0]["finished"] == "true"
    assert [export.guarded(text) for text in ("=a", "+a", "-a", "@a", "\ta", "\ra", "a=", "")] == [
        "'=a", "'+a", "'-a", "'@a", "'\ta", "'\ra", "a=", "",
    ]  # fmt: skip


def test_an_export_is_one_moment_of_a_store_that_is_being_written(filled, tmp_path, monkeypatch):
    """Rows that come while it runs are in none of its tables."""
    real = export._write

    def write(connection, table, place, name):
        with Store(filled) as store:
            store.write([run(100 + len(name))], observed_at=1)
        return real(connection, table, place, name)

    monkeypatch.setattr(export, "_write", write)
    assert history.export(filled, tmp_path / "out").rows["workflow_runs"] == 2


@pytest.mark.parametrize("target", ["s3://AKIACANARY:s3cr3tcanary@bucket/x", "nosuch://bucket"])
def test_an_address_that_cannot_be_used_is_one_line_without_secrets(filled, target):
    with pytest.raises(history.ExportError) as error:
        history.export(filled, target)
    assert "s3cr3tcanary" not in str(error.value) and "\n" not in str(error.value)


def test_no_store_and_no_snapshot_are_told_apart(tmp_path):
    with pytest.raises(history.StoreError, match="there is no store"):
        history.export(tmp_path / "none.sqlite", tmp_path / "out")
    with pytest.raises(history.ExportError, match="there is no snapshot here"):
        history.read_export(tmp_path / "out", "incidents")
    with pytest.raises(history.ExportError, match="there is no table 'incident'"):
        history.read_export(tmp_path / "out", "incident")


@pytest.fixture
def s3(monkeypatch):
    """A local S3 server with an empty bucket."""
    from moto.server import ThreadedMotoServer

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATESTTESTTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    import boto3

    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
    client.create_bucket(Bucket="kept")
    yield f"s3://kept/history?scheme=http&region=us-east-1&endpoint_override={host}:{port}"
    client.close()
    server.stop()


def test_a_snapshot_in_s3_is_read_and_replaced_as_on_disk(filled, s3):
    names = [history.export(filled, s3).snapshot for _ in range(3)]
    assert len(set(names)) == 3
    assert list(history.read_export(s3, "workflow_runs")["id"]) == ["run-1", "run-2"]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"format": "parquet"}', b"null"])
def test_a_snapshot_that_nothing_names_is_told_by_its_file(filled, tmp_path, content):
    history.export(filled, tmp_path / "out")
    (tmp_path / "out" / "current.json").write_bytes(content)
    with pytest.raises(history.ExportError, match=r"current\.json does not name a snapshot; export it anew"):
        history.read_export(tmp_path / "out", "workflow_runs")


def test_a_table_that_is_missing_from_a_snapshot_is_named(filled, tmp_path):
    written = history.export(filled, tmp_path / "out")
    next((tmp_path / "out").glob(f"{written.snapshot}/coverage.parquet")).unlink()
    with pytest.raises(history.ExportError, match=r"coverage\.parquet is missing from the snapshot; export it anew"):
        history.read_export(tmp_path / "out", "coverage")
