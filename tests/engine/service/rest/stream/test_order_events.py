"""Entries as events: live and replayed the same, from the middle of a graph too."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from engine.model.records import GraphChanged, JournalEntry, NodeChanged
from engine.service.engine import ExecutionEngine
from engine.service.rest.stream.order_events import OrderEvents
from engine.service.rest.stream.topics import ORDER_KINDS, TopicKind
from tests.support.rest_world import RestWorld, with_rest
from tests.support.stream_server import Client, stream_world

EVENT = "btc-above-70k-year-end"
CHANNELS = ["orders", "fills", "routing", "tca"]


def told(events: OrderEvents, entries: list[JournalEntry]) -> list[tuple[int, str, Any]]:
    return [
        (entry.seq, one.kind.value, msgspec.json.decode(one.data))
        for entry in entries
        for one in events.of(entry, ORDER_KINDS)
    ]


def events_of(engine: ExecutionEngine) -> OrderEvents:
    return OrderEvents(engine.queries, engine.environment, lambda symbol: symbol.startswith("btc-"))


def test_a_start_in_the_middle_tells_the_same_as_from_the_beginning() -> None:
    async def main() -> None:
        async with stream_world() as world:
            engine = world.engine
            resting = {"symbol": "BTC-USD", "side": "buy", "qty": "0.01", "price": "1000"}
            run = await engine.submit(resting)
            assert (await run.pause("a moment")).text == ""
            await run.resume()
            await run.cancel()
            await run.done(10)
            await world.buy()
            await world.buy(symbol="btc-above-70k-year-end", qty="10")
            await engine.flush()
            entries = list(engine.queries.entries())
            whole = told(events_of(engine), entries)
            for start in range(1, len(entries)):
                rest = told(events_of(engine), entries[start:])
                assert rest == [one for one in whole if one[0] >= entries[start].seq], start
            orders = [data for _, kind, data in whole if kind == "orders"]
            words = [one["status"] for one in orders if one["graph_id"] == run.graph_id]
            assert words[0] == "ACCEPTED"
            assert "PAUSED" in words
            assert words[words.index("PAUSED") + 1 :][0] in ("PAUSED", "ACCEPTED", "RUNNING")
            assert words[-1] == "CANCELLED"
            reports = [data for _, kind, data in whole if kind == "tca"]
            assert [one["is_prediction"] for one in reports] == [False, False, True]
            assert reports[0]["achieved_vwap_1e9"] is None
            assert reports[1]["benchmark_vwap_1e9"] > 0
            assert reports[1]["savings_vs_single_venue_bps"] is not None

    asyncio.run(main())


def test_only_the_kinds_that_are_wanted_are_made() -> None:
    async def main() -> None:
        async with stream_world() as world:
            await world.buy()
            await world.engine.flush()
            entries = list(world.engine.queries.entries())
            events = events_of(world.engine)
            for kind in TopicKind:
                made = [one for entry in entries for one in events.of(entry, frozenset({kind}))]
                assert {one.kind for one in made} == ({kind} if kind in ORDER_KINDS else set())
            changed = [one for one in entries if isinstance(one.payload, NodeChanged)]
            fresh = events_of(world.engine)
            only = [
                one for entry in entries for one in fresh.of(entry, frozenset({TopicKind.ORDERS}))
            ]
            assert len(only) == 1 + len(changed)
            assert isinstance(entries[-1].payload, GraphChanged)
            assert not list(fresh.of(entries[-1], frozenset()))

    asyncio.run(main())


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("symbol", [f"{EVENT}:no", EVENT, "ETH-USD"])
def test_events_are_the_rest_rows_of_the_same_order(symbol: str, side: str) -> None:
    async def test(world: RestWorld) -> None:
        headers = {"Authorization": f"Bearer {world.raw}"}
        url = f"{world.service.url}/v1/stream"
        async with world.session.ws_connect(url, headers=headers) as ws:
            client = Client(ws)
            await client.ask(subscribe=CHANNELS)
            body = {"symbol": symbol, "side": side, "qty": 10}
            graph_id = (await world.ok("POST", "/v1/orders", body))["graph_id"]
            name = f"graph:{graph_id}:order:1"
            graph = await world.done(graph_id)
            frames = await client.until(lambda frame: frame.get("channel") == "tca")
        by_topic: dict[str, list[dict[str, Any]]] = {}
        for frame in frames:
            by_topic.setdefault(frame["channel"], []).append(frame["data"])
        (report,) = by_topic["tca"]
        (order,) = (await world.ok("GET", f"/v1/orders?node_order_id={name}"))["orders"]
        fills = (await world.ok("GET", f"/v1/fills?node_order_id={name}"))["fills"]
        assert by_topic["orders"][-1] == order
        assert {(one["symbol"], one["side"]) for one in by_topic["orders"]} == {
            (symbol, side.upper())
        }
        assert by_topic["fills"] == fills[::-1]
        node = graph["nodes"]["order"]
        for field in ("avg_fill_price_1e9", "fees_1e9", "fill_count", "filled_qty_1e8"):
            assert node[field] == order[field]
        path = f"/v1/execution/decisions?node_order_id={name}"
        decisions = (await world.ok("GET", path))["decisions"]
        assert len(by_topic["routing"]) == len(decisions) >= 1
        for one, row in zip(by_topic["routing"], decisions[::-1], strict=True):
            assert (one["symbol"], one["side"]) == (row["symbol"], row["side"].upper())
            assert one["legs"] == row["legs"]
            for field in ("est_cost_bps", "best_single_cost_bps"):
                assert one[field] == pytest.approx(row[field], rel=1e-6)
        review = await world.ok("GET", f"/v1/execution/review/{name}")
        assert (report["symbol"], report["side"]) == (symbol, side.upper())
        assert report["achieved_vwap_1e9"] == order["avg_fill_price_1e9"]
        arrival = review["benchmarks"]["arrival_slippage_bps"]
        assert report["slippage_bps"] == pytest.approx(arrival, rel=1e-3)
        paid = review["decisions"][-1]["realised_cost_bps"]
        assert report["total_cost_bps"] == pytest.approx(paid, rel=1e-3)
        # Nothing else traded: what was estimated is what it came to, in the same unit.
        assert report["est_cost_bps"] == pytest.approx(report["total_cost_bps"], abs=1.0)
        assert (report["est_cost_cents"] is None) is (symbol == "ETH-USD")
        if report["est_cost_cents"] is not None:
            assert report["est_cost_cents"] == pytest.approx(report["total_cost_cents"], abs=0.01)

    with_rest(test)


def test_traces_of_a_no_order_are_told_alike_on_both_ways() -> None:
    async def test(world: RestWorld) -> None:
        (stack,) = world.service.desk.stacks.values()
        engine = stack.engine
        body = {"symbol": f"{EVENT}:no", "side": "buy", "qty": 10}
        graph_id = (await world.ok("POST", "/v1/orders", body))["graph_id"]
        await world.done(graph_id)
        shown = (await world.ok("GET", f"/v1/traces?graph_id={graph_id}"))["traces"]
        texts = [one["text"] for one in shown if one["event"] in ("DECISION", "CHILD_SENT", "FILL")]
        assert len(texts) >= 3
        assert all(text.startswith("buy 10 ") for text in texts)
        events = OrderEvents(engine.queries, engine.environment, given=stack.markets.given)
        kinds = frozenset({TopicKind.TRACES})
        made = [
            msgspec.json.decode(one.data)
            for entry in engine.queries.entries()
            for one in events.of(entry, kinds)
            if one.graph_id == graph_id
        ]
        assert made == shown

    with_rest(test)
