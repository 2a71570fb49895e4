"""Orders in every form a caller may hand over, and clear refusals of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import GraphError
from engine.model.graph import Graph, Policy, SimpleOrder
from engine.model.intake import parse_graph
from tests.support.builders import graph

SIMPLE = {"symbol": "BTC-USD", "side": "buy", "qty": 0.29}
REFERENCE = b"""{"nodes": [{"node_id": "spot", "instrument": {"symbol": "ETH-USD", "type": "spot"},
 "side": "buy", "order_type": "market", "quantity": {"fixed": {"qty_1e8": 20000000000}},
 "execution": {"policy": "sor", "urgency": "medium"}, "activation": "root"},
 {"node_id": "hedge", "instrument": {"symbol": "ETH-USD-PERP", "type": "perp",
 "venue": "hyperliquid"}, "side": "sell", "order_type": "market", "quantity": "derived",
 "execution": {"policy": "aggressive_chase"}, "activation": "wait"}],
 "edges": [{"edge_id": "e0", "from_node": "spot", "to_node": "hedge",
 "trigger": "on_fill_ratio", "condition": {"fill_ratio_gte": 0.5}}],
 "risk": {"admission": {"max_notional_usd": 500000}, "runtime": {"max_loss_usd": 10000}},
 "is_sandbox": false}"""


@pytest.mark.parametrize(
    "order",
    [
        SIMPLE,
        b'{"symbol":"BTC-USD","side":"buy","qty":0.29}',
        '{"symbol":"BTC-USD","side":"buy","qty":"0.29"}',
        '{"symbol":"BTC-USD","side":"buy","qty":29e-2}',
    ],
)
def test_a_simple_order_is_a_graph_of_one_node(order: Any) -> None:
    parsed = parse_graph(order)
    (node,) = parsed.nodes
    assert node.fixed_qty_1e8 == 29_000_000
    assert node.limit_price_1e9 is None
    assert node.execution.policy is Policy.SOR


def test_a_price_makes_it_a_limit_order() -> None:
    (node,) = parse_graph(SIMPLE | {"price": "64000.5", "venue": "kraken"}).nodes
    assert node.limit_price_1e9 == 64_000_500_000_000
    assert node.instrument.venue == "kraken"


def test_structs_pass_through() -> None:
    made = graph()
    assert parse_graph(made) is made
    assert isinstance(parse_graph(SimpleOrder(symbol="X", side="buy", qty=1)), Graph)  # type: ignore[arg-type]  # an int is a decimal to msgspec


def test_the_graph_of_the_reference_is_read() -> None:
    parsed = parse_graph(REFERENCE)
    assert [node.node_id for node in parsed.nodes] == ["spot", "hedge"]
    assert parsed.nodes[1].quantity == "derived"
    assert parsed.edges[0].trigger == "on_fill_ratio"
    assert parsed.risk is not None and parsed.risk.admission is not None


@pytest.mark.parametrize(
    ("order", "path"),
    [
        (SIMPLE | {"quantity": 1}, "quantity"),
        ({"symbol": "BTC-USD", "side": "hold", "qty": 1}, "side"),
        ({"symbol": "BTC-USD", "side": "buy"}, "qty"),
        (SIMPLE | {"qty": "0.000000001"}, "qty"),
        (SIMPLE | {"price": "1e-12"}, "price"),
        (SIMPLE | {"qty": float("nan")}, "qty"),
        ({"nodes": [{"node_id": 1}]}, "nodes[0].node_id"),
        (b"[1]", ""),
        (b"{", ""),
        (b"", ""),
        (None, ""),
        (7, ""),
        (b" " * 300_000, ""),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_path(order: Any, path: str) -> None:
    with pytest.raises(GraphError) as caught:
        parse_graph(order)
    assert caught.value.details[0][0] == path
    assert "\n" not in str(caught.value)


def test_every_fault_stands_in_the_sentence_up_to_five() -> None:
    with pytest.raises(GraphError, match=r"colour: unknown field.*; side: "):
        parse_graph(SIMPLE | {"colour": "red", "side": "hold"})
    wrong = {f"x{k}": 1 for k in range(7)}
    with pytest.raises(GraphError, match=r"; and 2 more$") as caught:
        parse_graph(SIMPLE | wrong)
    assert len(caught.value.details) == 7


def test_a_word_that_is_unknown_is_answered_with_those_that_are_known() -> None:
    with pytest.raises(GraphError, match="'hold'; known are buy, sell"):
        parse_graph(SIMPLE | {"side": "hold"})
    with pytest.raises(GraphError, match=r"execution.urgency: .*; known are low, medium, high"):
        parse_graph(SIMPLE | {"execution": {"urgency": "HIGH"}})


@pytest.mark.parametrize("order", [b'{"symbol": "\xff"}', '{"symbol": "\ud800"}'])
def test_bytes_that_are_no_text_are_refused_as_any_other(order: bytes | str) -> None:
    with pytest.raises(GraphError, match="no Unicode text; send JSON in UTF-8"):
        parse_graph(order)


def test_a_document_of_endless_depth_is_refused_as_any_other() -> None:
    with pytest.raises(GraphError, match="too deeply"):
        parse_graph("[" * 100_000)
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"nodes": deep}
    with pytest.raises(GraphError, match="too deeply"):
        parse_graph(deep)
