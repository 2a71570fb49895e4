"""Small messages and actors with which the runtime's tests play."""

from __future__ import annotations

from collections.abc import Callable

from engine.runtime.actor import Actor, ActorRef, Lane, handles
from engine.runtime.delivery import Command, Event, Signal


class Do(Command, frozen=True, gc=False):
    """A command with a number."""

    number: int = 0


class Happened(Event, frozen=True, gc=False):
    """An event with a number."""

    number: int = 0


class Newest(Signal, frozen=True, gc=False):
    """A signal with a number."""

    number: int = 0


class Ask(Command, frozen=True, gc=False):
    """A question from outside."""

    reply_to: int


class Probe(Actor[Do | Happened | Newest]):
    """Remembers what it got; may act on events through `reaction`."""

    def __init__(self, reaction: Callable[[Probe, int], None] | None = None) -> None:
        self.seen: list[int] = []
        self.batches: list[int] = []
        self.stops = 0
        self.reaction = reaction

    @handles(Do)
    def on_do(self, message: Do) -> None:
        self.seen.append(message.number)

    @handles(Happened)
    def on_happened(self, message: Happened) -> None:
        self.seen.append(message.number)
        if self.reaction is not None:
            self.reaction(self, message.number)

    @handles(Newest)
    def on_newest(self, message: Newest) -> None:
        self.seen.append(message.number)

    def on_stop(self) -> None:
        self.stops += 1


class SmallProbe(Probe):
    """A probe whose mailbox is full at two messages, and past all bounds at four."""

    mailbox_capacity = 2
    mailbox_hard_capacity = 4


class BatchProbe(Probe):
    """A probe that notes how much it had at each batch end."""

    lane = Lane.MARKET

    def on_batch_end(self) -> None:
        self.batches.append(len(self.seen))


class Answerer(Actor[Ask]):
    """Answers at once, or never."""

    def __init__(self, answers: bool = True) -> None:
        self.answers = answers
        self.asked: list[int] = []

    @handles(Ask)
    def on_ask(self, ask: Ask) -> None:
        self.asked.append(ask.reply_to)
        if self.answers:
            self.ctx.reply(ask.reply_to, ask.reply_to * 10)


class Relay(Actor[Happened]):
    """Passes an event on to the next, counting it down."""

    __slots__ = ("got", "next_ref")

    def __init__(self) -> None:
        self.next_ref: ActorRef | None = None
        self.got = 0

    @handles(Happened)
    def on_happened(self, message: Happened) -> None:
        self.got += 1
        if message.number > 0 and self.next_ref is not None:
            self.next_ref.tell(Happened(message.number - 1))
