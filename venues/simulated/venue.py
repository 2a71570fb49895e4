"""The actor that hosts a simulated exchange: latency, faults, order flow and connections.

The exchange and its order flow are handed in and outlive this actor, as a real venue outlives the
engine: a new actor over the same exchange finds every order where it was.
"""

from __future__ import annotations

from typing import Protocol

from engine.messages import FeedFrame, LinkDown, LinkUp, TradeFrame
from engine.runtime.actor import Actor, Lane, handles
from engine.runtime.delivery import Command, Event
from venues.simulated.faults import Direction, FaultModel, Weathered
from venues.simulated.market_data import SessionFrame
from venues.simulated.protocol import is_cancel, is_heartbeat

__all__ = [
    "FlowSwitch",
    "HostedExchange",
    "HostedFlow",
    "LinkClose",
    "LinkOpen",
    "LinkSend",
    "SimulatedVenue",
]

TICK_NS = 50_000_000
HEARTBEAT_NS = 1_000_000_000
# Looking an enum member up by its class costs a tenth of a microsecond each time.
TO_VENUE, TO_ENGINE = Direction.TO_VENUE, Direction.TO_ENGINE


class HostedExchange(Protocol):
    """What the actor needs of an exchange: the simulated and the replayed one have it."""

    def connect(self, session: int, *, private: bool) -> None: ...

    def disconnect(self, session: int) -> None: ...

    def disconnect_all(self) -> None: ...

    def on_request(self, session: int, payload: bytes, now_ns: int) -> list[SessionFrame]: ...

    def publish(self, now_ns: int) -> list[SessionFrame]: ...

    def heartbeat(self, now_ns: int) -> list[SessionFrame]: ...


class HostedFlow(Protocol):
    """Order flow that is moved on to a time."""

    def run(self, now_ns: int) -> None: ...


class LinkOpen(Event, frozen=True, gc=False):
    """A link wants to connect; `target_id` is the actor that gets what arrives."""

    session: int
    target_id: int
    private: bool
    line: int


class LinkClose(Event, frozen=True, gc=False):
    """A link hangs up; nothing of the session is delivered any more."""

    session: int


class LinkSend(Command, frozen=True, gc=False):
    """A frame leaves the engine."""

    session: int
    payload: bytes


class LinkOpened(Event, frozen=True, gc=False):
    """Timer: the connection of this epoch stands."""

    session: int
    epoch: int


class RequestArrives(Event, frozen=True, gc=False):
    """Timer: a request reaches the venue."""

    session: int
    epoch: int
    payload: bytes
    answers_lost: bool


class FramesArrive(Event, frozen=True, gc=False):
    """Timer: frames reach the engine."""

    session: int
    epoch: int
    payloads: tuple[bytes, ...]


class FlowSwitch(Event, frozen=True, gc=False):
    """From outside: let the other participants trade, or have them pause."""

    on: bool


class VenueTick(Event, frozen=True, gc=False):
    """Timer: order flow moves on and the venue publishes."""


class VenueHeartbeat(Event, frozen=True, gc=False):
    """Timer: heartbeats leave."""


class Connection:
    """One session's state at the actor. `epoch` tells a reconnected session from before."""

    __slots__ = ("due_ns", "epoch", "line", "private", "target_id", "up")

    def __init__(self, target_id: int, private: bool, line: int, epoch: int) -> None:
        self.target_id = target_id
        self.private = private
        self.line = line
        self.epoch = epoch
        self.up = False
        self.due_ns = [0, 0]


class SimulatedVenue(
    Actor[
        LinkOpen
        | LinkClose
        | LinkSend
        | LinkOpened
        | RequestArrives
        | FramesArrive
        | VenueTick
        | VenueHeartbeat
        | FlowSwitch
    ]
):
    """A venue at the far end of its links; connections are bounded by the links that exist.

    Frames keep the order of their session unless a fault lets one overtake. A request under way
    when its connection breaks still arrives; its answers do not.
    """

    lane = Lane.MARKET
    mailbox_capacity = 8_192
    mailbox_hard_capacity = 65_536

    def __init__(
        self,
        exchange: HostedExchange,
        flow: HostedFlow | None,
        latency_ns: int,
        faults: FaultModel | None = None,
        tick_ns: int = TICK_NS,
        heartbeat_ns: int = HEARTBEAT_NS,
    ) -> None:
        assert tick_ns > 0
        assert heartbeat_ns > 0
        self.exchange = exchange
        if faults is not None and isinstance(exchange, Weathered):
            exchange.weather = faults
        self.flow = flow
        self.flowing = True
        self.latency_ns = latency_ns
        self.faults = faults
        self.tick_ns = tick_ns
        self.heartbeat_ns = heartbeat_ns
        self.connections: dict[int, Connection] = {}
        self.epochs = 0

    def on_start(self) -> None:
        self.exchange.disconnect_all()
        self.ctx.after(self.tick_ns, VenueTick())
        self.ctx.after(self.heartbeat_ns, VenueHeartbeat())

    @handles(FlowSwitch)
    def on_switch(self, switch: FlowSwitch) -> None:
        self.flowing = switch.on

    @handles(LinkOpen)
    def on_open(self, request: LinkOpen) -> None:
        self.drop(request.session)
        self.epochs += 1
        connection = Connection(request.target_id, request.private, request.line, self.epochs)
        self.connections[request.session] = connection
        self.ctx.after(2 * self.latency_ns, LinkOpened(request.session, connection.epoch))

    @handles(LinkClose)
    def on_close(self, request: LinkClose) -> None:
        self.drop(request.session)

    @handles(LinkOpened)
    def on_opened(self, opened: LinkOpened) -> None:
        connection = self.connection(opened.session, opened.epoch)
        if connection is not None:
            connection.up = True
            if self.faults is not None:
                self.faults.connected(opened.session)
            self.exchange.connect(opened.session, private=connection.private)
            self.ctx.tell(connection.target_id, LinkUp(connection.line))

    @handles(LinkSend)
    def on_send(self, frame: LinkSend) -> None:
        connection = self.connections.get(frame.session)
        if connection is None or not connection.up:
            # Written into a connection that is gone: silence, as on a real socket.
            return
        now_ns = self.ctx.now_ns
        if self.faults is None or not self.faults.on:
            self.ctx.after(
                self.due(connection, TO_VENUE, self.latency_ns) - now_ns,
                RequestArrives(frame.session, connection.epoch, frame.payload, False),
            )
            return
        cancel = is_cancel(frame.payload)
        passage = self.faults.passage(Direction.TO_VENUE, now_ns, cancel=cancel)
        if passage.disconnect:
            self.break_connection(frame.session, "the connection broke on sending")
        for extra in passage.delays_ns:
            delay = self.latency_ns + extra
            if not passage.overtaken:
                delay = self.due(connection, Direction.TO_VENUE, delay) - now_ns
            lost = passage.answers_lost
            arrival = RequestArrives(frame.session, connection.epoch, frame.payload, lost)
            self.ctx.after(delay, arrival)

    @handles(RequestArrives)
    def on_request(self, request: RequestArrives) -> None:
        frames = self.exchange.on_request(request.session, request.payload, self.ctx.now_ns)
        if request.answers_lost or self.connection(request.session, request.epoch) is None:
            frames = [frame for frame in frames if frame[0] != request.session]
        self.send_frames(frames)

    @handles(FramesArrive)
    def on_frames(self, frames: FramesArrive) -> None:
        connection = self.connection(frames.session, frames.epoch)
        if connection is None:
            return
        now_ns, tell, target = self.ctx.now_ns, self.ctx.tell, connection.target_id
        private, line = connection.private, connection.line
        for payload in frames.payloads:
            if private:
                tell(target, TradeFrame(now_ns, payload))
            else:
                tell(target, FeedFrame(now_ns, payload, line))

    @handles(VenueTick)
    def on_tick(self, tick: VenueTick) -> None:
        now_ns = self.ctx.now_ns
        if self.flow is not None and self.flowing:
            self.flow.run(now_ns)
        self.send_frames(self.exchange.publish(now_ns))
        self.ctx.after(self.tick_ns, tick)

    @handles(VenueHeartbeat)
    def on_heartbeat(self, beat: VenueHeartbeat) -> None:
        self.send_frames(self.exchange.heartbeat(self.ctx.now_ns))
        self.ctx.after(self.heartbeat_ns, beat)

    def send_frames(self, frames: list[SessionFrame]) -> None:
        """Each frame to its session, one batch a session while nothing goes wrong."""
        if self.faults is not None and self.faults.on:
            for session, payload in frames:
                self.send_faulty(session, payload)
            return
        batches: dict[int, list[bytes]] = {}
        for session, payload in frames:
            known = batches.get(session)
            if known is None:
                batches[session] = [payload]
            else:
                known.append(payload)
        now_ns = self.ctx.now_ns
        for session, payloads in batches.items():
            connection = self.connections.get(session)
            if connection is not None and connection.up:
                delay = self.due(connection, TO_ENGINE, self.latency_ns) - now_ns
                self.ctx.after(delay, FramesArrive(session, connection.epoch, tuple(payloads)))

    def send_faulty(self, session: int, payload: bytes) -> None:
        """One frame through the fault model."""
        connection = self.connections.get(session)
        if connection is None or not connection.up:
            return
        assert self.faults is not None
        now_ns = self.ctx.now_ns
        if self.faults.silenced(session, now_ns, heartbeat=is_heartbeat(payload)):
            return
        passage = self.faults.passage(Direction.TO_ENGINE, now_ns)
        if passage.disconnect:
            self.break_connection(session, "the connection broke on receiving")
        for extra in passage.delays_ns:
            delay = self.latency_ns + extra
            if not passage.overtaken:
                delay = self.due(connection, Direction.TO_ENGINE, delay) - now_ns
            self.ctx.after(delay, FramesArrive(session, connection.epoch, (payload,)))

    def due(self, connection: Connection, direction: Direction, delay_ns: int) -> int:
        """When a payload arrives: never before the one sent before it."""
        due_ns = max(self.ctx.now_ns + delay_ns, connection.due_ns[direction])
        connection.due_ns[direction] = due_ns
        return due_ns

    def break_connection(self, session: int, reason: str) -> None:
        """A fault cuts the line; the link hears of it and reconnects by itself after a while."""
        connection = self.connections[session]
        self.drop(session)
        self.ctx.tell(connection.target_id, LinkDown(reason, connection.line))
        assert self.faults is not None
        self.epochs += 1
        fresh = Connection(connection.target_id, connection.private, connection.line, self.epochs)
        self.connections[session] = fresh
        self.ctx.after(self.faults.rates.down_ns, LinkOpened(session, fresh.epoch))

    def drop(self, session: int) -> None:
        """Forget a session."""
        if self.connections.pop(session, None) is not None:
            self.exchange.disconnect(session)

    def connection(self, session: int, epoch: int) -> Connection | None:
        """The connection if it is still the one meant."""
        connection = self.connections.get(session)
        return connection if connection is not None and connection.epoch == epoch else None
