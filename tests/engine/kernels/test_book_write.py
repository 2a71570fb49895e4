"""Book writes against the book of two dicts: every row, every return, every cell around."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.kernels.book_write import (
    ASK_MOVED,
    BAD_VALUE,
    BID_MOVED,
    OVERFLOW,
    SCAN_MAX,
    apply_deltas,
    apply_snapshot,
    clear,
)
from engine.kernels.layout import PRICE_BOUND, new_block
from tests.support.slow_book import Row, SlowBook, levels_in, rows_of

VENUES, VENUE, DEPTH = 3, 1, 40
MARK = 77

# Few prices, so that updates, deletions and full sides happen all the time.
PRICES = st.one_of(st.integers(1, 60), st.sampled_from([PRICE_BOUND - 1, PRICE_BOUND - 2]))
ROWS = st.lists(
    st.tuples(st.integers(0, 1), PRICES, st.one_of(st.just(0), st.integers(0, 3))), max_size=120
)
BAD_ROWS = st.sampled_from(
    [(2, 5, 1), (-1, 5, 1), (0, 0, 1), (1, -5, 1), (0, PRICE_BOUND, 1), (1, 5, -1), (2**62, 5, 1)]
)


def marked_block(depth: int = DEPTH) -> NDArray[np.int64]:
    """A block whose other venues are full of marks."""
    block = new_block(VENUES, depth)
    block[[0, 2]] = MARK
    return block


def check(block: NDArray[np.int64], slow: SlowBook) -> None:
    for side in (0, 1):
        assert levels_in(block, VENUE, side) == slow.levels(side)
        assert block[VENUE, side, 0, 1] == slow.versions[side]
    assert (block[[0, 2]] == MARK).all(), "another venue's book was written"


@given(st.lists(ROWS, max_size=6), st.integers(0, 3), st.integers(0, 3))
def test_deltas_equal_the_twin(batches: list[list[Row]], before: int, after: int) -> None:
    block, slow = marked_block(), SlowBook(DEPTH)
    for batch in batches:
        rows = rows_of(batch, before, after)
        given_rows = rows.copy()
        assert apply_deltas(block, VENUE, rows, before, len(batch)) == slow.apply(batch)
        check(block, slow)
        assert (rows == given_rows).all()


@given(ROWS, BAD_ROWS, ROWS)
def test_a_bad_row_ends_the_batch(first: list[Row], bad: Row, rest: list[Row]) -> None:
    block, slow = marked_block(200), SlowBook(200)
    batch = [*first, bad, *rest]
    assert apply_deltas(block, VENUE, rows_of(batch), 0, len(batch)) == BAD_VALUE
    assert slow.apply(batch) == BAD_VALUE
    check(block, slow)
    assert apply_snapshot(block, VENUE, rows_of(batch), 0, len(batch)) == BAD_VALUE


@given(ROWS, ROWS, st.integers(0, 2))
def test_snapshots_equal_the_twin(old: list[Row], new: list[Row], before: int) -> None:
    block, slow = marked_block(200), SlowBook(200)
    apply_deltas(block, VENUE, rows_of(old), 0, len(old))
    slow.apply(old)
    rows = rows_of(new, before, 1)
    assert apply_snapshot(block, VENUE, rows, before, len(new)) == slow.replace(new)
    check(block, slow)


@pytest.mark.parametrize("order", ["best first", "worst first", "shuffled", "sides in turn"])
@pytest.mark.parametrize("count", [1, 2, 3, 50, 2_000])
def test_snapshots_in_every_order(order: str, count: int) -> None:
    bids = [(0, 10_000 - k, k + 1) for k in range(count)]
    asks = [(1, 20_000 + k, k + 1) for k in range(count)]
    rows = [*bids, *asks]
    if order == "worst first":
        rows.reverse()
    elif order == "shuffled":
        random.Random(count).shuffle(rows)
    elif order == "sides in turn":
        rows = [row for pair in zip(bids, reversed(asks), strict=True) for row in pair]
    block, slow = marked_block(count), SlowBook(count)
    assert apply_snapshot(block, VENUE, rows_of(rows), 0, len(rows)) == BID_MOVED | ASK_MOVED
    slow.replace(rows)
    check(block, slow)


@given(st.permutations([(0, k, k) for k in range(1, 8)]), st.integers(0, 7), st.integers(1, 9))
def test_a_snapshot_that_names_a_price_twice(rows: list[Row], at: int, price: int) -> None:
    """The later row holds, also where it deletes and the rest was sorted."""
    for qty in (0, 55):
        given_rows = [*sorted(rows), (0, price, qty), *rows[at:]]
        block, slow = marked_block(), SlowBook(DEPTH)
        assert apply_snapshot(block, VENUE, rows_of(given_rows), 0, len(given_rows)) == 3
        slow.replace(given_rows)
        check(block, slow)


@pytest.mark.parametrize("kernel", [apply_deltas, apply_snapshot])
@pytest.mark.parametrize("step", [1, -1])
def test_a_full_side_overflows_and_stays_well_formed(kernel: object, step: int) -> None:
    assert callable(kernel)
    rows = [(1, 100 + step * k, 1) for k in range(DEPTH + 1)]
    block = marked_block()
    assert kernel(block, VENUE, rows_of(rows[:-1]), 0, DEPTH) >= 0
    assert kernel(block, VENUE, rows_of(rows), 0, DEPTH + 1) == OVERFLOW
    held = levels_in(block, VENUE, 1)
    assert held == sorted([(price, qty) for _, price, qty in rows[:-1]], reverse=True)
    assert (block[[0, 2]] == MARK).all()


def test_a_full_side_still_takes_updates_and_deletions() -> None:
    rows = [(1, 100 + k, 1) for k in range(DEPTH)]
    block = marked_block()
    apply_deltas(block, VENUE, rows_of(rows), 0, DEPTH)
    assert apply_deltas(block, VENUE, rows_of([(1, 120, 9)]), 0, 1) == 0
    assert apply_deltas(block, VENUE, rows_of([(1, 100, 0), (1, 50, 1)]), 0, 2) == ASK_MOVED
    assert levels_in(block, VENUE, 1)[-1] == (50, 1)


@pytest.mark.parametrize("distance", [0, 1, SCAN_MAX - 1, SCAN_MAX, SCAN_MAX + 1, 300])
def test_every_depth_of_change_is_found(distance: int) -> None:
    """On both sides of where the scan gives way to bisection."""
    levels = [(0, 1_000 + 2 * k, 5) for k in range(301)]
    block, slow = marked_block(400), SlowBook(400)
    apply_deltas(block, VENUE, rows_of(levels), 0, len(levels))
    slow.apply(levels)
    price = 1_000 + 2 * (300 - distance)
    for change in [(0, price, 7), (0, price - 1, 7), (0, price + 1, 7), (0, price, 0)]:
        assert apply_deltas(block, VENUE, rows_of([change]), 0, 1) == slow.apply([change])
        check(block, slow)


def test_moved_means_another_best() -> None:
    block = marked_block()
    assert apply_deltas(block, VENUE, rows_of([(0, 10, 5)]), 0, 1) == BID_MOVED
    assert apply_deltas(block, VENUE, rows_of([(0, 10, 5)]), 0, 1) == 0
    assert apply_deltas(block, VENUE, rows_of([(0, 10, 6)]), 0, 1) == BID_MOVED
    there_and_back = rows_of([(0, 10, 0), (0, 10, 6), (1, 20, 1)])
    assert apply_deltas(block, VENUE, there_and_back, 0, 3) == ASK_MOVED
    assert block[VENUE, 0, 0, 1] == 4, "the version tells even of a change undone"


@pytest.mark.parametrize(
    ("venue", "start", "count"),
    [(-1, 0, 1), (VENUES, 0, 1), (0, -1, 1), (0, 0, -1), (0, 0, 3), (0, 3, 0), (0, 2**62, 2**62)],
)
def test_arguments_out_of_range_write_nothing(venue: int, start: int, count: int) -> None:
    block = new_block(VENUES, DEPTH)
    rows = rows_of([(0, 10, 5), (1, 20, 5)])
    assert apply_deltas(block, venue, rows, start, count) == BAD_VALUE
    assert apply_snapshot(block, venue, rows, start, count) == BAD_VALUE
    assert not block.any()


def test_clear_empties_one_venue() -> None:
    block = marked_block()
    apply_deltas(block, VENUE, rows_of([(0, 10, 5), (1, 20, 5)]), 0, 2)
    assert clear(block, VENUE) == BID_MOVED | ASK_MOVED
    assert levels_in(block, VENUE, 0) == levels_in(block, VENUE, 1) == []
    assert block[VENUE, :, 0, 1].tolist() == [2, 2]
    assert (block[[0, 2]] == MARK).all()
    assert clear(block, -1) == clear(block, VENUES) == BAD_VALUE


@pytest.mark.parametrize("kernel", [apply_deltas, apply_snapshot])
def test_a_read_only_block_is_refused(kernel: object) -> None:
    assert callable(kernel)
    block = new_block(VENUES, DEPTH)
    block.flags.writeable = False
    with pytest.raises(TypeError):
        kernel(block, VENUE, rows_of([(0, 10, 5)]), 0, 1)


def test_asks_beyond_the_bound_are_left_out_and_the_book_stays_good() -> None:
    block = new_block(1, 8)
    rows = np.array([(1, 5, 7), (1, PRICE_BOUND, 7), (1, 2**63 - 1, 0), (0, 4, 7)], np.int64)
    assert apply_snapshot(block, 0, rows, 0, len(rows)) > 0
    assert apply_deltas(block, 0, rows, 0, len(rows)) == 0
    assert block[0, 1, 0, 0] == block[0, 0, 0, 0] == 1
    assert block[0, 1, 1].tolist() == [5, 7]
