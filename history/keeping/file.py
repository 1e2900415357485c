"""The store's file itself: what is one, how one begins, and what SQLite's complaints mean for those who keep one.

Not here: what is in it (`history.keeping.store`).
"""

import contextlib
import os
import sqlite3
import uuid
from collections.abc import Callable
from pathlib import Path

from waves.showing import SaysItAll

_BEGINNING = ".new"  # ends the name of a store that is being made
_RESCUE = "go back to a copy of it, or save what can be read with sqlite3's .recover"
# After these the file is as the last commit left it; of others nobody can be sure.
_HARMLESS = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}


class StoreError(SaysItAll):
    """The store cannot be opened or written; says which file, why, and what to do."""


def located(path: Path) -> Path:
    """Return the one file that a name leads to, whatever links are on the way: it has one log and one lock.

    Raises
    ------
    StoreError
        Where the name leads nowhere, or to what is no file.
    """
    try:
        found = path.resolve()
    except (OSError, RuntimeError) as error:
        raise StoreError(f"{path}: {error}; correct the path") from None
    if found.is_symlink():  # as from 3.13 on, which resolves what it can and keeps silent on a circle
        raise StoreError(f"{path}: its links lead in a circle; correct the path")
    if found.is_dir():
        raise StoreError(f"{path}: this is a folder; name the store's file in it")
    if not found.parent.is_dir():
        raise StoreError(f"{path}: there is no such folder; make it, or correct the path")
    return found


def refuse(path: Path, file: Path) -> None:
    """Refuse a file that is there and would be taken for a store it is not.

    Raises
    ------
    StoreError
        Where it is empty, or has several names of which SQLite would keep several logs.
    """
    try:
        status = file.stat()
    except FileNotFoundError:
        if file.with_name(f"{file.name}-wal").exists():
            text = f"there is no store, but the log of one, {file.name}-wal, which holds what was written last"
            raise StoreError(f"{path}: {text}; bring the store back beside it, or remove it to begin anew") from None
        return
    if status.st_size == 0:
        text = "this file is empty (0 bytes), and no store is: whatever was in it is gone"
        raise StoreError(f"{path}: {text}; go back to a copy of it, or remove the file to begin anew")
    if status.st_nlink > 1 and len(names := _names(file, status)) != 1:
        others = ", ".join(name for name in names if name != file.name) or "one in another folder"
        text = f"this store has several names (hard links; besides this one {others}), and would get a log for each"
        raise StoreError(f"{path}: {text}; keep one of them, or use symbolic links")


def _names(file: Path, status: os.stat_result) -> list[str]:
    """Return the names of a file in its folder, and an empty one for those elsewhere; not that under which it began."""
    with os.scandir(file.parent) as entries:
        here = [entry.name for entry in entries if entry.inode() == status.st_ino]
    return sorted(name for name in here if not name.endswith(_BEGINNING)) + [""] * (status.st_nlink > len(here))


def begin(path: Path, file: Path, make: Callable[[Path], None]) -> None:
    """Make a store where there is none: it has its name only once it is whole, and takes nobody else's.

    Raises
    ------
    StoreError
        Where what is there is no store.
    """
    refuse(path, file)
    if file.exists():
        return
    new = file.with_name(f".{file.name}.{uuid.uuid4().hex[:12]}{_BEGINNING}")
    try:
        make(new)
        with contextlib.suppress(FileExistsError):  # somebody else made it meanwhile
            _name(new, file)
    finally:
        new.unlink(missing_ok=True)


def _name(new: Path, file: Path) -> None:
    try:
        os.link(new, file)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if not file.exists():
            os.rename(new, file)


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether the file of a store is not what was written into it."""
    return _code(error) == sqlite3.SQLITE_CORRUPT


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def explained(error: sqlite3.Error, path: Path) -> StoreError:
    """Say in one line what SQLite has against a file, what to do, and what is safe, if it is."""
    code = _code(error)
    if is_damage(error):
        return StoreError(f"{path}: {error}; {_RESCUE}")
    if code == sqlite3.SQLITE_NOTADB:
        return StoreError(f"{path}: {error}; name a store that wavecast made, or go back to a copy of it")
    remedy = "free some space and fetch again" if code == sqlite3.SQLITE_FULL else "see that it can be read and written"
    safe = "; what was committed before is safe" if code in _HARMLESS else ""
    return StoreError(f"{path}: {error}; {remedy}{safe}")
