"""The store in memory: its faults, and one model that drives it and SQLite to the same state."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine.errors import JournalError
from engine.model.instruments import Environment
from engine.model.records import JournalEntry
from engine.store.chain import journal_hash
from engine.store.journal import SqliteStore
from engine.store.memory import MemoryStore
from engine.store.queries import Queries
from engine.store.verify import verify
from tests.support.journals import EntryMaker, story
from tests.support.stored_rows import rows_of


def test_it_keeps_what_is_committed() -> None:
    entries = story(10)
    store = MemoryStore()
    store.commit(entries[:30])
    store.commit(entries[30:])
    assert list(store.entries()) == entries
    assert list(store.entries(5, 9)) == entries[4:9]
    assert store.head_hash == journal_hash(entries)


def test_a_failed_commit_changes_nothing() -> None:
    entries = story(10)
    store = MemoryStore()
    store.commit(entries[:20])
    store.fail("the disk is full", times=2)
    before = (store.last_seq, store.head_hash, store.tables.rows())
    for _ in range(2):
        with pytest.raises(JournalError, match="the disk is full"):
            store.commit(entries[20:])
        assert (store.last_seq, store.head_hash, store.tables.rows()) == before
    store.commit(entries[20:])
    assert store.head_hash == journal_hash(entries)


def test_it_can_be_full() -> None:
    entries = story(10)
    store = MemoryStore(entries_max=25)
    store.commit(entries[:20])
    with pytest.raises(JournalError, match="no room"):
        store.commit(entries[20:26])
    store.commit(entries[20:25])
    assert store.last_seq == 25


@pytest.mark.parametrize("kept", [True, False])
def test_a_crash_keeps_the_group_or_loses_it_whole(kept: bool) -> None:
    entries = story(10)
    store = MemoryStore()
    store.commit(entries[:20])
    found = store.crash(entries[20:30], kept=kept)
    assert list(found.entries()) == entries[: 30 if kept else 20]
    found.commit(entries[found.last_seq :])
    assert found.head_hash == journal_hash(entries)


def test_open_graphs_are_those_of_the_database() -> None:
    entries = story(40, seed=9, posted=3)
    memory, store = MemoryStore(), SqliteStore(":memory:")
    memory.commit(entries)
    store.commit(entries)
    found = list(memory.open_graphs())
    assert found
    assert found == list(Queries(store).open_graphs())


class TwoStores(RuleBasedStateMachine):
    """Groups, full disks, crashes and restarts, done to both stores."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "a.db"
        self.maker = EntryMaker()
        self.waiting: list[JournalEntry] = []
        self.sqlite = SqliteStore(self.path)
        self.memory = MemoryStore()
        self.full = False

    @rule(
        nodes=st.integers(1, 3),
        fills=st.integers(0, 3),
        ended=st.booleans(),
        live=st.booleans(),
        client=st.sampled_from(["alice", "bob"]),
    )
    def record(self, nodes: int, fills: int, ended: bool, live: bool, client: str) -> None:
        environment = Environment.LIVE if live else Environment.SANDBOX
        self.waiting += self.maker.order(
            client, nodes=nodes, fills=fills, ended=ended, environment=environment
        )

    def next_group(self, size: int) -> list[JournalEntry]:
        """What waits, at most `size` entries, and never nothing."""
        while len(self.waiting) < size:
            rng = self.maker.rng
            self.waiting += self.maker.order(
                rng.choice(("alice", "bob")), fills=rng.randrange(4), ended=rng.random() < 0.7
            )
        return self.waiting[:size]

    @rule(size=st.integers(1, 200))
    def commit(self, size: int) -> None:
        group = self.next_group(size)
        failed = [self.fails(self.sqlite, group)]
        if failed[0]:
            # SQLite decides when a bounded file is full; the model only follows.
            self.memory.fail("full")
        failed.append(self.fails(self.memory, group))
        assert failed[0] == failed[1]
        assert self.full or not failed[0]
        if not failed[0]:
            del self.waiting[:size]

    @staticmethod
    def fails(store: SqliteStore | MemoryStore, group: list[JournalEntry]) -> bool:
        try:
            store.commit(group)
        except JournalError as error:
            reason = str(error)
        else:
            return False
        assert "full" in reason
        return True

    @rule()
    def fill_disk(self) -> None:
        self.sqlite.limit_pages(1)
        self.full = True

    @rule()
    def free_disk(self) -> None:
        self.sqlite.limit_pages(1_000_000)
        self.full = False

    @rule(size=st.integers(1, 200), kept=st.booleans())
    def crash(self, size: int, kept: bool) -> None:
        group = self.next_group(size)
        self.sqlite.limit_pages(1_000_000)
        self.full = False
        if kept:
            self.sqlite.commit(group)
            del self.waiting[:size]
        else:
            self.abandon(group)
        self.sqlite.close()
        self.sqlite = SqliteStore(self.path)
        self.memory = self.memory.crash(group, kept=kept)

    def abandon(self, group: list[JournalEntry]) -> None:
        """Write the group, and die before its last statement."""
        execute = self.sqlite.connection

        def refuse(sql: str) -> None:
            if sql == "COMMIT":
                execute.interrupt()

        execute.set_trace_callback(refuse)
        with pytest.raises(JournalError, match="interrupted"):
            self.sqlite.commit(group)

    @rule()
    def checkpoint(self) -> None:
        self.sqlite.checkpoint()

    @invariant()
    def equal(self) -> None:
        assert self.sqlite.last_seq == self.memory.last_seq
        assert self.sqlite.head_hash == self.memory.head_hash
        assert rows_of(self.sqlite) == self.memory.tables.rows()

    def teardown(self) -> None:
        assert list(self.sqlite.entries()) == list(self.memory.entries())
        self.sqlite.close()
        assert verify(self.path).ok
        self.folder.cleanup()


TestTwoStores = TwoStores.TestCase
TestTwoStores.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
