"""The timer heap that both drivers share: due time, then order of setting."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.runtime.actor import ActorRef
    from engine.runtime.delivery import Message

__all__ = ["TimerHeap"]

COMPACT_MIN = 64


class TimerHeap:
    """Timers by (due_ns, id). Cancelled ones are swept out once they are more than half."""

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
        """Entries held, cancelled ones included; at most twice the live ones plus a constant."""
        return len(self._heap)

    def set(self, due_ns: int, ref: ActorRef, message: Message) -> int:
        """Deliver `message` to `ref` at `due_ns`; the id cancels it."""
        self._next_id += 1
        timer_id = self._next_id
        heapq.heappush(self._heap, (due_ns, timer_id))
        self._live[timer_id] = (ref, message)
        if ref.timers is None:
            ref.timers = set()
        ref.timers.add(timer_id)
        return timer_id

    def cancel(self, timer_id: int) -> bool:
        """Whether the timer was still waiting."""
        live = self._live.pop(timer_id, None)
        if live is None:
            return False
        timers = live[0].timers
        if timers is not None:
            timers.discard(timer_id)
        self._cancelled += 1
        if self._cancelled > COMPACT_MIN and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[1] in self._live]
            heapq.heapify(self._heap)
            self._cancelled = 0
        return True

    def next_due_ns(self) -> int | None:
        """When the earliest live timer is due."""
        heap = self._heap
        while heap and heap[0][1] not in self._live:
            heapq.heappop(heap)
            self._cancelled -= 1
        return heap[0][0] if heap else None

    def pop_due(self, now_ns: int) -> tuple[ActorRef, Message] | None:
        """The next timer that is due, or None."""
        due_ns = self.next_due_ns()
        if due_ns is None or due_ns > now_ns:
            return None
        timer_id = heapq.heappop(self._heap)[1]
        ref, message = self._live.pop(timer_id)
        if ref.timers is not None:
            ref.timers.discard(timer_id)
        return ref, message
