"""Connections that do not keep up: cut off or conflated, while the others miss nothing."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import pytest
from aiohttp import web

from engine.service.api_error import ApiError
from engine.service.rest.stream.limits import StreamLimits
from engine.service.rest.stream.session import opened
from tests.support.stream_server import StreamWorld, stream_world

READERS = 50
GRAPHS = 25
SMALL = StreamLimits(
    backlog_entries=40,
    transport_bytes=4_096,
    socket_bytes=4_096,
    batch_bytes=4_096,
    close_timeout_s=0.2,
)
PRICES = "prices:BTC-USD"
CHANNELS = ("orders", "fills", "tca", "traces")


async def gone(world: StreamWorld, readers: int) -> None:
    async with asyncio.timeout(10):
        while world.hub.stats.readers > readers:
            await asyncio.sleep(0.01)


async def all_of(peer: socket.socket) -> bytes:
    """Everything that waits for a peer that reads at last."""
    loop = asyncio.get_running_loop()
    found = b""
    try:
        while part := await loop.sock_recv(peer, 65_536):
            found += part
    except ConnectionResetError:
        pass
    return found


def test_fifty_readers_one_of_them_stalled() -> None:
    async def main() -> None:
        async with stream_world(SMALL) as world:
            good = [await world.connect() for _ in range(READERS - 1)]
            for client in good:
                await client.ask(subscribe=list(CHANNELS))
            peer = await world.stall(*CHANNELS)

            async def read_all(client: Any) -> list[tuple[str, int, str]]:
                seen: list[tuple[str, int, str]] = []
                for _ in range(GRAPHS):
                    for one in await client.until(is_end):
                        seen.append((one["channel"], one["seq"], json.dumps(one["data"])))
                return seen

            reading = [asyncio.create_task(read_all(client)) for client in good]
            for _ in range(GRAPHS):
                await world.buy()
            everyone = await asyncio.gather(*reading)
            assert all(seen == everyone[0] for seen in everyone)
            seqs = [seq for channel, seq, _ in everyone[0] if channel == "fills"]
            rows = await world.engine.fills(limit=1_000)
            assert seqs == sorted(row.seq for row in rows)
            await gone(world, READERS - 1)
            assert world.hub.stats.cut_off == 1
            assert world.hub.stats.backlog == 0
            peer.close()

    asyncio.run(main())


def is_end(frame: dict[str, Any]) -> bool:
    return frame.get("channel") == "traces" and frame["data"]["event"] == "GRAPH_COMPLETED"


def test_who_is_cut_off_and_reads_at_last_is_told_where_to_go_on() -> None:
    async def main() -> None:
        limits = StreamLimits(
            backlog_entries=40,
            transport_bytes=4_096,
            socket_bytes=4_096,
            batch_bytes=4_096,
            close_timeout_s=0.5,
        )
        async with stream_world(limits) as world:
            witness = await world.connect()
            await witness.ask(subscribe=["fills"])
            peer = await world.stall(*CHANNELS)
            graphs = 0
            while not world.hub.stats.cut_off:
                await world.buy()
                graphs += 1
                assert graphs < 500
            raw = await all_of(peer)
            peer.close()
            at = raw.rindex(b'{"error"')
            error = json.JSONDecoder().raw_decode(raw[at:].decode(errors="replace"))[0]["error"]
            assert error["code"] == "SLOW_READER"
            assert b"\x03\xf5" in raw[at:], "close code 1013"
            last = int(raw[:at].rpartition(b'"seq":')[2].partition(b"}")[0])
            assert error["resume_from"] in (last, last - 1)
            again = await world.connect()
            await again.ask(subscribe=["fills"], resume_from=error["resume_from"])
            seen = raw[:at].count(b'"channel":"fills"')
            fills = [await witness.next() for _ in range(len(await world.engine.fills(limit=999)))]
            later = [one for one in fills if one["seq"] > error["resume_from"]]
            assert len(later) in (len(fills) - seen, len(fills) - seen + 1)
            assert [await again.next() for _ in later] == later

    asyncio.run(main())


def test_a_peer_that_takes_nothing_is_cut_off_by_time() -> None:
    async def main() -> None:
        limits = StreamLimits(
            transport_bytes=4_096,
            socket_bytes=4_096,
            batch_bytes=4_096,
            write_timeout_s=0.2,
            close_timeout_s=0.2,
        )
        async with stream_world(limits) as world:
            peer = await world.stall("traces")
            graphs = 0
            while not world.hub.stats.cut_off:
                await world.buy()
                graphs += 1
                assert graphs < 500
            await gone(world, 0)
            peer.close()

    asyncio.run(main())


def test_a_stalled_market_reader_is_conflated_and_reads_the_newest_in_the_end() -> None:
    async def main() -> None:
        limits = StreamLimits(transport_bytes=4_096, socket_bytes=4_096, batch_bytes=4_096)
        async with stream_world(limits) as world:
            peer = await world.stall("book:BTC-USD", PRICES)
            async with asyncio.timeout(30):
                while world.hub.stats.conflated < 20:
                    await world.buy(qty="0.2")
            stats = world.hub.stats
            assert stats.readers == 1
            assert stats.cut_off == 0
            (reader,) = world.hub._readers
            assert len(reader._slots) <= 2
            waiting = [frame for slot, frame in reader._slots.items() if slot[0] == PRICES]
            reading = asyncio.create_task(all_of(peer))
            await asyncio.sleep(0.2)
            await world.hub.stop()
            raw = await reading
            peer.close()
            assert raw.count(b'{"channel":') < stats.market_frames
            for frame in waiting:
                assert last_ts_ns(raw) >= last_ts_ns(frame)

    asyncio.run(main())


def last_ts_ns(raw: bytes) -> int:
    """Stamp of the last prices frame in the bytes of a connection."""
    text = raw[raw.rindex(b'{"channel":"prices:') :].decode(errors="replace")
    return int(json.JSONDecoder().raw_decode(text)[0]["data"]["ts_ns"])


def test_what_is_no_handshake_is_refused_before_it_opens() -> None:
    async def main() -> None:
        refused: list[ApiError] = []

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            try:
                await opened(request, StreamLimits())
            except ApiError as error:
                refused.append(error)
            return web.Response(text="no")

        server = web.Server(handle)
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(server, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /v1/stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"200" in await reader.read()
        writer.close()
        await writer.wait_closed()
        listener.close()
        await server.shutdown(1.0)
        await listener.wait_closed()
        assert "upgrade" in str(refused[0])

    asyncio.run(main())


@pytest.mark.parametrize("dropped", [False, True])
def test_a_peer_that_leaves_leaves_nothing_behind(dropped: bool) -> None:
    async def main() -> None:
        async with stream_world() as world:
            client = await world.connect()
            await client.ask(subscribe=["orders", "book:BTC-USD"])
            if dropped:
                transport = client.ws._response.connection.transport
                transport.abort()
            else:
                await client.ws.close()
            await gone(world, 0)
            assert world.hub.markets.feeds == 0
            assert not world.hub.orders._routes

    asyncio.run(main())
