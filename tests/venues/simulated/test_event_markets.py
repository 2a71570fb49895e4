"""The event contract table: enough of each kind, consistent ids, fees by venue."""

from __future__ import annotations

import pytest

from engine.model.fees import fee_1e9
from engine.model.units import price_1e9, qty_1e8
from venues.simulated.event_markets import (
    EVENT_MARKETS,
    PLACEHOLDER_MARKETS,
    EventMarket,
    event_fees,
    event_listing,
)


def of(venue: str, *, resolved: bool) -> list[EventMarket]:
    return [
        market
        for market in EVENT_MARKETS
        if market.venue == venue and (market.resolved is not None) is resolved
    ]


def test_there_are_enough() -> None:
    assert len(of("polymarket", resolved=False)) >= 20
    assert len(of("polymarket", resolved=True)) >= 3
    assert len(of("kalshi", resolved=False)) >= 10


def test_names_and_ids_are_unique() -> None:
    every = EVENT_MARKETS + PLACEHOLDER_MARKETS
    assert len({market.slug for market in every}) == len(every)
    tokens = [m.yes_token_id for m in every] + [m.no_token_id for m in every]
    assert len({*tokens}) == len(tokens)
    assert {len(token) for token in tokens} == {77}
    assert all(len(market.condition_id) == 66 for market in EVENT_MARKETS)


@pytest.mark.parametrize("market", EVENT_MARKETS, ids=lambda market: market.slug)
def test_rows_make_sense(market: EventMarket) -> None:
    assert 0 < market.yes_percent < 100
    assert (market.resolved is None) == (market.closes_in_s > 0)
    assert market.resolved is None or market.resolved in market.outcomes
    listing = event_listing(market, 5)
    assert listing.venue_symbol == market.venue_symbol
    assert (listing.price_max_1e9, listing.latency_prior_ns) == (price_1e9("1"), 5)


def test_fees_follow_the_venues_rules() -> None:
    kalshi = event_fees(of("kalshi", resolved=False)[0])
    assert fee_1e9(kalshi, price_1e9("0.5"), qty_1e8("1"), maker=False) == price_1e9("0.0175")
    assert fee_1e9(kalshi, price_1e9("0.41"), qty_1e8("1"), maker=False) == price_1e9("0.017")
    assert fee_1e9(kalshi, price_1e9("0.5"), qty_1e8("1"), maker=True) == 0
    sports = next(m for m in EVENT_MARKETS if m.category == "sports")
    fee = fee_1e9(event_fees(sports), price_1e9("0.5"), qty_1e8("100"), maker=False)
    assert (fee, event_fees(sports).asset) == (price_1e9("0.75"), "USDC")


def test_some_events_have_several_markets() -> None:
    sizes: dict[tuple[str, str], int] = {}
    for market in EVENT_MARKETS + PLACEHOLDER_MARKETS:
        if market.event is not None:
            key = market.venue, market.event
            sizes[key] = sizes.get(key, 0) + 1
    assert sizes["polymarket", "next-mayor-of-rivermouth"] == 5
    assert sizes["kalshi", "KXBTCZ-26DEC31"] == 2
    assert sizes["kalshi", "KXRECSSNBER-26"] == 1
    assert all(
        market.candidate for market in EVENT_MARKETS if market.venue != "kalshi" and market.event
    )
