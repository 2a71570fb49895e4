"""Holds, LAST and torn markets: what must not fire, and what must not be missed."""

from __future__ import annotations

from actors.price_watch import LAST_CHECK_NS
from engine.messages import PriceMoved, PriceSource
from tests.actors.test_price_watch import WatchStage

MS = 10**6
LAST, BID = PriceSource.LAST, PriceSource.BID


def test_a_hold_of_a_spike_gone_before_the_watch_looked() -> None:
    stage = WatchStage()
    stage.arm(210, hold_ms=10)
    # Book still 99/101.
    stage.tell(stage.ref, PriceMoved(211, 105, 106))
    stage.run(30 * MS)
    assert stage.reached() == []


def test_a_return_seen_late_starts_the_hold() -> None:
    stage = WatchStage()
    stage.arm(210, hold_ms=10)
    stage.move(105, 106)
    stage.run(2 * MS)
    # It left, but is back at 211 now, unsaid.
    stage.tell(stage.ref, PriceMoved(208, 104, 104))
    stage.run(30 * MS)
    assert stage.reached() == [0]


def test_a_hold_in_a_market_gone_stale() -> None:
    stage = WatchStage()
    stage.arm(210, hold_ms=10)
    stage.move(105, 106)
    stage.run(2 * MS)
    stage.block.slots[0].mark_stale(1)
    stage.run(30 * MS)
    assert stage.reached() == []


def test_a_hold_in_a_market_gone_torn() -> None:
    stage = WatchStage()
    stage.tape.observe_spread(1)
    stage.arm(210, hold_ms=10)
    stage.move(105, 106)
    stage.run(2 * MS)
    stage.move(50, 106, tell=False)
    stage.run(30 * MS)
    assert stage.reached() == []


def test_last_hold_spike_between_looks() -> None:
    stage = WatchStage()
    stage.tape.observe_price(100)
    stage.arm(300, source=LAST, hold_ms=200)
    stage.tape.observe_price(160)
    stage.tape.observe_price(100)
    stage.run(LAST_CHECK_NS)
    stage.run(400 * MS)
    assert stage.reached() == []


def test_last_left_just_before_due() -> None:
    stage = WatchStage()
    stage.tape.observe_price(100)
    stage.arm(300, source=LAST, hold_ms=70)
    stage.tape.observe_price(150)
    stage.run(LAST_CHECK_NS)
    stage.run(60 * MS)
    stage.tape.observe_price(149)
    stage.run(15 * MS)
    assert stage.reached() == []


def test_second_last_arm_does_not_see_the_past() -> None:
    stage = WatchStage()
    stage.tape.observe_price(100)
    stage.arm(2000, source=LAST)
    stage.tape.observe_price(160)
    stage.tape.observe_price(100)
    stage.arm(300, source=LAST, edge=1)
    stage.run(2 * LAST_CHECK_NS)
    assert stage.reached() == []


def test_arm_with_negative_usual_spread() -> None:
    stage = WatchStage()
    stage.tape.observe_spread(-2)
    stage.arm(200)
    assert stage.reached() == [0]


def test_bid_in_a_torn_market() -> None:
    stage = WatchStage()
    stage.tape.observe_spread(1)
    stage.move(105, 140)
    stage.arm(208, source=BID)
    assert stage.reached() == []


def test_refused_leaves_nothing() -> None:
    stage = WatchStage(triggers_max=1)
    stage.arm(300, hold_ms=5)
    stage.arm(301, hold_ms=5, edge=1)
    assert len(stage.watch.holds) == 1
