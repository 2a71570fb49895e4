"""Book, parser and curve kernels; each result is checked, full size with EXECGRAPH_BENCH=full.

Measure with `EXECGRAPH_BENCH=full pytest bench/bench_kernels.py --benchmark-enable`; beside C and
other peers with `python -m bench.peers.kernel_peers`.
"""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.kernel_data import DecimalTexts, book_changes, curve_problems, depth_frames
from bench.sizes import sized
from engine.kernels.book_write import BID_MOVED, apply_deltas, apply_snapshot
from engine.kernels.capacity import capacity_curve
from engine.kernels.decimals import PAIR, parse_sides
from engine.kernels.depth_update import FIELDS, parse_depth_update
from engine.kernels.layout import BID, new_block
from tests.support.slow_book import SlowBook, levels_in
from tests.support.slow_curve import slow_curve

CHANGES = sized(4_000, 100_000)
RUN = 10
DEPTH = 8_192
FRAMES = sized(20, 500)
FRAME_LEVELS = 20
SNAPSHOT_LEVELS = sized(500, 5_000)
STRINGS = sized(20_000, 10_000_000)
STRINGS_AT_ONCE = 2_000
ROWS = 4_096


@pytest.mark.parametrize("run", [RUN, CHANGES])
def bench_apply_deltas(benchmark: BenchmarkFixture, run: int) -> None:
    """Realistic changes, in messages of ten and in one batch."""
    rows, block = book_changes(CHANGES), new_block(1, DEPTH)

    def work() -> None:
        block.fill(0)
        for start in range(0, CHANGES, run):
            assert apply_deltas(block, 0, rows, start, run) >= 0

    benchmark(work)
    slow = SlowBook(DEPTH)
    slow.apply((side, price, qty) for side, price, qty in rows.tolist())
    assert [levels_in(block, 0, side) for side in (0, 1)] == [slow.levels(0), slow.levels(1)]


@pytest.mark.parametrize("order", ["best first", "worst first"])
def bench_apply_snapshot(benchmark: BenchmarkFixture, order: str) -> None:
    """A deep snapshot, sorted one way or the other."""
    bids = [(BID, 10**12 - k, k + 1) for k in range(SNAPSHOT_LEVELS)]
    if order == "worst first":
        bids.reverse()
    rows, block = np.array(bids, np.int64), new_block(1, DEPTH)
    assert benchmark(apply_snapshot, block, 0, rows, 0, len(rows)) & BID_MOVED
    assert levels_in(block, 0, BID) == sorted((price, qty) for _, price, qty in bids)


def bench_parse_sides(benchmark: BenchmarkFixture) -> None:
    """Two arrays of levels, as typed decoding leaves them."""
    frame = depth_frames(1, FRAME_LEVELS)[0]
    bids = frame[frame.index(b'"b":') + 4 : frame.index(b',"a":')]
    asks = frame[frame.index(b'"a":') + 4 : -1]
    rows = np.zeros((ROWS, 3), np.int64)
    assert benchmark(parse_sides, bids, asks, rows, 0, ROWS, PAIR) == 2 * FRAME_LEVELS
    assert rows[:FRAME_LEVELS, 0].tolist() == [0] * FRAME_LEVELS
    assert rows[FRAME_LEVELS : 2 * FRAME_LEVELS, 0].tolist() == [1] * FRAME_LEVELS


def bench_parse_depth_update(benchmark: BenchmarkFixture) -> None:
    """Whole Binance frames."""
    frames = depth_frames(FRAMES, FRAME_LEVELS)
    rows, out = np.zeros((ROWS, 3), np.int64), np.zeros(FIELDS, np.int64)

    def work() -> int:
        return sum(parse_depth_update(frame, rows, 0, ROWS, out) for frame in frames)

    assert benchmark(work) == FRAMES * 2 * FRAME_LEVELS


def bench_no_text_is_read_inexactly() -> None:
    """Random decimals of every length: none refused, none wrong by a single unit."""
    rows, random = np.zeros((ROWS, 3), np.int64), Random(11)
    for _ in range(0, STRINGS, 2 * STRINGS_AT_ONCE):
        texts = DecimalTexts.random(random, STRINGS_AT_ONCE)
        assert parse_sides(texts.raw, b"", rows, 0, ROWS, PAIR) == STRINGS_AT_ONCE
        assert (rows[:STRINGS_AT_ONCE, 1:] == np.array(texts.wanted, np.int64)).all()


@pytest.mark.parametrize(("venues", "levels", "points"), [(4, 100, 32), (8, 200, 32), (16, 50, 32)])
def bench_capacity_curve(
    benchmark: BenchmarkFixture, venues: int, levels: int, points: int
) -> None:
    """All sizes of a curve in one merged pass."""
    problem = curve_problems(1, venues, levels, points)[0]
    costs = np.zeros(points)
    data = problem.block, 0, problem.terms, problem.sizes, costs
    assert benchmark(capacity_curve, *data) == points
    books = [levels_in(problem.block, v, 1)[::-1] for v in range(venues)]
    terms = [(one, rate, penalty) for one, rate, penalty in problem.terms.tolist()]
    assert costs[::8].tolist() == slow_curve(books, 0, terms, problem.sizes[::8].tolist())
