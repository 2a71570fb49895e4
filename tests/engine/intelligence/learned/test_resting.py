"""Thought-of resting orders: the queue moves as trades and cancels move it."""

from __future__ import annotations

from engine.intelligence.learned.fill_hazard import FillHazard
from engine.intelligence.learned.resting import SECONDS_MAX, Look, Resting

BIDS, ASKS = [(100, 50), (99, 50)], [(102, 60), (103, 60)]
Prints = list[tuple[int, int]]


def look(
    bids: list[tuple[int, int]] = BIDS,
    asks: list[tuple[int, int]] = ASKS,
    sold: Prints | None = None,
    bought: Prints | None = None,
) -> Look:
    return Look(bids, asks, sold or [], bought or [])


def begun(side: int = 0) -> tuple[Resting, FillHazard]:
    resting, hazard = Resting(side), FillHazard()
    assert resting.step(look(), hazard) is None
    return resting, hazard


def test_it_stands_at_the_end_of_the_queue_of_its_touch() -> None:
    bid, _ = begun(0)
    ask, _ = begun(1)
    assert (bid.price_1e9, bid.ahead_1e8) == (100, 50)
    assert (ask.price_1e9, ask.ahead_1e8) == (102, 60)


def test_trades_shorten_the_queue_and_then_fill() -> None:
    resting, hazard = begun()
    assert resting.step(look([(100, 20)], sold=[(100, 30)]), hazard) is False
    assert resting.ahead_1e8 == 20
    assert resting.step(look([(100, 15)], sold=[(100, 25)]), hazard) is True
    assert (hazard.seconds, hazard.fills) == (2, 1)
    assert resting.ahead_1e8 == 15, "the next one stands behind what is there now"


def test_trades_of_the_other_side_do_nothing() -> None:
    resting, hazard = begun()
    assert resting.step(look(bought=[(102, 1_000)]), hazard) is False
    assert resting.ahead_1e8 == 50


def test_a_market_that_comes_through_fills() -> None:
    resting, hazard = begun()
    assert resting.step(look(sold=[(99, 1)]), hazard) is True
    resting, hazard = begun()
    assert resting.step(look([(98, 50)], [(100, 60)]), hazard) is True
    resting, hazard = begun(1)
    assert resting.step(look([(102, 5)], [(104, 5)]), hazard) is True


def test_cancels_ahead_shorten_it_and_arrivals_behind_do_not() -> None:
    resting, hazard = begun()
    resting.step(look([(100, 90)]), hazard)
    assert resting.ahead_1e8 == 50
    # Forty of ninety go: five ninths of them stood ahead.
    resting.step(look([(100, 50)]), hazard)
    assert round(resting.ahead_1e8, 6) == round(50 - 40 * 50 / 90, 6)


def test_it_ends_unfilled_after_a_while() -> None:
    resting, hazard = begun()
    resting.step(look([(101, 7), (100, 50)]), hazard)
    assert resting.price_1e9 == 100
    for _ in range(SECONDS_MAX):
        resting.step(look([(101, 7), (100, 50)]), hazard)
    assert resting.price_1e9 == 101
    assert hazard.fills == 0


def test_a_one_sided_book_teaches_nothing() -> None:
    resting, hazard = begun()
    assert resting.step(look([], ASKS), hazard) is None
    assert resting.step(look(), hazard) is None
    assert hazard.seconds == 0
