"""Tables that people bring: deployments from elsewhere than AWS, and incidents, as CSV or Parquet.

Each kind has a schema: the models below. A file is taken whole or not at all, and importing it twice changes nothing.
Not here: how files are read (`history.importing.table_file`), what a cell may hold (`history.importing.cells`), what
AWS says (`history.sources`).
"""

import dataclasses
import datetime as dt
import hashlib
import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, ValidationError, model_validator

from history.importing.cells import Name, Names, Note, RegionName, Trimmed, When
from history.importing.table_file import Faults, Progress, TableFile
from history.instants import DAY, micros
from history.instants import now as clock
from history.keeping.store import Store
from history.records import Incident, TableDeployment, columns
from history.sources._answers import batches, raw
from waves.files.documents import Finding, InputError, shown
from waves.nouns import Part, quantity

_ROWS_AT_ONCE = 500

Kind = Literal["deployments", "incidents"]
Status = Annotated[Literal["succeeded", "failed", "rolled_back", "stopped", "in_progress"], Trimmed]


KindName = Annotated[Literal["change", "configuration", "retry", "resume", "rollback", "redeploy"], Trimmed]


class _Row(Part):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    def _in_order(self, *names: str) -> None:
        known = None
        for name in names:
            when: dt.datetime | None = getattr(self, name)
            if when is None:
                continue
            if known is not None and when < known[1]:
                first = f"{known[0]} {known[1].isoformat()}"
                raise ValueError(f"{name} {when.isoformat()} lies before {first}; exchange or correct them")
            known = name, when


class DeploymentRow(_Row):
    """One deployment of one service in one region."""

    id: Name | None = quantity(None, "A name of its own; left out: service, region and start make one.")
    service: Name = quantity(..., "The service.")
    region: RegionName = quantity(..., "The region, as the fleet calls it.")
    status: Status = quantity(..., "succeeded, failed, rolled_back, stopped or in_progress.")
    started_at: When = quantity(..., "When it started.", unit="ISO 8601 with zone")
    finished_at: When | None = quantity(None, "When it ended; left out while it goes on.", unit="ISO 8601 with zone")
    digest: Name | None = quantity(None, "What was deployed: an image digest or a commit, the same in every region.")
    rollout: Name | None = quantity(None, "Which rollout it belongs to, where you know it.")
    cluster: Name | None = quantity(None, "Which of several clusters in its region; left out: there is one.")
    task_definition: Name | None = quantity(
        None, "With what configuration: another one of the same digest is a change."
    )
    kind: KindName | None = quantity(None, "What it was, where you know it; left out: what ran before says.")
    pushed_at: When | None = quantity(
        None, "When its change was pushed; minutes count from here.", unit="ISO 8601 with zone"
    )
    alarm_at: When | None = quantity(None, "The first alarm it caused.", unit="ISO 8601 with zone")
    rollback_started_at: When | None = quantity(None, "When its roll-back began.", unit="ISO 8601 with zone")
    note: Note | None = quantity(None, "Anything.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._in_order("pushed_at", "started_at", "finished_at")
        self._in_order("started_at", "alarm_at")
        self._in_order("started_at", "rollback_started_at")
        if (self.finished_at is None) != (self.status == "in_progress"):
            has = "no finished_at" if self.finished_at is None else "a finished_at"
            raise ValueError(f"status {self.status} with {has}; only what is in_progress has none")
        return self

    @property
    def _place(self) -> tuple[str, ...]:
        """The cluster, where it is told: without one, a row has the id it had before there was this column."""
        return (self.cluster,) if self.cluster else ()

    def record(self, text: str, version: int) -> TableDeployment:
        """Make the row that the store keeps."""
        return TableDeployment(
            id=self.id or _digest(self.service, self.region, *self._place, self.started_at.isoformat()),
            service=sys.intern(self.service),  # a large table holds few
            region=sys.intern(self.region),
            status=self.status,
            started_at=micros(self.started_at),
            finished_at=_micros(self.finished_at),
            digest=self.digest,
            rollout=self.rollout,
            cluster=self.cluster,
            task_definition=self.task_definition,
            kind=self.kind,
            pushed_at=_micros(self.pushed_at),
            alarm_at=_micros(self.alarm_at),
            rollback_started_at=_micros(self.rollback_started_at),
            note=self.note,
            version=version,
            finished=self.finished_at is not None,
            raw=text,
        )


class IncidentRow(_Row):
    """One incident: a change that was bad, whatever its deployments said."""

    id: Name | None = quantity(None, "A name of its own; left out: rollout or digest and start make one.")
    rollout: Name | None = quantity(None, "The rollout that caused it; this or digest must be given.")
    digest: Name | None = quantity(None, "The image digest or commit that caused it.")
    started_at: When = quantity(..., "When customers were first hurt.", unit="ISO 8601 with zone")
    detected_at: When | None = quantity(None, "When somebody or something noticed.", unit="ISO 8601 with zone")
    mitigated_at: When | None = quantity(None, "When customers were well again.", unit="ISO 8601 with zone")
    regions: Names = quantity((), "Regions that were hurt, separated by semicolons; left out: not known.")
    note: Note | None = quantity(None, "Anything.")

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


def import_table(
    store: str | os.PathLike[str],
    path: str | os.PathLike[str],
    kind: Kind,
    *,
    now: dt.datetime | None = None,
    progress: Progress | None = None,
    warn: Callable[[Finding], None] | None = None,
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
        The time of the import, aware; this machine's clock if left out. Times more than an hour after it are
        faults.
    progress : callable, optional
        Told now and then how many rows have been read, and which share of the file that is, from 0 to 1; at last, how
        many there are, and 1.
    warn : callable, optional
        Told what is odd and was taken all the same: incidents whose digest or rollout nothing in the store has.

    Returns
    -------
    (int, int)
        How many rows were new, and how many have other values than an earlier import; a row whose values are only
        written in another way is neither.

    Raises
    ------
    InputError
        With the faults of the file, each with its line (of a Parquet file: its row) and its column.
    StoreError
        Where the store cannot be opened or written.
    """
    at = clock() if now is None else micros(now)
    lines, records = _read(Path(path), kind, at, progress)
    if kind == "deployments":
        lines.clear()  # nobody asks for them, and a large table needs the room
    with Store(store) as opened:
        news = [each for some in batches(records, _ROWS_AT_ONCE) for each in _news(opened, some)]
        news.sort(key=attrgetter("id"))  # the order of the key: at random, a large table would not fit SQLite's cache
        counts = opened.write(news, observed_at=at)
        if warn and kind == "incidents":
            for finding in _strangers(opened, Path(path), lines, records):
                warn(finding)
        return counts


Rows = list[TableDeployment | Incident]


def _read(path: Path, kind: Kind, at: int, progress: Progress | None) -> tuple[dict[str, int], Rows]:
    """Return the number of the row of each id, and the records in the order of the file."""
    model, faults = MODELS[kind], Faults(path)
    file = TableFile(path, model, faults, progress)
    records: Rows = []
    lines: dict[str, int] = {}
    context = {"now": at}
    for line, row in file.rows():
        try:
            taken = model.model_validate(row, context=context)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                faults.add(line, *_fault(file, detail))
            continue
        record = taken.record(raw(row), at)
        if (first := lines.setdefault(record.id, line)) != line:
            faults.add(line, 1, _twice(taken, f"{file.word} {first}", kind), "id-twice")
        elif not faults.count:
            records.append(record)
    if faults.count:
        raise InputError(faults.findings)
    if progress:
        progress(len(records), 1.0)
    return lines, records


def _twice(row: DeploymentRow | IncidentRow, first: str, kind: Kind) -> str:
    one = f"one row for each {kind.removesuffix('s')}"
    if row.id is not None:
        return f"id {shown(row.id)} stands here twice, first in {first}; {one}"
    named = "rollout, digest"
    if isinstance(row, DeploymentRow):
        named = "service, region, cluster" if row.cluster else "service, region"
    return f"{named} and started_at of {first} stand here twice, without an id; {one}, or give each an id"


def _news(store: Store, some: Sequence[TableDeployment | Incident]) -> Iterator[TableDeployment | Incident]:
    """Return those records that the store does not have with the same values, however they are written."""
    kind = type(some[0])
    names = [column.name for column in columns(kind)]
    told = [name for name in names if name not in ("version", "lost", "observed_at", "raw")]
    values = attrgetter(*told)
    marks = ", ".join("?" * len(some))
    sql = f"SELECT version, {', '.join(told)} FROM {kind.TABLE} WHERE id IN ({marks})"
    known = {row[1]: row for row in store.select(sql, [each.id for each in some])}
    for each in some:
        old = known.get(each.id)
        if old is None:
            yield each
        elif _comparable(told, values(each)) != _comparable(told, old[1:]):
            # Later is what was imported later, even where the clock was set back in between.
            yield dataclasses.replace(each, version=max(each.version, old[0] + 1))


def _comparable(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    found = dict(zip(names, values, strict=True))
    if "regions" in found:
        found["regions"] = sorted(json.loads(found["regions"]))
    return found


_DIGESTS = """
    SELECT digest FROM service_images UNION SELECT digest FROM table_deployments
    UNION SELECT json_extract(value, '$.revisionId') FROM pipeline_executions, json_each(source_revisions)
"""
_ROLLOUTS = """
    SELECT rollout FROM table_deployments UNION SELECT id FROM pipeline_executions UNION SELECT id FROM workflow_runs
"""


# Where digests and rollouts are learned, beside tables that people bring.
_STREAMS = {"digest": ("ecs", "codepipeline"), "rollout": ("codepipeline", "codecatalyst")}
_BEFORE = DAY  # a change was deployed before it hurt; by how much nobody says


def _strangers(store: Store, path: Path, lines: dict[str, int], records: Rows) -> list[Finding]:
    """Return a warning for each digest and rollout of an incident that the store would have, if it were right."""
    faults = Faults(path, "warning")
    known = {
        name: {row[0] for row in store.select(sql)} - {None}
        for name, sql in (("digest", _DIGESTS), ("rollout", _ROLLOUTS))
    }
    if not any(known.values()):
        return []
    looked = {name: _Looked(store, name) for name in known}
    for record in records:
        for name, own in known.items():
            value = getattr(record, name)
            if value is not None and value not in own and looked[name].at(record.started_at):
                text = f"{name} {shown(value, 80)}: nothing in the store has it; correct it, or collect what it names"
                faults.add(lines[record.id], 1, text, "unknown-change")
    return faults.findings


class _Looked:
    """Whether a change would be in the store, had it hurt at some instant: else nobody can say that it is wrong."""

    def __init__(self, store: Store, name: str) -> None:
        marks = ", ".join("?" * len(_STREAMS[name]))
        sql = f"SELECT account, region, stream, part, from_at, until_at FROM coverage WHERE stream IN ({marks})"
        self._parts: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
        for *part, begin, end in store.select(sql, _STREAMS[name]):
            self._parts[tuple(part)].append((begin, end))
        # ECS did not tell the digest of these: an incident may be of one of them.
        nameless = (
            "SELECT created_at FROM service_images JOIN service_revisions ON arn = revision"
            " WHERE digest IS NULL AND created_at IS NOT NULL"
        )
        self._nameless = [row[0] for row in store.select(nameless)] if name == "digest" else []

    def at(self, instant: int) -> bool:
        """Return whether every part is known from a day before an instant on, and no digest of that time is missing."""
        parts = self._parts.values()
        known = all(any(a <= instant - _BEFORE and instant <= b for a, b in part) for part in parts)
        return known and not any(0 <= instant - created <= 7 * DAY for created in self._nameless)


def _fault(file: TableFile, detail: Any) -> tuple[int, str, str]:
    """Return column, message and rule of one fault that pydantic found."""
    name = str(detail["loc"][0]) if detail["loc"] else ""
    if detail["type"] == "missing":
        text, rule = f"{name} is empty: it must be given", "missing-key"
    elif detail["type"] == "value_error":
        text, rule = f"{name}: {detail['ctx']['error']}" if name else str(detail["ctx"]["error"]), "invalid-value"
    else:
        must = detail["msg"].replace("Input should be", "must be").replace("Input should", "should")
        text, rule = f"{name} is {shown(detail['input'])}: {must[0].lower()}{must[1:]}", "wrong-type"
    return file.places.get(name, 1), text, rule


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _micros(when: dt.datetime | None) -> int | None:
    return None if when is None else micros(when)
