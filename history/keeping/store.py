"""The store: one SQLite file in which rows, cursors and the ledger of a step are committed together.

Not here: its SQL (`history.keeping.migrations`), its rows in Python (`history.records`), reading it out
(`history.reading.export`). Nothing in it is ever deleted, and of two answers about one thing the newer stays.
"""

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from history.keeping.migrations import MIGRATIONS, migrate, own_table, version
from history.keeping.statements import Pending, apply, enter_scan, rows, upsert
from history.records import Record
from history.sources import OWN_TABLES
from history.units import Scan, Step, Unit

BUSY_SECONDS = 60.0


class StoreError(Exception):
    """The store cannot be opened or written; says which file, why, and what to do."""


class StoreFailed(StoreError):
    """The store could be opened, and failed in the middle of a run; what was committed before is safe."""


def check_version(path: Path, found: int, known: int, *, older: bool = False) -> None:
    """Refuse a store of a version that cannot be used, or, unless `older`, of one that a fetch would first renew.

    Raises
    ------
    StoreError
        With the remedy.
    """
    if found > known:
        text = f"this store has version {found}, newer than this wavecast's {known}; update wavecast"
        raise StoreError(f"{path}: {text}")
    if found < known and not older:
        text = f"this store has version {found}, older than this wavecast's {known}; a fetch or an import renews it"
        raise StoreError(f"{path}: {text}")


class Store:
    """A history store in a file; safe to be shared by threads.

    Parameters
    ----------
    path
        The file; it is made where there is none.
    migrations
        For tests of migrations.

    Raises
    ------
    StoreError
        Where the file is no store, is newer than this version, or cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], *, migrations: Sequence[str] = MIGRATIONS) -> None:
        self.path = Path(path)
        self._lock = threading.RLock()
        self._reading = threading.Lock()
        self._gate = threading.Lock()
        self._pending: list[Pending] = []
        with self._explained():
            self._connection = self._connect()
        try:
            with self._explained():
                self._open(migrations)
                # Of its own, so that nobody who only reads waits for another's commit to reach the disk.
                self._reader = self._connect()
        except BaseException:
            self._connection.close()
            raise

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)

    def _open(self, migrations: Sequence[str]) -> None:
        found = version(self._connection)
        if found:
            check_version(self.path, found, len(migrations), older=True)
        if found == 0 and self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise StoreError(f"{self.path}: this SQLite file is no history store; name another file")
        if found == 0:
            self._connection.execute("PRAGMA page_size = 8192")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        # 16 MB, as the keys of a large table are looked up at random; with more, nothing is faster.
        self._connection.execute("PRAGMA cache_size = -16384")
        migrate(self._connection, migrations)
        for kind in OWN_TABLES:
            self._connection.execute(own_table(kind))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    def close(self) -> None:
        """Close the file; what was committed stays."""
        with self._lock, self._reading:
            self._reader.close()
            self._connection.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            text = str(error)
            remedy = "free some space and fetch again" if "full" in text else "see that it can be read and written"
            if self.path.is_dir():
                text, remedy = "this is a folder", "name the store's file in it"
            elif not self.path.parent.is_dir():
                text, remedy = "there is no such folder", "make it, or correct the path"
            raise StoreError(f"{self.path}: {text}; {remedy}; what was committed before is safe") from None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite rolls back by itself where the disk is full
                    self._connection.execute("ROLLBACK")
                raise

    def select(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a query and return its rows."""
        with self._reading, self._explained():
            return self._reader.execute(sql, values).fetchall()

    def begin_run(self, units: Iterable[Unit], at: int) -> int:
        """Enter a run and its units into the ledger, outcomes open, so that a killed run shows as such.

        Returns
        -------
        int
            The run's number.
        """
        with self._transaction() as connection:
            run = connection.execute("INSERT INTO runs (started_at) VALUES (?)", (at,)).lastrowid
            assert run is not None
            rows = [(run, *unit) for unit in units]
            connection.executemany("INSERT INTO ledger (run, account, region, stream) VALUES (?, ?, ?, ?)", rows)
        return run

    def commit(self, run: int, unit: Unit, step: Step, *, observed_at: int) -> tuple[int, int]:
        """Commit a step: rows, cursor and ledger in one transaction.

        Steps of several units that wait for the disk at once share a transaction, so that one wait does for all.

        Returns
        -------
        (int, int)
            How many rows were new, and how many replaced an older answer.
        """
        mine = Pending(run, unit, step, rows(step.records, observed_at))
        with self._gate:
            self._pending.append(mine)
        with self._lock:
            if not mine.done:
                with self._gate:
                    group, self._pending = self._pending, []
                self._commit_together(group)
        if mine.error:
            raise mine.error
        return mine.counts

    def _commit_together(self, group: list[Pending]) -> None:
        try:
            with self._transaction() as connection:
                counts = [apply(connection, each) for each in group]
        except BaseException as error:
            if isinstance(error, StoreError) and len(group) > 1:
                for each in group:  # so that the fault of one step is no other's
                    self._commit_together([each])
                return
            for each in group:
                each.error, each.done = error, True
            return
        for each, count in zip(group, counts, strict=True):
            each.counts, each.done = count, True

    def write(self, records: Sequence[Record], *, observed_at: int) -> tuple[int, int]:
        """Commit records that come from no unit, such as an imported table; all of them or none."""
        with self._transaction() as connection:
            return upsert(connection, rows(records, observed_at))

    def end_unit(self, run: int, unit: Unit, outcome: str, detail: str, requests: int, at: int) -> None:
        """Enter the outcome of a unit into the ledger."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE ledger SET outcome = ?, detail = ?, requests = ?, ended_at = ?"
                " WHERE (run, account, region, stream) = (?, ?, ?, ?)",
                (outcome, detail, requests, at, run, *unit),
            )

    def end_run(self, run: int, at: int) -> None:
        """Note that a run came to its end."""
        with self._transaction() as connection:
            connection.execute("UPDATE runs SET ended_at = ? WHERE id = ?", (at, run))

    def forget_scan(self, unit: Unit, part: str) -> None:
        """Drop the place of a scan, so that the next one starts from the first page. No record goes."""
        with self._transaction() as connection:
            enter_scan(connection, (*unit, part), None)

    def mark_lost(self, kind: type[Record], keys: Iterable[tuple[str, ...]]) -> None:
        """Note that AWS no longer knows these records, so that nobody asks for them again."""
        with self._transaction() as connection:
            match = " AND ".join(f"{name} = ?" for name in kind.KEY)
            connection.executemany(f"UPDATE {kind.TABLE} SET lost = 1 WHERE {match}", list(keys))

    def covered(self, unit: Unit, part: str) -> list[tuple[int, int]]:
        """Give the intervals in which a part is known, in order, UTC microseconds."""
        rows = self.select(
            "SELECT from_at, until_at FROM coverage WHERE (account, region, stream, part) = (?, ?, ?, ?)"
            " ORDER BY from_at",
            (*unit, part),
        )
        return [(row[0], row[1]) for row in rows]

    def scan(self, unit: Unit, part: str) -> Scan | None:
        """Give the place where an earlier scan was left."""
        rows = self.select(
            "SELECT token, begun_at, horizon_at, oldest_at, disorder FROM scans"
            " WHERE (account, region, stream, part) = (?, ?, ?, ?)",
            (*unit, part),
        )
        return Scan(*rows[0]) if rows else None

    def width(self, unit: Unit, part: str) -> int | None:
        """Give the width of the first window of a part, microseconds, if an earlier run asked for a narrow one."""
        rows = self.select(
            "SELECT width FROM windows WHERE (account, region, stream, part) = (?, ?, ?, ?)", (*unit, part)
        )
        return rows[0][0] if rows else None

    def narrow(self, unit: Unit, part: str, width: int) -> None:
        """Ask for narrower windows in the next run, after one that could not be finished."""
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO windows VALUES (?, ?, ?, ?, ?)", (*unit, part, width))

    def unfinished(self, kind: type[Record], seen_before: int, **where: str) -> list[tuple[Any, ...]]:
        """Give keys of unfinished records last seen before an instant, in the order of their keys."""
        keys = ", ".join(kind.KEY)
        match = "".join(f" AND {name} = ?" for name in where)
        open_ones = f"finished = 0 AND lost = 0 AND observed_at < ?{match}"
        sql = f"SELECT {keys} FROM {kind.TABLE} WHERE {open_ones} ORDER BY {keys}"
        return self.select(sql, (seen_before, *where.values()))

    def oldest_unfinished(self, kind: type[Record], **where: str) -> int | None:
        """Give the start of the oldest unfinished record, microseconds, for kinds with a column `started_at`."""
        match = "".join(f" AND {name} = ?" for name in where)
        sql = f"SELECT min(started_at) FROM {kind.TABLE} WHERE finished = 0 AND lost = 0{match}"
        oldest: int | None = self.select(sql, list(where.values()))[0][0]
        return oldest

    def known(self, kind: type[Record], keys: Sequence[str]) -> set[str]:
        """Give those of some keys that the store has, for a table with a key of one column."""
        (key,) = kind.KEY
        found: set[str] = set()
        for start in range(0, len(keys), 500):
            some = keys[start : start + 500]
            marks = ", ".join("?" * len(some))
            rows = self.select(f"SELECT {key} FROM {kind.TABLE} WHERE {key} IN ({marks})", some)
            found |= {row[0] for row in rows}
        return found
