"""A disk for the journal of a simulated run: slow, small, and for a while failing, as drawn.

It behaves as the writer's thread does: groups queue up to a bound, a failure drops the queue and
is told once, and after it only the group that follows the last good one is taken.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from engine.messages import CommitFailed, GroupCommitted
from engine.model.records import JournalEntry
from engine.runtime.actor import Actor, ActorRef, Lane, handles
from engine.runtime.delivery import Event
from engine.store.journal import SqliteStore

__all__ = ["Disk", "DiskSink"]

Group = Sequence[JournalEntry]


class Committed(Event, frozen=True, gc=False):
    """Timer: the oldest queued group reaches the platter, or fails to."""

    attempt: int


class Disk(Actor[Committed]):
    """`commit_ns` a group; fails all that is tried from `fails_ns[0]` to `fails_ns[1]`.

    `entries` are what an earlier engine left on it; `store`, if any, gets what is committed.
    """

    lane = Lane.BACKGROUND

    def __init__(
        self,
        journal: ActorRef,
        commit_ns: int,
        fails_ns: tuple[int, int],
        entries: Sequence[JournalEntry] = (),
        store: SqliteStore | None = None,
    ) -> None:
        self.journal = journal
        self.commit_ns = commit_ns
        self.fails_ns = fails_ns
        self.entries: list[JournalEntry] = list(entries)
        self.store = store
        self.queue: deque[Group] = deque()
        self.attempt = 0
        self.busy = False
        self.failures = 0

    @handles(Committed)
    def on_committed(self, done: Committed) -> None:
        self.busy = False
        group = self.queue.popleft()
        last = self.entries[-1].seq if self.entries else 0
        if group[0].seq != last + 1:
            # Handed over before the failure was heard of; it will come again.
            self.go_on()
            return
        if self.fails_ns[0] <= self.ctx.now_ns < self.fails_ns[1]:
            self.failures += 1
            self.queue.clear()
            self.journal.tell(CommitFailed("the disk is full"))
            return
        self.keep(group)
        self.journal.tell(GroupCommitted(group[-1].seq))
        self.go_on()

    def keep(self, group: Group) -> None:
        """A group is on the platter."""
        self.entries.extend(group)
        if self.store is not None:
            self.store.commit(group)

    def flush(self) -> None:
        """What is queued gets onto the platter at once, unless that is full."""
        if self.fails_ns[0] <= self.ctx.now_ns < self.fails_ns[1]:
            return
        while self.queue and self.queue[0][0].seq == len(self.entries) + 1:
            self.keep(self.queue.popleft())

    def take(self, group: Group) -> None:
        """Queue a group."""
        self.queue.append(group)
        self.go_on()

    def go_on(self) -> None:
        """Start on the next group."""
        if self.queue and not self.busy:
            self.busy = True
            self.attempt += 1
            self.ctx.after(self.commit_ns, Committed(self.attempt))


class DiskSink:
    """The journal's way to the disk; at most `groups_max` groups wait."""

    def __init__(self, disk: Disk, groups_max: int) -> None:
        self.disk = disk
        self.groups_max = groups_max

    def submit(self, group: Group) -> bool:
        if len(self.disk.queue) >= self.groups_max:
            return False
        self.disk.take(group)
        return True
