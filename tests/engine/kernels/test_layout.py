"""The layout's constants name the cells that the kernels write."""

from __future__ import annotations

import numpy as np
import pytest

from engine.kernels.book_write import apply_deltas
from engine.kernels.layout import (
    ASK,
    BID,
    COUNT,
    HEADER,
    LEVEL_BYTES,
    PRICE,
    PRICE_BOUND,
    QTY,
    VERSION,
    new_block,
)


def test_a_new_block_is_empty_and_contiguous() -> None:
    block = new_block(3, 7)
    assert block.shape == (3, 2, 8, 2)
    assert block.dtype == np.int64
    assert block.flags.c_contiguous
    assert block.flags.writeable
    assert not block.any()
    assert block.strides[2] == LEVEL_BYTES


def test_every_named_cell_is_where_the_writer_puts_it() -> None:
    block = new_block(2, 4)
    rows = np.array([(BID, 10, 5), (BID, 11, 6), (ASK, 20, 7)], np.int64)
    apply_deltas(block, 1, rows, 0, 3)
    assert block[1, BID, HEADER, COUNT] == 2
    assert block[1, ASK, HEADER, COUNT] == 1
    assert block[1, BID, HEADER, VERSION] == 1
    assert block[1, BID, 2, PRICE] == 11, "the best is last"
    assert block[1, BID, 2, QTY] == 6
    assert not block[0].any()


@pytest.mark.parametrize(("venues", "depth"), [(0, 5), (1, 0), (-1, 5)])
def test_an_impossible_block_is_refused(venues: int, depth: int) -> None:
    with pytest.raises(AssertionError):
        new_block(venues, depth)


def test_bounded_prices_leave_room_for_a_landed_one() -> None:
    assert 2 * PRICE_BOUND < 2**63
