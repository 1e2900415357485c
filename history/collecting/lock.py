"""One fetch at a time: a lock beside the store that goes with the process that holds it, however that ends.

It is SQLite's own lock, on a small file that holds nothing but a line on who has it. It saves AWS from being asked
twice; that two fetches at once do no harm is the store's business (`history.keeping.store`), not this file's.
"""

import os
import platform
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from history.instants import iso, now
from history.keeping.file import StoreError, located

_TABLE = "CREATE TABLE IF NOT EXISTS holder (id INTEGER PRIMARY KEY CHECK (id = 1), who TEXT NOT NULL)"


class StoreBusy(StoreError):
    """Another fetch into this store is under way; says which process, where, and since when."""


@contextmanager
def turn(store: Path) -> Iterator[None]:
    """Hold the only turn to fetch into a store; never wait for it.

    Raises
    ------
    StoreBusy
        Where another has it.
    StoreError
        Where the lock cannot be had for another reason.
    """
    file = located(store)  # whatever names lead to it
    path = file.with_name(f"{file.name}.lock")
    try:
        connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}; see that it can be written") from None
    with closing(connection):
        try:
            _take(connection)
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise StoreError(f"{path}: {error}; remove this file while nobody fetches") from None
            text = f"{_holder(connection)}; nothing was asked, fetch again when it has ended"
            raise StoreBusy(f"{store}: {text}") from None
        yield


def _take(connection: sqlite3.Connection) -> None:
    """Write down who we are, then begin what keeps all others from writing until the connection closes."""
    who = f"process {os.getpid()} on {platform.node()} has been fetching into it since {iso(now())}"
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_TABLE)
    connection.execute("INSERT OR REPLACE INTO holder VALUES (1, ?)", (who,))
    connection.execute("COMMIT")
    connection.execute("BEGIN IMMEDIATE")


def _holder(connection: sqlite3.Connection) -> str:
    try:
        return str(connection.execute("SELECT who FROM holder").fetchone()[0])
    except sqlite3.Error:  # who has it is only just writing so
        return "another process is fetching into it"
