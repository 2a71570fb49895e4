"""Venue health: each trouble is named with its number, the worst venue is found."""

from __future__ import annotations

from collections.abc import Sequence

from engine.decisions.market import MarketBlock
from engine.decisions.venue_observations import VenueObservations
from engine.intelligence.learned.forgetting import DecayedRate
from engine.intelligence.venue_health import VenueHealth, deteriorating, venue_health
from tests.support.markets import NOW_NS, TICK, Levels, instrument, listing, market_of, write_book

BIDS: Levels = [(99 * TICK * 100, 10)]
ASKS: Levels = [(99 * TICK * 100 + TICK, 10)]


def setting() -> tuple[MarketBlock, VenueObservations]:
    of = instrument()
    listings = [listing(v, of, tick_1e9=TICK, latency_prior_ns=20_000_000) for v in range(3)]
    market = market_of(listings, [(BIDS, ASKS)] * 3)
    return market, VenueObservations(listings)


def worst(
    market: MarketBlock,
    seen: VenueObservations,
    now_ns: int = NOW_NS,
    fades: Sequence[DecayedRate] = (),
) -> VenueHealth | None:
    return deteriorating(venue_health(market, seen, now_ns, fades))


def faded(shares: Sequence[float]) -> list[DecayedRate]:
    """What of immediate orders at the third venue did not fill."""
    found = [DecayedRate(), DecayedRate(), DecayedRate()]
    for share in shares:
        found[2].add(share, NOW_NS)
    return found


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
    assert (slow.concern_value, slow.concern_usual, slow.concern_unit) == (55.0, 20.0, "ms")
    fades = worst(market, seen, fades=faded([1.0] * 6))
    assert fades is not None and fades.venue == "v2"
    assert fades.concern == "100.0 % of what was sent there at once did not fill (6 takes)"
    assert (fades.concern_value, fades.concern_unit) == (100.0, "%")
    assert fades.severity > slow.severity
    slot = market.slots[0]
    assert slot is not None
    slot.mark_stale(2)
    stale = worst(market, seen)
    assert stale is not None and stale.venue == "v0" and not stale.routable
    seen.set_link(1, False)
    down = worst(market, seen)
    assert down is not None and (down.venue, down.concern) == ("v1", "its order line is down")
    assert (down.concern_value, down.concern_unit) == (None, "")


def test_silence_and_wide_spreads_count() -> None:
    market, seen = setting()
    write_book(market, 1, BIDS, [(ASKS[0][0] + 50 * TICK, 10)])
    wide = worst(market, seen)
    assert wide is not None and wide.venue == "v1" and "spread" in wide.concern
    assert wide.concern_unit == "bps" and wide.concern_value == wide.spread_bps
    silent = worst(market, seen, NOW_NS + 2_000_000_000)
    assert silent is not None and "2000 ms" in silent.concern
    assert (silent.concern_value, silent.concern_usual) == (2_000.0, 500.0)


def test_takes_that_fell_short_by_a_sliver_are_no_concern() -> None:
    market, seen = setting()
    # Three of seventeen were at most 1.9 % short: next to nothing of what was sent has faded.
    fades = faded([0.0] * 14 + [0.019, 0.019, 0.01])
    assert worst(market, seen, fades=fades) is None
    row = venue_health(market, seen, NOW_NS, fades)[2]
    assert row.fade_rate is not None
    assert round(row.fade_rate, 4) == round(0.048 / 17, 4)
    assert row.takes == 17
    for _ in range(17):
        seen.observe_take(2, 0, 0, False, NOW_NS)
    later = venue_health(market, seen, NOW_NS, fades)[2]
    assert later.fade_rate == row.fade_rate
    assert later.partial_fill_probability > row.partial_fill_probability == 0.02
    bare = venue_health(market, seen, NOW_NS)[2]
    assert (bare.fade_rate, bare.takes) == (None, 0)


def test_of_one_kind_the_furthest_off_is_the_worst() -> None:
    market, seen = setting()
    for venue, latency_ns in ((0, 40_000_000), (1, 90_000_000), (2, 60_000_000)):
        for _ in range(80):
            seen.observe_latency(venue, latency_ns)
    slowest = worst(market, seen)
    assert slowest is not None and slowest.venue == "v1"


def test_a_venue_never_heard_of_has_no_silence() -> None:
    of = instrument()
    listings = [listing(0, of)]
    market = MarketBlock(of, listings, 8)
    (one,) = venue_health(market, VenueObservations(listings), NOW_NS)
    assert one.silence_ms is None and one.spread_bps is None and not one.healthy
