"""The subset search: forced minimums, exchanges between lots, the cheaper set of venues."""

from __future__ import annotations

from engine.decisions.split import Splitter
from tests.support.markets import TICK, Levels, instrument, listing, market_of, plain_terms


def split(asks: list[Levels], rules: list[dict[str, int]], qty: int) -> dict[int, int]:
    of = instrument()
    listings = [listing(v, of, fee_ppm=0, tick_1e9=TICK, **own) for v, own in enumerate(rules)]
    splitter = Splitter(market_of(listings, [([], side) for side in asks]))
    plan = splitter.plan(0, qty, None, plain_terms(splitter.market, 0))
    return {leg.venue_index: leg.qty_1e8 for leg in plan.legs}


def test_a_minimum_is_forced_where_dropping_the_venue_would_not_fill() -> None:
    asks: list[Levels] = [[(100 * TICK, 90)], [(101 * TICK, 90)]]
    rules = [{"qty_min_1e8": 1}, {"qty_min_1e8": 40}]
    assert split(asks, rules, 100) == {0: 60, 1: 40}


def test_the_venue_is_dropped_where_that_is_cheaper() -> None:
    asks: list[Levels] = [[(100 * TICK, 90), (102 * TICK, 90)], [(101 * TICK, 90)]]
    rules = [{"qty_min_1e8": 1}, {"qty_min_1e8": 40}]
    # Forcing 40 costs 40 more; the second level costs 10 x 2 = 20 more.
    assert split(asks, rules, 100) == {0: 100}


def test_lots_that_do_not_divide_each_other_exchange() -> None:
    asks: list[Levels] = [[(100 * TICK, 40)], [(101 * TICK, 45)]]
    rules = [{"lot_1e8": 2, "qty_min_1e8": 6}, {"lot_1e8": 5, "qty_min_1e8": 3}]
    legs = split(asks, rules, 53)
    assert sum(legs.values()) == 53
    assert legs[0] % 2 == legs[1] % 5 == 0


def test_what_cannot_be_placed_is_left() -> None:
    asks: list[Levels] = [[(100 * TICK, 40)], [(101 * TICK, 45)]]
    rules = [{"lot_1e8": 10}, {"lot_1e8": 10}]
    assert split(asks, rules, 57) == {0: 40, 1: 10}
    assert split(asks, rules, 9) == {}
