"""What a request says beside its door: body, query and id, each within its bounds."""

from __future__ import annotations

import asyncio
import os
import random
import uuid
from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import parse_qsl

from aiohttp import web

from engine.model.units import is_plain_decimal
from engine.service.api_error import ApiError, ErrorCode
from engine.service.rest.limits import (
    BODY_BYTES_MAX,
    BODY_S,
    QUERY_FIELDS_MAX,
    REQUEST_ID_MAX,
)

__all__ = ["fresh_id", "query_of", "read_body", "request_id_of", "strings_asked"]

JSON = "application/json"
# Seeded once: asking the system for each id would hand the interpreter to another thread.
numbers = random.Random(os.urandom(32))


async def read_body(request: web.BaseRequest) -> bytes:
    """The whole body; ApiError when it is no JSON by its type, too large, or too slow."""
    if not request.body_exists:
        return b""
    headers = request.headers
    if "Content-Encoding" in headers:
        text = "bodies are taken uncompressed only"
        raise ApiError(ErrorCode.UNSUPPORTED_MEDIA_TYPE, text)
    if (request.content_length or 0) > BODY_BYTES_MAX:
        raise too_large()
    try:
        if request.content.is_eof():
            body = await request.read()
        else:
            async with asyncio.timeout(BODY_S):
                body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise too_large() from None
    except TimeoutError:
        text = f"the body did not come within {BODY_S:.0f} s"
        raise ApiError(ErrorCode.TIMEOUT, text, retryable=True) from None
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if body and kind != JSON:
        text = "send the body as 'Content-Type: application/json'"
        raise ApiError(ErrorCode.UNSUPPORTED_MEDIA_TYPE, text)
    if not (body.isascii() or is_utf8(body)):
        raise ApiError(ErrorCode.BAD_REQUEST, "the body is no JSON: it is not UTF-8 text")
    return body


def query_of(text: str) -> Mapping[str, str]:
    """Parameters by name; ApiError for one given twice, or too many."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=QUERY_FIELDS_MAX)
    except ValueError:
        text = f"a query has at most {QUERY_FIELDS_MAX} parameters"
        raise ApiError(ErrorCode.VALIDATION_ERROR, text) from None
    query = dict(pairs)
    if len(query) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ApiError(
            ErrorCode.VALIDATION_ERROR, f"parameter {twice!r} is given twice", [(twice, "twice")]
        )
    return query


def odd_number(query: object, texts: Mapping[str, str]) -> str:
    """The parameter that was read as a number and is none in plain digits; empty without one."""
    for name, text in texts.items():
        value = getattr(query, name, None)
        if isinstance(value, float | Decimal) and not is_plain_decimal(text):
            return name
    return ""


def strings_asked(value: str) -> bool:
    """`?int64=string` or `number`."""
    if value not in ("string", "number"):
        text = "int64 is 'string' or 'number'"
        raise ApiError(ErrorCode.VALIDATION_ERROR, text, [("int64", text)])
    return value == "string"


def request_id_of(given: str | None) -> str:
    """The caller's own id where it is a sane one, else a new UUID."""
    if given and len(given) <= REQUEST_ID_MAX and given.isascii() and given.isprintable():
        return given
    return fresh_id()


def fresh_id() -> str:
    """A UUID of version 4; unique, and no secret."""
    return str(uuid.UUID(int=numbers.getrandbits(128), version=4))


def is_utf8(body: bytes) -> bool:
    """Decoders of JSON look at texts only as they reach them, and then fail in their own way."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def too_large() -> ApiError:
    """413 with the bound."""
    return ApiError(ErrorCode.TOO_LARGE, f"a body has at most {BODY_BYTES_MAX} bytes")
