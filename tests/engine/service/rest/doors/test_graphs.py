"""Graphs over REST: status with edges, pause and resume, new terms for a node."""

from __future__ import annotations

from typing import Any

from tests.support.rest_world import RESTING, RestWorld, with_rest

HEDGE: dict[str, Any] = {
    "nodes": [
        {
            "node_id": "spot",
            "instrument": {"symbol": "ETH-USD", "type": "spot"},
            "side": "buy",
            "quantity": {"fixed": {"qty_1e8": 200_000_000}},
        },
        {
            "node_id": "hedge",
            "instrument": {"symbol": "ETH-USD-PERP", "type": "perp", "venue": "hyperliquid"},
            "side": "sell",
            "quantity": {"fixed": {"qty_1e8": 200_000_000}},
            "activation": "wait",
        },
    ],
    "edges": [
        {
            "edge_id": "e0",
            "from_node": "spot",
            "to_node": "hedge",
            "trigger": "on_fill_ratio",
            "condition": {"fill_ratio_gte": 0.5},
        }
    ],
    "is_sandbox": True,
}


async def resting(world: RestWorld) -> str:
    """Path of a graph whose one order rests."""
    made = await world.ok("POST", "/v1/orders", RESTING)
    path = f"/v1/execution_graphs/{made['graph_id']}"
    await world.until(path, lambda graph: graph["nodes"]["order"]["working_qty_1e8"] > 0)
    return path


def test_the_reference_graph_runs_to_its_end() -> None:
    async def test(world: RestWorld) -> None:
        made = await world.ok("POST", "/v1/orders", HEDGE)
        assert (made["node_count"], made["edge_count"]) == (2, 1)
        graph = await world.done(made["graph_id"])
        assert (graph["status"], graph["client_id"]) == ("completed", "local")
        assert graph["edges"] == {"e0": {"status": "fired", "fired": True}}
        for node in graph["nodes"].values():
            assert node["status"] == "filled"
            assert node["filled_qty_1e8"] == node["target_qty_1e8"] == 200_000_000
            assert node["fill_count"] >= 1
            assert node["avg_fill_price_1e9"] > 0

    with_rest(test)


def test_a_graph_pauses_with_its_reason_and_goes_on() -> None:
    async def test(world: RestWorld) -> None:
        path = await resting(world)
        await world.ok("POST", f"{path}/pause", {"reason": "lunch"})
        graph = await world.until(path, lambda graph: graph["status"] == "paused")
        assert "lunch" in graph["reason"]
        row = (await world.ok("GET", "/v1/orders"))["orders"][0]
        assert row["status"] == "PAUSED"
        await world.ok("POST", f"{path}/resume")
        await world.until(path, lambda graph: graph["nodes"]["order"]["working_qty_1e8"] > 0)
        answer = await world.go("POST", f"{path}/pause", {"why": "x"})
        assert answer.status == 422
        await world.ok("DELETE", path)
        await world.until(path, lambda graph: graph["status"] == "cancelled")
        assert (await world.ok("DELETE", path))["status"] == "cancelled"
        answer = await world.go("POST", f"{path}/resume")
        assert (answer.status, answer.code) == (409, "CONFLICT")

    with_rest(test)


def test_a_node_gets_new_terms() -> None:
    async def test(world: RestWorld) -> None:
        path = await resting(world)
        node = f"{path}/nodes/order"
        changed = await world.ok("PATCH", node, {"qty_1e8": 2_000_000, "urgency": "high"})
        assert changed["node_id"] == "order"
        assert changed["mode"]
        await world.until(
            path, lambda graph: graph["nodes"]["order"]["target_qty_1e8"] == 2_000_000
        )
        for body in ({}, {"urgency": "now"}, {"qty_1e8": 0}, {"max_slippage_bps": -1}, {"x": 1}):
            assert (await world.go("PATCH", node, body)).status == 422
        answer = await world.go("PATCH", f"{path}/nodes/other", {"urgency": "low"})
        assert (answer.status, answer.code) == (404, "NOT_FOUND")
        await world.ok("DELETE", path)
        await world.until(path, lambda graph: graph["status"] == "cancelled")
        answer = await world.go("PATCH", node, {"urgency": "low"})
        assert (answer.status, answer.code) == (409, "CONFLICT")

    with_rest(test)


def test_an_order_id_in_place_of_a_graph_id_cancels_that_order() -> None:
    async def test(world: RestWorld) -> None:
        path = await resting(world)
        graph_id = path.rpartition("/")[2]
        answer = await world.go("DELETE", f"/v1/execution_graphs/graph%3A{graph_id}%3Aorder%3A1")
        assert answer.status == 200
        await world.until(path, lambda graph: graph["status"] == "cancelled")

    with_rest(test)


def test_the_published_clients_cut_off_id_is_a_clear_404() -> None:
    async def test(world: RestWorld) -> None:
        answer = await world.go("DELETE", "/v1/execution_graphs/graph")
        assert (answer.status, answer.code) == (404, "NOT_FOUND")
        assert "DELETE /v1/orders/" in answer.message
        for name in ("nobody", "a:b", "%20"):
            assert (await world.go("GET", f"/v1/execution_graphs/{name}")).status == 404

    with_rest(test)


def test_a_no_order_is_told_and_amended_in_its_own_prices() -> None:
    async def test(world: RestWorld) -> None:
        symbol = "btc-above-70k-year-end:no"
        made = await world.ok("POST", "/v1/orders", {"symbol": symbol, "side": "buy", "qty": 10})
        graph = await world.done(made["graph_id"])
        order = await world.ok("GET", f"/v1/orders/graph:{made['graph_id']}:order:1")
        average = order["avg_fill_price_1e9"]
        assert graph["nodes"]["order"]["avg_fill_price_1e9"] == average > 0
        fills = (await world.ok("GET", "/v1/fills"))["fills"]
        prices = [fill["price_1e9"] for fill in fills]
        assert min(prices) <= average <= max(prices)
        again = await world.ok("DELETE", f"/v1/execution_graphs/{made['graph_id']}")
        assert again["nodes"]["order"]["avg_fill_price_1e9"] == average
        # A limit that takes some and leaves the rest resting: it is shown by every answer.
        price = (max(prices) + 10_000_000) / 1e9
        body = {"symbol": symbol, "side": "buy", "qty": 100_000, "price": price}
        made = await world.ok("POST", "/v1/orders", body)
        path = f"/v1/execution_graphs/{made['graph_id']}"
        rests = await world.until(
            path, lambda graph: graph["nodes"]["order"]["working_qty_1e8"] > 0
        )
        shown = rests["nodes"]["order"]["avg_fill_price_1e9"]
        assert 0 < shown <= price * 1e9
        answer = await world.ok("PATCH", f"{path}/nodes/order", {"qty_1e8": 90_000 * 10**8})
        assert 0 < answer["node"]["avg_fill_price_1e9"] <= price * 1e9
        paused = await world.ok("POST", f"{path}/pause")
        assert 0 < paused["nodes"]["order"]["avg_fill_price_1e9"] <= price * 1e9

    with_rest(test)


def test_slices_are_parts_of_their_node_with_their_own_fills() -> None:
    async def test(world: RestWorld) -> None:
        node = {
            "node_id": "t",
            "instrument": {"symbol": "ETH-USD", "type": "spot"},
            "side": "buy",
            "quantity": {"fixed": {"qty_1e8": 3 * 10**8}},
            "execution": {"pacing": {"uniform": {"num_slices": 3, "interval_ms": 100}}},
        }
        made = await world.ok("POST", "/v1/orders", {"nodes": [node], "edges": []})
        graph = await world.done(made["graph_id"])
        whole = graph["nodes"].pop("t")
        assert whole["slice_of"] is None
        assert whole["working_qty_1e8"] == 0
        slices = list(graph["nodes"].values())
        assert [one["slice_of"] for one in slices] == ["t"] * 3
        for field in ("filled_qty_1e8", "fill_count", "fees_1e9"):
            assert sum(one[field] for one in slices) == whole[field] > 0
        fills = (await world.ok("GET", "/v1/fills?limit=1000"))["fills"]
        for one in slices:
            assert min(f["price_1e9"] for f in fills) <= one["avg_fill_price_1e9"]
            assert one["avg_fill_price_1e9"] <= max(f["price_1e9"] for f in fills)
            assert one["working_qty_1e8"] is one["unknown_qty_1e8"] is None

    with_rest(test)
