"""The simulated disk: groups in order, failures that drop the queue, and nothing out of turn."""

from __future__ import annotations

from engine.messages import CommitFailed, GroupCommitted
from engine.model.graph import GraphStatus
from engine.model.instruments import Environment
from engine.model.records import GraphChanged, JournalEntry
from engine.service.simulation.disk import Disk, DiskSink
from tests.support.probe import Stage

MS = 1_000_000
START_NS = 1_700_000_000_000_000_000


def entry(seq: int) -> JournalEntry:
    payload = GraphChanged(GraphStatus.COMPLETED, "")
    return JournalEntry(1, seq, 0, "alice", Environment.SANDBOX, "g", "", 0, payload)


def disk_on_stage(fails_ns: tuple[int, int] = (0, 0)) -> tuple[Stage, Disk, DiskSink]:
    stage = Stage()
    journal = stage.probe("journal")
    _, disk = stage.spawn(lambda: Disk(journal, 5 * MS, fails_ns), "disk")
    return stage, disk, DiskSink(disk, 2)


def test_groups_become_durable_one_after_the_other() -> None:
    stage, disk, sink = disk_on_stage()
    assert sink.submit([entry(1), entry(2)])
    assert sink.submit([entry(3)])
    stage.run(6 * MS)
    assert [one.seq for one in disk.entries] == [1, 2]
    stage.run(5 * MS)
    told = stage.take(disk.journal, GroupCommitted)
    assert [one.last_seq for one in told] == [2, 3]


def test_a_full_queue_refuses() -> None:
    _, _, sink = disk_on_stage()
    assert sink.submit([entry(1)])
    assert sink.submit([entry(2)])
    assert not sink.submit([entry(3)])


def test_a_failure_drops_the_queue_and_only_the_next_in_order_is_taken() -> None:
    stage, disk, sink = disk_on_stage((START_NS, START_NS + 10 * MS))
    sink.submit([entry(1)])
    sink.submit([entry(2)])
    stage.run(6 * MS)
    assert disk.failures == 1
    assert len(stage.take(disk.journal, CommitFailed)) == 1
    stage.run(10 * MS)
    sink.submit([entry(2)])
    sink.submit([entry(1)])
    stage.run(20 * MS)
    assert [one.seq for one in disk.entries] == [1]


def test_a_flush_keeps_what_is_queued_behind_what_was_there() -> None:
    stage = Stage()
    journal = stage.probe("journal")
    _, disk = stage.spawn(lambda: Disk(journal, 5 * MS, (0, 0), [entry(1)]), "disk")
    sink = DiskSink(disk, 4)
    for seq in (2, 3):
        sink.submit([entry(seq)])
    disk.flush()
    assert [one.seq for one in disk.entries] == [1, 2, 3]
    assert not disk.queue


def test_a_full_disk_keeps_nothing() -> None:
    _, disk, sink = disk_on_stage((START_NS, START_NS + 10 * MS))
    sink.submit([entry(1)])
    disk.flush()
    assert disk.entries == []
