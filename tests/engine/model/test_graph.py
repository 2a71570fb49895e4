"""Graphs on the wire: what decodes, what does not, and what a simple order stands for."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from engine.model.graph import (
    Edge,
    FixedAmount,
    Graph,
    GraphStatus,
    Node,
    NodeStatus,
    Quantity,
    SimpleOrder,
    Trigger,
    graph_of,
)
from engine.model.instruments import InstrumentType
from tests.support.builders import graph, node

WIRE = b"""{"nodes": [{"node_id": "a", "side": "buy",
  "instrument": {"symbol": "BTC-USD"}, "quantity": {"fixed": {"qty_1e8": 5}},
  "order_type": {"limit": {"price_1e9": 7}}, "execution": {"tif": "IOC"}}],
  "edges": [{"from_node": "a", "to_node": "b", "trigger": {"on_timeout": {"ms": 3}}}]}"""


def test_a_graph_is_read_from_the_wire() -> None:
    made = msgspec.json.decode(WIRE, type=Graph)
    (one,) = made.nodes
    assert (one.limit_price_1e9, one.fixed_qty_1e8, one.execution.tif) == (7, 5, "IOC")
    trigger = made.edges[0].trigger
    assert isinstance(trigger, Trigger) and trigger.on_timeout is not None
    assert trigger.on_timeout.ms == 3


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (b'"side"', b'"sides"', r"\$\.nodes\[0\]"),
        (b'"buy"', b'"hold"', r"\$\.nodes\[0\]\.side"),
        (b'"qty_1e8": 5', b'"qty_1e8": 5.5', r"\$\.nodes\[0\]\.quantity"),
        (b'"IOC"', b'"DAY"', r"\$\.nodes\[0\]\.execution\.tif"),
        (b'{"on_timeout"', b'{"on_moon"', r"\$\.edges\[0\]\.trigger"),
    ],
)
def test_a_wrong_field_is_refused_with_its_path(old: bytes, new: bytes, path: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=path):
        msgspec.json.decode(WIRE.replace(old, new), type=Graph)


def test_a_graph_survives_the_wire_and_the_journal() -> None:
    made = graph(node(5, limit_1e9=7, max_slippage_bps=3), graph_id="g")
    assert msgspec.json.decode(msgspec.json.encode(made), type=Graph) == made
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(made), type=Graph) == made


def test_other_kinds_of_quantity_are_not_fixed() -> None:
    derived = msgspec.structs.replace(node(), quantity="derived")
    assert isinstance(derived, Node) and derived.fixed_qty_1e8 is None
    assert msgspec.structs.fields(Edge)[2].name == "trigger"


@pytest.mark.parametrize("status", list(NodeStatus))
def test_only_pending_and_executing_nodes_go_on(status: NodeStatus) -> None:
    assert status.terminal is (status.value not in ("pending", "executing"))


def test_a_simple_order_is_a_graph_of_one_node() -> None:
    order = SimpleOrder(symbol="ETH-PERP", side="sell", qty=Decimal(1), venue="hyperliquid")
    (one,) = graph_of(order, Quantity(fixed=FixedAmount(qty_1e8=10**8)), None).nodes
    assert one.instrument.type is InstrumentType.PERP
    assert (one.side, one.order_type, one.fixed_qty_1e8) == ("sell", "market", 10**8)
    (limited,) = graph_of(
        SimpleOrder(symbol="ETH-USD", side="buy"), Quantity(fixed=FixedAmount(qty_1e8=1)), 9
    ).nodes
    assert (limited.limit_price_1e9, limited.instrument.type) == (9, InstrumentType.SPOT)
    assert GraphStatus("active") is GraphStatus.ACTIVE
