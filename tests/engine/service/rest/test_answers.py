"""What goes out: headers of every answer, and of refusals."""

from __future__ import annotations

import msgspec
import pytest

from engine.service.api_error import ApiError, ErrorCode
from engine.service.rest.answers import Sent, error_sent, no_door, response_of


def test_every_answer_says_what_it_is() -> None:
    answer = response_of(Sent(200, b"{}"), "r1")
    assert (answer.status, answer.body) == (200, b"{}")
    assert answer.headers["X-Request-Id"] == "r1"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize(("wait_ms", "header"), [(1, "1"), (1_000, "1"), (1_001, "2")])
def test_waits_are_whole_seconds_rounded_up(wait_ms: int, header: str) -> None:
    error = ApiError(ErrorCode.RATE_LIMITED, "wait", retry_after_ms=wait_ms)
    assert response_of(error_sent(error, "r"), "r").headers["Retry-After"] == header


def test_a_refusal_is_the_envelope() -> None:
    sent = error_sent(ApiError(ErrorCode.NOT_FOUND, "nothing"), "r2")
    assert (sent.status, sent.code) == (404, "NOT_FOUND")
    assert msgspec.json.decode(sent.body)["error"]["request_id"] == "r2"


def test_no_door_is_404_or_405() -> None:
    assert no_door("GET", "/x", ()).code is ErrorCode.NOT_FOUND
    error = no_door("PUT", "/x", ("POST", "GET"))
    assert error.code is ErrorCode.METHOD_NOT_ALLOWED
    assert "GET, POST" in str(error)
