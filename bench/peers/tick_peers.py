"""A firing tick beside its peers in one run: the actors, straight-line kernels, pure Python.

`python -m bench.peers.tick_peers` prints p50 and p99 in microseconds and the ratio to the straight
line. All three get the same frames and books and must split every tick into the same quantities.

- `actors`: frame bytes to order bytes through the real actors, with risk, journal and watches.
- `straight`: this file's one function over the engine's own kernels: decode, book, sweep, encode.
  No actors, risk, journal, ids from the node or state of orders: the floor of the same work.
- `python`: json, Decimal, SortedDict and heapq, in the same straight line.

Rounds of the three are interleaved, so that a busy machine burdens all alike. Latency terms are
equal for all venues here, so that they move no level and the peers may leave them out.
"""

from __future__ import annotations

import gc
import heapq
import json
import statistics
import time
from collections.abc import Callable, Sequence
from decimal import Decimal

import numpy as np
from sortedcontainers import SortedDict

from bench.bench_tick_to_order import QTY_1E8
from bench.tick_world import NEAR_FEES_PPM, VENUES, TickWorld, make_inputs
from engine.decisions.market import MarketBlock
from engine.decisions.split import Splitter
from engine.kernels.book_write import apply_deltas
from engine.kernels.delta_ring import DeltaRing
from engine.kernels.depth_update import FIELDS, parse_depth_update
from engine.kernels.landed import ACTIVE, LEG_WIDTH, OUT, OUT_HEAD
from engine.kernels.minimums import Scratch, place_with_minimums
from engine.kernels.sweep import NEEDS_MINIMUMS, sweep
from engine.kernels.warm_up import warm_up
from engine.model.units import PPM

ROUNDS = 30
ROUND_TICKS = 100
RING_ROWS = 1_024
Quantities = list[tuple[int, int]]


class Actors:
    """The engine: the wired world of the tick benchmark."""

    name = "actors"

    def __init__(self, world: TickWorld) -> None:
        self.world = world
        self.needed_minimums = False

    def tick(self, frame: bytes) -> tuple[int, Quantities]:
        """Nanoseconds until the last child's bytes left, and (venue, quantity) of each child."""
        world = self.world
        started = time.perf_counter_ns()
        world.tick(frame)
        ended = max(link.left_ns for link in world.links)
        children = [
            (v, lots(json.loads(payload)["qty"]))
            for v, link in enumerate(world.links)
            for payload in link.sent
        ]
        world.reset()
        return ended - started, children


class Straight:
    """The engine's kernels one after the other."""

    name = "straight"

    def __init__(self, world: TickWorld) -> None:
        theirs = world.router.market
        self.market = MarketBlock(theirs.instrument, theirs.listings, theirs.depth)
        self.market.block[:] = theirs.block
        self.splitter = Splitter(self.market)
        for v in range(len(VENUES)):
            self.splitter.cells[ACTIVE + v] = 1
        self.ring = DeltaRing(RING_ROWS)
        self.fields = np.zeros(FIELDS, np.int64)
        self.number = 0
        self.needed_minimums = False

    def tick(self, frame: bytes) -> tuple[int, Quantities]:
        started = time.perf_counter_ns()
        sent = self.straight_line(frame)
        ended = time.perf_counter_ns()
        return ended - started, [(v, lots(json.loads(payload)["qty"])) for v, payload in sent]

    def straight_line(self, frame: bytes) -> list[tuple[int, bytes]]:
        """Frame bytes in, order bytes by venue out."""
        market, splitter = self.market, self.splitter
        rows = self.ring.rows
        count = parse_depth_update(frame, rows, 0, RING_ROWS, self.fields)
        apply_deltas(market.block, 0, rows, 0, count)
        made = sweep(market.view, splitter.arena, 0, QTY_1E8, 0, 1)
        self.needed_minimums = made == NEEDS_MINIMUMS
        if made == NEEDS_MINIMUMS:
            scratch = Scratch()
            made = place_with_minimums(market.view, splitter.arena, scratch, 0, QTY_1E8, 0, 1)
        first = OUT + OUT_HEAD
        out = splitter.cells[first : first + LEG_WIDTH * made].tolist()
        sent = []
        for i in range(0, len(out), LEG_WIDTH):
            self.number += 1
            units, part = divmod(out[i + 1], 100_000_000)
            whole, rest = divmod(out[i + 2], 1_000_000_000)
            text = (
                f'{{"op":"place","sym":"BTCUSDT","side":"buy","qty":"{units}.{part:08d}",'
                f'"px":"{whole}.{rest // 10_000_000:02d}","tif":"IOC","id":"x-{self.number}"}}'
            )
            sent.append((out[i], text.encode()))
        return sent


class Python:
    """The same straight line without kernels."""

    name = "python"

    def __init__(self, world: TickWorld) -> None:
        market = world.router.market
        self.books = [
            (
                SortedDict({-p: q for p, q in market.levels(v, 0, market.depth)}),
                SortedDict(market.levels(v, 1, market.depth)),
            )
            for v in range(len(VENUES))
        ]
        self.number = 0
        self.needed_minimums = False

    def tick(self, frame: bytes) -> tuple[int, Quantities]:
        started = time.perf_counter_ns()
        sent = self.straight_line(frame)
        ended = time.perf_counter_ns()
        return ended - started, [(v, lots(json.loads(payload)["qty"])) for v, payload in sent]

    def straight_line(self, frame: bytes) -> list[tuple[int, bytes]]:
        """Frame bytes in, order bytes by venue out."""
        message = json.loads(frame)
        for side, sign, rows in ((0, -1, message["b"]), (1, 1, message["a"])):
            book = self.books[0][side]
            for price_text, qty_text in rows:
                price = sign * int(Decimal(price_text) * 1_000_000_000)
                qty = int(Decimal(qty_text) * 100_000_000)
                if qty:
                    book[price] = qty
                else:
                    book.pop(price, None)
        sent = []
        for v, (qty, worst) in sorted(self.split(QTY_1E8).items()):
            self.number += 1
            order = {
                "op": "place",
                "sym": "BTCUSDT",
                "side": "buy",
                "qty": str(Decimal(qty) / 100_000_000),
                "px": str(Decimal(worst) / 1_000_000_000),
                "tif": "IOC",
                "id": f"x-{self.number}",
            }
            sent.append((v, json.dumps(order).encode()))
        return sent

    def split(self, left: int) -> dict[int, tuple[int, int]]:
        """Quantity and worst price by venue, levels taken in order of landed price."""
        sides = [iter(asks.items()) for _, asks in self.books]
        heap: list[tuple[int, int, int, int]] = []
        for v, side in enumerate(sides):
            price, qty = next(side)
            heap.append((price * (PPM + NEAR_FEES_PPM[v]), price, v, qty))
        heapq.heapify(heap)
        taken: dict[int, tuple[int, int]] = {}
        while left and heap:
            _, price, v, qty = heap[0]
            part = min(qty, left)
            left -= part
            taken[v] = (taken[v][0] + part if v in taken else part, price)
            following = next(sides[v], None)
            if following is None:
                heapq.heappop(heap)
            else:
                price, qty = following
                heapq.heapreplace(heap, (price * (PPM + NEAR_FEES_PPM[v]), price, v, qty))
        return taken


def lots(text: str) -> int:
    """Quantity text in 1e-8."""
    return int(Decimal(text) * 100_000_000)


Peer = Actors | Straight | Python


def run(peer: Peer, frames: Sequence[bytes]) -> tuple[list[int], list[tuple[Quantities, bool]]]:
    """Latencies of a round, and what was sent (with whether venue minimums played a part)."""
    latencies, sent = [], []
    for frame in frames:
        took_ns, children = peer.tick(frame)
        latencies.append(took_ns)
        sent.append((sorted(children), peer.needed_minimums))
    return latencies, sent


def check(sent: dict[str, list[tuple[Quantities, bool]]]) -> None:
    """Every peer sent the same quantities to the same venues.

    Pure Python knows no venue minimums, so it is not asked about the rare tick that needs them.
    """
    for ours, straight, plain in zip(sent["actors"], sent["straight"], sent["python"], strict=True):
        assert sum(qty for _, qty in ours[0]) == QTY_1E8, ours
        assert ours[0] == straight[0], (ours, straight)
        assert straight[1] or straight[0] == plain[0], (straight, plain)


def measure(rounds: int, ticks: int) -> dict[str, list[list[int]]]:
    """Latencies of each peer by round, after one unmeasured round; the results are checked."""
    snapshots, frames = make_inputs((rounds + 1) * ticks)
    world = TickWorld(snapshots, QTY_1E8)
    peers: list[Peer] = [Straight(world), Python(world), Actors(world)]
    taken: dict[str, list[list[int]]] = {peer.name: [] for peer in peers}
    gc.collect()
    gc.freeze()
    for number in range(rounds + 1):
        part = frames[number * ticks : (number + 1) * ticks]
        sent = {}
        for peer in peers:
            latencies, sent[peer.name] = run(peer, part)
            if number:
                taken[peer.name].append(latencies)
        check(sent)
    gc.unfreeze()
    return taken


def p50(latencies: Sequence[int]) -> float:
    return statistics.median(latencies)


def p99(latencies: Sequence[int]) -> float:
    return sorted(latencies)[len(latencies) * 99 // 100]


def bench_tick_peers_smoke() -> None:
    """The three peers agree on a short run."""
    warm_up()
    taken = measure(1, 30)
    assert all(len(latencies) == 30 for rounds in taken.values() for latencies in rounds)


def main() -> None:
    """Print each peer's p50 and p99, and the median over rounds of the ratio to the straight."""
    warm_up()
    taken = measure(ROUNDS, ROUND_TICKS)
    cuts: tuple[Callable[[Sequence[int]], float], ...] = (p50, p99)
    for name, rounds in taken.items():
        figures = []
        for cut in cuts:
            ratios = [
                cut(ours) / cut(theirs)
                for ours, theirs in zip(rounds, taken["straight"], strict=True)
            ]
            whole = cut([latency for latencies in rounds for latency in latencies])
            figures.append(
                f"{cut.__name__} {whole / 1_000:7.1f} ({statistics.median(ratios):5.2f}x)"
            )
        print(f"{name:<10} " + "  ".join(figures))


if __name__ == "__main__":
    main()
