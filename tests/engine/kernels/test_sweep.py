"""The sweep against the slow exact split: same legs to the last unit, shallow and deep."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest

from engine.decisions.split import Splitter
from engine.kernels.landed import OUT, TAKEN
from engine.kernels.sweep import sweep
from engine.model.fees import FeeSchedule
from engine.model.instruments import InstrumentType
from tests.support.markets import (
    TICK,
    instrument,
    listing,
    market_of,
    plain_terms,
    random_books,
)
from tests.support.recorded_books import recorded_books
from tests.support.slow_split import legs_of, slow_split


@pytest.mark.parametrize("seed", range(60))
def test_equals_the_exact_split(seed: int) -> None:
    random = Random(seed)
    venues, levels = random.choice((1, 2, 4, 8, 16)), random.choice((1, 5, 30, 120))
    of = instrument()
    fees = [random.choice((0, 1, 50, 100, 100, 777)) for _ in range(venues)]
    listings = [listing(v, of, fee_ppm=fees[v], tick_1e9=TICK) for v in range(venues)]
    books = random_books(random, venues, levels, price=random.choice((6_400_000, 30_000)))
    splitter = Splitter(market_of(listings, books))
    for side in (0, 1):
        taken = [book[1 - side] for book in books]
        total = sum(qty for levels_ in taken for _, qty in levels_)
        constants = [random.choice((0, 0, random.randrange(10**10))) for _ in range(venues)]
        for power in (1, 1, 2, 8):
            qty = max(1, int(total * random.random() ** power * 1.05))
            worst = random.choice((None, taken[0][random.randrange(levels)][0]))
            terms = plain_terms(splitter.market, side, constants=constants)
            plan = splitter.plan(side, qty, worst, terms)
            wanted = slow_split(listings, taken, side, qty, worst, constants)
            assert legs_of(plan) == wanted
            assert plan.planned_qty_1e8 == sum(leg[0] for leg in wanted.values())


@pytest.mark.parametrize("side", [0, 1])
def test_equal_landed_price_goes_to_the_better_raw_price_then_to_venue_order(side: int) -> None:
    of = instrument()
    sign = 1 - 2 * side
    # 1000 with no fee and 999 (or 1001) with 0.1 % would land apart; constants make them equal.
    prices = [1_000 * TICK, (1_000 - sign) * TICK, 1_000 * TICK, 1_000 * TICK]
    constants = [0, TICK, 0, 0]
    listings = [listing(v, of, fee_ppm=0, tick_1e9=TICK) for v in range(4)]
    books = [([(p, 5)], []) if side else ([], [(p, 5)]) for p in prices]
    splitter = Splitter(market_of(listings, books))
    terms = plain_terms(splitter.market, side, constants=constants)
    order = []
    for qty in (5, 10, 15, 20):
        plan = splitter.plan(side, qty, None, terms)
        order += [v for v in legs_of(plan) if v not in order]
    assert order == [1, 0, 2, 3]


def test_a_fee_difference_below_one_unit_of_price_still_ranks() -> None:
    of = instrument()
    listings = [listing(v, of, fee_ppm=ppm) for v, ppm in enumerate((333, 332))]
    splitter = Splitter(market_of(listings, [([], [(1_001, 5)]), ([], [(1_001, 5)])]))
    plan = splitter.plan(0, 5, None, plain_terms(splitter.market, 0))
    assert [leg.venue_index for leg in plan.legs] == [1]


@pytest.mark.parametrize("exponent", [1, 2])
@pytest.mark.parametrize("side", [0, 1])
def test_quadratic_fees_rank_exactly_on_event_ticks(exponent: int, side: int) -> None:
    random = Random(exponent)
    of = instrument("EVENT-USD", InstrumentType.PREDICTION)
    cent = 10_000_000
    fees = [
        FeeSchedule(taker_ppm=70_000, quadratic=True, exponent=exponent),
        FeeSchedule(taker_ppm=20_000, quadratic=True, exponent=exponent),
        FeeSchedule(taker_ppm=0),
    ]
    listings = [
        listing(v, of, fees=fee, tick_1e9=cent, price_max_1e9=10**9) for v, fee in enumerate(fees)
    ]
    books = []
    for _ in fees:
        first = random.randrange(40, 50)
        asks = [((first + i) * cent, random.randrange(1, 9) * 10**8) for i in range(30)]
        bids = [((first - 1 - i) * cent, random.randrange(1, 9) * 10**8) for i in range(30)]
        books.append((bids, asks))
    splitter = Splitter(market_of(listings, books))
    taken = [book[1 - side] for book in books]
    for qty in (10**8, 17 * 10**8, 200 * 10**8):
        plan = splitter.plan(side, qty, None, plain_terms(splitter.market, side))
        assert legs_of(plan) == slow_split(listings, taken, side, qty)


def test_a_slope_makes_deeper_levels_dearer() -> None:
    of = instrument()
    listings = [listing(v, of, fee_ppm=0) for v in range(2)]
    asks = [[(1_000, 10), (1_001, 10), (1_002, 10)], [(1_003, 30)]]
    splitter = Splitter(market_of(listings, [([], side) for side in asks]))
    terms = plain_terms(splitter.market, 0)
    assert legs_of(splitter.plan(0, 30, None, terms)).keys() == {0}
    terms.slopes[0] = round(0.25 * 2**44)
    # Second level costs 1001 + floor(0.25 * 10), the third 1002 + floor(0.25 * 20).
    plan = splitter.plan(0, 30, None, terms)
    assert {v: leg[0] for v, leg in legs_of(plan).items()} == {0: 10 + 10, 1: 10}


def test_the_market_is_not_written() -> None:
    of = instrument()
    books = random_books(Random(3), 4, 50)
    market = market_of([listing(v, of) for v in range(4)], books)
    before = market.block.copy()
    splitter = Splitter(market)
    splitter.plan(0, 10**9, None, plain_terms(market, 0))
    assert np.array_equal(before, market.block)
    with pytest.raises(ValueError, match="read-only"):
        market.view[0, 0, 0, 0] = 1


def test_the_kernel_is_compiled_for_read_only_books() -> None:
    assert sweep.signatures[0][0].mutable is False
    market = market_of([listing(0, instrument())], [([], [(1_000, 5)])])
    splitter = Splitter(market)
    splitter.plan(0, 3, None, plain_terms(market, 0))
    assert splitter.arena[OUT] == splitter.arena[TAKEN] == 3


@pytest.mark.parametrize("base", ["BTC", "ETH"])
def test_recorded_books_split_exactly(shared_data: Path, base: str) -> None:
    """Four exchanges, thousands of levels, sizes from a dust order to almost everything."""
    of = instrument(f"{base}-USD")
    for _, books in recorded_books(shared_data, base):
        listings = [listing(v, of, fee_ppm=ppm) for v, ppm in enumerate((2_000, 2_500, 500, 1_500))]
        splitter = Splitter(market_of(listings, books, depth=8_192))
        for side in (0, 1):
            taken = [book[1 - side] for book in books]
            total = sum(qty for levels in taken for _, qty in levels)
            for share in (10**7, 10**5, 3_000, 100, 10, 2, 1):
                qty = max(1, total // share - 1)
                plan = splitter.plan(side, qty, None, plain_terms(splitter.market, side))
                assert legs_of(plan) == slow_split(listings, taken, side, qty)
