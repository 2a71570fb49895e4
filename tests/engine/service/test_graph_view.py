"""A graph's state as users see it, from stored rows: nodes, slices, edges, what is left exposed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from engine.decisions.admission import InstrumentHandle
from engine.decisions.edges import EdgeState
from engine.decisions.market import MarketBlock
from engine.decisions.node_memory import NodeMemory, pack_memory
from engine.messages import StartNode
from engine.model.graph import (
    Edge,
    Graph,
    GraphStatus,
    Node,
    NodeStatus,
    Pacing,
    UniformPacing,
)
from engine.model.instruments import Environment
from engine.model.records import GraphAccepted
from engine.model.units import Side
from engine.service.graph_view import SLICED_FILLS_MAX, GraphState, slice_fills
from engine.store.rows import FillRow, GraphRow, NodeRow, StoredGraph
from tests.support.builders import BTC, child, listing, node
from tests.support.node_stage import QTY, NodeStage, named

PAIR = Graph(
    nodes=(named(node(QTY), "entry"), named(node(QTY, side="sell"), "hedge", quantity="derived")),
    edges=(Edge(from_node="entry", to_node="hedge", trigger="on_fill", edge_id="follow"),),
)


def row(index: int, made: Node, memory: NodeMemory | bytes = b"", **fields: Any) -> NodeRow:
    packed = pack_memory(memory) if isinstance(memory, NodeMemory) else memory
    values: dict[str, Any] = {
        "order_number": index + 1,
        "graph_number": 1,
        "account": 1,
        "node_id": made.node_id,
        "node_order_id": f"graph:g:{made.node_id}:1",
        "symbol": made.instrument.symbol,
        "side": Side.BUY if made.side == "buy" else Side.SELL,
        "status": NodeStatus.PENDING,
        "failure_reason": "",
        "policy_state": packed,
        "price_times_qty": "0",
    }
    rest = dict.fromkeys(NodeRow.__struct_fields__, 0)
    return NodeRow(**(rest | values | fields))


def state(
    graph: Graph,
    *rows: NodeRow,
    status: GraphStatus = GraphStatus.ACTIVE,
    spare: tuple[int, ...] = (),
    instruments: Mapping[str, InstrumentHandle] | None = None,
) -> GraphState:
    accepted = GraphAccepted(1, graph, (), (), (), spare)
    head = GraphRow(1, 1, "g", status, "why", len(rows), len(graph.edges), 1, 0, 0, 1, 1)
    stored = StoredGraph("alice", Environment.SANDBOX, head, accepted, rows, ())
    return GraphState.of(stored, instruments or {})


def test_nodes_show_their_numbers_and_offsetting_fills_leave_nothing_exposed() -> None:
    entry, hedge = PAIR.nodes
    rows = [
        row(0, entry, status=NodeStatus.FILLED, qty_1e8=QTY, filled_qty_1e8=QTY, fees_1e9=5),
        row(1, hedge, status=NodeStatus.EXECUTING, qty_1e8=QTY, filled_qty_1e8=QTY // 4),
    ]
    found = state(PAIR, *rows)
    assert (found.graph_id, found.reason, found.ended) == ("g", "why", False)
    assert found.nodes["entry"].fees_1e9 == 5 and found.nodes["entry"].status == "filled"
    assert found.nodes["hedge"].node_order_id == "graph:g:hedge:1"
    assert found.residual_exposure == {"BTC": QTY * 3 // 4}
    rows[1].filled_qty_1e8 = QTY
    assert state(PAIR, *rows).residual_exposure == {}


@pytest.mark.parametrize(
    ("fired", "node_status", "status", "shown"),
    [
        (False, NodeStatus.PENDING, GraphStatus.ACTIVE, "armed"),
        (False, NodeStatus.PENDING, GraphStatus.PAUSED, "armed"),
        (True, NodeStatus.EXECUTING, GraphStatus.ACTIVE, "fired"),
        (True, NodeStatus.FILLED, GraphStatus.COMPLETED, "fired"),
        (False, NodeStatus.CANCELLED, GraphStatus.ACTIVE, "expired"),
        (False, NodeStatus.PENDING, GraphStatus.CANCELLED, "expired"),
    ],
)
def test_an_edge_is_armed_until_it_fires_or_can_fire_no_more(
    fired: bool, node_status: NodeStatus, status: GraphStatus, shown: str
) -> None:
    entry, hedge = PAIR.nodes
    memory = NodeMemory(edges=(EdgeState(fired=fired),))
    found = state(PAIR, row(0, entry), row(1, hedge, memory, status=node_status), status=status)
    assert found.edges["follow"].status == shown
    assert found.edges["follow"].fired is fired
    assert found.ended is (status in (GraphStatus.COMPLETED, GraphStatus.CANCELLED))


def test_a_node_without_a_record_has_armed_edges() -> None:
    found = state(PAIR, row(0, PAIR.nodes[0]), row(1, PAIR.nodes[1]))
    assert found.edges["follow"].status == "armed"


def test_a_spare_leg_is_shown_once_it_has_started() -> None:
    entry, hedge = PAIR.nodes
    hidden = state(PAIR, row(0, entry), row(1, hedge), spare=(1,))
    assert list(hidden.nodes) == ["entry"]
    begun = row(1, hedge, NodeMemory(started_ns=5), filled_qty_1e8=3)
    found = state(PAIR, row(0, entry), begun, spare=(1,))
    assert list(found.nodes) == ["entry", "hedge"]
    assert found.residual_exposure == {"BTC": -3}


def test_contracts_count_as_what_they_are_of() -> None:
    entry, hedge = PAIR.nodes
    future = msgspec.structs.replace(BTC, base="XBT", multiplier_1e8=10**6)
    block = MarketBlock(future, [msgspec.structs.replace(listing("alpha"), instrument=future)], 8)
    handle = InstrumentHandle(entry.instrument.symbol, block.listings, block, 1)
    rows = row(0, entry, filled_qty_1e8=5 * 10**8), row(1, hedge, filled_qty_1e8=10**8)
    found = state(PAIR, *rows, instruments={handle.symbol: handle})
    assert found.residual_exposure == {"XBT": 4 * 10**6}


def test_slices_of_a_paced_node_are_nodes_of_their_own() -> None:
    pacing = Pacing(uniform=UniformPacing(num_slices=2, interval_ms=1_000))
    paced = named(node(QTY, pacing=pacing), "twap")
    stage = NodeStage([paced])
    stage.tell(stage.ref, StartNode())
    stage.run(1_000_000_000)
    assert stage.request() is not None
    stage.plan(child(QTY // 2))
    stage.fill(QTY // 2, "t1")
    packed = stage.states()[-1].policy_state
    alone = Graph(nodes=(paced,))
    running = row(0, paced, packed, status=NodeStatus.EXECUTING, filled_qty_1e8=QTY // 2)
    found = state(alone, running).nodes
    assert list(found) == ["twap", "twap_slice_1", "twap_slice_2"]
    first, second = found["twap_slice_1"], found["twap_slice_2"]
    assert (first.status, first.filled_qty_1e8, first.target_qty_1e8) == (
        "filled",
        QTY // 2,
        QTY // 2,
    )
    assert (second.status, second.filled_qty_1e8) == ("pending", 0)
    assert (first.slice_of, first.fills_known, first.avg_fill_price_1e9) == ("twap", False, 0)
    assert (second.slice_of, second.fills_known) == ("twap", True)
    assert found["twap"].slice_of == "" and found["twap"].fills_known
    over = row(0, paced, packed, status=NodeStatus.PARTIAL_FILL, filled_qty_1e8=QTY // 2)
    assert state(alone, over).nodes["twap_slice_2"].status == "cancelled"
    fresh = state(alone, row(0, paced)).nodes
    assert [fresh[f"twap_slice_{k}"].status for k in (1, 2)] == ["pending", "pending"]


def fill(qty: int) -> FillRow:
    rest: dict[str, Any] = dict.fromkeys(FillRow.__struct_fields__, 0)
    return FillRow(**(rest | {"qty_1e8": qty}))


def test_fills_belong_to_the_slice_that_had_begun() -> None:
    entry, _ = PAIR.nodes
    fills = [fill(qty) for qty in (4, 1, 2, 3)]
    # The second slice began with nothing new behind it: all that came after is the third's.
    parts = slice_fills(row(0, entry, fill_count=4), [0, 5, 5, 10], lambda _: fills)
    assert [[one.qty_1e8 for one in part] for part in parts] == [[4, 1], [], [2, 3]]
    late = slice_fills(row(0, entry, fill_count=1), [0, 0, 4], lambda _: fills[:1])
    assert [len(part) for part in late] == [0, 1]
    many = row(0, entry, fill_count=SLICED_FILLS_MAX + 1)
    assert slice_fills(many, [0, 5, 10], lambda _: fills) == [[], []]
    assert slice_fills(row(0, entry, fill_count=4), [0, 10], None) == [[]]
