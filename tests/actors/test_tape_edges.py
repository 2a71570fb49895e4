"""The tape actor at its edges: sides, a young ring, a market that has no mid."""

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
        self.mids.append((now_ns - START_NS, mid_x2))
        super().observe_mid(now_ns, mid_x2)


class TapeBench(Stage):
    """A tape over a market of one healthy book."""

    def __init__(self, prints_max: int = 4) -> None:
        super().__init__()
        self.market = market({"alpha": ([(PRICE - 1, 5)], [(PRICE + 1, 5)])})
        self.samples = Samples(self.market)
        self.ref, self.tape = self.spawn(
            lambda: TapeActor(self.market, self.samples, prints_max), "tape"
        )

    def trade(self, *numbers: int, side: Side | None = Side.BUY) -> None:
        for number in numbers:
            trade = TradePrint(2, 100 + number, number, side, 1_000 + number, 900)
            self.tell(self.ref, trade)


@pytest.mark.parametrize(("side", "kept"), [(Side.BUY, 0), (Side.SELL, 1), (None, -1)])
def test_a_print_is_kept_with_its_side(side: Side | None, kept: int) -> None:
    bench = TapeBench()
    bench.trade(7, side=side)
    assert bench.tape.newest(1).tolist() == [[1_007, 107, 7, kept, 2]]


def test_the_newest_prints_come_oldest_first_also_around_the_ring_s_end() -> None:
    bench = TapeBench()
    bench.trade(1, 2, 3, 4, 5, 6)
    assert bench.tape.newest(3)[:, 2].tolist() == [4, 5, 6]
    assert bench.tape.newest(100)[:, 2].tolist() == [3, 4, 5, 6]


def test_count_volume_and_last_price_cover_all_prints() -> None:
    bench = TapeBench(prints_max=2)
    bench.trade(5, 6, 7)
    tape = bench.tape
    assert (tape.count, tape.volume_1e8, tape.last_price_1e9) == (3, 18, 107)


def test_newest_of_an_empty_or_young_tape_is_what_there_is() -> None:
    bench = TapeBench()
    assert bench.tape.newest(3).shape == (0, 5)
    bench.trade(1)
    assert bench.tape.newest(3)[:, 2].tolist() == [1]
    assert bench.tape.newest(0).shape == (0, 5)


def test_the_mid_is_sampled_every_second_and_calms_the_volatility() -> None:
    bench = TapeBench()
    prior = bench.samples.variance
    bench.trade(1)
    bench.run(3 * SAMPLE_NS + SAMPLE_NS // 2)
    assert bench.samples.mids == [(n * SAMPLE_NS, 2 * PRICE) for n in (1, 2, 3)]
    assert bench.samples.variance < prior


def test_without_a_mid_nothing_is_sampled_but_the_timer_goes_on() -> None:
    bench = TapeBench()
    slot = bench.market.slots[0]
    assert slot is not None
    slot.mark_stale(1)
    bench.run(2 * SAMPLE_NS)
    assert bench.samples.mids == []
    fill_slot(slot, [(9, 1)], [(11, 1)])
    bench.run(SAMPLE_NS)
    assert bench.samples.mids == [(3 * SAMPLE_NS, 20)]
