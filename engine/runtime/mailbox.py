"""Mailboxes: a ref is a bounded depth counter over its lane's queue, and nothing else.

The messages themselves stand in the lane (one FIFO for all actors of it), so an idle mailbox owns
no container. `tell` is a slotted method on purpose: on CPython 3.11 a closure for each mailbox is
a tenth slower (a hundred function objects of one code defeat call specialisation) and costs each
idle actor its cells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from engine.runtime.delivery import Command, Event, Message, Signal

if TYPE_CHECKING:
    from engine.runtime.actor import Actor
    from engine.runtime.supervision import Supervision
    from engine.runtime.system import ActorSystem

__all__ = ["CLOSED", "HALTED", "ActorRef", "Entry", "Ties"]

CLOSED: Final = -1
"""Capacity of a stopped actor's mailbox."""
HALTED: Final = 0
"""Capacity of every mailbox of a halted system: each message takes the slow path."""

Entry = tuple["ActorRef", Message]
Handlers = dict[type, Callable[..., None]]
NO_HANDLERS: Handlers = {}


class Ties:
    """What only some actors have: children, timers, restarts. Made when first needed.

    Bounds: children by the host's own limits, timers by `timers.TIMERS_MAX`, restart times by
    the supervision's `restarts_max` plus one.
    """

    __slots__ = ("first", "last", "restarts", "timers")

    def __init__(self) -> None:
        # Children in a chain of their refs: a dict is heavy where most parents have one.
        self.first: ActorRef | None = None
        self.last: ActorRef | None = None
        # None while no timer waits: an empty set is heavy where a hundred thousand actors idle.
        self.timers: set[int] | None = None
        self.restarts: list[int] | None = None

    @property
    def children(self) -> list[ActorRef]:
        """The living children, oldest first."""
        found: list[ActorRef] = []
        child = self.first
        while child is not None:
            found.append(child)
            child = child.younger
        return found

    def adopt(self, child: ActorRef) -> None:
        """The newest child."""
        child.older = self.last
        if self.last is None:
            self.first = child
        else:
            self.last.younger = child
        self.last = child

    def let_go(self, child: ActorRef) -> None:
        """A child has stopped."""
        older, younger = child.older, child.younger
        if older is None:
            self.first = younger
        else:
            older.younger = younger
        if younger is None:
            self.last = older
        else:
            younger.older = older
        child.older = child.younger = None


class ActorRef:
    """The address of an actor; outlives its restarts.

    `depth` counts the messages that wait; the one being handled no longer does.

    `tell` is for actors inside a turn. Whoever comes from outside tells through the driver, which
    also runs what that sets off; a bare `tell` from outside (on the loop's thread) only wakes it.
    """

    __slots__ = (
        "actor",
        "actor_id",
        "capacity",
        "depth",
        "factory",
        "name",
        "older",
        "parent",
        "push",
        "supervision",
        "system",
        "table",
        "ties",
        "wants_batch_end",
        "younger",
    )

    def __init__(
        self,
        system: ActorSystem,
        actor_id: int,
        name: str,
        factory: Callable[[], Actor[Any]] | None,
        supervision: Supervision,
        parent: ActorRef | None,
    ) -> None:
        self.system = system
        self.actor_id = actor_id
        self.name = name
        self.factory = factory
        self.supervision = supervision
        self.parent = parent
        self.older: ActorRef | None = None
        self.younger: ActorRef | None = None
        self.ties: Ties | None = None
        self.actor: Actor[Any] | None = None
        self.table = NO_HANDLERS
        self.push: Callable[[Entry], None] = _no_push
        self.capacity = HALTED
        self.depth = 0
        self.wants_batch_end = False

    def __repr__(self) -> str:
        return f"<ActorRef {self.name} #{self.actor_id}>"

    @property
    def stopped(self) -> bool:
        """Whether the actor is gone for good."""
        return self.capacity == CLOSED

    def tell(self, message: Message) -> bool:
        """Queue a message. False: refused (Command), dropped (Signal), or the actor is gone."""
        depth = self.depth
        if depth >= self.capacity and not self.admit(message):
            return False
        self.depth = depth + 1
        # Read first, called then: the interpreter specialises a slot's load, not its method call.
        push = self.push
        push((self, message))
        if self.system.idle:
            self.system.wake()
        return True

    def admit(self, message: Message) -> bool:
        """The slow path of a full, halted or stopped mailbox: may this message still enter?"""
        system = self.system
        actor = self.actor
        if self.capacity == CLOSED or actor is None:
            system.dead_letter(self, message, "stopped")
            return False
        depth = self.depth
        meter = system.meters.of(type(actor).__name__)
        meter.peak_depth = max(meter.peak_depth, depth)
        if isinstance(message, Event):
            limit = max(actor.mailbox_hard_capacity, actor.mailbox_capacity)
            if depth < limit:
                return True
            text = f"mailbox of {self.name} is past its hard limit of {limit} messages"
            system.dead_letter(self, message, text)
            system.halt(text)
            return False
        if isinstance(message, Command):
            meter.refused += 1
            return False
        assert isinstance(message, Signal), "every message has a delivery class"
        if depth < actor.mailbox_capacity:
            return True
        meter.dropped += 1
        return False

    def tie(self) -> Ties:
        """The ties of this actor, made now if it had none."""
        ties = self.ties
        if ties is None:
            ties = self.ties = Ties()
        return ties


def _no_push(_entry: Entry) -> None:
    raise AssertionError("a ref is told only after it was spawned")
