"""What the client raises: the server's refusal as it was sent, or that there was no answer."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.errors import EngineError

__all__ = ["NETWORK", "ClientError", "refusal"]

NETWORK = "NETWORK"
UNREADABLE = "UNREADABLE_ANSWER"
TEXT_SHOWN = 200


class ClientError(EngineError):
    """A request that did not succeed.

    `status` is the HTTP status, 0 when no answer came; `code` the envelope's code, `NETWORK` when
    there was none. `details` holds (field, sentence) for each fault of the request. `request_id`
    is what the server's log and audit trail know the request by.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Sequence[tuple[str, str]] = (),
        *,
        retryable: bool = False,
        retry_after_ms: int | None = None,
        request_id: str = "",
    ) -> None:
        faults = "; ".join(f"{field}: {text}" if field else text for field, text in details)
        super().__init__(
            f"{status} {code}: {message}" + (f" ({faults})" if faults else "")
            if status
            else f"{code}: {message}"
        )
        self.status = status
        self.code = code
        self.message = message
        self.details = tuple(details)
        # Shadows the class's constant on purpose: here each answer says it of itself.
        self.retryable = retryable
        self.retry_after_ms = retry_after_ms
        self.request_id = request_id


class Detail(msgspec.Struct, frozen=True, gc=False):
    """One fault of a request."""

    field: str = ""
    message: str = ""


class Refusal(msgspec.Struct, frozen=True):
    """The inside of the error envelope."""

    code: str = ""
    message: str = ""
    request_id: str = ""
    details: tuple[Detail, ...] = ()
    retryable: bool = False
    retry_after_ms: int | None = None


class Envelope(msgspec.Struct, frozen=True):
    """`{"error": {...}}`."""

    error: Refusal


_decode = msgspec.json.Decoder(Envelope).decode


def refusal(status: int, body: bytes, request_id: str, retry_after_s: str | None) -> ClientError:
    """The error that an answer other than a success stands for, whoever wrote it.

    A proxy's page is told by its first characters. The envelope's wait in milliseconds is finer
    than the header's in seconds, so it goes first.
    """
    try:
        said = _decode(body).error
    except msgspec.MsgspecError:
        text = body[:TEXT_SHOWN].decode(errors="replace").strip()
        said = Refusal(code=f"HTTP_{status}", message=text or "the answer has no body")
    wait = said.retry_after_ms
    if wait is None and retry_after_s is not None and retry_after_s.strip().isdecimal():
        wait = int(retry_after_s) * 1_000
    return ClientError(
        status,
        said.code,
        said.message,
        [(each.field, each.message) for each in said.details],
        retryable=said.retryable,
        retry_after_ms=wait,
        request_id=said.request_id or request_id,
    )
