"""Helpers: functions that kernels call, compiled no further than to be linked into a kernel.

numba by itself optimises every called function with all it calls, emits machine code for it and
wraps it for calls from Python and C, although only the copy inlined into the kernel ever runs.
With a hundred helpers that was most of a first start. Here a helper stops at its own unoptimised
module; LLVM sees it all once, in the kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from numba import njit
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder, _LowerResult
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering

__all__ = ["helper_of"]

# Helpers do not count references to the arrays they are lent: counting is atomic, and cost more
# than the work (2.5 times the whole sweep). They must neither create nor keep arrays.
# `_nrt` is a flag that numba reads but does not declare.
LENT: Final[dict[str, Any]] = {
    "_nrt": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}


def helper_of(*, apart: bool = False, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator for helpers with more options of `numba.njit`; Python cannot call a helper.

    `apart` keeps a helper out of its callers: for loops that want all registers, and rare work.
    """
    compiler = _ApartCompiler if apart else _HelperCompiler
    decorate: Callable[[Callable[..., Any]], Any] = njit(pipeline_class=compiler, **LENT, **options)
    return decorate


class _LinkedLibrary(JITCodeLibrary):
    """LLVM code that waits to be linked into a kernel's."""

    def _optimize_final_module(self) -> None:
        """Left to the kernel."""

    def _finalize_final_module(self) -> None:
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _HelperLowering(NativeLowering):
    """Lowers into a library that is only linked, and gives the helper an entry that refuses."""

    _name = "helper_lowering"

    def run_pass(self, state: Any) -> bool:
        context = state.targetctx
        state["library"] = _LinkedLibrary(context.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        lowered = state["cr"]
        # numba wants a builtin of its own for each helper: this one raises KeyError when called
        entry: Any = {}.__getitem__
        context.insert_user_function(entry, lowered.fndesc, [state["library"]])
        state["cr"] = _LowerResult(lowered.fndesc, lowered.call_helper, entry, lowered.env)
        return True


@register_pass(mutates_CFG=True, analysis_only=False)
class _ApartLowering(_HelperLowering):
    """The same for helpers that LLVM shall not inline."""

    _name = "apart_lowering"

    def run_pass(self, state: Any) -> bool:
        super().run_pass(state)
        name = state["cr"].fndesc.llvm_func_name
        state["library"].get_function(name).add_function_attribute("noinline")
        return True


class _HelperCompiler(CompilerBase):
    """numba's own passes, with the last step replaced."""

    lowering: type = _HelperLowering

    def define_pipelines(self) -> list[Any]:
        """The one pipeline of helpers."""
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state, name="helper")
        passes.passes = [
            (self.lowering if step is NativeLowering else step, why) for step, why in passes.passes
        ]
        passes.finalize()
        return [passes]


class _ApartCompiler(_HelperCompiler):
    """The same for helpers apart."""

    lowering = _ApartLowering
