"""The graph actor: starts the nodes of one graph, counts their ends and rolls up the status."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from engine.messages import (
    CancelGraph,
    CancelNode,
    GraphEnded,
    NodeEnded,
    Record,
    StartNode,
)
from engine.model.graph import GraphStatus, NodeStatus
from engine.model.instruments import Environment
from engine.model.records import GraphChanged
from engine.runtime.actor import Actor, ActorRef, Lane, handles
from engine.runtime.supervision import HALT

__all__ = ["GraphActor", "NodeFactory"]

NodeFactory = Callable[[ActorRef], Actor[Any]]


class GraphActor(Actor[NodeEnded | CancelGraph]):
    """Supervises; it is no switchboard: nodes talk to each other without it."""

    lane = Lane.EXECUTION
    mailbox_capacity = 2_048

    def __init__(
        self,
        client_id: str,
        environment: Environment,
        graph_id: str,
        graph_number: int,
        factories: Sequence[NodeFactory],
        registry: ActorRef,
        journal: ActorRef,
    ) -> None:
        self.client_id = client_id
        self.environment = environment
        self.graph_id = graph_id
        self.graph_number = graph_number
        self.factories = factories
        self.registry = registry
        self.journal = journal
        self.nodes: list[ActorRef] = []
        self.ended: dict[int, NodeStatus] = {}
        self.reason = ""
        self.cancelled = False
        self.status = GraphStatus.ACTIVE

    def on_start(self) -> None:
        own = self.ctx.self_ref
        for factory in self.factories:
            node = self.ctx.spawn(partial(factory, own), name="node", supervision=HALT)
            self.nodes.append(node)
        self.factories = ()
        for node in self.nodes:
            node.tell(StartNode())

    @handles(NodeEnded)
    def on_node_ended(self, ended: NodeEnded) -> None:
        self.ended[ended.node_index] = ended.status
        if ended.reason and not self.reason:
            self.reason = ended.reason
        if len(self.ended) == len(self.nodes):
            self.end()

    @handles(CancelGraph)
    def on_cancel(self, cancel: CancelGraph) -> None:
        self.cancelled = True
        for index, node in enumerate(self.nodes):
            if index not in self.ended:
                node.tell(CancelNode(cancel.reason))

    def end(self) -> None:
        """Every node is terminal: record the status and let the whole graph go."""
        self.status = self.rolled_up()
        reason = "" if self.status is GraphStatus.COMPLETED else self.reason
        changed = GraphChanged(self.status, reason)
        self.journal.tell(Record(self.client_id, self.environment, self.graph_id, "", changed))
        self.registry.tell(GraphEnded(self.graph_number))
        self.ctx.stop()

    def rolled_up(self) -> GraphStatus:
        """`failed` if a node was refused or failed, `cancelled` after a cancel, else complete.

        A lone node that its own tif or horizon ended is `completed`: it did what was asked.
        """
        statuses = self.ended.values()
        if any(status in (NodeStatus.REJECTED, NodeStatus.FAILED) for status in statuses):
            return GraphStatus.FAILED
        if self.cancelled and any(status is not NodeStatus.FILLED for status in statuses):
            return GraphStatus.CANCELLED
        return GraphStatus.COMPLETED
