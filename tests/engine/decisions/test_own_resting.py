"""Own resting orders: told cumulatively, merged by price, bounded, and left out of levels."""

from __future__ import annotations

from random import Random

import pytest

from engine.decisions import own_resting
from engine.decisions.own_resting import OwnResting
from engine.kernels.landed import OWN_MAX
from engine.model.units import Side

BUY, SELL = Side.BUY, Side.SELL


def test_orders_of_one_price_are_one_level_and_the_last_word_counts() -> None:
    own = OwnResting(2)
    own.put("a", 1, SELL, 100, 5)
    own.put("b", 1, SELL, 100, 7)
    own.put("c", 1, SELL, 99, 1)
    own.put("d", 1, BUY, 90, 3)
    assert own.best(1, SELL) == [(99, 1), (100, 12)]
    assert (own.best(0, SELL), own.best(1, BUY), own.resting) == ([], [(90, 3)], [1, 3])
    own.put("a", 1, SELL, 100, 2)
    own.put("c", 1, SELL, 101, 1)
    assert own.best(1, SELL) == [(100, 9), (101, 1)]
    for name in "abcd":
        own.put(name, 1, SELL, 100, 0)
    assert not own.orders
    assert own.resting == [0, 0]
    assert own.best(1, SELL) == own.best(1, BUY) == []


def test_the_same_word_twice_and_the_end_of_nobody_are_no_change() -> None:
    own = OwnResting(1)
    own.put("a", 0, BUY, 100, 5)
    seen = own.changes
    own.put("a", 0, BUY, 100, 5)
    own.put("nobody", 0, BUY, 100, 0)
    assert own.changes == seen > 0
    own.put("a", 0, BUY, 100, 4)
    assert own.changes > seen


@pytest.mark.parametrize(("side", "sign"), [(BUY, -1), (SELL, 1)])
def test_beyond_the_bound_the_best_levels_are_kept(side: Side, sign: int) -> None:
    own = OwnResting(1)
    prices = [1_000 + sign * step for step in range(OWN_MAX + 5)]
    shuffled = list(prices)
    Random(1).shuffle(shuffled)
    for price in shuffled:
        own.put(f"o{price}", 0, side, price, price)
    assert own.best(0, side) == [(price, price) for price in prices[:OWN_MAX]]
    own.put(f"o{prices[0]}", 0, side, prices[0], 0)
    assert own.best(0, side) == [(price, price) for price in prices[1 : OWN_MAX + 1]]


def test_past_the_bound_of_orders_the_oldest_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_resting, "ORDERS_MAX", 3)
    own = OwnResting(1)
    for number in range(5):
        own.put(f"o{number}", 0, SELL, 100 + number, 1)
    assert list(own.orders) == ["o2", "o3", "o4"]
    assert (own.best(0, SELL), own.resting) == ([(102, 1), (103, 1), (104, 1)], [0, 3])


def test_a_level_gives_up_at_most_what_it_shows() -> None:
    own = OwnResting(1)
    levels = [(100, 5), (101, 6), (102, 7)]
    assert own.left(0, SELL, levels) == levels
    own.put("a", 0, SELL, 100, 9)
    own.put("b", 0, SELL, 102, 2)
    own.put("c", 0, SELL, 103, 2)
    assert own.left(0, SELL, levels) == [(101, 6), (102, 5)]
    assert own.left(0, BUY, levels) == levels


@pytest.mark.parametrize(
    ("side", "price", "meets"),
    [(BUY, 99, False), (BUY, 100, True), (SELL, 90, True), (SELL, 91, False)],
)
def test_who_would_meet_an_own_order(side: Side, price: int, meets: bool) -> None:
    own = OwnResting(2)
    assert not own.meets(1, side, price)
    own.put("a", 1, SELL, 100, 1)
    own.put("b", 1, SELL, 105, 1)
    own.put("c", 1, BUY, 90, 1)
    assert own.meets(1, side, price) == meets
    assert not own.meets(0, side, price)


def test_books_that_never_show_our_orders_have_nothing_of_ours() -> None:
    own = OwnResting(2)
    own.shown[0] = False
    for venue in (0, 1):
        own.put(f"a{venue}", venue, SELL, 100, 5)
    assert (own.best(0, SELL), own.best(1, SELL)) == ([], [(100, 5)])
    assert own.left(0, SELL, [(100, 5)]) == [(100, 5)]


@pytest.mark.parametrize("seed", range(5))
def test_any_story_ends_with_the_sum_of_what_is_open(seed: int) -> None:
    random = Random(seed)
    own = OwnResting(2)
    twin: dict[str, tuple[int, int, int, int]] = {}
    for _ in range(400):
        name = f"o{random.randrange(30)}"
        venue, side = (int(name[1:]) % 2, int(name[1:]) // 2 % 2)
        price, qty = 100 + random.randrange(6), random.randrange(4)
        own.put(name, venue, side, price, qty)
        twin.pop(name, None)
        if qty:
            twin[name] = (venue, side, price, qty)
        for at in range(2):
            for way in range(2):
                totals: dict[int, int] = {}
                for of, on, level, left in twin.values():
                    if (of, on) == (at, way):
                        totals[level] = totals.get(level, 0) + left
                wanted = sorted(totals.items(), reverse=way == BUY)
                assert own.best(at, way) == wanted
        assert own.resting == [sum(one[1] == way for one in twin.values()) for way in range(2)]
