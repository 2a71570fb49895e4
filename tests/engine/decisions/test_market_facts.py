"""Small questions about a market."""

from __future__ import annotations

from typing import Any

import pytest

from engine.decisions.market import MarketBlock
from engine.decisions.market_facts import (
    expected_fee_bps,
    finest_tick_1e9,
    others_tops,
    quote_ns,
    taken_touch_1e9,
)
from engine.model.fees import FeeSchedule
from engine.model.graph import (
    Node,
    Pacing,
    Policy,
    UniformPacing,
    Urgency,
)
from engine.model.instruments import Listing
from engine.model.units import Side
from tests.support.builders import BTC, fill_slot, listing, market, node
from tests.support.markets import market_of

QTY = 10**8
BOOKS = {"alpha": ([(90, QTY)], [(110, QTY)]), "beta": ([(95, QTY)], [(120, QTY)])}


def test_the_touch_is_the_other_side_of_any_healthy_book() -> None:
    block = market(BOOKS)
    assert taken_touch_1e9(block, Side.BUY) == 110
    assert taken_touch_1e9(block, Side.SELL) == 95
    block.slots[0].mark_stale(1)  # type: ignore[union-attr]  # the slot was made with its book
    assert taken_touch_1e9(block, Side.BUY) == 120
    assert taken_touch_1e9(market({"alpha": ([], [])}), Side.BUY) == 0


def test_the_best_of_each_usable_book_without_what_is_ours() -> None:
    block = market(BOOKS)
    assert others_tops(block, 1, (0, 1)) == [(110, QTY), (120, QTY)]
    block.own.put("a", 0, 1, 110, QTY // 4)
    block.own.put("b", 1, 1, 120, QTY)
    assert others_tops(block, 1, (0, 1)) == [(110, QTY * 3 // 4)]
    assert others_tops(block, 0, (1,)) == [(95, QTY)]
    block.slots[0].mark_stale(1)  # type: ignore[union-attr]  # the slot was made with its book
    assert others_tops(block, 1, (0, 1)) == []


def test_the_freshest_healthy_book_dates_the_quote() -> None:
    block = market(BOOKS, now_ns=50)
    fill_slot(block.slots[0], *BOOKS["alpha"], 70)
    assert quote_ns(block) == 70
    block.slots[0].mark_stale(1)  # type: ignore[union-attr]  # the slot was made with its book
    assert quote_ns(block) == 50


def listings(*fees: FeeSchedule | None) -> list[Listing]:
    ticks = (10, 5)
    return [
        listing(f"v{i}", i, fees=fee, tick_1e9=ticks[i], instrument=BTC)
        for i, fee in enumerate(fees)
    ]


def order(policy: Policy = Policy.SOR, side: str = "buy", **changes: Any) -> Node:
    changes.setdefault("urgency", Urgency.LOW)
    return node(QTY, side=side, policy=policy, **changes)


def at(*fees: FeeSchedule | None) -> MarketBlock:
    return market_of(listings(*fees), list(BOOKS.values()))


def test_a_policy_that_takes_pays_the_taker_fee_of_the_cheapest_landed_touch() -> None:
    block = at(FeeSchedule(taker_ppm=300), FeeSchedule(taker_ppm=700))
    assert finest_tick_1e9(block) == 5
    for policy in (Policy.SOR, Policy.IOC_SWEEP, Policy.AGGRESSIVE_CHASE):
        assert expected_fee_bps(block, order(policy)) == pytest.approx(3.0)
        assert expected_fee_bps(block, order(policy, "sell")) == pytest.approx(7.0)
    # 110 and a fifth cost more than 120 and nothing, 95 less a fifth brings less than 90.
    dear = at(FeeSchedule(taker_ppm=200_000), FeeSchedule(taker_ppm=0))
    assert expected_fee_bps(dear, order()) == 0.0
    dear = at(FeeSchedule(taker_ppm=0), FeeSchedule(taker_ppm=200_000))
    assert expected_fee_bps(dear, order(side="sell")) == 0.0
    paced = Pacing(uniform=UniformPacing(num_slices=4, interval_ms=10))
    assert expected_fee_bps(block, order(pacing=paced)) == pytest.approx(3.0)


def test_a_policy_that_posts_pays_the_maker_fee_of_the_cheapest_makers() -> None:
    block = at(FeeSchedule(taker_ppm=300, maker_ppm=200), FeeSchedule(taker_ppm=700, maker_ppm=-50))
    for policy in (Policy.PASSIVE_LIMIT, Policy.ICEBERG):
        for side in ("buy", "sell"):
            assert expected_fee_bps(block, order(policy, side)) == pytest.approx(-0.5)
            both = order(policy, side, urgency=Urgency.MEDIUM)
            assert expected_fee_bps(block, both) == pytest.approx(0.75), "it posts on two"


def test_a_policy_that_does_both_has_no_fee_that_could_be_told() -> None:
    block = at(FeeSchedule(taker_ppm=300), FeeSchedule(taker_ppm=700))
    assert expected_fee_bps(block, order(Policy.PASSIVE_LADDER)) is None
    assert expected_fee_bps(block, order(Policy.TIME_DRIP)) is None


def test_only_venues_that_it_may_use_count() -> None:
    block = at(FeeSchedule(taker_ppm=300), FeeSchedule(taker_ppm=700))
    assert expected_fee_bps(block, order(venue="v1")) == pytest.approx(7.0)
    # An unknown fee is not routable, so that the order goes elsewhere.
    assert expected_fee_bps(at(None, FeeSchedule(taker_ppm=700)), order()) == pytest.approx(7.0)
    assert expected_fee_bps(at(None, None), order()) is None
    empty = market_of(listings(FeeSchedule(taker_ppm=300)), [([], [])])
    assert expected_fee_bps(empty, order()) is None
    assert expected_fee_bps(empty, order(Policy.PASSIVE_LIMIT)) is None
