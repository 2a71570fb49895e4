"""The journal actor at its edges: stamps, doubled and partial commits, retries, waiting flushes."""

from __future__ import annotations

from actors.journal import RETRY_NS, JournalActor
from engine.messages import (
    CommitFailed,
    FlushJournal,
    GroupCommitted,
    JournalWritable,
    Record,
    Recorded,
)
from engine.model.instruments import Environment
from engine.model.records import ENTRY_VERSION, JournalEntry, TradingHalted
from engine.model.risk import Limits
from engine.runtime.simulated_driver import Answer
from tests.support.fakes import FakeSink, inbox
from tests.support.probe import START_NS, Stage

LAST_SEQ = 100


class JournalBench(Stage):
    """A journal that goes on after entry 100, between a sink, risk and stream."""

    def __init__(self, *, joined: bool = True) -> None:
        super().__init__()
        self.sink = FakeSink()
        self.ref, self.actor = self.spawn(lambda: JournalActor(self.sink, LAST_SEQ, Limits()))
        risk, self.to_risk = inbox(self, "risk")
        stream, self.to_stream = inbox(self, "stream")
        if joined:
            self.actor.join(risk, stream)

    def record(self, *counts: int) -> None:
        """Drains of so many records each."""
        for count in counts:
            self.tell(self.ref, *(record(number) for number in range(count)))

    def committed(self, last_seq: int) -> None:
        self.tell(self.ref, GroupCommitted(last_seq))

    def failed(self, reason: str = "disk full") -> None:
        self.tell(self.ref, CommitFailed(reason))

    def flush(self) -> Answer:
        answer = self.driver.ask(self.ref, FlushJournal)
        self.run()
        return answer

    def published(self) -> list[list[int]]:
        """Sequences of each group that the stream got."""
        groups: list[list[int]] = []
        for message in self.to_stream:
            assert isinstance(message, Recorded)
            groups.append([entry.seq for entry in message.entries])
        return groups

    def waiting(self) -> list[list[int]]:
        return [[entry.seq for entry in group] for group in self.actor.uncommitted]


def record(number: int = 0) -> Record:
    payload = TradingHalted(True, f"reason {number}")
    return Record("alice", Environment.SANDBOX, "g", "n", payload)


def test_a_record_becomes_an_entry_with_the_next_number_and_the_time() -> None:
    bench = JournalBench()
    bench.record(1)
    bench.run(5)
    bench.record(1)
    facts = ("alice", Environment.SANDBOX, "g", "n", 0, TradingHalted(True, "reason 0"))
    assert bench.sink.entries == [
        JournalEntry(ENTRY_VERSION, LAST_SEQ + 1, START_NS, *facts),
        JournalEntry(ENTRY_VERSION, LAST_SEQ + 2, START_NS + 5, *facts),
    ]


def test_one_commit_may_cover_several_groups_which_stay_groups() -> None:
    bench = JournalBench()
    bench.record(2, 1, 2)
    bench.committed(103)
    assert bench.published() == [[101, 102], [103]]
    assert (bench.actor.load.depth, bench.actor.handed) == (2, 1)


def test_a_commit_within_a_group_publishes_none_of_it() -> None:
    bench = JournalBench()
    bench.record(3)
    bench.committed(102)
    assert bench.to_stream == []
    assert bench.actor.load.depth == 3


def test_a_commit_heard_twice_changes_nothing() -> None:
    bench = JournalBench()
    bench.record(2)
    bench.committed(102)
    bench.committed(102)
    assert bench.published() == [[101, 102]]
    assert (bench.actor.load.depth, bench.actor.handed) == (0, 0)


def test_a_busy_sink_stops_no_trading() -> None:
    bench = JournalBench()
    bench.sink.room = 1
    bench.record(1, 2, 1)
    bench.sink.room = 1
    bench.committed(101)
    assert bench.sink.groups == [[101], [102, 103]]
    bench.sink.room = 1
    bench.committed(103)
    assert bench.sink.groups == [[101], [102, 103], [104]]
    assert bench.to_risk == []


def test_while_the_sink_fails_groups_are_kept_in_order_and_not_handed_over() -> None:
    bench = JournalBench()
    bench.record(2)
    bench.failed()
    bench.record(1, 3)
    assert bench.sink.groups == [[101, 102]]
    assert bench.waiting() == [[101, 102], [103], [104, 105, 106]]
    assert bench.actor.load.depth == 6


def test_one_group_is_tried_again_a_second_after_each_failure() -> None:
    bench = JournalBench()
    bench.record(2, 1)
    first = [[101, 102], [103]]
    bench.failed()
    bench.run(RETRY_NS - 1)
    assert bench.sink.groups == first
    bench.run(1)
    assert bench.sink.groups == [*first, [101, 102]]
    bench.run(3 * RETRY_NS)
    assert bench.sink.groups == [*first, [101, 102]], "the sink has not answered yet"
    bench.failed("still full")
    bench.run(RETRY_NS)
    assert bench.sink.groups == [*first, [101, 102], [101, 102]]
    assert bench.to_risk == [JournalWritable(False, "disk full")]


def test_recovery_hands_over_the_rest_and_publishes_every_entry_once() -> None:
    bench = JournalBench()
    bench.record(2, 1)
    bench.failed()
    bench.record(1)
    bench.run(RETRY_NS)
    del bench.sink.groups[:]
    bench.committed(102)
    assert bench.sink.groups == [[103], [104]]
    bench.record(1)
    assert bench.sink.groups == [[103], [104], [105]], "the drain after it is ordinary again"
    bench.committed(105)
    assert bench.published() == [[101, 102], [103], [104], [105]]
    assert (bench.actor.load.depth, bench.waiting()) == (0, [])


def test_every_new_failure_is_told() -> None:
    bench = JournalBench()
    for last_seq in (101, 102):
        bench.record(1)
        bench.failed()
        bench.run(RETRY_NS)
        bench.committed(last_seq)
    states = [one.writable for one in bench.to_risk if isinstance(one, JournalWritable)]
    assert states == [False, True, False, True]


def test_a_failure_after_some_groups_repeats_only_the_others() -> None:
    bench = JournalBench()
    bench.record(1, 1)
    bench.committed(101)
    bench.failed()
    bench.run(RETRY_NS)
    assert bench.sink.groups == [[101], [102], [102]]
    assert bench.published() == [[101]]


def test_flushes_wait_for_their_own_records_only() -> None:
    bench = JournalBench()
    bench.record(2)
    first = bench.flush()
    bench.record(1)
    second = bench.flush()
    bench.committed(102)
    assert (first.value, second.done) == (True, False)
    bench.committed(103)
    assert second.value is True
    assert not bench.actor.flushes


def test_a_flush_in_the_drain_of_its_records_waits_for_them() -> None:
    bench = JournalBench()
    bench.driver.tell(bench.ref, record())
    answer = bench.flush()
    assert not answer.done
    bench.committed(101)
    assert answer.value is True


def test_a_flush_outlasts_a_failure() -> None:
    bench = JournalBench()
    bench.record(1)
    answer = bench.flush()
    bench.failed()
    bench.run(RETRY_NS)
    assert not answer.done
    bench.committed(101)
    assert answer.value is True


def test_a_journal_that_nobody_joined_still_keeps_records() -> None:
    bench = JournalBench(joined=False)
    bench.record(1)
    bench.failed()
    bench.run(RETRY_NS)
    bench.committed(101)
    assert bench.sink.groups == [[101], [101]]
    assert bench.actor.load.depth == 0
