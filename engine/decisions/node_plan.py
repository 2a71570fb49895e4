"""What a node is told once: its numbers, its market, its caps; fixed from activation on."""

from __future__ import annotations

import msgspec

from engine.model.graph import Node
from engine.model.instruments import Environment
from engine.model.risk import PreTradeRisk
from engine.model.units import Side, ceil_to, floor_to

__all__ = ["NodeIdentity", "worst_price"]


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
