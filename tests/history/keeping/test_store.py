"""The store: what is newer stays, a step is whole or not at all, and no version is mistaken for another."""

import dataclasses
import sqlite3
import threading
from contextlib import closing
from typing import Any

import pytest

from history.keeping.file import StoreError
from history.keeping.migrations import MIGRATIONS
from history.keeping.statements import merge
from history.keeping.store import Store
from history.records import RECORDS, WorkflowRun, columns
from history.units import Scan, Step, Unit

UNIT = Unit("acme", "shop", "codecatalyst")


def run(number: int, *, version: int = 10, status: str = "IN_PROGRESS", finished: bool = False) -> WorkflowRun:
    return WorkflowRun(
        space="acme",
        project="shop",
        id=f"run-{number}",
        workflow="w",
        workflow_name="release",
        status=status,
        started_at=number,
        ended_at=None,
        updated_at=version,
        version=version,
        finished=finished,
        raw="{}",
    )


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "history.sqlite") as opened:
        yield opened


def statuses(store):
    return dict(store.select("SELECT id, status FROM workflow_runs ORDER BY id"))


def test_the_tables_are_those_of_the_records(store):
    """Columns, whether they may be null, the key: SQL and Python say the same; later columns stand at SQL's end."""
    kinds = {"text": "TEXT", "integer": "INTEGER", "boolean": "INTEGER", "instant": "INTEGER", "number": "REAL"}
    for kind in RECORDS:
        found = store.select(f"SELECT name, type, \"notnull\", pk FROM pragma_table_info('{kind.TABLE}')")
        assert {row[:3] for row in found} == {(c.name, kinds[c.kind], int(not c.optional)) for c in columns(kind)}
        keys = sorted((row for row in found if row[3]), key=lambda row: row[3])
        assert tuple(row[0] for row in keys) == kind.KEY


def test_every_table_is_strict_and_the_file_is_safe_against_a_cut_of_power(store):
    assert (
        store.select(
            "SELECT name FROM pragma_table_list WHERE type = 'table' AND strict = 0 AND schema = 'main'"
            " AND name NOT LIKE 'sqlite_%'"
        )
        == []
    )
    assert store.select("PRAGMA journal_mode") == [("wal",)]
    assert store._connection.execute("PRAGMA synchronous").fetchall() == [(2,)]  # FULL


def test_an_older_answer_never_replaces_a_newer_one(store):
    assert store.write([run(1, version=10, status="SUCCEEDED", finished=True)], observed_at=1) == (1, 0)
    assert store.write([run(1, version=9, status="IN_PROGRESS")], observed_at=2) == (0, 0)
    assert statuses(store) == {"run-1": "SUCCEEDED"}
    assert store.write([run(1, version=11, status="FAILED", finished=True)], observed_at=3) == (0, 1)
    assert statuses(store) == {"run-1": "FAILED"}


def test_of_two_answers_with_the_same_version_the_finished_one_stays(store):
    store.write([run(1, status="SUCCEEDED", finished=True), run(2)], observed_at=1)
    store.write([run(1), run(2, status="FAILED", finished=True)], observed_at=2)
    assert statuses(store) == {"run-1": "SUCCEEDED", "run-2": "FAILED"}


def test_the_same_answer_again_changes_nothing(store):
    records = [run(1, finished=True), run(2, finished=True)]
    store.write(records, observed_at=1)
    assert store.write(records, observed_at=2) == (0, 0)
    assert store.select("SELECT DISTINCT observed_at FROM workflow_runs") == [(1,)]


def test_a_step_is_committed_with_its_cursor_and_its_line_in_the_ledger_or_not_at_all(store):
    number = store.begin_run([UNIT], at=5)
    nothing: Any = None  # what NOT NULL refuses
    broken = dataclasses.replace(run(2), status=nothing)
    with pytest.raises(StoreError, match="NOT NULL"):
        store.commit(number, UNIT, Step("w", [run(1), broken], covered=(0, 5)), observed_at=5)
    assert (statuses(store), store.covered(UNIT, "w")) == ({}, [])
    assert store.select("SELECT steps, new FROM ledger") == [(0, 0)]
    store.commit(
        number, UNIT, Step("w", [run(1), run(2)], covered=(0, 5), scan=Scan("t", 5, None, 1, 0)), observed_at=5
    )
    assert (len(statuses(store)), store.covered(UNIT, "w")) == (2, [(0, 5)])
    assert store.scan(UNIT, "w") == Scan("t", 5, None, 1, 0)
    assert store.select("SELECT steps, new, outcome FROM ledger") == [(1, 2, None)]


def test_intervals_of_coverage_join_where_they_touch_and_keep_their_gaps(store):
    number = store.begin_run([UNIT], at=5)
    for interval in ((0, 5), (20, 30), (5, 8), (29, 31)):
        store.commit(number, UNIT, Step("w", covered=interval), observed_at=5)
    assert store.covered(UNIT, "w") == [(0, 8), (20, 31)]
    assert merge([(3, 4), (0, 1), (1, 2)]) == [(0, 2), (3, 4)]


def test_what_aws_has_forgotten_is_kept_and_no_longer_asked_for(store):
    store.write([run(1), run(2)], observed_at=1)
    assert store.unfinished(WorkflowRun, space="acme") == [("acme", "shop", "run-1"), ("acme", "shop", "run-2")]
    store.mark_lost(UNIT, WorkflowRun, [("acme", "shop", "run-1")], unseen_since=0)
    assert len(store.unfinished(WorkflowRun, space="acme")) == 2  # it was seen since
    store.mark_lost(UNIT, WorkflowRun, [("acme", "shop", "run-1")], unseen_since=1)
    assert store.unfinished(WorkflowRun, space="acme") == [("acme", "shop", "run-2")]
    assert statuses(store) == {"run-1": "IN_PROGRESS", "run-2": "IN_PROGRESS"}


def test_a_migration_takes_a_store_along_with_its_rows(tmp_path):
    path = tmp_path / "history.sqlite"
    with Store(path) as store:
        store.write([run(1)], observed_at=1)
    later = (*MIGRATIONS, "ALTER TABLE runs ADD COLUMN note TEXT;\n")
    with Store(path, migrations=later) as store:
        assert store.select("SELECT name FROM pragma_table_info('runs') WHERE name = 'note'") == [("note",)]
        assert statuses(store) == {"run-1": "IN_PROGRESS"}
    with pytest.raises(StoreError, match=f"version {len(later)}, newer than"):
        Store(path)


def test_a_migration_that_fails_leaves_the_version_before(tmp_path):
    path = tmp_path / "history.sqlite"
    Store(path).close()
    with pytest.raises(StoreError, match="no such table"):
        Store(path, migrations=(*MIGRATIONS, "CREATE TABLE extra (a TEXT) STRICT;\nDROP TABLE nowhere;\n"))
    with Store(path) as store:
        assert store.select("SELECT count(*) FROM sqlite_master WHERE name = 'extra'") == [(0,)]


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be looked at" * 30, None])
def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "other.sqlite"
    if content is None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("CREATE TABLE mine (a)")
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="other.sqlite"):
        Store(path)
    assert path.read_bytes() == before


def test_a_full_disk_costs_the_step_and_nothing_that_was_committed(tmp_path):
    with Store(tmp_path / "history.sqlite") as store:
        number = store.begin_run([UNIT], at=5)
        store.commit(number, UNIT, Step("w", [run(1)], covered=(0, 5)), observed_at=5)
        pages = store.select("PRAGMA page_count")[0][0]
        store._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        many = [dataclasses.replace(run(n), raw="x" * 5000) for n in range(2, 200)]
        with pytest.raises(StoreError, match="full; free some space"):
            store.commit(number, UNIT, Step("w", many, covered=(5, 9)), observed_at=9)
        assert (len(statuses(store)), store.covered(UNIT, "w")) == (1, [(0, 5)])
        store._connection.execute("PRAGMA max_page_count = 1000000")
        store.commit(number, UNIT, Step("w", many, covered=(5, 9)), observed_at=9)
        assert (len(statuses(store)), store.covered(UNIT, "w")) == (199, [(0, 9)])
        assert store.select("PRAGMA integrity_check") == [("ok",)]


def test_two_writers_wait_for_each_other_and_both_get_in(tmp_path):
    path = tmp_path / "history.sqlite"
    Store(path).close()

    def work(offset: int) -> None:
        with Store(path) as store:
            for number in range(30):
                store.write([run(offset + number)], observed_at=1)

    threads = [threading.Thread(target=work, args=(offset,)) for offset in (0, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Store(path) as store:
        assert len(statuses(store)) == 50
