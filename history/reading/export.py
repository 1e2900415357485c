"""Reading the store out: a snapshot in Parquet or CSV, complete and replaced at once, on disk or S3.

A snapshot is a folder of its own; `current.json` beside it names the one that counts and is replaced last, so that a
reader sees all tables of one snapshot or all of the one before. Not here: the store itself (`history.keeping.store`).
"""

import csv
import datetime as dt
import gc
import io
import json
import os
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from history.instants import iso
from history.keeping.file import StoreError, explained, is_damage, located, refuse
from history.keeping.migrations import MIGRATIONS, PRIVATE_SINCE, version
from history.keeping.store import check_version
from history.reading.target import ExportError, Place
from history.records import RECORDS, Column, columns
from history.sources import OWN_TABLES

CURRENT = "current.json"
ROWS_AT_ONCE = 1_000  # as Python's objects: more of them do not fit into a processor's cache
ROW_GROUP = 10_000  # as Arrow's columns, and in a file
BYTES_AT_ONCE = 16 << 20  # so many row groups are read in one go: the more, the fewer jumps through the store's file
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Format = Literal["parquet", "csv"]


@dataclass(frozen=True)
class Table:
    """A table of the export: its name, columns and the columns by which it is sorted."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes
    ----------
    target : str
        The folder or S3 address.
    snapshot : str
        The name of the snapshot's folder in it.
    rows : dict of str to int
        Rows of each table.
    """

    target: str
    snapshot: str
    rows: dict[str, int]


def _text(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "text", False) for name in names)


_UNIT = _text("account", "region", "stream")
_BOOKS = (
    Table(
        "coverage",
        (*_UNIT, *_text("part"), Column("from_at", "instant", False), Column("until_at", "instant", False)),
        ("account", "region", "stream", "part", "from_at"),
    ),
    Table(
        "ledger",
        (
            Column("run", "integer", False),
            *_UNIT,
            Column("outcome", "text", True),
            Column("detail", "text", False),
            *(Column(name, "integer", False) for name in ("requests", "steps", "new", "changed")),
            Column("ended_at", "instant", True),
        ),
        ("run", "account", "region", "stream"),
    ),
)
TABLES: tuple[Table, ...] = (*(Table(kind.TABLE, columns(kind), kind.KEY) for kind in (*RECORDS, *OWN_TABLES)), *_BOOKS)

_ARROW = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "instant": pa.timestamp("us", "UTC"),
}


def export(store: str | os.PathLike[str], target: str | os.PathLike[str], *, format: Format = "parquet") -> Exported:
    """Write all tables of a store as one snapshot; readers and writers of the store go on meanwhile.

    Parameters
    ----------
    store
        The store's file.
    target
        A folder, or an address such as ``s3://bucket/folder?region=eu-west-1``. Credentials for S3 come from the
        environment or the AWS configuration, never from the address.
    format : {"parquet", "csv"}
        CSV is for spreadsheets: cells that would be read as formulas get an apostrophe in front.

    Raises
    ------
    StoreError
        Where the store cannot be read.
    ExportError
        Where the snapshot cannot be written; the one before still counts.
    """
    place = Place(target)
    name = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S%fZ}-{uuid.uuid4().hex[:8]}"
    try:
        with closing(_open(store)) as connection, _readable(store), place.explained():
            rows = {table.name: _write(connection, table, place, f"{name}/{table.name}.{format}") for table in TABLES}
        with place.explained():
            content = {"snapshot": name, "format": format, "version": len(MIGRATIONS), "rows": rows}
            # The snapshot before stays for its readers, unless it is of a store that still held others' secrets.
            others = 1 if _version(place) >= PRIVATE_SINCE else 0
            place.replace(CURRENT, json.dumps(content, indent=2).encode() + b"\n")
            place.tidy(keep=name, others=others)
    except BaseException:
        place.drop(name)
        raise
    return Exported(place.shown, name, rows)


def _version(place: Place) -> int:
    """Return the version of the store of which the snapshot that counts was made; 0 where nobody can say."""
    try:
        return int(json.loads(place.read(CURRENT))["version"])
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return 0


def read_export(target: str | os.PathLike[str], table: str) -> pd.DataFrame:
    """Read one table of the snapshot that counts.

    Parameters
    ----------
    target
        Where `export` wrote to, in Parquet.
    table : str
        A table's name, such as ``service_deployments``.

    Returns
    -------
    DataFrame
        Times are UTC.

    Raises
    ------
    ExportError
        Where there is no snapshot, or no such table in it.
    """
    place = Place(target)
    known = [each.name for each in TABLES]
    if table not in known:
        raise ExportError(f"there is no table {table!r}; there are {', '.join(known)}")
    with place.explained(reading=True):
        current = _current(place)
        if current["format"] != "parquet":
            raise ExportError(f"{place.shown} holds CSV; export it as Parquet to read it here")
        if table not in current["rows"]:  # a snapshot from before there was such a table
            return _nothing(table)
        name = f"{current['snapshot']}/{table}.parquet"
        try:
            data = place.read(name)
        except FileNotFoundError:
            raise ExportError(f"{place.shown}: {name} is missing from the snapshot; export it anew") from None
    return pq.read_table(pa.BufferReader(data)).to_pandas()


def _nothing(name: str) -> pd.DataFrame:
    (table,) = (each for each in TABLES if each.name == name)
    return pa.table({column.name: pa.array([], _ARROW[column.kind]) for column in table.columns}).to_pandas()


def _current(place: Place) -> dict[str, Any]:
    """Return what the file says that names the snapshot which counts."""
    content = place.read(CURRENT)
    try:
        current = json.loads(content)
        return {"format": current["format"], "snapshot": str(current["snapshot"]), "rows": set(current["rows"])}
    except (ValueError, KeyError, TypeError):
        raise ExportError(f"{place.shown}/{CURRENT} does not name a snapshot; export it anew") from None


@contextmanager
def _readable(store: str | os.PathLike[str]) -> Iterator[None]:
    """Say in one line what SQLite has against a store that could be opened."""
    try:
        yield
    except sqlite3.Error as error:
        raise explained(error, Path(store)) from None


def _open(store: str | os.PathLike[str]) -> sqlite3.Connection:
    path = Path(store)
    file = located(path)
    refuse(path, file)
    if not file.is_file():
        raise StoreError(f"{path}: there is no store; run wavecast fetch or wavecast import first")
    with ExitStack() as unless_read:
        try:
            connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, isolation_level=None)
            unless_read.callback(connection.close)
            connection.execute("BEGIN")  # one moment for all tables, whatever is written meanwhile
            connection.execute("SELECT count(*) FROM runs")
            found = version(connection)
        except sqlite3.Error as error:
            if is_damage(error):
                raise explained(error, path) from None
            remedy = "name a store that wavecast made, in a folder that can be written (SQLite keeps its locks there)"
            raise StoreError(f"{path}: {error}; {remedy}") from None
        check_version(path, found, len(MIGRATIONS))
        unless_read.pop_all()
    return connection


def _write(connection: sqlite3.Connection, table: Table, place: "Place", name: str) -> int:
    write = _parquet if name.endswith(".parquet") else _csv
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table.name,)).fetchone():
        # The table of a source that came after the last fetch; a TEMP one needs no writing.
        connection.execute(f"CREATE TEMP TABLE {table.name} ({', '.join(column.name for column in table.columns)})")
    with place.create(name) as stream:
        count = write(connection, table, stream)
    place.settle(name)
    return count


def _parquet(connection: sqlite3.Connection, table: Table, stream: pa.NativeFile) -> int:
    schema = pa.schema([pa.field(c.name, _ARROW[c.kind], nullable=c.optional) for c in table.columns])
    count = 0
    # One thread reads rows and makes columns of them, the other compresses what was made before.
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer, ThreadPoolExecutor(1) as pool, _without_gc():
        written: Future[None] | None = None
        for group in _groups(connection, table, schema):
            if written:
                written.result()
            written = pool.submit(writer.write_table, group)
            count += group.num_rows
        if written:
            written.result()
    return count


def _groups(connection: sqlite3.Connection, table: Table, schema: pa.Schema) -> Iterator[pa.Table]:
    """Return the rows in the order of their key, a row group at a time.

    Rows lie in the file as they came. The index of their key says which ones make the next group; these are read as
    they lie and put in order afterwards, as reading them in order would jump through the file once for each row: that
    takes longer, or as much memory as the store is large.
    """
    numbers = connection.execute(f"SELECT rowid FROM {table.name} ORDER BY {', '.join(table.key)}")
    size = ROW_GROUP
    while some := numbers.fetchmany(size):
        wanted = np.array(some, np.int64)[:, 0]
        rows = _as_they_lie(connection, table, np.sort(wanted))
        # In one piece, as the bytes of the file depend on the pieces.
        found = pa.Table.from_batches([_batch(part, table, schema) for part in _parts(rows)]).combine_chunks()
        if np.any(wanted[1:] < wanted[:-1]):
            found = found.take(np.argsort(np.argsort(wanted)))
        for start in range(0, len(some), ROW_GROUP):
            yield found.slice(start, ROW_GROUP)
        groups = BYTES_AT_ONCE * len(some) // (found.nbytes * ROW_GROUP)
        size = ROW_GROUP * min(max(groups, 1), 16)


def _parts(rows: sqlite3.Cursor) -> Iterator[list[tuple[Any, ...]]]:
    return iter(lambda: rows.fetchmany(ROWS_AT_ONCE), [])


def _as_they_lie(connection: sqlite3.Connection, table: Table, numbers: np.ndarray) -> sqlite3.Cursor:
    """Select rows by their sorted numbers in the file."""
    names = ", ".join(column.name for column in table.columns)
    first, last = int(numbers[0]), int(numbers[-1])
    if last - first + 1 == len(numbers):
        sql = f"SELECT {names} FROM {table.name} WHERE rowid BETWEEN ? AND ? ORDER BY rowid"
        return connection.execute(sql, (first, last))
    joined = f"json_each(?) AS wanted CROSS JOIN {table.name} AS rows ON rows.rowid = wanted.value"
    names = ", ".join(f"rows.{column.name}" for column in table.columns)
    return connection.execute(f"SELECT {names} FROM {joined}", (json.dumps(numbers.tolist()),))


@contextmanager
def _without_gc() -> Iterator[None]:
    """Keep Python from looking for cycles among millions of rows, which have none: a quarter of the time."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _batch(rows: list[tuple[Any, ...]], table: Table, schema: pa.Schema) -> pa.RecordBatch:
    turned = zip(zip(*rows, strict=True), table.columns, strict=True)
    return pa.RecordBatch.from_arrays([_array(values, column) for values, column in turned], schema=schema)


def _array(values: Sequence[Any], column: Column) -> pa.Array:
    if column.kind == "boolean":
        return pa.array(values, pa.int8()).cast(pa.bool_())
    return pa.array(values, _ARROW[column.kind])


def _csv(connection: sqlite3.Connection, table: Table, stream: pa.NativeFile) -> int:
    names, key = ", ".join(column.name for column in table.columns), ", ".join(table.key)
    found = connection.execute(f"SELECT {names} FROM {table.name} ORDER BY {key}")
    count = 0
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow([column.name for column in table.columns])
    for rows in _parts(found):
        writer.writerows(
            [_cell(value, column) for value, column in zip(row, table.columns, strict=True)] for row in rows
        )
        count += len(rows)
    text.flush()
    text.detach()
    return count


def _cell(value: Any, column: Column) -> Any:
    if value is None:
        return ""
    if column.kind == "instant":
        return iso(value)
    if column.kind == "boolean":
        return "true" if value else "false"
    return guarded(value) if column.kind == "text" else value


def guarded(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
