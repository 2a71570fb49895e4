"""The split view keeps what it is shown."""

from __future__ import annotations

import pytest

from engine.model.orders import TimeInForce
from engine.model.records import ChildIntent, ChildrenIntended, FillRecord
from engine.model.units import Side
from engine.service.cli.split_view import SplitView


def fill(venue: str, qty: int, price: int) -> FillRecord:
    return FillRecord(
        f"{venue}-{price}",
        "graph:g:order:1",
        "xg",
        venue,
        "ETH-USD",
        Side.BUY,
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
