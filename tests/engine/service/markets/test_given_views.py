"""The other side of orders, fills and entries: prices mirrored, money and quantities the same."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.instruments import Environment
from engine.model.mirror import PAYOFF_1E9
from engine.model.orders import TimeInForce
from engine.model.records import (
    ChildIntent,
    ChildrenIntended,
    DecisionRecord,
    FillRecord,
    GraphChanged,
    GraphStatus,
    JournalEntry,
    PostRecord,
    PostRules,
)
from engine.model.traces import trace_events
from engine.model.units import Side
from engine.service.markets.given_views import (
    entry_as_given,
    fill_as_given,
    fill_row_as_given,
    mirrored_bps,
)
from engine.service.markets.graph_symbols import Given
from engine.service.order_views import FillView
from engine.store.rows import FillRow

CENT = 10_000_000
NO, YES = Given("x:no", mirrored=True), Given("token-of-x")
ROW = FillRow(
    5, 1, 3, "g", "n", "f", "graph:g:n:1", "c", "v", "x", Side.SELL, 10**9, 41 * CENT, 15,
    169_330_000, False, None, None, 413.0, 20.5, None, 42 * CENT, 41 * CENT,
)  # fmt: skip
FILL = FillRecord(
    "f", "graph:g:n:1", "c", "v", "x", Side.SELL, 10**9, 41 * CENT, 15, 1, False, None, None,
    None, None, None,
)  # fmt: skip
DECISION = DecisionRecord(
    1, 1, 1, "x", Side.SELL, 10**9, 10**9, 42 * CENT, 269.0, "v", 300.0, 1, ("v",), ("",),
    ((0, 10**9, 40 * CENT),), b"",
)  # fmt: skip
POSTED = PostRecord(
    1, 1, 1, "x", Side.SELL, 10**9, 43 * CENT, 1, 42 * CENT, (PostRules("v", 0, 1, 1, 1, 1, 0),),
    ("",), (43 * CENT,), (41 * CENT,), (), ((0, 10**9, 43 * CENT),), 0, "",
)  # fmt: skip
CHILDREN = ChildrenIntended(
    1, 1, (ChildIntent("c", "v", Side.SELL, 10**9, 40 * CENT, TimeInForce.IOC),)
)


def entry(payload: Any) -> JournalEntry:
    return JournalEntry(2, 7, 77, "c", Environment.SANDBOX, "g", "n", 0, payload)


def text_of(payload: Any, how: Given | None) -> str:
    (step,) = trace_events([entry_as_given(entry(payload), how)], lambda *_: "")
    return step.text


def test_fee_rates_are_of_the_price_that_is_shown() -> None:
    shown = fill_as_given(FillView.of(ROW), NO)
    assert (shown.symbol, shown.side, shown.price_1e9) == ("x:no", "BUY", 59 * CENT)
    paid = shown.fee_1e9 * 10**8 / (shown.price_1e9 * shown.qty_1e8) * 1e4
    assert shown.taker_fee_bps_applied == pytest.approx(paid, rel=1e-3)
    assert shown.maker_fee_bps_applied == pytest.approx(20.5 * 41 / 59)
    named = fill_as_given(FillView.of(ROW), YES)
    assert (named.symbol, named.taker_fee_bps_applied) == ("token-of-x", 413.0)


def test_traces_speak_of_the_side_that_was_given() -> None:
    assert text_of(FILL, NO) == "buy 10 at 0.59"
    assert text_of(CHILDREN, NO) == "buy 10 at 0.6 IOC"
    assert text_of(DECISION, NO) == "buy 10 x:no to v"
    assert text_of(FILL, YES) == text_of(FILL, None) == "sell 10 at 0.41"
    assert text_of(CHILDREN, YES) == "sell 10 at 0.4 IOC"
    assert text_of(DECISION, YES) == "sell 10 token-of-x to v"
    assert text_of(POSTED, NO) == "buy 10 x:no to rest on v"
    assert text_of(POSTED, YES) == "sell 10 token-of-x to rest on v"


def test_what_names_no_side_is_the_same_entry() -> None:
    same = entry(GraphChanged(GraphStatus.ACTIVE, ""))
    assert entry_as_given(same, NO) is same
    other = entry(FILL)
    assert entry_as_given(other, None) is other


def test_a_stored_fill_has_its_mid_and_touch_on_the_other_side_too() -> None:
    told = fill_row_as_given(ROW, NO)
    assert (told.side, told.price_1e9) == (Side.BUY, 59 * CENT)
    assert (told.mid_1e9, told.touch_1e9) == (58 * CENT, 59 * CENT)
    unknown = msgspec.structs.replace(ROW, mid_1e9=0, touch_1e9=0)
    told = fill_row_as_given(unknown, NO)
    assert (told.mid_1e9, told.touch_1e9) == (0, 0)
    assert fill_row_as_given(ROW, YES) is fill_row_as_given(ROW, None) is ROW


@given(price=st.integers(1, PAYOFF_1E9 - 1), bps=st.floats(-1e3, 1e3))
def test_bps_of_the_other_price_are_the_same_money(price: int, bps: float) -> None:
    other = mirrored_bps(bps, price)
    assert other is not None
    assert other * (PAYOFF_1E9 - price) == pytest.approx(bps * price)
    assert mirrored_bps(None, price) is None
    assert mirrored_bps(bps, PAYOFF_1E9) is None
