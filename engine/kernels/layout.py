"""Where things stand in a market block: int64[venue, side, row, {price, quantity}].

Row 0 of each (venue, side) is its header: the number of levels, and a version that every write
to that side raises. Rows 1 to n are levels with the **best last**: bids by rising price, asks by
falling price, so that a change near the top shifts little.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ASK",
    "BID",
    "COUNT",
    "HEADER",
    "LEVEL_BYTES",
    "PRICE",
    "PRICE_BOUND",
    "QTY",
    "VERSION",
    "new_block",
]

BID: Final = 0
ASK: Final = 1
PRICE: Final = 0
QTY: Final = 1
HEADER: Final = 0
COUNT: Final = 0
VERSION: Final = 1
LEVEL_BYTES: Final = 16
PRICE_BOUND: Final = 4 * 10**18
"""Prices stand below this (4 billion USD), so that landed prices fit 64 bits too."""


def new_block(venues: int, depth: int) -> NDArray[np.int64]:
    """An empty block for `venues` books of at most `depth` levels a side."""
    assert venues > 0
    assert depth > 0
    return np.zeros((venues, 2, depth + 1, 2), np.int64)
