"""The audit: every kind of tampering is found, and its place is named."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import JournalError
from engine.store.chain import decode_block, encode_entry, journal_hash, pack_block
from engine.store.journal import SqliteStore
from engine.store.verify import verify
from tests.support.journals import grouped, story

ENTRIES = story(25, seed=6)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A sound journal, 10 entries a row."""
    path = tmp_path / "a.db"
    store = SqliteStore(path)
    for group in grouped(ENTRIES, (10,)):
        store.commit(group)
    store.close()
    return path


def tamper(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0


def test_a_sound_journal(path: Path) -> None:
    report = verify(path)
    assert report.ok
    assert (report.entries, report.problem, report.bad_seq) == (len(ENTRIES), "", None)
    assert report.head_hash == journal_hash(ENTRIES)
    assert report.groups == -(-len(ENTRIES) // 10)


def test_a_row_of_a_decision_to_post_is_what_its_entry_says(tmp_path: Path) -> None:
    path = tmp_path / "posts.db"
    store = SqliteStore(path)
    store.commit(story(2, posted=2))
    store.close()
    assert verify(path).ok
    tamper(path, "UPDATE posts SET decision_id = decision_id + 1")
    report = verify(path)
    assert "table posts" in report.problem and "decision_id" in report.problem
    tamper(path, "DELETE FROM posts")
    assert "table posts lacks the row" in verify(path).problem


def test_an_open_journal_can_be_verified(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a.db")
    store.commit(ENTRIES)
    assert verify(tmp_path / "a.db").ok


def test_an_empty_journal_is_sound(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "a.db").close()
    assert verify(tmp_path / "a.db").ok


def test_every_byte_of_a_block_counts(path: Path) -> None:
    """A byte of the file is flipped in place, as a bad disk or a hex editor does it."""
    data = path.read_bytes()
    with closing(sqlite3.connect(path)) as connection:
        sql = "SELECT block FROM journal WHERE first_seq = 51"
        block = connection.execute(sql).fetchone()[0]
    start = data.index(block[:200])
    for offset in (0, 1, 7, 60, 150):
        path.write_bytes(
            data[: start + offset]
            + bytes((data[start + offset] ^ 0x01,))
            + data[start + offset + 1 :]
        )
        report = verify(path)
        assert not report.ok
        assert report.bad_seq in range(51, 61)
        assert report.entries == 50
        assert "51 to 60" in report.problem
    path.write_bytes(data)
    assert verify(path).ok


def test_a_changed_entry_is_told_by_its_hash(path: Path) -> None:
    entries = ENTRIES[50:60]
    with closing(sqlite3.connect(path)) as connection, connection:
        sql = "SELECT block FROM journal WHERE first_seq = 51"
        found = decode_block(connection.execute(sql).fetchone()[0])
        assert found == entries
        found[3] = type(found[3])(*(*_fields(found[3])[:2], 1, *_fields(found[3])[3:]))
        block = pack_block([encode_entry(entry) for entry in found])
        connection.execute("UPDATE journal SET block = ? WHERE first_seq = 51", (block,))
    report = verify(path)
    assert report.problem == (
        "the journal row of entries 51 to 60 does not match its hash: it was altered"
    )
    assert report.bad_seq == 51


def _fields(entry: object) -> list[object]:
    return [getattr(entry, name) for name in entry.__struct_fields__]  # type: ignore[attr-defined]  # a struct


def test_a_deleted_row(path: Path) -> None:
    tamper(path, "DELETE FROM journal WHERE first_seq = 51")
    report = verify(path)
    assert report.problem == "entries 51 to 60 are missing from the journal"
    assert (report.bad_seq, report.entries) == (51, 50)


def test_a_deleted_last_row_shows_in_the_tables(path: Path) -> None:
    tamper(path, "DELETE FROM journal WHERE first_seq = (SELECT max(first_seq) FROM journal)")
    report = verify(path)
    assert "table" in report.problem
    assert report.entries == (len(ENTRIES) - 1) // 10 * 10


def test_swapped_rows(path: Path) -> None:
    tamper(
        path,
        "UPDATE journal SET first_seq = -1 WHERE first_seq = 51",
        "UPDATE journal SET first_seq = 51, last_seq = 60 WHERE first_seq = 71",
        "UPDATE journal SET first_seq = 71, last_seq = 80 WHERE first_seq = -1",
    )
    report = verify(path)
    assert report.problem == (
        "the journal row of entries 51 to 60 holds entry 71 in the place of entry 51"
    )
    assert report.bad_seq == 51


def test_wrong_bounds_and_stamps(path: Path) -> None:
    tamper(path, "UPDATE journal SET last_seq = 59 WHERE first_seq = 51")
    assert verify(path).problem == "the journal row of entries 51 to 59 holds 10 entries"
    tamper(path, "UPDATE journal SET last_seq = 60, ts_ns = 5 WHERE first_seq = 51")
    assert "another time" in verify(path).problem
    tamper(path, "UPDATE journal SET hash = zeroblob(32) WHERE first_seq = 31")
    assert verify(path).bad_seq == 31
    tamper(path, "UPDATE journal SET first_seq = 15 WHERE first_seq = 21")
    assert "overlaps" in verify(path).problem


@pytest.mark.parametrize(
    ("statement", "wanted"),
    [
        ("UPDATE nodes SET filled_qty_1e8 = 7 WHERE order_number = 3", "table nodes, row 3"),
        ("UPDATE nodes SET avg_fill_price_1e9 = 1 WHERE order_number = 4", "avg_fill_price_1e9"),
        ("UPDATE graphs SET status = 'failed' WHERE graph_number = 2", "status is 'failed'"),
        ("UPDATE graph_bodies SET accepted = x'00' WHERE graph_number = 2", "graph_bodies"),
        ("UPDATE children SET state = 1 WHERE state = 4", "table children"),
        ("UPDATE decisions SET symbol = 'X'", "table decisions"),
        ("UPDATE meta SET number = 9 WHERE name = 'engine'", "'engine'"),
        ("UPDATE accounts SET fill_count = 0 WHERE account = 1", "fill_count"),
        ("DELETE FROM fills WHERE seq = (SELECT min(seq) FROM fills)", "fills lacks the row"),
        ("DELETE FROM fills", "fills lacks the row"),
        (
            "INSERT INTO graph_bodies VALUES (900, x'00')",
            "graph_bodies has a row 900 that no entry explains",
        ),
        ("INSERT INTO meta VALUES ('a', 1, '', 1)", "meta has a row 'a'"),
    ],
)
def test_edited_tables(path: Path, statement: str, wanted: str) -> None:
    tamper(path, statement)
    report = verify(path)
    assert wanted in report.problem
    assert report.entries == len(ENTRIES)


def test_a_row_names_the_entry_that_touched_it_last(path: Path) -> None:
    tamper(path, "UPDATE fills SET qty_1e8 = 1 WHERE seq = (SELECT max(seq) FROM fills)")
    with closing(sqlite3.connect(path)) as connection:
        last = connection.execute("SELECT max(seq) FROM fills").fetchone()[0]
    assert verify(path).bad_seq == last


def test_totals_that_the_fills_do_not_give(tmp_path: Path) -> None:
    """An engine that books wrong is found out, though its chain and tables agree."""
    entries = [*ENTRIES]
    place, state = next(
        (index, entry.payload)
        for index, entry in enumerate(entries)
        if getattr(entry.payload, "filled_qty_1e8", 0) > 0
    )
    wrong = type(state)(
        *[
            value + 1 if name == "filled_qty_1e8" else value
            for name, value in zip(state.__struct_fields__, _fields(state), strict=True)
        ]
    )
    values = _fields(entries[place])
    values[-1] = wrong
    store = SqliteStore(tmp_path / "a.db")
    # Later states would mend it: the journal ends here.
    store.commit([*entries[:place], type(entries[place])(*values)])
    store.close()
    report = verify(tmp_path / "a.db")
    assert "its fills say" in report.problem
    assert report.bad_seq == place + 1


def test_damaged_pages_are_reported(path: Path) -> None:
    data = bytearray(path.read_bytes())
    with closing(sqlite3.connect(path)) as connection:
        sql = "SELECT rootpage FROM sqlite_master WHERE name = 'nodes_symbol'"
        page = connection.execute(sql).fetchone()[0]
    start = (page - 1) * 4_096
    data[start : start + 4_096] = bytes(4_096)
    path.write_bytes(data)
    report = verify(path)
    assert not report.ok
    assert "damaged" in report.problem or "could not be read" in report.problem


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no journal at"):
        verify(tmp_path / "none.db")
