"""How the engine's functions are compiled: three decorators. Not here: where the result is kept (``cache``).

Compiled code calls and inlines functions and takes constants from other files. So what is kept on disk is stamped with
the content of all of them (``fingerprint``): Numba itself looks at the one file that a function stands in.
"""

from collections.abc import Callable
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache

from simulation.engine.cache import kept
from simulation.engine.fingerprint import stamp

KEPT = kept()


class _Kept(FunctionCache):
    """Numba's cache of one function, stamped with all that compiled code is made from."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file._source_stamp = stamp()


def _compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    def decorate(function: Callable[..., Any]) -> Any:
        made = njit(nogil=True, error_model="numpy", **options)(function)
        if KEPT and made is not function:  # which it is where NUMBA_DISABLE_JIT says so
            made._cache = _Kept(function)
        return made

    return decorate


jit = _compiled()
# What runs for each trial or plan does without Numba's reference counts: a call would count every array in its tuples.
leaf = _compiled(_nrt=False)
# What takes whole tuples of arrays is inlined: a call would hand over each array's seven words.
part = _compiled(_nrt=False, forceinline=True)
