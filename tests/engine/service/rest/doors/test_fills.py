"""Fills with their costs, and traces step by step."""

from __future__ import annotations

from tests.support.rest_world import BUY, RestWorld, with_rest


def test_fills_carry_what_they_cost() -> None:
    async def test(world: RestWorld) -> None:
        made = await world.ok("POST", "/v1/orders", {**BUY, "qty": 2})
        graph = await world.done(made["graph_id"])
        page = await world.ok("GET", "/v1/fills?limit=1000")
        rows = page["fills"]
        assert page["total"] == len(rows) == graph["nodes"]["order"]["fill_count"]
        assert sum(row["qty_1e8"] for row in rows) == 200_000_000
        assert sum(row["fee_1e9"] for row in rows) == graph["nodes"]["order"]["fees_1e9"] > 0
        row = rows[0]
        assert row["node_order_id"] == f"graph:{made['graph_id']}:order:1"
        assert (row["side"], row["symbol"], row["node_id"]) == ("BUY", "BTC-USD", "order")
        assert row["fee_breakdown"]["commission_1e9"] > 0
        assert row["commission_asset"]
        seqs = [row["seq"] for row in rows]
        assert seqs == sorted(seqs, reverse=True)
        first = await world.ok("GET", "/v1/fills?limit=1")
        rest = await world.ok("GET", f"/v1/fills?limit=1000&cursor={first['next_cursor']}")
        assert first["fills"] + rest["fills"] == rows
        of_order = await world.ok(
            "GET", f"/v1/fills?node_order_id={row['node_order_id']}&limit=1000"
        )
        assert of_order["fills"] == rows
        assert (await world.ok("GET", "/v1/fills?symbol=SOL-USD"))["fills"] == []

    with_rest(test)


def test_traces_tell_the_whole_way_of_an_order() -> None:
    async def test(world: RestWorld) -> None:
        made = await world.ok("POST", "/v1/orders", BUY)
        await world.done(made["graph_id"])
        name = f"graph:{made['graph_id']}:order:1"
        page = await world.ok("GET", f"/v1/traces?node_order_id={name}")
        events = [step["event"] for step in page["traces"]]
        assert events[0] == "GRAPH_ACCEPTED"
        assert {"DECISION", "NODE_STARTED", "CHILD_SENT", "FILL"} <= set(events)
        assert page["count"] == len(events)
        stamps = [step["ts_ns"] for step in page["traces"]]
        assert stamps == sorted(stamps)
        short = await world.ok("GET", f"/v1/traces?graph_id={made['graph_id']}&limit=1")
        assert short["has_more"]
        assert short["traces"] == page["traces"][-1:]
        assert (await world.go("GET", "/v1/traces")).status == 422
        assert (await world.go("GET", "/v1/traces?node_order_id=graph:x:y:1")).status == 404
        assert (await world.go("GET", "/v1/traces?graph_id=x")).status == 404

    with_rest(test)
