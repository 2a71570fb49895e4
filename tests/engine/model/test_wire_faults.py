"""Every fault of a document is named in one answer, and a good document has none."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import GraphError
from engine.model.graph import Graph, SimpleOrder
from engine.model.intake import parse_graph
from engine.model.wire_faults import FAULTS_MAX, choices_at, fields_at, wire_faults

GOOD: dict[str, Any] = {
    "nodes": [
        {
            "node_id": "a",
            "instrument": {"symbol": "BTC-USD", "venue": None},
            "side": "buy",
            "order_type": {"limit": {"price_1e9": 5}},
            "quantity": {"fixed": {"qty_1e8": 1}},
            "execution": {},
        }
    ],
    "edges": [{"from_node": "a", "to_node": "b", "trigger": {"on_timeout": {"ms": 5}}}],
    "risk": {"runtime": {"max_loss_usd": "10"}},
}


def test_a_good_document_has_none() -> None:
    assert wire_faults(GOOD, Graph) == []
    assert wire_faults({"symbol": "BTC-USD", "side": "buy", "qty": "1"}, SimpleOrder) == []


def test_all_faults_come_at_once_each_with_its_path() -> None:
    node = GOOD["nodes"][0]
    bad = {
        "nodes": [
            node | {"side": "hold", "sied": 1, "quantity": {"fixed": {"qty": 1}}},
            {"node_id": 5, "instrument": {}, "side": "sell", "quantity": "most"},
        ],
        "edges": [{"from_node": "a", "trigger": {"on_timeout": {"ms": "soon"}, "on_full": 1}}],
        "risk": {"runtime": {"max_los_usd": 1}},
        "colour": "red",
    }
    found = dict(wire_faults(bad, Graph))
    assert set(found) == {
        "colour",
        "nodes[0].sied",
        "nodes[0].side",
        "nodes[0].quantity.fixed.qty",
        "nodes[0].quantity.fixed.qty_1e8",
        "nodes[1].node_id",
        "nodes[1].instrument.symbol",
        "nodes[1].quantity",
        "edges[0].to_node",
        "edges[0].trigger.on_full",
        "edges[0].trigger.on_timeout.ms",
        "risk.runtime.max_los_usd",
    }
    with pytest.raises(GraphError) as caught:
        parse_graph(bad)
    assert dict(caught.value.details) == found
    assert str(caught.value).startswith("colour: ")


def test_what_is_no_object_is_said_so_and_the_number_is_bounded() -> None:
    assert wire_faults({"nodes": [7]}, Graph)[0][0] == "nodes[0]"
    many = {"nodes": [], **{f"f{i}": i for i in range(500)}}
    assert len(wire_faults(many, Graph)) == FAULTS_MAX


def test_the_words_of_a_place_are_found_through_lists_and_unions() -> None:
    assert choices_at(Graph, "nodes[0].side") == "buy, sell"
    assert choices_at(Graph | SimpleOrder, "nodes[3].execution.urgency") == "low, medium, high"
    assert choices_at(dict[str, Graph], "[...].nodes[0].side") == "buy, sell"
    for nowhere in ("nodes[0].node_id", "nodes[0].sied", "x", "nodes", ""):
        assert choices_at(Graph, nowhere) == ""


def test_the_fields_of_a_place_are_those_of_its_struct() -> None:
    assert fields_at(Graph, "nodes[0].quantity") == "fixed, notional"
    assert fields_at(SimpleOrder, "").startswith("symbol, side")
    assert fields_at(Graph, "nodes[0].side") == "" and fields_at(Graph, "nodes[0].x") == ""
