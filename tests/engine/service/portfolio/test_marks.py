"""Marks: the consolidated mid, the last one while a book is out, and none."""

from __future__ import annotations

from engine.model.instruments import InstrumentType
from engine.service.portfolio.accounting import Kind
from engine.service.portfolio.marks import Marks
from tests.support.markets import instrument, listing, market_of

BTC = instrument()
KEY = ("v0", Kind.CRYPTO, "BTC")


def test_the_mid_of_all_venues_values_each_of_them() -> None:
    market = market_of(
        [listing(0, BTC), listing(1, BTC)],
        [([(98, 1)], [(107, 1)]), ([(100, 1)], [(111, 1)])],
    )
    marks = Marks({"BTC-USD": market})
    # Between 100 and 107: 103.5, half to even.
    assert marks.mark_1e9(KEY) == 104
    assert marks.mark_1e9(("v1", Kind.CRYPTO, "BTC")) == 104
    assert marks.mark_1e9(("v2", Kind.CRYPTO, "BTC")) is None
    assert marks.mark_1e9(("v0", Kind.PERP, "BTC")) is None


def test_the_last_mid_stands_while_the_books_are_out() -> None:
    market = market_of([listing(0, BTC)], [([(98, 1)], [(108, 1)])])
    fresh, marks = Marks({"BTC-USD": market}), Marks({"BTC-USD": market})
    assert marks.mark_1e9(KEY) == 103
    slot = market.slots[0]
    assert slot is not None
    slot.mark_stale(1)
    assert marks.mark_1e9(KEY) == 103
    assert fresh.mark_1e9(KEY) is None


def test_what_is_priced_in_another_coin_has_no_price_in_dollars() -> None:
    cross = instrument("ETH-BTC")
    market = market_of([listing(0, cross)], [([(98, 1)], [(108, 1)])])
    assert Marks({"ETH-BTC": market}).mark_1e9(("v0", Kind.CRYPTO, "ETH")) is None
    perp = instrument("BTC-USD", InstrumentType.PERP)
    market = market_of([listing(0, perp)], [([(98, 1)], [(108, 1)])])
    assert Marks({"BTC-USD": market}).mark_1e9(("v0", Kind.PERP, "BTC-USD")) == 103
