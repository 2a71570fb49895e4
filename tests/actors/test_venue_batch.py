"""Batch windows of a venue trade: what is held, joined, sent, and what is never held up."""

from __future__ import annotations

import msgspec
import pytest

from actors.venue_trade import VenueTradeActor
from engine.decisions.risk import TradingSwitch
from engine.errors import Reason
from engine.messages import (
    AmendChild,
    ApprovedOrder,
    BatchDrop,
    BatchSent,
    BatchWindow,
    CancelChild,
    ChildReport,
    LinkUp,
)
from engine.model.native import NativeVerbs
from engine.model.orders import ChildOrder, Grant, ReportKind
from engine.runtime.simulated_driver import Answer
from tests.support.builders import child, intent
from tests.support.probe import FakeLink, Stage
from venues.simulated.trade_codec import SimulatedTradeCodec

MS = 10**6


class BatchStage(Stage):
    """An order line that is up, to a venue that takes two requests at once."""

    def __init__(self, most: int = 2) -> None:
        super().__init__()
        self.link, self.switch = FakeLink(), TradingSwitch()
        self.owner, self.strays = self.probe("owner"), self.probe("strays")
        codec = SimulatedTradeCodec("alpha", NativeVerbs(batch_max=most))
        self.ref, self.actor = self.spawn(
            lambda: VenueTradeActor("alpha", codec, self.link, self.switch, self.strays, 10)
        )
        self.tell(self.ref, LinkUp())

    def child(self, number: int) -> ChildOrder:
        return msgspec.structs.replace(child(number=number), owner_id=self.owner.actor_id)

    def order(self, number: int, graph_id: str) -> ApprovedOrder:
        made = self.child(number)
        return ApprovedOrder(made, Grant(1, intent(graph_id=graph_id), made.qty_1e8, None, 1))

    def window(self, *graph_ids: str) -> Answer:
        answer = self.driver.ask(self.ref, lambda reply: BatchWindow(reply, graph_ids, 500 * MS))
        self.run()
        return answer

    def sent(self) -> list[str]:
        """First words of what left."""
        frames, self.link.sent = self.link.sent, []
        return [msgspec.json.decode(one)["op"] for one in frames]

    def reports(self) -> list[tuple[ReportKind, str]]:
        return [(one.report.kind, one.report.code) for one in self.take(self.owner, ChildReport)]


def test_the_orders_of_named_graphs_leave_together_once_all_are_there() -> None:
    stage = BatchStage()
    answer = stage.window("a", "b")
    stage.tell(stage.ref, stage.order(0, "a"), stage.order(1, "other"))
    assert stage.sent() == ["place"], "an order of another graph passes by"
    stage.tell(stage.ref, stage.order(2, "b"))
    assert stage.sent() == ["batch"]
    assert answer.value == BatchSent(True, 2, 1)
    stage.tell(stage.ref, stage.order(3, "a"))
    assert stage.sent() == ["place"], "the window is over"


def test_what_was_refused_before_is_not_waited_for() -> None:
    stage = BatchStage()
    answer = stage.window("a", "b", "c")
    stage.tell(stage.ref, stage.order(0, "a"), BatchDrop("c"), stage.order(1, "b"))
    assert stage.sent() == ["batch"]
    assert answer.value == BatchSent(True, 2, 1)


def test_more_than_the_venue_takes_at_once_is_no_batch() -> None:
    stage = BatchStage()
    answer = stage.window("a", "b", "c")
    orders = [stage.order(number, name) for number, name in enumerate("abc")]
    stage.tell(stage.ref, *orders)
    assert stage.sent() == ["batch", "place"]
    assert answer.value == BatchSent(False, 3, 2)


def test_what_comes_too_late_leaves_by_itself() -> None:
    stage = BatchStage()
    answer = stage.window("a", "b")
    stage.tell(stage.ref, stage.order(0, "a"))
    stage.run(499 * MS)
    assert stage.sent() == []
    stage.run(2 * MS)
    assert stage.sent() == ["place"]
    assert answer.value == BatchSent(False, 1, 1)
    stage.tell(stage.ref, stage.order(1, "b"))
    assert stage.sent() == ["place"]


def test_a_cancel_of_a_held_order_follows_it_at_once() -> None:
    stage = BatchStage()
    stage.window("a", "b")
    stage.tell(stage.ref, stage.order(0, "a"), CancelChild(stage.child(5)))
    assert stage.sent() == ["cancel"], "it means another order"
    stage.tell(stage.ref, CancelChild(stage.child(0)))
    assert stage.sent() == ["place", "cancel"]


def test_a_kill_switch_that_is_thrown_meanwhile_holds() -> None:
    stage = BatchStage()
    answer = stage.window("a", "b")
    stage.tell(stage.ref, stage.order(0, "a"))
    stage.switch.kill(True, "stop")
    stage.tell(stage.ref, stage.order(1, "b"))
    assert stage.sent() == []
    assert stage.reports() == [(ReportKind.REJECTED, Reason.KILL_SWITCH)] * 2
    assert answer.value == BatchSent(False, 0, 0)


def test_a_full_line_is_told_to_each_owner() -> None:
    stage = BatchStage()
    stage.window("a", "b")
    stage.link.room = False
    stage.tell(stage.ref, stage.order(0, "a"), stage.order(1, "b"))
    assert stage.reports() == [(ReportKind.REJECTED, Reason.LINK_DOWN)] * 2
    assert stage.actor.owners == {}


def test_a_venue_without_batches_and_a_second_window_say_no() -> None:
    assert BatchStage(most=0).window("a").value == BatchSent(False, 0, 0)
    stage = BatchStage()
    first = stage.window("a")
    assert stage.window("b").value == BatchSent(False, 0, 0)
    assert not first.done


def test_an_amendment_stays_inside_its_grant_and_waits_for_nothing() -> None:
    stage = BatchStage()
    before = stage.child(0)
    less = msgspec.structs.replace(before, qty_1e8=before.qty_1e8 // 2, amendment=1)
    stage.switch.kill(True, "stop")
    stage.tell(stage.ref, AmendChild(less, before))
    assert stage.sent() == ["amend"], "less may leave whatever the switch says"
    more = msgspec.structs.replace(before, qty_1e8=before.qty_1e8 * 2, amendment=2, grant_id=3)
    grant = Grant(3, intent(), more.qty_1e8, None, 1)
    stage.tell(stage.ref, AmendChild(more, before, grant))
    assert stage.sent() == []
    (report,) = stage.take(stage.owner, ChildReport)
    told = report.report
    assert (told.kind, told.code) == (ReportKind.AMEND_REJECTED, Reason.KILL_SWITCH)
    assert told.terms is not None
    assert (told.terms.qty_1e8, told.terms.number) == (before.qty_1e8, 2)
    stage.switch.kill(False, "")
    stage.tell(stage.ref, AmendChild(more, before, grant))
    assert stage.sent() == ["amend"]
    beyond = msgspec.structs.replace(more, qty_1e8=more.qty_1e8 + 1)
    with pytest.raises(AssertionError, match="stays inside its grant"):
        stage.tell(stage.ref, AmendChild(beyond, before, grant))
