"""The A/B report: against every order by hand; one version alone is no comparison."""

from __future__ import annotations

import pytest

from engine import ExecutionEngine
from engine.intelligence.ab_test import LEAST_ORDERS
from engine.model.units import QTY_SCALE
from engine.service.intelligence.ab_report import Outcome, _difference, _row
from engine.service.intelligence.board import Intelligence
from tests.support.intelligence_rig import ended, facts_of, with_board

ETH = 10**8


def test_costs_are_those_of_every_order_and_one_version_compares_to_none() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        ids = [await ended(engine, f"g{k}", ("buy", "sell")[k % 2], 3 + 7 * k) for k in range(4)]
        costs = []
        for order_id in ids:
            facts = facts_of(engine, order_id)
            unit = facts.arrival_x2 / 2 * facts.filled_1e8
            paid = sum(one.price_1e9 * one.qty_1e8 for one in facts.fills)
            fees = sum(one.fee_1e9 for one in facts.fills) * QTY_SCALE
            costs.append(1e4 * (facts.row.side.sign * (paid - unit) + fees) / unit)
        for _ in range(2):
            report = await board.ab_report("local", start_date="2020-01-01")
            (row,) = report.versions
            assert (row.unit, row.mean_cost_cents, row.slippage_cents) == ("bps", None, None)
            assert (row.routing_version, row.orders, row.filled_orders) == (1, 4, 4)
            assert row.mean_cost_bps == pytest.approx(sum(costs) / 4)
            assert row.standard_error_bps is not None and row.standard_error_bps > 0.0
            assert row.reason.startswith("not enough: 4 of")
            assert row.fill_rate == pytest.approx(1.0)
            assert report.differences == ()
            assert any("one routing version" in one for one in report.missing)
        assert (await board.ab_report("another")).versions == ()
        assert (await board.ab_report("local", symbol="BTC-USD")).versions == ()
        past = await board.ab_report("local", start_date="2020-01-01", end_date="2020-01-02")
        assert past.versions == ()
        summary = await board.summary("local", routing_version=1)
        assert (summary.total_orders, summary.routing_version) == (4, 1)
        none = await board.summary("local", routing_version=2)
        assert (none.total_orders, none.total_fills) == (0, 0)

    with_board(work)


def outcomes(
    version: int, mean: float, start_ns: int, count: int = 60, unit: str = "bps"
) -> list[Outcome]:
    """Orders whose costs lie around a mean."""
    return [
        Outcome(version, unit, start_ns + k, ETH, ETH, 10**12, mean, mean + 0.1 * (k % 7 - 3))
        for k in range(count)
    ]


def test_differences_say_what_may_be_said() -> None:
    groups = {1: outcomes(1, 3.0, 0), 2: outcomes(2, 2.0, 30), 3: outcomes(3, 3.0, 10**9)}
    cheaper = _difference(1, 2, "bps", groups)
    assert cheaper.difference_bps == pytest.approx(-1.0)
    assert cheaper.interval_high_bps is not None and cheaper.interval_high_bps < 0.0
    assert cheaper.verdict == "the candidate costs less than the baseline"
    assert cheaper.note == ""
    same = _difference(1, 3, "bps", groups)
    assert "no difference" in same.verdict
    assert "one after the other" in same.note
    few = _difference(1, 2, "bps", {**groups, 2: groups[2][: LEAST_ORDERS - 1]})
    assert few.difference_bps is None and few.verdict.startswith("not enough")


def test_orders_that_filled_nothing_count_but_cost_nothing() -> None:
    found = [*outcomes(1, 3.0, 0), Outcome(1, "bps", 99, ETH, 0, 0, None, None)]
    row = _row(1, "bps", found)
    assert (row.orders, row.filled_orders, row.measured_orders) == (61, 60, 60)
    assert row.fill_rate == pytest.approx(60 / 61)
    assert row.mean_cost_bps == pytest.approx(3.0, abs=0.02)
    empty = _row(0, "bps", [])
    assert empty.routing_version is None and empty.mean_cost_bps is None
    assert empty.fill_rate is None


def test_event_contracts_are_told_apart_and_in_cents() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        await ended(engine, "c", qty=3)
        event = await ended(engine, "e", qty=10, symbol="btc-above-70k-year-end")
        limit = {"symbol": "ETH-USD", "side": "buy", "qty": 1, "graph_id": "r"}
        terms = {"policy": "passive_limit", "horizon_ms": 60_000}
        run = await engine.submit({**limit, "execution": terms})
        await run.cancel()
        await run.done(timeout_s=30)
        report = await board.ab_report("local", start_date="2020-01-01")
        rows = {(one.routing_version, one.unit): one for one in report.versions}
        assert set(rows) == {(None, "bps"), (1, "bps"), (1, "cents")}
        facts = facts_of(engine, event)
        paid = sum(one.price_1e9 * one.qty_1e8 for one in facts.fills) / QTY_SCALE
        fees = sum(one.fee_1e9 for one in facts.fills)
        cents = (paid - facts.arrival_x2 / 2 * 10 + fees) / 10 / 1e7
        row = rows[1, "cents"]
        assert row.mean_cost_cents == pytest.approx(cents)
        assert (row.mean_cost_bps, row.slippage_bps) == (None, None)
        assert row.slippage_cents is not None and row.slippage_cents.mean is not None
        assert row.slippage_cents.mean == pytest.approx(cents - fees / 10 / 1e7)
        coins = rows[1, "bps"].mean_cost_bps
        assert coins is not None and 0.0 < coins < 50.0, "no event is among them"
        assert any("null for orders that took nothing (1)" in one for one in report.missing)

    with_board(work, events=True)


def test_differences_in_cents_are_in_cents() -> None:
    groups = {1: outcomes(1, 3.0, 0, unit="cents"), 2: outcomes(2, 2.0, 30, unit="cents")}
    found = _difference(1, 2, "cents", groups)
    assert (found.unit, found.difference_bps, found.interval_low_bps) == ("cents", None, None)
    assert found.difference_cents == pytest.approx(-1.0)
    assert found.interval_high_cents is not None and found.interval_high_cents < 0.0
