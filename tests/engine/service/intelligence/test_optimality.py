"""The router's gap on a sample of decisions: bounded work, newest first, true quantiles."""

from __future__ import annotations

import pytest

from engine import ExecutionEngine
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.optimality import TURN_DECISIONS, GapSampler, at_level
from tests.support.intelligence_rig import ended, with_board


def test_decisions_are_sampled_once_and_few_at_a_time() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        sampler = GapSampler()
        assert sampler.sample(engine.queries) == 0
        empty = sampler.view()
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
        assert sorted(sampler.gaps) == pytest.approx(
            sorted(gap for gap in newest if gap is not None)
        )
        seen = sampler.view()
        assert seen.sample_size == len(sampler.gaps) > 0
        assert seen.p50_bps is not None and seen.p99_bps is not None and seen.max_bps is not None
        assert 0.0 <= seen.p50_bps <= seen.p99_bps <= seen.max_bps
        assert seen.not_redone == 0
        assert (await board.summary("local")).optimality_gap_bps is not None

    with_board(work)


def test_quantiles_are_of_the_sample() -> None:
    values = [float(k) for k in range(1, 101)]
    assert [at_level(values, level) for level in (0.5, 0.99, 1.0)] == [50.0, 99.0, 100.0]
    assert at_level([], 0.5) is None
