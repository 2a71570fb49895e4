"""The simulated driver: the same actors on a virtual clock, in an order drawn from a seed.

Contract: with equal seeds and equal inputs, every run is the same, message for message, whatever
`PYTHONHASHSEED` is. Per mailbox the order of messages is kept; everything else that the live
order could do, and more, may be permuted. Out of contract: aiohttp, sockets, real venues.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Literal

from engine.runtime.actor import ActorRef
from engine.runtime.delivery import Message
from engine.runtime.system import ActorSystem

__all__ = ["Answer", "SimulatedDriver"]

TURNS_MAX = 10_000_000
BATCH_CUT = 0.25


class Answer:
    """Where the answer of an ask will stand."""

    __slots__ = ("done", "value")

    def __init__(self) -> None:
        self.done = False
        self.value: object = None

    def resolve(self, value: object) -> None:
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
        system.now_ns = start_ns

    @property
    def now_ns(self) -> int:
        return self.system.now_ns

    def tell(self, ref: ActorRef, message: Message) -> bool:
        """Queue a message from outside; nothing runs yet."""
        return ref.tell(message)

    def ask(self, ref: ActorRef, make_message: Callable[[int], Message]) -> Answer:
        """Queue a question; run the system, then look at the answer."""
        answer = Answer()
        reply_to = self.system.open_ask(answer.resolve)
        if not ref.tell(make_message(reply_to)):
            self.system.asks.pop(reply_to, None)
        return answer

    def step(self) -> bool:
        """Run one message, or one batch end; False when nothing is ready."""
        system = self.system
        if self.order == "fifo":
            ran = system.drain(1)
            self.turns += ran
            return ran > 0 or system.ready
        waiting = sum(map(len, system.lanes))
        if system.batch_pending and (not waiting or self.random.random() < BATCH_CUT):
            pending = system.batch_pending
            system.end_batch(pending.pop(self.random.randrange(len(pending))))
            return True
        if not waiting:
            return False
        self._run_random(self.random.randrange(waiting))
        self.turns += 1
        return True

    def run_until_idle(self, turns_max: int = TURNS_MAX) -> int:
        """Run everything that is ready now; returns the turns. Time stands still."""
        before = self.turns
        if self.order == "fifo":
            while self.system.ready and self.turns - before < turns_max:
                self.turns += self.system.drain(turns_max)
        else:
            while self.turns - before < turns_max and self.step():
                pass
        assert not self.system.ready, f"still busy after {turns_max} turns: a message loop"
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

    def _run_random(self, index: int) -> None:
        """The oldest message of the mailbox that message `index` belongs to."""
        for lane in self.system.lanes:
            if index >= len(lane):
                index -= len(lane)
                continue
            wanted = lane[index][0]
            for position, (ref, message) in enumerate(lane):
                if ref is wanted:
                    del lane[position]
                    self.system.run_one(ref, message)
                    return
