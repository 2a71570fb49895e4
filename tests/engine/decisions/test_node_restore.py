"""Restoring a node: its ledger comes from single fills, its children go on as unknown."""

from __future__ import annotations

from engine.decisions.node_memory import NodeMemory
from engine.decisions.node_restore import PastChild, PastFill, RestoredNode, restored_node
from engine.model.orders import ChildState, OrderReport, ReportKind, TimeInForce, VenueFill
from tests.support.builders import child

QTY = 10**8
PRICE = 64_000 * 10**9
STARTED = NodeMemory(version=4, accepted=True, started_ns=50, baseline_x2=2 * PRICE)
NAME = "xg1-1-0-1-0"


def restored(
    memory: NodeMemory = STARTED,
    fills: tuple[PastFill, ...] = (),
    children: tuple[PastChild, ...] = (),
    attempt: int = 1,
) -> RestoredNode:
    return restored_node(
        memory, QTY, attempt, fills, children, arrival_x2=77, created_ns=40, now_ns=900
    )


def fill(trade: str, qty: int, price: int = PRICE, name: str = NAME) -> PastFill:
    return PastFill(name, trade, price, qty, 10, 3)


def test_a_node_that_never_started_has_no_ledger() -> None:
    back = restored(NodeMemory(version=2))
    assert (back.ledger, back.accepted, back.started_ns) == (None, False, 0)


def test_fills_are_summed_one_by_one() -> None:
    fills = fill("t1", QTY // 4), fill("t2", QTY // 2, PRICE + 10, "xg1-1-0-1-9")
    ledger = restored(fills=fills).ledger
    assert ledger is not None
    assert ledger.filled_qty_1e8 == QTY * 3 // 4 and ledger.fill_count == 2
    assert ledger.price_times_qty == PRICE * (QTY // 4) + (PRICE + 10) * (QTY // 2)
    assert (ledger.fees_1e9, ledger.base_fee_1e9) == (20, 6)
    assert ledger.remaining_qty_1e8 == QTY // 4


def test_a_child_goes_on_as_unknown_and_knows_its_fills() -> None:
    order = child(QTY, tif=TimeInForce.GTC)
    back = restored(fills=(fill("t1", QTY // 4),), children=(PastChild(order, 3),))
    ledger = back.ledger
    assert ledger is not None
    kept = ledger.children[NAME]
    assert (kept.state, kept.sent_ns) == (ChildState.UNKNOWN, 900)
    assert (kept.open_qty_1e8, ledger.remaining_qty_1e8) == (QTY * 3 // 4, 0)
    again = OrderReport(ReportKind.FILL, NAME, "alpha", fill=VenueFill("t1", PRICE, QTY // 4))
    ledger.apply(again)
    assert ledger.filled_qty_1e8 == QTY // 4, "a fill that is recorded counts once"
    assert back.attempt == 3, "the next attempt comes after every known one"


def test_a_child_keeps_mid_and_touch_of_its_plan() -> None:
    other = child(QTY, number=1)
    children = PastChild(child(QTY), 1, 11, 22), PastChild(other, 2)
    ledger = restored(children=children).ledger
    assert ledger is not None
    marks = [(one.mid_1e9, one.touch_1e9) for one in ledger.children.values()]
    assert marks == [(11, 22), (0, 0)]


def test_a_root_whose_start_was_not_recorded_has_started_all_the_same() -> None:
    back = restored(NodeMemory(), children=(PastChild(child(QTY), 1),), attempt=0)
    assert back.accepted
    assert (back.started_ns, back.baseline_x2, back.attempt) == (40, 77, 1)


def test_what_was_recorded_of_the_start_goes_before_what_stands_in() -> None:
    back = restored()
    assert (back.started_ns, back.baseline_x2, back.memory) == (50, 2 * PRICE, STARTED)
    none = restored(NodeMemory(started_ns=50))
    assert none.baseline_x2 is None, "it had started without a mid"
