"""Doubled keys and disguised numbers are found, whatever the shape of the document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from engine.errors import GraphError
from engine.model.document_faults import DECIMAL_FIELDS, doubled_keys, odd_numbers
from engine.model.graph import Graph, SimpleOrder
from engine.model.intake import parse_graph

SIMPLE = '{"symbol":"KX:NO","side":"buy","qty":1}'


def structs_below(kind: Any, seen: set[type]) -> Iterator[type]:
    for part in get_args(kind):
        yield from structs_below(part, seen)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in seen:
        seen.add(kind)
        yield kind
        for hint in get_type_hints(kind).values():
            yield from structs_below(hint, seen)


def test_every_decimal_field_of_an_order_is_known() -> None:
    found = {
        name
        for root in (Graph, SimpleOrder)
        for kind in structs_below(root, set())
        for name, hint in get_type_hints(kind).items()
        if Decimal in (hint, *get_args(hint))
    }
    assert found == DECIMAL_FIELDS


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (SIMPLE, []),
        ('{"symbol":"ETH-USD","qty":1,"qty":2}', ["qty"]),
        ('{"qty" :1, "qty": 2, "symbol":"A:B"}', ["qty"]),
        ('{"a":[{"b":1,"b":1},{"b":1}],"c":{"d":{}}}', ["b"]),
        ('{"a":[{"b":1},{"b":2}],"b":"x:y:z"}', []),
    ],
)
def test_keys_of_one_object_are_compared(body: str, names: list[str]) -> None:
    for text in (body, body.encode()):
        assert [name for name, _ in doubled_keys(text)] == names


@pytest.mark.parametrize("text", ["1_000", "\u0663", " 1", "1 ", "\uff11", "", "nan", "0x1"])
@pytest.mark.parametrize("field", ["qty", "notional", "price"])
def test_a_simple_order_needs_plain_decimals(field: str, text: str) -> None:
    order = {"symbol": "ETH-USD", "side": "buy", "qty": "1", field: text}
    assert [name for name, _ in odd_numbers(order)] == [field]
    for given in (order, json.dumps(order), json.dumps(order).encode()):
        with pytest.raises(GraphError) as caught:
            parse_graph(given)
        assert caught.value.details[0][0] == field


def test_plain_decimals_pass() -> None:
    for text in ("1", "0.29", "1e3", "+1.5", ".5", "2.", "1E-2"):
        assert odd_numbers({"qty": text}) == []
    assert odd_numbers({"qty": 1.5, "price": Decimal(1)}) == []


def test_a_graph_is_looked_through_but_not_its_metadata() -> None:
    graph = {
        "nodes": [],
        "edges": [{"sizing": {"ratio": "1_0"}}, {"condition": {"fill_ratio_gte": "0.5"}}],
        "risk": {"admission": {"max_notional_usd": " 5"}},
        "metadata": {"ratio": "1_0"},
    }
    paths = [path for path, _ in odd_numbers(graph)]
    assert paths == ["edges[0].sizing.ratio", "risk.admission.max_notional_usd"]


def test_a_doubled_key_refuses_the_order() -> None:
    with pytest.raises(GraphError, match="given twice"):
        parse_graph('{"symbol":"ETH-USD","side":"buy","qty":1,"qty":2}')
