"""Books kept in dictionaries from the simulated feed codec's events."""

from __future__ import annotations

from engine.messages import BookDelta, BookSnapshot, FeedEvent
from venues.simulated.feed_codec import SimulatedFeedCodec


class Books:
    """The obvious reader: applies every run to dictionaries and releases it."""

    def __init__(self, codec: SimulatedFeedCodec) -> None:
        self.codec = codec
        self.levels: dict[tuple[int, int], dict[int, int]] = {}

    def apply(self, events: list[FeedEvent]) -> None:
        for event in events:
            if not isinstance(event, BookDelta | BookSnapshot):
                continue
            ring = self.codec.rings[event.listing_id]
            if isinstance(event, BookSnapshot):
                self.levels[event.listing_id, 0] = {}
                self.levels[event.listing_id, 1] = {}
            for side, price, qty in ring.rows[event.start : event.start + event.count].tolist():
                book = self.levels[event.listing_id, side]
                book[price] = qty
                if not qty:
                    del book[price]
            ring.release(event.start, event.count)
