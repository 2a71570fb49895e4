"""What a recording stands in for: the market data line, and the book that orders trade against."""

from __future__ import annotations

from engine.decisions.market import MarketBlock
from engine.model.units import Side

__all__ = ["RecordedBook", "RecordedLink"]


class RecordedLink:
    """The market data line of a recording: what arrives is what was recorded."""

    def open(self) -> None:
        """The recording starts by itself."""

    def close(self) -> None:
        """It ends by itself."""

    def send(self, frame: bytes) -> bool:
        """Nobody listens; what was asked then stands in the recording."""
        return True

    def request(self, request: str) -> bool:
        """As `send`."""
        return True


class RecordedBook:
    """One venue's book of a market, asked by side (BUY for bids), whole or by price.

    Levels by price are looked up in a dict that lives as long as the side is not written, so
    that an order through thousands of levels reads the side once.
    """

    def __init__(self, market: MarketBlock, venue_index: int) -> None:
        self.market = market
        self.venue_index = venue_index
        self.versions = [-1, -1]
        self.by_price: list[dict[int, int]] = [{}, {}]

    def levels(self, side: Side) -> list[tuple[int, int]]:
        """All levels (price_1e9, qty_1e8), best first."""
        return self.market.levels(self.venue_index, int(side), self.market.depth)

    def level_qty(self, side: Side, price_1e9: int) -> int:
        """Quantity at a price, 0 where there is no level."""
        version = self.market.version(self.venue_index, int(side))
        if version != self.versions[side]:
            self.versions[side] = version
            self.by_price[side] = dict(self.levels(side))
        return self.by_price[side].get(price_1e9, 0)
