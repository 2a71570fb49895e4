"""Cells by address are the cells of the array, and moves may overlap."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from engine.kernels.machine import CELL_BYTES, address_of, load_cell, move_bytes, store_cell


@njit("int64(int64[:,::1], int64)")
def loaded(array, cell):
    return load_cell(address_of(array), cell)


@njit("void(int64[:,::1], int64, int64)")
def stored(array, cell, value):
    store_cell(address_of(array), cell, value)


@njit("void(int64[:,::1], int64, int64, int64)")
def moved(array, target, source, count):
    base = address_of(array)
    move_bytes(base + target * CELL_BYTES, base + source * CELL_BYTES, count * CELL_BYTES)


@njit("int64(Array(int64, 2, 'C', readonly=True))")
def address(array):
    return address_of(array)


def cells() -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    return np.arange(24, dtype=np.int64).reshape(4, 6) - 12


def test_the_address_is_that_of_the_array() -> None:
    array = cells()
    array.flags.writeable = False
    assert address(array) == array.ctypes.data


@pytest.mark.parametrize("cell", [0, 1, 5, 6, 23])
def test_loads_and_stores_touch_one_cell(cell: int) -> None:
    array = cells()
    assert loaded(array, cell) == array.flat[cell]
    wanted = cells()
    wanted.flat[cell] = -(2**63)
    stored(array, cell, -(2**63))
    assert (array == wanted).all()


@pytest.mark.parametrize(("target", "source"), [(0, 1), (1, 0), (3, 0), (0, 9), (7, 7)])
@pytest.mark.parametrize("count", [0, 1, 5, 15])
def test_moves_overlap(target: int, source: int, count: int) -> None:
    array, wanted = cells(), cells()
    wanted.flat[target : target + count] = cells().flat[source : source + count]
    moved(array, target, source, count)
    assert (array == wanted).all()
