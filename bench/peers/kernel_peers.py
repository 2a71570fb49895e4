"""Book, parser and curve kernels beside C, orjson with Decimal, and SortedDict, in one run.

`python -m bench.peers.kernel_peers` prints medians over interleaved rounds on one core; ratios are
medians of each round's ratio. C is timed alone (its loop over messages is in C), the engine's
figures include the calls from Python. Everybody's results are compared before anything is timed.
EXECGRAPH_BENCH=full takes the full sizes.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import orjson
from numpy.typing import NDArray
from sortedcontainers import SortedDict

from bench.kernel_data import CurveProblem, book_changes, curve_problems, depth_frames
from bench.peers.c_reference import CFrames, CReference
from bench.sizes import sized
from engine.kernels.book_write import apply_deltas
from engine.kernels.capacity import capacity_curve
from engine.kernels.decimals import PAIR, parse_sides
from engine.kernels.depth_update import FIELDS, parse_depth_update
from engine.kernels.layout import new_block
from engine.kernels.warm_up import warm_up

CHANGES = sized(20_000, 100_000)
FRAMES = sized(200, 500)
FRAME_LEVELS = 20
RUN = 10
DEPTH = 8_192
ROUNDS = sized(7, 21)
CURVES = ((4, 100, 32), (8, 200, 32), (16, 50, 32), (8, 500, 64))
PROBLEMS = 16
REPEAT = sized(4, 20)

Work = Callable[[], object]


class Levels(msgspec.Struct, gc=False):
    """A depth frame whose level arrays stay bytes."""

    b: msgspec.Raw
    a: msgspec.Raw


def measure(title: str, base: str, peers: Mapping[str, Work], units: int) -> None:
    """Print ns a unit of every peer and its ratio to `base`."""
    rounds: dict[str, list[float]] = {name: [] for name in peers}
    for work in peers.values():
        work()
    for _ in range(ROUNDS):
        for name, work in peers.items():
            began = time.perf_counter_ns()
            work()
            rounds[name].append((time.perf_counter_ns() - began) / units)
    sys.stdout.write(f"{title}\n")
    for name, times in rounds.items():
        ratio = statistics.median(t / b for t, b in zip(times, rounds[base], strict=True))
        sys.stdout.write(f"  {name:48} {statistics.median(times):10.1f} ns  {ratio:6.2f}x\n")


def books(c: CReference) -> None:
    """The same changes into C's, the engine's and a dict's book."""
    rows = book_changes(CHANGES)
    ours, theirs = new_block(1, DEPTH), new_block(1, DEPTH)
    listed = rows.tolist()

    def engine(run: int) -> int:
        ours.fill(0)
        moved = 0
        for start in range(0, CHANGES, run):
            moved += apply_deltas(ours, 0, rows, start, run) != 0
        return moved

    def c_book(run: int) -> int:
        theirs.fill(0)
        return c.book_apply_runs(theirs, 0, rows, run)

    def sorted_dicts() -> tuple[SortedDict, SortedDict]:
        sides = SortedDict(), SortedDict()
        for side, price, qty in listed:
            if qty:
                sides[side][price] = qty
            else:
                sides[side].pop(price, None)
        return sides

    assert CHANGES % RUN == 0
    for run in (CHANGES, RUN):
        engine(run)
        c_book(run)
        assert (ours == theirs).all(), "C and the engine hold different books"
    for side, held in enumerate(sorted_dicts()):
        levels = list(held.items())[:: 1 - 2 * side]
        assert ours[0, side, 1 : len(levels) + 1].tolist() == [list(level) for level in levels]
    batch = {"C": lambda: c_book(CHANGES), "engine": lambda: engine(CHANGES)}
    measure("book, one batch (a change)", "C", batch, CHANGES)
    tens = {
        "C": lambda: c_book(RUN),
        "engine, one call a message": lambda: engine(RUN),
        "SortedDict": sorted_dicts,
    }
    measure(f"book, messages of {RUN} (a change)", "C", tens, CHANGES)


def parsers(c: CReference) -> None:
    """Levels of whole frames to exact integers."""
    frames = depth_frames(FRAMES, FRAME_LEVELS)
    laid_out = CFrames(frames)
    rows, c_rows = np.zeros((1_000, 3), np.int64), np.zeros((1_000, 3), np.int64)
    out = np.zeros(FIELDS, np.int64)
    levels_of = msgspec.json.Decoder(Levels).decode
    slices = [(bytes(frame.b), bytes(frame.a)) for frame in map(levels_of, frames)]

    def by_orjson(frame: bytes) -> list[list[int]]:
        read = orjson.loads(frame)
        return [
            [side, int(Decimal(price) * 10**9), int(Decimal(qty) * 10**8)]
            for side, levels in enumerate((read["b"], read["a"]))
            for price, qty in levels
        ]

    def by_raw(frame: bytes) -> int:
        read = levels_of(frame)
        count: int = parse_sides(bytes(read.b), bytes(read.a), rows, 0, 1_000, PAIR)
        return count

    def whole(frame: bytes) -> int:
        count: int = parse_depth_update(frame, rows, 0, 1_000, out)
        return count

    def over(parse: Callable[[bytes], object]) -> Work:
        def work() -> None:
            for frame in frames:
                parse(frame)

        return work

    def of_slices() -> None:
        for bids, asks in slices:
            parse_sides(bids, asks, rows, 0, 1_000, PAIR)

    for frame in frames:
        wanted = by_orjson(frame)
        assert c.parse_frames(CFrames([frame]), c_rows) == len(wanted)
        assert c_rows[: len(wanted)].tolist() == wanted, "C is not exact"
        for parse in (by_raw, whole):
            rows.fill(0)
            assert parse(frame) == len(wanted), "a plain frame was refused"
            assert rows[: len(wanted)].tolist() == wanted, "the kernel is not exact"
    peers = {
        "C, digit by digit": lambda: c.parse_frames(laid_out, c_rows),
        "engine, level arrays ready": of_slices,
        "engine, msgspec.Raw and level arrays": over(by_raw),
        "engine, whole frame": over(whole),
        "orjson and Decimal": over(by_orjson),
    }
    measure(f"parser (a frame of {2 * FRAME_LEVELS} levels)", "C, digit by digit", peers, FRAMES)


def curves(c: CReference) -> None:
    """All sizes of a capacity curve in one pass, several markets in turn."""
    for venues, levels, points in CURVES:
        problems = curve_problems(PROBLEMS, venues, levels, points)
        costs, c_costs = np.zeros(points), np.zeros(points)
        for problem in problems:
            for side in (0, 1):
                capacity_curve(problem.block, side, problem.terms, problem.sizes, costs)
                c.capacity_curve(problem, side, c_costs)
                assert (costs == c_costs).all(), "C and the engine draw different curves"
        title = f"curve, {venues} venues of {levels} levels, {points} sizes (a curve)"
        measure(title, "C", curve_peers(c, problems, costs), PROBLEMS * REPEAT)


def curve_peers(
    c: CReference, problems: list[CurveProblem], costs: NDArray[np.float64]
) -> dict[str, Work]:
    """Every market `REPEAT` times, all with the first one's terms and sizes."""
    blocks = [problem.block for problem in problems]
    terms, sizes = problems[0].terms, problems[0].sizes

    def engine() -> None:
        for _ in range(REPEAT):
            for block in blocks:
                capacity_curve(block, 0, terms, sizes, costs)

    return {"C": lambda: c.capacity_curves(problems, REPEAT, costs), "engine": engine}


def main() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    warm_up()
    with tempfile.TemporaryDirectory() as folder:
        c = CReference(Path(folder))
        books(c)
        parsers(c)
        curves(c)


if __name__ == "__main__":
    main()
