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

from engine.errors import ActorStopped
from engine.runtime.delivery import Command, Event, Message, Signal
from engine.runtime.mailbox import CLOSED, ActorRef

if TYPE_CHECKING:
    from engine.runtime.supervision import Supervision
    from engine.runtime.system import ActorSystem

__all__ = ["Actor", "ActorRef", "Context", "Lane", "handles"]

Protocol_contra = TypeVar("Protocol_contra", contravariant=True)
Handler = TypeVar("Handler", bound=Callable[..., Any])
DELIVERY = (Command, Event, Signal)
HOOKS = ("on_start", "on_stop", "on_batch_end")


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
        """Deliver `message` to this actor after `delay_ns`; the id cancels it.

        An actor that has stopped gets id 0 and no timer. RuntimeFault when too many timers wait.
        """
        system, own = self.system, self.self_ref
        if own.capacity == CLOSED:
            return 0
        return system.timers.set(system.now_ns + delay_ns, own, message)

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
        """A child of this actor; it stops with its parent, and when its parent restarts.

        What the factory or `on_start` raises comes out here. ActorStopped after own `stop`.
        """
        if self.self_ref.stopped:
            raise ActorStopped(f"{self.self_ref.name} has stopped; it can have no children")
        return self.system.spawn(factory, name=name, supervision=supervision, parent=self.self_ref)

    def stop(self) -> None:
        """Stop this actor and its children now; the running handler still ends."""
        self.system.stop_actor(self.self_ref)

    def stop_child(self, child: ActorRef) -> None:
        """Stop a child of this actor; nothing when it has stopped already."""
        assert child.stopped or child.parent is self.self_ref, "only a parent stops its child"
        self.system.stop_actor(child)

    def halt(self, reason: str) -> None:
        """Fail closed: the whole system stops taking work."""
        self.system.halt(reason)

    def fault(self, error: Exception) -> None:
        """Count what somebody outside raised in a call of this actor, which itself goes on."""
        self.system.fault(self.self_ref, error)

    def reply(self, reply_to: int, answer: object) -> None:
        """Answer an ask from outside; nothing happens when nobody waits any more."""
        self.system.answer(reply_to, answer)

    def maybe(self, fault_point: str) -> bool:
        """Whether a fault is to be played at this point; always False in production."""
        chooser = self.system.fault_chooser
        return chooser is not None and chooser(fault_point)


class Actor(Generic[Protocol_contra]):
    """Base of all actors: `class Book(Actor[BookDelta | BookStale])`.

    Override `on_start`, `on_stop`, or define `on_batch_end(self)`, which runs once the lanes are
    dry (or the drain was cut) for actors that had messages since their last one. A subclass that
    names `__slots__` has no dict: what 100,000 idle actors want.
    """

    __slots__ = ("ctx",)

    lane: ClassVar[Lane] = Lane.EXECUTION
    mailbox_capacity: ClassVar[int] = 1_024
    mailbox_hard_capacity: ClassVar[int] = 8_192
    handler_table: ClassVar[dict[type, Callable[..., None]]] = {}
    has_batch_end: ClassVar[bool] = False
    ctx: Context

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.handler_table = _checked_table(cls)
        cls.has_batch_end = hasattr(cls, "on_batch_end")

    def on_start(self) -> None:
        """Called once the actor is in place, also after a restart."""

    def on_stop(self) -> None:
        """Called before the actor is let go; not on an instance that failed and is replaced."""


def _checked_table(cls: type[Actor[Any]]) -> dict[type, Callable[..., None]]:
    """Handlers by message type; TypeError, naming class and message, when they do not fit."""
    table: dict[type, Callable[..., None]] = {}
    for name, member in inspect.getmembers(cls, inspect.isfunction):
        message_type = getattr(member, "__handles__", None)
        of = "" if message_type is None else f" of {_name(message_type)}"
        if (message_type is not None or name in HOOKS) and _suspends(member):
            text = f"{cls.__name__}.{name}{of} is a coroutine or generator"
            raise TypeError(f"{text}; handlers run to completion")
        if message_type is None:
            continue
        if message_type in table:
            raise TypeError(f"{cls.__name__} handles {_name(message_type)} twice")
        table[message_type] = member
    wanted = _protocol(cls)
    if wanted is None:
        return table
    for message_type in wanted:
        if not isinstance(message_type, type) or not issubclass(message_type, DELIVERY):
            text = f"{_name(message_type)} of {cls.__name__} has no delivery class"
            raise TypeError(f"{text}; derive it from Command, Event or Signal")
        if message_type not in table:
            raise TypeError(f"{cls.__name__} has no handler for {message_type.__name__}")
    for message_type in table:
        if message_type not in wanted:
            raise TypeError(f"{_name(message_type)} is not in the protocol of {cls.__name__}")
    return table


def _suspends(member: Callable[..., Any]) -> bool:
    return (
        inspect.iscoroutinefunction(member)
        or inspect.isasyncgenfunction(member)
        or inspect.isgeneratorfunction(member)
    )


def _name(message_type: object) -> str:
    return getattr(message_type, "__name__", repr(message_type))


def _protocol(cls: type[Actor[Any]]) -> tuple[object, ...] | None:
    """Message types named in `Actor[...]` of the nearest base that names them."""
    for base in cls.__mro__:
        for generic in getattr(base, "__orig_bases__", ()):
            if typing.get_origin(generic) is Actor:
                (argument,) = typing.get_args(generic)
                if isinstance(argument, TypeVar) or argument is Any or argument is object:
                    return None
                if typing.get_origin(argument) in {types.UnionType, typing.Union}:
                    return typing.get_args(argument)
                return (argument,)
    return None
