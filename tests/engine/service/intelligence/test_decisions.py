"""Decisions as answers: the record's own facts, redone, with what they came to."""

from __future__ import annotations

import pytest

from engine import ExecutionEngine
from engine.model.units import Side
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.decisions import (
    decision_view,
    decision_views,
    fills_by_attempt,
)
from engine.service.intelligence.other_side import facts_of_no
from engine.store.queries import decision_record
from tests.support.intelligence_rig import ETH, ended, facts_of, with_board


def test_a_decision_is_told_as_recorded_and_realised_by_its_own_fills() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        facts = facts_of(engine, await ended(engine, "a", "sell", 20))
        (row,) = engine.queries.decisions("local", engine.environment)
        record = decision_record(row)
        attempts = {one.client_order_id: one.attempt for one in facts.children}
        by_attempt = fills_by_attempt(facts.fills, attempts)
        fills = by_attempt[record.attempt]
        view = decision_view(row, by_attempt)
        assert await decision_views([row, row], by_attempt) == (view, view)
        assert view.redone and view.side == "sell"
        assert [(leg.qty_1e8, leg.limit_price_1e9) for leg in view.legs] == [
            (qty, limit) for _, qty, limit in record.legs
        ]
        assert view.qty_1e8 == 20 * ETH
        assert view.node_order_id == "graph:a:order:1"
        paid = sum(one.price_1e9 * one.qty_1e8 for one in fills)
        qty = sum(one.qty_1e8 for one in fills)
        fees = sum(one.fee_1e9 for one in fills) * 1e8
        mid = record.mid_1e9
        wanted = 1e4 * (mid * qty - paid + fees) / (mid * qty)
        assert view.realised_cost_bps == pytest.approx(wanted)
        assert view.est_cost_bps is not None
        assert view.forecast_error_bps == pytest.approx(wanted - view.est_cost_bps)
        bare = decision_view(row)
        assert bare.realised_cost_bps is None and bare.forecast_error_bps is None

    with_board(work)


def test_fills_turned_to_the_no_side_are_measured_in_the_records_own_terms() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        symbol = "btc-above-70k-year-end"
        facts = facts_of(engine, await ended(engine, "a", "sell", 10, symbol=symbol))
        (row,) = engine.queries.decisions("local", engine.environment)
        turned = {1: facts_of_no(facts).fills}
        assert turned[1][0].side is Side.BUY
        view = decision_view(row, {1: facts.fills})
        assert decision_view(row, turned) == view
        assert view.forecast_error_bps == pytest.approx(0.0, abs=1.0)

    with_board(work, events=True)


def test_fills_go_to_the_attempt_of_their_child() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        facts = facts_of(engine, await ended(engine, "a"))
        name = facts.fills[0].client_order_id
        assert fills_by_attempt(facts.fills, {name: 7}) == {
            7: [one for one in facts.fills if one.client_order_id == name]
        }

    with_board(work)
