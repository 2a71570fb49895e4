"""The OpenAPI 3.1 document of the facade, generated from the table of doors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from engine.service.api_error import ErrorCode
from engine.service.rest.door import Door, Reply, path_names
from engine.service.rest.errors import ErrorEnvelope
from engine.service.rest.limits import KEY_LENGTH_MAX, REQUEST_ID_MAX
from engine.service.rest.openapi_schemas import Schema, parameters_of, schemas_of
from engine.service.rest.openapi_words import about_name

__all__ = ["openapi_document"]

JSON: Final = "application/json"
SECURITY: Final = "api_key"
DESCRIPTION: Final = """Every order is an execution graph. Numbers carry their scale in their \
name: `_1e8` quantities, `_1e9` prices and money, `_bps`, `_ns`, `_ms`, all 64-bit integers; a \
number without one is for display. Of costs, slippage and fees + is what is paid; null is unknown, \
and a sentence beside it says why. Readers whose numbers are floats add `?int64=string` or send \
`Accept: application/json;int64=string`, and get integers beyond 2^53 as strings.

Writes may carry an `Idempotency-Key`: the same key with the same request gets the first answer \
again, with another request 409. Errors are one envelope; `retryable` says whether the same \
request may do later, `retry_after_ms` and the `Retry-After` header when. Unknown parameters and \
fields are refused with their path."""

# What may happen at any door, and at doors with a key, a body or an id.
EVERYWHERE: Final = (
    ErrorCode.BAD_REQUEST,
    ErrorCode.FORBIDDEN,
    ErrorCode.NOT_FOUND,
    ErrorCode.VALIDATION_ERROR,
    ErrorCode.RATE_LIMITED,
    ErrorCode.INTERNAL_ERROR,
    ErrorCode.NOT_IMPLEMENTED,
    ErrorCode.SERVICE_UNAVAILABLE,
)
WITH_BODY: Final = (
    ErrorCode.TIMEOUT,
    ErrorCode.CONFLICT,
    ErrorCode.TOO_LARGE,
    ErrorCode.UNSUPPORTED_MEDIA_TYPE,
)
SENTENCES: Final = {
    ErrorCode.BAD_REQUEST: "The request cannot be read or done as it is.",
    ErrorCode.UNAUTHORIZED: "No key, or none that is valid.",
    ErrorCode.FORBIDDEN: "The key lacks the scope, or the host is not ours.",
    ErrorCode.NOT_FOUND: "There is nothing of that id that this key may see.",
    ErrorCode.TIMEOUT: "The body did not come in time.",
    ErrorCode.CONFLICT: "The state does not allow it, or the id or key is taken.",
    ErrorCode.TOO_LARGE: "The body is larger than is taken.",
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: "Bodies are uncompressed JSON.",
    ErrorCode.VALIDATION_ERROR: "Parameters or fields are wrong; `details` has each path.",
    ErrorCode.RATE_LIMITED: "More than this client may send; wait as told.",
    ErrorCode.INTERNAL_ERROR: "Something failed on the server's side.",
    ErrorCode.NOT_IMPLEMENTED: "This server cannot serve it as it is configured.",
    ErrorCode.SERVICE_UNAVAILABLE: "Not now; nothing was done.",
}
REQUEST_ID: Final[Schema] = {
    "name": "X-Request-Id",
    "in": "header",
    "description": "What logs call this request; a new UUID unless given.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": REQUEST_ID_MAX,
        "pattern": "^[!-~]+$",
    },
}
IDEMPOTENCY_KEY: Final[Schema] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes the request safe to send again: it is done once.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": KEY_LENGTH_MAX,
        "pattern": "^[!-~]+$",
    },
}


def openapi_document(doors: Iterable[Door], version: str = "1") -> dict[str, Any]:
    """The document of all doors; operation ids are the handlers' names, made unique.

    Where two doors share a handler, the second one's id has its method and path behind it.
    """
    table = tuple(doors)
    kinds = [kind for door in table for kind in _kinds(door)]
    schemas, components = schemas_of([*kinds, ErrorEnvelope])
    rest = iter(schemas)
    paths: dict[str, dict[str, Any]] = {}
    taken: set[str] = set()
    for door in table:
        body, answer = _body_type(door), _answer_type(door)
        operation = _operation(
            door,
            _operation_id(door, taken),
            None if body is None else next(rest),
            None if answer is None else next(rest),
        )
        paths.setdefault(door.path, {})[door.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "execgraph", "version": version, "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in sorted({door.tag for door in table})],
        "paths": paths,
        "components": {
            "schemas": components,
            # The envelope's schema was asked for last.
            "responses": {code.value: _refusal(code, schemas[-1]) for code in SENTENCES},
            "parameters": {"RequestId": REQUEST_ID, "IdempotencyKey": IDEMPOTENCY_KEY},
            "securitySchemes": {
                SECURITY: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`seq_live_...` or `seq_test_...`; see `execgraph keys`.",
                }
            },
        },
    }


def _body_type(door: Door) -> Any:
    return door.body_type if door.writes else None


def _answer_type(door: Door) -> Any:
    if door.answer_type is not Reply:
        return door.answer_type
    return None if door.reply_as is None else door.reply_as.answer_type


def _kinds(door: Door) -> list[Any]:
    return [kind for kind in (_body_type(door), _answer_type(door)) if kind is not None]


def _operation(
    door: Door, operation_id: str, body: Schema | None, answer: Schema | None
) -> dict[str, Any]:
    text = (door.handler.__doc__ or "").strip()
    operation: dict[str, Any] = {
        "operationId": operation_id,
        "summary": door.summary,
        "description": "\n".join(line.strip() for line in text.splitlines()),
        "tags": [door.tag],
        "parameters": _parameters(door),
        "responses": _responses(door, answer),
        # Schemes of HTTP have no scopes of their own; these are what the key must reach.
        "security": [] if door.scope is None else [{SECURITY: [door.scope.value]}],
    }
    if body is not None:
        content = {JSON: {"schema": body}}
        operation["requestBody"] = {"required": not door.body_optional, "content": content}
    return operation


def _parameters(door: Door) -> list[Schema]:
    parameters: list[Schema] = [_path_parameter(name) for name in path_names(door.path)]
    parameters += parameters_of(door.query_type)
    parameters.append({"$ref": "#/components/parameters/RequestId"})
    if door.writes and door.scope is not None:
        parameters.append({"$ref": "#/components/parameters/IdempotencyKey"})
    return parameters


def _path_parameter(name: str) -> Schema:
    about = about_name(name)
    return {
        "name": name,
        "in": "path",
        "required": True,
        **({"description": about} if about else {}),
        "schema": {"type": "string", "minLength": 1},
    }


def _responses(door: Door, answer: Schema | None) -> dict[str, Any]:
    headers = {"X-Request-Id": {"schema": {"type": "string"}}}
    success: dict[str, Any] = {"description": door.summary, "headers": headers}
    if door.socket:
        success["description"] = f"{door.summary}. The connection becomes a websocket."
    elif door.reply_as is not None:
        success["content"] = {door.reply_as.content_type: {"schema": answer}}
    elif door.answer_type is not Reply:
        success["content"] = {JSON: {"schema": {"type": "null"} if answer is None else answer}}
    codes = [*EVERYWHERE]
    if door.scope is not None:
        codes.append(ErrorCode.UNAUTHORIZED)
    if door.writes:
        codes += WITH_BODY
    refusals = {
        str(code.status): {"$ref": f"#/components/responses/{code.value}"}
        for code in sorted(codes, key=lambda code: code.status)
    }
    others = () if door.reply_as is None else door.reply_as.statuses
    return {**refusals, **{str(status): success for status in (door.status, *others)}}


def _refusal(code: ErrorCode, envelope: Schema) -> dict[str, Any]:
    headers: dict[str, Any] = {"X-Request-Id": {"schema": {"type": "string"}}}
    if code in (ErrorCode.RATE_LIMITED, ErrorCode.SERVICE_UNAVAILABLE):
        headers["Retry-After"] = {"schema": {"type": "integer"}, "description": "Seconds."}
    content = {JSON: {"schema": envelope}}
    return {"description": SENTENCES[code], "headers": headers, "content": content}


def _operation_id(door: Door, taken: set[str]) -> str:
    words = "_".join(part.strip("{}") for part in door.path.split("/") if part)
    longer = f"{door.name}_{door.method.lower()}"
    for name in (door.name, longer, f"{longer}_{words}".replace(".", "_")):
        if name not in taken:
            taken.add(name)
            return name
    raise AssertionError(f"two doors at {door.method} {door.path}")
