"""Rebuilding a node: what venues remember and the record does not is adopted, nothing twice."""

from __future__ import annotations

import msgspec

from engine.decisions.node_ledger import NodeLedger
from engine.decisions.node_memory import NodeMemory
from engine.decisions.node_restore import PastChild, PastFill, RestoredNode
from engine.decisions.recovery_plan import GraphSeed, PastNode, ended_progress, rebuilt
from engine.model.graph import NodeStatus
from engine.model.instruments import Environment
from engine.model.listed import ListedOrder
from engine.model.orders import OrderReport, OrderTerms, ReportKind, TimeInForce, VenueFill
from engine.model.units import Side
from tests.support.builders import child, listing
from tests.support.graphs import edge, graph_of_edges

QTY = 10**8
PRICE = 64_000 * 10**9
NAME = "xg1-1-0-1-0"
LISTINGS = {"alpha": listing()}
STARTED = NodeMemory(version=4, accepted=True, started_ns=50)
PAST = PastNode(0, NodeStatus.EXECUTING, STARTED, QTY, 1, (), (), {}, 2 * PRICE, 40)


def listed(name: str = NAME, *fills: tuple[str, int], working: bool = True) -> ListedOrder:
    reports = []
    cumulative = 0
    for trade, qty in fills:
        cumulative += qty
        reports.append(
            OrderReport(
                ReportKind.FILL,
                name,
                "alpha",
                cum_qty_1e8=cumulative,
                fill=VenueFill(trade, PRICE, qty),
            )
        )
    reports.append(
        OrderReport(ReportKind.STATUS, name, "alpha", cum_qty_1e8=cumulative, working=working)
    )
    return ListedOrder(name, "v", "BTCUSD", Side.BUY, QTY, PRICE, TimeInForce.GTC, tuple(reports))


def test_an_order_that_the_record_lacks_is_adopted_with_its_reports() -> None:
    order = listed("xg1-1-0-7-2", ("t1", 500))
    back = rebuilt(PAST, [order], LISTINGS, 900)
    assert back.ledger is not None
    (kept,) = back.ledger.children.values()
    adopted = kept.order
    assert (adopted.client_order_id, adopted.child_index, adopted.qty_1e8) == (
        "xg1-1-0-7-2",
        2,
        QTY,
    )
    assert (adopted.tif, adopted.listing) == (TimeInForce.GTC, LISTINGS["alpha"])
    assert back.attempt == 7, "no later attempt takes its name"
    assert back.reports == order.reports
    assert back.ledger.filled_qty_1e8 == 0, "its fill is booked when its report is"


def test_a_recorded_child_is_there_once_and_hears_what_its_venue_says() -> None:
    order = child(QTY, tif=TimeInForce.GTC)
    past = msgspec.structs.replace(PAST, children=(PastChild(order, 1),), filled_by_child={NAME: 0})
    back = rebuilt(past, [listed()], LISTINGS, 900)
    assert back.ledger is not None
    assert [one.order for one in back.ledger.children.values()] == [order]
    assert len(back.reports) == 1


def test_a_child_that_had_ended_with_all_its_fills_is_left_in_peace() -> None:
    fills = (PastFill(NAME, "t1", PRICE, 500, 0, 0),)
    past = msgspec.structs.replace(PAST, fills=fills, filled_by_child={NAME: 500})
    done = listed(NAME, ("t1", 500), working=False)
    back = rebuilt(past, [done], LISTINGS, 900)
    assert back.ledger is not None
    assert not back.ledger.children and not back.reports
    assert back.ledger.filled_qty_1e8 == 500


def test_a_child_whose_last_fill_was_not_recorded_comes_back() -> None:
    fills = (PastFill(NAME, "t1", PRICE, 500, 0, 0),)
    past = msgspec.structs.replace(PAST, fills=fills, filled_by_child={NAME: 500})
    more = listed(NAME, ("t1", 500), ("t2", 700), working=False)
    back = rebuilt(past, [more], LISTINGS, 900)
    ledger = back.ledger
    assert ledger is not None
    for report in back.reports:
        ledger.apply(report)
    assert ledger.filled_qty_1e8 == 1_200, "the first once, the second at last"


def test_an_order_at_a_venue_that_is_not_listed_any_more_is_not_adopted() -> None:
    back = rebuilt(PAST, [listed()], {}, 900)
    assert back.ledger is not None and not back.ledger.children


def test_the_stand_ins_of_a_root_are_passed_on() -> None:
    fresh = msgspec.structs.replace(PAST, memory=NodeMemory())
    assert rebuilt(fresh, [], LISTINGS, 900).ledger is None
    back = rebuilt(fresh, [listed()], LISTINGS, 900)
    assert (back.started_ns, back.baseline_x2, back.accepted) == (40, 2 * PRICE, True)


def test_the_last_word_of_an_ended_node_is_final() -> None:
    memory = NodeMemory(version=6, accepted=True, started_ns=50, by_cancel=True)
    past = msgspec.structs.replace(PAST, status=NodeStatus.PARTIAL_FILL, memory=memory)
    word = ended_progress(past, QTY // 2, QTY // 2 - 3, (PRICE + 1) * (QTY // 2))
    assert (word.version, word.final, word.by_cancel, word.unreachable) == (6, True, True, False)
    assert (word.filled_qty_1e8, word.net_qty_1e8) == (QTY // 2, QTY // 2 - 3)
    assert word.avg_price_1e9 == PRICE + 1
    whole = ended_progress(past, QTY, QTY, PRICE * QTY)
    assert not whole.by_cancel, "the fill was faster than the cancel"
    assert ended_progress(past, 0, 0, 0).avg_price_1e9 == 0


def test_what_of_an_attempt_without_a_plan_is_at_venues_is_counted() -> None:
    orders = [listed("xg1-1-0-2-0"), listed("xg1-1-0-3-0"), listed("xg1-1-0-3-1")]
    back = rebuilt(PAST, orders, LISTINGS, 900)
    assert (back.attempt, back.sent_of_wish_1e8) == (3, 2 * QTY), "of the newest attempt"
    unseen = msgspec.structs.replace(PAST, attempt=4, planned_attempt=3)
    assert rebuilt(unseen, [], LISTINGS, 900).sent_of_wish_1e8 == 0


def test_a_recorded_plan_leaves_unsent_only_what_was_refused() -> None:
    past = msgspec.structs.replace(PAST, planned_attempt=1, refused_1e8=70)
    back = rebuilt(past, [], LISTINGS, 900)
    assert (back.sent_of_wish_1e8, back.unsent_1e8, back.pristine) == (None, 70, False)
    assert rebuilt(msgspec.structs.replace(past, attempt=0), [], LISTINGS, 900).pristine


def test_spare_legs_that_were_started_or_ended_are_not_started_again() -> None:
    waiting = RestoredNode(NodeMemory(), None, 0, False, 0, None)
    stopping = msgspec.structs.replace(waiting, memory=NodeMemory(stopping="CANCELLED"))
    started = msgspec.structs.replace(waiting, ledger=NodeLedger(QTY))
    graph = graph_of_edges(edge("a", "b"))
    seed = GraphSeed("c", Environment.SANDBOX, "g", 1, graph, (), spare=(1, 2, 3, 4))
    assert seed.unused == (1, 2, 3, 4)
    seed = msgspec.structs.replace(seed, restored=(None, waiting, started, None, stopping))
    assert seed.unused == (1,)


def test_a_child_that_was_amended_without_a_record_hears_that_before_its_fills() -> None:
    order = child(QTY, tif=TimeInForce.GTC)
    past = msgspec.structs.replace(PAST, children=(PastChild(order, 1),), filled_by_child={NAME: 0})
    told = OrderTerms(2 * QTY, PRICE, 3)
    plain = listed(NAME, ("t1", QTY))
    *fills, last = plain.reports
    last = msgspec.structs.replace(last, told=told)
    amended = msgspec.structs.replace(plain, qty_1e8=2 * QTY, reports=(*fills, last))
    back = rebuilt(past, [amended], LISTINGS, 900)
    kinds = [one.kind for one in back.reports]
    assert kinds == [ReportKind.AMENDED, ReportKind.FILL, ReportKind.STATUS]
    ledger = back.ledger
    assert ledger is not None
    for report in back.reports:
        applied = ledger.apply(report)
        assert applied is not None and not applied.ended
    (kept,) = ledger.children.values()
    assert (kept.order.qty_1e8, kept.order.amendment, kept.open_qty_1e8) == (2 * QTY, 3, QTY)
    same = msgspec.structs.replace(plain, reports=(*fills, last))
    again = rebuilt(past, [same], LISTINGS, 900)
    assert [one.kind for one in again.reports] == [ReportKind.FILL, ReportKind.STATUS]
