"""Gamma market objects as terms: grid, minimum, tokens, fees."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from engine.model.fees import fee_1e9
from engine.model.units import price_1e9, qty_1e8
from venues.polymarket.catalogue import market_terms

MARKET = {
    "conditionId": "0xaa",
    "clobTokenIds": '["1", "2"]',
    "orderPriceMinTickSize": 0.001,
    "orderMinSize": 5,
}


def test_recorded_markets(shared_data: Path) -> None:
    path = shared_data / "polymarket" / "gamma_btc5m_markets_2026-07-24.jsonl.gz"
    with gzip.open(path, "rt") as lines:
        rows = [json.loads(line, parse_float=Decimal)["raw"] for line in lines]
    assert rows
    for row in rows:
        terms = market_terms(json.dumps(row, default=str_of).encode())
        assert terms is not None
        assert list(terms.tokens) == json.loads(row["clobTokenIds"])
        assert terms.rules.tick_1e9 == price_1e9(str(row["orderPriceMinTickSize"]))
        assert terms.rules.qty_min_1e8 == qty_1e8(row["orderMinSize"])
        assert terms.fees is not None
        rate = Fraction(str(row["feeSchedule"]["rate"]))
        expected = rate * 100 * Fraction(1, 4)
        found = fee_1e9(terms.fees, 500_000_000, qty_1e8(100), maker=False)
        assert Fraction(found, 10**9) == expected
        assert fee_1e9(terms.fees, 500_000_000, qty_1e8(100), maker=True) == 0


def str_of(value: object) -> float:
    """Decimals back into JSON numbers."""
    assert isinstance(value, Decimal)
    return float(value)


def test_fees_off_are_zero_and_unstated_ones_unknown() -> None:
    off = market_terms(json.dumps(MARKET).encode())
    assert off is not None and off.fees is not None
    assert off.fees.taker_ppm == 0
    unstated = market_terms(json.dumps({**MARKET, "feesEnabled": True}).encode())
    assert unstated is not None
    assert unstated.fees is None
    odd = {**MARKET, "feesEnabled": True, "feeSchedule": {"rate": 0.07, "exponent": 9}}
    terms = market_terms(json.dumps(odd).encode())
    assert terms is not None
    assert terms.fees is None


def test_a_grid_finer_than_the_unit_is_no_market() -> None:
    assert market_terms(json.dumps({**MARKET, "orderPriceMinTickSize": 1e-12}).encode()) is None
