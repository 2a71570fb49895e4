"""New terms: what is not given stays as it is."""

from __future__ import annotations

import msgspec
import pytest

from engine.model.graph import Urgency
from engine.model.terms import Terms


def test_nothing_given_is_nothing_asked() -> None:
    assert all(value is None for value in msgspec.structs.astuple(Terms()))


def test_they_are_values() -> None:
    terms = Terms(5, 6, Urgency.HIGH, 7, 8, 9)
    assert msgspec.structs.asdict(terms) == {
        "qty_1e8": 5,
        "limit_1e9": 6,
        "urgency": Urgency.HIGH,
        "max_slippage_bps": 7,
        "horizon_ms": 8,
        "reduce_by_1e8": 9,
    }
    assert terms == Terms(5, 6, Urgency.HIGH, 7, 8, 9) != Terms(5)
    with pytest.raises(AttributeError):
        terms.qty_1e8 = 1  # type: ignore[misc]  # that is the test
