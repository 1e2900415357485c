"""Reading the store out: a snapshot in Parquet or CSV, complete and replaced at once, on disk or S3.

A snapshot is a folder of its own; `current.json` beside it names the one that counts and is replaced last, so that a
reader sees all tables of one snapshot or all of the one before. Not here: the store itself (`history.store`).
"""

import csv
import datetime as dt
import gc
import io
import json
import os
import re
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from history._secrets import clean
from history._times import iso
from history.records import RECORDS, Column, columns
from history.store import StoreError

CURRENT = "current.json"
ROWS_AT_ONCE = 2_000  # more of them make Python's memory slow
ROW_GROUP = 20  # so many times that many rows
_SNAPSHOT = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{8}")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Format = Literal["parquet", "csv"]


class ExportError(Exception):
    """A snapshot cannot be written or read; says where, why, and what to do."""


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
TABLES: tuple[Table, ...] = (*(Table(kind.TABLE, columns(kind), kind.KEY) for kind in RECORDS), *_BOOKS)

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
    place = _Place(target)
    name = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S%fZ}-{uuid.uuid4().hex[:8]}"
    try:
        with closing(_open(store)) as connection, place.explained():
            rows = {table.name: _write(connection, table, place, f"{name}/{table.name}.{format}") for table in TABLES}
        with place.explained():
            content = {"snapshot": name, "format": format, "rows": rows}
            place.replace(CURRENT, json.dumps(content, indent=2).encode() + b"\n")
            place.tidy(keep=name)
    except BaseException:
        place.drop(name)
        raise
    return Exported(place.shown, name, rows)


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
    place = _Place(target)
    known = [each.name for each in TABLES]
    if table not in known:
        raise ExportError(f"there is no table {table!r}; there are {', '.join(known)}")
    with place.explained():
        current = json.loads(place.read(CURRENT))
        if current["format"] != "parquet":
            raise ExportError(f"{place.shown} holds CSV; export it as Parquet to read it here")
        data = place.read(f"{current['snapshot']}/{table}.parquet")
    return pq.read_table(pa.BufferReader(data)).to_pandas()


def _open(store: str | os.PathLike[str]) -> sqlite3.Connection:
    path = Path(store)
    if not path.is_file():
        raise StoreError(f"{path}: there is no store; run wavecast fetch or wavecast import first")
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        connection.execute("PRAGMA mmap_size = 4294967296")  # rows are read in the order of their key, not of the file
        connection.execute("BEGIN")  # one moment for all tables, whatever is written meanwhile
        connection.execute("SELECT count(*) FROM runs")
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}; name a store that wavecast made") from None
    return connection


def _write(connection: sqlite3.Connection, table: Table, place: "_Place", name: str) -> int:
    names, key = ", ".join(column.name for column in table.columns), ", ".join(table.key)
    rows = connection.execute(f"SELECT {names} FROM {table.name} ORDER BY {key}")
    parts = iter(lambda: rows.fetchmany(ROWS_AT_ONCE), [])
    write = _parquet if name.endswith(".parquet") else _csv
    with place.create(name) as stream:
        count = write(parts, table, stream)
    place.settle(name)
    return count


def _parquet(parts: Iterator[list[tuple[Any, ...]]], table: Table, stream: pa.NativeFile) -> int:
    schema = pa.schema([pa.field(c.name, _ARROW[c.kind], nullable=c.optional) for c in table.columns])
    count = 0
    # One thread reads rows and makes columns of them, the other compresses what was made before.
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer, ThreadPoolExecutor(1) as pool, _without_gc():
        written: Future[None] | None = None
        while group := [_batch(rows, table, schema) for rows in islice(parts, ROW_GROUP)]:
            if written:
                written.result()
            written = pool.submit(writer.write_table, pa.Table.from_batches(group))
            count += sum(batch.num_rows for batch in group)
        if written:
            written.result()
    return count


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


def _csv(parts: Iterator[list[tuple[Any, ...]]], table: Table, stream: pa.NativeFile) -> int:
    count = 0
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow([column.name for column in table.columns])
    for rows in parts:
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


class _Place:
    """A folder on disk or in S3, seen through pyarrow's file systems."""

    def __init__(self, target: str | os.PathLike[str]) -> None:
        text = os.fspath(target)
        self.shown = clean(text)
        if re.search(r"://[^/?]*@", text):
            raise ExportError(f"{self.shown} carries credentials; leave them to the environment or a profile")
        with self.explained():
            if "://" in text:
                self._files, self._path = pafs.FileSystem.from_uri(text)
            else:
                self._files, self._path = pafs.LocalFileSystem(), os.path.abspath(text)
        self._local = isinstance(self._files, pafs.LocalFileSystem)

    def explained(self) -> "_Explained":
        return _Explained(self.shown)

    def create(self, name: str) -> pa.NativeFile:
        path = f"{self._path}/{name}"
        if self._local:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        return self._files.open_output_stream(path)

    def settle(self, name: str) -> None:
        """Make sure that a local file is on the disk before anything names it."""
        if self._local:
            path = f"{self._path}/{name}"
            for each in (path, os.path.dirname(path)):
                handle = os.open(each, os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)

    def replace(self, name: str, content: bytes) -> None:
        """Replace a small file at once: by a rename on disk, by one PUT in S3."""
        written = f"{name}.{uuid.uuid4().hex[:8]}.tmp" if self._local else name
        with self.create(written) as stream:
            stream.write(content)
        if self._local:
            self.settle(written)
            os.replace(f"{self._path}/{written}", f"{self._path}/{name}")
            self.settle(name)

    def read(self, name: str) -> bytes:
        with self._files.open_input_stream(f"{self._path}/{name}") as stream:
            content: bytes = stream.read()
        return content

    def tidy(self, keep: str) -> None:
        """Remove snapshots but this one and the one before it, which somebody may be reading."""
        found = self._files.get_file_info(pafs.FileSelector(self._path, allow_not_found=True))
        names = sorted(info.base_name for info in found if _SNAPSHOT.fullmatch(info.base_name))
        for name in [name for name in names if name < keep][:-1]:
            self.drop(name)

    def drop(self, name: str) -> None:
        info = self._files.get_file_info(f"{self._path}/{name}")
        if info.type == pafs.FileType.Directory:
            self._files.delete_dir(info.path)


class _Explained:
    """Turns what file systems raise into one line that says where."""

    def __init__(self, shown: str) -> None:
        self._shown = shown

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: object) -> None:
        if isinstance(error, FileNotFoundError):
            raise ExportError(f"{self._shown}: there is no snapshot here; run wavecast export first") from None
        if isinstance(error, OSError | pa.ArrowException | ValueError | KeyError):
            raise ExportError(f"{self._shown}: {clean(' '.join(str(error).split()))[:300]}") from None
