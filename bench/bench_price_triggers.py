"""A hundred thousand waiting prices: what each weighs, and what they cost a book that moves.

`python -m bench.bench_price_triggers` prints bytes a trigger, the ratio of a delta with and
without triggers, and bytes a graph whose second node waits; `trigger`, `delta` or `graph` after
it measures one of them. The pytest entry runs all at smoke size.
"""

from __future__ import annotations

import gc
import random
import statistics
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

from actors.book import BookActor
from actors.price_watch import PriceWatchActor
from bench.bench_memory import resident_bytes
from bench.order_world import PRICE, SYMBOL, OrderWorld
from engine.decisions.market import MarketBlock
from engine.decisions.market_tape import MarketTape
from engine.kernels.delta_ring import DeltaRing
from engine.kernels.warm_up import warm_up
from engine.messages import ArmPrice, BookDelta, BookSnapshot, PriceSource
from engine.model.graph import (
    Edge,
    FixedAmount,
    Graph,
    Node,
    NodeInstrument,
    PriceTrigger,
    Quantity,
    Trigger,
)
from engine.runtime.actor import Actor
from engine.store.projections import NODES_KEPT
from tests.support.builders import BTC, listing
from tests.support.probe import Stage

MANY = 100_000
SMOKE = 200
SMOKE_GRAPHS = 20
PAIRS = 400
DELTAS = 250
VENUES = 4
TICK = 10_000_000
AWAY = 5_000 * 10**9


class WatchedMarket(Stage):
    """Four books of one instrument and its price watch, driven handler by handler."""

    def __init__(self) -> None:
        super().__init__()
        listings = [listing(f"v{venue}", venue) for venue in range(VENUES)]
        self.market = MarketBlock(BTC, listings, 512)
        self.tape = MarketTape()
        self.tape.observe_spread(2 * TICK)
        market, tape = self.market, self.tape
        self.prices, self.watch = self.spawn(lambda: PriceWatchActor(market, tape, MANY), "prices")
        self.feed, self.router = self.probe("feed"), self.probe("router")
        self.rings = [DeltaRing(4_096) for _ in range(VENUES)]
        self.books = [self._book(venue) for venue in range(VENUES)]
        self.run()

    def _book(self, venue: int) -> BookActor:
        slot, ring = self.market.slot(venue), self.rings[venue]
        ends = self.feed, venue, self.router, lambda *_: 0, 0, self.prices, self.tape
        _, book = self.spawn(lambda: BookActor(slot, ring, *ends), f"book{venue}")
        rows = [(0, PRICE - level * TICK, 10**8) for level in range(1, 101)]
        rows += [(1, PRICE + level * TICK, 10**8) for level in range(1, 101)]
        start = self._write(venue, rows)
        book.on_snapshot(BookSnapshot(venue, start, len(rows), 1, 1, 1))
        return book

    def _write(self, venue: int, rows: list[tuple[int, int, int]]) -> int:
        ring = self.rings[venue]
        start = ring.reserve(len(rows))
        for offset, row in enumerate(rows):
            ring.put(start + offset, *row)
        ring.commit(start, len(rows))
        return start

    def arm(self, count: int) -> None:
        """Triggers far from the price, half above it and half below."""
        rng = random.Random(1)
        for owner in range(count):
            above = owner % 2 == 0
            away = AWAY + rng.randrange(10**13)
            at = 2 * (PRICE + (away if above else -away))
            self.watch.on_arm(ArmPrice(owner + 1, 0, above, at, PriceSource.MID, 0))

    def deltas(self, count: int, seed: int) -> int:
        """Nanoseconds of so many deltas, each of which moves a best; written beforehand."""
        rng = random.Random(seed)
        waiting: list[tuple[BookActor, BookDelta]] = []
        for number in range(count):
            venue = rng.randrange(VENUES)
            # The best level goes and comes, now on this side and now on the other.
            side = rng.randrange(2)
            price = PRICE + (TICK if side else -TICK)
            start = self._write(venue, [(side, price, rng.choice((0, 10**8)))])
            delta = BookDelta(venue, start, 1, number, number, number)
            waiting.append((self.books[venue], delta))
        clock = time.perf_counter_ns
        started = clock()
        for book, delta in waiting:
            book.on_delta(delta)
        return clock() - started


class WaitingGraphs(OrderWorld):
    """Graphs of an entry that fills at once and an exit that waits for a price far away."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.graph = Graph(
            nodes=(exit_node("entry", "buy"), exit_node("exit", "sell")),
            edges=(
                Edge(
                    from_node="entry",
                    to_node="exit",
                    trigger=Trigger(on_price=PriceTrigger(direction="above", price_1e9=2 * PRICE)),
                ),
            ),
        )

    def graphs(self, count: int) -> None:
        """Submit so many and let their entries fill."""
        for _ in range(count):
            answer = self.order()
            assert answer.reason == "", answer.text
        self.driver.run_for(10 * 10**9)


def exit_node(name: str, side: str) -> Node:
    return Node(
        node_id=name,
        instrument=NodeInstrument(symbol=SYMBOL),
        side="buy" if side == "buy" else "sell",
        quantity=Quantity(fixed=FixedAmount(qty_1e8=100_000)),
    )


def bench_price_triggers_smoke(tmp_path: Path) -> None:
    """Armed triggers fire nothing while books move, and a waiting graph waits."""
    warm_up()
    assert 0 < trigger_bytes(SMOKE) < 10_000
    with_them, without = WatchedMarket(), WatchedMarket()
    with_them.arm(SMOKE)
    for number in range(3):
        with_them.deltas(SMOKE, number)
        without.deltas(SMOKE, number)
    assert with_them.market.mid_x2() == without.market.mid_x2()
    with_them.run()
    assert len(with_them.watch.triggers[PriceSource.MID]) == SMOKE
    world = WaitingGraphs(tmp_path / "journal.db")
    world.graphs(SMOKE_GRAPHS)
    watch: Actor[object] | None = world.system.actor_of(world.world.price_watches[SYMBOL])
    assert isinstance(watch, PriceWatchActor)
    assert len(watch.triggers[PriceSource.MID]) == SMOKE_GRAPHS
    assert world.world.ledger.open_grants == 0
    assert not world.system.dead_letters
    world.close()


def trigger_bytes(count: int) -> float:
    """Bytes of an armed trigger, by the allocator's own account."""
    market = WatchedMarket()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    market.arm(count)
    gc.collect()
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return used / count


def delta_ratio(pairs: int = PAIRS) -> tuple[float, float, float]:
    """Median ratio of deltas with and without triggers in alternating pairs, and both medians."""
    armed, bare = WatchedMarket(), WatchedMarket()
    armed.arm(MANY)
    gc.collect()
    gc.freeze()
    ratios, slow, fast = [], [], []
    for number in range(pairs):
        if number % 2:
            first, second = armed.deltas(DELTAS, number), bare.deltas(DELTAS, number)
        else:
            second, first = bare.deltas(DELTAS, number), armed.deltas(DELTAS, number)
        if number >= pairs // 10:
            ratios.append(first / second)
            slow.append(first / DELTAS)
            fast.append(second / DELTAS)
    gc.unfreeze()
    medians = statistics.median(slow), statistics.median(fast)
    return statistics.median(ratios), *medians


def graph_bytes(count: int) -> tuple[float, float]:
    """Resident bytes of a waiting graph, and its seconds from submit to waiting."""
    with tempfile.TemporaryDirectory(prefix="execgraph-bench-") as folder:
        world = WaitingGraphs(Path(folder) / "journal.db")
        # What grows once, by bounded memories of the past, is no part of a graph's weight: the
        # store keeps the rows of the newest nodes, the exchange its last closed orders. At full
        # size they are full before; a smaller count includes their growth.
        world.graphs(count // 10 if count < MANY else NODES_KEPT // 2 + 1)
        gc.collect()
        before = resident_bytes()
        started = time.perf_counter()
        world.graphs(count)
        seconds = time.perf_counter() - started
        gc.collect()
        used = resident_bytes() - before
        world.close()
    return used / count, seconds / count


def main(what: str = "", count: int = MANY) -> None:
    """Print the three figures, or the one that is asked for."""
    warm_up()
    if what in ("", "trigger"):
        print(f"trigger  {trigger_bytes(count):.0f} bytes each, {count} armed")
    if what in ("", "delta"):
        ratio, armed, bare = delta_ratio()
        print(f"delta    ratio {ratio:.3f}  armed {armed:.0f} ns  none {bare:.0f} ns")
    if what in ("", "graph"):
        used, seconds = graph_bytes(count)
        print(f"graph    {used:.0f} bytes each, {count} waiting, {seconds * 1e6:.0f} us each")


if __name__ == "__main__":
    main("".join(sys.argv[1:2]), *map(int, sys.argv[2:3]))
