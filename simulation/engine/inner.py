"""What Numba documents nowhere, and the engine compiles in half the time with: where code goes, and when it is kept.

``jit`` does without where a Numba has other insides: whatever is missing here raises an error as this file is imported.
"""

from collections.abc import Callable
from typing import Any

from numba.core import codegen
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile
from numba.core.compiler import CompilerBase, CompileResult, DefaultPassBuilder
from numba.core.compiler_machinery import LoweringPass, register_pass
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import NativeLowering

from simulation.engine.fingerprint import stamp

# What is written or called below, and would be so in vain, or not be there, in a Numba that does it another way.
NEEDED = {
    codegen.JITCodeLibrary: (
        "_optimize_final_module", "_finalize_final_module", "_finalize_dynamic_globals", "serialize_using_object_code",
        "serialize_using_bitcode", "get_pointer_to_function",
    ),
    CompileResultCacheImpl: ("rebuild",),
    CompileResult: ("_rebuild",),
    CompilerBase: ("define_pipelines",),
    DefaultPassBuilder: ("define_nopython_pipeline",),
    IndexDataCacheFile: ("_load_index", "_save_index"),
}  # fmt: skip
for owner, names in NEEDED.items():
    for name in names:
        getattr(owner, name)
if "source_stamp" not in IndexDataCacheFile.__init__.__code__.co_varnames:
    raise AttributeError("source_stamp")


class Kept(FunctionCache):
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


class KeptInside(Kept):
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


class Compiler(CompilerBase):
    """Numba's own, but for where the code goes."""

    def define_pipelines(self) -> list[Any]:
        """Return Numba's passes, and before machine code is made the one that says where it goes."""
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        at = next(k for k, (each, _) in enumerate(passes.passes) if each is NativeLowering)
        passes.passes.insert(at, (_HandOn, "hand on"))
        passes.finalize()
        return [passes]


class Inside(CPUDispatcher):
    """A function that only compiled code calls: it is made without the way in from Python."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse a call from Python."""
        name = self.py_func.__name__
        raise TypeError(
            f"{name} is called by compiled code alone; call it from a function under njit, or make it an entry"
        )
