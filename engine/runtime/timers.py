"""The timer heap that both drivers share: due time, then order of setting."""

from __future__ import annotations

import heapq
from typing import Final

from engine.errors import RuntimeFault
from engine.runtime.delivery import Message
from engine.runtime.mailbox import ActorRef

__all__ = ["COMPACT_MIN", "TIMERS_MAX", "TimerHeap"]

COMPACT_MIN: Final = 64
TIMERS_MAX: Final = 1_000_000


class TimerHeap:
    """Timers by (due_ns, id); ids count from 1. At most TIMERS_MAX wait.

    Cancelled entries are swept out once they are more than half, so the heap never holds more
    than twice the live ones plus COMPACT_MIN.
    """

    __slots__ = ("_cancelled", "_heap", "_live", "_next_id")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int]] = []
        self._live: dict[int, tuple[ActorRef, Message]] = {}
        self._cancelled = 0
        self._next_id = 0

    def __len__(self) -> int:
        return len(self._live)

    @property
    def heap_size(self) -> int:
        """Entries held, cancelled ones included."""
        return len(self._heap)

    def set(self, due_ns: int, ref: ActorRef, message: Message) -> int:
        """Deliver `message` to `ref` at `due_ns`; the id cancels it. RuntimeFault when full."""
        if len(self._live) >= TIMERS_MAX:
            raise RuntimeFault(f"{TIMERS_MAX} timers wait; cancel some or set fewer")
        self._next_id += 1
        timer_id = self._next_id
        heapq.heappush(self._heap, (due_ns, timer_id))
        self._live[timer_id] = (ref, message)
        ties = ref.tie()
        if ties.timers is None:
            ties.timers = {timer_id}
        else:
            ties.timers.add(timer_id)
        return timer_id

    def cancel(self, timer_id: int) -> bool:
        """Whether the timer was still waiting."""
        if self._take(timer_id) is None:
            return False
        self._cancelled += 1
        self._sweep()
        return True

    def cancel_all(self, ref: ActorRef) -> None:
        """Cancel every timer of one actor."""
        ties = ref.ties
        if ties is None or ties.timers is None:
            return
        timers, ties.timers = ties.timers, None
        self._cancelled += len(timers)
        # In no order: nothing shows in which one they went.
        while timers:
            del self._live[timers.pop()]
        self._sweep()

    def next_due_ns(self) -> int | None:
        """When the earliest live timer is due."""
        heap = self._heap
        while heap and heap[0][1] not in self._live:
            heapq.heappop(heap)
            self._cancelled -= 1
        return heap[0][0] if heap else None

    def pop_due(self, now_ns: int) -> tuple[ActorRef, Message] | None:
        """The next timer that is due, or None."""
        heap, live = self._heap, self._live
        while heap:
            due_ns, timer_id = heap[0]
            if timer_id not in live:
                heapq.heappop(heap)
                self._cancelled -= 1
            elif due_ns > now_ns:
                return None
            else:
                heapq.heappop(heap)
                return self._take(timer_id)
        return None

    def _sweep(self) -> None:
        """Let cancelled entries go once they are more than half of the heap."""
        if self._cancelled > COMPACT_MIN and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[1] in self._live]
            heapq.heapify(self._heap)
            self._cancelled = 0

    def _take(self, timer_id: int) -> tuple[ActorRef, Message] | None:
        live = self._live.pop(timer_id, None)
        ties = None if live is None else live[0].ties
        if ties is not None and ties.timers is not None:
            ties.timers.discard(timer_id)
            if not ties.timers:
                ties.timers = None
        return live
