"""The form of the audit trail: its entries, what is kept out of them, and their chain of hashes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from engine.service.access.secret import REDACTED

__all__ = [
    "GENESIS",
    "AuditEntry",
    "AuditReport",
    "advance",
    "check_chain",
    "decoded",
    "encoded",
    "plain_text",
    "small",
]

GENESIS: Final = hashlib.sha256(b"execgraph audit 1").digest()
DOCUMENT_MAX: Final = 4_096
DEPTH_MAX: Final = 8
ITEMS_MAX: Final = 64
# Fields that hold secrets do not even leave their names.
SECRET_FIELDS: Final = frozenset(
    {
        "api_key",
        "api_secret",
        "authorization",
        "builder",
        "extra_json",
        "passphrase",
        "password",
        "private_key",
        "secret",
        "sequence_api_key",
        "signer_private_key",
        "ticket",
    }
)
SECRET_TEXT: Final = re.compile(r"(seq_live_|seq_test_|wst_)[0-9a-fA-F]+")


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who did what. `seq` is its place, told by the table; the rest is what the hash covers.

    `body_sha256` is the hex digest of the request's body. `lost` is not 0 in an entry that says
    how many could not be kept before it.
    """

    when_ns: int
    key_id: str = ""
    client_id: str = ""
    environment: str = ""
    method: str = ""
    path: str = ""
    request_id: str = ""
    status: int = 0
    graph_id: str = ""
    order_id: str = ""
    body_sha256: str = ""
    before: Any = None
    after: Any = None
    lost: int = 0
    seq: int = 0


class AuditReport(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the trail is whole. `entries` are sound before the `problem`.

    A trail cut at its end is sound in itself: compare `head_hash` with one noted elsewhere.
    """

    ok: bool
    entries: int
    head_hash: str
    problem: str | None = None


def encoded(entry: AuditEntry) -> bytes:
    """An entry as canonical JSON: fields in one order, nothing at its default."""
    return msgspec.json.encode(entry, order="sorted")


def decoded(seq: int, data: bytes) -> AuditEntry:
    """The entry at a place; msgspec's error for anything else."""
    entry = msgspec.json.decode(data, type=AuditEntry)
    return msgspec.structs.replace(entry, seq=seq)


def advance(head: bytes, data: bytes) -> bytes:
    """The hash after one more entry."""
    return hashlib.sha256(head + data).digest()


def check_chain(rows: Iterable[tuple[int, bytes, bytes]]) -> AuditReport:
    """Follow (place, entry, hash) from the first on; the first fault ends it."""
    head, count, problem = GENESIS, 0, None
    for seq, data, found in rows:
        if seq != count + 1:
            problem = f"entry {count + 1} is missing"
            break
        following = advance(head, data)
        if following != found:
            problem = f"entry {seq} does not match its hash: it, or one before it, was altered"
            break
        try:
            decoded(seq, data)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            problem = f"entry {seq} cannot be read"
            break
        head, count = following, seq
    return AuditReport(ok=problem is None, entries=count, head_hash=head.hex(), problem=problem)


def plain_text(text: str, most: int) -> str:
    """A text that can be kept: bounded, storable, and without any key or ticket in it."""
    text = text[:most]
    if not text.isascii():
        text = text.encode(errors="replace").decode()
    # Two looks cost less than the pattern, and hardly any text has either.
    suspect = "seq_" in text or "wst_" in text
    return SECRET_TEXT.sub(rf"\1{REDACTED}", text) if suspect else text


def small(document: object) -> Any:
    """A document without its secrets; of a large one only its digest and size."""
    if document is None:
        return None
    plain = _cleaned(msgspec.to_builtins(document, enc_hook=_named, str_keys=True), 0)
    data = msgspec.json.encode(plain, order="sorted")
    if len(data) <= DOCUMENT_MAX:
        return plain
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _cleaned(value: Any, depth: int) -> Any:
    if depth > DEPTH_MAX:
        return "..."
    if isinstance(value, dict):
        return {
            plain_text(name, DOCUMENT_MAX): _cleaned(each, depth + 1)
            for name, each in value.items()
            if name.lower() not in SECRET_FIELDS
        }
    if isinstance(value, list | tuple):
        return [_cleaned(each, depth + 1) for each in value[:ITEMS_MAX]]
    return plain_text(value, DOCUMENT_MAX) if isinstance(value, str) else value


def _named(value: object) -> str:
    """What has no JSON form leaves the name of its type."""
    return type(value).__name__
