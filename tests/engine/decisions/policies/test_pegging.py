"""Where a peg rests and when it follows, for both sides."""

from __future__ import annotations

import pytest

from engine.decisions.policies.pegging import Peg, PegRule, capped, far_touch, forward, tamer
from engine.errors import Reason
from engine.model.units import Side
from tests.support.policy_views import ASK, BID, MS, TICK, S, StatedMarket, view_at


def rule(*, inside: bool = False, away_ticks: int = 2) -> PegRule:
    return PegRule(
        inside=inside, away_ticks=away_ticks, hold_ns=2 * S, check_ns=250 * MS, venues_max=2
    )


def test_it_rests_at_the_own_touch() -> None:
    assert Peg(rule()).price(view_at(0, 5)) == BID
    assert Peg(rule()).price(view_at(0, 5, side=Side.SELL)) == ASK


@pytest.mark.parametrize(("spread", "step"), [(1, 0), (2, 0), (3, 1), (9, 1)])
def test_inside_needs_three_ticks(spread: int, step: int) -> None:
    market = StatedMarket()
    market.ask = BID + spread * TICK
    peg = Peg(rule(inside=True))
    assert peg.price(view_at(0, 5, market=market)) == BID + step * TICK
    sell = view_at(0, 5, market=market, side=Side.SELL)
    assert Peg(rule(inside=True)).price(sell) == market.ask - step * TICK


def test_it_does_not_improve_on_itself() -> None:
    market = StatedMarket()
    market.ask = BID + 9 * TICK
    view = view_at(0, 5, market=market, working=5, working_price=BID)
    assert Peg(rule(inside=True)).price(view) == BID


def test_it_never_passes_the_cap_or_meets_the_far_side() -> None:
    assert Peg(rule()).price(view_at(0, 5, cap=BID - 3 * TICK - 1)) == BID - 4 * TICK
    market = StatedMarket()
    market.ask = BID - TICK
    assert Peg(rule()).price(view_at(0, 5, market=market)) == BID - 2 * TICK


def test_it_never_goes_back_behind_what_rested_unless_that_is_marketable() -> None:
    peg, market = Peg(rule()), StatedMarket()
    peg.price(view_at(0, 5, working=5, working_price=BID))
    market.bid = BID - 5 * TICK
    assert peg.price(view_at(1, 5, market=market)) == BID
    market.ask = BID - 2 * TICK
    assert peg.price(view_at(2, 5, market=market)) == BID - 3 * TICK


def test_what_rested_and_went_before_a_look_counts_as_well() -> None:
    peg, market = Peg(rule()), StatedMarket()
    peg.sent(BID + 2 * TICK)
    # It all rested, so that nobody was told of an answer, and a part of it has gone since.
    market.bid, market.ask = BID, BID + 6 * TICK
    assert peg.price(view_at(1, 5, market=market)) == BID + 2 * TICK
    assert not peg.out


def test_an_empty_side_is_waited_for_or_opened_at_the_limit() -> None:
    market = StatedMarket()
    market.bid = None
    assert Peg(rule()).price(view_at(0, 5, market=market)) is None
    limited = view_at(0, 5, market=market, limit=BID - TICK, cap=BID - TICK)
    assert Peg(rule()).price(limited) == BID - TICK


def test_it_follows_after_the_hold_and_starts_over_when_the_touch_returns() -> None:
    peg, market = Peg(rule()), StatedMarket()
    market.bid, market.ask = BID + 2 * TICK, BID + 4 * TICK

    def at(now_ns: int) -> bool:
        return peg.follows(view_at(now_ns, 0, market=market, working=5, working_price=BID))

    assert not at(0)
    assert not at(2 * S - 1)
    market.bid = BID + TICK
    assert not at(2 * S)
    market.bid = BID + 2 * TICK
    assert not at(3 * S)
    assert at(5 * S)


def test_it_does_not_follow_past_the_cap_or_with_a_rule_of_never() -> None:
    market = StatedMarket()
    market.bid, market.ask = BID + 9 * TICK, BID + 10 * TICK
    never, near = Peg(rule(away_ticks=0)), Peg(rule())
    for now_ns in (0, 9 * S):
        view = view_at(now_ns, 0, market=market, working=5, working_price=BID, cap=BID + TICK)
        assert not never.follows(view)
        assert not near.follows(view)


def test_ten_refusals_in_a_row_end_it_and_a_rest_starts_the_count_again() -> None:
    peg = Peg(rule())
    for _ in range(9):
        peg.sent(BID)
        assert peg.settle(view_at(7, 5), Reason.POST_ONLY) is Reason.NONE
        assert peg.not_before_ns == 7 + 100 * MS
    peg.sent(BID)
    assert peg.settle(view_at(7, 5), Reason.POST_ONLY) is Reason.POST_ONLY
    peg.rested(view_at(7, 0))
    peg.sent(BID)
    assert peg.settle(view_at(7, 5), Reason.POST_ONLY) is Reason.NONE


def test_an_old_reason_is_not_counted_twice() -> None:
    peg = Peg(rule())
    peg.sent(BID)
    for _ in range(30):
        assert peg.settle(view_at(7, 5), Reason.POST_ONLY) is Reason.NONE
    assert peg.tries == 1


def test_its_state_comes_back() -> None:
    peg, other = Peg(rule()), Peg(rule())
    peg.price(view_at(0, 5, working=5, working_price=BID))
    peg.sent(BID)
    other.unpack(peg.pack())
    assert other.pack() == peg.pack()
    assert other.floor_1e9 == BID


def test_prices_by_side() -> None:
    assert far_touch(view_at(0, 1)) == ASK
    assert far_touch(view_at(0, 1, side=Side.SELL)) == BID
    assert (forward(Side.BUY, 10, 3), forward(Side.SELL, 10, 3)) == (13, 7)
    assert (tamer(Side.BUY, 1, 2), tamer(Side.SELL, 1, 2)) == (1, 2)
    assert capped(view_at(0, 1, cap=5), 9) == 5
    assert capped(view_at(0, 1), 9) == 9


def test_what_rested_and_filled_unseen_is_still_the_floor() -> None:
    peg, market = Peg(rule()), StatedMarket()
    peg.sent(BID)
    assert peg.settle(view_at(1, 5), Reason.NONE) is Reason.NONE
    market.bid = BID - 5 * TICK
    assert peg.price(view_at(2, 5, market=market)) == BID
