"""Own resting orders of one market: what its books show that is ours, and not there to be taken.

The engine trades one account a venue, so every resting order of every graph and client counts.
A level gives up at most what it shows. That leaves three short races, each as long as the book is
behind the order session: an order that was just sent takes others' quantity at its price with
it, one that just ended is seen as others', and one that is being amended counts at its old price.
The venue's own self-trade prevention is what stands behind them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

import msgspec
from sortedcontainers import SortedDict

from engine.kernels.landed import OWN_MAX
from engine.kernels.layout import ASK

__all__ = ["ORDERS_MAX", "OwnResting"]

ORDERS_MAX: Final = 16_384

Level = tuple[int, int]


class OwnOrder(msgspec.Struct, gc=False):
    """What may still fill of one order. `key` is its price, signed so that the best is least."""

    place: int
    key: int
    qty_1e8: int


class OwnResting:
    """At most `ORDERS_MAX` orders by client order id; the oldest gives way. The router writes it.

    Orders of one price are one level. Of a venue's side the best `OWN_MAX` levels are left out of
    its book, which is as many as a decision records; deeper ones stand as others'. `resting`
    counts the orders of each side, `changes` every change. A venue with `shown` False publishes
    books that never hold our orders, as recordings do: there is nothing to leave out of them.
    """

    __slots__ = ("changes", "levels", "orders", "resting", "shown")

    def __init__(self, venues: int) -> None:
        self.orders: dict[str, OwnOrder] = {}
        self.levels: list[SortedDict[int, int]] = [SortedDict() for _ in range(2 * venues)]
        self.resting = [0, 0]
        self.changes = 0
        self.shown = [True] * venues

    def put(
        self, client_order_id: str, venue_index: int, side: int, price_1e9: int, qty_1e8: int
    ) -> None:
        """What may still fill of an order from now on: cumulative, 0 once it has ended."""
        orders, place = self.orders, 2 * venue_index + side
        key = price_1e9 if side == ASK else -price_1e9
        known = orders.get(client_order_id)
        if known is not None:
            if (known.place, known.key, known.qty_1e8) == (place, key, qty_1e8):
                return
            self._drop(client_order_id)
        if qty_1e8 > 0:
            if len(orders) >= ORDERS_MAX:
                self._drop(next(iter(orders)))
            orders[client_order_id] = OwnOrder(place, key, qty_1e8)
            self.resting[side] += 1
            self._add(place, key, qty_1e8)

    def best(self, venue_index: int, side: int) -> list[Level]:
        """The levels (price_1e9, qty_1e8) to be left out of one side of a book, best first."""
        if not self.shown[venue_index]:
            return []
        levels = self.levels[2 * venue_index + side]
        return [(abs(key), qty) for key, qty in islice(levels.items(), OWN_MAX)]

    def left(self, venue_index: int, side: int, levels: Sequence[Level]) -> list[Level]:
        """Levels of a book without what is ours; those that are all ours are gone."""
        own = dict(self.best(venue_index, side)) if self.resting[side] else None
        if not own:
            return list(levels)
        net = [(price, qty - own.get(price, 0)) for price, qty in levels]
        return [level for level in net if level[1] > 0]

    def meets(self, venue_index: int, side: int, price_1e9: int) -> bool:
        """Whether an order of `side` at this price would meet one of ours there."""
        across = 1 - side
        levels = self.levels[2 * venue_index + across]
        if not levels:
            return False
        key: int = levels.keys()[0]
        return key <= (price_1e9 if across == ASK else -price_1e9)

    def _drop(self, client_order_id: str) -> None:
        order = self.orders.pop(client_order_id)
        self.resting[order.place & 1] -= 1
        self._add(order.place, order.key, -order.qty_1e8)

    def _add(self, place: int, key: int, qty_1e8: int) -> None:
        levels = self.levels[place]
        total = levels.get(key, 0) + qty_1e8
        if total:
            levels[key] = total
        else:
            del levels[key]
        self.changes += 1
