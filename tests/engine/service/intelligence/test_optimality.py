"""The router's gap on a sample of decisions: bounded work, newest first, true quantiles."""

from __future__ import annotations

import pytest

from engine import ExecutionEngine
from engine.service.intelligence import optimality
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.optimality import TURN_DECISIONS, GapSampler, at_level
from tests.support.intelligence_rig import ended, with_board


def test_decisions_are_sampled_once_and_few_at_a_time() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        sampler = GapSampler()
        assert sampler.sample(engine.queries) == 0
        empty = sampler.view(engine.queries, None)
        assert "no routing decision" in empty.reason
        assert (empty.p50_bps, empty.p99_bps, empty.proven_optimal, empty.sample_size) == (
            None,
            None,
            None,
            0,
        )
        for number in range(TURN_DECISIONS + 3):
            await ended(engine, f"g{number}", ("buy", "sell")[number % 2], 5 + number)
        found = await board.decisions("local", last_n=100)
        assert len(found.decisions) > TURN_DECISIONS
        assert sampler.sample(engine.queries) <= TURN_DECISIONS
        assert sampler.sample(engine.queries) == 0
        newest = [one.selection_error_bps for one in found.decisions[:TURN_DECISIONS]]
        row = engine.queries.account("local", engine.environment)
        assert row is not None
        gaps = sampler.accounts[row.account].gaps
        assert sorted(gaps) == pytest.approx(sorted(gap for gap in newest if gap is not None))
        seen = sampler.view(engine.queries, row.account)
        assert seen.sample_size == len(gaps) > 0
        assert seen.reason == ""
        assert seen.p50_bps is not None and seen.p99_bps is not None and seen.max_bps is not None
        assert 0.0 <= seen.p50_bps <= seen.p99_bps <= seen.max_bps
        assert seen.not_redone == 0
        assert (await board.summary("local")).optimality_gap_bps is not None

    with_board(work)


def test_a_client_is_told_of_its_own_decisions_only() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        await ended(engine, "g", qty=25)
        board.upkeep.gaps.sample(engine.queries)
        mine = (await board.summary("local")).optimality_gap_bps
        theirs = (await board.summary("mallory")).optimality_gap_bps
        assert mine is not None
        assert theirs is not None
        assert mine.sample_size > 0
        assert mine.max_bps is not None
        assert (theirs.sample_size, theirs.max_bps, theirs.proven_optimal) == (0, None, None)
        assert theirs.reason

    with_board(work)


def test_a_client_that_the_sample_passed_over_is_looked_at_when_it_asks() -> None:
    async def work(engine: ExecutionEngine, _: Intelligence) -> None:
        await ended(engine, "g", qty=25)
        row = engine.queries.account("local", engine.environment)
        assert row is not None
        sampler = GapSampler()
        sampler.last_seq = 10**12
        assert sampler.sample(engine.queries) == 0
        seen = sampler.view(engine.queries, row.account)
        assert 0 < seen.sample_size <= TURN_DECISIONS
        # What was looked at then is not counted a second time.
        sampler.last_seq = 0
        assert sampler.sample(engine.queries) > 0
        assert sampler.whole.view().sample_size > 0
        assert sampler.view(engine.queries, row.account) == seen
        assert sampler.view(engine.queries, row.account + 1).sample_size == 0

    with_board(work)


def test_accounts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimality, "ACCOUNTS_MAX", 2)
    sampler = GapSampler()
    for account in (1, 2, 1, 3):
        sampler._of(account)
    assert list(sampler.accounts) == [1, 3]


def test_quantiles_are_of_the_sample() -> None:
    values = [float(k) for k in range(1, 101)]
    assert [at_level(values, level) for level in (0.5, 0.99, 1.0)] == [50.0, 99.0, 100.0]
    assert at_level([], 0.5) is None
