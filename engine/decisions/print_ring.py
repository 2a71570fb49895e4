"""The newest public trades of one venue in one instrument, in a ring of fixed size."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["PRINT_WIDTH", "SIDE_UNKNOWN", "PrintRing"]

PRINT_WIDTH: Final = 5
SIDE_UNKNOWN: Final = -1


class PrintRing:
    """Rows (recv_ns, price_1e9, qty_1e8, side, listing_id); `count` is of all ever put."""

    __slots__ = ("count", "rows")

    def __init__(self, prints_max: int) -> None:
        assert prints_max > 0, "a ring has room"
        self.rows: NDArray[np.int64] = np.zeros((prints_max, PRINT_WIDTH), np.int64)
        self.count = 0

    def put(self, recv_ns: int, price_1e9: int, qty_1e8: int, side: int, listing_id: int) -> None:
        """Keep one print in place of the oldest."""
        self.rows[self.count % len(self.rows)] = recv_ns, price_1e9, qty_1e8, side, listing_id
        self.count += 1

    def newest(self, count: int) -> NDArray[np.int64]:
        """The last `count` prints, oldest first."""
        kept = min(count, self.count, len(self.rows))
        rows = [(self.count - kept + i) % len(self.rows) for i in range(kept)]
        return self.rows[rows]

    @property
    def since_ns(self) -> int:
        """When the oldest print held came in, once older ones had to give way; else 0."""
        size = len(self.rows)
        return int(self.rows[self.count % size, 0]) if self.count > size else 0
