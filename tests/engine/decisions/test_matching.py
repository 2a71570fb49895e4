"""Matching engine: examples for each rule, and agreement with the slow twin on random streams."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decisions.matching import LevelChange, MatchingBook, PlaceOutcome
from engine.model.orders import TimeInForce
from engine.model.units import Side
from tests.support.naive_matching import NaiveBook

BUY, SELL = Side.BUY, Side.SELL
GTC, IOC, FOK = TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK


def book_of(*orders: tuple[int, Side, int, int]) -> MatchingBook:
    """Resting orders (id, side, qty, price), owner = id."""
    book = MatchingBook()
    for order_id, side, qty, price in orders:
        assert book.place(order_id, order_id, side, qty, price).outcome is PlaceOutcome.RESTING
    return book


def test_price_then_time() -> None:
    book = book_of((1, SELL, 5, 101), (2, SELL, 5, 100), (3, SELL, 5, 100))
    placed = book.place(9, 9, BUY, 12, 101, IOC)
    assert [(f.maker_id, f.price_1e9, f.qty_1e8) for f in placed.fills] == [
        (2, 100, 5),
        (3, 100, 5),
        (1, 101, 2),
    ]
    assert placed.outcome is PlaceOutcome.FILLED
    assert [f.trade_id for f in placed.fills] == [1, 2, 3]
    assert [f.maker_left_1e8 for f in placed.fills] == [0, 0, 3]
    assert placed.changes == (LevelChange(SELL, 100, 0), LevelChange(SELL, 101, 3))


def test_a_partly_filled_maker_keeps_its_place() -> None:
    book = book_of((1, BUY, 5, 100), (2, BUY, 5, 100))
    book.place(8, 8, SELL, 2, 100, IOC)
    placed = book.place(9, 9, SELL, 4, 100, IOC)
    assert [(f.maker_id, f.qty_1e8) for f in placed.fills] == [(1, 3), (2, 1)]


def test_remainder_rests_or_expires_by_time_in_force() -> None:
    for tif, outcome, resting in ((GTC, "RESTING", 3), (IOC, "EXPIRED", 0)):
        book = book_of((1, SELL, 2, 100))
        placed = book.place(9, 9, BUY, 5, 100, tif)
        assert (placed.outcome.name, placed.left_1e8) == (outcome, 3)
        assert book.open_qty(9) == resting
        assert book.level_qty(BUY, 100) == resting


def test_fok_is_all_or_nothing() -> None:
    book = book_of((1, SELL, 2, 100), (2, SELL, 2, 101), (3, SELL, 9, 102))
    killed = book.place(8, 8, BUY, 5, 101, FOK)
    assert (killed.outcome, killed.fills, killed.changes) == (PlaceOutcome.EXPIRED, (), ())
    assert book.place(9, 9, BUY, 4, 101, FOK).outcome is PlaceOutcome.FILLED


def test_post_only_never_takes() -> None:
    book = book_of((1, SELL, 2, 100))
    assert book.place(8, 8, BUY, 1, 100, post_only=True).outcome is PlaceOutcome.WOULD_CROSS
    assert book.place(9, 9, BUY, 1, 99, post_only=True).outcome is PlaceOutcome.RESTING
    assert book.open_qty(1) == 2


def test_self_trade_prevention_cancels_the_resting_order() -> None:
    book = MatchingBook()
    book.place(1, 7, SELL, 5, 100)
    book.place(2, 8, SELL, 5, 100)
    placed = book.place(3, 7, BUY, 4, 100, IOC, prevent_self_trade=True)
    assert [(c.order_id, c.qty_1e8) for c in placed.own_cancelled] == [(1, 5)]
    assert [(f.maker_id, f.qty_1e8) for f in placed.fills] == [(2, 4)]
    assert placed.changes == (LevelChange(SELL, 100, 1),)
    assert book.place(4, 8, BUY, 1, 100, FOK, prevent_self_trade=True).left_1e8 == 1
    assert book.open_qty(2) == 1, "a FOK that only meets itself changes nothing"


def test_without_the_flag_an_owner_trades_with_itself() -> None:
    book = MatchingBook()
    book.place(1, 7, SELL, 5, 100)
    assert len(book.place(3, 7, BUY, 4, 100, IOC).fills) == 1


def test_queue_position() -> None:
    book = book_of((1, BUY, 5, 100), (2, BUY, 7, 100), (3, BUY, 1, 100), (4, BUY, 1, 101))
    position = book.queue(3)
    assert position is not None
    assert (position.orders_ahead, position.qty_ahead_1e8, position.level_qty_1e8) == (2, 12, 13)
    book.cancel(1)
    moved = book.queue(3)
    assert moved is not None
    assert moved.qty_ahead_1e8 == 7
    assert book.queue(99) is None


def test_cancel() -> None:
    book = book_of((1, BUY, 5, 100), (2, BUY, 7, 100))
    answer = book.cancel(1)
    assert answer is not None
    cancelled, change = answer
    assert (cancelled.owner, cancelled.qty_1e8) == (1, 5)
    assert change == LevelChange(BUY, 100, 7)
    assert book.cancel(1) is None


def test_replace_keeps_the_place_only_when_it_shrinks() -> None:
    book = book_of((1, BUY, 5, 100), (2, BUY, 5, 100))
    shrunk = book.replace(1, 3, 100)
    assert shrunk is not None
    assert shrunk.changes == (LevelChange(BUY, 100, 8),)
    first = book.queue(1)
    assert first is not None
    assert first.orders_ahead == 0
    assert book.replace(1, 4, 100) is not None
    second = book.queue(1)
    assert second is not None
    assert second.orders_ahead == 1
    moved = book.replace(1, 4, 101)
    assert moved is not None
    assert moved.changes == (LevelChange(BUY, 100, 5), LevelChange(BUY, 101, 4))
    assert book.replace(77, 1, 100) is None


def test_replace_may_match_and_post_only_may_refuse_it() -> None:
    book = book_of((1, BUY, 5, 100), (2, SELL, 5, 102))
    refused = book.replace(1, 5, 102, post_only=True)
    assert refused is not None
    assert refused.outcome is PlaceOutcome.WOULD_CROSS
    assert book.open_qty(1) == 5
    crossed = book.replace(1, 5, 102)
    assert crossed is not None
    assert crossed.outcome is PlaceOutcome.FILLED
    assert book.best(BUY) is None
    assert book.best(SELL) is None


def test_the_bound_refuses_whole_orders() -> None:
    book = MatchingBook(orders_max=1)
    book.place(1, 1, BUY, 1, 100)
    refused = book.place(2, 2, BUY, 1, 99)
    assert (refused.outcome, refused.changes) == (PlaceOutcome.BOOK_FULL, ())
    assert book.place(3, 3, SELL, 1, 100, IOC).outcome is PlaceOutcome.FILLED


def test_protected_limit_of_market_orders() -> None:
    book = book_of((1, SELL, 1, 1_000_000), (2, BUY, 1, 900_000))
    assert book.protected_limit(BUY, 10_000) == 1_010_000
    assert book.protected_limit(SELL, 10_000) == 891_000
    assert MatchingBook().protected_limit(BUY, 10_000) is None


@pytest.mark.parametrize("bad", [(0, 100), (5, 0)])
def test_impossible_orders_are_programming_errors(bad: tuple[int, int]) -> None:
    with pytest.raises(AssertionError):
        MatchingBook().place(1, 1, BUY, *bad)


@settings(max_examples=120, deadline=None)
@given(seed=st.integers(0, 2**32), orders_max=st.sampled_from([5, 1000]))
def test_agrees_with_the_slow_twin(seed: int, orders_max: int) -> None:
    """Same outcomes, fills, depth and queue; never crossed; level changes rebuild the book."""
    rng = random.Random(seed)
    book, twin = MatchingBook(orders_max), NaiveBook(orders_max)
    changes: tuple[LevelChange, ...]
    mirror: dict[tuple[Side, int], int] = {}
    entered = traded = gone = 0
    for order_id in range(60):
        if rng.random() < 0.25 and order_id:
            target = rng.randrange(order_id)
            answer = book.cancel(target)
            assert (answer[0].qty_1e8 if answer else None) == twin.cancel(target)
            changes = (answer[1],) if answer else ()
            gone += answer[0].qty_1e8 if answer else 0
        else:
            side = rng.choice((BUY, SELL))
            args = (order_id, rng.randrange(3), side, rng.randrange(1, 9), rng.randrange(95, 106))
            tif = rng.choice((GTC, GTC, IOC, FOK))
            post_only = tif is GTC and rng.random() < 0.3
            prevent = rng.random() < 0.5
            placed = book.place(*args, tif, post_only=post_only, prevent_self_trade=prevent)
            expected = twin.place(*args, tif, post_only=post_only, prevent_self_trade=prevent)
            fills = [(f.maker_id, f.price_1e9, f.qty_1e8) for f in placed.fills]
            own = [c.order_id for c in placed.own_cancelled]
            assert (placed.outcome.name, placed.left_1e8, fills, own) == expected
            assert placed.left_1e8 + sum(f.qty_1e8 for f in placed.fills) == args[3]
            changes = placed.changes
            entered += args[3]
            traded += sum(f.qty_1e8 for f in placed.fills)
            gone += sum(c.qty_1e8 for c in placed.own_cancelled)
            gone += 0 if placed.outcome is PlaceOutcome.RESTING else placed.left_1e8
        for change in changes:
            if change.qty_1e8:
                mirror[change.side, change.price_1e9] = change.qty_1e8
            else:
                del mirror[change.side, change.price_1e9]
        bid, ask = book.best(BUY), book.best(SELL)
        assert bid is None or ask is None or bid < ask
        for side in (BUY, SELL):
            assert book.depth(side, 100) == twin.depth(side)
            assert dict(twin.depth(side)) == {p: q for (s, p), q in mirror.items() if s is side}
    for resting in twin.orders:
        position = book.queue(resting.order_id)
        assert position is not None
        assert (position.orders_ahead, position.qty_ahead_1e8) == twin.ahead(resting.order_id)
    assert entered == 2 * traded + gone + sum(order.qty for order in twin.orders)
    assert len(book.orders) == len(twin.orders) <= orders_max
