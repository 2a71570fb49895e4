"""The live driver: runs a system inside callbacks of the host's event loop, on real time.

Whoever comes from outside (a socket, a timer, the host) tells through the driver, which runs the
whole chain before it returns, up to a budget; then it yields to the host and goes on.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from engine.errors import ActorStopped, AskTimeout
from engine.runtime.actor import ActorRef
from engine.runtime.delivery import Message
from engine.runtime.system import ActorSystem

__all__ = ["LiveDriver"]

TURNS_MAX = 2_048
DRAIN_NS_MAX = 2_000_000
FROM_THREADS_MAX = 65_536


class LiveDriver:
    """Time is the wall clock at the start plus the monotonic time since: it never jumps."""

    def __init__(self, system: ActorSystem, loop: asyncio.AbstractEventLoop) -> None:
        self.system = system
        self.loop = loop
        self._offset_ns = time.time_ns() - time.monotonic_ns()
        self._draining = False
        self._again = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due_ns = 0
        self._from_threads: deque[tuple[ActorRef, Message]] = deque()
        self._closed = False
        system.now_ns = self.read_clock_ns()

    def read_clock_ns(self) -> int:
        """Unix time in ns."""
        return time.monotonic_ns() + self._offset_ns

    def tell(self, ref: ActorRef, message: Message) -> bool:
        """Tell from outside and run what it sets off."""
        accepted = ref.tell(message)
        if not self._draining:
            self.pump()
        return accepted

    def tell_from_thread(self, ref: ActorRef, message: Message) -> bool:
        """The same from another thread; False when the bounded hand-over is full."""
        if self._closed or len(self._from_threads) >= FROM_THREADS_MAX:
            return False
        self._from_threads.append((ref, message))
        try:
            self.loop.call_soon_threadsafe(self._take_from_threads)
        except RuntimeError:
            # The loop has closed; nobody is left to hear it.
            return False
        return True

    async def ask(
        self, ref: ActorRef, make_message: Callable[[int], Message], timeout_s: float = 5.0
    ) -> object:
        """Ask from outside. AskTimeout without an answer in time, ActorStopped when refused."""
        future: asyncio.Future[object] = self.loop.create_future()

        def resolve(value: object) -> None:
            if not future.done():
                future.set_result(value)

        reply_to = self.system.open_ask(resolve)
        if not self.tell(ref, make_message(reply_to)):
            self.system.asks.pop(reply_to, None)
            raise ActorStopped(f"{ref.name} takes no questions now; try again or restart")
        if future.done():
            return future.result()
        try:
            return await asyncio.wait_for(future, timeout_s)
        except TimeoutError:
            self.system.asks.pop(reply_to, None)
            raise AskTimeout(f"{ref.name} gave no answer within {timeout_s} s; try again") from None

    def pump(self) -> None:
        """Run until nothing is ready or the budget is spent; the rest goes on in the next tick."""
        if self._draining:
            return
        system = self.system
        self._draining = True
        try:
            started_ns = system.now_ns = self.read_clock_ns()
            system.fire_timers()
            while system.ready:
                system.drain(TURNS_MAX)
                system.now_ns = self.read_clock_ns()
                if system.now_ns - started_ns > DRAIN_NS_MAX:
                    break
        finally:
            self._draining = False
        if system.ready:
            if not self._again:
                self._again = True
                self.loop.call_soon(self._go_on)
        else:
            self._arm()

    def close(self) -> None:
        """Stop running; the system itself is stopped by its owner."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go_on(self) -> None:
        self._again = False
        if not self._closed:
            self.pump()

    def _take_from_threads(self) -> None:
        queue = self._from_threads
        while queue:
            ref, message = queue.popleft()
            ref.tell(message)
        if not self._closed:
            self.pump()

    def _arm(self) -> None:
        due_ns = self.system.timers.next_due_ns()
        if due_ns is None or self._closed:
            return
        if self._timer is not None:
            if self._timer_due_ns <= due_ns and not self._timer.cancelled():
                return
            self._timer.cancel()
        delay_s = max(0, due_ns - self.system.now_ns) / 1e9
        self._timer_due_ns = due_ns
        self._timer = self.loop.call_later(delay_s, self._timer_fired)

    def _timer_fired(self) -> None:
        self._timer = None
        if not self._closed:
            self.pump()
