"""A larger total on a running node meets the limits that its graph met when it was submitted."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.decisions.admission import ResolvedNode
from engine.decisions.exposure import worst_case
from engine.decisions.risk import Denial, admission_denial
from engine.model.graph import FixedAmount, Graph, Quantity
from engine.model.risk import AccountLimits

__all__ = ["amend_denial"]


def amend_denial(
    graph: Graph,
    nodes: Sequence[ResolvedNode],
    node_id: str,
    qty_1e8: int,
    account_limits: AccountLimits,
) -> Denial | None:
    """Why the graph may not have this node at that total; None when it may, or has no such node."""
    places = [index for index, node in enumerate(graph.nodes) if node.node_id == node_id]
    if not places:
        return None
    index = places[0]
    quantity = Quantity(fixed=FixedAmount(qty_1e8=qty_1e8))
    changed = msgspec.structs.replace(graph.nodes[index], quantity=quantity)
    wire = [changed if i == index else node for i, node in enumerate(graph.nodes)]
    bound = [
        msgspec.structs.replace(one, node=changed, qty_1e8=qty_1e8) if i == index else one
        for i, one in enumerate(nodes)
    ]
    larger = msgspec.structs.replace(graph, nodes=tuple(wire))
    exposure = worst_case(larger, bound, account_limits.collar_bps)
    return admission_denial(larger, exposure.larger_side_1e9, account_limits)
