"""Resting reduce-only orders of an account: together they never exceed its position."""

from __future__ import annotations

from venues.simulated.orders import ClientOrder

__all__ = ["Reducing"]


class Reducing:
    """Open reduce-only orders by number, oldest first; bounded by the account's open orders.

    The venue looks again after each matched order: what one sweep does to several of the
    account's orders at once is not taken back.
    """

    __slots__ = ("orders",)

    def __init__(self) -> None:
        self.orders: dict[int, ClientOrder] = {}

    def add(self, order: ClientOrder) -> None:
        """A new order; nothing when it is not reduce-only."""
        if order.reduce:
            self.orders[order.number] = order

    def drop(self, order: ClientOrder) -> None:
        """The order is closed."""
        self.orders.pop(order.number, None)

    def of(self, symbol: str) -> list[ClientOrder]:
        """Those of a symbol, oldest first."""
        return [one for one in self.orders.values() if one.listing.venue_symbol == symbol]

    def resting_1e8(self, symbol: str) -> int:
        """What they may still take away from the position."""
        return sum(order.left_1e8 for order in self.of(symbol))

    def excess(self, symbol: str, held_1e8: int) -> list[ClientOrder]:
        """Those that could do more than reduce a signed position, the older ones served first."""
        room, found = abs(held_1e8), []
        for order in self.of(symbol):
            if held_1e8 * order.side.sign < 0 and order.left_1e8 <= room:
                room -= order.left_1e8
            else:
                found.append(order)
        return found
