"""Kernels are listed, compiled once for one signature, and cannot write what they only read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numba import TypingError

from engine.kernels import registry
from engine.kernels.registry import KERNELS, kernel


@pytest.fixture
def own_list() -> Iterator[None]:
    """Kernels registered by a test are forgotten after it."""
    count = len(KERNELS)
    yield
    del KERNELS[count:]


@pytest.mark.usefixtures("own_list")
def test_registering_compiles_nothing() -> None:
    @kernel("int64(int64)")
    def doubled(x: int) -> int:
        return 2 * x

    assert KERNELS[-1] == (doubled, "int64(int64)")
    assert doubled.signatures == []
    assert doubled.py_func(4) == 8


@pytest.mark.usefixtures("own_list")
def test_a_reading_kernel_that_writes_does_not_compile() -> None:
    def store(cells: Any) -> int:
        cells[0] = 1
        return 0

    reading = kernel("int64(Array(int64, 1, 'C', readonly=True))")(store)
    with pytest.raises(TypingError, match=r"readonly|modify"):
        reading.compile(KERNELS[-1][1])
    writing = kernel("int64(int64[::1])")(store)
    writing.compile(KERNELS[-1][1])
    cells = np.zeros(2, np.int64)
    writing(cells)
    assert cells.tolist() == [1, 0]


@pytest.mark.usefixtures("own_list")
def test_without_a_folder_for_the_cache_kernels_still_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """numba refuses at decoration when neither the package nor any cache folder is writable."""
    plain = registry.njit

    def njit(cache: bool = False, **options: bool) -> Callable[..., Any]:
        if cache:
            raise RuntimeError("cannot cache function: no locator available for file")
        made: Callable[..., Any] = plain(**options)
        return made

    monkeypatch.setattr(registry, "njit", njit)

    @kernel("int64(int64)")
    def tripled(x: int) -> int:
        return 3 * x

    tripled.compile("int64(int64)")
    assert tripled(5) == 15
    assert tripled.stats.cache_path is None
