"""The sandbox's venues in a process of their own, on a socket: they outlive every engine.

`python -m engine.service.remote_exchange --socket PATH --seed N`. Sessions go with their
connections, orders stay. The control question `orders` tells what the venues know of every order.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, cast

import msgspec

from engine.errors import DecodeError
from engine.service.remote_wire import (
    Control,
    FrameBuffer,
    FrameKind,
    Hello,
    VenueOrders,
    frame_bytes,
    tcp_address,
)
from venues.simulated.catalogue import SandboxVenue, build_sandbox
from venues.simulated.market_data import SessionFrame
from venues.simulated.protocol import ListOrders
from venues.simulated.venue import HEARTBEAT_NS, TICK_NS

__all__ = ["ExchangeHost", "main"]

NS_PER_S: Final = 1_000_000_000
CONNECTIONS_MAX: Final = 256
UNSENT_BYTES_MAX: Final = 16 * 1024 * 1024
IN_FLIGHT_MAX: Final = 65_536
ENCODER: Final = msgspec.json.Encoder()


class ExchangeHost:
    """Venues on the wall clock. At most `CONNECTIONS_MAX` connections, the next is hung up on.

    A reader that lets more than `UNSENT_BYTES_MAX` bytes pile up is hung up on as well. What was
    sent before a connection broke still arrives at its venue, `latency_scale` x its latency later.
    """

    def __init__(
        self, venues: Sequence[SandboxVenue], *, flow: bool = True, latency_scale: float = 0.0
    ) -> None:
        self.venues = {venue.profile.name: venue for venue in venues}
        self.flow = flow
        self.latency_s = {
            name: venue.profile.latency_ns * latency_scale / NS_PER_S
            for name, venue in self.venues.items()
        }
        self.connections: set[Connection] = set()
        self.sessions: dict[int, Connection] = {}
        self.last_session = 0
        self.stopped = asyncio.Event()
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    async def serve(self, address: str) -> None:
        """Listen until told to stop; OSError when the address cannot be had."""
        loop = asyncio.get_running_loop()
        tcp = tcp_address(address)
        if tcp is None:
            server = await loop.create_unix_server(lambda: Connection(self), address)
        else:
            server = await loop.create_server(lambda: Connection(self), *tcp)
        try:
            await self._run()
        finally:
            server.close()
            for connection in tuple(self.connections):
                connection.hang_up()
            await server.wait_closed()
            if tcp is None:
                # Newer Python removes it by itself.
                Path(address).unlink(missing_ok=True)  # noqa: ASYNC240  # once, at the end

    async def _run(self) -> None:
        """Order flow and market data every tick, heartbeats in between."""
        beat_ns = self.now_ns() + HEARTBEAT_NS
        while not self.stopped.is_set():
            now_ns = self.now_ns()
            for venue in self.venues.values():
                if self.flow or venue.flow.last_ns is None:
                    venue.flow.run(now_ns)
                self.send(venue.exchange.publish(now_ns), venue.profile.name)
            if now_ns >= beat_ns:
                beat_ns = now_ns + HEARTBEAT_NS
                for venue in self.venues.values():
                    self.send(venue.exchange.heartbeat(now_ns), venue.profile.name)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopped.wait(), TICK_NS / NS_PER_S)

    def now_ns(self) -> int:
        """Unix time in ns that never goes back."""
        return time.monotonic_ns() + self._offset_ns

    def connect(self, connection: Connection, hello: Hello) -> bool:
        """Open a session; False for a venue that is not here."""
        venue = self.venues.get(hello.venue)
        if venue is None:
            return False
        self.last_session += 1
        connection.session, connection.venue = self.last_session, hello.venue
        self.sessions[self.last_session] = connection
        venue.exchange.connect(self.last_session, private=hello.private)
        return True

    def disconnect(self, connection: Connection) -> None:
        """The session is gone; its orders stay."""
        if self.sessions.pop(connection.session, None) is not None:
            self.venues[connection.venue].exchange.disconnect(connection.session)

    def request(self, connection: Connection, payload: bytes) -> None:
        """A request reaches its venue."""
        exchange = self.venues[connection.venue].exchange
        frames = exchange.on_request(connection.session, payload, self.now_ns())
        if connection.session not in self.sessions:
            # It may have subscribed after its connection broke.
            exchange.disconnect(connection.session)
        self.send(frames, connection.venue)

    def send(self, frames: Sequence[SessionFrame], venue: str) -> None:
        """Frames leave, each for its session."""
        batches: dict[int, list[bytes]] = {}
        for session, payload in frames:
            batches.setdefault(session, []).append(frame_bytes(FrameKind.DATA, payload))
        for session, parts in batches.items():
            connection = self.sessions.get(session)
            if connection is not None:
                connection.answers.push(b"".join(parts), self.latency_s[venue])

    def control(self, payload: bytes) -> bytes:
        """The answer to a question from outside; DecodeError for one that nobody knows."""
        do = msgspec.json.decode(payload, type=Control).do
        if do == "orders":
            return ENCODER.encode([self._orders(venue) for venue in self.venues.values()])
        if do == "stop":
            self.stopped.set()
            return ENCODER.encode([])
        raise DecodeError(f"{do!r} is no question; ask 'orders' or 'stop'")

    def _orders(self, venue: SandboxVenue) -> VenueOrders:
        rows = venue.exchange.memory.listed_rows(ListOrders(), self.now_ns())
        return VenueOrders(venue.profile.name, [msgspec.Raw(ENCODER.encode(row)) for row in rows])


class Connection(asyncio.Protocol):
    """One accepted socket: a session of a venue, or somebody who asks."""

    def __init__(self, host: ExchangeHost) -> None:
        self.host = host
        self.session = 0
        self.venue = ""
        self.transport: asyncio.Transport | None = None
        self.buffer = FrameBuffer()
        self.requests = Delayed(self.arrive)
        self.answers = Delayed(self.write)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # No isinstance: the transports of uvloop are not of it.
        self.transport = cast("asyncio.Transport", transport)
        self.host.connections.add(self)
        if len(self.host.connections) > CONNECTIONS_MAX:
            self.hang_up()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self.host.connections.discard(self)
        self.host.disconnect(self)

    def data_received(self, data: bytes) -> None:
        try:
            for kind, payload in self.buffer.feed(data):
                self.on_frame(kind, payload)
        except (DecodeError, msgspec.MsgspecError):
            # Not one of ours: whoever it is hears it by the end of the line.
            self.hang_up()

    def on_frame(self, kind: int, payload: bytes) -> None:
        """One frame; DecodeError for one out of place."""
        if kind == FrameKind.DATA and self.session:
            if not self.requests.push(payload, self.host.latency_s[self.venue]):
                raise DecodeError("more requests are under way than a venue takes; send less")
        elif kind == FrameKind.HELLO and not self.session:
            if not self.host.connect(self, msgspec.json.decode(payload, type=Hello)):
                raise DecodeError("the greeting names a venue that is not here; name another")
            self.answers.push(frame_bytes(FrameKind.HELLO, payload), 0.0)
        elif kind == FrameKind.CONTROL:
            self.write(frame_bytes(FrameKind.CONTROL, self.host.control(payload)))
        else:
            raise DecodeError(f"a frame of kind {kind} is out of place; greet first")

    def arrive(self, payload: bytes) -> None:
        """A request reaches the venue."""
        self.host.request(self, payload)

    def write(self, data: bytes) -> None:
        """Bytes leave; a reader that is too slow loses its connection instead."""
        transport = self.transport
        if transport is None:
            return
        transport.write(data)
        if transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            self.hang_up()

    def hang_up(self) -> None:
        """End the connection at once."""
        if self.transport is not None:
            self.transport.abort()


class Delayed:
    """Payloads that arrive later, in order; at most `IN_FLIGHT_MAX` are under way."""

    __slots__ = ("arrive", "waiting")

    def __init__(self, arrive: Callable[[bytes], None]) -> None:
        self.arrive = arrive
        self.waiting: deque[bytes] = deque()

    def push(self, payload: bytes, delay_s: float) -> bool:
        """Under way; False when too many are."""
        if not delay_s and not self.waiting:
            self.arrive(payload)
            return True
        if len(self.waiting) >= IN_FLIGHT_MAX:
            return False
        self.waiting.append(payload)
        asyncio.get_running_loop().call_later(delay_s, self.pop)
        return True

    def pop(self) -> None:
        """The oldest one arrives, whichever timer fires first."""
        self.arrive(self.waiting.popleft())


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="remote_exchange", description=__doc__)
    parser.add_argument("--socket", required=True, help="path of a unix socket, or HOST:PORT")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--flow", choices=("on", "off"), default="on")
    parser.add_argument("--events", choices=("on", "off"), default="on")
    parser.add_argument("--latency-scale", type=float, default=0.0)
    given = parser.parse_args(arguments)

    async def serve() -> None:
        venues = build_sandbox(given.seed, events=given.events == "on")
        host = ExchangeHost(venues, flow=given.flow == "on", latency_scale=given.latency_scale)
        await host.serve(given.socket)

    asyncio.run(serve())


if __name__ == "__main__":
    main()
