"""Listing rules of the Coinbase Exchange from `/products`.

https://docs.cdp.coinbase.com/exchange/reference/exchangerestapi_getproducts. `base_min_size` was
withdrawn in 2022, when `min_market_funds` became the minimum notional of every order; where both
stand, both are kept.
"""

from __future__ import annotations

import msgspec

from venues.level_rows import decode_json
from venues.listing_rules import ListingRules, rules_of

__all__ = ["listing_rules"]


class Product(msgspec.Struct, gc=False):
    """One product."""

    id: str
    base_currency: str
    quote_currency: str
    quote_increment: str
    base_increment: str
    base_min_size: str = "0"
    min_market_funds: str = "0"


PRODUCTS = msgspec.json.Decoder(list[Product])


def listing_rules(body: bytes) -> dict[str, ListingRules]:
    """Rules by product (`BTC-USD`); products whose grid the engine cannot hold are left out."""
    found = {}
    for product in decode_json(PRODUCTS, body):
        rules = rules_of(
            base=product.base_currency,
            quote=product.quote_currency,
            tick=product.quote_increment,
            lot=product.base_increment,
            qty_min=product.base_min_size,
            notional_min=product.min_market_funds,
        )
        if rules is not None:
            found[product.id] = rules
    return found
