"""The form of the audit trail: canonical, without secrets, and chained so that edits show."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest

from engine.service.access.audit_chain import (
    GENESIS,
    AuditEntry,
    advance,
    check_chain,
    decoded,
    encoded,
    plain_text,
    small,
)
from engine.service.access.secret import Secret

Rows = list[tuple[int, bytes, bytes]]


def chain(count: int) -> Rows:
    """A sound trail, its hashes written out the slow way."""
    rows, head = [], GENESIS
    for seq in range(1, count + 1):
        data = encoded(AuditEntry(when_ns=seq, key_id="key_1", status=200))
        head = hashlib.sha256(head + data).digest()
        rows.append((seq, data, head))
    return rows


def test_a_sound_chain_is_sound() -> None:
    rows = chain(5)
    report = check_chain(rows)
    assert (report.ok, report.entries, report.problem) == (True, 5, None)
    assert report.head_hash == rows[-1][2].hex()
    assert check_chain([]).ok and check_chain([]).head_hash == GENESIS.hex()


def edited(rows: Rows) -> Rows:
    data = rows[2][1].replace(b"200", b"201")
    return [*rows[:2], (3, data, rows[2][2]), *rows[3:]]


def edited_with_its_hash(rows: Rows) -> Rows:
    data = rows[2][1].replace(b"200", b"201")
    return [*rows[:2], (3, data, advance(rows[1][2], data)), *rows[3:]]


def removed(rows: Rows) -> Rows:
    return [*rows[:2], *rows[3:]]


def removed_and_renumbered(rows: Rows) -> Rows:
    return [*rows[:2], *[(seq - 1, data, found) for seq, data, found in rows[3:]]]


def swapped(rows: Rows) -> Rows:
    (_, left, one), (_, right, two) = rows[2], rows[3]
    return [*rows[:2], (3, right, one), (4, left, two), *rows[4:]]


def first_gone(rows: Rows) -> Rows:
    return rows[1:]


@pytest.mark.parametrize(
    ("meddle", "sound"),
    [
        (edited, 2),
        (edited_with_its_hash, 3),
        (removed, 2),
        (removed_and_renumbered, 2),
        (swapped, 2),
        (first_gone, 0),
    ],
)
def test_every_meddling_is_found(meddle: Any, sound: int) -> None:
    report = check_chain(meddle(chain(5)))
    assert not report.ok and report.entries == sound
    assert report.problem is not None


def test_a_cut_tail_shows_in_the_head() -> None:
    assert check_chain(chain(5)).head_hash != check_chain(chain(4)).head_hash


def test_what_is_no_entry_is_found() -> None:
    for data in (b"no json", b'{"when_ns": "x"}', b"\xff"):
        report = check_chain([(1, data, advance(GENESIS, data))])
        assert report.problem == "entry 1 cannot be read"


def test_an_entry_goes_round() -> None:
    entry = AuditEntry(when_ns=7, path="/v1/orders", before={"b": 1, "a": [2]}, status=200)
    assert encoded(entry) == (
        b'{"before":{"a":[2],"b":1},"path":"/v1/orders","status":200,"when_ns":7}'
    )
    assert decoded(3, encoded(entry)) == msgspec.structs.replace(entry, seq=3)


def test_neither_secrets_nor_their_names_stay() -> None:
    document = {
        "label": "bot",
        "api_key": "seq_live_" + "a" * 64,
        "nested": [{"API_SECRET": "x", "venue": "kraken", "passphrase": "p"}],
        "note": "my key is seq_test_" + "b" * 64 + " ok",
        "hidden": Secret("hunter2"),
        "seq_live_" + "c" * 64: 1,
    }
    kept = small(document)
    assert kept["nested"] == [{"venue": "kraken"}]
    assert kept["note"] == "my key is seq_test_[redacted] ok"
    text = msgspec.json.encode(kept).decode().lower()
    for word in ("api_key", "api_secret", "passphrase", "hunter2", "aaaa", "bbbb", "cccc"):
        assert word not in text
    assert kept["label"] == "bot"


def test_large_documents_leave_their_digest() -> None:
    kept = small({"x": "y" * 4_000, "z": "w" * 4_000})
    assert kept.keys() == {"bytes", "sha256"} and kept["bytes"] > 8_000
    assert small({"x": 1}) == {"x": 1}
    assert small(None) is None


def test_any_document_can_be_kept() -> None:
    deep: Any = 1
    for _ in range(50):
        deep = [deep]
    assert "..." in str(small(deep))
    assert small({1: object()}) == {"1": "object"}
    assert small({"x": "\ud800"}) == {"x": "?"}
    assert len(small(list(range(10_000)))) == 64


def test_texts_are_bounded_and_storable() -> None:
    assert plain_text("x" * 100, 10) == "x" * 10
    assert plain_text("a\ud800", 10) == "a?"
    assert plain_text("/v1/x/wst_" + "0f" * 32, 200) == "/v1/x/wst_[redacted]"
