"""Refusals keep what the server said, whoever wrote the answer."""

from __future__ import annotations

import msgspec

from engine.client.errors import ClientError, refusal
from engine.errors import EngineError


def test_the_envelope_is_kept_whole() -> None:
    said = {
        "code": "CONFLICT",
        "message": "taken",
        "request_id": "r-1",
        "details": [{"field": "graph_id", "message": "exists"}],
        "retryable": True,
        "retry_after_ms": 250,
        "newer_field": 1,
    }
    error = refusal(409, msgspec.json.encode({"error": said}), "other", "9")
    assert (error.status, error.code, error.message) == (409, "CONFLICT", "taken")
    assert error.details == (("graph_id", "exists"),)
    assert error.retryable and error.retry_after_ms == 250 and error.request_id == "r-1"
    assert str(error) == "409 CONFLICT: taken (graph_id: exists)"
    assert isinstance(error, EngineError)


def test_a_page_of_a_proxy_is_told_by_its_beginning() -> None:
    error = refusal(502, b"<html>" + b"x" * 500, "r-2", "3")
    assert error.code == "HTTP_502" and len(error.message) == 200
    assert error.retry_after_ms == 3_000 and error.request_id == "r-2"
    assert refusal(503, b"", "", "soon").retry_after_ms is None
    assert "no body" in str(refusal(503, b"", "", None))


def test_without_an_answer_there_is_no_status() -> None:
    error = ClientError(0, "NETWORK", "no answer", retryable=True)
    assert str(error) == "NETWORK: no answer"
    assert not ClientError(400, "BAD_REQUEST", "no").retryable
