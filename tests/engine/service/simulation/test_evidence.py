"""The reading of a journal: what an entry must fit, grant by grant and price by price."""

from __future__ import annotations

import msgspec
import pytest

from engine.model.graph import (
    FixedAmount,
    Graph,
    LimitOrder,
    LimitPrice,
    Node,
    NodeInstrument,
    NodeStatus,
    Quantity,
)
from engine.model.instruments import Environment
from engine.model.orders import (
    Grant,
    OrderReport,
    OrderTerms,
    ReportKind,
    RouteIntent,
    TimeInForce,
    client_order_id,
)
from engine.model.records import (
    ChildIntent,
    ChildrenIntended,
    FillRecord,
    GraphAccepted,
    JournalEntry,
    NodeChanged,
    RecordPayload,
    ReportRecorded,
)
from engine.model.units import Side
from engine.service.simulation.evidence import Evidence, passes

BOX = Environment.SANDBOX
PRICE, QTY = 100 * 10**9, 10**8
CHILD = ChildIntent(client_order_id(1, 7, 0, 1, 0), "kraken", Side.BUY, QTY, PRICE, TimeInForce.IOC)
NODE = Node(
    node_id="n",
    instrument=NodeInstrument(symbol="ETH-USD", venue="kraken"),
    side="buy",
    order_type=LimitOrder(limit=LimitPrice(price_1e9=PRICE)),
    quantity=Quantity(fixed=FixedAmount(qty_1e8=QTY)),
)


def grant(qty: int = QTY, worst: int = PRICE) -> Grant:
    tif = TimeInForce.IOC
    intent = RouteIntent(
        1, "alice", BOX, "g", 7, "n", 0, 1, 2, Side.BUY, qty, PRICE, worst, tif, "kraken", False
    )
    return Grant(5, intent, qty, worst, 100 * 10**9)


def fill(name: str = CHILD.client_order_id, qty: int = QTY, price: int = PRICE) -> FillRecord:
    return FillRecord(
        "t1", "graph:g:n:0", name, "kraken", "ETH-USD", Side.BUY, qty, price, 0, 0,
        False, None, None, None, None, None,
    )  # fmt: skip


class Reader:
    """Feeds payloads to fresh evidence and keeps what it says."""

    def __init__(self, given: Grant | None = None, loosened: bool = False) -> None:
        grants = {} if given is None else {given.grant_id: given}
        self.evidence = Evidence(grants, {("g", "n"): [PRICE + 1]} if loosened else {})
        self.seq = 0
        self.said: list[str] = []
        self.read(GraphAccepted(7, Graph(nodes=(NODE,)), (0,), (None,)))

    def read(self, *payloads: RecordPayload, node_id: str = "n") -> list[str]:
        for payload in payloads:
            self.seq += 1
            entry = JournalEntry(1, self.seq, 0, "alice", BOX, "g", node_id, 0, payload)
            self.said.extend(self.evidence.take(entry))
        return self.said


def wish(*children: ChildIntent, attempt: int = 1) -> ChildrenIntended:
    return ChildrenIntended(attempt, 5, children or (CHILD,))


def child(**changes: object) -> ChildIntent:
    return msgspec.structs.replace(CHILD, **changes)


def test_a_child_inside_its_grant_and_its_fill_are_sound() -> None:
    reader = Reader(grant())
    assert reader.read(wish(), fill()) == []
    assert reader.evidence.fills["g", "n"] == QTY


def test_children_need_a_grant() -> None:
    assert "which nobody gave" in Reader().read(wish())[0]


@pytest.mark.parametrize(
    ("payload", "sentence"),
    [
        (wish(child(qty_1e8=QTY + 1)), "has children of"),
        (wish(child(limit_price_1e9=PRICE + 1)), "passes the cap"),
        (wish(child(limit_price_1e9=PRICE + 1)), "passes the limit of its node"),
        (wish(child(side=Side.SELL)), "wrong side"),
        (wish(child(venue="binance")), "is pinned to"),
        (wish(child(client_order_id="xg1-7-0-2-0")), "another node or attempt"),
        (wish(child(client_order_id="xg1-8-0-1-0")), "another node or attempt"),
        (wish(child(client_order_id="somebody")), "no order of ours"),
        (wish(attempt=2), "of another attempt"),
        (wish(CHILD, CHILD), "intended twice"),
    ],
)
def test_a_child_outside_is_seen(payload: ChildrenIntended, sentence: str) -> None:
    said = Reader(grant()).read(payload)
    assert any(sentence in one for one in said), said


def test_a_limit_that_the_client_changed_does_not_bind() -> None:
    raised = wish(child(limit_price_1e9=PRICE + 1))
    assert Reader(grant(worst=PRICE + 1), loosened=True).read(raised) == []


@pytest.mark.parametrize(
    ("payload", "sentence"),
    [
        (fill(name="xg1-7-0-9-0"), "never intended"),
        (fill(price=PRICE + 1), "beyond"),
        (fill(qty=QTY + 1), "filled more than"),
        (fill(qty=QTY + 1), "filled beyond it"),
    ],
)
def test_a_fill_outside_is_seen(payload: FillRecord, sentence: str) -> None:
    said = Reader(grant()).read(wish(), payload)
    assert any(sentence in one for one in said), said


def test_a_grant_is_used_once() -> None:
    said = Reader(grant()).read(wish(), wish(child(client_order_id="xg1-7-0-1-1")))
    assert any("used twice" in one for one in said)


def test_an_ended_node_stays_ended() -> None:
    ended = NodeChanged("graph:g:n:0", NodeStatus.FILLED, "", 1, 1, 0, 0, "1", 0, 1, 1, b"")
    again = msgspec.structs.replace(ended, status=NodeStatus.EXECUTING)
    assert any("again" in one for one in Reader(grant()).read(ended, again))


def test_worse_is_higher_for_a_buyer_and_lower_for_a_seller() -> None:
    assert passes(Side.BUY, 101, 100)
    assert not passes(Side.BUY, 100, 100)
    assert passes(Side.SELL, 99, 100)
    assert not passes(Side.SELL, 101, 100)
    assert not passes(Side.SELL, 1, None)


def amendment(qty: int, price: int) -> ReportRecorded:
    return ReportRecorded(
        OrderReport(
            ReportKind.AMENDED,
            CHILD.client_order_id,
            "kraken",
            told=OrderTerms(qty, price, 1),
        )
    )


def test_an_amended_child_is_judged_by_its_new_terms() -> None:
    reader = Reader(grant(), loosened=True)
    assert (
        reader.read(wish(), amendment(2 * QTY, PRICE + 1), fill(qty=2 * QTY, price=PRICE + 1)) == []
    )
    assert reader.read(fill(qty=1))[-1].endswith(f"filled more than its {2 * QTY}")


def test_an_amendment_past_the_node_or_below_what_is_filled_is_found() -> None:
    reader = Reader(grant())
    (said,) = reader.read(wish(), amendment(QTY, PRICE + 1))
    assert "past the limit of its node" in said
    reader = Reader(grant())
    (said,) = reader.read(wish(), fill(), amendment(QTY // 2, PRICE))
    assert "below what it had filled" in said
