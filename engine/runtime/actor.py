"""Actors: plain objects with synchronous handlers, and the refs through which they are told.

A handler runs to completion; nothing here can suspend. The class is checked when it is made:
every message of its protocol has exactly one handler, none is a coroutine.
"""

from __future__ import annotations

import inspect
import random
import types
import typing
from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from engine.runtime.delivery import Command, Event, Message, Signal

if TYPE_CHECKING:
    from engine.runtime.supervision import Supervision
    from engine.runtime.system import ActorSystem

__all__ = ["Actor", "ActorRef", "Context", "Lane", "handles"]

Protocol_ = TypeVar("Protocol_", contravariant=True)
Handler = TypeVar("Handler", bound=Callable[..., None])
CLOSED = -1


class Lane(IntEnum):
    """Queues in order of precedence; a waiting lower lane is served every so many turns."""

    CONTROL = 0
    EXECUTION = 1
    MARKET = 2
    BACKGROUND = 3


def handles(message_type: type[Message]) -> Callable[[Handler], Handler]:
    """Mark a method as the handler of one message type."""

    def mark(handler: Handler) -> Handler:
        handler.__handles__ = message_type  # type: ignore[attr-defined]  # read back below
        return handler

    return mark


class ActorRef:
    """A mailbox: a bounded depth counter over the lane's queue; outlives restarts of its actor.

    `tell` belongs to actors inside a turn; whoever comes from outside tells through the driver,
    which also runs what that sets off.
    """

    __slots__ = (
        "actor",
        "actor_id",
        "batch_pending",
        "capacity",
        "children",
        "depth",
        "dropped",
        "factory",
        "has_batch_end",
        "limit",
        "name",
        "parent",
        "peak",
        "push",
        "refused",
        "restarts",
        "supervision",
        "system",
        "table",
        "timers",
    )

    def __init__(
        self,
        system: ActorSystem,
        actor_id: int,
        name: str,
        factory: Callable[[], Actor[Any]],
        supervision: Supervision,
        parent: ActorRef | None,
    ) -> None:
        self.system = system
        self.actor_id = actor_id
        self.name = name
        self.factory: Callable[[], Actor[Any]] | None = factory
        self.supervision = supervision
        self.parent = parent
        self.children: dict[int, ActorRef] | None = None
        self.timers: set[int] | None = None
        self.restarts: list[int] | None = None
        self.actor: Actor[Any] | None = None
        self.table: dict[type, Callable[..., None]] = {}
        self.has_batch_end = False
        self.batch_pending = False
        self.depth = 0
        self.capacity = 0
        self.limit = 0
        self.peak = 0
        self.refused = 0
        self.dropped = 0
        self.push: Callable[[tuple[ActorRef, Message]], None] = _no_push

    def __repr__(self) -> str:
        return f"<ActorRef {self.name} #{self.actor_id}>"

    @property
    def stopped(self) -> bool:
        return self.capacity == CLOSED

    def tell(self, message: Message) -> bool:
        """Queue a message. False: refused (Command), dropped (Signal), or the actor is gone."""
        depth = self.depth
        if depth >= self.capacity and not self.squeeze(message):
            return False
        self.depth = depth + 1
        self.push((self, message))
        return True

    def squeeze(self, message: Message) -> bool:
        """The slow path of a full or closed mailbox: may this message still enter?"""
        if self.capacity == CLOSED:
            self.system.dead_letter(self, message, "stopped")
            return False
        self.peak = max(self.peak, self.depth + 1)
        if isinstance(message, Event):
            if self.depth < self.limit:
                return True
            text = f"mailbox of {self.name} is past its hard limit of {self.limit}"
            self.system.dead_letter(self, message, text)
            self.system.halt(text)
            return False
        if isinstance(message, Command):
            self.refused += 1
            return False
        assert isinstance(message, Signal), "every message has a delivery class"
        self.dropped += 1
        return False


def _no_push(entry: tuple[ActorRef, Message]) -> None:
    raise AssertionError("a ref is told only after it was spawned")


class Context:
    """What an actor may do besides telling refs it holds. There is no door to coroutines."""

    __slots__ = ("self_ref", "system")

    def __init__(self, system: ActorSystem, self_ref: ActorRef) -> None:
        self.system = system
        self.self_ref = self_ref

    @property
    def now_ns(self) -> int:
        """Time of this turn, from the driver."""
        return self.system.now_ns

    @property
    def actor_id(self) -> int:
        return self.self_ref.actor_id

    @property
    def random(self) -> random.Random:
        """The system's seeded generator."""
        return self.system.random

    def ref(self, actor_id: int) -> ActorRef | None:
        """The ref of a living actor."""
        return self.system.refs.get(actor_id)

    def tell(self, actor_id: int, message: Message) -> bool:
        """Tell by id; a dead letter and False when that actor is gone."""
        ref = self.system.refs.get(actor_id)
        if ref is None:
            self.system.dead_letter(None, message, f"no actor {actor_id}")
            return False
        return ref.tell(message)

    def after(self, delay_ns: int, message: Message) -> int:
        """Deliver `message` to this actor after `delay_ns`; the id cancels it."""
        system = self.system
        return system.timers.set(system.now_ns + delay_ns, self.self_ref, message)

    def cancel(self, timer_id: int) -> bool:
        """Cancel a timer; whether it was still waiting."""
        return self.system.timers.cancel(timer_id)

    def spawn(
        self,
        factory: Callable[[], Actor[Any]],
        *,
        name: str,
        supervision: Supervision | None = None,
    ) -> ActorRef:
        """A child of this actor; it stops with its parent."""
        return self.system.spawn(factory, name=name, supervision=supervision, parent=self.self_ref)

    def stop(self) -> None:
        """Stop this actor and its children after this turn."""
        self.system.stop_actor(self.self_ref)

    def stop_child(self, child: ActorRef) -> None:
        """Stop a child."""
        self.system.stop_actor(child)

    def halt(self, reason: str) -> None:
        """Fail closed: the whole system stops taking work."""
        self.system.halt(reason)

    def reply(self, reply_to: int, answer: object) -> None:
        """Answer an ask from outside; nothing happens when nobody waits any more."""
        self.system.answer(reply_to, answer)

    def maybe(self, fault_point: str) -> bool:
        """Whether a fault is to be played at this point; always False in production."""
        chooser = self.system.fault_chooser
        return chooser is not None and chooser(fault_point)


class Actor(Generic[Protocol_]):
    """Base of all actors: `class Book(Actor[BookDelta | BookStale])`.

    Override `on_start`, `on_stop`, or define `on_batch_end(self)`, which runs once a drain after
    this actor's messages of that drain.
    """

    lane: ClassVar[Lane] = Lane.EXECUTION
    mailbox_capacity: ClassVar[int] = 1_024
    mailbox_hard_capacity: ClassVar[int] = 8_192
    handler_table: ClassVar[dict[type, Callable[..., None]]] = {}
    ctx: Context

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.handler_table = _checked_table(cls)

    def on_start(self) -> None:
        """Called once the actor is in place, also after a restart."""

    def on_stop(self) -> None:
        """Called before the actor is let go."""


def _checked_table(cls: type[Actor[Any]]) -> dict[type, Callable[..., None]]:
    table: dict[type, Callable[..., None]] = {}
    for name, member in inspect.getmembers(cls, inspect.isfunction):
        message_type = getattr(member, "__handles__", None)
        if name in ("on_start", "on_stop", "on_batch_end") or message_type is not None:
            if inspect.iscoroutinefunction(member) or inspect.isasyncgenfunction(member):
                raise TypeError(f"{cls.__name__}.{name} is a coroutine; handlers are synchronous")
        if message_type is None:
            continue
        if message_type in table:
            raise TypeError(f"{cls.__name__} handles {message_type.__name__} twice")
        table[message_type] = member
    wanted = _protocol(cls)
    if wanted is None:
        return table
    for message_type in wanted:
        if not issubclass(message_type, Command | Event | Signal):
            raise TypeError(f"{message_type.__name__} of {cls.__name__} has no delivery class")
        if message_type not in table:
            raise TypeError(f"{cls.__name__} has no handler for {message_type.__name__}")
    for message_type in table:
        if message_type not in wanted:
            raise TypeError(f"{message_type.__name__} is not in the protocol of {cls.__name__}")
    return table


def _protocol(cls: type[Actor[Any]]) -> tuple[type, ...] | None:
    """Message types named in `Actor[...]` of the nearest base that names them."""
    for base in cls.__mro__:
        for generic in getattr(base, "__orig_bases__", ()):
            if typing.get_origin(generic) is Actor:
                (argument,) = typing.get_args(generic)
                if isinstance(argument, TypeVar) or argument is Any or argument is object:
                    return None
                if isinstance(argument, types.UnionType):
                    return typing.get_args(argument)
                return (argument,)
    return None
