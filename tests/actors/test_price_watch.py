"""The price watch: who is told, when it counts as held, and the bounds that books compare with."""

from __future__ import annotations

import random

import pytest

from actors.price_watch import LAST_CHECK_NS, PriceWatchActor
from engine.decisions.market import INT64_MAX, INT64_MIN
from engine.decisions.market_tape import MarketTape
from engine.messages import (
    ArmPrice,
    DisarmPrice,
    HoldDue,
    PriceMoved,
    PriceReached,
    PriceRefused,
    PriceSource,
)
from tests.support.builders import fill_slot, market
from tests.support.probe import Stage
from tests.support.slow_triggers import SlowTriggers

MS = 10**6
BID, ASK = PriceSource.BID, PriceSource.ASK
MID, LAST, MARK = PriceSource.MID, PriceSource.LAST, PriceSource.MARK


class WatchStage(Stage):
    """A watch over one book, 99 to 101 at first, with two owners."""

    def __init__(self, triggers_max: int = 100) -> None:
        super().__init__()
        self.block = market({"alpha": ([(99, 1)], [(101, 1)])})
        self.tape = MarketTape()
        self.owner, self.other = self.probe("owner"), self.probe("other")
        block, tape = self.block, self.tape
        self.ref, self.watch = self.spawn(lambda: PriceWatchActor(block, tape, triggers_max))

    def arm(
        self,
        price_x2: int,
        above: bool = True,
        *,
        edge: int = 0,
        source: PriceSource = MID,
        hold_ms: int = 0,
    ) -> None:
        who = self.owner.actor_id
        self.tell(self.ref, ArmPrice(who, edge, above, price_x2, source, hold_ms * MS))

    def disarm(self, edge: int = 0) -> None:
        self.tell(self.ref, DisarmPrice(self.owner.actor_id, edge))

    def move(self, bid: int, ask: int, *, tell: bool = True) -> None:
        """The book moves, and says so as a book does."""
        fill_slot(self.block.slots[0], [(bid, 1)], [(ask, 1)])
        mid = bid + ask
        beyond = mid <= self.block.trigger_low_x2 or mid >= self.block.trigger_high_x2
        if tell and beyond:
            self.tell(self.ref, PriceMoved(mid, bid, ask))

    def reached(self) -> list[int]:
        """Edges of the owner that were told since the last time."""
        return [one.edge_index for one in self.take(self.owner, PriceReached)]

    @property
    def bounds(self) -> tuple[int, int]:
        return self.block.trigger_low_x2, self.block.trigger_high_x2


def test_a_threshold_is_told_at_equality_once_and_the_bounds_follow() -> None:
    stage = WatchStage()
    assert stage.bounds == (INT64_MIN, INT64_MAX)
    stage.arm(210)
    stage.arm(190, False, edge=1)
    assert stage.bounds == (190, 210)
    stage.move(104, 105)
    assert stage.reached() == []
    stage.move(105, 105 + 1)
    assert stage.reached() == [0]
    assert stage.bounds == (190, INT64_MAX)
    stage.move(90, 100)
    assert stage.reached() == [1]
    assert stage.bounds == (INT64_MIN, INT64_MAX)


def test_each_owner_hears_of_its_own() -> None:
    stage = WatchStage()
    stage.arm(210, edge=4)
    stage.tell(stage.ref, ArmPrice(stage.other.actor_id, 4, True, 300, MID, 0))
    stage.move(105, 107)
    assert stage.reached() == [4]
    assert stage.take(stage.other, PriceReached) == []


def test_a_spike_that_is_gone_when_the_watch_looks_still_counts() -> None:
    stage = WatchStage()
    stage.arm(210)
    fill_slot(stage.block.slots[0], [(99, 1)], [(101, 1)])
    stage.tell(stage.ref, PriceMoved(211, 105, 106))
    assert stage.reached() == [0], "what the book saw counts, not what stands now"


def test_what_is_reached_already_is_told_at_once() -> None:
    stage = WatchStage()
    stage.arm(200)
    stage.arm(200, False, edge=1)
    stage.arm(201, edge=2)
    assert stage.reached() == [0, 1]
    assert stage.bounds == (INT64_MIN, 201)


def test_arming_in_a_torn_market_waits_for_a_price_to_trust() -> None:
    stage = WatchStage()
    stage.tape.observe_spread(1)
    stage.move(90, 120)
    stage.arm(205)
    assert stage.reached() == [], "thirty is more than five times one"
    stage.move(104, 106)
    assert stage.reached() == [0]


def test_a_second_arming_replaces_the_first_and_disarming_ends_it() -> None:
    stage = WatchStage()
    stage.arm(210)
    stage.arm(220)
    assert stage.bounds == (INT64_MIN, 220)
    stage.tell(stage.ref, PriceMoved(215, 107, 108))
    assert stage.reached() == []
    stage.disarm()
    stage.disarm()
    assert stage.bounds == (INT64_MIN, INT64_MAX)
    stage.tell(stage.ref, PriceMoved(300, 150, 150))
    assert stage.reached() == []


def test_replacing_may_change_the_source() -> None:
    stage = WatchStage()
    stage.arm(210, source=BID)
    stage.arm(210)
    assert stage.bounds == (INT64_MIN, 210), "nobody waits for the bid any more"
    stage.arm(250, source=ASK)
    stage.tell(stage.ref, PriceMoved(220, 105, 115))
    assert stage.reached() == []
    stage.tell(stage.ref, PriceMoved(232, 107, 125))
    assert stage.reached() == [0]


def test_a_price_that_holds_is_told_when_the_time_is_over() -> None:
    stage = WatchStage()
    stage.arm(210, hold_ms=10)
    stage.move(105, 106)
    stage.run(9 * MS)
    assert stage.reached() == []
    assert stage.bounds == (209, INT64_MAX), "the bound where it is left again"
    stage.run(1 * MS)
    assert stage.reached() == [0]
    assert stage.bounds == (INT64_MIN, INT64_MAX)


def test_a_price_that_leaves_starts_anew_when_it_comes_back() -> None:
    stage = WatchStage()
    stage.arm(190, False, hold_ms=10)
    stage.move(94, 95)
    stage.run(6 * MS)
    stage.move(95, 96)
    assert stage.bounds == (190, INT64_MAX), "it waits again"
    stage.run(20 * MS)
    assert stage.reached() == []
    stage.move(94, 96)
    stage.run(6 * MS)
    stage.move(93, 95)
    stage.run(4 * MS)
    assert stage.reached() == [0], "ten in all, without leaving"


def test_a_hold_is_disarmed_and_replaced_whole() -> None:
    stage = WatchStage()
    stage.arm(200, hold_ms=10)
    stage.run(5 * MS)
    stage.disarm()
    stage.run(20 * MS)
    assert stage.reached() == []
    assert stage.bounds == (INT64_MIN, INT64_MAX)
    stage.arm(200, hold_ms=10)
    stage.run(5 * MS)
    stage.arm(200, hold_ms=10)
    stage.run(6 * MS)
    assert stage.reached() == [], "the second hold began later"
    stage.run(4 * MS)
    assert stage.reached() == [0]


def test_the_late_word_of_a_given_up_hold_ends_no_other() -> None:
    stage = WatchStage()
    stage.arm(200, hold_ms=10)
    stage.run(5 * MS)
    stage.tell(stage.ref, HoldDue(stage.owner.actor_id, 0))
    assert stage.reached() == []
    stage.run(5 * MS)
    assert stage.reached() == [0]


@pytest.mark.parametrize(("source", "above"), [(BID, False), (ASK, True)])
def test_a_hold_on_one_side_of_the_book_is_left_on_that_side(
    source: PriceSource, above: bool
) -> None:
    stage = WatchStage()
    # The bid is at or under 198, the ask at or over 202; the mid of 200 never is.
    stage.arm(202 if above else 198, above, source=source, hold_ms=10)
    stage.move(98 if not above else 99, 102 if above else 101)
    stage.run(10 * MS)
    assert stage.reached() == [0]
    assert stage.bounds == (INT64_MIN, INT64_MAX)
    stage.arm(202 if above else 198, above, source=source, hold_ms=10)
    stage.run(5 * MS)
    stage.move(100, 100)
    stage.run(20 * MS)
    assert stage.reached() == [], "the touch went away"


def test_touch_sources_ask_for_every_move() -> None:
    stage = WatchStage()
    stage.arm(208, source=BID)
    stage.arm(180, False, edge=1, source=ASK)
    assert stage.bounds == (INT64_MAX, INT64_MIN)
    stage.move(103, 120)
    assert stage.reached() == []
    stage.move(104, 105)
    assert stage.reached() == [0]
    stage.move(10, 90)
    assert stage.reached() == [1]
    assert stage.bounds == (INT64_MIN, INT64_MAX)
    stage.arm(2 * 10, source=BID, edge=2)
    assert stage.reached() == [2], "reached already"


def test_a_mark_that_nobody_gives_is_the_mid() -> None:
    stage = WatchStage()
    stage.arm(210, source=MARK)
    assert stage.bounds == (INT64_MIN, 210)
    stage.move(105, 105)
    assert stage.reached() == [0]


def test_the_last_price_counts_with_every_extreme_between_two_looks() -> None:
    stage = WatchStage()
    stage.tape.observe_price(500)
    stage.tape.observe_price(100)
    stage.arm(2 * 150, source=LAST)
    stage.arm(2 * 50, False, edge=1, source=LAST)
    assert stage.bounds == (INT64_MIN, INT64_MAX), "books need not tell"
    stage.run(2 * LAST_CHECK_NS)
    assert stage.reached() == [], "trades from before the arming do not count"
    for price in (100, 151, 101):
        stage.tape.observe_price(price)
    stage.run(LAST_CHECK_NS)
    assert stage.reached() == [0]
    stage.tape.observe_price(50)
    stage.run(LAST_CHECK_NS)
    assert stage.reached() == [1]
    assert stage.watch.last_timer == 0, "nobody waits for trades any more"


def test_a_hold_on_the_last_price_is_left_by_a_trade() -> None:
    stage = WatchStage()
    stage.tape.observe_price(100)
    stage.arm(2 * 150, source=LAST, hold_ms=200)
    stage.tape.observe_price(150)
    stage.run(LAST_CHECK_NS)
    stage.tape.observe_price(149)
    stage.run(400 * MS)
    assert stage.reached() == []
    stage.tape.observe_price(160)
    stage.run(LAST_CHECK_NS)
    stage.run(200 * MS)
    assert stage.reached() == [0]


def test_more_than_fits_is_counted() -> None:
    stage = WatchStage(triggers_max=2)
    for edge in range(3):
        stage.arm(300 + edge, edge=edge)
    assert stage.watch.refused == 1
    assert stage.bounds == (INT64_MIN, 300)


@pytest.mark.parametrize("seed", range(15))
def test_random_prices_tell_what_a_scan_of_all_thresholds_does(seed: int) -> None:
    rng = random.Random(seed)
    stage, slow = WatchStage(), SlowTriggers(100)
    half, who = 100, stage.owner.actor_id
    for _ in range(200):
        act, edge = rng.random(), rng.randrange(20)
        expected: list[tuple[int, int, int]] = []
        if act < 0.4:
            above, at = rng.random() < 0.5, 2 * half + rng.randrange(-30, 31)
            slow.arm(who, edge, above, at)
            expected = slow.crossed(2 * half)
            stage.arm(at, above, edge=edge)
        elif act < 0.5:
            slow.disarm(who, edge)
            stage.disarm(edge)
        else:
            if rng.random() < 0.2:
                # A spike and back, of which the watch hears once it is over.
                spike = max(10, half + rng.randrange(-40, 41))
                low, high = stage.bounds
                if not low < 2 * spike < high:
                    stage.tell(stage.ref, PriceMoved(2 * spike, spike - 1, spike + 1))
                expected = slow.crossed(2 * spike)
            half = max(10, half + rng.randrange(-6, 7))
            stage.move(half - 1, half + 1)
            expected += slow.crossed(2 * half)
        assert sorted(stage.reached()) == sorted(edge for _, edge, _ in expected)
        assert stage.bounds == slow.bounds(INT64_MIN, INT64_MAX)


def test_a_watch_that_is_full_says_so_to_whom_it_refuses() -> None:
    stage = WatchStage(triggers_max=1)
    stage.arm(500, edge=1)
    assert stage.take(stage.owner, PriceRefused) == []
    stage.arm(500, edge=2)
    assert stage.take(stage.owner, PriceRefused) == [PriceRefused(2)]
    stage.disarm(1)
    stage.arm(500, edge=2)
    assert stage.take(stage.owner, PriceRefused) == []
