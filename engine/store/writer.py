"""The one thread of the store: it commits groups while the engine goes on."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from engine.errors import JournalError
from engine.model.records import JournalEntry

__all__ = ["CommitStore", "WriterThread"]

ENTRIES_MAX = 65_536
MERGE_MAX = 8_192
TASKS_MAX = 1_024
GATHER_MAX = 2_048
IDLE_S = 0.2

Task = Callable[[], None]


class CommitStore(Protocol):
    """What the thread needs of a store, which belongs to it from then on."""

    breathe: Callable[[], None]
    guard: AbstractContextManager[object]

    @property
    def last_seq(self) -> int:
        """Sequence of the last durable entry."""
        ...

    def commit(self, group: Sequence[JournalEntry]) -> None:
        """Make a group durable or raise JournalError with nothing changed."""
        ...

    def checkpoint(self) -> None:
        """Tidy up in an idle moment."""
        ...


class WriterThread:
    """Commits groups in order on a thread of its own, several in one commit under load.

    The queue holds at most `entries_max` entries (one larger group fits an empty queue); a
    commit takes at most `merge_max` entries, or one larger group. `on_committed(last_seq)` and
    `on_failed(reason)` are called on this thread. After a failure nothing is pending: what was
    queued is dropped, and so is whatever comes before the group that follows the last durable
    entry, which the journal actor submits again.

    `gather_ns` is how long a group may wait for others to share its commit, unless somebody
    `hurry`s or 2,048 entries wait: each commit takes the interpreter from the event loop.

    The thread is a daemon: a process that ends without `stop` loses what was queued, as in a
    crash.
    """

    def __init__(
        self,
        store: CommitStore,
        on_committed: Callable[[int], None],
        on_failed: Callable[[str], None],
        *,
        entries_max: int = ENTRIES_MAX,
        merge_max: int = MERGE_MAX,
        gather_ns: int = 0,
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.store = store
        self.on_committed = on_committed
        self.on_failed = on_failed
        self.entries_max = entries_max
        self.merge_max = merge_max
        self.gather_ns = gather_ns
        self.clock_ns = clock_ns
        self.commits = 0
        self.longest_ns = 0
        self.idle_fault = ""
        self.fault: BaseException | None = None
        self._wake = threading.Condition(threading.Lock())
        self._groups: deque[tuple[int, Sequence[JournalEntry]]] = deque()
        # Each with the sequence that must be durable before it may run.
        self._tasks: deque[tuple[int, Task]] = deque()
        self._committing_seq = 0
        self._depth = 0
        self._working_since = 0
        self._stopping = False
        self._gathering = False
        self._hurried = False
        self._rejoining = False
        self._thread = threading.Thread(target=self._run, name="execgraph-journal", daemon=True)
        store.breathe = breathe
        store.guard = threading.Lock()
        self._thread.start()

    def submit(self, group: Sequence[JournalEntry]) -> bool:
        """Queue one group, the next in order; False when there is no room or it is stopping."""
        with self._wake:
            if self._stopping or self.fault is not None:
                return False
            if self._groups and self._depth + len(group) > self.entries_max:
                return False
            self._groups.append((self.clock_ns(), group))
            self._depth += len(group)
            if not self._gathering or self._depth >= GATHER_MAX:
                self._wake.notify()
            return True

    def hurry(self) -> None:
        """Somebody waits: let the next commit begin at once."""
        if self.gather_ns:
            with self._wake:
                self._hurried = True
                if self._gathering:
                    self._wake.notify()

    def call(self, task: Task, *, after_groups: bool = False) -> bool:
        """Run `task` on this thread between commits (it may use the store); False: no room.

        With `after_groups` it waits until every group that was queued before it is durable. A
        task handles its own errors; one that raises ends the thread, as any fault does.
        """
        with self._wake:
            if self._stopping or self.fault is not None or len(self._tasks) >= TASKS_MAX:
                return False
            self._tasks.append((self._queued_seq() if after_groups else 0, task))
            self._wake.notify()
            return True

    @property
    def queued_seq(self) -> int:
        """Sequence of the last entry that was handed over; 0 when all of them are durable."""
        with self._wake:
            return self._queued_seq()

    @property
    def depth(self) -> int:
        """Entries that wait or are being committed."""
        with self._wake:
            return self._depth

    def stall_ns(self) -> int:
        """How long the oldest entry that is not durable has waited; 0 when none waits."""
        with self._wake:
            since = self._working_since
            if not since and self._groups:
                since = self._groups[0][0]
        return max(0, self.clock_ns() - since) if since else 0

    def stop(self) -> None:
        """Commit what is queued, end the thread, and raise whatever ended it early."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join()
        if self.fault is not None:
            raise JournalError(f"the journal's writer ended early ({self.fault!r})") from self.fault

    # -- on the thread

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        except BaseException as error:  # noqa: BLE001  # kept, and raised again by `stop`
            with self._wake:
                self.fault = error
                self._drop()
            self.on_failed(f"the journal's writer ended ({error!r}); restart the engine")

    def _turn(self) -> bool:
        """One commit or task, or one idle moment; False at the end."""
        tidy = self.commits > 0
        while True:
            with self._wake:
                if not self._groups and not self._tasks:
                    if self._stopping:
                        return False
                    woken = self._wake.wait(IDLE_S if tidy else None)
                    if not woken and not self._groups and not self._tasks:
                        break
                    continue
                due = self._task_is_due()
                left_ns = 0 if due else self._gather_left_ns()
                if left_ns > 0:
                    self._gathering = True
                    self._wake.wait(left_ns / 1e9)
                    self._gathering = False
                    continue
                task = self._tasks.popleft()[1] if due else None
                group = self._take() if task is None else ()
                self._committing_seq = group[-1].seq if group else 0
            if task is not None:
                task()
            elif group:
                self._commit(group)
            return True
        self._tidy()
        return True

    def _queued_seq(self) -> int:
        return self._groups[-1][1][-1].seq if self._groups else self._committing_seq

    def _task_is_due(self) -> bool:
        """Whether the next task may run; with no group left nothing more becomes durable."""
        if not self._tasks:
            return False
        return not self._groups or self.store.last_seq >= self._tasks[0][0]

    def _gather_left_ns(self) -> int:
        """How long the oldest group should wait still; not positive when it should not."""
        if not self.gather_ns or self._hurried or self._stopping or self._depth >= GATHER_MAX:
            return 0
        return self.gather_ns - (self.clock_ns() - self._groups[0][0])

    def _take(self) -> Sequence[JournalEntry]:
        """The next groups as one; of those after a failure, only from the right one on."""
        groups = self._groups
        self._hurried = False
        if self._rejoining:
            wanted = self.store.last_seq + 1
            while groups and groups[0][1][0].seq != wanted:
                self._depth -= len(groups.popleft()[1])
            if not groups:
                return ()
            self._rejoining = False
        self._working_since, first = groups.popleft()
        if not groups or len(first) + len(groups[0][1]) > self.merge_max:
            return first
        merged = list(first)
        while groups and len(merged) + len(groups[0][1]) <= self.merge_max:
            merged += groups.popleft()[1]
        return merged

    def _commit(self, group: Sequence[JournalEntry]) -> None:
        start = self.clock_ns()
        try:
            self.store.commit(group)
        except JournalError as error:
            with self._wake:
                self._rejoining = True
                self._drop()
            self.on_failed(str(error))
            return
        with self._wake:
            self._working_since = 0
            self._depth -= len(group)
        self.commits += 1
        self.longest_ns = max(self.longest_ns, self.clock_ns() - start)
        self.on_committed(group[-1].seq)

    def _drop(self) -> None:
        self._groups.clear()
        self._depth = 0
        self._working_since = 0

    def _tidy(self) -> None:
        """Checkpoint once, then sleep until there is work again."""
        try:
            self.store.checkpoint()
        except JournalError as error:
            # The log is still whole; the next commit says if the disk cannot be written.
            self.idle_fault = str(error)
        with self._wake:
            while not self._groups and not self._tasks and not self._stopping:
                self._wake.wait()


def breathe() -> None:
    """Let a thread that waits for the interpreter have it."""
    time.sleep(0)
