"""The market block: one writer a slot, cached bests, the consolidated mid, watches."""

from __future__ import annotations

import random

import pytest

from engine.decisions.market import INT64_MAX, INT64_MIN, NO_ASK, NO_BID, MarketBlock
from engine.kernels.delta_ring import DeltaRing
from tests.support.markets import NOW_NS, instrument, listing, market_of, write_book


def market() -> MarketBlock:
    of = instrument()
    books = [
        ([(99, 1), (98, 2)], [(101, 3), (102, 4)]),
        ([(100, 5)], [(103, 6)]),
    ]
    return market_of([listing(v, of) for v in range(2)], books, depth=16)


def test_the_best_prices_before_their_last_move_are_kept() -> None:
    block = market()
    slot = block.slots[0]
    assert slot is not None
    assert (block.was_bid, block.was_ask) == ([NO_BID] * 2, [NO_ASK] * 2)
    ring = DeltaRing(8)
    for row, was in (
        ((0, 97, 5), (NO_BID, NO_ASK)),
        ((0, 99, 0), (99, 101)),
        ((0, 97, 6), (99, 101)),
        ((1, 100, 1), (98, 101)),
        ((0, 96, 1), (98, 101)),
        ((1, 100, 0), (98, 100)),
    ):
        start = ring.reserve(1)
        ring.put(start, *row)
        ring.commit(start, 1)
        assert slot.apply(ring, start, 1) >= 0
        ring.release(start, 1)
        assert (block.was_bid[0], block.was_ask[0]) == was, row
    assert (block.was_bid[1], block.was_ask[1]) == (NO_BID, NO_ASK)


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


def fresh(block: MarketBlock) -> tuple[int | None, int | None, int | None]:
    """Best bid, best ask and mid, computed anew from levels and health alone."""
    bids, asks = [], []
    for venue, healthy in enumerate(block.healthy):
        side_bids, side_asks = block.levels(venue, 0, 1), block.levels(venue, 1, 1)
        bid = side_bids[0][0] if side_bids else None
        ask = side_asks[0][0] if side_asks else None
        if not healthy or (bid is not None and ask is not None and bid >= ask):
            continue
        bids += [] if bid is None else [bid]
        asks += [] if ask is None else [ask]
    top_bid, top_ask = max(bids, default=None), min(asks, default=None)
    mid = None if top_bid is None or top_ask is None else top_bid + top_ask
    return top_bid, top_ask, mid


@pytest.mark.parametrize("seed", range(25))
def test_the_mid_that_writes_keep_is_the_one_computed_anew(seed: int) -> None:
    rng = random.Random(seed)
    venues = rng.randrange(1, 5)
    of = instrument()
    block = MarketBlock(of, [listing(v, of) for v in range(venues)], 16)
    slots, ring = [block.slot(v) for v in range(venues)], DeltaRing(64)

    def run_of(count: int) -> tuple[int, int]:
        start = ring.reserve(count)
        for row in range(start, start + count):
            side = rng.randrange(2)
            # The ranges overlap, so that books cross in themselves and with one another.
            price = rng.randrange(90, 103) if side == 0 else rng.randrange(99, 112)
            ring.put(row, side, price, rng.choice((0, 0, 1, 5)))
        ring.commit(start, count)
        return start, count

    for _ in range(800):
        slot, act = rng.choice(slots), rng.random()
        if act < 0.75:
            start, count = run_of(rng.randrange(1, 4))
            slot.apply(ring, start, count)
            ring.release(start, count)
        elif act < 0.83:
            start, count = run_of(rng.randrange(0, 9))
            slot.replace(ring, start, count)
            ring.release(start, count)
            slot.mark_healthy(NOW_NS, 0, 1)
        elif act < 0.88:
            slot.clear()
        elif act < 0.94:
            slot.mark_stale(1)
        else:
            slot.mark_healthy(NOW_NS, 0, 1)
        if rng.random() < 0.7:
            # Not after every write: a value that was not asked for must not go wrong either.
            bid, ask, mid = fresh(block)
            assert block.mid_x2() == mid
            assert (block.best(0), block.best(1)) == (bid, ask)
