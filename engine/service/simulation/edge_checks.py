"""What edges may do, told from the journal alone by a slow twin of the rules.

An edge fires only after a recorded state of its source made its trigger true; a derived node
sends no more than its sources have filled; exits of one entry share what it has; who was stopped
sends nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from engine.decisions.node_memory import unpack_memory
from engine.model.graph import EdgeAction, GraphStatus, NodeStatus
from engine.model.instruments import Listing
from engine.model.orders import ReportKind
from engine.model.records import (
    ChildIntent,
    ChildrenIntended,
    FillRecord,
    GraphAccepted,
    GraphChanged,
    JournalEntry,
    NodeChanged,
    ReportRecorded,
)
from engine.model.units import QTY_SCALE, Side, floor_to
from engine.service.simulation.edge_twin import Moment, WatchedGraph, WatchedNode, trigger_came

__all__ = ["EdgeChecks"]

ONE_1E9 = 1_000_000_000
ENDINGS = frozenset(
    {
        ReportKind.CANCELLED,
        ReportKind.EXPIRED,
        ReportKind.REJECTED,
        ReportKind.NOT_FOUND,
        ReportKind.STATUS,
    }
)


class EdgeChecks:
    """Grows with the journal; `take` yields what is wrong with an entry, `at_end` with the whole.

    `listings` are all of the world's. Every graph of a run is kept, since runs are short.
    """

    def __init__(self, listings: Sequence[Listing]) -> None:
        self.listings: Mapping[tuple[str, str], Listing] = {
            (one.venue, one.instrument.symbol): one for one in listings
        }
        self.graphs: dict[str, WatchedGraph] = {}

    def take(self, entry: JournalEntry) -> Iterator[str]:
        """Keep an entry; what is wrong with it."""
        payload = entry.payload
        if isinstance(payload, GraphAccepted):
            traded = [one.instrument for one in payload.graph.nodes]
            lots = [self.lot_of(one.symbol, one.venue) for one in traded]
            units = [self.unit_of(one.symbol) for one in traded]
            self.graphs[entry.graph_id] = WatchedGraph(payload.graph, payload.spare, lots, units)
            return
        graph = self.graphs.get(entry.graph_id)
        if graph is None:
            return
        if isinstance(payload, GraphChanged):
            graph.status = payload.status
            graph.disturbed |= payload.status is GraphStatus.PAUSED
            return
        node = graph.nodes.get(entry.node_id)
        if node is None:
            return
        if isinstance(payload, NodeChanged):
            yield from self.take_state(entry, payload, graph, node)
        elif isinstance(payload, ChildrenIntended):
            yield from self.take_children(entry, payload, graph, node)
        elif isinstance(payload, FillRecord):
            self.take_fill(payload, node)
        elif isinstance(payload, ReportRecorded):
            report = payload.report
            child = node.children.get(report.client_order_id)
            if child is not None and report.kind in ENDINGS and not report.working:
                child.end(report.cum_qty_1e8)

    def adopt(self, graph_id: str, node_id: str, child: ChildIntent) -> None:
        """An order whose intent was lost, but not the order."""
        graph = self.graphs.get(graph_id)
        if graph is not None and node_id in graph.nodes:
            node = graph.nodes[node_id]
            node.send(child.client_order_id, child.qty_1e8)
            node.adopted = True

    def lot_of(self, symbol: str, venue: str | None) -> int:
        """The finest lot of an instrument, or the one of its pinned venue."""
        return min(
            one.lot_1e8
            for (name, of), one in self.listings.items()
            if of == symbol and venue in (None, name)
        )

    def unit_of(self, symbol: str) -> int:
        """Base units of one contract, in 1e-8."""
        (unit,) = {
            one.instrument.multiplier_1e8 for (_, of), one in self.listings.items() if of == symbol
        }
        return unit

    def take_fill(self, fill: FillRecord, node: WatchedNode) -> None:
        """Count it for the node that it belongs to."""
        listing = self.listings.get((fill.venue, node.node.instrument.symbol))
        fee = fill.commission_1e9 or 0
        if listing is None or fill.commission_asset != listing.instrument.base:
            fee = 0
        node.gross_1e8 += fill.qty_1e8
        node.base_fee_1e9 += fee
        if node.moments and node.moments[-1].status.terminal:
            node.late = True
        child = node.children.get(fill.client_order_id)
        if child is not None:
            child.filled_1e8 += fill.qty_1e8
            node.late |= child.ended and child.filled_1e8 > child.claimed_1e8

    def take_state(
        self, entry: JournalEntry, state: NodeChanged, graph: WatchedGraph, node: WatchedNode
    ) -> Iterator[str]:
        """Edges that are new among the fired ones had their reason; so had the node's start."""
        name = f"{entry.graph_id} {entry.node_id}"
        memory = unpack_memory(state.policy_state)
        for edge, before, now in zip(node.incoming, node.fired, memory.edges, strict=True):
            if before is not None and before.fired:
                if (before.fired_ns, before.snapshot_1e8) != (now.fired_ns, now.snapshot_1e8):
                    yield f"{name}: its edge from {edge.from_node} fired once more"
                continue
            if not now.fired:
                continue
            source = graph.nodes[edge.from_node]
            price = not isinstance(edge.trigger, str) and edge.trigger.on_price is not None
            if node.adopted and price:
                # Recovery concludes from the order that the price was reached.
                continue
            if not any(trigger_came(edge, one, now.fired_ns) for one in source.moments):
                yield f"{name}: its edge from {edge.from_node} fired before {edge.trigger}"
            if now.snapshot_1e8 > net_of(source):
                yield f"{name}: its edge saw {now.snapshot_1e8} of {net_of(source)}"
            if now.fired_ns > entry.ts_ns:
                yield f"{name}: an edge fired in the future"
        node.fired = list(memory.edges)
        free = node.root or node.adopted
        if memory.started_ns and not free and not activated(node):
            yield f"{name} started without an edge"
        if memory.amended is not None:
            node.amended = graph.disturbed = True
        if memory.stopping is not None:
            graph.disturbed |= memory.stopping == "CANCELLED"
            if node.stopped_at is None:
                node.stopped_at = state.attempt
        node.moments.append(
            Moment(
                state.status,
                memory.accepted,
                memory.started_ns,
                state.target_qty_1e8,
                state.filled_qty_1e8,
                memory.by_cancel,
                memory.unreachable,
            )
        )

    def take_children(
        self, entry: JournalEntry, wish: ChildrenIntended, graph: WatchedGraph, node: WatchedNode
    ) -> Iterator[str]:
        """What is sent is what was free to be sent."""
        name = f"{entry.graph_id} {entry.node_id}"
        for child in wish.children:
            node.send(child.client_order_id, child.qty_1e8)
        if not node.root and not node.adopted and not activated(node):
            yield f"{name} sends without a fired edge"
        if node.stopped_at is not None and wish.attempt > node.stopped_at:
            yield f"{name} sends attempt {wish.attempt}, stopped was it at {node.stopped_at}"
        node.last_sent_ns = entry.ts_ns
        if node.amended or node.late:
            return
        sent = node.sent_1e8
        if node.follows and sent > (bound := bound_of(graph, node)):
            yield f"{name} has sent {sent}, its sources make it {bound} at most"
        group = [graph.nodes[one] for one in graph.group_of(entry.node_id)]
        if not group or any(one.amended or one.late or not one.follows for one in group):
            return
        together = sum(one.sent_1e8 for one in group)
        most = max(bound_of(graph, one) for one in group)
        if together > most:
            yield f"{name} and its other exits have sent {together}, there is {most}"

    def at_end(self) -> Iterator[str]:
        """In a graph that nothing disturbed, a filled derived node has its sources' sum."""
        for graph_id, graph in self.graphs.items():
            if graph.disturbed or graph.status is not GraphStatus.COMPLETED:
                continue
            for node in graph.nodes.values():
                if not node.follows or node.late or not node.moments:
                    continue
                if node.moments[-1].status is not NodeStatus.FILLED:
                    continue
                if any(edge.action is EdgeAction.REDUCE for edge in node.incoming):
                    continue
                if any(graph.nodes[edge.from_node].late for edge in node.incoming):
                    continue
                wanted = bound_of(graph, node)
                if node.gross_1e8 != wanted:
                    name = f"{graph_id} {node.node.node_id}"
                    yield f"{name} is filled with {node.gross_1e8}, its sources make it {wanted}"


def activated(node: WatchedNode) -> bool:
    """Whether the recorded states of its edges let a node start."""
    fired = [
        state is not None and state.fired
        for edge, state in zip(node.incoming, node.fired, strict=True)
        if edge.action is EdgeAction.ACTIVATE
    ]
    return all(fired) and bool(fired) if node.node.join == "all" else any(fired)


def net_of(node: WatchedNode) -> int:
    """What arrived by a node's recorded fills, in base units."""
    net: int = node.gross_1e8 * node.unit_1e8 // QTY_SCALE
    if node.node.side == Side.BUY.text:
        net -= -(-node.base_fee_1e9 // 10)
    return net


def bound_of(graph: WatchedGraph, node: WatchedNode) -> int:
    """The sum over fired edges of ratio x source, on the lot."""
    total = 0
    for edge, state in zip(node.incoming, node.fired, strict=True):
        if edge.action is not EdgeAction.ACTIVATE or state is None or not state.fired:
            continue
        source = graph.nodes[edge.from_node]
        of = "cumulative" if edge.sizing is None else edge.sizing.of
        base: int
        if of == "snapshot":
            base = state.snapshot_1e8
        elif of == "unfilled":
            ends = [one for one in source.moments if one.status.terminal]
            base = max([0, *(one.target_1e8 - one.filled_1e8 for one in ends)])
        else:
            base = net_of(source)
        ratio = Decimal(1) if edge.sizing is None else edge.sizing.ratio
        total += int(ratio * ONE_1E9) * base
    bound: int = floor_to(total * QTY_SCALE // (ONE_1E9 * node.unit_1e8), node.lot_1e8)
    return bound
