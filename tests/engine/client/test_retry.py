"""What is sent again, and when."""

from __future__ import annotations

import pytest

from engine.client.errors import ClientError
from engine.client.retry import ATTEMPTS, wait_before_next


def error(status: int, *, retryable: bool = False, after_ms: int | None = None) -> ClientError:
    return ClientError(status, "CODE", "text", retryable=retryable, retry_after_ms=after_ms)


@pytest.mark.parametrize("status", [0, 429, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int) -> None:
    waits = [wait_before_next(n, error(status), keyed=True, reads=False) for n in range(1, 4)]
    assert waits == [0.25, 0.5, 1.0]
    assert wait_before_next(ATTEMPTS, error(status), keyed=True, reads=True) is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 500, 501])
def test_an_answer_is_an_answer(status: int) -> None:
    assert wait_before_next(1, error(status), keyed=True, reads=True) is None


def test_a_write_without_a_key_is_never_sent_twice() -> None:
    assert wait_before_next(1, error(503), keyed=False, reads=False) is None
    assert wait_before_next(1, error(0, retryable=True), keyed=False, reads=False) is None


def test_the_server_says_how_long_and_whether() -> None:
    assert wait_before_next(3, error(429, after_ms=40), keyed=False, reads=True) == 0.04
    assert wait_before_next(1, error(409, retryable=True), keyed=True, reads=False) == 0.25
    assert wait_before_next(1, error(429, after_ms=61_000), keyed=True, reads=True) is None
