"""The tape actor: a ring of prints, and mids sampled for the volatility."""

from __future__ import annotations

import pytest

from actors.tape import SAMPLE_NS, TapeActor
from engine.decisions.market import MarketBlock
from engine.decisions.venue_observations import VenueObservations
from engine.messages import TradePrint
from engine.model.units import Side
from tests.support.builders import fill_slot, market
from tests.support.probe import START_NS, Stage

PRICE = 64_000 * 10**9


class Samples(VenueObservations):
    """Observations that also keep what they were told."""

    def __init__(self, block: MarketBlock) -> None:
        super().__init__(block.listings)
        self.mids: list[tuple[int, int]] = []

    def observe_mid(self, now_ns: int, mid_x2: int) -> None:
        self.mids.append((now_ns, mid_x2))
        super().observe_mid(now_ns, mid_x2)


class Bench(Stage):
    """A tape over a market of one healthy book."""

    def __init__(self, prints_max: int = 4) -> None:
        super().__init__()
        self.market = market({"alpha": ([(PRICE - 1, 5)], [(PRICE + 1, 5)])})
        self.samples = Samples(self.market)
        self.ref, self.tape = self.spawn(
            lambda: TapeActor(self.market, self.samples, prints_max), "tape"
        )

    def trade(self, number: int, side: Side | None = Side.BUY) -> None:
        self.tell(self.ref, TradePrint(2, 100 + number, number, side, 1_000 + number, 900))


@pytest.mark.parametrize(("side", "kept"), [(Side.BUY, 0), (Side.SELL, 1), (None, -1)])
def test_a_print_is_kept_with_its_side(side: Side | None, kept: int) -> None:
    bench = Bench()
    bench.trade(7, side)
    assert bench.tape.newest(1).tolist() == [[1_007, 107, 7, kept, 2]]


def test_the_ring_keeps_the_last_prints_oldest_first() -> None:
    bench = Bench(prints_max=4)
    for number in range(1, 7):
        bench.trade(number)
    assert bench.tape.newest(3)[:, 2].tolist() == [4, 5, 6]
    assert bench.tape.newest(100)[:, 2].tolist() == [3, 4, 5, 6]
    assert len(bench.tape.prints) == 4


def test_count_volume_and_last_price_cover_all_prints() -> None:
    bench = Bench(prints_max=2)
    for number in (5, 6, 7):
        bench.trade(number)
    tape = bench.tape
    assert (tape.count, tape.volume_1e8, tape.last_price_1e9) == (3, 18, 107)


def test_newest_of_an_empty_or_young_tape_is_what_there_is() -> None:
    bench = Bench()
    assert bench.tape.newest(3).shape == (0, 5)
    bench.trade(1)
    assert bench.tape.newest(3)[:, 2].tolist() == [1]
    assert bench.tape.newest(0).shape == (0, 5)


def test_the_mid_is_sampled_every_second() -> None:
    bench = Bench()
    bench.run(3 * SAMPLE_NS + SAMPLE_NS // 2)
    assert bench.samples.mids == [(START_NS + n * SAMPLE_NS, 2 * PRICE) for n in (1, 2, 3)]


def test_samples_move_the_volatility() -> None:
    bench = Bench()
    prior = bench.samples.variance
    bench.run(30 * SAMPLE_NS)
    assert bench.samples.variance < prior, "a still market is calmer than the prior"


def test_without_a_mid_nothing_is_sampled_but_the_timer_goes_on() -> None:
    bench = Bench()
    slot = bench.market.slots[0]
    assert slot is not None
    slot.mark_stale(1)
    bench.run(2 * SAMPLE_NS)
    assert bench.samples.mids == []
    fill_slot(slot, [(9, 1)], [(11, 1)])
    bench.run(SAMPLE_NS)
    assert bench.samples.mids == [(START_NS + 3 * SAMPLE_NS, 20)]


def test_prints_do_not_move_the_mid() -> None:
    bench = Bench()
    bench.trade(1)
    bench.run(SAMPLE_NS)
    assert bench.samples.mids == [(START_NS + SAMPLE_NS, 2 * PRICE)]
