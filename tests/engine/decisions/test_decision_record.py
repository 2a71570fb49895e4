"""A decision is repeated from its record alone, bit for bit."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from engine.decisions.decision_record import DecisionRecorder, far_touch_1e9, redo
from engine.decisions.split import Splitter
from engine.model.records import DecisionRecord
from tests.support.markets import (
    NOW_NS,
    TICK,
    instrument,
    listing,
    market_of,
    plain_terms,
    random_books,
)
from tests.support.minimum_cases import minimum_case


def stored(record: DecisionRecord) -> DecisionRecord:
    """The record as it comes back from storage."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=DecisionRecord)


@pytest.mark.parametrize("seed", range(40))
def test_redo_gives_the_same_legs(seed: int) -> None:
    random = Random(seed)
    venues, levels = random.choice((1, 3, 4, 16)), random.choice((3, 40, 300))
    of = instrument()
    lots = [random.choice((1, 1_000, 10_000)) for _ in range(venues)]
    listings = [
        listing(v, of, fee_ppm=random.randrange(800), tick_1e9=TICK, lot_1e8=lots[v])
        for v in range(venues)
    ]
    books = random_books(random, venues, levels, lots=lots)
    splitter = Splitter(market_of(listings, books))
    recorder = DecisionRecorder(splitter)
    for v in range(venues):
        splitter.takes.add(f"t{v}", v, seed % 2, random.randrange(10**8), NOW_NS)
        splitter.set_own_orders(v, [(books[v][1 - seed % 2][0][0], 12_345)])
    side = seed % 2
    total = sum(q for book in books for _, q in book[1 - side])
    for power in (1, 4, 9):
        qty = max(1, int(total * random.random() ** power))
        worst = random.choice((None, books[0][1 - side][-1][0]))
        terms = plain_terms(splitter.market, side, constants=[random.randrange(TICK)] * venues)
        slack = random.random() < 0.5
        plan = splitter.plan(side, qty, worst, terms, leg_slack=slack)
        record = stored(recorder.record(plan, terms, 7, 1))
        assert redo(record) == plan.legs
        assert record.legs == tuple(
            (leg.venue_index, leg.qty_1e8, leg.limit_price_1e9) for leg in plan.legs
        )
        assert (record.qty_1e8, record.planned_qty_1e8) == (qty, plan.planned_qty_1e8)


@pytest.mark.parametrize("seed", range(12))
def test_redo_under_minimums(seed: int) -> None:
    case = minimum_case(seed, 4 + seed % 5, 0.15)
    splitter = Splitter(case.market)
    terms = plain_terms(case.market, 0, constants=case.constants)
    plan = splitter.plan(0, case.qty, None, terms)
    record = DecisionRecorder(splitter).record(plan, terms, 1, 1)
    assert redo(record) == plan.legs


def test_redo_notices_another_input() -> None:
    """The record decides, not the market: with another level the legs differ."""
    of = instrument()
    market = market_of([listing(0, of)], [([(90, 5)], [(100, 5), (101, 5)])])
    splitter = Splitter(market)
    terms = plain_terms(market, 0)
    plan = splitter.plan(0, 6, None, terms)
    record = DecisionRecorder(splitter).record(plan, terms, 1, 1)
    place = record.inputs.index((101).to_bytes(8, "little"))
    inputs = record.inputs[:place] + (109).to_bytes(8, "little") + record.inputs[place + 8 :]
    changed = redo(msgspec.structs.replace(record, inputs=inputs))
    assert changed[0].worst_planned_1e9 == 109
    assert plan.legs[0].worst_planned_1e9 == 101


def test_the_best_single_venue_stands_beside() -> None:
    of = instrument()
    asks = [[(100 * TICK, 10), (105 * TICK, 10)], [(101 * TICK, 10), (102 * TICK, 10)]]
    listings = [listing(v, of, fee_ppm=0, tick_1e9=TICK) for v in range(2)]
    market = market_of(listings, [([(98 * TICK, 1)], side) for side in asks])
    splitter = Splitter(market)
    terms = plain_terms(market, 0)
    recorder = DecisionRecorder(splitter)
    record = recorder.record(splitter.plan(0, 20, None, terms), terms, 1, 1)
    assert record.best_single_venue == "v1"
    assert record.best_single_cost_bps == pytest.approx(1e4 * (101.5 - 99) / 99)
    assert record.est_cost_bps == pytest.approx(1e4 * (100.5 - 99) / 99)
    assert record.mid_1e9 == 99 * TICK
    none = recorder.record(splitter.plan(0, 30, None, terms), terms, 2, 1)
    assert (none.best_single_venue, none.best_single_cost_bps) == ("", 0.0)


@pytest.mark.parametrize("side", [0, 1])
def test_the_far_touch_of_all_venues_stands_in_the_record_whoever_may_be_used(side: int) -> None:
    books = [([(90, 5)], [(100, 5)]), ([(91, 5)], [(99, 5)])]
    market = market_of([listing(v, instrument()) for v in range(2)], books)
    splitter = Splitter(market)
    terms = plain_terms(market, side)
    terms.active[1] = 0
    plan = splitter.plan(side, 5, None, terms)
    record = stored(DecisionRecorder(splitter).record(plan, terms, 1, 1))
    assert far_touch_1e9(record) == market.best(1 - side) == (91 if side else 99)
    assert redo(record) == plan.legs


def test_a_record_of_an_empty_side_or_of_something_else_has_no_far_touch() -> None:
    market = market_of([listing(0, instrument())], [([(90, 5)], [])])
    splitter = Splitter(market)
    terms = plain_terms(market, 0)
    record = DecisionRecorder(splitter).record(splitter.plan(0, 1, None, terms), terms, 1, 1)
    assert far_touch_1e9(record) == 0
    for inputs in (b"", bytes(256)):
        assert far_touch_1e9(msgspec.structs.replace(record, inputs=inputs)) == 0


def test_a_plan_is_recorded_before_the_next() -> None:
    market = market_of([listing(0, instrument())], [([], [(100, 5)])])
    splitter = Splitter(market)
    terms = plain_terms(market, 0)
    plan = splitter.plan(0, 1, None, terms)
    splitter.plan(0, 2, None, terms)
    with pytest.raises(AssertionError, match="before the next"):
        DecisionRecorder(splitter).record(plan, terms, 1, 1)


def test_a_very_deep_decision_makes_room() -> None:
    of = instrument()
    asks = [((1_000 + i) * TICK, 1) for i in range(4_000)]
    market = market_of([listing(0, of, tick_1e9=TICK)], [([], asks)], depth=4_096)
    splitter = Splitter(market)
    terms = plain_terms(market, 0)
    plan = splitter.plan(0, 3_900, None, terms)
    record = DecisionRecorder(splitter).record(plan, terms, 1, 1)
    assert len(record.inputs) > 3_900 * 16
    assert redo(record) == plan.legs
