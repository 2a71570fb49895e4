"""The scheduler: one FIFO of (mailbox, message) a lane, and the loop that drains them.

The first lane that is not empty is served; every FAIR_TURNS-th turn goes to the lowest lane that
waits, so that background work cannot starve. Actors that define `on_batch_end` get it once the
lanes have run dry or the drain was cut, in the order in which they first had a message.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from engine.runtime.delivery import Message
from engine.runtime.mailbox import ActorRef, Entry
from engine.runtime.meters import Meters

__all__ = ["FAIR_TURNS", "Scheduler"]

FAIR_TURNS = 127
"""A prime, so that no alternation of actors can hide from the sampled class counts."""

OnFailure = Callable[[ActorRef, Message | None, Exception], None]


class Scheduler:
    """Decides order, never time. A lane is bounded by the capacities of the mailboxes on it."""

    __slots__ = ("_failed", "_meters", "_turns_to_fair", "lanes", "pending", "pushes")

    def __init__(self, meters: Meters, failed: OnFailure) -> None:
        self.lanes: tuple[deque[Entry], deque[Entry], deque[Entry], deque[Entry]] = (
            deque(),
            deque(),
            deque(),
            deque(),
        )
        # One bound method a lane, shared by all actors of it.
        self.pushes = tuple(lane.append for lane in self.lanes)
        self.pending: list[ActorRef] = []
        self._meters = meters
        self._failed = failed
        self._turns_to_fair = FAIR_TURNS - 1

    @property
    def ready(self) -> bool:
        """Whether anything waits to run now."""
        control, execution, market, background = self.lanes
        return bool(control or execution or market or background or self.pending)

    def drain(self, turns_max: int, go_on: Callable[[], bool] | None = None) -> int:
        """Run until nothing is ready or `turns_max` messages were run; returns how many.

        `go_on` is asked every FAIR_TURNS turns and may cut the drain (or refresh the clock). The
        loop is flat on purpose: a helper called for each turn would cost more than it names.
        """
        control, execution, market, background = self.lanes
        next_control, next_execution = control.popleft, execution.popleft
        next_market, next_background = market.popleft, background.popleft
        pending = self.pending
        failed = self._failed
        turns = 0
        cut = False
        while True:
            while not cut:
                ran = stop = min(self._turns_to_fair, turns_max - turns)
                for ran in range(1, stop + 1):
                    if control:
                        ref, message = next_control()
                    elif execution:
                        ref, message = next_execution()
                    elif market:
                        ref, message = next_market()
                    elif background:
                        ref, message = next_background()
                    else:
                        ran -= 1  # one that did not run
                        break
                    ref.depth -= 1
                    try:
                        ref.table[type(message)](ref.actor, message)
                    except Exception as error:  # noqa: BLE001  # supervision decides what follows
                        failed(ref, message, error)
                        continue
                    if ref.wants_batch_end:
                        ref.wants_batch_end = False
                        pending.append(ref)
                turns += ran
                self._turns_to_fair -= ran
                if turns >= turns_max:
                    cut = True
                elif ran < stop:
                    break
                else:
                    turns += self._take_fair_turn(ref if ran else None)
                    cut = turns >= turns_max or (go_on is not None and not go_on())
            if not pending:
                break
            self.end_batches()
            if cut:
                break
        self._meters.messages += turns
        self._meters.drains += 1
        return turns

    def step(self) -> bool:
        """Run one message, or the batch ends when none waits; False when nothing is ready.

        Stepping to the end gives the order of one uncut drain.
        """
        fair = self._turns_to_fair == 0
        self._turns_to_fair = FAIR_TURNS - 1 if fair else self._turns_to_fair
        for lane in reversed(self.lanes) if fair else self.lanes:
            if lane:
                self._turns_to_fair -= not fair
                self.run_counted(*lane.popleft())
                return True
        if not self.pending:
            return False
        self.end_batches()
        return True

    def run_counted(self, ref: ActorRef, message: Message) -> None:
        """Run one message that a driver took from its lane itself, and count it exactly."""
        self._meters.messages += 1
        if ref.actor is not None:
            self._meters.of(type(ref.actor).__name__).handled += 1
        self._run_one(ref, message)

    def end_batches(self) -> None:
        """Call `on_batch_end` of every actor that had messages since its last one."""
        waiting = self.pending[:]
        self.pending.clear()
        for ref in waiting:
            self.end_batch(ref)

    def end_batch(self, ref: ActorRef) -> None:
        """Call one actor's `on_batch_end`; nothing when it has stopped or restarted since."""
        actor: Any = ref.actor
        if actor is None or ref.wants_batch_end:
            return
        ref.wants_batch_end = True
        try:
            actor.on_batch_end()
        except Exception as error:  # noqa: BLE001  # supervision decides what follows
            self._failed(ref, None, error)

    def clear(self) -> None:
        """Forget all that waits."""
        for lane in self.lanes:
            lane.clear()
        self.pending.clear()

    def _run_one(self, ref: ActorRef, message: Message) -> None:
        ref.depth -= 1
        try:
            ref.table[type(message)](ref.actor, message)
        except Exception as error:  # noqa: BLE001  # supervision decides what follows
            self._failed(ref, message, error)
            return
        if ref.wants_batch_end:
            ref.wants_batch_end = False
            self.pending.append(ref)

    def _take_fair_turn(self, last: ActorRef | None) -> int:
        """Serve the lowest lane that waits; how many messages that was.

        All turns since the last fair one, this one with them, are put down to the class that had
        the latest of them: right on average, and nothing is counted message by message.
        """
        self._turns_to_fair = FAIR_TURNS - 1
        meters = self._meters
        if last is not None and last.actor is not None:
            meters.of(type(last.actor).__name__).handled += FAIR_TURNS
        depths = tuple(map(len, self.lanes))
        waiting = sum(depths)
        if waiting > meters.waiting_peak:
            meters.waiting_peak = waiting
            meters.lane_peaks = depths
        for lane in reversed(self.lanes):
            if lane:
                self._run_one(*lane.popleft())
                return 1
        return 0
