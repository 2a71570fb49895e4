"""The split beside its peers in one run, interleaved: C (-O3), heapq, and the engine's kernel.

`python -m bench.peers.split_peers` prints ns and the ratio to the C kernel for every shape. All
sides do the same work (exact landed price ranking, worst price, limits, 128-bit cost) on the same
problems, several different books in turn so that no branch predictor learns one answer; they are
checked to agree before anything is timed. C is timed alone (its loop of problems is in C), the
engine's numbers include the call from Python.
"""

from __future__ import annotations

import ctypes
import heapq
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from engine.decisions.cost_model import CostModel
from engine.decisions.split import Splitter
from engine.decisions.venue_observations import VenueObservations
from engine.kernels import landed
from engine.kernels.registry import KERNELS
from engine.kernels.sweep import sweep
from tests.support.markets import NOW_NS, TICK, instrument, listing, market_of, random_books

SHAPES = (
    (4, 200, 5),
    (4, 200, 20),
    (4, 200, 50),
    (16, 200, 50),
    (4, 200, 200),
    (16, 20, 320),
    (16, 100, 400),
    (16, 500, 8_000),
)
PROBLEMS = 16
ROUNDS = 15
RESULT_CELLS = 5
RULE_CELLS = 6


class Problem:
    """One market and quantity, in the forms that the peers want."""

    def __init__(self, seed: int, venues: int, levels: int, consumed: int) -> None:
        random = Random(seed)
        of = instrument()
        fees = [100 + 100 * random.randrange(8) // 4 for _ in range(venues)]
        listings = [listing(v, of, fee_ppm=fees[v], tick_1e9=TICK) for v in range(venues)]
        books = random_books(random, venues, levels)
        self.market = market_of(listings, books, depth=levels + 8)
        self.splitter = Splitter(self.market)
        self.model = CostModel(self.market, VenueObservations(listings))
        self.terms = self.model.terms(0, NOW_NS)
        keyed = sorted(
            (p * (1_000_000 + fees[v]) // 1_000_000, q)
            for v, book in enumerate(books)
            for p, q in book[1]
        )
        self.qty = sum(q for _, q in keyed[:consumed]) - keyed[consumed - 1][1] // 3
        self.splitter.plan(0, self.qty, None, self.terms)
        arena = self.splitter.arena
        fields = (landed.RATE_BUY, landed.CONSTANT, landed.LOT, landed.QTY_MIN)
        more = (landed.NOTIONAL_MIN, landed.TICK)
        columns = [arena[f : f + venues] for f in fields + more]
        self.rules = np.ascontiguousarray(np.stack(columns, axis=1))
        self.results: NDArray[np.int64] = np.zeros((venues, RESULT_CELLS), np.int64)
        self.sides = [book[1] for book in books]
        self.fees = fees
        self.constants = self.terms.constants.tolist()
        block = self.market.block
        row = (
            *(block.ctypes.data, venues, block.shape[2], self.rules.ctypes.data),
            *(0, self.qty, 0, 1, self.results.ctypes.data),
        )
        self.table = np.array([row], np.int64)


def build(folder: Path) -> ctypes.CDLL:
    """Compile the C kernel into `folder`."""
    gcc = shutil.which("gcc")
    if gcc is None:
        raise SystemExit("gcc is needed to compile the C peer")
    source = Path(__file__).with_name("split_reference.c")
    target = folder / "split_reference.so"
    flags = ["-O3", "-march=native", "-shared", "-fPIC", "-o", str(target), str(source)]
    subprocess.run([gcc, *flags], check=True)
    library = ctypes.CDLL(str(target))
    library.split_repeat.restype = ctypes.c_int64
    return library


def c_call(library: ctypes.CDLL, table: NDArray[np.int64], repeat: int) -> int:
    """Run every problem of the table `repeat` times in C; the sum of quantities placed."""
    pointer = ctypes.c_void_p(table.ctypes.data)
    done: int = library.split_repeat(pointer, ctypes.c_int64(len(table)), ctypes.c_int64(repeat))
    return done


def heap_split(problem: Problem) -> dict[int, tuple[int, int, int]]:
    """The same split with heapq on Python lists."""
    fees, constants, sides, left = problem.fees, problem.constants, problem.sides, problem.qty
    heap = []
    for v, levels in enumerate(sides):
        price = levels[0][0]
        heap.append((price * (1_000_000 + fees[v]) + constants[v] * 1_000_000, price, v, 0))
    heapq.heapify(heap)
    legs: dict[int, tuple[int, int, int]] = {}
    while left and heap:
        _, price, v, i = heap[0]
        qty = sides[v][i][1]
        part = min(qty, left)
        left -= part
        held, _, money = legs.get(v, (0, 0, 0))
        legs[v] = (held + part, price, money + price * part)
        i += 1
        if i < len(sides[v]):
            price = sides[v][i][0]
            key = price * (1_000_000 + fees[v]) + constants[v] * 1_000_000
            heapq.heapreplace(heap, (key, price, v, i))
        else:
            heapq.heappop(heap)
    return legs


def agree(library: ctypes.CDLL, problem: Problem) -> None:
    """All three give the same legs, limits and costs."""
    plan = problem.splitter.plan(0, problem.qty, None, problem.terms)
    ours = {
        leg.venue_index: (leg.qty_1e8, leg.worst_planned_1e9, leg.price_times_qty)
        for leg in plan.legs
    }
    assert ours == heap_split(problem), "heapq and the engine differ"
    assert c_call(library, problem.table, 1) == problem.qty
    for leg in plan.legs:
        qty, limit, worst, high, low = problem.results[leg.venue_index].tolist()
        wanted = (leg.qty_1e8, leg.limit_price_1e9, leg.worst_planned_1e9, leg.price_times_qty)
        assert (qty, limit, worst, high << 62 | low) == wanted, "C and the engine differ"


def timed(work: Callable[[], object], count: int) -> float:
    start = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - start) / count


def compare(library: ctypes.CDLL, venues: int, levels: int, consumed: int) -> dict[str, float]:
    """Least ns a split of each peer over all rounds, measured in turn."""
    problems = [Problem(seed, venues, levels, consumed) for seed in range(PROBLEMS)]
    for problem in problems:
        agree(library, problem)
    repeat = max(1, min(200, 100_000 // consumed))
    slow = max(1, repeat // 50)
    table = np.concatenate([problem.table for problem in problems])

    def run_c_alone() -> None:
        c_call(library, table, repeat)

    calls = [(p.market.view, p.splitter.arena, 0, p.qty, 0, 1) for p in problems]

    def run_kernel() -> None:
        for _ in range(repeat):
            for call in calls:
                sweep(*call)

    def run_plan() -> None:
        for _ in range(repeat):
            for p in problems:
                p.splitter.plan(0, p.qty, None, p.terms)

    def run_heap() -> None:
        for _ in range(slow):
            for problem in problems:
                heap_split(problem)

    peers: dict[str, tuple[Callable[[], None], int]] = {
        "C kernel alone": (run_c_alone, repeat),
        "engine sweep, call from Python": (run_kernel, repeat),
        "engine Splitter.plan": (run_plan, repeat),
        "heapq": (run_heap, slow),
    }
    times: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(ROUNDS):
        for name, (work, count) in peers.items():
            times[name].append(timed(work, count * PROBLEMS))
    return {name: min(values) for name, values in times.items()}


def main() -> None:
    for dispatcher, signature in KERNELS:
        dispatcher.compile(signature)
        dispatcher.disable_compile()
    with tempfile.TemporaryDirectory() as folder:
        library = build(Path(folder))
        for venues, levels, consumed in SHAPES:
            result = compare(library, venues, levels, consumed)
            base = result["C kernel alone"]
            cells = [f"{name} {ns:.0f} ns ({ns / base:.2f}x)" for name, ns in result.items()]
            sys.stdout.write(f"{venues} x {levels}, {consumed} levels: {', '.join(cells)}\n")


if __name__ == "__main__":
    main()
