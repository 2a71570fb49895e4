"""The priors are data: strict, named, and within what they can mean."""

from __future__ import annotations

import msgspec
import pytest

from engine.intelligence.priors import DEFAULT_PRIORS, HORIZONS_S, Priors


def test_priors_read_strictly_from_data() -> None:
    assert msgspec.convert({"id": 7, "impact": 0.8}, Priors).impact == 0.8
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"impcat": 0.8}, Priors)


def test_more_urgency_fears_risk_more_and_horizons_rise() -> None:
    low, medium, high = DEFAULT_PRIORS.risk_aversion
    assert low < medium < high
    assert list(HORIZONS_S) == sorted(HORIZONS_S)
    assert HORIZONS_S[0] == 0
