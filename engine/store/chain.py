"""Entries as bytes, blocks of entries, and the running hash that makes tampering show."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from engine.errors import JournalError
from engine.model.records import JournalEntry

__all__ = [
    "GENESIS",
    "advance",
    "check_order",
    "decode_block",
    "decode_entry",
    "encode_entry",
    "encode_group",
    "journal_hash",
    "pack_block",
    "split_block",
]

GENESIS = bytes(32)

encode_entry = msgspec.msgpack.Encoder().encode
_decode_entry = msgspec.msgpack.Decoder(JournalEntry).decode
_decode_block = msgspec.msgpack.Decoder(list[JournalEntry]).decode
_split_block = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode


def pack_block(encoded: Sequence[bytes]) -> bytes:
    """One msgpack array of entries that are already encoded."""
    count = len(encoded)
    if count < 16:
        head = bytes((0x90 | count,))
    elif count < 1 << 16:
        head = b"\xdc" + count.to_bytes(2, "big")
    else:
        head = b"\xdd" + count.to_bytes(4, "big")
    return head + b"".join(encoded)


def check_order(group: Sequence[JournalEntry], last_seq: int) -> None:
    """JournalError unless the entries follow `last_seq` and one another without a gap."""
    first = last_seq + 1
    if [entry.seq for entry in group] != list(range(first, first + len(group))):
        raise JournalError(
            f"a group of entries {group[0].seq} to {group[-1].seq} does not follow {last_seq}; "
            "restart the engine, which goes on from what is stored"
        )


def encode_group(group: Sequence[JournalEntry]) -> list[bytes]:
    """The bytes of each entry; JournalError when one cannot be encoded."""
    try:
        return [encode_entry(entry) for entry in group]
    except (OverflowError, TypeError, msgspec.MsgspecError) as error:
        raise JournalError(f"an entry cannot be encoded ({error}); the group is refused") from error


def advance(head: bytes, encoded: Iterable[bytes]) -> bytes:
    """The running hash after these entries: h = sha256(h + entry), entry by entry.

    It does not depend on how entries are grouped into commits.
    """
    sha256 = hashlib.sha256
    for entry in encoded:
        head = sha256(head + entry).digest()
    return head


def journal_hash(entries: Iterable[JournalEntry]) -> str:
    """One number (hex) for a whole run: two runs of one seed are the same if it is."""
    return advance(GENESIS, map(encode_entry, entries)).hex()


def decode_entry(encoded: bytes) -> JournalEntry:
    """One entry; JournalError when the bytes are not one."""
    try:
        return _decode_entry(encoded)
    except msgspec.MsgspecError as error:
        raise JournalError(f"a journal entry cannot be decoded ({error})") from error


def decode_block(block: bytes) -> list[JournalEntry]:
    """Every entry of a block; JournalError when the bytes are not a block."""
    try:
        return _decode_block(block)
    except msgspec.MsgspecError as error:
        raise JournalError(f"a block of the journal cannot be decoded ({error})") from error


def split_block(block: bytes) -> list[bytes]:
    """The encoded entries of a block, undecoded; JournalError when it is not a block."""
    try:
        return [bytes(raw) for raw in _split_block(block)]
    except msgspec.MsgspecError as error:
        raise JournalError(f"a block of the journal cannot be split ({error})") from error
