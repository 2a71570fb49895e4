"""Where a node works: its market and the actors around it, shared by all nodes of one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from engine.decisions.market import MarketBlock
from engine.decisions.node_ledger import Child
from engine.decisions.policies.policy import Policy, PolicyMarket
from engine.decisions.risk_preview import Refusal, nothing_refused
from engine.messages import RestingChanged
from engine.model.graph import Node
from engine.model.native import NativeVerbs
from engine.runtime.actor import ActorRef

__all__ = ["NodePlace"]


class NodePlace(msgspec.Struct, frozen=True):
    """Where a node works; shared by all nodes of an instrument and pin.

    `prices` are the price watches by symbol, `make_policy` builds the policy of a node's terms,
    `native` what venues do natively to resting orders, by venue. `refusal` says what risk would
    refuse for good of an intent, once what the given grants hold is free.
    """

    market: MarketBlock
    policy_market: PolicyMarket
    lot_1e8: int
    multiplier_1e8: int
    collar_bps: int | None
    risk: ActorRef
    router: ActorRef
    journal: ActorRef
    trades: Mapping[str, ActorRef]
    prices: Mapping[str, ActorRef]
    make_policy: Callable[[Node], Policy]
    native: Mapping[str, NativeVerbs] = {}
    refusal: Refusal = nothing_refused

    def tell_resting(self, child: Child) -> None:
        """Have the router know what may still fill of an order that rests: nobody is to take it."""
        order, left = child.order, child.open_qty_1e8
        name, venue = order.client_order_id, order.listing.venue_index
        self.router.tell(RestingChanged(name, venue, order.side, order.limit_price_1e9, left))
