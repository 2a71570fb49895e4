"""A node's memory: what is packed comes back whole, and older records open."""

from __future__ import annotations

import msgspec
import pytest

from engine.decisions.edges import EdgeState
from engine.decisions.node_memory import NodeMemory, pack_memory, unpack_memory
from engine.decisions.policies.policy import Route
from engine.model.orders import TimeInForce
from tests.support.builders import node

FULL = NodeMemory(
    version=9,
    accepted=True,
    started_ns=1_700_000_000_000_000_001,
    baseline_x2=128_000 * 10**9 + 1,
    worst_price_1e9=64_640 * 10**9,
    stopping="CANCELLED",
    stop_text="enough",
    idle="EXPIRED",
    by_cancel=True,
    unreachable=True,
    seq=3,
    target_1e8=10**8,
    edges=(EdgeState(True, 5, 7, True), EdgeState()),
    amended=node(10**8, limit_1e9=64_000 * 10**9, horizon_ms=5),
    policy=b"\x00state\xff",
    fresh=True,
    wish=Route(10**7, TimeInForce.FOK, rest=False, limit_1e9=5),
)


def test_everything_comes_back() -> None:
    back = unpack_memory(pack_memory(FULL))
    for name in NodeMemory.__struct_fields__:
        assert getattr(back, name) == getattr(FULL, name), name


def test_before_the_first_record_there_is_nothing_to_remember() -> None:
    assert unpack_memory(b"") == NodeMemory()


def test_a_record_with_fewer_fields_opens_with_their_defaults() -> None:
    older = msgspec.msgpack.encode([4, True, 77])
    back = unpack_memory(older)
    assert (back.version, back.accepted, back.started_ns) == (4, True, 77)
    assert (back.seq, back.policy, back.edges) == (1, b"", ())


def test_spoiled_bytes_are_an_error() -> None:
    with pytest.raises(msgspec.DecodeError):
        unpack_memory(pack_memory(FULL)[:-3])
