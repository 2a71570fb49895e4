"""Funding of perpetuals: the rate in force now, and at each whole hour that was seen.

The simulated venue's rate is a constant of its profile, so that it is also the rate of every hour
since the venue was first seen, and the next one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from engine.decisions.market import MarketBlock
from engine.model.instruments import InstrumentType
from engine.service.api_error import ApiError, ErrorCode
from venues.simulated.catalogue import SandboxVenue

__all__ = [
    "FundingHistory",
    "FundingPoint",
    "FundingRate",
    "FundingRates",
    "funding_history",
    "funding_rates",
    "rates_of",
]

HOUR_NS: Final = 3_600_000_000_000
NS_PER_MS: Final = 1_000_000
PPM_TO_1E9: Final = 1_000
POINTS_MAX: Final = 10_000


class FundingPoint(msgspec.Struct, frozen=True, gc=False):
    """The rate in force at a whole hour, signed, in 1e-9; positive means that longs pay shorts."""

    ts_ns: int
    rate_1e9: int


class FundingHistory(msgspec.Struct, frozen=True, kw_only=True):
    """Rates by the hour, oldest first; `covered_from_ns` is since when they are known."""

    symbol: str
    venue: str
    count: int
    covered_from_ns: int | None
    points: list[FundingPoint]


class FundingRate(msgspec.Struct, frozen=True, kw_only=True):
    """One perpetual's rate in bps an hour; null where the venue does not say."""

    venue: str
    symbol: str
    rate_bps_per_hour: float
    predicted_rate_bps_per_hour: float | None
    mark_price_1e9: int | None
    open_interest_1e8: int | None
    next_settlement_ns: int
    snapshot_age_ms: int | None


class FundingRates(msgspec.Struct, frozen=True):
    """Every rate asked for."""

    unit: str
    rates: list[FundingRate]


def rates_of(venues: Sequence[SandboxVenue]) -> dict[str, int]:
    """ppm an hour by venue, of those whose perpetuals have funding."""
    return {
        one.profile.name: one.profile.funding_ppm_per_hour for one in venues if one.profile.perp
    }


def funding_history(
    market: MarketBlock, venue: str, ppm: Mapping[str, int], window: tuple[int, int], began_ns: int
) -> FundingHistory:
    """Whole hours of the window since the venue was first seen.

    ApiError INVALID_PARAMS for a venue without funding and for what is no perpetual there.
    """
    symbol = market.instrument.symbol
    if venue not in ppm:
        known = ", ".join(sorted(ppm)) or "no venue here"
        raise refused("venue", f"no funding is configured here for {venue}; it is for {known}")
    if market.instrument.type is not InstrumentType.PERP:
        raise refused("symbol", f"{symbol} is no perpetual and has no funding; try {symbol}-PERP")
    if all(listing.venue != venue for listing in market.listings):
        raise refused("venue", f"{symbol} is not listed on {venue}")
    rate_1e9 = ppm[venue] * PPM_TO_1E9
    points: list[FundingPoint] = []
    if began_ns:
        first_ns = max(window[0], began_ns)
        first_ns += -first_ns % HOUR_NS
        hours = range(first_ns, window[1], HOUR_NS)
        points = [FundingPoint(ts_ns, rate_1e9) for ts_ns in hours[-POINTS_MAX:]]
    return FundingHistory(
        symbol=symbol,
        venue=venue,
        count=len(points),
        covered_from_ns=began_ns or None,
        points=points,
    )


def funding_rates(
    markets: Sequence[MarketBlock], ppm: Mapping[str, int], venue: str | None, now_ns: int
) -> FundingRates:
    """The rate of each listed perpetual; none for a venue that has no funding."""
    rates = [
        _rate(market, listing.venue, listing.venue_index, ppm[listing.venue], now_ns)
        for market in markets
        if market.instrument.type is InstrumentType.PERP
        for listing in market.listings
        if listing.venue in ppm and venue in (None, listing.venue)
    ]
    return FundingRates("bps_per_hour", rates)


def _rate(market: MarketBlock, venue: str, index: int, ppm: int, now_ns: int) -> FundingRate:
    usable = market.usable(index)
    bid, ask = market.best_bid[index], market.best_ask[index]
    two_sided = usable and market.level_count(index, 0) > 0 and market.level_count(index, 1) > 0
    return FundingRate(
        venue=venue,
        symbol=market.instrument.symbol,
        rate_bps_per_hour=ppm / 100,
        predicted_rate_bps_per_hour=ppm / 100,
        mark_price_1e9=(bid + ask) // 2 if two_sided else None,
        open_interest_1e8=None,
        next_settlement_ns=now_ns - now_ns % HOUR_NS + HOUR_NS,
        snapshot_age_ms=max(0, now_ns - market.alive_ns[index]) // NS_PER_MS if usable else None,
    )


def refused(field: str, text: str) -> ApiError:
    """A 400 that names its field."""
    return ApiError(ErrorCode.INVALID_PARAMS, text, [(field, text)])
