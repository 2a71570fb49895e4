"""The review: sums, benchmarks, decisions and what it says of what it cannot know."""

from __future__ import annotations

import asyncio

import pytest

from engine import ExecutionEngine
from engine.intelligence.attribution import shortfall_1e9
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.review import make_review
from tests.support.intelligence_rig import ETH, ended, facts_of, with_board


def test_the_review_of_a_filled_order_sums_and_redoes_its_decisions() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        order_id = await ended(engine, "a", "sell", 25)
        review = await board.review("local", order_id)
        tca, facts = review.tca, facts_of(engine, order_id)
        assert tca is not None and tca.shortfall_1e9 is not None
        assert tca.shortfall_1e9 == shortfall_1e9(facts.execution(lambda _: None))
        parts = (tca.delay_1e9, tca.timing_1e9, tca.spread_1e9, tca.impact_1e9, tca.fees_1e9)
        assert sum(parts) + tca.unattributed_1e9 + (tca.opportunity_1e9 or 0) == tca.shortfall_1e9
        assert tca.fees_1e9 == facts.row.fees_1e9 > 0
        assert tca.spread_1e9 > 0, "a taker crosses the spread"
        assert review.tca_bps is not None and review.tca_bps["shortfall"] is not None
        shares = sum(
            review.tca_bps[name] or 0.0
            for name in ("delay", "timing", "spread", "impact", "unattributed", "fees")
        )
        assert review.tca_bps["executed"] == pytest.approx(shares)
        executed, fees = review.tca_bps["executed"], review.tca_bps["fees"]
        assert executed is not None and fees is not None
        assert review.benchmarks.arrival_slippage_bps == pytest.approx(executed - fees)
        assert review.decisions and all(one.redone for one in review.decisions)
        judged = review.policy_regret
        assert judged is not None
        assert judged.realised_bps == review.tca_bps["shortfall"]
        assert review.tca_bps["delay"] == 0.0
        assert review.policy_regret_bps == judged.realised_bps - judged.best_estimate_bps
        assert judged.low_bps < judged.regret_bps < judged.high_bps
        assert judged.chosen_policy == "sor"
        assert judged.chosen_estimate_bps is not None
        assert judged.chosen_estimate_bps >= judged.best_estimate_bps
        assert judged.chosen_estimate_bps == pytest.approx(judged.realised_bps, abs=5.0)
        assert review.order.filled_qty_1e8 == 25 * ETH and review.order.terminal

    with_board(work)


def test_the_clients_decision_price_makes_the_delay() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        order_id = await ended(engine, "a")
        arrival_x2 = facts_of(engine, order_id).arrival_x2
        plain = await board.review("local", order_id)
        later = await board.review("local", order_id, arrival_x2 // 2 - 10**9)
        assert plain.tca is not None and later.tca is not None
        assert plain.tca.delay_1e9 == 0
        half = arrival_x2 % 2
        assert later.tca.delay_1e9 == 5 * (10**9) + (5 * half) // 2
        assert later.tca.impact_1e9 == pytest.approx(plain.tca.impact_1e9, abs=1)
        # The policy began at the arrival: whatever the client decided on before is not its fault.
        before, after = plain.policy_regret, later.policy_regret
        assert before is not None
        assert after is not None
        assert after.realised_bps == pytest.approx(before.realised_bps, abs=1e-3)
        assert later.tca_bps is not None
        shortfall = later.tca_bps["shortfall"]
        assert shortfall is not None
        assert shortfall > after.realised_bps + 1.0

    with_board(work)


def test_markouts_and_the_interval_come_with_time() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        await asyncio.sleep(0.15)
        order_id = await ended(engine, "a")
        await asyncio.sleep(0.35)
        review = await board.review("local", order_id)
        found = {one.horizon_ms: one for one in review.benchmarks.markouts}
        assert found[100].markout_bps is not None and found[100].fills > 0
        late = found[300_000]
        assert late.markout_bps is None and late.reason.startswith("the time has not passed yet")
        last_ns = max(one.ts_unix_ns for one in facts_of(engine, order_id).fills)
        assert late.due_ns == last_ns + 300 * 10**9
        assert found[100].due_ns is None
        assert review.benchmarks.twap is not None
        assert review.benchmarks.twap_slippage_bps is not None

    with_board(work)


def test_without_a_watch_the_interval_is_null_and_says_why() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        facts = facts_of(engine, await ended(engine, "a"))
        review = make_review(facts, None, (), None, {}, 0)
        assert any("too much" in one for one in review.missing)
        assert review.benchmarks.interval_vwap is None and review.benchmarks.twap is None
        assert {one.markout_bps for one in review.benchmarks.markouts} == {None}
        assert any("watched by a running engine" in one for one in review.missing)
        assert review.tca is not None and review.tca.shortfall_1e9 is not None

    with_board(work)


def test_a_working_order_has_no_shortfall_yet() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        run = await engine.submit(
            {"symbol": "ETH-USD", "side": "buy", "qty": 1, "price": 2_200, "graph_id": "r"}
        )
        review = await board.review("local", "r:order:1")
        assert review.tca is None and review.tca_bps is None, "0.0 would look like a cost"
        assert any("tca: nothing has filled yet" in one for one in review.missing)
        assert review.benchmarks.interval_vwap is None
        assert any("interval_vwap" in one and "yet" in one for one in review.missing)
        assert {one.reason for one in review.benchmarks.markouts} == {"nothing has filled"}
        assert review.forecast is None
        assert any("forecast: a limit price" in one for one in review.missing)
        await run.cancel()
        await run.done(timeout_s=30)
        await asyncio.sleep(0.15)
        over = await board.review("local", "r:order:1")
        assert over.tca is not None and over.tca.opportunity_1e9 is not None
        assert over.tca.shortfall_1e9 == over.tca.opportunity_1e9

    with_board(work)


def test_an_event_order_is_reviewed_in_cents_too() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        symbol = next(one for one in engine.world.markets if one.startswith("KX"))
        node = {
            "node_id": "order",
            "instrument": {"symbol": symbol, "type": "prediction"},
            "side": "buy",
            "quantity": {"fixed": {"qty_1e8": 10 * ETH}},
        }
        run = await engine.submit({"graph_id": "e", "nodes": [node], "edges": []})
        assert run.accepted, (run.text, run.faults)
        await run.done(timeout_s=30)
        review = await board.review("local", "e:order:1")
        assert review.order.is_prediction and review.order.filled_qty_1e8 == 10 * ETH
        tca, cents = review.tca, review.tca_cents
        assert tca is not None and cents is not None and tca.shortfall_1e9 is not None
        # Cents for each contract: ten contracts, a cent is 1e7 of 1e-9.
        assert cents["shortfall"] == pytest.approx(tca.shortfall_1e9 / 10 / 1e7)
        slip, fees = review.benchmarks.arrival_slippage_cents, cents["fees"]
        assert slip is not None and fees is not None
        assert cents["executed"] == pytest.approx(slip + fees)
        live = await board.live("local", "e:order:1")
        assert all(one.slippage_cents is not None for one in live.fills)
        assert [one.drift_1e9 for one in review.fees.per_venue] == [0]

    with_board(work, events=True)
