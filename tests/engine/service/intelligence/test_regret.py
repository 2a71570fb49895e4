"""Regret in the review: the true first decision, the order's own terms, reasons where none."""

from __future__ import annotations

import asyncio
import time

import pytest
from msgspec import structs

from engine import ExecutionEngine
from engine.intelligence.policy_regret import Judged
from engine.model.records import DecisionRecord
from engine.service.intelligence import review
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.decisions import first_decision
from engine.service.intelligence.regret import judge_of, order_regret
from engine.service.intelligence.review import full_review
from tests.support.intelligence_rig import ETH, ended, facts_of, with_board

TWAP = {"pacing": {"uniform": {"num_slices": 4, "interval_ms": 60}}}


def test_the_first_decision_is_judged_however_many_came_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(review, "LAST_N_MAX", 2)

    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        facts = facts_of(engine, await ended(engine, "t", qty=8, execution=TWAP))
        rows = engine.queries.decisions("local", engine.environment, last_n=100)
        assert len(rows) > 2
        judged: list[DecisionRecord] = []

        def judge(record: DecisionRecord) -> Judged:
            judged.append(record)
            return Judged(why="not asked")

        told = await full_review(facts, engine.queries, None, {}, None, judge)
        assert [one.decision_id for one in judged] == [rows[-1].decision_id]
        assert len(told.decisions) == 2
        assert any("only the newest 2" in one for one in told.missing)
        assert first_decision(engine.queries, 10**9) is None

    with_board(work)


def test_terms_of_the_order_hold_for_what_it_is_compared_with() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        def regret_of(order_id: str) -> Judged:
            facts = facts_of(engine, order_id)
            record = first_decision(engine.queries, facts.row.order_number)
            assert record is not None
            return judge_of(board.pictures, facts)(record)

        paced = await ended(engine, "t", qty=4, execution=TWAP)
        assert "schedule" in regret_of(paced).why
        seen = await board.review("local", paced)
        assert seen.policy_regret is None
        assert any("schedule" in one for one in seen.missing)
        plain = regret_of(await ended(engine, "a", qty=5))
        quick = regret_of(await ended(engine, "b", qty=5, execution={"horizon_ms": 900}))
        times = {one.name: one.time_to_complete_ms for one in plain.estimates}
        short = {one.name: one.time_to_complete_ms for one in quick.estimates}
        assert (times["time_drip"] or 0) > 900 >= (short["time_drip"] or 0)
        # Half of it is beyond the cap: no other policy could have had all of it inside.
        soon = {"horizon_ms": 300}
        terms = {"max_slippage_bps": 3, **soon}
        capped = await ended(engine, "c", qty=5_000, execution=terms)
        assert "of its 5000 inside its slippage cap" in regret_of(capped).why
        # A market order has no limit: it is this engine that stops it.
        much = regret_of(await ended(engine, "d", qty=50_000, execution=soon)).why
        assert "its limit" not in much
        assert "of its 50000 inside the price collar of this engine" in much

    with_board(work)


def test_the_review_of_an_order_that_has_ended_stands_still() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        symbol = "ETH-USD"
        first = await ended(engine, "a", qty=5)
        # What comes a second after the fills is no news of later on.
        await asyncio.sleep(1.2)
        for _ in range(300):
            if board.calibration.ended_forecast("local", engine.environment, first) is not None:
                break
            await asyncio.sleep(0.01)
        before = await board.review("local", first)
        assert before.policy_regret is not None
        for index in range(3):
            await ended(engine, f"b{index}", "sell", qty=40)
            await ended(engine, f"c{index}", "buy", qty=40)
        observed = board.pictures.picture(symbol).observations
        for venue in range(len(observed.misses)):
            observed.observe_take(venue, 0, ETH, hit=False, now_ns=time.time_ns())
            observed.observe_latency(venue, 10**9)
        observed.sigma *= 5.0
        engine.world.tapes[symbol].observe_trade(time.time_ns(), 10**6 * ETH)
        again = await board.review("local", first)
        assert again.policy_regret == before.policy_regret
        # Markouts, and the volume that its participation asks for, go on until they are complete.
        stack, pwp = before.benchmarks, "pwp: "
        kept = structs.replace(
            again,
            as_of_ns=before.as_of_ns,
            benchmarks=structs.replace(
                again.benchmarks,
                markouts=stack.markouts,
                pwp=stack.pwp,
                pwp_slippage_bps=stack.pwp_slippage_bps,
            ),
            missing=tuple(one for one in again.missing if not one.startswith(pwp)),
        )
        told = tuple(one for one in before.missing if not one.startswith(pwp))
        before = structs.replace(before, missing=told)
        assert kept == before

    with_board(work)


def test_without_cost_or_decision_the_reason_is_told() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        facts = facts_of(engine, await ended(engine, "a"))
        missing: list[str] = []
        assert order_regret(facts, None, None, missing) is None
        shares = {"shortfall": 1.0, "delay": 0.25}
        assert order_regret(facts, shares, None, missing) is None
        assert order_regret(facts, shares, Judged(why="a reason"), missing) is None
        assert [one.rpartition(": ")[2] for one in missing] == [
            "its whole cost is not known",
            "no decision recorded books to estimate others on",
            "a reason",
        ]

    with_board(work)
