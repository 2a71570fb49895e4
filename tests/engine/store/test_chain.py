"""Encoding, blocks and the running hash."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from engine.errors import JournalError
from engine.store.chain import (
    GENESIS,
    advance,
    check_order,
    decode_block,
    decode_entry,
    encode_entry,
    encode_group,
    journal_hash,
    pack_block,
    split_block,
)
from tests.support.journals import EntryMaker, decision, grouped, story


@pytest.mark.parametrize("count", [0, 1, 15, 16, 200, 70_000])
def test_a_block_is_the_msgpack_array_of_its_entries(count: int) -> None:
    one = encode_entry(EntryMaker().started())
    block = pack_block([one] * count)
    assert msgspec.msgpack.decode(block) == [msgspec.msgpack.decode(one)] * count
    assert split_block(block) == [one] * count


def test_entries_survive_encoding() -> None:
    entries = story(20)
    encoded = encode_group(entries)
    assert decode_block(pack_block(encoded)) == entries
    assert [decode_entry(raw) for raw in encoded] == entries


def test_the_hash_is_the_chain_over_entries_whatever_their_grouping() -> None:
    entries = story(10)
    slow = GENESIS
    for entry in entries:
        slow = hashlib.sha256(slow + encode_entry(entry)).digest()
    assert journal_hash(entries) == slow.hex()
    for sizes in ((1,), (7,), (3, 50)):
        head = GENESIS
        for group in grouped(entries, sizes):
            head = advance(head, encode_group(group))
        assert head == slow


def test_the_hash_tells_every_change() -> None:
    entries = story(3)
    changed = [*entries]
    changed[5] = msgspec.structs.replace(changed[5], ts_ns=changed[5].ts_ns + 1)
    swapped = [*entries[:3], entries[4], entries[3], *entries[5:]]
    hashes = {journal_hash(run) for run in (entries, changed, swapped, entries[:-1])}
    assert len(hashes) == 4


def test_order_is_checked() -> None:
    entries = story(2)
    check_order(entries, 0)
    for group, last in ((entries, 1), (entries[1:], 0), ([entries[0], entries[2]], 0)):
        with pytest.raises(JournalError, match="does not follow"):
            check_order(group, last)


def test_what_cannot_be_encoded_or_decoded_is_a_journal_error() -> None:
    maker = EntryMaker()
    with pytest.raises(JournalError, match="cannot be encoded"):
        encode_group([maker.entry(decision(2**70, "BTC-USD"))])
    for broken in (b"", b"\xc1", encode_entry(maker.started())[:-1]):
        with pytest.raises(JournalError, match="cannot be decoded"):
            decode_entry(broken)
        with pytest.raises(JournalError, match="cannot be decoded"):
            decode_block(broken)
    with pytest.raises(JournalError, match="cannot be split"):
        split_block(b"\xc1")
