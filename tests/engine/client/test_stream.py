"""The stream against a server that drops it: no gap, no repeat, refusals told."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from aiohttp import web

from engine.client.errors import ClientError
from engine.client.stream import StreamEvent, events, lifecycle_events
from engine.client.transport import Transport
from tests.support.http_stub import Socket, Stub, stub

ACK = {"subscribed": ["orders"], "rejected": [], "reasons": {}}


class Feed:
    """Sends one list of frames for each connection, and keeps what it was asked for."""

    def __init__(self, *connections: list[object], close: int = 1001) -> None:
        self.connections = list(connections)
        self.close = close
        self.heard: list[Any] = []

    async def __call__(self, socket: web.WebSocketResponse) -> None:
        self.heard.append(msgspec.json.decode((await socket.receive()).data))
        for frame in self.connections.pop(0):
            await socket.send_str(msgspec.json.encode(frame).decode())
        await socket.close(code=self.close)


async def collect(server: Stub, count: int, **options: Any) -> list[StreamEvent]:
    transport = Transport("key", server.url)
    source = events(transport, ["orders"], **options)
    found: list[StreamEvent] = []
    try:
        while len(found) < count:
            found.append(await anext(source))
    finally:
        await source.aclose()
        await transport.close()
    return found


def run(feed: Socket, count: int, **options: Any) -> list[StreamEvent]:
    async def main() -> list[StreamEvent]:
        async with stub(socket=feed) as server:
            return await collect(server, count, **options)

    return asyncio.run(main())


def event(seq: int) -> dict[str, object]:
    return {"channel": "orders", "data": {"n": seq}, "seq": seq}


def test_a_lost_connection_is_resumed_behind_the_last_event() -> None:
    price = {"channel": "prices:X", "data": {"bid": 1.5}}
    # Entry 9 makes three events, of which two came before the connection was lost.
    other = {"channel": "fills", "data": {}, "seq": 9}
    again = [event(9), other, {"channel": "tca", "data": {}, "seq": 9}, event(12)]
    feed = Feed([ACK, event(7), event(9), other, price], [ACK, *again])
    found = run(feed, 6)
    assert [one.seq for one in found] == [7, 9, 9, None, 9, 12]
    assert [one.channel for one in found[4:]] == ["tca", "orders"]
    assert found[0] == StreamEvent("orders", {"n": 7}, 7)
    assert feed.heard == [{"subscribe": ["orders"]}, {"subscribe": ["orders"], "resume_from": 8}]


def test_a_slow_reader_that_was_cut_off_comes_back() -> None:
    cut = {"error": {"code": "SLOW_READER", "message": "too slow", "resume_from": 3}}
    feed = Feed([event(3), cut], [event(3), event(4)], close=1013)
    assert [one.seq for one in run(feed, 2)] == [3, 4]


def test_it_begins_where_it_is_told() -> None:
    feed = Feed([event(4)])
    run(feed, 1, resume_from=3)
    assert feed.heard[0]["resume_from"] == 3


def test_refusals_end_it() -> None:
    refused = {"subscribed": [], "rejected": ["orders"], "reasons": {"orders": "no"}}
    with pytest.raises(ClientError, match="CHANNEL_REJECTED"):
        run(Feed([refused]), 1)
    error = {"error": {"code": "TOO_OLD", "message": "that is gone"}}
    with pytest.raises(ClientError, match="TOO_OLD: that is gone"):
        run(Feed([error]), 1)


def test_a_cut_off_by_rule_and_a_plain_end_are_told() -> None:
    with pytest.raises(ClientError, match="STREAM_LOST"):
        run(Feed([event(1)], close=1008), 2)
    with pytest.raises(ClientError, match="code 1001"):
        run(Feed([event(1)]), 2, reconnect=False)


def test_frames_that_cannot_be_read_are_errors() -> None:
    with pytest.raises(ClientError, match="UNREADABLE_FRAME"):
        run(Feed([{"channel": 5}]), 1)


def test_a_refused_upgrade_has_its_status() -> None:
    async def main() -> None:
        async with stub() as server:
            with pytest.raises(ClientError) as caught:
                await collect(server, 1, reconnect=False)
            assert caught.value.code == "STREAM_REFUSED"

    asyncio.run(main())


def test_dedicated_sockets_give_bare_events() -> None:
    async def feed(socket: web.WebSocketResponse) -> None:
        await socket.send_str('{"kind":"new_market","slug":"a"}')

    async def main() -> list[dict[str, object]]:
        found = []
        async with stub(socket=feed) as server:
            transport = Transport("key", server.url)
            source = lifecycle_events(transport, "/v1/ws/new_markets")
            found.append(await anext(source))
            with pytest.raises(ClientError, match="STREAM_LOST"):
                await anext(source)
            await transport.close()
        assert server.asked[0].target == "/v1/ws/new_markets"
        return found

    assert asyncio.run(main()) == [{"kind": "new_market", "slug": "a"}]
