"""The store: one SQLite file in which rows, cursors and the ledger of a step are committed together.

Not here: its SQL (`history.keeping.migrations`), its rows in Python (`history.records`), reading it out
(`history.reading.export`). Nothing in it is ever deleted, and of two answers about one thing the newer stays.
"""

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self

from history.keeping.file import StoreError, begin, explained, located
from history.keeping.migrations import MIGRATIONS, migrate, own_table, unwiped, version, wipe
from history.keeping.statements import Counts, Pending, apply, enter_scan, rows, upsert
from history.privacy import written
from history.records import MalformedRecord, Record, key_of, read_key
from history.sources import OWN_TABLES, Deployed
from history.units import Scan, Step, Unit

BUSY_SECONDS = 60.0
NOT_WIPED = (
    "what was taken out is not yet wiped off the disk, as others are at work on the store or there is too little space;"
    " the next run tries again"
)


class StoreFailed(StoreError):
    """The store could be opened, and failed in the middle of a run; says whether what was committed before is safe."""


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


def _connect(file: Path, patience: float = BUSY_SECONDS) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=patience, isolation_level=None, check_same_thread=False)


def _set_up(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # 16 MB, as the keys of a large table are looked up at random; with more, nothing is faster.
    connection.execute("PRAGMA cache_size = -16384")


def _make(file: Path, *, migrations: Sequence[str]) -> None:
    """Make an empty store."""
    with closing(_connect(file)) as connection:
        connection.execute("PRAGMA page_size = 8192")
        _set_up(connection)
        migrate(connection, migrations)


class Store:
    """A history store in a file; safe to be shared by threads.

    Parameters
    ----------
    path
        The file; it is made where there is none.
    migrations
        For tests of migrations.
    patience
        How many seconds to wait for others who write into it.

    Raises
    ------
    StoreError
        Where the file is no store, is newer than this version, or cannot be written.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, migrations: Sequence[str] = MIGRATIONS, patience: float = BUSY_SECONDS
    ) -> None:
        self.path = Path(path)
        self._file = located(self.path)
        self._lock = threading.RLock()
        self._reading = threading.Lock()
        self._gate = threading.Lock()
        self._pending: list[Pending] = []
        with self._explained():
            begin(self.path, self._file, partial(_make, migrations=migrations))
            self._connection = _connect(self._file, patience)
        try:
            with self._explained():
                self._open(migrations)
                # Of its own, so that nobody who only reads waits for another's commit to reach the disk.
                self._reader = _connect(self._file, patience)
        except BaseException:
            self._connection.close()
            raise

    def _open(self, migrations: Sequence[str]) -> None:
        found = version(self._connection)
        if found:
            check_version(self.path, found, len(migrations), older=True)
        else:
            raise StoreError(f"{self.path}: this SQLite file is no history store; name another file")
        _set_up(self._connection)
        migrate(self._connection, migrations)
        for kind in OWN_TABLES:
            self._connection.execute(own_table(kind))
        wipe(self._connection)

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
            raise explained(error, self.path) from None
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror}; see that its folder can be written") from None

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

    def take_notices(self) -> list[str]:
        """Return what migrations have to tell people, each text once."""
        with self._transaction() as connection:
            found = [row[0] for row in connection.execute("SELECT text FROM notices ORDER BY text")]
            connection.execute("DELETE FROM notices")
            if unwiped(connection):
                found.append(f"{self.path}: {NOT_WIPED}")
        return found

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

    def commit(self, run: int, unit: Unit, step: Step, *, observed_at: int) -> Counts:
        """Commit a step: rows, cursor and ledger in one transaction.

        Steps of several units that wait for the disk at once share a transaction, so that one wait does for all.

        Returns
        -------
        Counts
            How many rows were new, how many replaced an older answer, and which signs reopened what had ended.
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

    def mark_lost(self, unit: Unit, kind: type[Record], keys: Iterable[tuple[str, ...]], unseen_since: int) -> None:
        """Note that AWS no longer knows these records, so that nobody asks for them again.

        Parameters
        ----------
        unit : Unit
            Whose they are.
        kind : type of Record
            Which table they are in.
        keys : iterable of tuple of str
            Which they are.
        unseen_since : int
            Not those that were seen later than that, microseconds: what a list has just shown is not gone.
        """
        keys = list(keys)
        match = " AND ".join(f"{name} = ?" for name in kind.KEY)
        malformed = "(account, region, stream, in_table, id) = (?, ?, ?, ?, ?)"
        with self._transaction() as connection:
            for table, where, rows in (
                (kind.TABLE, match, keys),
                (MalformedRecord.TABLE, malformed, [(*unit, kind.TABLE, written(list(key))) for key in keys]),
            ):
                sql = f"UPDATE {table} SET lost = 1 WHERE observed_at <= ? AND {where}"
                connection.executemany(sql, [(unseen_since, *row) for row in rows])

    def unheard(self, records: Sequence[MalformedRecord]) -> list[MalformedRecord]:
        """Return those malformed records that the store does not have yet, or has for another reason."""
        sql = (
            "SELECT 1 FROM malformed_records WHERE (account, region, stream, in_table, id, reason) = (?, ?, ?, ?, ?, ?)"
        )
        return [each for each in records if not self.select(sql, (*key_of(each), each.reason))]

    def unreadable(self, unit: Unit, kind: type[Record]) -> list[tuple[str, ...]]:
        """Return the keys of a kind of which a unit has had malformed answers only, and which have not ended."""
        sql = (
            "SELECT id FROM malformed_records WHERE (account, region, stream) = (?, ?, ?) AND in_table = ?"
            " AND finished = 0 AND lost = 0 ORDER BY id"
        )
        return [read_key(row[0]) for row in self.select(sql, (*unit, kind.TABLE))]

    def covered(self, unit: Unit, part: str) -> list[tuple[int, int]]:
        """Return the intervals in which a part is known, in order, UTC microseconds."""
        rows = self.select(
            "SELECT from_at, until_at FROM coverage WHERE (account, region, stream, part) = (?, ?, ?, ?)"
            " ORDER BY from_at",
            (*unit, part),
        )
        return [(row[0], row[1]) for row in rows]

    def scan(self, unit: Unit, part: str) -> Scan | None:
        """Return the place where an earlier scan was left."""
        rows = self.select(
            "SELECT token, begun_at, horizon_at, oldest_at, disorder FROM scans"
            " WHERE (account, region, stream, part) = (?, ?, ?, ?)",
            (*unit, part),
        )
        return Scan(*rows[0]) if rows else None

    def width(self, unit: Unit, part: str) -> int | None:
        """Return the width of the first window of a part, microseconds, if an earlier run asked for a narrow one."""
        rows = self.select(
            "SELECT width FROM windows WHERE (account, region, stream, part) = (?, ?, ?, ?)", (*unit, part)
        )
        return rows[0][0] if rows else None

    def narrow(self, unit: Unit, part: str, width: int) -> None:
        """Ask for narrower windows in the next run, after one that could not be finished."""
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO windows VALUES (?, ?, ?, ?, ?)", (*unit, part, width))

    def unfinished(self, kind: type[Record], **where: str) -> list[tuple[str, ...]]:
        """Return the keys of unfinished records, in their order."""
        keys = ", ".join(kind.KEY)
        match = "".join(f" AND {name} = ?" for name in where)
        sql = f"SELECT {keys} FROM {kind.TABLE} WHERE finished = 0 AND lost = 0{match} ORDER BY {keys}"
        return self.select(sql, list(where.values()))

    def oldest_unfinished(self, kind: type[Record], **where: str) -> int | None:
        """Return the start of the oldest unfinished record, microseconds, for kinds with a column `started_at`."""
        match = "".join(f" AND {name} = ?" for name in where)
        sql = f"SELECT min(started_at) FROM {kind.TABLE} WHERE finished = 0 AND lost = 0{match}"
        oldest: int | None = self.select(sql, list(where.values()))[0][0]
        return oldest

    def deployed(self, account: str) -> list[Deployed]:
        """Return every deployment of an account, and those of tables, which know no accounts."""
        sql = (
            "SELECT service, cluster, created_at, coalesce(finished_at, stopped_at) FROM service_deployments"
            " WHERE account = ? UNION ALL SELECT service, cluster, started_at, finished_at FROM table_deployments"
        )
        return [Deployed(*row) for row in self.select(sql, (account,))]

    def known(self, kind: type[Record], keys: Sequence[str]) -> set[str]:
        """Return those of some keys that the store has, for a table with a key of one column."""
        (key,) = kind.KEY
        found: set[str] = set()
        for start in range(0, len(keys), 500):
            some = keys[start : start + 500]
            marks = ", ".join("?" * len(some))
            rows = self.select(f"SELECT {key} FROM {kind.TABLE} WHERE {key} IN ({marks})", some)
            found |= {row[0] for row in rows}
        return found
