"""What market topics show, and that nothing is computed for books that did not move."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.decisions.market import MarketBlock
from engine.kernels.delta_ring import DeltaRing
from engine.kernels.layout import ASK, BID
from engine.model.instruments import Instrument, InstrumentType, Listing
from engine.service.rest.stream.market_feeds import (
    BookFeed,
    FairPriceFeed,
    FundingFeed,
    MarketFeed,
    MarketRef,
    PriceFeed,
    has_funding,
)

CENT = 10_000_000
ONE = 100_000_000
HOUR = 3_600 * 10**9


def market_of(kind: InstrumentType = InstrumentType.PREDICTION, venues: int = 2) -> MarketBlock:
    instrument = Instrument(symbol="m", type=kind, base="m", quote="USD")
    listings = [
        Listing(venue=f"v{index}", venue_symbol="m", instrument=instrument, venue_index=index)
        for index in range(venues)
    ]
    return MarketBlock(instrument, listings, depth=256)


def write(market: MarketBlock, venue: int, rows: list[tuple[int, int, int]], ts: int = 5) -> None:
    """Snapshot of (side, cents, contracts)."""
    slot = market.slots[venue] or market.slot(venue)
    ring = DeltaRing(1_024)
    start = ring.reserve(len(rows))
    for row, (side, cents, contracts) in enumerate(rows, start):
        ring.put(row, side, cents * CENT, contracts * ONE)
    ring.commit(start, len(rows))
    slot.replace(ring, start, len(rows))
    slot.mark_healthy(ts, ts, 0)


def shown(feed: MarketFeed) -> dict[str, Any]:
    assert feed.data is not None
    found: dict[str, Any] = msgspec.json.decode(feed.data)
    return found


def test_prices_are_the_best_over_venues_and_null_before_any_book() -> None:
    market = market_of()
    feed = PriceFeed(MarketRef(market), 0.005)
    assert feed.tick()
    assert shown(feed)["bid"] is None
    assert shown(feed)["ts_ns"] is None
    write(market, 0, [(BID, 40, 3), (ASK, 44, 5)], ts=7)
    write(market, 1, [(BID, 41, 2), (ASK, 44, 1)], ts=9)
    assert feed.tick()
    assert shown(feed) == {
        "bid": 0.41,
        "ask": 0.44,
        "mid": 0.425,
        "spread_bps": 3 * 20_000 / 85,
        "bid_sz": 2.0,
        "ask_sz": 6.0,
        "crossed": False,
        "ts_ns": 9,
    }


def test_the_other_outcome_is_mirrored() -> None:
    market = market_of(venues=1)
    write(market, 0, [(BID, 40, 3), (ASK, 44, 5)])
    feed = PriceFeed(MarketRef(market, mirrored=True), 0.005)
    feed.tick()
    assert (shown(feed)["bid"], shown(feed)["ask"]) == (0.56, 0.6)
    assert (shown(feed)["bid_sz"], shown(feed)["ask_sz"]) == (5.0, 3.0)
    assert feed.slot != PriceFeed(MarketRef(market), 0.005).slot


def test_nothing_is_looked_at_unless_written_and_nothing_sent_unless_it_shows() -> None:
    market = market_of(venues=1)
    write(market, 0, [(BID, 40, 3), (ASK, 44, 5)])
    feed = PriceFeed(MarketRef(market), 0.005)
    assert feed.tick()
    first, looked = feed.data, 0
    look = feed.look

    def counted() -> Any:
        nonlocal looked
        looked += 1
        return look()

    feed.look = counted  # type: ignore[method-assign]  # the count is the test
    assert not feed.tick()
    assert looked == 0
    write(market, 0, [(BID, 39, 9), (BID, 40, 3), (ASK, 44, 5)])
    assert not feed.tick()
    assert looked == 1
    assert feed.data is first
    market.slots[0].mark_stale(1)  # type: ignore[union-attr]  # it was made above
    assert feed.tick()
    assert shown(feed)["bid"] is None


def test_a_book_is_merged_bounded_and_shows_venues_where_asked() -> None:
    market = market_of(InstrumentType.SPOT)
    write(market, 0, [(BID, 200 - level, 1) for level in range(150)] + [(ASK, 300, 1)])
    write(market, 1, [(BID, 200, 2), (ASK, 299, 4)])
    plain = BookFeed(MarketRef(market), 0.025, by_venue=False)
    plain.tick()
    book = shown(plain)
    assert len(book["bids"]) == 100
    assert book["bids"][0] == [2.0, 3.0]
    assert book["asks"] == [[2.99, 4.0], [3.0, 1.0]]
    assert "venues" not in book
    both = BookFeed(MarketRef(market), 0.025, by_venue=True)
    both.tick()
    assert len(shown(both)["venues"]["v0"]["bids"]) == 10
    assert shown(both)["venues"]["v1"] == {"bids": [[2.0, 2.0]], "asks": [[2.99, 4.0]]}
    assert plain.slot != both.slot
    write(market, 1, [(BID, 200, 2), (BID, 1, 9), (ASK, 299, 4)])
    assert not plain.tick()
    assert both.tick()


def test_the_fair_price_leans_to_the_thinner_side() -> None:
    market = market_of(InstrumentType.SPOT, venues=1)
    feed = FairPriceFeed(MarketRef(market), 0.025)
    feed.tick()
    assert shown(feed)["fair_price"] is None
    write(market, 0, [(BID, 100, 9), (ASK, 110, 1)])
    feed.tick()
    assert shown(feed)["fair_price_1e9"] == 109 * CENT
    assert shown(feed)["mid"] == 1.05


def test_funding_is_told_once_and_again_at_the_next_settlement() -> None:
    market = market_of(InstrumentType.PERP)
    now = [HOUR + 1]
    feed = FundingFeed(MarketRef(market), "v1", {"v1": 12}, lambda: now[0])
    assert feed.tick()
    assert shown(feed)["rate_bps_per_hour"] == 0.12
    assert shown(feed)["next_settlement_ns"] == 2 * HOUR
    now[0] += 1
    assert not feed.tick()
    now[0] = 2 * HOUR
    assert feed.tick()
    assert has_funding(MarketRef(market), "v1")
    assert not has_funding(MarketRef(market), "v9")
    assert not has_funding(MarketRef(market_of()), "v1")
