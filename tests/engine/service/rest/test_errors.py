"""Errors of the engine as envelopes: codes, details and what may be tried again."""

from __future__ import annotations

from typing import Literal

import msgspec
import pytest

from engine.errors import AskTimeout, ConfigError, EngineError, GraphError, JournalError, Reason
from engine.model.orders import TimeInForce
from engine.model.wire import Wire
from engine.service.api_error import ApiError, ErrorCode
from engine.service.rest.errors import (
    FIELD_MAX,
    TEXT_MAX,
    ErrorEnvelope,
    api_error_of,
    refused,
    unreadable,
)


class Inner(Wire, frozen=True, kw_only=True):
    qty: int


class Outer(Wire, frozen=True, kw_only=True):
    inner: Inner
    pace: Literal["slow", "fast"] | None = None
    tifs: tuple[TimeInForce, ...] = ()


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (ApiError(ErrorCode.CONFLICT, "x"), ErrorCode.CONFLICT, False),
        (GraphError("no graph"), ErrorCode.NOT_FOUND, False),
        (GraphError("bad", [("nodes[0]", "bad")]), ErrorCode.VALIDATION_ERROR, False),
        (ConfigError("no such symbol"), ErrorCode.INVALID_PARAMS, False),
        (JournalError("disk full"), ErrorCode.SERVICE_UNAVAILABLE, True),
        (AskTimeout("slow"), ErrorCode.SERVICE_UNAVAILABLE, True),
        (EngineError("?"), ErrorCode.BAD_REQUEST, False),
    ],
)
def test_each_error_has_its_code(error: EngineError, code: ErrorCode, retryable: bool) -> None:
    found = api_error_of(error)
    assert (found.code, found.retryable, str(found)) == (code, retryable, str(error))


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (Reason.KILL_SWITCH, 409),
        (Reason.DUPLICATE_GRAPH, 409),
        (Reason.ALREADY_ENDED, 409),
        (Reason.NOT_FOUND, 404),
        (Reason.ENGINE_BUSY, 503),
        (Reason.NOTIONAL_LIMIT, 422),
        (Reason.BELOW_FILLED, 422),
        (Reason.PRICE_DEVIATION, 422),
        (Reason.NOT_SUPPORTED, 501),
    ],
)
def test_a_refusal_keeps_its_reason(reason: Reason, status: int) -> None:
    found = refused(reason, "said", (("nodes[0]", "bad"),))
    assert found.code.status == status
    assert found.details == (("nodes[0]", "bad"), ("reason", reason.value))


def test_a_fault_of_a_body_is_named_by_its_path() -> None:
    for text, field, words in (
        (b'{"inner":{"qty":"x"}}', "inner.qty", "Expected `int`"),
        (b'{"inner":{"qty":1,"z":2}}', "inner.z", "is not known here; known are qty"),
        (b'{"y":1}', "y", "is not known here; known are inner, pace, tifs"),
        (b"{}", "inner", "is missing"),
        (b'{"inner":{}}', "inner.qty", "is missing"),
        (b'{"inner":{"qty":1},"pace":"x"}', "pace", "known are slow, fast"),
        (b'{"inner":{"qty":1},"tifs":["GTC","x"]}', "tifs[1]", "known are GTC, "),
    ):
        with pytest.raises(msgspec.ValidationError) as caught:
            msgspec.json.decode(text, type=Outer)
        found = unreadable(caught.value, "body", Outer)
        assert found.code is ErrorCode.VALIDATION_ERROR
        assert found.details[0][0] == field
        assert words in found.details[0][1]


def test_no_json_is_a_bad_request() -> None:
    with pytest.raises(msgspec.DecodeError) as caught:
        msgspec.json.decode(b"{", type=Outer)
    assert unreadable(caught.value, "body").code is ErrorCode.BAD_REQUEST


def test_the_envelope_carries_everything() -> None:
    error = ApiError(ErrorCode.RATE_LIMITED, "slow down", retryable=True, retry_after_ms=40)
    body = msgspec.to_builtins(ErrorEnvelope.of(error, "r1"))["error"]
    assert body == {
        "code": "RATE_LIMITED",
        "message": "slow down",
        "request_id": "r1",
        "details": [],
        "retryable": True,
        "retry_after_ms": 40,
    }


def test_a_refusal_is_not_as_large_as_what_it_refuses() -> None:
    error = ApiError(ErrorCode.VALIDATION_ERROR, "m" * 50_000, [("f" * 50_000, "t" * 50_000)])
    body = ErrorEnvelope.of(error, "r1").error
    assert body.message.startswith("mmm") and body.message.endswith("...")
    assert len(body.message) <= TEXT_MAX
    assert len(body.details[0].field) <= FIELD_MAX
    assert len(body.details[0].message) <= TEXT_MAX
