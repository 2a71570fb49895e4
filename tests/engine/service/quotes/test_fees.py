"""The fee table: bps of the notional, events at one half, null where nothing is known."""

from __future__ import annotations

from engine.model.fees import FeeSchedule
from engine.service.quotes.fees import FeeRow, fee_table
from tests.support.builders import listing


def test_flat_fees_and_venues_without_data() -> None:
    listings = [
        listing("a", 0, fees=FeeSchedule(taker_ppm=450, maker_ppm=-100)),
        listing("b", 1, fees=None),
    ]
    assert fee_table("T", listings).fees == [FeeRow("a", -1.0, 4.5), FeeRow("b", None, None)]
    asked = fee_table("T", listings, ["elsewhere", "a", "a"]).fees
    assert asked == [FeeRow("elsewhere", None, None), FeeRow("a", -1.0, 4.5)]


def test_event_fees_are_told_at_one_half() -> None:
    sports = listing("poly", 0, fees=FeeSchedule(taker_ppm=30_000, quadratic=True))
    table = fee_table("T", [sports])
    assert table.fees == [FeeRow("poly", 0.0, 150.0)]
    assert table.note is not None and "p = 0.50" in table.note
    assert fee_table("T", [listing("a", 0, fees=FeeSchedule(taker_ppm=450))]).note is None
