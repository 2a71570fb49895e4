"""Venues behind a socket: orders outlive sessions, and nobody can make them hold too much."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from engine.errors import DecodeError
from engine.model.orders import TimeInForce
from engine.service import remote_exchange
from engine.service.remote_wire import Control, FrameKind, frame_bytes
from tests.support.remote_rig import RemoteRig, remote_rig, until
from venues.simulated.protocol import ListOrders, Place, Subscribe, encode


def on_rig(work: Callable[[RemoteRig], Awaitable[None]], *, latency_scale: float = 0.0) -> None:
    async def main() -> None:
        async with remote_rig(latency_scale=latency_scale) as rig:
            rig.serve()
            await work(rig)

    asyncio.run(main())


def place(name: str, price: str = "1000") -> bytes:
    return encode(Place(name, "ETH-USD", "buy", "1", TimeInForce.GTC, px=price))


def orders_of(rig: RemoteRig) -> dict[str, Any]:
    answer = msgspec.json.decode(rig.host.control(msgspec.json.encode(Control("orders"))))
    return {
        row["order"]["id"]: (venue["venue"], row["order"]) for venue in answer
        for row in venue["orders"]
    }  # fmt: skip


def test_orders_stay_when_their_session_goes() -> None:
    async def work(rig: RemoteRig) -> None:
        link, hearer = rig.link()
        link.open()
        await until(lambda: link.up)
        assert link.send(place("rests"))
        assert link.send(place("takes", "5000"))
        await until(lambda: sum(b'"ack"' in one for one in hearer.payloads()) == 2)
        link.close()
        await until(lambda: not rig.host.sessions)
        found = orders_of(rig)
        assert found["rests"][0] == "kraken"
        assert found["rests"][1]["state"] == "open"
        assert found["takes"][1]["state"] == "filled"
        assert found["takes"][1]["fills"]
        again, heard = rig.link()
        again.open()
        await until(lambda: again.up)
        assert again.send(encode(ListOrders()))
        await until(lambda: bool(heard.payloads()))
        assert b'"rests"' in heard.payloads()[0]

    on_rig(work)


def test_what_was_sent_before_the_line_broke_still_arrives() -> None:
    async def work(rig: RemoteRig) -> None:
        link, hearer = rig.link()
        link.open()
        await until(lambda: link.up)
        assert link.send(encode(Subscribe(syms=("ETH-USD",))))
        assert link.send(place("late"))
        # Into the socket, but not over the 40 ms to the venue yet.
        await asyncio.sleep(0.005)
        assert "late" not in orders_of(rig)
        link.close()
        await until(lambda: "late" in orders_of(rig))
        assert hearer.payloads() == []
        book = rig.host.venues["kraken"].exchange.books["ETH-USD"]
        assert not book.subscribers

    on_rig(work, latency_scale=1.0)


def test_a_reader_that_reads_nothing_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_exchange, "UNSENT_BYTES_MAX", 100_000)

    async def work(rig: RemoteRig) -> None:
        link, _ = rig.link(private=False)
        link.open()
        await until(lambda: link.up)
        assert link.session is not None
        assert link.session.transport is not None
        link.session.transport.pause_reading()
        (session,) = rig.host.sessions
        for _ in range(200):
            rig.host.send([(session, b"x" * 10_000)], "kraken")
        await until(lambda: session not in rig.host.sessions)

    on_rig(work)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 8,
        frame_bytes(FrameKind.DATA, b"{}"),
        frame_bytes(FrameKind.HELLO, b"not json"),
        frame_bytes(FrameKind.HELLO, b'{"venue":"nowhere","session":1,"private":true}'),
        frame_bytes(FrameKind.CONTROL, b'{"do":"dance"}'),
    ],
)
def test_whoever_speaks_otherwise_is_hung_up_on(data: bytes) -> None:
    async def work(rig: RemoteRig) -> None:
        link, _ = rig.link()
        link.open()
        await until(lambda: link.up)
        reader, writer = await asyncio.open_unix_connection(rig.address)
        writer.write(data)
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()
        assert link.up

    on_rig(work)


def test_an_unknown_question_is_refused_with_those_that_are_known() -> None:
    async def work(rig: RemoteRig) -> None:
        with pytest.raises(DecodeError, match="orders"):
            rig.host.control(b'{"do":"dance"}')

    on_rig(work)
