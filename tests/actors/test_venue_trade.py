"""The venue trade actor: the last gate, and the way of reports to their owners."""

from __future__ import annotations

from actors.venue_trade import VenueTradeActor
from engine.decisions.risk import TradingSwitch
from engine.errors import DecodeError, Reason
from engine.messages import (
    ApprovedOrder,
    CancelChild,
    ChildReport,
    ForgetChild,
    LinkDown,
    LinkUp,
    QueryChild,
    TradeFrame,
)
from engine.model.orders import ChildOrder, Grant, OrderReport, ReportKind
from tests.support.builders import child, intent
from tests.support.hooks import hooks_left, hooks_of
from tests.support.probe import FakeLink, Stage


class LineCodec:
    """Frames are plain words: what is done and to which order."""

    def encode_place(self, order: ChildOrder, now_ns: int) -> bytes:
        return f"place {order.client_order_id}".encode()

    def encode_cancel(self, order: ChildOrder, now_ns: int) -> bytes:
        return f"cancel {order.client_order_id}".encode()

    def encode_query(self, order: ChildOrder, now_ns: int) -> bytes:
        return f"query {order.client_order_id}".encode()

    def decode(self, payload: bytes, recv_ns: int) -> list[OrderReport]:
        if payload == b"?":
            raise DecodeError("not a frame")
        return [OrderReport(ReportKind.ACCEPTED, payload.decode(), "alpha", recv_ns=recv_ns)]


class TradeStage(Stage):
    def __init__(self, orders_max: int = 10) -> None:
        super().__init__()
        self.link, self.switch = FakeLink(), TradingSwitch()
        self.owner, self.strays = self.probe("owner"), self.probe("strays")
        self.ref, self.actor = self.spawn(
            lambda: VenueTradeActor(
                "alpha", LineCodec(), self.link, self.switch, self.strays, orders_max
            )
        )

    def child(self, number: int = 0) -> ChildOrder:
        made = child(number=number)
        fields = {name: getattr(made, name) for name in made.__struct_fields__}
        return ChildOrder(**(fields | {"owner_id": self.owner.actor_id}))

    def order(self, number: int = 0) -> ApprovedOrder:
        made = self.child(number)
        return ApprovedOrder(made, Grant(1, intent(), made.qty_1e8, None, 1))

    def reports(self) -> list[tuple[ReportKind, str]]:
        return [(one.report.kind, one.report.code) for one in self.take(self.owner, ChildReport)]


def test_an_order_leaves_once_the_line_is_up() -> None:
    stage = TradeStage()
    assert stage.link.opened == 1
    stage.tell(stage.ref, stage.order(0))
    assert stage.reports() == [(ReportKind.REJECTED, Reason.LINK_DOWN)]
    stage.tell(stage.ref, LinkUp(), stage.order(1))
    assert stage.link.sent == [b"place xg1-1-0-1-1"]
    assert stage.reports() == []


def test_nothing_leaves_while_trading_is_halted_except_cancels() -> None:
    stage = TradeStage()
    stage.switch.kill(True, "stop")
    stage.tell(stage.ref, LinkUp(), stage.order(), CancelChild(stage.child()))
    assert stage.link.sent == [b"cancel xg1-1-0-1-0"]
    assert stage.reports() == [(ReportKind.REJECTED, Reason.KILL_SWITCH)]


def test_past_the_bound_and_on_a_full_line_orders_are_refused() -> None:
    stage = TradeStage(orders_max=1)
    stage.tell(stage.ref, LinkUp(), stage.order(0), stage.order(1))
    assert stage.reports() == [(ReportKind.REJECTED, Reason.ENGINE_BUSY)]
    stage.tell(stage.ref, ForgetChild("xg1-1-0-1-0"))
    stage.link.room = False
    stage.tell(stage.ref, stage.order(2))
    assert stage.reports() == [(ReportKind.REJECTED, Reason.LINK_DOWN)]
    assert not stage.actor.owners


def test_an_order_outside_its_grant_never_leaves() -> None:
    stage = TradeStage()
    stage.tell(stage.ref, LinkUp())
    wide = stage.order()
    stage.driver.tell(stage.ref, ApprovedOrder(wide.child, Grant(1, intent(), 1, None, 1)))
    stage.driver.run_until_idle()
    assert stage.link.sent == []
    assert stage.system.halted is not None


def test_reports_go_to_the_owner_and_else_to_the_strays() -> None:
    stage = TradeStage()
    stage.tell(stage.ref, LinkUp(), stage.order(), TradeFrame(7, b"xg1-1-0-1-0"))
    assert stage.reports() == [(ReportKind.ACCEPTED, "")]
    stage.tell(stage.ref, ForgetChild("xg1-1-0-1-0"), TradeFrame(8, b"xg1-1-0-1-0"))
    assert stage.reports() == []
    assert [one.report.recv_ns for one in stage.take(stage.strays, ChildReport)] == [8]


def test_a_report_for_an_owner_that_is_gone_goes_to_the_strays() -> None:
    stage = TradeStage()
    stage.tell(stage.ref, LinkUp(), stage.order())
    stage.system.stop_actor(stage.owner)
    stage.tell(stage.ref, TradeFrame(8, b"xg1-1-0-1-0"))
    assert len(stage.take(stage.strays, ChildReport)) == 1


def test_after_a_break_every_owner_learns_that_it_must_ask() -> None:
    stage = TradeStage()
    stage.tell(stage.ref, LinkUp(), stage.order(0), stage.order(1), LinkDown("gone"))
    assert stage.reports() == []
    stage.tell(stage.ref, LinkUp())
    assert stage.reports() == [(ReportKind.UNKNOWN, "")] * 2


def test_a_query_makes_its_owner_known_again() -> None:
    stage = TradeStage()
    stage.tell(stage.ref, LinkUp(), QueryChild(stage.child()), TradeFrame(7, b"xg1-1-0-1-0"))
    assert stage.link.sent == [b"query xg1-1-0-1-0"]
    assert stage.reports() == [(ReportKind.ACCEPTED, "")]


def test_an_unreadable_frame_is_counted() -> None:
    stage = TradeStage()
    stage.tell(stage.ref, TradeFrame(7, b"?"))
    assert stage.actor.broken_frames == 1


def test_what_its_batches_leave_to_the_whole_is_there() -> None:
    assert len(hooks_of(VenueTradeActor)) == 2
    assert hooks_left(VenueTradeActor) == set()
