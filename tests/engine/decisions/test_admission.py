"""Admission: symbols, pins, lots and ticks, and the money that a graph can cost at worst."""

from __future__ import annotations

from typing import Any

import pytest

from engine.decisions.admission import (
    InstrumentHandle,
    ResolvedNode,
    resolve_node,
    worst_notional_1e9,
)
from engine.model.units import Side
from tests.support.builders import market, node

PRICE = 64_000 * 10**9
QTY = 10**8
BLOCK = market(
    {
        "alpha": ([(PRICE - 10**10, QTY)], [(PRICE, QTY)]),
        "beta": ([(PRICE - 10**10, QTY)], [(PRICE + 10**9, QTY)]),
    }
)
HANDLE = InstrumentHandle("BTC-USD", BLOCK.listings, BLOCK, 1)
KNOWN = {"BTC-USD": HANDLE}


def resolved(qty: int = QTY, **fields: Any) -> ResolvedNode:
    answer = resolve_node(node(qty, **fields), "nodes[0]", KNOWN)
    assert isinstance(answer, ResolvedNode), answer
    return answer


def faults(qty: int = QTY, **fields: Any) -> dict[str, str]:
    answer = resolve_node(node(qty, **fields), "nodes[0]", KNOWN)
    assert not isinstance(answer, ResolvedNode)
    return dict(answer)


def test_a_node_is_bound_to_its_instrument() -> None:
    one = resolved(side="sell")
    assert (one.handle, one.side, one.qty_1e8) == (HANDLE, Side.SELL, QTY)


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_a_truncated_float_is_put_on_its_lot(off: int) -> None:
    assert resolved(5_000 + off).qty_1e8 == 5_000


def test_a_quantity_off_the_lot_is_refused_with_its_neighbours() -> None:
    text = faults(5_500)["nodes[0].quantity.fixed.qty_1e8"]
    assert "0.00005" in text and "0.00006" in text


def test_less_than_a_lot_names_the_smallest_order() -> None:
    field = "nodes[0].quantity.fixed.qty_1e8"
    assert faults(500)[field].endswith("; the smallest order is 0.00001 at 64000")
    assert faults(500, limit_1e9=PRICE // 2)[field].endswith("is 0.00001 at 32000")
    # A sell is worth what is bid; money counts where a venue asks for some.
    rich = market({"alpha": ([(PRICE - 10**10, QTY)], [(PRICE, QTY)])}, notional_min_1e9=10 * 10**9)
    handle = InstrumentHandle("BTC-USD", rich.listings, rich, 1)
    for qty in (500, 5_500):
        answer = resolve_node(node(qty, side="sell"), "nodes[0]", {"BTC-USD": handle})
        assert not isinstance(answer, ResolvedNode)
        assert dict(answer)[field].endswith("; the smallest order is 0.00016 at 63990")
        assert " or " not in dict(answer)[field]


def test_a_price_off_the_tick_is_refused_with_its_neighbours() -> None:
    text = faults(limit_1e9=PRICE + 1)["nodes[0].order_type.limit.price_1e9"]
    assert "64000" in text and "64000.01" in text


def test_both_faults_are_told_at_once() -> None:
    assert len(faults(5_500, limit_1e9=PRICE + 1)) == 2


def test_symbols_and_pins_that_nobody_lists() -> None:
    assert "BTC-USD" in faults(symbol="XYZ-USD")["nodes[0].instrument.symbol"]
    assert "alpha, beta" in faults(venue="gamma")["nodes[0].instrument.venue"]
    assert resolved(venue="beta").node.instrument.venue == "beta"


def test_the_worst_money_is_that_of_the_larger_side() -> None:
    buy, sell = resolved(limit_1e9=PRICE), resolved(2 * QTY, side="sell", limit_1e9=PRICE)
    assert worst_notional_1e9([buy, sell], 100) == 2 * PRICE
    assert worst_notional_1e9([buy, buy, buy, sell], 100) == 3 * PRICE


def test_a_market_order_costs_the_touch_and_its_cap() -> None:
    assert worst_notional_1e9([resolved()], 100) == PRICE * 10_100 // 10_000
    assert worst_notional_1e9([resolved(max_slippage_bps=20)], 100) == PRICE * 10_020 // 10_000
    assert worst_notional_1e9([resolved()], None) == PRICE
    assert worst_notional_1e9([resolved(side="sell")], 100) == PRICE - 10**10
