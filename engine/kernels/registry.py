"""The list of kernels: each with its one explicit signature, compiled in `warm_up()` only.

A kernel is a numba dispatcher from the start, so that a caller's import needs no indirection.
Reading kernels take read-only arrays: a stray write in one of them does not compile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from numba import njit

__all__ = ["KERNELS", "kernel"]

KERNELS: Final[list[tuple[Any, str]]] = []


def kernel(signature: str) -> Callable[[Callable[..., Any]], Any]:
    """Register a function as a kernel with one signature; nothing is compiled yet."""

    def register(function: Callable[..., Any]) -> Any:
        dispatcher = _dispatcher(function)
        KERNELS.append((dispatcher, signature))
        return dispatcher

    return register


def _dispatcher(function: Callable[..., Any]) -> Any:
    """With a persistent cache where any folder can hold one; without it a start takes seconds."""
    try:
        return njit(cache=True, boundscheck=False)(function)
    except RuntimeError:
        return njit(boundscheck=False)(function)
