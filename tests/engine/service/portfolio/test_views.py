"""The wire shapes: field names as published, and nothing unknown let in."""

from __future__ import annotations

import msgspec
import pytest

from engine.service.portfolio.accounting import Kind
from engine.service.portfolio.views import InstrumentView, PositionRow, Positions, Totals

ROW = (
    "id",
    "venue",
    "instrument",
    "qty_1e8",
    "locked_qty_1e8",
    "available_qty_1e8",
    "entry_price_usd_1e9",
    "current_price_usd_1e9",
    "current_value_usd_1e9",
    "unrealized_pnl_usd_1e9",
    "realized_pnl_usd_1e9",
    "fees_usd_1e9",
    "lifecycle",
    "transferable",
    "settled",
    "settled_mark_usd_1e9",
)


def test_rows_have_the_published_fields_and_no_other() -> None:
    assert PositionRow.__struct_fields__ == ROW
    assert Positions.__struct_fields__ == ("positions", "totals", "as_of_ns")
    assert {"nav_usd_1e9", "cash_usd_1e9"} <= set(Totals.__struct_fields__)
    assert [kind.value for kind in Kind] == ["fiat", "crypto", "perp", "event_contract"]


def test_shapes_go_round_and_are_strict() -> None:
    view = InstrumentView(kind=Kind.PERP, symbol="ETH-USD-PERP")
    wire = msgspec.json.encode(view)
    assert wire == b'{"kind":"perp","symbol":"ETH-USD-PERP"}'
    assert msgspec.json.decode(wire, type=InstrumentView) == view
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"kind":"option","symbol":"X"}', type=InstrumentView)
