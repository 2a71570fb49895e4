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


def test_a_no_order_is_told_as_no_everywhere() -> None:
    async def test(world: RestWorld) -> None:
        symbol = "btc-above-70k-year-end:no"
        made = await world.ok("POST", "/v1/orders", {"symbol": symbol, "side": "buy", "qty": 10})
        await world.done(made["graph_id"])
        fills = (await world.ok("GET", "/v1/fills"))["fills"]
        assert {(fill["symbol"], fill["side"]) for fill in fills} == {(symbol, "BUY")}
        money = sum(fill["price_1e9"] * fill["qty_1e8"] for fill in fills) / 1e17
        traces = (await world.ok("GET", f"/v1/traces?graph_id={made['graph_id']}"))["traces"]
        texts = [one["text"] for one in traces if one["event"] in ("CHILD_SENT", "FILL")]
        assert texts and all(text.startswith("buy 10 at 0.") for text in texts)
        prices = [one["text"].split()[-1] for one in traces if one["event"] == "FILL"]
        assert [float(text) for text in prices] == [one["price_1e9"] / 1e9 for one in fills[::-1]]
        for asked in ("", f"?symbol={symbol}", f"?symbol={symbol.removesuffix(':no')}"):
            summary = await world.ok("GET", f"/v1/execution/summary{asked}")
            assert abs(summary["total_notional_usd"] - money) < 1e-9
        assert (await world.go("GET", "/v1/execution/summary?symbol=nonsense")).status == 404

    with_rest(test)
