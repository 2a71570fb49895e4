"""What is written for a node or an edge is what the engine reads."""

from __future__ import annotations

import msgspec

from engine.client.graphs import edge, graph_body, node
from engine.model.graph import Graph


def test_nodes_and_edges_read_as_a_graph() -> None:
    spot = node("spot", "ETH-USD", "buy", "200", urgency="high", policy=None)
    hedge = node("hedge", "ETH-USD-PERP", "sell", None, venue="hyperliquid", join="all")
    limit = node("exit", "ETH-USD", "sell", 0.29, limit_price="2500.10", reduce_only=True)
    edges = [
        edge("spot", "hedge", "on_fill", sizing={"ratio": "0.5"}),
        edge("spot", "exit", "on_fill_ratio", fill_ratio_gte=0.5, edge_id="e1", action="cancel"),
    ]
    body = graph_body(
        [spot, hedge, limit],
        edges,
        graph_id="g",
        risk={"admission": {"max_notional_usd": 500_000}},
        metadata=None,
        sandbox=True,
    )
    graph = msgspec.json.decode(msgspec.json.encode(body), type=Graph)
    assert graph.nodes[0].fixed_qty_1e8 == 200 * 10**8
    assert graph.nodes[1].quantity == "derived" and graph.nodes[1].join == "all"
    assert graph.nodes[1].instrument.type.value == "perp"
    assert graph.nodes[2].fixed_qty_1e8 == 29_000_000
    assert graph.nodes[2].limit_price_1e9 == 2_500_100_000_000 and graph.nodes[2].reduce_only
    assert graph.edges[0].sizing is not None and str(graph.edges[0].sizing.ratio) == "0.5"
    assert graph.edges[1].action.value == "cancel" and graph.edges[1].edge_id == "e1"
    assert graph.graph_id == "g" and graph.is_sandbox and graph.metadata is None


def test_what_is_not_given_is_not_sent() -> None:
    assert edge("a", "b") == {"from_node": "a", "to_node": "b", "trigger": "on_fill"}
    body = graph_body([], [], graph_id=None, risk=None, metadata=None, sandbox=False)
    assert body == {"nodes": [], "edges": [], "is_sandbox": False}
