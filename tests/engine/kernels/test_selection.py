"""Deep sweeps: selecting the marginal level gives the merge's own split."""

from __future__ import annotations

from random import Random

import pytest

from engine.decisions.split import Splitter
from engine.kernels.landed import COUNTED
from tests.support.markets import TICK, instrument, listing, market_of, plain_terms, random_books
from tests.support.slow_split import legs_of, slow_split


@pytest.mark.parametrize("seed", range(20))
def test_deep_and_shallow_ways_agree(seed: int) -> None:
    """Sizes on both sides of every switch between merging and selecting."""
    random = Random(1_000 + seed)
    of = instrument()
    listings = [listing(v, of, fee_ppm=100 * v, tick_1e9=TICK) for v in range(5)]
    books = random_books(random, 5, 400)
    splitter = Splitter(market_of(listings, books))
    asks = [book[1] for book in books]
    ranked = sorted(
        (price * (1_000_000 + 100 * v), qty) for v, side in enumerate(asks) for price, qty in side
    )
    for count in (1, 23, 24, 25, 96, 127, 128, 129, 160, 500, 1_999, 2_000):
        for nudge in (-1, 0, 1):
            qty = sum(q for _, q in ranked[:count]) + nudge
            plan = splitter.plan(0, qty, None, plain_terms(splitter.market, 0))
            assert legs_of(plan) == slow_split(listings, asks, 0, qty)


def test_a_deep_sweep_sums_only_as_far_as_it_must() -> None:
    of = instrument()
    listings = [listing(v, of, fee_ppm=0, tick_1e9=TICK) for v in range(2)]
    asks = [[((1_000 + 2 * i + v) * TICK, 10) for i in range(5_000)] for v in range(2)]
    market = market_of(listings, [([], side) for side in asks], depth=5_000)
    splitter = Splitter(market)
    plan = splitter.plan(0, 4_005, None, plain_terms(market, 0))
    assert legs_of(plan) == slow_split(listings, asks, 0, 4_005)
    assert 100 < splitter.arena[COUNTED] < 1_000


def test_equal_levels_deep_in_the_book_keep_venue_order() -> None:
    of = instrument()
    listings = [listing(v, of, fee_ppm=0, tick_1e9=TICK) for v in range(3)]
    asks = [[((1_000 + i) * TICK, 10) for i in range(300)] for _ in range(3)]
    splitter = Splitter(market_of(listings, [([], side) for side in asks]))
    for qty in (6_001, 6_010, 6_011, 6_020, 6_021, 6_030):
        plan = splitter.plan(0, qty, None, plain_terms(splitter.market, 0))
        assert legs_of(plan) == slow_split(listings, asks, 0, qty)
