"""Actors and topologies for the runtime benchmarks: ring, fan-out, fan-in, ping-pong.

Every hop makes a fresh message of four fields; mailboxes are bounded and have delivery classes.
"""

from __future__ import annotations

from engine.runtime.actor import Actor, ActorRef, handles
from engine.runtime.delivery import Event
from engine.runtime.system import ActorSystem

__all__ = ["Counter", "Hop", "Relay", "Topology", "fan_in", "fan_out", "ring"]


class Hop(Event, frozen=True, gc=False):
    """Four fields; `left` counts the hops that are still to go."""

    left: int
    price_1e9: int
    qty_1e8: int
    time_ns: int


class Relay(Actor[Hop]):
    """Sends a fresh message on to the next actor until none is left to send."""

    __slots__ = ("next_ref",)

    next_ref: ActorRef

    @handles(Hop)
    def on_hop(self, hop: Hop) -> None:
        left = hop.left
        if left:
            self.next_ref.tell(Hop(left - 1, hop.price_1e9, hop.qty_1e8, hop.time_ns))


class Counter(Actor[Hop]):
    """Counts what it gets."""

    __slots__ = ("got",)

    def __init__(self) -> None:
        self.got = 0

    @handles(Hop)
    def on_hop(self, hop: Hop) -> None:
        self.got += 1


class Spreader(Actor[Hop]):
    """Sends every message to all targets."""

    __slots__ = ("targets",)

    def __init__(self, targets: list[ActorRef]) -> None:
        self.targets = targets

    @handles(Hop)
    def on_hop(self, hop: Hop) -> None:
        for target in self.targets:
            target.tell(Hop(hop.left, hop.price_1e9, hop.qty_1e8, hop.time_ns))


class Topology:
    """A system, the refs that are told at the start, and the counters at its end."""

    def __init__(self) -> None:
        self.system = ActorSystem()
        self.entries: list[ActorRef] = []
        self.counters: list[Counter] = []

    def run(self, messages: int, left: int) -> int:
        """Tell `messages` to the entries in turn, each followed to its end; hops that ran."""
        system = self.system
        entries = self.entries
        before = system.meters.messages
        for number in range(messages):
            entries[number % len(entries)].tell(Hop(left, 1, 2, 3))
            if system.scheduler.ready:
                system.scheduler.drain(1_000_000_000)
        return system.meters.messages - before


def ring(size: int) -> Topology:
    """`size` relays in a circle; of two it is ping-pong."""
    made = Topology()
    made.entries = [made.system.spawn(Relay, name="relay") for _ in range(size)]
    for place, ref in enumerate(made.entries):
        actor = made.system.actor_of(ref)
        assert isinstance(actor, Relay)
        actor.next_ref = made.entries[(place + 1) % size]
    return made


def fan_out(size: int) -> Topology:
    """One spreader to `size` counters."""
    made = Topology()
    targets = [_count(made) for _ in range(size)]
    made.entries = [made.system.spawn(lambda: Spreader(targets), name="spreader")]
    return made


def fan_in(size: int) -> Topology:
    """`size` relays that all send to one counter."""
    made = Topology()
    target = _count(made)
    made.entries = [made.system.spawn(Relay, name="relay") for _ in range(size)]
    for ref in made.entries:
        actor = made.system.actor_of(ref)
        assert isinstance(actor, Relay)
        actor.next_ref = target
    return made


def _count(made: Topology) -> ActorRef:
    counter = Counter()
    made.counters.append(counter)
    return made.system.spawn(lambda: counter, name="counter")
