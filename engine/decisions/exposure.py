"""The most that a graph could ever hold one-sided: an upper bound over all reachable states.

Derived nodes fill between nothing and ratio x source, all others between nothing and their target.
Cancel edges save nothing, as what works may fill first. Exits that reduce one another share one
allowance and count once. Where the sum is linear in the fills, its maximum is found exactly, by
one pass from the last derived node back to the first; rounding is upwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from engine.decisions.allowance import allowance_groups
from engine.decisions.edges import ONE_1E9, EdgePlan, edge_plans
from engine.decisions.market import MarketBlock
from engine.decisions.market_facts import taken_touch_1e9
from engine.model.fees import fee_1e9
from engine.model.graph import EdgeAction, Graph, Node
from engine.model.instruments import InstrumentType, Listing
from engine.model.units import PRICE_SCALE, QTY_SCALE, Side, divide_up

__all__ = ["Exposure", "worst_case"]

# Looking an enum member up by its class costs a tenth of a microsecond each time.
SELL, PREDICTION = Side.SELL, InstrumentType.PREDICTION
# Values of one unit carry these extra digits, so that ratios lose next to nothing.
VALUE_SCALE = 10**12
EVENT_COLLAR_1E9 = 50_000_000
# Beyond this many steps (underlyings x nodes and edges) sides are summed instead of netted.
STEPS_MAX = 200_000


class TradedHandle(Protocol):
    """Where a node trades."""

    @property
    def listings(self) -> tuple[Listing, ...]: ...

    @property
    def market(self) -> MarketBlock: ...


class TradedNode(Protocol):
    """A node on its instrument; `qty_1e8` is 0 where the quantity is not fixed."""

    @property
    def node(self) -> Node: ...

    @property
    def handle(self) -> TradedHandle: ...

    @property
    def side(self) -> Side: ...

    @property
    def qty_1e8(self) -> int: ...


class Exposure(msgspec.Struct, frozen=True):
    """Money in 1e-9 USD. `larger_side_1e9` is all buys or all sells, whichever is more.

    `one_sided` has (underlying, long and short quantity in base units 1e-8, worst money). Nodes
    in `unpriced` have no price yet and count as nothing: the bound does not hold for them.
    """

    larger_side_1e9: int
    long_1e9: int
    short_1e9: int
    gross_1e9: int
    one_sided: tuple[tuple[str, int, int, int], ...]
    unpriced: tuple[int, ...] = ()


class _Leg(msgspec.Struct, frozen=True, gc=False):
    """A node in base units: `sign` says which way it moves its underlying, `unit_1e9` the money
    at risk for each base unit, `qty_1e8` its target (-1 where it is derived)."""

    underlying: str
    sign: int
    side: Side
    unit_1e9: int
    qty_1e8: int


def worst_case(graph: Graph, nodes: Sequence[TradedNode], collar_bps: int | None) -> Exposure:
    """The bound of a well-formed graph; market orders are priced at `collar_bps` from the touch."""
    legs = [_leg(one, collar_bps) for one in nodes]
    if len(legs) == 1 and legs[0].qty_1e8 >= 0:
        return _alone(legs[0])
    plans = edge_plans(graph)
    field = _Field(legs, plans)
    sides = [
        field.most([leg.unit_1e9 if leg.side is side else 0 for leg in legs])
        for side in (Side.BUY, Side.SELL)
    ]
    gross = field.most([leg.unit_1e9 for leg in legs])
    names = list(dict.fromkeys(leg.underlying for leg in legs))
    netted = len(names) * (len(legs) + len(graph.edges)) <= STEPS_MAX
    rows: list[tuple[str, int, int, int]] = []
    longs = shorts = 0
    for name in names if netted else ():
        quantities, money = [], []
        for sign in (1, -1):
            mine = [leg.sign * sign if leg.underlying == name else 0 for leg in legs]
            quantities.append(field.most([QTY_SCALE * one for one in mine]))
            # What offsets takes away at least the cheapest of what it may offset.
            cheap = min(
                (leg.unit_1e9 for leg, s in zip(legs, mine, strict=True) if s > 0), default=0
            )
            pairs = zip(legs, mine, strict=True)
            money.append(field.most([leg.unit_1e9 if s > 0 else s * cheap for leg, s in pairs]))
        rows.append((name, quantities[0], quantities[1], max(money)))
        longs, shorts = longs + money[0], shorts + money[1]
    if not netted:
        longs = field.most([leg.unit_1e9 if leg.sign > 0 else 0 for leg in legs])
        shorts = field.most([leg.unit_1e9 if leg.sign < 0 else 0 for leg in legs])
    unpriced = tuple(index for index, leg in enumerate(legs) if not leg.unit_1e9)
    return Exposure(max(sides), longs, shorts, gross, tuple(rows), unpriced)


def _alone(leg: _Leg) -> Exposure:
    """One node that nothing sizes or offsets: most graphs, on the way of every order."""
    money = divide_up(leg.unit_1e9 * leg.qty_1e8, QTY_SCALE)
    bought, sold = (leg.qty_1e8, 0) if leg.sign > 0 else (0, leg.qty_1e8)
    longs, shorts = (money, 0) if leg.sign > 0 else (0, money)
    rows = ((leg.underlying, bought, sold, money),)
    return Exposure(money, longs, shorts, money, rows, () if leg.unit_1e9 else (0,))


class _Field:
    """The reachable fills of one graph, ready to be maximised over."""

    def __init__(self, legs: Sequence[_Leg], plans: Sequence[Sequence[EdgePlan]]) -> None:
        self.legs = legs
        self.feeds: list[list[tuple[int, int, bool]]] = [[] for _ in legs]
        waiting = [0] * len(legs)
        for target, incoming in enumerate(plans):
            for plan in incoming:
                if plan.action is EdgeAction.ACTIVATE and legs[target].qty_1e8 < 0:
                    fed = target, plan.ratio_1e9, plan.of == "unfilled"
                    self.feeds[plan.source].append(fed)
                    waiting[plan.source] += 1
        sources = [[p.source for p in one if p.action is EdgeAction.ACTIVATE] for one in plans]
        self.groups = self._shared(plans)
        self.order: list[int] = []
        ready = [index for index, count in enumerate(waiting) if not count]
        while ready:
            index = ready.pop()
            self.order.append(index)
            for source in sources[index] if legs[index].qty_1e8 < 0 else ():
                waiting[source] -= 1
                if not waiting[source]:
                    ready.append(source)
        assert len(self.order) == len(legs), "derived quantities do not feed themselves"

    def most(self, weights: Sequence[int]) -> int:
        """The largest sum of weight x fill over reachable states; weights per whole base unit."""
        targets, fills = [0] * len(weights), [0] * len(weights)
        for index in self.order:
            rest, fill = 0, weights[index] * VALUE_SCALE
            for target, ratio, unfilled in self.feeds[index]:
                value = divide_up(ratio * targets[target], ONE_1E9)
                if unfilled:
                    rest += value
                    # Rounded the other way: the bound may only grow.
                    fill -= ratio * targets[target] // ONE_1E9
                else:
                    fill += value
            fills[index] = max(0, fill)
            targets[index] = rest + fills[index]
        total = sum(
            leg.qty_1e8 * value
            for leg, value in zip(self.legs, targets, strict=True)
            if leg.qty_1e8 > 0
        )
        for group in self.groups:
            apart = sum(self.legs[one].qty_1e8 * targets[one] for one in group)
            largest = max(self.legs[one].qty_1e8 for one in group)
            total += largest * max(fills[one] for one in group) - apart
        return divide_up(total, VALUE_SCALE * QTY_SCALE)

    def _shared(self, plans: Sequence[Sequence[EdgePlan]]) -> list[tuple[int, ...]]:
        """Groups with one allowance whose targets are given, so that the largest bounds them.

        Derived members that follow the same source alike are made one: the first stands for the
        group. What does neither is counted one by one, which stays an upper bound.
        """
        kept = []
        for group in allowance_groups(plans):
            legs = [self.legs[one] for one in group]
            if any(unfilled for one in group for _, _, unfilled in self.feeds[one]):
                continue
            if all(leg.qty_1e8 >= 0 for leg in legs):
                kept.append(group)
                continue
            same = {(leg.underlying, leg.sign, leg.side) for leg in legs}
            fed = {
                tuple(
                    sorted(
                        (p.source, p.ratio_1e9, p.of)
                        for p in plans[one]
                        if p.action is EdgeAction.ACTIVATE
                    )
                )
                for one in group
            }
            idle = not any(self.feeds[one] for one in group)
            if len(same) == 1 and len(fed) == 1 and idle and all(x.qty_1e8 < 0 for x in legs):
                dearest = max(group, key=lambda one: (self.legs[one].unit_1e9, -one))
                rest = set(group) - {dearest}
                for feeds in self.feeds:
                    feeds[:] = [one for one in feeds if one[0] not in rest]
        return kept


def _leg(one: TradedNode, collar_bps: int | None) -> _Leg:
    listing = one.handle.listings[0]
    instrument = listing.instrument
    event = instrument.type is PREDICTION
    underlying, sign = instrument.base, one.side.sign
    if event:
        # NO is the other side of YES: buying one is selling the other.
        name, _, outcome = underlying.rpartition(":")
        if name and outcome.lower() in ("yes", "no"):
            underlying, sign = name, -sign if outcome.lower() == "no" else sign
    unit = _event_unit(one, collar_bps) if event else _unit(one, collar_bps)
    quantity = one.node.quantity
    if isinstance(quantity, str):
        return _Leg(underlying, sign, one.side, unit, -1)
    if quantity.notional is not None:
        qty = divide_up(quantity.notional.usd_1e9 * QTY_SCALE, unit) if unit else 0
    else:
        qty = divide_up(one.qty_1e8 * instrument.multiplier_1e8, QTY_SCALE)
    return _Leg(underlying, sign, one.side, unit, qty)


def _touch(one: TradedNode) -> int:
    """The price that the node would take, else the other side's; 0 where no book is."""
    market, side = one.handle.market, one.side
    return taken_touch_1e9(market, side) or taken_touch_1e9(market, side.opposite)


def _unit(one: TradedNode, collar_bps: int | None) -> int:
    """Worst price of one base unit: a buy's limit or collar, a sell at what is bid for it now."""
    limit, touch = one.node.limit_price_1e9, _touch(one)
    if one.side is SELL:
        return max(limit or 0, touch)
    if limit is not None:
        return limit
    cap = one.node.execution.max_slippage_bps
    bps = cap if cap is not None else collar_bps or 0
    return touch * (10_000 + bps) // 10_000


def _event_unit(one: TradedNode, collar_bps: int | None) -> int:
    """Largest loss of one contract with its fee: p bought, 1 - p sold uncovered."""
    price = one.node.limit_price_1e9
    if price is None:
        touch = _touch(one)
        if not touch:
            return 0
        bps = one.node.execution.max_slippage_bps
        # Slippage of events counts in bps of the payoff: 100 are one cent.
        collar = 0 if collar_bps is None else EVENT_COLLAR_1E9
        move = collar if bps is None else bps * PRICE_SCALE // 10_000
        price = min(PRICE_SCALE, max(0, touch + one.side.sign * move))
    loss = price if one.side is Side.BUY else PRICE_SCALE - price
    fees = [
        fee_1e9(listing.fees, at, QTY_SCALE, maker=False)
        for listing in one.handle.listings
        for at in (price, PRICE_SCALE // 2)
        if listing.fees is not None
    ]
    return loss + max(fees, default=0)
