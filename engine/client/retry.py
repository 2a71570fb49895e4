"""When a request may be sent again, and after how long: a decision without clock or socket."""

from __future__ import annotations

from typing import Final

from engine.client.errors import ClientError

__all__ = ["ATTEMPTS", "wait_before_next"]

ATTEMPTS: Final = 4
FIRST_WAIT_S: Final = 0.25
WAIT_MAX_S: Final = 8.0
# A server that asks for more than this is told of instead: the caller should decide.
ASKED_MAX_S: Final = 60.0
NO_ANSWER: Final = 0
BUSY: Final = (429, 503)
GATEWAYS: Final = (502, 504)


def wait_before_next(
    attempt: int, error: ClientError, *, keyed: bool, reads: bool, attempts: int = ATTEMPTS
) -> float | None:
    """Seconds to wait before attempt `attempt + 1`; None when the error is the answer.

    Only a read, or a write whose key lets the server recognise it, is ever sent twice. 429 and 503
    say that nothing was done; no answer and a gateway's failure leave it open, which the key
    resolves. Everything else is an answer, unless it says itself that trying again helps.
    """
    if attempt >= attempts or not (keyed or reads):
        return None
    again = error.status in (NO_ANSWER, *BUSY, *GATEWAYS) or error.retryable
    if not again:
        return None
    backoff = min(FIRST_WAIT_S * (1 << (attempt - 1)), WAIT_MAX_S)
    if error.retry_after_ms is None:
        return backoff
    asked = error.retry_after_ms / 1_000
    return asked if asked <= ASKED_MAX_S else None
