"""A feed codec whose prices are moved by a constant: basis alignment of recorded books."""

from __future__ import annotations

from collections.abc import Sequence

from engine.kernels.delta_ring import ROW_PRICE, DeltaRing
from engine.messages import BookDelta, BookSnapshot, FeedEvent
from engine.ports import FeedCodec

__all__ = ["ShiftedFeedCodec"]


class ShiftedFeedCodec:
    """Moves every row of every listing by `shift_1e9`; checksums are asked of unmoved prices."""

    def __init__(self, codec: FeedCodec, rings: Sequence[DeltaRing], shift_1e9: int) -> None:
        self.codec = codec
        self.rings = rings
        self.shift_1e9 = shift_1e9

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
        """The codec's events, their rows moved."""
        return self.moved(self.codec.decode(payload, recv_ns, line))

    def decode_reply(self, tag: str, payload: bytes, recv_ns: int) -> Sequence[FeedEvent]:
        """The codec's events, their rows moved."""
        return self.moved(self.codec.decode_reply(tag, payload, recv_ns))

    def resynchronise(self, listing_id: int) -> Sequence[FeedEvent]:
        """The codec's events, their rows moved."""
        return self.moved(self.codec.resynchronise(listing_id))

    def checksum(
        self,
        listing_id: int,
        bids: Sequence[tuple[int, int]],
        asks: Sequence[tuple[int, int]],
    ) -> int:
        """The venue's checksum over its own prices."""
        shift = self.shift_1e9
        return self.codec.checksum(
            listing_id,
            [(price - shift, qty) for price, qty in bids],
            [(price - shift, qty) for price, qty in asks],
        )

    def moved(self, events: Sequence[FeedEvent]) -> Sequence[FeedEvent]:
        for event in events:
            if isinstance(event, BookDelta | BookSnapshot):
                rows = self.rings[event.listing_id].rows
                rows[event.start : event.start + event.count, ROW_PRICE] += self.shift_1e9
        return events
