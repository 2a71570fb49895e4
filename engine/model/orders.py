"""Intents, grants, child orders and venue reports, and the child order's state machine.

Only a `Grant` allows orders to reach a venue, and only the risk code makes one.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

import msgspec

from engine.model.instruments import Environment, Listing
from engine.model.risk import PreTradeRisk
from engine.model.units import Side

__all__ = [
    "ChildOrder",
    "ChildState",
    "Grant",
    "OrderReport",
    "OrderTerms",
    "ReportKind",
    "RouteIntent",
    "TimeInForce",
    "VenueFill",
    "client_order_id",
    "next_state",
    "parse_client_order_id",
]


class TimeInForce(StrEnum):
    """The wire's times in force; GTC means work until the horizon."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class RouteIntent(msgspec.Struct, frozen=True, gc=False):
    """What a node wants sent now: the whole of it, before any split.

    `owner_id` is the node's actor id, `graph_number` the engine-wide number of its graph.
    `limit_price_1e9` is the node's own limit or None; `worst_price_1e9` the tighter of limit and
    collar, never to be passed, None only where no collar applies. `rest` asks the router to
    leave what cannot be taken resting at the limit. `post_venues` above 0 takes nothing: all of it
    rests post-only at `limit_price_1e9` on at most so many venues. `avoid` are venues that refuse
    this node for good. `urgency` is 0 (low) to 2 (high).
    """

    owner_id: int
    client_id: str
    environment: Environment
    graph_id: str
    graph_number: int
    node_id: str
    node_index: int
    attempt: int
    router_id: int
    side: Side
    qty_1e8: int
    limit_price_1e9: int | None
    worst_price_1e9: int | None
    tif: TimeInForce
    venue: str | None
    rest: bool
    limits: PreTradeRisk | None = None
    urgency: int = 1
    routing_version: int = 1
    reduce_only: bool = False
    post_venues: int = 0
    avoid: tuple[str, ...] = ()


class Grant(msgspec.Struct, frozen=True, gc=False):
    """Leave to send orders for one intent, bounded in quantity, price and money."""

    grant_id: int
    intent: RouteIntent
    qty_1e8: int
    worst_price_1e9: int | None
    notional_1e9: int

    def covers(self, child: ChildOrder) -> bool:
        """Whether this child stays inside the grant (its siblings are the router's business)."""
        intent = self.intent
        if child.grant_id != self.grant_id or child.side is not intent.side:
            return False
        if not 0 < child.qty_1e8 <= self.qty_1e8:
            return False
        worst = self.worst_price_1e9
        if worst is None:
            return True
        if child.side is Side.BUY:
            return child.limit_price_1e9 <= worst
        return child.limit_price_1e9 >= worst

    def covers_rest(self, child: ChildOrder, filled_1e8: int) -> bool:
        """Whether what is left of an amended child, `filled_1e8` of it filled, stays inside."""
        rest = child.qty_1e8 - filled_1e8
        return rest > 0 and self.covers(msgspec.structs.replace(child, qty_1e8=rest))


class ChildOrder(msgspec.Struct, frozen=True, gc=False):
    """One order at one venue. Its limit is on the listing's tick, its quantity on its lot.

    `amendment` is the number of its last native amendment, 0 before the first.
    """

    client_order_id: str
    grant_id: int
    owner_id: int
    child_index: int
    listing: Listing
    side: Side
    qty_1e8: int
    limit_price_1e9: int
    tif: TimeInForce
    post_only: bool = False
    reduce_only: bool = False
    amendment: int = 0

    def loosens(self, before: ChildOrder) -> bool:
        """Whether this amended order may do more than it might before: larger, or worse priced."""
        worse = (self.limit_price_1e9 - before.limit_price_1e9) * self.side.sign > 0
        return worse or self.qty_1e8 > before.qty_1e8


class ReportKind(IntEnum):
    """What a venue says of a child order; NOT_FOUND is proof that it never existed."""

    ACCEPTED = 0
    REJECTED = 1
    FILL = 2
    CANCELLED = 3
    EXPIRED = 4
    CANCEL_REJECTED = 5
    UNKNOWN = 6
    NOT_FOUND = 7
    STATUS = 8
    AMENDED = 9
    AMEND_REJECTED = 10


class OrderTerms(msgspec.Struct, frozen=True, gc=False):
    """Total and limit of an order that are in force at its venue.

    `number` is the last amendment that was decided there, taken or not: none up to it is under
    way any more.
    """

    qty_1e8: int
    limit_price_1e9: int
    number: int


class VenueFill(msgspec.Struct, frozen=True, gc=False):
    """One execution as the venue reports it; fields that it does not report are None.

    `fee_1e9` is in `fee_asset`; a venue that reports none leaves it None, and the engine then
    computes it from the listing's schedule.
    """

    trade_id: str
    price_1e9: int
    qty_1e8: int
    fee_1e9: int | None = None
    fee_asset: str | None = None
    is_maker: bool | None = None
    taker_fee_bps_applied: float | None = None
    maker_fee_bps_applied: float | None = None
    venue_reported_cum_fee_1e9: int | None = None


class OrderReport(msgspec.Struct, frozen=True, gc=False):
    """One statement of a venue about one child order.

    `cum_qty_1e8` is the venue's own cumulative fill, or -1 where it gives none. A STATUS report
    answers a query: `working` says whether the order still rests. `code` is machine readable.
    `told` are the terms in force, from venues that amend natively; else nothing is written of it.
    """

    kind: ReportKind
    client_order_id: str
    venue: str
    venue_order_id: str = ""
    exchange_ns: int = 0
    recv_ns: int = 0
    cum_qty_1e8: int = -1
    working: bool = False
    fill: VenueFill | None = None
    code: str = ""
    text: str = ""
    told: OrderTerms | msgspec.UnsetType = msgspec.UNSET

    @property
    def terms(self) -> OrderTerms | None:
        """The terms in force, None where they were not told."""
        told = self.told
        return None if told is msgspec.UNSET else told


class ChildState(IntEnum):
    """Life of a child order. UNKNOWN is not terminal: it ends by proof only."""

    SENT = 0
    WORKING = 1
    CANCEL_SENT = 2
    UNKNOWN = 3
    FILLED = 4
    CANCELLED = 5
    EXPIRED = 6
    REJECTED = 7

    @property
    def terminal(self) -> bool:
        return self >= ChildState.FILLED


_ENDS = {
    ReportKind.REJECTED: ChildState.REJECTED,
    ReportKind.NOT_FOUND: ChildState.REJECTED,
    ReportKind.CANCELLED: ChildState.CANCELLED,
    ReportKind.EXPIRED: ChildState.EXPIRED,
}


def next_state(
    state: ChildState, kind: ReportKind, filled_qty_1e8: int, qty_1e8: int, *, working: bool = False
) -> ChildState:
    """State after a report, given the cumulative fill including it.

    Pure and total: a duplicate or late report changes nothing, and no path leaves a terminal
    state except that the last missing fill of a cancelled child completes it.
    """
    if filled_qty_1e8 >= qty_1e8:
        return ChildState.FILLED
    if state.terminal:
        return state
    end = _ENDS.get(kind)
    if end is not None:
        return end
    if kind is ReportKind.UNKNOWN:
        return ChildState.UNKNOWN
    if kind is ReportKind.STATUS:
        return ChildState.WORKING if working else ChildState.CANCELLED
    if kind is ReportKind.CANCEL_REJECTED:
        return ChildState.WORKING if state is ChildState.CANCEL_SENT else state
    if kind is ReportKind.AMEND_REJECTED:
        return state
    if state is ChildState.SENT or state is ChildState.UNKNOWN:
        return ChildState.WORKING
    return state


ID_PREFIX = "xg"


def client_order_id(
    engine_number: int, graph_number: int, node_index: int, attempt: int, child_index: int
) -> str:
    """Decodable id, at most 36 characters: an order found at a venue names its graph by it."""
    text = f"{ID_PREFIX}{engine_number}-{graph_number}-{node_index}-{attempt}-{child_index}"
    assert len(text) <= 36, "client order ids fit every venue's length"
    return text


def parse_client_order_id(text: str) -> tuple[int, int, int, int, int] | None:
    """(engine, graph, node, attempt, child) of one of our ids, None for a foreign one."""
    if not text.startswith(ID_PREFIX):
        return None
    parts = text[len(ID_PREFIX) :].split("-")
    if len(parts) != 5 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    engine, graph, node, attempt, child = map(int, parts)
    return engine, graph, node, attempt, child
