"""Kalshi's messages in the current form and in the one in cents, and what is neither."""

from __future__ import annotations

import json

import msgspec
import pytest

from engine.errors import DecodeError
from engine.model.units import Side
from venues.kalshi.messages import read_change, read_print, read_snapshot


def raw(**fields: object) -> msgspec.Raw:
    return msgspec.Raw(json.dumps({"market_ticker": "M", **fields}).encode())


def test_both_forms_of_a_snapshot_say_the_same() -> None:
    current = raw(yes_dollars_fp=[["0.0800", "300.00"]], no_dollars_fp=[["0.5400", "20.50"]])
    cents = raw(yes=[[8, 300]], no=[[54, 20]])
    assert read_snapshot(current) == ("M", {80_000_000: 300 * 10**8}, {540_000_000: 2_050_000_000})
    assert read_snapshot(cents) == ("M", {80_000_000: 300 * 10**8}, {540_000_000: 20 * 10**8})


def test_a_side_left_out_or_null_or_of_quantity_zero_is_empty() -> None:
    assert read_snapshot(raw()) == ("M", {}, {})
    assert read_snapshot(raw(yes=None, no=[[50, 0]])) == ("M", {}, {})


def test_both_forms_of_a_delta_and_the_current_one_wins() -> None:
    current = read_change(raw(side="no", price_dollars="0.9600", delta_fp="-54.25", ts_ms=7))
    assert (current.is_yes, current.price_1e9, current.change_1e8, current.exchange_ns) == (
        False,
        960_000_000,
        -5_425_000_000,
        7_000_000,
    )
    both = raw(side="no", price=1, delta=1, price_dollars="0.9600", delta_fp="-54.25", ts_ms=7)
    assert read_change(both) == current
    assert read_change(raw(side="yes", price=96, delta=-54)).change_1e8 == -54 * 10**8


def test_a_trade_is_one_of_yes() -> None:
    trade = read_print(
        raw(yes_price_dollars="0.36", count_fp="1.50", taker_side="no", ts_ms=1, ts=9)
    )
    assert (trade.price_1e9, trade.qty_1e8, trade.side) == (360_000_000, 150_000_000, Side.SELL)
    old = read_print(raw(yes_price=36, no_price=64, count=2, taker_side="yes", ts=3))
    assert (old.price_1e9, old.qty_1e8, old.side) == (360_000_000, 2 * 10**8, Side.BUY)
    assert old.exchange_ns == 3 * 10**9


@pytest.mark.parametrize(
    "fields",
    [
        {"side": "yes"},
        {"side": "maybe", "price": 5, "delta": 1},
        {"side": "yes", "price": 5},
        {"side": "yes", "price": 100, "delta": 1},
        {"side": "yes", "price_dollars": "0", "delta_fp": "1"},
        {"side": "yes", "price_dollars": "0.5", "delta_fp": "--1"},
        {"side": "yes", "price_dollars": "0.5", "delta_fp": "1", "ts_ms": -1},
        {"side": "yes", "price_dollars": "0.5", "delta_fp": "0.000000001"},
    ],
)
def test_what_is_no_delta_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(DecodeError):
        read_change(raw(**fields))
