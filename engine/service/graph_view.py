"""A graph as its users see it: nodes with their slices, edges, and what it leaves exposed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import msgspec

from engine.decisions.admission import InstrumentHandle
from engine.decisions.edges import edge_plans
from engine.decisions.node_memory import unpack_memory
from engine.decisions.policies.paced import slices_of
from engine.model.graph import GraphStatus, Node, NodeStatus
from engine.model.units import QTY_SCALE
from engine.store.rows import NodeRow, StoredGraph

__all__ = ["EdgeState", "GraphState", "NodeState"]


class NodeState(msgspec.Struct, frozen=True):
    """A node as the graph's status shows it; quantities in 1e-8, prices and money in 1e-9."""

    status: str
    target_qty_1e8: int
    filled_qty_1e8: int
    avg_fill_price_1e9: int
    fill_count: int
    fees_1e9: int
    working_qty_1e8: int
    unknown_qty_1e8: int
    reason: str
    node_order_id: str


class EdgeState(msgspec.Struct, frozen=True):
    """An edge: `armed`, `fired`, or `expired` when it can fire no more."""

    status: str
    fired: bool


class GraphState(msgspec.Struct, frozen=True):
    """A graph with its nodes and edges.

    `residual_exposure` is the signed sum of proven fills by underlying, in base units of 1e-8,
    where it is not zero.
    """

    graph_id: str
    status: GraphStatus
    reason: str
    nodes: dict[str, NodeState]
    edges: dict[str, EdgeState]
    residual_exposure: dict[str, int]

    @classmethod
    def of(cls, stored: StoredGraph, instruments: Mapping[str, InstrumentHandle]) -> Self:
        """From the store's rows and the instruments by symbol.

        One that is no longer listed counts as its symbol's first part, a unit each.
        """
        graph = stored.accepted.graph
        spare = set(stored.accepted.spare)
        nodes: dict[str, NodeState] = {}
        edges: dict[str, EdgeState] = {}
        residual: dict[str, int] = {}
        plans = edge_plans(graph) if graph.edges else ()
        for index, (node, row) in enumerate(zip(graph.nodes, stored.nodes, strict=True)):
            memory = unpack_memory(row.policy_state)
            if index in spare and not memory.started_ns:
                continue
            nodes[node.node_id] = node_state(row)
            nodes.update(slice_states(node, row, memory.policy))
            base, filled = row.symbol.partition("-")[0], row.filled_qty_1e8
            if (handle := instruments.get(row.symbol)) is not None:
                instrument = handle.market.instrument
                base, filled = instrument.base, filled * instrument.multiplier_1e8 // QTY_SCALE
            residual[base] = residual.get(base, 0) + row.side.sign * filled
            states = memory.edges
            for place, plan in enumerate(plans[index] if plans else ()):
                fired = place < len(states) and states[place].fired
                over = row.status.terminal or stored.row.status not in RUNNING
                status = "fired" if fired else "expired" if over else "armed"
                edges[plan.edge_id] = EdgeState(status, fired)
        row_ = stored.row
        return cls(
            row_.graph_id,
            row_.status,
            row_.reason,
            nodes,
            dict(sorted(edges.items())),
            {base: qty for base, qty in residual.items() if qty},
        )

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.status not in RUNNING


RUNNING = (GraphStatus.ACTIVE, GraphStatus.PAUSED)


def node_state(row: NodeRow) -> NodeState:
    return NodeState(
        row.status.value,
        row.qty_1e8,
        row.filled_qty_1e8,
        row.avg_fill_price_1e9,
        row.fill_count,
        row.fees_1e9,
        row.working_qty_1e8,
        row.unknown_qty_1e8,
        row.failure_reason,
        row.node_order_id,
    )


def slice_states(node: Node, row: NodeRow, policy: bytes) -> dict[str, NodeState]:
    """The slices of a paced node, each with what was filled from its start to the next one's."""
    pacing = node.execution.pacing
    if pacing is None:
        return {}
    plan = pacing.uniform or pacing.vwap
    if plan is None:
        return {}
    slices = slices_of(policy) if policy else ()
    befores: Sequence[int] = [*[one.filled_before_1e8 for one in slices], row.filled_qty_1e8]
    states: dict[str, NodeState] = {}
    for k in range(1, plan.num_slices + 1):
        name = f"{node.node_id}_slice_{k}"
        if k > len(slices):
            status = NodeStatus.CANCELLED if row.status.terminal else NodeStatus.PENDING
            states[name] = NodeState(status.value, 0, 0, 0, 0, 0, 0, 0, "", row.node_order_id)
            continue
        target = slices[k - 1].target_qty_1e8
        filled = befores[k] - befores[k - 1]
        last = k == len(slices) and not row.status.terminal
        if filled >= target:
            status = NodeStatus.FILLED
        elif last:
            status = NodeStatus.EXECUTING
        else:
            status = NodeStatus.PARTIAL_FILL if filled else NodeStatus.CANCELLED
        states[name] = NodeState(status.value, target, filled, 0, 0, 0, 0, 0, "", row.node_order_id)
    return states
