"""Limits: strict when read, exact decimals, bounds that are all positive."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from engine.model.risk import AccountLimits, GraphRisk, Limits


def test_the_four_layers_are_read_exactly() -> None:
    text = b"""{"admission": {"max_notional_usd": "0.1", "allowed_venues": ["kraken"]},
      "pretrade": {"max_quote_age_ms": 5}, "on_failure": {"action": "flatten"}}"""
    risk = msgspec.json.decode(text, type=GraphRisk)
    assert risk.admission is not None and risk.pretrade is not None
    assert risk.admission.max_notional_usd == Decimal("0.1")
    assert risk.admission.allowed_venues == ("kraken",)
    assert (risk.pretrade.max_quote_age_ms, risk.runtime) == (5, None)


@pytest.mark.parametrize(
    "text",
    [
        b'{"admision": {}}',
        b'{"on_failure": {"action": "panic"}}',
        b'{"admission": {"max_nodes": "3"}}',
    ],
)
def test_what_is_not_known_is_refused(text: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=GraphRisk)


def test_every_bound_of_the_engine_is_positive_and_can_be_set() -> None:
    limits = Limits()
    for name in limits.__struct_fields__:
        assert getattr(limits, name) > 0
        assert getattr(Limits(**{name: 7}), name) == 7
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"graphs": 1}, Limits)


def test_an_account_has_a_collar_unless_it_is_switched_off() -> None:
    assert AccountLimits().collar_bps is not None
    assert msgspec.convert({"collar_bps": None}, AccountLimits).collar_bps is None
    assert AccountLimits().order_notional_max_usd is None
