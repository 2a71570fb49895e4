"""The live driver: runs a system inside callbacks of the host's event loop, on real time.

Whoever comes from outside (a socket, a timer, the host) tells through the driver, which runs the
whole chain before it returns, up to a budget; then it yields to the host and goes on.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from engine.errors import ActorStopped, AskTimeout
from engine.runtime.delivery import Message
from engine.runtime.mailbox import ActorRef
from engine.runtime.system import ActorSystem

__all__ = ["LiveDriver"]

TURNS_MAX: Final = 4_096
DRAIN_US_MAX: Final = 2_000
FROM_THREADS_MAX: Final = 65_536


class LiveDriver:
    """Time is the wall clock at the start plus the monotonic time since: it never jumps.

    A drain yields to the host loop after `turns_max` messages or `drain_us_max` microseconds
    (looked at every scheduler.FAIR_TURNS messages, when `now_ns` is refreshed as well).
    """

    def __init__(
        self,
        system: ActorSystem,
        loop: asyncio.AbstractEventLoop,
        *,
        turns_max: int = TURNS_MAX,
        drain_us_max: int = DRAIN_US_MAX,
    ) -> None:
        self.system = system
        self.loop = loop
        self.turns_max = turns_max
        self._drain_ns_max = drain_us_max * 1_000
        self._yield_at_ns = 0
        self._offset_ns = time.time_ns() - time.monotonic_ns()
        self._draining = False
        self._again = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due_ns = 0
        self._from_threads: deque[tuple[ActorRef, Message]] = deque()
        self._thread_wake = False
        self._closed = False
        system.now_ns = self.read_clock_ns()
        system.wake = self._wake
        system.idle = True
        if system.ready or len(system.timers):
            self._wake()

    def read_clock_ns(self) -> int:
        """Unix time in ns."""
        return time.monotonic_ns() + self._offset_ns

    def tell(self, ref: ActorRef, message: Message) -> bool:
        """Tell from outside and run what it sets off; False as `ref.tell`, or after `close`."""
        if self._draining:
            return ref.tell(message)
        if self._closed:
            return False
        self.system.idle = False
        accepted = ref.tell(message)
        self.pump()
        return accepted

    def tell_from_thread(self, ref: ActorRef, message: Message) -> bool:
        """The same from another thread; False when the bounded hand-over is full or closed.

        Whether the mailbox takes it shows later: a refusal there becomes a dead letter.
        """
        queue = self._from_threads
        if self._closed or len(queue) >= FROM_THREADS_MAX:
            return False
        queue.append((ref, message))
        if not self._thread_wake:
            # Raised before the call and lowered before the queue is read: no message is missed.
            self._thread_wake = True
            try:
                self.loop.call_soon_threadsafe(self._take_from_threads)
            except RuntimeError:
                # The loop has closed; nobody is left to hear it.
                return False
        return True

    async def ask(
        self, ref: ActorRef, make_message: Callable[[int], Message], timeout_s: float = 5.0
    ) -> object:
        """Ask from outside; `make_message` gets the id that the actor replies to.

        ActorStopped when the actor is gone or refuses, AskTimeout without an answer in time.
        """
        future: asyncio.Future[object] = self.loop.create_future()

        def resolve(value: object) -> None:
            if not future.done():
                future.set_result(value)

        reply_to = self.system.open_ask(resolve)
        try:
            if not self.tell(ref, make_message(reply_to)):
                raise ActorStopped(f"{ref.name} takes no questions now; try again or restart")
            async with asyncio.timeout(timeout_s):
                return await future
        except TimeoutError:
            raise AskTimeout(f"{ref.name} gave no answer within {timeout_s} s; try again") from None
        finally:
            self.system.close_ask(reply_to)

    def pump(self) -> None:
        """Run until nothing is ready or the budget is spent; the rest goes on in the next tick."""
        if self._draining or self._closed:
            return
        system = self.system
        self._draining = True
        system.idle = False
        try:
            system.now_ns = now_ns = self.read_clock_ns()
            self._yield_at_ns = now_ns + self._drain_ns_max
            system.fire_timers()
            system.scheduler.drain(self.turns_max, self._may_go_on)
        finally:
            self._draining = False
            if system.ready:
                self._go_on_soon()
            else:
                system.idle = True
            self._arm()

    def close(self) -> None:
        """Stop running; the system itself is stopped by its owner."""
        self._closed = True
        self.system.idle = False
        self.system.wake = _nobody
        self._from_threads.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _may_go_on(self) -> bool:
        self.system.now_ns = now_ns = self.read_clock_ns()
        return now_ns < self._yield_at_ns

    def _wake(self) -> None:
        """An actor was told from outside, past the driver: run it in the next tick."""
        self.system.idle = False
        self._go_on_soon()

    def _go_on_soon(self) -> None:
        if not self._again:
            self._again = True
            self.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._again = False
        self.pump()

    def _take_from_threads(self) -> None:
        self._thread_wake = False
        queue = self._from_threads
        self.system.idle = False
        while queue:
            ref, message = queue.popleft()
            if not ref.tell(message) and not ref.stopped:
                self.system.dead_letter(ref, message, "from a thread: refused")
        self.pump()

    def _arm(self) -> None:
        due_ns = self.system.timers.next_due_ns()
        if due_ns is None or self._closed:
            return
        if self._timer is not None:
            if self._timer_due_ns <= due_ns:
                return
            self._timer.cancel()
        delay_ns = max(0, due_ns - self.read_clock_ns())
        self._timer_due_ns = due_ns
        self._timer = self.loop.call_at(self.loop.time() + delay_ns / 1e9, self._timer_fired)

    def _timer_fired(self) -> None:
        self._timer = None
        self.pump()


def _nobody() -> None:
    """Wakes nobody: the driver is closed."""
