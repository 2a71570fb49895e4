"""Watches against the obvious twin: scan everybody at every move."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.decisions.market import INT64_MAX, INT64_MIN
from engine.decisions.watches import Watches
from engine.model.units import Side
from tests.support.builders import market

SIDES = st.sampled_from([Side.BUY, Side.SELL])
STEP = st.one_of(
    st.tuples(st.just("arm"), st.integers(1, 6), SIDES, st.one_of(st.none(), st.integers(1, 9))),
    st.tuples(st.just("disarm"), st.integers(1, 6), SIDES, st.none()),
    st.tuples(st.just("move"), st.just(0), SIDES, st.integers(1, 9)),
)


def watches(count: int = 100) -> Watches:
    return Watches(market({"alpha": ([], [])}), count)


def met(side: Side, threshold: int | None, price: int) -> bool:
    if threshold is None:
        return True
    return price <= threshold if side is Side.BUY else price >= threshold


@given(st.lists(STEP, max_size=40))
def test_a_move_pops_exactly_those_whose_price_is_there(steps: list[tuple]) -> None:  # type: ignore[type-arg]  # steps of three shapes
    made = watches()
    twin: dict[int, tuple[Side, int | None]] = {}
    for what, owner, side, price in steps:
        if what == "arm":
            made.arm(owner, side, price)
            twin[owner] = (side, price)
        elif what == "disarm":
            made.disarm(owner)
            twin.pop(owner, None)
        else:
            expected = {o for o, (s, t) in twin.items() if s is side and met(side, t, price)}
            assert set(made.reached(side, price)) == expected
            for gone in expected:
                del twin[gone]
        assert len(made) == len(twin)


def test_the_market_shows_the_price_that_is_reached_first() -> None:
    block = market({"alpha": ([], [])})
    made = Watches(block, 10)
    assert (block.watch_ask, block.watch_bid) == (INT64_MIN, INT64_MAX)
    made.arm(1, Side.BUY, 100)
    made.arm(2, Side.BUY, 120)
    made.arm(3, Side.SELL, 300)
    made.arm(4, Side.SELL, 280)
    assert (block.watch_ask, block.watch_bid) == (120, 280)
    assert made.reached(Side.BUY, 90) == [2, 1]
    made.disarm(4)
    assert (block.watch_ask, block.watch_bid) == (INT64_MIN, 300)


def test_there_is_room_for_so_many_owners_and_each_has_one() -> None:
    made = watches(2)
    assert made.arm(1, Side.BUY, 5)
    assert made.arm(2, Side.BUY, 5)
    assert not made.arm(3, Side.BUY, 5)
    assert made.arm(2, Side.SELL, 7)
    assert made.reached(Side.BUY, 5) == [1]
    assert made.reached(Side.SELL, 7) == [2]
