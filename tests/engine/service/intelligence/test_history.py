"""The watch on prices: it samples while the engine runs, and says what it did not see."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from engine import ExecutionEngine
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.history import MarketHistory
from tests.support.intelligence_rig import with_board


def test_mids_are_sampled_until_it_is_closed() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        seen = board.history.mids["ETH-USD"]
        before = seen.seen_ns
        while seen.seen_ns == before:
            await asyncio.sleep(0.02)
        market = engine.world.markets["ETH-USD"]
        history = MarketHistory(engine)
        history.start()
        now = history.mids["ETH-USD"].seen_ns
        assert history.mid_x2_at("ETH-USD", now) == market.mid_x2()
        assert history.mid_x2_at("ETH-USD", now - 10**9) is None
        assert history.mid_x2_at("NOPE", now) is None
        history.close()
        last = history.mids["ETH-USD"].seen_ns
        await asyncio.sleep(0.25)
        assert history.mids["ETH-USD"].seen_ns == last
        history.start()
        assert history.mids["ETH-USD"].seen_ns == last, "closed for good"

    with_board(work)


def test_prints_are_those_since_it_began() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        began = board.history.began_ns
        assert began is not None
        found, why = board.history.prints("ETH-USD", began - 1)
        assert found == [] and "not watched" in why
        ring = engine.world.tapes["ETH-USD"].rings[0]
        now = time.time_ns()
        ring.put(now, 5, 7, 0, 0)
        ring.put(now - 2, 4, 7, 0, 0)
        found, why = board.history.prints("ETH-USD", began)
        assert why == ""
        assert [one.at_ns for one in found] == sorted(one.at_ns for one in found)
        assert {(one.price_1e9, one.qty_1e8) for one in found} >= {(5, 7), (4, 7)}
        for k in range(len(ring.rows) + 1):
            ring.put(now + k, 5, 7, 0, 0)
        found, why = board.history.prints("ETH-USD", began)
        assert found == [] and "forgotten" in why

    with_board(work)


def test_trades_of_one_moment_stay_in_their_order_in_the_file(tmp_path: Path) -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        began = board.history.began_ns
        assert began is not None
        ring, now = engine.world.tapes["ETH-USD"].rings[0], time.time_ns()
        # A sale walks down the bids within one frame.
        for price in (9, 7, 8):
            ring.put(now, price, 7, 1, 0)
        found, _ = board.history.prints("ETH-USD", began)
        board.history.began_ns = now + 10**12
        kept, why = board.history.prints("ETH-USD", now - 1)
        assert why == ""
        for seen in (found, kept):
            assert [one.price_1e9 for one in seen if one.at_ns == now] == [9, 7, 8]

    with_board(work, data_dir=str(tmp_path))


def test_it_ends_with_its_engine() -> None:
    kept: list[MarketHistory] = []

    async def work(_: ExecutionEngine, board: Intelligence) -> None:
        kept.append(board.history)

    with_board(work)
    kept[0]._sample()
    assert kept[0]._timer is None


def test_what_one_run_watched_another_knows_and_the_time_between_is_a_gap(tmp_path: Path) -> None:
    async def first(
        engine: ExecutionEngine, board: Intelligence
    ) -> tuple[int, int, tuple[float, int | None]]:
        began = board.history.began_ns
        assert began is not None
        ring = engine.world.tapes["ETH-USD"].rings[0]
        await asyncio.sleep(0.2)
        ring.put(time.time_ns(), 5, 7, 0, 0)
        await asyncio.sleep(0.5)
        until = board.history.mids["ETH-USD"].seen_ns
        truth = board.history.mean_x2("ETH-USD", began + 10**8, until)
        assert truth is not None
        at = board.history.mid_x2_at("ETH-USD", began + 3 * 10**8)
        return began, until, (truth, at)

    began, until, (truth, at) = with_board(first, data_dir=str(tmp_path))

    async def second(_: ExecutionEngine, board: Intelligence) -> None:
        history = board.history
        assert history.began_ns is not None and history.began_ns > until
        assert history.mid_x2_at("ETH-USD", began + 3 * 10**8) == at
        assert history.mean_x2("ETH-USD", began + 10**8, until) == pytest.approx(truth)
        prints, why = history.prints("ETH-USD", began + 10**8, until)
        assert why == ""
        assert (5, 7) in {(one.price_1e9, one.qty_1e8) for one in prints}
        # Nobody watched between the runs, and so nothing over that time is told.
        between = (until + history.began_ns) // 2
        await asyncio.sleep(0.3)
        now = time.time_ns() - 10**8
        if history.began_ns - until > 10**9:
            assert history.mid_x2_at("ETH-USD", between) is None
        assert history.mean_x2("ETH-USD", began + 10**8, now) is None
        assert history.prints("ETH-USD", began + 10**8, now)[1].startswith("the tape was not")
        assert history.prints("NOPE", began)[1] != ""
        assert history.mean_x2("NOPE", began, now) is None

    with_board(second, data_dir=str(tmp_path))
