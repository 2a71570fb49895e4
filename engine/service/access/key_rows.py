"""Rows of the key table: what is known of a key, and the caller it stands for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

import msgspec

from engine.model.instruments import Environment
from engine.service.access.scopes import Caller, Scope, implied, parse_scopes

__all__ = [
    "CLIENT_MAX",
    "COUNT",
    "FIND",
    "INSERT",
    "LABEL_MAX",
    "LIST",
    "LIVE",
    "SURPLUS",
    "TABLES",
    "KeyInfo",
    "KeyStatus",
    "caller_of",
    "info_of",
    "key_faults",
]

LABEL_MAX: Final = 128
CLIENT_MAX: Final = 128
TABLES: Final = (
    """
CREATE TABLE IF NOT EXISTS keys(
    key_id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, hint TEXT NOT NULL, label TEXT NOT NULL,
    client_id TEXT NOT NULL, environment TEXT NOT NULL, scopes TEXT NOT NULL,
    compact_ids INTEGER NOT NULL, created_ns INTEGER NOT NULL, last_used_ns INTEGER,
    expires_ns INTEGER, revoked_ns INTEGER, successor TEXT) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS keys_of_client ON keys(client_id, created_ns)",
)
# Every statement gives whole rows, in the order of the table.
INSERT: Final = "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
LIVE: Final = """
SELECT * FROM keys WHERE revoked_ns IS NULL AND (expires_ns IS NULL OR expires_ns > ?)"""
FIND: Final = "SELECT * FROM keys WHERE key_id = ?1 AND (?2 IS NULL OR client_id = ?2)"
LIST: Final = """
SELECT * FROM keys WHERE (?1 IS NULL OR client_id = ?1) AND (?2 IS NULL OR environment = ?2)
ORDER BY created_ns DESC, key_id"""
# Keys that work: of all clients, and of the one given.
COUNT: Final = """
SELECT count(*), total(client_id = ?) FROM keys
WHERE revoked_ns IS NULL AND (expires_ns IS NULL OR expires_ns > ?)"""
# A client's dead keys beyond its newest; to be filled with client, time, and how many stay.
SURPLUS: Final = """
DELETE FROM keys WHERE key_id IN (
    SELECT key_id FROM keys WHERE client_id = ? AND (revoked_ns IS NOT NULL OR expires_ns <= ?)
    ORDER BY created_ns DESC LIMIT -1 OFFSET ?)"""

KeyStatus = Literal["active", "rotated", "expired", "revoked"]


class KeyInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a key, never the key. `rotated` still works, until `expires_ns`."""

    key_id: str
    label: str
    hint: str
    client_id: str
    environment: Environment
    sandbox: bool
    scopes: tuple[Scope, ...]
    compact_ids: bool
    status: KeyStatus
    created_ns: int
    last_used_ns: int | None = None
    expires_ns: int | None = None
    revoked_ns: int | None = None
    successor: str | None = None


def info_of(row: Sequence[Any], now_ns: int) -> KeyInfo:
    """A row of the table as it stands at that time."""
    key_id, _, hint, label, client_id, environment, scopes, compact = row[:8]
    created_ns, last_used_ns, expires_ns, revoked_ns, successor = row[8:]
    status: KeyStatus = "active"
    if revoked_ns is not None:
        status = "revoked"
    elif expires_ns is not None and expires_ns <= now_ns:
        status = "expired"
    elif successor is not None:
        status = "rotated"
    named = parse_scopes(scopes)
    return KeyInfo(
        key_id=key_id,
        label=label,
        hint=hint,
        client_id=client_id,
        environment=Environment(environment),
        sandbox=environment == Environment.SANDBOX,
        scopes=tuple([each for each in Scope if each in named]),
        compact_ids=bool(compact),
        status=status,
        created_ns=created_ns,
        last_used_ns=last_used_ns,
        expires_ns=expires_ns,
        revoked_ns=revoked_ns,
        successor=successor,
    )


def caller_of(info: KeyInfo) -> Caller:
    """Who a request with this key comes from."""
    return Caller(
        key_id=info.key_id,
        client_id=info.client_id,
        environment=info.environment,
        scopes=implied(frozenset(info.scopes)),
        label=info.label,
        compact_ids=info.compact_ids,
    )


def key_faults(
    label: str, scopes: frozenset[Scope], client_id: str, expires_ns: int | None, now_ns: int
) -> Iterator[tuple[str, str]]:
    """(field, sentence) of each thing that a new key cannot be given."""
    if not _storable(label, LABEL_MAX):
        yield "label", f"a label is a printable text of at most {LABEL_MAX} characters"
    if not client_id or not _storable(client_id, CLIENT_MAX):
        yield "client_id", f"a client is a printable text of 1 to {CLIENT_MAX} characters"
    if not scopes:
        yield "scopes", "a key needs at least one scope; give 'read' to one that only looks"
    if expires_ns is not None and not now_ns < expires_ns < 1 << 63:
        yield "expires_ns", "a key cannot expire in the past; give a later time, or none"


def _storable(text: str, most: int) -> bool:
    return len(text) <= most and text.isprintable()
