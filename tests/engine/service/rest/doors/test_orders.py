"""Orders over REST: simple, graph, dry run, lists, ids in both forms, amend, decrease, cancel."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from engine.service.access.scopes import Scope
from tests.support.rest_world import BUY, RESTING, RestWorld, with_rest

TRADER = frozenset({Scope.READ, Scope.TRADE})
RESTS = "working_qty_1e8"


async def resting(world: RestWorld, **changes: Any) -> tuple[str, str]:
    """Graph and order id of an order that rests at its venue."""
    made = await world.ok("POST", "/v1/orders", {**RESTING, **changes})
    path = f"/v1/execution_graphs/{made['graph_id']}"
    graph = await world.until(path, lambda graph: graph["nodes"]["order"][RESTS] > 0)
    return made["graph_id"], graph["nodes"]["order"]["node_order_id"]


def test_a_simple_order_is_a_graph_of_one_node_and_is_filled() -> None:
    async def test(world: RestWorld) -> None:
        made = await world.ok("POST", "/v1/orders", BUY)
        assert made["status"] == "active"
        assert (made["node_count"], made["edge_count"]) == (1, 0)
        await world.done(made["graph_id"])
        page = await world.ok("GET", "/v1/orders")
        (row,) = page["orders"]
        assert (page["total"], page["has_more"], page["limit"], page["offset"]) == (1, False, 50, 0)
        assert row["node_order_id"] == f"graph:{made['graph_id']}:order:1"
        assert (row["side"], row["status"], row["symbol"]) == ("BUY", "COMPLETED", "BTC-USD")
        assert row["filled_qty_1e8"] == row["qty_1e8"] == 1_000_000
        assert row["failure_reason"] is None
        for name in (row["node_order_id"], row["node_order_id"].removeprefix("graph:")):
            assert await world.ok("GET", f"/v1/orders/{quote(name, safe='')}") == row
            found = await world.ok("GET", f"/v1/orders?node_order_id={quote(name, safe='')}")
            assert found["orders"] == [row]

    with_rest(test)


def test_the_short_forms_wrong_words_are_all_told() -> None:
    async def test(world: RestWorld) -> None:
        for body, field in (
            ({**BUY, "qty": -1}, "qty"),
            ({**BUY, "price": -1}, "price"),
            ({**BUY, "venue": "nowhere"}, "venue"),
            ({**BUY, "side": "hold"}, "side"),
            ({"symbol": "BTC-USD", "side": "buy"}, "qty"),
            ({**BUY, "notional": 5}, "qty"),
            ({**BUY, "symbol": "NO-SUCH"}, "symbol"),
            ({"nodes": [], "edges": []}, None),
            ({**BUY, "graph_id": "graph"}, "graph_id"),
            ({**BUY, "graph_id": "a:b"}, None),
        ):
            answer = await world.go("POST", "/v1/orders", body)
            assert answer.status in (404, 422), answer.text
            if field is not None:
                assert field in [one["field"] for one in answer.json["error"]["details"]]
        assert (await world.ok("GET", "/v1/orders"))["total"] == 0

    with_rest(test)


def test_a_dry_run_tells_the_worst_case_and_submits_nothing() -> None:
    async def test(world: RestWorld) -> None:
        found = await world.ok("POST", "/v1/orders?dry_run=true", BUY)
        assert found["dry_run"]["long_1e9"] > 0
        assert (await world.ok("GET", "/v1/orders"))["total"] == 0
        answer = await world.go("POST", "/v1/orders?dry_run=perhaps", BUY)
        assert answer.status == 422

    with_rest(test)


def test_the_same_graph_id_again_is_the_same_graph_and_another_body_a_conflict() -> None:
    async def test(world: RestWorld) -> None:
        body = {**BUY, "graph_id": "mine"}
        first = await world.ok("POST", "/v1/orders", body)
        assert await world.ok("POST", "/v1/orders", body) == first
        answer = await world.go("POST", "/v1/orders", {**body, "qty": 0.5})
        assert (answer.status, answer.code) == (409, "CONFLICT")
        assert {"field": "reason", "message": "DUPLICATE_GRAPH"} in answer.json["error"]["details"]

    with_rest(test)


def test_pages_by_cursor_stand_still_while_orders_come() -> None:
    async def test(world: RestWorld) -> None:
        for k in range(5):
            made = await world.ok("POST", "/v1/orders", {**BUY, "graph_id": f"g{k}"})
            await world.done(made["graph_id"])
        first = await world.ok("GET", "/v1/orders?limit=2")
        assert [row["graph_id"] for row in first["orders"]] == ["g4", "g3"]
        assert first["has_more"]
        made = await world.ok("POST", "/v1/orders", {**BUY, "graph_id": "late"})
        await world.done(made["graph_id"])
        rest = await world.ok("GET", f"/v1/orders?limit=9&cursor={first['next_cursor']}")
        assert [row["graph_id"] for row in rest["orders"]] == ["g2", "g1", "g0"]
        assert (rest["has_more"], rest["next_cursor"]) == (False, None)
        moved = await world.ok("GET", "/v1/orders?limit=2&offset=2")
        assert [row["graph_id"] for row in moved["orders"]] == ["g3", "g2"]
        assert (await world.ok("GET", "/v1/orders?symbol=ETH-USD"))["total"] == 0

    with_rest(test)


def test_an_order_is_amended_and_its_old_id_stays_valid() -> None:
    async def test(world: RestWorld) -> None:
        _, name = await resting(world)
        path = f"/v1/orders/{quote(name, safe='')}"
        body = {"new_constraints": {"max_price_1e9": 59_000_000_000_000}}
        changed = await world.ok("PATCH", path, body)
        assert changed["status"] == "accepted"
        assert changed["mode"] in ("cancel_replace", "native_amend")
        row = await world.ok("GET", path)
        assert row["node_order_id"] == changed["node_order_id"]
        assert row["status"] == "RUNNING"
        answer = await world.go("PATCH", path, {})
        assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")
        answer = await world.go("PATCH", path, {"new_qty_1e8": 0})
        assert answer.status == 422
        await world.ok("DELETE", path)
        await world.until(path, lambda row: row["status"] == "CANCELLED")
        answer = await world.go("PATCH", path, {"new_qty_1e8": 500_000})
        assert (answer.status, answer.code) == (409, "CONFLICT")

    with_rest(test)


def test_what_cannot_be_traded_is_refused_with_its_reason() -> None:
    async def test(world: RestWorld) -> None:
        def told(answer: Any) -> str:
            details: list[dict[str, str]] = answer.json["error"]["details"]
            return details[-1]["message"]

        _, name = await resting(world)
        path = f"/v1/orders/{quote(name, safe='')}"
        far = {"new_constraints": {"max_price_1e9": 150_000 * 10**9}}
        answer = await world.go("PATCH", path, far)
        assert (answer.status, told(answer)) == (422, "PRICE_DEVIATION")
        row = await world.ok("GET", path)
        assert (row["node_order_id"], row["status"]) == (name, "RUNNING")
        for query in ("", "?dry_run=true"):
            answer = await world.go("POST", f"/v1/orders{query}", {**BUY, "qty": 1e-8})
            assert (answer.status, told(answer)) == (422, "BELOW_MINIMUM")
            event = {"symbol": "KXBTCZ-26DEC31-T70000", "side": "buy", "qty": 10, "price": 1.5}
            answer = await world.go("POST", f"/v1/orders{query}", event)
            assert answer.status == 422
            assert answer.json["error"]["details"][0]["field"] == "price"
        dry = await world.ok("POST", "/v1/orders?dry_run=true", {**BUY, "price": 150_000})
        (finding,) = dry["dry_run"]["findings"]
        assert finding["kind"] == "risk_refuses" and "PRICE_DEVIATION" in finding["text"]

    with_rest(test)


def test_a_decrease_takes_off_what_remains() -> None:
    async def test(world: RestWorld) -> None:
        _, name = await resting(world)
        path = f"/v1/orders/{quote(name, safe='')}"
        changed = await world.ok("POST", f"{path}/decrease", {"reduce_by_1e8": 400_000})
        assert changed["mode"] in ("cancel_replace_shrink", "native_decrease")
        await world.until(path, lambda row: row["qty_1e8"] == 600_000)
        for amount in (600_000, 10**9, 0, -1):
            answer = await world.go("POST", f"{path}/decrease", {"reduce_by_1e8": amount})
            assert answer.status in (409, 422), answer.text
        await world.ok("DELETE", path)

    with_rest(test)


def test_a_cancel_takes_an_order_in_both_forms_or_a_whole_graph() -> None:
    async def test(world: RestWorld) -> None:
        for form in ("order", "short", "graph"):
            graph_id, name = await resting(world)
            given = {"order": name, "short": name.removeprefix("graph:"), "graph": graph_id}[form]
            path = f"/v1/orders/{quote(given, safe='')}"
            row = await world.ok("DELETE", path)
            assert row["graph_id"] == graph_id
            assert (await world.done(graph_id))["status"] == "cancelled"
            again = await world.ok("DELETE", path)
            assert again["status"] == "CANCELLED"
        answer = await world.go("DELETE", "/v1/orders/graph")
        assert (answer.status, answer.code) == (404, "NOT_FOUND")

    with_rest(test)


@pytest.mark.parametrize(
    "name", ["graph:nobody:order:1", "nobody", "graph", "a:b", "%00", "x" * 500]
)
def test_an_id_that_names_nothing_is_404(name: str) -> None:
    async def test(world: RestWorld) -> None:
        path = f"/v1/orders/{quote(name, safe='')}"
        for method, body in (("GET", None), ("PATCH", {"new_qty_1e8": 1}), ("DELETE", None)):
            answer = await world.go(method, path, body)
            assert (answer.status, answer.code) == (404, "NOT_FOUND")

    with_rest(test)


def test_orders_of_another_client_are_not_there() -> None:
    async def test(world: RestWorld) -> None:
        bob = world.key(TRADER, "bob")
        graph_id, name = await resting(world)
        path = f"/v1/orders/{quote(name, safe='')}"
        calls = [
            ("GET", path, None),
            ("PATCH", path, {"new_qty_1e8": 1}),
            ("POST", f"{path}/decrease", {"reduce_by_1e8": 1}),
            ("DELETE", path, None),
            ("GET", f"/v1/execution_graphs/{graph_id}", None),
            ("DELETE", f"/v1/execution_graphs/{graph_id}", None),
            ("POST", f"/v1/execution_graphs/{graph_id}/pause", {}),
            ("POST", f"/v1/execution_graphs/{graph_id}/resume", None),
            ("PATCH", f"/v1/execution_graphs/{graph_id}/nodes/order", {"urgency": "high"}),
            ("GET", f"/v1/traces?graph_id={graph_id}", None),
        ]
        answers = [await world.go(method, at, body, key=bob) for method, at, body in calls]
        assert {one.status for one in answers} == {404}
        for listed in ("/v1/orders", "/v1/fills"):
            assert (await world.ok("GET", listed, key=bob))["total"] == 0
        assert (await world.ok("GET", path))["status"] == "RUNNING"
        # The same graph id is free for another client.
        body = {**BUY, "graph_id": graph_id}
        made = await world.ok("POST", "/v1/orders", body, key=bob)
        await world.until(
            f"/v1/execution_graphs/{made['graph_id']}",
            lambda g: g["status"] == "completed",
            key=bob,
        )
        assert (await world.ok("GET", path))["status"] == "RUNNING"
        await world.ok("DELETE", path)

    with_rest(test)


def test_what_cannot_be_a_lot_is_mended_only_where_it_is_a_truncated_float() -> None:
    async def test(world: RestWorld) -> None:
        node = {
            "node_id": "order",
            "instrument": {"symbol": "BTC-USD", "type": "spot", "venue": None},
            "side": "buy",
            "order_type": "market",
            "quantity": {"fixed": {"qty_1e8": int(0.29 * 1e8)}},
            "execution": {},
            "activation": "root",
        }
        made = await world.ok("POST", "/v1/orders", {"nodes": [node], "edges": []})
        graph = await world.done(made["graph_id"])
        assert graph["nodes"]["order"]["filled_qty_1e8"] == 29_000_000

    with_rest(test)


def test_many_at_once_are_all_filled() -> None:
    async def test(world: RestWorld) -> None:
        bodies = [{**BUY, "qty": 0.001, "graph_id": f"m{k}"} for k in range(40)]
        await asyncio.gather(*(world.ok("POST", "/v1/orders", body) for body in bodies))
        for body in bodies:
            assert (await world.done(body["graph_id"]))["status"] == "completed"
        assert (await world.ok("GET", "/v1/fills?limit=1000"))["total"] >= 40

    with_rest(test)


def test_a_key_may_ask_for_ids_that_the_published_cancel_understands() -> None:
    async def test(world: RestWorld) -> None:
        made = await world.ok("POST", "/v1/api_keys", {"label": "bot", "compact_ids": True})
        key = made["api_key"]
        graph_id, _ = await resting(world)
        row = (await world.ok("GET", "/v1/orders", key=key))["orders"][0]
        assert row["node_order_id"] == f"{graph_id}:order:1"
        # What the published client does with it.
        path = f"/v1/execution_graphs/{row['node_order_id'].split(':')[0]}"
        await world.ok("DELETE", path, key=key)
        await world.done(graph_id)

    with_rest(test)


def test_a_long_page_is_the_same_as_short_ones() -> None:
    async def test(world: RestWorld) -> None:
        for k in range(25):
            made = await world.ok("POST", "/v1/orders", {**BUY, "qty": 0.001, "graph_id": f"p{k}"})
            await world.done(made["graph_id"])
        whole = await world.ok("GET", "/v1/orders?limit=1000")
        parts = []
        cursor = ""
        while cursor is not None:
            page = await world.ok("GET", f"/v1/orders?limit=7{cursor and '&cursor=' + cursor}")
            parts += page["orders"]
            cursor = page["next_cursor"]
        assert parts == whole["orders"]
        fills = await world.ok("GET", "/v1/fills?limit=1000")
        assert fills["total"] == len(fills["fills"]) >= 25

    with_rest(test)
