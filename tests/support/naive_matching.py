"""The obvious, slow twin of the matching engine: one flat list, sorted for every operation."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.orders import TimeInForce
from engine.model.units import Side


@dataclass
class NaiveOrder:
    order_id: int
    owner: int
    side: Side
    qty: int
    price: int
    age: int


class NaiveBook:
    """Same rules as `MatchingBook`, answered as (outcome name, left, fills, own cancelled)."""

    def __init__(self, orders_max: int = 10**9) -> None:
        self.orders: list[NaiveOrder] = []
        self.age = 0
        self.orders_max = orders_max

    def opposite(self, side: Side, limit: int) -> list[NaiveOrder]:
        found = [
            order
            for order in self.orders
            if order.side != side
            and (order.price <= limit if side is Side.BUY else order.price >= limit)
        ]
        return sorted(found, key=lambda o: (o.price * side.sign, o.age))

    def place(
        self,
        order_id: int,
        owner: int,
        side: Side,
        qty: int,
        limit: int,
        tif: TimeInForce = TimeInForce.GTC,
        *,
        post_only: bool = False,
        prevent_self_trade: bool = False,
    ) -> tuple[str, int, list[tuple[int, int, int]], list[int]]:
        if tif is TimeInForce.GTC and len(self.orders) >= self.orders_max:
            return "BOOK_FULL", qty, [], []
        met = self.opposite(side, limit)
        if post_only and met:
            return "WOULD_CROSS", qty, [], []
        tradable = [o for o in met if not (prevent_self_trade and o.owner == owner)]
        if tif is TimeInForce.FOK and sum(o.qty for o in tradable) < qty:
            return "EXPIRED", qty, [], []
        fills, own = [], []
        for maker in met:
            if qty == 0:
                break
            if maker not in tradable:
                own.append(maker.order_id)
                self.orders.remove(maker)
                continue
            traded = min(qty, maker.qty)
            fills.append((maker.order_id, maker.price, traded))
            maker.qty -= traded
            qty -= traded
            if not maker.qty:
                self.orders.remove(maker)
        if not qty:
            return "FILLED", 0, fills, own
        if tif is not TimeInForce.GTC:
            return "EXPIRED", qty, fills, own
        self.age += 1
        self.orders.append(NaiveOrder(order_id, owner, side, qty, limit, self.age))
        return "RESTING", qty, fills, own

    def cancel(self, order_id: int) -> int | None:
        for order in self.orders:
            if order.order_id == order_id:
                self.orders.remove(order)
                return order.qty
        return None

    def depth(self, side: Side) -> list[tuple[int, int]]:
        totals: dict[int, int] = {}
        for order in self.orders:
            if order.side is side:
                totals[order.price] = totals.get(order.price, 0) + order.qty
        return sorted(totals.items(), key=lambda item: -item[0] * side.sign)

    def ahead(self, order_id: int) -> tuple[int, int]:
        (mine,) = [o for o in self.orders if o.order_id == order_id]
        before = [
            o
            for o in self.orders
            if o.side is mine.side and o.price == mine.price and o.age < mine.age
        ]
        return len(before), sum(o.qty for o in before)
