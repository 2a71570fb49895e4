"""The venues' own walks against the plain sums."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from engine.kernels.venue_walks import MONEY, VISIBLE, WALK_WIDTH, venue_walks
from tests.support.markets import instrument, listing, market_of, random_books


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("side", [0, 1])
def test_each_venue_is_walked_alone(seed: int, side: int) -> None:
    random = Random(seed)
    books = random_books(random, 5, 25)
    books[2] = ([], [])
    of = instrument()
    market = market_of([listing(v, of) for v in range(5)], books)
    out = np.full((5, WALK_WIDTH), -7.0)
    most = max(sum(q for _, q in book[1 - side]) for book in books)
    for qty in (1, most // 7, most // 2, most, most + 1):
        wanted = []
        for book in books:
            left, money = qty, 0
            for price, size in book[1 - side]:
                part = min(left, size)
                money += price * part
                left -= part
            wanted.append((sum(q for _, q in book[1 - side]), money, left == 0))
        enough = venue_walks(market.view, side, qty, out)
        assert enough == sum(full for _, _, full in wanted)
        for row, (visible, money, _) in zip(out.tolist(), wanted, strict=True):
            assert row[VISIBLE] == visible
            assert row[MONEY] == pytest.approx(money, rel=1e-15)
