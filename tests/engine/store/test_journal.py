"""The SQLite store: commits, failures that change nothing, reopening, the golden journal."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from engine.errors import JournalError
from engine.model.records import ENTRY_VERSION
from engine.store.chain import journal_hash
from engine.store.journal import BREATHS_MAX, SLICE, SqliteStore
from engine.store.queries import Queries
from engine.store.verify import verify
from tests.support.golden_journal import GOLDEN, OLDER, ORDERS, POSTED, SIZES
from tests.support.golden_journal import write as write_golden
from tests.support.journals import EntryMaker, decision, grouped, story
from tests.support.stored_rows import rows_of

ROOT = Path(__file__).resolve().parents[3]


def test_what_was_committed_is_read_back() -> None:
    entries = story(20)
    store = SqliteStore(":memory:")
    assert (store.last_seq, store.head_hash) == (0, "00" * 32)
    store.commit([])
    for group in grouped(entries, (1, 5, 40)):
        store.commit(group)
    assert list(store.entries()) == entries
    assert list(store.entries(7, 49)) == entries[6:49]
    assert list(store.entries(entries[-1].seq + 1)) == []
    assert list(store.entries(10, 9)) == []
    assert store.last_seq == len(entries)
    assert store.head_hash == journal_hash(entries)


def test_grouping_changes_neither_rows_nor_hash() -> None:
    entries = story(20, seed=5, posted=3)
    found = []
    for sizes in ((1,), (3, 17), (10_000,)):
        store = SqliteStore(":memory:")
        for group in grouped(entries, sizes):
            store.commit(group)
        found.append((store.head_hash, rows_of(store)))
    assert found[0] == found[1] == found[2]


def test_reopening_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    entries = story(20)
    for group in grouped(entries, (13,)):
        store = SqliteStore(path)
        store.commit(group)
        store.close()
    store = SqliteStore(path)
    whole = SqliteStore(":memory:")
    whole.commit(entries)
    assert (store.last_seq, store.head_hash) == (whole.last_seq, whole.head_hash)
    assert rows_of(store) == rows_of(whole)


def test_a_full_disk_changes_nothing_and_the_group_can_be_tried_again(tmp_path: Path) -> None:
    entries = story(60)
    store = SqliteStore(tmp_path / "a.db")
    store.commit(entries[:20])
    before = (store.last_seq, store.head_hash, rows_of(store))
    store.limit_pages(1)
    for _ in range(3):
        with pytest.raises(JournalError, match=r"disk is full.*free disk space"):
            store.commit(entries[20:])
        assert (store.last_seq, store.head_hash, rows_of(store)) == before
    store.limit_pages(1_000_000)
    store.commit(entries[20:])
    whole = SqliteStore(":memory:")
    whole.commit(entries)
    assert rows_of(store) == rows_of(whole)
    assert store.head_hash == journal_hash(entries)


def test_a_bad_entry_changes_nothing(tmp_path: Path) -> None:
    maker = EntryMaker()
    store = SqliteStore(tmp_path / "a.db")
    good = maker.order()
    store.commit(good)
    before = rows_of(store)
    number = maker.seq
    # Fits msgpack's unsigned 64 bits, but not SQLite's signed ones.
    with pytest.raises(JournalError, match="too large"):
        store.commit([maker.entry(decision(2**63, "BTC-USD"))])
    maker.seq = number
    with pytest.raises(JournalError, match="contradicts"):
        store.commit([maker.entry(good[0].payload, "alice", "another id")])
    assert rows_of(store) == before
    maker.seq = number
    store.commit([maker.halted("on")])
    assert store.last_seq == number + 1


def test_groups_must_follow_one_another() -> None:
    entries = story(3)
    store = SqliteStore(":memory:")
    store.commit(entries[:4])
    for wrong in (entries[:4], entries[5:], [entries[4], entries[6]]):
        with pytest.raises(JournalError, match="does not follow"):
            store.commit(wrong)
    store.commit(entries[4:])
    assert list(store.entries()) == entries


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    entries = story(10)
    first = SqliteStore(tmp_path / "a.db")
    second = SqliteStore(tmp_path / "a.db")
    first.commit(entries[:10])
    with pytest.raises(JournalError, match="another process"):
        second.commit(entries[:7])
    first.commit(entries[10:])
    assert list(first.entries()) == entries


def test_a_breath_is_taken_between_slices() -> None:
    breaths: list[int] = []
    store = SqliteStore(":memory:")
    store.breathe = lambda: breaths.append(store.last_seq)
    entries = story(30)
    store.commit(entries[:100])
    assert breaths == [0, 0, 0, 0]
    assert store.last_seq == 100


def test_a_large_commit_takes_few_breaths() -> None:
    breaths: list[int] = []
    store, entries = SqliteStore(":memory:"), story(300)
    store.breathe = lambda: breaths.append(store.last_seq)
    store.commit(entries)
    slices = -(-len(entries) // SLICE)
    assert BREATHS_MAX <= len(breaths) <= BREATHS_MAX + 1 < slices
    assert list(store.entries()) == entries


def test_the_last_answer_is_kept_freed_or_forgotten_by_age(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    store = SqliteStore(path)
    store.put_answers([("alice", "k1", b"f1", b"claimed", 100), ("alice", "k2", b"f2", b"r2", 99)])
    store.put_answers(
        [
            ("alice", "k1", b"f1", b"r1", 101),
            ("alice", "k2", b"f2", b"", 102),
            ("bob", "k1", b"f3", b"r3", 200),
        ]
    )
    store.close()
    store = SqliteStore(path)
    queries = Queries(store)
    assert queries.answer("alice", "k1") == (b"f1", b"r1")
    assert queries.answer("alice", "k2") is None
    store.forget_answers(200)
    assert queries.answer("alice", "k1") is None
    assert queries.answer("bob", "k1") == (b"f3", b"r3")


def test_a_checkpoint_empties_the_log_into_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    store = SqliteStore(path)
    store.commit(story(50))
    before = path.stat().st_size
    store.checkpoint()
    assert path.stat().st_size > before
    assert verify(path).ok


@pytest.mark.parametrize(("version", "golden"), list(enumerate([*OLDER, GOLDEN], 1)))
def test_every_golden_journal_opens_and_goes_on(version: int, golden: Path, tmp_path: Path) -> None:
    path = tmp_path / "golden.db"
    shutil.copy(golden, path)
    report = verify(path)
    assert report.problem == ""
    store = SqliteStore(path)
    entries = story(ORDERS, seed=1, posted=POSTED if golden == GOLDEN else 0)
    assert [entry.payload for entry in store.entries()] == [entry.payload for entry in entries]
    assert {entry.version for entry in store.entries()} == {version}
    store.commit([*EntryMaker(store.last_seq, 1_000).order()])
    store.close()
    assert verify(path).ok


def test_the_golden_journal_is_what_its_script_writes(tmp_path: Path) -> None:
    assert ENTRY_VERSION == 4, "a new version needs a golden journal of its own"
    old = tmp_path / "old.db"
    shutil.copy(GOLDEN, old)
    write_golden(tmp_path / "new.db")
    stored, again = SqliteStore(old), SqliteStore(tmp_path / "new.db")
    assert stored.head_hash == again.head_hash
    assert rows_of(stored) == rows_of(again)
    groups = "SELECT first_seq, last_seq FROM journal"
    spans = stored.connection.execute(groups).fetchall()
    assert [last - first + 1 for first, last in spans[:3]] == list(SIZES)


def test_a_killed_process_leaves_whole_groups_only(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    script = textwrap.dedent(
        f"""
        import os, signal
        from engine.store.journal import SqliteStore
        from tests.support.journals import grouped, story

        store = SqliteStore({str(path)!r})
        groups = grouped(story(20), (10,))
        for group in groups[:5]:
            store.commit(group)
        store.connection.set_trace_callback(
            lambda sql: os.kill(os.getpid(), signal.SIGKILL) if "COMMIT" in sql else None
        )
        store.commit(groups[5])
        """
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    entries = story(20)
    store = SqliteStore(path)
    assert list(store.entries()) == entries[:50]
    store.commit(entries[50:])
    store.close()
    assert verify(path).ok
