"""The writer thread: order, merging, bounds, failures, draining. No test waits for a clock."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.errors import JournalError
from engine.model.records import JournalEntry
from engine.store.journal import SqliteStore
from engine.store.memory import MemoryStore
from engine.store.verify import verify
from engine.store.writer import GATHER_MAX, WriterThread
from tests.support.journals import grouped, story

LIMIT_S = 30.0


class GatedStore(MemoryStore):
    """Waits at each commit until it is let through, and remembers the groups."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Semaphore(0)
        self.entered = threading.Semaphore(0)
        self.sizes: list[int] = []
        self.checkpointed = threading.Event()

    def commit(self, group: Sequence[JournalEntry]) -> None:
        self.entered.release()
        assert self.gate.acquire(timeout=LIMIT_S)
        super().commit(group)
        self.sizes.append(len(group))

    def checkpoint(self) -> None:
        self.checkpointed.set()


class Answers:
    """What the callbacks were told, by which thread; `wait` until something is."""

    def __init__(self) -> None:
        self.told: list[int | str] = []
        self.threads: set[str] = set()
        self.news = threading.Semaphore(0)

    def hear(self, answer: int | str) -> None:
        self.told.append(answer)
        self.threads.add(threading.current_thread().name)
        self.news.release()

    def wait(self) -> None:
        assert self.news.acquire(timeout=LIMIT_S)


def joined(store: MemoryStore | SqliteStore, **options: int) -> tuple[WriterThread, Answers]:
    answers = Answers()
    return WriterThread(store, answers.hear, answers.hear, **options), answers


def test_groups_are_committed_in_order_and_all_of_them(tmp_path: Path) -> None:
    entries = story(60)
    store = SqliteStore(tmp_path / "a.db")
    writer, answers = joined(store)
    for group in grouped(entries, (3, 11)):
        assert writer.submit(group)
    writer.stop()
    assert list(store.entries()) == entries
    assert answers.told == sorted(answers.told, key=int)
    assert answers.told[-1] == len(entries)
    assert answers.threads == {"execgraph-journal"}
    assert (writer.depth, writer.stall_ns()) == (0, 0)
    store.close()
    assert verify(tmp_path / "a.db").ok


def test_waiting_groups_are_merged_up_to_the_maximum() -> None:
    groups = grouped(story(30), (10,))
    store = GatedStore()
    writer, _ = joined(store, merge_max=35)
    writer.submit(groups[0])
    assert store.entered.acquire(timeout=LIMIT_S)
    for group in groups[1:8]:
        writer.submit(group)
    store.gate.release(100)
    writer.stop()
    assert store.sizes == [10, 30, 30, 10]


def test_a_group_above_the_maximum_goes_alone() -> None:
    entries = story(30)
    store = GatedStore()
    writer, _ = joined(store, merge_max=35)
    writer.submit(entries[:5])
    assert store.entered.acquire(timeout=LIMIT_S)
    writer.submit(entries[5:95])
    writer.submit(entries[95:100])
    store.gate.release(100)
    writer.stop()
    assert store.sizes == [5, 90, 5]


def test_a_full_queue_says_no() -> None:
    groups = grouped(story(30), (10,))
    store = GatedStore()
    writer, _ = joined(store, entries_max=30)
    assert writer.submit(groups[0])
    assert store.entered.acquire(timeout=LIMIT_S)
    answers = [writer.submit(group) for group in groups[1:5]]
    assert answers == [True, True, False, False]
    assert writer.depth == 30
    store.gate.release(100)
    writer.stop()
    assert store.last_seq == 30
    assert not writer.submit(groups[3])


def test_a_large_group_fits_an_empty_queue() -> None:
    entries = story(30)
    store = GatedStore()
    writer, _ = joined(store, entries_max=30)
    store.gate.release(100)
    assert writer.submit(entries[:100])
    writer.stop()
    assert store.last_seq == 100


def test_after_a_failure_nothing_is_pending_until_the_same_group_comes_again() -> None:
    groups = grouped(story(30), (10,))
    store = GatedStore()
    writer, answers = joined(store)
    store.fail("the disk is full")
    writer.submit(groups[0])
    assert store.entered.acquire(timeout=LIMIT_S)
    writer.submit(groups[1])
    store.gate.release(100)
    answers.wait()
    assert answers.told == ["the disk is full"]
    assert (writer.depth, writer.stall_ns()) == (0, 0)
    # Submitted before the failure was heard of: it must not be committed out of order.
    writer.submit(groups[2])
    writer.submit(groups[0])
    writer.submit(groups[1])
    writer.stop()
    assert store.last_seq == 20
    assert answers.told[-1] == 20
    assert store.sizes in ([10, 10], [20])


def test_a_full_disk_and_a_mended_one(tmp_path: Path) -> None:
    entries = story(60)
    store = SqliteStore(tmp_path / "a.db")
    store.limit_pages(1)
    writer, answers = joined(store)
    writer.submit(entries)
    answers.wait()
    assert "disk is full" in str(answers.told[0])
    assert writer.call(lambda: store.limit_pages(1_000_000))
    writer.submit(entries)
    writer.stop()
    assert answers.told[1:] == [len(entries)]
    assert list(store.entries()) == entries


def test_stall_is_the_age_of_the_oldest_entry_that_is_not_durable() -> None:
    groups = grouped(story(30), (10,))
    clock = [1_000]
    store = GatedStore()
    answers = Answers()
    writer = WriterThread(store, answers.hear, answers.hear, clock_ns=lambda: clock[0])
    assert writer.stall_ns() == 0
    writer.submit(groups[0])
    assert store.entered.acquire(timeout=LIMIT_S)
    clock[0] = 4_000
    writer.submit(groups[1])
    assert writer.stall_ns() == 3_000
    clock[0] = 5_000
    store.gate.release()
    answers.wait()
    assert store.entered.acquire(timeout=LIMIT_S)
    assert writer.stall_ns() == 1_000
    assert (writer.commits, writer.longest_ns) == (1, 4_000)
    store.gate.release()
    writer.stop()
    assert writer.stall_ns() == 0


def test_an_idle_writer_tidies_once() -> None:
    store = GatedStore()
    store.gate.release(10)
    writer, _ = joined(store)
    writer.submit(story(3))
    assert store.checkpointed.wait(LIMIT_S)
    writer.stop()


def test_an_idle_fault_is_kept_and_harms_nothing() -> None:
    entries = story(10)
    reached = threading.Event()

    class Unwilling(MemoryStore):
        def checkpoint(self) -> None:
            reached.set()
            raise JournalError("the log cannot be moved")

    store = Unwilling()
    writer, _ = joined(store)
    writer.submit(entries[:10])
    assert reached.wait(LIMIT_S)
    writer.submit(entries[10:])
    writer.stop()
    assert writer.idle_fault == "the log cannot be moved"
    assert store.last_seq == len(entries)


def test_tasks_run_on_the_thread_between_commits() -> None:
    store = MemoryStore()
    writer, answers = joined(store)
    writer.submit(story(5))
    assert writer.call(lambda: answers.hear("task"))
    writer.stop()
    assert set(answers.told) == {"task", store.last_seq}
    assert answers.threads == {"execgraph-journal"}
    assert not writer.call(lambda: None)


def test_a_task_may_wait_for_the_groups_before_it() -> None:
    store = GatedStore()
    writer, answers = joined(store)
    first, second = story(8)[:4], story(8)[4:]
    seen: list[int] = []
    assert writer.submit(first)
    assert store.entered.acquire(timeout=LIMIT_S)
    # The first is being committed, the second waits: tasks of either kind come in between.
    assert writer.submit(second)
    assert writer.call(lambda: seen.append(store.last_seq), after_groups=True)
    store.gate.release(2)
    answers.wait()
    answers.wait()
    writer.stop()
    assert seen == [len(first) + len(second)]


def test_a_fault_ends_the_thread_and_is_told() -> None:
    class Broken(MemoryStore):
        def commit(self, group: Sequence[JournalEntry]) -> None:
            raise ZeroDivisionError

    writer, answers = joined(Broken())
    writer.submit(story(3))
    answers.wait()
    assert "restart the engine" in str(answers.told[0])
    assert not writer.submit(story(3))
    with pytest.raises(JournalError, match="ended early"):
        writer.stop()


def test_stopping_twice_is_harmless() -> None:
    writer, _ = joined(MemoryStore())
    writer.stop()
    writer.stop()


def test_groups_gather_into_one_commit_until_somebody_hurries() -> None:
    store = GatedStore()
    store.gate.release(10)
    writer, answers = joined(store, gather_ns=10**15)
    entries = story(12)
    for group in grouped(entries, (1, 3)):
        assert writer.submit(group)
    assert answers.told == []
    writer.hurry()
    answers.wait()
    assert (store.sizes, answers.told) == ([len(entries)], [len(entries)])
    writer.stop()


def test_a_task_and_the_end_wait_for_no_gathering() -> None:
    store = GatedStore()
    store.gate.release(10)
    writer, _ = joined(store, gather_ns=10**15)
    done = threading.Event()
    assert writer.submit(story(3)[:1])
    assert writer.call(done.set)
    assert done.wait(LIMIT_S)
    writer.stop()
    assert store.sizes == [1]


def test_a_queue_that_grows_long_does_not_gather_on() -> None:
    store = GatedStore()
    store.gate.release(10)
    writer, answers = joined(store, gather_ns=10**15, entries_max=10 * GATHER_MAX)
    entries = story(3 * GATHER_MAX)
    assert writer.submit(entries[:5])
    assert writer.submit(entries[5 : 5 + GATHER_MAX])
    answers.wait()
    assert sum(store.sizes) == 5 + GATHER_MAX
    writer.stop()
