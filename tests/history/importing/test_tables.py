"""Tables that people bring: whole or not at all, every fault with its place, twice is once."""

import datetime as dt

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import history
from waves import InputError

DEPLOYMENTS = """\
service,region,status,started_at,finished_at,digest,note
store,us-east-1,succeeded,2026-03-01T10:00:00Z,2026-03-01T10:06:00Z,sha256:aa,
store,us-west-2,rolled_back,2026-03-01T11:20:00+01:00,2026-03-01T10:30:00Z,sha256:aa,"'=HYPERLINK(1)"
"""
INCIDENTS = """\
digest,started_at,detected_at,mitigated_at,regions,note
sha256:aa,2026-03-01T10:05:00Z,,2026-03-01T11:00:00Z,us-east-1; us-west-2,nobody saw it
"""


def rows(store, table):
    with history.Store(store) as opened:
        names = [c.name for t in history.TABLES if t.name == table for c in t.columns]
        return [
            dict(zip(names, row, strict=True))
            for row in opened.select(f"SELECT {', '.join(names)} FROM {table} ORDER BY started_at")
        ]


def test_deployments_come_in_with_their_times_in_utc(write, tmp_path):
    store = tmp_path / "history.sqlite"
    assert history.import_table(store, write("d.csv", DEPLOYMENTS), "deployments") == (2, 0)
    first, second = rows(store, "table_deployments")
    assert (second["started_at"] - first["started_at"]) == 20 * 60 * 1_000_000
    assert (first["note"], second["note"]) == (None, "=HYPERLINK(1)")  # the guard of a CSV export is taken off again


def test_importing_twice_changes_nothing_and_a_correction_replaces(write, tmp_path):
    store, path = tmp_path / "history.sqlite", write("i.csv", INCIDENTS)
    assert history.import_table(store, path, "incidents") == (1, 0)
    before = rows(store, "incidents")
    assert history.import_table(store, path, "incidents") == (0, 0)
    assert rows(store, "incidents") == before
    assert history.import_table(store, write("i.csv", INCIDENTS.replace("nobody", "somebody")), "incidents") == (0, 1)
    assert rows(store, "incidents")[0]["note"] == "somebody saw it"
    assert rows(store, "incidents")[0]["regions"] == '["us-east-1","us-west-2"]'


def test_other_spellings_of_the_same_values_change_nothing(write, tmp_path):
    """Zones, fractions, blanks, the order of columns and of regions; and CSV for Parquet."""
    store = tmp_path / "history.sqlite"
    history.import_table(store, write("d.csv", DEPLOYMENTS), "deployments")
    history.import_table(store, write("i.csv", INCIDENTS), "incidents")
    other = (
        "region,service,status,finished_at,started_at,digest,note\n"
        "us-east-1, store ,succeeded,2026-03-01T12:06:00.000000+02:00,2026-03-01 10:00:00+00:00,sha256:aa,\n"
        'us-west-2,store,rolled_back,20260301T103000Z,2026-03-01T10:20Z,sha256:aa," =HYPERLINK(1)"\n'
    )
    assert history.import_table(store, write("d.csv", other), "deployments") == (0, 0)
    again = INCIDENTS.replace("us-east-1; us-west-2", "us-west-2;us-east-1").replace("11:00:00Z", "11:00:00.000Z")
    assert history.import_table(store, write("i.csv", again), "incidents") == (0, 0)
    frame = pd.read_csv(write("d.csv", DEPLOYMENTS.replace("'=HYPER", "=HYPER")))
    frame["started_at"] = pd.to_datetime(frame["started_at"], utc=True).astype("datetime64[ns, UTC]")
    frame.to_parquet(tmp_path / "d.parquet")
    assert history.import_table(store, tmp_path / "d.parquet", "deployments") == (0, 0)


def test_what_is_in_progress_is_unfinished_until_an_import_that_ends_it(write, tmp_path):
    store = tmp_path / "history.sqlite"
    begun = "service,region,status,started_at,finished_at\nstore,us-east-1,in_progress,2026-03-01T10:00:00Z,\n"
    ended = begun.replace("in_progress", "succeeded").replace("00Z,\n", "00Z,2026-03-01T10:06:00Z\n")
    assert history.import_table(store, write("d.csv", begun), "deployments") == (1, 0)
    assert [row["finished"] for row in rows(store, "table_deployments")] == [0]
    assert history.import_table(store, write("d.csv", begun), "deployments") == (0, 0)
    assert history.import_table(store, write("d.csv", ended), "deployments") == (0, 1)
    assert [(row["finished"], row["status"]) for row in rows(store, "table_deployments")] == [(1, "succeeded")]


def test_a_later_import_counts_though_the_clock_was_set_back(write, tmp_path):
    store = tmp_path / "history.sqlite"
    today, yesterday = (dt.datetime(2026, 4, day, tzinfo=dt.UTC) for day in (2, 1))
    history.import_table(store, write("i.csv", INCIDENTS), "incidents", now=today)
    later = write("i.csv", INCIDENTS.replace("nobody", "somebody"))
    assert history.import_table(store, later, "incidents", now=yesterday) == (0, 1)
    assert rows(store, "incidents")[0]["note"] == "somebody saw it"


def test_a_clock_may_be_an_hour_behind_those_of_a_table(write, tmp_path):
    now = dt.datetime(2026, 3, 1, 9, 20, tzinfo=dt.UTC)
    text = "digest,started_at\nx,2026-03-01T10:20:00Z\n"
    assert history.import_table(tmp_path / "h.sqlite", write("i.csv", text), "incidents", now=now) == (1, 0)


def test_a_note_may_have_lines_and_a_column_a_nan(write, tmp_path):
    """pandas writes NaN into Parquet where it has no text."""
    nothing = pa.array([float("nan")])
    when = pa.array([dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)])
    table = pa.table({"digest": ["x"], "rollout": nothing, "started_at": when, "note": ["two\nlines"]})
    pq.write_table(table, tmp_path / "i.parquet")
    assert history.import_table(tmp_path / "h.sqlite", tmp_path / "i.parquet", "incidents") == (1, 0)
    (row,) = rows(tmp_path / "h.sqlite", "incidents")
    assert (row["rollout"], row["note"]) == (None, "two\nlines")


def test_parquet_says_the_same_as_csv(write, tmp_path):
    frame = pd.read_csv(write("d.csv", DEPLOYMENTS.replace("'=HYPER", "=HYPER")))
    for name in ("started_at", "finished_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    frame.to_parquet(tmp_path / "d.parquet")
    a, b = tmp_path / "a.sqlite", tmp_path / "b.sqlite"
    history.import_table(a, tmp_path / "d.csv", "deployments")
    history.import_table(b, tmp_path / "d.parquet", "deployments")
    own = ("version", "observed_at", "raw")
    plain = [[{k: v for k, v in row.items() if k not in own} for row in rows(s, "table_deployments")] for s in (a, b)]
    assert plain[0] == plain[1]


def test_all_faults_of_a_file_come_at_once_and_nothing_of_it_is_taken(write, tmp_path):
    text = (
        "service,region,status,started_at,finished_at\n"
        "store,us-east-1,succeeded,2026-03-01T10:00:00Z,2026-03-01T10:06:00Z\n"
        "store,us-east-1,succeeded,2026-03-01T10:00:00,2026-03-01T10:06:00Z\n"
        "store,us-east-1,done,2026-03-01T10:00:00Z,2026-03-01T10:06:00Z\n"
        "store,us-east-1,succeeded,2026-03-01T10:00:00Z,\n"
        "store,us-east-1,failed,2026-03-01T10:00:00Z,2026-03-01T09:06:00Z\n"
        ",us-east-1,succeeded,2026-03-01T10:00:00Z,2026-03-01T10:06:00Z\n"
    )
    with pytest.raises(InputError) as error:
        history.import_table(tmp_path / "history.sqlite", write("d.csv", text), "deployments")
    found = [(f.line, f.column, f.rule) for f in error.value.findings]
    assert found == [
        (3, 4, "invalid-value"),
        (4, 3, "wrong-type"),
        (5, 1, "invalid-value"),
        (6, 1, "invalid-value"),
        (7, 1, "missing-key"),
    ]
    assert "does not say its zone" in error.value.findings[0].message
    assert not (tmp_path / "history.sqlite").exists()


@pytest.mark.parametrize(
    ("text", "rule", "word"),
    [
        ("sevice,region,status,started_at\n", "unknown-key", "did you mean 'service'?"),
        ("service,region,status,started_at,service\n", "column-twice", "twice"),
        ("service,region,status,started_at\na,b\n", "cells", "2 cells, the header has 4"),
        ('service,region,status,started_at\n"a,b\n', "not-csv", "quotes"),
        (DEPLOYMENTS + DEPLOYMENTS.splitlines()[1] + "\n", "id-twice", "stand here twice"),
    ],
)
def test_a_file_that_is_no_such_table_says_why(write, tmp_path, text, rule, word):
    with pytest.raises(InputError) as error:
        history.import_table(tmp_path / "h.sqlite", write("d.csv", text), "deployments")
    assert rule in [f.rule for f in error.value.findings] and word in str(error.value)


@pytest.mark.parametrize(
    ("name", "content"), [("d.csv", b"service\xff"), ("d.parquet", b"PAR1 no"), ("none.csv", None)]
)
def test_a_file_that_cannot_be_read_is_one_line(tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as error:
        history.import_table(tmp_path / "h.sqlite", tmp_path / name, "deployments")
    assert len(str(error.value).splitlines()) == 1


def test_an_incident_names_its_change_and_its_times_are_in_order(write, tmp_path):
    text = "rollout,started_at,detected_at\n,2026-03-01T10:00:00Z,\nr1,2026-03-01T10:00:00Z,2026-03-01T09:00:00Z\n"
    with pytest.raises(InputError) as error:
        history.import_table(tmp_path / "h.sqlite", write("i.csv", text), "incidents")
    assert [f.line for f in error.value.findings] == [2, 3]
    assert "neither rollout nor digest" in str(error.value) and "lies before started_at" in str(error.value)
