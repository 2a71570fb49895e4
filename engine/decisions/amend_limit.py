"""What a running node may be amended to: nothing that a submission of it would be refused for.

It is asked before anything is cancelled, so that a refused amendment leaves the order alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.decisions.admission import ResolvedNode, admission_denial
from engine.decisions.exposure import worst_case
from engine.decisions.market import MarketBlock
from engine.decisions.placeable import best_price_1e9, price_bound_fault, size_denial
from engine.decisions.risk import Denial
from engine.errors import Reason
from engine.model.graph import Execution, FixedAmount, Graph, Quantity
from engine.model.graph import Policy as PolicyName
from engine.model.orders import RouteIntent
from engine.model.risk import AccountLimits
from engine.model.terms import Terms

__all__ = ["amend_denial", "still_refused", "terms_denial"]


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


def terms_denial(terms: Terms, intent: RouteIntent, market: MarketBlock) -> Denial | None:
    """Why no venue could take the rest under these terms: its price, or too little of it.

    `intent` is for all that is not filled, under the new terms.
    """
    listings = [one for one in market.listings if intent.venue in (None, one.venue)]
    limit = terms.limit_1e9
    if limit is not None and (text := price_bound_fault(listings, limit)):
        return Denial(Reason.BAD_PRICE, text)
    price = best_price_1e9(market, intent.side, intent.limit_price_1e9)
    denial = size_denial(listings, intent.qty_1e8, price)
    if denial is None:
        return None
    return Denial(denial.reason, f"what would remain cannot be worked: {denial.text}")


def still_refused(denial: Denial | None, terms: Terms, execution: Execution) -> Denial | None:
    """Risk's refusal of the whole rest at once, where it is the amended node's too.

    A price that stays was let pass before, and a node that sends its quantity in parts is bound
    part by part.
    """
    if denial is None:
        return None
    if denial.reason is Reason.PRICE_DEVIATION and terms.limit_1e9 is None:
        return None
    parts = execution.pacing is not None or execution.policy is not PolicyName.SOR
    if denial.reason is Reason.NOTIONAL_LIMIT and parts:
        return None
    return denial
