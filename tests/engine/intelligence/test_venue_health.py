"""Venue health: each trouble is named with its number, the worst venue is found."""

from __future__ import annotations

from engine.decisions.market import MarketBlock
from engine.decisions.venue_observations import VenueObservations
from engine.intelligence.venue_health import VenueHealth, deteriorating, venue_health
from tests.support.markets import NOW_NS, TICK, Levels, instrument, listing, market_of, write_book

BIDS: Levels = [(99 * TICK * 100, 10)]
ASKS: Levels = [(99 * TICK * 100 + TICK, 10)]


def setting() -> tuple[MarketBlock, VenueObservations]:
    of = instrument()
    listings = [listing(v, of, tick_1e9=TICK, latency_prior_ns=20_000_000) for v in range(3)]
    market = market_of(listings, [(BIDS, ASKS)] * 3)
    return market, VenueObservations(listings)


def worst(market: MarketBlock, seen: VenueObservations, now_ns: int = NOW_NS) -> VenueHealth | None:
    return deteriorating(venue_health(market, seen, now_ns))


def test_all_is_well() -> None:
    market, seen = setting()
    assert worst(market, seen) is None
    rows = venue_health(market, seen, NOW_NS + 3_000_000)
    assert [one.silence_ms for one in rows] == [3, 3, 3]
    assert all(one.routable and one.healthy and one.link_up for one in rows)


def test_each_trouble_is_named() -> None:
    market, seen = setting()
    for _ in range(80):
        seen.observe_latency(1, 55_000_000)
    slow = worst(market, seen)
    assert slow is not None and (slow.venue, "55 ms" in slow.concern) == ("v1", True)
    for _ in range(6):
        seen.observe_take(2, 0, 0, False, NOW_NS)
    missing = worst(market, seen)
    assert missing is not None and (missing.venue, "6 of 6" in missing.concern) == ("v2", True)
    slot = market.slots[0]
    assert slot is not None
    slot.mark_stale(2)
    stale = worst(market, seen)
    assert stale is not None and stale.venue == "v0" and not stale.routable
    seen.set_link(1, False)
    down = worst(market, seen)
    assert down is not None and (down.venue, down.concern) == ("v1", "its order line is down")


def test_silence_and_wide_spreads_count() -> None:
    market, seen = setting()
    write_book(market, 1, BIDS, [(ASKS[0][0] + 50 * TICK, 10)])
    wide = worst(market, seen)
    assert wide is not None and wide.venue == "v1" and "spread" in wide.concern
    silent = worst(market, seen, NOW_NS + 2_000_000_000)
    assert silent is not None and "2000 ms" in silent.concern


def test_a_venue_never_heard_of_has_no_silence() -> None:
    of = instrument()
    listings = [listing(0, of)]
    market = MarketBlock(of, listings, 8)
    (one,) = venue_health(market, VenueObservations(listings), NOW_NS)
    assert one.silence_ms is None and one.spread_bps is None and not one.healthy
