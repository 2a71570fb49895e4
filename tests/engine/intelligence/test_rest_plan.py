"""Where an estimate lets an order rest: where the router's own choice would put it."""

from __future__ import annotations

from typing import Any

import pytest

from engine.decisions.market_tape import MarketTape
from engine.decisions.policies.parameters import DEFAULT_PARAMETERS as TABLE
from engine.decisions.venue_observations import VenueObservations
from engine.errors import Reason
from engine.intelligence.fill_chance import fill_chance
from engine.intelligence.learned.fill_hazard import FillHazard
from engine.intelligence.picture import MarketPicture
from engine.intelligence.priors import DEFAULT_PRIORS as PRIORS
from engine.intelligence.rest_plan import RestPlan, rest_plan, trade_rate_1e8
from engine.intelligence.strategies import estimate
from engine.model.fees import FeeSchedule
from engine.model.units import Side
from tests.support.markets import NOW_NS, TICK, instrument, listing, market_of
from tests.support.pictures import picture_of

LOT = 10**8
MID = 6_400_000
# The dearest maker shows the best prices, as in the sandbox.
TAKERS, MAKERS = (1_000, 1_100, 1_200), (900, 600, 500)


def three(tape: MarketTape | None = None, **rules: Any) -> MarketPicture:
    """Venues whose touches are 1, 2 and 3 ticks from the mid, with their fees."""
    listings = [
        listing(
            v,
            instrument(),
            tick_1e9=TICK,
            fees=FeeSchedule(taker_ppm=TAKERS[v], maker_ppm=MAKERS[v]),
            latency_prior_ns=10**7,
            **rules,
        )
        for v in range(3)
    ]
    books = [
        (
            [((MID - v - 1 - k) * TICK, (5 + k) * LOT) for k in range(12)],
            [((MID + v + 1 + k) * TICK, (7 + k) * LOT) for k in range(12)],
        )
        for v in range(3)
    ]
    return MarketPicture(
        market_of(listings, books), VenueObservations(listings), tape or MarketTape()
    )


def planned(picture: MarketPicture, qty: int = 10 * LOT, rank: int = 1) -> RestPlan:
    return rest_plan(picture, qty, rank, TABLE, PRIORS)


@pytest.mark.parametrize("side", [0, 1])
def test_it_is_the_routers_choice_and_its_maker_fee(side: int) -> None:
    picture = three()
    assert picture.look(side, NOW_NS)
    own = picture.market.best(side)
    assert own is not None
    for rank in (0, 1):
        made = planned(picture, rank=rank)
        reasons = picture.terms.reasons
        choice = picture.posts.spread(
            (Side.BUY, Side.SELL)[side], 10 * LOT, own, TABLE.post_venues_max[rank], reasons
        )
        assert made.venues == tuple(venue for venue, _, _ in choice.places)
    assert planned(picture, rank=0).venues == (2,)
    both = planned(picture)
    assert both.venues == (2, 1)
    assert both.maker_bps == pytest.approx(5.5, abs=1e-3)
    half = picture.half_bps
    assert both.filled_bps == pytest.approx(both.maker_bps - half + 0.5 * half)
    # Nobody stands before us at a price that is the best on another venue alone.
    assert both.odds.ahead_1e8 == 0
    first = 5 if side else 7
    assert both.odds.depth_1e8 == 2 * sum((first + k) * LOT for k in range(10))
    unit = 1e4 / picture.mid
    assert both.odds.reach_bps == pytest.approx(unit * TICK * (4 + 3) / 2)


def test_a_high_urgency_stands_a_tick_ahead_of_a_wide_spread() -> None:
    wide = picture_of([([((MID - 3) * TICK, LOT)], [((MID + 3) * TICK, LOT)])])
    assert wide.look(0, NOW_NS)
    touch, inside = planned(wide, LOT, 1), planned(wide, LOT, 2)
    tick = 1e4 * TICK / wide.mid
    assert inside.filled_bps == pytest.approx(touch.filled_bps + tick)
    assert (touch.odds.ahead_1e8, inside.odds.ahead_1e8) == (LOT, 0)
    assert inside.odds.reach_bps == pytest.approx(touch.odds.reach_bps - tick)


def test_leaving_out_venues_that_are_taken_from_makes_resting_no_cheaper() -> None:
    picture = three()
    for side in (0, 1):
        for rank in range(3):
            costs = []
            for away in (frozenset[str](), frozenset({"v0"})):
                assert picture.look(side, NOW_NS, rank, away)
                costs.append(estimate(picture, 20 * LOT, "passive", rank).est_cost_bps)
            whole, without = costs
            assert whole is not None and without is not None
            assert without >= whole - 1e-9


def test_one_venue_that_is_left_has_a_touch_of_its_own() -> None:
    picture = three()
    assert picture.look(0, NOW_NS, 1, frozenset({"v0", "v1"}))
    made = planned(picture)
    assert made.venues == (2,)
    # Three ticks behind the mid, but what is behind the best touch is not counted as gained.
    assert made.odds.reach_bps == pytest.approx(1e4 * 6 * TICK / picture.mid)
    assert made.filled_bps == pytest.approx(made.maker_bps - 0.5 * picture.half_bps)
    assert made.odds.ahead_1e8 == 5 * LOT


def test_what_no_venue_takes_rests_nowhere() -> None:
    picture = three(notional_min_1e9=10**18)
    assert picture.look(0, NOW_NS)
    made = planned(picture)
    assert made.venues == () and made.reason is Reason.BELOW_MINIMUM
    cross = estimate(picture, 10 * LOT, "passive_limit")
    assert cross.est_cost_bps is None and cross.reason


def test_the_tape_tells_its_rate_before_a_day_is_known() -> None:
    tape = MarketTape()
    picture = three(tape)
    assert picture.look(0, NOW_NS)
    assert trade_rate_1e8(picture) == 0.0
    tape.observe_trade(NOW_NS, 60 * LOT)
    rates = []
    for seconds in (0, 1, 20, 59):
        assert picture.look(0, NOW_NS + seconds * 10**9 // 100)
        rates.append(trade_rate_1e8(picture))
    assert rates[0] == 0.0 and rates[1] > rates[2] > rates[3]
    picture.now_ns = NOW_NS + 20 * 10**9
    assert trade_rate_1e8(picture) == pytest.approx(0.5 * 60 * LOT / 30)
    picture.day_volume_1e8 = 86_400 * 4 * LOT
    assert trade_rate_1e8(picture) == pytest.approx(2 * LOT)


def test_what_was_learned_of_a_venue_is_asked_by_venue_and_side() -> None:
    picture = three()
    hazard = FillHazard(fills=10**9)
    asked: list[tuple[int, int]] = []

    def learned(venue: int, side: int) -> tuple[FillHazard, float] | None:
        asked.append((venue, side))
        return (hazard, 2.0 * LOT) if venue == 2 else None

    picture.hazards = learned
    assert picture.look(1, NOW_NS)
    made = planned(picture)
    assert asked == [(2, 1), (1, 1)]
    (lane,) = made.odds.lanes
    assert lane.share == pytest.approx(0.5) and lane.outflow_1e8 == 2.0 * LOT
    assert lane.queue_1e8 == 0 and lane.away_bps == 0.0
    # Ours would be the touch: five ticks from the far one.
    assert lane.spread_bps == pytest.approx(1e4 * 4 * TICK / picture.mid)
    assert lane.imbalance == pytest.approx((7 - 5) / (7 + 5))
    plain = rest_plan(three_looked(), 10 * LOT, 1, TABLE, PRIORS)
    assert fill_chance(made.odds, 10 * LOT, 1.0) != fill_chance(plain.odds, 10 * LOT, 1.0)


def test_a_wide_spread_is_not_all_told_by_a_fill() -> None:
    narrow = picture_of([([((MID - 1) * TICK, LOT)], [((MID + 1) * TICK, LOT)])])
    wide = picture_of([([((MID - 30_000) * TICK, LOT)], [((MID + 30_000) * TICK, LOT)])])
    for picture in (narrow, wide):
        assert picture.look(0, NOW_NS)
    near, far = planned(narrow, LOT), planned(wide, LOT)
    told = PRIORS.cleanup_drift * wide.sigma_bps * PRIORS.slice_s**0.5
    assert 0.5 * narrow.half_bps < told < 0.5 * wide.half_bps
    assert near.filled_bps == pytest.approx(-0.5 * narrow.half_bps)
    assert far.filled_bps == pytest.approx(told - wide.half_bps)


def test_the_tape_tells_how_large_trades_are() -> None:
    tape = MarketTape()
    picture = three(tape)
    assert picture.look(0, NOW_NS)
    assert planned(picture).odds.lump_1e8 == 0.0
    for qty in (6 * LOT, 2 * LOT):
        tape.observe_trade(NOW_NS, qty)
        tape.ring_of(qty // LOT % 3, 8).put(NOW_NS, TICK, qty, 0, 0)
    assert planned(picture).odds.lump_1e8 == 4 * LOT


def three_looked() -> MarketPicture:
    picture = three()
    assert picture.look(1, NOW_NS)
    return picture
