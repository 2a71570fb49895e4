"""A graph as its users see it: nodes with their slices, edges, and what it leaves exposed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Self

import msgspec

from engine.decisions.admission import InstrumentHandle
from engine.decisions.edges import edge_plans
from engine.decisions.node_memory import unpack_memory
from engine.decisions.policies.paced import slices_of
from engine.model.graph import GraphStatus, Node, NodeStatus
from engine.model.units import QTY_SCALE, average_price_1e9
from engine.store.rows import FillRow, NodeRow, StoredGraph

__all__ = ["EdgeState", "GraphState", "NodeState"]

SLICED_FILLS_MAX: Final = 2_000
FillsOf = Callable[[int], Sequence[FillRow]]


class NodeState(msgspec.Struct, frozen=True):
    """A node as the graph's status shows it; quantities in 1e-8, prices and money in 1e-9.

    `slice_of` names the node that a slice is part of, "" for a node itself. What a slice says is
    in its node's numbers already: sum over nodes alone. What works is known of the node only, 0
    here. `fills_known` False: the fills of a slice are not told apart (its node has more than
    2,000, or a venue confirmed quantity without its trades); price, count and fees are then 0.
    """

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
    slice_of: str = ""
    fills_known: bool = True


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
    def of(
        cls,
        stored: StoredGraph,
        instruments: Mapping[str, InstrumentHandle],
        fills_of: FillsOf | None = None,
    ) -> Self:
        """From the store's rows and the instruments by symbol.

        One that is no longer listed counts as its symbol's first part, a unit each. `fills_of`
        reads an order's fills, oldest first, by its number; without it those of slices are not
        known.
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
            nodes.update(slice_states(node, row, memory.policy, fills_of))
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


def slice_states(
    node: Node, row: NodeRow, policy: bytes, fills_of: FillsOf | None = None
) -> dict[str, NodeState]:
    """The slices of a paced node, each with what was filled from its start to the next one's."""
    pacing = node.execution.pacing
    if pacing is None:
        return {}
    plan = pacing.uniform or pacing.vwap
    if plan is None:
        return {}
    slices = slices_of(policy) if policy else ()
    befores: Sequence[int] = [*[one.filled_before_1e8 for one in slices], row.filled_qty_1e8]
    fills = slice_fills(row, befores, fills_of)
    states: dict[str, NodeState] = {}
    for k in range(1, plan.num_slices + 1):
        target = filled = price = count = fees = 0
        known = True
        if k > len(slices):
            status = NodeStatus.CANCELLED if row.status.terminal else NodeStatus.PENDING
        else:
            target, filled = slices[k - 1].target_qty_1e8, befores[k] - befores[k - 1]
            last = k == len(slices) and not row.status.terminal
            if filled >= target:
                status = NodeStatus.FILLED
            elif last:
                status = NodeStatus.EXECUTING
            else:
                status = NodeStatus.PARTIAL_FILL if filled else NodeStatus.CANCELLED
            mine = fills[k - 1]
            known = sum(one.qty_1e8 for one in mine) == filled
            if known and filled:
                paid = sum(one.price_1e9 * one.qty_1e8 for one in mine)
                price, count = average_price_1e9(paid, filled), len(mine)
                fees = sum(one.fee_1e9 for one in mine)
        states[f"{node.node_id}_slice_{k}"] = NodeState(
            status.value,
            target,
            filled,
            price,
            count,
            fees,
            0,
            0,
            "",
            row.node_order_id,
            node.node_id,
            known,
        )
    return states


def slice_fills(
    row: NodeRow, befores: Sequence[int], fills_of: FillsOf | None
) -> list[list[FillRow]]:
    """The node's fills by slice: each belongs to the one that had begun when it came."""
    parts: list[list[FillRow]] = [[] for _ in befores[1:]]
    if fills_of is None or not parts or not 0 < row.fill_count <= SLICED_FILLS_MAX:
        return parts
    done = 0
    for one in fills_of(row.order_number):
        # Slices that begin with the same fill behind them: it is the last one's.
        place = bisect_right(befores, done, 0, len(parts)) - 1
        parts[max(place, 0)].append(one)
        done += one.qty_1e8
    return parts
