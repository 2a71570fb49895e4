"""What a node is told once (its numbers, its caps), and how it states its wish and its state."""

from __future__ import annotations

from typing import Final

import msgspec

from engine.decisions.market import MarketBlock
from engine.decisions.market_facts import finest_tick_1e9
from engine.decisions.node_ledger import NodeLedger
from engine.decisions.policies.policy import Post, Route
from engine.errors import Reason
from engine.model.graph import Node, NodeStatus, Urgency
from engine.model.instruments import Environment, InstrumentType
from engine.model.order_ids import node_order_id
from engine.model.orders import RouteIntent, TimeInForce
from engine.model.records import NodeChanged
from engine.model.risk import PreTradeRisk
from engine.model.units import Side, ceil_to, floor_to

__all__ = [
    "ENDED_BY_TIF",
    "NodeIdentity",
    "ending",
    "final_status",
    "node_changed",
    "node_worst_price",
    "route_intent",
    "worst_price",
]

# Looking an enum member up by its class costs a tenth of a microsecond each time.
BUY: Final = Side.BUY
FILLED: Final = NodeStatus.FILLED
GTC: Final = TimeInForce.GTC
PREDICTION: Final = InstrumentType.PREDICTION
PAYOFF_1E9 = 10**9
EVENT_COLLAR_BPS = 500
# What a tif ends for want of a counterpart was asked for too; nobody refused it.
ENDED_BY_TIF = frozenset({Reason.NO_LIQUIDITY, Reason.BEYOND_LIMIT, Reason.FOK_NOT_SINGLE_VENUE})
ENDED_BY_WISH = ENDED_BY_TIF | {
    Reason.CANCELLED,
    Reason.EXPIRED,
    Reason.UNREACHABLE,
    Reason.REDUCED,
}
URGENCY_RANK = {Urgency.LOW: 0, Urgency.MEDIUM: 1, Urgency.HIGH: 2}


class NodeIdentity(msgspec.Struct, frozen=True, gc=False):
    """Who a node is. `router_id` is the actor id of its instrument's router."""

    client_id: str
    environment: Environment
    graph_id: str
    graph_number: int
    node: Node
    node_index: int
    side: Side
    qty_1e8: int
    router_id: int
    limits: PreTradeRisk | None
    routing_version: int = 1
    seq: int = 1

    @property
    def node_order_id(self) -> str:
        return node_order_id(self.graph_id, self.node.node_id, self.seq)

    @property
    def journal_key(self) -> tuple[str, Environment, str, str]:
        """What every journal entry of the node begins with."""
        return self.client_id, self.environment, self.graph_id, self.node.node_id


def node_worst_price(
    identity: NodeIdentity, market: MarketBlock, baseline_x2: int | None, collar_bps: int | None
) -> int | None:
    """The node's worst price from its baseline; the collar caps a market order without a cap.

    Event contracts state `max_slippage_bps` in bps of the one dollar payoff: 100 is a cent. Their
    collar is 5 cents.
    """
    node = identity.node
    limit = node.limit_price_1e9
    cap = node.execution.max_slippage_bps
    event = market.instrument.type is PREDICTION
    if cap is None and limit is None and collar_bps is not None:
        cap = EVENT_COLLAR_BPS if event else collar_bps
    tick = finest_tick_1e9(market)
    if event and cap is not None and baseline_x2 is not None:
        away = cap * PAYOFF_1E9 // 10_000
        if identity.side is Side.BUY:
            bound = floor_to(baseline_x2 // 2 + away, tick)
            bound = min(bound, PAYOFF_1E9 - tick)
            return bound if limit is None else min(bound, limit)
        bound = max(ceil_to(-(-baseline_x2 // 2) - away, tick), tick)
        return bound if limit is None else max(bound, limit)
    return worst_price(identity.side, limit, baseline_x2, cap, tick)


def worst_price(
    side: Side,
    limit_1e9: int | None,
    baseline_x2: int | None,
    cap_bps: int | None,
    tick_1e9: int,
) -> int | None:
    """The tighter of limit and slippage cap, or None where neither applies.

    The cap is baseline x (1 + s bps / 1e4), rounded to the passive side of the tick. The
    baseline is twice the consolidated mid, so that half ticks stay exact.
    """
    if cap_bps is None or baseline_x2 is None:
        return limit_1e9
    if side is BUY:
        cap = floor_to(baseline_x2 * (10_000 + cap_bps) // 20_000, tick_1e9)
        return cap if limit_1e9 is None else min(cap, limit_1e9)
    numerator = baseline_x2 * (10_000 - cap_bps)
    cap = ceil_to(-(-numerator // 20_000), tick_1e9)
    return cap if limit_1e9 is None else max(cap, limit_1e9)


def route_intent(
    identity: NodeIdentity,
    owner_id: int,
    attempt: int,
    wish: Route | Post,
    worst_price_1e9: int | None,
    avoid: tuple[str, ...] = (),
) -> RouteIntent:
    """What risk and router need to know of one attempt; `owner_id` is the node's actor id.

    A wish's own price narrows the node's worst price and never widens it.
    """
    node = identity.node
    side = identity.side
    if isinstance(wish, Post):
        price = tighter(side, wish.price_1e9, worst_price_1e9)
        tif, rest, venues, limit, worst = GTC, True, wish.venues_max, price, price
    else:
        tif, rest, venues, limit = wish.tif, wish.rest, 0, node.limit_price_1e9
        worst = tighter(side, wish.limit_1e9, worst_price_1e9)
    return RouteIntent(
        owner_id,
        identity.client_id,
        identity.environment,
        identity.graph_id,
        identity.graph_number,
        node.node_id,
        identity.node_index,
        attempt,
        identity.router_id,
        side,
        wish.qty_1e8,
        limit,
        worst,
        tif,
        node.instrument.venue,
        rest,
        identity.limits,
        URGENCY_RANK[node.execution.urgency],
        identity.routing_version,
        node.reduce_only,
        venues,
        avoid,
    )


def tighter(side: Side, one: int | None, other: int | None) -> int | None:
    """The less aggressive of two worst prices; None is no bound."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other) if side is BUY else max(one, other)


def node_changed(
    identity: NodeIdentity,
    ledger: NodeLedger | None,
    status: NodeStatus,
    reason: str,
    attempt: int,
    memory: bytes,
) -> NodeChanged:
    """The record of a node's whole state; without a ledger it has not started."""
    name = identity.node_order_id
    if ledger is None:
        return NodeChanged(name, status, reason, identity.qty_1e8, 0, 0, 0, "0", 0, 0, 0, memory)
    return NodeChanged(
        name,
        status,
        reason,
        ledger.target_qty_1e8,
        ledger.filled_qty_1e8,
        ledger.working_qty_1e8,
        ledger.unknown_qty_1e8,
        str(ledger.price_times_qty),
        ledger.fees_1e9,
        ledger.fill_count,
        attempt,
        memory,
    )


def final_status(ledger: NodeLedger | None, reason: Reason | None) -> NodeStatus:
    """How a node ended that sends nothing more; `reason` is why it stopped."""
    if ledger is not None and ledger.filled_qty_1e8:
        full = ledger.filled_qty_1e8 >= ledger.target_qty_1e8
        return FILLED if full else NodeStatus.PARTIAL_FILL
    if reason in ENDED_BY_WISH:
        return NodeStatus.CANCELLED
    return NodeStatus.REJECTED


def ending(status: NodeStatus, reason: Reason | None, text: str) -> str:
    """Why a node ended, as its users read it; nothing to say of a filled one."""
    if status is FILLED:
        return ""
    code = (reason or Reason.NONE).value
    return f"{code}: {text}" if text else code
