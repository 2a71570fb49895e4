"""What the journal's entries teach of venues: answers, refusals, fades and fills of our orders.

Entries are taken in the journal's order, once each. Bounds: `CHILDREN_MAX` orders that have not
ended, `GRAPHS_MAX` graphs whose nodes are known by symbol; the oldest give way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.decisions.classify import classify
from engine.errors import Reason
from engine.intelligence.learned.markouts import FillSeen
from engine.intelligence.learned.records import VenueRecord
from engine.model.orders import OrderReport, ReportKind, TimeInForce
from engine.model.records import (
    ChildIntent,
    ChildrenIntended,
    FillRecord,
    GraphAccepted,
    JournalEntry,
    ReportRecorded,
)

__all__ = ["CHILDREN_MAX", "GRAPHS_MAX", "OwnOrders"]

CHILDREN_MAX: Final = 16_384
GRAPHS_MAX: Final = 4_096
NS: Final = 1_000_000_000
ENDS: Final = (ReportKind.CANCELLED, ReportKind.EXPIRED)
# Words that prove that the order was taken, although some of them answer another question.
TAKEN: Final = (*ENDS, ReportKind.ACCEPTED, ReportKind.STATUS, ReportKind.AMENDED)
# Refusals of our own, of orders that never left: no venue said them.
NEVER_LEFT: Final = (Reason.KILL_SWITCH, Reason.LINK_DOWN, Reason.ENGINE_BUSY)

Symbols = dict[str, str]


class Sent:
    """One child under way: `heard` once anything was said of it, `judged` as taken or refused."""

    __slots__ = ("filled_1e8", "heard", "intent", "judged", "sent_ns", "symbol")

    def __init__(self, intent: ChildIntent, symbol: str, sent_ns: int) -> None:
        self.intent = intent
        self.symbol = symbol
        self.sent_ns = sent_ns
        self.filled_1e8 = 0
        self.heard = False
        self.judged = False

    @property
    def rests(self) -> bool:
        """Its end, and its fills as a maker, come when others want it: they answer nothing."""
        return self.intent.tif is TimeInForce.GTC


class OwnOrders:
    """Feeds venues' records and the waiting markouts from entries."""

    def __init__(
        self,
        record_of: Callable[[str, str], VenueRecord],
        on_fill: Callable[[FillSeen], None],
        symbols_of: Callable[[str, str], Symbols],
    ) -> None:
        """`symbols_of(client_id, graph_id)` tells the symbols by node of a graph that was accepted
        before the first entry seen."""
        self.record_of = record_of
        self.on_fill = on_fill
        self.symbols_of = symbols_of
        self.children: dict[str, Sent] = {}
        self.graphs: dict[tuple[str, str], Symbols] = {}

    def take(self, entry: JournalEntry) -> None:
        """One entry."""
        payload = entry.payload
        if isinstance(payload, ChildrenIntended):
            symbol = self.symbol(entry)
            if symbol is not None:
                for intent in payload.children:
                    self.sent(intent, symbol, entry.ts_ns)
        elif isinstance(payload, FillRecord):
            self.filled(payload, entry.ts_ns)
        elif isinstance(payload, ReportRecorded):
            self.reported(payload.report, entry.ts_ns)
        elif isinstance(payload, GraphAccepted):
            nodes = payload.graph.nodes
            self.know(entry, {one.node_id: one.instrument.symbol for one in nodes})

    def sent(self, intent: ChildIntent, symbol: str, now_ns: int) -> None:
        """A child leaves."""
        if len(self.children) >= CHILDREN_MAX:
            del self.children[next(iter(self.children))]
        self.children[intent.client_order_id] = Sent(intent, symbol, now_ns)

    def filled(self, fill: FillRecord, now_ns: int) -> None:
        """An execution: of a take an answer, and perhaps the last one.

        Of a resting order's fill that its venue does not call a take nobody knows how it came: it
        is counted as a maker's, and as no answer.
        """
        child = self.children.get(fill.client_order_id)
        maker = bool(fill.is_maker)
        if child is not None:
            maker = child.rests if fill.is_maker is None else fill.is_maker
            self.heard(child, now_ns, answer=not child.rests or not maker)
            self.judged(child, 0.0, now_ns)
            child.filled_1e8 += fill.qty_1e8
            if child.filled_1e8 >= child.intent.qty_1e8:
                self.ended(child, now_ns)
        seen = FillSeen(fill.venue, fill.symbol, fill.side.sign, fill.price_1e9, now_ns, maker)
        self.on_fill(seen)

    def reported(self, report: OrderReport, now_ns: int) -> None:
        """A venue's word on a child."""
        child = self.children.get(report.client_order_id)
        if child is None:
            return
        kind = report.kind
        if kind is ReportKind.REJECTED:
            self.refused(child, report, now_ns)
            return
        if kind is ReportKind.NOT_FOUND:
            # Proof that it never arrived teaches nothing of the venue's book.
            del self.children[report.client_order_id]
            return
        ends = kind in ENDS
        result = ends and not child.rests
        self.heard(child, now_ns, answer=result or kind is ReportKind.ACCEPTED)
        if kind in TAKEN:
            self.judged(child, 0.0, now_ns)
        if ends or (kind is ReportKind.STATUS and not report.working):
            # Fills that the venue owes still are fills, not fades.
            child.filled_1e8 = max(child.filled_1e8, report.cum_qty_1e8)
            self.ended(child, now_ns)

    def refused(self, child: Sent, report: OrderReport, now_ns: int) -> None:
        """A refusal; an immediate order that found nothing to take was none, it has faded."""
        if report.code in NEVER_LEFT and not report.exchange_ns:
            del self.children[report.client_order_id]
            return
        self.heard(child, now_ns, answer=True)
        found = classify(report.venue, report.code, report.text)
        faded = found.reason is Reason.NO_LIQUIDITY and not child.rests
        self.judged(child, 0.0 if faded else 1.0, now_ns)
        if faded:
            self.ended(child, now_ns)
        else:
            del self.children[report.client_order_id]

    def heard(self, child: Sent, now_ns: int, *, answer: bool) -> None:
        """A word on a child. The first one times the venue, if it answers our order.

        No other does: an order whose acknowledgement is not in the journal says nothing of how
        long its venue takes, nor does one of which the venue had to be asked.
        """
        if answer and not child.heard:
            self.record(child).answer_s.add((now_ns - child.sent_ns) / NS, now_ns)
        child.heard = True

    def judged(self, child: Sent, refused: float, now_ns: int) -> None:
        """Taken (0) or refused (1); once an order."""
        if not child.judged:
            child.judged = True
            self.record(child).rejects.add(refused, now_ns)

    def ended(self, child: Sent, now_ns: int) -> None:
        """Nothing more comes: of an immediate order, what did not fill had faded."""
        intent = child.intent
        if not child.rests:
            missed = max(0, intent.qty_1e8 - child.filled_1e8)
            self.record(child).fades.add(missed / intent.qty_1e8, now_ns)
        del self.children[intent.client_order_id]

    def record(self, child: Sent) -> VenueRecord:
        return self.record_of(child.intent.venue, child.symbol)

    def symbol(self, entry: JournalEntry) -> str | None:
        """The instrument of an entry's node, None where it cannot be known any more."""
        known = self.graphs.get((entry.client_id, entry.graph_id))
        if known is None:
            known = self.know(entry, self.symbols_of(entry.client_id, entry.graph_id))
        return known.get(entry.node_id)

    def know(self, entry: JournalEntry, symbols: Symbols) -> Symbols:
        """Remember the symbols of a graph."""
        if len(self.graphs) >= GRAPHS_MAX:
            del self.graphs[next(iter(self.graphs))]
        self.graphs[entry.client_id, entry.graph_id] = symbols
        return symbols
