"""Where an order rests is a matter of rules and touches alone, cheapest maker fee first."""

from __future__ import annotations

import pytest

from engine.decisions.places import Places
from engine.errors import Reason
from engine.model.records import PostRules
from engine.model.units import Side

QTY = 10**8
PRICE = 64_000 * 10**9
TICK = 10**7
BUY, SELL = Side.BUY, Side.SELL


def rules(name: str, maker_ppm: int | None, **changed: int) -> PostRules:
    values = {"tick_1e9": TICK, "lot_1e8": 1_000, "qty_min_1e8": 1_000, "notional_min_1e9": 0}
    return PostRules(name, maker_ppm, 0, **(values | changed))


THREE = (rules("a", 200), rules("b", None), rules("c", -50))
FREE = [Reason.NONE] * 3


def test_a_venue_without_a_known_fee_is_never_chosen() -> None:
    places = Places(THREE)
    assert places.cheapest == (2, 0)
    assert places.by_fee(FREE) == [2, 0]
    assert places.by_fee([Reason.NONE, Reason.NONE, Reason.LINK_DOWN]) == [0]


@pytest.mark.parametrize("side", [BUY, SELL])
def test_what_stands_at_the_price_on_the_other_side_is_crossed(side: Side) -> None:
    beyond = PRICE + side.sign * TICK
    places = Places(THREE)
    found = places.spread(side, QTY, PRICE, 3, FREE, [beyond, beyond, PRICE])
    assert found.places == ((0, QTY, PRICE),)
    found = places.spread(side, QTY, PRICE, 3, FREE, [PRICE] * 3)
    assert (found.places, found.reason) == ((), Reason.POST_ONLY)
    stale = [Reason.STALE_VENUE] * 3
    assert places.spread(side, QTY, PRICE, 3, stale, [PRICE] * 3).reason is Reason.STALE_VENUE
    unknown = Places([rules("b", None)])
    assert unknown.spread(side, QTY, PRICE, 1, FREE[:1], [beyond]).reason is Reason.NO_LIQUIDITY


def test_the_first_of_several_takes_the_odd_lots() -> None:
    far = [PRICE + TICK] * 3
    found = Places(THREE).spread(BUY, 2_500_999, PRICE, 2, FREE, far)
    assert found.places == ((2, 1_250_000, PRICE), (0, 1_250_000, PRICE))
    assert (found.unplaced_qty_1e8, found.reason) == (999, Reason.BELOW_MINIMUM)
    large = (rules("a", 0), rules("b", 10, qty_min_1e8=QTY), rules("c", 20))
    found = Places(large).spread(BUY, QTY, PRICE, 2, FREE, far)
    assert found.places == ((0, QTY, PRICE),), "half would be below the second's minimum"


def test_the_rest_goes_to_one_venue_and_says_why_to_none() -> None:
    places = Places(THREE)
    found = places.rest(BUY, QTY + 1, PRICE + 1, FREE, [False] * 3)
    assert found.places == ((2, QTY, PRICE),)
    assert (found.unplaced_qty_1e8, found.reason) == (1, Reason.BELOW_MINIMUM)
    assert places.rest(BUY, QTY, PRICE, FREE, [False, False, True]).places == ((0, QTY, PRICE),)
    cases = [
        (QTY, FREE, [True] * 3, Reason.OWN_ORDER),
        (999, FREE, [True] * 3, Reason.BELOW_MINIMUM),
        (QTY, [Reason.LINK_DOWN] * 3, [False] * 3, Reason.LINK_DOWN),
    ]
    for qty, reasons, meets, expected in cases:
        found = places.rest(BUY, qty, PRICE, reasons, meets)
        assert (found.places, found.unplaced_qty_1e8, found.reason) == ((), qty, expected)


def test_a_price_rounds_away_from_the_market_and_a_minimum_of_money_is_kept() -> None:
    places = Places((rules("a", 0, tick_1e9=10**9, notional_min_1e9=10 * 10**9),))
    assert places.fit(0, BUY, QTY, PRICE + 1) == (0, QTY, PRICE)
    assert places.fit(0, SELL, QTY, PRICE + 1) == (0, QTY, PRICE + 10**9)
    assert places.fit(0, BUY, 15_000, PRICE) is None
    assert places.fit(0, BUY, QTY, 10**8) is None
