"""A book as two dicts: the obvious twin of `engine/kernels/book_write.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["SlowBook", "levels_in", "rows_of"]

Row = tuple[int, int, int]
Level = tuple[int, int]


class SlowBook:
    """Quantity by price, bids and asks; returns what the kernel must return."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.sides: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self.versions = [0, 0]

    def levels(self, side: int) -> list[Level]:
        """All levels, best last."""
        return sorted(self.sides[side].items(), reverse=side == 1)

    def best(self, side: int) -> Level | None:
        return self.levels(side)[-1] if self.sides[side] else None

    def apply(self, rows: Iterable[Row]) -> int:
        """Bits of the sides whose best is another one, -1 when full, -2 for a bad value."""
        before = [self.best(0), self.best(1)]
        touched = set()
        result = 0
        for side, price, qty in rows:
            if side not in (0, 1) or not 0 < price < 4 * 10**18 or qty < 0:
                result = -2
                break
            touched.add(side)
            book = self.sides[side]
            if qty == 0:
                book.pop(price, None)
            elif price in book or len(book) < self.depth:
                book[price] = qty
            else:
                result = -1
                break
        for side in touched:
            self.versions[side] += 1
        if result:
            return result
        return sum(1 << side for side in (0, 1) if self.best(side) != before[side])

    def replace(self, rows: Sequence[Row]) -> int:
        """Forget everything, then apply; both bits unless there is an error."""
        versions = [version + 1 for version in self.versions]
        self.sides = ({}, {})
        result = self.apply(rows)
        self.versions = versions
        return result if result < 0 else 3


def rows_of(rows: Sequence[Row], before: int = 0, after: int = 0) -> NDArray[np.int64]:
    """Rows as the kernels take them, with rows around them that nobody may look at."""
    bad = (9, -1, -1)
    return np.array([bad] * before + list(rows) + [bad] * after, np.int64).reshape(-1, 3)


def levels_in(block: NDArray[np.int64], venue: int, side: int) -> list[Level]:
    """Levels of one side of a market block, best last."""
    count = int(block[venue, side, 0, 0])
    return [(int(price), int(qty)) for price, qty in block[venue, side, 1 : count + 1]]
