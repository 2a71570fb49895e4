"""Graphs, nodes and children as the journal shows them, and triggers as the wire words them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from engine.decisions.edges import EdgeState
from engine.model.graph import Edge, EdgeAction, Graph, GraphStatus, Node, NodeStatus

__all__ = ["Moment", "WatchedChild", "WatchedGraph", "WatchedNode", "trigger_came"]

MS = 1_000_000


class Moment(msgspec.Struct, frozen=True):
    """One recorded state of a node, as far as edges care."""

    status: NodeStatus
    accepted: bool
    started_ns: int
    target_1e8: int
    filled_1e8: int
    by_cancel: bool
    unreachable: bool


class WatchedChild:
    """One order: what it may still fill counts as sent until a venue ended it."""

    def __init__(self, qty_1e8: int) -> None:
        self.qty_1e8 = qty_1e8
        self.filled_1e8 = 0
        self.claimed_1e8 = 0
        self.ended = False

    def end(self, claimed_1e8: int) -> None:
        """The venue says that nothing more comes than what it claims."""
        self.ended = True
        self.claimed_1e8 = max(self.claimed_1e8, claimed_1e8, self.filled_1e8)

    @property
    def sent_1e8(self) -> int:
        return max(self.filled_1e8, self.claimed_1e8) if self.ended else self.qty_1e8


class WatchedNode:
    """One node. `late` says that a fill came after its or its child's end was told.

    `adopted` says that it has an order whose intent, and with it perhaps the node's own start, was
    lost in a crash; `stopped_at` is the last attempt that was out when its stop was recorded.
    """

    def __init__(
        self, node: Node, incoming: Sequence[Edge], lot_1e8: int, unit_1e8: int, *, spare: bool
    ) -> None:
        self.node = node
        self.incoming = tuple(incoming)
        self.lot_1e8 = lot_1e8
        self.unit_1e8 = unit_1e8
        waits = any(edge.action is EdgeAction.ACTIVATE for edge in incoming)
        if node.activation is not None:
            waits = node.activation == "wait"
        self.root = spare or not waits
        self.spare = spare
        self.follows = node.quantity == "derived" and not spare
        self.fired: list[EdgeState | None] = [None for _ in incoming]
        self.moments: list[Moment] = []
        self.children: dict[str, WatchedChild] = {}
        self.gross_1e8 = 0
        self.base_fee_1e9 = 0
        self.last_sent_ns = 0
        self.stopped_at: int | None = None
        self.amended = False
        self.late = False
        self.adopted = False

    def send(self, client_order_id: str, qty_1e8: int) -> None:
        """A child was intended."""
        self.children[client_order_id] = WatchedChild(qty_1e8)

    @property
    def sent_1e8(self) -> int:
        """Filled, or it may still be."""
        return sum(child.sent_1e8 for child in self.children.values())


class WatchedGraph:
    """One graph. `disturbed` says that it was paused, cancelled or amended, if only in part."""

    def __init__(
        self, graph: Graph, spare: Sequence[int], lots: Sequence[int], units: Sequence[int]
    ) -> None:
        self.status = GraphStatus.ACTIVE
        self.disturbed = False
        self.edges = graph.edges
        self.nodes: dict[str, WatchedNode] = {}
        for index, node in enumerate(graph.nodes):
            incoming = [edge for edge in graph.edges if edge.to_node == node.node_id]
            one = WatchedNode(node, incoming, lots[index], units[index], spare=index in spare)
            self.nodes[node.node_id] = one

    def group_of(self, name: str) -> list[str]:
        """The nodes that reduce one another with `name`, itself included; none alone."""
        pairs = {
            (edge.from_node, edge.to_node)
            for edge in self.edges
            if edge.action is EdgeAction.REDUCE
        }
        group, look = [name], [name]
        while look:
            one = look.pop()
            for other in self.nodes:
                if other not in group and {(one, other), (other, one)} <= pairs:
                    group.append(other)
                    look.append(other)
        return group if len(group) > 1 else []


def trigger_came(edge: Edge, source: Moment, fired_ns: int) -> bool:
    """Whether a recorded state of its source lets an edge fire at that time.

    Of a price the journal does not tell; its wait begins with the source's activation.
    """
    if not gate_open(edge, source):
        return False
    trigger = edge.trigger
    if not isinstance(trigger, str):
        if not source.started_ns:
            return False
        timeout = trigger.on_timeout
        return timeout is None or fired_ns >= source.started_ns + timeout.ms * MS
    ended = source.status.terminal and not source.unreachable
    stands: dict[str, bool] = {
        "on_accepted": source.accepted,
        "on_first_fill": source.filled_1e8 > 0,
        "on_fill": source.filled_1e8 > 0,
        "on_fill_ratio": source.target_1e8 > 0,
        "on_full_fill": source.status is NodeStatus.FILLED,
        "on_done": ended,
        "on_cancel": ended
        and source.by_cancel
        and (not source.started_ns or source.filled_1e8 < source.target_1e8),
    }
    return stands[trigger]


def gate_open(edge: Edge, source: Moment) -> bool:
    """Whether the fill ratio of a state is inside an edge's bounds."""
    gate, filled, target = edge.condition, Decimal(source.filled_1e8), source.target_1e8
    if gate is None:
        return True
    low, high = gate.fill_ratio_gte, gate.fill_ratio_lt
    if low is not None and (target <= 0 or filled < low * target):
        return False
    return high is None or target <= 0 or filled < high * target
