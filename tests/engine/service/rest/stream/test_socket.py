"""The stream over a real socket: acks, events in sequence, isolation, resume, faults, the end."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from engine.service.api_error import ApiError
from engine.service.rest.stream.limits import StreamLimits
from engine.service.rest.stream.socket import Pace
from tests.support.stream_server import caller_of, stream_world

ORDER_CHANNELS = ["orders", "fills", "routing", "tca", "traces"]


def is_end(frame: dict[str, Any]) -> bool:
    return frame.get("channel") == "traces" and frame["data"]["event"] == "GRAPH_COMPLETED"


def test_an_order_is_told_on_every_topic_in_sequence() -> None:
    async def main() -> None:
        async with stream_world() as world:
            client = await world.connect()
            ack = await client.ask(subscribe=[*ORDER_CHANNELS, "deployment:x", "nonsense"])
            assert ack["subscribed"] == ORDER_CHANNELS
            assert ack["rejected"] == ["deployment:x", "nonsense"]
            assert set(ack["reasons"]) == {"deployment:x", "nonsense"}
            graph_id = await world.buy(qty="0.5")
            frames = await client.until(is_end)
            seqs = [frame["seq"] for frame in frames]
            assert seqs == sorted(seqs)
            orders = [frame["data"] for frame in frames if frame["channel"] == "orders"]
            assert orders[0]["status"] == "ACCEPTED"
            assert orders[-1]["status"] == "COMPLETED"
            assert {one["client_id"] for one in orders} == {"local"}
            fills = [frame for frame in frames if frame["channel"] == "fills"]
            rows = await world.engine.fills()
            assert [one["seq"] for one in fills] == sorted(row.seq for row in rows)
            assert sum(one["data"]["qty_1e8"] for one in fills) == 50_000_000
            report = next(one["data"] for one in frames if one["channel"] == "tca")
            state = await world.engine.status(graph_id)
            assert report["achieved_vwap_1e9"] == state.nodes["order"].avg_fill_price_1e9
            assert report["fees_1e9"] == state.nodes["order"].fees_1e9
            assert report["benchmark_vwap_1e9"] > 0
            assert sum(one["qty_1e8"] for one in report["venue_mix"]) == 50_000_000
            routing = next(one["data"] for one in frames if one["channel"] == "routing")
            assert routing["chosen"] in {leg["venue"] for leg in routing["legs"]}

    asyncio.run(main())


def test_a_row_is_the_row_of_the_store() -> None:
    async def main() -> None:
        async with stream_world() as world:
            client = await world.connect()
            await client.ask(subscribe=["orders"])
            await world.buy()
            frames = await client.until(lambda one: one["data"]["status"] == "COMPLETED")
            row = (await world.engine.orders())[0]
            last = frames[-1]["data"]
            assert last["node_order_id"] == row.node_order_id
            assert last["seq"] == row.order_number
            assert last["filled_qty_1e8"] == row.filled_qty_1e8
            assert last["avg_fill_price_1e9"] == row.avg_fill_price_1e9
            assert last["fees_1e9"] == row.fees_1e9
            assert last["created_unix_ns"] == row.created_ns
            assert frames[-1]["seq"] == row.state_seq

    asyncio.run(main())


def test_two_clients_see_only_their_own() -> None:
    async def main() -> None:
        async with stream_world() as world:
            alice, bob = await world.connect("alice"), await world.connect("bob")
            for client in (alice, bob):
                await client.ask(subscribe=ORDER_CHANNELS)
            hers = await world.buy("alice")
            his = await world.buy("bob")
            for client, graph_id, name in ((alice, hers, "alice"), (bob, his, "bob")):
                frames = await client.until(is_end)
                assert {one["data"]["graph_id"] for one in frames} == {graph_id}
                rows = [one["data"] for one in frames if one["channel"] == "orders"]
                assert {one["client_id"] for one in rows} == {name}
            spy = await world.connect("bob")
            ack = await spy.ask(subscribe=[f"traces:{hers}"], resume_from=0)
            assert ack["subscribed"] == [f"traces:{hers}"]
            await spy.ask(subscribe=["fills"])
            await world.buy("alice")
            await world.buy("bob")
            assert (await spy.next())["channel"] == "fills"

    asyncio.run(main())


def test_a_new_connection_gets_exactly_what_it_missed() -> None:
    async def main() -> None:
        async with stream_world() as world:
            witness = await world.connect()
            await witness.ask(subscribe=ORDER_CHANNELS)
            first = await world.connect()
            await first.ask(subscribe=ORDER_CHANNELS)
            await world.buy()
            seen = await first.until(is_end)
            await first.ws.close()
            for _ in range(3):
                await world.buy()
            second = await world.connect()
            at = seen[-1]["seq"]
            ack = await second.ask(subscribe=ORDER_CHANNELS, resume_from=at)
            assert (ack["resumed_from"], ack["resumed_to"]) == (at, await world.head())
            await world.buy()
            for _ in range(4):
                seen += await second.until(is_end)
            expected: list[dict[str, Any]] = []
            for _ in range(5):
                expected += await witness.until(is_end)
            assert seen == expected

    asyncio.run(main())


def test_a_resume_may_come_before_or_after_the_subscription() -> None:
    async def main() -> None:
        async with stream_world() as world:
            at = await world.head()
            await world.buy()
            before, after = await world.connect(), await world.connect()
            ack = await before.ask(resume_from=at)
            assert "resumed_from" not in ack
            ack = await before.ask(subscribe=["fills"])
            assert ack["resumed_from"] == at
            await after.ask(subscribe=["fills"])
            ack = await after.ask(resume_from=at)
            assert ack["resumed_from"] == at
            fill = await before.next()
            assert fill["channel"] == "fills"
            assert await after.next() == fill
            # What was sent once is not sent again, however often one asks.
            await after.ask(resume_from=at)
            await world.buy()
            assert (await after.next())["seq"] > fill["seq"]

    asyncio.run(main())


@pytest.mark.parametrize("at", [-1, 10**9, 2**63, "1", None, 1.5])
def test_a_resume_that_cannot_be_is_refused(at: object) -> None:
    async def main() -> None:
        async with stream_world() as world:
            client = await world.connect()
            answer = await client.ask(resume_from=at, subscribe=["fills"])
            if at == 10**9:
                assert answer["subscribed"] == ["fills"]
                answer = await client.next()
            assert answer["error"]["message"]

    asyncio.run(main())


def test_a_resume_from_too_long_ago_is_refused_with_the_way_out() -> None:
    async def main() -> None:
        async with stream_world(StreamLimits(replay_entries=5)) as world:
            await world.buy()
            client = await world.connect()
            await client.ask(subscribe=["fills"])
            answer = await client.ask(resume_from=0)
            answer = answer if "error" in answer else await client.next()
            assert "GET /v1/fills" in answer["error"]["message"]
            await world.buy()
            assert (await client.next())["channel"] == "fills"

    asyncio.run(main())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "{}",
        "[]",
        '{"subscribe":"orders"}',
        '{"subscribe":[1]}',
        '{"subscribe":[""]}',
        '{"sub":["orders"]}',
        '{"subscribe":["orders"],"more":1}',
        '{"unsubscribe":{}}',
        "[" * 30_000,
        '{"subscribe":' + "[" * 30_000,
        '{"subscribe":["' + "x" * 600 + '"]}',
        '{"subscribe":[' + ",".join(['"orders"'] * 257) + "]}",
    ],
)
def test_a_malformed_frame_is_answered_and_the_connection_goes_on(text: str) -> None:
    async def main() -> None:
        async with stream_world() as world:
            client = await world.connect()
            await client.ws.send_str(text)
            answer = await client.next()
            assert answer["error"]["code"] in ("BAD_REQUEST", "VALIDATION_ERROR")
            assert (await client.ask(subscribe=["orders"]))["subscribed"] == ["orders"]

    asyncio.run(main())


def test_binary_is_answered_and_a_frame_too_large_ends_the_connection() -> None:
    async def main() -> None:
        async with stream_world() as world:
            client = await world.connect()
            await client.ws.send_bytes(b"{}")
            assert (await client.next())["error"]["code"] == "BAD_REQUEST"
            await client.ws.send_str(" " * 70_000)
            assert (await client.ended())[1] == aiohttp.WSCloseCode.MESSAGE_TOO_BIG

    asyncio.run(main())


def test_channels_are_bounded_and_can_be_left() -> None:
    async def main() -> None:
        async with stream_world(StreamLimits(channels=3)) as world:
            client = await world.connect()
            ack = await client.ask(subscribe=["orders", "fills", "orders", "tca", "routing"])
            assert ack["subscribed"] == ["orders", "fills", "tca"]
            assert ack["rejected"] == ["routing"]
            ack = await client.ask(unsubscribe=["orders", "prices:BTC-USD"], subscribe=["routing"])
            assert ack["unsubscribed"] == ["orders"]
            assert ack["rejected"] == ["prices:BTC-USD"]
            assert ack["subscribed"] == ["routing"]
            await world.buy()
            channels = {(await client.next())["channel"] for _ in range(3)}
            assert channels == {"routing", "fills", "tca"}

    asyncio.run(main())


def test_what_is_no_handshake_is_an_error_and_leaves_nothing_behind() -> None:
    async def main() -> None:
        async with stream_world() as world:
            headers = {"Authorization": "Bearer local"}
            async with world.session.get(world.url + "/v1/stream", headers=headers) as answer:
                assert answer.status == 400
                assert "upgrade" in await answer.text()
            assert world.hub.stats.readers == 0

    asyncio.run(main())


def test_stopping_says_going_away_to_all() -> None:
    async def main() -> None:
        async with stream_world() as world:
            clients = [await world.connect() for _ in range(3)]
            for client in clients:
                await client.ask(subscribe=["orders", "prices:BTC-USD"])
            stopping = asyncio.create_task(world.hub.stop())
            for client in clients:
                assert (await client.ended())[1] == aiohttp.WSCloseCode.GOING_AWAY
            await stopping
            assert world.hub.stats.readers == 0
            assert world.hub.markets.feeds == 0
            with pytest.raises(ApiError, match="stopping"):
                world.hub.admit(caller_of())

    asyncio.run(main())


def test_frames_are_read_at_a_pace() -> None:
    pace = Pace(rate=10.0, burst=3)
    assert [pace.wait_s(5.0) for _ in range(5)] == pytest.approx([0, 0, 0, 0.1, 0.2])
    assert pace.wait_s(100.0) == 0

    async def main() -> None:
        async with stream_world(StreamLimits(frames_burst=2, frames_per_s=200.0)) as world:
            client = await world.connect()
            for _ in range(10):
                await client.ws.send_str('{"subscribe":["orders"]}')
            for _ in range(10):
                assert (await client.next())["subscribed"] == ["orders"]

    asyncio.run(main())
