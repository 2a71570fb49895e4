"""Listing rules of Kraken from `AssetPairs`, by the name that the WebSocket uses.

https://docs.kraken.com/api/docs/rest-api/get-tradable-asset-pairs. The tick is `tick_size` where
given, else one in the last of `pair_decimals`; WebSocket v1 writes prices with more decimals.
"""

from __future__ import annotations

import msgspec

from engine.errors import DecodeError
from venues.level_rows import decode_json
from venues.listing_rules import ListingRules, rules_of

__all__ = ["listing_rules"]

COMMON_NAME = {"XBT": "BTC", "XDG": "DOGE"}


class AssetPair(msgspec.Struct, gc=False):
    """One pair. Dark pool pairs have no `wsname`."""

    pair_decimals: int
    lot_decimals: int
    wsname: str = ""
    tick_size: str = ""
    ordermin: str = "0"
    costmin: str = "0"


class AssetPairs(msgspec.Struct, gc=False):
    """The answer: errors or pairs by the venue's internal name."""

    error: list[str]
    result: dict[str, AssetPair] = {}


ASSET_PAIRS = msgspec.json.Decoder(AssetPairs)


def listing_rules(body: bytes) -> dict[str, ListingRules]:
    """Rules by pair (`XMR/USD`), without pairs that have no stream or too fine a grid."""
    answer = decode_json(ASSET_PAIRS, body)
    if answer.error:
        raise DecodeError(f"Kraken answered {answer.error[0]!r}: ask again later")
    found = {}
    for pair in answer.result.values():
        base, slash, quote = pair.wsname.partition("/")
        if not slash:
            continue
        rules = rules_of(
            base=COMMON_NAME.get(base, base),
            quote=COMMON_NAME.get(quote, quote),
            tick=pair.tick_size or f"1e{-pair.pair_decimals}",
            lot=f"1e{-pair.lot_decimals}",
            qty_min=pair.ordermin,
            notional_min=pair.costmin,
        )
        if rules is not None:
            found[pair.wsname] = rules
    return found
