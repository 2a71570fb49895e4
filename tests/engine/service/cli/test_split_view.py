"""The split view keeps what it is shown."""

from __future__ import annotations

import pytest

from engine.model.orders import TimeInForce
from engine.model.records import ChildIntent, ChildrenIntended, FillRecord
from engine.model.units import Side
from engine.service.cli.split_view import SplitView


def fill(venue: str, qty: int, price: int, side: Side = Side.BUY) -> FillRecord:
    return FillRecord(
        f"{venue}-{price}",
        "graph:g:order:1",
        "xg",
        venue,
        "ETH-USD",
        side,
        qty,
        price,
        1,
        7,
        False,
        7,
        "USD",
        None,
        None,
        None,
    )


def test_rows_show_planned_filled_and_average(capsys: pytest.CaptureFixture[str]) -> None:
    with SplitView() as view:
        intent = ChildIntent("xg", "alpha", Side.BUY, 4 * 10**8, 2_326 * 10**9, TimeInForce.IOC)
        view.take(ChildrenIntended(1, 1, (intent,)))
        view.take(fill("alpha", 10**8, 2_325 * 10**9))
        view.take(fill("alpha", 10**8, 2_326 * 10**9))
    assert len(view.fills) == 2
    line = capsys.readouterr().out
    assert "alpha" in line and "2 of 4" in line and "2325.5" in line
    assert view.table().row_count == 1


def test_sides_are_kept_apart_and_the_worst_limit_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with SplitView() as view:
        for side, prices in ((Side.BUY, (20, 30, 25)), (Side.SELL, (12, 10, 11))):
            for price in prices:
                intent = ChildIntent("xg", "alpha", side, 10**8, price * 10**9, TimeInForce.IOC)
                view.take(ChildrenIntended(1, 1, (intent,)))
            view.take(fill("alpha", 10**8, prices[2] * 10**9, side))
    bought, sold = capsys.readouterr().out.splitlines()
    assert "buy" in bought and "1 of 3" in bought and "at 25 " in bought
    assert bought.endswith("worst limit 30")
    assert "sell" in sold and "at 11 " in sold and sold.endswith("worst limit 10")


def test_a_leg_without_fills_has_no_price(capsys: pytest.CaptureFixture[str]) -> None:
    with SplitView() as view:
        intent = ChildIntent("xg", "alpha", Side.BUY, 10**8, 20 * 10**9, TimeInForce.IOC)
        view.take(ChildrenIntended(1, 1, (intent,)))
    line = capsys.readouterr().out
    assert "0 of 1" in line and "at - " in line and "at 0" not in line
