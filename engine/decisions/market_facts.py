"""Small questions about a market that several actors ask."""

from __future__ import annotations

from engine.decisions.market import MarketBlock
from engine.model.fees import fee_bps_at
from engine.model.units import Side

__all__ = ["expected_fee_bps", "finest_tick_1e9", "quote_ns", "taken_touch_1e9"]


def finest_tick_1e9(market: MarketBlock) -> int:
    """The smallest tick of the instrument's listings."""
    return min(listing.tick_1e9 for listing in market.listings)


def taken_touch_1e9(market: MarketBlock, side: Side) -> int:
    """Best price that an order of this side would take, 0 when there is none."""
    return market.best(1 if side is Side.BUY else 0) or 0


def quote_ns(market: MarketBlock) -> int:
    """When the freshest healthy book was last known alive, 0 when none is healthy."""
    newest = 0
    # A plain loop: a generator under `max` costs three times as much on the way of every order.
    for alive_ns, healthy in zip(market.alive_ns, market.healthy, strict=True):
        if healthy and alive_ns > newest:
            newest = alive_ns
    return newest


def expected_fee_bps(market: MarketBlock, side: Side) -> float | None:
    """Taker fee of the venue at the touch, None where no venue is there or its fee is unknown."""
    best, found = 0, None
    for index, listing in enumerate(market.listings):
        if not market.usable(index):
            continue
        price = market.best_ask[index] if side is Side.BUY else -market.best_bid[index]
        if price != 0 and price != 2**63 - 1 and (found is None or price < best):
            best, found = price, listing
    if found is None or found.fees is None:
        return None
    return fee_bps_at(found.fees, abs(best))
