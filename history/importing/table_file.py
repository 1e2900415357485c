"""Files that people bring, read row by row: CSV or Parquet, every fault with its place.

Not here: what the columns mean, and what becomes of the rows (`history.importing.tables`).
"""

import csv
import os
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TextIO

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel

from waves.files.documents import Finding, InputError, Severity, closest, shown

LARGEST_BYTES = 2 << 30
MOST_FINDINGS = 100
_TOLD_EVERY = 10_000  # rows
_FORMULA = ("'=", "'+", "'-", "'@", "'\t", "'\r")
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_FOREIGN = {b"PK\x03\x04": "a workbook or an archive", b"\xd0\xcf\x11\xe0": "a workbook", b"\x1f\x8b": "compressed"}

Row = dict[str, Any]
Progress = Callable[[int, float], None]


class Faults:
    """What is wrong with one file: all of it is counted, the first `MOST_FINDINGS` are told."""

    def __init__(self, path: Path, severity: Severity = "error") -> None:
        self.path, self.severity = path, severity
        self.count = 0
        self._told: list[Finding] = []
        self._last = (1, 1)

    def add(self, line: int, column: int, text: str, rule: str) -> None:
        """Take note of one."""
        self.count += 1
        self._last = (line, column)
        if self.count <= MOST_FINDINGS:
            self._told.append(Finding(str(self.path), line, column, self.severity, text, rule))

    @property
    def findings(self) -> list[Finding]:
        """Those that are told, and how many more there are."""
        if self.count <= MOST_FINDINGS:
            return self._told
        text = f"and {self.count - MOST_FINDINGS:,} more up to here; mend the first {MOST_FINDINGS}, and import again"
        return [*self._told, Finding(str(self.path), *self._last, self.severity, text, "more-faults")]

    def stop(self, line: int, column: int, text: str, rule: str) -> NoReturn:
        """Raise, with one more, after which nothing else can be judged."""
        self.add(line, column, text, rule)
        raise InputError(self.findings)


class TableFile:
    """One file of a table.

    Parameters
    ----------
    path
        CSV (UTF-8, a header, commas) or Parquet.
    model
        Its fields are the columns.
    faults
        Where faults of single rows go; what leaves nothing to be read raises `InputError`.
    progress
        Told now and then how many rows have been read, and which share of the file that is.

    Attributes
    ----------
    places
        Column → its place, from 1; known once the first row is there.
    word
        What a row's number counts: lines or rows.
    """

    def __init__(self, path: Path, model: type[BaseModel], faults: Faults, progress: Progress | None = None) -> None:
        self.path, self.faults = path, faults
        self.places: dict[str, int] = {}
        self._model, self._progress = model, progress
        self._start = self._opening()
        self._done, self._size = 0, 1  # bytes or rows
        self._parquet = path.suffix == ".parquet" or self._start == b"PAR1"
        self.word = "row" if self._parquet else "line"

    def _opening(self) -> bytes:
        """Return the first four bytes; refuse what is no file, or too large."""
        stop = self.faults.stop
        try:
            if self.path.is_dir():
                stop(1, 1, "this is a folder; name a file", "no-file")
            if not self.path.exists():
                stop(1, 1, "there is no such file; check the path", "no-file")
            if not self.path.is_file():
                stop(1, 1, "this is a device or a pipe, no file; save the table as a file first", "no-file")
            if self.path.stat().st_size > LARGEST_BYTES:
                stop(1, 1, "over 2 GiB; cut it into several files", "too-large")
            with open(self.path, "rb") as file:
                return file.read(4)
        except OSError as error:
            stop(1, 1, f"cannot be read: {os.strerror(error.errno or 0)}; check its permissions", "no-file")

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Return number and values of each row; empty cells are left out, rows of which nothing is left, too."""
        read = self._parquet_rows() if self._parquet else self._csv_rows()
        for count, each in enumerate(read, start=1):
            if self._progress and count % _TOLD_EVERY == 0 and self._done < self._size:
                self._progress(count, self._done / self._size)
            yield each

    def _csv_rows(self) -> Iterator[tuple[int, Row]]:
        for start, what in _FOREIGN.items():
            if self._start.startswith(start):
                self.faults.stop(1, 1, f"this is {what}, no CSV; save the table as CSV (UTF-8, commas)", "not-csv")
        self._size = max(1, self.path.stat().st_size)
        with open(self.path, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            lines = _Lines(file)
            try:
                header = self._csv_header(lines)
                for line, cells in self._records(lines):
                    if cells and len(cells) != len(header):
                        text = f"{len(cells)} cells, the header has {len(header)}; add or remove commas"
                        self.faults.add(line, 1, text, "cells")
                        continue
                    row = {
                        name: _plain(cell)
                        for name, cell in zip(header, cells, strict=False)
                        if cell and not cell.isspace()
                    }
                    self._done = lines.read
                    if row:
                        yield line, row
            except UnicodeError:
                self.faults.stop(lines.number, 1, "not UTF-8; save it as UTF-8", "not-utf-8")

    def _records(self, lines: "_Lines") -> Iterator[tuple[int, list[str]]]:
        """Return the number of its first line and the cells of each record."""
        reader = csv.reader(lines, strict=True)
        while True:
            lines.begin()
            line = lines.number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self.faults.add(line, 1, _quotes(error), "not-csv")
                lines.back()
            else:
                yield line, cells

    def _csv_header(self, lines: "_Lines") -> list[str]:
        line, cells = next(self._records(lines), (1, []))
        if self.faults.count:
            raise InputError(self.faults.findings)
        header = [cell.strip() for cell in cells]
        if not any(header):
            what = "the first line" if lines.number else "the file"
            self.faults.stop(1, 1, f"{what} is empty; the names of the columns must stand there", "no-header")
        for separator, name in _SEPARATORS.items():
            if len(header) == 1 and separator in header[0]:
                text = f"the columns are separated by {name}; separate them by commas (save the table as CSV, commas)"
                self.faults.stop(line, 1, text, "not-csv")
        self._take(header)
        return header

    def _parquet_rows(self) -> Iterator[tuple[int, Row]]:
        number = 0
        try:
            with pq.ParquetFile(self.path) as file:
                self._take(file.schema_arrow.names)
                self._size = file.metadata.num_rows
                for batch in file.iter_batches(batch_size=_TOLD_EVERY):
                    for row in batch.to_pylist():
                        number += 1
                        known = {name: value for name, value in row.items() if not _empty(value)}
                        self._done = number
                        yield number, known
        except InputError:
            raise
        except (pa.ArrowException, OSError) as error:
            text = f"not a Parquet file: {' '.join(str(error).split())[:200]}"
            self.faults.stop(number or 1, 1, text, "not-parquet")
        except (ValueError, OverflowError) as error:
            text = f"a value soon after this row cannot be read: {error}; is there a time that no calendar has?"
            self.faults.stop(number or 1, 1, text, "not-parquet")

    def _take(self, header: list[str]) -> None:
        """Take the header, unless something is wrong with it."""
        known = list(self._model.model_fields)
        add = self.faults.add
        for place, name in enumerate(header, start=1):
            if not name:
                add(1, place, f"column {place} has no name; name it, or take it out", "unknown-key")
            elif name not in known:
                near = closest(name, known)
                hint = f"did you mean {near!r}?" if near else f"known here: {', '.join(known)}"
                add(1, place, f"unknown column {shown(name)}; {hint}", "unknown-key")
            elif name in header[: place - 1]:
                add(1, place, f"column {name!r} stands here twice", "column-twice")
        for name, field in self._model.model_fields.items():
            if field.is_required() and name not in header:
                add(1, 1, f"the column {name!r} is missing: {field.description}", "missing-key")
        if self.faults.count:
            raise InputError(self.faults.findings)
        self.places = {name: place for place, name in enumerate(header, start=1)}


class _Lines:
    """The lines of a text file, some of which can be had again: a quote that is never closed takes all that follow."""

    def __init__(self, file: TextIO) -> None:
        self.number = 0
        self.read = 0  # characters; about as many as bytes
        self._file = file
        self._again: deque[str] = deque()
        self._taken: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        self.number += 1
        if self._again:
            line = self._again.popleft()
        else:
            line = next(self._file, "")
            self.read += len(line)
            if not line.isascii():
                line.encode()  # raises where bytes were no UTF-8
        if not line:
            self.number -= 1
            raise StopIteration
        self._taken.append(line)
        return line

    def begin(self) -> None:
        """Note that a record begins with the next line."""
        self._taken.clear()

    def back(self) -> None:
        """Go back behind the first line of the record."""
        self._again.extendleft(reversed(self._taken[1:]))
        self.number -= max(0, len(self._taken) - 1)


def _plain(cell: str) -> str:
    """Take off the apostrophe that guards against formulas."""
    return cell[1:] if cell[0] == "'" and cell.startswith(_FORMULA) else cell


def _empty(value: Any) -> bool:
    """Return whether a value says nothing: null, NaN, a blank text."""
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def _quotes(error: csv.Error) -> str:
    if "field limit" in str(error):
        return f"a cell of more than {csv.field_size_limit():,} characters; close its quotes, or shorten it"
    return f"{error}; quotes must be closed, and doubled inside a cell"
