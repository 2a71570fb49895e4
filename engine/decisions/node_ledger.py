"""A node's books: its children, every fill seen once, and what is filled, working or unknown.

Reports may come twice, late or out of order. Fills are counted by the venue's trade id; a child
ends only when the fills that the venue claims have all arrived.
"""

from __future__ import annotations

from typing import Final

import msgspec

from engine.model.orders import (
    ChildOrder,
    ChildState,
    OrderReport,
    ReportKind,
    TimeInForce,
    VenueFill,
    next_state,
)
from engine.model.records import ReportRecorded
from engine.model.units import QTY_SCALE, Side

__all__ = ["Applied", "Child", "NodeLedger"]


# Looking an enum member up by its class costs a tenth of a microsecond each time.
SENT: Final = ChildState.SENT
WORKING: Final = ChildState.WORKING
UNKNOWN: Final = ChildState.UNKNOWN
FIRST_END: Final = ChildState.FILLED
GTC: Final = TimeInForce.GTC
UNKNOWN_REPORT: Final = ReportKind.UNKNOWN


class Applied(msgspec.Struct, frozen=True, gc=False):
    """What a report changed: a new fill, the child's end, or fills that are still owed.

    `before` is the order as it was, where the report proved an amendment taken or not.
    """

    child: Child
    fill: VenueFill | None
    ended: bool
    owed: bool
    changed: bool
    before: ChildOrder | None = None

    def record(self, report: OrderReport) -> ReportRecorded:
        """The report for the journal; terms only where they are news, so that the last count."""
        if report.terms is not None and self.before is None:
            report = msgspec.structs.replace(report, told=msgspec.UNSET)
        return ReportRecorded(report)


class Child:
    """One child order's progress. `claimed_qty_1e8` is the venue's highest cumulative figure,
    `answer_ns` the time to its first answer, `asked_ns` when the venue was last asked about it;
    `cancelling` stays set from the first cancel until the end is proven. `amending` is the order
    as a native amendment that is under way would have it. `mid_1e9` and `touch_1e9` are mid and far
    touch at its plan, 0 where unknown."""

    __slots__ = (
        "amending",
        "answer_ns",
        "asked_ns",
        "cancelling",
        "claimed_qty_1e8",
        "ended",
        "exchange_ns",
        "filled_qty_1e8",
        "mid_1e9",
        "order",
        "price_times_qty",
        "sent_ns",
        "state",
        "touch_1e9",
        "trade_ids",
    )

    def __init__(
        self, order: ChildOrder, sent_ns: int, mid_1e9: int = 0, touch_1e9: int = 0
    ) -> None:
        self.order = order
        self.amending: ChildOrder | None = None
        self.state = SENT
        self.filled_qty_1e8 = 0
        self.price_times_qty = 0
        self.claimed_qty_1e8 = 0
        self.trade_ids: set[str] = set()
        self.exchange_ns = 0
        self.sent_ns = sent_ns
        self.asked_ns = sent_ns
        self.answer_ns = 0
        self.mid_1e9 = mid_1e9
        self.touch_1e9 = touch_1e9
        self.cancelling = False
        self.ended = False

    @property
    def qty_1e8(self) -> int:
        """Its total: the larger one while an amendment may be in force or not."""
        amending = self.amending
        total = self.order.qty_1e8
        return total if amending is None else max(total, amending.qty_1e8)

    @property
    def open_qty_1e8(self) -> int:
        """What may still fill."""
        return 0 if self.ended else max(0, self.qty_1e8 - self.filled_qty_1e8)

    @property
    def resting(self) -> bool:
        """It may rest at the venue, so that only a cancel or a fill ends it."""
        return self.order.tif is GTC

    @property
    def owes(self) -> bool:
        """The venue owes a word on it: all but what rests in peace, with every fill known."""
        if self.ended:
            return False
        if self.cancelling or self.state is not WORKING or self.order.tif is not GTC:
            return True
        if self.amending is not None:
            return True
        return self.filled_qty_1e8 < self.claimed_qty_1e8

    def settle(self, report: OrderReport) -> ChildOrder | None:
        """The order as it was, where the report proves what is in force of an amendment.

        What fills beyond the old terms proves the new ones.
        """
        before, wanted, terms, fill = self.order, self.amending, report.terms, report.fill
        if self.ended:
            return None
        if terms is None and wanted is not None and fill is not None:
            beyond = self.filled_qty_1e8 + fill.qty_1e8 > before.qty_1e8
            worse = (fill.price_1e9 - before.limit_price_1e9) * before.side.sign > 0
            if (beyond or worse) and fill.trade_id not in self.trade_ids:
                self.order, self.amending = wanted, None
                return before
        newest = before if wanted is None else wanted
        if terms is None or terms.number < newest.amendment:
            return None
        total, limit, number = terms.qty_1e8, terms.limit_price_1e9, terms.number
        self.amending = None
        if wanted is not None and (total, limit) == (wanted.qty_1e8, wanted.limit_price_1e9):
            self.order = wanted
            return before
        same = (total, limit) == (before.qty_1e8, before.limit_price_1e9)
        if not same or number != before.amendment:
            self.order = msgspec.structs.replace(
                before, qty_1e8=total, limit_price_1e9=limit, amendment=number
            )
        return before if wanted is not None or not same else None


ENDED_KEPT = 64


class NodeLedger:
    """Quantities of one node; the children are bounded by the policy's attempts in flight.

    `base_fee_1e9` sums the fees that were taken in the base asset. Cancelled children with an
    open rest are kept in `ended`, the last 64, since a venue may report their last fill late.
    """

    __slots__ = (
        "base_fee_1e9",
        "children",
        "ended",
        "fees_1e9",
        "fill_count",
        "filled_qty_1e8",
        "price_times_qty",
        "routing_qty_1e8",
        "target_qty_1e8",
    )

    def __init__(self, target_qty_1e8: int) -> None:
        self.target_qty_1e8 = target_qty_1e8
        self.filled_qty_1e8 = 0
        self.price_times_qty = 0
        self.fees_1e9 = 0
        self.fill_count = 0
        self.routing_qty_1e8 = 0
        self.base_fee_1e9 = 0
        self.children: dict[str, Child] = {}
        self.ended: dict[str, Child] = {}

    @property
    def open_qty_1e8(self) -> int:
        """Sent and not proven ended."""
        children = self.children
        if not children:
            return 0
        return sum([child.open_qty_1e8 for child in children.values()])

    @property
    def working_qty_1e8(self) -> int:
        """Resting at venues, not being cancelled."""
        if not self.children:
            return 0
        return sum(
            child.open_qty_1e8
            for child in self.children.values()
            if child.resting and not child.cancelling and child.state in (SENT, WORKING)
        )

    @property
    def unknown_qty_1e8(self) -> int:
        """Sent, and the venue's answer is missing."""
        if not self.children:
            return 0
        return sum(child.open_qty_1e8 for child in self.children.values() if child.state is UNKNOWN)

    @property
    def remaining_qty_1e8(self) -> int:
        """Free to be sent."""
        busy = self.filled_qty_1e8 + self.routing_qty_1e8 + self.open_qty_1e8
        return max(0, self.target_qty_1e8 - busy)

    @property
    def sent_qty_1e8(self) -> int:
        """Filled, or it may still be: what others must leave to this node."""
        return self.filled_qty_1e8 + self.routing_qty_1e8 + self.open_qty_1e8

    def net_qty_1e8(self, side: Side, multiplier_1e8: int) -> int:
        """What arrived, in base units: less the fees taken in the base asset on a buy."""
        taken: int = self.base_fee_1e9 if side is Side.BUY else 0
        gross: int = self.filled_qty_1e8 * multiplier_1e8 // QTY_SCALE
        return (gross * 10 - taken) // 10

    def working_price_1e9(self, side: Side) -> int | None:
        """The most aggressive price that rests, None when nothing does."""
        prices = [
            child.order.limit_price_1e9
            for child in self.children.values()
            if child.resting and not child.cancelling and not child.ended
        ]
        if not prices:
            return None
        return max(prices) if side is Side.BUY else min(prices)

    @property
    def in_flight(self) -> bool:
        """An answer is awaited: an attempt at risk or router, a taker, or a cancel."""
        if self.routing_qty_1e8:
            return True
        # A plain loop: a generator costs three times as much, several times for every order.
        for child in self.children.values():  # noqa: SIM110  # see above
            if child.owes:
                return True
        return False

    def add(self, order: ChildOrder, now_ns: int, mid_1e9: int = 0, touch_1e9: int = 0) -> Child:
        """A child that was planned at this mid and far touch, and is on its way."""
        child = Child(order, now_ns, mid_1e9, touch_1e9)
        assert order.client_order_id not in self.children, "child ids are unique"
        self.children[order.client_order_id] = child
        return child

    def apply(self, report: OrderReport) -> Applied | None:
        """Book one report; None when it is of no child known here."""
        name = report.client_order_id
        child = self.children.get(name) or self.ended.get(name)
        if child is None:
            return None
        before = child.state
        old = child.settle(report) if report.terms is not None or child.amending else None
        fill = report.fill
        if fill is not None:
            if fill.trade_id in child.trade_ids:
                fill = None
            else:
                self._book(child, fill)
        if report.cum_qty_1e8 > child.claimed_qty_1e8:
            child.claimed_qty_1e8 = report.cum_qty_1e8
        known = report.kind is not UNKNOWN_REPORT
        if known and not child.answer_ns and report.recv_ns > child.sent_ns:
            child.answer_ns = report.recv_ns - child.sent_ns
        if report.exchange_ns > child.exchange_ns:
            child.exchange_ns = report.exchange_ns
        child.state = next_state(
            before,
            report.kind,
            child.filled_qty_1e8,
            child.qty_1e8,
            working=report.working,
        )
        terminal = child.state >= FIRST_END
        owed = terminal and child.filled_qty_1e8 < child.claimed_qty_1e8
        ended = terminal and not owed and not child.ended
        if ended:
            child.ended = True
        changed = fill is not None or child.state is not before or ended or old is not None
        return Applied(child, fill, ended, owed, changed, old)

    def drop_ended(self, client_order_id: str) -> bool:
        """Put away a child whose end was told; whether a late fill of it is still waited for."""
        child = self.children.pop(client_order_id)
        assert child.ended, "only ended children are forgotten"
        open_rest = child.resting and child.filled_qty_1e8 < child.order.qty_1e8
        if not open_rest or child.state is ChildState.REJECTED or len(self.ended) >= ENDED_KEPT:
            return False
        self.ended[client_order_id] = child
        return True

    def _book(self, child: Child, fill: VenueFill) -> None:
        child.trade_ids.add(fill.trade_id)
        paid = fill.price_1e9 * fill.qty_1e8
        child.filled_qty_1e8 += fill.qty_1e8
        child.price_times_qty += paid
        self.filled_qty_1e8 += fill.qty_1e8
        self.price_times_qty += paid
        self.fill_count += 1
        if fill.fee_1e9 and fill.fee_asset == child.order.listing.instrument.base:
            self.base_fee_1e9 += fill.fee_1e9
