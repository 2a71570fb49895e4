"""The record of where an order was to rest, and its repetition from the record alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.decisions.market import MarketBlock
from engine.decisions.places import Places, PostChoice
from engine.decisions.posts import Posts
from engine.errors import Reason
from engine.model.orders import RouteIntent
from engine.model.records import PostRecord
from engine.model.units import Side

__all__ = ["PostRecorder", "redo_post", "unsound"]

BUY: Final = Side.BUY
REASONS: Final = frozenset(reason.value for reason in Reason)


class PostRecorder:
    """Makes the record of a choice in the same turn, while the market is still as it read it."""

    __slots__ = ("market", "posts", "symbol")

    def __init__(self, market: MarketBlock, posts: Posts) -> None:
        self.market = market
        self.posts = posts
        self.symbol = market.instrument.symbol

    def record(
        self,
        intent: RouteIntent,
        asked: tuple[int, int, int],
        reasons: Sequence[Reason],
        choice: PostChoice,
        decision_id: int,
    ) -> PostRecord:
        """The record of `choice`.

        `asked` is quantity, price and the most venues, 0 of them for the rest of a limit order.
        """
        market, posts, side = self.market, self.posts, intent.side
        qty_1e8, price_1e9, venues_max = asked
        if side is BUY:
            own, far = market.best_bid, market.best_ask
        else:
            own, far = market.best_ask, market.best_bid
        return PostRecord(
            decision_id,
            intent.attempt,
            intent.routing_version,
            self.symbol,
            side,
            qty_1e8,
            price_1e9,
            venues_max,
            (market.mid_x2() or 0) // 2,
            posts.places().rules,
            tuple(reasons),
            tuple(own),
            tuple(far),
            () if venues_max else posts.meets_own(side, price_1e9),
            choice.places,
            choice.unplaced_qty_1e8,
            choice.reason,
        )


def redo_post(record: PostRecord) -> PostChoice:
    """The choice that the recorded inputs give: the same as was made, to the last unit."""
    places = Places(record.rules)
    side, qty, price = record.side, record.qty_1e8, record.price_1e9
    reasons = [Reason(code) for code in record.eligibility]
    if record.venues_max:
        return places.spread(side, qty, price, record.venues_max, reasons, record.far_1e9)
    return places.rest(side, qty, price, reasons, record.meets_own)


def unsound(record: PostRecord) -> str:
    """What keeps a record from being redone, as the name of its field; "" for nothing."""
    venues = len(record.rules)
    asked = {
        "eligibility": record.eligibility,
        "own_1e9": record.own_1e9,
        "far_1e9": record.far_1e9,
        "meets_own": record.meets_own,
    }
    if record.venues_max:
        del asked["meets_own"]
    for name, values in asked.items():
        if len(values) != venues:
            return name
    if not REASONS.issuperset(record.eligibility):
        return "eligibility"
    if any(one.tick_1e9 < 1 or one.lot_1e8 < 1 for one in record.rules):
        return "rules"
    if any(not 0 <= venue < venues for venue, _, _ in record.places):
        return "places"
    return "venues_max" if record.venues_max < 0 else ""
