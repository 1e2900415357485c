"""The statements that write into the store, each inside a transaction of somebody else's.

Not here: whose transaction that is (`history.keeping.store`), the tables (`history.keeping.migrations`).
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from history.records import MalformedRecord, Record, columns, key_of, read_key
from history.units import Scan, Sign, Step, Unit


class Counts(NamedTuple):
    """What a step did: rows that were new, rows that replaced an older answer, signs that reopened what had ended."""

    new: int
    changed: int
    reopened: Sequence[Sign] = ()


@dataclass
class Pending:
    """A step on its way into the store."""

    run: int
    unit: Unit
    step: Step
    rows: "Rows"
    counts: "Counts" = field(default_factory=lambda: Counts(0, 0))
    error: BaseException | None = None
    done: bool = False


_STATEMENTS: dict[type[Record], tuple[str, str]] = {}
Rows = list[tuple[type[Record], list[tuple[Any, ...]]]]


def rows(records: Sequence[Record], observed_at: int) -> Rows:
    """Turn records into rows, table by table, before anybody has to wait for them."""
    by_table = groupby(sorted(records, key=lambda record: record.TABLE), key=type)
    found: Rows = []
    for kind, some in by_table:
        values = _values(kind)
        found.append((kind, [(*values(record), 0, observed_at, record.raw) for record in some]))
    return found


def upsert(connection: sqlite3.Connection, found: Rows) -> tuple[int, int]:
    """Insert what is new, replace what is older; must run inside a transaction."""
    new = changed = 0
    for kind, some in found:
        insert, replace = _statements(kind)
        added = connection.executemany(insert, some).rowcount
        new += added
        if added < len(some):
            changed += connection.executemany(replace, some).rowcount
    return new, changed


def apply(connection: sqlite3.Connection, pending: Pending) -> Counts:
    """Write a step: its rows, its part's cursor, its unit's line in the ledger; must run inside a transaction."""
    new, changed = upsert(connection, pending.rows)
    _heal(connection, pending)
    reopened = [sign for sign in pending.step.signs if _reopen(connection, sign)]
    where = (*pending.unit, pending.step.part)
    if pending.step.covered:
        _cover(connection, where, pending.step.covered)
    enter_scan(connection, where, pending.step.scan)
    connection.execute(
        "UPDATE ledger SET steps = steps + 1, new = new + ?, changed = changed + ?"
        " WHERE (run, account, region, stream) = (?, ?, ?, ?)",
        (new, changed, pending.run, *pending.unit),
    )
    return Counts(new, changed, reopened)


def _heal(connection: sqlite3.Connection, pending: Pending) -> None:
    """Note which things, of which there were malformed answers only, could be kept now."""
    open_ones = "FROM malformed_records WHERE (account, region, stream) = (?, ?, ?) AND finished = 0"
    found = connection.execute(f"SELECT in_table, id {open_ones}", pending.unit).fetchall()
    if found:
        kept = {(each.TABLE, key_of(each)) for each in pending.step.records if each.TABLE != MalformedRecord.TABLE}
        healed = [(*pending.unit, table, name) for table, name in found if (table, read_key(name)) in kept]
        match = "(account, region, stream, in_table, id) = (?, ?, ?, ?, ?)"
        connection.executemany(f"UPDATE malformed_records SET finished = 1 WHERE {match}", healed)


def _reopen(connection: sqlite3.Connection, sign: Sign) -> bool:
    """Take for unfinished again what had ended before a sign that it goes on; say whether there was such a thing."""
    match = "".join(f" AND {name} = ?" for name in sign.kind.KEY)
    sql = f"UPDATE {sign.kind.TABLE} SET finished = 0 WHERE finished = 1 AND lost = 0 AND version < ?{match}"
    return connection.execute(sql, (sign.at, *sign.key)).rowcount > 0


def _statements(kind: type[Record]) -> tuple[str, str]:
    """Return the two statements of a table: one for what is new, one for what is newer."""
    if kind not in _STATEMENTS:
        _STATEMENTS[kind] = _written(kind)
    return _STATEMENTS[kind]


def _written(kind: type[Record]) -> tuple[str, str]:
    names = [column.name for column in columns(kind)]
    values = ", ".join("?" * len(names))
    insert = f"INSERT INTO {kind.TABLE} ({', '.join(names)}) VALUES ({values}) ON CONFLICT ({', '.join(kind.KEY)}) DO"
    assign = ", ".join(f"{name} = excluded.{name}" for name in names if name not in kind.KEY)
    old = kind.TABLE
    # Of two answers with the same version the finished one is later, and of two unfinished ones the one seen later.
    newer = (
        f"excluded.version > {old}.version OR (excluded.version = {old}.version AND (excluded.finished > {old}.finished"
        f" OR ({old}.finished = 0 AND excluded.finished = 0 AND excluded.observed_at > {old}.observed_at)))"
    )
    return f"{insert} NOTHING", f"{insert} UPDATE SET {assign} WHERE {newer}"


def _values(kind: type[Record]) -> Callable[[Record], tuple[Any, ...]]:
    """Return what reads all columns but the last three: `lost`, `observed_at` and `raw`."""
    return attrgetter(*(column.name for column in columns(kind)[:-3]))


def _cover(connection: sqlite3.Connection, where: tuple[str, ...], interval: tuple[int, int]) -> None:
    match = "(account, region, stream, part) = (?, ?, ?, ?)"
    rows = connection.execute(f"SELECT from_at, until_at FROM coverage WHERE {match}", where).fetchall()
    connection.execute(f"DELETE FROM coverage WHERE {match}", where)
    merged = [(*where, *each) for each in merge([*rows, interval])]
    connection.executemany("INSERT INTO coverage VALUES (?, ?, ?, ?, ?, ?)", merged)


def merge(intervals: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join intervals that touch or overlap; the result is in order."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def enter_scan(connection: sqlite3.Connection, where: tuple[str, ...], scan: Scan | None) -> None:
    """Keep the place of a scan, or drop it where the scan is over."""
    if scan is None:
        connection.execute("DELETE FROM scans WHERE (account, region, stream, part) = (?, ?, ?, ?)", where)
        return
    connection.execute(
        "INSERT OR REPLACE INTO scans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*where, scan.token, scan.begun_at, scan.horizon_at, scan.oldest_at, scan.disorder),
    )
