"""Rows of book changes on their way from a feed codec to the book, without Python objects.

One ring per listing: the codec is its only writer, the book its only reader, both synchronous.
A message names a contiguous run of rows; runs are released in the order they were committed.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

ROW_SIDE: Final = 0
ROW_PRICE: Final = 1
ROW_QTY: Final = 2
ROW_WIDTH: Final = 3
DEFAULT_CAPACITY: Final = 1 << 16


class DeltaRing:
    """Bounded rows `(side, price_1e9, qty_1e8)`; quantity 0 deletes the level."""

    __slots__ = ("capacity", "head", "pending", "rows", "tail")

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        assert capacity > 0
        self.capacity = capacity
        self.rows: NDArray[np.int64] = np.zeros((capacity, ROW_WIDTH), np.int64)
        self.head = 0
        self.tail = 0
        self.pending = 0

    def reserve(self, count_max: int) -> int:
        """First row of a free contiguous run of `count_max` rows, or -1 when there is none."""
        if not self.pending:
            self.head = self.tail = 0
            return 0 if count_max <= self.capacity else -1
        if self.head >= self.tail:
            if self.capacity - self.head >= count_max:
                return self.head
            return 0 if self.tail > count_max else -1
        return self.head if self.tail - self.head > count_max else -1

    def put(self, row: int, side: int, price_1e9: int, qty_1e8: int) -> None:
        """Write one row of a reserved run (the slow, general way)."""
        rows = self.rows
        rows[row, ROW_SIDE] = side
        rows[row, ROW_PRICE] = price_1e9
        rows[row, ROW_QTY] = qty_1e8

    def commit(self, start: int, count: int) -> None:
        """The run of `count` rows from `start` now belongs to the reader (`count` 0 is legal)."""
        self.head = start + count
        self.pending += 1

    def release(self, start: int, count: int) -> None:
        """The reader is done with this run, the oldest committed one."""
        assert self.pending > 0, "a run is released once"
        self.tail = start + count
        self.pending -= 1

    def take_back(self, start: int) -> None:
        """Undo the newest commit, the run that began at `start` (its message was refused)."""
        assert self.pending > 0, "only a committed run is taken back"
        self.head = start
        self.pending -= 1
