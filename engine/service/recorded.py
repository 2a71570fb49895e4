"""What a recording stands in for: the market data line, and the book that orders trade against.

Also the codec that reads it, with a memory for what could not be read.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.decisions.market import MarketBlock
from engine.errors import DecodeError
from engine.kernels.delta_ring import ROW_PRICE, ROW_SIDE, DeltaRing
from engine.kernels.layout import ASK, PRICE_BOUND
from engine.messages import BookDelta, BookSnapshot, FeedEvent
from engine.model.units import Side
from engine.ports import FeedCodec

__all__ = ["RecordedBook", "RecordedCodec", "RecordedLink"]


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
        # What was recorded holds none of our orders, so that there are none to leave out.
        market.own.shown[venue_index] = False
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


class RecordedCodec:
    """A venue's codec that remembers what it could not read, for the replay's report.

    `unread` counts refused frames and answers, `first_fault` says why the first one was refused.
    Lines that were broken already in the recording come as empty frames and are not counted.
    Asks of more than books can hold (somebody's joke, 4 billion and up) become deletes of nothing.
    """

    def __init__(self, codec: FeedCodec, rings: Sequence[DeltaRing]) -> None:
        self.codec = codec
        self.rings = rings
        self.unread = 0
        self.first_fault = ""

    @property
    def checksum_depth(self) -> int:
        return self.codec.checksum_depth

    @property
    def sequenced(self) -> bool:
        return self.codec.sequenced

    def subscribe(self) -> Sequence[bytes]:
        """As the codec's own."""
        return self.codec.subscribe()

    def decode(self, payload: bytes, recv_ns: int, line: int = 0) -> Sequence[FeedEvent]:
        """The codec's events; DecodeError passes through."""
        try:
            return self.bounded(self.codec.decode(payload, recv_ns, line))
        except DecodeError as error:
            self.note(payload, error)
            raise

    def decode_reply(self, tag: str, payload: bytes, recv_ns: int) -> Sequence[FeedEvent]:
        """The codec's events; DecodeError passes through."""
        try:
            return self.bounded(self.codec.decode_reply(tag, payload, recv_ns))
        except DecodeError as error:
            self.note(payload, error)
            raise

    def resynchronise(self, listing_id: int) -> Sequence[FeedEvent]:
        """The codec's events."""
        return self.codec.resynchronise(listing_id)

    def checksum(
        self,
        listing_id: int,
        bids: Sequence[tuple[int, int]],
        asks: Sequence[tuple[int, int]],
    ) -> int:
        """As the codec's own."""
        return self.codec.checksum(listing_id, bids, asks)

    def bounded(self, events: Sequence[FeedEvent]) -> Sequence[FeedEvent]:
        """The events, their rows without asks that no book holds and no order reaches."""
        for event in events:
            if isinstance(event, BookDelta | BookSnapshot) and event.count:
                rows = self.rings[event.listing_id].rows[event.start : event.start + event.count]
                if rows[:, ROW_PRICE].max() >= PRICE_BOUND:
                    jokes = (rows[:, ROW_PRICE] >= PRICE_BOUND) & (rows[:, ROW_SIDE] == ASK)
                    rows[jokes] = (ASK, PRICE_BOUND - 1, 0)
        return events

    def note(self, payload: bytes, error: DecodeError) -> None:
        if payload:
            self.unread += 1
            self.first_fault = self.first_fault or str(error)
