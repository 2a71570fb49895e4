"""From a request to its answer: who calls, may they, what do they ask, and what went out."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from engine.errors import EngineError
from engine.model.document_faults import doubled_keys
from engine.service.access.scopes import Caller, Scope
from engine.service.api_error import ApiError, ErrorCode
from engine.service.rest.answers import JSON, Sent, encode, error_sent, no_door, response_of
from engine.service.rest.call import Call
from engine.service.rest.desk import Desk
from engine.service.rest.door import Door, Reply
from engine.service.rest.errors import api_error_of, unreadable
from engine.service.rest.idempotency import Answered
from engine.service.rest.int64 import wants_strings, with_strings
from engine.service.rest.limits import CONCURRENT_MAX, KEY_LENGTH_MAX
from engine.service.rest.reading import (
    odd_number,
    query_of,
    read_body,
    request_id_of,
    strings_asked,
)
from engine.service.rest.requests_log import RequestLog
from engine.service.rest.routes import Routes

__all__ = ["Dispatcher"]

NO_QUERY: Mapping[str, str] = {}
RESERVED = (Scope.CANCEL, Scope.KILL)
log = logging.getLogger("execgraph.rest")


class Dispatcher:
    """The one handler of the server, over a table of doors and a desk.

    Nothing in here knows what a door is about. Every refusal is the error envelope; what nobody
    expected is logged with its trace and answered with the request id alone.
    """

    def __init__(self, routes: Routes, desk: Desk, journal: RequestLog) -> None:
        self.routes = routes
        self.desk = desk
        self.journal = journal
        self.working: dict[str, int] = {}
        self.decoders: dict[Door, Any] = {
            door: msgspec.json.Decoder(door.body_type).decode
            for door in routes.doors
            if door.body_type is not None and not door.raw_body
        }

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        started = time.perf_counter_ns()
        request_id = request_id_of(request.headers.get("X-Request-Id"))
        path, _, query = request.raw_path.partition("?")
        door: Door | None = None
        caller: Caller | None = None
        try:
            self.desk.hosts.check(request.headers)
            # HEAD is GET without its body, which aiohttp leaves out.
            method = "GET" if request.method == "HEAD" else request.method
            found = self.routes.find(method, path)
            if len(found) != 2 or not isinstance(found[0], Door):
                raise no_door(method, path, found)
            door, parts = found
            caller = self._caller(request, door)
            if door.socket:
                return await self._socket(request, door, caller, parts, request_id)
            if caller is not None:
                self._admit(caller, door)
            try:
                sent = await self._serve(request, door, caller, parts, query, request_id)
            finally:
                if caller is not None:
                    self._leave(caller)
        except EngineError as error:
            sent = error_sent(api_error_of(error), request_id)
        except Exception:
            # No text of it goes out: it may hold anything.
            log.exception("request %s failed unexpectedly", request_id)
            text = "something failed on our side; ask again, or report the request id"
            sent = error_sent(ApiError(ErrorCode.INTERNAL_ERROR, text), request_id)
        took_ns = time.perf_counter_ns() - started
        self.journal.done(door, request.method, path, caller, request_id, sent, took_ns)
        return response_of(sent, request_id)

    # -- who calls

    def _caller(self, request: web.BaseRequest, door: Door) -> Caller | None:
        """The key's owner; ApiError 401 without a valid key, 403 beyond its scopes."""
        if door.scope is None:
            return None
        header = request.headers.get("Authorization", "")
        if not header and door.socket:
            caller = self.desk.redeem_ticket(query_of(request.query_string).get("ticket", ""))
        else:
            key = header[7:].strip() if header[:7].lower() == "bearer " else ""
            caller = self.desk.authenticate(key, request.remote or "")
        if not caller.may(door.scope):
            text = f"this key lacks the scope {door.scope.value!r}; use another or make one"
            raise ApiError(ErrorCode.FORBIDDEN, text)
        return caller

    def _admit(self, caller: Caller, door: Door) -> None:
        """Within the client's rate and not too many at a time, or ApiError 429."""
        client = caller.client_id
        reserved = door.scope in RESERVED
        wait_ns = self.desk.buckets.take(client, time.monotonic_ns(), reserved=reserved)
        working = self.working.get(client, 0)
        if wait_ns or (working >= CONCURRENT_MAX and not reserved):
            wait_ms = max(1, -(-wait_ns // 1_000_000))
            text = f"more requests than this client may send; wait {wait_ms} ms"
            raise ApiError(ErrorCode.RATE_LIMITED, text, retryable=True, retry_after_ms=wait_ms)
        self.working[client] = working + 1

    def _leave(self, caller: Caller) -> None:
        left = self.working[caller.client_id] - 1
        if left:
            self.working[caller.client_id] = left
        else:
            del self.working[caller.client_id]

    # -- what is asked

    async def _socket(
        self,
        request: web.BaseRequest,
        door: Door,
        caller: Caller | None,
        parts: Mapping[str, str],
        request_id: str,
    ) -> web.StreamResponse:
        """A door that talks by itself until it ends."""
        call = Call(self.desk, caller, parts, request_id)
        self.journal.opened(door, request.path, caller, request_id)
        response = await door.handler(request, call, None)
        assert isinstance(response, web.StreamResponse)
        return response

    async def _serve(
        self,
        request: web.BaseRequest,
        door: Door,
        caller: Caller | None,
        parts: Mapping[str, str],
        query_text: str,
        request_id: str,
    ) -> Sent:
        query = query_of(query_text) if query_text else NO_QUERY
        strings = wants_strings(request.headers.get("Accept", ""))
        if "int64" in query:
            query = dict(query)
            strings = strings_asked(query.pop("int64"))
        body = b"" if not door.writes else await read_body(request)
        key = request.headers.get("Idempotency-Key") if door.writes else None
        call = Call(self.desk, caller, parts, request_id, key)
        asked = self._query(door, query)
        given = body if door.raw_body else self._body(door, body)
        if key is None:
            return await self._answer(door, call, asked, given, strings)
        return await self._once(request, door, call, asked, given, body, strings)

    async def _answer(self, door: Door, call: Call, query: Any, body: Any, strings: bool) -> Sent:
        answer = await door.handler(call, query, body)
        if isinstance(answer, Reply):
            return Sent(answer.status, answer.body, answer.content_type, call.graph_id)
        encoded = encode(with_strings(answer) if strings else answer)
        return Sent(door.status, encoded, JSON, call.graph_id)

    async def _once(
        self,
        request: web.BaseRequest,
        door: Door,
        call: Call,
        query: Any,
        given: Any,
        body: bytes,
        strings: bool,
    ) -> Sent:
        """A write with a key: the first answer again, or the work and then its answer kept."""
        key = call.idempotency_key or ""
        if not 0 < len(key) <= KEY_LENGTH_MAX or not key.isprintable():
            text = f"an Idempotency-Key is 1 to {KEY_LENGTH_MAX} printable characters"
            raise ApiError(ErrorCode.VALIDATION_ERROR, text, [("Idempotency-Key", text)])
        caller = call.caller
        keys = self.desk.keys_of(caller.environment)
        client = f"{caller.environment.value}:{caller.client_id}"
        asked = f"{request.method}\n{request.raw_path}\n".encode() + body
        fingerprint = hashlib.sha256(asked).digest()
        first = await keys.claim(client, key, fingerprint, durable=door.once)
        if first is not None:
            return Sent(first.status, first.body, JSON, call.graph_id)
        kept: Answered | None = None
        try:
            sent = await self._answer(door, call, query, given, strings)
            kept = Answered(0, b"") if door.shown_once else Answered(sent.status, sent.body)
        except EngineError as error:
            failure = api_error_of(error)
            sent = error_sent(failure, call.request_id)
            if not failure.retryable:
                kept = Answered(sent.status, sent.body)
        except BaseException:
            # Whether anything was done is unknown: the claim stays, and says so.
            await keys.keep(client, key, fingerprint, Answered(0, b""), durable=door.once)
            raise
        if door.once and kept is not None:
            # The answer is told again after a crash, so it must not outlive what it tells of.
            try:
                await self.desk.stacks[caller.environment].engine.flush()
            except BaseException:
                await keys.keep(client, key, fingerprint, Answered(0, b""), durable=False)
                raise
        await keys.keep(client, key, fingerprint, kept, durable=door.once)
        return sent

    def _query(self, door: Door, query: Mapping[str, str]) -> Any:
        if door.query_type is None:
            if query:
                name = next(iter(query))
                text = f"{door.method} {door.path} takes no parameter {name!r}"
                raise ApiError(ErrorCode.VALIDATION_ERROR, text, [(name, "is not known here")])
            return None
        try:
            found = msgspec.convert(query, door.query_type, strict=False)
        except msgspec.ValidationError as error:
            raise unreadable(error, "query", door.query_type) from None
        if name := odd_number(found, query):
            sentence = f"{query[name]!r} is not a plain decimal number"
            text = f"query {name!r}: {sentence}"
            raise ApiError(ErrorCode.VALIDATION_ERROR, text, [(name, sentence)])
        return found

    def _body(self, door: Door, body: bytes) -> Any:
        if not body:
            if door.body_optional or not door.writes:
                return None
            text = f"{door.method} {door.path} needs a JSON body"
            raise ApiError(ErrorCode.BAD_REQUEST, text)
        if door.body_type is None:
            if body.strip() in (b"{}", b"null"):
                return None
            text = f"{door.method} {door.path} takes no body"
            raise ApiError(ErrorCode.VALIDATION_ERROR, text)
        try:
            found = self.decoders[door](body)
            if twice := doubled_keys(body):
                text = f"body {twice[0][0]!r}: {twice[0][1]}"
                raise ApiError(ErrorCode.VALIDATION_ERROR, text, twice)
            return found
        except msgspec.DecodeError as error:
            raise unreadable(error, "body", door.body_type) from None
        except RecursionError:
            text = "the body is nested too deeply"
            raise ApiError(ErrorCode.VALIDATION_ERROR, text) from None
