"""Runs of rows go round the ring unharmed: reserved free, read in order, released, taken back."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.kernels.delta_ring import DEFAULT_CAPACITY, ROW_WIDTH, DeltaRing

CAPACITY = 16
STEPS = st.lists(
    st.tuples(st.sampled_from(["write", "write", "read", "take back"]), st.integers(0, CAPACITY)),
    max_size=60,
)


@given(STEPS, st.integers(0, 3))
def test_what_was_written_is_read(steps: list[tuple[str, int]], spare: int) -> None:
    ring = DeltaRing(CAPACITY)
    waiting: deque[tuple[int, list[list[int]]]] = deque()
    written = 0
    for step, size in steps:
        if step == "write":
            start = ring.reserve(size + spare)
            if start < 0:
                continue
            assert start >= 0
            assert start + size + spare <= CAPACITY
            rows = [[written % 2, written + k + 1, size] for k in range(size)]
            for offset, (side, price, qty) in enumerate(rows):
                ring.put(start + offset, side, price, qty)
            ring.rows[start + size : start + size + spare] = -1
            ring.commit(start, size)
            waiting.append((start, rows))
            written += size
        elif waiting and step == "read":
            start, rows = waiting.popleft()
            assert ring.rows[start : start + len(rows)].tolist() == rows
            ring.release(start, len(rows))
        elif waiting:
            start, _ = waiting.pop()
            ring.take_back(start)
        assert ring.pending == len(waiting)
    while waiting:
        start, rows = waiting.popleft()
        assert ring.rows[start : start + len(rows)].tolist() == rows
        ring.release(start, len(rows))
    assert ring.reserve(CAPACITY) == 0


def test_there_is_no_room_beyond_the_capacity() -> None:
    ring = DeltaRing(CAPACITY)
    assert ring.reserve(CAPACITY + 1) == -1
    assert ring.reserve(CAPACITY) == 0
    ring.commit(0, CAPACITY)
    assert ring.reserve(1) == -1
    ring.release(0, CAPACITY)
    assert ring.reserve(1) == 0


def test_a_run_is_contiguous_so_it_begins_anew_at_the_front() -> None:
    ring = DeltaRing(CAPACITY)
    for _ in range(2):
        ring.commit(ring.reserve(6), 6)
    ring.release(0, 6)
    assert ring.reserve(4) == 12
    assert ring.reserve(5) == 0
    assert ring.reserve(6) == -1


def test_an_empty_run_is_a_run() -> None:
    ring = DeltaRing(CAPACITY)
    ring.commit(ring.reserve(0), 0)
    assert ring.pending == 1
    ring.release(0, 0)
    assert ring.pending == 0


def test_misuse_is_an_assertion() -> None:
    ring = DeltaRing(CAPACITY)
    with pytest.raises(AssertionError):
        ring.release(0, 0)
    with pytest.raises(AssertionError):
        ring.take_back(0)
    with pytest.raises(AssertionError):
        DeltaRing(0)


def test_rows_are_what_the_kernels_take() -> None:
    rows = DeltaRing().rows
    assert rows.shape == (DEFAULT_CAPACITY, ROW_WIDTH)
    assert rows.dtype == np.int64
    assert rows.flags.c_contiguous
