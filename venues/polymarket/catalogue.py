"""Listing rules and fees of Polymarket's markets from objects of its Gamma API.

https://docs.polymarket.com/developers/gamma-markets-api/get-markets: `orderPriceMinTickSize`,
`orderMinSize` (contracts), `clobTokenIds` and `feeSchedule`. The fee of a fill is rate x contracts
x (p(1-p))^exponent, charged to takers only where `takerOnly`, in USD rounded to five decimals
(https://docs.polymarket.com/trading/fees). Sizes have two decimals.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from engine.model.fees import FeeSchedule
from engine.model.units import parse_decimal
from venues.level_rows import decode_json
from venues.listing_rules import ListingRules, rules_of

__all__ = ["MarketTerms", "market_terms"]

PPM_DECIMALS = 6
LOT = "0.01"
FEE_STEP_1E9 = 10_000


class GammaFees(msgspec.Struct, gc=False, rename="camel"):
    """The fee schedule object."""

    rate: Decimal
    exponent: int = 1
    taker_only: bool = True


class GammaMarket(msgspec.Struct, gc=False, rename="camel"):
    """A market object, as far as it is read; token ids come as JSON inside a string."""

    condition_id: str
    clob_token_ids: str
    order_price_min_tick_size: Decimal
    order_min_size: Decimal
    fees_enabled: bool = False
    fee_schedule: GammaFees | None = None


class MarketTerms(msgspec.Struct, frozen=True, gc=False):
    """Both tokens (each the other's complement), grid and fees; fees None means unknown."""

    condition_id: str
    tokens: tuple[str, str]
    rules: ListingRules
    fees: FeeSchedule | None


MARKETS = msgspec.json.Decoder(GammaMarket)
TOKEN_IDS = msgspec.json.Decoder(tuple[str, str])


def market_terms(body: bytes | msgspec.Raw) -> MarketTerms | None:
    """Terms of one market object; None where the engine's units cannot hold its grid or fee."""
    market = decode_json(MARKETS, body)
    tokens = decode_json(TOKEN_IDS, market.clob_token_ids.encode(errors="replace"))
    rules = rules_of(
        base=market.condition_id,
        quote="USD",
        tick=str(market.order_price_min_tick_size),
        lot=LOT,
        qty_min=str(market.order_min_size),
    )
    if rules is None:
        return None
    return MarketTerms(market.condition_id, tokens, rules, fees_of(market))


def fees_of(market: GammaMarket) -> FeeSchedule | None:
    """The quadratic schedule, a zero one where fees are off, None where it cannot be told."""
    if not market.fees_enabled:
        return FeeSchedule(taker_ppm=0)
    schedule = market.fee_schedule
    if schedule is None:
        return None
    try:
        rate_ppm = parse_decimal(schedule.rate, PPM_DECIMALS)
        return FeeSchedule(
            taker_ppm=rate_ppm,
            maker_ppm=0 if schedule.taker_only else rate_ppm,
            quadratic=True,
            exponent=schedule.exponent,
            rounding_1e9=FEE_STEP_1E9,
        )
    except ValueError:
        return None
