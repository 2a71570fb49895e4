"""Where orders rest: cheapest maker fee first, on each venue's grid, never through its touch."""

from __future__ import annotations

import random
from typing import Any

import pytest

from engine.decisions.market import MarketBlock
from engine.decisions.posts import Posts
from engine.errors import Reason
from engine.model.fees import FeeSchedule
from engine.model.units import Side, notional_1e9
from tests.support.builders import BTC, fill_slot, intent, listing

QTY = 10**8
PRICE = 64_000 * 10**9
TICK = 10**7


def market(*rules: dict[str, Any]) -> MarketBlock:
    """One venue for each table of listing rules; books of PRICE -+ one tick."""
    listings = [listing(f"v{i}", i, **one) for i, one in enumerate(rules)]
    block = MarketBlock(BTC, listings, 16)
    for index in range(len(listings)):
        fill_slot(block.slot(index), [(PRICE - TICK, QTY)], [(PRICE + TICK, QTY)])
    return block


def fee(maker_ppm: int, **rules: Any) -> dict[str, Any]:
    return {"fees": FeeSchedule(taker_ppm=1_000, maker_ppm=maker_ppm)} | rules


def none(block: MarketBlock) -> list[Reason]:
    return [Reason.NONE] * len(block.listings)


def post(qty: int = QTY, venues: int = 1, price: int = PRICE, side: Side = Side.BUY) -> Any:
    return intent(qty_1e8=qty, post_venues=venues, limit_price_1e9=price, side=side)


def test_the_cheapest_maker_rests_all_of_it() -> None:
    block = market(fee(300), fee(-50), fee(0))
    choice = Posts(block).choose(post(), PRICE, none(block))
    assert choice.places == ((1, QTY, PRICE),)
    assert (choice.unplaced_qty_1e8, choice.reason) == (0, Reason.NONE)


def test_equal_parts_rest_on_the_cheapest_ones() -> None:
    block = market(fee(300), fee(100), fee(200), fee(50))
    qty = 10_000 * 3_000 + 1_000
    choice = Posts(block).choose(post(qty, venues=3), PRICE, none(block))
    assert [venue for venue, _, _ in choice.places] == [3, 1, 2]
    assert sum(part for _, part, _ in choice.places) == qty
    parts = [part for _, part, _ in choice.places]
    assert max(parts) - min(parts) <= 2 * 1_000 and parts[0] == max(parts)


def test_fewer_venues_where_the_parts_would_be_too_small() -> None:
    block = market(fee(0, qty_min_1e8=QTY // 2), fee(10, qty_min_1e8=QTY), fee(20))
    choice = Posts(block).choose(post(QTY, venues=2), PRICE, none(block))
    assert choice.places == ((0, QTY, PRICE),)
    small = Posts(block).choose(post(QTY // 4, venues=2), PRICE, none(block))
    assert small.places == ((2, QTY // 4, PRICE),), "only the third takes so little"
    assert Posts(block).choose(post(999), PRICE, none(block)).reason is Reason.BELOW_MINIMUM


def test_a_venue_that_would_refuse_is_left_out() -> None:
    block = market(fee(0), fee(100))
    fill_slot(block.slots[0], [(PRICE - TICK, QTY)], [(PRICE, QTY)])
    assert Posts(block).choose(post(), PRICE, none(block)).places == ((1, QTY, PRICE),)
    fill_slot(block.slots[1], [(PRICE - TICK, QTY)], [(PRICE - TICK // 2, QTY)])
    choice = Posts(block).choose(post(), PRICE, none(block))
    assert (choice.places, choice.reason) == ((), Reason.POST_ONLY)
    assert choice.unplaced_qty_1e8 == QTY
    sell = Posts(block).choose(post(side=Side.SELL, price=PRICE - TICK), None, none(block))
    assert sell.reason is Reason.POST_ONLY, "both bids stand at that price"


def test_venues_that_may_not_be_used_give_their_reason() -> None:
    block = market(fee(0), fee(100), {"fees": None})
    reasons = [Reason.STALE_VENUE, Reason.NONE, Reason.NONE]
    assert Posts(block).choose(post(), PRICE, reasons).places[0][0] == 1
    choice = Posts(block).choose(post(), PRICE, [Reason.STALE_VENUE] * 3)
    assert (choice.places, choice.reason) == ((), Reason.STALE_VENUE)


def test_the_rest_of_a_limit_order_may_cross() -> None:
    block = market(fee(10), fee(0, tick_1e9=10**9))
    fill_slot(block.slots[1], [(PRICE - TICK, QTY)], [(PRICE - TICK, QTY)])
    found = Posts(block).rest(Side.BUY, QTY + 1, PRICE + TICK, none(block))
    assert found.places == ((1, QTY, PRICE),), "on the coarser tick, passively, and on the lot"
    assert (found.unplaced_qty_1e8, found.reason) == (1, Reason.BELOW_MINIMUM)
    assert Posts(block).rest(Side.BUY, 1, PRICE, none(block)).places == ()


@pytest.mark.parametrize("seed", range(40))
def test_every_place_keeps_its_venues_rules(seed: int) -> None:
    rng = random.Random(seed)
    rules = [
        fee(
            rng.randrange(-100, 400),
            tick_1e9=rng.choice((10**7, 10**8, 10**9)),
            lot_1e8=rng.choice((1_000, 7_000, 100_000)),
            qty_min_1e8=rng.choice((1_000, 10**6)),
            notional_min_1e9=rng.choice((0, 10 * 10**9)),
        )
        for _ in range(rng.randrange(1, 6))
    ]
    block = market(*rules)
    side = rng.choice((Side.BUY, Side.SELL))
    price = PRICE + rng.randrange(-3, 4) * TICK
    reasons = [rng.choice((Reason.NONE, Reason.NONE, Reason.STALE_VENUE)) for _ in rules]
    qty = rng.randrange(1, 3 * 10**7)
    wish = post(qty, rng.randrange(1, 5), price, side)
    choice = Posts(block).choose(wish, None, reasons)
    placed = sum(part for _, part, _ in choice.places)
    assert placed + choice.unplaced_qty_1e8 == qty
    assert len({venue for venue, _, _ in choice.places}) == len(choice.places) <= wish.post_venues
    assert (choice.reason is Reason.NONE) == (not choice.unplaced_qty_1e8)
    for venue, part, at in choice.places:
        one = block.listings[venue]
        assert reasons[venue] is Reason.NONE
        assert part % one.lot_1e8 == 0 and part >= one.qty_min_1e8 and at % one.tick_1e9 == 0
        assert notional_1e9(at, part) >= one.notional_min_1e9
        inside = at <= price < block.best_ask[venue]
        if side is Side.SELL:
            inside = block.best_bid[venue] < price <= at
        assert inside, "never more aggressive than asked, never through the touch"


def test_too_small_for_every_venue_that_it_may_go_to() -> None:
    posts = Posts(market(fee(0, qty_min_1e8=QTY), fee(0, qty_min_1e8=2 * QTY)))
    assert not posts.too_small(post(QTY))
    assert posts.too_small(post(QTY - 1_000))
    assert posts.too_small(intent(qty_1e8=QTY, limit_price_1e9=PRICE, venue="v1"))
    assert posts.too_small(intent(qty_1e8=QTY, limit_price_1e9=PRICE, avoid=("v0",)))
    assert not posts.too_small(intent(qty_1e8=QTY, limit_price_1e9=PRICE, venue="nowhere"))


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_the_rest_of_a_limit_order_never_goes_where_it_would_meet_one_of_ours(side: Side) -> None:
    block = market(fee(0), fee(100))
    posts = Posts(block)
    away = PRICE - side.sign * TICK
    block.own.put("other", 0, side.opposite, PRICE, QTY)
    assert posts.rest(side, QTY, PRICE, none(block)).places == ((1, QTY, PRICE),)
    found = posts.rest(side, QTY, away, none(block))
    assert found.places == ((0, QTY, away),), "it does not meet it"
    block.own.put("another", 1, side.opposite, PRICE, QTY)
    found = posts.rest(side, QTY, PRICE, none(block))
    assert (found.places, found.unplaced_qty_1e8, found.reason) == ((), QTY, Reason.OWN_ORDER)
    block.own.put("other", 0, side.opposite, PRICE, 0)
    assert posts.rest(side, QTY, PRICE, none(block)).places == ((0, QTY, PRICE),)
