"""Venue credentials, each sealed under a key of its own, which the vault's key seals in turn."""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.model.instruments import Environment
from engine.service.access.database import access_error, open_database, transaction
from engine.service.access.secret import Secret
from engine.service.access.vault_key import (
    KEY_NAME,
    KeyRing,
    VaultError,
    new_key,
    read_ring,
    write_ring,
)
from engine.service.api_error import ApiError, ErrorCode

__all__ = ["VAULT_NAME", "Credentials", "StoredCredentials", "Vault", "VaultError"]

VAULT_NAME: Final = "vault.db"
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
VERSION: Final = 1
ENTRIES_MAX: Final = 10_000
# What opening raises for anything that was not sealed here: also for wrong sizes and types.
NOT_OURS: Final = (InvalidTag, ValueError, TypeError)
TABLES: Final = (
    """
CREATE TABLE IF NOT EXISTS credentials(
    client_id TEXT NOT NULL, environment TEXT NOT NULL, venue TEXT NOT NULL,
    revision INTEGER NOT NULL, hint TEXT NOT NULL, created_ns INTEGER NOT NULL,
    kek TEXT NOT NULL, wrap_nonce BLOB NOT NULL, wrapped BLOB NOT NULL,
    nonce BLOB NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (client_id, environment, venue)) WITHOUT ROWID""",
)
FIND: Final = """
SELECT * FROM credentials WHERE client_id = ? AND environment = ? AND venue = ?"""
REMOVE: Final = """
DELETE FROM credentials WHERE client_id = ? AND environment = ? AND venue = ?"""
OWNERS: Final = "SELECT client_id, environment, venue FROM credentials ORDER BY 1, 2, 3"
LIST: Final = """
SELECT venue, hint, created_ns FROM credentials WHERE client_id = ? AND environment = ?
ORDER BY venue"""
REWRAP: Final = """
UPDATE credentials SET kek = ?, wrap_nonce = ?, wrapped = ?
WHERE client_id = ? AND environment = ? AND venue = ?"""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What one venue wants to know its client by. `extra_json` is the text of a JSON document."""

    api_key: Secret
    api_secret: Secret
    passphrase: Secret | None = None
    extra_json: Secret | None = None


class StoredCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """That there are credentials of a venue: the last four characters of their key, and since
    when."""

    venue: str
    key_hint: str
    created_ns: int


class _Plain(msgspec.Struct, array_like=True):
    """The sealed document."""

    api_key: str
    api_secret: str
    passphrase: str | None
    extra_json: str | None


class _Row(msgspec.Struct, frozen=True):
    client_id: str
    environment: str
    venue: str
    revision: int
    hint: str
    created_ns: int
    kek: str
    wrap_nonce: bytes
    wrapped: bytes
    nonce: bytes
    sealed: bytes


class Vault:
    """The credentials of all clients, in a file beside the key that seals them.

    AES-256-GCM with a random 96-bit nonce each time. What a document belongs to (client,
    environment, venue, revision, hint, time) is authenticated with it, so that it opens nowhere
    else. At most 10,000 documents. Any thread may call; calls wait for the disk.
    """

    def __init__(self, path: Path | None, now_ns: Callable[[], int] = time.time_ns) -> None:
        """Of the file at `path`; None keeps both documents and key in memory.

        AccessError when a file cannot be used, VaultError when the sealing key is missing.
        """
        self.path = path
        self._key_path = None if path is None else path.with_name(KEY_NAME)
        self._now_ns = now_ns
        self._lock = threading.RLock()
        self._connection = open_database(path, TABLES, VERSION)
        try:
            self._ring = self._opened_ring()
            with self._writing():
                self._rewrap()
            self._drop_old_keys()
        except BaseException:
            self._connection.close()
            raise

    def put(
        self, client_id: str, environment: Environment, venue: str, credentials: Credentials
    ) -> StoredCredentials:
        """Seal and keep a venue's credentials in place of earlier ones, durably."""
        with self._writing():
            of = (client_id, environment.value, venue)
            old = self._connection.execute(FIND, of).fetchone()
            count = self._connection.execute("SELECT count(*) FROM credentials").fetchone()[0]
            if old is None and count >= ENTRIES_MAX:
                text = f"the vault holds {ENTRIES_MAX} credentials; delete some"
                raise ApiError(ErrorCode.CONFLICT, text)
            row = self._sealed(of, 1 if old is None else _Row(*old).revision + 1, credentials)
            values = msgspec.structs.astuple(row)
            sql = "INSERT OR REPLACE INTO credentials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            self._connection.execute(sql, values)
        return StoredCredentials(venue=venue, key_hint=row.hint, created_ns=row.created_ns)

    def list(self, client_id: str, environment: Environment) -> tuple[StoredCredentials, ...]:
        """What a client has stored, by venue; never a secret."""
        with self._guarded():
            rows = self._connection.execute(LIST, (client_id, environment.value)).fetchall()
        return tuple(
            [
                StoredCredentials(venue=venue, key_hint=hint, created_ns=created_ns)
                for venue, hint, created_ns in rows
            ]
        )

    def check(self) -> int:
        """Open every document, showing none; how many there are. VaultError for one that fails."""
        with self._guarded():
            rows = self._connection.execute(OWNERS).fetchall()
        for client_id, environment, venue in rows:
            self.open(client_id, Environment(environment), venue)
        return len(rows)

    def delete(self, client_id: str, environment: Environment, venue: str) -> bool:
        """Forget a venue's credentials; whether there were any."""
        with self._writing():
            done = self._connection.execute(REMOVE, (client_id, environment.value, venue))
            return done.rowcount > 0

    def open(self, client_id: str, environment: Environment, venue: str) -> Credentials:
        """A venue's credentials; ApiError NOT_FOUND, or VaultError when they were tampered with."""
        of = (client_id, environment.value, venue)
        with self._guarded():
            found = self._connection.execute(FIND, of).fetchone()
            if found is None:
                text = f"there are no credentials for {venue}; store them first"
                raise ApiError(ErrorCode.NOT_FOUND, text)
            row = _Row(*found)
            try:
                data = AESGCM(self._unwrapped(row)).decrypt(row.nonce, row.sealed, _bound(row))
            except NOT_OURS:
                raise _tampered(row) from None
        plain = msgspec.json.decode(data, type=_Plain)
        return Credentials(
            api_key=Secret(plain.api_key),
            api_secret=Secret(plain.api_secret),
            passphrase=None if plain.passphrase is None else Secret(plain.passphrase),
            extra_json=None if plain.extra_json is None else Secret(plain.extra_json),
        )

    def rotate_kek(self) -> int:
        """Seal all document keys under a new vault key and destroy the old; how many there were.

        A crash on the way leaves both keys in the file; the next opening finishes the work.
        """
        with self._writing():
            self._keep_ring(new_key(self._reread_ring()))
            count = self._rewrap()
        self._drop_old_keys()
        return count

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    # -- sealing

    def _sealed(self, of: tuple[str, str, str], revision: int, credentials: Credentials) -> _Row:
        key = secrets.token_bytes(KEY_BYTES)
        row = _Row(
            *of,
            revision=revision,
            hint=credentials.api_key.hint(),
            created_ns=self._now_ns(),
            kek="",
            wrap_nonce=b"",
            wrapped=b"",
            nonce=secrets.token_bytes(NONCE_BYTES),
            sealed=b"",
        )
        optional = (credentials.passphrase, credentials.extra_json)
        plain = _Plain(
            credentials.api_key.reveal(),
            credentials.api_secret.reveal(),
            *[None if each is None else each.reveal() for each in optional],
        )
        sealed = AESGCM(key).encrypt(row.nonce, msgspec.json.encode(plain), _bound(row))
        return self._wrapped(msgspec.structs.replace(row, sealed=sealed), key)

    def _wrapped(self, row: _Row, key: bytes) -> _Row:
        """The row with its document key sealed under the current vault key."""
        name, nonce = self._reread_ring().current, secrets.token_bytes(NONCE_BYTES)
        wrapped = AESGCM(self._ring.keys[name]).encrypt(nonce, key, _bound(row, name))
        return msgspec.structs.replace(row, kek=name, wrap_nonce=nonce, wrapped=wrapped)

    def _unwrapped(self, row: _Row) -> bytes:
        vault_key = self._ring.keys.get(row.kek) or self._reread_ring().keys.get(row.kek)
        if vault_key is None:
            raise VaultError(
                f"the key that sealed the credentials of {row.venue} is not in {KEY_NAME}; "
                "restore it from your backup, or store the credentials again"
            )
        return AESGCM(vault_key).decrypt(row.wrap_nonce, row.wrapped, _bound(row, row.kek))

    # -- the vault's key

    def _opened_ring(self) -> KeyRing:
        if self._key_path is None:
            return new_key()
        ring = read_ring(self._key_path)
        if ring is not None:
            return ring
        with self._writing():
            # Two processes may start at once: the first makes the key.
            ring = read_ring(self._key_path)
            if ring is not None:
                return ring
            if self._connection.execute("SELECT 1 FROM credentials LIMIT 1").fetchone():
                raise VaultError(
                    f"{self._key_path} is missing, and {self.path} cannot be opened without it; "
                    "restore it from your backup, or delete both and store credentials again"
                )
            ring = new_key()
            write_ring(self._key_path, ring)
            return ring

    def _reread_ring(self) -> KeyRing:
        """The ring as another process may have left it."""
        if self._key_path is not None:
            self._ring = read_ring(self._key_path) or self._ring
        return self._ring

    def _keep_ring(self, ring: KeyRing) -> None:
        if self._key_path is not None:
            write_ring(self._key_path, ring)
        self._ring = ring

    def _rewrap(self) -> int:
        """Seal under the current key what is under another; how many documents that were."""
        sql = "SELECT * FROM credentials WHERE kek != ?"
        current = self._reread_ring().current
        rows = [_Row(*row) for row in self._connection.execute(sql, (current,)).fetchall()]
        for row in rows:
            try:
                new = self._wrapped(row, self._unwrapped(row))
            except NOT_OURS:
                raise _tampered(row) from None
            of = (row.client_id, row.environment, row.venue)
            self._connection.execute(REWRAP, (new.kek, new.wrap_nonce, new.wrapped, *of))
        return len(rows)

    def _drop_old_keys(self) -> None:
        """Keep the keys in use only. The transaction is the lock on the key file, too."""
        if len(self._ring.keys) == 1:
            return
        with self._writing():
            ring = self._reread_ring()
            rows = self._connection.execute("SELECT DISTINCT kek FROM credentials").fetchall()
            kept = {ring.current, *[row[0] for row in rows]}
            keys = {name: key for name, key in ring.keys.items() if name in kept}
            self._keep_ring(KeyRing(current=ring.current, keys=keys))

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise access_error("used", error, self.path) from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._guarded(), transaction(self._connection):
            yield


def _bound(row: _Row, kek: str = "") -> bytes:
    """What is authenticated beside a document, or, with `kek`, beside its sealed key."""
    parts: Sequence[Any] = (
        "execgraph vault",
        VERSION,
        kek,
        row.client_id,
        row.environment,
        row.venue,
        row.revision,
        row.hint,
        row.created_ns,
    )
    return msgspec.json.encode(parts)


def _tampered(row: _Row) -> VaultError:
    return VaultError(
        f"the stored credentials of {row.venue} were altered or belong elsewhere; "
        "delete them and store them again"
    )
