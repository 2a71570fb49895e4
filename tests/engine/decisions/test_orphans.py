"""Orphans: a listed order becomes a child that can be cancelled, its fills become records."""

from __future__ import annotations

import pytest

from engine.decisions.orphans import orphan_fill, orphan_order
from engine.model.listed import ListedOrder
from engine.model.orders import OrderReport, ReportKind, TimeInForce, VenueFill
from engine.model.units import Side
from tests.support.builders import listing

NAME = "xg4-9-1-2-0"
PRICE = 64_000 * 10**9
FILL = OrderReport(
    ReportKind.FILL, NAME, "alpha", exchange_ns=8, fill=VenueFill("t7", PRICE, 30_000)
)
LISTED = ListedOrder(NAME, "v1", "BTCUSD", Side.SELL, 90_000, PRICE, TimeInForce.GTC, (FILL,))


def test_the_child_is_the_order_at_its_venue_and_nobodys() -> None:
    child = orphan_order(LISTED, listing())
    assert (child.client_order_id, child.side, child.qty_1e8) == (NAME, Side.SELL, 90_000)
    assert (child.limit_price_1e9, child.tif) == (PRICE, TimeInForce.GTC)
    assert (child.grant_id, child.owner_id) == (0, 0)


def test_a_fill_is_recorded_as_an_orphan_at_its_venues_fee() -> None:
    record = orphan_fill(orphan_order(LISTED, listing()), FILL)
    assert (record.fill_id, record.node_order_id) == ("alpha:BTCUSD:t7", "orphan")
    assert (record.qty_1e8, record.price_1e9, record.ts_unix_ns) == (30_000, PRICE, 8)
    assert record.fee_1e9 == PRICE * 30_000 // 10**8 * 1_000 // 10**6, "10 bps of the money"


def test_only_a_fill_is_recorded() -> None:
    report = OrderReport(ReportKind.STATUS, NAME, "alpha", working=True)
    with pytest.raises(AssertionError, match="only a fill"):
        orphan_fill(orphan_order(LISTED, listing()), report)
