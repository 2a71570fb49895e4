"""Generated requests for every operation: no 500, and every answer is as the document says.

A few examples for each operation, the same in every run; the server runs on a thread of this
process. The socket doors are asked without an upgrade, which they refuse in words.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from engine.client import Client
from engine.service.rest.door import Door, path_names
from engine.service.rest.openapi import openapi_document
from engine.service.rest.table import all_doors
from tests.support.rest_server import Served, served

EXAMPLES = 3
CONFORMS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
FEW = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


GRAPH = "graph-of-this-test"
# What names exist, so that successes are seen too and not refusals alone.
KNOWN = {
    "symbol": "ETH-USD",
    "symbols": "ETH-USD,BTC-USD",
    "ticker": "ETH-USD",
    "side": "buy",
    "qty": "1.5",
    "slug": "btc-updown-yesterday",
    "graph_id": GRAPH,
    "node_order_id": f"graph:{GRAPH}:order:1",
    "venue": "kraken",
}
OTHERWISE = {
    "/v1/funding_history/{symbol}": {"symbol": "ETH-USD-PERP", "venue": "hyperliquid"},
    "/v1/markets": {"venue": "kalshi"},
}
READS = [
    door
    for door in all_doors()
    if door.method == "GET" and not door.socket and door.tag != "automation"
]


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served() as running:
        with Client(running.keys.admin, running.url) as client:
            client.buy("ETH-USD", 2, graph_id=GRAPH)
            while client.graph_status(GRAPH).status == "active":
                time.sleep(0.01)
        yield running


@pytest.fixture(scope="module")
def schema() -> BaseSchema:
    document = json.loads(msgspec.json.encode(openapi_document(all_doors())))
    return schemathesis.openapi.from_dict(document)


@pytest.mark.parametrize("door", all_doors(), ids=lambda door: f"{door.method} {door.path}")
def test_answers_are_as_the_document_says(server: Served, schema: BaseSchema, door: Door) -> None:
    operation = schema[door.path][door.method]
    headers = {"Authorization": f"Bearer {server.keys.admin}"}

    @FEW
    @given(case=operation.as_strategy())
    def ask(case: schemathesis.Case) -> None:
        response = case.call(base_url=server.url, headers=headers)
        assert response.status_code != 500, response.text
        case.validate_response(response, checks=CONFORMS)

    ask()


@pytest.mark.parametrize("door", READS, ids=lambda door: door.path)
def test_successes_are_as_the_document_says(server: Served, schema: BaseSchema, door: Door) -> None:
    known = KNOWN | OTHERWISE.get(door.path, {})
    fields = getattr(door.query_type, "__struct_fields__", ())
    case = schema[door.path]["GET"].Case(
        path_parameters={name: known.get(name, "unknown") for name in path_names(door.path)},
        query={name: known[name] for name in fields if name in known},
    )
    headers = {"Authorization": f"Bearer {server.keys.admin}"}
    response = case.call(base_url=server.url, headers=headers)
    # What the sandbox has none of: tokens in a programme, and jobs that nobody began.
    nothing = "{token_id}" in door.path or "{job_id}" in door.path
    assert response.status_code == (404 if nothing else 200), response.text
    case.validate_response(response, checks=CONFORMS)
