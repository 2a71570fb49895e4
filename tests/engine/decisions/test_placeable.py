"""What no venue could ever take, and the least that one of them would."""

from __future__ import annotations

import pytest

from engine.decisions.placeable import (
    best_price_1e9,
    finest_lot_1e8,
    least_qty_1e8,
    off_lot_text,
    on_lot_1e8,
    price_bound_fault,
    size_denial,
)
from engine.errors import Reason
from engine.model.units import Side
from tests.support.builders import listing, market

DOLLAR, ONE = 10**9, 10**8
# Least 0.001 and 5 dollars, or least 0.1 whatever it is worth.
VENUES = (
    listing("small", 0, lot_1e8=10_000, qty_min_1e8=100_000, notional_min_1e9=5 * DOLLAR),
    listing("plain", 1, lot_1e8=1_000, qty_min_1e8=ONE // 10),
)


@pytest.mark.parametrize(
    ("qty", "dollars", "fits", "least"),
    [
        (100_000, 5_000, True, 100_000),
        (90_000, 5_000, False, 100_000),
        (100_000, 4_000, False, 130_000),
        (130_000, 4_000, True, 130_000),
        (100_000, 0, True, 100_000),
        (1, 0, False, 100_000),
        (ONE // 10, 1, True, ONE // 10),
        (ONE // 10 - 1_000, 1, False, ONE // 10),
    ],
)
def test_one_venue_that_takes_it_is_enough(qty: int, dollars: int, fits: bool, least: int) -> None:
    denial = size_denial(VENUES, qty, dollars * DOLLAR)
    assert (denial is None) is fits
    assert denial is None or denial.reason is Reason.BELOW_MINIMUM
    assert least_qty_1e8(VENUES, dollars * DOLLAR) == least
    assert size_denial(VENUES, least, dollars * DOLLAR) is None, "the least that is told fits"


def test_the_refusal_names_the_least_that_would_do() -> None:
    denial = size_denial(VENUES[:1], 10, 2_300 * DOLLAR)
    assert denial is not None and "the least is 0.0022 at 2300" in denial.text


def test_what_an_order_can_be_worth() -> None:
    block = market({"alpha": ([(99 * DOLLAR, ONE)], [(101 * DOLLAR, ONE)])})
    assert best_price_1e9(block, Side.BUY, 50 * DOLLAR) == 50 * DOLLAR
    assert best_price_1e9(block, Side.SELL, 50 * DOLLAR) == 99 * DOLLAR
    assert best_price_1e9(block, Side.SELL, 150 * DOLLAR) == 150 * DOLLAR
    assert best_price_1e9(block, Side.BUY, None, 100) == 10_201 * DOLLAR // 100
    assert best_price_1e9(block, Side.SELL, None, 100) == 99 * DOLLAR
    assert best_price_1e9(market({"alpha": ([], [])}), Side.BUY, None, 100) == 0


def test_the_payoff_bounds_prices_of_event_contracts_only() -> None:
    event = (listing(price_max_1e9=DOLLAR),)
    assert "the highest is 0.99" in price_bound_fault(event, DOLLAR)
    assert price_bound_fault(event, 2 * DOLLAR)
    assert not price_bound_fault(event, DOLLAR - 10_000_000)
    assert not price_bound_fault(VENUES, 10**15)


@pytest.mark.parametrize(
    ("qty", "usable"),
    [
        (1, 0),
        (998, 0),
        (999, 1_000),
        (1_001, 1_000),
        (1_500, 1_000),
        (2_998, 2_000),
        (5_000, 5_000),
    ],
)
def test_what_is_on_the_lot_is_what_a_submission_is_taken_for(qty: int, usable: int) -> None:
    assert finest_lot_1e8(VENUES) == 1_000
    assert on_lot_1e8(VENUES, qty) == usable


def test_a_quantity_off_the_lot_is_told_only_what_can_be_ordered() -> None:
    near = off_lot_text(VENUES, 12_345_678, 5_000 * DOLLAR)
    assert near == "0.12345678 is off the lot of 0.00001; nearest are 0.12345 or 0.12346"
    small = off_lot_text(VENUES, 500, 4_000 * DOLLAR)
    assert small.endswith("; the smallest order is 0.0013 at 4000")
    assert size_denial(VENUES, 130_000, 4_000 * DOLLAR) is None
    assert off_lot_text(VENUES, 500, 0).endswith("; the smallest order is 0.001")
