"""Price triggers: bytes for each armed one, and what a book update costs that fires none.

`python -m bench.bench_price_triggers` arms 100,000 on a market of four venues and prints both; the
pytest entry arms few and checks that the updates do not fire, and that they are the same work.
"""

from __future__ import annotations

import random
import tracemalloc
from statistics import median
from time import perf_counter_ns

from actors.book import BookActor, Levels
from actors.price_watch import PriceWatchActor
from engine.decisions.market import MarketBlock
from engine.decisions.market_tape import MarketTape
from engine.kernels.delta_ring import DeltaRing
from engine.kernels.warm_up import warm_up
from engine.messages import ArmPrice, BookDelta, BookSnapshot, PriceSource
from engine.model.instruments import Instrument, InstrumentType, Listing
from engine.runtime.actor import ActorRef
from engine.runtime.simulated_driver import SimulatedDriver
from engine.runtime.supervision import HALT
from engine.runtime.system import ActorSystem

VENUES = ("alpha", "beta", "gamma", "delta")
TICK = 10_000_000
MID_TICKS = 6_400_000
LEVELS = 200
# The best of a venue walks over these ticks, so that every second update moves a best.
WALK_TICKS = 6
NEAREST_TICKS = 40
MANY = 100_000
ROUNDS = 40
UPDATES = 2_000
SMOKE = 200
BID, ASK = 0, 1


class TriggerWorld:
    """Four books that write to one market, and the price watch of it."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.system = ActorSystem(seed=seed)
        self.driver = SimulatedDriver(self.system, seed, 1_700_000_000 * 10**9, order="fifo")
        instrument = Instrument(symbol="BTC-USD", type=InstrumentType.SPOT, base="BTC", quote="USD")
        listings = [
            Listing(venue=venue, venue_symbol="BTCUSD", instrument=instrument, venue_index=index)
            for index, venue in enumerate(VENUES)
        ]
        self.market, self.tape = MarketBlock(instrument, listings, 1_024), MarketTape()
        self.tape.observe_spread(2 * TICK)
        self.watch = self.system.spawn(
            lambda: PriceWatchActor(self.market, self.tape, MANY), name="prices", supervision=HALT
        )
        self.books = [self.book(venue) for venue in range(len(VENUES))]
        self.best_ticks = [[1, 1] for _ in VENUES]
        self.driver.run_until_idle()

    def book(self, venue: int) -> BookActor:
        """A book of `LEVELS` levels a side, one tick apart, best one tick from the mid."""
        ring, slot = DeltaRing(4 * LEVELS), self.market.slot(venue)
        ends: tuple[ActorRef, int, ActorRef] = self.watch, venue, self.watch
        ref = self.system.spawn(
            lambda: BookActor(slot, ring, *ends, no_checksum, 0, self.watch, self.tape),
            name=f"book:{venue}",
            supervision=HALT,
        )
        actor = self.system.actor_of(ref)
        assert isinstance(actor, BookActor)
        start = ring.reserve(2 * LEVELS)
        for row in range(LEVELS):
            ring.put(start + 2 * row, BID, (MID_TICKS - 1 - row) * TICK, 10**8)
            ring.put(start + 2 * row + 1, ASK, (MID_TICKS + 1 + row) * TICK, 10**8)
        ring.commit(start, 2 * LEVELS)
        actor.on_snapshot(BookSnapshot(venue, start, 2 * LEVELS, 1, 1, 1))
        return actor

    def arm(self, count: int) -> None:
        """Half above and half below the mid, none so near that the walk reaches it."""
        for owner in range(count):
            above = owner % 2 == 0
            away = self.random.randrange(NEAREST_TICKS * TICK, MID_TICKS * TICK)
            price = 2 * MID_TICKS * TICK + (away if above else -away)
            self.driver.tell(
                self.watch, ArmPrice(10**6 + owner, 0, above, price, PriceSource.MID, 0)
            )
            if owner % 1_000 == 0:
                self.driver.run_until_idle()
        self.driver.run_until_idle()
        assert self.armed() == count

    def armed(self) -> int:
        """How many wait for the mid."""
        watch = self.system.actor_of(self.watch)
        assert isinstance(watch, PriceWatchActor)
        return len(watch.triggers[PriceSource.MID])

    def update(self, chance: random.Random) -> tuple[BookActor, BookDelta]:
        """A written delta: half take or give the best level of a side, half resize a deeper one."""
        venue, side = chance.randrange(len(VENUES)), chance.randrange(2)
        book, sign = self.books[venue], 1 if side else -1
        best = self.best_ticks[venue]
        away, qty = best[side] + chance.randrange(1, 20), chance.randrange(1, 10**9)
        if chance.random() < 0.5:
            if best[side] > 1 and (best[side] > WALK_TICKS or chance.random() < 0.5):
                best[side] -= 1
                away = best[side]
            else:
                away, qty = best[side], 0
                best[side] += 1
        start = book.ring.reserve(1)
        book.ring.put(start, side, (MID_TICKS + sign * away) * TICK, qty)
        book.ring.commit(start, 1)
        return book, BookDelta(venue, start, 1, 2, 2, 2)

    def run(self, updates: int, chance: random.Random) -> int:
        """Nanoseconds in the handler of that many updates."""
        spent = 0
        for _ in range(updates):
            book, delta = self.update(chance)
            begin = perf_counter_ns()
            book.on_delta(delta)
            spent += perf_counter_ns() - begin
        return spent


def no_checksum(listing_id: int, bids: Levels, asks: Levels) -> int:
    """The books of this bench carry none."""
    return -1


def bench_price_triggers_smoke() -> None:
    """Updates between the nearest thresholds fire nothing, and leave both markets the same."""
    warm_up()
    bare, armed = TriggerWorld(), TriggerWorld()
    armed.arm(SMOKE)
    bare.run(SMOKE, random.Random(2))
    armed.run(SMOKE, random.Random(2))
    armed.driver.run_until_idle()
    assert armed.armed() == SMOKE
    assert bare.market.mid_x2() == armed.market.mid_x2() is not None
    assert (bare.market.view == armed.market.view).all()
    bounds = armed.market.trigger_low_x2, armed.market.trigger_high_x2
    assert bounds[0] < 2 * MID_TICKS * TICK < bounds[1]


def main(count: int = MANY) -> None:
    """Print bytes for each armed trigger, and the ratio of the medians of alternating rounds."""
    warm_up()
    bare, armed = TriggerWorld(), TriggerWorld()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    armed.arm(count)
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    print(f"{used / count:.0f} bytes for each of {count} armed triggers")
    times: tuple[list[int], list[int]] = ([], [])
    for round_number in range(ROUNDS):
        worlds = [(bare, times[0]), (armed, times[1])]
        for world, into in worlds if round_number % 2 else reversed(worlds):
            into.append(world.run(UPDATES, random.Random(round_number)))
    without, with_them = (median(one) / UPDATES for one in times)
    print(f"update {without:.0f} ns without, {with_them:.0f} ns with: {with_them / without:.3f}")
    assert armed.armed() == count, "an update fired"


if __name__ == "__main__":
    main()
