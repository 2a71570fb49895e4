"""The actor system: actors by id, the lanes, supervision, dead letters and meters.

It decides nothing about time or order: the drivers do. One FIFO of (ref, message) a lane.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import msgspec

from engine.errors import MailboxOverflow
from engine.runtime.actor import CLOSED, Actor, ActorRef, Context
from engine.runtime.delivery import Event, Message
from engine.runtime.supervision import RESTART, FailureAction, Supervision
from engine.runtime.timers import TimerHeap

__all__ = ["ActorSystem", "DeadLetter", "Meters"]

DEAD_LETTERS_KEPT = 256
ASKS_MAX = 100_000
FAIR_TURNS = 64

Entry = tuple[ActorRef, Message]
_BURST = range(FAIR_TURNS)
_EMPTY: deque[Entry] = deque()


class DeadLetter(msgspec.Struct, frozen=True):
    """A message that reached nobody, or whose handler failed."""

    actor: str
    message: str
    reason: str


class Meters:
    """Counts of the whole system; per-actor ones stand on the refs."""

    __slots__ = ("dead_events", "drains", "failures", "messages", "restarts", "timers_fired")

    def __init__(self) -> None:
        self.messages = 0
        self.drains = 0
        self.failures = 0
        self.restarts = 0
        self.timers_fired = 0
        self.dead_events = 0


class ActorSystem:
    """All actors of one engine. `on_halt(reason)` is called once, when the system fails closed."""

    def __init__(self, seed: int = 0, on_halt: Callable[[str], None] | None = None) -> None:
        self.random = random.Random(seed)  # sim-ok: the one seeded generator
        self.on_halt = on_halt
        self.now_ns = 0
        self.refs: dict[int, ActorRef] = {}
        self.lanes: tuple[deque[Entry], ...] = (deque(), deque(), deque(), deque())
        self.timers = TimerHeap()
        self.meters = Meters()
        self.dead_letters: Counter[tuple[str, str]] = Counter()
        self.dead_ring: deque[DeadLetter] = deque(maxlen=DEAD_LETTERS_KEPT)
        self.asks: dict[int, Callable[[object], None]] = {}
        self.batch_pending: list[ActorRef] = []
        self.fault_chooser: Callable[[str], bool] | None = None
        self.halted: str | None = None
        self._next_actor = 0
        self._next_ask = 0

    # -- actors

    def spawn(
        self,
        factory: Callable[[], Actor[Any]],
        *,
        name: str,
        supervision: Supervision | None = None,
        parent: ActorRef | None = None,
    ) -> ActorRef:
        """Make an actor from its factory, which is kept for restarts."""
        self._next_actor += 1
        ref = ActorRef(self, self._next_actor, name, factory, supervision or RESTART, parent)
        self.refs[ref.actor_id] = ref
        if parent is not None:
            if parent.children is None:
                parent.children = {}
            parent.children[ref.actor_id] = ref
        self._place(ref, factory())
        return ref

    def actor_of(self, ref: ActorRef) -> Actor[Any]:
        """The living actor behind a ref, for tests and the roof's read-only questions."""
        assert ref.actor is not None, "the actor has stopped"
        return ref.actor

    def stop_actor(self, ref: ActorRef) -> None:
        """Stop an actor and its children; everything it held is let go."""
        if ref.capacity == CLOSED:
            return
        ref.capacity = CLOSED
        if ref.children is not None:
            for child in list(ref.children.values()):
                self.stop_actor(child)
        actor = ref.actor
        if actor is not None:
            actor.on_stop()
        for timer_id in tuple(sorted(ref.timers or ())):
            self.timers.cancel(timer_id)
        ref.actor = None
        ref.factory = None
        ref.timers = None
        ref.children = None
        ref.table = {}
        del self.refs[ref.actor_id]
        if ref.parent is not None and ref.parent.children is not None:
            ref.parent.children.pop(ref.actor_id, None)
        ref.parent = None

    def stop(self) -> None:
        """Stop every actor, newest first."""
        for actor_id in sorted(self.refs, reverse=True):
            ref = self.refs.get(actor_id)
            if ref is not None:
                self.stop_actor(ref)
        for lane in self.lanes:
            lane.clear()
        self.batch_pending.clear()

    def halt(self, reason: str) -> None:
        """Fail closed, once."""
        if self.halted is None:
            self.halted = reason
            if self.on_halt is not None:
                self.on_halt(reason)

    # -- running

    @property
    def ready(self) -> bool:
        """Whether anything waits to run now."""
        control, execution, market, background = self.lanes
        return bool(control or execution or market or background or self.batch_pending)

    def drain(self, turns_max: int) -> int:
        """Run up to about `turns_max` messages in lane order; returns how many were run.

        The loop is flat on purpose: small helpers here cost more than the work they name. It
        takes a burst from the highest lane that waits, watching the lanes above it, and after
        each burst gives one turn to the lowest lane that waits, so that none starves.
        """
        control, execution, market, background = self.lanes
        pending = self.batch_pending
        turns = 0
        while turns < turns_max:
            if control:
                queue, above = control, _EMPTY
            elif execution:
                queue, above = execution, control
            elif market:
                queue, above = market, execution
            elif background:
                queue, above = background, market
            elif pending:
                self.end_batches()
                continue
            else:
                break
            pop = queue.popleft
            for burst in _BURST:
                if not queue or above:
                    break
                ref, message = pop()
                ref.depth -= 1
                try:
                    ref.table[type(message)](ref.actor, message)
                except Exception as error:  # noqa: BLE001  # supervision is the last resort
                    self.failed(ref, message, error)
                    continue
                if ref.has_batch_end and not ref.batch_pending:
                    ref.batch_pending = True
                    pending.append(ref)
            else:
                burst = FAIR_TURNS
                lowest = background or market
                if lowest and lowest is not queue:
                    ref, message = lowest.popleft()
                    self.run_one(ref, message)
            turns += burst
        if pending:
            self.end_batches()
        self.meters.messages += turns
        self.meters.drains += 1
        return turns

    def run_one(self, ref: ActorRef, message: Message) -> None:
        """Run one message that a driver took from a lane itself."""
        ref.depth -= 1
        self.meters.messages += 1
        actor = ref.actor
        if actor is None:
            self.dead_letter(ref, message, "stopped")
            return
        try:
            ref.table[type(message)](actor, message)
        except Exception as error:  # noqa: BLE001  # supervision is the handler of last resort
            self.failed(ref, message, error)
            return
        if ref.has_batch_end and not ref.batch_pending:
            ref.batch_pending = True
            self.batch_pending.append(ref)

    def end_batches(self) -> None:
        """Call `on_batch_end` of every actor that had messages since the last time."""
        pending = self.batch_pending
        waiting = pending[:]
        pending.clear()
        for ref in waiting:
            self.end_batch(ref)

    def end_batch(self, ref: ActorRef) -> None:
        """Call one actor's `on_batch_end`."""
        ref.batch_pending = False
        actor: Any = ref.actor
        if actor is not None:
            try:
                actor.on_batch_end()
            except Exception as error:  # noqa: BLE001  # as above
                self.failed(ref, None, error)

    def fire_timers(self) -> int:
        """Tell every timer that is due at `now_ns`; returns how many."""
        fired = 0
        while (due := self.timers.pop_due(self.now_ns)) is not None:
            due[0].tell(due[1])
            fired += 1
        self.meters.timers_fired += fired
        return fired

    # -- failures

    def failed(self, ref: ActorRef, message: Message | None, error: Exception) -> None:
        """A handler raised: keep the letter, then do what the supervision says."""
        if ref.actor is None:
            self.dead_letter(ref, message, "stopped")
            return
        self.meters.failures += 1
        self.dead_letter(ref, message, f"{type(error).__name__}: {error}")
        action = ref.supervision.action
        if action is FailureAction.RESTART and self._may_restart(ref):
            self._restart(ref)
        elif action is FailureAction.STOP:
            self.stop_actor(ref)
        else:
            self.halt(f"{ref.name} failed: {type(error).__name__}: {error}")

    def dead_letter(self, ref: ActorRef | None, message: Message | None, reason: str) -> None:
        """Count a message that reached nobody; an event among them is an alarm."""
        actor = ref.name if ref is not None else "?"
        kind = type(message).__name__
        if isinstance(message, Event):
            self.meters.dead_events += 1
        self.dead_letters[actor, kind] += 1
        self.dead_ring.append(DeadLetter(actor, kind, reason))

    def _may_restart(self, ref: ActorRef) -> bool:
        window = self.now_ns - ref.supervision.window_ns
        recent = [at_ns for at_ns in ref.restarts or () if at_ns > window]
        recent.append(self.now_ns)
        ref.restarts = recent
        return len(recent) <= ref.supervision.restarts_max

    def _restart(self, ref: ActorRef) -> None:
        self.meters.restarts += 1
        for child in list((ref.children or {}).values()):
            self.stop_actor(child)
        for timer_id in tuple(sorted(ref.timers or ())):
            self.timers.cancel(timer_id)
        assert ref.factory is not None, "a living actor keeps its factory"
        self._place(ref, ref.factory())

    def _place(self, ref: ActorRef, actor: Actor[Any]) -> None:
        ref.table = actor.handler_table
        ref.capacity = actor.mailbox_capacity
        ref.limit = max(actor.mailbox_hard_capacity, actor.mailbox_capacity)
        ref.has_batch_end = hasattr(actor, "on_batch_end")
        ref.push = self.lanes[actor.lane].append
        ref.actor = actor
        actor.ctx = Context(self, ref)
        actor.on_start()

    # -- asks from outside

    def open_ask(self, resolve: Callable[[object], None]) -> int:
        """A reply id for a question from outside; MailboxOverflow when too many are open."""
        if len(self.asks) >= ASKS_MAX:
            raise MailboxOverflow(f"{ASKS_MAX} questions are open; wait for answers")
        self._next_ask += 1
        self.asks[self._next_ask] = resolve
        return self._next_ask

    def answer(self, reply_to: int, answer: object) -> None:
        """Resolve an ask, if it still waits."""
        resolve = self.asks.pop(reply_to, None)
        if resolve is not None:
            resolve(answer)
