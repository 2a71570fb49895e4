"""The audit trail: kept in order, off the caller's thread, and found out when it was edited."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.service.access import audit as module
from engine.service.access.audit import Audit
from engine.service.access.database import AccessError
from engine.service.access.scopes import Scope
from tests.support.access import START_NS, HandClock, caller


@pytest.fixture
def trail() -> Iterator[Audit]:
    made = Audit(None, HandClock())
    yield made
    made.close()


def meddle(path: Path, sql: str) -> None:
    """What somebody with the file can do, triggers and all."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("DROP TRIGGER audit_keeps")
        connection.execute("DROP TRIGGER audit_stays")
        assert connection.execute(sql).rowcount > 0
    connection.close()


def filled(path: Path, count: int = 5) -> None:
    """A closed trail of so many entries."""
    trail = Audit(path, HandClock())
    for number in range(count):
        trail.record(method="POST", path=f"/v1/orders/{number}", status=200)
    trail.close()


def test_what_is_recorded_is_kept_newest_first(trail: Audit) -> None:
    trail.record(
        method="POST",
        path="/v1/orders",
        key_id="key_1",
        client_id="alice",
        environment="live",
        request_id="r1",
        status=201,
        graph_id="g1",
        order_id="o1",
        body_sha256="ab" * 32,
        before={"active": False},
        after={"active": True},
    )
    trail.request(caller(Scope.TRADE), "DELETE", "/v1/orders/o1", "r2", 404, "g1")
    trail.request(None, "POST", "/v1/orders", "r3", 401)
    third, second, first = trail.entries(10)
    assert (first.seq, second.seq, third.seq) == (1, 2, 3)
    assert first.when_ns == START_NS
    assert (first.key_id, first.client_id, first.environment) == ("key_1", "alice", "live")
    assert (first.method, first.path, first.status) == ("POST", "/v1/orders", 201)
    assert (first.request_id, first.graph_id, first.order_id) == ("r1", "g1", "o1")
    assert (first.before, first.after) == ({"active": False}, {"active": True})
    assert first.body_sha256 == "ab" * 32
    assert (second.client_id, second.environment, second.status) == ("alice", "sandbox", 404)
    assert (third.client_id, third.key_id, third.status) == ("", "", 401)
    assert [each.seq for each in trail.entries(2)] == [3, 2]
    assert trail.entries(-1) == ()


def test_the_chain_is_sound_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    filled(path, 3)
    trail = Audit(path)
    trail.record(method="POST", path="/v1/orders")
    report = trail.verify()
    assert (report.ok, report.entries) == (True, 4)
    trail.close()
    trail.close()


@pytest.mark.parametrize(
    ("sql", "sound"),
    [
        ("UPDATE audit SET entry = replace(entry, '200', '500') WHERE seq = 3", 2),
        ("UPDATE audit SET entry = replace(entry, 'orders/0', 'orders/9') WHERE seq = 1", 0),
        ("UPDATE audit SET hash = zeroblob(32) WHERE seq = 4", 3),
        ("DELETE FROM audit WHERE seq = 2", 1),
        ("DELETE FROM audit WHERE seq = 1", 0),
    ],
)
def test_an_edit_is_found(tmp_path: Path, sql: str, sound: int) -> None:
    path = tmp_path / "audit.db"
    filled(path)
    meddle(path, sql)
    trail = Audit(path)
    report = trail.verify()
    assert not report.ok and report.entries == sound
    trail.close()


def test_the_table_itself_refuses_edits(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    filled(path)
    connection = sqlite3.connect(path)
    for sql in ("DELETE FROM audit", "UPDATE audit SET entry = ''"):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            connection.execute(sql)
    connection.close()


def test_two_processes_share_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    one, two = Audit(path), Audit(path)
    for number in range(20):
        (one, two)[number % 2].record(method="POST", path=f"/{number}")
        (one, two)[number % 2].flush()
    assert [each.path for each in one.entries()] == [f"/{number}" for number in range(19, -1, -1)]
    assert two.verify().entries == 20
    one.close()
    two.close()


def test_many_threads_lose_nothing(trail: Audit) -> None:
    def work(name: int) -> None:
        for number in range(500):
            trail.record(method="POST", path=f"/{name}/{number}")

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    paths = [each.path for each in trail.entries(10_000)]
    assert len(set(paths)) == len(paths) == 2_000
    assert trail.verify().entries == 2_000
    mine = [path for path in reversed(paths) if path.startswith("/2/")]
    assert mine == [f"/2/{number}" for number in range(500)]


def test_secrets_stay_out(trail: Audit) -> None:
    raw = "seq_live_" + "a1" * 32
    trail.record(
        method="PUT",
        path=f"/v1/credentials/kraken?api_key={raw}",
        body_sha256="ab" * 32,
        before={"api_key": raw},
        after={"label": raw, "passphrase": "p"},
    )
    (entry,) = trail.entries()
    assert entry.path == "/v1/credentials/kraken"
    assert entry.body_sha256 == "", "a short passphrase could be guessed from it"
    assert (entry.before, entry.after) == ({}, {"label": "seq_live_[redacted]"})


def test_hostile_texts_are_kept_as_texts(trail: Audit) -> None:
    trail.record(method="GET", path="/\ud800" + "x" * 5_000, request_id="\x00\n")
    (entry,) = trail.entries()
    assert entry.path.startswith("/?xxx") and len(entry.path) == 512
    assert entry.request_id == "\x00\n"
    assert trail.verify().ok


def test_recording_waits_for_no_disk(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    trail = Audit(path)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    for number in range(1_000):
        trail.record(method="POST", path=f"/{number}")
    blocker.execute("COMMIT")
    blocker.close()
    assert trail.verify().entries == 1_000
    trail.close()


def test_what_cannot_be_kept_is_counted_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUEUE_MAX", 3)
    path = tmp_path / "audit.db"
    trail = Audit(path)
    with trail._database:
        for number in range(10):
            trail.record(method="POST", path=f"/{number}")
    assert trail.lost == 7
    trail.flush()
    trail.record(method="POST", path="/later")
    kept = trail.entries()[::-1]
    assert [each.path for each in kept if each.method == "POST"] == ["/0", "/1", "/2", "/later"]
    assert sum(each.lost for each in kept) == 7
    assert trail.verify().ok
    trail.close()


def test_a_disk_that_takes_nothing_is_reported_and_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    filled(path, 1)
    trail = Audit(path)
    pages = trail._connection.execute("PRAGMA page_count").fetchone()[0]
    trail._connection.execute(f"PRAGMA max_page_count = {pages}")
    for number in range(200):
        trail.record(method="POST", path=f"/{number}", request_id="x" * 500)
    with pytest.raises(AccessError, match="cannot be written"):
        trail.flush()
    assert trail.problem is not None and "check the file" in trail.problem
    trail._connection.execute("PRAGMA max_page_count = 100000")
    trail.flush()
    assert trail.problem is None
    assert trail.verify().entries == 201
    trail.close()


def test_closing_says_what_was_not_kept(tmp_path: Path) -> None:
    trail = Audit(tmp_path / "audit.db")
    pages = trail._connection.execute("PRAGMA page_count").fetchone()[0]
    trail._connection.execute(f"PRAGMA max_page_count = {pages}")
    for number in range(200):
        trail.record(method="POST", path=f"/{number}", request_id="x" * 500)
    with pytest.raises(AccessError, match="200 audit entries are lost"):
        trail.close()


def test_nothing_is_recorded_after_closing() -> None:
    trail = Audit(None)
    trail.close()
    with pytest.raises(AccessError, match="is closed"):
        trail.record(method="POST", path="/")


def test_no_thread_without_work_and_none_is_left() -> None:
    before = threading.active_count()
    trail = Audit(None)
    assert trail.verify().entries == 0
    assert threading.active_count() == before
    trail.record(method="POST", path="/")
    assert threading.active_count() == before + 1
    trail.close()
    assert threading.active_count() == before
