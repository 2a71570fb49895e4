"""A policy in slices: a schedule releases quantity, an inner policy works each slice.

`uniform` (TWAP), `vwap` and `pov` differ in their schedule only (`schedules.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from engine.decisions.policies.policy import (
    Action,
    CancelWorking,
    Policy,
    PolicyView,
    Post,
    Rebase,
    Route,
    Stop,
    Wake,
)
from engine.decisions.policies.schedules import Schedule
from engine.errors import Reason
from engine.model.graph import Graph

__all__ = ["PacedPolicy", "Slice", "expanded_counts", "slice_id", "slices_of"]

MARK: Final = "paced"
SLICES_MAX: Final = 1_000
BUSY_NS: Final = 50_000_000
PULL_AGAIN_NS: Final = 1_000_000_000
NUMBERS: Final = 3


class Slice(msgspec.Struct, frozen=True, gc=False):
    """One slice that has begun: when, with how much to send, and the node's fill at that time."""

    started_ns: int
    target_qty_1e8: int
    filled_before_1e8: int


class PacedPolicy:
    """Works one slice at a time with a fresh inner policy; at most one slice begins at once.

    A slice begins with `Rebase` and, a moment later, with the cap that follows from it, the
    inner policy. Nothing begins while an answer is awaited. What a slice still has resting when
    the next begins keeps working; the rest rolls into the next. An inner `Stop` ends its slice
    only, what rests is then cancelled; that of the last slice ends the node.
    """

    __slots__ = (
        "_before_1e8",
        "_inner",
        "_inner_wake_ns",
        "_live",
        "_make_inner",
        "_opening",
        "_released_1e8",
        "_schedule",
        "_slices",
    )

    def __init__(self, *, schedule: Schedule, make_inner: Callable[[], Policy]) -> None:
        self._schedule = schedule
        self._make_inner = make_inner
        self._inner = make_inner()
        # The inner policy has started and not stopped.
        self._live = False
        # A slice is released and re-based, its inner policy starts with the next event.
        self._opening = False
        self._inner_wake_ns: int | None = None
        self._released_1e8 = 0
        # The node's fill when the inner policy started.
        self._before_1e8 = 0
        self._slices: list[Slice] = []

    def start(self, view: PolicyView) -> Sequence[Action]:
        """Nothing yet: the first slice comes one interval from now."""
        self._schedule.begin(view)
        self._live = self._opening = False
        self._inner_wake_ns = None
        self._released_1e8 = self._before_1e8 = 0
        self._slices.clear()
        return self._go_on(view, [])

    def on_attempt_done(self, view: PolicyView, reason: Reason) -> Sequence[Action]:
        """The slice's answer, if the slice wants any more."""
        inside, actions = self._inside(view), list[Action]()
        if self._live:
            if inside.remaining_qty_1e8:
                actions = self._take(self._inner.on_attempt_done(inside, reason))
            elif not view.working_qty_1e8 and not view.in_flight:
                self._live, self._inner_wake_ns = False, None
        return self._go_on(view, actions)

    def on_liquidity(self, view: PolicyView) -> Sequence[Action]:
        """What the slice watches for."""
        actions = list[Action]()
        if self._live:
            actions = self._take(self._inner.on_liquidity(self._inside(view)))
        return self._go_on(view, actions)

    def on_wake(self, view: PolicyView) -> Sequence[Action]:
        """A time of the slice, or the next slice."""
        actions, wake_ns = list[Action](), self._inner_wake_ns
        if self._live and wake_ns is not None and view.now_ns >= wake_ns:
            self._inner_wake_ns = None
            actions = self._take(self._inner.on_wake(self._inside(view)))
        return self._go_on(view, actions)

    def on_target(self, view: PolicyView) -> Sequence[Action]:
        """The slices to come share what was added; behind the last one it goes at once."""
        actions = list[Action]()
        if self._schedule.next_ns is None and self._live:
            self._released_1e8 = max(self._released_1e8, view.target_qty_1e8)
            inside = self._inside(view)
            if inside.remaining_qty_1e8:
                actions = self._take(self._inner.on_target(inside))
        return self._go_on(view, actions)

    def resume(self, view: PolicyView) -> Sequence[Action]:
        """The slice goes on; of those that were missed at most one begins."""
        self._schedule.resume(view)
        self._inner_wake_ns = None
        actions = list[Action]()
        if self._live:
            actions = self._take(self._inner.resume(self._inside(view)))
        return self._go_on(view, actions)

    def state(self) -> bytes:
        """Schedule, inner policy and the slices so far, three numbers each."""
        numbers = [
            number
            for one in self._slices
            for number in (one.started_ns, one.target_qty_1e8, one.filled_before_1e8)
        ]
        inner = self._inner.state() if self._live else b""
        flags = (self._live, self._opening, self._inner_wake_ns)
        sizes = (self._released_1e8, self._before_1e8)
        packed = (MARK, numbers, self._schedule.pack(), *flags, *sizes, inner)
        return msgspec.msgpack.encode(packed)

    def load(self, state: bytes) -> None:
        """Take over a packed state."""
        fields = msgspec.msgpack.decode(
            state, type=tuple[str, list[int], list[int], bool, bool, int | None, int, int, bytes]
        )
        assert fields[0] == MARK, "a paced policy loads the state of one"
        self._slices = _slices(fields[1])
        self._schedule.unpack(fields[2])
        self._live, self._opening, self._inner_wake_ns = fields[3:6]
        self._released_1e8, self._before_1e8 = fields[6:8]
        self._inner = self._make_inner()
        if self._live:
            self._inner.load(fields[8])

    def _go_on(self, view: PolicyView, actions: list[Action]) -> Sequence[Action]:
        """After the inner policy had its say: begin what is due, and ask for the next wake."""
        schedule, now_ns = self._schedule, view.now_ns
        if any(isinstance(action, Stop) for action in actions):
            return actions
        if schedule.deadline_ns is not None and now_ns >= schedule.deadline_ns:
            return (Stop(Reason.EXPIRED),)
        busy = view.in_flight or any(_occupies(action) for action in actions)
        if self._opening and not busy:
            actions += self._open(view)
            if any(isinstance(action, Stop) for action in actions):
                return actions
            busy = any(_occupies(action) for action in actions)
        elif schedule.next_ns is not None and now_ns >= schedule.next_ns and not busy:
            if self._release(view):
                return *actions, Rebase(), Wake(now_ns)
        if not self._live and not self._opening and not busy:
            if view.working_qty_1e8:
                # Left behind by a slice that is over.
                actions.append(CancelWorking())
            elif schedule.next_ns is None and view.remaining_qty_1e8 > 0:
                return (Stop(Reason.EXPIRED),)
        return *actions, *self._next_wake(view, busy=busy)

    def _release(self, view: PolicyView) -> bool:
        """Note the next slice; whether it has anything to send."""
        released = self._schedule.release(view)
        self._released_1e8 = max(self._released_1e8, released)
        due = self._inside(view).remaining_qty_1e8
        self._opening = due > 0
        if due > 0 or self._schedule.keeps_slices:
            if not self._schedule.keeps_slices:
                self._slices.clear()
            assert len(self._slices) < SLICES_MAX, "validation bounds the slices"
            self._slices.append(Slice(view.now_ns, due, view.filled_qty_1e8))
        return self._opening

    def _open(self, view: PolicyView) -> list[Action]:
        """Start the inner policy of the slice that was released, if it still has any to send."""
        self._opening = False
        if not self._inside(view).remaining_qty_1e8:
            return []
        self._inner = self._make_inner()
        self._live, self._inner_wake_ns = True, None
        self._before_1e8 = view.filled_qty_1e8
        return self._take(self._inner.start(self._inside(view)))

    def _take(self, actions: Sequence[Action]) -> list[Action]:
        """The inner policy's actions for the node: its wakes and its end are the slice's."""
        taken: list[Action] = []
        for action in actions:
            if isinstance(action, Wake):
                self._inner_wake_ns = action.at_ns
            elif isinstance(action, Stop):
                self._live, self._inner_wake_ns = False, None
                if self._schedule.next_ns is None and not self._opening:
                    taken.append(action)
            else:
                taken.append(action)
        return taken

    def _next_wake(self, view: PolicyView, *, busy: bool) -> Sequence[Action]:
        now_ns, times = view.now_ns, list[int]()
        for time in (self._schedule.next_ns, self._schedule.deadline_ns, self._inner_wake_ns):
            if time is not None:
                times.append(time if time > now_ns else now_ns + BUSY_NS)
        if self._opening:
            times.append(now_ns + BUSY_NS)
        if not self._live and (busy or view.working_qty_1e8):
            times.append(now_ns + PULL_AGAIN_NS)
        return (Wake(min(times)),) if times else ()

    def _inside(self, view: PolicyView) -> PolicyView:
        """The node as the slice may see it: what is not released does not exist."""
        target = min(self._released_1e8, view.target_qty_1e8)
        used = view.target_qty_1e8 - view.remaining_qty_1e8
        free = max(0, min(view.remaining_qty_1e8, target - used))
        return msgspec.structs.replace(
            view,
            target_qty_1e8=max(0, target - self._before_1e8),
            filled_qty_1e8=view.filled_qty_1e8 - self._before_1e8,
            remaining_qty_1e8=free,
        )


def slices_of(state: bytes) -> tuple[Slice, ...]:
    """The slices in a packed policy state, oldest first; none where the policy is not paced."""
    fields = msgspec.msgpack.decode(state) if state else None
    if not isinstance(fields, list) or not fields or fields[0] != MARK:
        return ()
    return tuple(_slices(fields[1]))


def slice_id(node_id: str, number: int) -> str:
    """Name of a node's slice as a node of its own; the first is number 1."""
    return f"{node_id}_slice_{number}"


def expanded_counts(graph: Graph) -> tuple[int, int]:
    """Nodes and edges with the slices of `uniform` and `vwap` pacing counted as the wire does.

    A node of N slices is 1 + N nodes and N edges more; `pov` has no number of slices.
    """
    slices = 0
    for node in graph.nodes:
        pacing = node.execution.pacing
        if pacing is not None:
            kind = pacing.uniform or pacing.vwap
            slices += kind.num_slices if kind is not None else 0
    return len(graph.nodes) + slices, len(graph.edges) + slices


def _occupies(action: Action) -> bool:
    return isinstance(action, Route | Post | CancelWorking)


def _slices(numbers: Sequence[int]) -> list[Slice]:
    return [Slice(*numbers[i : i + NUMBERS]) for i in range(0, len(numbers), NUMBERS)]
