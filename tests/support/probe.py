"""A stage for one actor: a system on a virtual clock, and probes that keep what they are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from engine.runtime.actor import Actor, ActorRef
from engine.runtime.delivery import Message
from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.supervision import HALT
from engine.runtime.system import ActorSystem

__all__ = ["FakeLink", "Probe", "Stage"]

T = TypeVar("T")
A = TypeVar("A", bound=Actor[Any])
START_NS = 1_700_000_000_000_000_000


class Probe(Actor[Any]):
    """Accepts any message and keeps it."""

    mailbox_capacity = 10_000

    def __init__(self) -> None:
        self.got: list[Message] = []

    def keep(self, message: Message) -> None:
        self.got.append(message)


class AnyMessage(dict[type, Callable[..., None]]):
    """A handler table that has the same answer to everything."""

    def __missing__(self, key: type) -> Callable[..., None]:
        return Probe.keep


Probe.handler_table = AnyMessage()


class Stage:
    """An actor under test between probes; nothing runs until `tell` or `run`."""

    def __init__(self) -> None:
        self.system = ActorSystem(seed=1)
        self.driver = SimulatedDriver(self.system, 1, START_NS, order="fifo")

    def probe(self, name: str) -> ActorRef:
        return self.system.spawn(Probe, name=name, supervision=HALT)

    def spawn(self, make: Callable[[], A], name: str = "subject") -> tuple[ActorRef, A]:
        """The actor under test, and the object behind it."""
        made: list[A] = []

        def factory() -> A:
            made.append(make())
            return made[-1]

        ref = self.system.spawn(factory, name=name, supervision=HALT)
        return ref, made[-1]

    def tell(self, ref: ActorRef, *messages: Message) -> None:
        """Send, run until idle, and insist that no handler failed."""
        for message in messages:
            self.driver.tell(ref, message)
        self.run()

    def run(self, duration_ns: int = 0) -> None:
        if duration_ns:
            self.driver.run_for(duration_ns)
        self.driver.run_until_idle()
        assert self.system.halted is None, self.system.halted

    def take(self, ref: ActorRef, kind: type[T]) -> list[T]:
        """What a probe got of one type, in order; taken away from it."""
        actor = self.system.actor_of(ref)
        assert isinstance(actor, Probe)
        found: list[T] = [message for message in actor.got if isinstance(message, kind)]
        actor.got[:] = [message for message in actor.got if not isinstance(message, kind)]
        return found

    def got(self, ref: ActorRef) -> list[str]:
        """Names of everything that a probe still holds."""
        actor = self.system.actor_of(ref)
        assert isinstance(actor, Probe)
        return [type(message).__name__ for message in actor.got]


class FakeLink:
    """A line that keeps what is sent; `room` False refuses."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.requests: list[str] = []
        self.opened = 0
        self.room = True

    def open(self) -> None:
        self.opened += 1

    def close(self) -> None:
        self.opened -= 1

    def send(self, frame: bytes) -> bool:
        if self.room:
            self.sent.append(frame)
        return self.room

    def request(self, request: str) -> bool:
        self.requests.append(request)
        return True
