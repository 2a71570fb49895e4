"""Small questions about a market that several actors ask."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from engine.decisions.market import NO_ASK, NO_BID, Level, MarketBlock
from engine.decisions.policies.parameters import DEFAULT_PARAMETERS
from engine.kernels.landed import OWN_MAX
from engine.model.fees import fee_bps_at
from engine.model.graph import Node, Policy, Urgency
from engine.model.units import Side

__all__ = ["expected_fee_bps", "finest_tick_1e9", "others_tops", "quote_ns", "taken_touch_1e9"]

# Of so many levels of a side at least one is not our own.
OTHERS_LEVELS: Final = OWN_MAX + 1
POSTING: Final = frozenset({Policy.PASSIVE_LIMIT, Policy.ICEBERG})
MIXED: Final = frozenset({Policy.PASSIVE_LADDER, Policy.TIME_DRIP})
RANKS: Final = {Urgency.LOW: 0, Urgency.MEDIUM: 1, Urgency.HIGH: 2}


def finest_tick_1e9(market: MarketBlock) -> int:
    """The smallest tick of the instrument's listings."""
    return min(listing.tick_1e9 for listing in market.listings)


def taken_touch_1e9(market: MarketBlock, side: Side) -> int:
    """Best price that an order of this side would take, 0 when there is none."""
    return market.best(1 if side is Side.BUY else 0) or 0


def others_tops(market: MarketBlock, taken: int, venues: Iterable[int]) -> list[Level]:
    """Best level of the side `taken` on each usable one of `venues`, without our own orders."""
    own, tops = market.own, []
    count = OTHERS_LEVELS if own.resting[taken] else 1
    for v in venues:
        if market.usable(v):
            tops += own.left(v, taken, market.levels(v, taken, count))[:1]
    return tops


def quote_ns(market: MarketBlock) -> int:
    """When the freshest healthy book was last known alive, 0 when none is healthy."""
    newest = 0
    # A plain loop: a generator under `max` costs three times as much on the way of every order.
    for alive_ns, healthy in zip(market.alive_ns, market.healthy, strict=True):
        if healthy and alive_ns > newest:
            newest = alive_ns
    return newest


def expected_fee_bps(market: MarketBlock, node: Node) -> float | None:
    """The fee that a node's policy is expected to pay, in bps of its notional at the touch.

    Where the policy only posts (passive_limit, iceberg): the mean maker fee of the cheapest makers,
    as many as it posts on. Where it takes (sor, ioc_sweep, aggressive_chase, paced or not): the
    taker fee of the venue whose touch is the cheapest with its fee. None where it does both in
    shares that nobody knows beforehand (passive_ladder, time_drip), and where no venue that it may
    use shows a price and has known fees.
    """
    how, pinned = node.execution, node.instrument.venue
    if how.policy in MIXED:
        return None
    maker = how.policy in POSTING
    buy = node.side == "buy"
    tops, none = (market.best_bid, NO_BID) if buy is maker else (market.best_ask, NO_ASK)
    found: list[tuple[float, float]] = []
    # A plain loop: it is on the way of every order.
    for v, listing in enumerate(market.listings):
        fees, price = listing.fees, tops[v]
        if fees is None or price == none or not market.usable(v):
            continue
        if pinned is not None and listing.venue != pinned:
            continue
        fee = fee_bps_at(fees, price, maker=maker)
        if maker:
            found.append((fees.maker_ppm, fee))
        else:
            found.append((price * (1.0 + 1e-4 * fee) if buy else price * (1e-4 * fee - 1.0), fee))
    if not found:
        return None
    if not maker:
        return min(found)[1]
    most = DEFAULT_PARAMETERS.post_venues_max[RANKS[how.urgency]]
    best = sorted(found)[:most]
    return sum(fee for _, fee in best) / len(best)
