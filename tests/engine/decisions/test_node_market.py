"""A node's market: usable books only, one venue where pinned."""

from __future__ import annotations

import pytest

from engine.decisions.market_tape import MarketTape
from engine.decisions.node_market import NodeMarket
from engine.model.units import Side
from tests.support.builders import market

P = 64_000 * 10**9
STEP = 10_000_000
BOOKS = {
    "alpha": ([(P, 5)], [(P + 3 * STEP, 7), (P + 4 * STEP, 100)]),
    "beta": ([(P - STEP, 9)], [(P + 3 * STEP, 11)]),
    "gamma": ([(P + STEP, 2)], [(P + 5 * STEP, 1)]),
}


def test_the_best_of_all_venues_and_the_size_there() -> None:
    seen = NodeMarket(market(BOOKS), MarketTape())
    assert (seen.touch(Side.BUY), seen.touch(Side.SELL)) == (P + STEP, P + 3 * STEP)
    assert (seen.far_qty_1e8(Side.BUY), seen.far_qty_1e8(Side.SELL)) == (18, 2)
    assert (seen.tick_1e9, seen.lot_1e8, seen.event) == (STEP, 1_000, False)


def test_what_is_our_own_is_not_there_to_be_taken() -> None:
    block = market(BOOKS)
    seen = NodeMarket(block, MarketTape())
    assert (seen.takeable(Side.BUY), seen.takeable(Side.SELL)) == (P + 3 * STEP, P + STEP)
    block.own.put("a", 0, 1, P + 3 * STEP, 4)
    assert (seen.takeable(Side.BUY), seen.far_qty_1e8(Side.BUY)) == (P + 3 * STEP, 14)
    block.own.put("a", 0, 1, P + 3 * STEP, 7)
    block.own.put("b", 1, 1, P + 3 * STEP, 11)
    block.own.put("c", 2, 0, P + STEP, 2)
    assert (seen.takeable(Side.BUY), seen.far_qty_1e8(Side.BUY)) == (P + 4 * STEP, 100)
    assert (seen.takeable(Side.SELL), seen.far_qty_1e8(Side.SELL)) == (P, 5)
    assert (seen.touch(Side.BUY), seen.touch(Side.SELL)) == (P + STEP, P + 3 * STEP)
    pinned = NodeMarket(block, MarketTape(), "beta")
    assert (pinned.takeable(Side.BUY), pinned.far_qty_1e8(Side.BUY)) == (None, 0)


def test_a_pinned_node_sees_its_venue_only() -> None:
    seen = NodeMarket(market(BOOKS), MarketTape(), "beta")
    assert (seen.touch(Side.BUY), seen.far_qty_1e8(Side.BUY)) == (P - STEP, 11)
    with pytest.raises(AssertionError, match="pinned"):
        NodeMarket(market(BOOKS), MarketTape(), "delta")


def test_stale_and_crossed_books_are_not_used() -> None:
    crossed = {**BOOKS, "delta": ([(P + 9 * STEP, 1)], [(P + 8 * STEP, 1)])}
    block = market(crossed)
    slot = block.slots[2]
    assert slot is not None
    slot.mark_stale(1)
    seen = NodeMarket(block, MarketTape())
    assert (seen.touch(Side.BUY), seen.touch(Side.SELL)) == (P, P + 3 * STEP)


def test_an_empty_side_has_no_touch_and_no_size() -> None:
    seen = NodeMarket(market({"alpha": ([(P, 5)], [])}), MarketTape(event=True))
    assert seen.touch(Side.SELL) is None
    assert seen.far_qty_1e8(Side.BUY) == 0
    assert seen.event


def test_the_tape_speaks_through_it() -> None:
    tape = MarketTape()
    seen = NodeMarket(market(BOOKS), tape)
    tape.observe_spread(3)
    tape.observe_trade(0, 4)
    assert (seen.usual_spread_1e9(), seen.traded_qty_1e8()) == (3, 4)
    assert seen.volume_ahead(0, 60) == 0
