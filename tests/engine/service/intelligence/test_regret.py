"""Regret in the review: the true first decision, the order's own terms, reasons where none."""

from __future__ import annotations

import pytest

from engine import ExecutionEngine
from engine.intelligence.policy_regret import Judged
from engine.model.records import DecisionRecord
from engine.service.intelligence import review
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.decisions import first_decision
from engine.service.intelligence.regret import judge_of, order_regret
from engine.service.intelligence.review import full_review
from tests.support.intelligence_rig import ended, facts_of, with_board

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
        capped = await ended(engine, "c", qty=5_000, execution={"max_slippage_bps": 3})
        assert "inside its limit" in regret_of(capped).why

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
