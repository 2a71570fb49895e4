"""The others: they start as the live book, stand still until told, and then trade as fitted."""

from __future__ import annotations

import random

import msgspec

from engine.model.units import Side
from engine.service.scenario.flow import LiveFlow
from engine.service.scenario.setting import VenueStart
from tests.support.scenarios import COIN, MID_1E9, venue_start
from venues.simulated.exchange import SimulatedExchange
from venues.simulated.order_flow import FairValue

S = 10**9
STEP = S // 100


def flow_of(start: VenueStart, sigma_ppm: int = 0, seed: int = 1) -> LiveFlow:
    exchange = SimulatedExchange("alpha", (start.listing,), random.Random(seed))
    fair = FairValue(MID_1E9, random.Random(seed), sigma_ppm, pull_s=10**7, step_ns=STEP)
    return LiveFlow(exchange, start, fair, random.Random(seed))


def depth(flow: LiveFlow, side: Side) -> tuple[tuple[int, int], ...]:
    return tuple(flow.exchange.books["AAA-USD"].book.depth(side, 100))


def run(flow: LiveFlow, seconds: float, begin_ns: int = 0) -> int:
    now_ns = begin_ns
    for _ in range(round(seconds * S / STEP)):
        now_ns += STEP
        flow.run(now_ns)
    return now_ns


def test_the_book_is_the_live_one_until_others_move() -> None:
    start = venue_start(trades_per_s=50.0)
    flow = flow_of(start, sigma_ppm=1_000)
    run(flow, 1.0)
    assert depth(flow, Side.BUY) == start.bids
    assert depth(flow, Side.SELL) == start.asks


def test_others_trade_as_often_as_the_tape_showed() -> None:
    flow = flow_of(venue_start(trades_per_s=10.0))
    flow.moving = True
    run(flow, 60.0)
    assert 500 < flow.trades < 700


def test_taken_quotes_come_back_and_not_at_once() -> None:
    flow = flow_of(venue_start())
    flow.moving = True
    now_ns = run(flow, 0.1)
    flow.take(Side.BUY, MID_1E9 * 2, 6 * COIN, now_ns)
    assert len(depth(flow, Side.SELL)) == 6
    now_ns = run(flow, 0.1, now_ns)
    assert len(depth(flow, Side.SELL)) < 10
    run(flow, 20.0, now_ns)
    assert len(depth(flow, Side.SELL)) == 12


def test_quotes_follow_a_moving_value_and_never_cross() -> None:
    flow = flow_of(venue_start(), sigma_ppm=300)
    flow.moving = True
    now_ns, fairs, apart = 0, [], []
    for _ in range(200):
        now_ns = run(flow, 0.1, now_ns)
        bids, asks = depth(flow, Side.BUY), depth(flow, Side.SELL)
        assert bids[0][0] < asks[0][0]
        fairs.append(flow.fair.at(now_ns))
        apart.append(abs((bids[0][0] + asks[0][0]) / 2 - fairs[-1]))
    assert max(fairs) - min(fairs) > 5 * 10**7
    assert sum(apart) / len(apart) < 2 * 10**7


def test_a_move_takes_the_depth_that_usually_stands_in_its_way_and_once() -> None:
    flow = flow_of(venue_start())
    flow.moving = True
    now_ns = run(flow, 0.1)
    ours = 100 * COIN
    book = flow.exchange.books["AAA-USD"].book
    number, _ = flow.exchange.flow_place("AAA-USD", Side.BUY, ours, MID_1E9, now_ns)
    cent = 10**7
    assert book.best(Side.BUY) == MID_1E9
    for fair, taken in (
        (MID_1E9 - cent // 2, 1),
        (MID_1E9 - cent // 2, 1),
        (MID_1E9, 1),
        (MID_1E9 - 5 * cent // 2, 3),
        (MID_1E9 + 2 * cent, 3),
        (MID_1E9 - cent // 2, 4),
    ):
        flow.arbitrage(fair, now_ns)
        assert ours - book.open_qty(number) == taken * COIN


def test_the_same_seed_gives_the_same_book() -> None:
    books = []
    for seed in (4, 4, 5):
        flow = flow_of(venue_start(trades_per_s=5.0), sigma_ppm=300, seed=seed)
        flow.moving = True
        run(flow, 3.0)
        books.append(depth(flow, Side.BUY))
    assert books[0] == books[1] != books[2]


def test_a_venue_without_prints_has_no_trades_of_others() -> None:
    start = msgspec.structs.replace(venue_start(), buys_per_s=5.0)
    flow = flow_of(start)
    flow.moving = True
    run(flow, 5.0)
    assert flow.trades == 0
