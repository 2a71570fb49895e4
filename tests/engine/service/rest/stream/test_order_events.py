"""Entries as events: live and replayed the same, from the middle of a graph too."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from engine.model.records import GraphChanged, JournalEntry, NodeChanged
from engine.service.engine import ExecutionEngine
from engine.service.rest.stream.order_events import OrderEvents
from engine.service.rest.stream.topics import ORDER_KINDS, TopicKind
from tests.support.stream_server import stream_world


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
