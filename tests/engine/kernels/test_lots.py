"""The lot residue goes to finer lots, when that costs next to nothing."""

from __future__ import annotations

from engine.decisions.split import Splitter
from engine.kernels.landed import OUT
from engine.kernels.minimums import repair_lots
from engine.kernels.sweep import NEEDS_MINIMUMS, sweep
from tests.support.markets import TICK, Levels, instrument, listing, market_of, plain_terms


def prepared(asks: list[Levels], lots: list[int], qty: int) -> Splitter:
    of = instrument()
    listings = [listing(v, of, fee_ppm=0, tick_1e9=TICK, lot_1e8=lot) for v, lot in enumerate(lots)]
    splitter = Splitter(market_of(listings, [([], side) for side in asks]))
    splitter.plan(0, qty, None, plain_terms(splitter.market, 0))
    return splitter


def repaired(splitter: Splitter, qty: int, forced: int = 0) -> int:
    view, arena = splitter.market.view, splitter.arena
    assert sweep(view, arena, 0, qty, 0, 1) == NEEDS_MINIMUMS
    return int(repair_lots(view, arena, 0, qty, 0, 1, forced))


BIG = 10**12
PRICE = 6_400_000 * TICK


def test_a_small_residue_moves_to_the_finer_lot() -> None:
    asks: list[Levels] = [[(PRICE, BIG)], [(PRICE - TICK, BIG), (PRICE + TICK, BIG)]]
    qty = BIG + BIG // 2 + 7
    splitter = prepared(asks, [1_000, 1], qty)
    assert repaired(splitter, qty) == 2
    plan = splitter.plan(0, qty, None, plain_terms(splitter.market, 0))
    assert {leg.venue_index: leg.qty_1e8 for leg in plan.legs} == {0: BIG // 2, 1: BIG + 7}


def test_a_dear_residue_is_left_to_the_search() -> None:
    asks: list[Levels] = [[(PRICE, 2_000)], [(PRICE - TICK, 1_000), (PRICE * 2, BIG)]]
    splitter = prepared(asks, [1_000, 1], 2_500)
    assert repaired(splitter, 2_500) == NEEDS_MINIMUMS
    assert repaired(splitter, 2_500, forced=1) == 2
    plan = splitter.plan(0, 2_500, None, plain_terms(splitter.market, 0))
    # Two whole lots of the coarse venue and the rest from the good level of the fine one.
    assert {leg.venue_index: leg.qty_1e8 for leg in plan.legs} == {0: 2_000, 1: 500}


def test_the_failing_venue_is_named() -> None:
    asks: list[Levels] = [[(PRICE, 900)], [(PRICE + TICK, BIG)]]
    splitter = prepared(asks, [1_000, 1], 5_000)
    assert repaired(splitter, 5_000, forced=1) == 1
    of = instrument()
    rules = [listing(0, of, qty_min_1e8=1_000), listing(1, of)]
    other = Splitter(market_of(rules, [([], side) for side in asks]))
    other.plan(0, 5_000, None, plain_terms(other.market, 0))
    assert repaired(other, 5_000) == NEEDS_MINIMUMS
    assert other.arena[OUT] == 0
