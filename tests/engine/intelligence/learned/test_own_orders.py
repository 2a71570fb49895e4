"""What entries teach: answers, refusals, fades, fills, each once and of the right venue."""

from __future__ import annotations

import pytest

from engine.errors import Reason
from engine.intelligence.learned import own_orders
from engine.intelligence.learned.markouts import FillSeen
from engine.intelligence.learned.own_orders import OwnOrders
from engine.intelligence.learned.records import VenueRecord
from engine.model.instruments import Environment
from engine.model.orders import OrderReport, ReportKind, TimeInForce
from engine.model.records import (
    ENTRY_VERSION,
    ChildIntent,
    ChildrenIntended,
    FillRecord,
    JournalEntry,
    RecordPayload,
    ReportRecorded,
)
from engine.model.units import Side

MS = 10**6
T0 = 1_700_000_000 * 10**9


class Rig:
    """Own orders over a dictionary of records."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], VenueRecord] = {}
        self.fills: list[FillSeen] = []
        self.asked: list[tuple[str, str]] = []
        self.orders = OwnOrders(self.record, self.fills.append, self.symbols)
        self.seq = 0

    def record(self, venue: str, symbol: str) -> VenueRecord:
        return self.records.setdefault((venue, symbol), VenueRecord())

    def symbols(self, client_id: str, graph_id: str) -> dict[str, str]:
        self.asked.append((client_id, graph_id))
        return {"n": "AAA-USD"} if graph_id == "g" else {}

    def take(self, payload: RecordPayload, after_ms: int = 0, graph_id: str = "g") -> None:
        self.seq += 1
        head = ENTRY_VERSION, self.seq, T0 + after_ms * MS, "me", Environment.SANDBOX
        self.orders.take(JournalEntry(*head, graph_id, "n", 0, payload))

    def send(self, name: str = "c", qty: int = 10, tif: TimeInForce = TimeInForce.IOC) -> None:
        child = ChildIntent(name, "v", Side.BUY, qty, 100, tif)
        self.take(ChildrenIntended(1, 1, (child,)))

    def fill(self, qty: int, after_ms: int, name: str = "c", maker: bool | None = None) -> None:
        row = name + str(after_ms), "n", name, "v", "AAA-USD", Side.BUY, qty, 100, T0
        self.take(FillRecord(*row, 0, maker, None, None, None, None, None), after_ms)

    def report(
        self,
        kind: ReportKind,
        after_ms: int,
        name: str = "c",
        code: str = "",
        text: str = "",
        cum: int = -1,
        venue: str = "v",
    ) -> None:
        said = OrderReport(kind, name, venue, cum_qty_1e8=cum, code=code, text=text)
        self.take(ReportRecorded(said), after_ms)

    @property
    def seen(self) -> VenueRecord:
        return self.record("v", "AAA-USD")


def test_a_take_that_fills_whole_is_an_answer_and_no_fade() -> None:
    rig = Rig()
    rig.send()
    rig.fill(4, 40)
    rig.fill(6, 50)
    assert rig.seen.answer_s.quantile(0.5) == pytest.approx(0.040, rel=0.08)
    assert rig.seen.answer_s.weight == pytest.approx(1.0)
    assert (rig.seen.fades.happened, rig.seen.fades.total) == (0.0, 1.0)
    assert rig.seen.rejects.rate() == 0.0
    assert [(one.sign, one.maker, one.at_ns) for one in rig.fills] == [
        (1, False, T0 + 40 * MS),
        (1, False, T0 + 50 * MS),
    ]
    assert not rig.orders.children


def test_what_an_immediate_order_misses_has_faded() -> None:
    rig = Rig()
    rig.send()
    rig.fill(4, 40)
    rig.report(ReportKind.EXPIRED, 41)
    assert rig.seen.fades.happened == pytest.approx(0.6)


def test_a_resting_order_that_is_cancelled_has_not_faded() -> None:
    rig = Rig()
    rig.send(tif=TimeInForce.GTC)
    rig.report(ReportKind.ACCEPTED, 30)
    rig.fill(4, 5_000)
    rig.report(ReportKind.CANCELLED, 6_000)
    assert rig.seen.fades.total == 0.0
    assert rig.seen.answer_s.weight == pytest.approx(1.0)
    assert rig.fills[0].maker


def test_refusals_are_counted_and_what_never_arrived_is_not() -> None:
    rig = Rig()
    for name in ("a", "b", "c"):
        rig.send(name)
    rig.report(ReportKind.REJECTED, 10, "a")
    rig.report(ReportKind.NOT_FOUND, 10, "b")
    rig.fill(10, 10, "c")
    assert rig.seen.rejects.rate() == pytest.approx(0.5)
    # The refusal is an answer too; that nobody knows the order is none.
    assert rig.seen.answer_s.weight == pytest.approx(2.0)
    assert not rig.orders.children


@pytest.mark.parametrize("end", [ReportKind.EXPIRED, ReportKind.CANCELLED])
def test_what_happens_to_a_resting_order_times_no_venue(end: ReportKind) -> None:
    rig = Rig()
    rig.send("a", tif=TimeInForce.GTC)
    rig.report(end, 120_000, "a")
    rig.send("b", tif=TimeInForce.GTC)
    rig.fill(10, 5_000, "b")
    rig.send("c", tif=TimeInForce.GTC)
    rig.fill(4, 5_000, "c", maker=True)
    rig.fill(6, 6_000, "c", maker=False)
    rig.send("d", tif=TimeInForce.GTC)
    rig.report(ReportKind.AMENDED, 9_000, "d")
    rig.fill(10, 9_050, "d", maker=False)
    assert rig.seen.answer_s.weight == 0.0
    # They were taken nevertheless.
    assert rig.seen.rejects.total == pytest.approx(4.0)
    assert rig.seen.rejects.rate() == 0.0
    assert rig.seen.fades.total == 0.0


def test_a_resting_order_that_takes_is_answered_by_its_fill() -> None:
    rig = Rig()
    rig.send(tif=TimeInForce.GTC)
    rig.fill(4, 40, maker=False)
    rig.report(ReportKind.EXPIRED, 120_000)
    assert rig.seen.answer_s.weight == pytest.approx(1.0)
    assert rig.seen.answer_s.quantile(0.5) == pytest.approx(0.040, rel=0.08)


@pytest.mark.parametrize("kind", [ReportKind.UNKNOWN, ReportKind.STATUS])
def test_an_order_that_had_to_be_asked_for_times_no_venue(kind: ReportKind) -> None:
    rig = Rig()
    rig.send()
    rig.send("other")
    rig.report(kind, 3_000, cum=10)
    rig.fill(10, 60_000, "c")
    assert rig.seen.answer_s.weight == 0.0
    if kind is ReportKind.STATUS:
        # It does not work any more, and what it filled has not faded.
        assert (rig.seen.fades.happened, rig.seen.fades.total) == (0.0, 1.0)
    assert list(rig.orders.children) == ["other"]


def test_fills_that_are_owed_at_the_end_have_not_faded() -> None:
    rig = Rig()
    rig.send()
    rig.report(ReportKind.EXPIRED, 40, cum=10)
    rig.fill(10, 45)
    assert (rig.seen.fades.happened, rig.seen.fades.total) == (0.0, 1.0)


@pytest.mark.parametrize("code", [Reason.KILL_SWITCH, Reason.LINK_DOWN, Reason.ENGINE_BUSY])
def test_what_never_left_is_no_refusal_of_the_venue(code: Reason) -> None:
    rig = Rig()
    rig.send()
    rig.report(ReportKind.REJECTED, 0, code=code.value)
    assert rig.seen.rejects.total == rig.seen.answer_s.weight == 0.0
    assert not rig.orders.children
    # The same word from the venue, with its own time, is one.
    rig.send()
    told = OrderReport(ReportKind.REJECTED, "c", "v", exchange_ns=T0, code=code.value)
    rig.take(ReportRecorded(told), 20)
    assert rig.seen.rejects.rate() == 1.0 and rig.seen.answer_s.weight == pytest.approx(1.0)


def test_an_order_is_taken_or_refused_once() -> None:
    rig = Rig()
    rig.send(tif=TimeInForce.GTC)
    rig.report(ReportKind.ACCEPTED, 30)
    rig.report(ReportKind.REJECTED, 31, code="X")
    assert rig.seen.rejects.total == pytest.approx(1.0)


def test_an_immediate_order_that_is_killed_has_faded_and_was_not_refused() -> None:
    rig = Rig()
    rig.send(tif=TimeInForce.FOK)
    text = "order couldn't be fully filled or killed"
    rig.report(ReportKind.REJECTED, 30, text=text, venue="polymarket")
    assert (rig.seen.fades.happened, rig.seen.fades.total) == (1.0, 1.0)
    assert (rig.seen.rejects.happened, rig.seen.rejects.total) == (0.0, 1.0)


def test_a_fill_of_a_child_from_before_is_still_a_fill() -> None:
    rig = Rig()
    rig.fill(4, 40, maker=True)
    assert rig.fills[0].maker
    assert rig.seen.answer_s.quantile(0.5) is None


def test_symbols_of_a_graph_are_asked_for_once_and_what_is_unknown_is_left() -> None:
    rig = Rig()
    rig.send("a")
    rig.send("b")
    assert rig.asked == [("me", "g")]
    rig.take(
        ChildrenIntended(1, 1, (ChildIntent("x", "v", Side.BUY, 1, 1, TimeInForce.IOC),)), 0, "?"
    )
    assert sorted(rig.orders.children) == ["a", "b"]


def test_children_and_graphs_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_orders, "CHILDREN_MAX", 2)
    monkeypatch.setattr(own_orders, "GRAPHS_MAX", 1)
    rig = Rig()
    for name in ("a", "b", "c"):
        rig.send(name)
    assert list(rig.orders.children) == ["b", "c"]
    rig.take(ChildrenIntended(1, 1, ()), 0, "other")
    assert list(rig.orders.graphs) == [("me", "other")]
