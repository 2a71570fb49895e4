"""What a node is told once (its numbers, its caps), and how it states its wish and its state."""

from __future__ import annotations

import msgspec

from engine.decisions.market import MarketBlock
from engine.decisions.market_facts import finest_tick_1e9
from engine.decisions.node_ledger import NodeLedger
from engine.decisions.policies.policy import Route
from engine.errors import Reason
from engine.model.graph import Node, NodeStatus, Urgency
from engine.model.instruments import Environment
from engine.model.orders import RouteIntent
from engine.model.records import NodeChanged
from engine.model.risk import PreTradeRisk
from engine.model.units import Side, ceil_to, floor_to

__all__ = [
    "NodeIdentity",
    "ending",
    "final_status",
    "node_changed",
    "node_worst_price",
    "route_intent",
    "worst_price",
]

URGENCY_RANK = {Urgency.LOW: 0, Urgency.MEDIUM: 1, Urgency.HIGH: 2}


class NodeIdentity(msgspec.Struct, frozen=True):
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
        return f"graph:{self.graph_id}:{self.node.node_id}:{self.seq}"

    @property
    def journal_key(self) -> tuple[str, Environment, str, str]:
        """What every journal entry of the node begins with."""
        return self.client_id, self.environment, self.graph_id, self.node.node_id


def node_worst_price(
    identity: NodeIdentity, market: MarketBlock, collar_bps: int | None
) -> int | None:
    """The node's worst price from here on; the collar caps a market order without its own cap."""
    node = identity.node
    limit = node.limit_price_1e9
    cap = node.execution.max_slippage_bps
    if cap is None and limit is None:
        cap = collar_bps
    return worst_price(identity.side, limit, market.mid_x2(), cap, finest_tick_1e9(market))


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
    if side is Side.BUY:
        cap = floor_to(baseline_x2 * (10_000 + cap_bps) // 20_000, tick_1e9)
        return cap if limit_1e9 is None else min(cap, limit_1e9)
    numerator = baseline_x2 * (10_000 - cap_bps)
    cap = ceil_to(-(-numerator // 20_000), tick_1e9)
    return cap if limit_1e9 is None else max(cap, limit_1e9)


def route_intent(
    identity: NodeIdentity,
    owner_id: int,
    attempt: int,
    route: Route,
    worst_price_1e9: int | None,
) -> RouteIntent:
    """What risk and router need to know of one attempt; `owner_id` is the node's actor id."""
    node = identity.node
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
        identity.side,
        route.qty_1e8,
        node.limit_price_1e9,
        worst_price_1e9,
        route.tif,
        node.instrument.venue,
        route.rest,
        identity.limits,
        URGENCY_RANK[node.execution.urgency],
        identity.routing_version,
    )


def node_changed(
    identity: NodeIdentity,
    ledger: NodeLedger,
    status: NodeStatus,
    reason: str,
    attempt: int,
    policy_state: bytes,
) -> NodeChanged:
    """The record of a node's whole state."""
    return NodeChanged(
        identity.node_order_id,
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
        policy_state,
    )


def final_status(ledger: NodeLedger, reason: Reason | None) -> NodeStatus:
    """How a node ended that sends nothing more; `reason` is why it stopped."""
    if ledger.filled_qty_1e8 >= ledger.target_qty_1e8:
        return NodeStatus.FILLED
    if ledger.filled_qty_1e8:
        return NodeStatus.PARTIAL_FILL
    if reason in (Reason.CANCELLED, Reason.EXPIRED):
        return NodeStatus.CANCELLED
    return NodeStatus.REJECTED


def ending(status: NodeStatus, reason: Reason | None, text: str) -> str:
    """Why a node ended, as its users read it; nothing to say of a filled one."""
    if status is NodeStatus.FILLED:
        return ""
    code = (reason or Reason.NONE).value
    return f"{code}: {text}" if text else code
