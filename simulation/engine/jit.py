"""How the engine's functions are compiled: three decorators. Not here: where the result is kept (``cache``).

Compiled code calls and inlines functions and takes constants from other files. So what is kept on disk is stamped with
the content of all of them (``fingerprint``): Numba itself looks at the one file that a function stands in.
"""

from collections.abc import Callable
from typing import Any

from numba import njit
from numba.core import codegen
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.compiler import CompilerBase, CompileResult, DefaultPassBuilder
from numba.core.compiler_machinery import LoweringPass, register_pass
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import NativeLowering

from simulation.engine.cache import kept
from simulation.engine.fingerprint import stamp

KEPT = kept()


class _Kept(FunctionCache):
    """Numba's cache of one function, stamped with all that compiled code is made from."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file._source_stamp = stamp()


class _HandedOn(codegen.JITCodeLibrary):
    """Code that only compiled code calls: it is optimised and made machine code with what calls it, not by itself.

    Numba would do both for every function on the way up, again and again with all that it calls.
    """

    def _optimize_final_module(self) -> None: ...

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        return 0  # nobody outside compiled code calls it

    @property
    def codegen(self) -> Any:
        return self

    def set_env(self, name: str, env: Any) -> None: ...

    def serialize_using_object_code(self) -> Any:
        return self.serialize_using_bitcode()


class _Reader:
    """Numba's target, which finds such code on disk again."""

    def __init__(self, target: Any) -> None:
        self.target = target

    def __getattr__(self, name: str) -> Any:
        return getattr(self.target, name)

    def codegen(self) -> Any:
        return self

    def unserialize_library(self, state: Any) -> _HandedOn:
        name, _, bitcode = state
        library = _HandedOn(self.target.codegen(), name)
        library._final_module = codegen.ll.parse_bitcode(bitcode)  # type: ignore[attr-defined]
        library._finalize_final_module()
        return library


class _Read(CompileResultCacheImpl):
    def rebuild(self, target_context: Any, payload: Any) -> Any:
        return CompileResult._rebuild(_Reader(target_context), *payload)


class _KeptInside(_Kept):
    """The same of a function whose code is handed on."""

    _impl_class: Any = _Read


@register_pass(mutates_CFG=False, analysis_only=False)
class _HandOn(LoweringPass):
    """Choose where a function's code goes."""

    _name = "hand_on"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        state.library = _HandedOn(state.targetctx.codegen(), state.func_id.func_qualname)
        return True


class _Compiler(CompilerBase):
    """Numba's own, but for where the code goes."""

    def define_pipelines(self) -> list[Any]:
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        at = next(k for k, (each, _) in enumerate(passes.passes) if each is NativeLowering)
        passes.passes.insert(at, (_HandOn, "hand on"))
        passes.finalize()
        return [passes]


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
        if inside:
            options["pipeline_class"] = _Compiler
        made = njit(**common, **options)(function)  # type: ignore[call-overload] # which has only some of Numba's options
        if made is function:  # NUMBA_DISABLE_JIT says so
            return made
        if inside:
            made.__class__ = _Inside
        if KEPT:
            made._cache = (_KeptInside if inside else _Kept)(function)
        return made

    return decorate


# What Python calls. To unpack the tuples costs seconds to compile: only entries can.
entry = _compiled(inside=False)
leaf = _compiled(inside=True, no_cpython_wrapper=True)
# What takes whole tuples of arrays is inlined: a call would hand over each array's seven words.
part = _compiled(inside=True, no_cpython_wrapper=True, forceinline=True)
