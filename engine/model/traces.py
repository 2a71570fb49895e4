"""Traces: what happened to an order, step by step, told from its journal entries.

A venue's refusal is an `EXCHANGE_REJECT` with the venue's own code and its text word by word;
beside them stands how the engine classified it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from engine.errors import Reason
from engine.model.graph import NodeStatus
from engine.model.orders import OrderReport, ReportKind
from engine.model.records import (
    ChildrenIntended,
    DecisionRecord,
    EngineStarted,
    FillRecord,
    GraphAccepted,
    GraphChanged,
    JournalEntry,
    NodeChanged,
    PostRecord,
    ReportRecorded,
    TradingHalted,
)
from engine.model.units import PRICE_DECIMALS, QTY_DECIMALS, format_decimal

__all__ = ["NODES_MAX", "Classify", "TraceEvent", "trace_events"]

NODES_MAX = 65_536
EXCHANGE_REJECT = "EXCHANGE_REJECT"
REPORT_EVENTS = {
    ReportKind.ACCEPTED: "CHILD_ACCEPTED",
    ReportKind.REJECTED: EXCHANGE_REJECT,
    ReportKind.FILL: "CHILD_FILL",
    ReportKind.CANCELLED: "CHILD_CANCELLED",
    ReportKind.EXPIRED: "CHILD_EXPIRED",
    ReportKind.CANCEL_REJECTED: "CANCEL_REJECT",
    ReportKind.UNKNOWN: "CHILD_UNKNOWN",
    ReportKind.NOT_FOUND: "CHILD_NOT_FOUND",
    ReportKind.STATUS: "CHILD_STATUS",
    ReportKind.AMENDED: "CHILD_AMENDED",
    ReportKind.AMEND_REJECTED: "AMEND_REJECT",
}
# Refusals before the wire: no venue saw the order, so none stamped the report.
OWN_REFUSALS = frozenset({Reason.LINK_DOWN, Reason.KILL_SWITCH, Reason.ENGINE_BUSY})

Classify = Callable[[str, str, str], str]
"""(venue, code, text) of a refusal -> "transient", "terminal" or "unknown"."""


class TraceEvent(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One step. What does not apply to it is empty; `code` is the venue's or the engine's own."""

    ts_ns: int
    graph_id: str
    event: str
    node_id: str = ""
    node_order_id: str = ""
    code: str = ""
    classification: str = ""
    venue: str = ""
    client_order_id: str = ""
    text: str = ""


def trace_events(entries: Iterable[JournalEntry], classify: Classify) -> Iterator[TraceEvent]:
    """The steps of entries in journal order, of any number of graphs.

    A node or graph speaks when its status changes, not at every entry. The status of the last
    65,536 nodes and graphs is remembered; an older one may be told twice.
    """
    memory = Memory()
    for entry in entries:
        yield from events_of(entry, memory, classify)


class Memory:
    """Last status by (graph, node), and the name of each node's order; both bounded."""

    __slots__ = ("names", "statuses")

    def __init__(self) -> None:
        self.statuses: dict[tuple[str, str], str] = {}
        self.names: dict[tuple[str, str], str] = {}

    def is_new(self, key: tuple[str, str], status: str) -> bool:
        """Whether the status differs from the last one; remembers it."""
        fresh = self.statuses.pop(key, None) != status
        self.statuses[key] = status
        forget_oldest(self.statuses)
        return fresh

    def call(self, key: tuple[str, str], name: str) -> None:
        """Remember the name of a node's order, which an amendment changes."""
        self.names.pop(key, None)
        self.names[key] = name
        forget_oldest(self.names)

    def name_of(self, entry: JournalEntry) -> str:
        """The node's order of an entry: the last one named, at first number 1."""
        if not entry.node_id:
            return ""
        first = f"graph:{entry.graph_id}:{entry.node_id}:1"
        return self.names.get((entry.graph_id, entry.node_id), first)


def events_of(entry: JournalEntry, memory: Memory, classify: Classify) -> Iterator[TraceEvent]:
    """The steps of one entry."""
    payload = entry.payload
    key = (entry.graph_id, entry.node_id)
    if isinstance(payload, NodeChanged):
        memory.call(key, payload.node_order_id)
        if memory.is_new(key, payload.status):
            code, text = split_reason(payload.reason)
            yield step(entry, memory, node_event(payload.status), code=code, text=text)
    elif isinstance(payload, GraphChanged):
        if memory.is_new(key, payload.status):
            code, text = split_reason(payload.reason)
            yield step(entry, memory, f"GRAPH_{payload.status.upper()}", code=code, text=text)
    elif isinstance(payload, GraphAccepted):
        nodes = len(payload.graph.nodes)
        yield step(entry, memory, "GRAPH_ACCEPTED", text=f"{nodes} node{'s' * (nodes != 1)}")
    elif isinstance(payload, DecisionRecord | PostRecord):
        yield step(entry, memory, "DECISION", text=decision_text(payload))
    elif isinstance(payload, ChildrenIntended):
        for child in payload.children:
            size = amount(child.qty_1e8, child.limit_price_1e9)
            yield step(
                entry,
                memory,
                "CHILD_SENT",
                venue=child.venue,
                client_order_id=child.client_order_id,
                text=f"{child.side.text} {size} {child.tif}",
            )
    elif isinstance(payload, ReportRecorded):
        yield report_step(entry, memory, payload.report, classify)
    elif isinstance(payload, FillRecord):
        memory.call(key, payload.node_order_id)
        yield step(
            entry,
            memory,
            "FILL",
            venue=payload.venue,
            client_order_id=payload.client_order_id,
            text=f"{payload.side.text} {amount(payload.qty_1e8, payload.price_1e9)}",
        )
    elif isinstance(payload, TradingHalted):
        event = "TRADING_HALTED" if payload.halted else "TRADING_CLEARED"
        scope = f"{payload.scope}: {payload.key}" if payload.key else payload.scope.value
        text = f"{scope}: {payload.reason}" if payload.reason else scope
        yield step(entry, memory, event, text=text)
    elif isinstance(payload, EngineStarted):
        yield step(entry, memory, "ENGINE_STARTED", text=f"engine {payload.engine_number}")


def step(
    entry: JournalEntry,
    memory: Memory,
    event: str,
    *,
    code: str = "",
    classification: str = "",
    venue: str = "",
    client_order_id: str = "",
    text: str = "",
) -> TraceEvent:
    """An event of an entry, with the entry's keys."""
    return TraceEvent(
        ts_ns=entry.ts_ns,
        graph_id=entry.graph_id,
        event=event,
        node_id=entry.node_id,
        node_order_id=memory.name_of(entry),
        code=code,
        classification=classification,
        venue=venue,
        client_order_id=client_order_id,
        text=text,
    )


def report_step(
    entry: JournalEntry, memory: Memory, report: OrderReport, classify: Classify
) -> TraceEvent:
    """A venue's report; an outcome nobody knows is a refusal too when the venue said something."""
    event = REPORT_EVENTS[report.kind]
    if report.kind is ReportKind.UNKNOWN and (report.code or report.text):
        event = EXCHANGE_REJECT
    classification = ""
    if event == EXCHANGE_REJECT:
        classification = classify(report.venue, report.code, report.text)
        if not report.exchange_ns and report.code in OWN_REFUSALS:
            event = "ENGINE_REFUSED"
    return step(
        entry,
        memory,
        event,
        code=report.code,
        classification=classification,
        venue=report.venue,
        client_order_id=report.client_order_id,
        text=report.text,
    )


def node_event(status: NodeStatus) -> str:
    """A node that begins to execute has started; any other status is told by its name."""
    return "NODE_STARTED" if status is NodeStatus.EXECUTING else f"NODE_{status.upper()}"


def split_reason(reason: str) -> tuple[str, str]:
    """ "CODE: sentence" in its parts; a sentence without a code is all text."""
    code, colon, text = reason.partition(": ")
    if colon or code.replace("_", "").isalnum():
        return code, text
    return "", reason


def decision_text(record: DecisionRecord | PostRecord) -> str:
    """What was routed where, or is to rest where."""
    if isinstance(record, PostRecord):
        legs, planned, how = record.places, record.qty_1e8 - record.unplaced_qty_1e8, " to rest on "
    else:
        legs, planned, how = record.legs, record.planned_qty_1e8, " to "
    names = ", ".join(dict.fromkeys(record.venues[index] for index, _, _ in legs))
    qty = format_decimal(planned, QTY_DECIMALS)
    return f"{record.side.text} {qty} {record.symbol}{how + names if names else ', nowhere to go'}"


def amount(qty_1e8: int, price_1e9: int) -> str:
    """Quantity at price, as decimal text."""
    qty = format_decimal(qty_1e8, QTY_DECIMALS)
    return f"{qty} at {format_decimal(price_1e9, PRICE_DECIMALS)}"


def forget_oldest(remembered: dict[tuple[str, str], str]) -> None:
    """Keep the bound."""
    if len(remembered) > NODES_MAX:
        del remembered[next(iter(remembered))]
