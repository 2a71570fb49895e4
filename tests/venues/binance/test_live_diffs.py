"""The one-call way of live diffs and the general way are one codec: same events, rows, state."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DecodeError
from engine.messages import BookDelta, BookSnapshot, FeedEvent
from tests.support.feed_recordings import listings_of, rings_of, stamped_frames
from tests.support.level_texts import broken
from venues.binance.feed_codec import BinanceFeedCodec, BinanceMarket

SYMBOLS = ["AB", "CD"]
IDS = st.integers(0, 12)


class GeneralCodec(BinanceFeedCodec):
    """Without the one-call way."""

    def decode_live(self, payload: bytes, recv_ns: int) -> BookDelta | None:
        return None


class Pair:
    """Both codecs on the same frames; rows are released at once, so that a ring never fills."""

    def __init__(self, market: BinanceMarket, symbols: list[str], capacity: int = 1 << 14) -> None:
        listings = listings_of(market.value[0], symbols)
        self.rings = [rings_of(len(symbols), capacity) for _ in range(2)]
        self.codecs = [
            BinanceFeedCodec(listings, self.rings[0], market),
            GeneralCodec(listings, self.rings[1], market),
        ]
        for codec in self.codecs:
            codec.subscribe()

    def decode(self, payload: bytes, recv_ns: int, tag: str = "") -> list[FeedEvent]:
        """The events, the same of both."""
        answers: list[list[FeedEvent] | None] = []
        rows = []
        for codec, rings in zip(self.codecs, self.rings, strict=True):
            try:
                if tag:
                    events = list(codec.decode_reply(tag, payload, recv_ns))
                else:
                    events = list(codec.decode(payload, recv_ns))
            except DecodeError:
                answers.append(None)
                continue
            answers.append(events)
            for event in events:
                if isinstance(event, BookDelta | BookSnapshot):
                    ring = rings[event.listing_id]
                    rows.append(ring.rows[event.start : event.start + event.count].copy())
                    ring.release(event.start, event.count)
        assert answers[0] == answers[1]
        half = len(rows) // 2
        assert all(np.array_equal(a, b) for a, b in zip(rows[:half], rows[half:], strict=True))
        assert self.states(0) == self.states(1)
        return answers[0] or []

    def states(self, which: int) -> list[tuple[object, ...]]:
        """What a codec knows of its books, and what is unread in its rings."""
        return [
            (book.phase, book.last_id, book.asked, len(book.held), ring.pending)
            for book, ring in zip(self.codecs[which].books, self.rings[which], strict=True)
        ]


def diff(symbol: str, ids: tuple[int, int, int], futures: bool, enveloped: bool) -> bytes:
    """A compact frame as the venue sends it."""
    body: dict[str, object] = {"e": "depthUpdate", "E": 7, "s": symbol, "U": ids[0], "u": ids[1]}
    if futures:
        body |= {"T": 6, "pu": ids[2]}
    body |= {"b": [["1.50000000", f"{ids[1]}.5"]], "a": [["2.5", "0.00000000"]]}
    frame = {"stream": "x", "data": body} if enveloped else body
    return json.dumps(frame, separators=(",", ":")).encode()


def snapshot(last: int) -> bytes:
    sides = {"bids": [["1.00", "3"]], "asks": [["2.50", "4.00000001"]]}
    return json.dumps({"lastUpdateId": last, **sides}).encode()


@pytest.mark.parametrize(
    ("market", "name", "symbol"),
    [
        (BinanceMarket.SPOT, "spot/btcusdt_20240808.gz", "BTCUSDT"),
        (BinanceMarket.USDM, "usdm/btcusdt_20240808.gz", "BTCUSDT"),
        (BinanceMarket.COINM, "cm/btcusd_perp_20240808.gz", "BTCUSD_PERP"),
    ],
)
def test_captures_are_read_alike(
    market: BinanceMarket, name: str, symbol: str, shared_data: Path
) -> None:
    pair = Pair(market, [symbol], 1 << 16)
    deltas = 0
    frames = stamped_frames(shared_data / "binance_2024" / name)
    for _, (recv_ns, payload) in zip(range(4_000), frames, strict=False):
        deltas += sum(isinstance(event, BookDelta) for event in pair.decode(payload, recv_ns))
    assert deltas > 100


@given(
    st.sampled_from([BinanceMarket.SPOT, BinanceMarket.USDM]),
    st.lists(
        st.tuples(st.sampled_from([*SYMBOLS, "ZZ"]), st.tuples(IDS, IDS, IDS), st.booleans()),
        max_size=12,
    ),
)
def test_any_order_of_ids_is_judged_alike(
    market: BinanceMarket, diffs: list[tuple[str, tuple[int, int, int], bool]]
) -> None:
    pair = Pair(market, SYMBOLS)
    futures = market is not BinanceMarket.SPOT
    for symbol in SYMBOLS:
        pair.decode(snapshot(3), 1, f"symbol={symbol}")
        pair.decode(diff(symbol, (2, 4, 1), futures, enveloped=True), 1)
    for symbol, ids, enveloped in diffs:
        pair.decode(diff(symbol, ids, futures, enveloped), 2)


def test_live_diffs_are_read_by_the_kernel() -> None:
    pair = Pair(BinanceMarket.SPOT, SYMBOLS)
    codec = pair.codecs[0]
    pair.decode(snapshot(3), 1, "symbol=CD")
    assert codec.decode_live(diff("CD", (4, 5, 0), futures=False, enveloped=True), 2) is None
    pair.decode(diff("CD", (4, 5, 0), futures=False, enveloped=True), 2)
    delta = codec.decode_live(diff("CD", (6, 9, 0), futures=False, enveloped=True), 3)
    assert delta == BookDelta(1, 0, 2, 3, 7_000_000, 9)
    assert codec.decode_live(diff("CD", (11, 12, 0), futures=False, enveloped=True), 4) is None
    assert codec.decode_live(diff("AB", (6, 9, 0), futures=False, enveloped=True), 5) is None


@given(st.data())
def test_damaged_frames_are_judged_alike(data: st.DataObject) -> None:
    pair = Pair(BinanceMarket.USDM, SYMBOLS)
    pair.decode(snapshot(3), 1, "symbol=AB")
    pair.decode(diff("AB", (2, 4, 1), futures=True, enveloped=True), 1)
    frame = diff("AB", (5, 6, 4), futures=True, enveloped=data.draw(st.booleans()))
    pair.decode(data.draw(broken(frame)), 2)


def test_a_full_ring_is_left_to_the_general_way() -> None:
    pair = Pair(BinanceMarket.SPOT, ["AB"], 12)
    pair.decode(snapshot(3), 1, "symbol=AB")
    for last in range(4, 9):
        events = pair.decode(diff("AB", (last, last, 0), futures=False, enveloped=True), 2)
        assert [type(event) for event in events] == [BookDelta]
