"""All that is recorded of one order, read once for the live monitor and the review."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from engine.decisions.node_memory import NodeMemory, unpack_memory
from engine.intelligence.attribution import Execution, Fill
from engine.intelligence.benchmarks import Print
from engine.model.graph import Node
from engine.model.instruments import Environment
from engine.model.units import average_price_1e9
from engine.service.api_error import ApiError, ErrorCode
from engine.store.queries import Queries
from engine.store.rows import ChildRow, FillRow, NodeRow, StoredGraph

__all__ = ["OrderFacts", "order_facts", "order_row"]


class OrderFacts(msgspec.Struct, frozen=True):
    """An order with its graph, fills and children. `arrival_x2` is twice the mid at activation.

    It is 0 where no mid was there; `arrival_basis` says which moment it is of.
    """

    row: NodeRow
    stored: StoredGraph
    node: Node
    memory: NodeMemory
    fills: Sequence[FillRow]
    children: Sequence[ChildRow]
    arrival_x2: int
    arrival_basis: str
    expected_fee_bps: float | None

    @property
    def terminal(self) -> bool:
        return self.row.status.terminal

    @property
    def started_ns(self) -> int:
        """When it became active; its acceptance before that."""
        return self.memory.started_ns or self.row.created_ns

    @property
    def ended_ns(self) -> int | None:
        return self.row.updated_ns if self.terminal else None

    @property
    def average_1e9(self) -> int:
        paid = sum(one.price_1e9 * one.qty_1e8 for one in self.fills)
        return average_price_1e9(paid, self.filled_1e8)

    @property
    def filled_1e8(self) -> int:
        return sum(one.qty_1e8 for one in self.fills)

    def prints(self) -> list[Print]:
        """Its own fills as the tape would show them."""
        return [Print(one.ts_unix_ns, one.price_1e9, one.qty_1e8) for one in self.fills]

    def execution(
        self, mid_at: Callable[[int], int | None], decision_x2: int | None = None
    ) -> Execution:
        """For the attribution; while the order works, what is left is not yet an opportunity."""
        fills = tuple(
            Fill(one.price_1e9, one.qty_1e8, one.fee_1e9, 2 * one.mid_1e9, 2 * one.touch_1e9)
            for one in self.fills
        )
        ended = self.ended_ns
        end_x2 = None if ended is None else mid_at(ended)
        meant = max(self.row.qty_1e8, self.filled_1e8)
        return Execution(self.row.side.sign, meant, self.arrival_x2, fills, end_x2, decision_x2)


def order_row(
    queries: Queries, client_id: str | None, environment: Environment, order_id: str
) -> NodeRow | None:
    """The row of an order by its id in either form; None for one that this client has not."""
    page = queries.orders(client_id, environment, limit=1, node_order_id=order_id)
    return page.rows[0] if page.rows else None


def order_facts(
    queries: Queries, client_id: str, environment: Environment, row: NodeRow
) -> OrderFacts:
    """Everything of an order whose row was just read."""
    stored = _graph_of(queries, client_id, environment, row)
    index = next(i for i, one in enumerate(stored.nodes) if one.order_number == row.order_number)
    memory = unpack_memory(row.policy_state)
    accepted = stored.accepted
    node = memory.amended or accepted.graph.nodes[index]
    doubled = accepted.arrival_mids_x2
    accepted_x2 = doubled[index] if index < len(doubled) else 0
    # The slices of a paced node take a new baseline each; the order's own arrival stays.
    if memory.baseline_x2 and node.execution.pacing is None:
        arrival, basis = memory.baseline_x2, "activation"
    else:
        arrival, basis = accepted_x2, "acceptance"
    fees = accepted.expected_fee_bps
    return OrderFacts(
        row,
        stored,
        node,
        memory,
        queries.fills_of(row.order_number),
        queries.children_of(row.order_number),
        arrival,
        basis,
        fees[index] if index < len(fees) else None,
    )


def _graph_of(
    queries: Queries, client_id: str, environment: Environment, row: NodeRow
) -> StoredGraph:
    graph_id = row.node_order_id.split(":")[1]
    stored = queries.graph(client_id, environment, graph_id)
    if stored is None:
        raise ApiError(ErrorCode.NOT_FOUND, f"there is no graph {graph_id!r}; check the id")
    return stored
