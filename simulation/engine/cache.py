"""Where the compiled engine is kept between processes, and a place of last resort where Numba finds none.

Numba keeps compiled code beside the source, or in the user's cache folder, or where NUMBA_CACHE_DIR says, and refuses
to start where none of them can be written: in a container whose file system is read-only, say. Not here: the compiled
code itself (``kernel``), the line that announces a compilation (``worker``).
"""

import atexit
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

from numba import config, njit

NAME = "wavecast-engine"


def kept() -> bool:
    """Return whether compiled code can be kept, if need be in a temporary folder; one line on standard error says so.

    In the last resort NUMBA_CACHE_DIR is set for this process and its children, so that they share what was compiled.
    What a read-only folder already holds is copied, and need not be compiled again.
    """
    if _works():
        return True
    nowhere = "neither the checkout nor the user's cache folder can be written, so the compiled engine is"
    remedy = "set NUMBA_CACHE_DIR to a folder that can be written and lasts"
    folder, new = _last_resort()
    if folder is not None:
        filled = new and _fill(folder)
        os.environ["NUMBA_CACHE_DIR"] = config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
        if _works():
            if new and not filled:
                print(f"{nowhere} kept in {folder}; {remedy}", file=sys.stderr, flush=True)
            return True
    print(f"{nowhere} made anew by each process, in some twenty seconds; {remedy}", file=sys.stderr, flush=True)
    return False


def _works() -> bool:
    """Return whether Numba finds a folder for code of this package."""
    try:
        njit(cache=True)(_nothing)
    except RuntimeError:
        return False
    return True


def _nothing() -> None: ...


def _last_resort() -> tuple[Path | None, bool]:
    """Return a temporary folder that nobody else can write to, and whether it is new.

    Compiled code is run as it is found: a folder that another user may have put there under our name is not ours.
    """
    try:
        ours = Path(tempfile.gettempdir()) / (f"{NAME}-{os.getuid()}" if hasattr(os, "getuid") else NAME)
        try:
            ours.mkdir(mode=0o700)
            return ours, True
        except FileExistsError:
            if _private(ours):
                return ours, False
        passing = Path(tempfile.mkdtemp(prefix=f"{NAME}-"))
        atexit.register(shutil.rmtree, passing, ignore_errors=True)
        return passing, True
    except OSError:
        return None, False


def _private(folder: Path) -> bool:
    found = folder.lstat()
    mine = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    return stat.S_ISDIR(found.st_mode) and mine and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _fill(folder: Path) -> bool:
    """Copy what is kept in folders that can only be read; return whether there was anything."""
    here = Path(__file__).parent
    own = _subfolder()
    sources = [here / "__pycache__"]
    if wanted := os.environ.get("NUMBA_CACHE_DIR"):
        sources.append(Path(wanted) / own)
    files = [file for source in sources for kind in ("nbc", "nbi") for file in source.glob(f"*.{kind}")]
    try:
        (folder / own).mkdir(exist_ok=True)
        for file in files:  # the index comes after the code that it names
            shutil.copyfile(file, folder / own / file.name)
    except OSError:
        return False
    return bool(files)


def _subfolder() -> str:
    """Return what Numba calls this package's folder inside NUMBA_CACHE_DIR."""
    from numba.core.caching import UserProvidedCacheLocator

    return str(UserProvidedCacheLocator.get_suitable_cache_subpath(__file__))
