"""Links to an exchange in another process, and the venues' ports made of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, cast

import msgspec

from engine.errors import DecodeError
from engine.kernels.delta_ring import DeltaRing
from engine.messages import FeedFrame, LinkDown, LinkUp, TradeFrame
from engine.model.instruments import Listing
from engine.ports import FeedCodec
from engine.runtime.actor import ActorRef
from engine.runtime.live_driver import LiveDriver
from engine.service.remote_wire import FrameBuffer, FrameKind, Hello, connect, frame_bytes
from engine.service.sandbox import FEED_SESSION, TRADE_SESSION
from engine.service.settings import VenuePorts
from venues.simulated.catalogue import native_of, sandbox_listings
from venues.simulated.feed_codec import SimulatedFeedCodec
from venues.simulated.trade_codec import SimulatedTradeCodec

__all__ = ["RemoteLink", "remote_ports"]

UNSENT_BYTES_MAX: Final = 1024 * 1024
BACK_OFF_MIN_S: Final = 0.01
BACK_OFF_MAX_S: Final = 1.0


def remote_ports(driver: LiveDriver, address: str, *, events: bool = True) -> list[VenuePorts]:
    """Ports of the sandbox's venues behind a socket (a unix path, or HOST:PORT).

    The links connect once their actors run, and again whenever the line breaks; whoever ends the
    engine closes them.
    """
    by_venue: dict[str, list[Listing]] = {}
    for listing in sandbox_listings(events=events):
        by_venue.setdefault(listing.venue, []).append(listing)
    return [_ports(driver, address, name, found) for name, found in by_venue.items()]


def _ports(driver: LiveDriver, address: str, name: str, listings: list[Listing]) -> VenuePorts:
    feed_link = RemoteLink(driver, address, Hello(name, FEED_SESSION, False))
    trade_link = RemoteLink(driver, address, Hello(name, TRADE_SESSION, True))

    def make_feed_codec(listings: Sequence[Listing], rings: Sequence[DeltaRing]) -> FeedCodec:
        return SimulatedFeedCodec(listings, rings)

    def bind(feed: ActorRef, trade: ActorRef) -> None:
        feed_link.bind(feed)
        trade_link.bind(trade)

    codec = SimulatedTradeCodec(name, native_of(name))
    return VenuePorts(name, tuple(listings), make_feed_codec, codec, feed_link, trade_link, bind)


class RemoteLink:
    """One session over one socket; it reconnects by itself until it is closed.

    A private link is an order line (`TradeFrame`), any other a market data line (`FeedFrame`).
    At most `unsent_bytes_max` bytes wait for the socket; nothing is kept over a broken line.
    """

    def __init__(
        self,
        driver: LiveDriver,
        address: str,
        hello: Hello,
        *,
        line: int = 0,
        unsent_bytes_max: int = UNSENT_BYTES_MAX,
    ) -> None:
        self.driver = driver
        self.address = address
        self.hello = hello
        self.line = line
        self.unsent_bytes_max = unsent_bytes_max
        self.target: ActorRef | None = None
        self.wanted = False
        self.session: LineSession | None = None
        self.back_off_s = BACK_OFF_MIN_S
        self._connecting: asyncio.Task[None] | None = None
        self._retry: asyncio.TimerHandle | None = None

    @property
    def up(self) -> bool:
        """Whether the exchange has answered the greeting of this connection."""
        return self.session is not None and self.session.greeted

    def bind(self, target: ActorRef) -> None:
        """Name the session actor that owns this link."""
        self.target = target
        if self.wanted:
            self.open()

    def open(self) -> None:
        """Start connecting; `LinkUp` follows once the exchange has answered."""
        self._let_go()
        self.wanted = True
        self.back_off_s = BACK_OFF_MIN_S
        if self.target is not None:
            self._connect()

    def close(self) -> None:
        """Hang up; nothing follows."""
        self.wanted = False
        self._let_go()

    def send(self, frame: bytes) -> bool:
        """Queue a frame; False when the line is down or too much waits for it."""
        session = self.session
        if session is None or not session.greeted or session.transport is None:
            return False
        transport = session.transport
        if transport.get_write_buffer_size() + len(frame) > self.unsent_bytes_max:
            return False
        transport.write(frame_bytes(FrameKind.DATA, frame))
        return True

    def request(self, request: str) -> bool:
        """These venues answer on the line only."""
        return False

    # -- told by the session

    def on_up(self) -> None:
        """The exchange has answered."""
        self.back_off_s = BACK_OFF_MIN_S
        self._tell(LinkUp(self.line))

    def on_down(self, session: LineSession, reason: str) -> None:
        """A connection ended by itself: say so, and try again after a while."""
        if session is not self.session:
            return
        self.session = None
        if session.greeted:
            self._tell(LinkDown(reason, self.line))
        self._try_again()

    def on_frames(self, frames: Sequence[bytes]) -> None:
        """What arrived together, in order."""
        target = self.target
        assert target is not None
        now_ns, tell = self.driver.read_clock_ns(), self.driver.tell
        if not self.hello.private:
            for payload in frames:
                tell(target, FeedFrame(now_ns, payload, self.line))
            return
        for payload in frames:
            if not tell(target, TradeFrame(now_ns, payload)) and self.session is not None:
                # A report that finds no room must not be lost in silence: a line that comes up
                # again makes every owner ask.
                self.session.hang_up()
                return

    # -- inside

    def _connect(self) -> None:
        self._retry = None
        self._connecting = self.driver.loop.create_task(self._dial())

    async def _dial(self) -> None:
        try:
            _, self.session = await connect(self.address, lambda: LineSession(self))
        except OSError:
            self._try_again()

    def _try_again(self) -> None:
        if self.wanted and self._retry is None:
            self._retry = self.driver.loop.call_later(self.back_off_s, self._connect)
            self.back_off_s = min(2 * self.back_off_s, BACK_OFF_MAX_S)

    def _let_go(self) -> None:
        """Drop the connection, or the attempt at one, without a word."""
        session, self.session = self.session, None
        if session is not None:
            session.hang_up()
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def _tell(self, message: LinkUp | LinkDown) -> None:
        assert self.target is not None
        self.driver.tell(self.target, message)


class LineSession(asyncio.Protocol):
    """One connection of a link."""

    def __init__(self, link: RemoteLink) -> None:
        self.link = link
        self.greeted = False
        self.transport: asyncio.Transport | None = None
        self.buffer = FrameBuffer()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # No isinstance: the transports of uvloop, which `execgraph serve` runs on, are not of it.
        transport = cast("asyncio.Transport", transport)
        self.transport = transport
        self.link.session = self
        transport.write(frame_bytes(FrameKind.HELLO, msgspec.json.encode(self.link.hello)))

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self.link.on_down(self, f"the connection broke: {exc}" if exc else "the exchange hung up")

    def data_received(self, data: bytes) -> None:
        if self.link.session is not self:
            return
        try:
            frames = self.buffer.feed(data)
        except DecodeError:
            self.hang_up()
            return
        if frames and not self.greeted:
            # The greeting comes back before anything else does.
            self.greeted = True
            frames = frames[1:]
            self.link.on_up()
        if frames:
            self.link.on_frames([payload for _, payload in frames])

    def hang_up(self) -> None:
        """End it at once."""
        if self.transport is not None:
            self.transport.abort()
