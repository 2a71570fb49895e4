"""Listing rules of Binance from `exchangeInfo`, the same shape on all three markets.

https://developers.binance.com/docs/binance-spot-api-docs/filters. COIN-M quantities, and so its
lots, are contracts.
"""

from __future__ import annotations

import msgspec

from engine.errors import DecodeError
from venues.level_rows import decode_json
from venues.listing_rules import ListingRules, rules_of

__all__ = ["listing_rules"]


class Filter(msgspec.Struct, gc=False):
    """One filter; each kind uses some of the fields."""

    kind: str = msgspec.field(name="filterType")
    tick: str = msgspec.field(name="tickSize", default="")
    lot: str = msgspec.field(name="stepSize", default="")
    qty_min: str = msgspec.field(name="minQty", default="0")
    notional_min: str = msgspec.field(name="minNotional", default="")
    futures_notional_min: str = msgspec.field(name="notional", default="")


class Symbol(msgspec.Struct, gc=False, rename="camel"):
    """One symbol."""

    symbol: str
    base_asset: str
    quote_asset: str
    filters: list[Filter]


class ExchangeInfo(msgspec.Struct, gc=False):
    """The answer's one part that matters here."""

    symbols: list[Symbol]


EXCHANGE_INFO = msgspec.json.Decoder(ExchangeInfo)


def listing_rules(body: bytes) -> dict[str, ListingRules]:
    """Rules by symbol (`BTCUSDT`); symbols whose grid the engine cannot hold are left out."""
    found = {}
    for symbol in decode_json(EXCHANGE_INFO, body).symbols:
        filters = {entry.kind: entry for entry in symbol.filters}
        price, lot = filters.get("PRICE_FILTER"), filters.get("LOT_SIZE")
        if price is None or lot is None:
            raise DecodeError(f"{symbol.symbol} has no price or lot filter")
        notional = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL")
        minimum = "0"
        if notional is not None:
            minimum = notional.notional_min or notional.futures_notional_min or "0"
        rules = rules_of(
            base=symbol.base_asset,
            quote=symbol.quote_asset,
            tick=price.tick,
            lot=lot.lot,
            qty_min=lot.qty_min,
            notional_min=minimum,
        )
        if rules is not None:
            found[symbol.symbol] = rules
    return found
