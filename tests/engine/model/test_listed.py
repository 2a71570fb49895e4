"""A listed order is a plain value: equal by content, never changed."""

from __future__ import annotations

import pytest

from engine.model.listed import ListedOrder
from engine.model.orders import OrderReport, ReportKind, TimeInForce
from engine.model.units import Side


def listed(qty_1e8: int = 10**8) -> ListedOrder:
    report = OrderReport(ReportKind.STATUS, "xg1-1-0-1-0", "alpha", working=True)
    return ListedOrder(
        "xg1-1-0-1-0", "v1", "ETH-USD", Side.BUY, qty_1e8, 2 * 10**12, TimeInForce.GTC, (report,)
    )


def test_equal_by_content() -> None:
    assert listed() == listed() != listed(2)


def test_frozen() -> None:
    with pytest.raises(AttributeError):
        listed().qty_1e8 = 1  # type: ignore[misc]  # what must not work is what is tested
