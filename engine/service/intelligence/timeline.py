"""The children of an order as a timeline: when each was sent, filled, ended, and why refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from engine.model.orders import ReportKind
from engine.model.records import ChildrenIntended, JournalEntry, ReportRecorded
from engine.model.units import average_price_1e9
from engine.service.intelligence.facts import OrderFacts
from engine.service.intelligence.views import ChildEvent
from engine.store.queries import Queries

__all__ = ["HISTORY_ENTRIES_MAX", "graph_entries", "timeline"]

# Beyond so many entries between a graph's first and last, its times are not looked up.
HISTORY_ENTRIES_MAX: Final = 250_000
TURN_ENTRIES: Final = 1_000
ENDS: Final = (ReportKind.CANCELLED, ReportKind.REJECTED, ReportKind.EXPIRED, ReportKind.NOT_FOUND)


class Times:
    """What the journal tells of one child."""

    __slots__ = ("ended_ns", "reject", "sent_ns")

    def __init__(self) -> None:
        self.sent_ns: int | None = None
        self.ended_ns: int | None = None
        self.reject: str | None = None


async def graph_entries(facts: OrderFacts, queries: Queries) -> list[JournalEntry] | None:
    """Entries of the order's graph, a stretch of the journal at a time; None for too many."""
    row, stored = facts.stored.row, facts.stored
    if row.last_seq - row.first_seq > HISTORY_ENTRIES_MAX:
        return None
    found: list[JournalEntry] = []
    for start in range(row.first_seq, row.last_seq + 1, TURN_ENTRIES):
        for entry in queries.entries(start, min(row.last_seq, start + TURN_ENTRIES - 1)):
            same = entry.client_id == stored.client_id and entry.environment is stored.environment
            if same and entry.graph_id == row.graph_id and entry.node_id == facts.row.node_id:
                found.append(entry)
        await asyncio.sleep(0)
    return found


def timeline(facts: OrderFacts, entries: Iterable[JournalEntry]) -> tuple[ChildEvent, ...]:
    """The children in the order of their intents; `entries` are those of the graph, or none."""
    times = {one.client_order_id: Times() for one in facts.children}
    for entry in entries:
        payload = entry.payload
        if isinstance(payload, ChildrenIntended):
            for child in payload.children:
                if (known := times.get(child.client_order_id)) is not None:
                    known.sent_ns = entry.ts_ns
        elif isinstance(payload, ReportRecorded):
            report = payload.report
            if (known := times.get(report.client_order_id)) is not None and report.kind in ENDS:
                known.ended_ns = entry.ts_ns
                if report.kind in (ReportKind.REJECTED, ReportKind.NOT_FOUND):
                    known.reject = report.text or report.code or report.kind.name.lower()
    return tuple(_event(facts, index, times) for index in range(len(facts.children)))


def _event(facts: OrderFacts, index: int, times: dict[str, Times]) -> ChildEvent:
    child = facts.children[index]
    fills = [one for one in facts.fills if one.client_order_id == child.client_order_id]
    filled = sum(one.qty_1e8 for one in fills)
    paid = sum(one.price_1e9 * one.qty_1e8 for one in fills)
    known = times[child.client_order_id]
    last_ns = max((one.ts_unix_ns for one in fills), default=None)
    ended = known.ended_ns
    if ended is None and filled >= child.qty_1e8:
        ended = last_ns
    return ChildEvent(
        client_order_id=child.client_order_id,
        venue=child.venue,
        attempt=child.attempt,
        qty_1e8=child.qty_1e8,
        limit_price_1e9=child.limit_price_1e9,
        tif=child.tif.value,
        state=child.state.name.lower(),
        filled_qty_1e8=filled,
        avg_fill_price_1e9=average_price_1e9(paid, filled) if filled else None,
        fee_1e9=sum(one.fee_1e9 for one in fills),
        sent_ns=known.sent_ns,
        last_fill_ns=last_ns,
        ended_ns=ended,
        reject_reason=known.reject,
    )
