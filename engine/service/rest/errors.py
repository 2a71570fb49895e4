"""The error envelope: every refusal of the facade in one JSON shape, each with its code."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from engine.errors import (
    ActorStopped,
    AskTimeout,
    ConfigError,
    EngineError,
    GraphError,
    JournalError,
    Reason,
    RuntimeFault,
)
from engine.model.wire_faults import choices_at, fields_at
from engine.service.api_error import ApiError, ErrorCode

__all__ = ["ErrorBody", "ErrorDetail", "ErrorEnvelope", "api_error_of", "refused", "unreadable"]

_PATH = re.compile(r" - at `\$?\.?([^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
_MISSING = re.compile(r"missing required field `([^`]*)`")
RETRY_SOON_MS = 1_000
# A refusal repeats what was sent; it must not be as large as that.
TEXT_MAX = 2_000
FIELD_MAX = 300


class ErrorDetail(msgspec.Struct, frozen=True):
    """One fault of a request: where, and what is wrong there."""

    field: str
    message: str


class ErrorBody(msgspec.Struct, frozen=True):
    """What happened, in words and as a code; `retryable`: the same request may do later."""

    code: ErrorCode
    message: str
    request_id: str
    details: list[ErrorDetail]
    retryable: bool
    retry_after_ms: int | None


class ErrorEnvelope(msgspec.Struct, frozen=True):
    """The body of every answer that is no success."""

    error: ErrorBody

    @classmethod
    def of(cls, error: ApiError, request_id: str) -> ErrorEnvelope:
        """As it goes out."""
        details = [
            ErrorDetail(clipped(field, FIELD_MAX), clipped(text, TEXT_MAX))
            for field, text in error.details
        ]
        text = clipped(str(error), TEXT_MAX)
        body = ErrorBody(
            error.code, text, request_id, details, error.retryable, error.retry_after_ms
        )
        return cls(body)


def clipped(text: str, most: int) -> str:
    """The text, or its beginning where it is longer."""
    return text if len(text) <= most else text[: most - 3] + "..."


def api_error_of(error: EngineError) -> ApiError:
    """What an error of the engine is to a client of the facade."""
    if isinstance(error, ApiError):
        return error
    text = str(error)
    if isinstance(error, GraphError):
        # Without a path it is an id that names nothing; with one, a document with faults.
        if not error.details:
            return ApiError(ErrorCode.NOT_FOUND, text)
        return ApiError(ErrorCode.VALIDATION_ERROR, text, error.details)
    if isinstance(error, ConfigError):
        return ApiError(ErrorCode.INVALID_PARAMS, text)
    if isinstance(error, JournalError | ActorStopped | AskTimeout):
        return ApiError(
            ErrorCode.SERVICE_UNAVAILABLE, text, retryable=True, retry_after_ms=RETRY_SOON_MS
        )
    if isinstance(error, RuntimeFault) or error.retryable:
        return ApiError(ErrorCode.SERVICE_UNAVAILABLE, text, retryable=error.retryable)
    return ApiError(ErrorCode.BAD_REQUEST, text)


CONFLICTS = {
    Reason.DUPLICATE_GRAPH,
    Reason.KILL_SWITCH,
    Reason.ALREADY_ENDED,
    Reason.NOT_AMENDABLE,
    Reason.PAUSED,
}
BUSY = {Reason.ENGINE_BUSY, Reason.JOURNAL_UNAVAILABLE, Reason.RATE_LIMITED}


def refused(
    reason: Reason, text: str, faults: tuple[tuple[str, str], ...] = (), path: str = "reason"
) -> ApiError:
    """A refusal of the engine as an error; its reason code stands in the details."""
    details = [*faults, (path, reason.value)]
    message = text or f"the engine refused it: {reason.value}"
    if reason is Reason.NOT_FOUND:
        return ApiError(ErrorCode.NOT_FOUND, message, details)
    if reason in CONFLICTS:
        return ApiError(ErrorCode.CONFLICT, message, details)
    if reason in BUSY:
        code = ErrorCode.SERVICE_UNAVAILABLE
        return ApiError(code, message, details, retryable=True, retry_after_ms=RETRY_SOON_MS)
    if reason is Reason.NOT_SUPPORTED:
        return ApiError(ErrorCode.NOT_IMPLEMENTED, message, details)
    return ApiError(ErrorCode.VALIDATION_ERROR, message, details)


def unreadable(error: msgspec.DecodeError, what: str, kind: Any = None) -> ApiError:
    """A body or query that is not what the door takes, with the path of the fault.

    With the `kind` that was wanted, the words that would do are named where only some would.
    """
    text = str(error)
    if not isinstance(error, msgspec.ValidationError):
        return ApiError(ErrorCode.BAD_REQUEST, f"the {what} is no JSON: {clipped(text, TEXT_MAX)}")
    found = _PATH.search(text)
    field = found.group(1) if found else ""
    sentence = _PATH.sub("", text)
    unknown, missing, words = _UNKNOWN.search(sentence), _MISSING.search(sentence), ""
    if unknown is not None:
        sentence, words = "is not known here", fields_at(kind, field)
    elif missing is not None:
        sentence = "is missing"
    elif sentence.startswith("Invalid enum value"):
        words = choices_at(kind, field)
    if named := unknown or missing:
        field = f"{field}.{named.group(1)}" if field else named.group(1)
    sentence += f"; known are {words}" if words else ""
    field, sentence = clipped(field, FIELD_MAX), clipped(sentence, TEXT_MAX)
    where = f"{what} {field!r}" if field else what
    return ApiError(ErrorCode.VALIDATION_ERROR, f"{where}: {sentence}", [(field, sentence)])
