"""Listing rules of Kalshi markets from `/events/{ticker}`, `/markets` and `/markets/{ticker}`.

https://docs.kalshi.com/getting_started/fixed_point_prices: `price_ranges` gives the step of each
range of prices; the finest is the tick (`linear_cent` has one range with a step of 0.01). Order
sizes are contracts with two decimals where fractional trading is on, else whole ones.
"""

from __future__ import annotations

import msgspec

from venues.level_rows import decode_json
from venues.listing_rules import ListingRules, rules_of

__all__ = ["listing_rules"]

STEP_OF_STRUCTURE = {
    "linear_cent": "0.01",
    "tapered_deci_cent": "0.001",
    "deci_cent": "0.001",
}


class PriceRange(msgspec.Struct, gc=False):
    """A range of prices and its step."""

    step: str


class Market(msgspec.Struct, gc=False):
    """A market, as far as it is read."""

    ticker: str
    price_level_structure: str = ""
    price_ranges: list[PriceRange] = []
    fractional_trading_enabled: bool = False
    volume_fp: str = ""


class Answer(msgspec.Struct, gc=False):
    """Any of the three bodies; `response` is how a recorder wraps them."""

    markets: list[Market] = []
    market: Market | None = None
    response: Answer | None = None


ANSWERS = msgspec.json.Decoder(Answer)


def listing_rules(body: bytes) -> dict[str, ListingRules]:
    """Rules by market ticker; a market whose step is not stated is left out.

    The lot is 0.01 contracts where the market says that fractions trade, or shows a volume that
    is not whole; else one contract.
    """
    answer = decode_json(ANSWERS, body)
    answer = answer.response or answer
    markets = [*answer.markets, answer.market] if answer.market else answer.markets
    found = {}
    for market in markets:
        step = STEP_OF_STRUCTURE.get(market.price_level_structure, "0")
        candidates = [
            rules_of(base=market.ticker, quote="USD", tick=text, lot=lot_of(market))
            for text in [entry.step for entry in market.price_ranges] or [step]
        ]
        rules = [entry for entry in candidates if entry is not None]
        if rules:
            found[market.ticker] = min(rules, key=lambda entry: entry.tick_1e9)
    return found


def lot_of(market: Market) -> str:
    """The quantity step, in contracts."""
    fraction = market.volume_fp.partition(".")[2].strip("0")
    return "0.01" if market.fractional_trading_enabled or fraction else "1"
