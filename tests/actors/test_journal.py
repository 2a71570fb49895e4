"""The journal actor: one sequence, groups in order, and nothing lost by a sink that fails."""

from __future__ import annotations

from collections.abc import Sequence

from actors.journal import JournalActor
from engine.messages import (
    CommitFailed,
    FlushJournal,
    GroupCommitted,
    JournalWritable,
    Record,
    Recorded,
)
from engine.model.instruments import Environment
from engine.model.records import JournalEntry, TradingHalted
from engine.model.risk import Limits
from tests.support.probe import Stage

S = 10**9


class ManualSink:
    """Keeps the groups that it takes; the test answers for it."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.room = True

    def submit(self, group: Sequence[JournalEntry]) -> bool:
        if self.room:
            self.groups.append([entry.seq for entry in group])
        return self.room


class JournalStage(Stage):
    def __init__(self, limits: Limits | None = None) -> None:
        super().__init__()
        self.sink = ManualSink()
        self.risk, self.stream = self.probe("risk"), self.probe("stream")
        self.ref, self.actor = self.spawn(lambda: JournalActor(self.sink, 100, limits or Limits()))
        self.actor.join(self.risk, self.stream)

    def record(self, count: int = 1) -> None:
        self.tell(self.ref, *[record(f"reason {i}") for i in range(count)])

    def published(self) -> list[int]:
        return [one.seq for group in self.take(self.stream, Recorded) for one in group.entries]


def record(reason: str) -> Record:
    return Record("alice", Environment.SANDBOX, "g", "n", TradingHalted(True, reason))


def test_a_drain_is_one_group_and_is_published_once_durable() -> None:
    stage = JournalStage()
    stage.record(3)
    assert stage.sink.groups == [[101, 102, 103]]
    assert stage.published() == []
    stage.tell(stage.ref, GroupCommitted(103))
    assert stage.published() == [101, 102, 103]
    assert stage.actor.load.depth == 0


def test_a_sink_without_room_gets_its_groups_later_and_in_order() -> None:
    stage = JournalStage()
    stage.record()
    stage.sink.room = False
    stage.record()
    stage.record()
    assert stage.sink.groups == [[101]]
    stage.sink.room = True
    stage.tell(stage.ref, GroupCommitted(101))
    assert stage.sink.groups == [[101], [102], [103]]


def test_a_failing_sink_stops_trading_and_loses_nothing() -> None:
    stage = JournalStage()
    stage.record()
    stage.tell(stage.ref, CommitFailed("disk full"))
    assert stage.take(stage.risk, JournalWritable) == [JournalWritable(False, "disk full")]
    stage.record()
    assert stage.sink.groups == [[101]]
    stage.run(S)
    assert stage.sink.groups == [[101], [101]]
    stage.tell(stage.ref, CommitFailed("disk full"))
    assert stage.take(stage.risk, JournalWritable) == []
    stage.run(S)
    stage.tell(stage.ref, GroupCommitted(101))
    assert stage.take(stage.risk, JournalWritable) == [JournalWritable(True, "")]
    assert stage.sink.groups == [[101], [101], [101], [102]]
    stage.tell(stage.ref, GroupCommitted(102))
    assert stage.published() == [101, 102]


def test_a_flush_is_answered_once_everything_before_it_is_durable() -> None:
    stage = JournalStage()
    idle = stage.driver.ask(stage.ref, FlushJournal)
    stage.run()
    assert idle.value is True
    stage.record()
    box = stage.driver.ask(stage.ref, FlushJournal)
    stage.run()
    assert not box.done
    stage.tell(stage.ref, GroupCommitted(101))
    assert box.value is True


def test_a_backlog_past_its_bound_halts_the_engine() -> None:
    stage = JournalStage(Limits(journal_depth_max=2))
    for _ in range(3):
        stage.driver.tell(stage.ref, record("one"))
        stage.driver.run_until_idle()
    assert stage.system.halted is not None
    assert stage.actor.load.depth == 3
