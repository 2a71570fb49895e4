"""Grid texts become exact rules, or none where the units are too coarse for them."""

from __future__ import annotations

import pytest

from engine.errors import DecodeError
from venues.listing_rules import decimals_of_tick, rules_of


def test_rules_are_exact() -> None:
    rules = rules_of(
        base="A", quote="B", tick="0.01", lot="1e-5", qty_min="0.001", notional_min="10"
    )
    assert rules is not None
    assert (rules.tick_1e9, rules.lot_1e8, rules.qty_min_1e8) == (10_000_000, 1_000, 100_000)
    assert (rules.notional_min_1e9, rules.price_decimals) == (10_000_000_000, 2)
    assert (rules.base, rules.quote) == ("A", "B")


def test_a_missing_minimum_is_the_lot() -> None:
    rules = rules_of(base="A", quote="B", tick="5", lot="10")
    assert rules is not None
    assert rules.qty_min_1e8 == rules.lot_1e8 == 1_000_000_000
    assert (rules.notional_min_1e9, rules.price_decimals) == (0, 0)


@pytest.mark.parametrize(
    ("tick", "lot"), [("0.0000000001", "1"), ("1", "0.000000001"), ("0.0", "1"), ("1", "0")]
)
def test_what_cannot_be_held_has_no_rules(tick: str, lot: str) -> None:
    assert rules_of(base="A", quote="B", tick=tick, lot=lot) is None


@pytest.mark.parametrize("text", ["", "x", "nan", "-1", "-0.00000000001"])
def test_what_is_no_step_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        rules_of(base="A", quote="B", tick=text, lot="1")


def test_decimals_of_tick() -> None:
    assert [decimals_of_tick(tick) for tick in (1, 10**7, 5 * 10**8, 10**9, 10**10)] == [
        *(9, 2, 1, 0, 0)
    ]
