"""Tables that people bring: whole or not at all, every fault with its place, twice is once."""

import pandas as pd
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
            dict(zip(names, row, strict=True)) for row in opened.select(f"SELECT * FROM {table} ORDER BY started_at")
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
        (DEPLOYMENTS + DEPLOYMENTS.splitlines()[1] + "\n", "id-twice", "stands here twice"),
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
