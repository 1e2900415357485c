"""What is wrong with a table is told, all of it, in words that name the remedy.

Not here: tables that are taken (`test_tables`), the verb (`test_tables_verb`).
"""

import datetime as dt
import os
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import history
from history.importing.table_file import MOST_FINDINGS
from waves import InputError

HEADER = "service,region,status,started_at,finished_at,digest,note\n"
GOOD = "store,us-east-1,succeeded,2026-03-01T10:00:00Z,2026-03-01T10:06:00Z,sha256:aa,\n"
NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


@pytest.fixture
def faults(write, tmp_path):
    """Give line, column and message of each fault of a text; nothing of it may be taken."""

    def found(text, kind="deployments", name="d.csv"):
        store = tmp_path / "history.sqlite"
        path = write(name, text) if isinstance(text, str) else text
        with pytest.raises(InputError) as error:
            history.import_table(store, path, kind, now=NOW)
        assert not store.exists()
        return [(each.line, each.column, each.message) for each in error.value.findings]

    return found


def cell(column, value):
    """A good row with another value in one column."""
    names, cells = HEADER.strip().split(","), GOOD.rstrip("\n").split(",")
    cells[names.index(column)] = value
    return HEADER + ",".join(cells) + "\n"


def test_a_row_with_too_few_cells_or_an_open_quote_hides_no_fault_before_or_after_it(faults):
    bad = GOOD.replace("succeeded", "done")
    found = faults(HEADER + bad + "a,b\n" + bad + '"x"y,' + bad + bad + '"' + bad + bad)
    assert [line for line, _, _ in found] == [2, 3, 4, 5, 6, 7, 8]
    assert "2 cells, the header has 7" in found[1][2]
    assert all("quotes must be closed" in found[place][2] for place in (3, 5))


def test_an_open_quote_is_told_at_the_line_where_its_row_begins(faults):
    good = [GOOD.replace("us-east-1", f"us-east-{number}") for number in range(4)]
    assert [line for line, _, _ in faults(HEADER + good[0] + '"' + "".join(good[1:]))] == [3]


def test_more_faults_than_are_told_are_counted(faults):
    found = faults(HEADER + GOOD.replace("succeeded", "done") * (MOST_FINDINGS + 23))
    assert len(found) == MOST_FINDINGS + 1
    assert found[-1][0] == MOST_FINDINGS + 24
    assert found[-1][2] == "and 23 more up to here; mend the first 100, and import again"


def test_exactly_as_many_faults_as_are_told_are_all(faults):
    found = faults(HEADER + GOOD.replace("succeeded", "done") * MOST_FINDINGS)
    assert len(found) == MOST_FINDINGS and not any("more" in message for _, _, message in found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("\ufeff", "the file is empty"),
        ("\n" + HEADER + GOOD, "the first line is empty"),
        ((HEADER + GOOD).replace(",", ";"), "separated by semicolons; separate them by commas"),
        ((HEADER + GOOD).replace(",", "\t"), "separated by tabs; separate them by commas"),
        ("PK\x03\x04 a workbook of today", "save the table as CSV"),
        (HEADER + "x" * 200_000 + GOOD, "a cell of more than 131,072 characters"),
        (HEADER.replace("note", "") + GOOD, "column 7 has no name"),
    ],
)
def test_a_file_that_is_no_table_of_ours_gives_one_line_with_the_remedy(faults, text, words):
    found = faults(text)
    assert len(found) == 1 and words in found[0][2]


def test_a_folder_and_a_device_are_told_from_a_file_that_is_missing(faults, tmp_path):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "link.csv").symlink_to(os.devnull)
    told = {name: faults(tmp_path / name)[0][2] for name in ("folder.csv", "link.csv", "none.csv")}
    assert told["folder.csv"] == "this is a folder; name a file"
    assert "a device or a pipe" in told["link.csv"]
    assert told["none.csv"] == "there is no such file; check the path"


def test_text_that_is_no_utf_8_is_told_with_its_line(faults, tmp_path):
    path = tmp_path / "d.csv"
    path.write_bytes((HEADER + GOOD).encode() + GOOD.replace("store", "M\u00fcnchen").encode("latin-1"))
    assert faults(path) == [(3, 1, "not UTF-8; save it as UTF-8")]


def test_rows_that_stand_twice_name_the_first_one_and_no_id_that_nobody_wrote(faults):
    (found,) = faults(HEADER + GOOD + GOOD.replace("us-east-1", "us-west-2") + GOOD)
    assert found[0] == 4 and "service, region and started_at of line 2 stand here twice" in found[2]
    assert not re.search("[0-9a-f]{32}", found[2])


def test_an_id_that_stands_twice_names_its_first_line(faults):
    text = "id,digest,started_at\n" + "a,x,2026-03-01T10:00:00Z\n" * 2
    assert "id 'a' stands here twice, first in line 2; one row for each incident" in faults(text, "incidents")[0][2]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("2026-02-30T10:00:00Z", "'2026-02-30T10:00:00Z' does not exist: day is out of range"),
        ("2026-03-01T25:00:00Z", "does not exist: hour"),
        ("yesterday", "must be ISO 8601 with a zone"),
        ("2026-03-01T10:00:00", "does not say its zone"),
        ("0001-01-01T00:00:00+05:00", "does not lie between 2000 and 2100"),
        ("9999-12-31T23:59:59-05:00", "does not lie between 2000 and 2100"),
        ("1066-10-14T09:00:00Z", "does not lie between 2000 and 2100"),
        ("2999-01-01T00:00:00Z", "does not lie between 2000 and 2100"),
        ("2026-06-01T01:00:01Z", "lies in the future: it is 2026-06-01T00:00:00Z"),
    ],
)
def test_a_time_that_cannot_be_says_why(faults, value, words):
    ((line, column, message),) = faults(cell("started_at", value))
    assert (line, column) == (2, 4) and words in message


@pytest.mark.parametrize("column", ["service", "region", "digest"])
@pytest.mark.parametrize("value", ["NaN", "nan", "null", "N/A", "a\x00b", '"a\nb"', "a\x1b[2Jb"])
def test_a_name_is_neither_what_programs_write_for_nothing_nor_holds_control_characters(faults, column, value):
    ((line, place, message),) = faults(cell(column, value))
    assert (line, place) == (2, HEADER.split(",").index(column) + 1)
    assert "leave the cell empty" in message or "control character U+00" in message


@pytest.mark.parametrize("column", ["service", "region"])
def test_blanks_are_no_name(faults, column):
    assert faults(cell(column, "  "))[0][2] == f"{column} is empty: it must be given"


def test_a_deployment_is_in_one_region(faults):
    assert "name one region" in faults(cell("region", "us-east-1;us-west-2"))[0][2]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ('"eu-north-1,us-west-2"', "separate regions by semicolons"),
        ('"[""eu-north-1"",""us-west-2""]"', "separate regions by semicolons"),
        ("us-west-2;eu-north-1; us-west-2", "us-west-2 stands there twice"),
        (" ; ;", "names no region; leave the cell empty where they are not known"),
        ("us-west-2;nan", "what programs write for nothing"),
    ],
)
def test_regions_of_an_incident_are_names_each_once(faults, value, words):
    ((line, column, message),) = faults(f"digest,started_at,regions\nx,2026-03-01T10:00:00Z,{value}\n", "incidents")
    assert (line, column) == (2, 3) and words in message


def test_a_time_in_parquet_that_no_calendar_has_is_a_fault_with_its_row(faults, tmp_path):
    columns = {name: ["x"] for name in ("service", "region")} | {"status": ["in_progress"]}
    far = pa.array([2**62], pa.timestamp("us", tz="UTC"))
    pq.write_table(pa.table({**columns, "started_at": far}), tmp_path / "d.parquet")
    ((line, _, message),) = faults(tmp_path / "d.parquet")
    assert line == 1 and "cannot be read" in message
