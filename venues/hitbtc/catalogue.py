"""Listing rules of HitBTC from `/public/symbol` of its API v2.

https://github.com/hitbtc-com/hitbtc-api. The quantity increment is also the minimum.
"""

from __future__ import annotations

import msgspec

from venues.level_rows import decode_json
from venues.listing_rules import ListingRules, rules_of

__all__ = ["listing_rules"]


class Symbol(msgspec.Struct, gc=False, rename="camel"):
    """One symbol."""

    id: str
    base_currency: str
    quote_currency: str
    quantity_increment: str
    tick_size: str


SYMBOLS = msgspec.json.Decoder(list[Symbol])


def listing_rules(body: bytes) -> dict[str, ListingRules]:
    """Rules by symbol (`DNTBTC`); those with a tick under 1e-9 cannot be held and are left out."""
    found = {}
    for symbol in decode_json(SYMBOLS, body):
        rules = rules_of(
            base=symbol.base_currency,
            quote=symbol.quote_currency,
            tick=symbol.tick_size,
            lot=symbol.quantity_increment,
        )
        if rules is not None:
            found[symbol.id] = rules
    return found
