"""Doors of execution intelligence: what goes in, what comes out, what is refused."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from engine import ExecutionEngine
from engine.service.access.scopes import Scope
from engine.service.api_error import ApiError, ErrorCode
from engine.service.intelligence.board import Intelligence
from engine.service.rest.call import Call
from engine.service.rest.doors.execution import DOORS, exact, names
from tests.support.intelligence_rig import ETH, ended, with_board

BY_PATH = {door.path: door for door in DOORS}


def call(board: Intelligence, **path: str) -> Call:
    """A request of client `local`, as far as these doors look at it."""
    caller = SimpleNamespace(client_id="local")
    stack = SimpleNamespace(intelligence=board)
    return cast("Call", SimpleNamespace(path=path, caller=caller, client_id="local", stack=stack))


async def go(board: Intelligence, name: str, query: dict[str, str], **path: str) -> Any:
    """The answer as JSON, its query converted as the dispatcher does."""
    door = BY_PATH[f"/v1/execution/{name}"]
    asked = None
    if door.query_type is not None:
        asked = msgspec.convert(query, door.query_type, strict=False)
    answer = await door.handler(call(board, **path), asked, None)
    return msgspec.json.decode(msgspec.json.encode(answer))


def test_every_door_reads_only() -> None:
    assert {(door.method, door.scope) for door in DOORS} == {("GET", Scope.READ)}
    assert len(BY_PATH) == 6


def test_the_six_answer() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        order = {"symbol": "ETH-USD", "side": "buy", "qty": "10.0"}
        found = await go(board, "forecast", order)
        assert found["qty_1e8"] == 10 * ETH and found["expected_cost_bps"] > 0
        assert len(found["capacity_curve"]) >= 32
        more = {**order, "exclude_venues": "binance, kraken", "passive_only": "true"}
        (passive,) = (await go(board, "simulate", more))["strategies"]
        assert passive["venues"] == ["coinbase"] and passive["name"] == "passive"
        order_id = await ended(engine, "a")
        live = await go(board, "live/{node_order_id}", {}, node_order_id=order_id)
        assert live["terminal"] and live["fill_pct"] == 100.0
        review = await go(board, "review/{node_order_id}", {}, node_order_id=order_id)
        assert review["tca"]["delay_1e9"] == 0 and review["tca"]["shortfall_1e9"] > 0
        price = {"decision_price": "1"}
        late = await go(board, "review/{node_order_id}", price, node_order_id=order_id)
        assert late["tca"]["delay_1e9"] > 0
        summary = await go(board, "summary", {"symbol": "ETH-USD"})
        assert (summary["total_orders"], summary["start_date"]) == (1, summary["end_date"])
        decisions = await go(board, "decisions", {"last_n": "9999", "node_order_id": order_id})
        assert decisions["last_n"] == 1_000 and decisions["decisions"][0]["redone"]

    with_board(work)


def test_small_quantities_as_a_client_writes_floats() -> None:
    assert exact("qty", Decimal("1e-05"), 8) == 1_000
    assert exact("qty", Decimal("10.0"), 8) == 10 * ETH
    for text in ("1e-9", "0", "-1", "nan", "inf", "1e40"):
        with pytest.raises(ApiError) as refused:
            exact("qty", Decimal(text), 8)
        assert refused.value.code is ErrorCode.VALIDATION_ERROR
        assert refused.value.details[0][0] == "qty"


def test_lists_with_commas() -> None:
    assert names("a, b,,c ") == ("a", "b", "c")
    assert names("") == ()


def test_the_simulated_method_answers_with_a_job() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        order = {"symbol": "ETH-USD", "side": "buy", "qty": "1", "method": "simulated", "runs": "1"}
        job = await go(board, "simulate", order)
        assert (job["method"], job["status"]) == ("simulated", "running")
        assert board.scenarios.view("local", job["job_id"]).qty_1e8 == ETH

    with_board(work)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("forecast", {"symbol": "ETH-USD", "side": "hold", "qty": "1"}),
        ("forecast", {"symbol": "ETH-USD", "side": "buy"}),
        ("forecast", {"symbol": "ETH-USD", "side": "buy", "qty": "1", "size": "2"}),
        ("simulate", {"symbol": "ETH-USD", "side": "buy", "qty": "1", "urgency": "now"}),
        ("decisions", {"last_n": "0"}),
        ("decisions", {"last_n": "many"}),
    ],
)
def test_wrong_queries_are_refused(name: str, query: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        asyncio.run(go(cast("Intelligence", None), name, query))
