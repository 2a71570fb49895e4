"""The vault: sealed at rest, opened only where it belongs, re-sealed under a new key."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.model.instruments import Environment
from engine.service.access import vault as module
from engine.service.access.secret import Secret
from engine.service.access.vault import Credentials, Vault, VaultError
from engine.service.access.vault_key import KeyRing, new_key, read_ring, write_ring
from engine.service.api_error import ApiError, ErrorCode
from tests.support.access import START_NS, HandClock

LIVE, SANDBOX = Environment.LIVE, Environment.SANDBOX
KEYS = Credentials(
    api_key=Secret("the-public-part-of-it-1234"),
    api_secret=Secret("-----BEGIN-nobody-may-see-this-----"),
    passphrase=Secret("open sesame, please"),
    extra_json=Secret('{"signer_private_key": "0xabcdef"}'),
)
OTHERS = Credentials(api_key=Secret("another-key-99"), api_secret=Secret("another-secret"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "vault.db"


@pytest.fixture
def vault(path: Path) -> Iterator[Vault]:
    made = Vault(path, HandClock())
    yield made
    made.close()


def change(path: Path, sql: str, *values: object) -> None:
    """What somebody with the file can do to it."""
    connection = sqlite3.connect(path)
    with connection:
        assert connection.execute(sql, values).rowcount > 0
    connection.close()


def test_what_is_put_comes_back(vault: Vault, path: Path) -> None:
    stored = vault.put("alice", LIVE, "kraken", KEYS)
    assert (stored.venue, stored.key_hint, stored.created_ns) == ("kraken", "1234", START_NS)
    assert vault.open("alice", LIVE, "kraken") == KEYS
    vault.put("alice", LIVE, "binance", OTHERS)
    found = vault.open("alice", LIVE, "binance")
    assert found == OTHERS and found.passphrase is None and found.extra_json is None
    again = Vault(path)
    assert again.open("alice", LIVE, "kraken") == KEYS
    again.close()


def test_the_list_holds_no_secret(vault: Vault) -> None:
    vault.put("alice", LIVE, "kraken", KEYS)
    vault.put("alice", LIVE, "binance", OTHERS)
    listed = vault.list("alice", LIVE)
    assert [(each.venue, each.key_hint) for each in listed] == [
        ("binance", "y-99"),
        ("kraken", "1234"),
    ]
    for secret in (KEYS.api_key, KEYS.api_secret, KEYS.passphrase, KEYS.extra_json):
        assert secret is not None and secret.reveal() not in repr(listed)


def test_clients_and_environments_are_apart(vault: Vault) -> None:
    vault.put("alice", LIVE, "kraken", KEYS)
    for client, environment in (("bob", LIVE), ("alice", SANDBOX)):
        with pytest.raises(ApiError, match="no credentials for kraken") as caught:
            vault.open(client, environment, "kraken")
        assert caught.value.code is ErrorCode.NOT_FOUND
        assert vault.list(client, environment) == ()
        assert not vault.delete(client, environment, "kraken")
    assert vault.open("alice", LIVE, "kraken") == KEYS


def test_overwritten_and_deleted(vault: Vault) -> None:
    vault.put("alice", LIVE, "kraken", KEYS)
    vault.put("alice", LIVE, "kraken", OTHERS)
    assert vault.open("alice", LIVE, "kraken") == OTHERS
    assert vault.delete("alice", LIVE, "kraken")
    assert not vault.delete("alice", LIVE, "kraken")
    assert vault.list("alice", LIVE) == ()


def test_no_file_holds_a_secret(vault: Vault, path: Path) -> None:
    vault.put("alice", LIVE, "kraken", KEYS)
    held = b"".join(each.read_bytes() for each in path.parent.iterdir())
    assert b"kraken" in held
    for secret in (KEYS.api_key, KEYS.api_secret, KEYS.passphrase, KEYS.extra_json):
        assert secret is not None
        text = secret.reveal().encode()
        assert text not in held and text[4:16] not in held
    assert {each.stat().st_mode & 0o777 for each in path.parent.iterdir()} == {0o600}


def test_the_same_text_is_never_sealed_alike(vault: Vault, path: Path) -> None:
    seen = set()
    for _ in range(2):
        vault.put("alice", LIVE, "kraken", KEYS)
        connection = sqlite3.connect(path)
        sql = "SELECT nonce, wrap_nonce, wrapped, sealed FROM credentials"
        seen.update(connection.execute(sql).fetchone())
        connection.close()
    assert len(seen) == 8


@pytest.mark.parametrize("column", ["sealed", "nonce", "wrapped", "wrap_nonce"])
def test_a_flipped_bit_is_refused(vault: Vault, path: Path, column: str) -> None:
    vault.put("alice", LIVE, "kraken", KEYS)
    connection = sqlite3.connect(path)
    data = bytearray(connection.execute(f"SELECT {column} FROM credentials").fetchone()[0])
    connection.close()
    data[3] ^= 1
    change(path, f"UPDATE credentials SET {column} = ?", bytes(data))
    with pytest.raises(VaultError, match="were altered or belong elsewhere"):
        vault.open("alice", LIVE, "kraken")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("client_id", "bob"),
        ("environment", "sandbox"),
        ("venue", "binance"),
        ("revision", 2),
        ("hint", "9999"),
        ("created_ns", 1),
    ],
)
def test_what_it_belongs_to_is_sealed_with_it(
    vault: Vault, path: Path, column: str, value: object
) -> None:
    vault.put("alice", LIVE, "kraken", KEYS)
    change(path, f"UPDATE credentials SET {column} = ?", value)
    of = {"client_id": "alice", "environment": "live", "venue": "kraken"}
    of.update({column: str(value)} if column in of else {})
    with pytest.raises(VaultError, match="were altered"):
        vault.open(of["client_id"], Environment(of["environment"]), of["venue"])


def test_swapped_documents_are_refused(vault: Vault, path: Path) -> None:
    vault.put("alice", LIVE, "kraken", KEYS)
    vault.put("mallory", LIVE, "kraken", OTHERS)
    # Mallory's row is given everything of Alice's that is sealed.
    sql = (
        "UPDATE credentials SET (nonce, sealed, wrap_nonce, wrapped, created_ns, hint, revision) ="
        " (SELECT nonce, sealed, wrap_nonce, wrapped, created_ns, hint, revision"
        " FROM credentials WHERE client_id = 'alice') WHERE client_id = 'mallory'"
    )
    change(path, sql)
    with pytest.raises(VaultError, match="belong elsewhere"):
        vault.open("mallory", LIVE, "kraken")
    assert vault.open("alice", LIVE, "kraken") == KEYS


@pytest.mark.parametrize("value", ["x'00'", "x''", "'text'", "7"])
@pytest.mark.parametrize("column", ["sealed", "nonce", "wrapped", "wrap_nonce"])
def test_what_was_never_sealed_is_refused(
    vault: Vault, path: Path, column: str, value: str
) -> None:
    vault.put("alice", LIVE, "kraken", KEYS)
    change(path, f"UPDATE credentials SET {column} = {value}")
    with pytest.raises(VaultError, match="were altered"):
        vault.open("alice", LIVE, "kraken")


def test_rotation_keeps_all_and_destroys_the_old_key(vault: Vault, path: Path) -> None:
    vault.put("alice", LIVE, "kraken", KEYS)
    vault.put("bob", SANDBOX, "okx", OTHERS)
    old = read_ring(path.with_name("vault.key"))
    assert old is not None
    assert vault.rotate_kek() == 2
    new = read_ring(path.with_name("vault.key"))
    assert new is not None and new.keys.keys() == {new.current}
    assert new.current != old.current
    assert vault.open("alice", LIVE, "kraken") == KEYS
    assert vault.open("bob", SANDBOX, "okx") == OTHERS
    write_ring(path.with_name("vault.key"), old)
    with pytest.raises(VaultError, match=r"is not in vault\.key"):
        Vault(path)


def test_another_process_goes_on_after_a_rotation(vault: Vault, path: Path) -> None:
    other = Vault(path)
    other.put("alice", LIVE, "kraken", KEYS)
    vault.rotate_kek()
    assert other.open("alice", LIVE, "kraken") == KEYS
    other.put("alice", LIVE, "okx", OTHERS)
    assert vault.open("alice", LIVE, "okx") == OTHERS
    other.rotate_kek()
    assert vault.open("alice", LIVE, "kraken") == KEYS
    other.close()


def test_a_rotation_cut_short_is_finished_later(vault: Vault, path: Path) -> None:
    vault.put("alice", LIVE, "kraken", KEYS)
    key_path = path.with_name("vault.key")
    both = new_key(read_ring(key_path))
    write_ring(key_path, both)
    assert vault.open("alice", LIVE, "kraken") == KEYS
    again = Vault(path)
    assert read_ring(key_path) == KeyRing(
        current=both.current, keys={both.current: both.keys[both.current]}
    )
    assert again.open("alice", LIVE, "kraken") == KEYS
    again.close()


def test_a_lost_key_is_not_replaced(vault: Vault, path: Path) -> None:
    vault.put("alice", LIVE, "kraken", KEYS)
    path.with_name("vault.key").unlink()
    with pytest.raises(VaultError, match="is missing"):
        Vault(path)
    assert not path.with_name("vault.key").exists()


def test_anothers_key_does_not_open(vault: Vault, path: Path) -> None:
    vault.put("alice", LIVE, "kraken", KEYS)
    ring = read_ring(path.with_name("vault.key"))
    assert ring is not None
    forged = KeyRing(current=ring.current, keys={ring.current: bytes(32)})
    write_ring(path.with_name("vault.key"), forged)
    again = Vault(path)
    with pytest.raises(VaultError, match="were altered"):
        again.open("alice", LIVE, "kraken")
    again.close()


def test_in_memory_it_works_the_same() -> None:
    vault = Vault(None, HandClock())
    vault.put("alice", LIVE, "kraken", KEYS)
    assert vault.rotate_kek() == 1
    assert vault.open("alice", LIVE, "kraken") == KEYS
    vault.close()


def test_documents_are_bounded(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ENTRIES_MAX", 1)
    vault.put("alice", LIVE, "kraken", KEYS)
    with pytest.raises(ApiError, match="delete some"):
        vault.put("alice", LIVE, "okx", OTHERS)
    vault.put("alice", LIVE, "kraken", OTHERS)
    assert vault.open("alice", LIVE, "kraken") == OTHERS


def test_its_errors_are_the_engines() -> None:
    assert issubclass(VaultError, EngineError)
