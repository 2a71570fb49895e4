"""API keys: hashed at rest, recognised, rotated with an overlap, ended at once everywhere."""

from __future__ import annotations

import hashlib
import hmac
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.model.instruments import Environment
from engine.service.access import keys as module
from engine.service.access.database import AccessError
from engine.service.access.keys import OVERLAP_NS, KeyStore
from engine.service.access.scopes import Scope
from engine.service.api_error import ApiError, ErrorCode
from tests.support.access import START_NS, HandClock

TRADE = frozenset({Scope.READ, Scope.TRADE})
HOUR_NS = 3_600 * 1_000_000_000


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(clock: HandClock) -> Iterator[KeyStore]:
    made = KeyStore(None, clock)
    yield made
    made.close()


@pytest.fixture
def pair(clock: HandClock, tmp_path: Path) -> Iterator[tuple[KeyStore, KeyStore]]:
    """Two stores of one file, as a server and the command line have."""
    both = KeyStore(tmp_path / "access.db", clock), KeyStore(tmp_path / "access.db", clock)
    yield both
    for each in both:
        each.close()


def test_a_key_says_what_it_is_for_and_is_random(store: KeyStore) -> None:
    _, live = store.create("a", False, TRADE)
    _, test = store.create("a", True, TRADE)
    assert re.fullmatch(r"seq_live_[0-9a-f]{64}", live)
    assert re.fullmatch(r"seq_test_[0-9a-f]{64}", test)
    assert live[-64:] != test[-64:]


def test_it_stands_for_its_client_environment_and_scopes(store: KeyStore) -> None:
    info, raw = store.create("bot", True, TRADE, "alice", compact_ids=True)
    caller = store.authenticate(raw)
    assert caller is not None
    assert (caller.key_id, caller.client_id, caller.label) == (info.key_id, "alice", "bot")
    assert caller.environment is Environment.SANDBOX and caller.compact_ids
    assert caller.may(Scope.KILL) and not caller.may(Scope.ADMIN)
    _, raw = store.create("", False, TRADE)
    caller = store.authenticate(raw)
    assert caller is not None and caller.environment is Environment.LIVE
    assert caller.client_id == "local", "the engine's own client"


def test_the_file_never_holds_a_raw_key(clock: HandClock, tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "access.db", clock)
    info, raw = store.create("bot", False, TRADE)
    _, second = store.rotate(info.key_id)
    store.authenticate(raw)
    store.flush()
    held = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert hashlib.sha256(raw.encode()).digest() in held, "the hash is what is looked up"
    for text in (raw, second):
        assert text.encode() not in held
        assert text[9:].encode() not in held
        assert bytes.fromhex(text[9:]) not in held
        assert text[9:-4].encode()[-16:] not in held
    store.close()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "seq_live_",
        "seq_test_" + "0" * 64,
        "x" * 100_000,
        "\ud800",
        "séq",
        "Bearer seq_test_" + "0" * 64,
    ],
)
def test_others_stand_for_nobody(store: KeyStore, text: str) -> None:
    store.create("a", True, TRADE)
    assert store.authenticate(text) is None


def test_a_key_that_is_nearly_right_is_wrong(store: KeyStore) -> None:
    _, raw = store.create("a", True, TRADE)
    other = "0" if raw[-1] != "0" else "1"
    for text in (raw[:-1], raw + "0", raw[:-1] + other, raw.upper(), raw + "\n", " " + raw):
        assert store.authenticate(text) is None
    assert store.authenticate(raw.replace("seq_test_", "seq_live_")) is None
    assert store.authenticate(raw) is not None


def test_every_text_is_hashed_and_compared_the_same(
    store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, raw = store.create("a", True, TRADE)
    done: list[tuple[str, int, int]] = []

    def sha256(data: bytes) -> object:
        done.append(("sha256", len(data), 0))
        return hashlib.sha256(data)

    def compare(left: bytes, right: bytes) -> bool:
        done.append(("compare", len(left), len(right)))
        return hmac.compare_digest(left, right)

    class Hashes:
        pass

    hashes, compares = Hashes(), Hashes()
    hashes.sha256 = sha256  # type: ignore[attr-defined]  # a stand-in for the module
    compares.compare_digest = compare  # type: ignore[attr-defined]  # a stand-in for the module
    monkeypatch.setattr(module, "hashlib", hashes)
    monkeypatch.setattr(module, "hmac", compares)
    work = []
    for text in (raw, "seq_test_" + "0" * 64, raw[:-1] + "x", "~" * 73):
        done.clear()
        store.authenticate(text)
        work.append(list(done))
    assert work[0] == [("sha256", 73, 0), ("compare", 32, 32)]
    assert work == [work[0]] * 4


def test_expiry_takes_effect_at_once(store: KeyStore, clock: HandClock) -> None:
    info, raw = store.create("a", True, TRADE, expires_ns=START_NS + HOUR_NS)
    clock.now_ns = START_NS + HOUR_NS - 1
    assert store.authenticate(raw) is not None and store.active(info.key_id)
    clock.now_ns += 1
    assert store.authenticate(raw) is None and not store.active(info.key_id)
    assert store.find(info.key_id).status == "expired"


def test_revocation_takes_effect_at_once(store: KeyStore) -> None:
    info, raw = store.create("a", True, TRADE)
    _, other = store.create("b", True, TRADE)
    assert store.revoke(info.key_id).status == "revoked"
    assert store.authenticate(raw) is None and not store.active(info.key_id)
    assert store.authenticate(other) is not None
    first = store.find(info.key_id)
    assert store.revoke(info.key_id) == first, "a second time changes nothing"


def test_another_process_revokes_within_a_second(
    pair: tuple[KeyStore, KeyStore], clock: HandClock
) -> None:
    server, tool = pair
    info, raw = tool.create("a", True, TRADE)
    clock.move(1)
    assert server.authenticate(raw) is not None
    tool.revoke(info.key_id)
    clock.move(1)
    assert server.authenticate(raw) is None
    assert not server.active(info.key_id)


def test_a_stream_learns_of_it_too(pair: tuple[KeyStore, KeyStore], clock: HandClock) -> None:
    server, tool = pair
    info, _ = tool.create("a", True, TRADE)
    clock.move(1)
    assert server.active(info.key_id)
    tool.revoke(info.key_id)
    clock.move(1)
    assert not server.active(info.key_id)


def test_a_clock_set_back_does_not_stop_looking(
    pair: tuple[KeyStore, KeyStore], clock: HandClock
) -> None:
    server, tool = pair
    info, raw = tool.create("a", True, TRADE)
    clock.move(-5_000)
    assert server.authenticate(raw) is not None
    tool.revoke(info.key_id)
    clock.move(-1)
    assert server.authenticate(raw) is None


def test_rotation_overlaps_by_a_day(store: KeyStore, clock: HandClock) -> None:
    assert OVERLAP_NS == 24 * HOUR_NS
    old, first = store.create("bot", False, TRADE, "alice")
    new, second = store.rotate(old.key_id, "alice")
    assert first != second and new.key_id != old.key_id
    assert (new.label, new.client_id, new.scopes) == (old.label, old.client_id, old.scopes)
    assert new.environment is Environment.LIVE
    rotated = store.find(old.key_id)
    assert (rotated.status, rotated.successor) == ("rotated", new.key_id)
    clock.now_ns += OVERLAP_NS - 1
    assert store.authenticate(first) is not None and store.authenticate(second) is not None
    clock.now_ns += 1
    assert store.authenticate(first) is None and store.authenticate(second) is not None


def test_rotation_never_lengthens_a_life(store: KeyStore, clock: HandClock) -> None:
    old, _ = store.create("a", True, TRADE, expires_ns=START_NS + 2 * HOUR_NS)
    clock.move(3_600)
    new, _ = store.rotate(old.key_id)
    assert store.find(old.key_id).expires_ns == START_NS + 2 * HOUR_NS
    assert new.expires_ns == START_NS + 3 * HOUR_NS


def test_a_key_is_rotated_once_and_alive(store: KeyStore) -> None:
    old, raw = store.create("a", True, TRADE)
    store.rotate(old.key_id)
    with pytest.raises(ApiError, match="is rotated and cannot") as caught:
        store.rotate(old.key_id)
    assert caught.value.code is ErrorCode.CONFLICT
    store.revoke(old.key_id)
    assert store.authenticate(raw) is None
    with pytest.raises(ApiError, match="is revoked and cannot"):
        store.rotate(old.key_id)


def test_other_clients_keys_are_not_there(store: KeyStore) -> None:
    info, raw = store.create("a", True, TRADE, "alice")
    for act in (store.find, store.revoke, store.rotate):
        with pytest.raises(ApiError, match="no such key") as caught:
            act(info.key_id, "bob")
        assert caught.value.code is ErrorCode.NOT_FOUND
    assert store.list("bob") == ()
    assert store.authenticate(raw) is not None


def test_lists_are_newest_first_and_by_environment(store: KeyStore, clock: HandClock) -> None:
    made = []
    for sandbox in (True, False, True):
        made.append(store.create("a", sandbox, TRADE, "alice")[0].key_id)
        clock.move(1)
    assert [each.key_id for each in store.list("alice")] == made[::-1]
    assert [each.key_id for each in store.list("alice", Environment.LIVE)] == [made[1]]
    assert len(store.list()) == 3


@pytest.mark.parametrize(
    ("label", "scopes", "expires_ns", "field"),
    [
        ("a\nb", TRADE, None, "label"),
        ("a", frozenset(), None, "scopes"),
        ("a", TRADE, START_NS, "expires_ns"),
    ],
)
def test_what_no_key_can_be_is_refused(
    store: KeyStore, label: str, scopes: frozenset[Scope], expires_ns: int | None, field: str
) -> None:
    with pytest.raises(ApiError) as caught:
        store.create(label, True, scopes, expires_ns=expires_ns)
    assert [name for name, _ in caught.value.details] == [field]
    assert store.list() == ()


def test_keys_of_a_client_are_bounded(store: KeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ACTIVE_OF_CLIENT_MAX", 2)
    first, _ = store.create("a", True, TRADE, "alice")
    store.create("b", True, TRADE, "alice")
    with pytest.raises(ApiError, match="revoke one") as caught:
        store.create("c", True, TRADE, "alice")
    assert caught.value.code is ErrorCode.CONFLICT
    store.create("a", True, TRADE, "bob")
    store.revoke(first.key_id)
    store.create("c", True, TRADE, "alice")


def test_dead_keys_are_bounded(
    store: KeyStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DEAD_OF_CLIENT_MAX", 2)
    made = []
    for _ in range(5):
        made.append(store.revoke(store.create("a", True, TRADE, "alice")[0].key_id).key_id)
        clock.move(1)
    store.create("alive", True, TRADE, "alice")
    assert [each.key_id for each in store.list("alice")][1:] == made[:2:-1]


def test_last_use_is_remembered(clock: HandClock, tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "access.db", clock)
    info, raw = store.create("a", True, TRADE)
    assert store.find(info.key_id).last_used_ns is None
    clock.move(5)
    used_ns = clock.now_ns
    store.authenticate(raw)
    assert store.find(info.key_id).last_used_ns == used_ns
    clock.move(5)
    store.revoke(info.key_id)
    store.close()
    store.close()
    again = KeyStore(tmp_path / "access.db", clock)
    assert again.find(info.key_id).last_used_ns == used_ns
    again.close()


def test_last_use_is_written_each_minute(pair: tuple[KeyStore, KeyStore], clock: HandClock) -> None:
    server, tool = pair
    info, raw = server.create("a", True, TRADE)
    used_ns = clock.now_ns
    server.authenticate(raw)
    assert tool.find(info.key_id).last_used_ns is None
    clock.move(61)
    server.authenticate("whatever")
    assert tool.find(info.key_id).last_used_ns == used_ns


def test_known_keys_go_on_when_the_file_fails(store: KeyStore, clock: HandClock) -> None:
    _, raw = store.create("a", True, TRADE)
    sound = store._connection
    store._connection = sqlite3.connect(":memory:")
    store._connection.close()
    clock.move(2)
    assert store.authenticate(raw) is not None
    assert store.problem is not None and "check the file" in store.problem
    with pytest.raises(AccessError, match="cannot be written"):
        store.create("b", True, TRADE)
    store._connection = sound
    clock.move(2)
    assert store.authenticate(raw) is not None
    assert store.problem is None
