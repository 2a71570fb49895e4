"""Codes and their HTTP statuses."""

from __future__ import annotations

import pytest

from engine.errors import EngineError
from engine.service.api_error import ApiError, ErrorCode


@pytest.mark.parametrize("code", ErrorCode)
def test_every_code_has_an_error_status(code: ErrorCode) -> None:
    assert 400 <= code.status < 600


def test_an_error_carries_its_faults() -> None:
    error = ApiError(ErrorCode.VALIDATION_ERROR, "bad", [("qty", "is negative")])
    assert isinstance(error, EngineError)
    assert (error.code.status, error.details) == (422, (("qty", "is negative"),))
    assert not error.retryable
    assert error.retry_after_ms is None
