"""Traces: every entry kind becomes its step, refusals keep the venue's own words."""

from __future__ import annotations

import msgspec
import pytest

from engine.decisions.classify import classify
from engine.model import traces
from engine.model.graph import GraphStatus, NodeStatus
from engine.model.orders import OrderReport, ReportKind
from engine.model.records import (
    GraphChanged,
    JournalEntry,
    NodeChanged,
    ReportRecorded,
    TradingHalted,
)
from engine.model.risk import KillScope
from engine.model.traces import TraceEvent, trace_events
from tests.support.journals import EntryMaker, post_decision


def label(venue: str, code: str, text: str) -> str:
    return classify(venue, code, text).failure.value


def told(entries: list[JournalEntry]) -> list[TraceEvent]:
    return list(trace_events(entries, label))


def reported(kind: ReportKind, code: str = "", text: str = "", exchange_ns: int = 5) -> TraceEvent:
    report = OrderReport(
        kind, "xg1-1-0-1-0", "polymarket", exchange_ns=exchange_ns, code=code, text=text
    )
    entry = EntryMaker().entry(ReportRecorded(report), "alice", "g", "spot")
    (event,) = told([entry])
    return event


def node(status: NodeStatus, reason: str = "", name: str = "graph:g:spot:1") -> NodeChanged:
    return NodeChanged(name, status, reason, 10, 0, 0, 0, "0", 0, 0, 1, b"")


def test_an_order_that_rests_says_where_before_it_is_sent() -> None:
    events = told(EntryMaker().posted())
    assert [one.event for one in events][1:3] == ["DECISION", "CHILD_SENT"]
    assert events[1].text == "buy 1 ETH-USD to rest on beta"
    made = msgspec.structs.replace(post_decision(1, "ETH-USD"), places=(), unplaced_qty_1e8=10**8)
    (event,) = told([EntryMaker().entry(made, "alice", "g", "n")])
    assert event.text == "buy 0 ETH-USD, nowhere to go"


def test_a_whole_life_in_order() -> None:
    maker = EntryMaker()
    events = told([maker.started(), *maker.order("alice", nodes=1, fills=2)])
    names = [event.event for event in events]
    assert names[0] == "ENGINE_STARTED"
    assert names[1] == "GRAPH_ACCEPTED"
    assert names[-1] == "GRAPH_COMPLETED"
    assert names.count("FILL") == 2
    assert names.index("DECISION") < names.index("CHILD_SENT") < names.index("FILL")
    assert "NODE_FILLED" in names
    stamps = [event.ts_ns for event in events]
    assert stamps == sorted(stamps)
    fill = events[names.index("FILL")]
    sent = events[names.index("CHILD_SENT")]
    assert fill.node_order_id == sent.node_order_id == "graph:graph-1:order:1"
    assert fill.client_order_id == sent.client_order_id
    assert (sent.venue, fill.venue) == ("alpha", "alpha")
    assert sent.text == "buy 1 at 64000 IOC"


REFERENCE = [
    ("429", "too many requests (code: 429)", ReportKind.REJECTED, "transient"),
    ("HTTP_503", "service unavailable (code: 503)", ReportKind.UNKNOWN, "unknown"),
    ("X", "market metadata not yet indexed (gamma)", ReportKind.REJECTED, "terminal"),
    ("X", "Size (3) lower than the minimum: 5", ReportKind.REJECTED, "terminal"),
    ("X", "invalid signature", ReportKind.REJECTED, "terminal"),
]


@pytest.mark.parametrize(("code", "text", "kind", "classification"), REFERENCE)
def test_a_refusal_keeps_the_venues_words(
    code: str, text: str, kind: ReportKind, classification: str
) -> None:
    event = reported(kind, code, text)
    assert event == TraceEvent(
        ts_ns=event.ts_ns,
        graph_id="g",
        event="EXCHANGE_REJECT",
        node_id="spot",
        node_order_id="graph:g:spot:1",
        code=code,
        classification=classification,
        venue="polymarket",
        client_order_id="xg1-1-0-1-0",
        text=text,
    )


def test_the_engines_own_refusal_is_not_the_venues() -> None:
    own = reported(ReportKind.REJECTED, "LINK_DOWN", "the order line is down", exchange_ns=0)
    assert (own.event, own.classification) == ("ENGINE_REFUSED", "transient")
    busy = reported(ReportKind.REJECTED, "EXCHANGE_BUSY", "matching engine is busy")
    assert busy.event == "EXCHANGE_REJECT"


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (ReportKind.ACCEPTED, "CHILD_ACCEPTED"),
        (ReportKind.FILL, "CHILD_FILL"),
        (ReportKind.CANCELLED, "CHILD_CANCELLED"),
        (ReportKind.EXPIRED, "CHILD_EXPIRED"),
        (ReportKind.CANCEL_REJECTED, "CANCEL_REJECT"),
        (ReportKind.UNKNOWN, "CHILD_UNKNOWN"),
        (ReportKind.NOT_FOUND, "CHILD_NOT_FOUND"),
        (ReportKind.STATUS, "CHILD_STATUS"),
    ],
)
def test_other_reports_are_not_classified(kind: ReportKind, event: str) -> None:
    found = reported(kind)
    assert (found.event, found.classification) == (event, "")


def test_every_kind_of_report_has_a_name() -> None:
    assert set(traces.REPORT_EVENTS) == set(ReportKind)


def test_a_node_speaks_when_its_status_changes() -> None:
    maker = EntryMaker()
    statuses = [NodeStatus.PENDING, NodeStatus.EXECUTING, NodeStatus.EXECUTING, NodeStatus.REJECTED]
    entries = [maker.entry(node(status), "alice", "g", "spot") for status in statuses]
    entries.append(maker.entry(node(NodeStatus.EXECUTING), "alice", "g", "other"))
    names = [event.event for event in told(entries)]
    assert names == ["NODE_PENDING", "NODE_STARTED", "NODE_REJECTED", "NODE_STARTED"]


def test_a_reason_is_split_into_code_and_sentence() -> None:
    maker = EntryMaker()
    reason = "TOO_SMALL: Size (3) lower than the minimum: 5"
    (event,) = told([maker.entry(node(NodeStatus.REJECTED, reason), "alice", "g", "spot")])
    assert (event.code, event.text) == ("TOO_SMALL", "Size (3) lower than the minimum: 5")
    assert traces.split_reason("venue_lost") == ("venue_lost", "")
    assert traces.split_reason("by hand, today") == ("", "by hand, today")
    assert traces.split_reason("") == ("", "")


def test_an_amended_order_goes_by_its_new_name() -> None:
    maker = EntryMaker()
    report = ReportRecorded(OrderReport(ReportKind.CANCELLED, "c", "alpha"))
    changed = node(NodeStatus.EXECUTING, name="graph:g:spot:2")
    entries = [maker.entry(one, "alice", "g", "spot") for one in (report, changed, report)]
    assert [event.node_order_id for event in told(entries)] == [
        "graph:g:spot:1",
        "graph:g:spot:2",
        "graph:g:spot:2",
    ]


def test_graphs_and_switches() -> None:
    maker = EntryMaker()
    statuses = [GraphStatus.PAUSED, GraphStatus.PAUSED, GraphStatus.ACTIVE, GraphStatus.FAILED]
    entries = [maker.entry(GraphChanged(one, "LOSS_LIMIT"), "alice", "g") for one in statuses]
    events = told(entries)
    assert [event.event for event in events] == ["GRAPH_PAUSED", "GRAPH_ACTIVE", "GRAPH_FAILED"]
    assert {event.code for event in events} == {"LOSS_LIMIT"}
    assert {event.node_order_id for event in events} == {""}
    halted = maker.entry(TradingHalted(True, "by hand", KillScope.VENUE, "kraken"))
    cleared = maker.entry(TradingHalted(False, ""))
    assert [(event.event, event.text) for event in told([halted, cleared])] == [
        ("TRADING_HALTED", "venue: kraken: by hand"),
        ("TRADING_CLEARED", "desk"),
    ]


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "NODES_MAX", 2)
    maker = EntryMaker()
    entries = [maker.entry(node(NodeStatus.EXECUTING), "alice", graph, "spot") for graph in "abca"]
    assert len(told(entries)) == 4, "the first was forgotten, and is told again"
    assert len(told([entries[0], entries[1], entries[0]])) == 2
