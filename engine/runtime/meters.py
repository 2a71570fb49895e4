"""Meters and dead letters: what a running system counts, all of it bounded.

Nothing here is touched for each message in a drain: handled counts of a class are sampled; peaks
are noted where a mailbox is full and, for lanes, every so many turns.
"""

from __future__ import annotations

from collections import Counter, deque

import msgspec

from engine.runtime.delivery import Message

__all__ = ["OTHERS", "ClassMeter", "DeadLetter", "DeadLetters", "Meters"]

DEAD_LETTERS_KEPT = 256
DEAD_KINDS_MAX = 1_024
REASON_CHARS_MAX = 240
OTHERS = "(others)"


class ClassMeter(msgspec.Struct, gc=False):
    """Counts over all actors of one class, stopped ones included.

    `handled` is sampled (exact when a driver steps message by message); `Meters.messages` is
    exact. `peak_depth` is noted only when a mailbox is at capacity; 0 means none ever was.
    """

    actors: int = 0
    handled: int = 0
    refused: int = 0
    dropped: int = 0
    restarts: int = 0
    peak_depth: int = 0


class Meters:
    """Counts of one system. `by_class` has one entry a class, so it is bounded by the code.

    `waiting_peak` is the most messages seen waiting in all lanes, `lane_peaks` how they stood in
    each lane then; looked at every scheduler.FAIR_TURNS messages.
    """

    __slots__ = (
        "by_class",
        "dead_events",
        "drains",
        "failures",
        "lane_peaks",
        "messages",
        "restarts",
        "spawned",
        "stopped",
        "timers_fired",
        "waiting_peak",
    )

    def __init__(self) -> None:
        self.messages = 0
        self.drains = 0
        self.failures = 0
        self.restarts = 0
        self.spawned = 0
        self.stopped = 0
        self.timers_fired = 0
        self.dead_events = 0
        self.waiting_peak = 0
        self.lane_peaks: tuple[int, ...] = (0, 0, 0, 0)
        self.by_class: dict[str, ClassMeter] = {}

    @property
    def refused(self) -> int:
        """Commands refused, over all classes."""
        return sum(meter.refused for meter in self.by_class.values())

    @property
    def dropped(self) -> int:
        """Signals dropped, over all classes."""
        return sum(meter.dropped for meter in self.by_class.values())

    def of(self, class_name: str) -> ClassMeter:
        """The meter of an actor class, made when first asked for."""
        meter = self.by_class.get(class_name)
        if meter is None:
            meter = self.by_class[class_name] = ClassMeter()
        return meter


class DeadLetter(msgspec.Struct, frozen=True, gc=False):
    """A message that reached nobody, or whose handler failed."""

    actor: str
    message: str
    reason: str


class DeadLetters:
    """Counts by (actor name, message type) and the last letters."""

    __slots__ = ("counts", "ring")

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.ring: deque[DeadLetter] = deque(maxlen=DEAD_LETTERS_KEPT)

    def add(self, actor: str, message: Message | object | None, reason: str) -> None:
        """Keep a letter; past DEAD_KINDS_MAX pairs, new ones are counted under OTHERS."""
        kind = type(message).__name__ if message is not None else "-"
        key = (actor, kind)
        if key not in self.counts and len(self.counts) >= DEAD_KINDS_MAX:
            key = (OTHERS, OTHERS)
        self.counts[key] += 1
        self.ring.append(DeadLetter(actor, kind, reason[:REASON_CHARS_MAX]))
