"""Who waits for a price: thresholds of one market, sorted, so that a move pops what it reaches."""

from __future__ import annotations

from bisect import bisect_left, insort

from engine.decisions.market import INT64_MAX, INT64_MIN, MarketBlock
from engine.model.units import Side

__all__ = ["Watches"]

Waiting = tuple[int, int]

ANY_BUY = INT64_MAX - 1
ANY_SELL = 1


class Watches:
    """At most one watch an owner. The bounds that books look at stand in the market block.

    A buyer at threshold t waits for an ask at or below t, a seller for a bid at or above t.
    """

    __slots__ = ("_by_owner", "_market", "_max", "_sorted")

    def __init__(self, market: MarketBlock, watches_max: int) -> None:
        self._market = market
        self._max = watches_max
        self._by_owner: dict[int, tuple[Side, int]] = {}
        # Buyers by rising threshold, sellers by falling: what is reached first stands last, where
        # a plain list gives it up at once.
        self._sorted: tuple[list[Waiting], list[Waiting]] = ([], [])

    def __len__(self) -> int:
        return len(self._by_owner)

    def arm(self, owner_id: int, side: Side, price_1e9: int | None) -> bool:
        """Set the owner's watch, replacing an earlier one; False when there is no room."""
        self.disarm(owner_id)
        if len(self._by_owner) >= self._max:
            return False
        if price_1e9 is None:
            price_1e9 = ANY_BUY if side is Side.BUY else ANY_SELL
        self._by_owner[owner_id] = (side, price_1e9)
        insort(self._sorted[side], (price_1e9 * side.sign, -owner_id))
        self._publish(side)
        return True

    def disarm(self, owner_id: int) -> None:
        """Forget the owner's watch, if it has one."""
        known = self._by_owner.pop(owner_id, None)
        if known is not None:
            side, price = known
            ordered = self._sorted[side]
            del ordered[bisect_left(ordered, (price * side.sign, -owner_id))]
            self._publish(side)

    def reached(self, side: Side, price_1e9: int) -> list[int]:
        """Owners whose price is available now, in order of threshold; their watches are spent."""
        ordered = self._sorted[side]
        wanted = -price_1e9 if side else price_1e9
        owners = []
        while ordered and ordered[-1][0] >= wanted:
            owner_id = -ordered.pop()[1]
            del self._by_owner[owner_id]
            owners.append(owner_id)
        if owners:
            self._publish(side)
        return owners

    def _publish(self, side: Side) -> None:
        ordered = self._sorted[side]
        if side is Side.BUY:
            self._market.watch_ask = ordered[-1][0] if ordered else INT64_MIN
        else:
            self._market.watch_bid = -ordered[-1][0] if ordered else INT64_MAX
