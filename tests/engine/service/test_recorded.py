"""What stands in for a venue in a replay: levels by price, faults remembered, jokes left out."""

from __future__ import annotations

import pytest

from engine.decisions.market import MarketBlock
from engine.errors import DecodeError
from engine.kernels.delta_ring import DeltaRing
from engine.messages import BookSnapshot
from engine.model.units import Side
from engine.service.recorded import RecordedBook, RecordedCodec, RecordedLink
from tests.support.feed_recordings import listings_of
from tests.support.recorded_lines import START
from venues.hyperliquid.feed_codec import HyperliquidFeedCodec

NS = 10**9


def codec_of() -> tuple[RecordedCodec, DeltaRing]:
    ring = DeltaRing()
    codec = HyperliquidFeedCodec(listings_of("hyperliquid", ["BTC"]), [ring])
    return RecordedCodec(codec, [ring]), ring


def frame(ask: str = "101") -> bytes:
    return (
        '{"channel":"l2Book","data":{"coin":"BTC","time":1,"levels":'
        f'[[{{"px":"100","sz":"1","n":1}}],[{{"px":"{ask}","sz":"2","n":1}}]]}}}}'
    ).encode()


def test_a_book_is_read_again_only_after_it_was_written() -> None:
    market = MarketBlock(listings_of("x", ["A"])[0].instrument, listings_of("x", ["A"]), 16)
    slot, ring = market.slot(0), DeltaRing(16)
    book = RecordedBook(market, 0)
    market.own.put("ours", 0, 1, 7, 5)
    assert market.own.best(0, 1) == [], "a recording shows none of our orders"

    def write(price: int, qty: int) -> None:
        start = ring.reserve(1)
        ring.put(start, 1, price, qty)
        ring.commit(start, 1)
        slot.apply(ring, start, 1)
        ring.release(start, 1)

    assert book.level_qty(Side.SELL, 7) == 0
    write(7, 5)
    write(8, 6)
    assert book.levels(Side.SELL) == [(7, 5), (8, 6)]
    assert (book.level_qty(Side.SELL, 7), book.level_qty(Side.SELL, 9)) == (5, 0)
    kept = book.by_price[Side.SELL]
    assert book.level_qty(Side.SELL, 8) == 6 and book.by_price[Side.SELL] is kept
    write(7, 0)
    assert book.level_qty(Side.SELL, 7) == 0
    assert book.levels(Side.BUY) == []


def test_refused_frames_are_counted_and_the_first_reason_kept() -> None:
    codec, _ = codec_of()
    with pytest.raises(DecodeError) as first:
        codec.decode(b"{", START)
    with pytest.raises(DecodeError):
        codec.decode(frame("0.00000000001"), START)
    assert (codec.unread, codec.first_fault) == (2, str(first.value))
    with pytest.raises(DecodeError):
        codec.decode(b"", START)
    assert codec.unread == 2, "a line that was broken before is reported with its line"


@pytest.mark.parametrize(("ask", "kept"), [("3999999999", True), ("4000000000", False)])
def test_asks_beyond_what_books_hold_become_nothing(ask: str, kept: bool) -> None:
    codec, ring = codec_of()
    (event,) = codec.decode(frame(ask), START)
    assert isinstance(event, BookSnapshot)
    rows = ring.rows[event.start : event.start + event.count].tolist()
    assert [row for row in rows if row[0] == 0] == [[0, 100 * NS, 10**8]]
    assert [row[2] for row in rows if row[0] == 1] == [2 * 10**8 if kept else 0]
    market = MarketBlock(listings_of("x", ["A"])[0].instrument, listings_of("x", ["A"]), 16)
    slot = market.slot(0)
    assert slot.replace(ring, event.start, event.count) >= 0
    assert slot.best_ask() == ((int(ask) * NS, 2 * 10**8) if kept else None)


def test_everything_else_is_the_codecs_own() -> None:
    codec, _ = codec_of()
    own = codec.codec
    assert codec.checksum_depth == own.checksum_depth
    assert codec.sequenced == own.sequenced
    assert list(codec.subscribe()) == list(own.subscribe())
    assert list(codec.resynchronise(0)) == list(own.resynchronise(0))
    assert codec.checksum(0, [], []) == own.checksum(0, [], [])


def test_the_line_of_a_recording_takes_everything() -> None:
    link = RecordedLink()
    link.open()
    assert link.send(b"subscribe") and link.request("/depth")
    link.close()
