"""Messages of the execution path, in hop order: from a node's wish to a venue's word."""

from __future__ import annotations

from enum import IntEnum

from engine.errors import Reason
from engine.model.orders import ChildOrder, Grant, OrderReport, RouteIntent
from engine.model.progress import NodeProgress
from engine.model.units import Side
from engine.runtime.delivery import Command, Event

__all__ = [
    "ApprovedOrder",
    "ApprovedRoute",
    "ArmPrice",
    "CancelChild",
    "ChildReport",
    "ChildrenPlanned",
    "DisarmPrice",
    "ExposureChanged",
    "ForgetChild",
    "HoldDue",
    "LastCheck",
    "LiquidityAppeared",
    "PolicyWake",
    "PriceMoved",
    "PriceReached",
    "PriceRefused",
    "PriceSource",
    "QueryChild",
    "ReplyCheck",
    "RestingChanged",
    "RouteDenied",
    "RouteRequest",
    "StrayAgain",
    "TakeSettled",
    "TouchReached",
    "TradeEvent",
    "TradeFrame",
    "UnwatchLiquidity",
    "UpstreamChanged",
    "WatchLiquidity",
]


class WatchLiquidity(Event, frozen=True, gc=False):
    """A node asks its router: tell me once the touch that I take reaches `price_1e9`.

    `price_1e9` None asks for any move of the best. One watch a node; a second replaces the first.
    """

    owner_id: int
    side: Side
    price_1e9: int | None


class UnwatchLiquidity(Event, frozen=True, gc=False):
    """The node no longer waits."""

    owner_id: int


class TouchReached(Event, frozen=True, gc=False):
    """From a book to its router: the best of a side reached a watched price."""

    venue_index: int
    side: Side


class LiquidityAppeared(Event, frozen=True, gc=False):
    """From the router to a watching node: its price is available; the watch is spent."""

    price_1e9: int


class UpstreamChanged(Event, frozen=True, gc=False):
    """Node to a node after it: this is an edge. Cumulative, so any order of arrival will do."""

    progress: NodeProgress


class PriceSource(IntEnum):
    """Which price of a market a trigger tests."""

    MID = 0
    BID = 1
    ASK = 2
    LAST = 3
    MARK = 4


class ArmPrice(Event, frozen=True, gc=False):
    """Node to the price watch of an instrument: tell me once the price reaches the threshold.

    Inclusive. The threshold is twice the price in 1e-9, like the mid it is compared with. One
    for each (owner, edge); a second replaces the first. `hold_ns` asks that it stays reached.
    """

    owner_id: int
    edge_index: int
    above: bool
    price_x2_1e9: int
    source: PriceSource
    hold_ns: int


class DisarmPrice(Event, frozen=True, gc=False):
    """The node no longer waits for this edge's price."""

    owner_id: int
    edge_index: int


class PriceMoved(Event, frozen=True, gc=False):
    """Book to price watch: a trusted price beyond the watch's bounds, as it was seen then."""

    mid_x2: int
    bid_1e9: int
    ask_1e9: int


class HoldDue(Event, frozen=True, gc=False):
    """A price watch's own timer: a price has held for as long as was asked."""

    owner_id: int
    edge_index: int


class LastCheck(Event, frozen=True, gc=False):
    """A price watch's own timer: look at the extremes of the last prices."""


class PriceReached(Event, frozen=True, gc=False):
    """Price watch to the node: the price was touched (and held); the trigger is spent."""

    edge_index: int
    price_x2_1e9: int


class PriceRefused(Event, frozen=True, gc=False):
    """Price watch to the node: it has no room, so this edge's price will not be told."""

    edge_index: int


class RouteRequest(Command, frozen=True, gc=False):
    """Node to risk: may this be sent?"""

    intent: RouteIntent


class RouteDenied(Event, frozen=True, gc=False):
    """Risk, router or trade to the node: nothing more of this attempt was or will be sent.

    `qty_1e8` is the quantity given back.
    """

    attempt: int
    qty_1e8: int
    reason: Reason
    text: str


class ApprovedRoute(Command, frozen=True, gc=False):
    """Risk to router: split and send within the grant."""

    grant: Grant


class ChildrenPlanned(Event, frozen=True, gc=False):
    """Router to node: the children of an attempt, and what could not be placed.

    `mid_1e9` and `touch_1e9` are the mid and the far touch (the best that a taker could have) at
    the plan; 0 where there was none.
    """

    attempt: int
    grant_id: int
    children: tuple[ChildOrder, ...]
    unplaced_qty_1e8: int
    reason: Reason
    mid_1e9: int
    touch_1e9: int
    decision_id: int


class ApprovedOrder(Command, frozen=True, gc=False):
    """Router to venue trade: the only message that makes bytes leave."""

    child: ChildOrder
    grant: Grant


class CancelChild(Event, frozen=True, gc=False):
    """Node to venue trade: cancel this child; never refused."""

    child: ChildOrder


class QueryChild(Event, frozen=True, gc=False):
    """Node to venue trade: prove this child's state by its client order id."""

    child: ChildOrder


class ForgetChild(Event, frozen=True, gc=False):
    """Node to venue trade: the child is proven ended; its reports need no route any more."""

    client_order_id: str


class PolicyWake(Event, frozen=True, gc=False):
    """A node's own timer for its policy; `token` tells a superseded timer apart."""

    token: int


class ReplyCheck(Event, frozen=True, gc=False):
    """A node's own timer: which children still owe an answer?"""


class TradeFrame(Event, frozen=True, gc=False):
    """Bytes of a venue's order line, as received."""

    recv_ns: int
    payload: bytes


class ChildReport(Event, frozen=True, gc=False):
    """Venue trade to the owner node: what the venue said of its child."""

    report: OrderReport


class StrayAgain(Event, frozen=True, gc=False):
    """Recovery's own timer: a report of nobody's order that came while graphs were away."""

    report: OrderReport


TradeEvent = OrderReport


class TakeSettled(Event, frozen=True, gc=False):
    """Node to router: of a child's planned take, nothing more is in flight.

    `exchange_ns` is the venue's time of the last fill (0: unknown), after which the book shows
    the take; `filled_qty_1e8` what was taken of `qty_1e8`; `answer_ns` how long the first answer
    took, 0 where none came. `price_times_qty` is what was paid, sum(price_1e9 x qty_1e8).
    """

    client_order_id: str
    venue_index: int
    side: Side
    qty_1e8: int
    filled_qty_1e8: int
    exchange_ns: int
    answer_ns: int
    price_times_qty: int = 0


class RestingChanged(Event, frozen=True, gc=False):
    """Node to router: what may still fill of a child that rests, at which price.

    Cumulative, so that one told twice does no harm; `open_qty_1e8` 0 is its proven end.
    """

    client_order_id: str
    venue_index: int
    side: Side
    price_1e9: int
    open_qty_1e8: int


class ExposureChanged(Event, frozen=True, gc=False):
    """Node to risk: proven facts about a grant.

    `released_qty_1e8` will never fill any more; `filled_qty_1e8` did, for `notional_1e9`.
    """

    grant_id: int
    filled_qty_1e8: int
    notional_1e9: int
    released_qty_1e8: int
