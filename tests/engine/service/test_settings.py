"""Settings are values with sane defaults."""

from __future__ import annotations

import pytest

from engine.model.instruments import Environment
from engine.service.settings import EngineSettings


def test_defaults_are_the_safe_ones_and_cannot_change() -> None:
    settings = EngineSettings()
    assert settings.environment is Environment.SANDBOX
    assert settings.fresh_only
    assert settings.account.collar_bps is not None
    with pytest.raises(AttributeError):
        settings.engine_number = 2  # type: ignore[misc]  # the assignment is the point
