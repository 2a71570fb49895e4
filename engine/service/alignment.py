"""Basis alignment: constant price shifts that put further feeds of a symbol onto the first.

The shift of a feed is minus the median of (its mid - the first feed's mid) over the last 30 s of
receive time before the order, rounded to its tick. It is marked as such wherever it is used.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from math import gcd

import msgspec

from engine.decisions.market import BookSlot, MarketBlock
from engine.errors import ConfigError, DecodeError
from engine.kernels.delta_ring import ROW_PRICE, DeltaRing
from engine.messages import BookDelta, BookSnapshot, BookStale
from engine.model.units import divide_half_even, format_price
from engine.service.recorded import RecordedCodec
from engine.service.replay import LEVELS_MAX, ROWS_MAX, Feed, ReplayOptions
from venues.replay.capture import CapturedFrame, FrameKind

__all__ = ["align_basis"]

WINDOW_NS = 30_000_000_000


def align_basis(
    feeds: Sequence[Feed], origin_ns: int, options: ReplayOptions
) -> tuple[list[Feed], list[str]]:
    """The feeds with their shifts, and a note for each; ConfigError without `--at`."""
    if options.at_ns is None:
        raise ConfigError("--align-basis needs --at, since it looks at the 30 s before the order")
    at_ns = origin_ns + options.at_ns
    aligned = [feeds[0]]
    notes: list[str] = []
    for feed in feeds[1:]:
        anchor = _anchor(feeds, feed)
        if anchor is None:
            aligned.append(feed)
            continue
        differences, seen_tick = mid_differences_x2(anchor, feed, at_ns)
        name = feed.venue.name
        if not differences:
            raise ConfigError(
                f"{name} and {anchor.venue.name} show no mids in the 30 s before --at"
            )
        # Without metadata the recorded prices themselves tell the tick.
        tick = feed.listing.tick_1e9 if feed.listing.tick_1e9 > 1 else seen_tick
        shift = -divide_half_even(median_x2(differences), 4 * tick) * tick
        aligned.append(msgspec.structs.replace(feed, shift_1e9=shift))
        notes.append(
            f"prices of {name} are shifted by {format_price(shift)} onto {anchor.venue.name}"
        )
    return aligned, notes


def mid_differences_x2(first: Feed, other: Feed, at_ns: int) -> tuple[list[int], int]:
    """Twice (other's mid - first's mid) after each frame in the window that ends at `at_ns`,
    and the largest step that divides all of the other's prices."""
    watches = [_Watch(first), _Watch(other)]
    differences: list[int] = []
    merged = heapq.merge(
        *(watch.timed(index) for index, watch in enumerate(watches)),
        key=lambda item: (item[0], item[1]),
    )
    for now_ns, index, frame in merged:
        if now_ns > at_ns:
            break
        watches[index].take(frame)
        if now_ns >= at_ns - WINDOW_NS:
            mids = [watch.market.mid_x2() for watch in watches]
            if mids[0] is not None and mids[1] is not None:
                differences.append(mids[1] - mids[0])
    return differences, max(1, watches[1].step_1e9)


def median_x2(values: Sequence[int]) -> int:
    """Twice the median, exactly: the middle value twice, or the sum of the two middle ones."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] + ordered[-1 - middle]


def _anchor(feeds: Sequence[Feed], feed: Feed) -> Feed | None:
    """The first feed of the same symbol, None when that is the feed itself."""
    symbol = feed.listing.instrument.symbol
    found = next(one for one in feeds if one.listing.instrument.symbol == symbol)
    return None if found is feed else found


class _Watch:
    """One feed's book, kept without actors, only to read its mid."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        listing = msgspec.structs.replace(feed.listing, venue_index=0)
        self.ring = DeltaRing(ROWS_MAX)
        self.step_1e9 = 0
        self.market = MarketBlock(listing.instrument, [listing], LEVELS_MAX)
        self.slot: BookSlot = self.market.slot(0)
        self.codec = RecordedCodec(feed.make_codec([listing], [self.ring]), [self.ring])

    def timed(self, index: int) -> Iterator[tuple[int, int, CapturedFrame]]:
        for frame in self.feed.capture.frames():
            yield frame.recv_ns + self.feed.offset_ns, index, frame

    def take(self, frame: CapturedFrame) -> None:
        """Apply one frame; what cannot be read is left to the replay itself to report."""
        try:
            if frame.kind is FrameKind.REPLY:
                events = self.codec.decode_reply(frame.tag, frame.payload, frame.recv_ns)
            else:
                events = self.codec.decode(frame.payload, frame.recv_ns, frame.line)
        except DecodeError:
            return
        for event in events:
            if isinstance(event, BookStale):
                self.slot.mark_stale(event.reason)
            elif isinstance(event, BookDelta | BookSnapshot):
                if isinstance(event, BookSnapshot):
                    self.slot.replace(self.ring, event.start, event.count)
                    self.slot.mark_healthy(event.recv_ns, event.exchange_ns, event.sequence)
                else:
                    self.slot.apply(self.ring, event.start, event.count)
                prices = self.ring.rows[event.start : event.start + event.count, ROW_PRICE]
                self.step_1e9 = gcd(self.step_1e9, *prices.tolist())
                self.ring.release(event.start, event.count)
