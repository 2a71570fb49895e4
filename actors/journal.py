"""The journal actor: gives every record its sequence and stamp, and hands groups to the sink."""

from __future__ import annotations

from collections import deque

from engine.decisions.journal_load import JournalLoad
from engine.messages import (
    CommitFailed,
    FlushJournal,
    GroupCommitted,
    JournalRetry,
    JournalWritable,
    Record,
    Recorded,
)
from engine.model.records import ENTRY_VERSION, JournalEntry
from engine.model.risk import Limits
from engine.ports import JournalSink
from engine.runtime.actor import Actor, ActorRef, Lane, handles

__all__ = ["JournalActor"]

RETRY_NS = 1_000_000_000


class JournalActor(Actor[Record | GroupCommitted | CommitFailed | JournalRetry | FlushJournal]):
    """One group a drain. What is not yet durable stays here, in order, until the sink says so.

    A sink that fails (disk full) stops trading but loses nothing: the groups are kept and tried
    again. Past `journal_depth_max` entries the mailbox refuses, which halts the engine.
    """

    lane = Lane.EXECUTION
    mailbox_capacity = 16_384
    mailbox_hard_capacity = 131_072

    def __init__(self, sink: JournalSink, last_seq: int, limits: Limits) -> None:
        self.sink = sink
        self.seq = last_seq
        self.limits = limits
        self.group: list[JournalEntry] = []
        self.uncommitted: deque[tuple[JournalEntry, ...]] = deque()
        self.handed = 0
        self.load = JournalLoad(limits.journal_depth_max)
        self.failing = ""
        # Bounded by the questions that may be open at once.
        self.flushes: deque[tuple[int, int]] = deque()
        self.risk: ActorRef | None = None
        self.stream: ActorRef | None = None

    def join(self, risk: ActorRef, stream: ActorRef) -> None:
        """Who hears of a journal that cannot be written, and of what is durable."""
        self.risk = risk
        self.stream = stream

    @handles(Record)
    def on_record(self, record: Record) -> None:
        self.seq += 1
        self.group.append(
            JournalEntry(
                ENTRY_VERSION,
                self.seq,
                self.ctx.now_ns,
                record.client_id,
                record.environment,
                record.graph_id,
                record.node_id,
                0,
                record.payload,
            )
        )

    @handles(GroupCommitted)
    def on_committed(self, committed: GroupCommitted) -> None:
        uncommitted = self.uncommitted
        stream = self.stream
        while uncommitted and uncommitted[0][-1].seq <= committed.last_seq:
            group = uncommitted.popleft()
            self.handed -= 1
            self.load.depth -= len(group)
            if stream is not None:
                stream.tell(Recorded(group))
        if self.failing:
            self.failing = ""
            self.tell_risk(JournalWritable(True, ""))
            self.hand_over()

        while self.flushes and self.flushes[0][0] <= committed.last_seq:
            self.ctx.reply(self.flushes.popleft()[1], True)

    @handles(FlushJournal)
    def on_flush(self, flush: FlushJournal) -> None:
        if self.group or self.uncommitted:
            self.flushes.append((self.seq, flush.reply_to))
        else:
            self.ctx.reply(flush.reply_to, True)

    @handles(CommitFailed)
    def on_failed(self, failed: CommitFailed) -> None:
        self.handed = 0
        if not self.failing:
            self.failing = failed.reason
            self.tell_risk(JournalWritable(False, failed.reason))
        self.ctx.after(RETRY_NS, JournalRetry())

    @handles(JournalRetry)
    def on_retry(self, retry: JournalRetry) -> None:
        # One group only: its commit proves that the rest may follow.
        if self.handed == 0 and self.uncommitted:
            if self.sink.submit(self.uncommitted[0]):
                self.handed = 1
            else:
                self.ctx.after(RETRY_NS, JournalRetry())

    def on_batch_end(self) -> None:
        if self.group:
            group = tuple(self.group)
            self.group.clear()
            self.load.depth += len(group)
            self.uncommitted.append(group)
            if self.load.depth > self.limits.journal_depth_max:
                self.ctx.halt("the journal cannot keep up; trading stops rather than lose a record")
        if not self.failing:
            self.hand_over()

    def hand_over(self) -> None:
        """Give the sink every group that it has room for."""
        while self.handed < len(self.uncommitted):
            if not self.sink.submit(self.uncommitted[self.handed]):
                return
            self.handed += 1

    def tell_risk(self, state: JournalWritable) -> None:
        if self.risk is not None:
            self.risk.tell(state)
