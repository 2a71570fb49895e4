"""A node's ledger: every fill once, ends only by proof."""

from __future__ import annotations

import random

import msgspec

from engine.decisions.node_ledger import NodeLedger
from engine.model.orders import (
    ChildState,
    OrderReport,
    OrderTerms,
    ReportKind,
    TimeInForce,
    VenueFill,
)
from tests.support.builders import child


def report(
    kind: ReportKind,
    *,
    number: int = 0,
    cum: int = -1,
    working: bool = False,
    fill: VenueFill | None = None,
) -> OrderReport:
    name = f"xg1-1-0-1-{number}"
    return OrderReport(kind, name, "alpha", cum_qty_1e8=cum, working=working, fill=fill)


def fill(qty: int, trade: str, price: int = 64_000 * 10**9) -> OrderReport:
    return report(ReportKind.FILL, fill=VenueFill(trade, price, qty))


def ledger_with_child(qty: int = 100, tif: TimeInForce = TimeInForce.IOC) -> NodeLedger:
    ledger = NodeLedger(qty)
    ledger.add(child(qty, tif=tif), now_ns=0)
    return ledger


def test_a_fill_counts_once_however_often_it_arrives() -> None:
    ledger = ledger_with_child()
    first = ledger.apply(fill(40, "t1"))
    again = ledger.apply(fill(40, "t1"))
    assert first is not None and first.fill is not None and first.changed
    assert again is not None and again.fill is None and not again.changed
    assert ledger.filled_qty_1e8 == 40
    assert ledger.fill_count == 1
    assert ledger.price_times_qty == 40 * 64_000 * 10**9


def test_each_child_keeps_mid_and_touch_of_its_own_plan() -> None:
    ledger = NodeLedger(200)
    ledger.add(child(100), 0, 11, 22)
    ledger.add(child(100, number=1), 0, 33, 44)
    marks = [(one.mid_1e9, one.touch_1e9) for one in ledger.children.values()]
    assert marks == [(11, 22), (33, 44)]


def test_a_child_ends_with_its_last_fill() -> None:
    ledger = ledger_with_child()
    ledger.apply(fill(40, "t1"))
    last = ledger.apply(fill(60, "t2"))
    assert last is not None and last.ended
    ledger.drop_ended(last.child.order.client_order_id)
    assert not ledger.children
    assert ledger.remaining_qty_1e8 == 0


def test_a_cancelled_child_waits_for_the_fills_that_the_venue_claims() -> None:
    ledger = ledger_with_child()
    cancelled = ledger.apply(report(ReportKind.CANCELLED, cum=40))
    assert cancelled is not None and cancelled.owed and not cancelled.ended
    late = ledger.apply(fill(40, "t1"))
    assert late is not None and late.ended and not late.owed
    assert ledger.filled_qty_1e8 == 40


def test_unknown_is_not_terminal() -> None:
    ledger = ledger_with_child()
    unknown = ledger.apply(report(ReportKind.UNKNOWN))
    assert unknown is not None and not unknown.ended
    assert ledger.unknown_qty_1e8 == 100
    assert ledger.remaining_qty_1e8 == 0
    proof = ledger.apply(report(ReportKind.NOT_FOUND))
    assert proof is not None and proof.ended
    assert ledger.open_qty_1e8 == 0


def test_resting_quantity_is_working_until_it_is_being_cancelled() -> None:
    ledger = ledger_with_child(tif=TimeInForce.GTC)
    ledger.apply(report(ReportKind.ACCEPTED))
    assert ledger.working_qty_1e8 == 100
    assert not ledger.in_flight
    next(iter(ledger.children.values())).state = ChildState.CANCEL_SENT
    assert ledger.working_qty_1e8 == 0
    assert ledger.in_flight


def test_any_order_and_repetition_of_reports_converges() -> None:
    reports = [
        report(ReportKind.ACCEPTED),
        fill(30, "a"),
        fill(30, "b"),
        fill(10, "c"),
        report(ReportKind.CANCELLED, cum=70),
    ]
    for seed in range(300):
        rng = random.Random(seed)
        sequence = [rng.choice(reports) for _ in range(5)] + rng.sample(reports, len(reports))
        ledger = ledger_with_child()
        ended = 0
        for one in sequence:
            applied = ledger.apply(one)
            assert applied is not None
            ended += applied.ended
        assert ledger.filled_qty_1e8 == 70
        assert ended == 1
        assert ledger.remaining_qty_1e8 == 30


def test_a_report_of_an_unknown_child_is_not_booked() -> None:
    assert NodeLedger(1).apply(fill(1, "t")) is None


def test_only_what_rests_in_peace_owes_nothing() -> None:
    taker = ledger_with_child()
    taker.apply(report(ReportKind.ACCEPTED))
    assert taker.in_flight
    resting = ledger_with_child(tif=TimeInForce.GTC)
    assert resting.in_flight
    resting.apply(report(ReportKind.ACCEPTED))
    assert (resting.in_flight, resting.working_qty_1e8) == (False, 100)
    resting.apply(report(ReportKind.STATUS, cum=30, working=True))
    assert (resting.in_flight, resting.working_qty_1e8) == (True, 100)
    resting.apply(fill(30, "t1"))
    assert (resting.in_flight, resting.working_qty_1e8) == (False, 70)


def test_a_cancel_is_owed_an_answer_until_the_end_is_proven() -> None:
    ledger = ledger_with_child(tif=TimeInForce.GTC)
    (one,) = ledger.children.values()
    one.cancelling = True
    one.state = ChildState.CANCEL_SENT
    for kind in (ReportKind.ACCEPTED, ReportKind.CANCEL_REJECTED):
        ledger.apply(report(kind))
        assert (ledger.in_flight, ledger.working_qty_1e8) == (True, 0)
    ledger.apply(report(ReportKind.CANCELLED, cum=0))
    assert (ledger.in_flight, one.ended) == (False, True)


def test_a_made_up_unknown_is_no_answer_of_the_venue() -> None:
    ledger = ledger_with_child()
    (one,) = ledger.children.values()
    ledger.apply(OrderReport(ReportKind.UNKNOWN, "xg1-1-0-1-0", "alpha", recv_ns=9))
    assert (one.answer_ns, one.state) == (0, ChildState.UNKNOWN)
    ledger.apply(OrderReport(ReportKind.ACCEPTED, "xg1-1-0-1-0", "alpha", recv_ns=12))
    assert one.answer_ns == 12


def amending(qty: int) -> NodeLedger:
    """A resting order of 100 whose amendment number 1 to `qty` is under way."""
    ledger = ledger_with_child(tif=TimeInForce.GTC)
    ledger.apply(report(ReportKind.ACCEPTED))
    (one,) = ledger.children.values()
    one.amending = msgspec.structs.replace(one.order, qty_1e8=qty, amendment=1)
    return ledger


def proof(kind: ReportKind, qty: int, number: int) -> OrderReport:
    terms = OrderTerms(qty, 64_000 * 10**9, number)
    return msgspec.structs.replace(report(kind, working=True), told=terms)


def test_while_an_amendment_is_under_way_the_larger_total_counts_as_out() -> None:
    assert (amending(40).open_qty_1e8, amending(160).open_qty_1e8) == (100, 160)
    assert amending(40).in_flight
    grown = amending(160)
    full = grown.apply(fill(100, "t1"))
    assert full is not None and not full.ended, "it may be larger by now"


def test_proof_of_its_number_settles_it_and_an_older_word_does_not() -> None:
    ledger = amending(40)
    old = ledger.apply(proof(ReportKind.STATUS, 100, 0))
    assert old is not None and old.before is None and ledger.in_flight
    taken = ledger.apply(proof(ReportKind.AMENDED, 40, 1))
    assert taken is not None and taken.before is not None
    assert (taken.before.qty_1e8, taken.child.order.qty_1e8) == (100, 40)
    assert not ledger.in_flight and ledger.open_qty_1e8 == 40
    late = ledger.apply(proof(ReportKind.STATUS, 100, 0))
    assert late is not None and late.before is None and ledger.open_qty_1e8 == 40


def test_a_refusal_leaves_the_order_as_it_was_and_voids_the_number() -> None:
    ledger = amending(40)
    refused = ledger.apply(proof(ReportKind.AMEND_REJECTED, 100, 1))
    assert refused is not None and refused.before is not None
    order = refused.child.order
    assert (order.qty_1e8, order.amendment) == (100, 1)
    assert refused.child.state is ChildState.WORKING


def test_a_fill_that_the_old_terms_do_not_allow_proves_the_new_ones() -> None:
    ledger = amending(160)
    beyond = ledger.apply(fill(120, "t1"))
    assert beyond is not None and beyond.before is not None
    assert beyond.child.order.qty_1e8 == 160 and not beyond.ended
    again = ledger.apply(fill(120, "t1"))
    assert again is not None and not again.changed


def test_terms_are_recorded_only_where_they_are_news() -> None:
    ledger = amending(40)
    ledger.apply(report(ReportKind.UNKNOWN))
    old = proof(ReportKind.STATUS, 100, 0)
    stale = ledger.apply(old)
    assert stale is not None and stale.record(old).report.terms is None
    new = proof(ReportKind.AMENDED, 40, 1)
    taken = ledger.apply(new)
    assert taken is not None and taken.record(new).report.terms == new.terms
