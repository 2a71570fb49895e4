"""Market data codec of the simulated venues: numbered deltas after a snapshot.

A delta names the number before its own; any other is old (dropped) or shows a gap. Heartbeats
name the last number of each symbol, so a lost last delta shows too, and a snapshot that never
came is asked for again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from engine.errors import DecodeError
from engine.kernels.delta_ring import DeltaRing
from engine.messages import (
    BookDelta,
    BookSnapshot,
    BookStale,
    FeedAlive,
    FeedEvent,
    SnapshotNeeded,
    StaleReason,
    TradePrint,
)
from engine.model.instruments import Listing
from engine.model.units import parse_side
from venues.level_rows import Layout, exact_price_1e9, exact_qty_1e8, write_levels
from venues.simulated.protocol import Heartbeat, Subscribe, TradeTape, encode

__all__ = ["SimulatedFeedCodec"]


class RawSnapshot(msgspec.Struct, gc=False, tag_field="ev", tag="snapshot"):
    """`protocol.Snapshot` with its levels left as bytes."""

    sym: str
    seq: int
    ts: int
    bids: msgspec.Raw
    asks: msgspec.Raw


class RawDelta(msgspec.Struct, gc=False, tag_field="ev", tag="delta"):
    """`protocol.Delta` with its levels left as bytes."""

    sym: str
    prev: int
    seq: int
    ts: int
    bids: msgspec.Raw
    asks: msgspec.Raw


class RawReject(msgspec.Struct, gc=False, tag_field="ev", tag="reject"):
    """A subscription that the venue refused."""

    code: str
    text: str


FRAMES: Final = msgspec.json.Decoder(RawDelta | RawSnapshot | TradeTape | Heartbeat | RawReject)
UNSYNCHRONISED = -1


class SimulatedFeedCodec:
    """Implements `FeedCodec`; one sequence number a listing."""

    def __init__(self, listings: Sequence[Listing], rings: Sequence[DeltaRing]) -> None:
        assert len(listings) == len(rings)
        self.symbols = tuple(listing.venue_symbol for listing in listings)
        self.rings = tuple(rings)
        self.index = {symbol: place for place, symbol in enumerate(self.symbols)}
        assert len(self.index) == len(self.symbols), "one listing a symbol"
        self.sequences = [UNSYNCHRONISED] * len(self.symbols)

    @property
    def sequenced(self) -> bool:
        """Every delta names the one before it."""
        return True

    @property
    def checksum_depth(self) -> int:
        return 0

    def checksum(
        self,
        listing_id: int,
        bids: Sequence[tuple[int, int]],
        asks: Sequence[tuple[int, int]],
    ) -> int:
        """The venue has none, so its deltas never carry one."""
        return -1

    def subscribe(self) -> Sequence[bytes]:
        """One frame for all symbols; every listing waits for its snapshot."""
        self.sequences = [UNSYNCHRONISED] * len(self.symbols)
        return (encode(Subscribe(syms=self.symbols)),)

    def decode(self, payload: bytes, recv_ns: int, line: int = 0) -> Sequence[FeedEvent]:
        """Events of one frame; DecodeError when it is not of this protocol."""
        try:
            frame = FRAMES.decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise DecodeError(f"not a frame of a simulated venue: {error}") from None
        if isinstance(frame, RawDelta):
            return self.on_delta(frame, recv_ns)
        if isinstance(frame, RawSnapshot):
            return self.on_snapshot(frame, recv_ns)
        if isinstance(frame, TradeTape):
            return self.on_trade(frame, recv_ns)
        if isinstance(frame, Heartbeat):
            return self.on_heartbeat(frame, recv_ns)
        raise DecodeError(f"the venue refused a subscription: {frame.code}, {frame.text}")

    def decode_reply(self, tag: str, payload: bytes, recv_ns: int) -> Sequence[FeedEvent]:
        """Nothing is ever requested beside the line."""
        raise DecodeError(f"no request was made under {tag!r}")

    def resynchronise(self, listing_id: int) -> Sequence[FeedEvent]:
        """Ask for a fresh snapshot; silent for this listing until it comes."""
        self.sequences[listing_id] = UNSYNCHRONISED
        return (self.snapshot_needed(listing_id),)

    def on_delta(self, frame: RawDelta, recv_ns: int) -> Sequence[FeedEvent]:
        """In order: a change. Old or not synchronised: nothing. Ahead: a gap."""
        listing_id = self.index.get(frame.sym)
        if listing_id is None:
            return ()
        held = self.sequences[listing_id]
        if held == UNSYNCHRONISED or frame.seq <= held:
            return ()
        if frame.prev != held:
            return self.lost(listing_id, StaleReason.GAP)
        start, count = write_levels(self.rings[listing_id], Layout.PAIR, frame.bids, frame.asks)
        if start < 0:
            return self.lost(listing_id, StaleReason.OVERFLOW)
        self.sequences[listing_id] = frame.seq
        return (BookDelta(listing_id, start, count, recv_ns, frame.ts, frame.seq),)

    def on_snapshot(self, frame: RawSnapshot, recv_ns: int) -> Sequence[FeedEvent]:
        """The book as of a number; an older one than held is a late duplicate."""
        listing_id = self.index.get(frame.sym)
        if listing_id is None or frame.seq < self.sequences[listing_id]:
            return ()
        start, count = write_levels(self.rings[listing_id], Layout.PAIR, frame.bids, frame.asks)
        if start < 0:
            return self.lost(listing_id, StaleReason.OVERFLOW)
        self.sequences[listing_id] = frame.seq
        return (BookSnapshot(listing_id, start, count, recv_ns, frame.ts, frame.seq),)

    def on_trade(self, frame: TradeTape, recv_ns: int) -> Sequence[FeedEvent]:
        """A public trade."""
        listing_id = self.index.get(frame.sym)
        if listing_id is None:
            return ()
        price, qty = exact_price_1e9(frame.px), exact_qty_1e8(frame.qty)
        try:
            side = parse_side(frame.side)
        except ValueError as error:
            raise DecodeError(str(error)) from None
        return (TradePrint(listing_id, price, qty, side, recv_ns, frame.ts),)

    def on_heartbeat(self, frame: Heartbeat, recv_ns: int) -> Sequence[FeedEvent]:
        """Proof of life, of the last number, and of subscriptions that were lost."""
        events: list[FeedEvent] = []
        for listing_id, symbol in enumerate(self.symbols):
            held, last = self.sequences[listing_id], frame.seqs.get(symbol)
            if held == UNSYNCHRONISED:
                events.append(self.snapshot_needed(listing_id))
            elif last is not None and last > held:
                events.extend(self.lost(listing_id, StaleReason.GAP))
            elif last is not None:
                events.append(FeedAlive(listing_id, recv_ns))
        return events

    def lost(self, listing_id: int, reason: StaleReason) -> tuple[FeedEvent, ...]:
        """The book cannot be trusted until a new snapshot."""
        self.sequences[listing_id] = UNSYNCHRONISED
        return BookStale(listing_id, reason), self.snapshot_needed(listing_id)

    def snapshot_needed(self, listing_id: int) -> SnapshotNeeded:
        """Subscribing again brings a snapshot."""
        frame = encode(Subscribe(syms=(self.symbols[listing_id],)))
        return SnapshotNeeded(listing_id, None, (frame,))
