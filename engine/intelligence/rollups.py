"""Totals of fills by day, venue and symbol, with a mergeable histogram of slippage.

The histogram has logarithmic cells on both sides of zero: a quantile read from it is within
`RELATIVE_ERROR` of its true value, or within `SMALLEST_BPS` where that is smaller. Cells add up, so
totals of any set of days, venues and symbols are sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil, exp, log
from typing import Final

import msgspec

__all__ = ["RELATIVE_ERROR", "SMALLEST_BPS", "Totals", "cell_of", "quantile"]

RELATIVE_ERROR: Final = 0.01
SMALLEST_BPS: Final = 0.001
CENTS_PER_1E9: Final = 1e-7
QTY_SCALE: Final = 10**8
LARGEST_CELL: Final = 1_000
GROWTH: Final = log((1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR))

SUMS: Final = (
    "fills",
    "maker_fills",
    "notional_1e9",
    "fees_1e9",
    "measured_1e9",
    "slippage_1e9",
    "qty_1e8",
    "measured_qty_1e8",
    "away_1e17",
)
PACKED: Final = tuple[list[str], list[int]]


class Totals:
    """Counts and sums of some fills. Money is 1e-9; `slippage_1e9` is + for a cost.

    `away_1e17` sums how far each fill's price was from its benchmark, times its quantity, + for a
    cost: by `measured_qty_1e8` it is the mean distance in price. At most 2 x LARGEST_CELL + 1
    cells.
    """

    __slots__ = (
        "away_1e17",
        "cells",
        "fees_1e9",
        "fills",
        "maker_fills",
        "measured_1e9",
        "measured_qty_1e8",
        "notional_1e9",
        "qty_1e8",
        "slippage_1e9",
    )

    def __init__(self) -> None:
        self.fills = 0
        self.maker_fills = 0
        self.notional_1e9 = 0
        self.fees_1e9 = 0
        self.measured_1e9 = 0
        self.slippage_1e9 = 0
        self.qty_1e8 = 0
        self.measured_qty_1e8 = 0
        self.away_1e17 = 0
        self.cells: dict[int, int] = {}

    def add(
        self,
        notional_1e9: int,
        fee_1e9: int,
        maker: bool,
        slippage_bps: float | None,
        qty_1e8: int = 0,
        away_1e9: float = 0.0,
    ) -> None:
        """One fill; `slippage_bps` None where its benchmark is not known.

        `away_1e9` is the distance of its price from that, + for a cost.
        """
        self.fills += 1
        self.maker_fills += maker
        self.notional_1e9 += notional_1e9
        self.fees_1e9 += fee_1e9
        self.qty_1e8 += qty_1e8
        if slippage_bps is not None:
            self.measured_1e9 += notional_1e9
            self.slippage_1e9 += round(notional_1e9 * slippage_bps * 1e-4)
            self.measured_qty_1e8 += qty_1e8
            self.away_1e17 += round(qty_1e8 * away_1e9)
            cell = cell_of(slippage_bps)
            self.cells[cell] = self.cells.get(cell, 0) + 1

    def merge(self, other: Totals) -> None:
        """Add another's counts."""
        self.fills += other.fills
        self.maker_fills += other.maker_fills
        self.notional_1e9 += other.notional_1e9
        self.fees_1e9 += other.fees_1e9
        self.measured_1e9 += other.measured_1e9
        self.slippage_1e9 += other.slippage_1e9
        self.qty_1e8 += other.qty_1e8
        self.measured_qty_1e8 += other.measured_qty_1e8
        self.away_1e17 += other.away_1e17
        for cell, count in other.cells.items():
            self.cells[cell] = self.cells.get(cell, 0) + count

    @property
    def mean_bps(self) -> float | None:
        """Slippage weighted by notional; None when nothing was measured."""
        return 1e4 * self.slippage_1e9 / self.measured_1e9 if self.measured_1e9 else None

    @property
    def mean_cents(self) -> float | None:
        """Slippage in cents of a dollar a unit; None when nothing was measured."""
        qty = self.measured_qty_1e8
        return CENTS_PER_1E9 * self.away_1e17 / qty if qty else None

    @property
    def fee_cents(self) -> float | None:
        """Fees in cents of a dollar a unit; None where there is no fill."""
        return CENTS_PER_1E9 * QTY_SCALE * self.fees_1e9 / self.qty_1e8 if self.qty_1e8 else None

    def packed(self) -> bytes:
        """Everything in bytes, for `unpacked`; sums may pass 64 bits."""
        sums = [getattr(self, name) for name in SUMS]
        cells = [number for pair in sorted(self.cells.items()) for number in pair]
        return msgspec.json.encode([[str(one) for one in sums], cells])

    @classmethod
    def unpacked(cls, body: bytes) -> Totals:
        """What `packed` wrote; ValueError for anything else."""
        # Both of msgspec's errors are ValueErrors.
        sums, cells = msgspec.json.decode(body, type=PACKED)
        if len(sums) != len(SUMS) or len(cells) % 2:
            raise ValueError("these are no packed totals")
        found = cls()
        for name, text in zip(SUMS, sums, strict=True):
            setattr(found, name, int(text))
        found.cells = dict(zip(cells[::2], cells[1::2], strict=True))
        return found

    def quantiles(self, levels: Iterable[float]) -> list[float | None]:
        """Slippage in bps at each level, over fills."""
        return [quantile(self.cells, level) for level in levels]


def cell_of(bps: float) -> int:
    """The cell of a value: 0 within SMALLEST_BPS of zero, else its sign and logarithm."""
    size = abs(bps)
    if size <= SMALLEST_BPS:
        return 0
    cell = min(LARGEST_CELL, ceil(log(size / SMALLEST_BPS) / GROWTH))
    return cell if bps > 0 else -cell


def value_of(cell: int) -> float:
    """The value that stands for a cell: within RELATIVE_ERROR of both of its ends."""
    if cell == 0:
        return 0.0
    upper = SMALLEST_BPS * exp(GROWTH * abs(cell))
    value = 2 * upper / (1 + exp(GROWTH))
    return value if cell > 0 else -value


def quantile(cells: Mapping[int, int], level: float) -> float | None:
    """The smallest value with at least `level` of the count at or below it; None when empty."""
    total = sum(cells.values())
    if not total:
        return None
    wanted, seen = max(1, ceil(level * total)), 0
    for cell in sorted(cells):
        seen += cells[cell]
        if seen >= wanted:
            return value_of(cell)
    raise AssertionError("the cells hold their own total")
