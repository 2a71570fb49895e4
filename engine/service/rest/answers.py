"""What goes out: an encoded answer or the error envelope, with its headers."""

from __future__ import annotations

import msgspec
from aiohttp import web

from engine.service.api_error import ApiError, ErrorCode
from engine.service.rest.errors import ErrorEnvelope

__all__ = ["JSON", "Sent", "encode", "error_sent", "no_door", "response_of"]

JSON = "application/json"
encode = msgspec.json.Encoder().encode


class Sent(msgspec.Struct):
    """What goes out, and what the log says of it."""

    status: int
    body: bytes
    content_type: str = JSON
    graph_id: str = ""
    code: str = ""
    retry_after_s: int = 0


def no_door(method: str, path: str, methods: object) -> ApiError:
    """404, or 405 where the path has other methods."""
    if isinstance(methods, tuple) and methods:
        allowed = ", ".join(sorted(set(methods)))
        return ApiError(ErrorCode.METHOD_NOT_ALLOWED, f"{method} is not served here; use {allowed}")
    return ApiError(ErrorCode.NOT_FOUND, f"there is nothing at {path[:200]!r}; see /docs")


def error_sent(error: ApiError, request_id: str) -> Sent:
    """The envelope of a refusal."""
    wait_ms = error.retry_after_ms
    wait_s = 0 if wait_ms is None else max(1, -(-wait_ms // 1_000))
    body = encode(ErrorEnvelope.of(error, request_id))
    return Sent(error.code.status, body, JSON, "", error.code.value, wait_s)


def response_of(sent: Sent, request_id: str) -> web.Response:
    """As aiohttp sends it."""
    headers = {
        "Content-Type": sent.content_type,
        "X-Request-Id": request_id,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if sent.retry_after_s:
        headers["Retry-After"] = str(sent.retry_after_s)
    if sent.status == ErrorCode.UNAUTHORIZED.status:
        headers["WWW-Authenticate"] = "Bearer"
    return web.Response(status=sent.status, body=sent.body, headers=headers)
