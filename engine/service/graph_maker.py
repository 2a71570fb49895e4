"""Factories of graph and node actors: how the registry starts graphs without knowing their cast."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import TypeVar, cast

from actors.graph import GraphActor, GraphStart, NodeFactory
from actors.node import NodeActor
from actors.node_place import NodePlace
from engine.decisions.admission import InstrumentHandle
from engine.decisions.allowance import Allowance, allowance_groups
from engine.decisions.cost_model import routing_version
from engine.decisions.edges import EdgePlan, Incoming, edge_plans
from engine.decisions.graph_guard import GraphGuard, Leg
from engine.decisions.market_tape import MarketTape
from engine.decisions.node_market import NodeMarket
from engine.decisions.node_plan import NodeIdentity
from engine.decisions.node_restore import RestoredNode
from engine.decisions.policies.parameters import make_policy
from engine.decisions.policies.policy import Policy
from engine.decisions.recovery_plan import GraphSeed
from engine.decisions.risk_preview import Refusal, nothing_refused
from engine.model.graph import Node
from engine.model.instruments import InstrumentType
from engine.model.native import NativeVerbs
from engine.model.units import Side
from engine.runtime.actor import ActorRef
from engine.service.settings import EngineSettings

__all__ = ["GraphMaker"]

PLACES_MAX = 65_536
SHAPES_MAX, SHAPE_NODES_MAX = 4_096, 64
Shape = TypeVar("Shape", bound=tuple[object, ...])


class GraphMaker:
    """Makes the actors of admitted graphs. `trades`, `prices` and `native` (by venue) are filled
    while wiring; `refusal` is that of `NodePlace`."""

    def __init__(
        self,
        settings: EngineSettings,
        risk: ActorRef,
        routers: Mapping[str, ActorRef],
        journal: ActorRef,
        trades: Mapping[str, ActorRef],
        prices: Mapping[str, ActorRef],
        tapes: Mapping[str, MarketTape],
        refusal: Refusal = nothing_refused,
    ) -> None:
        self.settings = settings
        self.refusal = refusal
        self.risk = risk
        self.routers = routers
        self.journal = journal
        self.trades = trades
        self.prices = prices
        self.tapes = tapes
        self.native: dict[str, NativeVerbs] = {}
        # At most one place an instrument, pin and kind.
        self.places: dict[tuple[str, str | None], NodePlace] = {}
        self.legs: dict[tuple[str, Side], Leg] = {}
        # Graphs of one shape share their lists.
        self.shapes: dict[Hashable, Hashable] = {}

    def make(self, seed: GraphSeed, registry: ActorRef) -> Callable[[], GraphActor]:
        """The factory of one graph's actor."""
        graph = seed.graph
        count = len(seed.nodes)
        plans: Sequence[Sequence[EdgePlan]] = edge_plans(graph) if graph.edges else [()] * count
        after = self.shared(after_lists(plans)) if graph.edges else ((),) * count
        shares: dict[int, Allowance] = {}
        for group in allowance_groups(plans) if graph.edges else ():
            shares.update(dict.fromkeys(group, Allowance(group)))
        for one in seed.ended:
            if one.node_index in shares:
                shares[one.node_index].exposed[one.node_index] = one.filled_qty_1e8
        guard = self.guard_of(seed)
        watched = guard is not None and guard.watches
        factories = [
            self.node_factory(
                seed, index, plans[index], after[index], shares.get(index), watched=watched
            )
            for index in range(count)
        ]
        roots = [i for i in range(count) if not is_waiting(graph.nodes[i], plans[i])]
        start = GraphStart(
            tuple(roots),
            self.shared(tuple([node.node_id for node in graph.nodes])),
            seed.spare,
            seed.recovered,
            seed.paused,
            seed.ended,
            seed.said,
            seed.short,
            seed.unused,
            seed.lapsed,
            seed.killed,
        )
        names = seed.client_id, seed.environment, seed.graph_id, seed.graph_number
        return lambda: GraphActor(*names, factories, start, after, guard, registry, self.journal)

    def guard_of(self, seed: GraphSeed) -> GraphGuard | None:
        """One-node graphs without limits of their own need no guard."""
        risk = seed.graph.risk
        limited = risk is not None and risk.runtime is not None
        if len(seed.nodes) == 1 and not limited:
            return None
        legs = tuple([self.leg_of(one.handle, one.side) for one in seed.nodes])
        return GraphGuard(self.shared(legs), risk)

    def shared(self, value: Shape) -> Shape:
        """An equal tuple that is kept already, if there is one."""
        known = self.shapes.get(value)
        if known is not None:
            return cast("Shape", known)
        if len(self.shapes) < SHAPES_MAX and len(value) <= SHAPE_NODES_MAX:
            self.shapes[value] = value
        return value

    def leg_of(self, handle: InstrumentHandle, side: Side) -> Leg:
        """What all nodes of one instrument and side share."""
        leg = self.legs.get((handle.symbol, side))
        if leg is None:
            market = handle.market
            instrument = market.instrument
            leg = Leg(side, instrument.base, instrument.multiplier_1e8, market)
            if len(self.legs) < PLACES_MAX:
                self.legs[handle.symbol, side] = leg
        return leg

    def node_factory(
        self,
        seed: GraphSeed,
        index: int,
        plans: Sequence[EdgePlan],
        after: Sequence[int],
        allowance: Allowance | None,
        *,
        watched: bool,
    ) -> NodeFactory:
        """The factory of one node's actor, given its graph's ref and its siblings'."""
        resolved = seed.nodes[index]
        node, handle = resolved.node, resolved.handle
        restored: RestoredNode | None = seed.restored[index] if seed.restored else None
        identity = NodeIdentity(
            seed.client_id,
            seed.environment,
            seed.graph_id,
            seed.graph_number,
            node,
            index,
            resolved.side,
            resolved.qty_1e8,
            handle.router_id,
            seed.graph.risk.pretrade if seed.graph.risk is not None else None,
            int(routing_version(seed.graph_id)),
        )
        place = self.place_of(handle, node.instrument.venue)
        incoming = Incoming(plans, join_all=node.join == "all") if plans else None

        def make(graph: ActorRef, peers: list[ActorRef]) -> NodeActor:
            return NodeActor(
                identity,
                place,
                graph,
                peers,
                incoming,
                after,
                allowance,
                watched=watched,
                restored=restored,
            )

        return make

    def place_of(self, handle: InstrumentHandle, venue: str | None) -> NodePlace:
        """What all nodes of one instrument and pin share."""
        key = handle.symbol, venue
        place = self.places.get(key)
        if place is not None:
            return place
        market = handle.market
        event = market.instrument.type is InstrumentType.PREDICTION
        lots = [one.lot_1e8 for one in handle.listings if venue is None or one.venue == venue]
        place = NodePlace(
            market,
            NodeMarket(market, self.tapes[handle.symbol], venue),
            min(lots),
            market.instrument.multiplier_1e8,
            self.settings.account.collar_bps,
            self.risk,
            self.routers[handle.symbol],
            self.journal,
            self.trades,
            self.prices,
            partial(self.policy_of, event),
            self.native,
            self.refusal,
        )
        if len(self.places) < PLACES_MAX:
            self.places[key] = place
        return place

    def policy_of(self, event: bool, node: Node) -> Policy:
        """The policy of a node's terms."""
        limit = node.limit_price_1e9 is not None
        parameters = self.settings.policies
        return make_policy(node.execution, limit=limit, event=event, parameters=parameters)


def is_waiting(node: Node, plans: Sequence[EdgePlan]) -> bool:
    """Whether the node waits for an edge; without a word of its own the edges decide."""
    if node.activation is not None:
        return node.activation == "wait"
    return bool(plans) and any(plan.action == "activate" for plan in plans)


def after_lists(plans: Sequence[Sequence[EdgePlan]]) -> tuple[tuple[int, ...], ...]:
    """For each node, those that hear of its progress: at its edges' ends, or by its price."""
    after: list[dict[int, None]] = [{} for _ in plans]
    for target, incoming in enumerate(plans):
        for plan in incoming:
            after[plan.source][target] = None
            if plan.price is not None and plan.price.entry_node >= 0:
                after[plan.price.entry_node][target] = None
    return tuple([tuple(one) for one in after])
