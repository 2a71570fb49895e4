"""Small questions about a market."""

from __future__ import annotations

import pytest

from engine.decisions.market_facts import (
    expected_fee_bps,
    finest_tick_1e9,
    quote_ns,
    taken_touch_1e9,
)
from engine.model.fees import FeeSchedule
from engine.model.instruments import Listing
from engine.model.units import Side
from tests.support.builders import BTC, fill_slot, listing, market
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


def test_the_expected_fee_is_that_of_the_venue_at_the_touch() -> None:
    pairs = list(BOOKS.values())
    block = market_of(listings(FeeSchedule(taker_ppm=300), FeeSchedule(taker_ppm=700)), pairs)
    assert expected_fee_bps(block, Side.BUY) == pytest.approx(3.0)
    assert expected_fee_bps(block, Side.SELL) == pytest.approx(7.0)
    assert finest_tick_1e9(block) == 5
    unknown = market_of(listings(None, FeeSchedule(taker_ppm=700)), pairs)
    assert expected_fee_bps(unknown, Side.BUY) is None
    empty = market_of(listings(FeeSchedule(taker_ppm=300)), [([], [])])
    assert expected_fee_bps(empty, Side.BUY) is None
