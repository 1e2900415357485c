"""Tables that people bring: deployments from elsewhere than AWS, and incidents, as CSV or Parquet.

Each kind has a schema: the models below. A file is taken whole or not at all, and importing it twice changes nothing.
Not here: what AWS says (`history.sources`).
"""

import csv
import datetime as dt
import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BeforeValidator, ConfigDict, ValidationError, model_validator

from history._times import micros
from history._times import now as clock
from history.records import Incident, Record, TableDeployment
from history.sources._source import raw
from history.store import Store
from waves.documents import Finding, InputError, closest, shown
from waves.nouns import Part, Text, quantity

LARGEST_BYTES = 2 << 30
MOST_FINDINGS = 100
_FORMULA = ("'=", "'+", "'-", "'@", "'\t", "'\r")

Kind = Literal["deployments", "incidents"]


def _when(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            text = f"{shown(value)} must be ISO 8601 with a zone, such as 2026-01-31T08:00:00Z"
            raise ValueError(text) from None
    if not isinstance(value, dt.datetime):
        raise ValueError(f"{shown(value)} must be a time with a zone, such as 2026-01-31T08:00:00Z")
    micros(value)
    return value.astimezone(dt.UTC)


def _names(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(";") if name.strip())
    return tuple(value) if isinstance(value, list) else value


When = Annotated[dt.datetime, BeforeValidator(_when)]
Names = Annotated[tuple[Text, ...], BeforeValidator(_names)]
Status = Literal["succeeded", "failed", "rolled_back", "stopped", "in_progress"]


class _Row(Part):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    def _in_order(self, *names: str) -> None:
        known = [(name, getattr(self, name)) for name in names if getattr(self, name) is not None]
        for (first, a), (second, b) in zip(known, known[1:], strict=False):
            if b < a:
                raise ValueError(
                    f"{second} {b.isoformat()} lies before {first} {a.isoformat()}; exchange or correct them"
                )


class DeploymentRow(_Row):
    """One deployment of one service in one region."""

    id: Text | None = quantity(None, "A name of its own; left out: service, region and start make one.")
    service: Text = quantity(..., "The service.")
    region: Text = quantity(..., "The region, as the fleet calls it.")
    status: Status = quantity(..., "succeeded, failed, rolled_back, stopped or in_progress.")
    started_at: When = quantity(..., "When it started.", unit="ISO 8601 with zone")
    finished_at: When | None = quantity(None, "When it ended; left out while it goes on.", unit="ISO 8601 with zone")
    digest: Text | None = quantity(None, "What was deployed: an image digest or a commit, the same in every region.")
    rollout: Text | None = quantity(None, "Which rollout it belongs to, where you know it.")
    alarm_at: When | None = quantity(None, "The first alarm it caused.", unit="ISO 8601 with zone")
    rollback_started_at: When | None = quantity(None, "When its roll-back began.", unit="ISO 8601 with zone")
    note: Text | None = quantity(None, "Anything.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._in_order("started_at", "finished_at")
        self._in_order("started_at", "alarm_at")
        self._in_order("started_at", "rollback_started_at")
        if (self.finished_at is None) != (self.status == "in_progress"):
            has = "no finished_at" if self.finished_at is None else "a finished_at"
            raise ValueError(f"status {self.status} with {has}; only what is in_progress has none")
        return self

    def record(self, text: str, version: int) -> TableDeployment:
        """Make the row that the store keeps."""
        return TableDeployment(
            id=self.id or _digest(self.service, self.region, self.started_at.isoformat()),
            service=self.service,
            region=self.region,
            status=self.status,
            started_at=micros(self.started_at),
            finished_at=_micros(self.finished_at),
            digest=self.digest,
            rollout=self.rollout,
            alarm_at=_micros(self.alarm_at),
            rollback_started_at=_micros(self.rollback_started_at),
            note=self.note,
            version=version,
            finished=True,
            raw=text,
        )


class IncidentRow(_Row):
    """One incident: a change that was bad, whatever its deployments said."""

    id: Text | None = quantity(None, "A name of its own; left out: rollout or digest and start make one.")
    rollout: Text | None = quantity(None, "The rollout that caused it; this or digest must be given.")
    digest: Text | None = quantity(None, "The image digest or commit that caused it.")
    started_at: When = quantity(..., "When customers were first hurt.", unit="ISO 8601 with zone")
    detected_at: When | None = quantity(None, "When somebody or something noticed.", unit="ISO 8601 with zone")
    mitigated_at: When | None = quantity(None, "When customers were well again.", unit="ISO 8601 with zone")
    regions: Names = quantity((), "Regions that were hurt, separated by semicolons; left out: not known.")
    note: Text | None = quantity(None, "Anything.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._in_order("started_at", "detected_at", "mitigated_at")
        if not self.rollout and not self.digest:
            raise ValueError("neither rollout nor digest is given; name the change that caused the incident")
        return self

    def record(self, text: str, version: int) -> Incident:
        """Make the row that the store keeps."""
        return Incident(
            id=self.id or _digest(self.rollout or "", self.digest or "", self.started_at.isoformat()),
            rollout=self.rollout,
            digest=self.digest,
            started_at=micros(self.started_at),
            detected_at=_micros(self.detected_at),
            mitigated_at=_micros(self.mitigated_at),
            regions=raw(list(self.regions)),
            note=self.note,
            version=version,
            finished=True,
            raw=text,
        )


MODELS: dict[Kind, type[DeploymentRow] | type[IncidentRow]] = {"deployments": DeploymentRow, "incidents": IncidentRow}
_KINDS: dict[Kind, type[Record]] = {"deployments": TableDeployment, "incidents": Incident}


def import_table(
    store: str | os.PathLike[str], path: str | os.PathLike[str], kind: Kind, *, now: dt.datetime | None = None
) -> tuple[int, int]:
    """Take a table into a store, all of it or nothing; a later import of the same id replaces the earlier one.

    Parameters
    ----------
    store
        The store's file; it is made where there is none.
    path
        A CSV file (UTF-8, a header, commas) or a Parquet file.
    kind : {"deployments", "incidents"}
        Which schema it has: `DeploymentRow` or `IncidentRow`.
    now : datetime, optional
        The time of the import, aware; this machine's clock if left out.

    Returns
    -------
    (int, int)
        How many rows were new, and how many replaced an earlier import.

    Raises
    ------
    InputError
        With the faults of the file, each with its line (of a Parquet file: its row) and its column.
    StoreError
        Where the store cannot be opened or written.
    """
    at = clock() if now is None else micros(now)
    records = _read(Path(path), kind, at)
    with Store(store) as opened:
        table = _KINDS[kind].TABLE
        same = {row[0]: row[1] for row in opened.select(f"SELECT id, raw FROM {table}")}
        return opened.write([each for each in records if same.get(each.id) != each.raw], observed_at=at)


def _read(path: Path, kind: Kind, version: int) -> list[TableDeployment | Incident]:
    model = MODELS[kind]
    records: dict[str, TableDeployment | Incident] = {}
    findings: list[Finding] = []
    for line, row, places in _rows(path, model):
        try:
            record = model.model_validate(row).record(raw(row), version)
        except ValidationError as error:
            findings += [_finding(path, line, places, detail, kind) for detail in error.errors(include_url=False)]
        else:
            if record.id in records:
                text = f"id {shown(record.id)} stands here twice; one row a {kind.removesuffix('s')}"
                findings.append(Finding(str(path), line, 1, "error", text, "id-twice"))
            records[record.id] = record
        if len(findings) >= MOST_FINDINGS:
            break
    if findings:
        raise InputError(findings)
    return list(records.values())


def _rows(path: Path, model: type[Part]) -> Iterator[tuple[int, dict[str, Any], dict[str, int]]]:
    """Give line, values and the columns' places of each row; empty cells are left out."""
    if not path.is_file():
        raise InputError([Finding(str(path), 1, 1, "error", "there is no such file; check the path", "no-file")])
    if path.stat().st_size > LARGEST_BYTES:
        raise InputError([Finding(str(path), 1, 1, "error", "over 2 GiB; cut it into several files", "too-large")])
    yield from _parquet(path, model) if path.suffix == ".parquet" else _csv(path, model)


def _csv(path: Path, model: type[Part]) -> Iterator[tuple[int, dict[str, Any], dict[str, int]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        text = f"not UTF-8 at byte {error.start}; save it as UTF-8"
        raise InputError([Finding(str(path), 1, 1, "error", text, "not-utf-8")]) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        places = _header(path, header, model)
        for cells in reader:
            if len(cells) != len(header) and cells:
                text = f"{len(cells)} cells, the header has {len(header)}; add or remove commas"
                raise InputError([Finding(str(path), reader.line_num, 1, "error", text, "cells")])
            row = {name: _plain(cell) for name, cell in zip(header, cells, strict=False) if cell}
            if row:
                yield reader.line_num, row, places
    except csv.Error as error:
        text = f"{error}; quotes must be closed and doubled inside a cell"
        raise InputError([Finding(str(path), reader.line_num, 1, "error", text, "not-csv")]) from None


def _plain(cell: str) -> str:
    """Take off the apostrophe that guards against formulas."""
    return cell[1:] if cell.startswith(_FORMULA) else cell


def _parquet(path: Path, model: type[Part]) -> Iterator[tuple[int, dict[str, Any], dict[str, int]]]:
    try:
        with pq.ParquetFile(path) as file:
            places = _header(path, file.schema_arrow.names, model)
            line = 0
            for batch in file.iter_batches():
                for row in batch.to_pylist():
                    line += 1
                    yield line, {name: value for name, value in row.items() if value not in (None, "")}, places
    except (pa.ArrowException, OSError) as error:
        text = f"not a Parquet file: {' '.join(str(error).split())[:200]}"
        raise InputError([Finding(str(path), 1, 1, "error", text, "not-parquet")]) from None


def _header(path: Path, header: list[str], model: type[Part]) -> dict[str, int]:
    known = list(model.model_fields)
    findings: list[Finding] = []
    for place, name in enumerate(header, start=1):
        if name not in known:
            near = closest(name, known)
            hint = f"did you mean {near!r}?" if near else f"known here: {', '.join(known)}"
            findings.append(
                Finding(str(path), 1, place, "error", f"unknown column {shown(name)}; {hint}", "unknown-key")
            )
        elif name in header[: place - 1]:
            findings.append(Finding(str(path), 1, place, "error", f"column {name!r} stands here twice", "column-twice"))
    for name, field in model.model_fields.items():
        if field.is_required() and name not in header:
            text = f"the column {name!r} is missing: {field.description}"
            findings.append(Finding(str(path), 1, 1, "error", text, "missing-key"))
    if findings:
        raise InputError(findings)
    return {name: place for place, name in enumerate(header, start=1)}


def _finding(path: Path, line: int, places: dict[str, int], detail: Any, kind: str) -> Finding:
    name = str(detail["loc"][0]) if detail["loc"] else ""
    if detail["type"] == "missing":
        text, rule = f"{name} is empty: it must be given", "missing-key"
    elif detail["type"] == "value_error":
        text, rule = f"{name}: {detail['ctx']['error']}" if name else str(detail["ctx"]["error"]), "invalid-value"
    else:
        must = detail["msg"].replace("Input should be", "must be").replace("Input should", "should")
        text, rule = f"{name} is {shown(detail['input'])}: {must[0].lower()}{must[1:]}", "wrong-type"
    return Finding(str(path), line, places.get(name, 1), "error", text, rule)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _micros(when: dt.datetime | None) -> int | None:
    return None if when is None else micros(when)
