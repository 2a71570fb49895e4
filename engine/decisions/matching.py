"""A price-time matching engine for one instrument, in integers, with every queue position known.

Pure: no clock, no randomness, no messages. The simulated venues run on it and the scenario
simulator may. Placing and cancelling cost O(log levels) plus the orders matched; a queue position
costs the number of orders ahead. `orders_max` bounds the resting orders.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Final

import msgspec
from sortedcontainers import SortedDict

from engine.model.orders import TimeInForce
from engine.model.units import PPM, Side

__all__ = [
    "DEFAULT_ORDERS_MAX",
    "Cancelled",
    "LevelChange",
    "MatchFill",
    "MatchingBook",
    "PlaceOutcome",
    "Placed",
    "QueuePosition",
]

DEFAULT_ORDERS_MAX = 65_536


class PlaceOutcome(IntEnum):
    """How a placed order left the matching engine."""

    RESTING = 0
    FILLED = 1
    EXPIRED = 2
    """IOC or market remainder, or a FOK that could not fill."""
    WOULD_CROSS = 3
    BOOK_FULL = 4


# Looking an enum member up by its class costs a tenth of a microsecond each time.
RESTING: Final = PlaceOutcome.RESTING
FILLED: Final = PlaceOutcome.FILLED
EXPIRED: Final = PlaceOutcome.EXPIRED
GTC: Final = TimeInForce.GTC
FOK: Final = TimeInForce.FOK


class MatchFill(msgspec.Struct, frozen=True, gc=False):
    """One trade, always at the maker's price. `maker_left_1e8` is what still rests of the maker."""

    trade_id: int
    maker_id: int
    taker_id: int
    maker_owner: int
    maker_left_1e8: int
    price_1e9: int
    qty_1e8: int


class LevelChange(msgspec.Struct, frozen=True, gc=False):
    """A level as it is after the operation; quantity 0: the level is gone."""

    side: Side
    price_1e9: int
    qty_1e8: int


class Cancelled(msgspec.Struct, frozen=True, gc=False):
    """An order taken off the book, with what was left of it."""

    order_id: int
    owner: int
    qty_1e8: int


class QueuePosition(msgspec.Struct, frozen=True, gc=False):
    """What stands before a resting order at its price, and the level's total."""

    orders_ahead: int
    qty_ahead_1e8: int
    level_qty_1e8: int


class Placed(msgspec.Struct, frozen=True, gc=False):
    """All that one place did; `left_1e8` is what neither traded nor (unless RESTING) remains."""

    outcome: PlaceOutcome
    left_1e8: int
    fills: tuple[MatchFill, ...] = ()
    own_cancelled: tuple[Cancelled, ...] = ()
    changes: tuple[LevelChange, ...] = ()


class MatchingBook:
    """Both sides of one instrument. Order ids and owners are the caller's integers.

    An order with `prevent_self_trade` cancels resting orders of its own owner that it meets
    instead of trading with them.
    """

    __slots__ = ("levels", "orders", "orders_max", "touched", "trade_id")

    def __init__(self, orders_max: int = DEFAULT_ORDERS_MAX) -> None:
        assert orders_max > 0
        self.orders_max = orders_max
        self.orders: dict[int, RestingOrder] = {}
        # Keys are prices times the side's direction, so that the first key is always the best.
        self.levels: tuple[SortedDict[int, Level], SortedDict[int, Level]] = (
            SortedDict(),
            SortedDict(),
        )
        self.trade_id = 0
        self.touched: dict[int, Level] = {}

    def place(
        self,
        order_id: int,
        owner: int,
        side: Side,
        qty_1e8: int,
        limit_1e9: int,
        tif: TimeInForce = TimeInForce.GTC,
        *,
        post_only: bool = False,
        prevent_self_trade: bool = False,
    ) -> Placed:
        """Match an order and rest what its time in force lets rest.

        A market order is an IOC whose limit is `protected_limit`. BOOK_FULL and WOULD_CROSS
        leave the book untouched.
        """
        assert qty_1e8 > 0
        assert limit_1e9 > 0
        assert order_id not in self.orders
        if tif is GTC and len(self.orders) >= self.orders_max:
            return Placed(PlaceOutcome.BOOK_FULL, qty_1e8)
        if post_only and self.crosses(side, limit_1e9):
            return Placed(PlaceOutcome.WOULD_CROSS, qty_1e8)
        spared = owner if prevent_self_trade else None
        if tif is FOK and self.takeable(side, limit_1e9, qty_1e8, spared) < qty_1e8:
            return Placed(PlaceOutcome.EXPIRED, qty_1e8)
        taker = RestingOrder(order_id, owner, side, qty_1e8)
        fills: list[MatchFill] = []
        own: list[Cancelled] = []
        self.match(taker, limit_1e9, spared, fills, own)
        outcome = FILLED
        if taker.qty_1e8:
            outcome = EXPIRED
            if tif is GTC:
                self.rest(taker, limit_1e9)
                outcome = RESTING
        return Placed(outcome, taker.qty_1e8, tuple(fills), tuple(own), self.take_changes())

    def cancel(self, order_id: int) -> tuple[Cancelled, LevelChange] | None:
        """Take an order off; None when it does not rest (filled, cancelled or never here)."""
        order = self.orders.get(order_id)
        if order is None:
            return None
        cancelled = self.remove(order)
        (change,) = self.take_changes()
        return cancelled, change

    def replace(
        self, order_id: int, qty_1e8: int, limit_1e9: int, *, post_only: bool = False
    ) -> Placed | None:
        """New open quantity and price for a resting order; None when it does not rest.

        Less quantity at the same price keeps the queue position; anything else joins the back
        and may match. WOULD_CROSS leaves the old order as it was.
        """
        assert qty_1e8 > 0
        order = self.orders.get(order_id)
        if order is None:
            return None
        level = order.at()
        if limit_1e9 == level.price_1e9 and qty_1e8 <= order.qty_1e8:
            level.qty_1e8 -= order.qty_1e8 - qty_1e8
            order.qty_1e8 = qty_1e8
            self.touched[level.key] = level
            return Placed(PlaceOutcome.RESTING, qty_1e8, changes=self.take_changes())
        if post_only and self.crosses(order.side, limit_1e9):
            return Placed(PlaceOutcome.WOULD_CROSS, order.qty_1e8)
        self.remove(order)
        return self.place(order_id, order.owner, order.side, qty_1e8, limit_1e9)

    def best(self, side: Side) -> int | None:
        """Best price of the bids (BUY) or asks (SELL)."""
        levels = self.levels[side]
        if not levels:
            return None
        best: int = levels.keys()[0]
        return abs(best)

    def depth(self, side: Side, count: int) -> list[tuple[int, int]]:
        """Best-first (price_1e9, qty_1e8) of at most `count` levels of a side."""
        levels = self.levels[side]
        return [(level.price_1e9, level.qty_1e8) for level in levels.values()[:count]]

    def level_qty(self, side: Side, price_1e9: int) -> int:
        """Quantity resting at a price, 0 when there is none."""
        level = self.levels[side].get(price_1e9 * DIRECTION[side])
        return level.qty_1e8 if level is not None else 0

    def open_qty(self, order_id: int) -> int:
        """What still rests of an order, 0 when it does not rest."""
        order = self.orders.get(order_id)
        return order.qty_1e8 if order is not None else 0

    def queue(self, order_id: int) -> QueuePosition | None:
        """Queue position of a resting order, None when it does not rest."""
        order = self.orders.get(order_id)
        if order is None:
            return None
        count = qty = 0
        ahead = order.ahead
        while ahead is not None:
            count += 1
            qty += ahead.qty_1e8
            ahead = ahead.ahead
        return QueuePosition(count, qty, order.at().qty_1e8)

    def crosses(self, side: Side, limit_1e9: int) -> bool:
        """Whether an order of `side` at this limit would meet the other side."""
        levels = self.levels[side.opposite]
        return bool(levels) and levels.keys()[0] <= limit_1e9 * DIRECTION[side.opposite]

    def takeable(self, side: Side, limit_1e9: int, enough_1e8: int, spared: int | None) -> int:
        """Quantity within the limit for a taker of `side`, counted up to `enough_1e8`.

        Orders of the owner `spared` do not count: self-trade prevention would cancel them.
        """
        edge = limit_1e9 * DIRECTION[side.opposite]
        total = 0
        for key, level in self.levels[side.opposite].items():
            if key > edge or total >= enough_1e8:
                break
            if spared is None:
                total += level.qty_1e8
            else:
                total += sum(order.qty_1e8 for order in level if order.owner != spared)
        return total

    def protected_limit(self, side: Side, protection_ppm: int) -> int | None:
        """Limit that lets a market order go `protection_ppm` through the touch, None if empty."""
        best = self.best(side.opposite)
        if best is None:
            return None
        return max(1, best + side.sign * (best * protection_ppm // PPM))

    def match(
        self,
        taker: RestingOrder,
        limit_1e9: int,
        spared: int | None,
        fills: list[MatchFill],
        own: list[Cancelled],
    ) -> None:
        """Trade the taker against the other side, best price first, oldest first."""
        across = 1 - taker.side
        levels = self.levels[across]
        edge = limit_1e9 * DIRECTION[across]
        while taker.qty_1e8 and levels:
            level = levels.peekitem(0)[1]
            if level.key > edge:
                return
            maker = level.first
            assert maker is not None, "an empty level leaves the book at once"
            if maker.owner == spared:
                own.append(self.remove(maker))
                continue
            qty = min(maker.qty_1e8, taker.qty_1e8)
            taker.qty_1e8 -= qty
            self.trade_id += 1
            left = maker.qty_1e8 - qty
            if left:
                maker.qty_1e8 = left
                level.qty_1e8 -= qty
                self.touched[level.key] = level
            else:
                self.remove(maker)
            fills.append(
                MatchFill(
                    self.trade_id,
                    maker.order_id,
                    taker.order_id,
                    maker.owner,
                    left,
                    level.price_1e9,
                    qty,
                )
            )

    def rest(self, order: RestingOrder, price_1e9: int) -> None:
        """Append the order to the queue of its price."""
        key = price_1e9 * DIRECTION[order.side]
        levels = self.levels[order.side]
        level = levels.get(key)
        if level is None:
            level = levels[key] = Level(key, order.side, price_1e9)
        level.append(order)
        self.orders[order.order_id] = order
        self.touched[key] = level

    def remove(self, order: RestingOrder) -> Cancelled:
        """Unlink a resting order; an emptied level goes with it."""
        level = order.at()
        level.unlink(order)
        del self.orders[order.order_id]
        if level.first is None:
            del self.levels[level.side][level.key]
        self.touched[level.key] = level
        return Cancelled(order.order_id, order.owner, order.qty_1e8)

    def take_changes(self) -> tuple[LevelChange, ...]:
        """Levels touched since last asked, as they are now, in order of first touch."""
        if not self.touched:
            return ()
        changes = tuple(
            [
                LevelChange(level.side, level.price_1e9, level.qty_1e8)
                for level in self.touched.values()
            ]
        )
        self.touched.clear()
        return changes


DIRECTION = (-1, 1)
"""Sort direction by side: the highest bid and the lowest ask come first."""


class RestingOrder:
    """One order and its neighbours in the queue of its level."""

    __slots__ = ("ahead", "behind", "level", "order_id", "owner", "qty_1e8", "side")

    def __init__(self, order_id: int, owner: int, side: Side, qty_1e8: int) -> None:
        self.order_id = order_id
        self.owner = owner
        self.side = side
        self.qty_1e8 = qty_1e8
        self.level: Level | None = None
        self.ahead: RestingOrder | None = None
        self.behind: RestingOrder | None = None

    def at(self) -> Level:
        """The level it rests at."""
        assert self.level is not None, "only resting orders have a level"
        return self.level


class Level:
    """One price: a doubly linked queue and its total."""

    __slots__ = ("first", "key", "last", "price_1e9", "qty_1e8", "side")

    def __init__(self, key: int, side: Side, price_1e9: int) -> None:
        self.key = key
        self.side = side
        self.price_1e9 = price_1e9
        self.qty_1e8 = 0
        self.first: RestingOrder | None = None
        self.last: RestingOrder | None = None

    def __iter__(self) -> Iterator[RestingOrder]:
        order = self.first
        while order is not None:
            yield order
            order = order.behind

    def append(self, order: RestingOrder) -> None:
        """Join the back of the queue."""
        order.level = self
        order.ahead = self.last
        if self.last is None:
            self.first = order
        else:
            self.last.behind = order
        self.last = order
        self.qty_1e8 += order.qty_1e8

    def unlink(self, order: RestingOrder) -> None:
        """Leave the queue."""
        if order.ahead is None:
            self.first = order.behind
        else:
            order.ahead.behind = order.behind
        if order.behind is None:
            self.last = order.ahead
        else:
            order.behind.ahead = order.ahead
        order.level = order.ahead = order.behind = None
        self.qty_1e8 -= order.qty_1e8
