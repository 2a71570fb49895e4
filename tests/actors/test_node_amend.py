"""A node's native amendments: proof, leave for more, races, and the truth in the answer."""

from __future__ import annotations

from typing import Any

from actors.node_orders import REPLY_CHECK_NS
from engine.errors import Reason
from engine.messages import (
    AmendChild,
    AmendDenied,
    AmendGranted,
    AmendNode,
    AmendRequest,
    CancelChild,
    CancelNode,
    CommandAnswer,
    ExposureChanged,
    QueryChild,
    Record,
    StartNode,
)
from engine.model.graph import NodeStatus
from engine.model.native import NativeVerbs
from engine.model.orders import Grant, OrderTerms, ReportKind
from engine.model.records import FillRecord, ReportRecorded
from engine.model.terms import Terms
from engine.runtime.simulated_driver import Answer
from tests.support.builders import fill_slot, node
from tests.support.node_stage import PRICE, QTY, NodeStage

LIMIT = PRICE
EDITS = {"alpha": NativeVerbs(decrease=True, amend=True)}


class AmendStage(NodeStage):
    """A limit order of 1 that rests at a venue which amends."""

    def __init__(self) -> None:
        super().__init__([node(QTY, limit_1e9=LIMIT)], native=EDITS)
        self.tell(self.ref, StartNode())
        assert self.request() is not None
        self.order = self.rest(QTY, price_1e9=LIMIT)
        self.take(self.journal, Record)
        self.asked: list[Answer] = []

    def amend(self, **terms: Any) -> None:
        self.asked.append(self.driver.ask(self.ref, lambda reply: AmendNode(reply, Terms(**terms))))
        self.run()

    def sent(self) -> AmendChild | None:
        found = self.take(self.trade, AmendChild)
        assert len(found) <= 1
        return found[0] if found else None

    def taken(self, sent: AmendChild) -> None:
        child = sent.child
        terms = OrderTerms(child.qty_1e8, child.limit_price_1e9, child.amendment)
        self.report(ReportKind.AMENDED, told=terms)

    def refused(self, number: int, code: str = "BELOW_FILLED") -> None:
        terms = OrderTerms(QTY, LIMIT, number)
        self.report(ReportKind.AMEND_REJECTED, told=terms, code=code)

    def modes(self) -> list[str]:
        found = [one.value for one in self.asked if one.done]
        assert all(isinstance(one, CommandAnswer) for one in found)
        return [one.mode or one.reason.value for one in found if isinstance(one, CommandAnswer)]

    def exposure(self) -> list[tuple[int, int, int]]:
        found = self.take(self.risk, ExposureChanged)
        return [(one.grant_id, one.filled_qty_1e8, one.released_qty_1e8) for one in found]

    def grant(self, qty: int, number: int = 9) -> AmendRequest:
        """Risk gives leave for what it was asked for."""
        (request,) = self.take(self.risk, AmendRequest)
        given = Grant(number, request.intent, qty, request.intent.worst_price_1e9, 1)
        self.tell(self.ref, AmendGranted(given, request.token))
        return request


def test_a_decrease_is_answered_once_it_is_proven_and_gives_back_what_it_took_off() -> None:
    stage = AmendStage()
    stage.amend(reduce_by_1e8=QTY // 4)
    sent = stage.sent()
    assert sent is not None and sent.grant is None
    assert (sent.child.qty_1e8, sent.child.amendment) == (QTY * 3 // 4, 1)
    assert stage.modes() == [] and stage.exposure() == []
    stage.taken(sent)
    assert stage.modes() == ["native_decrease"]
    assert stage.exposure() == [(1, 0, QTY // 4)]
    kept = [one.payload for one in stage.take(stage.journal, Record)]
    assert [one.report.kind for one in kept if isinstance(one, ReportRecorded)] == [
        ReportKind.AMENDED
    ]
    assert stage.take(stage.trade, CancelChild) == []
    stage.fill(QTY * 3 // 4, "t", cum_qty_1e8=QTY * 3 // 4)
    ended = stage.ended()
    assert ended is not None and ended.progress.status is NodeStatus.FILLED


def test_what_it_takes_on_arrival_is_measured_by_the_market_of_the_amendment() -> None:
    stage = AmendStage()
    (child,) = stage.actor.working().children.values()
    before = child.mid_1e9, child.touch_1e9
    market, up = stage.block, 4 * 10**10
    fill_slot(market.slots[0], [(PRICE - 10**10 + up, QTY)], [(PRICE + up, QTY)])
    stage.amend(reduce_by_1e8=QTY // 4)
    mid_x2 = market.mid_x2()
    assert mid_x2 is not None
    assert (child.mid_1e9, child.touch_1e9) == (mid_x2 // 2, market.best(1)) != before


def test_more_needs_leave_of_its_own_next_to_the_old_which_then_goes() -> None:
    stage = AmendStage()
    stage.fill(QTY // 4, "early", cum_qty_1e8=QTY // 4)
    stage.exposure()
    stage.amend(qty_1e8=2 * QTY)
    assert stage.sent() is None, "risk is asked first"
    request = stage.grant(QTY * 7 // 4)
    assert (request.intent.qty_1e8, request.intent.limit_price_1e9) == (QTY * 7 // 4, LIMIT)
    sent = stage.sent()
    assert sent is not None and sent.grant is not None
    assert sent.grant.covers_rest(sent.child, sent.filled_1e8)
    assert (sent.child.grant_id, sent.filled_1e8) == (9, QTY // 4)
    stage.fill(QTY // 4, "meanwhile", cum_qty_1e8=QTY // 2)
    stage.taken(sent)
    assert stage.modes() == ["native_amend"]
    assert stage.exposure() == [
        (1, QTY // 4, 0),
        (1, 0, QTY // 2),
        (9, 0, QTY // 4),
    ]


def test_a_fill_beyond_the_old_total_proves_the_new_one() -> None:
    stage = AmendStage()
    stage.amend(qty_1e8=2 * QTY)
    stage.grant(2 * QTY)
    sent = stage.sent()
    assert sent is not None
    stage.fill(QTY * 3 // 2, "t", cum_qty_1e8=QTY * 3 // 2)
    assert stage.modes() == ["native_amend"]
    assert stage.exposure() == [(1, 0, QTY), (9, QTY * 3 // 2, 0)]
    kinds = [
        type(one.payload).__name__
        for one in stage.take(stage.journal, Record)
        if isinstance(one.payload, ReportRecorded | FillRecord)
    ]
    assert kinds == ["ReportRecorded", "FillRecord"], "the record has the terms before the fill"
    assert stage.ended() is None


def test_a_refusal_of_the_venue_replaces_the_order_and_says_so() -> None:
    stage = AmendStage()
    stage.amend(reduce_by_1e8=QTY // 4)
    assert stage.sent() is not None
    stage.refused(1)
    assert stage.modes() == ["cancel_replace_shrink"]
    (cancel,) = stage.take(stage.trade, CancelChild)
    assert cancel.child.qty_1e8 == QTY
    stage.report(ReportKind.CANCELLED, cum_qty_1e8=0)
    request = stage.request()
    assert request is not None and request.intent.qty_1e8 == QTY * 3 // 4
    assert stage.exposure() == [(1, 0, QTY)]


def test_a_refusal_of_risk_replaces_the_order_too() -> None:
    stage = AmendStage()
    stage.amend(qty_1e8=2 * QTY)
    (request,) = stage.take(stage.risk, AmendRequest)
    stage.tell(stage.ref, AmendDenied(Reason.NOTIONAL_LIMIT, "no", request.token))
    assert stage.sent() is None
    assert stage.modes() == ["cancel_replace"]
    assert len(stage.take(stage.trade, CancelChild)) == 1


def test_leave_that_comes_after_the_end_is_given_back() -> None:
    stage = AmendStage()
    stage.amend(qty_1e8=2 * QTY)
    (request,) = stage.take(stage.risk, AmendRequest)
    stage.report(ReportKind.CANCELLED, cum_qty_1e8=0)
    assert stage.modes() == ["cancel_replace"]
    assert stage.exposure() == [(1, 0, QTY)]
    stage.tell(stage.ref, AmendGranted(Grant(9, request.intent, 2 * QTY, None, 1), request.token))
    assert stage.exposure() == [(9, 0, 2 * QTY)]
    assert stage.sent() is None


def test_an_unknown_outcome_is_asked_for_by_number_and_nothing_is_sent_meanwhile() -> None:
    stage = AmendStage()
    stage.amend(qty_1e8=2 * QTY)
    stage.grant(2 * QTY)
    sent = stage.sent()
    assert sent is not None
    stage.report(ReportKind.UNKNOWN, code="HTTP_503")
    (query,) = stage.take(stage.trade, QueryChild)
    assert query.child.amendment == 1
    assert stage.request() is None
    old = OrderTerms(QTY, LIMIT, 0)
    stage.report(ReportKind.STATUS, working=True, cum_qty_1e8=0, told=old)
    assert stage.modes() == [], "an answer from before the amendment proves nothing"
    new = OrderTerms(2 * QTY, LIMIT, 1)
    stage.report(ReportKind.STATUS, working=True, cum_qty_1e8=0, told=new)
    assert stage.modes() == ["native_amend"]
    assert stage.exposure() == [(1, 0, QTY)]


def test_a_silent_venue_does_not_keep_the_client_waiting() -> None:
    stage = AmendStage()
    stage.amend(qty_1e8=QTY // 2)
    stage.run(REPLY_CHECK_NS + 10**6)
    assert stage.modes() == ["native_decrease"]
    assert stage.take(stage.trade, QueryChild)[0].child.amendment == 1


def test_a_cancel_while_it_is_under_way_wins() -> None:
    stage = AmendStage()
    stage.amend(qty_1e8=QTY // 2)
    stage.tell(stage.ref, CancelNode("enough"))
    stage.report(ReportKind.CANCELLED, cum_qty_1e8=0)
    assert stage.modes() == [Reason.ALREADY_ENDED]
    ended = stage.ended()
    assert ended is not None and ended.progress.status is NodeStatus.CANCELLED
    assert stage.exposure() == [(1, 0, QTY)]


def test_a_second_amendment_ends_the_first_and_replaces_the_order() -> None:
    stage = AmendStage()
    stage.amend(qty_1e8=QTY // 2)
    sent = stage.sent()
    assert sent is not None
    stage.amend(qty_1e8=QTY // 4)
    assert stage.modes() == ["native_decrease", "cancel_replace"]
    assert len(stage.take(stage.trade, CancelChild)) == 1
    stage.taken(sent)
    stage.report(ReportKind.CANCELLED, cum_qty_1e8=0)
    request = stage.request()
    assert request is not None and request.intent.qty_1e8 == QTY // 4
    assert stage.exposure() == [(1, 0, QTY // 2), (1, 0, QTY // 2)]
