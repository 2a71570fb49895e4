"""API keys: made, shown once, kept as hashes, recognised within microseconds."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from engine.model.instruments import Environment
from engine.service.access.database import access_error, open_database, transaction
from engine.service.access.key_rows import (
    COUNT,
    FIND,
    INSERT,
    LIST,
    LIVE,
    SURPLUS,
    TABLES,
    KeyInfo,
    caller_of,
    info_of,
    key_faults,
)
from engine.service.access.scopes import Caller, Scope, scopes_text
from engine.service.api_error import ApiError, ErrorCode
from engine.service.config import EngineConfig

__all__ = ["KEYS_NAME", "OVERLAP_NS", "KeyInfo", "KeyStore"]

KEYS_NAME: Final = "access.db"
SECOND_NS: Final = 1_000_000_000
# How long a rotated key goes on working beside its successor.
REFRESH_NS: Final = 50_000_000
OVERLAP_NS: Final = 24 * 3_600 * SECOND_NS
FLUSH_NS: Final = 60 * SECOND_NS
ACTIVE_MAX: Final = 1_000
ACTIVE_OF_CLIENT_MAX: Final = 100
DEAD_OF_CLIENT_MAX: Final = 1_000
PREFIXES: Final = {Environment.LIVE: "seq_live_", Environment.SANDBOX: "seq_test_"}
RAW_LENGTH: Final = 73
VERSION: Final = 1
DEFAULT_CLIENT: Final = EngineConfig().client_id


class Entry:
    """One key that works: what it is compared with, and the caller it stands for."""

    __slots__ = ("caller", "expires_ns", "hash", "used_ns")

    def __init__(self, hashed: bytes, caller: Caller | None, expires_ns: int | None) -> None:
        self.hash = hashed
        self.caller = caller
        self.expires_ns = expires_ns
        self.used_ns = 0


class KeyStore:
    """All keys of one data folder; several processes may hold the same file.

    A key is 256 random bits, so its plain sha256 is kept: slow hashes are for passwords. What
    one process changes counts there at once and in the others within a second. At most 100
    keys a client and 1,000 in all are active; of dead ones a client's newest 1,000 stay listed.
    Any thread may call. `problem` says what is wrong with the file while known keys go on.
    """

    def __init__(self, path: Path | None, now_ns: Callable[[], int] = time.time_ns) -> None:
        """AccessError when the file at `path` (None: in memory) cannot be opened."""
        self.path = path
        self._now_ns = now_ns
        self._lock = threading.RLock()
        self._nobody = Entry(secrets.token_bytes(32), None, None)
        self._by_hash: dict[bytes, Entry] = {}
        self._by_id: dict[str, Entry] = {}
        self._connection = open_database(path, TABLES, VERSION)
        # Uses of keys that ended since they were last written down.
        self._ended: dict[str, int] = {}
        self.problem: str | None = None
        self._closed = False
        self._version = -1
        self._looked_ns = self._flushed_ns = now_ns()
        try:
            self._load()
        except BaseException:
            self._connection.close()
            raise

    # -- the hot path

    def authenticate(self, raw: str) -> Caller | None:
        """Who the key stands for; None, after the same work, for any other text."""
        now_ns = self._now_ns()
        if abs(now_ns - self._looked_ns) >= SECOND_NS:
            self._look(now_ns)
        digest = hashlib.sha256(raw[: RAW_LENGTH + 1].encode(errors="replace")).digest()
        entry = self._by_hash.get(digest, self._nobody)
        right = hmac.compare_digest(entry.hash, digest)
        if not right or not _alive(entry, now_ns):
            return None
        entry.used_ns = now_ns
        return entry.caller

    def refresh(self) -> bool:
        """Look now for what other processes changed, at most 20 times a second; whether it did."""
        now_ns = self._now_ns()
        if abs(now_ns - self._looked_ns) < REFRESH_NS:
            return False
        self._look(now_ns)
        return True

    def active(self, key_id: str) -> bool:
        """Whether the key still works; for streams and tickets that outlive one request."""
        now_ns = self._now_ns()
        if abs(now_ns - self._looked_ns) >= SECOND_NS:
            self._look(now_ns)
        entry = self._by_id.get(key_id)
        return entry is not None and _alive(entry, now_ns)

    # -- what administrators do

    def create(
        self,
        label: str,
        sandbox: bool,
        scopes: frozenset[Scope],
        client_id: str | None = None,
        *,
        expires_ns: int | None = None,
        compact_ids: bool = False,
    ) -> tuple[KeyInfo, str]:
        """A new key and its raw text, which is kept nowhere; no client means the engine's own.

        ApiError on an empty set of scopes, texts too long, a past expiry or too many keys.
        """
        client_id = DEFAULT_CLIENT if client_id is None else client_id
        now_ns = self._now_ns()
        faults = list(key_faults(label, scopes, client_id, expires_ns, now_ns))
        if faults:
            raise ApiError(ErrorCode.VALIDATION_ERROR, faults[0][1], details=faults)
        environment = Environment.SANDBOX if sandbox else Environment.LIVE
        with self._writing():
            return self._insert(label, environment, scopes, client_id, expires_ns, compact_ids)

    def list(
        self, client_id: str | None = None, environment: Environment | None = None
    ) -> tuple[KeyInfo, ...]:
        """Keys of a client (None: of all), newest first, dead ones too."""
        with self._reading():
            rows = self._connection.execute(LIST, (client_id, environment)).fetchall()
            now_ns = self._now_ns()
            return tuple([self._with_use(info_of(row, now_ns)) for row in rows])

    def find(self, key_id: str, client_id: str | None = None) -> KeyInfo:
        """One key; ApiError NOT_FOUND when the client (None: anyone) has none of that id."""
        with self._reading():
            return self._row(key_id, client_id)

    def revoke(self, key_id: str, client_id: str | None = None) -> KeyInfo:
        """End a key at once; a dead one stays as it is. ApiError NOT_FOUND."""
        with self._writing():
            info = self._row(key_id, client_id)
            if info.revoked_ns is None:
                sql = "UPDATE keys SET revoked_ns = ? WHERE key_id = ?"
                self._connection.execute(sql, (self._now_ns(), key_id))
            return self._row(key_id, client_id)

    def rotate(self, key_id: str, client_id: str | None = None) -> tuple[KeyInfo, str]:
        """A successor with the same powers, and its raw text; the old key lasts 24 hours more.

        A key that expires has a successor with as long a life. ApiError NOT_FOUND, or CONFLICT
        for a key that is dead or was rotated before.
        """
        now_ns = self._now_ns()
        with self._writing():
            old = self._row(key_id, client_id)
            if old.status != "active":
                raise ApiError(
                    ErrorCode.CONFLICT,
                    f"key {key_id} is {old.status} and cannot be rotated; create a new one",
                )
            end_ns, expires_ns = now_ns + OVERLAP_NS, None
            if old.expires_ns is not None:
                end_ns = min(end_ns, old.expires_ns)
                expires_ns = now_ns + old.expires_ns - old.created_ns
            info, raw = self._insert(
                old.label,
                old.environment,
                frozenset(old.scopes),
                old.client_id,
                expires_ns,
                old.compact_ids,
            )
            sql = "UPDATE keys SET expires_ns = ?, successor = ? WHERE key_id = ?"
            self._connection.execute(sql, (end_ns, info.key_id, key_id))
            return info, raw

    def flush(self) -> None:
        """Write down when keys were last used; done each minute and on closing by itself."""
        with self._reading():
            self._flush()

    def close(self) -> None:
        """Write what is left and close the file; a second call does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                self.flush()
            finally:
                self._connection.close()

    # -- storage

    def _insert(
        self,
        label: str,
        environment: Environment,
        scopes: frozenset[Scope],
        client_id: str,
        expires_ns: int | None,
        compact_ids: bool,
    ) -> tuple[KeyInfo, str]:
        now_ns = self._now_ns()
        self._check_room(client_id, now_ns)
        raw = PREFIXES[environment] + secrets.token_hex(32)
        assert len(raw) == RAW_LENGTH
        key_id = f"key_{secrets.token_hex(8)}"
        row = (
            key_id,
            hashlib.sha256(raw.encode()).digest(),
            raw[-4:],
            label,
            client_id,
            environment.value,
            scopes_text(scopes),
            int(compact_ids),
            now_ns,
            None,
            expires_ns,
            None,
            None,
        )
        self._connection.execute(INSERT, row)
        self._connection.execute(SURPLUS, (client_id, now_ns, DEAD_OF_CLIENT_MAX))
        return info_of(row, now_ns), raw

    def _check_room(self, client_id: str, now_ns: int) -> None:
        total, mine = self._connection.execute(COUNT, (client_id, now_ns)).fetchone()
        if mine >= ACTIVE_OF_CLIENT_MAX or total >= ACTIVE_MAX:
            raise ApiError(
                ErrorCode.CONFLICT,
                f"there are {ACTIVE_OF_CLIENT_MAX} active keys of this client or {ACTIVE_MAX} in "
                "all; revoke one that is not used",
            )

    def _row(self, key_id: str, client_id: str | None) -> KeyInfo:
        row = self._connection.execute(FIND, (key_id, client_id)).fetchone()
        if row is None:
            raise ApiError(ErrorCode.NOT_FOUND, "there is no such key; list the keys there are")
        return self._with_use(info_of(row, self._now_ns()))

    def _with_use(self, info: KeyInfo) -> KeyInfo:
        """With a use that is not yet written down."""
        entry = self._by_id.get(info.key_id)
        if entry is None or not entry.used_ns:
            return info
        return msgspec.structs.replace(info, last_used_ns=entry.used_ns)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise access_error("read", error, self.path) from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction; what it changed is recognised before anyone is told."""
        with self._lock:
            try:
                with transaction(self._connection):
                    yield
                self._load()
            except sqlite3.Error as error:
                raise access_error("written", error, self.path) from error

    def _look(self, now_ns: int) -> None:
        """See what other processes changed, and write down what was used.

        A file that cannot be read or written must not stop cancels: known keys go on.
        """
        with self._lock:
            self._looked_ns = now_ns
            try:
                if self._data_version() != self._version:
                    self._load()
                if abs(now_ns - self._flushed_ns) >= FLUSH_NS:
                    self._flush()
                self.problem = None
            except sqlite3.Error as error:
                self.problem = str(access_error("read or written", error, self.path))

    def _data_version(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def _load(self) -> None:
        version = self._data_version()
        rows = self._connection.execute(LIVE, (self._now_ns(),)).fetchall()
        by_hash: dict[bytes, Entry] = {}
        by_id: dict[str, Entry] = {}
        for row in rows:
            info = info_of(row, 0)
            entry = Entry(bytes(row[1]), caller_of(info), info.expires_ns)
            known = self._by_id.get(info.key_id)
            entry.used_ns = 0 if known is None else known.used_ns
            by_hash[entry.hash] = by_id[info.key_id] = entry
        # A key that ended since may have been used after the last flush.
        used = {key_id: each.used_ns for key_id, each in self._by_id.items() if each.used_ns}
        self._ended.update({key_id: ns for key_id, ns in used.items() if key_id not in by_id})
        self._by_hash, self._by_id, self._version = by_hash, by_id, version

    def _flush(self) -> None:
        used = {key_id: each.used_ns for key_id, each in self._by_id.items() if each.used_ns}
        used.update(self._ended)
        self._flushed_ns = self._now_ns()
        if not used:
            return
        sql = "UPDATE keys SET last_used_ns = ? WHERE key_id = ?"
        with transaction(self._connection):
            self._connection.executemany(sql, [(ns, key_id) for key_id, ns in used.items()])
        self._ended.clear()
        for each in self._by_id.values():
            each.used_ns = 0


def _alive(entry: Entry, now_ns: int) -> bool:
    return entry.expires_ns is None or now_ns < entry.expires_ns
