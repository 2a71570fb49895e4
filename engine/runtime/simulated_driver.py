"""The simulated driver: the same actors on a virtual clock, in an order drawn from a seed.

Determinism contract. With equal seeds, equal inputs and equal code every run is the same, message
for message, whatever `PYTHONHASHSEED` is. Kept in every order: messages of one mailbox are FIFO
(so those of one sender to one receiver are too), a handler runs to completion, an actor's
`on_batch_end` comes after the messages it had and before the system is idle. Drawn from the seed:
which of the ready mailboxes is next, of whatever lane, and where its batches are cut. The live
order is one of those that can be drawn.

In return, nothing that runs here may read a clock, draw unseeded randomness, iterate over sets,
order by `id()`, use threads or an event loop: time is `ctx.now_ns`, chance `ctx.random`, ids come
from counters. Out of contract: aiohttp, sockets, real venues, meters of wall-clock time.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import Literal

from engine.runtime.delivery import Message
from engine.runtime.mailbox import ActorRef
from engine.runtime.system import ActorSystem

__all__ = ["Answer", "SimulatedDriver"]

MAX_TURNS = 10_000_000
BATCH_CUT = 0.25


class Answer:
    """Where the answer of an ask will stand."""

    __slots__ = ("done", "refused", "value")

    def __init__(self) -> None:
        self.done = False
        self.refused = False
        self.value: object = None

    def resolve(self, value: object) -> None:
        """Called once by the system."""
        self.done = True
        self.value = value


class SimulatedDriver:
    """Runs a system by hand: tell, run until idle, let virtual time pass."""

    def __init__(
        self,
        system: ActorSystem,
        seed: int = 0,
        start_ns: int = 0,
        order: Literal["seeded", "fifo"] = "seeded",
    ) -> None:
        self.system = system
        self.random = random.Random(seed)  # sim-ok: seeded, the driver's own
        self.order = order
        self.turns = 0
        self._queues: dict[ActorRef, deque[Message]] = {}
        self._choices: list[ActorRef] = []
        system.now_ns = start_ns

    @property
    def now_ns(self) -> int:
        """The virtual clock."""
        return self.system.now_ns

    @property
    def ready(self) -> bool:
        """Whether anything can run without time passing."""
        return bool(self._choices) or self.system.ready

    def tell(self, ref: ActorRef, message: Message) -> bool:
        """Queue a message from outside; nothing runs yet."""
        return ref.tell(message)

    def ask(self, ref: ActorRef, make_message: Callable[[int], Message]) -> Answer:
        """Queue a question; run the system, then look at the answer."""
        answer = Answer()
        reply_to = self.system.open_ask(answer.resolve)
        if not ref.tell(make_message(reply_to)):
            answer.refused = True
            self.system.close_ask(reply_to)
        return answer

    def step(self) -> bool:
        """Run one message, or batch ends; False when nothing is ready."""
        if self.order == "fifo":
            before = self.system.meters.messages
            ran = self.system.scheduler.step()
            self.turns += self.system.meters.messages - before
            return ran
        scheduler = self.system.scheduler
        draw = self.random.random
        self._sort_in()
        choices = self._choices
        pending = scheduler.pending
        if pending and (not choices or draw() < BATCH_CUT):
            scheduler.end_batch(pending.pop(int(draw() * len(pending))))
            return True
        if not choices:
            return False
        index = int(draw() * len(choices))
        ref = choices[index]
        queue = self._queues[ref]
        message = queue.popleft()
        if not queue:
            del self._queues[ref]
            choices[index] = choices[-1]
            choices.pop()
        self.turns += 1
        scheduler.run_counted(ref, message)
        return True

    def run_until_idle(self, max_turns: int = MAX_TURNS) -> int:
        """Run everything that is ready now; returns the turns. Time stands still.

        AssertionError when still busy after `max_turns` messages.
        """
        before = self.turns
        while self.turns - before < max_turns and self.step():
            pass
        while not self._choices and self.system.scheduler.pending:
            # The budget ended on the last message; its batch end is still due.
            self.system.scheduler.end_batches()
        assert not self.ready, f"still busy after {max_turns} turns: a message loop"
        return self.turns - before

    def advance_to_next_timer(self) -> bool:
        """Jump to the next timer and fire what is due; False when no timer is set."""
        due_ns = self.system.timers.next_due_ns()
        if due_ns is None:
            return False
        self.system.now_ns = max(self.system.now_ns, due_ns)
        self.system.fire_timers()
        return True

    def run_until(self, now_ns: int) -> None:
        """Run, jumping from timer to timer, until the virtual clock shows `now_ns`."""
        self.run_until_idle()
        while (due_ns := self.system.timers.next_due_ns()) is not None and due_ns <= now_ns:
            self.advance_to_next_timer()
            self.run_until_idle()
        self.system.now_ns = max(self.system.now_ns, now_ns)

    def run_for(self, duration_ns: int) -> None:
        """Let `duration_ns` of virtual time pass."""
        self.run_until(self.system.now_ns + duration_ns)

    def _sort_in(self) -> None:
        """Move what stands in the lanes into one queue a mailbox, to choose among them."""
        queues = self._queues
        for lane in self.system.scheduler.lanes:
            while lane:
                ref, message = lane.popleft()
                queue = queues.get(ref)
                if queue is None:
                    queues[ref] = queue = deque()
                    self._choices.append(ref)
                queue.append(message)
