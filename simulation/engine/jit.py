"""How the engine's functions are compiled: three decorators. Not here: where the result is kept (``cache``).

Compiled code calls and inlines functions and takes constants from other files. So what is kept on disk is stamped with
the content of all of them (``fingerprint``): Numba itself looks at the one file that a function stands in. Where a
Numba has other insides than ``inner`` takes it to have, it compiles as it documents, and keeps what it made in a folder
that has the stamp for a name.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba import config, njit

from simulation.engine.cache import kept
from simulation.engine.fingerprint import stamp

try:
    from simulation.engine import inner
except (ImportError, AttributeError):
    inner = None  # type: ignore[assignment]

KEPT = kept()


def _compiled(*, inside: bool, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    def decorate(function: Callable[..., Any]) -> Any:
        # Without Numba's reference counts: a call would count every array in the tuples that it hands over.
        common = {"nogil": True, "error_model": "numpy", "_nrt": False, "no_cfunc_wrapper": True}
        if inside:
            options["pipeline_class"] = inner.Compiler
        made = njit(**common, **options)(function)  # type: ignore[call-overload] # which has only some of Numba's options
        if made is function:  # NUMBA_DISABLE_JIT says so
            return made
        if inside:
            made.__class__ = inner.Inside
        if KEPT:
            made._cache = (inner.KeptInside if inside else inner.Kept)(function)
        return made

    return decorate


def _documented(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile by what Numba documents alone."""
    keeps = {"nogil": True, "error_model": "numpy", "cache": FOLDER is not None}

    def decorate(function: Callable[..., Any]) -> Any:
        usual, config.CACHE_DIR = config.CACHE_DIR, str(FOLDER or "")  # type: ignore[attr-defined]
        try:
            return njit(**keeps, **options)(function)  # type: ignore[call-overload] # which reads no mappings
        finally:
            config.CACHE_DIR = usual  # type: ignore[attr-defined]

    return decorate


def _stamped() -> Path | None:
    """Return the folder of what was compiled from the files as they are; none where it cannot be written."""
    usual = config.CACHE_DIR or Path(__file__).parent / "__pycache__"  # type: ignore[attr-defined]
    folder = Path(usual) / f"engine-{stamp()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return None
    return folder


FOLDER = _stamped() if KEPT and inner is None else None
if inner is not None:
    # What Python calls. To unpack the tuples costs seconds to compile: only entries can.
    entry = _compiled(inside=False)
    leaf = _compiled(inside=True, no_cpython_wrapper=True)
    # What takes whole tuples of arrays is inlined: a call would hand over each array's seven words.
    part = _compiled(inside=True, no_cpython_wrapper=True, forceinline=True)
else:
    entry = leaf = _documented()
    part = _documented(forceinline=True)
    print(
        f"Numba {numba.__version__} is made otherwise than the engine knows, which takes some minutes to compile"
        f"{'' if FOLDER else ' in each process'}; install the version that requirements.lock has",
        file=sys.stderr,
        flush=True,
    )
