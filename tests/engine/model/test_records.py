"""Journal entries: every kind survives its encoding, under its own small number."""

from __future__ import annotations

import typing

import msgspec
import pytest

from engine.model.graph import GraphStatus, NodeStatus
from engine.model.instruments import Environment
from engine.model.orders import OrderReport, ReportKind, TimeInForce, VenueFill
from engine.model.records import (
    ENTRY_VERSION,
    ChildIntent,
    ChildrenIntended,
    DecisionRecord,
    EngineStarted,
    FillRecord,
    GraphAccepted,
    GraphChanged,
    JournalEntry,
    NodeChanged,
    PostRecord,
    PostRules,
    RecordPayload,
    ReportRecorded,
    TradingHalted,
)
from engine.model.risk import KillScope
from engine.model.units import Side
from tests.support.builders import graph

BIG = 2**62
PAYLOADS: tuple[RecordPayload, ...] = (
    EngineStarted(1, "0.1", 7),
    GraphAccepted(3, graph(), (BIG,), (None, 2.5)),
    ChildrenIntended(1, 2, (ChildIntent("xg1", "alpha", Side.SELL, 5, BIG, TimeInForce.FOK),)),
    DecisionRecord(
        1, 1, 2, "BTC-USD", Side.BUY, 9, 8, 7, 1.5, "alpha", 2.5, 1, ("alpha",), ("",),
        ((0, 8, BIG),), b"\x00\xff",
    ),
    ReportRecorded(
        OrderReport(ReportKind.FILL, "xg1", "alpha", fill=VenueFill("t", 1, 2, -3, "USD", None))
    ),
    FillRecord(
        "f", "n", "c", "alpha", "BTC-USD", Side.BUY, 1, 2, BIG, -4, None, None, None, None, 1.5, 0
    ),
    NodeChanged(
        "n", NodeStatus.PARTIAL_FILL, "", 3, 2, 1, 0, str(10**30), -1, 1, 1, b"\x90"
    ),
    GraphChanged(GraphStatus.FAILED, "why"),
    TradingHalted(True, "fire", KillScope.SYMBOL, "BTC-USD", True),
    PostRecord(
        1, 1, 2, "BTC-USD", Side.SELL, 9, BIG, 1, 7,
        (PostRules("alpha", -3, 0, 1, 2, 3, 4), PostRules("beta", None, 2, 1, 2, 3, 4)),
        ("", "FEE_UNKNOWN"), (2**63 - 1, 5), (0, 4), (True, False), ((0, 8, BIG),), 1, "x",
    ),
)  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda one: type(one).__name__)
def test_an_entry_survives_its_encoding(payload: RecordPayload) -> None:
    entry = JournalEntry(ENTRY_VERSION, 5, BIG, "alice", Environment.SANDBOX, "g", "n", 4, payload)
    packed = msgspec.msgpack.encode(entry)
    assert msgspec.msgpack.decode(packed, type=JournalEntry) == entry
    assert isinstance(msgspec.msgpack.decode(packed), list)


def test_every_kind_has_a_sample_and_a_number_of_its_own() -> None:
    kinds = typing.get_args(RecordPayload)
    assert {type(one) for one in PAYLOADS} == set(kinds)
    tags = [kind.__struct_config__.tag for kind in kinds]
    assert sorted(tags) == list(range(1, len(kinds) + 1))
    assert len(set(tags)) == len(tags)


def test_a_halt_of_an_older_journal_cancels_nothing() -> None:
    older = msgspec.msgpack.encode([9, True, "fire", "desk", ""])
    found = msgspec.msgpack.decode(older, type=TradingHalted)
    assert found == TradingHalted(True, "fire", cancel_open=False)
