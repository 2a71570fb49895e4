"""Reports and routing rows computed from records, against numbers worked out by hand."""

from __future__ import annotations

import pytest

from engine.errors import Reason
from engine.model.graph import NodeStatus
from engine.model.instruments import Environment
from engine.model.records import DecisionRecord, JournalEntry
from engine.model.units import Side
from engine.service.markets.graph_symbols import Given
from engine.service.order_views import OrderView
from engine.service.rest.stream.payloads import Routing, Tca
from engine.store.rows import FillRow, NodeRow

UNIT = 100_000_000
USD = 1_000_000_000
NAME = "graph:g:n:1"


def order(side: Side = Side.BUY) -> OrderView:
    row = NodeRow(
        3, 1, 1, "n", NAME, "X", side, NodeStatus.FILLED, "", 4 * UNIT, 4 * UNIT, 0, 0, 0, "0", 0,
        2, 1, b"", 10, 20, 1, 9, 9,
    )  # fmt: skip
    return OrderView.of(row, "c")


def fill(venue: str, qty: int, price: int, fee: int) -> FillRow:
    return FillRow(
        5, 1, 3, "g", "n", "f", NAME, "c", venue, "X", Side.BUY, qty * UNIT, price * USD, 15,
        fee * USD, False, None, None, None, None, None, 0, 0,
    )  # fmt: skip


def decision(
    qty: int,
    cost: float,
    single: str = "a",
    single_cost: float = 9.0,
    mid: int = 100 * USD,
    *,
    event: bool = False,
) -> Routing:
    record = DecisionRecord(
        1, 1, 2, "X", Side.BUY, qty * UNIT, qty * UNIT, mid, cost, single, single_cost, 1,
        ("a", "b"), (Reason.NONE, Reason.LINK_DOWN), ((0, UNIT, 5), (1, 2 * UNIT, 6)), b"",
    )  # fmt: skip
    entry = JournalEntry(2, 7, 77, "c", Environment.SANDBOX, "g", "n", 0, record)
    return Routing.of(entry, NAME, is_prediction=event)


def test_a_report_compares_with_the_arrival_in_the_right_direction() -> None:
    fills = [fill("a", 3, 101, 1), fill("b", 1, 105, 1)]
    report = Tca.of(order(), 100 * USD, fills, [], is_prediction=False)
    assert report.achieved_vwap_1e9 == 102 * USD
    assert report.slippage_bps == pytest.approx(200.0)
    assert report.total_cost_bps == pytest.approx(250.0)
    assert report.fees_1e9 == 2 * USD
    assert [(one.venue, one.share) for one in report.venue_mix] == [("a", 0.75), ("b", 0.25)]
    assert report.venue_mix[0].vwap_1e9 == 101 * USD
    sold = Tca.of(order(Side.SELL), 100 * USD, fills, [], is_prediction=True)
    assert sold.slippage_bps == pytest.approx(-200.0)
    assert sold.total_cost_bps == pytest.approx(-150.0)
    assert sold.is_prediction


def test_a_decision_is_numbered_by_its_journal_entry() -> None:
    # Its record says 1, as the first of every router and every start does.
    assert decision(1, 1.0).decision_id == 7


def test_what_is_not_known_is_null() -> None:
    report = Tca.of(order(), 0, [], [], is_prediction=False)
    assert report.achieved_vwap_1e9 is None
    assert report.benchmark_vwap_1e9 is None
    assert report.slippage_bps is None
    assert report.savings_vs_single_venue_bps is None
    assert report.venue_mix == []


def test_savings_are_weighted_and_null_as_soon_as_one_is_not_known() -> None:
    known = [decision(3, 5.0), decision(1, 1.0)]
    report = Tca.of(order(), 100 * USD, [], known, is_prediction=False)
    assert report.est_cost_bps == pytest.approx(4.0)
    assert report.savings_vs_single_venue_bps == pytest.approx(5.0)
    assert report.best_single_venue == "a"
    mixed = [*known, decision(1, 1.0, single="")]
    report = Tca.of(order(), 100 * USD, [], mixed, is_prediction=False)
    assert report.savings_vs_single_venue_bps is None


def test_routing_names_its_legs_and_why_a_venue_was_left_out() -> None:
    routing = decision(3, 5.0)
    assert routing.chosen == "b"
    assert [(leg.venue, leg.qty_1e8) for leg in routing.legs] == [("a", UNIT), ("b", 2 * UNIT)]
    assert [(one.venue, one.eligible) for one in routing.candidates] == [("a", True), ("b", False)]
    assert routing.candidates[0].reason is None
    assert routing.candidates[1].reason == "LINK_DOWN"
    assert routing.ts_unix_ns == 77
    assert routing.side == "BUY"


def test_costs_of_an_event_are_bps_of_the_mid_and_cents_of_the_payoff() -> None:
    mid = 400_000_000
    routing = decision(3, 240.0, single_cost=280.0, mid=mid, event=True)
    assert routing.est_cost_bps == pytest.approx(600.0)
    assert routing.best_single_cost_bps == pytest.approx(700.0)
    assert routing.est_cost_cents == pytest.approx(2.4)
    no = routing.as_given(Given("X:no", mirrored=True))
    assert (no.symbol, no.side, no.mid_1e9) == ("X:no", "SELL", 600_000_000)
    assert no.est_cost_bps == pytest.approx(400.0)
    assert no.savings_bps == pytest.approx(400.0 / 6)
    assert no.est_cost_cents == routing.est_cost_cents
    assert [leg.limit_price_1e9 for leg in no.legs] == [USD - 5, USD - 6]
    assert routing.as_given(Given("token")).symbol == "token"
    assert routing.as_given(None) is routing
    blind = decision(3, 240.0, mid=0, event=True)
    assert (blind.est_cost_bps, blind.est_cost_cents, blind.best_single_cost_bps) == (None,) * 3
    assert blind.as_given(Given("X:no", mirrored=True)).mid_1e9 is None
    assert decision(3, 5.0).est_cost_cents is None


def test_a_report_of_an_event_stands_in_cents_too() -> None:
    fills = [fill("a", 4, 0, 0)]
    report = Tca.of(order(), USD // 2, fills, [], is_prediction=True)
    assert report.slippage_bps == pytest.approx(-10_000.0)
    assert report.slippage_cents == report.total_cost_cents == pytest.approx(-50.0)
    other = Tca.of(order(), USD // 2, fills, [], is_prediction=False)
    assert other.slippage_cents is other.total_cost_cents is None
