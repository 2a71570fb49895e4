"""Client order memory: its bound, void ids, and fills with every reported field."""

from __future__ import annotations

import pytest

from engine.model.orders import TimeInForce
from engine.model.units import Side, price_1e9, qty_1e8
from tests.support.simulated_venues import T0, spot
from venues.simulated.orders import ClientOrder, OrderMemory, fill_order
from venues.simulated.protocol import ListOrders, OrderState

PRICE = price_1e9("2000")


def order(client_id: str = "a", number: int = 1) -> ClientOrder:
    return ClientOrder(client_id, number, spot(), Side.BUY, qty_1e8("2"), PRICE, TimeInForce.GTC)


def test_the_oldest_closed_order_is_forgotten() -> None:
    memory = OrderMemory(closed_max=2)
    for name in "abc":
        one = order(name)
        memory.add(one)
        memory.close(one, OrderState.CANCELLED, T0)
        memory.make_void(f"void {name}")
    assert [memory.get(name) is not None for name in "abc"] == [False, True, True]
    assert list(memory.void) == ["void b", "void c"]
    assert memory.open_rows() == []


def test_an_id_in_use_cannot_be_added() -> None:
    memory = OrderMemory()
    memory.add(order())
    with pytest.raises(AssertionError):
        memory.add(order())
    assert [row.id for row in memory.open_rows()] == ["a"]


def test_a_fill_reports_everything() -> None:
    mine = order()
    for maker, rate in ((False, "2"), (True, "1")):
        frame, fee, asset = fill_order(
            mine,
            trade_id="t",
            price_1e9=PRICE,
            qty_1e8=qty_1e8("1"),
            maker=maker,
            classified=True,
            now_ns=T0,
        )
        assert (fee, asset, frame.fill.maker) == (price_1e9(rate), "USD", maker)
    assert (frame.cum, frame.fill.cum_fee) == ("2", "3")
    assert (frame.fill.taker_bps, frame.fill.maker_bps) == (None, 5.0)
    assert mine.status(T0).fills == mine.fills


def test_an_unclassified_fill_says_nothing_of_its_rate() -> None:
    frame, fee, _ = fill_order(
        order(),
        trade_id="t",
        price_1e9=PRICE,
        qty_1e8=qty_1e8("1"),
        maker=False,
        classified=False,
        now_ns=T0,
    )
    row = frame.fill
    assert (row.maker, row.taker_bps, row.maker_bps) == (None, None, None)
    assert fee == price_1e9("2")


def test_overfills_are_impossible() -> None:
    with pytest.raises(AssertionError):
        fill_order(
            order(),
            trade_id="t",
            price_1e9=PRICE,
            qty_1e8=qty_1e8("3"),
            maker=False,
            classified=True,
            now_ns=T0,
        )


def test_a_list_has_open_orders_and_recently_closed_ones() -> None:
    memory = OrderMemory()
    for at, name in enumerate(("xg1", "xg2", "xg3", "other")):
        memory.add(order(name, at))
    for at, name in ((10, "xg1"), (20, "xg2"), (20, "other")):
        memory.close(memory.open[name], OrderState.CANCELLED, at)
    assert ids(memory, ListOrders()) == ["xg1", "xg2", "other", "xg3"]
    assert ids(memory, ListOrders(prefix="xg", since=20)) == ["xg2", "xg3"]
    assert ids(memory, ListOrders(prefix="xg", since=21)) == ["xg3"], "open ones always"
    (row,) = memory.listed_rows(ListOrders(prefix="xg1"), T0)
    assert (row.sym, row.side, row.px, row.qty, row.tif, row.changed) == (
        "ETH-USD",
        "buy",
        "2000",
        "2",
        TimeInForce.GTC,
        10,
    )
    assert (row.order.state, row.order.vid, row.order.ts) == (OrderState.CANCELLED, "test-0", T0)


def test_a_fill_changes_an_order() -> None:
    mine = order()
    fill_order(
        mine,
        trade_id="t",
        price_1e9=PRICE,
        qty_1e8=qty_1e8("1"),
        maker=True,
        classified=True,
        now_ns=T0 + 7,
    )
    assert mine.changed_ns == T0 + 7


def ids(memory: OrderMemory, request: ListOrders) -> list[str]:
    return [row.order.id for row in memory.listed_rows(request, T0)]
