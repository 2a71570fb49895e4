"""The slow, obvious twin of the store's reducer: every question scans all entries again."""

from __future__ import annotations

from collections.abc import Sequence

from engine.model.orders import ChildState, ReportKind, next_state
from engine.model.records import (
    ChildrenIntended,
    DecisionRecord,
    FillRecord,
    GraphAccepted,
    GraphChanged,
    JournalEntry,
    NodeChanged,
    PostRecord,
    ReportRecorded,
)


def of_graph(entries: Sequence[JournalEntry], accepted: JournalEntry) -> list[JournalEntry]:
    """The entries of one graph."""
    return [
        entry
        for entry in entries
        if (entry.client_id, entry.environment, entry.graph_id)
        == (accepted.client_id, accepted.environment, accepted.graph_id)
    ]


def graphs(entries: Sequence[JournalEntry]) -> list[tuple[object, ...]]:
    """(number, id, status, reason, nodes, created, updated, first, last) of each graph."""
    rows: list[tuple[object, ...]] = []
    for accepted in entries:
        if not isinstance(accepted.payload, GraphAccepted):
            continue
        own = of_graph(entries, accepted)
        ends = [entry.payload for entry in own if isinstance(entry.payload, GraphChanged)]
        rows.append(
            (
                accepted.payload.graph_number,
                accepted.graph_id,
                ends[-1].status if ends else "active",
                ends[-1].reason if ends else "",
                len(accepted.payload.graph.nodes),
                accepted.ts_ns,
                own[-1].ts_ns,
                accepted.seq,
                own[-1].seq,
            )
        )
    return rows


def nodes(entries: Sequence[JournalEntry]) -> list[tuple[object, ...]]:
    """(order id, status, filled, exact average as a fraction, fees, fills, last) of each node."""
    rows: list[tuple[object, ...]] = []
    for accepted in entries:
        if not isinstance(accepted.payload, GraphAccepted):
            continue
        for node in accepted.payload.graph.nodes:
            own = [e for e in of_graph(entries, accepted) if e.node_id == node.node_id]
            states = [e.payload for e in own if isinstance(e.payload, NodeChanged)]
            last = states[-1] if states else None
            rows.append(
                (
                    f"graph:{accepted.graph_id}:{node.node_id}:1",
                    last.status if last else "pending",
                    last.filled_qty_1e8 if last else 0,
                    last.price_times_qty if last else "0",
                    last.fees_1e9 if last else 0,
                    last.fill_count if last else 0,
                    own[-1].seq if own else accepted.seq,
                )
            )
    return rows


def fills(entries: Sequence[JournalEntry]) -> list[tuple[object, ...]]:
    """(seq, fill id, order id, price, quantity) of each fill."""
    return [
        (e.seq, p.fill_id, p.node_order_id, p.price_1e9, p.qty_1e8)
        for e in entries
        if isinstance(p := e.payload, FillRecord)
    ]


def decisions(entries: Sequence[JournalEntry]) -> list[tuple[int, int]]:
    """(seq, decision id) of each decision."""
    return [
        (e.seq, e.payload.decision_id) for e in entries if isinstance(e.payload, DecisionRecord)
    ]


def posts(entries: Sequence[JournalEntry]) -> list[tuple[int, int]]:
    """(seq, decision id) of each decision where to rest."""
    return [(e.seq, e.payload.decision_id) for e in entries if isinstance(e.payload, PostRecord)]


def children(entries: Sequence[JournalEntry]) -> dict[str, tuple[int, ChildState]]:
    """What is filled of each child, and its state."""
    found: dict[str, tuple[int, ChildState]] = {}
    for entry in entries:
        payload = entry.payload
        if isinstance(payload, ChildrenIntended):
            for child in payload.children:
                found[child.client_order_id] = child_of(
                    entries, child.client_order_id, child.qty_1e8
                )
    return found


def child_of(entries: Sequence[JournalEntry], name: str, qty: int) -> tuple[int, ChildState]:
    """The same of one child."""
    filled, state = 0, ChildState.SENT
    for entry in entries:
        payload = entry.payload
        if isinstance(payload, FillRecord) and payload.client_order_id == name:
            filled += payload.qty_1e8
            state = next_state(state, ReportKind.FILL, filled, qty)
        if isinstance(payload, ReportRecorded) and payload.report.client_order_id == name:
            report = payload.report
            qty = qty if report.terms is None else report.terms.qty_1e8
            state = next_state(state, report.kind, filled, qty, working=report.working)
    return filled, state
