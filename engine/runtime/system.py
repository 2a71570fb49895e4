"""The actor system: actors by id, supervision, halting, timers, dead letters and asks.

It decides nothing about time or order: the drivers and the scheduler do. A stopped actor leaves
nothing behind but counts by class.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Final

from engine.errors import MailboxOverflow
from engine.runtime.actor import Actor, Context
from engine.runtime.delivery import Event, Message
from engine.runtime.mailbox import CLOSED, HALTED, NO_HANDLERS, ActorRef
from engine.runtime.meters import ClassMeter, DeadLetter, DeadLetters, Meters
from engine.runtime.scheduler import Scheduler
from engine.runtime.supervision import RESTART, FailureAction, Supervision
from engine.runtime.timers import TimerHeap

__all__ = ["ActorSystem", "DeadLetter", "Meters"]

ASKS_MAX = 100_000
# Looking an enum member up by its class costs a tenth of a microsecond each time.
RESTARTS: Final = FailureAction.RESTART


class ActorSystem:
    """All actors of one engine. `on_halt(reason)` is called once, when the system fails closed.

    A halted system refuses every further Command; what was accepted, Events, Signals and timers
    still run, so that orders at venues can be cancelled and their fills booked.
    """

    def __init__(self, seed: int = 0, on_halt: Callable[[str], None] | None = None) -> None:
        self.random = random.Random(seed)  # sim-ok: the one seeded generator
        self.on_halt = on_halt
        self.now_ns = 0
        self.refs: dict[int, ActorRef] = {}
        self.timers = TimerHeap()
        self.meters = Meters()
        self.scheduler = Scheduler(self.meters, self.failed)
        self.asks: dict[int, Callable[[object], None]] = {}
        self.fault_chooser: Callable[[str], bool] | None = None
        self.halted: str | None = None
        self.idle = False
        self.wake: Callable[[], None] = _nobody
        self._dead = DeadLetters()
        self._next_actor = 0
        self._next_ask = 0

    @property
    def dead_letters(self) -> Counter[tuple[str, str]]:
        """Dead letters by (actor name, message type)."""
        return self._dead.counts

    @property
    def dead_ring(self) -> deque[DeadLetter]:
        """The last dead letters, oldest first."""
        return self._dead.ring

    # -- actors

    def spawn(
        self,
        factory: Callable[[], Actor[Any]],
        *,
        name: str,
        supervision: Supervision | None = None,
        parent: ActorRef | None = None,
    ) -> ActorRef:
        """Make an actor from its factory, which is kept where a failure means a restart.

        What the factory or `on_start` raises comes out here; nothing stays behind then.
        """
        actor = factory()
        self._next_actor += 1
        policy = RESTART if supervision is None else supervision
        kept = factory if policy.action is RESTARTS else None
        ref = ActorRef(self, self._next_actor, name, kept, policy, parent)
        self.refs[ref.actor_id] = ref
        if parent is not None:
            parent.tie().adopt(ref)
        self.meters.spawned += 1
        try:
            self._place(ref, actor)
        except BaseException:
            if not ref.stopped:
                self._release(ref)
            raise
        return ref

    def ref(self, actor_id: int) -> ActorRef | None:
        """The ref of a living actor."""
        return self.refs.get(actor_id)

    def actor_of(self, ref: ActorRef) -> Actor[Any]:
        """The living actor behind a ref, for tests and the roof's read-only questions."""
        assert ref.actor is not None, "the actor has stopped"
        return ref.actor

    def stop_actor(self, ref: ActorRef) -> None:
        """Stop an actor, its children first; everything it held is let go."""
        if ref.capacity == CLOSED:
            return
        actor = ref.actor
        ref.capacity = CLOSED
        if ref.ties is not None:
            self._stop_children(ref)
        if actor is not None:
            try:
                actor.on_stop()
            except Exception as error:  # noqa: BLE001  # a failing farewell must not keep others
                self.meters.failures += 1
                self.dead_letter(ref, None, f"on_stop: {_text(error)}")
        self._release(ref)

    def stop(self) -> None:
        """Stop every actor, newest first, and forget what waits."""
        for actor_id in sorted(self.refs, reverse=True):
            ref = self.refs.get(actor_id)
            if ref is not None:
                self.stop_actor(ref)
        self.scheduler.clear()

    def halt(self, reason: str) -> None:
        """Fail closed, once."""
        if self.halted is not None:
            return
        self.halted = reason
        for ref in self.refs.values():
            if ref.capacity != CLOSED:
                ref.capacity = HALTED
        if self.on_halt is not None:
            self.on_halt(reason)

    # -- running

    @property
    def ready(self) -> bool:
        """Whether anything waits to run now."""
        return self.scheduler.ready

    def drain(self, turns_max: int) -> int:
        """Run up to `turns_max` messages in lane order; returns how many were run."""
        return self.scheduler.drain(turns_max)

    def fire_timers(self) -> int:
        """Tell every timer that is due at `now_ns`; returns how many.

        Nobody sees the refusal of a timer's message, so it becomes a dead letter.
        """
        fired = 0
        while (due := self.timers.pop_due(self.now_ns)) is not None:
            ref, message = due
            if not ref.tell(message) and not ref.stopped:
                self.dead_letter(ref, message, "timer: mailbox is full or the system halted")
            fired += 1
        self.meters.timers_fired += fired
        return fired

    # -- failures

    def failed(self, ref: ActorRef, message: Message | None, error: Exception) -> None:
        """A handler raised: keep the letter, then do what the supervision says."""
        if _found_no_handler(error):
            self.dead_letter(ref, message, "stopped" if ref.stopped else "no handler")
            return
        text = _text(error)
        self.meters.failures += 1
        self.dead_letter(ref, message, text)
        if ref.stopped:
            return
        action = ref.supervision.action
        if action is FailureAction.RESTART:
            self._restart(ref, text)
        elif action is FailureAction.STOP:
            self.stop_actor(ref)
        else:
            self.halt(f"{ref.name} failed: {text}")

    def fault(self, ref: ActorRef, error: Exception) -> None:
        """A failure that is none of the actor's own: counted and named, nobody is restarted."""
        self.meters.failures += 1
        self.dead_letter(ref, None, _text(error))

    def dead_letter(self, ref: ActorRef | None, message: Message | None, reason: str) -> None:
        """Count a message that reached nobody; an event among them is an alarm."""
        if isinstance(message, Event):
            self.meters.dead_events += 1
        self._dead.add(ref.name if ref is not None else "?", message, reason)

    def meters_by_class(self) -> dict[str, ClassMeter]:
        """Counts of each actor class, living and stopped; walks all actors, so ask rarely."""
        answer = {
            name: ClassMeter(
                handled=meter.handled,
                refused=meter.refused,
                dropped=meter.dropped,
                restarts=meter.restarts,
                peak_depth=meter.peak_depth,
            )
            for name, meter in self.meters.by_class.items()
        }
        for ref in self.refs.values():
            entry = answer.setdefault(type(ref.actor).__name__, ClassMeter())
            entry.actors += 1
        return answer

    def _restart(self, ref: ActorRef, text: str) -> None:
        """A new object behind the same ref; halts once the window holds too many restarts."""
        ties = ref.tie()
        restarts = ties.restarts = ties.restarts or []
        while True:
            window_from = self.now_ns - ref.supervision.window_ns
            restarts[:] = [at_ns for at_ns in restarts if at_ns > window_from]
            if len(restarts) >= ref.supervision.restarts_max:
                self.halt(f"{ref.name} failed too often: {text}")
                return
            restarts.append(self.now_ns)
            self.meters.restarts += 1
            self.meters.of(type(ref.actor).__name__).restarts += 1
            self._stop_children(ref)
            self.timers.cancel_all(ref)
            assert ref.factory is not None, "an actor that may restart keeps its factory"
            try:
                self._place(ref, ref.factory())
            except Exception as error:  # noqa: BLE001  # counts as one more failure of this actor
                text = _text(error)
                self.meters.failures += 1
                self.dead_letter(ref, None, text)
                if ref.stopped:
                    return
                continue
            return

    def _place(self, ref: ActorRef, actor: Actor[Any]) -> None:
        ref.table = actor.handler_table
        ref.capacity = actor.mailbox_capacity if self.halted is None else HALTED
        ref.wants_batch_end = actor.has_batch_end
        ref.push = self.scheduler.pushes[actor.lane]
        ref.actor = actor
        actor.ctx = Context(self, ref)
        actor.on_start()

    def _stop_children(self, ref: ActorRef) -> None:
        if ref.ties is not None and ref.ties.first is not None:
            for child in ref.ties.children:
                self.stop_actor(child)

    def _release(self, ref: ActorRef) -> None:
        """Let go of all that a stopped actor held; only its counts stay, under its class."""
        ref.capacity = CLOSED
        if ref.ties is not None:
            self._stop_children(ref)
            self.timers.cancel_all(ref)
        self.meters.stopped += 1
        parent = ref.parent
        if parent is not None and parent.ties is not None:
            parent.ties.let_go(ref)
        del self.refs[ref.actor_id]
        ref.actor = None
        ref.factory = None
        ref.parent = None
        ref.ties = None
        ref.table = NO_HANDLERS
        ref.wants_batch_end = False

    # -- asks from outside

    def open_ask(self, resolve: Callable[[object], None]) -> int:
        """A reply id for a question from outside; MailboxOverflow when too many are open."""
        if len(self.asks) >= ASKS_MAX:
            raise MailboxOverflow(f"{ASKS_MAX} questions are open; wait for answers")
        self._next_ask += 1
        self.asks[self._next_ask] = resolve
        return self._next_ask

    def close_ask(self, reply_to: int) -> None:
        """Nobody waits for this answer any more."""
        self.asks.pop(reply_to, None)

    def answer(self, reply_to: int, answer: object) -> None:
        """Resolve an ask; a dead letter when nobody waits any more."""
        resolve = self.asks.pop(reply_to, None)
        if resolve is None:
            self._dead.add("(ask)", answer, f"nobody waits for answer {reply_to}")
            return
        resolve(answer)


def _nobody() -> None:
    """Wakes nobody: the driver runs the system by hand."""


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _found_no_handler(error: Exception) -> bool:
    """Whether the scheduler's own table look-up raised, rather than a handler."""
    trace = error.__traceback__
    return isinstance(error, KeyError) and trace is not None and trace.tb_next is None
