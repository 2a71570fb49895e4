"""A shifted codec moves every price and nothing else; the venue's checksum sees its own prices."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.kernels.delta_ring import ROW_PRICE, DeltaRing
from engine.messages import BookSnapshot, FeedAlive, FeedEvent
from tests.support.feed_recordings import listings_of
from venues.hyperliquid.feed_codec import HyperliquidFeedCodec
from venues.replay.shift import ShiftedFeedCodec

BOOK = (
    b'{"channel":"l2Book","data":{"coin":"BTC","time":1,"levels":[[{"px":"100","sz":"1","n":1}],'
    b'[{"px":"101.5","sz":"2","n":1}]]}}'
)
NS = 10**9


class Scripted:
    """A codec with given answers, which remembers what it was asked."""

    checksum_depth = 10
    sequenced = True

    def __init__(self, events: Sequence[FeedEvent]) -> None:
        self.events = events
        self.asked: list[object] = []

    def subscribe(self) -> Sequence[bytes]:
        return (b"subscribe",)

    def decode(self, payload: bytes, recv_ns: int, line: int = 0) -> Sequence[FeedEvent]:
        self.asked.append((payload, recv_ns, line))
        return self.events

    def decode_reply(self, tag: str, payload: bytes, recv_ns: int) -> Sequence[FeedEvent]:
        self.asked.append((tag, payload, recv_ns))
        return self.events

    def resynchronise(self, listing_id: int) -> Sequence[FeedEvent]:
        self.asked.append(listing_id)
        return self.events

    def checksum(
        self, listing_id: int, bids: Sequence[tuple[int, int]], asks: Sequence[tuple[int, int]]
    ) -> int:
        self.asked.append((listing_id, list(bids), list(asks)))
        return 77


@pytest.mark.parametrize("shift", [0, 3 * NS, -7 * NS])
def test_rows_move_and_quantities_stay(shift: int) -> None:
    plain, moved = DeltaRing(), DeltaRing()
    codec = HyperliquidFeedCodec(listings_of("hyperliquid", ["BTC"]), [plain])
    other = HyperliquidFeedCodec(listings_of("hyperliquid", ["BTC"]), [moved])
    shifted = ShiftedFeedCodec(other, [moved], shift)
    (event,), (same,) = codec.decode(BOOK, 1), shifted.decode(BOOK, 1)
    assert event == same
    assert isinstance(event, BookSnapshot)
    expected = plain.rows[: event.count].copy()
    expected[:, ROW_PRICE] += shift
    assert moved.rows[: event.count].tolist() == expected.tolist()


def test_each_listing_moves_in_its_own_ring() -> None:
    rings = [DeltaRing(8), DeltaRing(8)]
    start = rings[1].reserve(1)
    rings[1].put(start, 0, 50, 3)
    codec = Scripted([BookSnapshot(1, start, 1, 9, 0, 1), FeedAlive(0, 9)])
    shifted = ShiftedFeedCodec(codec, rings, 5)
    for events in (
        shifted.decode(b"x", 9, 2),
        shifted.decode_reply("/depth", b"y", 9),
        shifted.resynchronise(1),
    ):
        assert events == codec.events
    assert codec.asked == [(b"x", 9, 2), ("/depth", b"y", 9), 1]
    assert rings[1].rows[start].tolist() == [0, 65, 3]
    assert not rings[0].rows.any()


def test_the_checksum_is_asked_of_the_venues_own_prices() -> None:
    codec = Scripted([])
    shifted = ShiftedFeedCodec(codec, [], 5)
    assert shifted.checksum(3, [(105, 1)], [(106, 2)]) == 77
    assert codec.asked == [(3, [(100, 1)], [(101, 2)])]
    assert (shifted.checksum_depth, shifted.sequenced) == (10, True)
    assert shifted.subscribe() == (b"subscribe",)
