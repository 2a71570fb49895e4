"""The tape: a bounded ring of prints, and a mid a second for the volatility estimate."""

from __future__ import annotations

from actors.tape import TapeActor
from engine.decisions.market_tape import MarketTape
from engine.decisions.venue_observations import VenueObservations
from engine.messages import TradePrint
from engine.model.units import Side
from tests.support.builders import fill_slot, market
from tests.support.probe import Stage

PRICE = 64_000 * 10**9
S = 10**9


def stage_of(prints_max: int = 4):  # type: ignore[no-untyped-def]  # a tuple of the test's own
    stage = Stage()
    block = market({"alpha": ([(PRICE - 10**10, 5)], [(PRICE, 5)])})
    seen = VenueObservations(block.listings)
    ref, actor = stage.spawn(lambda: TapeActor(block, seen, prints_max))
    return stage, ref, actor, block, seen


def test_the_newest_prints_stay_in_order() -> None:
    stage, ref, actor, _, _ = stage_of()
    sides = (Side.BUY, Side.SELL, None, Side.BUY, Side.SELL, None)
    for i, side in enumerate(sides):
        stage.tell(ref, TradePrint(2, PRICE + i, 10 + i, side, 100 + i, 0))
    rows = actor.newest(9).tolist()
    assert [row[1] - PRICE for row in rows] == [2, 3, 4, 5]
    assert [row[3] for row in rows] == [-1, 0, 1, -1]
    assert actor.newest(1).tolist() == [[105, PRICE + 5, 15, -1, 2]]
    assert (actor.count, actor.volume_1e8) == (6, sum(range(10, 16)))
    assert actor.last_price_1e9 == PRICE + 5


def test_a_moving_mid_is_sampled_every_second() -> None:
    stage, _, _, block, seen = stage_of()
    before = seen.sigma
    for step in range(1, 31):
        move = 10**11 if step % 2 else 0
        fill_slot(block.slots[0], [(PRICE - 10**10 + move, 5)], [(PRICE + move, 5)])
        stage.run(S)
    assert seen.last_mid_x2 == block.mid_x2()
    assert seen.sigma > before


def test_the_nodes_tape_is_written_along() -> None:
    tape = MarketTape()
    stage = Stage()
    block = market({"alpha": ([(PRICE - 10**10, 5)], [(PRICE, 5)])})
    ref, actor = stage.spawn(lambda: TapeActor(block, VenueObservations(block.listings), 4, tape))
    assert actor.tape is tape
    stage.tell(ref, TradePrint(2, PRICE, 17, None, 0, 0))
    assert tape.traded_1e8 == 17
    assert tape.usual_spread_1e9() is None
    stage.run(2 * S)
    assert tape.usual_spread_1e9() == 10**10


def test_a_second_listing_writes_its_own_ring_and_samples_nothing() -> None:
    tape = MarketTape()
    stage = Stage()
    block = market({"alpha": ([(PRICE - 10**10, 5)], [(PRICE, 5)])})
    seen = VenueObservations(block.listings)
    first, _ = stage.spawn(lambda: TapeActor(block, seen, 4, tape, 0))
    second, other = stage.spawn(lambda: TapeActor(block, seen, 4, tape, 1, sampling=False))
    stage.tell(first, TradePrint(0, PRICE, 1, Side.BUY, 10, 0))
    stage.tell(second, TradePrint(0, PRICE + 1, 2, Side.SELL, 11, 0))
    assert tape.rings[0].newest(9).tolist() == [[10, PRICE, 1, 0, 0]]
    assert tape.rings[1].newest(9).tolist() == [[11, PRICE + 1, 2, 1, 0]]
    assert (tape.traded_1e8, tape.last_price_1e9, other.count) == (3, PRICE + 1, 1)
    for index in range(1, 6):
        stage.run(S)
        # One sample a second, although two actors write the tape.
        assert len(tape._spreads) == index
