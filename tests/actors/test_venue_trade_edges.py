"""The venue trade actor at its edges: the grant's every bound, refusals as proof, late reports."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from actors.venue_trade import VenueTradeActor
from engine.decisions.risk import TradingSwitch
from engine.errors import DecodeError, Reason
from engine.messages import (
    ApprovedOrder,
    CancelChild,
    ChildReport,
    LinkDown,
    LinkUp,
    QueryChild,
    TradeFrame,
)
from engine.model.orders import ChildOrder, Grant, OrderReport, ReportKind
from engine.model.units import Side
from engine.runtime.delivery import Message
from engine.runtime.supervision import RESTART
from tests.support.builders import child, intent
from tests.support.fakes import BROKEN, inbox
from tests.support.probe import FakeLink, Stage

PRICE = 64_000 * 10**9
QTY = 10**8
GRANT = Grant(1, intent(), QTY, PRICE, 64_000 * 10**9)


class ScriptCodec:
    """Readable requests with their time; reports are handed in by the test."""

    def __init__(self) -> None:
        self.reports: Sequence[OrderReport] = ()

    def encode_place(self, order: ChildOrder, now_ns: int) -> bytes:
        return f"place {order.client_order_id} at {now_ns}".encode()

    def encode_cancel(self, order: ChildOrder, now_ns: int) -> bytes:
        return f"cancel {order.client_order_id} at {now_ns}".encode()

    def encode_query(self, order: ChildOrder, now_ns: int) -> bytes:
        return f"query {order.client_order_id} at {now_ns}".encode()

    def decode(self, payload: bytes, recv_ns: int) -> Sequence[OrderReport]:
        if payload == BROKEN:
            raise DecodeError("broken on purpose; send another")
        return self.reports


class TradeBench(Stage):
    """An order session with two owners; its line is up unless said otherwise."""

    def __init__(self, *, up: bool = True) -> None:
        super().__init__()
        self.codec, self.link, self.switch = ScriptCodec(), FakeLink(), TradingSwitch()
        pairs = [inbox(self, "owner 0"), inbox(self, "owner 1")]
        self.owners, self.to_owners = [ref for ref, _ in pairs], [got for _, got in pairs]
        strays, self.to_strays = inbox(self, "strays")
        self.ref = self.system.spawn(
            lambda: VenueTradeActor("alpha", self.codec, self.link, self.switch, strays, 10),
            name="trade",
            supervision=RESTART,
        )
        if up:
            self.tell(self.ref, LinkUp())

    @property
    def actor(self) -> VenueTradeActor:
        actor = self.system.actor_of(self.ref)
        assert isinstance(actor, VenueTradeActor)
        return actor

    def order(self, number: int = 0, owner: int = 0, **changes: object) -> ChildOrder:
        changes = {"owner_id": self.owners[owner].actor_id} | changes
        return msgspec.structs.replace(child(number=number), **changes)

    def place(self, order: ChildOrder, grant: Grant = GRANT) -> None:
        self.tell(self.ref, ApprovedOrder(order, grant))

    def report(self, *orders: ChildOrder, kind: ReportKind = ReportKind.FILL) -> list[Message]:
        """A frame that speaks of these orders; returns what should be heard of it."""
        names = [order.client_order_id for order in orders]
        self.codec.reports = [OrderReport(kind, name, "alpha") for name in names]
        self.tell(self.ref, TradeFrame(5, b"reports"))
        return [ChildReport(report) for report in self.codec.reports]


def test_an_order_at_the_bounds_of_its_grant_leaves_with_the_time() -> None:
    bench = TradeBench()
    order = bench.order()
    bench.place(order)
    wanted = f"place {order.client_order_id} at {bench.driver.now_ns}"
    assert bench.link.sent == [wanted.encode()]
    assert bench.actor.orders_sent == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"grant_id": 2},
        {"side": Side.SELL},
        {"qty_1e8": QTY + 1},
        {"qty_1e8": 0},
        {"limit_price_1e9": PRICE + 1},
    ],
)
def test_an_order_past_any_bound_of_its_grant_fails_and_never_leaves(
    changes: dict[str, object],
) -> None:
    bench = TradeBench()
    bench.place(bench.order(**changes))
    assert bench.link.sent == []
    assert bench.system.meters.failures == 1
    assert "grant" in bench.system.dead_ring[-1].reason
    assert bench.actor.orders_sent == 0


def test_the_grant_is_asked_before_the_switch() -> None:
    bench = TradeBench()
    bench.switch.kill(True, "stop")
    bench.place(bench.order(qty_1e8=QTY + 1))
    assert bench.system.meters.failures == 1


def test_a_refusal_is_a_rejection_that_proves_that_nothing_filled() -> None:
    bench = TradeBench()
    bench.switch.kill(True, "stop it")
    order = bench.order()
    bench.place(order)
    (heard,) = bench.to_owners[0]
    assert isinstance(heard, ChildReport)
    assert heard.report == OrderReport(
        ReportKind.REJECTED,
        order.client_order_id,
        "alpha",
        recv_ns=bench.driver.now_ns,
        cum_qty_1e8=0,
        code=Reason.KILL_SWITCH.value,
        text="stop it",
    )
    assert bench.actor.owners == {}


def test_a_cleared_switch_lets_orders_leave_again() -> None:
    bench = TradeBench()
    bench.switch.journal(False, "disk full")
    bench.place(bench.order(0))
    bench.switch.journal(True, "")
    bench.place(bench.order(1))
    assert len(bench.link.sent) == 1
    assert len(bench.to_owners[0]) == 1


def test_nothing_leaves_by_a_line_that_is_down_and_no_cancel_or_query_is_counted() -> None:
    bench = TradeBench(up=False)
    order = bench.order()
    bench.tell(bench.ref, CancelChild(order), QueryChild(order))
    assert bench.link.sent == []
    assert bench.actor.cancels_sent == 0
    bench.tell(bench.ref, LinkUp(), LinkDown("gone"), CancelChild(order))
    assert bench.link.sent == []


def test_a_cancel_that_a_full_line_refuses_is_not_counted() -> None:
    bench = TradeBench()
    bench.link.room = False
    bench.tell(bench.ref, CancelChild(bench.order()))
    bench.link.room = True
    bench.tell(bench.ref, CancelChild(bench.order()))
    assert bench.actor.cancels_sent == 1


def test_reports_of_one_frame_go_each_to_its_owner_in_order() -> None:
    bench = TradeBench()
    orders = [bench.order(0, 0), bench.order(1, 1), bench.order(2, 0)]
    for order in orders:
        bench.place(order)
    heard = bench.report(*orders)
    assert bench.to_owners == [[heard[0], heard[2]], [heard[1]]]
    assert bench.to_strays == []


def test_a_report_of_an_order_that_nobody_placed_goes_to_the_strays() -> None:
    bench = TradeBench()
    heard = bench.report(bench.order(9))
    assert bench.to_strays == heard
    assert bench.to_owners == [[], []]


def test_a_query_while_the_line_is_down_still_makes_its_owner_known() -> None:
    bench = TradeBench(up=False)
    order = bench.order(3, 1)
    bench.tell(bench.ref, QueryChild(order))
    heard = bench.report(order, kind=ReportKind.STATUS)
    assert bench.to_owners[1] == heard


def test_a_query_does_not_change_the_owner_of_a_placed_order() -> None:
    bench = TradeBench()
    bench.place(bench.order(0, 0))
    bench.tell(bench.ref, QueryChild(bench.order(0, 1)))
    heard = bench.report(bench.order(0))
    assert bench.to_owners == [heard, []]


def test_a_refused_order_leaves_no_owner_behind() -> None:
    bench = TradeBench()
    bench.link.room = False
    bench.place(bench.order())
    heard = bench.report(bench.order())
    assert bench.to_strays == heard


def test_an_unreadable_frame_spoils_nothing() -> None:
    bench = TradeBench()
    bench.place(bench.order())
    bench.tell(bench.ref, TradeFrame(5, BROKEN))
    assert bench.actor.broken_frames == 1
    heard = bench.report(bench.order())
    assert bench.to_owners[0] == heard


def test_a_line_that_comes_back_asks_owners_once_each_and_strays_for_the_gone() -> None:
    bench = TradeBench()
    for number, owner in ((0, 0), (1, 1)):
        bench.place(bench.order(number, owner))
    bench.system.stop_actor(bench.owners[1])
    bench.tell(bench.ref, LinkDown("gone"), LinkUp())
    (heard,) = bench.to_owners[0]
    assert isinstance(heard, ChildReport)
    assert (heard.report.kind, heard.report.cum_qty_1e8) == (ReportKind.UNKNOWN, -1)
    (stray,) = bench.to_strays
    assert isinstance(stray, ChildReport)
    assert stray.report.client_order_id == bench.order(1).client_order_id
