"""Listings: what they refuse to be, and the order rules with the nearest values that fit."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import Reason
from engine.model.instruments import check_order
from tests.support.builders import listing

PRICE = 100 * 10**9
TICK, LOT = 10**7, 1_000


@pytest.mark.parametrize(
    "change", [{"tick_1e9": 0}, {"lot_1e8": 0}, {"qty_min_1e8": 0}, {"notional_min_1e9": -1}]
)
def test_an_impossible_listing_cannot_be_made(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="listing must"):
        listing(**change)


def test_an_order_on_the_grid_fits() -> None:
    assert check_order(listing(), LOT, PRICE) is None
    assert check_order(listing(), LOT, None) is None


@pytest.mark.parametrize(
    ("qty", "price", "changes", "expected"),
    [
        (0, PRICE, {}, (Reason.BAD_QUANTITY, None, None)),
        (LOT + 1, PRICE, {}, (Reason.OFF_LOT, LOT, 2 * LOT)),
        (LOT, PRICE, {"qty_min_1e8": 2_500}, (Reason.BELOW_MINIMUM, None, 3_000)),
        (LOT, 0, {}, (Reason.BAD_PRICE, None, None)),
        (LOT, 10**9, {"price_max_1e9": 10**9}, (Reason.BAD_PRICE, None, None)),
        (LOT, PRICE + 1, {}, (Reason.OFF_TICK, PRICE, PRICE + TICK)),
        (LOT, PRICE, {"notional_min_1e9": 10 * 10**9}, (Reason.BELOW_MINIMUM, None, 10**7)),
    ],
)
def test_the_first_broken_rule_is_told(
    qty: int, price: int, changes: dict[str, Any], expected: tuple[Reason, int | None, int | None]
) -> None:
    made = listing(**changes)
    fault = check_order(made, qty, price)
    assert fault is not None
    assert (fault.reason, fault.lower, fault.upper) == expected
    if fault.upper is not None:
        fixed = (qty, fault.upper) if fault.reason is Reason.OFF_TICK else (fault.upper, price)
        assert check_order(made, *fixed) is None
