"""The market block: one writer a slot, cached bests, the consolidated mid, watches."""

from __future__ import annotations

import pytest

from engine.decisions.market import INT64_MAX, INT64_MIN, MarketBlock
from tests.support.markets import NOW_NS, instrument, listing, market_of, write_book


def market() -> MarketBlock:
    of = instrument()
    books = [
        ([(99, 1), (98, 2)], [(101, 3), (102, 4)]),
        ([(100, 5)], [(103, 6)]),
    ]
    return market_of([listing(v, of) for v in range(2)], books, depth=16)


def test_reads_levels_best_first() -> None:
    block = market()
    slot = block.slots[0]
    assert slot is not None
    assert slot.best_bid() == (99, 1)
    assert slot.best_ask() == (101, 3)
    assert slot.levels(1, 5) == [(101, 3), (102, 4)]
    assert slot.levels(0, 1) == [(99, 1)]
    assert block.level_count(0, 1) == 2
    assert block.last_level(0, 0) == (98, 2)


def test_the_mid_is_over_healthy_uncrossed_books() -> None:
    block = market()
    assert block.mid_x2() == 100 + 101
    assert (block.best(0), block.best(1)) == (100, 101)
    second = block.slots[1]
    assert second is not None
    second.mark_stale(3)
    assert block.stale_reason[1] == 3
    assert block.mid_x2() == 99 + 101
    second.mark_healthy(NOW_NS, 0, 2)
    write_book(block, 1, [(200, 1)], [(150, 1)])
    assert not block.usable(1)
    assert block.mid_x2() == 99 + 101
    write_book(block, 0, [], [(101, 1)])
    assert block.mid_x2() is None
    assert block.best(0) is None


def test_a_slot_is_given_once() -> None:
    block = market()
    with pytest.raises(AssertionError, match="one writer"):
        block.slot(0)


def test_clear_empties_and_versions_count_writes() -> None:
    block = market()
    slot = block.slots[0]
    assert slot is not None
    before = block.version(0, 1)
    slot.clear()
    assert slot.best_ask() is None
    assert block.version(0, 1) > before
    assert block.last_level(0, 1) is None
    assert block.mid_x2() == 100 + 103


def test_watches_are_reached_at_or_past_the_price() -> None:
    block = market()
    slot = block.slots[0]
    assert slot is not None
    assert not slot.ask_reaches_watch()
    assert not slot.bid_reaches_watch()
    block.watch_ask, block.watch_bid = 101, 99
    assert slot.ask_reaches_watch()
    assert slot.bid_reaches_watch()
    block.watch_ask, block.watch_bid = 100, 100
    assert not slot.ask_reaches_watch()
    assert not slot.bid_reaches_watch()
    slot.clear()
    block.watch_ask, block.watch_bid = INT64_MAX, INT64_MIN
    assert not slot.ask_reaches_watch(), "an empty side reaches nothing"
    assert not slot.bid_reaches_watch()


def test_times_of_a_book() -> None:
    block = market()
    slot = block.slots[0]
    assert slot is not None
    slot.touch(NOW_NS + 5, 0, 9)
    assert (block.recv_ns[0], block.exchange_ns[0], block.sequence[0]) == (NOW_NS + 5, NOW_NS, 9)
    slot.alive(NOW_NS + 7)
    assert (block.recv_ns[0], block.alive_ns[0]) == (NOW_NS + 5, NOW_NS + 7)
