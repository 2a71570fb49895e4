"""Our own resting orders are no liquidity to a forecast, as they are none to the router."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from engine.intelligence.forecast import forecast
from engine.intelligence.picture import MarketPicture
from engine.intelligence.strategies import STANDARD, estimate
from engine.service.intelligence.estimates import depth_near
from tests.support.markets import NOW_NS, TICK, random_books
from tests.support.pictures import CENT, event_picture, picture_of, visible

QTYS = (10**6, 10**9, 10**11)


def look(picture: MarketPicture, side: int) -> MarketPicture:
    assert picture.look(side, NOW_NS)
    return picture


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("side", [0, 1])
def test_every_answer_is_that_of_books_without_our_orders(seed: int, side: int) -> None:
    """The twin's books are written without what is ours; a whole level of ours is never the best,
    since the mid is that of all orders."""
    random = Random(seed)
    taken = 1 - side
    books = [(list(b), list(a)) for b, a in random_books(random, 4, 40)]
    ours, twin = picture_of(books), [(list(b), list(a)) for b, a in books]
    for v, book in enumerate(books):
        for row in sorted(random.sample(range(1, 40), 8), reverse=True):
            price, qty = book[taken][row]
            mine = random.choice((qty, qty, qty // 2 + 1))
            ours.market.own.put(f"{v} {row} a", v, taken, price, mine // 3)
            ours.market.own.put(f"{v} {row} b", v, taken, price, mine - mine // 3)
            twin[v][taken][row] = (price, qty - mine)
            if mine == qty:
                del twin[v][taken][row]
        price, qty = book[taken][0]
        ours.market.own.put(f"{v} best", v, taken, price, qty // 2)
        twin[v][taken][0] = (price, qty - qty // 2)
    net, others = look(ours, side), look(picture_of(twin), side)
    assert visible(net) == visible(others) < visible(look(picture_of(books), side))
    assert depth_near(net) == depth_near(others)
    for qty in QTYS:
        assert msgspec.to_builtins(forecast(net, qty)) == msgspec.to_builtins(forecast(others, qty))
        for name in STANDARD:
            assert estimate(net, qty, name) == estimate(others, qty, name)


def test_what_is_all_ours_is_nothing_to_take() -> None:
    books = [([(90 * TICK, 5)], [(100 * TICK, 5), (101 * TICK, 7)]), ([(90 * TICK, 5)], [])]
    picture = look(picture_of(books), 0)
    assert picture.sweep(12).qty_1e8 == visible(picture) == 12
    best = picture.touch_bps
    picture.market.own.put("mine", 0, 1, 100 * TICK, 5)
    look(picture, 0)
    assert picture.sweep(12).qty_1e8 == visible(picture) == 7
    assert picture.touch_bps > best
    assert picture.half_bps == pytest.approx(5e3 * 10 / 95), "the spread is that of all orders"
    picture.market.own.put("mine too", 0, 1, 101 * TICK, 7)
    assert not picture.look(0, NOW_NS)
    assert forecast(picture, 12).missing
    assert picture.look(1, NOW_NS), "the other side is as it was"
    assert picture.books is picture.market
    for name in ("mine", "mine too"):
        picture.market.own.put(name, 0, 1, 0, 0)
    assert look(picture, 0).sweep(12).qty_1e8 == 12
    assert picture.touch_bps == best


def test_fees_that_bend_are_reckoned_on_what_is_left() -> None:
    bids = [(40 * CENT, 10**9)]
    ours = event_picture([(42 * CENT, 10**9), (45 * CENT, 10**9)], bids)
    ours.market.own.put("mine", 0, 1, 42 * CENT, 4 * 10**8)
    others = event_picture([(42 * CENT, 6 * 10**8), (45 * CENT, 10**9)], bids)
    for qty in (5 * 10**8, 10**9, 3 * 10**9):
        assert forecast(look(ours, 0), qty) == forecast(look(others, 0), qty)
