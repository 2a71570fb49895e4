"""The timeline of children: sent, filled, ended, refused with its reason."""

from __future__ import annotations

import msgspec

from engine import ExecutionEngine
from engine.model.orders import OrderReport, ReportKind
from engine.model.records import JournalEntry, ReportRecorded
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.timeline import graph_entries, timeline
from tests.support.intelligence_rig import ended, facts_of, with_board


def test_children_are_told_from_intent_to_end() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        facts = facts_of(engine, await ended(engine, "a", qty=25))
        entries = list(engine.queries.history("local", engine.environment, "a"))
        assert await graph_entries(facts, engine.queries) == [
            one for one in entries if one.node_id == "order"
        ]
        rows = timeline(facts, entries)
        assert len(rows) == len(facts.children) > 1
        for row in rows:
            assert row.state == "filled" and row.filled_qty_1e8 == row.qty_1e8
            assert row.sent_ns is not None and row.ended_ns is not None
            assert facts.started_ns <= row.sent_ns <= row.ended_ns
            assert row.reject_reason is None and row.avg_fill_price_1e9 is not None
            assert row.avg_fill_price_1e9 <= row.limit_price_1e9
        assert sum(row.fee_1e9 for row in rows) == facts.row.fees_1e9
        assert [row.sent_ns for row in timeline(facts, ())] == [None] * len(rows)

    with_board(work)


def test_a_refusal_is_told_in_the_venues_words() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        facts = facts_of(engine, await ended(engine, "a"))
        name = facts.children[0].client_order_id
        report = OrderReport(
            ReportKind.REJECTED, name, "binance", recv_ns=5, cum_qty_1e8=0, code="X", text="too big"
        )
        entries = list(engine.queries.history("local", engine.environment, "a"))
        entry: JournalEntry = msgspec.structs.replace(
            entries[-1], ts_ns=77, payload=ReportRecorded(report)
        )
        bare = msgspec.structs.replace(facts, fills=())
        row = timeline(bare, [entry])[0]
        assert (row.reject_reason, row.ended_ns, row.filled_qty_1e8) == ("too big", 77, 0)

    with_board(work)
