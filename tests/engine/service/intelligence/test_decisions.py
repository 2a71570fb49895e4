"""Decisions as answers: the record's own facts, redone, with what they came to."""

from __future__ import annotations

import pytest
from msgspec import structs

from engine import ExecutionEngine
from engine.model.orders import TimeInForce
from engine.model.units import Side
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.decisions import (
    decision_view,
    decision_views,
    fills_by_choice,
)
from engine.service.intelligence.other_side import facts_of_no
from engine.store.queries import decision_record
from tests.support.intelligence_rig import ETH, ended, facts_of, with_board


def test_a_decision_is_told_as_recorded_and_realised_by_its_own_fills() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        facts = facts_of(engine, await ended(engine, "a", "sell", 20))
        (row,) = engine.queries.decisions("local", engine.environment)
        record = decision_record(row)
        by_choice = fills_by_choice(facts.fills, facts.children)
        fills = by_choice[record.attempt, False]
        view = decision_view(row, by_choice)
        assert await decision_views([row, row], by_choice) == (view, view)
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
        turned = {(1, False): facts_of_no(facts).fills}
        assert turned[1, False][0].side is Side.BUY
        view = decision_view(row, {(1, False): facts.fills})
        assert decision_view(row, turned) == view
        assert view.forecast_error_bps == pytest.approx(0.0, abs=1.0)

    with_board(work, events=True)


def test_fills_go_to_the_attempt_of_their_child_and_to_what_was_to_rest() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        facts = facts_of(engine, await ended(engine, "a"))
        name = facts.fills[0].client_order_id
        mine = [one for one in facts.fills if one.client_order_id == name]
        (child,) = [one for one in facts.children if one.client_order_id == name]
        child = structs.replace(child, attempt=7)
        assert fills_by_choice(facts.fills, [child]) == {(7, False): mine}
        rests = structs.replace(child, tif=TimeInForce.GTC)
        assert fills_by_choice(facts.fills, [rests]) == {(7, True): mine}

    with_board(work)


def test_a_part_that_came_is_held_against_the_estimate_of_that_part() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        facts = facts_of(engine, await ended(engine, "a", "sell", 60))
        row = engine.queries.decisions("local", engine.environment)[-1]
        record, whole = decision_record(row), decision_view(row)
        mine = fills_by_choice(facts.fills, facts.children)[record.attempt, False]
        one = mine[0]
        total, legs = 0.0, 0
        for v, qty, _limit in record.legs:
            leg = structs.replace(one, venue=record.venues[v], qty_1e8=qty)
            seen = decision_view(row, {(record.attempt, False): [leg]})
            assert seen.est_filled_cost_bps is not None
            total += seen.est_filled_cost_bps * qty
            legs += qty
            # Half of a leg is its cheaper half.
            half = structs.replace(leg, qty_1e8=qty // 2)
            part = decision_view(row, {(record.attempt, False): [half]}).est_filled_cost_bps
            assert part is not None
            assert part <= seen.est_filled_cost_bps + 1e-9
        assert whole.est_cost_bps == pytest.approx(total / legs, abs=1e-6)
        too_much = structs.replace(one, qty_1e8=10**15)
        beyond = decision_view(row, {(record.attempt, False): [too_much]})
        assert beyond.realised_cost_bps is not None
        assert beyond.forecast_error_bps is None
        assert "more was filled" in beyond.forecast_error_reason
        nothing = decision_view(row, {})
        assert (nothing.forecast_error_reason, nothing.filled_qty_1e8) == ("it has no fills", 0)

    with_board(work)
