"""Decisions where to rest, in the log and the review: told, redone, to their client only."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine import ExecutionEngine
from engine.model.records import PostRecord
from engine.service.api_error import ApiError
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.decisions import decision_view, fills_by_choice, first_decision
from engine.service.intelligence.other_side import decision_of_no
from engine.service.intelligence.post_views import POST
from engine.service.intelligence.views import DecisionList, DecisionView
from engine.store.chain import encode_group
from engine.store.queries import choice_record
from engine.store.rows import DecisionRow
from tests.support.intelligence_rig import ETH, facts_of, with_board
from tests.support.journals import EntryMaker, post_decision

PASSIVE = {"policy": "passive_limit", "horizon_ms": 60_000}


async def posted(engine: ExecutionEngine, graph_id: str, **fields: Any) -> str:
    """The id of an order that has its first decision to post."""
    order = {"symbol": "ETH-USD", "side": "buy", "qty": 2, "graph_id": graph_id, **fields}
    run = await engine.submit(order)
    assert run.accepted, run.text
    name = f"graph:{graph_id}:order:1"
    for _ in range(200):
        await engine.flush()
        if engine.queries.decisions("local", engine.environment, node_order_id=name, posts=True):
            break
        await asyncio.sleep(0.01)
    return name


def of_kind(found: DecisionList, kind: str) -> list[DecisionView]:
    return [one for one in found.decisions if one.kind == kind]


def test_the_log_tells_posts_with_their_reason_to_their_client_only(tmp_path: Path) -> None:
    async def first(engine: ExecutionEngine, board: Intelligence) -> DecisionList:
        name = await posted(engine, "p", execution=PASSIVE)
        found = await board.decisions("local", node_order_id=name)
        assert found.decisions
        view = found.decisions[-1]
        assert (view.kind, view.redone, view.side) == (POST, True, "buy")
        assert view.planned_qty_1e8 == sum(leg.qty_1e8 for leg in view.legs) == 2 * ETH
        assert set(view.chosen) == {leg.venue for leg in view.legs}
        assert "cheapest maker fee" in view.why
        chosen = [one for one in view.candidates if one.taken_qty_1e8]
        spare = [one for one in view.candidates if one.eligible and not one.taken_qty_1e8]
        fees = [one.fee_bps for one in spare if one.fee_bps is not None]
        if view.next_venue is not None:
            assert view.next_fee_bps == min(fees)
            assert max(one.fee_bps or 0.0 for one in chosen) <= min(fees) + 1e-6
        assert view.est_cost_bps is not None
        nulls = (view.best_single_venue, view.best_single_cost_bps, view.saving_vs_single_bps,
                 view.selection_error_bps, view.coefficients_id)  # fmt: skip
        assert nulls == (None,) * 5
        for field in ("best_single_venue", "selection_error_bps", "coefficients_id"):
            assert any(text.startswith(field) for text in view.missing)
        assert (await board.decisions("another")).decisions == ()
        with pytest.raises(ApiError, match="no decision"):
            await board.decisions("another", decision_id=view.decision_id)
        (again,) = (await board.decisions("local", decision_id=view.decision_id)).decisions
        assert again == view
        with pytest.raises(ApiError):
            await board.decisions("another", node_order_id=name)
        review = await board.review("local", name)
        assert [one.decision_id for one in review.decisions if one.kind == POST]
        return found

    before = with_board(first, data_dir=str(tmp_path))

    async def second(_: ExecutionEngine, board: Intelligence) -> None:
        after = await board.decisions("local", node_order_id="graph:p:order:1", last_n=1_000)
        known = {one.decision_id: one for one in after.decisions}
        for view in before.decisions:
            again = known[view.decision_id]
            assert again.redone and again.why == view.why and again.legs == view.legs

    with_board(second, data_dir=str(tmp_path))


def test_what_only_understands_takes_passes_over_posts() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        name = await posted(engine, "p", execution=PASSIVE)
        facts = facts_of(engine, name)
        assert first_decision(engine.queries, facts.row.order_number) is None
        summary = await board.summary("local")
        assert summary.optimality_gap_bps is not None
        assert summary.optimality_gap_bps.sample_size == 0
        report = await board.ab_report("local")
        assert all(one.routing_version is None for one in report.versions)
        live = await board.live("local", name)
        assert live.node_order_id == name

    with_board(work)


def test_the_rest_of_a_limit_order_is_a_decision_beside_its_take() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        name = await posted(engine, "r", price=1_500)
        found = await board.decisions("local", node_order_id=name)
        (rest,) = of_kind(found, POST)
        (take,) = of_kind(found, "take")
        assert (rest.attempt, rest.legs[0].limit_price_1e9) == (take.attempt, 1_500 * 10**9)
        assert (take.chosen, len(rest.chosen)) == ((), 1)
        assert rest.forecast_error_reason == take.forecast_error_reason == "it has no fills"
        assert take.missing == ()

    with_board(work)


def test_fills_of_a_post_are_held_against_its_own_prices_and_fees() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        name = await posted(engine, "r", price=1_500)
        rows = engine.queries.decisions("local", engine.environment, node_order_id=name, posts=True)
        (row,) = [one for one in rows if isinstance(choice_record(one), PostRecord)]
        record = choice_record(row)
        assert isinstance(record, PostRecord)
        ((venue, qty, price),) = record.places
        facts = facts_of(engine, name)
        (child,) = facts.children
        rate = record.rules[venue].maker_ppm
        assert rate is not None
        run = await engine.submit({"symbol": "ETH-USD", "side": "buy", "qty": 1, "graph_id": "t"})
        await run.done(timeout_s=30)
        like = facts_of(engine, "graph:t:order:1").fills[0]
        fee = rate * qty // 10**6 * price // 10**8
        fill = msgspec.structs.replace(
            like, client_order_id=child.client_order_id, venue=child.venue, qty_1e8=qty,
            price_1e9=price, fee_1e9=fee,
        )  # fmt: skip
        view = decision_view(row, fills_by_choice([fill], facts.children))
        assert view.filled_qty_1e8 == qty
        assert view.forecast_error_bps == pytest.approx(0.0, abs=1e-6)
        assert view.forecast_error_reason == ""
        dearer = msgspec.structs.replace(fill, fee_1e9=fee + record.mid_1e9 // 10_000 * 2)
        worse = decision_view(row, fills_by_choice([dearer], facts.children))
        assert worse.forecast_error_bps == pytest.approx(1.0, abs=1e-3)
        assert decision_view(row).forecast_error_reason.startswith("its order is not known")

    with_board(work)


def test_of_a_no_order_prices_and_costs_are_those_of_no() -> None:
    cent = 10**7
    made = msgspec.structs.replace(
        post_decision(5, "event"),
        price_1e9=40 * cent,
        mid_1e9=50 * cent,
        far_1e9=(60 * cent, 60 * cent, 60 * cent),
        places=((1, 10**8, 40 * cent),),
    )
    entry = EntryMaker().entry(made, "alice", "g", "order")
    row = DecisionRow(
        entry.seq, 1, 1, 5, "g", "order", "event", entry.ts_ns, encode_group([entry])[0]
    )
    view = decision_view(row)
    turned = decision_of_no(view)
    assert (view.side, turned.side) == ("buy", "sell")
    assert (view.legs[0].limit_price_1e9, turned.legs[0].limit_price_1e9) == (40 * cent, 60 * cent)
    # Both mids are one half, so that bps are the same.
    assert turned.est_cost_bps == view.est_cost_bps
    assert view.est_cost_bps == pytest.approx(-2_000 + 1.0 * 0.8)
    assert (turned.next_venue, turned.kind, turned.why) == ("alpha", POST, view.why)
