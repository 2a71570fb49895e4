"""A node's progress: an array on the wire, read back whole, so that its fields never move."""

from __future__ import annotations

import msgspec
import pytest

from engine.model.graph import NodeStatus
from engine.model.progress import NodeProgress

WORD = NodeProgress(3, 7, NodeStatus.PARTIAL_FILL, True, 10**18, 9, 8, 6, 2**61, True, True, False)


def test_it_is_read_back_whole() -> None:
    packed = msgspec.msgpack.encode(WORD)
    assert msgspec.msgpack.decode(packed, type=NodeProgress) == WORD


def test_the_order_of_its_fields_is_kept() -> None:
    row = msgspec.msgpack.decode(msgspec.msgpack.encode(WORD))
    assert row == [3, 7, "partial_fill", True, 10**18, 9, 8, 6, 2**61, True, True, False]


def test_it_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        WORD.version = 8  # type: ignore[misc]  # that is the test
