"""Schemas say what the types say, and what types cannot."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from engine.model.graph import Graph, SimpleOrder
from engine.model.orders import TimeInForce
from engine.model.wire import Wire
from engine.service.rest.openapi_schemas import parameters_of, schemas_of
from engine.service.rest.openapi_words import WORDS


class Query(Wire, frozen=True, kw_only=True):
    """What a door may be asked."""

    symbol: str
    depth: Annotated[int, Meta(ge=1, le=100, description="levels")] = 10
    since_ns: int | None = None
    tif: TimeInForce | None = None
    only: bool = False


class Row(msgspec.Struct, frozen=True):
    """An answer."""

    qty_1e8: int
    count: int
    ratio: Decimal
    prices_1e9: dict[str, int] = {}


def test_parameters_are_the_fields_of_the_query() -> None:
    symbol, depth, since, tif, only = parameters_of(Query)
    assert symbol == {
        "name": "symbol",
        "in": "query",
        "required": True,
        "description": WORDS["symbol"],
        "schema": {"type": "string"},
    }
    assert depth["description"] == "levels" and depth["required"] is False
    assert depth["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 10}
    # A query string has no null: what is not given is left out.
    assert since["schema"]["type"] == "integer" and "default" not in since["schema"]
    assert set(tif["schema"]["enum"]) == {one.value for one in TimeInForce}
    assert only["schema"] == {"type": "boolean", "default": False}
    assert parameters_of(None) == [] and parameters_of(dict[str, str]) == []


def test_scaled_integers_are_64_bits_and_decimals_are_numbers_too() -> None:
    (ref,), components = schemas_of([Row])
    assert ref == {"$ref": "#/components/schemas/Row"}
    fields = components["Row"]["properties"]
    assert fields["qty_1e8"]["format"] == "int64" and fields["qty_1e8"]["maximum"] == 2**63 - 1
    assert fields["count"] == {"type": "integer"}
    assert fields["ratio"]["type"] == ["string", "number"]
    assert fields["prices_1e9"]["additionalProperties"]["format"] == "int64"


def test_a_body_of_two_shapes_is_either() -> None:
    (either, row), components = schemas_of([Graph | SimpleOrder, Row])
    assert either == {
        "anyOf": [
            {"$ref": "#/components/schemas/Graph"},
            {"$ref": "#/components/schemas/SimpleOrder"},
        ]
    }
    assert row == {"$ref": "#/components/schemas/Row"}
    assert components["Graph"]["additionalProperties"] is False
    assert {"Node", "Edge", "Execution"} <= set(components)
