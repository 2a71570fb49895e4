"""Funding of the simulated perpetuals: rates in force, by the hour, and who has none."""

from __future__ import annotations

import pytest

from engine.decisions.market import MarketBlock
from engine.model.instruments import Instrument, InstrumentType
from engine.service.api_error import ApiError, ErrorCode
from engine.service.quotes.funding import funding_history, funding_rates, rates_of
from tests.support.builders import fill_slot, listing, market
from venues.simulated.catalogue import build_sandbox

HOUR = 3_600_000_000_000
P = 10**9
PPM = {"hyper": 12}
PERP = Instrument(symbol="BTC-USD-PERP", type=InstrumentType.PERP, base="BTC", quote="USD")


def perp_market() -> MarketBlock:
    block = MarketBlock(PERP, [listing("hyper", 0, instrument=PERP)], depth=8)
    fill_slot(block.slot(0), [(10 * P, 1)], [(12 * P, 1)], 5)
    return block


def test_the_sandbox_has_funding_where_its_profile_says_so() -> None:
    assert rates_of(build_sandbox(1)) == {"hyperliquid": 12}
    assert rates_of(()) == {}


def test_rates_are_in_bps_an_hour_and_unknowns_are_null() -> None:
    now = 7 * HOUR + 5_000_000
    (row,) = funding_rates([perp_market()], PPM, None, now).rates
    assert (row.venue, row.symbol, row.rate_bps_per_hour) == ("hyper", "BTC-USD-PERP", 0.12)
    assert (row.mark_price_1e9, row.open_interest_1e8) == (11 * P, None)
    assert row.next_settlement_ns == 8 * HOUR


def test_a_stale_book_gives_no_mark_and_no_age() -> None:
    block = perp_market()
    block.healthy[0] = False
    (row,) = funding_rates([block], PPM, "hyper", HOUR).rates
    assert (row.mark_price_1e9, row.snapshot_age_ms) == (None, None)


def test_other_venues_and_spot_have_no_rate() -> None:
    spot = market({"hyper": ([(10 * P, 1)], [(12 * P, 1)])})
    assert funding_rates([spot], PPM, None, 0).rates == []
    assert funding_rates([perp_market()], PPM, "binance", 0).rates == []


def test_every_whole_hour_since_the_venue_was_seen_has_its_rate() -> None:
    began = 3 * HOUR + 1
    told = funding_history(perp_market(), "hyper", PPM, (0, 6 * HOUR + 1), began)
    assert [one.ts_ns for one in told.points] == [4 * HOUR, 5 * HOUR, 6 * HOUR]
    assert {one.rate_1e9 for one in told.points} == {12_000}
    assert (told.count, told.covered_from_ns) == (3, began)
    within = funding_history(perp_market(), "hyper", PPM, (5 * HOUR, 6 * HOUR), began)
    assert [one.ts_ns for one in within.points] == [5 * HOUR]


def test_a_venue_not_yet_seen_has_no_history() -> None:
    told = funding_history(perp_market(), "hyper", PPM, (0, HOUR), 0)
    assert (told.points, told.covered_from_ns) == ([], None)


def test_spot_venues_and_spot_symbols_are_refused() -> None:
    spot = market({"hyper": ([(10 * P, 1)], [(12 * P, 1)])})
    cases = [
        (perp_market(), "binance", PPM, "venue"),
        (spot, "hyper", PPM, "symbol"),
        (perp_market(), "other", {"other": 1}, "venue"),
    ]
    for block, venue, ppm, field in cases:
        with pytest.raises(ApiError) as caught:
            funding_history(block, venue, ppm, (0, HOUR), 1)
        assert caught.value.code is ErrorCode.INVALID_PARAMS
        assert caught.value.details[0][0] == field
    with pytest.raises(ApiError, match="no funding is configured here for okx; it is for hyper"):
        funding_history(perp_market(), "okx", PPM, (0, HOUR), 1)
