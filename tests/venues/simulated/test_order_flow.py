"""Order flow: books stay alive, close to fair, uncrossed, refilled, repeatable and bounded."""

from __future__ import annotations

import random

from engine.model.orders import TimeInForce
from engine.model.units import Side, price_1e9, qty_1e8
from tests.support.simulated_venues import T0, exchange_of
from venues.simulated.exchange import SimulatedExchange
from venues.simulated.order_flow import DepthProfile, FairValue, OrderFlow

START = price_1e9("2325")
TICK_NS = 50_000_000
PROFILE = DepthProfile(
    levels=20,
    half_spread_1e9=price_1e9("0.05"),
    step_1e9=price_1e9("0.1"),
    qty_1e8=qty_1e8("3"),
)


def world(seed: int = 1) -> tuple[SimulatedExchange, OrderFlow, FairValue]:
    exchange = exchange_of()
    fair = FairValue(START, random.Random(seed))
    flow = OrderFlow(exchange, {"ETH-USD": fair}, {"ETH-USD": PROFILE}, random.Random(seed + 1))
    return exchange, flow, fair


def run(exchange: SimulatedExchange, flow: OrderFlow, ticks: int, start: int = T0) -> int:
    for tick in range(ticks):
        flow.run(start + tick * TICK_NS)
    return start + ticks * TICK_NS


def test_the_first_run_fills_both_sides() -> None:
    exchange, flow, _ = world()
    flow.run(T0)
    book = exchange.books["ETH-USD"].book
    assert book.best(Side.BUY) == START - price_1e9("0.05")
    assert book.best(Side.SELL) == START + price_1e9("0.05")
    assert len(book.orders) == 2 * PROFILE.levels


def test_the_book_follows_the_fair_value() -> None:
    exchange, flow, fair = world()
    now = T0
    for _ in range(30):
        now = run(exchange, flow, 20, now)
        mid = exchange.books["ETH-USD"].mid_1e9()
        assert mid is not None
        assert abs(mid - fair.value_1e9) < price_1e9("1")
        assert len(exchange.books["ETH-USD"].book.orders) <= 2 * PROFILE.levels
    assert fair.value_1e9 != START
    assert exchange.books["ETH-USD"].book.trade_id > 10, "somebody traded"


def test_a_swept_side_comes_back() -> None:
    exchange, flow, _ = world()
    flow.run(T0)
    book = exchange.books["ETH-USD"].book
    everything = qty_1e8("100000")
    exchange.flow_place("ETH-USD", Side.BUY, everything, 2 * START, T0, TimeInForce.IOC)
    assert book.best(Side.SELL) is None
    run(exchange, flow, 60, T0)
    assert sum(qty for _, qty in book.depth(Side.SELL, 5)) > qty_1e8("5")


def test_a_stranger_on_the_wrong_side_of_fair_is_picked_off() -> None:
    exchange, flow, fair = world()
    flow.run(T0)
    cheap = fair.value_1e9 - price_1e9("0.04")
    number, _ = exchange.flow_place("ETH-USD", Side.SELL, qty_1e8("1"), cheap, T0)
    flow.run(T0 + TICK_NS)
    assert exchange.books["ETH-USD"].book.open_qty(number) == 0


def test_a_closed_market_stands_still() -> None:
    exchange, flow, _ = world()
    exchange.books["ETH-USD"].open = False
    run(exchange, flow, 5)
    assert not exchange.books["ETH-USD"].book.orders


def test_it_repeats_by_seed() -> None:
    def tape(seed: int) -> list[tuple[int, int]]:
        exchange, flow, _ = world(seed)
        run(exchange, flow, 100)
        return exchange.books["ETH-USD"].book.depth(Side.BUY, 50)

    assert tape(1) == tape(1) != tape(5)


def test_the_fair_value_does_not_depend_on_who_asks() -> None:
    often, seldom = (FairValue(START, random.Random(3)) for _ in range(2))
    for tick in range(0, 400, 7):
        often.at(T0 + tick * TICK_NS)
    seldom.at(T0)
    assert often.at(T0 + 400 * TICK_NS) == seldom.at(T0 + 400 * TICK_NS) != START


def test_the_fair_value_stays_in_its_bounds() -> None:
    fair = FairValue(500, random.Random(3), sigma_ppm=500_000, bounds_1e9=(400, 600))
    values = [fair.at(T0 + step * fair.step_ns) for step in range(300)]
    assert min(values) == 400
    assert max(values) == 600


def test_a_long_pause_is_bounded_work() -> None:
    fair = FairValue(START, random.Random(3))
    fair.at(T0)
    fair.at(T0 + 10**18)
    assert fair.at_ns is not None
    assert T0 + 10**18 - fair.at_ns < fair.step_ns
