"""Compiling every kernel once, from a persistent cache where there is one, and freezing them.

After `warm_up()` a call with any other types is an error instead of a stall. The cache stands
where `NUMBA_CACHE_DIR` says, else beside the package, else in the user's cache folder.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.kernels.compiled_cache import drop_outdated, fingerprint
from engine.kernels.registry import KERNELS

__all__ = ["KERNEL_MODULES", "warm_up"]

KERNEL_MODULES = (
    "engine.kernels.book_write",
    "engine.kernels.capacity",
    "engine.kernels.curve_table",
    "engine.kernels.decimals",
    "engine.kernels.depth_update",
    "engine.kernels.sweep",
    "engine.kernels.minimums",
    "engine.kernels.decision_pack",
    "engine.kernels.net_books",
    "engine.kernels.fill_odds",
    "engine.kernels.venue_walks",
)

_frozen: set[int] = set()


def warm_up(progress: Callable[[int, int, str], None] | None = None) -> int:
    """Compile and freeze all kernels; returns how many. `progress(done, total, name)` is told."""
    for name in KERNEL_MODULES:
        importlib.import_module(name)
    total = len(KERNELS)
    if len(_frozen) < total:
        _drop_outdated()
    for index, (dispatcher, signature) in enumerate(KERNELS):
        if index not in _frozen:
            _compile(dispatcher, signature)
            _frozen.add(index)
        if progress is not None:
            progress(index + 1, total, dispatcher.py_func.__name__)
    return total


def _compile(dispatcher: Any, signature: str) -> None:
    dispatcher.compile(signature)
    dispatcher.disable_compile()


def _drop_outdated() -> None:
    """Nothing is loaded that other sources left; without a writable folder there is no cache."""
    places = {
        (dispatcher.py_func.__module__.rpartition(".")[2], dispatcher.stats.cache_path)
        for dispatcher, _ in KERNELS
    }
    for module, path in sorted((m, p) for m, p in places if p is not None):
        drop_outdated(Path(path), module, fingerprint(module))
