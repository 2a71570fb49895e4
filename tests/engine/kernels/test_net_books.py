"""Net books against levels subtracted one by one."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from engine.decisions.split import Splitter
from engine.kernels.layout import new_block
from engine.kernels.net_books import net_books
from tests.support.markets import instrument, listing, market_of, random_books


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("side", [0, 1])
def test_own_orders_are_taken_off_their_levels(seed: int, side: int) -> None:
    random = Random(seed)
    books = random_books(random, 4, 25)
    books[3] = ([], [])
    of = instrument()
    market = market_of([listing(v, of) for v in range(4)], books, 64)
    splitter = Splitter(market)
    for v, book in enumerate(books):
        for price, qty in random.sample(list(book[side]), min(6, len(book[side]))):
            name = f"{v} {price}"
            market.own.put(name, v, side, price, random.choice((1, qty // 2 + 1, qty, 2 * qty)))
        market.own.put(f"{v} unseen", v, side, 1, 10**9)
    splitter.leave_out_own(side)
    before = market.block.copy()
    out = new_block(4, 64)
    out[:] = -7
    gone = net_books(market.view, splitter.arena, side, out)
    assert np.array_equal(market.block, before)
    wanted = [market.own.left(v, side, market.levels(v, side, 64)) for v in range(4)]
    shown = sum(market.level_count(v, side) for v in range(4))
    assert gone == shown - sum(map(len, wanted)) > 0
    for v, levels in enumerate(wanted):
        assert out[v, side, 0, 0] == len(levels)
        assert out[v, side, 0, 1] == market.version(v, side)
        assert out[v, side, 1 : len(levels) + 1].tolist() == [list(one) for one in levels[::-1]]
    assert (out[:, 1 - side] == -7).all(), "the other side is not touched"
