"""Factories of graph and node actors: how the registry starts graphs without knowing their cast."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from actors.graph import GraphActor, NodeFactory
from actors.node import NodeActor
from actors.registry import GraphSeed
from engine.decisions.cost_model import routing_version
from engine.decisions.node_plan import NodeIdentity
from engine.decisions.policies.parameters import make_policy
from engine.runtime.actor import ActorRef
from engine.service.settings import EngineSettings

__all__ = ["GraphMaker"]


class GraphMaker:
    """Factories of graph and node actors; it is how the registry starts graphs unseen."""

    def __init__(
        self,
        settings: EngineSettings,
        risk: ActorRef,
        routers: Mapping[str, ActorRef],
        journal: ActorRef,
        trades: Mapping[str, ActorRef],
    ) -> None:
        self.settings = settings
        self.risk = risk
        self.routers = routers
        self.journal = journal
        self.trades = trades

    def make(self, seed: GraphSeed, registry: ActorRef) -> Callable[[], GraphActor]:
        """The factory of one graph's actor."""
        factories = [self.node_factory(seed, index) for index in range(len(seed.nodes))]
        return lambda: GraphActor(
            seed.client_id,
            seed.environment,
            seed.graph_id,
            seed.graph_number,
            factories,
            registry,
            self.journal,
        )

    def node_factory(self, seed: GraphSeed, index: int) -> NodeFactory:
        """The factory of one node's actor, given its graph's ref."""
        resolved = seed.nodes[index]
        node, handle = resolved.node, resolved.handle
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

        def make(graph: ActorRef) -> NodeActor:
            policy = make_policy(
                node.execution,
                limit=node.limit_price_1e9 is not None,
                parameters=self.settings.policies,
            )
            return NodeActor(
                identity,
                policy,
                handle.market,
                self.settings.account.collar_bps,
                graph,
                self.risk,
                self.routers[handle.symbol],
                self.journal,
                self.trades,
            )

        return make
