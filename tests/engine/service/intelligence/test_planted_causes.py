"""One cause of cost at a time, planted in a whole engine, shows in its own part of the TCA."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from engine.intelligence.attribution import Shortfall, attribute, shortfall_1e9
from engine.service.intelligence.facts import OrderFacts, order_facts
from engine.store.rows import FillRow
from tests.support.graph_script import SPOT, graph, node
from tests.support.graph_world import CLIENT, SANDBOX, GraphWorld

VENUE = "binance"
CENT = 10**7
FIRST_MS = 200


class Market:
    """One venue at 2324.50 / 2325.50 as an order of `side` sees it, and one order there."""

    def __init__(self, side: str, world: GraphWorld | None = None) -> None:
        self.side = side
        self.sign = 1 if side == "buy" else -1
        self.world = world or GraphWorld([VENUE])

    def price(self, cents: int) -> str:
        """So many cents towards the far side from the mid of 2325.00."""
        return f"{2325 + self.sign * cents / 100:.2f}"

    def quote(self, own: int, far: int, qty: str = "1000") -> None:
        """Others quote so many cents from 2325.00 on both sides; the book is published."""
        bid, ask = (own, far) if self.side == "buy" else (far, own)
        self.world.quote(VENUE, SPOT, self.price(bid), self.price(ask), qty)
        self.world.run(FIRST_MS)

    def order(
        self, cents: int | None, qty: str = "1", *, ms: int = FIRST_MS, **fields: Any
    ) -> None:
        """An order with its limit so many cents from 2325.00, `ms` ago."""
        price = None if cents is None else self.price(cents)
        self.world.start(graph([node("a", self.side, qty, price=price, **fields)]), ms)

    def hit(self, cents: int, qty: str = "1") -> None:
        """Somebody takes from our side as deep as this."""
        other = "sell" if self.side == "buy" else "buy"
        self.world.trade(VENUE, SPOT, other, qty, self.price(cents))

    def facts(self) -> OrderFacts:
        (row,) = self.world.orders()
        return order_facts(self.world.queries, CLIENT, SANDBOX, row)

    def cost(self) -> Shortfall:
        """The parts of what has filled, which sum to the last unit."""
        self.world.run(FIRST_MS)
        done = self.facts().execution(lambda _: None)
        cost = attribute(done)
        if done.left_1e8:
            done = msgspec.structs.replace(done, qty_1e8=done.filled_1e8)
        assert cost.executed_1e9 == shortfall_1e9(done)
        return cost


def cents(cost: Shortfall) -> dict[str, float]:
    """The parts that are not nothing, in cents, without what was charged."""
    names = ("delay", "timing", "spread", "impact", "unattributed")
    parts = {name: getattr(cost, f"{name}_1e9") / CENT for name in names}
    return {name: part for name, part in parts.items() if part}


@pytest.fixture(params=["buy", "sell"])
def market(request: pytest.FixtureRequest) -> Market:
    return Market(request.param)


@pytest.mark.parametrize("policy", ["sor", "passive_limit"])
def test_a_passive_fill_in_an_unmoved_market_earns_half_the_spread(
    market: Market, policy: str
) -> None:
    market.order(-50, policy=policy)
    market.world.run(60_000)
    market.quote(-50, 50)
    market.hit(-50)
    assert cents(market.cost()) == {"spread": -50}


def test_a_fill_that_empties_its_level_is_no_other(market: Market) -> None:
    market.order(-50)
    market.quote(-80, 50)
    market.hit(-50)
    assert cents(market.cost()) == {"spread": -50}


def test_a_drift_before_the_fill_is_timing_and_nothing_else(market: Market) -> None:
    market.order(-300)
    market.quote(-300, -200)
    market.hit(-300)
    assert cents(market.cost()) == {"timing": -250, "spread": -50}


def test_a_wider_market_is_spread_and_nothing_else(market: Market) -> None:
    market.order(-150)
    market.quote(-150, 150)
    market.hit(-150)
    assert cents(market.cost()) == {"spread": -150}


def test_a_fill_behind_the_touch_is_impact_and_nothing_else(market: Market) -> None:
    market.order(-100)
    market.quote(-50, 50, qty="1")
    market.hit(-100, qty="2")
    assert cents(market.cost()) == {"spread": -50, "impact": -50}


def test_a_taker_pays_what_it_saw_when_it_decided_and_the_depth_is_impact(market: Market) -> None:
    market.quote(-50, 50, qty="1")
    market.world.add(VENUE, SPOT, "sell" if market.side == "buy" else "buy", "1", market.price(70))
    market.world.run(FIRST_MS)
    market.order(None, qty="2")
    assert cents(market.cost()) == {"spread": 2 * 50, "impact": 20}


def test_what_rests_of_a_sweep_has_its_own_touch_not_the_far_one(market: Market) -> None:
    market.quote(-50, 50, qty="1")
    market.order(50, qty="2")
    assert cents(market.cost()) == {"spread": 50}
    market.quote(40, 60)
    market.hit(50)
    # Mid of 50 and 60 against 0; it earns the five cents to its own touch.
    assert cents(market.cost()) == {"timing": 55, "spread": 50 - 5}
    assert [one.is_maker for one in market.facts().fills] == [False, True]


def test_a_resting_order_that_takes_on_arrival_is_a_taker_of_its_plan(market: Market) -> None:
    market.quote(-50, 50, qty="1")
    market.order(80, qty="2", ms=0)
    # Offered while both parts are on their way: the second takes it.
    other = "sell" if market.side == "buy" else "buy"
    market.world.add(VENUE, SPOT, other, "5", market.price(70))
    cost = market.cost()
    assert [one.is_maker for one in market.facts().fills] == [False, False]
    assert cents(cost) == {"spread": 2 * 50, "impact": 20}


def of(fill: FillRow) -> tuple[int, int]:
    return fill.mid_1e9, fill.touch_1e9


def dropped_under_way(side: str, down_ms: int) -> tuple[Market, Market]:
    """An engine that was dropped when its take was done and not yet told, and the next one."""
    market = Market(side)
    market.quote(-50, 50, qty="1")
    market.order(50, qty="2", ms=15)
    assert not market.world.fills()
    after = Market(side, GraphWorld([VENUE], before=market.world, down_ms=down_ms))
    after.world.run(FIRST_MS)
    return market, after


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("down_ms", [0, 60_000])
def test_a_restart_keeps_what_a_child_was_planned_at(side: str, down_ms: int) -> None:
    _, market = dropped_under_way(side, down_ms)
    (fill,) = market.world.fills()
    assert fill.is_maker is False
    assert of(fill) == (2325 * 10**9, 2325 * 10**9 + market.sign * 50 * CENT)
    market.quote(40, 60)
    market.hit(50)
    assert cents(market.cost()) == {"timing": 55, "spread": 50 - 5}


def test_what_made_while_the_engine_was_down_is_not_attributed(market: Market) -> None:
    market.order(-50)
    market.quote(-80, 50)
    market.hit(-50)
    after = Market(market.side, GraphWorld([VENUE], before=market.world, down_ms=60_000))
    after.world.run(2_000)
    (fill,) = after.world.fills()
    assert (fill.is_maker, of(fill)) == (True, (0, 0))
    assert cents(after.cost()) == {"unattributed": -50}
