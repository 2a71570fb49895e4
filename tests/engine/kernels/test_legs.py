"""Legs: exact cost beyond 64 bits, the limit's rounding, minimums at their very edge."""

from __future__ import annotations

import pytest

from engine.decisions.split import Splitter
from engine.model.fees import FeeSchedule
from engine.model.instruments import InstrumentType, Listing
from tests.support.markets import TICK, Levels, instrument, listing, market_of, plain_terms


def splitter_of(rules: Listing, bids: Levels, asks: Levels) -> Splitter:
    return Splitter(market_of([rules], [(bids, asks)]))


def test_the_cost_is_exact_beyond_64_bits() -> None:
    asks = [(64_123 * 10**9 + i, 10**12 + i) for i in range(50)]
    splitter = splitter_of(listing(0, instrument()), [], asks)
    qty = sum(q for _, q in asks)
    plan = splitter.plan(0, qty, None, plain_terms(splitter.market, 0))
    assert plan.legs[0].price_times_qty == sum(p * q for p, q in asks) > 2**64


@pytest.mark.parametrize(("missing", "legs"), [(0, 1), (1, 0)])
def test_the_minimum_notional_is_compared_exactly(missing: int, legs: int) -> None:
    price, qty = 64_123 * 10**9, 10**8
    minimum = price * qty // 10**8
    rules = listing(0, instrument(), notional_min_1e9=minimum + missing)
    splitter = splitter_of(rules, [], [(price, qty)])
    plan = splitter.plan(0, qty, None, plain_terms(splitter.market, 0))
    assert len(plan.legs) == legs


def test_a_sell_keeps_its_notional_at_the_limit() -> None:
    price, qty = 10_000 * TICK, 10**8
    rules = listing(0, instrument(), fee_ppm=0, tick_1e9=TICK, notional_min_1e9=price - TICK // 2)
    splitter = splitter_of(rules, [(price, qty)], [])
    plan = splitter.plan(1, qty, None, plain_terms(splitter.market, 1))
    # One basis point of slack is one tick; the minimum allows half of it.
    assert plan.legs[0].limit_price_1e9 == price


def test_event_costs_include_the_quadratic_fee_in_bps_of_the_payoff() -> None:
    cent = 10_000_000
    of = instrument("EVENT-USD", InstrumentType.PREDICTION)
    fees = FeeSchedule(taker_ppm=70_000, quadratic=True)
    rules = listing(0, of, fees=fees, tick_1e9=cent, price_max_1e9=10**9)
    splitter = splitter_of(rules, [(38 * cent, 10**8)], [(40 * cent, 10**8), (50 * cent, 10**8)])
    plan = splitter.plan(0, 2 * 10**8, None, plain_terms(splitter.market, 0))
    fee = (0.07 * 0.4 * 0.6 + 0.07 * 0.5 * 0.5) / 2
    assert plan.est_cost_bps == pytest.approx(1e4 * (0.45 + fee - 0.39))
