"""Listing rules of Hyperliquid perpetuals from the `meta` answer of its info endpoint.

https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/tick-and-lot-size: sizes have
`szDecimals` decimals; prices at most 6 - szDecimals decimals and, unless they are integers, five
significant figures. The tick therefore depends on the price. The minimum order value is 10 USD.
"""

from __future__ import annotations

import msgspec

from engine.model.units import PRICE_SCALE, QTY_DECIMALS
from venues.level_rows import decode_json
from venues.listing_rules import ListingRules, decimals_of_tick

__all__ = ["listing_rules", "tick_at_1e9"]

PERP_DECIMALS = 6
SIGNIFICANT_FIGURES = 5
NOTIONAL_MIN_1E9 = 10 * PRICE_SCALE


class Asset(msgspec.Struct, gc=False):
    """One perpetual of the universe; its quantity decimals fit the engine's unit."""

    name: str
    size_decimals: int = msgspec.field(name="szDecimals")


class Meta(msgspec.Struct, gc=False):
    """The `meta` answer."""

    universe: list[Asset]


METAS = msgspec.json.Decoder(Meta)


def listing_rules(body: bytes, prices_1e9: dict[str, int] | None = None) -> dict[str, ListingRules]:
    """Rules by coin; `prices_1e9` (about where each trades) makes ticks exact, else finest."""
    near = prices_1e9 or {}
    found = {}
    for asset in decode_json(METAS, body).universe:
        if not 0 <= asset.size_decimals <= PERP_DECIMALS:
            continue
        tick = tick_at_1e9(asset.size_decimals, near.get(asset.name, 0))
        lot = 10 ** (QTY_DECIMALS - asset.size_decimals)
        found[asset.name] = ListingRules(
            tick_1e9=tick,
            lot_1e8=lot,
            qty_min_1e8=lot,
            notional_min_1e9=NOTIONAL_MIN_1E9,
            base=asset.name,
            quote="USD",
            price_decimals=decimals_of_tick(tick),
        )
    return found


def tick_at_1e9(size_decimals: int, price_1e9: int) -> int:
    """Price step at a price: coarser of both rules, never coarser than 1; price 0 is unknown."""
    by_decimals = PRICE_SCALE // 10 ** (PERP_DECIMALS - size_decimals)
    by_figures = 10 ** max(0, len(str(price_1e9)) - SIGNIFICANT_FIGURES)
    return int(max(by_decimals, min(by_figures, PRICE_SCALE)))
