"""How the engine's functions are compiled: three decorators. Not here: where the result is kept (``cache``).

Compiled code calls and inlines functions and takes constants from other files. So what is kept on disk is stamped with
the content of all of them (``fingerprint``): Numba itself looks at the one file that a function stands in.
"""

from collections.abc import Callable
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache
from numba.core.registry import CPUDispatcher

from simulation.engine.cache import kept
from simulation.engine.fingerprint import stamp

KEPT = kept()


class _Kept(FunctionCache):
    """Numba's cache of one function, stamped with all that compiled code is made from."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file._source_stamp = stamp()


class _Inside(CPUDispatcher):
    """A function that only compiled code calls: it is made without the way in from Python."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        name = self.py_func.__name__
        raise TypeError(
            f"{name} is called by compiled code alone; call it from a function under njit, or make it an entry"
        )


def _compiled(*, inside: bool, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    def decorate(function: Callable[..., Any]) -> Any:
        # Without Numba's reference counts: a call would count every array in the tuples that it hands over.
        common = {"nogil": True, "error_model": "numpy", "_nrt": False, "no_cfunc_wrapper": True}
        made = njit(**common, **options)(function)  # type: ignore[call-overload] # which has only some of Numba's options
        if made is function:  # NUMBA_DISABLE_JIT says so
            return made
        if inside:
            made.__class__ = _Inside
        if KEPT:
            made._cache = _Kept(function)
        return made

    return decorate


# What Python calls. To unpack the tuples costs seconds to compile: only entries can.
entry = _compiled(inside=False)
leaf = _compiled(inside=True, no_cpython_wrapper=True)
# What takes whole tuples of arrays is inlined: a call would hand over each array's seven words.
part = _compiled(inside=True, no_cpython_wrapper=True, forceinline=True)
