"""What was learned of resting orders, in the answers and in what they are scored by."""

from __future__ import annotations

import time

from engine import ExecutionEngine
from engine.intelligence.fill_chance import FILLS_SHRINK
from engine.intelligence.priors import DEFAULT_PRIORS
from engine.intelligence.rest_plan import rest_plan
from engine.model.units import Side
from engine.service.intelligence.board import Intelligence
from engine.service.intelligence.learned_fills import hazards_of
from tests.support.intelligence_rig import ETH, with_board
from tests.support.one_market import pictures_over
from tests.support.pictures import random_picture

SYMBOL = "ETH-USD"


def test_nobody_has_learned_nothing() -> None:
    picture = random_picture(1)
    assert hazards_of(None, "BTC-USD", picture.market) is None
    assert picture.hazards is None
    made, _ = pictures_over(picture)
    assert made.observer is None


def test_a_venue_counts_once_something_was_seen_to_fill() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        market = engine.world.markets[SYMBOL]
        learned = hazards_of(board.observer, SYMBOL, market)
        assert learned is not None
        await board.observer.step(time.time_ns())
        for v, one in enumerate(market.listings):
            record = board.observer.venue(one.venue, SYMBOL)
            resting = board.observer.resting(one.venue, SYMBOL, 1)
            assert resting is not None
            record.hazard.fills = 0
            assert learned(v, 1) is None
            record.hazard.fills = 3
            assert learned(v, 1) == (record.hazard, resting.outflow_1e8)

    with_board(work)


def test_what_is_shown_and_what_is_scored_are_one_model() -> None:
    async def work(engine: ExecutionEngine, board: Intelligence) -> None:
        calibrator = board.calibration.calibrator
        assert calibrator is not None
        await board.observer.step(time.time_ns())
        shown = board.pictures.look(SYMBOL, Side.BUY)
        scored = calibrator.estimates._picture(SYMBOL)
        assert scored is not None and scored is not shown
        table = engine.config.policies
        for v, one in enumerate(shown.listings):
            resting = board.observer.resting(one.venue, SYMBOL, 0)
            assert resting is not None
            resting.outflow_1e8 = 10.0 * ETH
            hazard = board.observer.venue(one.venue, SYMBOL).hazard
            hazard.fills = FILLS_SHRINK
            for picture in (shown, scored):
                assert picture.hazards is not None
                assert picture.hazards(v, 0) == (hazard, 10.0 * ETH)
        assert scored.look(0, shown.now_ns)
        shown.look(0, shown.now_ns)
        plans = [rest_plan(one, 10 * ETH, 1, table, DEFAULT_PRIORS) for one in (shown, scored)]
        assert plans[0] == plans[1]
        assert len(plans[0].odds.lanes) == len(plans[0].venues) > 0
        _, weight = plans[0].odds.learned(10 * ETH)
        assert weight == 0.5

    with_board(work)
